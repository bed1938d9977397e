//! An `aws` step: the call that is asked for, then perhaps a wait until it has come to something.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::super::call::{Answer, Context, Trouble};
use super::super::outputs::jmespath;
use super::call::{Client, Fault, Reply, with_tokens};
use super::decode::Secrets;
use super::quirks;
use super::session::Session;
use super::teller::Teller;
use super::trouble::Refusal;
use super::wait::{Goal, Missed, Wish};
use crate::aws_model::{
    self, Effect, Flaw, Operation, Service, Source, Step, effect, shaped, watched,
};
use crate::workflow::{AwsDoc, AwsGoal, AwsUntilDoc};

/// Performs the call, and waits for what `until` says.
pub(in super::super) async fn perform(
    ask: AwsDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let asked = Asked::read(&ask, cx)?;
    let after = asked.after(&ask)?;
    let session = Session::open(&ask, asked.service, Teller::Step(cx)).await?;
    let client = Client {
        service: asked.service,
        session,
        teller: Teller::Step(cx),
        secrets: Secrets::Hidden,
        file: ask.to_file.as_deref().map(Path::new),
    };
    let reply = match asked.effect {
        Effect::Reads if !after.is_own_waiter() => {
            client.read_all(&asked.operation, &asked.params).await
        }
        effect => client.call(&asked.operation, &asked.params, effect).await,
    };
    match (after, reply) {
        (After::Again(wish), reply) => asked.awaited(&client, &wish, reply).await,
        (After::Look(look), Err(Fault::Refused(refusal)))
            if asked.is_gone_already(&look, &refusal) =>
        {
            cx.say("it is not there: whether it is gone is looked at");
            asked.then(&client, &ask, look, Answer::new()).await
        }
        (_, Err(fault)) => Err(asked.trouble(&client, fault)),
        (After::Nothing, Ok(reply)) => Ok(reply.answer),
        (After::Look(look), Ok(reply)) => asked.then(&client, &ask, look, reply.answer).await,
    }
}

/// What comes after the call. It is read before the call is made: what is wrong with it must not be found when something has
/// been changed already.
enum After {
    Nothing,
    /// The very same is asked until it is so.
    Again(Wish),
    Look(Look),
}

/// Something else is looked at until it is so.
struct Look {
    goal: Goal,
    operation: Operation,
    /// Without them they follow from the call and its answer.
    params: Option<Json>,
}

impl After {
    fn is_own_waiter(&self) -> bool {
        matches!(self, Self::Again(wish) if matches!(wish.goal, Goal::Waiter(_)))
    }
}

/// The question, understood.
pub(super) struct Asked {
    pub(super) service: &'static Service,
    pub(super) operation: Operation,
    /// By the model's names, client tokens included.
    pub(super) params: Json,
    effect: Effect,
}

impl Asked {
    pub(super) fn read(ask: &AwsDoc, cx: &Context<'_, '_>) -> Result<Self, Trouble> {
        let failed = |why: String| Trouble::Failed(why);
        let (name, action) = (said(ask.service.as_ref()), said(ask.action.as_ref()));
        let service = aws_model::service(name)
            .ok_or_else(|| failed(format!("there is no service `{name}`")))?;
        let operation = service.operation(action);
        let operation =
            operation.ok_or_else(|| failed(format!("{name} has no operation `{action}`")))?;
        let given = ask
            .params
            .clone()
            .unwrap_or_else(|| Json::Object(Map::new()));
        let mut params = fitting(service, &operation, &given)?;
        let effect = match effect(service, &operation, &params) {
            Effect::Reads => Effect::Reads,
            // The author's word wins.
            _ if cx.spec.idempotent => Effect::Repeatable,
            _ => Effect::Changes,
        };
        with_tokens(service, &operation, &mut params, &cx.spec.idempotency_key);
        quirks::adapt(service, &operation, &mut params);
        Ok(Self {
            service,
            operation,
            params,
            effect,
        })
    }

    fn after(&self, ask: &AwsDoc) -> Result<After, Trouble> {
        let Some(said) = ask.until.as_ref().map(AwsUntilDoc::goal) else {
            return Ok(After::Nothing);
        };
        let (goal, operation) = self.goal(&said)?;
        let operation = operation.unwrap_or_else(|| self.operation.clone());
        let is_same = operation.name == self.operation.name && said.params.is_none();
        if self.effect == Effect::Reads && is_same {
            let wish = Self::wish(ask, goal, operation, self.params.clone());
            return Ok(After::Again(wish));
        }
        let own = said.params.as_ref();
        let params = own.map(|own| fitting(self.service, &operation, own));
        Ok(After::Look(Look {
            goal,
            params: params.transpose()?,
            operation,
        }))
    }

    /// The goal, and the operation that is to be looked at if it is not the call's own.
    fn goal(&self, said: &AwsGoal) -> Result<(Goal, Option<Operation>), Trouble> {
        let unknown = |what: &str, name: &str| {
            Trouble::Failed(format!(
                "{} has no {what} `{name}`",
                self.service.facts().name
            ))
        };
        if let Some(name) = &said.waiter {
            let waiter = self
                .service
                .waiter(name)
                .ok_or_else(|| unknown("waiter", name))?;
            let operation = self.service.operation(&waiter.operation);
            return Ok((Goal::Waiter(waiter), operation));
        }
        let operation = match &said.action {
            Some(name) => Some(
                self.service
                    .operation(name)
                    .ok_or_else(|| unknown("operation", name))?,
            ),
            None => None,
        };
        let goal = Goal::Query {
            met: said.query.clone().unwrap_or_default(),
            failed: said.failed.clone(),
        };
        Ok((goal, operation))
    }

    fn wish(ask: &AwsDoc, goal: Goal, operation: Operation, params: Json) -> Wish {
        let said = ask
            .until
            .as_ref()
            .map(AwsUntilDoc::goal)
            .unwrap_or_default();
        let (every, timeout) = match &goal {
            Goal::Waiter(waiter) => (waiter.delay, waiter.delay * waiter.max_attempts),
            Goal::Query { .. } => (Duration::from_secs(5), Duration::from_mins(5)),
        };
        Wish {
            operation,
            params,
            goal,
            every: said.every.unwrap_or(every),
            timeout: said.timeout.unwrap_or(timeout),
        }
    }

    /// Twice deleted is deleted, where the author says so, and the waiter has the last word: an undo must not fail since
    /// somebody was faster.
    fn is_gone_already(&self, look: &Look, refusal: &Refusal) -> bool {
        self.effect == Effect::Repeatable
            && self.operation.name.starts_with("Delete")
            && matches!(look.goal, Goal::Waiter(_))
            && ["NotFound", "NoSuch"]
                .iter()
                .any(|word| refusal.code.contains(word))
    }

    /// Waits by asking the same again.
    async fn awaited(
        &self,
        client: &Client<'_, '_, '_>,
        wish: &Wish,
        first: Result<Reply, Fault>,
    ) -> Result<Answer, Trouble> {
        let first = match first {
            Ok(reply) => Some(reply),
            // What is not there yet may be waited for.
            Err(Fault::Refused(_)) if matches!(wish.goal, Goal::Waiter(_)) => None,
            Err(fault) => return Err(self.trouble(client, fault)),
        };
        let waited = client.wait(wish, first).await;
        waited.map_err(|missed| self.missed(client, missed))
    }

    /// Waits for what the call has set going, by looking: the call itself is never made again.
    async fn then(
        &self,
        client: &Client<'_, '_, '_>,
        ask: &AwsDoc,
        look: Look,
        mut answer: Answer,
    ) -> Result<Answer, Trouble> {
        let mut params = match look.params {
            Some(own) => own,
            None => self.watched_params(&look.operation, &answer)?,
        };
        quirks::adapt(self.service, &look.operation, &mut params);
        let wish = Self::wish(ask, look.goal, look.operation, params);
        // Stopped while it waits, the call has been made all the same.
        client.teller.under_way(self.effect != Effect::Reads);
        let waited = client.wait(&wish, None).await;
        client.teller.under_way(false);
        let last = waited.map_err(|missed| self.missed(client, missed))?;
        answer.insert("waited".to_owned(), Json::Object(last));
        Ok(answer)
    }

    fn missed(&self, client: &Client<'_, '_, '_>, missed: Missed) -> Trouble {
        let placed = |why: &str| client.placed(&self.operation, why);
        let done = |why: &str| placed(&format!("it was done, but {why}"));
        match (missed, self.effect) {
            (Missed::Never(why) | Missed::Late(why), Effect::Reads) => {
                Trouble::Failed(placed(&why))
            }
            (Missed::Trouble(trouble), Effect::Reads) => trouble,
            (Missed::Never(why), _) => Trouble::Failed(done(&why)),
            // It may still come to it.
            (Missed::Late(why), _) => Trouble::Unknown(done(&why)),
            (Missed::Trouble(trouble), _) => {
                let why = format!("what became of it cannot be seen: {}", trouble.words());
                Trouble::Unknown(done(&why))
            }
        }
    }

    fn watched_params(&self, polled: &Operation, answer: &Answer) -> Result<Json, Trouble> {
        let given: Vec<String> = self
            .params
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, _)| k.clone())
            .collect();
        let sources = watched(self.service, &self.operation, &given, polled);
        let missing = |names: &str| {
            let why =
                format!("what to look at is not known: say `until: {{params: {{{names}: ...}}}}`");
            match self.effect {
                Effect::Reads => Trouble::Failed(why),
                _ => Trouble::Unknown(format!("it was done, but {why}")),
            }
        };
        let sources = sources.map_err(|names| missing(&names.join(", ")))?;
        let whole = Json::Object(answer.clone());
        let mut params = Map::new();
        for (name, is_list, source) in sources.0 {
            let value = match source {
                Source::Param(param) => self.params.get(&param).cloned().unwrap_or_default(),
                Source::Answer(path) => jmespath(&path, &whole).unwrap_or_default(),
            };
            let value = match (value, is_list) {
                (Json::Array(all), false) if all.len() == 1 => {
                    all.into_iter().next().unwrap_or_default()
                }
                (Json::Array(all), true) if !all.is_empty() => Json::Array(all),
                (Json::Null | Json::Array(_), _) => return Err(missing(&name)),
                (one, true) => Json::Array(vec![one]),
                (one, false) => one,
            };
            params.insert(name, value);
        }
        Ok(Json::Object(params))
    }

    fn trouble(&self, client: &Client<'_, '_, '_>, fault: Fault) -> Trouble {
        match fault {
            Fault::Refused(refusal) => Trouble::Failed(client.told(&self.operation, &refusal)),
            Fault::Trouble(trouble) => trouble,
        }
    }
}

fn said(text: Option<&String>) -> &str {
    text.map(String::as_str).unwrap_or_default()
}

/// The params by the model's names, or all that does not fit.
fn fitting(service: &Service, operation: &Operation, given: &Json) -> Result<Json, Trouble> {
    let (params, flaws) = shaped(service, operation, given, &|_| false);
    let fatal: Vec<String> = flaws
        .iter()
        .filter(|flaw| flaw.is_fatal())
        .map(in_words)
        .collect();
    if fatal.is_empty() {
        return Ok(params);
    }
    Err(Trouble::Failed(format!(
        "{}: {}",
        operation.name,
        fatal.join("; ")
    )))
}

/// With its place: `Filters[0]: there is no ...`.
fn in_words(flaw: &Flaw) -> String {
    let mut place = String::new();
    for step in flaw.path() {
        match step {
            Step::Key(key) if place.is_empty() => place.push_str(key),
            Step::Key(key) => {
                place.push('.');
                place.push_str(key);
            }
            Step::Nth(n) => {
                let _ = write!(place, "[{n}]");
            }
        }
    }
    if place.is_empty() {
        flaw.text()
    } else {
        format!("{place}: {}", flaw.text())
    }
}
