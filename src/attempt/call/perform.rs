//! A service call from its question to its end.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::time::{sleep, timeout};

use super::super::capture::Capture;
use super::super::clock::Stopwatch;
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
use crate::workflow::{Call, Filled, Nature, Scope, Service};

/// For one look of many.
const LOOK: Duration = Duration::from_mins(1);
/// How often the clock is looked at that counts suspend.
const PULSE: Duration = Duration::from_secs(10);
/// From TERM to KILL, for a program that a service was waiting for.
const PROGRAM: Duration = Duration::from_secs(1);
/// None of them has had TERM yet.
const NO_GROUP: i32 = 0;
/// Bytes of an answer that a message quotes.
const TOLD_MAX: usize = 200;

/// What it takes to perform a service call.
pub(in super::super) struct Tools<'a> {
    pub(in super::super) signals: &'a Signals,
    pub(in super::super) known: &'a Known,
    pub(in super::super) values: &'a Values,
    /// The start of the attempt.
    pub(in super::super) since: Stopwatch,
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
            () = asked(tools.signals) => (farewell(stopped(&cx, false), call, &cx, tools).await, false),
            () = over(limit, tools.since) => (farewell(stopped(&cx, true), call, &cx, tools).await, false),
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
        Err(trouble) => Err(Box::new(Ended::new(Outcome::Failed, trouble.words()))),
    };
    match answer {
        Err(end) => *end,
        Ok(answer) => match met(call, &answer, cx) {
            Ok(()) => publish(call, answer, cx),
            Err(why) => Ended::new(Outcome::Failed, why),
        },
    }
}

async fn to_the_end(call: &Call<Filled>, ask: &Json, cx: &Context<'_, '_>) -> Ended {
    let limit = call.until.as_ref().map_or(Duration::MAX, |_| LOOK);
    let look = async |limit| look(call, ask.clone(), cx, limit).await;
    match look_until(call.until.as_ref(), limit, look).await {
        Ok(answer) => publish(call, answer, cx),
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
        Err(_) => {
            // What a look has begun must not go on beside the next one.
            if let Some(farewell) = cx.take_farewell() {
                let _ = timeout(farewell.more, farewell.part).await;
            }
            unmet(format!("no answer within {}", spoken_span(limit)), cx)
        }
        Ok(Err(Trouble::Unreached(why))) => unmet(why, cx),
        Ok(Err(Trouble::Failed(why))) => over(Outcome::Failed, why),
        Ok(Err(Trouble::Unknown(why))) => over(Outcome::Unknown, why),
        Ok(Ok(answer)) => match met(call, &answer, cx) {
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
async fn farewell(
    end: Ended,
    call: &Call<Filled>,
    cx: &Context<'_, '_>,
    tools: &Tools<'_>,
) -> Ended {
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
        Parted::Done(answer) => return done_by_then(end, call, answer, cx),
    };
    cx.say(&stands);
    Ended {
        message: format!("{}; {stands}", end.message),
        outcome,
        ..end
    }
}

/// What was done before the word to stop arrived counts as what it is. A look that was not met does not: it is simply over.
fn done_by_then(end: Ended, call: &Call<Filled>, answer: Answer, cx: &Context<'_, '_>) -> Ended {
    let mut done = match met(call, &answer, cx) {
        Ok(()) => publish(call, answer, cx),
        Err(_) if call.nature == Nature::Reads => return end,
        Err(why) => Ended::new(Outcome::Failed, why),
    };
    done.message = match done.message.as_str() {
        "" => format!("{}, but it was done by then", end.message),
        why => format!("{}; {why}", end.message),
    };
    done
}

/// Ends when the time of the attempt is over, which counts from its start and counts suspend.
async fn over(limit: Duration, since: Stopwatch) {
    while let left = since.left_of(limit)
        && !left.is_zero()
    {
        sleep(left.min(PULSE)).await;
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

/// `Err` says what was expected and what came, in the few words of the service if it had some; of a change, that it was done.
fn met(call: &Call<Filled>, answer: &Answer, cx: &Context<'_, '_>) -> Result<(), String> {
    let found = cx.take_found();
    let Some(expect) = &call.expect else {
        return Ok(());
    };
    let source = expect.source();
    let why = match expect.truth(&Seen(answer)) {
        Ok(true) => return Ok(()),
        Ok(false) => {
            let found = found.unwrap_or_else(|| told(answer, cx));
            format!("expected {source}, got {found}")
        }
        Err(why) => {
            let found = found.map(|found| format!(" ({found})")).unwrap_or_default();
            format!("cannot tell whether {source}: {why}{found}")
        }
    };
    Err(done_but(call, why))
}

/// Whoever asks again must know that it would be a second time.
fn done_but(call: &Call<Filled>, why: String) -> String {
    match call.nature {
        Nature::Reads => why,
        Nature::Repeatable | Nature::Changes => format!("it was done, but {why}"),
    }
}

/// The beginning of an answer; of a single value, only that.
fn told(answer: &Answer, cx: &Context<'_, '_>) -> String {
    let whole = match answer.values().next() {
        Some(value) if answer.len() == 1 => value.to_string(),
        _ => Json::Object(answer.clone()).to_string(),
    };
    if whole.len() <= TOLD_MAX {
        return whole;
    }
    format!("{}…", cx.beginning(&whole, TOLD_MAX))
}

/// What the service said, and what the step declares.
fn publish(call: &Call<Filled>, answer: Answer, cx: &Context<'_, '_>) -> Ended {
    let text = Json::Object(answer.clone()).to_string();
    let sources = Sources {
        text: &Capture::of(text.into_bytes()),
        text_name: "the answer",
        file: b"",
    };
    let declared = match collect(&cx.spec.outputs, &sources) {
        Ok(declared) => declared,
        Err(why) => return Ended::new(Outcome::Failed, done_but(call, why)),
    };
    let mut end = Ended::new(Outcome::Succeeded, "");
    let answer = answer.into_iter();
    end.outputs = answer
        .map(|(k, v)| (k.clone(), bounded(&k, v, cx)))
        .collect();
    end.outputs.extend(declared);
    end
}

/// A journal keeps it for ever, so it is small or told as text that is cut.
fn bounded(name: &str, value: Json, cx: &Context<'_, '_>) -> Json {
    let text = match &value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.len() <= ONE_MAX {
        return value;
    }
    let kib = ONE_MAX >> 10;
    cx.say(&format!(
        "output {name} has {} KiB, of which the first {kib} are kept: declare what you need as `outputs: {{x: {{query: ...}}}}`",
        text.len() >> 10
    ));
    Json::from(cx.beginning(&text, ONE_MAX))
}

/// What an expectation sees. Null is not there: `value != 0` must not be true because nothing was found.
struct Seen<'a>(&'a Answer);

impl Scope for Seen<'_> {
    fn root(&self, name: &str) -> Option<Json> {
        self.0.get(name).filter(|value| !value.is_null()).cloned()
    }

    fn step(&self, _id: &str) -> Option<Json> {
        None
    }
}
