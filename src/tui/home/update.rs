//! Keys and answers of the home screen. Pure.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::model::{Form, Home, Tab};
use crate::text::Clean;
use crate::time::Timestamp;
use crate::tui::app::App;
use crate::tui::keys::{Act, Key, Meaning, write_chord};
use crate::tui::looks::Wanted;
use crate::tui::message::{Message, Request};
use crate::tui::model::{Comparing, What};
use crate::tui::options::Choice;
use crate::tui::theme::Theme;
use crate::tui::update::{Did, Pressed, edit, first_bad, insert, params, press, run_list};
use crate::workflow::{Workflow, bind_params};

impl App for Home {
    fn update(&mut self, message: Message) -> Vec<Request> {
        match message {
            Message::Key { key, at } => {
                self.now = at;
                return self.key(key, at);
            }
            Message::Paste(text) => self.paste(&text),
            Message::Resize { width, height } => (self.width, self.height) = (width, height),
            Message::Drawn(at) => {
                if let Some(form) = &mut self.form {
                    form.dialog.drawn.get_or_insert(at);
                }
            }
            Message::Workflows(list) => self.workflows = Some(list),
            Message::Runs(list) => self.runs.take(list, self.now),
            Message::Compared(contrast) => {
                self.runs.comparing = Some(Comparing::new(*contrast));
            }
            Message::Like(like) => {
                self.toast.clear();
                self.form = Some(Form::like(*like));
            }
            Message::Tick(now) => {
                self.now = now;
                if self.tab == Tab::Runs && self.runs.is_stale(now) {
                    return vec![Request::LoadRuns];
                }
            }
            Message::Checked { file, result } => self.checked(file, result),
            Message::Failed(text) | Message::Done(text) => self.toast = text,
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
        super::view::render(self, theme, buffer)
    }

    fn wake_at(&self) -> Option<Timestamp> {
        self.runs.stale_at().filter(|_| self.tab == Tab::Runs)
    }

    fn is_done(&self) -> bool {
        self.choice.is_some()
    }
}

impl Home {
    fn key(&mut self, key: Key, at: Timestamp) -> Vec<Request> {
        self.toast.clear();
        if let Some(form) = self.form.take() {
            self.in_form(form, key, at);
            return Vec::new();
        }
        if !self.problems.is_empty() {
            self.problems.clear();
            return Vec::new();
        }
        if self.filtering {
            self.in_filter(key);
            return Vec::new();
        }
        self.in_list(key)
    }

    fn in_list(&mut self, key: Key) -> Vec<Request> {
        let page = isize::try_from(self.height / 2).unwrap_or(1);
        match key {
            _ if self.pending.is_some() => return self.on_run(key),
            Key::Char('T') => return vec![Request::Theme(Wanted::Next)],
            Key::Ctrl('l') => return vec![Request::Redraw, Request::LoadRuns],
            Key::Ctrl('z') => return vec![Request::Suspend],
            _ if self.compares() => return self.on_run(key),
            Key::Down | Key::Char('j') => self.move_by(1),
            Key::Up | Key::Char('k') => self.move_by(-1),
            Key::PageDown | Key::Ctrl('d') => self.move_by(page),
            Key::PageUp | Key::Ctrl('u') => self.move_by(-page),
            Key::Home => self.move_by(isize::MIN / 2),
            Key::End | Key::Char('G') => self.move_by(isize::MAX / 2),
            Key::Tab | Key::BackTab => {
                let other = self.tab == Tab::Workflows;
                self.show(if other { Tab::Runs } else { Tab::Workflows });
            }
            Key::Char('1') => self.show(Tab::Workflows),
            Key::Char('0') => self.show(Tab::Runs),
            Key::Char('/') => self.filtering = true,
            Key::Enter => return self.open(),
            Key::Esc if !self.filter.value().is_empty() => {
                self.filter.reset();
                self.narrow();
            }
            Key::Esc if self.tab == Tab::Runs && self.runs.drop_marks() => {}
            Key::Esc => self.toast = "nothing is open; q leaves".into(),
            Key::Char('q') | Key::Ctrl('c') => self.choice = Some(Choice::Quit),
            other if self.tab == Tab::Runs => return self.on_run(other),
            other => self.nothing(&[other]),
        }
        Vec::new()
    }

    fn compares(&self) -> bool {
        self.tab == Tab::Runs && self.runs.comparing.is_some()
    }

    fn nothing(&mut self, keys: &[Key]) {
        let keys = write_chord(keys);
        self.toast = if self.compares() {
            let differences = self.keymap.first_of(Act::OnlyMatches);
            let back = self.keymap.first_of(Act::Back);
            format!(
                "{keys} does nothing here: {differences} shows only differences, {back} goes back"
            )
        } else {
            format!(
                "{keys} does nothing here: Enter opens, Tab changes the list, / filters, q leaves"
            )
        };
    }

    /// What the keys do with the list of runs, as inside a run.
    fn on_run(&mut self, key: Key) -> Vec<Request> {
        let first = self.pending.take();
        if first.is_some() && key == Key::Esc {
            return Vec::new();
        }
        let keys: Vec<Key> = first.into_iter().chain([key]).collect();
        let did = match self.keymap.meaning(&keys) {
            Meaning::Does(act) => run_list(&mut self.runs, act, i64::from(self.height / 2)),
            Meaning::Begins => {
                self.pending = Some(key);
                Did::Said(format!("{key} waits for a second key; Esc drops it"))
            }
            Meaning::Nothing => Did::Nothing,
        };
        match did {
            Did::Nothing => self.nothing(&keys),
            Did::Something => {}
            Did::Said(text) => self.toast = text,
            Did::Asked(request) => return vec![request],
        }
        Vec::new()
    }

    fn show(&mut self, tab: Tab) {
        if tab != self.tab {
            std::mem::swap(&mut self.filter, &mut self.other_filter);
        }
        self.tab = tab;
        self.narrow();
    }

    /// The list of runs narrows while its filter is typed; that of workflows is narrowed when it is drawn.
    fn narrow(&mut self) {
        if self.tab == Tab::Runs
            && let Err(problem) = self.runs.set_filter(self.filter.value())
        {
            self.toast = problem;
        }
    }

    fn in_filter(&mut self, key: Key) {
        match key {
            Key::Enter => self.filtering = false,
            Key::Esc | Key::Ctrl('c') => {
                self.filter.reset();
                self.filtering = false;
                self.narrow();
            }
            Key::Down | Key::Up => {
                self.filtering = false;
                self.move_by(if key == Key::Down { 1 } else { -1 });
            }
            _ => {
                edit(&mut self.filter, key);
                self.at = 0;
                self.narrow();
            }
        }
    }

    fn move_by(&mut self, rows: isize) {
        match self.tab {
            Tab::Workflows => {
                let last = self.shown_workflows().len().saturating_sub(1);
                self.at = self.at.saturating_add_signed(rows).min(last);
            }
            Tab::Runs => self.runs.move_by(rows as i64),
        }
    }

    fn open(&mut self) -> Vec<Request> {
        match self.tab {
            Tab::Workflows => {
                let picked = self
                    .shown_workflows()
                    .get(self.at)
                    .map(|entry| entry.file.clone());
                if let Some(file) = picked {
                    self.toast = format!("checking {file}");
                    return vec![Request::Check(file)];
                }
            }
            Tab::Runs => {
                if let Some(entry) = self.runs.selected() {
                    self.choice = Some(Choice::Open(entry.summary.id.clone()));
                }
            }
        }
        Vec::new()
    }

    fn checked(&mut self, file: String, result: Result<Arc<Workflow>, Vec<String>>) {
        self.toast.clear();
        match result {
            Ok(workflow) => {
                self.form = Some(Form::new(
                    file,
                    workflow,
                    &std::collections::BTreeMap::new(),
                ));
            }
            Err(problems) => {
                self.problems = problems
                    .iter()
                    .flat_map(|text| Clean::lines(text))
                    .collect();
                if self.problems.is_empty() {
                    self.problems
                        .push(Clean::line("this workflow cannot be started"));
                }
            }
        }
    }

    fn in_form(&mut self, mut form: Form, key: Key, at: Timestamp) {
        let leaves = key == Key::Esc || key == Key::Ctrl('c');
        if !leaves && !form.dialog.hears(at) {
            self.form = Some(form);
            return;
        }
        let pressed = if leaves {
            Pressed::No
        } else {
            press(&mut form.dialog, key)
        };
        match pressed {
            Pressed::No if self.only_form => self.choice = Some(Choice::Quit),
            Pressed::No => {}
            Pressed::Nothing | Pressed::Changed => self.form = Some(form),
            Pressed::Yes => self.submit(form),
        }
    }

    /// Every value is read as its declared type here, so that a mistake is told beside its field.
    fn submit(&mut self, mut form: Form) {
        if let Some(at) = first_bad(&mut form.dialog) {
            form.dialog.focus = at;
            self.form = Some(form);
            return;
        }
        match bind_params(&form.workflow, &params(&form.dialog)) {
            Ok(params) => {
                self.choice = Some(Choice::Start {
                    file: form.file,
                    params,
                    like: form.like,
                });
            }
            Err(problems) => {
                for problem in problems.iter().rev() {
                    let of = What::Param(problem.param.clone());
                    let at = form.dialog.fields.iter().position(|field| field.what == of);
                    if let Some(at) = at {
                        form.dialog.fields[at].problem.clone_from(&problem.message);
                        form.dialog.focus = at;
                    }
                    let hint = problem.hint.as_deref().unwrap_or_default();
                    form.dialog.problem = format!("{}: {} {hint}", problem.param, problem.message);
                }
                self.form = Some(form);
            }
        }
    }

    fn paste(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        if let Some(form) = &mut self.form {
            crate::tui::update::paste(&mut form.dialog, line);
        } else if self.filtering {
            insert(&mut self.filter, line);
            self.narrow();
        } else {
            self.toast = "pasted text does nothing here".into();
        }
    }
}
