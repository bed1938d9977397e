//! The theme itself: a style for each role, a look for each status, a set of line glyphs.

use ratatui::style::Style;

use super::colour::{self, Depth};
use super::lines::Lines;
use super::status::{Look, Status};

/// What a piece of the screen is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Text,
    Muted,
    Accent,
    Title,
    Border,
    BorderFocus,
    Selection,
    Match,
    MatchCurrent,
    EnvProd,
    EnvOther,
    Paused,
    Danger,
    Gate,
    Rail,
    RailCritical,
    BarActual,
    BarOver,
    BarForecast,
    BarNow,
    LogError,
    LogWarn,
    LogTime,
    StepA,
    StepB,
    StepC,
    StepD,
    Key,
    Field,
    FieldFocus,
    Dialog,
    ToastError,
    ToastWarn,
    ToastInfo,
}

impl Role {
    pub const ALL: [Self; 34] = [
        Self::Text,
        Self::Muted,
        Self::Accent,
        Self::Title,
        Self::Border,
        Self::BorderFocus,
        Self::Selection,
        Self::Match,
        Self::MatchCurrent,
        Self::EnvProd,
        Self::EnvOther,
        Self::Paused,
        Self::Danger,
        Self::Gate,
        Self::Rail,
        Self::RailCritical,
        Self::BarActual,
        Self::BarOver,
        Self::BarForecast,
        Self::BarNow,
        Self::LogError,
        Self::LogWarn,
        Self::LogTime,
        Self::StepA,
        Self::StepB,
        Self::StepC,
        Self::StepD,
        Self::Key,
        Self::Field,
        Self::FieldFocus,
        Self::Dialog,
        Self::ToastError,
        Self::ToastWarn,
        Self::ToastInfo,
    ];

    /// Names of steps in front of their lines take these in turn, so that neighbours differ.
    pub const STEPS: [Self; 4] = [Self::StepA, Self::StepB, Self::StepC, Self::StepD];

    /// Its key in a theme file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Muted => "muted",
            Self::Accent => "accent",
            Self::Title => "title",
            Self::Border => "border",
            Self::BorderFocus => "border_focus",
            Self::Selection => "selection",
            Self::Match => "match",
            Self::MatchCurrent => "match_current",
            Self::EnvProd => "env_prod",
            Self::EnvOther => "env_other",
            Self::Paused => "paused",
            Self::Danger => "danger",
            Self::Gate => "gate",
            Self::Rail => "rail",
            Self::RailCritical => "rail_critical",
            Self::BarActual => "bar_actual",
            Self::BarOver => "bar_over",
            Self::BarForecast => "bar_forecast",
            Self::BarNow => "bar_now",
            Self::LogError => "log_error",
            Self::LogWarn => "log_warn",
            Self::LogTime => "log_time",
            Self::StepA => "step_a",
            Self::StepB => "step_b",
            Self::StepC => "step_c",
            Self::StepD => "step_d",
            Self::Key => "key",
            Self::Field => "field",
            Self::FieldFocus => "field_focus",
            Self::Dialog => "dialog",
            Self::ToastError => "toast_error",
            Self::ToastWarn => "toast_warn",
            Self::ToastInfo => "toast_info",
        }
    }
}

/// A look for everything on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    pub name: String,
    /// Draw with ASCII characters only.
    pub ascii: bool,
    /// What the terminal can show; styles are already downgraded to it. Log colours still need `Depth::fit`.
    pub depth: Depth,
    pub(super) styles: [Style; Role::ALL.len()],
    pub(super) looks: [Look; Status::ALL.len()],
    /// The same looks with ASCII glyphs.
    pub(super) ascii_looks: [Look; Status::ALL.len()],
}

impl Theme {
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    pub fn status(&self, status: Status) -> &Look {
        if self.ascii {
            &self.ascii_looks[status as usize]
        } else {
            &self.looks[status as usize]
        }
    }

    pub fn lines(&self) -> &'static Lines {
        if self.ascii {
            &Lines::ASCII
        } else {
            &Lines::UNICODE
        }
    }

    /// The same theme as a terminal of this colour depth and character set can show it.
    #[must_use]
    pub fn fitted(mut self, depth: Depth, ascii: bool) -> Self {
        self.ascii = ascii;
        self.depth = depth;
        let looks = self.looks.iter_mut().chain(&mut self.ascii_looks);
        for style in self
            .styles
            .iter_mut()
            .chain(looks.map(|look| &mut look.style))
        {
            *style = colour::fit(*style, depth);
        }
        self
    }
}
