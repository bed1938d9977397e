//! `run`: a container is made once, however often it is ordered.
//!
//! Its name is the same for all attempts of a step, and it carries marks of whose it is: what an attempt left behind that
//! died in the middle is found by the next one, and taken over.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value as Json;

use super::super::call::{Answer, Context, Farewell, Parted, Trouble};
use super::engine::{Engine, after};
use super::order::{KEY, ORDER, Order, RUN, STEP};
use super::perform::{remove, start};
use super::watch::{Seen, healthy};
use super::{inside, pull};
use crate::workflow::{ContainerGoal, ContainerPull, ContainerRunDoc};

/// Makes it, or finds it, and waits for what was asked.
pub(super) async fn run(
    engine: &Engine,
    doc: &ContainerRunDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let order = Order::new(doc, cx.spec).map_err(Trouble::Failed)?;
    let goal = doc.wait.unwrap_or(ContainerGoal::Started);
    let adopted = find(engine, &order, goal, cx).await?;
    if !adopted {
        let when = doc.pull.unwrap_or(ContainerPull::Missing);
        pull::provide(engine, &order.image, when, cx).await?;
        create(engine, &order, &order.name, cx).await?;
    }
    let name = &order.name;
    let seen = Seen::get(engine, name).await?;
    // A job that has ended is not begun again: its exit code is what was asked for.
    let is_over = seen.status() == "exited" && goal == ContainerGoal::Exit;
    if !seen.is_running() && !is_over {
        begin(engine, name, cx).await?;
    }
    let seen = match goal {
        ContainerGoal::Started => Seen::get(engine, name).await,
        ContainerGoal::Healthy => healthy(engine, name, doc.healthy.as_ref(), cx).await,
        ContainerGoal::Exit => to_its_end(engine, name, cx).await,
    };
    let seen = seen.map_err(after(format!("{name} was started")))?;
    let mut answer = seen.answer();
    answer.insert("adopted".to_owned(), Json::Bool(adopted));
    Ok(answer)
}

/// Whether it is there already, and is ours. A finished job that failed makes room for a new try.
async fn find(
    engine: &Engine,
    order: &Order,
    goal: ContainerGoal,
    cx: &Context<'_, '_>,
) -> Result<bool, Trouble> {
    let name = &order.name;
    let Some(seen) = Seen::look(engine, name).await? else {
        return Ok(false);
    };
    let same = |mark: &str| seen.label(mark) == order.mark(mark);
    if !same(RUN) || !same(STEP) {
        let why = format!(
            "the name {name} is taken by container {}: choose another name, remove it, or use `replace`",
            seen.told()
        );
        return Err(Trouble::Failed(why));
    }
    let is_over = goal == ContainerGoal::Exit && seen.status() == "exited";
    if !same(ORDER) || (is_over && !same(KEY) && seen.exit_code() != 0) {
        cx.say(&format!(
            "container {} was an earlier try of this step",
            seen.told()
        ));
        remove(engine, name, 10, cx).await?;
        return Ok(false);
    }
    cx.say(&format!(
        "container {} is there already, and is taken over",
        seen.told()
    ));
    Ok(true)
}

pub(super) async fn create(
    engine: &Engine,
    order: &Order,
    name: &str,
    cx: &Context<'_, '_>,
) -> Result<(), Trouble> {
    let request = engine
        .request(Method::POST, "/containers/create")
        .query(&[("name", name)])
        .json(&order.body);
    cx.under_way(true);
    let reply = engine.order(request, 0).await?;
    cx.under_way(false);
    if reply.status != 201 {
        return Err(reply.refused(&format!("cannot make the container {name}")));
    }
    let id = reply.body["Id"].as_str().unwrap_or_default();
    cx.say(&format!("made {name} ({})", id.get(..12).unwrap_or(id)));
    let warnings = reply.body["Warnings"].as_array();
    for warning in warnings.into_iter().flatten().filter_map(Json::as_str) {
        cx.say(&format!("warning: {warning}"));
    }
    Ok(())
}

/// Starts it; what cannot be started is not left lying about.
async fn begin(engine: &Engine, name: &str, cx: &Context<'_, '_>) -> Result<(), Trouble> {
    let started = start(engine, name, cx).await;
    if let Err(Trouble::Failed(_)) = &started {
        // Its name would be in the way of the next try; a failure to remove it says nothing new.
        let _ = remove(engine, name, 0, cx).await;
    }
    started
}

/// Stops the job as the attempt is stopped: TERM, and KILL after its grace.
fn halt(engine: &Engine, name: &str, cx: &Context<'_, '_>) -> Farewell {
    let (engine, name) = (engine.clone(), name.to_owned());
    let grace = cx.spec.grace().as_secs();
    let part = async move {
        let path = format!("/containers/{name}/stop?t={grace}");
        let request = engine.request(Method::POST, &path);
        match engine.order(request, grace).await {
            Ok(reply) if matches!(reply.status, 200..=299 | 304 | 404) => {
                Parted::Stopped(format!("{name} was stopped"))
            }
            Ok(reply) => Parted::Unknown(format!("{name} could not be stopped: {}", reply.words())),
            Err(_) => Parted::Unknown(format!("{name} may go on: the engine does not answer")),
        }
    };
    // An engine on a machine that is busy answers late, and an answer is better than not to know.
    Farewell::new(part).taking(Duration::from_secs(15))
}

/// Its exit code is the verdict.
async fn to_its_end(engine: &Engine, name: &str, cx: &Context<'_, '_>) -> Result<Seen, Trouble> {
    // It would go on by itself if we are stopped now.
    cx.when_stopped(Some(halt(engine, name, cx)));
    inside::follow(engine, name, cx).await?;
    // However long it takes.
    let request = engine.request(Method::POST, &format!("/containers/{name}/wait"));
    let waited = engine.whole(engine.send(request).await?).await?;
    cx.when_stopped(None);
    if waited.status != 200 {
        return Err(waited.refused(&format!("cannot wait for {name}")));
    }
    let seen = Seen::get(engine, name).await?;
    match waited.body["StatusCode"].as_i64().unwrap_or(-1) {
        0 => Ok(seen),
        code => {
            let killed = seen.is_out_of_memory();
            let why = if killed { ", out of memory" } else { "" };
            Err(Trouble::Failed(format!(
                "{name} ended with exit {code}{why}"
            )))
        }
    }
}
