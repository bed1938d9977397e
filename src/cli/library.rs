//! The library of workflows: a path, a file of this folder, an installed workflow, or one of those built into the program.

use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::out::{meant, quoted};
use crate::config::{ReadError, Settings, read_regular};

/// The limit of `workflow-language.md`.
pub(super) const LIMIT: u64 = 2 * 1024 * 1024;

/// Texts of the folder `workflows`, by their path in it.
macro_rules! texts {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../workflows/", $name, ".yaml")))),*]
    };
}

/// Built in, so that they work from anywhere.
const SHIPPED: &[(&str, &str)] = texts![
    "backup-restore-drill",
    "canary-release",
    "demand-scaling",
    "fleet-patch-and-replace",
    "hybrid-multitier-deploy",
    "quickstart",
    "region-failover",
    "rehearse-failover",
    "rehearse-restore",
];

/// Parts for other workflows, which find them as `lib/NAME.yaml` unless they have a file of that name.
const PARTS: &[(&str, &str)] = texts![
    "lib/asg-capacity",
    "lib/az-vm",
    "lib/ec2-replace",
    "lib/ec2-start",
    "lib/ec2-stop",
    "lib/gcloud-instance",
    "lib/helm-upgrade",
    "lib/kubernetes-blue-green",
    "lib/kubernetes-canary",
    "lib/node-drain",
    "lib/openstack-server",
    "lib/rds-promote",
    "lib/rds-restore",
    "lib/rds-snapshot",
    "lib/route53-shift",
    "lib/route53-weights",
    "lib/s3-sync-check",
    "lib/scale-once",
    "lib/ssh-rolling-restart",
];

/// A workflow file as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Where it is, for people: a path, or `quickstart (shipped)`.
    pub file: String,
    pub bytes: Vec<u8>,
    /// Where its sub-workflows are looked for.
    pub place: Place,
}

/// A workflow that can be named; what the picker of the home screen lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    Shipped,
}

/// Finds and reads what `text` names.
pub(super) fn open(text: &str, settings: &Settings) -> Result<Source, Failure> {
    if text.contains('\0') || text.is_empty() {
        return Err(Failure::usage(format!(
            "{} is not a file name",
            quoted(text)
        )));
    }
    let path = Path::new(text);
    if is_path(text) || path.metadata().is_ok_and(|m| !m.is_dir()) {
        return match part(text) {
            Some(part) if !path.exists() => Ok(built_in(text, part)),
            _ => read(path, text, settings),
        };
    }
    for path in named(text, settings) {
        if path.exists() {
            return read(&path, text, settings);
        }
    }
    shipped(text).ok_or_else(|| unknown(text, settings))
}

/// A part that a file of this path stands for.
pub(super) fn part(path: &str) -> Option<&'static str> {
    let name = path.strip_suffix(".yaml")?;
    let (_, text) = PARTS.iter().find(|(part, _)| *part == name)?;
    Some(text)
}

/// Every workflow that a name finds, by name; the nearest of equal names only.
pub(super) fn entries(settings: &Settings) -> Vec<Entry> {
    let mut entries = files_in(Path::new("."));
    let shipped = SHIPPED.iter().map(|(name, _)| Entry {
        name: (*name).to_owned(),
        place: Place::Shipped,
    });
    let further = files_in(&settings.config_dir.join("workflows"))
        .into_iter()
        .chain(shipped);
    for entry in further {
        if !entries.iter().any(|e| e.name == entry.name) {
            entries.push(entry);
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

/// The text of a built-in workflow.
pub(super) fn shipped(name: &str) -> Option<Source> {
    let (name, text) = SHIPPED.iter().find(|(n, _)| *n == name)?;
    Some(built_in(name, text))
}

fn built_in(name: &str, text: &str) -> Source {
    Source {
        file: format!("{name} (shipped)"),
        bytes: text.as_bytes().to_vec(),
        place: Place::Shipped,
    }
}

/// Somebody who types this as a command probably wants to run it.
pub(super) fn looks_like_workflow(text: &str) -> bool {
    has_ending(text) || shipped(text).is_some()
}

/// Whoever writes a slash or an ending means a file and nothing else.
fn is_path(text: &str) -> bool {
    text.contains('/') || has_ending(text)
}

fn has_ending(text: &str) -> bool {
    Path::new(text)
        .extension()
        .is_some_and(|e| e == "yaml" || e == "yml")
}

fn named(name: &str, settings: &Settings) -> Vec<PathBuf> {
    let folders = [PathBuf::new(), settings.config_dir.join("workflows")];
    let path = |folder: &PathBuf, ending| folder.join(format!("{name}.{ending}"));
    folders
        .iter()
        .flat_map(|f| [path(f, "yaml"), path(f, "yml")])
        .collect()
}

fn read(path: &Path, text: &str, settings: &Settings) -> Result<Source, Failure> {
    let file = path.display().to_string();
    match read_regular(path, LIMIT) {
        Ok(bytes) => Ok(Source {
            file,
            bytes,
            place: Place::File(path.to_owned()),
        }),
        Err(ReadError::Missing) => Err(unknown(text, settings)),
        Err(ReadError::TooLarge(_)) => Err(Failure::usage(format!(
            "{file} is larger than 2 MiB, the limit of a workflow file"
        ))),
        Err(error @ ReadError::NotRegular(_)) => Err(Failure::usage(format!("{file} {error}"))
            .hint("a workflow is a YAML file; see `flightdeck schema`")),
        Err(ReadError::Io(error)) => Err(Failure::storage(format!("cannot read {file}: {error}"))),
    }
}

fn unknown(text: &str, settings: &Settings) -> Failure {
    let looked_in = Path::new(text)
        .parent()
        .filter(|p| !p.as_os_str().is_empty());
    let (message, names) = if let Some(folder) = looked_in {
        let names = files_in(folder).into_iter().map(label).collect::<Vec<_>>();
        (format!("no such file: {}", quoted(text)), names)
    } else {
        let names = entries(settings).into_iter().map(label).collect();
        (format!("no such file or workflow: {}", quoted(text)), names)
    };
    let failure = Failure::usage(message);
    let stem = |name: &str| {
        name.trim_end_matches(".yaml")
            .trim_end_matches(".yml")
            .to_owned()
    };
    let stems: Vec<String> = names.iter().map(|n| stem(n)).collect();
    let wanted = stem(
        Path::new(text)
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or(text),
    );
    let near = meant(&wanted, stems.iter().map(String::as_str))
        .and_then(|m| names.iter().find(|n| stem(n) == m));
    let mut shown: Vec<&str> = names.iter().map(String::as_str).take(12).collect();
    if names.len() > shown.len() {
        shown.push("…");
    }
    match (near, shown.is_empty()) {
        (Some(name), _) => failure.hint(format!("did you mean `{name}`?")),
        (None, false) if looked_in.is_some() => {
            failure.hint(format!("in that folder: {}", shown.join(", ")))
        }
        (None, false) => failure.hint(format!("workflows: {}", shown.join(", "))),
        (None, true) => failure.hint("there is no workflow in that folder"),
    }
}

fn label(entry: Entry) -> String {
    match entry.place {
        Place::File(path) => path
            .file_name()
            .map_or(entry.name, |n| n.to_string_lossy().into_owned()),
        Place::Shipped => entry.name,
    }
}

/// Names of the YAML files of a folder.
pub(super) fn names_in(folder: &Path) -> Vec<String> {
    files_in(folder).into_iter().map(|e| e.name).collect()
}

/// Files of a folder that end as workflows do; at most 200, which is more than anyone picks from.
fn files_in(folder: &Path) -> Vec<Entry> {
    let Ok(files) = folder.read_dir() else {
        return Vec::new();
    };
    let mut entries: Vec<Entry> = files
        .flatten()
        .map(|f| f.path())
        .filter(|p| p.to_str().is_some_and(has_ending) && p.is_file())
        .filter_map(|p| {
            Some(Entry {
                name: p.file_stem()?.to_str()?.to_owned(),
                place: Place::File(p.clone()),
            })
        })
        .take(200)
        .collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}
