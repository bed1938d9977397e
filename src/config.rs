//! Flags, environment and the configuration file -> plain settings. Flags win over the environment, the environment
//! over the file, the file over the defaults.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub use keys::OwnKeys;

use crate::tui::Notify;
use crate::tui::keys::Own;
use crate::tui::theme::Surroundings;
use crate::workflow::parse_span;
use crate::yaml::{self, Mistake};

mod keys;

/// What the command line says; `None` and `false` are silence.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub state_dir: Option<PathBuf>,
    pub config: Option<PathBuf>,
    pub theme: Option<String>,
    pub ascii: bool,
    pub plain: bool,
    pub fps: Option<u16>,
    /// The profile of keys.
    pub keys: Option<String>,
    pub verbose: u8,
}

/// What holds for this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub state_dir: PathBuf,
    /// `$XDG_RUNTIME_DIR`: for sockets.
    pub runtime_dir: Option<PathBuf>,
    /// Holds `config.yaml`, `workflows/` and `themes/`.
    pub config_dir: PathBuf,
    /// `auto` unless said otherwise: chosen by what the terminal can do.
    pub theme: String,
    /// It was asked for by a flag or a variable: then one that was chosen on a screen is not gone back to.
    pub theme_asked: bool,
    /// What is known about the terminal; decides about colours and ASCII.
    pub surroundings: Surroundings,
    /// Lines instead of a screen: asked for, or the terminal is a dumb one.
    pub plain: bool,
    /// The terminal cannot show a screen.
    pub dumb: bool,
    pub fps: Option<u16>,
    /// How a person is called whom a run needs.
    pub notify: Notify,
    pub keys: OwnKeys,
    /// What `prune` may remove unless its arguments say otherwise.
    pub retention: Retention,
    /// Where the head of each run's chain is put at its end.
    pub anchor: Anchor,
    pub verbose: u8,
}

/// Places out of reach of whoever can change a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Anchor {
    /// Gets a line of JSON for each run.
    pub file: Option<PathBuf>,
    /// Gets the same by POST.
    pub url: Option<String>,
}

/// How long runs are kept. Empty: nothing is said, so nothing may go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Runs that ended longer ago may go.
    pub older_than: Option<Duration>,
    /// All but the newest so many may go.
    pub keep: Option<usize>,
}

/// `config.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    state_dir: Option<PathBuf>,
    theme: Option<String>,
    ascii: bool,
    plain: bool,
    fps: Option<u16>,
    notify: Notify,
    keys: keys::Map,
    #[serde(skip)]
    own: Vec<Own>,
    prune: PruneFile,
    anchor: Anchor,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PruneFile {
    older_than: Option<String>,
    keep: Option<usize>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("neither --state-dir, FLIGHTDECK_STATE_DIR nor HOME says where runs are kept")]
    NoHome,
    #[error("{path}: {what}")]
    File { path: PathBuf, what: String },
    #[error("prune.older_than in the settings: {0}")]
    Retention(String),
}

/// How a variable of the environment is looked up: the tests hand in their own.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Settings {
    pub fn load(flags: &Flags, environment: Environment<'_>) -> Result<Self, Error> {
        let set = |name: &str| environment(name).filter(|v| !v.is_empty());
        let config_dir = folder(&set, "XDG_CONFIG_HOME", ".config");
        let file = match (&flags.config, &config_dir) {
            (Some(path), _) => read_file(path, true)?,
            (None, Some(dir)) => read_file(&dir.join("config.yaml"), false)?,
            (None, None) => File::default(),
        };
        let state_dir = flags
            .state_dir
            .clone()
            .or_else(|| set("FLIGHTDECK_STATE_DIR").map(PathBuf::from))
            .or(file.state_dir)
            .or_else(|| folder(&set, "XDG_STATE_HOME", ".local/state"))
            .ok_or(Error::NoHome)?;
        let own = config_dir.as_ref().map(|dir| dir.join("keys.yaml"));
        let keys = keys::load(file.own, own.as_deref(), flags.keys.as_deref())?;
        let text = |name: &str| set(name).map(|v| v.to_string_lossy().into_owned());
        let dumb = text("TERM").is_some_and(|t| t == "dumb");
        Ok(Self {
            config_dir: config_dir.unwrap_or_else(|| state_dir.join("config")),
            state_dir,
            runtime_dir: set("XDG_RUNTIME_DIR")
                .map(PathBuf::from)
                .filter(|p| p.is_absolute()),
            theme_asked: flags.theme.is_some() || text("FLIGHTDECK_THEME").is_some(),
            theme: flags
                .theme
                .clone()
                .or_else(|| text("FLIGHTDECK_THEME"))
                .or(file.theme)
                .unwrap_or_else(|| "auto".to_owned()),
            surroundings: Surroundings {
                ascii: flags.ascii || file.ascii,
                no_color: text("NO_COLOR"),
                colorterm: text("COLORTERM"),
                term: text("TERM"),
                colorfgbg: text("COLORFGBG"),
                locale: text("LC_ALL")
                    .or_else(|| text("LC_CTYPE"))
                    .or_else(|| text("LANG")),
                ..Surroundings::default()
            },
            plain: flags.plain || file.plain || dumb,
            dumb,
            fps: flags.fps.or(file.fps.filter(|n| (1..=60).contains(n))),
            notify: file.notify,
            keys,
            retention: retention(&file.prune)?,
            anchor: file.anchor,
            verbose: flags.verbose,
        })
    }

    /// Only ASCII can be drawn: asked for, or the locale has no UTF-8.
    pub fn ascii(&self) -> bool {
        self.surroundings.ascii()
    }
}

fn retention(file: &PruneFile) -> Result<Retention, Error> {
    let older_than = file.older_than.as_deref().map(parse_span).transpose();
    Ok(Retention {
        older_than: older_than.map_err(|mistake| Error::Retention(mistake.to_string()))?,
        keep: file.keep,
    })
}

/// `$VARIABLE/flightdeck`, else `$HOME/FALLBACK/flightdeck`. A relative value is ignored, as the XDG rules ask; without
/// `HOME` the user database knows the home folder.
fn folder(
    set: &dyn Fn(&str) -> Option<OsString>,
    variable: &str,
    fallback: &str,
) -> Option<PathBuf> {
    let absolute = |name| set(name).map(PathBuf::from).filter(|p| p.is_absolute());
    absolute(variable)
        .or_else(|| {
            let home = absolute("HOME").or_else(|| etcetera::home_dir().ok())?;
            Some(home.join(fallback))
        })
        .map(|base| base.join("flightdeck"))
}

fn read_file(path: &Path, must_exist: bool) -> Result<File, Error> {
    let fail = |what: String| Error::File {
        path: path.to_owned(),
        what,
    };
    let bytes = match read_regular(path, 256 * 1024) {
        Ok(bytes) => bytes,
        Err(ReadError::Missing) if !must_exist => return Ok(File::default()),
        Err(error) => return Err(fail(error.to_string())),
    };
    parse(&bytes, path).map_err(fail)
}

fn parse(bytes: &[u8], path: &Path) -> Result<File, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    if text.trim().is_empty() {
        return Ok(File::default());
    }
    let read = yaml::read::<File>(text);
    match read.value {
        Some(mut file) if read.mistakes.is_empty() => {
            let (at, name) = (read.tree.root().down("keys"), path.display().to_string());
            file.own = keys::placed(&file.keys, at, text, &name);
            Ok(file)
        }
        _ => Err(told(&read.mistakes)),
    }
}

/// Mistakes of a small file in one line: `line 3: unknown field ..; line 7: ..`.
pub fn told(mistakes: &[Mistake]) -> String {
    let told = |m: &Mistake| match m.line {
        0 => m.message.clone(),
        line => format!("line {line}: {}", m.message),
    };
    mistakes.iter().map(told).collect::<Vec<_>>().join("; ")
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("no such file")]
    Missing,
    #[error("is {0}, not a regular file")]
    NotRegular(&'static str),
    #[error("is larger than {} KiB", .0 / 1024)]
    TooLarge(u64),
    #[error("{0}")]
    Io(std::io::Error),
}

/// Reads a regular file of at most `limit` bytes: a pipe, a device or a folder is refused instead of waited for.
pub fn read_regular(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = std::fs::OpenOptions::new()
        .read(true)
        // Opening a pipe that nobody writes to would wait for ever.
        .custom_flags(nonblocking)
        .open(path)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::Missing,
            _ => ReadError::Io(error),
        })?;
    read_open(file, limit)
}

/// The same for a file that has been opened, without waiting for it.
pub fn read_open(file: std::fs::File, limit: u64) -> Result<Vec<u8>, ReadError> {
    let kind = file.metadata().map_err(ReadError::Io)?.file_type();
    if !kind.is_file() {
        return Err(ReadError::NotRegular(word(kind)));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(ReadError::Io)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge(limit));
    }
    Ok(bytes)
}

fn word(kind: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(flags: &Flags, variables: &[(&str, &str)]) -> Settings {
        let lookup = |name: &str| {
            variables
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| OsString::from(v))
        };
        Settings::load(flags, &lookup).unwrap()
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_the_environment_over_the_default() {
        let home = ("HOME", "/home/ana");
        let flags = Flags {
            state_dir: Some("/flag".into()),
            ..Flags::default()
        };
        let here = ("FLIGHTDECK_STATE_DIR", "/env");
        assert_eq!(load(&flags, &[home, here]).state_dir, Path::new("/flag"));
        let silent = Flags::default();
        assert_eq!(load(&silent, &[home, here]).state_dir, Path::new("/env"));
        let default = load(&silent, &[home]).state_dir;
        assert_eq!(default, Path::new("/home/ana/.local/state/flightdeck"));
        let empty = ("FLIGHTDECK_STATE_DIR", "");
        assert_eq!(load(&silent, &[home, empty]).state_dir, default);
        let xdg = ("XDG_STATE_HOME", "/x");
        assert_eq!(
            load(&silent, &[home, xdg]).state_dir,
            Path::new("/x/flightdeck")
        );
    }

    #[test]
    fn the_locale_decides_about_ascii_and_the_terminal_about_plain() {
        let home = ("HOME", "/home/ana");
        let ascii = |variables: &[(&str, &str)]| load(&Flags::default(), variables).ascii();
        assert!(ascii(&[home, ("LANG", "C")]));
        assert!(ascii(&[home]));
        assert!(!ascii(&[home, ("LANG", "C.UTF-8")]));
        assert!(ascii(&[home, ("LANG", "C.UTF-8"), ("LC_ALL", "POSIX")]));
        assert!(load(&Flags::default(), &[home, ("TERM", "dumb")]).plain);
        let quiet = load(&Flags::default(), &[home, ("NO_COLOR", "1")]).surroundings;
        assert_eq!(quiet.theme("dark"), "mono");
    }

    #[test]
    fn only_a_regular_file_of_bounded_size_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read_regular(&file, 5).unwrap(), b"12345");
        let text = |path: &Path, limit| read_regular(path, limit).unwrap_err().to_string();
        assert_eq!(text(&file, 4), "is larger than 0 KiB");
        assert_eq!(text(dir.path(), 9), "is a folder, not a regular file");
        let zero = Path::new("/dev/zero");
        assert_eq!(text(zero, 9), "is a device, not a regular file");
        assert_eq!(text(&dir.path().join("none"), 9), "no such file");
    }
}
