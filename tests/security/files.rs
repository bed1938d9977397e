//! What is left on disk and what a step is given: modes whatever the umask is, no links followed, nothing inherited.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use flightdeck::id::RunId;
use flightdeck::journal::Shelf;

use crate::place::{Place, cases, wait_for};

const NOBODY: u32 = 65534;

/// Every way to leave a file: output, outputs, a failure, a probe, a retry, a detached run, a taken-up run.
const BUSY: &str = "name: busy
params: {end: {type: string, default: ''}}
defaults: {on_failure: ignore}
steps:
  - {id: says, run: 'echo hello; echo k=v >> \"$FLIGHTDECK_OUTPUT\"', outputs: {k: {file: true, required: true}}}
  - {id: fails, run: 'echo no >&2; exit 3', retry: {limit: 1, delay: 10ms}}
  - {id: probed, run: 'true', verify: {run: 'echo there'}}
  - {id: waits, run: 'while [ ! -e go ]; do sleep 0.05; done'}
";

#[test]
fn whatever_the_umask_files_are_0600_and_folders_0700() {
    for umask in ["000", "077", "777"] {
        let place = Place::new();
        place.write("busy.yaml", BUSY);
        let in_shell = |args: &str| {
            let script = format!("umask {umask}; exec \"$0\" -v {args}");
            let mut command = Command::new("sh");
            command
                .args(["-c", &script, env!("CARGO_BIN_EXE_flightdeck")])
                .current_dir(place.path(""));
            command
                .env("FLIGHTDECK_STATE_DIR", place.path("new/state"))
                .env("HOME", place.path(""));
            command.stdin(Stdio::null()).output().expect("sh")
        };
        let show = || String::from_utf8_lossy(&in_shell("show one --json").stdout).into_owned();
        let detached = in_shell("run busy.yaml --detach --id one");
        assert!(detached.status.success(), "umask {umask}: {detached:?}");
        wait_for("the last step", || {
            show().contains("waits") && show().contains("running")
        });
        look(&place.path("new"), umask);
        // A step makes its files with the umask of its user; this one could not be removed by another.
        std::fs::write(place.path("go"), "").expect("a file");
        wait_for("the end", || show().contains("completed_with_exceptions"));
        let again = in_shell("run busy.yaml --headless --id two");
        assert_eq!(again.status.code(), Some(3), "{again:?}");
        let seen = look(&place.path("new"), umask);
        assert!(seen > 15, "only {seen} files and folders");
    }
}

/// Checks every file and folder, and counts them.
fn look(path: &Path, umask: &str) -> usize {
    // What is gone by now is no matter: passing files are part of a live run.
    let Ok(facts) = std::fs::symlink_metadata(path) else {
        return 0;
    };
    let expected = if facts.is_dir() { 0o700 } else { 0o600 };
    let is_socket = std::os::unix::fs::FileTypeExt::is_socket(&facts.file_type());
    assert!(
        !facts.is_symlink() && (facts.is_file() || facts.is_dir() || is_socket),
        "{}",
        path.display()
    );
    assert_eq!(
        format!("{:o}", facts.mode() & 0o7777),
        format!("{expected:o}"),
        "{} under umask {umask}",
        path.display()
    );
    if !facts.is_dir() {
        return 1;
    }
    let entries = std::fs::read_dir(path).expect("a folder");
    1 + entries
        .flatten()
        .map(|entry| look(&entry.path(), umask))
        .sum::<usize>()
}

#[test]
fn a_step_has_three_descriptors_and_the_variables_of_the_list() {
    let place = Place::new();
    place.write(
        "bare.yaml",
        "name: bare\nenv: {DECLARED: all}\nsteps:\n  - {id: a, env: {OWN: step}, run: 'echo $$ > pid.new; mv pid.new pid; while [ ! -e go ]; do sleep 0.05; done'}\n",
    );
    let script = "exec 5<>five 7>seven 9</etc/passwd; exec \"$0\" run bare.yaml --headless";
    let mut command = Command::new("sh");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_flightdeck")])
        .current_dir(place.path(""));
    command.env_clear();
    let set = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/nowhere"),
        ("LANG", "C.UTF-8"),
        ("TZ", "UTC"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("LD_LIBRARY_PATH", ""),
        ("EDITOR", "vi"),
        ("USER", "ana"),
        ("FLIGHTDECK_LOG", "warn"),
    ];
    command
        .envs(set)
        .env("FLIGHTDECK_STATE_DIR", place.path("state"));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut engine = command.spawn().expect("sh");
    wait_for("the step", || place.path("pid").exists());
    let pid = std::fs::read_to_string(place.path("pid"))
        .expect("a pid")
        .trim()
        .to_owned();
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors");
    let open: BTreeSet<String> = entries
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("its environment");
    let names: BTreeSet<String> = environment
        .split(|b| *b == 0)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            String::from_utf8_lossy(entry)
                .split('=')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    let reads = std::fs::read_link(format!("/proc/{pid}/fd/0")).expect("its input");
    std::fs::write(place.path("go"), "").expect("a file");
    assert!(engine.wait().expect("its end").success());
    assert_eq!(open, ["0", "1", "2"].map(String::from).into());
    assert_eq!(reads, Path::new("/dev/null"));
    let allowed = [
        "PATH",
        "HOME",
        "LANG",
        "TZ",
        "TERM",
        "DECLARED",
        "OWN",
        "FLIGHTDECK_RUN_ID",
        "FLIGHTDECK_STEP_ID",
        "FLIGHTDECK_ATTEMPT",
        "FLIGHTDECK_IDEMPOTENCY_KEY",
        "FLIGHTDECK_RUN_KIND",
        "FLIGHTDECK_OUTPUT",
    ];
    assert_eq!(names, allowed.map(String::from).into());
}

/// Nothing starts in a state folder that others could have prepared, and the reason is said with the path.
#[test]
fn a_state_folder_that_is_not_safely_ours_is_refused() {
    let check = |what: &str, prepare: &dyn Fn(&Place), expected: &str| {
        let place = Place::new();
        place.write("a.yaml", "name: a\nsteps:\n  - {id: a, run: 'touch ran'}\n");
        prepare(&place);
        let before = std::fs::symlink_metadata(place.path("state"))
            .map(|f| f.mode())
            .ok();
        let output = place.output(&["run", "a.yaml", "--headless"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(6), "{what}: {said}");
        assert!(
            said.contains(expected) && said.contains("state"),
            "{what}: {said}"
        );
        assert!(!place.path("ran").exists(), "{what}: a step ran");
        let after = std::fs::symlink_metadata(place.path("state"))
            .map(|f| f.mode())
            .ok();
        assert_eq!(before, after, "{what}: its mode was changed");
    };
    let folder = |place: &Place, mode: u32| {
        std::fs::create_dir(place.path("state")).expect("a folder");
        std::fs::set_permissions(place.path("state"), Permissions::from_mode(mode))
            .expect("a mode");
    };
    check(
        "writable by all",
        &|p| folder(p, 0o777),
        "can be changed by others",
    );
    check(
        "writable by a group",
        &|p| folder(p, 0o720),
        "can be changed by others",
    );
    check("a file", &|p| drop(p.write("state", "")), "is not a folder");
    check(
        "a link",
        &|p| {
            std::fs::create_dir(p.path("elsewhere")).expect("a folder");
            symlink(p.path("elsewhere"), p.path("state")).expect("a link");
        },
        "is a symbolic link",
    );
    check(
        "in a folder where all may rename it",
        &|p| std::fs::set_permissions(p.path(""), Permissions::from_mode(0o777)).expect("a mode"),
        "every user may rename it",
    );
    if rustix::process::geteuid().is_root() {
        let give = |p: &Place| {
            folder(p, 0o700);
            std::os::unix::fs::chown(p.path("state"), Some(NOBODY), None).expect("given away");
        };
        check("somebody else's", &give, "belongs to user id 65534");
    } else {
        eprintln!("SKIPPED: a folder of another user needs root");
    }
}

/// The log of the program itself is written early: not into a prepared folder either.
#[test]
fn diagnostics_do_not_follow_a_link_and_change_no_mode() {
    let place = Place::new();
    place.write("a.yaml", "name: a\nsteps:\n  - {id: a, run: 'true'}\n");
    std::fs::create_dir(place.path("victim")).expect("a folder");
    let kept = place.write("victim/authorized_keys", "x");
    std::fs::set_permissions(&kept, Permissions::from_mode(0o644)).expect("a mode");
    std::fs::create_dir(place.path("state")).expect("a folder");
    std::fs::set_permissions(place.path("state"), Permissions::from_mode(0o700)).expect("a mode");
    symlink(place.path("victim"), place.path("state/log")).expect("a link");
    let output = place.output(&["run", "a.yaml", "--headless", "-vvv"]);
    assert!(output.status.success(), "{output:?}");
    let names = std::fs::read_dir(place.path("victim"))
        .expect("a folder")
        .count();
    assert_eq!(names, 1, "something was written through the link");
    assert_eq!(
        std::fs::metadata(&kept).expect("a file").mode() & 0o777,
        0o644
    );
}

/// Another user of the machine puts links where our folders are about to be.
#[test]
fn no_link_of_a_second_user_is_ever_followed() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: a second user needs root");
        return;
    }
    let races = cases(1000);
    let place = Place::new();
    for name in ["shared", "trap"] {
        std::fs::create_dir(place.path(name)).expect("a folder");
        std::fs::set_permissions(place.path(name), Permissions::from_mode(0o1777)).expect("a mode");
    }
    std::fs::set_permissions(place.path(""), Permissions::from_mode(0o755)).expect("a mode");
    let script = format!(
        "for n in $(shuf -i 0-{}); do [ ! -e over ] || exit 0; ln -s ../trap shared/$n 2>/dev/null || :; done",
        races - 1
    );
    let mut enemy = Command::new("setpriv")
        .args([
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
            "sh",
            "-c",
            &script,
        ])
        .current_dir(place.path(""))
        .spawn()
        .expect("setpriv of util-linux");
    let links = || {
        std::fs::read_dir(place.path("shared"))
            .expect("a folder")
            .count()
    };
    wait_for("the enemy", || links() > 0);
    let id = RunId::parse("one").expect("an id");
    let (mut made, mut refused) = (0, 0);
    for n in 0..races {
        let path = place.path(&format!("shared/{n}"));
        match Shelf::open(&path).and_then(|shelf| shelf.create(&id)) {
            Ok(_) => {
                let facts = std::fs::symlink_metadata(&path).expect("a folder");
                assert!(facts.is_dir() && facts.uid() == 0 && facts.mode() & 0o777 == 0o700);
                made += 1;
            }
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("is a symbolic link"), "{text}");
                refused += 1;
            }
        }
    }
    place.write("over", "");
    enemy.wait().expect("its end");
    let caught = std::fs::read_dir(place.path("trap"))
        .expect("a folder")
        .count();
    assert_eq!(caught, 0, "something was written through a link");
    assert!(refused > 0, "{made} made, none refused: there was no race");
}
