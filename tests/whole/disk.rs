//! Disks that are too small, that fail, and that may not be written: nothing is lost, nothing goes on in the dark.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::place::{Place, SOON, cases, wait_for};

/// How a script says that the test cannot be made here, and how the test does.
const SKIPPED: i32 = 77;
const NO_MOUNTS: &str = "SKIPPED: nobody may mount a disk here (unshare -U -r -m)";

/// Runs a shell script in `place` where it may mount disks that nobody else sees; `$0` is the program. `None` if it may not.
fn with_mounts(place: &Place, script: &str) -> Option<Output> {
    let out = std::fs::File::create(place.path("script.out")).expect("a file");
    let err = std::fs::File::create(place.path("script.err")).expect("a file");
    let mut child = Command::new("unshare")
        .args(["-U", "-r", "-m", "sh", "-c", script])
        .arg(env!("CARGO_BIN_EXE_flightdeck"))
        .current_dir(place.dir.path())
        .env("HOME", place.dir.path())
        .env("FLIGHTDECK_STATE_DIR", place.path("disk/state"))
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .expect("unshare");
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("its state") {
            break status;
        }
        assert!(begun.elapsed() < 10 * SOON, "the script does not end");
        std::thread::sleep(Duration::from_millis(5));
    };
    let read = |name: &str| std::fs::read(place.path(name)).unwrap_or_default();
    let output = Output {
        status,
        stdout: read("script.out"),
        stderr: read("script.err"),
    };
    (output.status.code() != Some(SKIPPED)).then_some(output)
}

fn small(place: &Place, steps: usize) {
    use std::fmt::Write as _;
    let mut text = "name: small\npolicies: {max_parallel: 2}\nsteps:\n".to_owned();
    for n in 0..steps {
        let needs = n
            .checked_sub(2)
            .map_or_else(String::new, |n| format!("s{n}"));
        let _ = writeln!(
            text,
            "  - {{id: s{n}, needs: [{needs}], run: \"echo s{n} $FLIGHTDECK_ATTEMPT >> ledger; sleep 0.05\"}}"
        );
    }
    place.write("small.yaml", &text);
}

/// A state folder on 64 KiB, filled to the last byte and freed again and again while runs go on in it. `FLIGHTDECK_CASES=50`
/// is the long form.
#[test]
fn a_disk_of_64_kib_filled_and_freed_loses_no_result() {
    const STEPS: usize = 12;
    let place = Place::new();
    std::fs::create_dir(place.path("disk")).expect("a folder");
    small(&place, STEPS);
    let script = r#"
        mount -t tmpfs -o size=64k none disk || exit 77
        cycles=0 run=0 stuck=0
        touch ledger
        while [ $cycles -lt CYCLES ]; do
            run=$((run + 1))
            : > talk; : > ledger; : > events
            "$0" run small.yaml --headless --id r 2>>talk >events &
            engine=$!
            # The run has begun.
            until [ -s events ] || ! kill -0 $engine 2>/dev/null; do sleep 0.01; done
            while kill -0 $engine 2>/dev/null; do
                cat /dev/zero > disk/filler 2>/dev/null
                # Full until it says so, or has ended with what room it had.
                until grep -q "until there is room\|wait for room" talk || ! kill -0 $engine 2>/dev/null; do sleep 0.01; done
                grep -q room talk && stuck=$((stuck + 1))
                : > talk
                before=$(wc -l < ledger)
                rm -f disk/filler
                cycles=$((cycles + 1))
                until [ $(wc -l < ledger) -gt $before ] || ! kill -0 $engine 2>/dev/null; do sleep 0.01; done
            done
            wait $engine || { echo "run $run: $?" >&2; cat talk events >&2; exit 1; }
            [ $(wc -l < ledger) = STEPS ] && [ $(sort -u ledger | wc -l) = STEPS ] || { cat ledger >&2; exit 2; }
            "$0" verify r >/dev/null || exit 3
            rm -rf disk/state
        done
        echo $cycles fillings, $stuck told, $run runs
    "#;
    let script = script
        .replace("CYCLES", &cases(6).min(50).to_string())
        .replace("STEPS", &STEPS.to_string());
    let Some(output) = with_mounts(&place, &script) else {
        return eprintln!("{NO_MOUNTS}");
    };
    assert!(output.status.success(), "{output:?}");
    eprintln!("{}", String::from_utf8_lossy(&output.stdout).trim());
}

/// Nothing is started where nothing can be recorded, and the refusal names path, error and what to do.
#[test]
fn a_disk_that_cannot_be_written_starts_nothing() {
    for (what, mount, errors) in [
        (
            "read-only",
            "mount -t tmpfs -o size=64k,ro none disk",
            "Read-only file system (os error 30)",
        ),
        (
            "full",
            "mount -t tmpfs -o size=4k none disk && cat /dev/zero > disk/filler 2>/dev/null; [ -s disk/filler ]",
            "No space left on device (os error 28)",
        ),
        (
            "without inodes",
            "mount -t tmpfs -o nr_inodes=2 none disk",
            "No space left on device (os error 28)",
        ),
        ("a file", "touch disk/state", "is not a folder"),
    ] {
        let place = Place::new();
        std::fs::create_dir(place.path("disk")).expect("a folder");
        small(&place, 2);
        let script = format!("{mount} || exit 77\n\"$0\" run small.yaml --headless --id r");
        let Some(output) = with_mounts(&place, &script) else {
            return eprintln!("{NO_MOUNTS}");
        };
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(6), "{what}: {talk}");
        assert!(talk.contains(errors), "{what}: {talk}");
        assert!(talk.contains("disk/state"), "{what}: {talk}");
        assert!(talk.contains("--state-dir"), "{what}: {talk}");
        assert!(!place.path("ledger").exists(), "{what}: a step started");
    }
}

/// A failed sync ends the engine at once, for each sync of a small run: it is not tried again, nothing is confirmed or started
/// after it, and the next engine takes the run up without losing or repeating a step.
#[test]
fn a_failed_sync_is_fatal_and_never_retried() {
    let strace = |place: &Place, nth: usize| {
        let mut command = Command::new("strace");
        let run = place.command(&["run", "small.yaml", "--headless", "--json", "--id", "r"]);
        command
            .args(["-f", "-qq", "-o", "trace", "-e", "trace=fdatasync", "-e"])
            .arg(format!("inject=fdatasync:error=EIO:when={nth}"))
            .arg(run.get_program())
            .args(run.get_args())
            .current_dir(place.dir.path())
            .stdin(Stdio::null());
        for (name, value) in run.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.output()
    };
    let mut failed = 0;
    for nth in 1.. {
        let place = Place::new();
        small(&place, 3);
        let Ok(output) = strace(&place, nth) else {
            return eprintln!("SKIPPED: strace cannot be used here");
        };
        let talk = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            break;
        }
        if talk.contains("ptrace") || talk.contains("PTRACE") {
            return eprintln!("SKIPPED: strace cannot be used here: {talk}");
        }
        failed += 1;
        assert_eq!(output.status.code(), Some(6), "sync {nth}: {talk}");
        assert!(talk.contains("Input/output error"), "sync {nth}: {talk}");
        assert!(
            talk.contains("nothing more is recorded or started"),
            "sync {nth}: {talk}"
        );
        let trace = std::fs::read_to_string(place.path("trace")).expect("a trace");
        let syncs: Vec<&str> = trace.lines().filter(|l| l.contains("fdatasync(")).collect();
        assert_eq!(syncs.len(), nth, "synced again after the error: {syncs:?}");
        assert!(syncs.last().is_some_and(|l| l.contains("EIO")), "{syncs:?}");
        // What was confirmed is what was printed: only that has run. It need not have begun, if its process came to it after
        // the engine was gone. (strace ends with the last process.)
        let printed = String::from_utf8_lossy(&output.stdout);
        let confirmed = printed.matches("\"event\":\"attempt_started\"").count();
        let ran = crate::ledger::read(&place.path("ledger")).len();
        assert!(ran <= confirmed, "sync {nth}: {ran} ran of {printed}");
        let resumed = place.output(&["resume", "r", "--headless"]);
        let ended = String::from_utf8_lossy(&resumed.stderr).contains("has ended");
        assert!(resumed.status.success() || ended, "sync {nth}: {resumed:?}");
        assert_eq!(place.phase("r"), "succeeded");
        crate::ledger::check(&place.path("ledger"), 3);
    }
    assert!(failed >= 3, "{failed} syncs were made to fail");
}

/// The machine goes down under a run, and what its attempt processes wrote last is gone: the next engine cannot know whether
/// the step has begun, so it asks. Nothing is run again in silence, and nobody is signalled.
#[test]
fn after_a_reboot_a_started_step_is_unknown() {
    let place = Place::new();
    std::fs::create_dir(place.path("disk")).expect("a folder");
    place.write(
        "boot.yaml",
        "name: boot\nsteps:\n  - id: a\n    run: |\n      echo $FLIGHTDECK_ATTEMPT >> ledger\n      touch begun\n      while [ ! -e over ]; do sleep 0.05; done\n",
    );
    let script = r#"
        echo 11111111-0000-0000-0000-000000000000 > boot; mount --bind boot /proc/sys/kernel/random/boot_id || exit 77
        "$0" run boot.yaml --headless --id r >/dev/null 2>&1 &
        until [ -e begun ]; do sleep 0.02; done
        kill -9 $!
        wait $!
        # The power loss: what was never synced is not there.
        LOST
        echo 22222222-0000-0000-0000-000000000000 > boot
        "$0" resume r --headless --hold >events 2>talk &
        engine=$!
        until grep -q 'a: attempt 1.*machine was started anew' events || ! kill -0 $engine; do sleep 0.02; done
        "$0" show r --json
        kill $engine; wait $engine
        touch over
    "#;
    for lost in [
        "rm -r disk/state/runs/r/attempts; mkdir -m 700 disk/state/runs/r/attempts",
        "true",
    ] {
        let Some(output) = with_mounts(&place, &script.replace("LOST", lost)) else {
            return eprintln!("{NO_MOUNTS}");
        };
        let show: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
            panic!(
                "{e}: {output:?}, {:?}",
                std::fs::read_to_string(place.path("talk"))
            )
        });
        assert_eq!(show["steps"][0]["state"], "unknown", "{show}");
        assert_eq!(
            show["steps"][0]["attempts"].as_array().map(Vec::len),
            Some(1)
        );
        let ledger = std::fs::read_to_string(place.path("ledger")).expect("a ledger");
        assert_eq!(ledger.lines().count(), 1, "{lost}");
        for name in ["ledger", "begun", "over", "events"] {
            let _ = std::fs::remove_file(place.path(name));
        }
        std::fs::remove_dir_all(place.path("disk/state")).expect("removed");
    }
}

/// Many processes want the same run at once: one engine gets it, the others are refused by its name.
#[test]
fn of_many_that_take_a_run_up_one_gets_it() {
    let takers = cases(24).min(200);
    let place = Place::new();
    place.write(
        "race.yaml",
        "name: race\nsteps:\n  - id: a\n    approval: {message: \"Go?\"}\n",
    );
    let mut first = place.start(&["run", "race.yaml", "--headless", "--hold", "--id", "r"]);
    wait_for("the run", || {
        place.output(&["show", "r"]).status.success() && place.step("r", "a") == "waiting"
    });
    first.kill().expect("killed");
    first.wait().expect("reaped");
    let mut children: Vec<_> = (0..takers)
        .map(|_| place.start(&["resume", "r", "--headless", "--hold"]))
        .collect();
    let mut refused = 0;
    let mut at_work = 0;
    wait_for("all but one to be refused", || {
        at_work = 0;
        refused = 0;
        for child in &mut children {
            match child.try_wait().expect("its state") {
                None => at_work += 1,
                Some(status) => {
                    assert_eq!(status.code(), Some(7), "refused");
                    refused += 1;
                }
            }
        }
        at_work == 1
    });
    assert_eq!((at_work, refused), (1, takers - 1));
    let events = place.output(&["show", "r", "--events"]);
    let taken_up = String::from_utf8_lossy(&events.stdout)
        .matches("taken up by")
        .count();
    assert_eq!(taken_up, 1);
    for mut child in children {
        let _ = child.kill();
        let _ = child.wait();
    }
}
