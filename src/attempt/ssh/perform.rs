//! An `ssh` attempt: files there, the command, files back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::super::clock::Stopwatch;
use super::super::log::Log;
use super::super::outputs::FILE_MAX;
use super::super::pipe::Buffer;
use super::super::secrets::{Known, Values};
use super::super::signals::Signals;
use super::super::start::ours;
use super::copy;
use super::errand::{Errand, Verdict};
use super::far::Far;
use super::room::Room;
use super::script::{Script, exports};
use super::settle::Unsettled;
use super::verdict;
use crate::id::{Role, hex};
use crate::run::{Ended, Outcome, Spec};
use crate::workflow::{Call, Filled, OutputFrom, SshDoc, Tree};

/// What it takes to perform it.
pub(in super::super) struct Tools<'a> {
    pub(in super::super) signals: &'a Signals,
    pub(in super::super) buffer: &'a mut Buffer,
    pub(in super::super) known: &'a Known,
    pub(in super::super) values: &'a Values,
    /// A folder that is this run's alone.
    pub(in super::super) home: &'a Path,
}

/// Everything filled in.
struct Prepared {
    ask: SshDoc,
    far: Far,
    env: Vec<(String, String)>,
    name: String,
}

/// Performs it to its end. What the far end still keeps is to be settled once that is written down.
pub(in super::super) fn perform(
    spec: &Spec,
    call: &Call<Filled>,
    tools: Tools<'_>,
    log: &mut Log<'_>,
    since: Stopwatch,
) -> (Ended, Option<Unsettled>) {
    let Tools {
        signals,
        buffer,
        known,
        values,
        home,
    } = tools;
    let prepared = match prepare(spec, call, values, home) {
        Ok(prepared) => prepared,
        Err(why) => return (Ended::new(Outcome::Failed, why), None),
    };
    let Prepared {
        ask,
        far,
        env,
        name,
    } = prepared;
    let mut room = Room {
        spec,
        ask: &ask,
        far: &far,
        name: &name,
        known,
        signals,
        buffer,
        log,
        since,
    };
    for file in ask.upload.iter().flatten() {
        if let Err(end) = copy::put(&mut room, file) {
            return (*end, None);
        }
    }
    let mut end = Ended::new(Outcome::Succeeded, "");
    let mut unsettled = None;
    if ask.run.is_some() || ask.argv.is_some() {
        let (go, joint) = go(&room, &env);
        let again = go.clone().with("op", "again");
        let mut report = Errand::new(&mut room, go, joint).run();
        end = verdict::ended(&room, &report);
        if matches!(report.verdict, Verdict::Ended(_)) {
            unsettled = Some((report.link.take(), again));
        }
    }
    if end.outcome == Outcome::Succeeded {
        for file in ask.download.iter().flatten() {
            if let Err(lost) = copy::get(&mut room, file) {
                let message = format!("the command succeeded, but {}", lost.message);
                end = Ended { message, ..*lost };
                break;
            }
        }
    }
    let again = unsettled.map(|(link, again)| Unsettled::new(far, link, again.bytes()));
    (end, again)
}

fn prepare(
    spec: &Spec,
    call: &Call<Filled>,
    values: &Values,
    home: &Path,
) -> Result<Prepared, String> {
    no_secret_arguments(&call.ask)?;
    let ask = values.fill_tree(&call.ask)?;
    let ask: SshDoc =
        serde_json::from_value(ask).map_err(|e| format!("it cannot be asked: {e}"))?;
    let texts = ask.run.iter().chain(&ask.stdin);
    let texts = texts.chain(ask.argv.iter().flatten());
    let env = spec.env.iter();
    let env: Vec<(String, String)> = env
        .map(|(name, text)| Ok((name.clone(), values.fill(text)?)))
        .collect::<Result<_, String>>()?;
    if texts
        .chain(env.iter().map(|(_, v)| v))
        .any(|t| t.contains('\0'))
    {
        return Err("a NUL character in its arguments, environment or input".to_owned());
    }
    Ok(Prepared {
        far: Far::new(&ask, &spec.secrets)?,
        name: name(spec, home),
        ask,
        env,
    })
}

/// A secret may come in by the environment and by standard input only: arguments can be read by every user there.
fn no_secret_arguments(ask: &Tree<Filled>) -> Result<(), String> {
    for (key, value) in ask.entries().iter().filter(|(key, _)| key != "stdin") {
        if value.has_secret() {
            return Err(format!(
                "{key}: a secret may not be an argument, which every user of a machine can read: pass it by `env` or `stdin`"
            ));
        }
    }
    Ok(())
}

/// What its folder is called at the far end: readable, and no other run, step or machine has the same.
fn name(spec: &Spec, home: &Path) -> String {
    let mut digest = Sha256::new();
    let role = format!("{:?}", spec.attempt.role);
    for text in [spec.run.as_str(), spec.attempt.step.as_str(), &role] {
        digest.update(text);
        digest.update([0]);
    }
    digest.update(home.as_os_str().as_bytes());
    digest.update(fs::read("/etc/machine-id").unwrap_or_default());
    // A later run may have the same name in the same place.
    if let Ok(meta) = fs::metadata(home) {
        digest.update(meta.ino().to_le_bytes());
        digest.update(format!("{:?}", meta.created().ok()));
    }
    let good = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let readable = format!("{}-{}", spec.run, spec.attempt.step);
    let readable: String = readable
        .chars()
        .map(|c| if good(c) { c } else { '-' })
        .take(100)
        .collect();
    format!("{readable}-{}", &hex(&digest.finalize())[..16])
}

/// What starts the command at the far end, and whether both its streams are one.
fn go(room: &Room<'_, '_>, env: &[(String, String)]) -> (Script, bool) {
    let ask = room.ask;
    let joint = room
        .spec
        .outputs
        .iter()
        .all(|o| matches!(o.from, OutputFrom::File));
    let words: Vec<&str> = match (&ask.run, &ask.argv) {
        (Some(run), _) => vec!["/bin/sh", "-e", "-c", run],
        (None, argv) => argv.iter().flatten().map(String::as_str).collect(),
    };
    // Later wins.
    let declared: BTreeMap<&str, &str> = env
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let stdin = ask.stdin.as_deref().unwrap_or_default();
    let told = ours(room.spec);
    let told = told.iter().map(|(name, value)| (*name, value.as_str()));
    let all = declared.iter().map(|(name, value)| (*name, *value));
    let adopts = room.spec.attempt.role == Role::Act;
    let script = Script::default()
        .with("name", room.name)
        .with("n", &room.spec.attempt.n.to_string())
        .with("adopt", if adopts { "yes" } else { "" })
        .with("digest", &digest(&words, &declared, stdin))
        .with("outputs_max", &(FILE_MAX + 1).to_string())
        .with("joint", if joint { "yes" } else { "" })
        .with("input", stdin)
        .with("env", &exports(all.chain(told)))
        .arguments(words.into_iter());
    (script, joint)
}

/// Tells whether an earlier attempt was the same.
fn digest(words: &[&str], env: &BTreeMap<&str, &str>, stdin: &str) -> String {
    let mut digest = Sha256::new();
    let env = env.iter().flat_map(|(name, value)| [*name, *value]);
    let all = words.iter().copied().chain([stdin, ""]).chain(env);
    for text in all {
        digest.update(text.len().to_le_bytes());
        digest.update(text);
    }
    hex(&digest.finalize())
}
