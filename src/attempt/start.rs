//! From a specification to a process that is about to start: its program, its environment, its folder.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Access, access};

use crate::run::Spec;

/// Whose process it is.
pub(super) const OF_STEP: &str = "FLIGHTDECK_STEP_ID";

/// All that it takes to start a program.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    pub(super) argv: Vec<OsString>,
    /// The whole environment, in order; later wins.
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) cwd: Option<PathBuf>,
}

/// The part of our own environment that every step gets.
pub(super) fn allowed_environment() -> Vec<(OsString, OsString)> {
    let inherited = ["PATH", "HOME", "LANG", "TZ"]
        .into_iter()
        .filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
    inherited.chain([("TERM".into(), "dumb".into())]).collect()
}

/// What every program of an attempt is told of it. The first three are the same for no other attempt.
pub(super) fn ours(spec: &Spec) -> [(&'static str, String); 5] {
    [
        ("FLIGHTDECK_RUN_ID", spec.run.as_str().to_owned()),
        (OF_STEP, spec.attempt.step.as_str().to_owned()),
        ("FLIGHTDECK_ATTEMPT", spec.attempt.n.to_string()),
        ("FLIGHTDECK_IDEMPOTENCY_KEY", spec.idempotency_key.clone()),
        ("FLIGHTDECK_RUN_KIND", spec.kind.clone()),
    ]
}

/// By these its programs are told from those of other attempts.
pub(super) fn marks(spec: &Spec) -> Vec<String> {
    let ours = ours(spec);
    ours[..3].iter().map(|(k, v)| format!("{k}={v}")).collect()
}

impl Start {
    /// As a command without standard streams yet. In its own process group, and in a form that std starts by `posix_spawn`:
    /// a fork would copy the page tables, and a bare program name with a changed PATH would force one.
    pub(super) fn command(&self) -> io::Result<Command> {
        let nul = |text: &OsStr| text.as_bytes().contains(&0);
        if self.argv.iter().any(|a| nul(a)) || self.env.iter().any(|(k, v)| nul(k) || nul(v)) {
            return Err(io::Error::other(
                "a NUL character in its arguments or environment",
            ));
        }
        let Some(name) = self.argv.first() else {
            return Err(io::Error::other("it names no program"));
        };
        let mut command = Command::new(self.find(name)?);
        command.arg0(name).args(&self.argv[1..]);
        command.env_clear().process_group(0);
        for (key, value) in &self.env {
            command.env(key, value);
        }
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        Ok(command)
    }

    /// What stands behind `error`, in words that say what to look at.
    pub(super) fn failure(&self, error: &io::Error) -> String {
        let name = self.argv.first().map(|n| n.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let reason = match &self.cwd {
            Some(cwd) if !cwd.is_dir() => {
                format!("its working directory {} does not exist", cwd.display())
            }
            _ if error.kind() == io::ErrorKind::NotFound && self.exists(&name) => {
                "the interpreter that its first line names does not exist".to_owned()
            }
            _ => plain(error),
        };
        format!("could not start {name}: {reason}")
    }

    fn exists(&self, name: &str) -> bool {
        let path = self.cwd.as_ref().map_or(name.into(), |cwd| cwd.join(name));
        name.contains('/') && path.exists()
    }

    /// A bare name is looked up in the PATH that the step will see.
    fn find(&self, name: &OsStr) -> io::Result<PathBuf> {
        if name.as_bytes().contains(&b'/') {
            return Ok(name.into());
        }
        let path = self.env.iter().rev().find(|(key, _)| key == "PATH");
        let path = path.map_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"), |(_, v)| v);
        let mut refused = io::ErrorKind::NotFound;
        for folder in std::env::split_paths(path) {
            let candidate = folder.join(name);
            if is_program(&candidate) {
                return Ok(candidate);
            }
            if candidate.is_file() {
                refused = io::ErrorKind::PermissionDenied;
            }
        }
        Err(match refused {
            io::ErrorKind::NotFound => rustix::io::Errno::NOENT.into(),
            _ => rustix::io::Errno::ACCESS.into(),
        })
    }
}

/// The operating system's words without its number.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

fn is_program(path: &Path) -> bool {
    access(path, Access::EXEC_OK).is_ok() && path.is_file()
}
