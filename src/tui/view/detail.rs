//! Everything about the selected step: what exactly will run, inputs, outputs, attempts, what it needs and blocks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::spark::spark;
use super::strip::{Strip, wrap};
use super::words::{became, last_time, took};
use crate::run::{Ask, Expected, InputField, Run, Spread};
use crate::text::Clean;
use crate::time::{clock_span, spoken_span};
use crate::tui::model::{Focus, Model, View};
use crate::tui::theme::{Role, Theme};
use crate::workflow::{Action, Step, Work};

/// Lines of one value that are shown.
const VALUE_ROWS: usize = 12;
const LABEL: usize = 10;
/// Steps named in a list; the rest is counted.
const NAMED: usize = 12;
/// Past times of a trend.
const TREND: usize = 24;

type Line = (String, Clean, Role);

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let focused = model.view == View::Detail || model.focus == Focus::Detail;
    let name = theme.style(if focused {
        Role::BorderFocus
    } else {
        Role::Border
    });
    let border = theme.style(Role::Border);
    Strip::new(buffer, area).fill(theme.lines().horizontal, border);
    let id = model
        .step()
        .map(|step| step.id.to_string())
        .unwrap_or_default();
    Strip::new(buffer, area)
        .gap(3)
        .own(" DETAIL ", name)
        .outside(&id, name)
        .own(" ", name);
    let beside = area.x > 0;
    let left = area.x + if beside { 2 } else { 1 };
    let width = area.right().saturating_sub(left);
    let lines = lines(model, theme);
    let rows = laid_out(&lines, usize::from(width));
    let height = area.height - 1;
    let top = model
        .detail
        .top
        .min(rows.len().saturating_sub(usize::from(height)));
    for n in 0..height {
        let row = Rect::new(area.x, area.y + 1 + n, area.width, 1);
        if beside {
            Strip::new(buffer, row).own(theme.lines().vertical, theme.style(Role::Border));
        }
        let Some((label, text, role)) = rows.get(top + usize::from(n)) else {
            continue;
        };
        let mut strip = Strip::new(buffer, row);
        strip.to(left).own(label, theme.style(Role::Muted));
        strip.to(left + LABEL as u16).own(text, theme.style(*role));
    }
}

fn laid_out(lines: &[Line], width: usize) -> Vec<(&str, String, Role)> {
    let mut rows = Vec::new();
    for (label, text, role) in lines {
        let wrapped = wrap(text, width.saturating_sub(LABEL))
            .into_iter()
            .take(VALUE_ROWS);
        for (n, row) in wrapped.enumerate() {
            rows.push((if n == 0 { label.as_str() } else { "" }, row, *role));
        }
    }
    rows
}

fn lines(model: &Model, theme: &Theme) -> Vec<Line> {
    let (Some(step), Some(def)) = (model.step(), model.def(model.selected)) else {
        return vec![(String::new(), Clean::line("no step"), Role::Muted)];
    };
    let mut lines = Lines(Vec::new());
    if def.name != step.id.as_str() {
        lines.add("name", &def.name, Role::Title);
    }
    if !def.description.is_empty() {
        for line in def.description.lines() {
            lines.add("", line, Role::Muted);
        }
    }
    lines.add("kind", &kind(model), Role::Text);
    if let Some(words) = model.inside_of(model.selected) {
        lines.add("now", words, Role::Title);
    }
    if let Some(expected) = model.expected_of(model.selected) {
        lines.add("expected", &expected_words(expected), Role::Text);
    }
    let trend = model.past.times.trend(&def.id, TREND);
    if let [_, .., last] = trend.as_slice() {
        let text = format!("{} {}", spark(&trend, theme), clock_span(*last));
        lines.add("trend", &text, Role::Text);
    }
    if let Some(file) = file(model) {
        lines.add("file", file, Role::Text);
    }
    if !step.why.is_empty() {
        lines.add(
            "state",
            &format!("{}: {}", step.state.word(), step.why),
            Role::Text,
        );
    }
    asked(model, &mut lines);
    // What asks already says so above, with its values and its ticks.
    if step.ask.is_none() {
        let will_run = model.detail.will_run.iter();
        for line in will_run.flat_map(|part| part.lines()) {
            lines.add("will run", line, Role::Accent);
        }
    }
    for input in model.detail.inputs.iter().filter(|i| told(def, i)) {
        lines.add(
            "input",
            &format!("{} = {}", input.path, input.text),
            Role::Text,
        );
    }
    for (name, value) in &step.outputs {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        lines.add("output", &format!("{name} = {value}"), Role::Text);
    }
    attempts(model, &mut lines);
    if let Some(before) = &model.before.precedent {
        let text = last_time(before, step, model.now);
        lines.add("last time", &text, Role::Accent);
    }
    for pair in model
        .before
        .changed
        .iter()
        .flat_map(|changed| &changed.inputs)
    {
        let text = became(pair, theme);
        lines.add("changed", &text, Role::Accent);
    }
    let need = |index: usize| name_and_state(&model.run, index);
    let needs = model
        .run
        .needs(model.selected)
        .iter()
        .map(|need_| need(need_.step));
    lines.list("needs", needs);
    let from = step.group.unwrap_or(model.selected);
    lines.list(
        "blocks",
        model.run.dependents(from).iter().map(|index| need(*index)),
    );
    lines.0
}

struct Lines(Vec<Line>);

impl Lines {
    fn add(&mut self, label: &str, text: &str, role: Role) {
        let repeated = self.0.iter().rev().find(|(label, ..)| !label.is_empty());
        let same = repeated.is_some_and(|(last, ..)| last == label);
        let label = if same {
            String::new()
        } else {
            label.to_owned()
        };
        self.0.push((label, Clean::line(text), role));
    }

    fn list(&mut self, label: &str, names: impl ExactSizeIterator<Item = String>) {
        let mut names = names;
        let named: Vec<String> = names.by_ref().take(NAMED).collect();
        let more = names.len();
        let mut text = named.join(", ");
        if more > 0 {
            text = format!("{text} and {more} more");
        }
        if !named.is_empty() {
            self.add(label, &text, Role::Text);
        }
    }
}

/// Constants of the file stand in what will run, and so does all that a service is asked.
fn told(def: &Step, input: &InputField) -> bool {
    let asked = match &def.action {
        Action::Work(Work::Call(call)) => call.is_asked(&input.path),
        _ => false,
    };
    !asked && !input.fixed && !input.text.is_empty()
}

fn name_and_state(run: &Run, index: usize) -> String {
    format!("{} {}", run.steps()[index].id, run.state(index).word())
}

fn expected_words(expected: Expected) -> String {
    let time = clock_span(expected.time);
    match expected.past {
        None => format!("{time}, declared"),
        Some(Spread { count: 1, .. }) => format!("{time}, as it took once"),
        Some(Spread { p90, count }) => {
            format!("p50 {time}, p90 {}, of {count}", clock_span(p90))
        }
    }
}

/// Which file the step comes from, if that is not the one that was started.
fn file(model: &Model) -> Option<&str> {
    let def = model.run.steps().get(model.selected)?.def;
    let workflow = model.run.workflow();
    let runs = workflow.steps[def].inner();
    let stands_in = workflow.inner_of(def);
    runs.or(stands_in).map(|inner| inner.file.as_str())
}

fn kind(model: &Model) -> String {
    let Some(def) = model.def(model.selected) else {
        return String::new();
    };
    let mut parts = vec![def.action.kind().to_owned()];
    // Without an attempt there is nothing to time out, to try again or to do twice.
    if matches!(def.action, Action::Work(_)) {
        if let Some(timeout) = def.timeout {
            parts.push(format!("timeout {}", spoken_span(timeout)));
        }
        if def.retry.limit > 0 {
            parts.push(format!("retries {}", def.retry.limit));
        }
        let idempotent = if def.idempotent {
            "idempotent"
        } else {
            "not idempotent"
        };
        parts.push(idempotent.to_owned());
    }
    for (on, word) in [
        (def.danger, "DANGER"),
        (def.required, "required"),
        (def.always, "always runs"),
        (def.verify.is_some(), "has verify"),
    ] {
        if on {
            parts.push(word.to_owned());
        }
    }
    parts.join(", ")
}

fn asked(model: &Model, lines: &mut Lines) {
    match model.step().and_then(|step| step.ask.as_ref()) {
        Some(Ask::Approval { message, votes, .. }) => {
            for line in message.lines() {
                lines.add("asks", line, Role::Title);
            }
            for vote in votes {
                let word = if vote.approve { "approved" } else { "rejected" };
                let text = format!(
                    "{} {word} at {} {}",
                    vote.actor.voter(),
                    vote.at.clock(),
                    vote.note
                );
                lines.add("vote", &text, Role::Text);
            }
        }
        Some(Ask::Checklist { items }) => {
            for item in items {
                let mark = if item.done.is_some() { "[x]" } else { "[ ]" };
                lines.add("item", &format!("{mark} {}", item.text), Role::Text);
            }
        }
        Some(Ask::Timer { until }) => lines.add("until", &until.rfc3339(), Role::Text),
        None => {}
    }
}

fn attempts(model: &Model, lines: &mut Lines) {
    let Some(step) = model.step() else { return };
    for attempt in step.attempts.iter().rev() {
        let ended = attempt.ended.as_ref();
        let word = ended.map_or("running", |ended| ended_word(ended.outcome));
        let message = ended
            .map(|ended| ended.message.as_str())
            .unwrap_or_default();
        // Of a running one only the start is told: a clock here would redraw the pane each second.
        let time = match ended {
            Some(_) => clock_span(took(attempt, model.now)),
            None => String::new(),
        };
        let text = format!(
            "{} at {} {word} {time} {message}",
            attempt.n,
            attempt.started_at.clock()
        );
        lines.add("tries", text.trim_end(), Role::Text);
        for (path, value) in attempt.changes.iter().flat_map(|changes| &changes.inputs) {
            lines.add(
                "tries",
                &format!("  changed {path} = {value}"),
                Role::Accent,
            );
        }
        for left in ended.iter().flat_map(|ended| &ended.leftovers) {
            let text = format!("  left behind: process {} {}", left.pid, left.command);
            lines.add("tries", &text, Role::LogWarn);
        }
    }
}

fn ended_word(outcome: crate::run::Outcome) -> &'static str {
    use crate::run::Outcome;
    match outcome {
        Outcome::Succeeded => "ok",
        Outcome::Failed => "FAIL",
        Outcome::TimedOut => "TIME",
        Outcome::Cancelled => "cancelled",
        Outcome::NotStarted | Outcome::Orphaned => "not started",
        Outcome::Unknown => "unknown",
    }
}
