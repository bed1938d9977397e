//! A terminal (vt100's model) that is sent our bytes shows what was rendered, whatever came before; and what it costs.

use std::num::NonZero;

use proptest::prelude::*;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::Paragraph;

use super::*;
use crate::tui::counting::{Count, Counting};

const WIDTH: u16 = 12;
const HEIGHT: u16 = 7;

fn terminal(width: u16, height: u16) -> vt100::Parser {
    vt100::Parser::new(
        NonZero::new(height).unwrap(),
        NonZero::new(width).unwrap(),
        0,
    )
}

/// Compares the model's cells with what the screen believes to have shown.
fn assert_shown(model: &vt100::Parser, screen: &Screen<Counting>) {
    let shown = screen.shown();
    for y in 0..shown.area.height {
        let mut covered = 0;
        for x in 0..shown.area.width {
            let cell = &shown[(x, y)];
            let seen = model.screen().cell(y, x).unwrap();
            if covered > 0 {
                assert!(seen.is_wide_continuation(), "{x},{y}");
                covered -= 1;
                continue;
            }
            let symbol = if seen.has_contents() {
                seen.contents()
            } else {
                " "
            };
            assert_eq!(symbol, cell.symbol(), "{x},{y}");
            assert_eq!(seen.fgcolor(), colour(cell.fg), "{x},{y} {symbol:?}");
            assert_eq!(seen.bgcolor(), colour(cell.bg), "{x},{y} {symbol:?}");
            assert_eq!(
                seen.bold(),
                cell.modifier.contains(Modifier::BOLD),
                "{x},{y}"
            );
            assert_eq!(
                seen.inverse(),
                cell.modifier.contains(Modifier::REVERSED),
                "{x},{y}"
            );
            assert_eq!(
                seen.underline(),
                cell.modifier.contains(Modifier::UNDERLINED),
                "{x},{y}"
            );
            covered = usize::from(seen.is_wide());
        }
    }
}

fn colour(colour: Color) -> vt100::Color {
    match colour {
        Color::Reset => vt100::Color::Default,
        Color::Indexed(i) => vt100::Color::Idx(i),
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        Color::Red => vt100::Color::Idx(1),
        Color::LightBlue => vt100::Color::Idx(12),
        other => panic!("not used here: {other}"),
    }
}

/// Something that happens to a screen.
#[derive(Clone, Debug)]
enum Act {
    /// Texts with their place and style, over a blank screen, and a cursor.
    Draw(Vec<Piece>, Option<(u16, u16)>),
    /// Rows of letters, as a log or list that scrolls, from this letter on; over the whole screen or a part.
    Scroll(Option<Rect>, u8),
    Redraw,
}

#[derive(Clone, Debug)]
struct Piece {
    x: u16,
    y: u16,
    text: String,
    style: Style,
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let text = prop::collection::vec(
        prop::sample::select(vec![
            "a", "b", " ", "  ", "─", "日", "é", "e\u{301}", "xyz", "▒",
        ]),
        0..8,
    );
    let style = (0..6_usize).prop_map(|i| {
        [
            Style::new(),
            Style::new().fg(Color::Red),
            Style::new().bg(Color::Indexed(200)),
            Style::new().add_modifier(Modifier::REVERSED),
            Style::new()
                .fg(Color::Rgb(1, 2, 3))
                .add_modifier(Modifier::BOLD),
            Style::new()
                .fg(Color::LightBlue)
                .add_modifier(Modifier::UNDERLINED),
        ][i]
    });
    let piece = (0..WIDTH, 0..HEIGHT, text, style).prop_map(|(x, y, text, style)| Piece {
        x,
        y,
        text: text.concat(),
        style,
    });
    prop::collection::vec(piece, 0..6)
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let cursor = prop::option::of((0..WIDTH, 0..HEIGHT));
    let act = prop_oneof![
        4 => (pieces(), cursor).prop_map(|(pieces, cursor)| Act::Draw(pieces, cursor)),
        1 => Just(Act::Redraw),
        6 => (prop::option::of(whole_rows()), 0..9_u8).prop_map(|(area, from)| Act::Scroll(area, from)),
    ];
    prop::collection::vec(act, 1..12)
}

fn whole_rows() -> impl Strategy<Value = Rect> {
    (0..HEIGHT, 1..=HEIGHT).prop_map(|(y, height)| Rect::new(0, y, WIDTH, height))
}

fn letters(buffer: &mut Buffer, area: Rect, from: u8) {
    for (i, row) in area.rows().enumerate() {
        let letter = char::from(b'A' + from + i as u8);
        buffer.set_string(
            0,
            row.y,
            letter.to_string().repeat(5),
            Style::new().fg(Color::Red),
        );
    }
}

fn render(buffer: &mut Buffer, pieces: &[Piece]) {
    for piece in pieces {
        if buffer.area.contains(Position::new(piece.x, piece.y)) {
            buffer.set_string(piece.x, piece.y, &piece.text, piece.style);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_terminal_shows_what_was_rendered(acts in acts()) {
        let mut screen = Counting::screen(WIDTH, HEIGHT);
        let mut model = terminal(WIDTH, HEIGHT);
        model.process(b"what was \x1b[31mhere before");
        for act in acts {
            match &act {
                Act::Draw(pieces, cursor) => {
                    screen.draw(|frame| {
                        render(frame.buffer_mut(), pieces);
                        if let Some(cursor) = cursor {
                            frame.set_cursor_position(*cursor);
                        }
                    }).unwrap();
                }
                Act::Scroll(area, from) => {
                    screen.draw(|frame| {
                        let all = frame.area();
                        letters(frame.buffer_mut(), area.unwrap_or(all).intersection(all), *from);
                    }).unwrap();
                }
                Act::Redraw => {
                    screen.redraw();
                    continue;
                }
            }
            model.process(screen.out().bytes());
            prop_assert!(screen.out_mut().take().writes <= 1);
            if let Act::Draw(_, Some((x, y))) = act {
                prop_assert_eq!(model.screen().cursor_position(), (y, x));
            }
            assert_shown(&model, &screen);
        }
    }
}

#[test]
fn a_character_under_a_wide_one_hides_nothing_itself() {
    let mut screen = Counting::screen(WIDTH, HEIGHT);
    let mut model = terminal(WIDTH, HEIGHT);
    for texts in [
        &[(8, "aaaa")][..],
        &[(8, "a日"), (10, "日")],
        &[(8, "aaaa")],
    ] {
        screen
            .draw(|frame| {
                for (x, text) in texts {
                    frame.buffer_mut().set_string(*x, 0, text, Style::new());
                }
            })
            .unwrap();
        model.process(screen.out().bytes());
        screen.out_mut().take();
        assert_shown(&model, &screen);
    }
}

fn lines(screen: &mut Screen<Counting>, lines: &[&str]) -> Count {
    let text = lines.join("\n");
    screen
        .draw(|frame| frame.render_widget(Paragraph::new(text), frame.area()))
        .unwrap();
    screen.out_mut().take()
}

#[test]
fn nothing_changed_costs_nothing() {
    let mut screen = Counting::screen(80, 24);
    assert_eq!(lines(&mut screen, &["hello"]).writes, 1);
    for _ in 0..3 {
        assert_eq!(lines(&mut screen, &["hello"]), Count::default());
    }
}

#[test]
fn a_status_that_changes_costs_few_bytes() {
    let mut screen = Counting::screen(200, 50);
    let text = ["x".repeat(200).as_str(); 50].join("\n");
    lines(&mut screen, &[&text]);
    let look = Style::new()
        .fg(Color::Rgb(0x79, 0xc0, 0xff))
        .add_modifier(Modifier::BOLD);
    screen
        .draw(|frame| {
            frame.render_widget(Paragraph::new(text), frame.area());
            frame.buffer_mut().set_string(30, 40, "»", look);
        })
        .unwrap();
    assert_eq!(
        screen.out().bytes(),
        "\x1b[41;31H\x1b[1;38;2;121;192;255m»\x1b[m".as_bytes()
    );
}

#[test]
fn a_frame_of_several_pieces_is_one_synchronized_write() {
    let mut screen = Counting::screen(80, 24);
    lines(&mut screen, &["one", "two"]);
    screen
        .draw(|frame| frame.render_widget(Paragraph::new("One\ntwO"), frame.area()))
        .unwrap();
    assert_eq!(
        screen.out().bytes(),
        b"\x1b[?2026h\x1b[HO\x1b[2;3HO\x1b[?2026l"
    );
    assert_eq!(screen.out_mut().take().writes, 1);
}

#[test]
fn a_closed_dialog_is_erased_by_row_and_not_by_blank() {
    let mut screen = Counting::screen(80, 24);
    lines(&mut screen, &["x".repeat(80).as_str(); 24]);
    let count = lines(&mut screen, &["y"; 24]);
    assert!(count.bytes < 24 * 10, "{count:?}");
}

#[test]
fn a_log_that_grows_by_a_line_costs_little_more_than_that_line() {
    for (width, height) in [(80_u16, 24_u16), (200, 50)] {
        let mut screen = Counting::screen(width, height);
        let log = |from: usize| -> Vec<String> {
            (0..usize::from(height) - 2)
                .map(|i| {
                    format!(
                        "14:02:37.{:03} line {} lag=41 MB, not shrinking",
                        from + i,
                        from + i
                    )
                })
                .collect()
        };
        let mut paint = |from: usize, clock: &str| {
            let mut rows = vec![clock.to_owned()];
            rows.extend(log(from));
            rows.push("p resume  s step".into());
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            lines(&mut screen, &rows)
        };
        paint(0, "elapsed 0:01");
        let one = paint(1, "elapsed 0:02");
        assert!(one.bytes <= 120 && one.writes == 1, "{one:?}");
        let ten = paint(11, "elapsed 0:03");
        assert!(ten.bytes <= 10 * 60, "{ten:?}");
        // And back, as a list that scrolls up.
        let back = paint(10, "elapsed 0:03");
        assert!(back.bytes <= 120, "{back:?}");
    }
}

#[test]
fn a_full_paint_keeps_its_budget() {
    for (width, height, budget) in [(80, 24, 4_500), (200, 50, 18_000)] {
        let mut screen = Counting::screen(width, height);
        let rows = vec!["x".repeat(usize::from(width)); usize::from(height)];
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let first = lines(&mut screen, &rows);
        screen.redraw();
        assert_eq!(lines(&mut screen, &rows), first);
        assert!(first.bytes <= budget, "{first:?}");
    }
}

#[test]
fn a_new_size_paints_anew_and_a_panicking_view_leaves_a_screen_that_works() {
    let mut screen = Counting::screen(20, 5);
    lines(&mut screen, &["hello"]);
    screen.resize(Size::new(30, 6));
    assert!(lines(&mut screen, &["hello"]).bytes > 0);
    assert_eq!(screen.shown().area, Rect::new(0, 0, 30, 6));

    let view = std::panic::AssertUnwindSafe(|| screen.draw(|_| panic!("a bug in a view")));
    assert!(std::panic::catch_unwind(view).is_err());
    lines(&mut screen, &["there"]);
    let mut model = terminal(30, 6);
    screen.redraw();
    screen
        .draw(|frame| frame.render_widget("there", frame.area()))
        .unwrap();
    model.process(screen.out().bytes());
    assert_eq!(model.screen().contents(), "there");
}

/// A writer that fails once.
struct Failing(bool, Vec<u8>);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.0) {
            return Err(io::Error::other("gone"));
        }
        self.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn after_a_frame_that_was_not_taken_everything_is_painted_again() {
    let mut screen = Screen::new(Failing(true, Vec::new()), Size::new(10, 2));
    let view = |frame: &mut Frame| frame.render_widget("hello", frame.area());
    assert!(screen.draw(view).is_err());
    screen.draw(view).unwrap();
    assert!(screen.out().1.windows(5).any(|w| w == b"hello"));
}
