//! The screen begins as the last one on a run of this workflow ended, and what the next one shall begin as.

use super::views;
use crate::tui::keys::{Act, TABLE};
use crate::tui::memory::Memory;
use crate::tui::model::{Filter, Model, View};

/// The views that are come back to; the others are of a moment.
const VIEWS: [(View, Act); 6] = [
    (View::Outline, Act::ViewOutline),
    (View::Graph, Act::ViewGraph),
    (View::Gantt, Act::ViewGantt),
    (View::Logs, Act::ViewLogs),
    (View::Audit, Act::ViewAudit),
    (View::Runbook, Act::ViewRunbook),
];

/// Whoever has more than that has a file from elsewhere.
const NAMES_MAX: usize = 1_000;

/// Takes over what still fits this run; gives what the person should know of it.
pub(super) fn recall(model: &mut Model) -> Option<String> {
    let memory = model.memory.take()?;
    let memory = match memory {
        Ok(memory) => memory,
        Err(why) => {
            return Some(format!(
                "how this screen was left last time cannot be read: {why}"
            ));
        }
    };
    let shown = VIEWS
        .into_iter()
        .find(|(_, act)| command(*act) == memory.view);
    if let Some((view, _)) = shown {
        model.view = view;
        model.last_view = view;
    }
    model.zoom = memory.zoom;
    model.depth = memory
        .depth
        .unwrap_or(model.depth)
        .clamp(1, views::DEPTH_MAX);
    model.zoom_in = memory.zoom_in.min(views::FINEST);
    model.log.wrap = memory.wrap.unwrap_or(model.log.wrap);
    model.log.stamps = memory.stamps.unwrap_or(model.log.stamps);
    for (ids, fold) in [(&memory.folded, true), (&memory.unfolded, false)] {
        for group in ids
            .iter()
            .take(NAMES_MAX)
            .filter_map(|id| model.run.index(id))
        {
            model.rows.fold(&model.run, group, fold);
        }
    }
    let known = |id: &&_| model.run.index(id).is_some();
    let places = memory.bookmarks.iter().take(NAMES_MAX).filter(known);
    let places: Vec<_> = places.cloned().collect();
    model.marks.bookmark(places);
    model.theme = memory.theme;
    filter(model, &memory.filter)
}

/// A list that looks empty because of yesterday would frighten: a filter that holds nothing back shows what it hides.
fn filter(model: &mut Model, text: &str) -> Option<String> {
    let filter = Filter::parse(text, &model.run).unwrap_or_default();
    let any = !filter.is_empty();
    model.rows.set_filter(filter);
    model.build_rows();
    if any && model.rows.matching() == 0 {
        model.rows.set_filter(Filter::default());
        model.build_rows();
        return None;
    }
    let back = model.keymap.first_of(Act::Back);
    any.then(|| format!("filtered as you left it: {text}; {back} shows all steps"))
}

/// What the next screen shall begin as.
pub(crate) fn remembered(model: &Model) -> Memory {
    let view = VIEWS.into_iter().find(|(view, _)| *view == model.view);
    let id = |index: usize| model.run.steps().get(index).map(|step| step.id.clone());
    let (folded, unfolded) = model.rows.folds();
    Memory {
        view: view.map_or(String::new(), |(_, act)| command(act).to_owned()),
        zoom: model.zoom,
        depth: Some(model.depth),
        zoom_in: model.zoom_in,
        folded: folded.filter_map(id).take(NAMES_MAX).collect(),
        unfolded: unfolded.filter_map(id).take(NAMES_MAX).collect(),
        bookmarks: model.marks.bookmarks().take(NAMES_MAX).cloned().collect(),
        filter: model.rows.filter().to_owned(),
        wrap: Some(model.log.wrap),
        stamps: Some(model.log.stamps),
        theme: model.theme.clone(),
    }
}

fn command(act: Act) -> &'static str {
    let row = TABLE.iter().find(|row| row.act == act);
    row.map_or("", |row| row.command)
}
