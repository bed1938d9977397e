//! What outlives a screen and what a terminal can be asked for: how it was left, own keys, the mouse, and the call for a person.

use crate::face::Face;
use crate::place::{Place, wait_for};

const ONE: &str = "name: one\nsteps: [{id: first, run: \"until [ -e go ]; do sleep 0.05; done; false\"}, {id: second, run: \"true\"}]\n";

fn place() -> Place {
    let place = Place::new();
    place.write("one.yaml", ONE);
    std::fs::create_dir_all(place.path(".config/flightdeck")).expect("a folder");
    place
}

fn open(place: &Place, run: &str, args: &[&str]) -> Face {
    let all = [&["run", "one.yaml", "--id", run], args].concat();
    let face = Face::start(place, &all, 80, 24);
    // Nobody is called for what was there when the screen came.
    face.wait("RUNNING");
    place.write("go", "");
    face.wait("Needs you: first");
    std::fs::remove_file(place.path("go")).expect("removed");
    face
}

/// From the outline out, and the run stays as it is.
fn leave(face: &mut Face) {
    face.keys("q");
    face.wait("Leave this run?");
    Face::settle();
    face.keys("p");
    wait_for("the program to end", || face.has_ended());
}

#[test]
fn the_next_run_of_a_workflow_opens_as_the_last_one_was_left() {
    let place = place();
    let mut face = open(&place, "a", &[]);
    face.keys("jm");
    face.wait("bookmark set at second");
    face.keys("T");
    face.wait("theme ");
    leave(&mut face);
    let mut face = open(&place, "b", &[]);
    face.keys("'");
    face.wait_until("the bookmark", |_| face.selected_row().contains("second"));
    leave(&mut face);
    let files = std::fs::read_dir(place.path("state/screen")).expect("the folder");
    assert_eq!(files.count(), 1);
}

#[test]
fn own_keys_act_and_bad_ones_are_refused_before_the_run_starts() {
    let place = place();
    let keys = place.path(".config/flightdeck/keys.yaml");
    std::fs::write(
        &keys,
        "keys:\n  pause: H\nprofiles:\n  night:\n    note: K\n",
    )
    .expect("written");
    let mut face = open(&place, "a", &["--keys", "night"]);
    face.keys("K");
    face.wait("note:");
    face.keys("\x1b");
    face.keys("H");
    face.wait("PAUSED");
    leave(&mut face);
    std::fs::write(&keys, "keys:\n  pause: r\n").expect("written");
    let refused = place.output(&["keys"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(
        told.contains("keys.yaml:2: `r` would do both `pause` and `retry`"),
        "{told}"
    );
    let mut face = Face::start(&place, &["run", "one.yaml", "--id", "b"], 80, 24);
    wait_for("the refusal", || face.has_ended());
    assert!(face.text().contains("would do both"), "{}", face.text());
    assert!(!place.path("state/runs/b").exists(), "nothing was started");
}

#[test]
fn the_mouse_is_told_of_only_while_it_is_on() {
    let place = place();
    let mut face = open(&place, "a", &[]);
    let asked = |face: &Face| memchr::memmem::find(&face.bytes(), b"\x1b[?1006h").is_some();
    assert!(!asked(&face), "off until it is turned on");
    face.keys("\\");
    face.wait("mouse on");
    wait_for("the request", || asked(&face));
    let row = face.text().lines().position(|row| row.contains("second"));
    let row = row.expect("the second step") + 1;
    face.send(format!("\x1b[<0;10;{row}M\x1b[<0;10;{row}m").as_bytes());
    face.wait_until("the selection", |_| face.selected_row().contains("second"));
    leave(&mut face);
    face.is_given_back();
    assert!(memchr::memmem::rfind(&face.bytes(), b"\x1b[?1006l").is_some());
}

#[test]
fn a_person_is_called_once_as_the_settings_say() {
    let count = |face: &Face, what: &[u8]| memchr::memmem::find_iter(&face.bytes(), what).count();
    let words = b"\x1b]9;flightdeck: one: first failed\x1b\\";
    for (setting, bells, notifications) in [("bell", 1, 0), ("osc9", 1, 1), ("off", 0, 0)] {
        let place = place();
        let file = place.path(".config/flightdeck/config.yaml");
        std::fs::write(file, format!("notify: {setting}\n")).expect("written");
        let mut face = open(&place, "a", &[]);
        face.keys("jk");
        leave(&mut face);
        assert_eq!(count(&face, b"\x07"), bells, "{setting}");
        assert_eq!(count(&face, words), notifications, "{setting}");
    }
}
