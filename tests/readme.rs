//! What the README says is so: its key table, its commands, its example workflow.

use std::process::{Command, Output};

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README")
}

fn flightdeck(args: &[&str]) -> Output {
    let state = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_flightdeck"));
    command
        .args(args)
        .env("FLIGHTDECK_STATE_DIR", state.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command.output().expect("the binary runs")
}

/// The contents of the fenced blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let opening = format!("```{language}\n");
    text.split(&opening)
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```"))
        .map(|(block, _)| block.to_owned())
        .collect()
}

#[test]
fn the_key_table_is_that_of_the_program() {
    let text = readme();
    let (_, rest) = text
        .split_once("<!-- keys -->\n")
        .expect("the mark before the table");
    let (table, _) = rest
        .split_once("<!-- /keys -->")
        .expect("the mark behind the table");
    let printed = flightdeck(&["keys"]);
    assert_eq!(
        table.trim(),
        String::from_utf8_lossy(&printed.stdout).trim(),
        "print it anew with `flightdeck keys`"
    );
}

/// Each command that the README shows is one that the program takes: the same words with `--help` behind them.
#[test]
fn every_command_of_the_readme_is_known() {
    let mut seen = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some(words) = line
            .strip_prefix("flightdeck")
            .or(line.strip_prefix("cargo run --release --"))
        else {
            continue;
        };
        let mut words: Vec<&str> = words.split_whitespace().collect();
        words.push("--help");
        let output = flightdeck(&words);
        assert!(
            output.status.success(),
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        seen += 1;
    }
    assert!(seen >= 12, "{seen} commands were found");
}

/// What needs neither a person nor an earlier run is run as it stands there.
#[test]
fn commands_that_can_be_tried_work() {
    let tried = [
        "check workflows/quickstart.yaml",
        "plan quickstart",
        "graph quickstart --format dot",
        "list",
        "themes",
        "schema",
    ];
    for words in tried {
        let args: Vec<&str> = words.split_whitespace().collect();
        let output = flightdeck(&args);
        assert!(
            output.status.success(),
            "{words}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_example_workflow_is_accepted() {
    let dir = tempfile::tempdir().expect("a folder");
    for (n, block) in blocks("yaml").iter().enumerate() {
        let path = dir.path().join(format!("example-{n}.yaml"));
        std::fs::write(&path, block).expect("written");
        let output = flightdeck(&["check", path.to_str().expect("UTF-8")]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
