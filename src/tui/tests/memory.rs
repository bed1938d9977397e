//! How a screen was left is how the next one begins; and nothing that acts comes back.

use std::collections::BTreeSet;

use super::play::{Play, failed, options};
use crate::tui::memory::Memory;
use crate::tui::message::Message;
use crate::tui::model::{Model, Stamps, View};
use crate::tui::update::{remembered, update};

/// The next screen on the same run.
fn next(before: &Play, memory: Result<Memory, String>) -> Model {
    let options = crate::tui::Options {
        memory: Some(memory),
        ..options()
    };
    let plan = before.model.run.workflow().clone();
    let mut model = Model::new(plan, super::play::actor(), &options);
    let (width, height) = (80, 24);
    update(&mut model, Message::Resize { width, height });
    update(&mut model, Message::Events(before.journal.clone()));
    model
}

#[test]
fn view_folds_bookmarks_filter_times_and_theme_come_back() {
    let mut play = failed();
    play.press("g f").press("m").press("j j j j j j =");
    play.press("w").press("t").press("3").press("=").press("=");
    play.press("/").write("!danger").press("Enter");
    play.tell(Message::Theme("dark".into()));
    play.press("Space");
    let memory = remembered(&play.model);
    assert_eq!(memory.view, "gantt");
    assert_eq!(memory.stamps, Some(Stamps::SinceStart));
    let model = next(&play, Ok(memory.clone()));
    assert_eq!(remembered(&model), memory);
    assert_eq!(model.view, View::Gantt);
    assert_eq!(model.rows.filter(), "!danger");
    assert!(
        model.marks.is_empty(),
        "marks act, so they do not come back"
    );
    let toast = model.toast.as_ref().map_or("", |toast| toast.text.as_str());
    assert!(toast.contains("filtered as you left it"), "{toast}");
}

#[test]
fn what_does_not_fit_is_as_if_it_were_not_there() {
    let play = failed();
    let plain = remembered(&play.model);
    let odd = Memory {
        view: "abort".into(),
        depth: Some(usize::MAX),
        zoom_in: usize::MAX,
        folded: BTreeSet::from(["no-such-step".into()]),
        bookmarks: BTreeSet::from(["no-such-step".into()]),
        filter: "st:nonsense".into(),
        ..Memory::default()
    };
    let model = next(&play, Ok(odd));
    assert_eq!(model.view, View::Outline);
    assert_eq!(model.rows.len(), play.model.rows.len());
    let again = remembered(&model);
    assert_eq!(
        (&again.bookmarks, &again.folded),
        (&plain.bookmarks, &plain.folded)
    );
    assert!(again.depth < Some(10) && again.zoom_in < 10, "{again:?}");
    // Yesterday's filter must not make the list look empty.
    let hides_all = Memory {
        filter: "no-such-step".into(),
        ..Memory::default()
    };
    let model = next(&play, Ok(hides_all));
    assert!(!model.rows.is_filtered());
}

#[test]
fn a_memory_that_cannot_be_read_is_told_and_left() {
    let model = next(&failed(), Err("x.json: expected value".into()));
    let toast = model.toast.as_ref().map_or("", |toast| toast.text.as_str());
    assert!(toast.contains("cannot be read: x.json"), "{toast}");
}
