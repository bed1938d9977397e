//! Two runs side by side.
//!
//! ```text
//! --- COMPARE 5 differ ------------------- & only differences ---
//!                      r-40                  r-41
//! *result              failed                succeeded
//!  by                  mira                  mira
//!  freeze-deploys      succeeded 0:05        succeeded 0:04      -0:01
//! *promote-orders      failed 0:48           succeeded 1:10      +0:22
//!    by hand                                 sam retried: disk
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::strip::Strip;
use crate::run::Line;
use crate::text::Clean;
use crate::tui::keys::Act;
use crate::tui::model::Comparing;
use crate::tui::theme::{Role, Theme};

/// What keys do with what is compared.
pub(crate) const KEYS: &[(Act, &str)] = &[
    (Act::OnlyMatches, "only differences"),
    (Act::Down, "down"),
    (Act::Back, "back to the runs"),
];

/// Columns of the difference, with the gap before it.
const DIFFERENCE: u16 = 10;

pub(crate) fn render(comparing: &Comparing, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let border = theme.style(Role::BorderFocus);
    Strip::new(buffer, area).fill(theme.lines().horizontal, border);
    let mut strip = Strip::new(buffer, area);
    let other = if comparing.only_differences() {
        " & shows all "
    } else {
        " & only differences "
    };
    strip.right(other, border);
    let differ = match comparing.differences() {
        0 => "nothing differs".to_owned(),
        1 => "1 difference".to_owned(),
        n => format!("{n} differences"),
    };
    strip.gap(3).own(&format!(" COMPARE {differ} "), border);
    let columns = Columns::of(comparing, area);
    let mut strip = Strip::nth(buffer, area, 1);
    for (x, head) in columns.sides.into_iter().zip(comparing.head()) {
        strip.to(x);
        strip.cut(head, columns.side, theme, theme.style(Role::Title));
    }
    for (n, line) in comparing
        .rows(usize::from(area.height.saturating_sub(2)))
        .enumerate()
    {
        let mut strip = Strip::nth(buffer, area, n as u16 + 2);
        row(line, &columns, theme, &mut strip);
    }
}

struct Columns {
    /// Where each run's column begins, and how wide it is.
    sides: [u16; 2],
    side: usize,
    difference: u16,
}

impl Columns {
    fn of(comparing: &Comparing, area: Rect) -> Self {
        let widths = comparing.all().iter().map(|line| {
            let indent = if line.detail { 2 } else { 0 };
            Clean::line(&line.label).as_str().width() + indent
        });
        let longest = u16::try_from(widths.max().unwrap_or(0)).unwrap_or(u16::MAX);
        let label = longest.min(area.width / 3) + 2;
        let difference = if area.width < 60 { 0 } else { DIFFERENCE };
        let side = area.width.saturating_sub(label + difference) / 2;
        let first = area.x + label;
        Self {
            sides: [first, first + side],
            side: usize::from(side.saturating_sub(1)),
            difference: first + 2 * side,
        }
    }
}

fn row(line: &Line, columns: &Columns, theme: &Theme, strip: &mut Strip) {
    let role = if line.differs {
        Role::Text
    } else {
        Role::Muted
    };
    let style = theme.style(role);
    // What says more of a line need not be marked once more.
    let sign = if line.differs && !line.detail {
        "*"
    } else {
        " "
    };
    strip.own(sign, theme.style(Role::Key));
    strip.gap(if line.detail { 2 } else { 0 });
    let room = usize::from(columns.sides[0].saturating_sub(strip.x() + 1));
    strip.cut(&line.label, room, theme, style);
    for (x, text) in columns.sides.into_iter().zip(&line.sides) {
        strip.to(x).cut(text, columns.side, theme, style);
    }
    strip.to(columns.difference);
    let room = strip.room();
    if room >= 9 {
        strip.cut(&format!("{:>9}", line.difference), room, theme, style);
    }
}
