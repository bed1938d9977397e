//! What needs a person, in a few rows: what failed or asks, with the last words of its log and the keys that answer it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::hints::keys_row;
use super::preflight;
use super::strip::Strip;
use super::words::{became, counted, last_time, phase_words, took};
use crate::run::{Ask, Outcome, State};
use crate::time::{age, clock_span};
use crate::tui::ansi;
use crate::tui::keys::Act;
use crate::tui::layout::Card;
use crate::tui::model::Model;
use crate::tui::theme::{Role, Status, Theme};

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    match Card::of(model) {
        Card::None => {}
        Card::Failure => failure(model, theme, buffer, area),
        Card::Ask => ask(model, theme, buffer, area),
        Card::Ended => ended(model, theme, buffer, area),
        Card::Preflight => preflight::render(model, theme, buffer, area),
    }
}

/// ` FAIL promote-orders   exit 1   try 2/3   0:48   14:02:37`, then why, then the keys.
fn failure(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let Some(step) = model.step() else { return };
    let look = theme.status(Status::from(step.state));
    let text = theme.style(Role::Text);
    let mut strip = Strip::new(buffer, area);
    strip.own(&format!(" {} {} ", look.glyph, look.word), look.style);
    strip
        .gap(1)
        .cut(step.id.as_str(), 40, theme, theme.style(Role::Title));
    if let Some(attempt) = step.attempts.last() {
        let ended = attempt.ended.as_ref();
        if let Some(code) = ended.and_then(|ended| ended.exit_code) {
            strip.gap(3).own(&format!("exit {code}"), text);
        }
        let limit = model.def(model.selected).map_or(0, |def| def.retry.limit);
        let of = if limit > 0 {
            format!(" of {}", limit + 1)
        } else {
            String::new()
        };
        strip.gap(3).own(&format!("try {}{of}", attempt.n), text);
        strip
            .gap(3)
            .own(&clock_span(took(attempt, model.now)), text);
        strip.gap(3).own(
            &format!("at {}", step.since.clock()),
            theme.style(Role::Muted),
        );
    }
    let mut strip = Strip::nth(buffer, area, 1);
    strip.gap(1);
    let room = strip.room();
    let why = why(model);
    let last = last_words(model);
    // The exit code stands above; where only one row is left, the last words of the log tell more.
    let only_code = is_exit_code(model, &why) && !last.is_empty();
    let text = if only_code { &last } else { &why };
    strip.cut(text, room, theme, theme.style(Role::LogError));
    let free = area.height.saturating_sub(3);
    let before = before(model, theme);
    let from_before = (before.len() as u16).min(free);
    for (n, line) in before.iter().take(usize::from(from_before)).enumerate() {
        let y = area.height - 1 - from_before + n as u16;
        let mut strip = Strip::nth(buffer, area, y);
        strip
            .gap(1)
            .cut(line, room, theme, theme.style(Role::Accent));
    }
    if free > from_before && !only_code {
        let mut strip = Strip::nth(buffer, area, 2);
        strip
            .gap(1)
            .cut(&last, room, theme, theme.style(Role::Muted));
    }
    let keys = [
        Act::Retry,
        Act::RetryEdited,
        Act::Skip,
        Act::Mark,
        Act::Ignore,
        Act::RetryFrom,
        Act::RollBack,
        if model.run.phase().is_terminal() {
            Act::Quit
        } else {
            Act::Abort
        },
    ];
    keys_row(
        model,
        theme,
        &mut Strip::nth(buffer, area, area.height - 1),
        &keys,
    );
}

/// What was done the last time that this step went wrong, and what it was given since it last went well.
fn before(model: &Model, theme: &Theme) -> Vec<String> {
    let last = model.before.precedent.as_ref().zip(model.step());
    let last = last.map(|(before, step)| {
        let told = last_time(before, step, model.now);
        format!("Last time, {told}")
    });
    let changed = model.before.changed.as_ref().map(|changed| {
        let ago = age(model.now.since(changed.at));
        let inputs: Vec<String> = changed
            .inputs
            .iter()
            .map(|pair| became(pair, theme))
            .collect();
        format!("Changed since it was ok {ago} ago: {}", inputs.join(", "))
    });
    last.into_iter().chain(changed).collect()
}

fn is_exit_code(model: &Model, why: &str) -> bool {
    let last = model.step().and_then(|step| step.attempts.last());
    let ended = last.and_then(|attempt| attempt.ended.as_ref());
    ended
        .and_then(|ended| ended.exit_code)
        .is_some_and(|code| why == format!("exit {code}"))
}

fn why(model: &Model) -> String {
    let Some(step) = model.step() else {
        return String::new();
    };
    if step.members.is_some() {
        return whose(model, &model.run.leaves(model.selected));
    }
    let ended = step
        .attempts
        .last()
        .and_then(|attempt| attempt.ended.as_ref());
    let message = ended
        .map(|ended| ended.message.as_str())
        .unwrap_or_default();
    let unknown = step.state == State::Unknown
        || ended.is_some_and(|ended| ended.outcome == Outcome::Unknown);
    let said = if step.why.is_empty() {
        message
    } else {
        &step.why
    };
    match (unknown, said) {
        (true, "") => "it started, and how it ended is not known: look before you retry".into(),
        (true, said) => format!("{said}; it may have taken effect: look before you retry"),
        (false, "") => format!("{} without a word", step.state.word()),
        (false, said) => said.to_owned(),
    }
}

/// A fan-out says nothing itself: which of its members a person must decide about.
fn whose(model: &Model, members: &[usize]) -> String {
    let open = members
        .iter()
        .filter(|member| model.run.state(**member).is_unresolved());
    let names = open.map(|member| model.run.steps()[*member].id.as_str());
    let names: Vec<&str> = names.collect();
    let all = members.len();
    format!("{} of {all} members: {}", names.len(), names.join(", "))
}

/// The last line of the log that says something.
fn last_words(model: &Model) -> String {
    let texts = model
        .log
        .lines
        .iter()
        .rev()
        .map(|line| ansi::text(&line.spans));
    texts
        .map(|text| text.trim().to_owned())
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

fn ask(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let Some(step) = model.step() else { return };
    let look = theme.status(Status::Ask);
    let muted = theme.style(Role::Muted);
    let mut strip = Strip::new(buffer, area);
    strip.own(&format!(" {} ASKS ", look.glyph), look.style);
    strip
        .gap(1)
        .cut(step.id.as_str(), 40, theme, theme.style(Role::Title))
        .gap(3);
    let message = match &step.ask {
        Some(Ask::Approval {
            message,
            needed,
            votes,
            deadline,
        }) => {
            let given = votes.iter().filter(|vote| vote.approve).count();
            strip.own(
                &format!("approval {given} of {needed}"),
                theme.style(Role::Text),
            );
            if let Some(deadline) = deadline {
                strip
                    .gap(3)
                    .own(&format!("until {}", deadline.clock()), muted);
            }
            // There is room for one.
            message.lines().next().unwrap_or_default().to_owned()
        }
        Some(Ask::Checklist { items }) => {
            let done = items.iter().filter(|item| item.done.is_some()).count();
            strip.own(
                &format!("checklist {done} of {}", items.len()),
                theme.style(Role::Text),
            );
            let next = items.iter().find(|item| item.done.is_none());
            next.map(|item| format!("next: {}", item.text))
                .unwrap_or_default()
        }
        _ => String::new(),
    };
    let mut strip = Strip::nth(buffer, area, 1);
    strip.gap(1);
    let room = strip.room();
    strip.cut(&message, room, theme, theme.style(Role::Text));
    let keys = [Act::Answer, Act::Details, Act::Mark, Act::Skip, Act::Abort];
    keys_row(
        model,
        theme,
        &mut Strip::nth(buffer, area, area.height - 1),
        &keys,
    );
}

/// The run is over: what came of it, where it is kept, what is possible now.
fn ended(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let counts = model.run.counts();
    let text = theme.style(Role::Text);
    let mut strip = Strip::new(buffer, area);
    strip.gap(1).own("The run has ended: ", text);
    strip.own(phase_words(model.run.phase()), theme.style(Role::Title));
    if let Some(end) = model.run.ended_at() {
        let span = clock_span(end.since(model.run.started_at()));
        strip.own(&format!(" after {span}, at {} UTC.", end.clock()), text);
    }
    let mut strip = Strip::nth(buffer, area, 1);
    strip.gap(1);
    let parts = [
        (counts.ok, "ok"),
        (counts.excepted, "by a person's word"),
        (counts.skipped, "skipped"),
        (counts.unresolved, "failed or cancelled"),
    ];
    for (n, word) in parts.into_iter().filter(|(n, _)| *n > 0) {
        strip.own(&counted(n, word), text).gap(3);
    }
    let dir = model.dir.display().to_string();
    if !dir.is_empty() {
        strip.outside(&format!("kept in {dir}"), theme.style(Role::Muted));
    }
    let keys = [
        Act::Quit,
        Act::RetryFrom,
        Act::RollBack,
        Act::ViewAudit,
        Act::ViewLogs,
    ];
    keys_row(
        model,
        theme,
        &mut Strip::nth(buffer, area, area.height - 1),
        &keys,
    );
}
