//! `--record`: what is shown again is what was seen, and the file has nothing else in it.

use std::num::NonZero;
use std::os::unix::fs::PermissionsExt;

use crate::face::{BINARY, Face};
use crate::place::{Place, wait_for};

const TEXT: &str = "
name: taped
steps:
  - {id: one, run: \"for i in 1 2 3 4 5 6; do echo line $i ✓; done\"}
  - {id: two, needs: [one], approval: {message: \"go on?\"}}
  - {id: three, needs: [two], run: \"echo done\"}
";

/// The bytes of all frames, into a model that is as large as the recording says.
fn replayed(cast: &str) -> vt100::Parser {
    let mut lines = cast.lines();
    let parsed = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    let header = parsed(lines.next().expect("a header"));
    assert_eq!(header["version"], 2);
    let size = |value: &serde_json::Value| {
        let size = value.as_u64().and_then(|n| NonZero::new(n as u16));
        size.expect("a size")
    };
    let mut model = vt100::Parser::new(size(&header["height"]), size(&header["width"]), 0);
    let mut before = 0.0;
    for line in lines {
        let event = parsed(line);
        let (at, data) = (event[0].as_f64().expect("a time"), event[2].as_str());
        let data = data.expect("its data");
        assert!(at >= before, "{line}");
        before = at;
        match event[1].as_str() {
            Some("o") => model.process(data.as_bytes()),
            Some("r") => {
                let (width, height) = data.split_once('x').expect("a size");
                let number = |text: &str| text.parse().expect("a number");
                model.screen_mut().set_size(number(height), number(width));
            }
            other => panic!("{other:?}"),
        }
    }
    model
}

#[test]
fn a_recording_shows_the_same_again_and_holds_nothing_else() {
    let place = Place::new();
    place.write("w.yaml", TEXT);
    let args = ["run", "w.yaml", "--id", "r", "--record", "r.cast"];
    let mut face = Face::start(&place, &args, 80, 24);
    let path = place.path("r.cast");
    let cast = || std::fs::read_to_string(&path).expect("UTF-8");
    let is_the_same = |face: &Face| replayed(&cast()).screen().contents_formatted() == face.look();

    face.wait("go on?");
    face.select("one");
    wait_for("the recording of the same screen", || is_the_same(&face));
    assert!(cast().contains("line 6 ✓"));

    // What goes to the clipboard was never on the screen.
    face.keys("y");
    face.wait("Copy to the clipboard");
    Face::settle();
    face.keys("n");
    wait_for("the clipboard", || {
        String::from_utf8_lossy(&face.bytes()).contains("\x1b]52;")
    });
    face.resize(100, 30);
    face.wait_until("the new size", |screen| {
        screen.lines().any(|l| l.chars().count() > 90)
    });
    wait_for("the recording of the larger screen", || is_the_same(&face));
    assert!(!cast().contains("]52;"));
    assert!(cast().contains("\"r\",\"100x30\"]"));

    let mode = std::fs::metadata(&path)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // It is never written over.
    let again = place.output(&[
        "run",
        "w.yaml",
        "--id",
        "s",
        "--headless",
        "--record",
        "r.cast",
    ]);
    assert_eq!(again.status.code(), Some(2), "there is no screen to record");
    face.hang_up();
}

#[test]
fn a_file_that_is_there_is_left_alone_and_nothing_starts() {
    let place = Place::new();
    place.write("w.yaml", TEXT);
    std::os::unix::fs::symlink(place.path("target"), place.path("link.cast")).expect("a link");
    place.write("mine.cast", "mine");
    for name in ["mine.cast", "link.cast"] {
        let mut face = Face::start(
            &place,
            &["run", "w.yaml", "--id", "r", "--record", name],
            80,
            24,
        );
        face.wait("choose another name");
        assert!(!face.end().success());
    }
    assert!(!place.path("target").exists() && !place.path("state/runs/r").exists());
}

/// The recording is on a disk of its own, which is soon full; the run's folder is not.
#[test]
fn a_full_disk_ends_the_recording_and_not_the_run() {
    let place = Place::new();
    place.write("w.yaml", TEXT);
    std::fs::create_dir(place.path("disk")).expect("a folder");
    let script = r#"
        mount -t tmpfs -o size=4k none disk || exit 77
        exec "$0" run w.yaml --id r --record disk/r.cast
    "#;
    let args = ["-U", "-r", "-m", "sh", "-c", script, BINARY];
    let mut face = Face::by(&place, "unshare", &args);
    let mut ended = false;
    wait_for("the screen", || {
        ended = face.has_ended();
        ended || face.text().contains("go on?")
    });
    if ended {
        assert_eq!(face.end().exit_code(), 77, "{}", face.text());
        return eprintln!("SKIPPED: nobody may mount a small disk here");
    }
    // From view to view until there is no room for more.
    wait_for("the end of the recording", || {
        face.keys("41");
        face.text().contains("the recording has ended")
    });
    // The screen and the run go on.
    face.select("one");
    wait_for("the run", || place.step("r", "two") == "waiting");
    face.hang_up();
}

#[test]
fn whoever_attaches_or_takes_a_run_up_records_too() {
    let place = Place::new();
    place.write("w.yaml", TEXT);
    let begun = place.output(&["run", "w.yaml", "--id", "r", "--detach", "--hold"]);
    assert!(begun.status.success(), "{begun:?}");
    let is_the_same = |name: &str, face: &Face| {
        let cast = std::fs::read_to_string(place.path(name)).expect("UTF-8");
        replayed(&cast).screen().contents_formatted() == face.look()
    };
    let attached = Face::start(&place, &["attach", "r", "--record", "a.cast"], 80, 24);
    attached.wait("go on?");
    wait_for("the same once more", || is_the_same("a.cast", &attached));
    let taken = place.output(&["ctl", "r", "abort", "drain", "--reason", "enough"]);
    assert!(taken.status.success(), "{taken:?}");

    place.write("x.yaml", TEXT);
    let mut first = Face::start(&place, &["run", "x.yaml", "--id", "x"], 80, 24);
    first.wait("go on?");
    let gone = std::process::Command::new("kill")
        .args(["-9", &first.pid().to_string()])
        .status();
    assert!(gone.is_ok_and(|status| status.success()));
    first.end();
    let resumed = Face::start(&place, &["resume", "x", "--record", "x.cast"], 80, 24);
    resumed.wait("TAKE UP");
    wait_for("what was taken up, once more", || {
        is_the_same("x.cast", &resumed)
    });
}
