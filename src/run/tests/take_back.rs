//! The last command of a person taken back: each kind, and what stands in the way of it.

use super::build::actor;
use super::scenario::{Scenario, command, play};
use crate::run::{Command, Input, State};

/// How `who` takes the last command back, or why not.
fn taken_back(s: &mut Scenario, who: &str) -> Result<Command, String> {
    let way = s.run.way_back(&actor(who)).map_err(|r| r.to_string())?;
    let input = Input::Command {
        command: way.by.clone(),
        actor: actor(who),
        seen: None,
    };
    match s.run.handle(input, s.now).refused {
        None => Ok(way.by),
        Some(refusal) => Err(refusal.to_string()),
    }
}

fn state(s: &Scenario, step: &str) -> State {
    s.run.step(&step.into()).expect("a step").state
}

#[test]
fn a_retry_while_paused_a_mark_and_an_ignored_failure_stand_again_as_before() {
    let failed = "step a output o\nstep b needs a\nstart\n> pause\n! a.1 failed\n> ";
    for verb in ["retry a", "mark a o=1 because", "ignore a because"] {
        let mut s = play(&format!("{failed}{verb}"));
        assert_ne!(state(&s, "a"), State::Failed, "{verb}");
        taken_back(&mut s, "ana").expect(verb);
        assert_eq!(state(&s, "a"), State::Failed, "{verb}");
        let a = s.run.step(&"a".into()).expect("it is there");
        assert!(a.outputs.is_empty(), "{verb}: {a:?}");
        let again = taken_back(&mut s, "ana").expect_err(verb);
        assert!(again.contains("cannot be taken back"), "{again}");
    }
}

#[test]
fn what_has_been_taken_up_is_not_taken_back() {
    let mut s = play("step a\nstep b needs a\nstart\n! a.1 failed\n> retry a");
    let why = taken_back(&mut s, "ana").expect_err("it runs");
    assert!(
        why.starts_with("`retry a` has been taken up already"),
        "{why}"
    );
    let mut s = play("step a\nstep b needs a\nstart\n! a.1 failed\n> mark a because");
    let why = taken_back(&mut s, "ana").expect_err("b runs");
    assert!(why.starts_with("b has started already after a"), "{why}");
    let mut s = play("step a\nstart\n! a.1 failed\n> abort drain because");
    let why = taken_back(&mut s, "ana").expect_err("the run has ended");
    assert!(why.starts_with("`abort, drain: because` cannot"), "{why}");
}

#[test]
fn other_commands_have_one_that_takes_them_back() {
    let pairs = [
        ("pause", "resume"),
        ("break b", "break b off"),
        ("skip b because", "unskip b"),
    ];
    for (given, back) in pairs {
        let mut s = play(&format!("step a\nstep b needs a\nstart\n> {given}"));
        let by = taken_back(&mut s, "ana").expect(given);
        let named = |c: &Command| (std::mem::discriminant(c), c.step().cloned());
        assert_eq!(named(&by), named(&command(back)), "{given}");
    }
}

#[test]
fn notes_are_passed_over_and_commands_of_others_are_theirs() {
    let mut s = play("step a\nstart\n> pause\n> note seen it");
    assert!(taken_back(&mut s, "mira").is_err());
    assert_eq!(taken_back(&mut s, "ana"), Ok(Command::Resume));
}
