//! The API server as the verbs see it: things by name, each call with the same rules for what went wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResource;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::Status;
use kube::{Client, Error};
use serde_json::Value as Json;

use super::login::{Who, login};
use super::trouble::{self, Fault};
use crate::attempt::call::{Context, Farewell, Trouble};
use crate::workflow::KubernetesDoc;

/// Under this name the cluster remembers which fields are ours.
pub(super) const MANAGER: &str = "flightdeck";
/// Under this name things remember the order that changed them.
pub(super) const ORDER: &str = "flightdeck.dev/order";

/// How often a call is tried whose answer was lost, and how long a silent server is waited for.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

pub(super) struct Cluster<'a> {
    pub(super) client: Client,
    pub(super) who: Who,
    pub(super) voice: &'a dyn Voice,
    /// Of this order; the same when it is given again after a crash.
    pub(super) key: String,
    /// Of the step that ordered it; the same also when a person orders it again.
    pub(super) step: String,
    /// From TERM to KILL, for what can be told so.
    pub(super) grace: Duration,
    /// What the server has of each `apiVersion`, once it has said so.
    pub(super) known: RefCell<BTreeMap<String, Vec<APIResource>>>,
}

/// A kind that this server has.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) resource: ApiResource,
    pub(super) namespaced: bool,
}

/// A thing with a place in the cluster.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    /// `None`: it belongs to the whole cluster.
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

impl Thing {
    /// `deployment/shop`.
    pub(super) fn said(&self) -> String {
        format!("{}/{}", self.kind.resource.kind.to_lowercase(), self.name)
    }
}

/// Not an error where it is asked for.
pub(super) enum Refusal {
    NotFound,
    AlreadyThere,
    /// Somebody else changed it meanwhile.
    Conflict,
    Other(Trouble),
}

/// What a verb says while it works: the part of a [`Context`] that it needs.
pub(super) trait Voice {
    fn say(&self, line: &str);
    fn status(&self, words: &str);
    fn under_way(&self, is: bool);
    fn when_stopped(&self, farewell: Option<Farewell>);
}

impl Voice for Context<'_, '_> {
    fn say(&self, line: &str) {
        self.say(line);
    }

    fn status(&self, words: &str) {
        self.status(words);
    }

    fn under_way(&self, is: bool) {
        self.under_way(is);
    }

    fn when_stopped(&self, farewell: Option<Farewell>) {
        self.when_stopped(farewell);
    }
}

/// For what is done when the attempt is over.
struct Silence;

impl Voice for Silence {
    fn say(&self, _: &str) {}
    fn status(&self, _: &str) {}
    fn under_way(&self, _: bool) {}
    fn when_stopped(&self, _: Option<Farewell>) {}
}

impl<'a> Cluster<'a> {
    pub(super) async fn new(ask: &KubernetesDoc, cx: &'a Context<'_, '_>) -> Result<Self, Trouble> {
        let (client, who) = login(ask, cx).await?;
        Ok(Self {
            client,
            who,
            voice: cx,
            key: cx.spec.idempotency_key.clone(),
            step: format!("{}/{}", cx.spec.run, cx.spec.attempt.step),
            grace: cx.spec.grace(),
            known: RefCell::default(),
        })
    }

    /// The same, for what outlives the call.
    pub(super) fn silent(&self) -> Cluster<'static> {
        Cluster {
            client: self.client.clone(),
            who: self.who.clone(),
            voice: &Silence,
            key: self.key.clone(),
            step: self.step.clone(),
            grace: self.grace,
            known: self.known.clone(),
        }
    }

    pub(super) fn failed(&self, what: &str, why: &str) -> Trouble {
        Trouble::Failed(format!("{}: {what}: {why}", self.who.place()))
    }

    pub(super) fn thing(&self, kind: Kind, name: &str) -> Thing {
        let namespace = kind.namespaced.then(|| self.who.namespace.clone());
        Thing {
            kind,
            namespace,
            name: name.to_owned(),
        }
    }

    pub(super) fn api(&self, kind: &Kind, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &kind.resource),
            None => Api::all_with(self.client.clone(), &kind.resource),
        }
    }

    pub(super) fn api_of(&self, thing: &Thing) -> Api<DynamicObject> {
        self.api(&thing.kind, thing.namespace.as_deref())
    }

    /// The thing as it is now; `None` if it is not there.
    pub(super) async fn find(&self, thing: &Thing) -> Result<Option<Json>, Trouble> {
        let api = self.api_of(thing);
        let what = thing.said();
        let found = self.read(&what, || api.get_opt(&thing.name)).await?;
        Ok(found.map(json))
    }

    /// The thing, which must be there.
    pub(super) async fn get(&self, thing: &Thing) -> Result<Json, Trouble> {
        self.find(thing).await?.ok_or_else(|| self.missing(thing))
    }

    pub(super) fn missing(&self, thing: &Thing) -> Trouble {
        let place = self.who.place();
        let within = thing.namespace.as_ref();
        let within = within.map_or_else(String::new, |ns| format!(" in namespace {ns}"));
        Trouble::Unreached(format!("{place}: {} is not there{within}", thing.said()))
    }

    /// Where a refusal is an error.
    pub(super) fn refused(&self, thing: &Thing, refusal: Refusal) -> Trouble {
        let said = thing.said();
        match refusal {
            Refusal::Other(trouble) => trouble,
            Refusal::NotFound => self.missing(thing),
            Refusal::AlreadyThere => self.failed(&said, "it is already there"),
            Refusal::Conflict => self.failed(&said, "others change it all the time; try again"),
        }
    }

    pub(super) async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        params: &ListParams,
    ) -> Result<Vec<Json>, Trouble> {
        let api = self.api(kind, namespace);
        let what = kind.resource.plural.clone();
        let list = self.read(&what, || api.list(params)).await?;
        Ok(list.items.into_iter().map(json).collect())
    }

    pub(super) async fn patch(
        &self,
        thing: &Thing,
        params: &PatchParams,
        patch: &Patch<Json>,
    ) -> Result<Json, Refusal> {
        let api = self.api_of(thing);
        let what = thing.said();
        let answer = self.change(&what, || api.patch(&thing.name, params, patch));
        answer.await.map(json)
    }

    /// A patch of a thing that must be there.
    pub(super) async fn patched(
        &self,
        thing: &Thing,
        patch: &Patch<Json>,
    ) -> Result<Json, Trouble> {
        let answer = self.patch(thing, &ours(), patch).await;
        answer.map_err(|refusal| self.refused(thing, refusal))
    }

    pub(super) async fn create(&self, thing: &Thing, object: &Json) -> Result<Json, Refusal> {
        let api = self.api_of(thing);
        let what = thing.said();
        let object: DynamicObject = serde_json::from_value(object.clone())
            .map_err(|e| Refusal::Other(self.failed(&what, &e.to_string())))?;
        let params = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        self.change(&what, || api.create(&params, &object))
            .await
            .map(json)
    }

    /// Asks until there is an answer, for a while; changes nothing.
    pub(super) async fn read<T, F>(
        &self,
        what: &str,
        mut call: impl FnMut() -> F,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut pause = FIRST_PAUSE;
        for n in 1.. {
            let fault = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => Fault::of(error),
            };
            let why = match fault {
                Fault::Refused(status) => {
                    return Err(Trouble::Failed(trouble::refused(&status, what, &self.who)));
                }
                Fault::Busy(wait) => {
                    pause = pause.max(wait);
                    "it is throttling".to_owned()
                }
                Fault::Unreached(why) | Fault::Cut(why) => why,
            };
            if n >= TRIES {
                return Err(Trouble::Unreached(self.no_answer(what, &why)));
            }
            pause = self.rest(&why, pause).await;
        }
        unreachable!("the loop has no end of its own")
    }

    /// Sends what can be sent twice without harm, until there is an answer.
    pub(super) async fn change<T, F>(
        &self,
        what: &str,
        mut call: impl FnMut() -> F,
    ) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut pause = FIRST_PAUSE;
        let mut left = false;
        for n in 1.. {
            self.voice.under_way(true);
            let answer = call().await;
            let fault = match answer {
                Ok(answer) => {
                    self.voice.under_way(false);
                    return Ok(answer);
                }
                Err(error) => Fault::of(error),
            };
            left |= matches!(fault, Fault::Cut(_));
            if !left {
                self.voice.under_way(false);
            }
            let why = match fault {
                Fault::Refused(status) => {
                    self.voice.under_way(false);
                    return Err(self.refusal(&status, what));
                }
                Fault::Busy(wait) => {
                    pause = pause.max(wait);
                    "it is throttling".to_owned()
                }
                Fault::Unreached(why) | Fault::Cut(why) => why,
            };
            if n >= TRIES {
                let told = self.no_answer(what, &why);
                return Err(Refusal::Other(if left {
                    Trouble::Unknown(format!("{told}; it may have been done"))
                } else {
                    Trouble::Unreached(told)
                }));
            }
            pause = self.rest(&why, pause).await;
        }
        unreachable!("the loop has no end of its own")
    }

    fn refusal(&self, status: &Status, what: &str) -> Refusal {
        let details = status.details.as_ref();
        // With causes it is about fields that others manage.
        let conflict = status.reason == "Conflict" && details.is_none_or(|d| d.causes.is_empty());
        match status.reason.as_str() {
            "NotFound" => Refusal::NotFound,
            "AlreadyExists" => Refusal::AlreadyThere,
            _ if conflict => Refusal::Conflict,
            _ => Refusal::Other(Trouble::Failed(trouble::refused(status, what, &self.who))),
        }
    }

    fn no_answer(&self, what: &str, why: &str) -> String {
        format!("{}: {what}: {why}", self.who.place())
    }

    /// Lets the server be for a while; gives how long the next rest is.
    async fn rest(&self, why: &str, pause: Duration) -> Duration {
        let span = crate::time::spoken_span(pause);
        self.voice.status(&format!(
            "trouble with {}: {why}; again in {span}",
            self.who.server
        ));
        tokio::time::sleep(pause).await;
        (pause * 2).min(Duration::from_secs(8))
    }
}

/// A patch in our name.
pub(super) fn ours() -> PatchParams {
    PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

/// What the server sent, as data.
pub(super) fn json(object: impl serde::Serialize) -> Json {
    serde_json::to_value(object).unwrap_or_default()
}
