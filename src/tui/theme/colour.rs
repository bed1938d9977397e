//! Colours as people write them, and how they look on a terminal with fewer of them.

use ratatui::style::{Color, Style};

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Attributes only.
    None,
    Ansi16,
    Ansi256,
    #[default]
    TrueColor,
}

impl Depth {
    /// The style as this depth can show it.
    pub fn fit(self, style: Style) -> Style {
        fit(style, self)
    }
}

/// The style as `depth` can show it.
pub(super) fn fit(mut style: Style, depth: Depth) -> Style {
    let down = |colour: Option<Color>| colour.map(|c| fit_colour(c, depth));
    style.fg = down(style.fg);
    style.bg = down(style.bg);
    style.underline_color = match depth {
        Depth::None | Depth::Ansi16 => None,
        _ => down(style.underline_color),
    };
    style
}

fn fit_colour(colour: Color, depth: Depth) -> Color {
    match (colour, depth) {
        (Color::Reset, _) | (_, Depth::None) => Color::Reset,
        (Color::Rgb(r, g, b), Depth::Ansi256) => Color::Indexed(nearest_256([r, g, b])),
        (Color::Rgb(r, g, b), Depth::Ansi16) => nearest_16([r, g, b]),
        (Color::Indexed(i @ 0..=15), Depth::Ansi16) => ANSI[usize::from(i)].1,
        (Color::Indexed(i), Depth::Ansi16) => nearest_16(rgb_of(i)),
        (other, _) => other,
    }
}

/// The sixteen, with their names in theme files and the values of xterm's palette.
pub(super) const ANSI: [(&str, Color, [u8; 3]); 16] = [
    ("black", Color::Black, [0, 0, 0]),
    ("red", Color::Red, [205, 0, 0]),
    ("green", Color::Green, [0, 205, 0]),
    ("yellow", Color::Yellow, [205, 205, 0]),
    ("blue", Color::Blue, [0, 0, 238]),
    ("magenta", Color::Magenta, [205, 0, 205]),
    ("cyan", Color::Cyan, [0, 205, 205]),
    ("white", Color::Gray, [229, 229, 229]),
    ("bright_black", Color::DarkGray, [127, 127, 127]),
    ("bright_red", Color::LightRed, [255, 0, 0]),
    ("bright_green", Color::LightGreen, [0, 255, 0]),
    ("bright_yellow", Color::LightYellow, [255, 255, 0]),
    ("bright_blue", Color::LightBlue, [92, 92, 255]),
    ("bright_magenta", Color::LightMagenta, [255, 0, 255]),
    ("bright_cyan", Color::LightCyan, [0, 255, 255]),
    ("bright_white", Color::White, [255, 255, 255]),
];

/// `default`, an ANSI name, `0` to `255`, or `#rrggbb`. `None` if it is none of these.
pub(super) fn parse(text: &str) -> Option<Color> {
    if text == "default" {
        return Some(Color::Reset);
    }
    if let Some((_, colour, _)) = ANSI.iter().find(|(name, ..)| *name == text) {
        return Some(*colour);
    }
    if let Some(hex) = text.strip_prefix('#') {
        let good = hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let value = u32::from_str_radix(hex, 16).ok().filter(|_| good)?;
        let [_, r, g, b] = value.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    text.parse().ok().map(Color::Indexed)
}

#[cfg(test)]
/// Red, green and blue of a colour; `None` for the terminal's own default.
pub(super) fn components(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(i) => Some(rgb_of(i)),
        named => ANSI
            .iter()
            .find(|(_, colour, _)| *colour == named)
            .map(|(.., rgb)| *rgb),
    }
}

const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn rgb_of(index: u8) -> [u8; 3] {
    match index {
        0..=15 => ANSI[usize::from(index)].2,
        16..=231 => {
            let i = usize::from(index - 16);
            [CUBE[i / 36], CUBE[i / 6 % 6], CUBE[i % 6]]
        }
        232.. => [8 + (index - 232) * 10; 3],
    }
}

/// The nearest of the 6x6x6 cube and the grey ramp; the first sixteen are left out because terminals redefine them.
fn nearest_256(rgb: [u8; 3]) -> u8 {
    (16..=255)
        .min_by_key(|i| distance(rgb, rgb_of(*i)))
        .unwrap_or(7)
}

/// Hue decides first: a pale orange must not turn grey only because grey is near in brightness.
fn nearest_16(rgb: [u8; 3]) -> Color {
    let [r, g, b] = rgb;
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    if max - min < 40 {
        return match max {
            0..=63 => Color::Black,
            64..=159 => Color::DarkGray,
            160..=239 => Color::Gray,
            240.. => Color::White,
        };
    }
    // A part counts as "on" when it lies in the upper half between the smallest and the largest.
    let middle = min + (max - min) / 2;
    let bits =
        usize::from(r > middle) | usize::from(g > middle) << 1 | usize::from(b > middle) << 2;
    let bright = if max > 215 { 8 } else { 0 };
    ANSI[bits + bright].1
}

/// Squared distance, weighted as the eye does ("redmean").
fn distance(a: [u8; 3], b: [u8; 3]) -> i32 {
    let [r, g, bl] = [0, 1, 2].map(|i| i32::from(a[i]) - i32::from(b[i]));
    let mean = i32::midpoint(i32::from(a[0]), i32::from(b[0]));
    (((512 + mean) * r * r) >> 8) + 4 * g * g + (((767 - mean) * bl * bl) >> 8)
}
