//! What frames cost over a slow line (screen.md, section 5), counted on a counting terminal.

use ratatui::Frame;

use super::plan::{self, step, workflow};
use super::play::{Play, failed, themed};
use crate::tui::counting::{Count, Counting};
use crate::tui::screen::Screen;
use crate::tui::view;

struct Line {
    play: Play,
    screen: Screen<Counting>,
}

impl Line {
    fn new(mut play: Play, width: u16, height: u16) -> Self {
        play.resize(width, height);
        let screen = Counting::screen(width, height);
        Self { play, screen }
    }

    /// Draws, and says what it cost.
    fn draw(&mut self) -> Count {
        let theme = themed(false);
        let model = &self.play.model;
        let draw = |frame: &mut Frame| {
            if let Some(cursor) = view::render(model, &theme, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        };
        self.screen
            .draw(draw)
            .expect("a counting writer takes everything");
        self.screen.out_mut().take()
    }
}

/// Four steps that run side by side.
fn four() -> Play {
    four_of(12)
}

/// The same among so many.
fn four_of(count: usize) -> Play {
    let steps = (1..=count).map(|n| step(&format!("step-{n}"), if n <= 4 { &[] } else { &[0] }));
    let mut play = Play::new(workflow("busy", steps.collect()));
    play.pass(3);
    play
}

#[test]
fn a_full_paint_fits() {
    let small = Line::new(failed(), 80, 24).draw();
    assert!(small.bytes <= 4_500 && small.writes == 1, "{small:?}");
    let large = Line::new(failed(), 200, 50).draw();
    assert!(large.bytes <= 18_000 && large.writes == 1, "{large:?}");
}

#[test]
fn a_full_paint_of_graph_and_gantt_fits() {
    for key in ["2", "3", "3 z"] {
        for (width, height, limit) in [(80, 24, 4_500), (200, 50, 18_000)] {
            let mut play = failed();
            play.press(key);
            let cost = Line::new(play, width, height).draw();
            assert!(cost.bytes <= limit && cost.writes == 1, "{key}: {cost:?}");
        }
    }
}

#[test]
fn nothing_new_costs_nothing() {
    let mut line = Line::new(failed(), 80, 24);
    line.draw();
    assert_eq!(line.draw(), Count::default());
}

#[test]
fn idle_means_no_timer_and_no_byte() {
    let mut line = Line::new(failed(), 80, 24);
    line.play.ok(&["promote-users"]);
    line.play.model.toast = None;
    assert_eq!(
        line.play.model.wake_at(),
        None,
        "nothing runs, so nothing wakes the screen"
    );
    line.draw();
    line.play.pass(60);
    assert_eq!(line.draw(), Count::default());
}

#[test]
fn a_key_is_echoed_in_300_bytes() {
    let mut line = Line::new(Play::new(plan::failover()), 80, 24);
    line.play.press("j");
    line.draw();
    line.play.press("j");
    let moved = line.draw();
    assert!(moved.bytes <= 300, "a row down: {moved:?}");
    line.play.press("Tab");
    let focused = line.draw();
    assert!(focused.bytes <= 300, "another pane: {focused:?}");
    line.play.press("c");
    line.draw();
    line.play.write("x");
    let typed = line.draw();
    assert!(typed.bytes <= 300, "a letter: {typed:?}");
}

#[test]
fn four_running_steps_cost_600_bytes_a_second() {
    for count in [12, 10_000] {
        let mut line = Line::new(four_of(count), 80, 24);
        line.draw();
        let mut worst = 0;
        for _ in 0..30 {
            line.play.pass(1);
            worst = worst.max(line.draw().bytes);
        }
        assert!(worst <= 600, "{count} steps: {worst}");
    }
}

/// The other budgets hang on what is visible, not on how many steps there are.
#[test]
fn ten_thousand_steps_cost_no_byte_more() {
    for (width, height, full, storm) in [(80, 24, 4_500, 8_000), (200, 50, 18_000, 20_000)] {
        let mut line = Line::new(four_of(10_000), width, height);
        for view in ["1", "2", "3", "4", "5", "6", "1"] {
            line.play.press(view);
            let cost = line.draw();
            assert!(cost.bytes <= full && cost.writes == 1, "{view}: {cost:?}");
            assert_eq!(line.draw(), Count::default(), "nothing new in {view}");
        }
        let cost = storm_of(&mut line);
        assert!(cost <= storm, "{width}x{height}: {cost}");
        line.play.press("G");
        line.draw();
        line.play.press("k");
        let moved = line.draw();
        assert!(width > 80 || moved.bytes <= 300, "a row up: {moved:?}");
    }
}

#[test]
fn four_running_steps_cost_600_bytes_a_second_in_graph_and_gantt_too() {
    for key in ["2", "3", "3 z", "3 z = ="] {
        let mut line = Line::new(four(), 80, 24);
        line.play.press(key);
        line.draw();
        // When a second moves the time axis on by a column, each row changes; the next seconds cost the less.
        let seconds = 60;
        let all: usize = (0..seconds)
            .map(|_| {
                line.play.pass(1);
                line.draw().bytes
            })
            .sum();
        assert!(all <= 600 * seconds, "{key}: {}", all / seconds);
    }
}

/// A step further in the list costs more than a key's echo only where the whole picture is another one.
#[test]
fn moving_in_graph_and_gantt_costs_little() {
    for (keys, limit) in [("3", 300), ("2", 1_500)] {
        let mut line = Line::new(Play::new(plan::failover()), 80, 24);
        line.play.press(keys).press("j");
        line.draw();
        line.play.press("j");
        let moved = line.draw();
        assert!(moved.bytes <= limit, "{keys}: {moved:?}");
    }
}

#[test]
fn a_log_storm_costs_8_kb_a_second_at_most() {
    let limits = [(80, 24, 8_000), (200, 50, 20_000)];
    for (width, height, limit) in limits {
        let mut line = Line::new(four(), width, height);
        let second = storm_of(&mut line);
        assert!(second <= limit, "{width}x{height}: {second}");
    }
}

/// What a second of 10,000 lines costs, in ten frames.
fn storm_of(line: &mut Line) -> usize {
    line.draw();
    let mut second = 0;
    for frame in 0..10 {
        let lines: Vec<String> = (0..1_000)
            .map(|n| format!("{frame:02}:{n:04} copied object {n} of bucket orders to replica"))
            .collect();
        let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
        line.play.log("step-1", 1, &texts);
        second += line.draw().bytes;
    }
    second
}

#[test]
fn a_log_line_more_costs_little_more_than_the_line() {
    let mut line = Line::new(four(), 200, 50);
    let text = "copied object 17 of bucket orders to replica";
    line.play.log("step-1", 1, &[text; 60]);
    line.draw();
    line.play.log(
        "step-1",
        1,
        &["one line more, and another time in front of it"],
    );
    let cost = line.draw();
    assert!(cost.bytes <= 250, "{cost:?}");
}

/// Processor time of one frame, the best of many.
fn frame_cost(steps: usize) -> std::time::Duration {
    let plan = (0..steps).map(|n| step(&format!("step-{n}"), if n < 4 { &[] } else { &[0] }));
    let mut play = Play::new(workflow("large", plan.collect()));
    play.pass(1);
    let mut line = Line::new(play, 200, 50);
    line.draw();
    let spent = || {
        let clock = rustix::time::ClockId::ThreadCPUTime;
        std::time::Duration::try_from(rustix::time::clock_gettime(clock)).expect("never negative")
    };
    let times = (0..50).map(|_| {
        let start = spent();
        line.draw();
        spent().saturating_sub(start)
    });
    times.min().unwrap_or_default()
}

#[test]
fn a_frame_of_10_000_rows_costs_what_a_frame_of_100_costs() {
    let (small, large) = (frame_cost(100), frame_cost(10_000));
    // Twice is far below the hundredfold of a view that looks at every row.
    assert!(
        large < small * 2,
        "{small:?} for 100 rows, {large:?} for 10,000"
    );
}
