//! Colours stay, text stays, and nothing that acts on a terminal comes through.

use proptest::prelude::*;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span as RatatuiSpan};

use super::*;
use crate::tui::counting::Counting;

fn of(line: &[u8]) -> Vec<Span> {
    parse(line, &mut State::default())
}

#[track_caller]
fn check_text(line: impl AsRef<[u8]>, expected: &str) {
    assert_eq!(text(&of(line.as_ref())), expected);
}

#[track_caller]
fn check_style(line: &str, expected: Style) {
    assert_eq!(
        of(line.as_bytes()),
        [Span {
            text: "x".into(),
            style: expected
        }],
        "{line:?}"
    );
}

#[test]
fn colours_and_attributes_stay() {
    let style = Style::new();
    check_style("x", style);
    check_style("\x1b[31mx", style.fg(Color::Red));
    check_style(
        "\x1b[1;4;92;41mx",
        style
            .fg(Color::LightGreen)
            .bg(Color::Red)
            .bold()
            .underlined(),
    );
    check_style("\x1b[38;5;208mx", style.fg(Color::Indexed(208)));
    check_style("\x1b[38:5:208mx", style.fg(Color::Indexed(208)));
    check_style("\x1b[48;2;1;2;3mx", style.bg(Color::Rgb(1, 2, 3)));
    check_style("\x1b[38:2::1:2:3mx", style.fg(Color::Rgb(1, 2, 3)));
    check_style("\x1b[2;3;7mx", style.dim().italic().reversed());
    check_style("\x1b[1m\x1b[22mx", style);
    check_style("\x1b[31;1m\x1b[mx", style);
    check_style("\x1b[4:3m\x1b[4:0mx", style);
    // Numbers of an underline colour are not codes, and broken colours change nothing.
    check_style("\x1b[58;5;31mx", style);
    check_style("\x1b[38;5;999mx", style);
    check_style("\x1b[38;5mx", style);
    // Not a colour, though it ends with `m`.
    check_style("\x1b[>4;1mx", style);
    check_style("\x1b[?31mx", style);
}

#[test]
fn text_cannot_be_hidden() {
    check_style("\x1b[8mx", Style::new());
    check_style("\x1b[31;41mx", Style::new().fg(Color::Red));
}

#[test]
fn the_style_goes_on_to_the_next_line() {
    let mut state = State::default();
    parse(b"\x1b[31mred", &mut state);
    assert_eq!(
        parse(b"still", &mut state)[0].style,
        Style::new().fg(Color::Red)
    );
    parse(b"\x1b[0m", &mut state);
    assert_eq!(state, State::default());
}

#[test]
fn other_sequences_go_and_their_text_stays() {
    check_text("a\x1b[2Jb\x1b[10;10Hc\x1b[Kd", "abcd");
    check_text("a\x1b]0;title\x07b", "ab");
    check_text("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ end", "link end");
    check_text("a\x1bPq#0;2;0;0;0\x1b\\b", "ab");
    check_text("a\x1b(0b\x1b7c\x1b=d", "abcd");
    check_text("a\x1b]52;c;aGVsbG8=\x07b", "ab");
}

#[test]
fn a_sequence_without_an_end_eats_nothing() {
    check_text("a\x1b]0;the rest is text", "a␛]0;the rest is text");
    check_text("a\x1bPthe rest", "a␛Pthe rest");
    check_text("a\x1b[31", "a");
    let mut state = State::default();
    parse(b"a\x1b]0;open", &mut state);
    assert_eq!(text(&parse(b"next line", &mut state)), "next line");
    // An escape character ends the string; what follows is text again.
    check_text("a\x1b]0;title\x1b[1mb", "ab");
}

#[test]
fn controls_and_deceivers_are_seen() {
    check_text("a\0b\x07c\x08d\x7fe", "a␀b␇c␈d␡e");
    check_text("a\u{9b}31mb", "a<9B>31mb");
    check_text("safe\u{202e}txt.exe", "safe<U+202E>txt.exe");
    check_text("a\u{200b}b", "a<U+200B>b");
    check_text(b"a\xff\xfeb\xe2\x1b[31mc", "a\u{fffd}\u{fffd}b\u{fffd}c");
    check_text("\u{2764}\u{fe0f}!", "\u{2764}!");
}

#[test]
fn accents_stay_and_do_not_pile_up() {
    check_text("e\u{301}x", "e\u{301}x");
    check_text(
        format!("e{}x", "\u{301}".repeat(100)),
        &format!("e{}x", "\u{301}".repeat(4)),
    );
    check_text("\u{301}x", "◌\u{301}x");
}

#[test]
fn tabs_go_to_the_next_eighth_column() {
    check_text("\tx", "        x");
    check_text("ab\tx", "ab      x");
    check_text("12345678\tx", "12345678        x");
    check_text("日\tx", "日      x");
    check_text("a\x1b[31m\tx", "a       x");
}

#[test]
fn of_a_progress_bar_the_last_state_stays() {
    check_text("10%\r50%\r100% done", "100% done");
    check_text("a line from Windows\r", "a line from Windows");
    check_text("50%\r\x1b[K", "50%");
    check_text("ab\r\tx", "        x");
}

#[test]
fn a_long_line_is_cut_and_says_so() {
    let line = "x".repeat(LINE_MAX + 10);
    let shown = text(&of(line.as_bytes()));
    assert!(shown.ends_with("xxx ... 10 more bytes"));
    assert_eq!(shown.len(), LINE_MAX + " ... 10 more bytes".len());
}

#[test]
fn lines_wrap_at_columns_and_keep_their_styles() {
    let rows = |line: &str, width: usize| -> Vec<String> {
        wrap(&of(line.as_bytes()), width)
            .iter()
            .map(|row| text(row))
            .collect()
    };
    assert_eq!(rows("", 5), [""]);
    assert_eq!(rows("abcdefg", 3), ["abc", "def", "g"]);
    assert_eq!(rows("a日本", 3), ["a日", "本"]);
    assert_eq!(rows("日", 1), ["?"]);
    assert_eq!(rows("e\u{301}e\u{301}", 1), ["e\u{301}", "e\u{301}"]);
    let styled = wrap(&of(b"ab\x1b[31mcd"), 3);
    assert_eq!(styled[0].len(), 2);
    assert_eq!(styled[1][0].style, Style::new().fg(Color::Red));
}

#[test]
fn a_window_cuts_wide_characters_in_half() {
    let cut = |from, width| text(&window(&of("ab日本cd".as_bytes()), from, width));
    assert_eq!(cut(0, 80), "ab日本cd");
    assert_eq!(cut(1, 3), "b日");
    assert_eq!(cut(1, 4), "b日 ");
    assert_eq!(cut(3, 4), " 本c");
    assert_eq!(cut(9, 4), "");
}

#[test]
fn matches_are_lit_across_spans() {
    let lit = Style::new().bg(Color::Yellow);
    let found = highlight(of(b"ab\x1b[31mcd ef"), &[1..3, 5..7], lit);
    let told: Vec<(&str, bool)> = found
        .iter()
        .map(|span| (span.text.as_str(), span.style.bg == Some(Color::Yellow)))
        .collect();
    assert_eq!(
        told,
        [
            ("a", false),
            ("b", true),
            ("c", true),
            ("d ", false),
            ("ef", true)
        ]
    );
    assert_eq!(found[2].style.fg, Some(Color::Red));
    // A range that ends within a character, or beyond the line, does no harm.
    assert_eq!(
        text(&highlight(of("é日".as_bytes()), &[0..1, 3..99], lit)),
        "é日"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cutting_loses_nothing(line in "[a-z日é\u{301} \u{1b}\\[m1;]{0,40}", width in 1_usize..10) {
        let spans = of(line.as_bytes());
        let whole = text(&spans);
        let rows = wrap(&spans, width);
        for row in &rows {
            prop_assert!(super::width(row) <= width);
        }
        if width > 1 {
            prop_assert_eq!(rows.iter().map(|row| text(row)).collect::<String>(), whole.clone());
        }
        prop_assert_eq!(text(&window(&spans, 0, 1000)), whole.clone());
        prop_assert_eq!(text(&highlight(spans, &[1..3, 3..4], Style::new().bold())), whole);
    }
}

/// Small and the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

const SEEDS: [&[u8]; 16] = [
    b"\x1b[31mred\x1b[0m plain",
    b"\x1b[38;2;10;20;30m rgb \x1b[48;5;200mbg",
    b"\x1b]0;owned\x07after",
    b"\x1b]52;c;cm0gLXJmIC8=\x1b\\after",
    b"\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
    b"\x1bP+q544e\x1b\\dcs",
    b"\x1b[?1049l\x1b[2J\x1b[H\x1b[6n",
    b"\x1b[5;10r\x1b[?2004l\x1bc",
    b"\x9b31m\x9d0;x\x9c\x90q\x9c",
    "bidi \u{202e}evil\u{2066} zero\u{200b}width\u{feff}".as_bytes(),
    "wide 日本語 e\u{301}\u{301}\u{301} 👩\u{200d}🚒 🇩🇪".as_bytes(),
    b"bar 10%\r20%\r\x1b[K30%\t|",
    b"\xff\xfe\xc3\x28\xe2\x82\xf0\x9f\x98",
    b"\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\",
    b"\x1b(0lqqk\x1b(B\x0e\x0f\x1b#8",
    b"\x00\x01\x05\x07\x08\x0b\x0c\x7f\x1a\x18",
];

fn mutated(random: &mut Random) -> Vec<u8> {
    let mut line = Vec::new();
    for _ in 0..=random.below(3) {
        line.extend_from_slice(SEEDS[random.below(SEEDS.len())]);
    }
    for _ in 0..random.below(6) {
        let at = random.below(line.len().max(1));
        match random.below(4) {
            0 => line.truncate(at.max(1)),
            1 => _ = line.splice(at..at, SEEDS[random.below(SEEDS.len())].iter().copied()),
            2 => line.insert(at, random.below(256) as u8),
            _ => line[at] = random.below(256) as u8,
        }
    }
    line.retain(|b| *b != b'\n');
    line
}

#[test]
fn of_200_000_mutated_sequences_none_acts_on_the_terminal() {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let mut state = State::default();
    // Our lines go to rows 1 to 18, columns 2 to 70; a frame of `#` around them must stay untouched.
    let (rows, columns) = (20, 72);
    let area = Rect::new(2, 1, 68, 18);
    let size = |n| std::num::NonZero::new(n).unwrap();
    let mut model = vt100::Parser::new(size(rows), size(columns), 0);
    let mut screen = Counting::screen(columns, rows);
    let mut waiting: Vec<Vec<Span>> = Vec::new();
    for round in 0..200_000_usize {
        let line = mutated(&mut random);
        let spans = parse(&line, &mut state);
        for c in spans.iter().flat_map(|span| span.text.chars()) {
            assert!(
                !c.is_control() && !crate::text::deceives(c),
                "{c:?} of {line:?}"
            );
        }
        // Every twentieth goes all the way through the screen; that is 10,000 of them.
        if round % 20 == 0 {
            waiting.push(window(&spans, 0, usize::from(area.width)));
        }
        if waiting.len() < usize::from(area.height) {
            continue;
        }
        screen
            .draw(|frame| {
                let buffer = frame.buffer_mut();
                for y in 0..rows {
                    buffer.set_string(0, y, "#".repeat(usize::from(columns)), Style::new());
                }
                for (line, y) in waiting.drain(..).zip(area.y..) {
                    buffer.set_string(area.x, y, " ".repeat(usize::from(area.width)), Style::new());
                    // The model takes the replacement character for a fault of its own and shows nothing.
                    let seen =
                        |s: Span| RatatuiSpan::styled(s.text.replace('\u{fffd}', "?"), s.style);
                    let spans = line.into_iter().map(seen);
                    buffer.set_line(area.x, y, &spans.collect::<Line>(), area.width);
                }
            })
            .unwrap();
        model.process(screen.out().bytes());
        screen.out_mut().take();
        let seen = model.screen();
        for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
            if !area.contains((x, y).into()) {
                let cell = seen.cell(y, x).unwrap();
                assert_eq!(
                    (cell.contents(), cell.fgcolor()),
                    ("#", vt100::Color::Default)
                );
            }
        }
    }
}
