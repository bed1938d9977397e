//! Reads secrets from where the workflow says they are, at each attempt anew, and remembers all values it ever saw, so that
//! they stay masked. Values go into the environment, the standard input or the request of a step that names them, and
//! nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::child::{self, Manner, Output, Stop, Terms};
use super::clock::Stopwatch;
use super::family::Family;
use super::mask::Masker;
use super::pipe::{Buffer, From};
use super::program::exit_words;
use super::reactor::Reactor;
use super::signals::Signals;
use super::start::{OF_STEP, Start, allowed_environment, plain};
use super::stop::asked;
use super::{aws, vault};
use crate::secret::Secret;
use crate::workflow::{Filled, Part, SecretSource, Tree};

/// Below this, masking would hide half of every log.
const SHORTEST: usize = 8;
/// Above this, all forms of it together take gigabytes to look for.
const LARGEST: u64 = 64 << 10;
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);

/// What it takes to run the command of a secret.
pub(super) struct Tools<'a> {
    pub(super) signals: &'a Signals,
    pub(super) buffer: &'a mut Buffer,
    pub(super) family: &'a mut Family,
    /// For what is kept elsewhere.
    pub(super) reactor: &'a mut Reactor,
}

/// The values that one attempt may use.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<String, Secret>);

/// Why there are no values.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Failed(String),
    /// The attempt was stopped while a secret's command ran.
    Stopped,
}

/// What this attempt process has ever seen.
#[derive(Debug, Default)]
pub(super) struct Known {
    values: BTreeSet<String>,
    /// Commands run once already although no attempt asked for their secret, only to mask it.
    looked_at: BTreeSet<String>,
    masker: Option<Arc<Masker>>,
    /// How many values the masker knows: none may be forgotten when reading the next one fails.
    masked: usize,
}

impl Known {
    pub(super) fn masker(&self) -> Option<&Arc<Masker>> {
        self.masker.as_ref()
    }

    /// At most the first `most` bytes, masked. A secret that the cut goes through is masked as well.
    pub(super) fn head(&self, bytes: &[u8], most: usize) -> Vec<u8> {
        let (kept, rest) = bytes.split_at(bytes.len().min(most));
        match &self.masker {
            Some(masker) => masker.head(kept, !rest.is_empty()),
            None => kept.to_vec(),
        }
    }

    /// The same as text, without the character that the cut goes through.
    pub(super) fn beginning(&self, bytes: &[u8], most: usize) -> String {
        let head = self.head(bytes, most);
        let text = String::from_utf8_lossy(&head);
        text.trim_end_matches('\u{fffd}').to_owned()
    }

    /// Reads the `used` secrets, which must be there, and those of the others that can be read, so that they are masked
    /// too. A file may be new or rotated, so it is read each time; a command may be slow, so it runs once.
    pub(super) fn resolve(
        &mut self,
        sources: &BTreeMap<String, SecretSource>,
        used: &BTreeSet<&str>,
        tools: &mut Tools<'_>,
    ) -> Result<Values, Refused> {
        let read = self.read_all(sources, used, tools);
        if self.values.len() != self.masked {
            self.masker = Masker::new(self.values.iter().map(String::as_str)).map(Arc::new);
            self.masked = self.values.len();
        }
        if self.masker.is_none() && !self.values.is_empty() {
            let why = "the secrets are too large to be masked together";
            return Err(Refused::Failed(why.into()));
        }
        read
    }

    fn read_all(
        &mut self,
        sources: &BTreeMap<String, SecretSource>,
        used: &BTreeSet<&str>,
        tools: &mut Tools<'_>,
    ) -> Result<Values, Refused> {
        let mut values = Values::default();
        for (name, source) in sources {
            if used.contains(name.as_str()) {
                let value = read(name, source, tools)?;
                self.values.insert(value.clone());
                values.0.insert(name.clone(), Secret::new(value));
            } else if is_quick(source) || (is_here(source) && self.looked_at.insert(name.clone())) {
                match read(name, source, tools) {
                    Ok(value) => drop(self.values.insert(value)),
                    Err(Refused::Stopped) => return Err(Refused::Stopped),
                    Err(Refused::Failed(_)) => {}
                }
            }
        }
        Ok(values)
    }
}

impl Values {
    /// The text with its secrets in it.
    pub(super) fn fill(&self, text: &Filled) -> Result<String, String> {
        let mut out = String::new();
        for part in &text.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Secret(name) => {
                    let value = self.0.get(name);
                    let value = value.ok_or_else(|| format!("secret `{name}` is not declared"))?;
                    out.push_str(value.reveal());
                }
            }
        }
        Ok(out)
    }

    /// The same for all texts of a value.
    pub(super) fn fill_tree(&self, tree: &Tree<Filled>) -> Result<Json, String> {
        Ok(match tree {
            Tree::Plain(value) => value.clone(),
            Tree::Text(text) => Json::from(self.fill(text)?),
            Tree::List(list) => {
                let list = list.iter().map(|item| self.fill_tree(item));
                list.collect::<Result<_, _>>()?
            }
            Tree::Map(map) => {
                let fill = |(key, item): &(String, _)| Ok((key.clone(), self.fill_tree(item)?));
                let map = map.iter().map(fill);
                map.collect::<Result<serde_json::Map<_, _>, String>>()?
                    .into()
            }
        })
    }
}

fn read(name: &str, source: &SecretSource, tools: &mut Tools<'_>) -> Result<String, Refused> {
    let failed = |why: String| Refused::Failed(format!("secret `{name}`: {why}"));
    let value = match source {
        SecretSource::Env(variable) => match std::env::var(variable) {
            Ok(value) => value,
            Err(std::env::VarError::NotPresent) => {
                return Err(failed(format!(
                    "environment variable {variable} is not set"
                )));
            }
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(failed(format!(
                    "environment variable {variable} is not UTF-8"
                )));
            }
        },
        SecretSource::File(path) => without_line_break(from_file(path).map_err(failed)?),
        SecretSource::Command(argv) => match from_command(argv, tools) {
            Ok(text) => without_line_break(text),
            Err(Refused::Failed(why)) => return Err(failed(why)),
            Err(stopped) => return Err(stopped),
        },
        SecretSource::Vault(vault) => fetched(vault::secret(vault), tools, &failed)?,
        SecretSource::AwsSecretsmanager(secret) => fetched(aws::secret(secret), tools, &failed)?,
    };
    let length = value.trim().chars().count();
    if length < SHORTEST {
        return Err(failed(format!(
            "the value from {} is too short to mask ({length} characters, at least {SHORTEST} are needed)",
            spoken(source)
        )));
    }
    too_large(value.len(), &spoken(source)).map_err(failed)?;
    Ok(value)
}

/// The variables of our own environment that secrets come from: no program inherits them.
pub(super) fn variables(sources: &BTreeMap<String, SecretSource>) -> impl Iterator<Item = &str> {
    sources.values().filter_map(|source| match source {
        SecretSource::Env(variable) => Some(variable.as_str()),
        _ => None,
    })
}

fn is_quick(source: &SecretSource) -> bool {
    matches!(source, SecretSource::Env(_) | SecretSource::File(_))
}

/// What another machine keeps is not fetched for a step that has no use for it.
fn is_here(source: &SecretSource) -> bool {
    !matches!(
        source,
        SecretSource::Vault(_) | SecretSource::AwsSecretsmanager(_)
    )
}

/// From another machine, within a limit, and given up when a stop is asked for.
fn fetched(
    fetching: impl Future<Output = Result<String, String>>,
    tools: &mut Tools<'_>,
    failed: &impl Fn(String) -> Refused,
) -> Result<String, Refused> {
    let runtime = tools.reactor.get().map_err(failed)?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            found = fetching => found.map_err(failed),
            () = asked(tools.signals) => Err(Refused::Stopped),
            () = tokio::time::sleep(FETCH_TIMEOUT) => Err(failed("no answer within 30s".to_owned())),
        }
    })
}

fn spoken(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(variable) => format!("environment variable {variable}"),
        SecretSource::File(path) => format!("file {path}"),
        SecretSource::Command(argv) => format!("command `{}`", argv.join(" ")),
        SecretSource::Vault(vault) => {
            format!("`{}` of Vault", vault.path.as_deref().unwrap_or_default())
        }
        SecretSource::AwsSecretsmanager(secret) => {
            let name = secret.secret.as_deref().unwrap_or_default();
            format!("secret {name} of Secrets Manager")
        }
    }
}

fn without_line_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// The text of a file that is regular and small.
pub(super) fn from_file(path: &str) -> Result<String, String> {
    let unreadable = |e: std::io::Error| format!("cannot read file {path}: {}", plain(&e));
    // Looked at first: opening a pipe would wait for its writer.
    let facts = fs::metadata(path).map_err(unreadable)?;
    if !facts.is_file() {
        return Err(format!("{path} is not a regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    text(bytes, &format!("file {path}"))
}

fn text(bytes: Vec<u8>, source: &str) -> Result<String, String> {
    too_large(bytes.len(), source)?;
    String::from_utf8(bytes).map_err(|_| format!("{source} does not give UTF-8"))
}

fn too_large(bytes: usize, source: &str) -> Result<(), String> {
    if bytes as u64 > LARGEST {
        return Err(format!("{source} gives more than {LARGEST} bytes"));
    }
    Ok(())
}

fn from_command(argv: &[String], tools: &mut Tools<'_>) -> Result<String, Refused> {
    let name = format!("command `{}`", argv.join(" "));
    let failed = |why: String| Refused::Failed(format!("{name} failed: {why}"));
    let mut start = Start {
        argv: argv.iter().map(OsString::from).collect(),
        env: allowed_environment(),
        cwd: None,
    };
    // What it leaves behind is ended; what a step left behind has a name there, and lives on.
    start.env.push((OF_STEP.into(), OsString::new()));
    let marks = vec![format!("{OF_STEP}=")];
    let terms = Terms {
        stdin: None,
        output: Output::Apart,
        manner: Manner::Term,
        timeout: Some(COMMAND_TIMEOUT),
        since: Stopwatch::start(),
        grace: Duration::from_secs(1),
    };
    let mut bytes = Vec::new();
    // Its standard error is not kept: nobody could mask what it may say.
    let mut heard = |from: From, more: &[u8]| {
        if from == From::Out && bytes.len() as u64 <= LARGEST {
            bytes.extend_from_slice(more);
        }
    };
    let mut ended = |group: i32, _: Option<&Stop>| {
        tools.family.end(&marks, group, Duration::ZERO);
    };
    let gone = start
        .command()
        .and_then(|command| {
            child::run(
                command,
                &terms,
                tools.signals,
                tools.buffer,
                &mut heard,
                &mut ended,
            )
        })
        .map_err(|e| failed(start.failure(&e)))?;
    match gone.stop {
        Some(stop) if stop.timed_out => Err(failed("no answer within 30s".into())),
        Some(_) => Err(Refused::Stopped),
        None if !gone.status.success() => Err(failed(exit_words(gone.status))),
        None => text(bytes, &name).map_err(Refused::Failed),
    }
}
