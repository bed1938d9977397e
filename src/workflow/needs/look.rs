//! From what a step does to a look whether what that takes is there.

use serde_json::{Value as Json, json};

use super::given::{Given, Unknown};
use super::services::{asked_of, called, constant};
use crate::workflow::action::{Command, Http, Work};
use crate::workflow::call::Service;
use crate::workflow::template::{Template, Tree};

/// Something that is looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    /// In a few words.
    pub(super) what: String,
    /// Changes nothing.
    pub(super) work: Work<Template>,
    /// What its step declares, for a service that is found by it.
    pub(super) env: Vec<(String, Template)>,
}

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
            call.ask.texts().into_iter().for_each(&mut note);
        }
        self.env.iter().for_each(|(_, text)| note(text));
        names
    }

    /// In the environment of its step. A program is looked for in that of the run.
    pub(super) fn within(self, env: &[(String, Template)]) -> Self {
        match &self.work {
            Work::Call(_) => Self {
                env: env.to_vec(),
                ..self
            },
            _ => self,
        }
    }
}

/// Adds what `work` takes, as far as it is known.
pub(super) fn look(
    work: &Work<Template>,
    given: &Given<'_>,
    found: &mut Vec<Look>,
) -> Result<(), Unknown> {
    match work {
        Work::Run(command) | Work::Exec(command) => {
            let name = command.argv.first().ok_or(Unknown)?;
            found.push(program(given.text(name)?));
        }
        Work::Http(http) | Work::Notify(http) => found.push(host(http, given)?),
        Work::Call(call) => called(call, given, found)?,
    }
    Ok(())
}

/// A program that can be found.
pub(super) fn program(name: Template) -> Look {
    let find = "command -v -- \"$1\" || { echo \"there is no program $1\" >&2; exit 1; }";
    let what = format!("program {}", name.source());
    let argv = ["/bin/sh", "-c", find, "sh"].map(Template::literal);
    Look {
        what,
        work: exec(argv.into_iter().chain([name]).collect(), None),
        env: Vec::new(),
    }
}

/// A secret that can be read: a program is handed it, and does nothing.
pub(super) fn secret(name: &str) -> Look {
    let whole = Template::parse(&format!("${{{{ secrets.{name} }}}}")).ok();
    Look {
        what: format!("secret {name}"),
        work: exec(vec![Template::literal("/bin/true")], whole),
        env: Vec::new(),
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
    let tcp = vec![constant("tcp", json!(address))];
    Ok(asked_of(Service::Probe, format!("host {address}"), tcp))
}
