//! From what is asked of a service to a look whether it is there, and would do it.

use serde_json::{Value as Json, json};

use super::given::{Given, Unknown};
use super::look::{Look, program};
use super::trial;
use crate::workflow::action::Work;
use crate::workflow::call::{Call, Nature, Service};
use crate::workflow::template::{Template, Tree};

pub(super) type Entries = Vec<(String, Tree<Template>)>;

/// Adds what is to be looked at before `call` is made.
pub(super) fn called(
    call: &Call<Template>,
    given: &Given<'_>,
    found: &mut Vec<Look>,
) -> Result<(), Unknown> {
    let Tree::Map(asked) = &call.ask else {
        return Err(Unknown);
    };
    let one = |what: &str, who: &[&str], keys: &[&str], question: Entries| {
        let mut entries = kept(asked, keys, given)?;
        let what = format!("{what}{}", words(&entries, who));
        entries.extend(question);
        Ok(asked_of(call.service, what, entries))
    };
    match call.service {
        Service::Probe => found.push(probe(asked, given)?),
        Service::Aws => {
            let keys = ["profile", "region", "endpoint"];
            let who = [
                ("service", json!("sts")),
                ("action", json!("get-caller-identity")),
            ];
            found.push(one("AWS login", &["profile"], &keys, constants(who))?);
            found.extend(trial::aws(call, asked, given)?);
        }
        Service::Kubernetes => {
            let cluster = kept(asked, &["context", "kubeconfig"], given)?;
            let what = format!("kubernetes{}", words(&cluster, &["context"]));
            found.push(tried(Service::Kubernetes, what, cluster));
            found.extend(trial::kubernetes(asked, given)?);
        }
        Service::Sql => {
            let keys = [
                "url", "host", "port", "user", "database", "password", "tls", "ca",
            ];
            let query = [("query", json!("select 1")), ("read_only", json!(true))];
            let who = ["host", "port", "database"];
            found.push(one("PostgreSQL", &who, &keys, constants(query))?);
        }
        Service::Ssh => {
            let keys = ["host", "user", "port", "jump", "identity", "config"];
            let nothing = constants([("run", json!(":"))]);
            found.push(one("ssh", &["host"], &keys, nothing)?);
        }
        Service::Container => {
            let host = kept(asked, &["host"], given)?;
            let what = format!("container engine{}", words(&host, &["host"]));
            found.push(tried(Service::Container, what, host));
        }
        Service::Terraform => {
            let tool = kept(asked, &["tool"], given)?;
            let tool = tool
                .first()
                .map_or("terraform".to_owned(), |(_, tree)| word(tree));
            found.push(program(Template::literal(tool)));
        }
    }
    Ok(())
}

/// Looks are what they are: the same, once.
fn probe(asked: &Entries, given: &Given<'_>) -> Result<Look, Unknown> {
    let keys: Vec<&str> = asked.iter().map(|(key, _)| key.as_str()).collect();
    let entries = kept(asked, &keys, given)?;
    let (key, tree) = entries.first().ok_or(Unknown)?;
    let whom = match tree {
        Tree::Map(inner) => words(inner, &["host", "port", "url", "server"]),
        other => format!(" {}", word(other)),
    };
    Ok(asked_of(Service::Probe, format!("{key}{whom}"), entries))
}

/// The entries that have one of these keys, as far as they are known.
pub(super) fn kept(asked: &Entries, keys: &[&str], given: &Given<'_>) -> Result<Entries, Unknown> {
    let wanted = asked.iter().filter(|(key, _)| keys.contains(&key.as_str()));
    let known = wanted.map(|(key, tree)| Ok((key.clone(), given.tree(tree)?)));
    known.collect()
}

pub(super) fn words(entries: &Entries, keys: &[&str]) -> String {
    let some = entries
        .iter()
        .filter(|(key, _)| keys.contains(&key.as_str()));
    some.flat_map(|(_, tree)| [" ".to_owned(), word(tree)])
        .collect()
}

pub(super) fn word(tree: &Tree<Template>) -> String {
    match tree {
        Tree::Text(text) => text.source().to_owned(),
        Tree::Plain(json) => json.to_string(),
        Tree::List(_) | Tree::Map(_) => String::new(),
    }
}

/// A question that changes nothing.
pub(super) fn asked_of(service: Service, what: String, entries: Entries) -> Look {
    look(service, what, entries, false)
}

/// What a step asks for, only to find out whether it could be had.
pub(super) fn tried(service: Service, what: String, entries: Entries) -> Look {
    look(service, what, entries, true)
}

fn look(service: Service, what: String, entries: Entries, trial: bool) -> Look {
    let call = Call {
        service,
        ask: Tree::Map(entries),
        expect: None,
        until: None,
        nature: Nature::Reads,
        trial,
        outputs: Vec::new(),
    };
    Look {
        what,
        work: Work::Call(Box::new(call)),
        env: Vec::new(),
    }
}

fn constants<const N: usize>(entries: [(&str, Json); N]) -> Entries {
    entries.map(|(key, value)| constant(key, value)).into()
}

pub(super) fn constant(key: &str, value: Json) -> (String, Tree<Template>) {
    let tree = match value {
        Json::String(text) => Tree::Text(Template::literal(text)),
        plain => Tree::Plain(plain),
    };
    (key.to_owned(), tree)
}
