//! Themes: those of the user's own files in front of the built-in ones, as this terminal can show them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Mutex;

use super::exit::Failure;
use super::library;
use crate::config::{ReadError, Settings, read_regular};
use crate::tui::Themes;
use crate::tui::theme::{self, Mistake, Surroundings, Theme};

/// A theme file is a page at most.
const SIZE_MAX: u64 = 64 * 1024;
/// As editors name YAML files.
const ENDINGS: [&str; 2] = ["yaml", "yml"];

/// What the terminal has told of its background: each screen of this process would ask again.
static LIGHT: Mutex<Option<bool>> = Mutex::new(None);

#[derive(Debug)]
pub(super) struct ThemeFiles {
    wanted: String,
    folder: PathBuf,
    around: Surroundings,
}

impl ThemeFiles {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            wanted: settings.theme.clone(),
            folder: settings.config_dir.join("themes"),
            around: settings.surroundings.clone(),
        }
    }

    /// Another one is worn first than the settings say.
    #[must_use]
    pub(super) fn wanting(self, name: &str) -> Self {
        Self {
            wanted: name.to_owned(),
            ..self
        }
    }

    /// A theme that was asked for on the command line or in the settings.
    pub(super) fn wear(&self, name: &str) -> Result<Theme, Failure> {
        self.load(name).map_err(|mistakes| {
            let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            Failure::usage(format!("theme {name}: {}", told.join("; ")))
                .hint("`flightdeck themes` lists the themes")
        })
    }

    fn around(&self) -> Surroundings {
        let light = *LIGHT
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Surroundings {
            light_background: self.around.light_background.or(light),
            ..self.around.clone()
        }
    }

    /// Names of the user's own themes.
    pub(super) fn own(&self) -> Vec<String> {
        library::names_in(&self.folder)
    }

    fn paths(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        // A name is no path: `../x` is looked for nowhere.
        let plain = !name.contains('/') && !name.starts_with('.');
        let endings = ENDINGS.iter().filter(move |_| plain);
        endings.map(move |ending| self.folder.join(format!("{name}.{ending}")))
    }

    /// The text of the user's file of this name. One that is there but cannot be read is a mistake of the theme: the
    /// built-in one of that name is not what the person wants.
    fn text(&self, name: &str) -> Option<Result<String, String>> {
        let read = |path: PathBuf| match read_regular(&path, SIZE_MAX) {
            Ok(bytes) => Some(Ok(String::from_utf8_lossy(&bytes).into_owned())),
            Err(ReadError::Missing) => None,
            // No folder of themes, but a file.
            Err(ReadError::Io(error)) if error.kind() == ErrorKind::NotADirectory => None,
            Err(ReadError::Io(error)) => {
                Some(Err(format!("cannot read {}: {error}", path.display())))
            }
            Err(error) => Some(Err(format!("{} {error}", path.display()))),
        };
        self.paths(name).find_map(read)
    }
}

impl Themes for ThemeFiles {
    fn wanted(&self) -> String {
        self.wanted.clone()
    }

    fn names(&self) -> Vec<String> {
        let own = self.own();
        let built_in = theme::BUILT_IN.iter().map(|(name, _)| (*name).to_owned());
        let built_in = built_in.filter(|name| !own.contains(name));
        own.iter().cloned().chain(built_in).collect()
    }

    fn load(&self, name: &str) -> Result<Theme, Vec<Mistake>> {
        theme::load_for(&self.around(), name, &|name| self.text(name))
    }

    fn files(&self, name: &str) -> Vec<PathBuf> {
        let names = theme::names_behind(&self.around(), name, &|name| self.text(name));
        names.iter().flat_map(|name| self.paths(name)).collect()
    }

    fn stamp(&self, files: &[PathBuf]) -> u64 {
        let mut hasher = DefaultHasher::new();
        for path in files {
            if let Ok(file) = path.metadata() {
                (path, file.modified().ok(), file.len()).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    fn asks_background(&self) -> bool {
        self.wanted == "auto" && {
            let light = |light| Surroundings {
                light_background: Some(light),
                ..self.around()
            };
            self.around().light_background.is_none()
                && light(true).theme("auto") != light(false).theme("auto")
        }
    }

    fn learn(&self, light: bool) {
        *LIGHT
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(light);
    }
}
