//! The real binary: arguments, messages and exit codes. Each call is short, and none needs a terminal.

mod support;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use support::Place;

/// Bad arguments: exit 2, nothing on standard output, and the message says all of `expected`.
fn refused(args: &[&str], expected: &[&str]) {
    let place = Place::new();
    place.write(
        "deploy.yaml",
        "name: deploy\nsteps:\n  - {id: a, run: 'true'}\n",
    );
    let answer = place.run(args);
    assert_eq!(answer.code, 2, "{args:?}: {answer:?}");
    assert_eq!(answer.out, "", "{args:?}");
    for text in expected {
        assert!(
            answer.err.contains(text),
            "{args:?}: no {text:?} in {}",
            answer.err
        );
    }
}

#[test]
fn a_run_without_a_file_shows_usage_and_an_example() {
    refused(&["run"], &["<FILE>", "Usage:", "flightdeck run quickstart"]);
}

#[test]
fn a_missing_file_says_what_is_there() {
    refused(
        &["run", "missing.yml"],
        &["no such file", "missing.yml", "deploy.yaml"],
    );
    refused(
        &["run", "deplyo.yaml"],
        &["no such file", "did you mean `deploy.yaml`?"],
    );
    refused(
        &["run", "quikstart"],
        &["no such file or workflow", "did you mean `quickstart`?"],
    );
    refused(&["check", "none/x.yaml"], &["no such file"]);
}

#[test]
fn a_mistyped_command_is_guessed() {
    refused(&["rnu"], &["no command `rnu`", "did you mean `run`?"]);
    refused(&["quickstart"], &["flightdeck run quickstart"]);
    refused(
        &["frobnicate"],
        &["no command `frobnicate`", "commands: run"],
    );
}

#[test]
fn run_ids_are_checked_before_they_touch_a_path() {
    let long = "x".repeat(10_240);
    for id in ["../../etc", "a/b", ".hidden", "", &long] {
        refused(&["show", id], &["is not a run id"]);
        refused(&["logs", id, "a"], &["is not a run id"]);
        refused(&["resume", id], &["is not a run id"]);
    }
}

#[test]
fn an_argument_that_is_not_utf8_is_told_without_loss() {
    let place = Place::new();
    let answer = place.run(&[OsStr::new("run"), OsStr::from_bytes(b"caf\xe9.yaml")]);
    assert_eq!(answer.code, 2);
    assert!(
        answer
            .err
            .contains(r"argument 2 is not valid UTF-8: caf\xe9.yaml"),
        "{answer:?}"
    );
}

#[test]
fn the_screen_needs_a_terminal() {
    refused(&[], &["needs a terminal"]);
}

#[test]
fn help_and_version_are_data() {
    let place = Place::new();
    let help = place.run(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    assert!(help.out.contains("Start a run") && help.out.contains("Exit codes"));
    let version = place.run(&["--version"]);
    assert_eq!(
        version.out,
        format!("flightdeck {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_and_manual_pages_are_printed() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let answer = place.run(&["completions", shell]);
        assert_eq!(answer.code, 0);
        assert!(answer.out.contains("flightdeck") && answer.out.contains("resume"));
    }
    refused(&["completions", "dos"], &["bash"]);
    assert!(place.run(&["man"]).out.contains(".TH flightdeck"));
    assert!(place.run(&["man", "run"]).out.contains("max\\-parallel"));
    refused(&["man", "rnu"], &["did you mean `run`?"]);
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let place = Place::new();
    let mut child = place
        .command(&["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}

#[test]
fn a_full_standard_output_is_a_storage_error() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = place.command(&["man"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot write to standard output"), "{said}");
}

#[test]
fn what_is_no_regular_file_is_refused_and_not_waited_for() {
    let place = Place::new();
    let fifo = place.work().join("pipe.yaml");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    std::fs::create_dir(place.work().join("folder.yaml")).unwrap();
    place.write("big.yaml", &"# x\n".repeat(600_000));
    for (file, text) in [
        ("pipe.yaml", "is a pipe, not a regular file"),
        ("folder.yaml", "is a folder, not a regular file"),
        ("/dev/zero", "is a device, not a regular file"),
        ("big.yaml", "larger than 2 MiB"),
    ] {
        let answer = place.run(&["check", file]);
        assert_eq!(answer.code, 2, "{answer:?}");
        assert!(answer.err.contains(text), "{answer:?}");
    }
}

#[test]
fn settings_with_a_mistake_are_told_with_their_file() {
    let place = Place::new();
    place.write("settings.yaml", "theem: dark\n");
    let answer = place.run(&["list", "--config", "settings.yaml"]);
    assert_eq!(answer.code, 2);
    assert!(
        answer.err.contains("settings.yaml") && answer.err.contains("theem"),
        "{answer:?}"
    );
    let answer = place.run(&["list", "--config", "none.yaml"]);
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("none.yaml: no such file"), "{answer:?}");
    assert!(!Path::new(&place.work().join("none.yaml")).exists());
}
