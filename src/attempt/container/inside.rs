//! What a container says, and a program run inside it.

use futures_util::StreamExt as _;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::super::call::{Answer, Context, Trouble};
use super::engine::Engine;
use super::frames::Frames;
use super::perform::answer;
use super::watch::Seen;

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
    let text = hear(engine, request, seen.has_terminal(), cx).await?;
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
    let made = engine.ask(request.json(&order)).await?;
    let id = match (made.status, made.body["Id"].as_str()) {
        (201, Some(id)) => id.to_owned(),
        (404, _) => return Err(Trouble::Failed(format!("there is no container {name}"))),
        _ => return Err(made.refused(&format!("cannot run a program in {name}"))),
    };
    let request = engine.request(Method::POST, &format!("/exec/{id}/start"));
    let request = request.json(&json!({"Detach": false, "Tty": false}));
    cx.under_way(true);
    let text = hear(engine, request, false, cx).await?;
    let ended = engine.get(&format!("/exec/{id}/json")).await?;
    cx.under_way(false);
    match ended.body["ExitCode"].as_i64() {
        Some(0) => Ok(answer([("text", json!(text)), ("exit_code", json!(0))])),
        Some(code) => Err(Trouble::Failed(format!("exit {code}, in {name}"))),
        None => Err(Trouble::Unknown(format!(
            "how the program in {name} ended is not known"
        ))),
    }
}

/// Logs the lines of an answer; gives the beginning of its standard output.
async fn hear(
    engine: &Engine,
    request: RequestBuilder,
    raw: bool,
    cx: &Context<'_, '_>,
) -> Result<String, Trouble> {
    let response = engine.send(request).await?;
    let status = response.status();
    if !status.is_success() {
        return Err(Trouble::Failed(format!(
            "the engine answers {}",
            status.as_u16()
        )));
    }
    let mut frames = Frames::new(raw);
    let mut text = String::new();
    let mut line = |is_error: bool, said: &str| {
        cx.say(said);
        if !is_error && text.len() + said.len() < TEXT_MAX {
            text.push_str(said);
            text.push('\n');
        }
    };
    let mut stream = response.bytes_stream();
    while let Some(bytes) = stream.next().await {
        let cut = |e| Trouble::Unknown(format!("what it says was cut off: {e}"));
        frames.push(&bytes.map_err(cut)?, &mut line);
    }
    frames.finish(&mut line);
    Ok(text)
}
