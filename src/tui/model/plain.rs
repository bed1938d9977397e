//! Lines instead of a screen: what is to be told, what the person was asked last, and what a number means at this moment.

use std::collections::VecDeque;

use crate::id::AttemptId;
use crate::run::Recorded;
use crate::text::Clean;
use crate::time::Timestamp;
use crate::tui::options::Options;

/// Lines that are kept for whoever comes from the screen, or to a run that is under way.
const RECENT: usize = 20;
/// Lines that wait for the terminal; of more the oldest are left out, and that is told.
const WAITING: usize = 1_000;

/// The run in lines: for a screen reader, a dumb terminal, or a line too bad for a screen.
#[derive(Debug)]
pub(crate) struct Plain {
    pub on: bool,
    /// The terminal can show a screen too.
    pub has_screen: bool,
    words: fn(&Recorded) -> Option<String>,
    /// The last lines that have not been told, and whether there were more.
    recent: VecDeque<Clean>,
    more: bool,
    /// Told, and not printed yet.
    said: VecDeque<Clean>,
    left_out: usize,
    /// Would come between a question and its answer.
    held: VecDeque<Clean>,
    /// The last question, as it was told.
    pub asked: Vec<Clean>,
    /// The field of the open box that is asked for; behind the last one, whether to do it. `None`: the box was not told yet.
    pub field: Option<usize>,
    /// The step that the choices were told for. `None`: something was asked since, so that a number might answer that.
    pub choices_of: Option<usize>,
    /// The choices are to be told as soon as nothing else is asked.
    pub due: bool,
    /// The step that newly needs a person, until it was told.
    pub newcomer: Option<usize>,
    /// When they were first to be read.
    pub drawn: Option<Timestamp>,
    /// The end of this log is to be told first.
    pub log: Option<AttemptId>,
}

impl Plain {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            on: options.plain,
            has_screen: options.has_screen,
            words: options.words,
            recent: VecDeque::new(),
            more: false,
            said: VecDeque::new(),
            left_out: 0,
            held: VecDeque::new(),
            asked: Vec::new(),
            field: None,
            choices_of: None,
            due: options.plain,
            newcomer: None,
            drawn: None,
            log: None,
        }
    }

    pub(crate) fn say(&mut self, line: Clean) {
        if self.said.len() >= WAITING {
            self.said.pop_front();
            self.left_out += 1;
        }
        self.said.push_back(line);
    }

    pub(crate) fn say_all(&mut self, lines: impl IntoIterator<Item = Clean>) {
        for line in lines {
            self.say(line);
        }
    }

    /// Facts have arrived. They are told at once, but for those before this person came and those that a question is open for.
    pub(crate) fn facts(&mut self, events: &[Recorded], first: bool, asks: bool) {
        let told = self.on && !first;
        let most = if told { WAITING } else { RECENT };
        let words = events.iter().rev().filter_map(self.words);
        let mut lines: Vec<Clean> = words.take(most).map(|line| Clean::line(&line)).collect();
        lines.reverse();
        match (told, asks) {
            (false, _) => {
                self.recent.extend(lines);
                let over = self.recent.len().saturating_sub(RECENT);
                self.more |= over > 0 || events.len() > RECENT;
                self.recent.drain(..over);
            }
            (true, false) => self.say_all(lines),
            (true, true) => {
                self.held.extend(lines);
                let over = self.held.len().saturating_sub(WAITING);
                self.left_out += over;
                self.held.drain(..over);
            }
        }
    }

    /// Tells what was missed; `rest` says where older lines are.
    pub(crate) fn catch_up(&mut self, rest: &str) {
        if std::mem::take(&mut self.more) {
            self.say(Clean::line(rest));
        }
        let recent = std::mem::take(&mut self.recent);
        self.say_all(recent);
    }

    /// Nothing is asked any more.
    pub(crate) fn release(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.say_all(held);
    }

    /// All that is to be printed, a line each.
    pub(crate) fn take(&mut self) -> String {
        let mut text = String::new();
        let left_out = std::mem::take(&mut self.left_out);
        if left_out > 0 {
            text = format!("... {left_out} lines were left out here\n");
        }
        for line in std::mem::take(&mut self.said) {
            text.push_str(line.as_str());
            text.push('\n');
        }
        text
    }
}
