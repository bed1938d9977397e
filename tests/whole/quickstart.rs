//! The README's main job, by keys only, in an 80x24 terminal; and the same file without a screen.

use crate::face::Face;
use crate::place::{Place, wait_for};

#[test]
fn quickstart_without_a_screen_ends_as_it_should() {
    let place = Place::new();
    let scratch = format!("scratch={}", place.dir.path().display());
    let common = [
        "run",
        "quickstart",
        "--headless",
        "--json",
        "-p",
        "attended=false",
        "-p",
        "pace=0",
        "-p",
        &scratch,
    ];
    let failed = place.output(&common);
    assert_eq!(
        failed.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&failed.stderr)
    );
    let fine = place.output(&[common.as_slice(), &["-p", "fail=no"]].concat());
    assert_eq!(
        fine.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&fine.stderr)
    );
    for line in String::from_utf8_lossy(&fine.stdout).lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("one JSON object a line");
        assert!(
            event["seq"].is_u64() && event["at"].is_string() && event["event"].is_string(),
            "{line}"
        );
    }
}

/// Tick, find the failure, pause, retry, step, resume, approve: to the end, and nothing but keys.
#[test]
fn quickstart_by_keys() {
    let place = Place::new();
    let mut face = start(&place);
    // The checklist waits for us. Its dialog takes keys after 0.4 s.
    face.wait("checklist 0 of 3");
    face.keys("a");
    face.wait("CHECKLIST briefing");
    Face::settle();
    face.keys("tjt");
    wait_for("the ticks", || place.step("q", "briefing") == "succeeded");
    Face::after_box();

    face.wait("FAIL  restore");
    face.keys("}");
    face.wait_until("the log of the failed step", |s| {
        s.contains("the backup is locked by: nightly copy")
    });
    face.keys("p");
    face.wait("paused");
    face.keys("r");
    confirm(&mut face, "RETRY restore");
    face.wait("restore ← the run is paused");
    assert_eq!(place.step("q", "restore"), "ready");

    // Exactly one step while paused.
    face.keys("s");
    face.wait("Start exactly one step: restore?");
    Face::settle();
    face.keys("y");
    wait_for("the second try", || {
        place.step("q", "restore") == "succeeded"
    });
    face.wait("PAUSED");
    assert_eq!(place.step("q", "compare"), "ready");

    face.keys("p");
    wait_for("the approval", || place.step("q", "go") == "waiting");
    face.wait("ASKS");
    face.keys("}");
    face.wait_until("the approval's row", |_| {
        face.selected_row().contains("go ")
    });
    face.keys("a");
    face.wait("ANSWER go");
    face.wait("Open the shop again?");
    Face::settle();
    // Decision, remark, note, No, Confirm.
    face.keys("\t\t\t\t\r");
    face.wait("SUCCEEDED");
    assert_eq!(place.phase("q"), "succeeded");
    assert_eq!(face.quit(), 0);
}

/// A skip with its reason, and an abort that asks for the name of the run.
#[test]
fn quickstart_skipped_and_aborted_by_keys() {
    let place = Place::new();
    let mut face = start(&place);
    face.wait("checklist 0 of 3");
    face.select("briefing");
    face.keys("S");
    face.wait("SKIP briefing");
    Face::settle();
    face.keys("known\t\t\r");
    wait_for("the skip", || place.step("q", "briefing") == "skipped");

    face.wait("Needs you: restore FAIL");
    face.keys("X");
    face.wait("ABORT");
    Face::settle();
    let dialog = face.text();
    assert!(
        dialog.contains("quickstart") && dialog.contains("Type"),
        "{dialog}"
    );
    // How, reason, name, No, Abort.
    face.keys("\tdrill is over\tquickstart\t\t\r");
    face.wait("CANCELLED");
    assert_eq!(place.phase("q"), "cancelled");
    assert_eq!(face.quit(), 4);
    let events = place.output(&["show", "q", "--events"]);
    let events = String::from_utf8_lossy(&events.stdout).into_owned();
    assert!(
        events.contains("drill is over") && events.contains("known"),
        "reasons are kept: {events}"
    );
}

fn start(place: &Place) -> Face {
    let scratch = format!("scratch={}", place.dir.path().display());
    Face::start(
        place,
        &[
            "run",
            "quickstart",
            "--id",
            "q",
            "-p",
            "pace=0",
            "-p",
            &scratch,
        ],
        80,
        24,
    )
}

/// Says yes in a dialog whose first choice is No.
fn confirm(face: &mut Face, title: &str) {
    face.wait(title);
    Face::settle();
    face.keys("\t\r");
}
