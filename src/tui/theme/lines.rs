//! The characters that lines, boxes, bars and rails are drawn with, in Unicode and in ASCII.

use ratatui::symbols::border;

use crate::tui::rails::Cell;

/// One character set. Each glyph is one column wide in a terminal that does not treat box lines as wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    pub border: border::Set<'static>,
    pub horizontal: &'static str,
    pub vertical: &'static str,
    /// Joins of lines, for the graph.
    pub tee_down: &'static str,
    pub tee_up: &'static str,
    pub tee_right: &'static str,
    pub tee_left: &'static str,
    pub cross: &'static str,
    pub arrow: &'static str,
    pub arrow_left: &'static str,
    pub ellipsis: &'static str,
    /// Marks the selected row at its left edge.
    pub cursor: &'static str,
    pub folded: &'static str,
    pub unfolded: &'static str,
    pub bar_actual: &'static str,
    pub bar_over: &'static str,
    pub bar_forecast: &'static str,
    pub bar_unused: &'static str,
    pub bar_now: &'static str,
    /// The end of the recovery time.
    pub bar_limit: &'static str,
    pub scroll_thumb: &'static str,
    pub scroll_track: &'static str,
    /// Eight rising levels, for the trend of times.
    pub spark: [&'static str; 8],
    /// Shown one after the other while something runs.
    pub spinner: &'static [&'static str],
    pub check_on: &'static str,
    pub check_off: &'static str,
    pub radio_on: &'static str,
    pub radio_off: &'static str,
}

impl Lines {
    pub const UNICODE: Self = Self {
        border: border::PLAIN,
        horizontal: "─",
        vertical: "│",
        tee_down: "┬",
        tee_up: "┴",
        tee_right: "├",
        tee_left: "┤",
        cross: "┼",
        arrow: "→",
        arrow_left: "←",
        ellipsis: "…",
        cursor: "▌",
        folded: "▸",
        unfolded: "▾",
        bar_actual: "█",
        bar_over: "▒",
        bar_forecast: "░",
        bar_unused: "┄",
        bar_now: "┆",
        bar_limit: "╎",
        scroll_thumb: "█",
        scroll_track: "│",
        spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        spinner: &["»", "›"],
        check_on: "[x]",
        check_off: "[ ]",
        radio_on: "(•)",
        radio_off: "( )",
    };

    pub const ASCII: Self = Self {
        border: border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        },
        horizontal: "-",
        vertical: "|",
        tee_down: "+",
        tee_up: "+",
        tee_right: "+",
        tee_left: "+",
        cross: "+",
        arrow: ">",
        arrow_left: "<",
        ellipsis: "~",
        cursor: ">",
        folded: ">",
        unfolded: "v",
        bar_actual: "#",
        bar_over: "%",
        bar_forecast: ":",
        bar_unused: ".",
        bar_now: "|",
        bar_limit: "!",
        scroll_thumb: "#",
        scroll_track: "|",
        spark: ["_", ".", ",", "-", "=", "+", "*", "#"],
        spinner: &[">", ")"],
        check_on: "[x]",
        check_off: "[ ]",
        radio_on: "(*)",
        radio_off: "( )",
    };

    /// The glyph of a rail cell. A node is drawn by its status instead; here it is a space.
    pub fn rail(&self, cell: Cell) -> &'static str {
        let (unicode, ascii) = match cell {
            Cell::Node | Cell::Blank => (" ", " "),
            Cell::Vertical => ("│", "|"),
            Cell::Horizontal => ("─", "-"),
            Cell::Fork => ("┬", "v"),
            Cell::ForkRight => ("╮", "\\"),
            Cell::ForkLeft => ("╭", "/"),
            Cell::Merge => ("┴", "^"),
            Cell::MergeRight => ("╯", "/"),
            Cell::MergeLeft => ("╰", "\\"),
            Cell::Both => ("┼", "#"),
            Cell::BothRight => ("┤", "<"),
            Cell::BothLeft => ("├", ">"),
        };
        if *self == Self::ASCII { ascii } else { unicode }
    }
}
