//! ```text
//!  Flightdeck   1 Workflows 3   0 Runs 12
//! --- WORKFLOWS ----------------------------------------------
//! >failover-eu      14 steps   last #41 ok 12d   shipped
//!  ...
//!  about the selected one
//!  Enter open  / filter  Tab runs  q quit
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::model::{Home, Tab};
use crate::tui::keys::Act;
use crate::tui::source::WorkflowEntry;
use crate::tui::theme::{Role, Status, Theme};
use crate::tui::view::{
    Strip, about_run, framed, input, render_comparison, render_dialog, render_runs, runs_title,
};

/// Draws everything; gives the place of the cursor, if there is one.
pub(super) fn render(home: &Home, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
    let area = buffer.area;
    let row = |y: u16| Rect::new(0, y, area.width, 1).intersection(area);
    let foot = area.height.saturating_sub(1);
    tabs(home, theme, buffer, row(0));
    let body = Rect::new(0, 1, area.width, area.height.saturating_sub(3)).intersection(area);
    let list = Rect {
        y: body.y + 1,
        height: body.height.saturating_sub(1),
        ..body
    };
    match home.tab {
        Tab::Workflows => {
            let border = theme.style(Role::Border);
            Strip::new(buffer, body).fill(theme.lines().horizontal, border);
            workflows(home, theme, buffer, list);
        }
        Tab::Runs if home.runs.comparing.is_some() => {
            if let Some(comparing) = &home.runs.comparing {
                render_comparison(comparing, theme, buffer, body);
            }
        }
        Tab::Runs => {
            runs_title(&home.runs, theme, buffer, body);
            render_runs(&home.runs, home.now, theme, buffer, list);
        }
    }
    about(home, theme, buffer, row(foot.saturating_sub(1)));
    Strip::new(buffer, row(foot)).own(&hints(home), theme.style(Role::Text));
    let cursor = match home.tab {
        Tab::Workflows => filter(home, theme, buffer, body),
        // The list says itself what narrows it; while one types, that stands where the eye is.
        Tab::Runs if home.filtering => filter(home, theme, buffer, row(foot.saturating_sub(1))),
        Tab::Runs => None,
    };
    let middle = Rect {
        height: area.height.saturating_sub(1),
        ..area
    };
    if let Some(form) = &home.form {
        return render_dialog(&form.dialog, theme, buffer, middle);
    }
    if !home.problems.is_empty() {
        problems(home, theme, buffer, middle);
        return None;
    }
    cursor
}

/// The keys that act now: what is done with runs has the person's own.
fn hints(home: &Home) -> String {
    if home.form.is_some() {
        return " Esc: nothing is started  Tab next field".to_owned();
    }
    // This box says itself which keys it takes.
    if !home.problems.is_empty() {
        return String::new();
    }
    let key = |act: Act, word: &str| {
        let key = home.keymap.keys_of(act).into_iter().next()?;
        Some(format!("{key} {word}"))
    };
    let fixed = |text: &str| Some(text.to_owned());
    let hints = match home.tab {
        Tab::Workflows => {
            let all = "Enter open  / filter  Tab other list  j/k move  q quit";
            vec![fixed(all)]
        }
        Tab::Runs if home.runs.comparing.is_some() => vec![
            key(Act::OnlyMatches, "only differences"),
            key(Act::Down, "down"),
            key(Act::Up, "up"),
            key(Act::Back, "back"),
        ],
        Tab::Runs => vec![
            fixed("Enter open  / filter"),
            key(Act::Select, "mark two"),
            key(Act::Details, "compare"),
            key(Act::RetryFrom, "rerun"),
            key(Act::Write, "report"),
            fixed("q quit"),
        ],
    };
    let hints: Vec<String> = hints.into_iter().flatten().collect();
    format!(" {}", hints.join("  "))
}

fn tabs(home: &Home, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let mut strip = Strip::new(buffer, area);
    strip.own(" Flightdeck ", theme.style(Role::Title)).gap(2);
    let counts = [
        (
            Tab::Workflows,
            "1 Workflows",
            home.workflows.as_ref().map(Vec::len),
        ),
        (Tab::Runs, "0 Runs", home.runs.total()),
    ];
    for (tab, name, count) in counts {
        let role = if tab == home.tab {
            Role::Selection
        } else {
            Role::Muted
        };
        strip.own(name, theme.style(role)).gap(1);
        if let Some(count) = count {
            strip.own(&count.to_string(), theme.style(Role::Muted));
        }
        strip.gap(3);
    }
}

fn filter(home: &Home, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    if !home.filtering && home.filter.value().is_empty() {
        return None;
    }
    let mut strip = Strip::new(buffer, area);
    strip.gap(3).own(" / ", theme.style(Role::Key));
    let cursor = input(&mut strip, theme, &home.filter);
    home.filtering.then_some(cursor)
}

fn workflows(home: &Home, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let shown = home.shown_workflows();
    if shown.is_empty() {
        let words = match &home.workflows {
            None => "looking for workflows",
            Some(all) if all.is_empty() => "no workflows found: `flightdeck run FILE` starts one",
            Some(_) => "no workflow matches",
        };
        Strip::new(buffer, area)
            .gap(1)
            .own(words, theme.style(Role::Muted));
    }
    let at = home.at;
    let top = (at + 1).saturating_sub(usize::from(area.height));
    for (n, entry) in shown
        .iter()
        .enumerate()
        .skip(top)
        .take(usize::from(area.height))
    {
        let mut strip = Strip::nth(buffer, area, (n - top) as u16);
        workflow_row(entry, n == at, theme, &mut strip);
    }
}

fn workflow_row(entry: &WorkflowEntry, here: bool, theme: &Theme, strip: &mut Strip) {
    let muted = theme.style(Role::Muted);
    let start = strip.x();
    strip.right(&entry.from, muted);
    strip.own(
        if here { theme.lines().cursor } else { " " },
        theme.style(Role::Accent),
    );
    let name = theme.style(if here { Role::Selection } else { Role::Text });
    strip.cut(&entry.name, 28, theme, name).to(start + 30);
    if entry.errors > 0 {
        let text = format!("{} errors", entry.errors);
        strip.own(&text, theme.status(Status::Fail).style).gap(2);
        return;
    }
    strip
        .own(
            &format!("{:>4} {}", entry.steps, step_word(entry.steps)),
            theme.style(Role::Text),
        )
        .gap(3);
    let last = if entry.last.is_empty() {
        "never run"
    } else {
        &entry.last
    };
    let room = strip.room();
    strip.cut(last, room, theme, muted);
}

/// As wide for one as for many, so that columns stand.
fn step_word(steps: usize) -> &'static str {
    if steps == 1 { "step " } else { "steps" }
}

/// A word about what is selected, or the answer to the last key.
fn about(home: &Home, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let mut strip = Strip::new(buffer, area);
    strip.gap(1);
    if home.filtering && home.tab == Tab::Runs && home.toast.is_empty() {
        return;
    }
    let room = strip.room();
    if !home.toast.is_empty() {
        strip.cut(&home.toast, room, theme, theme.style(Role::ToastInfo));
        return;
    }
    if home.tab == Tab::Runs && home.runs.comparing.is_some() {
        return;
    }
    if home.tab == Tab::Runs {
        return about_run(&home.runs, home.now, theme, &mut strip);
    }
    let workflows = home.shown_workflows();
    let text = workflows.get(home.at).map(|entry| {
        let about = if entry.about.is_empty() {
            &entry.file
        } else {
            &entry.about
        };
        about.clone()
    });
    strip.cut(
        &text.unwrap_or_default(),
        room,
        theme,
        theme.style(Role::Muted),
    );
}

/// What is wrong with a workflow, as `check` says it.
fn problems(home: &Home, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let width = area.width.saturating_sub(2).min(100);
    let title = "This workflow cannot be started";
    let inside = framed(theme, buffer, area, title, (width, home.problems.len() + 1));
    let rows = usize::from(inside.height.saturating_sub(1));
    for (n, line) in home.problems.iter().take(rows).enumerate() {
        let mut strip = Strip::nth(buffer, inside, n as u16);
        strip.gap(1).own(line.as_str(), Style::default());
    }
    let mut strip = Strip::nth(buffer, inside, rows as u16);
    strip.gap(1).own("any key closes", theme.style(Role::Muted));
}
