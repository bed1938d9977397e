//! A screen and the run behind it, without threads, terminal or time: keys in, requests performed at once, text out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::keys::{Key, Keymap, parse_chord};
use super::super::looks::OneTheme;
use super::super::message::{LogOf, Message, Origin, Part, Request, Said, Slice};
use super::super::model::Model;
use super::super::options::{Notify, Options, Programs, Watch};
use super::super::theme::{self, Depth, Theme};
use super::super::update::update;
use super::super::view;
use crate::id::{AttemptId, RunId, StepId};
use crate::journal::Line;
use crate::run::{Actor, Command, Effect, Ended, Input, Outcome, Run, RunStart, Turn};
use crate::time::Timestamp;
use crate::workflow::Workflow;

/// 2026-11-24 14:00:00 UTC.
pub(super) const START: Timestamp = Timestamp(1_795_528_800_000);

pub(super) struct Play {
    pub(super) engine: Run,
    pub(super) model: Model,
    pub(super) now: Timestamp,
    pub(super) started: Vec<AttemptId>,
    logs: BTreeMap<AttemptId, Vec<Line>>,
    /// The logs that are merged.
    merged: Vec<Part>,
    /// Commands that were accepted, and all other requests but reads of logs.
    pub(super) sent: Vec<Command>,
    pub(super) asked: Vec<Request>,
    pub(super) journal: Vec<crate::run::Recorded>,
}

pub(crate) fn options() -> Options {
    let theme = theme::load("mono", &|_| None).expect("a built-in theme");
    Options {
        theme: theme.clone().fitted(Depth::None, false),
        themes: Arc::new(OneTheme(theme)),
        keymap: Keymap::default(),
        fps: 10,
        watch: Watch::Acting,
        now: || START,
        dir: PathBuf::from("/state/runs/r-42"),
        programs: Programs::default(),
        source: None,
        recording: None,
        replay: None,
        plain: false,
        has_screen: true,
        words: |recorded| Some(format!("event {}", recorded.seq)),
        notify: Notify::default(),
        memory: None,
        remember: None,
    }
}

pub(crate) fn themed(ascii: bool) -> Theme {
    options().theme.fitted(Depth::None, ascii)
}

pub(super) fn actor() -> Actor {
    Actor {
        name: "lena".into(),
        ..Actor::default()
    }
}

impl Play {
    pub(super) fn new(workflow: Arc<Workflow>) -> Self {
        Self::with(workflow, |_| {})
    }

    pub(super) fn with(workflow: Arc<Workflow>, change: impl FnOnce(&mut RunStart)) -> Self {
        let mut start = RunStart {
            file: "failover.yaml".into(),
            actor: actor(),
            ..RunStart::new(RunId::parse("r-42").expect("a run id"), &workflow)
        };
        change(&mut start);
        let (engine, turn) = Run::start(Arc::clone(&workflow), start, START);
        let mut play = Self {
            engine,
            model: Model::new(workflow, actor(), &options()),
            now: START,
            started: Vec::new(),
            logs: BTreeMap::new(),
            merged: Vec::new(),
            sent: Vec::new(),
            asked: Vec::new(),
            journal: Vec::new(),
        };
        play.turn(turn);
        play.drawn();
        play
    }

    /// The engine's events reach the screen.
    fn turn(&mut self, turn: Turn) {
        for effect in turn.effects {
            if let Effect::Start(spec) = effect {
                self.started.push(spec.attempt);
            }
        }
        self.journal.extend(turn.events.clone());
        if !turn.events.is_empty() {
            self.tell(Message::Events(turn.events));
        }
    }

    /// One message, and all that follows from it.
    pub(super) fn tell(&mut self, message: Message) {
        for request in update(&mut self.model, message) {
            match request {
                Request::Send { command, seen } => self.send(command, seen),
                Request::ReadLog { of, slice } => self.read(of, slice),
                Request::Merge { parts, .. } => self.merged = parts,
                other => self.asked.push(other),
            }
        }
    }

    fn send(&mut self, command: Command, seen: Option<crate::run::Seen>) {
        let input = Input::Command {
            command: command.clone(),
            actor: actor(),
            seen,
        };
        let turn = self.engine.handle(input, self.now);
        let refused = turn.refused.clone();
        if refused.is_none() {
            self.sent.push(command.clone());
        }
        self.turn(turn);
        self.tell(Message::Receipt { command, refused });
    }

    /// Somebody else, at another terminal, commands; it is accepted.
    pub(super) fn by(&mut self, actor: Actor, command: Command) -> &mut Self {
        self.input(Input::Command {
            command,
            actor,
            seen: None,
        })
    }

    /// Another engine takes the run up, for this very screen.
    pub(super) fn taken_up(&mut self) -> &mut Self {
        let turn = self.engine.revive(self.now, true);
        self.turn(turn);
        self.drawn();
        self
    }

    /// The engine hears of something.
    pub(super) fn input(&mut self, input: Input) -> &mut Self {
        let turn = self.engine.handle(input, self.now);
        assert_eq!(turn.refused, None);
        self.turn(turn);
        self
    }

    /// All lines of a log.
    fn said(&self, of: &LogOf) -> Vec<Said> {
        let lines = |attempt: &AttemptId| self.logs.get(attempt).cloned().unwrap_or_default();
        if let LogOf::Attempt(attempt) = of {
            return lines(attempt).into_iter().map(Said::from).collect();
        }
        let parts = self.merged.iter().enumerate();
        let mut all: Vec<Said> = parts
            .flat_map(|(part, Part { attempt, .. })| {
                lines(attempt).into_iter().map(move |line| Said {
                    origin: Some(Origin {
                        part,
                        attempt: attempt.clone(),
                        number: line.number,
                    }),
                    line,
                })
            })
            .collect();
        all.sort_by_key(|said| said.line.at);
        for (n, said) in (0..).zip(&mut all) {
            said.line.number = n;
        }
        all
    }

    fn read(&mut self, of: LogOf, slice: Slice) {
        let all = self.said(&of);
        let count = all.len() as u64;
        let wanted = |number: u64| match &slice {
            Slice::Range(range) => range.contains(&number),
            Slice::End(n) => number + n >= count,
            Slice::Lines(numbers) => numbers.contains(&number),
        };
        let lines = all
            .into_iter()
            .filter(|said| wanted(said.line.number))
            .collect();
        self.tell(Message::Log {
            of,
            count,
            slice,
            lines,
        });
    }

    /// What is on the screen has been seen for long enough.
    pub(super) fn drawn(&mut self) {
        self.tell(Message::Drawn(self.now));
        self.now.0 += 1_000;
    }

    /// Presses keys, written as in the table and separated by spaces; the screen is drawn between them.
    pub(super) fn press(&mut self, keys: &str) -> &mut Self {
        for key in parse_chord(keys) {
            self.key(key);
        }
        self
    }

    /// Types a text, letter by letter.
    pub(super) fn write(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.key(Key::Char(c));
        }
        self
    }

    fn key(&mut self, key: Key) {
        let at = self.now;
        self.tell(Message::Key { key, at });
        self.drawn();
    }

    pub(super) fn pass(&mut self, seconds: i64) -> &mut Self {
        self.now.0 += seconds * 1_000;
        let turn = self.engine.handle(Input::Due, self.now);
        self.turn(turn);
        self.tell(Message::Tick(self.now));
        self
    }

    /// The newest attempt of a step ends.
    pub(super) fn ends(&mut self, step: &str, outcome: Outcome, message: &str) -> &mut Self {
        let id = StepId::from(step);
        let found = self.engine.step(&id).expect("a step of the plan");
        let n = found.attempts.len() as u32;
        let took = self.now.since(found.attempts[n as usize - 1].started_at);
        let ended = Ended {
            exit_code: (outcome == Outcome::Failed).then_some(1),
            took_ms: took.as_millis() as u64,
            ..Ended::new(outcome, message)
        };
        let attempt = AttemptId::act(id, n);
        let turn = self
            .engine
            .handle(Input::AttemptEnded { attempt, ended }, self.now);
        self.turn(turn);
        self
    }

    /// A preflight check has found something at its first attempt.
    pub(super) fn check(&mut self, check: &str, outcome: Outcome, message: &str) -> &mut Self {
        let ended = Ended {
            took_ms: 2000,
            ..Ended::new(outcome, message)
        };
        let attempt = AttemptId::preflight(check.into(), 1);
        let input = Input::AttemptEnded { attempt, ended };
        let turn = self.engine.handle(input, self.now);
        self.turn(turn);
        self
    }

    pub(super) fn ok(&mut self, steps: &[&str]) -> &mut Self {
        for step in steps {
            self.ends(step, Outcome::Succeeded, "");
        }
        self
    }

    pub(super) fn fails(&mut self, step: &str, message: &str) -> &mut Self {
        self.ends(step, Outcome::Failed, message)
    }

    /// Lines of output arrive.
    pub(super) fn log(&mut self, step: &str, n: u32, lines: &[&str]) -> &mut Self {
        let attempt = AttemptId::act(StepId::from(step), n);
        let log = self.logs.entry(attempt.clone()).or_default();
        for text in lines {
            log.push(Line {
                number: log.len() as u64,
                at: Some(self.now),
                bytes: text.as_bytes().to_vec(),
                cut: false,
            });
        }
        let merged = self
            .model
            .log
            .of
            .clone()
            .filter(|of| matches!(of, LogOf::Merged(_)));
        let of = merged.unwrap_or(LogOf::Attempt(attempt));
        let count = self.said(&of).len() as u64;
        self.tell(Message::LogGrew { of, count });
        self
    }

    pub(super) fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.tell(Message::Resize { width, height });
        self
    }

    /// The screen as text.
    pub(super) fn text(&self, ascii: bool) -> String {
        text_of(&self.buffer(ascii))
    }

    pub(super) fn buffer(&self, ascii: bool) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.model.width, self.model.height));
        view::render(&self.model, &themed(ascii), &mut buffer);
        buffer
    }

    pub(super) fn toast(&self) -> &str {
        self.model
            .toast
            .as_ref()
            .map_or("", |toast| toast.text.as_str())
    }

    /// What a person was called for.
    pub(super) fn calls(&self) -> Vec<&str> {
        let calls = self.asked.iter().filter_map(|request| match request {
            Request::Call(words) => Some(words.as_str()),
            _ => None,
        });
        calls.collect()
    }

    pub(super) fn selected(&self) -> &str {
        self.model.step().map_or("", |step| step.id.as_str())
    }
}

pub(crate) fn text_of(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let row = |cells: &[ratatui::buffer::Cell]| {
        let text: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned()
    };
    buffer
        .content
        .chunks(width)
        .map(row)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A run that stands where a person is needed: one step failed for good, one still runs.
pub(super) fn failed() -> Play {
    failed_with(super::plan::failover())
}

/// The same, of a plan with these steps.
pub(super) fn failed_with(workflow: Arc<Workflow>) -> Play {
    let mut play = Play::new(workflow);
    play.pass(4).ok(&["freeze-deploys"]);
    play.pass(10)
        .ok(&["fence-primary", "drain-queue", "snapshot-orders"]);
    play.pass(20).ok(&["snapshot-users"]);
    for n in 1..=3 {
        play.log(
            "promote-orders",
            n,
            &[
                "promote db-orders-2: waiting for replay, lag=41 MB",
                "\u{1b}[33mpromote db-orders-2: lag=38 MB, not shrinking\u{1b}[0m",
                "WARN wal receiver: connection to 10.1.0.4 refused",
                "ERROR promote timed out after 45s (limit 45s)",
            ],
        );
        play.pass(20)
            .fails("promote-orders", "exit 1: promote timed out");
        play.pass(6);
    }
    play
}

/// As `failed`, and the failed step was retried well: the approval asks.
pub(super) fn asking() -> Play {
    let mut play = failed();
    play.press("r y")
        .pass(10)
        .ok(&["promote-orders", "promote-users"]);
    play
}

/// Approved and served: only the checklist is left.
pub(super) fn ticking() -> Play {
    let mut play = asking();
    play.press("a");
    approve(&mut play);
    play.pass(30).ok(&["dns-switch"]);
    for n in 1..=8 {
        play.pass(5).ok(&[&format!("warm-cache[{n}]")]);
    }
    play.pass(10).ok(&["smoke-test"]);
    play
}

/// Fills the open approval box, and confirms it.
pub(super) fn approve(play: &mut Play) {
    play.press("Tab Tab")
        .write("looks good")
        .press("Tab Tab Enter");
}
