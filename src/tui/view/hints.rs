//! The lines at the foot: why something waits, a question or a toast, and the keys that act now.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

use super::compare;
use super::controls;
use super::plain::prompted;
use super::runs;
use super::strip::{Strip, wrap};
use super::words::{phase_words, took};
use crate::engine::Pace;
use crate::run::{Shown, Why};
use crate::time::clock_span;
use crate::tui::keys::{Act, TABLE, action};
use crate::tui::layout::{DETAIL_FROM, panes};
use crate::tui::model::{Confirm, Confirmed, Front, Means, Model, Purpose, Tone, View};
use crate::tui::options::Watch;
use crate::tui::pacer::{Level, Tempo};
use crate::tui::theme::{Role, Status, Theme};

/// Steps that a line names.
const NAMED: usize = 3;

/// The keys of these acts that would be accepted now, as far as there is room.
pub(crate) fn keys_row(model: &Model, theme: &Theme, strip: &mut Strip, acts: &[Act]) {
    strip.gap(1);
    for act in acts {
        if model.why_not(*act).is_some() {
            continue;
        }
        let Some(key) = model.keymap.keys_of(*act).into_iter().next() else {
            continue;
        };
        let label = label(model, *act);
        if label.is_empty() {
            continue;
        }
        if strip.room() < key.width() + label.width() + 1 {
            continue;
        }
        strip.own(&key, theme.style(Role::Key)).gap(1);
        strip.own(label, theme.style(Role::Text)).gap(2);
    }
}

fn label(model: &Model, act: Act) -> &'static str {
    match act {
        Act::Pause if model.run.stands_by() || model.run.paused().is_some() => "resume",
        Act::Retry if model.run.is_before_steps() => "check again",
        Act::Skip if model.run.is_before_steps() => "override",
        Act::Breakpoint if model.step().is_some_and(|step| step.breakpoint) => "clear break",
        Act::Cancel if model.run.state(model.selected) == crate::run::State::Stopping => "kill",
        Act::Controls => match model.controls_key() {
            Means::Answer => "answer",
            Means::Ask => "ask controls",
            Means::Force => "force controls",
            Means::Take if model.run.controls().held.is_some() => "take controls",
            Means::Take if model.watch == Watch::Watching => "take controls",
            // The usual case needs no hint.
            Means::Take | Means::GiveUp => "",
        },
        Act::Quit => "leave",
        Act::ViewAudit => "audit",
        Act::ViewLogs => "logs",
        _ => action(act).hint,
    }
}

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let mut strip = Strip::new(buffer, area);
    if let Some(first) = model.pending {
        chords(model, theme, &mut strip, first);
        return;
    }
    if let Front::Prompt(prompt) = &model.front
        && !prompt.problem.is_empty()
    {
        strip.gap(1);
        let room = strip.room();
        strip.cut(&prompt.problem, room, theme, theme.style(Role::ToastWarn));
        return;
    }
    if let Some(words) = front_words(model) {
        strip.gap(1).own(words, theme.style(Role::Muted));
        return;
    }
    let help = model
        .keymap
        .keys_of(Act::Help)
        .first()
        .cloned()
        .unwrap_or_default();
    strip.right(&format!("{help} help "), theme.style(Role::Text));
    if let Some(line) = line_words(model.tempo, area.width) {
        strip.right(&line, theme.style(Role::ToastWarn));
    }
    if model.view == View::Runs {
        return of_runs(model, theme, &mut strip);
    }
    let hinted = TABLE
        .iter()
        .filter(|row| !row.hint.is_empty() && row.act != Act::Help);
    let acts: Vec<Act> = hinted.map(|row| row.act).collect();
    keys_row(model, theme, &mut strip, &acts);
}

/// What the keys do with the list of runs.
fn of_runs(model: &Model, theme: &Theme, strip: &mut Strip) {
    strip.gap(1);
    let keys = if model.runs.comparing.is_some() {
        compare::KEYS
    } else {
        runs::KEYS
    };
    for (act, label) in keys {
        let key = model.keymap.first_of(*act);
        if strip.room() > key.width() + label.width() + 1 {
            strip.own(&key, theme.style(Role::Key)).gap(1);
            strip.own(label, theme.style(Role::Text)).gap(2);
        }
    }
}

/// That the line is slow, and what a frame takes: then a person waits for it, and not for the run.
fn line_words(tempo: Tempo, width: u16) -> Option<String> {
    let (word, fps) = match tempo.level {
        Level::Fast => return None,
        Level::Slow => ("slow", 4),
        Level::Crawl => ("crawls", 1),
    };
    // To the tenth of a second, so that it does not change with each frame.
    let tenths = tempo.write.as_millis().div_ceil(100);
    let write = format!("{}.{} s", tenths / 10, tenths % 10);
    Some(if width < DETAIL_FROM {
        format!(" line {word}: {write} ")
    } else {
        format!(
            " the line {word}: a frame takes {write}, at most {fps} a second; :plain needs less "
        )
    })
}

/// What lies in front takes all keys, so those of the panes would be promised in vain.
fn front_words(model: &Model) -> Option<&'static str> {
    match &model.front {
        Front::None => None,
        Front::Confirm(Confirm {
            what: Confirmed::Answer(_),
            ..
        }) => Some("y hands them over   n keeps them   Esc decides later"),
        Front::Confirm(_) => Some("y does it   n or Esc: nothing is done"),
        Front::Dialog(dialog) if dialog.purpose == Purpose::TakeUp => {
            Some(match model.run.paused() {
                Some(_) => "Enter takes the run up, paused as it is   Esc leaves it",
                None => "Enter lets the run go on   Esc leaves it as it is",
            })
        }
        Front::Dialog(_) => Some("Esc closes the box: nothing is done"),
        Front::Checklist(list) if list.input.is_none() => {
            Some("Esc closes the box: the ticks stay")
        }
        Front::Checklist(_) | Front::Prompt(_) => Some("Enter takes it   Esc drops it"),
        Front::Menu(_) | Front::Palette(_) | Front::Help(_) => Some("Enter chooses   Esc closes"),
    }
}

/// What may follow the first key of two.
fn chords(model: &Model, theme: &Theme, strip: &mut Strip, first: crate::tui::keys::Key) {
    let prefix = format!("{first} ");
    strip.gap(1).own(&prefix, theme.style(Role::Key)).gap(1);
    for row in TABLE {
        for written in model.keymap.keys_of(row.act) {
            if let Some(second) = written.strip_prefix(&prefix) {
                strip.own(second, theme.style(Role::Key)).gap(1);
                let word = row.command.strip_prefix("to-").unwrap_or(row.command);
                strip.own(word, theme.style(Role::Text)).gap(2);
            }
        }
    }
}

/// Why the selected step waits; else what the whole run waits for.
pub(crate) fn why(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let text = theme.style(Role::Text);
    let mut strip = Strip::new(buffer, area);
    strip.gap(1);
    if let Some(request) = controls::request(model) {
        let room = strip.room();
        strip.cut(&request, room, theme, theme.style(Role::ToastWarn));
        return;
    }
    if let Some(way_out) = unattended(model) {
        let room = strip.room();
        strip.cut(&way_out, room, theme, theme.style(Role::ToastError));
        return;
    }
    if let Some((Some(first), _, role)) = toast(model, area.width) {
        strip.own(&first, theme.style(role));
        return;
    }
    if let Some(broken) = &model.broken {
        let room = strip.room();
        strip.cut(broken, room, theme, theme.style(Role::ToastError));
        return;
    }
    if let Some(end) = model
        .run
        .ended_at()
        .filter(|_| model.run.phase().is_terminal())
    {
        let key = model
            .keymap
            .keys_of(Act::Quit)
            .first()
            .cloned()
            .unwrap_or_default();
        let took = clock_span(end.since(model.run.started_at()));
        let words = phase_words(model.run.phase());
        strip.own(
            &format!("The run has ended: {words} after {took}. {key} leaves."),
            text,
        );
        return;
    }
    let why = model.run.why(model.selected);
    if why != Why::NotWaiting
        && let Some(step) = model.step()
    {
        strip.own("Why waiting: ", theme.style(Role::Muted));
        strip.outside(&format!("{} {} ", step.id, theme.lines().arrow_left), text);
        let room = strip.room();
        strip.cut(&why_words(&why, theme), room, theme, text);
        return;
    }
    match model.run.shown() {
        Shown::Pausing(_) => active(model, theme, &mut strip, "Still running: "),
        Shown::Running | Shown::Cancelling | Shown::RollingBack if model.needs_you.is_empty() => {
            active(model, theme, &mut strip, "Running: ");
        }
        _ => needs(model, theme, &mut strip),
    }
}

/// What to do about a run that has lost its engine: no key of this screen can help it.
fn unattended(model: &Model) -> Option<String> {
    let (Pace::Over(_), false) = (&model.pace, model.run.phase().is_terminal()) else {
        return None;
    };
    let run = &model.run.started()?.run;
    let keys = model.keymap.keys_of(Act::Quit);
    let key = keys.first().map_or("", String::as_str);
    Some(format!(
        "No engine drives this run. {key} leaves; then: flightdeck resume {run}"
    ))
}

fn why_words(why: &Why, theme: &Theme) -> String {
    match why {
        Why::Needs(needs) => {
            let name = |(step, state): &(crate::id::StepId, crate::run::State)| {
                format!("{step} {}", theme.status(Status::from(*state)).word)
            };
            needs.iter().map(name).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn active(model: &Model, theme: &Theme, strip: &mut Strip, label: &str) {
    if model.active.is_empty() {
        strip.own(
            "Nothing runs; a clock is waited for",
            theme.style(Role::Muted),
        );
        return;
    }
    strip.own(label, theme.style(Role::Muted));
    for index in model.active.iter().take(NAMED) {
        let step = &model.run.steps()[*index];
        let time = step.attempts.last().filter(|_| model.is_moving());
        let time = time.map(|attempt| clock_span(took(attempt, model.now)));
        let text = format!("{} {}", step.id, time.unwrap_or_default());
        strip.outside(&text, theme.style(Role::Text)).gap(2);
    }
    let more = model.run.counts().running.saturating_sub(NAMED);
    if more > 0 {
        strip.own(&format!("and {more} more"), theme.style(Role::Muted));
    }
}

fn needs(model: &Model, theme: &Theme, strip: &mut Strip) {
    if model.needs_you.is_empty() {
        if model.run.shown() == Shown::Paused {
            let keys = model.keymap.keys_of(Act::Pause);
            let key = keys.first().map_or("", String::as_str);
            let how = if model.run.stands_by() {
                "Standing by"
            } else {
                "Paused"
            };
            let text = format!("{how}: nothing new starts. {key} resumes.");
            strip.own(&text, theme.style(Role::Text));
        }
        return;
    }
    let key = model
        .keymap
        .keys_of(Act::NeedsNext)
        .first()
        .cloned()
        .unwrap_or_default();
    strip.right(&format!("{key} next "), theme.style(Role::Muted));
    strip.own("Needs you: ", theme.style(Role::Title));
    for index in model.needs_you.iter().take(NAMED) {
        let look = theme.status(model.status(*index));
        let step = &model.run.steps()[*index];
        strip
            .outside(step.id.as_str(), theme.style(Role::Text))
            .gap(1);
        strip.own(&look.word, look.style).gap(2);
    }
    let more = model.needs_you.len().saturating_sub(NAMED);
    if more > 0 {
        strip.own(&format!("and {more} more"), theme.style(Role::Muted));
    }
}

/// The second-last row: a question, a field, a toast, or a rule. Gives the place of the cursor.
pub(crate) fn line(
    model: &Model,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) -> Option<Position> {
    let mut strip = Strip::new(buffer, area);
    match &model.front {
        Front::Confirm(confirm) => {
            strip.right("y yes   n no ", theme.style(Role::Key));
            strip.gap(1);
            let room = strip.room();
            strip.cut(&confirm.question, room, theme, theme.style(Role::Title));
            return None;
        }
        Front::Prompt(prompt) => {
            let label = format!("{}: ", prompted(prompt.what));
            strip.gap(1).own(&label, theme.style(Role::Key));
            return Some(input(&mut strip, theme, &prompt.input));
        }
        _ => {}
    }
    // On a low screen there is no other row for it.
    let request = controls::request(model).filter(|_| panes(model).why.is_empty());
    if let Some(request) = request {
        strip.gap(1);
        let room = strip.room();
        strip.cut(&request, room, theme, theme.style(Role::ToastWarn));
    } else if let Some((_, text, role)) = toast(model, area.width) {
        strip.gap(1);
        let room = strip.room();
        strip.cut(&text, room, theme, theme.style(role));
    } else {
        strip.fill(theme.lines().horizontal, theme.style(Role::Border));
    }
    None
}

/// The toast: what stands on its own row and, before that, what of a long one stands on the row above. The end of a refusal
/// says what would be possible, so it must not be cut off.
fn toast(model: &Model, width: u16) -> Option<(Option<String>, String, Role)> {
    if matches!(model.front, Front::Confirm(_) | Front::Prompt(_)) {
        return None;
    }
    let toast = model.toast.as_ref()?;
    let role = match toast.tone {
        Tone::Info => Role::ToastInfo,
        Tone::Warn => Role::ToastWarn,
        Tone::Error => Role::ToastError,
    };
    let mut rows = wrap(&toast.text, usize::from(width).saturating_sub(2));
    let above = !panes(model).why.is_empty()
        && controls::request(model).is_none()
        && unattended(model).is_none();
    if rows.len() < 2 || !above {
        return Some((None, toast.text.as_str().to_owned(), role));
    }
    let first = rows.remove(0);
    Some((Some(first), rows.join(" "), role))
}

/// A text field over the rest of the strip, scrolled so that its cursor is visible.
pub(crate) fn input(strip: &mut Strip, theme: &Theme, input: &tui_input::Input) -> Position {
    let room = strip.room().saturating_sub(1);
    let scroll = input.visual_scroll(room);
    let cursor = strip.x() + input.visual_cursor().saturating_sub(scroll) as u16;
    let mut skipped = 0;
    let shown: String = input
        .value()
        .chars()
        .skip_while(|c| {
            let before = skipped < scroll;
            skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            before
        })
        .collect();
    strip.outside(&shown, theme.style(Role::FieldFocus));
    Position::new(cursor, strip.y())
}
