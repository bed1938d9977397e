//! What a container says, and a program run inside it.

use futures_util::StreamExt as _;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::super::call::{Answer, Context, Trouble};
use super::super::cause::innermost;
use super::super::clock::Stopwatch;
use super::engine::{Engine, after, again};
use super::frames::Frames;
use super::perform::answer;
use super::watch::{EVERY, PATIENCE, Seen};

/// Of what was said, this much becomes an output.
const TEXT_MAX: usize = 16 << 10;

/// Logs what it says until it ends.
pub(super) async fn follow(
    engine: &Engine,
    name: &str,
    cx: &Context<'_, '_>,
) -> Result<(), Trouble> {
    let seen = Seen::get(engine, name).await?;
    let path = format!("/containers/{name}/logs?follow=1&stdout=1&stderr=1");
    let request = engine.request(Method::GET, &path);
    hear(engine, request, seen.has_terminal(), cx)
        .await
        .map(drop)
}

/// Logs what it has said so far.
pub(super) async fn logs(
    engine: &Engine,
    name: &str,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let seen = Seen::get(engine, name).await?;
    let path = format!("/containers/{name}/logs?stdout=1&stderr=1");
    let request = engine.request(Method::GET, &path);
    let heard = hear(engine, request, seen.has_terminal(), cx).await;
    let text = heard.map_err(again)?;
    Ok(answer([("text", json!(text))]))
}

/// Its exit code is the verdict.
pub(super) async fn exec(
    engine: &Engine,
    name: &str,
    command: &[String],
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let order = json!({"Cmd": command, "AttachStdout": true, "AttachStderr": true});
    let request = engine.request(Method::POST, &format!("/containers/{name}/exec"));
    // It starts nothing yet, and what is never started is forgotten by the engine.
    let made = engine.look(request.json(&order)).await?;
    let id = match (made.status, made.body["Id"].as_str()) {
        (201, Some(id)) => id.to_owned(),
        (404, _) => return Err(Trouble::Failed(format!("there is no container {name}"))),
        _ => return Err(made.refused(&format!("cannot run a program in {name}"))),
    };
    let request = engine.request(Method::POST, &format!("/exec/{id}/start"));
    let request = request.json(&json!({"Detach": false, "Tty": false}));
    cx.under_way(true);
    let text = hear(engine, request, false, cx).await?;
    let ended = exit_code(engine, &id, cx).await;
    let ended = ended.map_err(after(format!("the program was run in {name}")))?;
    cx.under_way(false);
    match ended {
        Some(0) => Ok(answer([("text", json!(text)), ("exit_code", json!(0))])),
        Some(code) => Err(Trouble::Failed(format!("exit {code}, in {name}"))),
        None => Err(Trouble::Unknown(format!(
            "the program was run in {name}, but how it ended is not known"
        ))),
    }
}

/// Of a program that says no more: it may have closed its output, or the line to it was lost, and it still runs.
async fn exit_code(
    engine: &Engine,
    id: &str,
    cx: &Context<'_, '_>,
) -> Result<Option<i64>, Trouble> {
    let watch = Stopwatch::start();
    loop {
        let seen = engine.get(&format!("/exec/{id}/json")).await?.body;
        if seen["Running"] != json!(true) {
            return Ok(seen["ExitCode"].as_i64());
        }
        cx.status("the program has closed its output and still runs");
        if watch.elapsed() >= PATIENCE {
            let why = "it still runs 5m after the end of its output";
            return Err(Trouble::Unknown(why.to_owned()));
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Logs the lines of an answer; gives the beginning of its standard output, in whole lines.
async fn hear(
    engine: &Engine,
    request: RequestBuilder,
    raw: bool,
    cx: &Context<'_, '_>,
) -> Result<String, Trouble> {
    let response = engine.send(request).await?;
    if !response.status().is_success() {
        let reply = engine.whole(response).await?;
        return Err(reply.refused("the engine refuses"));
    }
    let mut frames = Frames::new(raw);
    let mut text = Beginning::default();
    let mut streams = [cx.stream(), cx.stream()];
    let mut line = |is_error: bool, said: &[u8]| {
        cx.pour(&mut streams[usize::from(is_error)], said);
        if !is_error {
            text.push(said);
        }
    };
    let mut stream = response.bytes_stream();
    let mut cut = None;
    while let Some(bytes) = stream.next().await {
        match bytes {
            Ok(bytes) => frames.push(&bytes, &mut line),
            Err(error) => {
                cut = Some(innermost(&error));
                break;
            }
        }
    }
    frames.finish(&mut line);
    for stream in streams {
        cx.end(stream);
    }
    match cut {
        None => Ok(text.said),
        Some(why) => Err(Trouble::Unknown(format!("what it says was cut off: {why}"))),
    }
}

/// As many of the first lines as there is room for.
#[derive(Default)]
struct Beginning {
    said: String,
    is_full: bool,
}

impl Beginning {
    fn push(&mut self, line: &[u8]) {
        self.is_full |= self.said.len() + line.len() > TEXT_MAX;
        if !self.is_full {
            self.said.push_str(&String::from_utf8_lossy(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_line_without_room_is_left_out_too() {
        let mut text = Beginning::default();
        text.push(b"first\n");
        text.push(&[b'x'; TEXT_MAX]);
        text.push(b"last\n");
        assert_eq!(text.said, "first\n");
    }
}
