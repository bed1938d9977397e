//! The last command of a person taken back: each kind, and what stands in the way of it.

use super::build::actor;
use super::scenario::{Scenario, play};
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
        // Once more goes further back.
        taken_back(&mut s, "ana").expect("the pause");
        assert!(s.run.paused().is_none());
        let nothing = taken_back(&mut s, "ana").expect_err("all is taken back");
        assert!(
            nothing.starts_with("you have given no command"),
            "{nothing}"
        );
    }
}

#[test]
fn what_has_been_taken_up_is_not_taken_back() {
    let refused = [
        (
            "step a\nstep b needs a\nstart\n! a.1 failed\n> retry a",
            "`retry a` has been taken up already",
        ),
        (
            "step a\nstep b needs a\nstart\n! a.1 failed\n> mark a because",
            "b has started already after a",
        ),
        // Behind what was passed over, too.
        (
            "step a\nstep b needs a if false\nstep c needs b\nstart\n! a.1 failed\n> mark a because",
            "c has started already after a",
        ),
        (
            "step a\nstart\n! a.1 failed\n> abort drain because",
            "`abort, drain: because` cannot",
        ),
        (
            "step a\nstep c checklist\nstart\n> mark c because",
            "`mark c: because` has been taken up",
        ),
    ];
    for (script, why) in refused {
        let mut s = play(script);
        let told = taken_back(&mut s, "ana").expect_err(script);
        assert!(told.starts_with(why), "{script}\n{told}");
    }
}

#[test]
fn what_was_passed_over_behind_it_is_decided_anew() {
    let mut s = play(
        "step a\nstep b needs a if false\nstep c needs b\nstart\n> pause\n! a.1 failed\n> mark a because",
    );
    assert!(matches!(state(&s, "b"), State::Skipped(_)));
    taken_back(&mut s, "ana").expect("nothing has started");
    assert_eq!(
        (state(&s, "a"), state(&s, "b")),
        (State::Failed, State::Pending)
    );
}

#[test]
fn a_breakpoint_that_was_marked_over_holds_again() {
    let mut s = play("step a\nstep b needs a\nstart\n> break b\n> mark b because");
    taken_back(&mut s, "ana").expect("b has not started");
    s.line("! a.1 succeeded", "then");
    assert_eq!(state(&s, "b"), State::Held);
}

#[test]
fn a_pause_a_breakpoint_and_a_skip_are_turned_round() {
    for given in ["pause", "break b", "skip b because"] {
        let mut s = play(&format!("step a\nstep b needs a\nstart\n> {given}"));
        let by = taken_back(&mut s, "ana").expect(given);
        assert!(matches!(by, Command::TakeBack { .. }), "{given}: {by:?}");
        let b = s.run.step(&"b".into()).expect("it is there");
        let as_before = s.run.paused().is_none() && !b.breakpoint && b.state == State::Pending;
        assert!(as_before, "{given}: {b:?}");
    }
}

#[test]
fn notes_are_passed_over_and_commands_of_others_are_theirs() {
    let mut s = play("step a\nstart\n> pause\n> note seen it");
    assert!(taken_back(&mut s, "mira").is_err());
    taken_back(&mut s, "ana").expect("her own");
    assert!(s.run.paused().is_none());
}

/// What somebody else has ordered since is not undone by it.
#[test]
fn nothing_is_taken_back_over_the_head_of_others() {
    let mut s = play("step a\nstart\n> pause");
    for (who, what) in [("mira", Command::Resume), ("mira", Command::Pause)] {
        let input = Input::Command {
            command: what,
            actor: actor(who),
            seen: None,
        };
        assert_eq!(s.run.handle(input, s.now).refused, None);
    }
    let why = taken_back(&mut s, "ana").expect_err("mira has paused it");
    assert!(
        why.starts_with("`pause` is overtaken: mira: resume"),
        "{why}"
    );
    assert!(s.run.paused().is_some());
}
