//! `ssh` to far ends that are slow or broken, as no real server is when it is asked to be: an `ssh` of ours stands for them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::run::{run_slowly, run_with};
use crate::support::Place;

/// A place whose `ssh` is this shell text; it finds `$HERE`, and in `$BOOT` what a login shell would be given.
fn place(ssh: &str) -> Place {
    let place = Place::new();
    let start = "#!/bin/sh\nHERE=${0%/*}; for BOOT; do :; done\n";
    program(&place, "ssh", &format!("{start}{ssh}"));
    place
}

fn program(place: &Place, name: &str, text: &str) {
    let file = place.work().join("bin").join(name);
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs::write(&file, text).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its mode");
}

fn found_first(place: &Place) -> impl FnOnce(&mut Command) {
    let bin = place.work().join("bin");
    move |command| {
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    }
}

#[test]
fn a_far_end_that_only_greets_is_given_up_in_time() {
    let place = place("echo >> $HERE/calls\nprintf '\\nflightdeck is here\\n'\n");
    place.write("file", "text");
    let text = "name: greets\nsteps:\n\
        \u{20} - {id: run, needs: [], on_failure: ignore, timeout: 20s, ssh: {host: web1, reconnect_within: 2s, run: 'true'}}\n\
        \u{20} - {id: copy, needs: [], on_failure: ignore, timeout: 20s, ssh: {host: web2, reconnect_within: 2s, upload: [{from: file, to: there}]}}\n";
    let outcome = run_with(&place, text, &[], found_first(&place));
    for step in ["run", "copy"] {
        let end = outcome.ended(step);
        let message = end["message"].as_str().unwrap_or_default();
        assert!(
            message.contains("the link was not found again within 2s"),
            "{end}"
        );
    }
    let calls = fs::read_to_string(place.work().join("bin/calls")).expect("it was called");
    // Both are tried up to three times, each for 2 s with ever longer pauses.
    let calls = calls.lines().count();
    assert!(calls < 40, "{calls}");
}

/// The link is cut in the middle of a value.
#[test]
fn outputs_that_were_cut_are_heard_anew() {
    let place = place(
        "printf '\\nflightdeck is here\\ns 1 /d\\nf 19\\nimage=sha256:ab'\n\
         ! mkdir $HERE/once 2>/dev/null || exit 255\n\
         printf 'cdefr 0\\n'\ngrep -q settled\necho d\n",
    );
    let text = "name: cut\nsteps:\n  - {id: build, ssh: {host: web1, run: 'true'}}\n";
    let outcome = run_with(&place, text, &[], found_first(&place));
    let end = outcome.ended("build");
    assert_eq!(end["outputs"]["image"], "sha256:abcdef", "{end}");
    assert!(place.work().join("bin/once").exists());
}

/// Nothing comes for longer than a link may be silent: the file is on its way there, or its digest is made there.
#[test]
fn copies_that_take_long_are_not_begun_anew() {
    let place = place(
        "echo >> $HERE/calls\n\
         case $* in\n\
         *slow-way*) (dd bs=1 count=40000 2>/dev/null; sleep 48; cat) | sh -c \"$BOOT\" ;;\n\
         *slow-digest*) PATH=$HERE/slow:$PATH exec sh -c \"$BOOT\" ;;\n\
         esac\n",
    );
    program(
        &place,
        "slow/sha256sum",
        "#!/bin/sh\nsleep 48\nexec /usr/bin/sha256sum\n",
    );
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(place.work().join("file"), &bytes).expect("a file");
    let here = place.work().display().to_string();
    let text = format!(
        "name: slow\nsteps:\n\
         \u{20} - {{id: up, needs: [], timeout: 90s, ssh: {{host: slow-way, upload: [{{from: file, to: '{here}/up'}}]}}}}\n\
         \u{20} - {{id: down, needs: [], timeout: 90s, ssh: {{host: slow-digest, download: [{{from: '{here}/file', to: down}}]}}}}\n"
    );
    let outcome = run_slowly(&place, &text, &[], found_first(&place));
    for step in ["up", "down"] {
        let end = outcome.ended(step);
        assert_eq!(end["outcome"], "succeeded", "{end}");
        assert_eq!(fs::read(place.work().join(step)).expect("a file"), bytes);
    }
    let calls = fs::read_to_string(place.work().join("bin/calls")).expect("it was called");
    assert_eq!(calls.lines().count(), 2);
}
