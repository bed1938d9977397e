//! One question to the engine of containers: which verb, and what came of it.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::super::call::{Answer, Context, Trouble};
use super::super::clock::Stopwatch;
use super::engine::{Engine, after};
use super::order::with_tag;
use super::watch::{EVERY, PATIENCE, Seen, healthy};
use super::{inside, made, names, pull, replace};
use crate::time::spoken_span;
use crate::workflow::{ContainerDoc, ContainerPull, ContainerWait, Count};

/// Seconds from TERM to KILL.
const GRACE: u64 = 10;

pub(in super::super) async fn perform(
    ask: ContainerDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    check_names(&ask)?;
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
        let seen = steady(&engine, name, &ask, cx).await;
        seen.map_err(after(format!("{name} was started")))?
    } else if let Some(name) = &ask.restart {
        order(
            &engine,
            &format!("/containers/{name}/restart?t={grace}"),
            "restart",
            name,
            grace,
            cx,
        )
        .await?;
        let seen = steady(&engine, name, &ask, cx).await;
        seen.map_err(after(format!("{name} was restarted")))?
    } else if let Some(name) = &ask.stop {
        stop(&engine, name, grace, cx).await?;
        let seen = Seen::get(&engine, name).await;
        seen.map_err(after(format!("{name} was stopped")))?
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

/// Of all containers that it names.
fn check_names(ask: &ContainerDoc) -> Result<(), Trouble> {
    let made = [&ask.run, &ask.replace].into_iter().flatten();
    let named = [
        &ask.start,
        &ask.stop,
        &ask.restart,
        &ask.remove,
        &ask.wait,
        &ask.logs,
        &ask.exec,
        &ask.inspect,
    ];
    let named = named.into_iter().flatten();
    named
        .chain(made.filter_map(|doc| doc.name.as_ref()))
        .try_for_each(|name| names::container(name))
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
        Some(ContainerWait::Running) => {
            until(engine, name, "running", Seen::is_running, PATIENCE, cx).await
        }
        Some(ContainerWait::Exited) => {
            let is_over = |seen: &Seen| !seen.is_running() && seen.status() != "created";
            // A job may take hours: only the step's own timeout says how long is too long.
            until(engine, name, "at its end", is_over, Duration::MAX, cx).await
        }
    }
}

async fn until(
    engine: &Engine,
    name: &str,
    goal: &str,
    holds: impl Fn(&Seen) -> bool,
    limit: Duration,
    cx: &Context<'_, '_>,
) -> Result<Seen, Trouble> {
    let watch = Stopwatch::start();
    loop {
        let seen = Seen::get(engine, name).await?;
        if holds(&seen) {
            return Ok(seen);
        }
        let stands = format!("{name} is {}, not yet {goal}", seen.status());
        cx.status(&stands);
        if watch.elapsed() >= limit {
            let limit = spoken_span(limit);
            return Err(Trouble::Failed(format!("waited for {limit}: {stands}")));
        }
        tokio::time::sleep(EVERY).await;
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
        0,
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
        grace,
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
    let request = engine.request(Method::DELETE, &format!("/containers/{name}?force=1"));
    let reply = engine.order(request, 0).await?;
    cx.under_way(false);
    match reply.status {
        200..=299 | 404 => {
            cx.say(&format!("removed {name}"));
            Ok(true)
        }
        _ => Err(reply.refused(&format!("cannot remove {name}"))),
    }
}

/// One order without a body, which may take `grace` seconds. What is as it was ordered already answers 304.
pub(super) async fn order(
    engine: &Engine,
    path: &str,
    verb: &str,
    name: &str,
    grace: u64,
    cx: &Context<'_, '_>,
) -> Result<(), Trouble> {
    let request = engine.request(Method::POST, path);
    cx.under_way(true);
    let reply = engine.order(request, grace).await?;
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
