//! One call: signed, sent, and sent again where that is safe.
//!
//! A call that was throttled was not performed, so any may be tried again. One that left and got no answer, or an answer that
//! tells of trouble inside the service, may have been performed: only a call that reads, or that does no more when made
//! twice, is tried again then; any other is `unknown`. What one try may have done, no later one takes back: whatever ends the
//! call after it, it is not known to be undone.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::super::call::Trouble;
use super::super::clock::Stopwatch;
use super::super::http::{Guard, Lost, Request, Sender};
use super::super::part::Part;
use super::decode::{Raw, Secrets, decode};
use super::encode::{Wire, encode};
use super::endpoint::{Target, target};
use super::quirks;
use super::session::Session;
use super::sign::{Scope, signature};
use super::teller::Teller;
use super::trouble::{Class, Refusal, is_refusal};
use crate::aws_model::{Effect, Operation, Service};
use crate::id::hex;
use crate::time::spoken_span;

/// Sent at most so often.
const TRIES: u32 = 8;
/// Connected at most so often: who does not listen will not in a minute.
const CONNECTS: u32 = 4;
/// Between two tries at most.
const PAUSE_MAX: Duration = Duration::from_secs(20);
/// For one answer.
const ANSWER: Duration = Duration::from_secs(100);
/// For an answer that comes only when what was started is over.
const LONG_ANSWER: Duration = Duration::from_mins(16);

/// One service, asked by one caller.
pub(super) struct Client<'a, 'c, 'l> {
    pub(super) service: &'static Service,
    pub(super) session: Session,
    pub(super) teller: Teller<'a, 'c, 'l>,
    pub(super) secrets: Secrets,
    /// Where the body of an answer goes, if it is to be a file.
    pub(super) file: Option<&'a Path>,
}

/// An answer that says that it was done.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) answer: Map<String, Json>,
    /// Bytes of its body.
    pub(super) size: usize,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum Fault {
    /// The service says no, and would say so again.
    Refused(Refusal),
    Trouble(Trouble),
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// What came of one try.
enum Tried {
    Answered(Raw),
    /// Nothing left.
    Unreached(String),
    /// It left, and there was no whole answer.
    Lost(String),
}

impl Client<'_, '_, '_> {
    /// Makes the call. The params are by the model's names.
    pub(super) async fn call(
        &self,
        operation: &Operation,
        params: &Json,
        effect: Effect,
    ) -> Result<Reply, Fault> {
        let (wire, to) = self.prepared(operation, params)?;
        let mut landed = false;
        let mut n = 0;
        loop {
            n += 1;
            let watch = Stopwatch::start();
            let tried = self.once(operation, &wire, &to, effect).await;
            let tried = tried.map_err(|trouble| as_known(landed, trouble))?;
            let took = spoken_span(watch.elapsed());
            let (why, class, wait) = match tried {
                Tried::Answered(raw) if !is_refusal(self.service, operation, &raw) => {
                    let id = raw
                        .request_id()
                        .map(|id| format!(", request {id}"))
                        .unwrap_or_default();
                    self.teller.say(&format!("< {} in {took}{id}", raw.status));
                    return self.read(operation, &raw, effect);
                }
                Tried::Answered(raw) => {
                    let refusal = Refusal::read(self.service, &raw);
                    self.teller.say(&format!("< {}", refusal.text()));
                    let class = refusal.class();
                    let told = self.told(operation, &refusal);
                    if class == Class::Definite {
                        return Err(if landed {
                            as_known(landed, Trouble::Failed(told)).into()
                        } else {
                            Fault::Refused(refusal)
                        });
                    }
                    (told, class, asked_wait(&raw))
                }
                Tried::Unreached(why) => (self.placed(operation, &why), Class::Unreached, None),
                Tried::Lost(why) => (self.placed(operation, &why), Class::Broken, None),
            };
            landed |= class == Class::Broken && effect != Effect::Reads;
            if landed && effect == Effect::Changes {
                return Err(Trouble::Unknown(format!("{why}; it may have taken effect")).into());
            }
            if n >= TRIES || (class == Class::Unreached && n >= CONNECTS) {
                let trouble = Trouble::Unreached(format!("{why}; tried {n} times"));
                return Err(as_known(landed, trouble).into());
            }
            let pause = wait.unwrap_or_else(|| pause(n));
            let word = match class {
                Class::Throttled => "throttled",
                Class::Unreached => "not reached",
                Class::Broken | Class::Definite => "no answer",
            };
            self.teller.status(&format!(
                "{word}, again in {}",
                spoken_span(Duration::from_secs(pause.as_secs().max(1)))
            ));
            tokio::time::sleep(pause).await;
        }
    }

    fn prepared(&self, operation: &Operation, params: &Json) -> Result<(Wire, Target), Trouble> {
        let wrong = |why: String| Trouble::Failed(self.placed(operation, &why));
        let mut wire = encode(self.service, operation, params).map_err(wrong)?;
        let own = self.session.endpoint.as_deref();
        let region = &self.session.region;
        let to = target(self.service, operation, &mut wire, region, own).map_err(wrong)?;
        Ok((wire, to))
    }

    async fn once(
        &self,
        operation: &Operation,
        wire: &Wire,
        to: &Target,
        effect: Effect,
    ) -> Result<Tried, Trouble> {
        let wrong = |why: String| Trouble::Failed(self.placed(operation, &why));
        let query = wire.query_text();
        let mark = if query.is_empty() { "" } else { "?" };
        let text = format!("{}{}{mark}{query}", to.base, wire.path);
        let url = Url::parse(&text)
            .map_err(|e| wrong(format!("`{}` is not an endpoint: {e}", to.base)))?;
        let (plain, _) = text.split_once('?').unwrap_or((&text, ""));
        if !plain.ends_with(url.path()) {
            // A dot between slashes would be taken away on the way, and another object be meant.
            return Err(wrong(format!(
                "the path {} cannot be sent as it is",
                wire.path
            )));
        }
        let mut headers = wire.headers.clone();
        if operation.authtype.as_deref() != Some("none") {
            let credentials = self.session.credentials().await?;
            let scope = Scope {
                service: &self.service.facts().signing,
                region: &to.signing_region,
            };
            headers.extend(signature(wire, &text, credentials, &scope).map_err(wrong)?);
        }
        let method =
            Method::from_bytes(wire.method.as_bytes()).map_err(|e| wrong(e.to_string()))?;
        let request = Request::plain(
            method,
            url.clone(),
            map_of(&headers).map_err(wrong)?,
            wire.body.clone(),
        );
        let is_long = matches!(operation.name.as_str(), "Invoke" | "StartSyncExecution");
        let (limit, silence) = match self.file {
            Some(_) => (LONG_ANSWER, ANSWER),
            None if is_long => (LONG_ANSWER, LONG_ANSWER),
            None => (ANSWER, ANSWER),
        };
        let sender = Sender::patient(self.guard(&url), false, limit, silence);
        let sender = match sender {
            Ok(sender) => sender,
            Err(Lost::Wrong(why) | Lost::Unreached(why) | Lost::Lost(why)) => {
                return Err(wrong(why));
            }
        };
        self.teller.say(&format!(
            "> {} {} {}",
            self.service.facts().name,
            operation.name,
            to.base
        ));
        self.exchanged(operation, &sender, (request, limit), effect)
            .await
    }

    async fn exchanged(
        &self,
        operation: &Operation,
        sender: &Sender,
        (request, limit): (Request, Duration),
        effect: Effect,
    ) -> Result<Tried, Trouble> {
        let wrong = |why: String| Trouble::Failed(self.placed(operation, &why));
        let part = self.file.map(|place| Part::open(place, "")).transpose();
        let mut part = part.map_err(|e| wrong(self.unwritten(&e)))?;
        let into = part.as_mut().map(|part| part as &mut dyn Write);
        // A look says nothing of the change that it looks for, which may be under way.
        let changes = effect != Effect::Reads;
        if changes {
            self.teller.under_way(true);
        }
        let exchanged = sender.exchange_into(request, limit, into).await;
        if changes {
            self.teller.under_way(false);
        }
        let unreadable = |why: &str| Err(self.unreadable(operation, why, effect));
        let (answer, file) = match (exchanged, part) {
            (Ok(answer), Some(part)) if answer.status.is_success() => {
                let file =
                    json!({"file": part.place(), "bytes": part.bytes(), "sha256": part.sha256()});
                if let Err(error) = part.finish() {
                    return unreadable(&self.unwritten(&error));
                }
                (answer, Some(file))
            }
            (Ok(answer), _) if answer.total > answer.body.len() as u64 => {
                return unreadable(&format!("the answer has {} bytes", answer.total));
            }
            (Ok(answer), _) => (answer, None),
            (Err(Lost::Wrong(why)), Some(part)) if part.is_broken() => return unreadable(&why),
            (Err(Lost::Wrong(why)), _) => return Err(wrong(why)),
            (Err(Lost::Unreached(why)), _) => return Ok(Tried::Unreached(why)),
            (Err(Lost::Lost(why)), _) => return Ok(Tried::Lost(why)),
        };
        Ok(Tried::Answered(Raw {
            status: answer.status.as_u16(),
            headers: answer.headers,
            body: answer.body,
            file,
        }))
    }

    fn unwritten(&self, error: &std::io::Error) -> String {
        let path = self.file.unwrap_or(Path::new("")).display();
        format!("cannot write {path}: {error}")
    }

    /// An endpoint that was said may be anywhere, such as in the own network.
    fn guard(&self, url: &Url) -> Guard {
        let own = url.host_str().filter(|_| self.session.endpoint.is_some());
        let allowed: Vec<String> = own.map(str::to_owned).into_iter().collect();
        Guard::new(url, &allowed)
    }

    fn read(&self, operation: &Operation, raw: &Raw, effect: Effect) -> Result<Reply, Fault> {
        let answer = decode(self.service, operation, raw, self.secrets);
        let mut answer = answer.map_err(|why| self.unreadable(operation, &why, effect))?;
        quirks::plain_keys(operation, &mut answer);
        Ok(Reply {
            status: raw.status,
            answer,
            size: raw.body.len(),
        })
    }

    /// It was done, but what was answered cannot be used.
    fn unreadable(&self, operation: &Operation, why: &str, effect: Effect) -> Trouble {
        let why = self.placed(operation, why);
        match effect {
            Effect::Reads => Trouble::Failed(why),
            _ => Trouble::Unknown(format!("{why}; it has taken effect")),
        }
    }

    /// The refusal with its place and what to do.
    pub(super) fn told(&self, operation: &Operation, refusal: &Refusal) -> String {
        let advice = refusal.advice(self.session.profile.as_deref(), &self.session.region);
        let advice = advice.map(|text| format!("; {text}")).unwrap_or_default();
        format!("{}{advice}", self.placed(operation, &refusal.text()))
    }

    pub(super) fn placed(&self, operation: &Operation, why: &str) -> String {
        format!(
            "{} {} in {}: {why}",
            self.service.facts().name,
            operation.name,
            self.session.region
        )
    }
}

/// What ended a call, now that an earlier try of it may have done what the last one did not.
fn as_known(landed: bool, trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Failed(why) | Trouble::Unreached(why) if landed => {
            Trouble::Unknown(format!("{why}; an earlier try may have taken effect"))
        }
        known => known,
    }
}

fn map_of(headers: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let wrong = || format!("`{name}` cannot be a header with this value");
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| wrong())?;
        value.set_sensitive(matches!(
            name.as_str(),
            "authorization" | "x-amz-security-token"
        ));
        map.insert(key, value);
    }
    Ok(map)
}

/// What the service itself asks for.
fn asked_wait(raw: &Raw) -> Option<Duration> {
    let said = raw.header("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(said).min(PAUSE_MAX))
}

/// Doubles with each try; a random half of it, so that many who were refused together do not come back together.
fn pause(n: u32) -> Duration {
    let most = Duration::from_secs(1 << n.min(6)).min(PAUSE_MAX);
    let random = RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64;
    most.mul_f64(0.5 + random / 2.0)
}

/// The params with each client token that was left out. It follows from the attempt's own key: the same order again has the
/// same token, so that the service does it once.
pub(super) fn with_tokens(service: &Service, operation: &Operation, params: &mut Json, key: &str) {
    let shape = service.shape_of(operation.input.as_ref());
    let Json::Object(params) = params else {
        return;
    };
    for (name, _) in shape.members.iter().filter(|(_, m)| m.idempotency_token) {
        params.entry(name.clone()).or_insert_with(|| {
            let digest = Sha256::digest(format!(
                "{key}\n{}\n{}\n{name}",
                service.facts().name,
                operation.name
            ));
            uuid(&digest).into()
        });
    }
}

/// In the form that services ask for: a UUID, version 8.
fn uuid(digest: &[u8]) -> String {
    let mut hex = hex(&digest[..16]);
    hex.replace_range(12..13, "8");
    hex.replace_range(16..17, "8");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}
