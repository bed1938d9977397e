//! A pager or a shell has the terminal for a while: the run goes on, and whatever is typed there concerns only the program.

use std::os::unix::fs::PermissionsExt;

use crate::face::Face;
use crate::place::{Place, wait_for};

const FLOW: &str = r#"
name: lend
steps:
  - {id: say, env: {TARGET: db-2}, run: "echo the first word; echo ERROR the last word"}
  - {id: go, run: "until [ -e go ]; do sleep 0.05; done"}
  - {id: after, needs: [go], run: "touch after"}
"#;

#[test]
fn a_pager_has_the_terminal_and_the_run_goes_on() {
    let place = Place::new();
    place.write("lend.yaml", FLOW);
    let script = |name: &str, text: &str| {
        place.write(name, text);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(place.path(name), mode).expect("a program");
    };
    script(
        "pager",
        "#!/bin/sh\ncat \"$1\"\necho \"$1\" >> paged\nread line\n",
    );
    script("shell", "#!/bin/sh\necho \"$TARGET\" > shelled\n");
    let paged = || std::fs::read_to_string(place.path("paged")).unwrap_or_default();
    let mut face = Face::start(&place, &["run", "lend.yaml", "--id", "r"], 80, 24);
    face.wait("STEPS");
    face.select("say");
    face.wait("ERROR the last word");
    let cooked = face.modes();
    face.keys("P");
    face.wait("Z the first word");
    wait_for("the pager", || paged().lines().count() == 1);
    assert_ne!(
        face.modes(),
        cooked,
        "the pager has the terminal as a shell knows it"
    );
    std::fs::write(place.path("go"), "").expect("written");
    wait_for("the run to go on", || place.path("after").exists());
    // Ctrl-c ends the pager, and nothing else.
    face.send(b"\x03");
    face.wait("SUCCEEDED");
    assert_eq!(face.modes(), cooked, "raw again");
    // Ctrl-z too: nobody could continue it.
    face.keys("P");
    wait_for("the pager again", || paged().lines().count() == 2);
    face.send(b"\x1a");
    face.wait("SUCCEEDED");
    for copy in paged().lines() {
        assert!(
            !std::path::Path::new(copy).exists(),
            "{copy} is left behind"
        );
    }
    face.keys("!");
    wait_for("the shell", || place.path("shelled").exists());
    face.wait("SUCCEEDED");
    let said = std::fs::read_to_string(place.path("shelled")).expect("said");
    assert_eq!(said.trim(), "db-2");
    assert_eq!(face.quit(), 0);
    face.is_given_back();
}
