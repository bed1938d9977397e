//! One question to the engine of containers: which verb, and what came of it.

use serde_json::json;

use super::super::call::{Answer, Context, Trouble};
use super::engine::Engine;
use super::order::with_tag;
use super::watch::{Seen, healthy};
use super::{inside, made, pull, replace};
use crate::workflow::{ContainerDoc, ContainerPull, ContainerWait, Count};

/// Seconds from TERM to KILL.
const GRACE: u64 = 10;

pub(in super::super) async fn perform(
    ask: ContainerDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let engine = Engine::find(ask.host.as_deref(), cx)?;
    let grace = ask.grace.as_ref().map_or(Ok(GRACE), Count::value);
    let grace = grace.map_err(|e| Trouble::Failed(format!("grace: {e}")))?;
    if let Some(doc) = &ask.run {
        return made::run(&engine, doc, cx).await;
    }
    if let Some(doc) = &ask.replace {
        return replace::replace(&engine, doc, grace, cx).await;
    }
    if let Some(image) = &ask.pull {
        let image = with_tag(image);
        let id = pull::provide(&engine, &image, ContainerPull::Always, cx).await?;
        return Ok(answer([("image", json!(image)), ("id", json!(id))]));
    }
    if let Some(name) = &ask.remove {
        let removed = remove(&engine, name, grace, cx).await?;
        return Ok(answer([("name", json!(name)), ("removed", json!(removed))]));
    }
    if let Some(name) = &ask.logs {
        return inside::logs(&engine, name, cx).await;
    }
    if let Some(name) = &ask.exec {
        let command = ask.command.as_deref().unwrap_or_default();
        return inside::exec(&engine, name, command, cx).await;
    }
    let seen = if let Some(name) = &ask.start {
        start(&engine, name, cx).await?;
        steady(&engine, name, &ask, cx).await?
    } else if let Some(name) = &ask.restart {
        order(
            &engine,
            &format!("/containers/{name}/restart?t={grace}"),
            "restart",
            name,
            cx,
        )
        .await?;
        steady(&engine, name, &ask, cx).await?
    } else if let Some(name) = &ask.stop {
        stop(&engine, name, grace, cx).await?;
        Seen::get(&engine, name).await?
    } else if let Some(name) = &ask.wait {
        wait(&engine, name, &ask, cx).await?
    } else if let Some(name) = &ask.inspect {
        Seen::get(&engine, name).await?
    } else {
        return Err(Trouble::Failed("there is nothing to do".to_owned()));
    };
    Ok(seen.answer())
}

/// Whether there is an engine that answers.
pub(in super::super) async fn answers(
    ask: ContainerDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let engine = Engine::find(ask.host.as_deref(), cx)?;
    engine.ping().await?;
    Ok(Answer::new())
}

/// What was started is healthy, if it is said how to tell.
async fn steady(
    engine: &Engine,
    name: &str,
    ask: &ContainerDoc,
    cx: &Context<'_, '_>,
) -> Result<Seen, Trouble> {
    match &ask.healthy {
        Some(doc) => healthy(engine, name, Some(doc), cx).await,
        None => Seen::get(engine, name).await,
    }
}

async fn wait(
    engine: &Engine,
    name: &str,
    ask: &ContainerDoc,
    cx: &Context<'_, '_>,
) -> Result<Seen, Trouble> {
    match ask.wait_for {
        None | Some(ContainerWait::Healthy) => {
            healthy(engine, name, ask.healthy.as_ref(), cx).await
        }
        Some(ContainerWait::Running) => until(engine, name, "running", Seen::is_running, cx).await,
        Some(ContainerWait::Exited) => {
            let is_over = |seen: &Seen| !seen.is_running() && seen.status() != "created";
            until(engine, name, "at its end", is_over, cx).await
        }
    }
}

async fn until(
    engine: &Engine,
    name: &str,
    goal: &str,
    holds: impl Fn(&Seen) -> bool,
    cx: &Context<'_, '_>,
) -> Result<Seen, Trouble> {
    loop {
        let seen = Seen::get(engine, name).await?;
        if holds(&seen) {
            return Ok(seen);
        }
        cx.status(&format!("{name} is {}, not yet {goal}", seen.status()));
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}

pub(super) async fn start(
    engine: &Engine,
    name: &str,
    cx: &Context<'_, '_>,
) -> Result<(), Trouble> {
    order(
        engine,
        &format!("/containers/{name}/start"),
        "start",
        name,
        cx,
    )
    .await
}

pub(super) async fn stop(
    engine: &Engine,
    name: &str,
    grace: u64,
    cx: &Context<'_, '_>,
) -> Result<(), Trouble> {
    cx.status(&format!("stopping {name}"));
    order(
        engine,
        &format!("/containers/{name}/stop?t={grace}"),
        "stop",
        name,
        cx,
    )
    .await
}

/// Stopped in good order first; says whether there was one.
pub(super) async fn remove(
    engine: &Engine,
    name: &str,
    grace: u64,
    cx: &Context<'_, '_>,
) -> Result<bool, Trouble> {
    let Some(seen) = Seen::look(engine, name).await? else {
        cx.say(&format!("there is no container {name}"));
        return Ok(false);
    };
    if seen.is_running() {
        stop(engine, name, grace, cx).await?;
    }
    cx.under_way(true);
    let request = engine.request(
        reqwest::Method::DELETE,
        &format!("/containers/{name}?force=1"),
    );
    let reply = engine.ask(request).await?;
    cx.under_way(false);
    match reply.status {
        200..=299 | 404 => {
            cx.say(&format!("removed {name}"));
            Ok(true)
        }
        _ => Err(reply.refused(&format!("cannot remove {name}"))),
    }
}

/// One order without a body. What is as it was ordered already answers 304.
pub(super) async fn order(
    engine: &Engine,
    path: &str,
    verb: &str,
    name: &str,
    cx: &Context<'_, '_>,
) -> Result<(), Trouble> {
    cx.under_way(true);
    let reply = engine.post(path).await?;
    cx.under_way(false);
    match reply.status {
        304 => cx.say(&format!("{verb} {name}: it is so already")),
        200..=299 => cx.say(&format!("{verb} {name}: done")),
        404 => return Err(Trouble::Failed(format!("there is no container {name}"))),
        _ => return Err(reply.refused(&format!("cannot {verb} {name}"))),
    }
    Ok(())
}

pub(super) fn answer<const N: usize>(entries: [(&str, serde_json::Value); N]) -> Answer {
    entries
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
