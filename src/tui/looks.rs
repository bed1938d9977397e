//! Which theme the screen wears: chosen by name, read anew when its file was saved, fitted to the background that the
//! terminal tells of. On a thread of its own, since files may be slow; the loop hears what has become of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

use super::theme::{Mistake, Theme};

/// How often the files behind the theme are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// An editor that empties a file and then fills it is not read in between.
const SETTLE: Duration = Duration::from_millis(50);
/// One that is written without end is read all the same after so many looks.
const SETTLES_MAX: usize = 20;
/// What may wait: key presses while a file is slow, and news while the screen is suspended.
const WAITING_MAX: usize = 16;

/// What the floor above knows of themes and of the terminal.
pub trait Themes: Send + Sync {
    /// The one that was asked for; it may stand for another one, as `auto` does.
    fn wanted(&self) -> String;
    /// In the order in which the screen offers them.
    fn names(&self) -> Vec<String>;
    /// The theme as this terminal can show it.
    fn load(&self, name: &str) -> Result<Theme, Vec<Mistake>>;
    /// The user's files that a theme is made of, also those that could be there.
    fn files(&self, name: &str) -> Vec<PathBuf>;
    /// Differs once one of these was saved. Opens nothing.
    fn stamp(&self, files: &[PathBuf]) -> u64;
    /// It is not known whether the background is light, and it matters.
    fn asks_background(&self) -> bool;
    /// The terminal has told.
    fn learn(&self, light: bool);
}

/// One theme for good: no files, and no terminal that could be asked.
#[derive(Debug)]
pub struct OneTheme(pub Theme);

impl Themes for OneTheme {
    fn wanted(&self) -> String {
        self.0.name.clone()
    }

    fn names(&self) -> Vec<String> {
        vec![self.0.name.clone()]
    }

    fn load(&self, _: &str) -> Result<Theme, Vec<Mistake>> {
        Ok(self.0.clone())
    }

    fn files(&self, _: &str) -> Vec<PathBuf> {
        Vec::new()
    }

    fn stamp(&self, _: &[PathBuf]) -> u64 {
        0
    }

    fn asks_background(&self) -> bool {
        false
    }

    fn learn(&self, _: bool) {}
}

/// Which theme the person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Next,
    Named(String),
    /// The same, read anew.
    Again,
}

#[derive(Debug)]
enum Ask {
    Wanted(Wanted),
    Background(bool),
}

/// What has become of it.
#[derive(Debug)]
pub(super) enum News {
    /// Wear this.
    Theme {
        theme: Box<Theme>,
        /// The name that the person chose it by: `auto` stays `auto`, whatever it is here.
        chosen: Option<String>,
        /// A word about it, unless nobody asked.
        told: Option<String>,
    },
    /// The theme stays as it was: why.
    Failed(String),
}

#[derive(Debug)]
pub(super) struct Looks {
    asks: SyncSender<Ask>,
    pub(super) news: mpsc::Receiver<News>,
}

impl Looks {
    /// The thread ends with what this returns.
    pub(super) fn new(themes: Arc<dyn Themes>) -> Self {
        let (asks, asked) = sync_channel(WAITING_MAX);
        let (tell, news) = mpsc::channel(WAITING_MAX);
        let work = move || Wardrobe::new(themes, tell).serve(&asked);
        if let Err(error) = thread::Builder::new().name("themes".into()).spawn(work) {
            tracing::error!("cannot start a thread for themes: {error}");
        }
        Self { asks, news }
    }

    pub(super) fn want(&self, wanted: Wanted) {
        // Without the thread the theme stays as it is; behind so many that wait, one more is not missed.
        _ = self.asks.try_send(Ask::Wanted(wanted));
    }

    /// Whom the terminal's answer about its background is told.
    pub(super) fn background(&self) -> impl FnMut(bool) + Clone + Unpin + use<> {
        let asks = self.asks.clone();
        move |light| _ = asks.try_send(Ask::Background(light))
    }
}

struct Wardrobe {
    themes: Arc<dyn Themes>,
    tell: mpsc::Sender<News>,
    worn: String,
    /// What `worn` stands for.
    shown: String,
    /// The files behind it, and how they were last seen.
    files: Vec<PathBuf>,
    stamp: u64,
}

impl Wardrobe {
    fn new(themes: Arc<dyn Themes>, tell: mpsc::Sender<News>) -> Self {
        let worn = themes.wanted();
        let shown = themes.load(&worn).map_or(worn.clone(), |theme| theme.name);
        let files = themes.files(&worn);
        Self {
            stamp: themes.stamp(&files),
            files,
            themes,
            tell,
            worn,
            shown,
        }
    }

    fn serve(mut self, asked: &Receiver<Ask>) {
        loop {
            match asked.recv_timeout(LOOK) {
                Ok(Ask::Wanted(Wanted::Next)) => self.next(),
                Ok(Ask::Wanted(Wanted::Named(name))) => self.wear(&self.meant(name), true),
                Ok(Ask::Wanted(Wanted::Again)) => self.wear(&self.worn.clone(), false),
                Ok(Ask::Background(light)) => self.learn(light),
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// The beginning of a name is enough, if it is that of one only.
    fn meant(&self, typed: String) -> String {
        let names = self.themes.names();
        let mut fits = names.iter().filter(|name| name.starts_with(&typed));
        match (fits.next(), fits.next()) {
            (Some(name), None) => name.clone(),
            _ => typed,
        }
    }

    /// One that the person chose, or what is worn once more.
    fn wear(&mut self, name: &str, chosen: bool) {
        let files = self.themes.files(name);
        let stamp = self.themes.stamp(&files);
        let loaded = self.themes.load(name);
        if loaded.is_ok() || name == self.worn {
            (self.files, self.stamp) = (files, stamp);
        }
        match loaded {
            Ok(theme) => {
                let word = if chosen { "theme" } else { "read anew: theme" };
                let told = if theme.name == name {
                    format!("{word} {name}")
                } else {
                    format!("{word} {name}, which is {} here", theme.name)
                };
                (self.worn, self.shown) = (name.to_owned(), theme.name.clone());
                self.say(News::Theme {
                    theme: Box::new(theme),
                    chosen: chosen.then(|| name.to_owned()),
                    told: Some(told),
                });
            }
            Err(mistakes) => self.say(News::Failed(told(&mistakes))),
        }
    }

    /// The next one that is in order and looks different.
    fn next(&mut self) {
        let names = self.themes.names();
        let here = names.iter().position(|name| *name == self.worn);
        let from = here.map_or(0, |at| at + 1);
        let order = (0..names.len()).map(|n| &names[(from + n) % names.len()]);
        let other = |name: &&String| {
            let theme = self.themes.load(name);
            theme.is_ok_and(|theme| theme.name != self.shown)
        };
        match order.clone().find(other) {
            Some(name) => self.wear(name, true),
            None => self.say(News::Failed(format!(
                "theme {} is all that this terminal can show",
                self.shown
            ))),
        }
    }

    fn learn(&mut self, light: bool) {
        self.themes.learn(light);
        let Ok(theme) = self.themes.load(&self.worn) else {
            return;
        };
        if theme.name != self.shown {
            self.shown.clone_from(&theme.name);
            self.files = self.themes.files(&self.worn);
            self.stamp = self.themes.stamp(&self.files);
            self.say(News::Theme {
                theme: Box::new(theme),
                chosen: None,
                told: None,
            });
        }
    }

    /// A saved file is worn at once; one with a mistake is told of.
    fn look(&mut self) {
        let mut stamp = self.themes.stamp(&self.files);
        if stamp == self.stamp {
            return;
        }
        for _ in 0..SETTLES_MAX {
            thread::sleep(SETTLE);
            let now = self.themes.stamp(&self.files);
            if now == stamp {
                break;
            }
            stamp = now;
        }
        self.wear(&self.worn.clone(), false);
    }

    fn say(&self, news: News) {
        // Nobody listens once the screen is gone; then the next ask ends the thread.
        _ = self.tell.blocking_send(news);
    }
}

/// The first mistake, and how many more there are.
fn told(mistakes: &[Mistake]) -> String {
    let first = mistakes
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    match mistakes.len() {
        0 | 1 => format!("{first}; the theme stays as it was"),
        n => format!("{first} (and {} more); the theme stays as it was", n - 1),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::tui::theme::{Surroundings, load_for};

    /// Files in memory.
    struct Folder {
        file: Mutex<(u64, String)>,
        around: Mutex<Surroundings>,
    }

    impl Themes for Folder {
        fn wanted(&self) -> String {
            "auto".into()
        }

        fn names(&self) -> Vec<String> {
            ["mine", "auto", "dark", "mono"].map(str::to_owned).into()
        }

        fn load(&self, name: &str) -> Result<Theme, Vec<Mistake>> {
            let file = self.file.lock().unwrap();
            let user = |name: &str| (name == "mine").then(|| Ok(file.1.clone()));
            load_for(&self.around.lock().unwrap(), name, &user)
        }

        fn files(&self, _: &str) -> Vec<PathBuf> {
            Vec::new()
        }

        fn stamp(&self, _: &[PathBuf]) -> u64 {
            self.file.lock().unwrap().0
        }

        fn asks_background(&self) -> bool {
            true
        }

        fn learn(&self, light: bool) {
            self.around.lock().unwrap().light_background = Some(light);
        }
    }

    fn folder() -> Arc<Folder> {
        Arc::new(Folder {
            file: Mutex::new((1, "extends: dark".into())),
            around: Mutex::new(Surroundings {
                term: Some("xterm-256color".into()),
                locale: Some("C.UTF-8".into()),
                ..Surroundings::default()
            }),
        })
    }

    fn news(looks: &mut Looks) -> (String, String) {
        match looks.news.blocking_recv().expect("the thread lives") {
            News::Theme { theme, told, .. } => (theme.name, told.unwrap_or_default()),
            News::Failed(why) => (String::new(), why),
        }
    }

    #[test]
    fn themes_are_chosen_by_name_and_in_turn() {
        let mut looks = Looks::new(folder());
        let mut check = |wanted: Wanted, name: &str, told: &str| {
            looks.want(wanted);
            assert_eq!(news(&mut looks), (name.to_owned(), told.to_owned()));
        };
        // `auto` and `dark` are one here.
        check(Wanted::Next, "mono", "theme mono");
        check(Wanted::Next, "mine", "theme mine");
        check(Wanted::Next, "dark", "theme auto, which is dark here");
        check(Wanted::Named("mi".into()), "mine", "theme mine");
        check(Wanted::Again, "mine", "read anew: theme mine");
        let why = "mien.yaml: unknown theme \"mien\"; the theme stays as it was";
        check(Wanted::Named("mien".into()), "", why);
        check(Wanted::Again, "mine", "read anew: theme mine");
    }

    #[test]
    fn what_is_told_to_be_chosen_is_the_name_that_was_asked_for() {
        let mut looks = Looks::new(folder());
        let mut check = |wanted: Wanted, expected: Option<&str>| {
            looks.want(wanted);
            match looks.news.blocking_recv() {
                Some(News::Theme { chosen, .. }) => assert_eq!(chosen.as_deref(), expected),
                other => panic!("{other:?}"),
            }
        };
        // `auto` is `dark` here, and the next screen shall ask for the background all the same.
        check(Wanted::Named("dark".into()), Some("dark"));
        check(Wanted::Named("auto".into()), Some("auto"));
        check(Wanted::Again, None);
    }

    #[test]
    fn the_background_changes_what_auto_is() {
        let mut looks = Looks::new(folder());
        let mut learn = looks.background();
        learn(false);
        learn(true);
        assert_eq!(news(&mut looks), ("light".into(), String::new()));
    }

    /// A folder whose file is never twice the same.
    struct Restless(Arc<Folder>);

    impl Themes for Restless {
        fn wanted(&self) -> String {
            "mine".into()
        }

        fn names(&self) -> Vec<String> {
            self.0.names()
        }

        fn load(&self, name: &str) -> Result<Theme, Vec<Mistake>> {
            self.0.load(name)
        }

        fn files(&self, name: &str) -> Vec<PathBuf> {
            self.0.files(name)
        }

        fn stamp(&self, _: &[PathBuf]) -> u64 {
            let mut file = self.0.file.lock().unwrap();
            file.0 += 1;
            file.0
        }

        fn asks_background(&self) -> bool {
            false
        }

        fn learn(&self, _: bool) {}
    }

    #[test]
    fn a_file_that_never_rests_is_read_all_the_same() {
        let mut looks = Looks::new(Arc::new(Restless(folder())));
        assert_eq!(news(&mut looks).1, "read anew: theme mine");
    }

    #[test]
    fn a_saved_file_is_worn_and_a_mistake_keeps_what_was_worn() {
        let folder = folder();
        let mut looks = Looks::new(Arc::clone(&folder) as Arc<dyn Themes>);
        looks.want(Wanted::Named("mine".into()));
        news(&mut looks);
        *folder.file.lock().unwrap() = (2, "extends: dark\nroles:\n  acent: {fg: red}\n".into());
        let (name, why) = news(&mut looks);
        assert_eq!(name, "");
        assert_eq!(
            why,
            "mine.yaml:3:3: unknown role \"acent\", did you mean \"accent\"?; the theme stays as it was"
        );
        *folder.file.lock().unwrap() = (3, "extends: light".into());
        assert_eq!(news(&mut looks).1, "read anew: theme mine");
    }
}
