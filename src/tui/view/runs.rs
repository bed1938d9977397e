//! The list of runs: live ones, unattended ones, and history.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::strip::Strip;
use crate::time::clock_span;
use crate::tui::source::RunEntry;
use crate::tui::theme::{Role, Status, Theme};

/// Rows of runs, `at` selected and visible.
pub(crate) fn render(runs: &[RunEntry], at: usize, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let height = usize::from(area.height);
    let top = (at + 1).saturating_sub(height);
    for (n, entry) in runs.iter().enumerate().skip(top).take(height) {
        let mut strip = Strip::nth(buffer, area, (n - top) as u16);
        row(entry, n == at, theme, &mut strip, area.width);
    }
}

fn row(entry: &RunEntry, here: bool, theme: &Theme, strip: &mut Strip, width: u16) {
    let run = &entry.summary;
    let look = theme.status(status(&run.shown, entry.live));
    let muted = theme.style(Role::Muted);
    let start = strip.x();
    strip.right(
        if entry.live { "live " } else { "" },
        theme.style(Role::Accent),
    );
    strip.own(
        if here { theme.lines().cursor } else { " " },
        theme.style(Role::Accent),
    );
    strip.own(&look.glyph, look.style).gap(1);
    let id = if here {
        theme.style(Role::Selection)
    } else {
        theme.style(Role::Text)
    };
    let (id_width, name_width) = if width < 60 {
        (10, 12)
    } else if width < 100 {
        (21, 14)
    } else {
        (26, 24)
    };
    strip
        .cut(run.id.as_str(), id_width, theme, id)
        .to(start + 4 + id_width as u16);
    strip.cut(&run.workflow, name_width, theme, theme.style(Role::Text));
    strip.to(start + 5 + (id_width + name_width) as u16);
    strip
        .cut(&run.shown, 18, theme, look.style)
        .to(start + 24 + (id_width + name_width) as u16);
    let when = run.started_at.rfc3339();
    // Without the year where both that and how long it took have no room.
    let from = if width < 100 { 5 } else { 0 };
    strip
        .own(
            &when.get(from..16).unwrap_or(&when).replace('T', " "),
            muted,
        )
        .gap(2);
    if let Some(end) = run.ended_at {
        strip.own(&clock_span(end.since(run.started_at)), muted);
    }
}

fn status(shown: &str, live: bool) -> Status {
    match shown {
        "succeeded" => Status::Ok,
        "completed_with_exceptions" => Status::OkException,
        "failed" => Status::Fail,
        "cancelled" => Status::Cancel,
        "attention" => Status::Ask,
        "paused" => Status::Hold,
        _ if live => Status::Run,
        _ => Status::Unknown,
    }
}
