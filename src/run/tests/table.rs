//! The table: every command at every state of a step, while the run goes on and while it is paused. What is legal, and what is
//! refused with which words. The snapshot is what `semantics.md` promises; read its changes as changes of that promise.

use std::fmt::Write;

use super::build::actor;
use super::scenario::{Scenario, command, play};

/// How step `x` comes to stand in each state.
const STATES: &[(&str, &str)] = &[
    ("pending", "step a\nstep x needs a\nstart"),
    ("ready", "step a\nstep x\nstart slots 1"),
    ("held", "step x\nstart break x"),
    ("running", "step x\nstart"),
    ("waiting (approval)", "step x approval 1\nstart"),
    ("waiting (checklist)", "step x checklist\nstart"),
    ("waiting (timer)", "step x wait 60s\nstart"),
    ("retrying", "step x retry 1 delay 60s\nstart\n! x.1 failed"),
    ("stopping", "step x\nstart\n> cancel x"),
    ("failed", "step x\nstart\n! x.1 failed"),
    ("timed_out", "step x\nstart\n! x.1 timed_out"),
    ("cancelled", "step x\nstart\n> cancel x\n! x.1 cancelled"),
    ("rejected", "step x approval 1\nstart\n> reject x because"),
    ("unknown", "step x\nstart\n! x.1 unknown"),
    ("succeeded", "step x\nstep b\nstart\n! x.1 succeeded"),
    (
        "marked",
        "step x\nstep b\nstart\n! x.1 failed\n> mark x because",
    ),
    ("skipped (condition)", "step x if false\nstep b\nstart"),
    (
        "skipped (operator)",
        "step a\nstep x needs a\nstart\n> skip x because",
    ),
    (
        "skipped (mode)",
        "step x ungraceful skip\nstep b\nstart ungraceful",
    ),
    (
        "skipped (upstream)",
        "step a output o\nstep x needs a reads a.outputs.o\nstep b\nstart\n! a.1 failed\n> skip a dependents because",
    ),
    (
        "ignored",
        "step x\nstep b\nstart\n! x.1 failed\n> ignore x because",
    ),
];

const COMMANDS: &[&str] = &[
    "pause",
    "resume",
    "step x",
    "break x",
    "break x off",
    "retry x",
    "retry_from x because",
    "skip x because",
    "unskip x",
    "mark x because",
    "ignore x because",
    "cancel x",
    "kill x",
    "abort drain because",
    "abort now because",
    "abort kill because",
    "approve x",
    "reject x because",
    "revoke x",
    "tick x 0",
    "postpone x 90s",
    "rollback because",
    "abort rollback because",
    "ungraceful because",
    "ungraceful x because",
    "graceful x because",
    "note well",
];

#[test]
fn every_command_at_every_state() {
    let mut table = String::new();
    for (state, history) in STATES {
        writeln!(table, "\n{state}").unwrap();
        let going = play(history);
        let paused = play(&format!("{history}\n> pause"));
        // What its author says of that mode makes no difference but to the commands about it.
        let other = history.replace("step x", "step x ungraceful skip");
        let (other, other_paused) = (play(&other), play(&format!("{other}\n> pause")));
        let word = state.split(' ').next().unwrap();
        let x = going.run.step(&"x".into()).unwrap();
        assert_eq!(x.state.word(), word, "{history}");
        for text in COMMANDS {
            let (going, paused) = if text.contains("graceful") {
                (&other, &other_paused)
            } else {
                (&going, &paused)
            };
            let (going, paused) = (verdict(going, text), verdict(paused, text));
            let paused = if paused == going {
                String::new()
            } else {
                format!("\n      paused: {paused}")
            };
            writeln!(table, "  {text:<22} {going}{paused}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

/// How the compensation of `x` comes to stand in each state.
const UNDOING: &[(&str, &str)] = &[
    ("pending", "step x undo\nstep y needs x undo"),
    ("running", "step x undo"),
    ("retrying", "step x undo: retry 1 delay 60s"),
    ("stopping", "step x undo"),
    ("failed", "step x undo"),
    ("timed_out", "step x undo"),
    ("cancelled", "step x undo"),
    ("unknown", "step x undo"),
    ("succeeded", "step w undo\nstep x needs w undo"),
    ("marked", "step w undo\nstep x needs w undo"),
    ("skipped", "step w undo\nstep x needs w undo"),
    ("ignored", "step w undo\nstep x needs w undo"),
];

/// Of each, what happens in the roll back.
fn undone_until(state: &str) -> &'static str {
    match state {
        "retrying" | "failed" => "! x.undo.1 failed",
        "stopping" => "> cancel x.undo",
        "timed_out" => "! x.undo.1 timed_out",
        "cancelled" => "> cancel x.undo\n! x.undo.1 cancelled",
        "unknown" => "! x.undo.1 unknown",
        "succeeded" => "! x.undo.1 succeeded",
        "marked" => "! x.undo.1 failed\n> mark x.undo because",
        "skipped" => "! x.undo.1 failed\n> skip x.undo because",
        "ignored" => "! x.undo.1 failed\n> ignore x.undo because",
        _ => "",
    }
}

/// The third column of the table: commands at a compensation while the run is rolled back, and at the step that it undoes.
#[test]
fn every_command_while_rolling_back() {
    let mut table = String::new();
    for (state, plan) in UNDOING {
        writeln!(table, "\n{state}").unwrap();
        let done = match *state {
            "pending" => "! x.1 succeeded\n! y.1 succeeded",
            _ if plan.contains("needs w") => "! w.1 succeeded\n! x.1 succeeded",
            _ => "! x.1 succeeded",
        };
        let history = format!(
            "{plan}\nstart\n{done}\n> rollback because\n{}",
            undone_until(state)
        );
        let scenario = play(&history);
        let undo = scenario.run.step(&"x.undo".into()).unwrap();
        assert_eq!(undo.state.word(), *state, "{history}");
        for text in COMMANDS {
            let aimed = text.replace(" x", " x.undo");
            writeln!(table, "  {aimed:<24} {}", verdict(&scenario, &aimed)).unwrap();
        }
    }
    writeln!(table, "\nthe step that is undone").unwrap();
    let scenario = play("step x undo\nstart\n! x.1 succeeded\n> rollback because");
    for text in COMMANDS {
        writeln!(table, "  {text:<24} {}", verdict(&scenario, text)).unwrap();
    }
    insta::assert_snapshot!(table);
}

/// What an aborting run and an ended run still take.
#[test]
fn every_command_on_the_way_out() {
    let mut table = String::new();
    let ways = [
        ("cancelling", "step x\nstart\n> abort drain because"),
        (
            "cancelled",
            "step x\nstep b needs x\nstart\n> abort now because\n! x.1 cancelled",
        ),
        ("succeeded", "step x\nstart\n! x.1 succeeded"),
    ];
    for (phase, history) in ways {
        writeln!(table, "\n{phase}").unwrap();
        let scenario = play(history);
        for text in COMMANDS {
            writeln!(table, "  {text:<22} {}", verdict(&scenario, text)).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

/// Who may command, and what becomes of the controls themselves: for bob, while ana or nobody has them.
#[test]
fn every_command_and_the_controls() {
    let mut table = String::new();
    let holders = [
        ("nobody has them", "step x\nstart\n! x.1 failed"),
        ("ana has them", "step x\nstart controls\n! x.1 failed"),
        (
            "ana is gone",
            "step x\nstart controls\n! x.1 failed\ngone ana",
        ),
        (
            "eve has asked",
            "step x\nstart controls\n! x.1 failed\n> eve: take",
        ),
        (
            "bob has asked",
            "step x\nstart controls\n! x.1 failed\n> bob: take",
        ),
        (
            "bob has them",
            "step x\nstart controls\n! x.1 failed\n> bob: take force because",
        ),
        (
            "bob has them, eve has asked",
            "step x\nstart controls\n! x.1 failed\n> bob: take force because\n> eve: take",
        ),
    ];
    let own = [
        "take",
        "take force because",
        "hand over",
        "hand over to eve",
        "deny",
        "release",
    ];
    for (who, history) in holders {
        writeln!(table, "\n{who}").unwrap();
        let scenario = play(history);
        for text in own.iter().chain(COMMANDS) {
            writeln!(table, "  {text:<22} {}", verdict(&scenario, text)).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

fn verdict(scenario: &Scenario, text: &str) -> String {
    let refusal = scenario.run.refusal(&command(text), &actor("bob"), None);
    refusal.map_or_else(|| "yes".to_owned(), |r| format!("no: {r}"))
}
