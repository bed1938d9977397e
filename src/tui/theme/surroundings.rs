//! Which theme, how many colours and which characters a terminal gets, decided from what its environment says.

use super::colour::Depth;

/// What the operator asked for: `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    #[default]
    Auto,
    Never,
    Ansi16,
    Ansi256,
    TrueColor,
}

/// What is known about the terminal: flags and the values of variables, handed in by the door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub colour: Choice,
    /// `--ascii`.
    pub ascii: bool,
    pub no_color: Option<String>,
    pub colorterm: Option<String>,
    pub term: Option<String>,
    pub colorfgbg: Option<String>,
    /// The first that is set and not empty of `LC_ALL`, `LC_CTYPE`, `LANG`.
    pub locale: Option<String>,
    /// The terminal's own answer about its background, if it was asked.
    pub light_background: Option<bool>,
}

impl Surroundings {
    /// How many colours there are: the flag, then `NO_COLOR`, `COLORTERM`, `TERM`.
    pub fn depth(&self) -> Depth {
        match self.colour {
            Choice::Never => return Depth::None,
            Choice::Ansi16 => return Depth::Ansi16,
            Choice::Ansi256 => return Depth::Ansi256,
            Choice::TrueColor => return Depth::TrueColor,
            Choice::Auto => {}
        }
        let term = self.term.as_deref().unwrap_or_default();
        let colorterm = self.colorterm.as_deref().unwrap_or_default();
        let said_no = self.no_color.as_deref().is_some_and(|v| !v.is_empty());
        let monochrome = matches!(term, "" | "dumb" | "vt52" | "vt100" | "vt102" | "vt220")
            || term.ends_with("-m")
            || term.ends_with("-mono");
        if said_no || monochrome {
            Depth::None
        } else if matches!(colorterm, "truecolor" | "24bit") || term.ends_with("-direct") {
            Depth::TrueColor
        } else if term.contains("256color") || knows_256(term) {
            Depth::Ansi256
        } else {
            Depth::Ansi16
        }
    }

    /// The theme that stands behind a name: `auto` picks by colours and background, other names stay.
    pub fn theme<'a>(&self, wanted: &'a str) -> &'a str {
        match (wanted, self.depth()) {
            (_, Depth::None) => "mono",
            ("auto", Depth::Ansi16) => "ansi16",
            ("auto", _) if self.light() => "light",
            ("auto", _) => "dark",
            (name, _) => name,
        }
    }

    /// Whether only ASCII can be drawn: asked for, no UTF-8 locale, or one where box lines are two columns wide.
    pub fn ascii(&self) -> bool {
        let Some(locale) = &self.locale else {
            return true;
        };
        let lower = locale.to_ascii_lowercase();
        let utf8 = lower.contains("utf-8") || lower.contains("utf8");
        let wide_lines = ["zh", "ja", "ko"].iter().any(|l| lower.starts_with(l));
        let console = self.term.as_deref() == Some("linux");
        self.ascii || !utf8 || wide_lines || console
    }

    fn light(&self) -> bool {
        self.light_background.unwrap_or_else(|| {
            // `COLORFGBG=0;15`: the last part is the background; 7 and 9 to 15 are light.
            let background = self.colorfgbg.as_deref().and_then(|v| v.rsplit(';').next());
            matches!(background.map(str::parse::<u8>), Some(Ok(7 | 9..=15)))
        })
    }
}

/// Terminals of today that do not say `256color` in `TERM`.
fn knows_256(term: &str) -> bool {
    [
        "alacritty",
        "kitty",
        "foot",
        "ghostty",
        "wezterm",
        "contour",
    ]
    .iter()
    .any(|name| term.contains(name))
}
