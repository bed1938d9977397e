//! `replay`: a past run once more on the screen, at its own pace, and nothing of it is changed by that.

use crate::face::Face;
use crate::place::{Place, wait_for};

/// Between its steps lies a time that no test waits for.
const TEXT: &str = "
name: past
steps:
  - {id: one, run: echo early}
  - {id: nap, needs: [one], wait: {for: 2s}}
  - {id: two, needs: [nap], run: echo late}
";

#[test]
fn a_past_run_is_shown_once_more_and_stays_as_it_is() {
    let place = Place::new();
    place.write("w.yaml", TEXT);
    let ran = place.output(&["run", "w.yaml", "--headless", "--id", "r"]);
    assert_eq!(ran.status.code(), Some(0));
    let journal = || std::fs::read(place.path("state/runs/r/journal")).expect("a journal");
    let before = journal();

    let mut face = Face::start(&place, &["replay", "r"], 80, 24);
    face.wait("REPLAY");
    // However slow this machine is: it stands still from here on, before the end or behind it.
    face.keys("p");
    face.wait("paused");
    face.keys("r");
    face.wait("this is a replay");
    face.keys(">>>");
    face.wait("x8, paused");
    face.keys("<");
    face.wait("x4, paused");
    // It stands still; only this key takes it on, from one thing that happens to the next.
    for _ in 0..40 {
        face.keys(".");
    }
    face.wait("SUCCEEDED");
    face.wait("3 ok");
    assert_eq!(face.quit(), 0);

    let mut late = Face::start(&place, &["replay", "r", "--from", "1h"], 80, 24);
    late.wait("SUCCEEDED");
    assert_eq!(late.quit(), 0);
    assert_eq!(journal(), before);
}

#[test]
fn only_what_has_ended_is_replayed_and_only_on_a_screen() {
    let place = Place::new();
    place.write(
        "w.yaml",
        "name: asks\nsteps:\n  - {id: ask, approval: {message: go?}}\n",
    );
    place.output(&[
        "run",
        "w.yaml",
        "--headless",
        "--hold",
        "--detach",
        "--id",
        "r",
    ]);
    place.wait_for_run();
    assert_eq!(place.output(&["replay", "r"]).status.code(), Some(7));
    place.output(&["ctl", "r", "approve", "ask"]);
    wait_for("its end", || place.show("r")["ended_at"].is_string());
    let refused = place.output(&["replay", "r"]);
    assert_eq!(refused.status.code(), Some(2), "there is no terminal");
    let mut face = Face::start(&place, &["replay", "r", "--plain"], 80, 24);
    face.wait("lines are asked for");
    assert_eq!(face.end().exit_code(), 2);
}
