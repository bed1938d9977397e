//! The disk of the run's folder is full for a while: a real one of some MiB, mounted where only this test sees it.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use crate::place::{Place, wait_for};

const STEPS: usize = 300;

/// While the disk is full nothing new starts, and the run says why; when there is room again, it goes on to its end.
#[test]
fn a_full_disk_holds_the_run_and_room_lets_it_go_on() {
    let place = Place::new();
    let disk = place.path("disk");
    std::fs::create_dir(&disk).expect("a folder");
    let mut text =
        "name: full\nsteps:\n  - id: fill\n    run: cat /dev/zero > disk/filler || true\n"
            .to_owned();
    for n in 0..STEPS {
        let _ = write!(text, "  - id: s{n}\n    run: echo {n} >> ledger\n");
    }
    place.write("full.yaml", &text);
    // The filler goes only when the run has said that it waits, and what has run by then is noted.
    let script = r#"
        mount -t tmpfs -o size=6m none disk || exit 77
        touch talk ledger
        "$0" run full.yaml --headless --id r --state-dir "$PWD/disk/state" 2>talk >events &
        until grep -q "until there is room\|wait for room" talk; do
            kill -0 $! 2>/dev/null || exit 1
            sleep 0.05
        done
        wc -l <ledger >before; sleep 1; wc -l <ledger >meanwhile
        rm disk/filler
        wait $!
    "#;
    let mut child = Command::new("unshare")
        .args(["-U", "-r", "-m", "sh", "-c", script])
        .arg(env!("CARGO_BIN_EXE_flightdeck"))
        .current_dir(place.dir.path())
        .stdin(Stdio::null())
        .spawn()
        .expect("unshare");
    let mut status = None;
    wait_for("the end of the run", || {
        status = child.try_wait().expect("its state");
        status.is_some()
    });
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap_or_default();
    match status.and_then(|s| s.code()) {
        Some(0) => {}
        Some(77) => return eprintln!("SKIPPED: nobody may mount a small disk here"),
        code => panic!("{code:?}: {}", read("talk")),
    }
    let count = |name: &str| read(name).trim().parse::<usize>().expect("a number");
    assert_eq!(read("ledger").lines().count(), STEPS, "each step ran once");
    assert!(count("before") < STEPS, "the disk was never full");
    // One more may have been on its way when the words were said.
    assert!(
        count("meanwhile") <= count("before") + 1,
        "{}",
        read("talk")
    );
}
