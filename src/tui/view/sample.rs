//! A little of everything that is on a screen, to choose a theme by.
//!
//! ```text
//! ── cb-safe ──────────────────────────────────────────────────
//!  failover-eu  RUNNING  env PROD   1 FAIL  1 ask  1 run  9 ok
//!  statuses: glyph and word of each
//!  rails, a selected row, a dangerous step    a box with keys
//!  bars, the critical path
//!  lines of logs, a match, the names of steps
//!  what a toast looks like
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::dialog::framed;
use super::strip::Strip;
use super::words::counted;
use crate::tui::theme::{Role, Status, Theme};

/// Rows and columns of a sample.
pub(crate) const ROWS: u16 = 15;
pub(crate) const COLUMNS: u16 = 80;
/// Where the box stands beside the steps.
const BOX: Rect = Rect::new(44, 4, 34, 5);

/// `name` is what the theme was asked for by.
pub(crate) fn render(name: &str, theme: &Theme, buffer: &mut Buffer) {
    let area = Rect::new(0, 0, COLUMNS, ROWS);
    title(name, theme, Strip::nth(buffer, area, 0));
    status(theme, Strip::nth(buffer, area, 1));
    let (first, second) = Status::ALL.split_at(8);
    looks(theme, Strip::nth(buffer, area, 2), first);
    looks(theme, Strip::nth(buffer, area, 3), second);
    steps(theme, buffer, area);
    boxed(theme, buffer);
    bars(theme, Strip::nth(buffer, area, 8));
    logs(theme, buffer, area);
    toasts(theme, Strip::nth(buffer, area, 13));
}

fn title(name: &str, theme: &Theme, mut strip: Strip) {
    let border = theme.style(Role::BorderFocus);
    let rule = theme.lines().horizontal;
    strip.own(&rule.repeat(3), border).own(" ", border);
    strip.outside(name, theme.style(Role::Title));
    if theme.name != name {
        strip.outside(
            &format!(", which is {} here", theme.name),
            theme.style(Role::Muted),
        );
    }
    strip.own(" ", border).fill(rule, border);
}

fn status(theme: &Theme, mut strip: Strip) {
    strip.gap(1).own("failover-eu", theme.style(Role::Title));
    strip.gap(2).own(" PAUSED ", theme.style(Role::Paused));
    strip.gap(2).own("env PROD", theme.style(Role::EnvProd));
    strip
        .gap(2)
        .own("DRILL", theme.style(Role::EnvOther))
        .gap(1);
    for (n, status) in [(1, Status::Fail), (1, Status::Ask), (9, Status::Ok)] {
        let look = theme.status(status);
        strip.gap(2).own(&counted(n, &look.word), look.style);
    }
    strip.gap(3).own("1Outline", theme.style(Role::Selection));
    strip.gap(1).own("2Graph", theme.style(Role::Muted));
}

fn looks(theme: &Theme, mut strip: Strip, statuses: &[Status]) {
    for status in statuses {
        let look = theme.status(*status);
        strip
            .gap(1)
            .own(&format!("{} {}", look.glyph, look.word), look.style)
            .gap(1);
    }
}

fn steps(theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let rail = theme.style(Role::Rail);
    let critical = theme.style(Role::RailCritical);
    let lines = theme.lines();
    let steps = [
        (4, Status::Ok, "freeze-deploys", false, rail),
        (5, Status::Fail, "promote-orders", false, critical),
        (6, Status::Ask, "approve-cutover", false, critical),
        (7, Status::Wait, "dns-switch", true, rail),
    ];
    for (row, status, name, danger, rail) in steps {
        let selected = status == Status::Fail;
        let look = theme.status(status);
        let mut strip = Strip::nth(buffer, area, row);
        let from = strip.x();
        strip.own(
            if selected { lines.cursor } else { " " },
            theme.style(Role::Accent),
        );
        strip
            .own(lines.vertical, rail)
            .gap(1)
            .own(&look.glyph, look.style);
        strip.gap(2).own(
            name,
            theme.style(if danger { Role::Danger } else { Role::Text }),
        );
        strip.to(24).own(
            if danger { "DANGER" } else { "" },
            theme.style(Role::Danger),
        );
        strip.to(32).own(&look.word, look.style);
        strip.to(42);
        if selected {
            strip.paint(from + 1, theme.style(Role::Selection));
        }
    }
}

fn boxed(theme: &Theme, buffer: &mut Buffer) {
    let inside = framed(theme, buffer, BOX, "RETRY promote-orders", (BOX.width, 3));
    let text = theme.style(Role::Text);
    let mut strip = Strip::nth(buffer, inside, 0);
    strip.gap(1).own("Reason ", text);
    strip.own("lag is gone        ", theme.style(Role::FieldFocus));
    let mut strip = Strip::nth(buffer, inside, 1);
    strip
        .gap(1)
        .own("Note   ", text)
        .own("                   ", theme.style(Role::Field));
    let mut strip = Strip::nth(buffer, inside, 2);
    for (key, word) in [("Enter", "retry"), ("Esc", "nothing")] {
        strip
            .gap(1)
            .own(key, theme.style(Role::Key))
            .gap(1)
            .own(word, text)
            .gap(1);
    }
}

fn bars(theme: &Theme, mut strip: Strip) {
    let lines = theme.lines();
    strip.gap(1).own("took ", theme.style(Role::Muted));
    for (glyph, n, role) in [
        (lines.bar_actual, 9, Role::BarActual),
        (lines.bar_over, 4, Role::BarOver),
        (lines.bar_now, 1, Role::BarNow),
        (lines.bar_forecast, 8, Role::BarForecast),
    ] {
        strip.own(&glyph.repeat(n), theme.style(role));
    }
    strip.gap(2).own("gate", theme.style(Role::Gate));
}

/// Pieces of a line.
type Words = &'static [(&'static str, Role)];

fn logs(theme: &Theme, buffer: &mut Buffer, area: Rect) {
    const TEXT: Role = Role::Text;
    let said: [(&str, Role, Words); 4] = [
        (
            "promote-orders",
            Role::StepA,
            &[("waiting for replay, lag=41 MB", TEXT)],
        ),
        (
            "promote-users",
            Role::StepB,
            &[("WARN slow disk on db-users-2", Role::LogWarn)],
        ),
        (
            "drain-queue",
            Role::StepC,
            &[
                ("a ", TEXT),
                ("match", Role::Match),
                (" of what is searched for, and the ", TEXT),
                ("current", Role::MatchCurrent),
                (" one", TEXT),
            ],
        ),
        (
            "fence-primary",
            Role::StepD,
            &[("ERROR timed out after 45s", Role::LogError)],
        ),
    ];
    for ((name, role, words), row) in said.into_iter().zip(9..) {
        let mut strip = Strip::nth(buffer, area, row);
        strip
            .gap(1)
            .own("14:02:37", theme.style(Role::LogTime))
            .gap(1);
        strip.own(name, theme.style(role)).to(26);
        for (word, role) in words {
            strip.own(word, theme.style(*role));
        }
    }
}

fn toasts(theme: &Theme, mut strip: Strip) {
    let toasts = [
        ("retry ordered", Role::ToastInfo),
        ("nothing was done", Role::ToastWarn),
        ("refused: mira has the controls", Role::ToastError),
    ];
    strip.gap(1);
    for (words, role) in toasts {
        strip.own(words, theme.style(role)).gap(2);
    }
    strip.own("", Style::default());
}
