//! `replace`: a new container in the place of an old one, which comes back if the new one does not get healthy.
//!
//! ```text
//! web runs -> web-before is stopped, keeps its name until the next replace -> web (new) is made, started, healthy
//!                        ^------------- web (new) is removed, the old one is renamed and started ----+ else
//! ```
//!
//! Both may want the same port, so the old one is stopped first. What was begun and not ended is seen by the names and
//! marks, and ended by the next order.

use serde_json::Value as Json;

use super::super::call::{Answer, Context, Trouble};
use super::engine::Engine;
use super::made::create;
use super::order::{ORDER, Order, RUN, STEP};
use super::perform::{order as command, remove, start, stop};
use super::pull;
use super::watch::{Seen, healthy};
use crate::workflow::{ContainerGoal, ContainerPull, ContainerRunDoc};

pub(super) async fn replace(
    engine: &Engine,
    doc: &ContainerRunDoc,
    grace: u64,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let order = Order::new(doc, cx.spec).map_err(Trouble::Failed)?;
    let name = order.name.as_str();
    let before = &format!("{name}-before");
    // Whatever can fail without harm, fails before anything is touched.
    pull::provide(
        engine,
        &order.image,
        doc.pull.unwrap_or(ContainerPull::Missing),
        cx,
    )
    .await?;
    let there = Seen::look(engine, name).await?;
    let same = |mark: &str| {
        there
            .as_ref()
            .is_some_and(|s| s.label(mark) == order.mark(mark))
    };
    let by_us = same(RUN) && same(STEP);
    let adopted = by_us && same(ORDER);
    if adopted {
        cx.say(&format!(
            "the new {name} is there already, and is taken over"
        ));
    } else {
        if by_us {
            // An earlier try of this step: what it replaced is kept, it is not.
            remove(engine, name, grace, cx).await?;
        } else if there.is_some() {
            set_aside(engine, name, before, grace, cx).await?;
        }
        create(engine, &order, name, cx).await?;
    }
    match settle(engine, name, doc, cx).await {
        Ok(seen) => {
            let mut answer = seen.answer();
            answer.insert("adopted".to_owned(), Json::Bool(adopted));
            Ok(answer)
        }
        Err(Trouble::Failed(why)) => Err(undo(engine, name, before, grace, why, cx).await),
        Err(other) => Err(other),
    }
}

async fn settle(
    engine: &Engine,
    name: &str,
    doc: &ContainerRunDoc,
    cx: &Context<'_, '_>,
) -> Result<Seen, Trouble> {
    start(engine, name, cx).await?;
    match doc.wait {
        Some(ContainerGoal::Started) => Seen::get(engine, name).await,
        _ => healthy(engine, name, doc.healthy.as_ref(), cx).await,
    }
}

/// The old one makes room, and can come back. One that was kept from an earlier time goes for good.
async fn set_aside(
    engine: &Engine,
    name: &str,
    before: &str,
    grace: u64,
    cx: &Context<'_, '_>,
) -> Result<(), Trouble> {
    remove(engine, before, grace, cx).await?;
    stop(engine, name, grace, cx).await?;
    command(
        engine,
        &format!("/containers/{name}/rename?name={before}"),
        "rename",
        name,
        cx,
    )
    .await
}

/// Puts the old one back; says what stands now.
async fn undo(
    engine: &Engine,
    name: &str,
    before: &str,
    grace: u64,
    why: String,
    cx: &Context<'_, '_>,
) -> Trouble {
    cx.say(&format!("{why}: undoing"));
    let back = async {
        remove(engine, name, grace, cx).await?;
        if Seen::look(engine, before).await?.is_none() {
            return Ok(false);
        }
        let path = format!("/containers/{before}/rename?name={name}");
        command(engine, &path, "rename", before, cx).await?;
        start(engine, name, cx).await?;
        Ok(true)
    };
    match back.await {
        Ok(true) => Trouble::Failed(format!("{why}; the old {name} is back and runs")),
        Ok(false) => Trouble::Failed(format!("{why}; it was removed, there was no old {name}")),
        Err(Trouble::Failed(bad) | Trouble::Unreached(bad) | Trouble::Unknown(bad)) => {
            Trouble::Unknown(format!(
                "{why}; and the old one is not back: {bad}; look at {name} and {before}"
            ))
        }
    }
}
