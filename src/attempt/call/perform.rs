//! A service call from its question to its end.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::time::{sleep, timeout};

use super::super::capture::Capture;
use super::super::kubernetes;
use super::super::log::Log;
use super::super::outputs::{ONE_MAX, Sources, collect};
use super::super::reactor::Reactor;
use super::super::secrets::{Known, Values};
use super::super::signals::Signals;
use super::super::start::marks;
use super::super::stop::asked;
use super::super::until::{Look, look_until};
use super::super::{aws, container, probe, sql, terraform};
use super::context::{Answer, Context, Parted, Trouble};
use super::hands::Hands;
use crate::run::{Ended, Outcome, Spec};
use crate::time::spoken_span;
use crate::workflow::{Call, Expr, Filled, Scope, Service};

/// For one look of many.
const LOOK: Duration = Duration::from_mins(1);
/// From TERM to KILL, for a program that a service was waiting for.
const PROGRAM: Duration = Duration::from_secs(1);
/// None of them has had TERM yet.
const NO_GROUP: i32 = 0;
/// Characters of an answer that a message quotes.
const TOLD_MAX: usize = 200;

/// What it takes to perform a service call.
pub(in super::super) struct Tools<'a> {
    pub(in super::super) signals: &'a Signals,
    pub(in super::super) known: &'a Known,
    pub(in super::super) values: &'a Values,
}

/// How a service may be asked: over a network, or through a program of its own.
pub(in super::super) struct By<'a> {
    pub(in super::super) reactor: &'a mut Reactor,
    pub(in super::super) hands: Hands<'a>,
}

/// Performs it to its end.
pub(in super::super) fn perform(
    spec: &Spec,
    call: &Call<Filled>,
    tools: &Tools<'_>,
    by: By<'_>,
    log: &mut Log<'_>,
) -> Ended {
    let prepared = discreet(call).and_then(|()| {
        let ask = tools.values.fill_tree(&call.ask)?;
        let judged = call.expect.is_some();
        let cx = Context::new(spec, tools.known, tools.values, log, judged)?;
        Ok((ask, cx))
    });
    let (ask, cx) = match prepared {
        Ok(prepared) => prepared,
        Err(why) => return Ended::new(Outcome::Failed, why),
    };
    if call.service == Service::Terraform {
        return by_program(call, ask, &cx, by.hands);
    }
    let runtime = match by.reactor.get() {
        Ok(runtime) => runtime,
        Err(why) => return Ended::new(Outcome::Failed, why),
    };
    let limit = spec.timeout().unwrap_or(Duration::MAX);
    let (mut end, in_full) = runtime.block_on(async {
        tokio::select! {
            biased;
            end = to_the_end(call, &ask, &cx) => (end, true),
            () = asked(tools.signals) => (farewell(stopped(&cx, false), &cx, tools).await, false),
            () = sleep(limit) => (farewell(stopped(&cx, true), &cx, tools).await, false),
        }
    });
    if !in_full {
        // A program that was to fetch credentials would wait for its person for ever.
        let family = by.hands.family;
        end.leftovers = family.end(&marks(spec), NO_GROUP, PROGRAM);
    }
    end
}

/// An operator may have typed what `check` has not seen.
fn discreet(call: &Call<Filled>) -> Result<(), String> {
    match call.service {
        Service::Kubernetes => kubernetes::no_open_secrets(&call.ask),
        _ => Ok(()),
    }
}

/// A program is told to stop in its own way, so nothing is dropped here.
fn by_program(call: &Call<Filled>, ask: Json, cx: &Context<'_, '_>, hands: Hands<'_>) -> Ended {
    let answer = match read(ask) {
        Ok(ask) => terraform::perform(&ask, cx, hands),
        Err(Trouble::Failed(why) | Trouble::Unreached(why) | Trouble::Unknown(why)) => {
            Err(Box::new(Ended::new(Outcome::Failed, why)))
        }
    };
    match answer {
        Err(end) => *end,
        Ok(answer) => match met(call.expect.as_ref(), &answer, cx.take_found()) {
            Ok(()) => publish(answer, cx),
            Err(why) => Ended::new(Outcome::Failed, why),
        },
    }
}

async fn to_the_end(call: &Call<Filled>, ask: &Json, cx: &Context<'_, '_>) -> Ended {
    let limit = call.until.as_ref().map_or(Duration::MAX, |_| LOOK);
    let look = async |limit| look(call, ask.clone(), cx, limit).await;
    match look_until(call.until.as_ref(), limit, look).await {
        Ok(answer) => publish(answer, cx),
        Err(end) => end,
    }
}

async fn look(
    call: &Call<Filled>,
    ask: Json,
    cx: &Context<'_, '_>,
    limit: Duration,
) -> Look<Answer> {
    let over = |outcome, why: String| Look::Over(Ended::new(outcome, why));
    match timeout(limit, answer(call, ask, cx)).await {
        Err(_) => unmet(format!("no answer within {}", spoken_span(limit)), cx),
        Ok(Err(Trouble::Unreached(why))) => unmet(why, cx),
        Ok(Err(Trouble::Failed(why))) => over(Outcome::Failed, why),
        Ok(Err(Trouble::Unknown(why))) => over(Outcome::Unknown, why),
        Ok(Ok(answer)) => match met(call.expect.as_ref(), &answer, cx.take_found()) {
            Ok(()) => Look::Met(answer),
            Err(why) => unmet(why, cx),
        },
    }
}

fn unmet(why: String, cx: &Context<'_, '_>) -> Look<Answer> {
    cx.status(&why);
    Look::Unmet(why)
}

/// Asks the service.
async fn answer(call: &Call<Filled>, ask: Json, cx: &Context<'_, '_>) -> Result<Answer, Trouble> {
    if call.trial {
        return tried(call.service, ask, cx).await;
    }
    match call.service {
        Service::Kubernetes => kubernetes::perform(read(ask)?, cx).await,
        Service::Probe => probe::perform(read(ask)?, cx).await,
        Service::Container => container::perform(read(ask)?, cx).await,
        Service::Aws => aws::perform(read(ask)?, cx).await,
        Service::Sql => sql::perform(read(ask)?, cx).await,
        Service::Ssh | Service::Terraform => {
            Err(Trouble::Failed("it is asked through its program".into()))
        }
    }
}

/// Asks the service only whether it would.
async fn tried(service: Service, ask: Json, cx: &Context<'_, '_>) -> Result<Answer, Trouble> {
    match service {
        Service::Kubernetes => kubernetes::permitted(read(ask)?, cx).await,
        Service::Container => container::answers(read(ask)?, cx).await,
        Service::Aws => aws::permitted(read(ask)?, cx).await,
        Service::Probe | Service::Sql | Service::Ssh | Service::Terraform => {
            Err(Trouble::Failed("it cannot be tried out".into()))
        }
    }
}

/// The question, now that everything in it is known.
fn read<T: DeserializeOwned>(ask: Json) -> Result<T, Trouble> {
    serde_json::from_value(ask).map_err(|e| Trouble::Failed(format!("it cannot be asked: {e}")))
}

/// Ends what would go on by itself. It has the grace of the attempt and a little, and no more time if somebody asks again.
async fn farewell(end: Ended, cx: &Context<'_, '_>, tools: &Tools<'_>) -> Ended {
    let Some(farewell) = cx.take_farewell() else {
        return end;
    };
    let limit = cx.spec.grace() + farewell.more;
    let over = || Parted::Unknown("it may go on".to_owned());
    let parted = tokio::select! {
        parted = farewell.part => parted,
        () = asked(tools.signals) => over(),
        () = sleep(limit) => over(),
    };
    let (outcome, stands) = match parted {
        Parted::Stopped(stands) => (end.outcome, stands),
        Parted::Unknown(why) => (Outcome::Unknown, why),
        Parted::Done(answer) => {
            let mut done = publish(answer, cx);
            done.message = format!("{}, but it was done by then", end.message);
            return done;
        }
    };
    cx.say(&stands);
    Ended {
        message: format!("{}; {stands}", end.message),
        outcome,
        ..end
    }
}

/// Dropped from outside: by a person, or by the attempt's timeout.
fn stopped(cx: &Context<'_, '_>, timed_out: bool) -> Ended {
    let limit = cx.spec.timeout().map(spoken_span).unwrap_or_default();
    let (outcome, word) = if timed_out {
        (Outcome::TimedOut, format!("timed out after {limit}"))
    } else {
        (Outcome::Cancelled, "cancelled".to_owned())
    };
    cx.say(&word);
    if cx.may_have_landed() {
        let text = format!("{word} while the call was under way: it may have taken effect");
        return Ended::new(Outcome::Unknown, text);
    }
    Ended::new(outcome, word)
}

/// `Err` says what was expected and what came: `found`, if the service said it in few words.
fn met(expect: Option<&Expr>, answer: &Answer, found: Option<String>) -> Result<(), String> {
    let Some(expect) = expect else {
        return Ok(());
    };
    let source = expect.source();
    match expect.truth(&Seen(answer)) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let found = found.unwrap_or_else(|| told(answer));
            Err(format!("expected {source}, got {found}"))
        }
        Err(why) => {
            let found = found.map(|found| format!(" ({found})")).unwrap_or_default();
            Err(format!("cannot tell whether {source}: {why}{found}"))
        }
    }
}

/// The beginning of an answer; of a single value, only that.
fn told(answer: &Answer) -> String {
    let whole = match answer.values().next() {
        Some(value) if answer.len() == 1 => value.to_string(),
        _ => Json::Object(answer.clone()).to_string(),
    };
    match whole.char_indices().nth(TOLD_MAX) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole,
    }
}

/// What the service said, and what the step declares.
fn publish(answer: Answer, cx: &Context<'_, '_>) -> Ended {
    let text = Json::Object(answer.clone()).to_string();
    let sources = Sources {
        text: &Capture::of(text.into_bytes()),
        text_name: "the answer",
        file: b"",
    };
    let declared = match collect(&cx.spec.outputs, &sources) {
        Ok(declared) => declared,
        Err(why) => return Ended::new(Outcome::Failed, why),
    };
    let mut end = Ended::new(Outcome::Succeeded, "");
    end.outputs = answer.into_iter().map(|(k, v)| (k, bounded(v))).collect();
    end.outputs.extend(declared);
    end
}

/// A journal keeps it for ever, so it is small or told as text that is cut.
fn bounded(value: Json) -> Json {
    let text = value.to_string();
    if text.len() <= ONE_MAX {
        return value;
    }
    let end = text.floor_char_boundary(ONE_MAX);
    Json::from(&text[..end])
}

/// What an expectation sees. Null is not there: compared, it would count as less than any number.
struct Seen<'a>(&'a Answer);

impl Scope for Seen<'_> {
    fn root(&self, name: &str) -> Option<Json> {
        self.0.get(name).filter(|value| !value.is_null()).cloned()
    }

    fn step(&self, _id: &str) -> Option<Json> {
        None
    }
}
