//! From what a step does to a look whether what that takes is there.

use serde_json::{Value as Json, json};

use super::given::{Given, Unknown};
use crate::workflow::action::{Command, Http, Work};
use crate::workflow::call::{Call, Nature, Service};
use crate::workflow::template::{Template, Tree};

/// Something that is looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    /// In a few words.
    pub(super) what: String,
    /// Changes nothing.
    pub(super) work: Work<Template>,
}

type Entries = Vec<(String, Tree<Template>)>;

impl Look {
    /// The secrets that it uses.
    pub(super) fn secrets(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut note = |text: &Template| names.extend(text.secrets().map(str::to_owned));
        let _ = self.work.try_map::<(), ()>(
            &mut |_, text| {
                note(text);
                Ok(())
            },
            &mut |_, _| Ok(Tree::Plain(Json::Null)),
        );
        if let Work::Call(call) = &self.work {
            in_tree(&call.ask, &mut note);
        }
        names
    }
}

fn in_tree(tree: &Tree<Template>, note: &mut impl FnMut(&Template)) {
    match tree {
        Tree::Plain(_) => {}
        Tree::Text(text) => note(text),
        Tree::List(items) => items.iter().for_each(|item| in_tree(item, note)),
        Tree::Map(entries) => entries.iter().for_each(|(_, item)| in_tree(item, note)),
    }
}

/// What `work` takes.
pub(super) fn look(work: &Work<Template>, given: &Given<'_>) -> Result<Vec<Look>, Unknown> {
    match work {
        Work::Run(command) | Work::Exec(command) => {
            let name = command.argv.first().ok_or(Unknown)?;
            Ok(vec![program(given.text(name)?)])
        }
        Work::Http(http) | Work::Notify(http) => Ok(vec![host(http, given)?]),
        Work::Call(call) => called(call, given),
    }
}

/// A program that can be found.
fn program(name: Template) -> Look {
    let find = "command -v -- \"$1\" || { echo \"there is no program $1\" >&2; exit 1; }";
    let what = format!("program {}", name.source());
    let argv = ["/bin/sh", "-c", find, "sh"].map(Template::literal);
    Look {
        what,
        work: exec(argv.into_iter().chain([name]).collect(), None),
    }
}

/// A secret that can be read: a program is handed it, and does nothing.
pub(super) fn secret(name: &str) -> Look {
    let whole = Template::parse(&format!("${{{{ secrets.{name} }}}}")).ok();
    Look {
        what: format!("secret {name}"),
        work: exec(vec![Template::literal("/bin/true")], whole),
    }
}

fn exec(argv: Vec<Template>, stdin: Option<Template>) -> Work<Template> {
    Work::Exec(Command {
        argv,
        cwd: None,
        stdin,
    })
}

/// A host that takes a connection; nothing is asked of it.
fn host(http: &Http<Template>, given: &Given<'_>) -> Result<Look, Unknown> {
    let url = given.text(&http.url)?.constant().ok_or(Unknown)?;
    let (scheme, rest) = url.split_once("://").ok_or(Unknown)?;
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = place.rsplit('@').next().unwrap_or_default();
    let port = place.rsplit_once(':').map(|(_, port)| port);
    let address = match (port.is_some_and(|p| p.parse::<u16>().is_ok()), scheme) {
        (true, _) => place.to_owned(),
        (false, "https") => format!("{place}:443"),
        (false, _) => format!("{place}:80"),
    };
    Ok(Look {
        what: format!("host {address}"),
        work: ask(Service::Probe, vec![constant("tcp", json!(address))]),
    })
}

fn called(call: &Call<Template>, given: &Given<'_>) -> Result<Vec<Look>, Unknown> {
    let Tree::Map(asked) = &call.ask else {
        return Err(Unknown);
    };
    let one = |what: &str, who: &[&str], keys: &[&str], question: Entries| {
        let mut entries = kept(asked, keys, given)?;
        let what = format!("{what}{}", words(&entries, who));
        entries.extend(question);
        Ok(vec![Look {
            what,
            work: ask(call.service, entries),
        }])
    };
    match call.service {
        Service::Probe => probe(asked, given).map(|look| vec![look]),
        Service::Aws => {
            let keys = ["profile", "region", "endpoint"];
            let who = [
                ("service", json!("sts")),
                ("action", json!("get-caller-identity")),
            ];
            one("AWS login", &["profile"], &keys, constants(who))
        }
        Service::Kubernetes => {
            let keys = ["context", "kubeconfig"];
            let get = constants([("get", json!("ns/default"))]);
            one("kubernetes", &["context"], &keys, get)
        }
        Service::Sql => {
            let keys = [
                "url", "host", "port", "user", "database", "password", "tls", "ca",
            ];
            let query = [("query", json!("select 1")), ("read_only", json!(true))];
            one(
                "PostgreSQL",
                &["host", "port", "database"],
                &keys,
                constants(query),
            )
        }
        Service::Ssh => {
            let keys = ["host", "user", "port", "jump", "identity", "config"];
            one("ssh", &["host"], &keys, constants([("run", json!(":"))]))
        }
        Service::Container => Ok(Vec::new()),
        Service::Terraform => {
            let tool = kept(asked, &["tool"], given)?;
            let tool = tool
                .first()
                .map_or("terraform".to_owned(), |(_, tree)| word(tree));
            Ok(vec![program(Template::literal(tool))])
        }
    }
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
    Ok(Look {
        what: format!("{key}{whom}"),
        work: ask(Service::Probe, entries),
    })
}

/// The entries that have one of these keys, as far as they are known.
fn kept(asked: &Entries, keys: &[&str], given: &Given<'_>) -> Result<Entries, Unknown> {
    let wanted = asked.iter().filter(|(key, _)| keys.contains(&key.as_str()));
    let known = wanted.map(|(key, tree)| Ok((key.clone(), given.tree(tree)?)));
    known.collect()
}

fn words(entries: &Entries, keys: &[&str]) -> String {
    let some = entries
        .iter()
        .filter(|(key, _)| keys.contains(&key.as_str()));
    some.flat_map(|(_, tree)| [" ".to_owned(), word(tree)])
        .collect()
}

fn word(tree: &Tree<Template>) -> String {
    match tree {
        Tree::Text(text) => text.source().to_owned(),
        Tree::Plain(json) => json.to_string(),
        Tree::List(_) | Tree::Map(_) => String::new(),
    }
}

fn ask(service: Service, entries: Entries) -> Work<Template> {
    Work::Call(Box::new(Call {
        service,
        ask: Tree::Map(entries),
        expect: None,
        until: None,
        nature: Nature::Reads,
        outputs: Vec::new(),
    }))
}

fn constants<const N: usize>(entries: [(&str, Json); N]) -> Entries {
    entries.map(|(key, value)| constant(key, value)).into()
}

fn constant(key: &str, value: Json) -> (String, Tree<Template>) {
    let tree = match value {
        Json::String(text) => Tree::Text(Template::literal(text)),
        plain => Tree::Plain(plain),
    };
    (key.to_owned(), tree)
}
