//! Before the first step: each preflight check with what it has found, what holds the run first, and the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::hints::keys_row;
use super::strip::Strip;
use super::words::took;
use crate::run::Finding;
use crate::time::clock_span;
use crate::tui::keys::Act;
use crate::tui::model::Model;
use crate::tui::theme::{Role, Status, Theme};

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    heading(model, theme, &mut Strip::new(buffer, area));
    let order = order(model);
    let room = usize::from(area.height.saturating_sub(2));
    // Where not all have room, the last row counts those that have none.
    let shown = if order.len() > room {
        room.saturating_sub(1)
    } else {
        order.len()
    };
    for (n, check) in order.iter().take(shown).enumerate() {
        row(
            model,
            theme,
            *check,
            &mut Strip::nth(buffer, area, n as u16 + 1),
        );
    }
    if order.len() > shown {
        let words = format!("and {} more: flightdeck show", order.len() - shown);
        Strip::nth(buffer, area, shown as u16 + 1)
            .gap(1)
            .own(&words, theme.style(Role::Muted));
    }
    let keys = [Act::Retry, Act::Skip, Act::Abort, Act::ViewAudit];
    // While it is queued no check has run.
    let from = if model.run.queued().is_some() { 2 } else { 0 };
    keys_row(
        model,
        theme,
        &mut Strip::nth(buffer, area, area.height.saturating_sub(1)),
        &keys[from..],
    );
}

fn heading(model: &Model, theme: &Theme, strip: &mut Strip) {
    let run = &model.run;
    if let Some(why) = run.queued() {
        let look = theme.status(Status::Wait);
        strip.own(&format!(" {} QUEUED ", look.glyph), look.style);
        let room = strip.room();
        strip.gap(1).cut(why, room, theme, theme.style(Role::Text));
        return;
    }
    let count = |finding| {
        run.checks()
            .iter()
            .filter(|c| c.finding() == finding)
            .count()
    };
    let running = count(Finding::Running) + count(Finding::Due);
    let blocking = run.blocking().len();
    let look = theme.status(if running > 0 {
        Status::Run
    } else {
        Status::Fail
    });
    strip.own(&format!(" {} PREFLIGHT ", look.glyph), look.style);
    let met = count(Finding::Met);
    let all = run.checks().len();
    strip
        .gap(1)
        .own(&format!("{met} of {all} met"), theme.style(Role::Text));
    let rest = match (running, blocking) {
        (0, n) => format!("{n} not met: no step starts"),
        (1, _) => "1 check runs".to_owned(),
        (n, _) => format!("{n} checks run"),
    };
    strip.gap(3).own(&rest, theme.style(Role::Title));
}

/// What holds the run first, then what only warns, then what runs, then what is met.
fn order(model: &Model) -> Vec<usize> {
    let rank = |i: &usize| {
        let check = &model.run.checks()[*i];
        match check.finding() {
            Finding::Unmet if model.run.check_def(*i).blocks => 0,
            Finding::Unmet => 1,
            Finding::Due | Finding::Running => 2,
            Finding::Overridden => 3,
            Finding::Met => 4,
        }
    };
    let mut order: Vec<usize> = (0..model.run.checks().len()).collect();
    order.sort_by_key(rank);
    order
}

/// How a check stands, in a word.
fn standing(model: &Model, i: usize) -> (Status, &'static str) {
    match model.run.checks()[i].finding() {
        Finding::Unmet if model.run.check_def(i).blocks => (Status::Fail, "NOT MET"),
        Finding::Unmet => (Status::Ask, "WARNS"),
        Finding::Due => (Status::Wait, "waits"),
        Finding::Running => (Status::Run, "runs"),
        Finding::Overridden => (Status::OkException, "overridden"),
        Finding::Met => (Status::Ok, "met"),
    }
}

/// What it has found, what its author says of that, and who has overridden it.
fn why(model: &Model, i: usize) -> String {
    let (check, def) = (&model.run.checks()[i], model.run.check_def(i));
    let mut words = check.why().to_owned();
    if check.finding() == Finding::Unmet && !def.description.is_empty() {
        words = format!(
            "{words}; {}",
            def.description.lines().next().unwrap_or_default()
        );
    }
    match &check.overridden {
        Some(who) => format!("by {who}: {words}"),
        None => words,
    }
}

/// The checks in lines: `replica-lag: NOT MET: exit 1`.
pub(super) fn lines(model: &Model) -> impl Iterator<Item = String> {
    order(model).into_iter().map(|i| {
        let (_, word) = standing(model, i);
        let why = why(model, i);
        let why = if why.is_empty() {
            why
        } else {
            format!(": {why}")
        };
        format!("{}: {word}{why}", model.run.checks()[i].id)
    })
}

/// ` X replica-lag  NOT MET, blocks  0:03  exit 1; ask the dba before you override`.
fn row(model: &Model, theme: &Theme, i: usize, strip: &mut Strip) {
    let check = &model.run.checks()[i];
    let (status, word) = standing(model, i);
    let look = theme.status(status);
    strip.gap(1).own(&look.glyph, look.style).gap(1).cut(
        check.id.as_str(),
        24,
        theme,
        theme.style(Role::Text),
    );
    let start = strip.x();
    strip
        .to(start.max(28))
        .own(&format!("{word:<11}"), look.style);
    let time = check
        .attempts
        .last()
        .map(|a| clock_span(took(a, model.now)));
    strip.gap(1).own(
        &format!("{:<6}", time.unwrap_or_default()),
        theme.style(Role::Muted),
    );
    let room = strip.room();
    strip
        .gap(1)
        .cut(&why(model, i), room, theme, theme.style(Role::LogError));
}
