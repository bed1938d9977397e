//! `replace`: a new container in the place of an old one, which comes back if the new one cannot be made or does not get
//! healthy, or if somebody stops the attempt before it is.
//!
//! ```text
//! web runs -> web-before is stopped, keeps its name until the next replace -> web (new) is made, started, healthy
//!                        ^------------- web (new) is removed, the old one is renamed and started ----+ else
//! ```
//!
//! Both may want the same port, so the old one is stopped first. What was begun and not ended is seen by the names and
//! marks, and ended by the next order.

use reqwest::Method;
use serde_json::Value as Json;

use super::super::call::{Answer, Context, Farewell, Parted, Trouble};
use super::engine::Engine;
use super::made::create;
use super::order::{ORDER, Order, REPLACES, RUN, STEP};
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
    let mut order = Order::new(doc, cx.spec).map_err(Trouble::Failed)?;
    let name = &order.name.clone();
    let before = &format!("{name}-before");
    // Whatever can fail without harm, fails before anything is touched.
    let when = doc.pull.unwrap_or(ContainerPull::Missing);
    pull::provide(engine, &order.image, when, cx).await?;
    let there = Seen::look(engine, name).await?;
    let kept = Seen::look(engine, before).await?;
    let same = |mark: &str| {
        there
            .as_ref()
            .is_some_and(|s| s.label(mark) == order.mark(mark))
    };
    let by_us = same(RUN) && same(STEP);
    let adopted = by_us && same(ORDER);
    let id = match &there {
        Some(ours) if by_us => ours.label(REPLACES).as_str().unwrap_or_default().to_owned(),
        Some(old) => old.id().to_owned(),
        None => set_aside_before(kept.as_ref(), cx),
    };
    order.replaces(&id);
    let old = Old {
        engine: engine.clone(),
        name: name.to_owned(),
        before: before.to_owned(),
        id,
        grace,
        ours: [RUN, STEP].map(|mark| (mark, order.mark(mark).clone())),
    };
    cx.when_stopped(Some(give_up(Old {
        grace: grace.min(cx.spec.grace().as_secs()),
        ..old.clone()
    })));
    let replaced = async {
        if adopted {
            cx.say(&format!(
                "the new {name} is there already, and is taken over"
            ));
        } else {
            if by_us {
                // An earlier try of this step: what it replaced is kept, it is not.
                remove(engine, name, grace, cx).await?;
            } else if let Some(there) = &there {
                let kept = kept.filter(|kept| kept.id() != there.id());
                set_aside(engine, kept, name, before, grace, cx).await?;
            }
            create(engine, &order, name, cx).await?;
        }
        settle(engine, name, doc, cx).await
    };
    match replaced.await {
        Ok(seen) => {
            cx.when_stopped(None);
            let mut answer = seen.answer();
            answer.insert("adopted".to_owned(), Json::Bool(adopted));
            Ok(answer)
        }
        // Whether an order without an answer is still carried out is not known, and undoing would race it.
        Err(Trouble::Unknown(why)) => Err(Trouble::Unknown(format!(
            "{why}; the old {name} may be stopped: look at {name} and {before}, or retry, which goes on from what is there"
        ))),
        Err(Trouble::Failed(why) | Trouble::Unreached(why)) => Err(undo(&old, why, cx).await),
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

/// The id of what an earlier attempt set aside that died before it made the new one; the first attempt has none behind it, and
/// what is kept then is of another time.
fn set_aside_before(kept: Option<&Seen>, cx: &Context<'_, '_>) -> String {
    let kept = kept.filter(|_| cx.spec.attempt.n > 1);
    kept.map_or("", Seen::id).to_owned()
}

/// The old one makes room, and can come back. One that was kept from an earlier time goes for good: by its id, since an attempt
/// that died may have an order under way which gives the old one that name just now.
async fn set_aside(
    engine: &Engine,
    kept: Option<Seen>,
    name: &str,
    before: &str,
    grace: u64,
    cx: &Context<'_, '_>,
) -> Result<(), Trouble> {
    if let Some(kept) = kept {
        cx.say(&format!("{before} is {}: it makes room", kept.told()));
        remove(engine, kept.id(), grace, cx).await?;
    }
    stop(engine, name, grace, cx).await?;
    command(
        engine,
        &format!("/containers/{name}/rename?name={before}"),
        "rename",
        name,
        0,
        cx,
    )
    .await
}

/// Puts the old one back; says what stands now.
async fn undo(old: &Old, why: String, cx: &Context<'_, '_>) -> Trouble {
    cx.say(&format!("{why}: undoing"));
    match old.put_back().await {
        Ok(stands) => Trouble::Failed(format!("{why}; {stands}")),
        Err(bad) => Trouble::Unknown(format!("{why}; {bad}")),
    }
}

/// Whoever stops the attempt in the middle is not left without either of the two.
fn give_up(old: Old) -> Farewell {
    Farewell::new(async move {
        match old.put_back().await {
            Ok(stands) => Parted::Stopped(stands),
            Err(bad) => Parted::Unknown(bad),
        }
    })
}

/// The way back to the old one.
#[derive(Clone)]
struct Old {
    engine: Engine,
    name: String,
    before: String,
    /// Of what this step set aside, or was about to; empty if there was nothing. What else has the name `before` was kept
    /// from an earlier time, and stays as it is.
    id: String,
    /// Seconds that the new one has to end.
    grace: u64,
    /// By which the new one is known.
    ours: [(&'static str, Json); 2],
}

impl Old {
    /// Says what stands then. `Err` if that is not the old one.
    async fn put_back(&self) -> Result<String, String> {
        let (name, before) = (&self.name, &self.before);
        self.steps_back().await.map_err(|trouble| {
            let bad = trouble.words();
            format!("and the old one is not back: {bad}; look at {name} and {before}")
        })
    }

    async fn steps_back(&self) -> Result<String, Trouble> {
        let (name, id) = (&self.name, &self.id);
        let there = Seen::look(&self.engine, name).await?;
        if let Some(there) = &there {
            if there.id() == id {
                // It was not set aside yet, but may have been stopped for that.
                self.order(Method::POST, &format!("{id}/start")).await?;
                return Ok(format!("the old {name} runs"));
            }
            if !self.is_new(there) {
                let whose = there.told();
                return Err(Trouble::Failed(format!("{name} is now {whose}")));
            }
            let new = there.id();
            let stop = format!("{new}/stop?t={}", self.grace);
            self.order(Method::POST, &stop).await?;
            self.order(Method::DELETE, &format!("{new}?force=1"))
                .await?;
        }
        if id.is_empty() {
            return Ok(format!("there is no {name}, as there was none before"));
        }
        let rename = format!("{id}/rename?name={name}");
        self.order(Method::POST, &rename).await?;
        self.order(Method::POST, &format!("{id}/start")).await?;
        Ok(format!("the old {name} is back and runs"))
    }

    fn is_new(&self, there: &Seen) -> bool {
        let mut marks = self.ours.iter();
        marks.all(|(mark, value)| there.label(mark) == value)
    }

    /// What is so already is as good as done.
    async fn order(&self, method: Method, what: &str) -> Result<(), Trouble> {
        let request = self.engine.request(method, &format!("/containers/{what}"));
        let reply = self.engine.order(request, self.grace).await?;
        match reply.status {
            200..=299 | 304 => Ok(()),
            _ => Err(reply.refused(what)),
        }
    }
}
