//! Two runs held against each other, and what one sees of that.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::compare::differing;
use super::scenario::play;
use crate::id::RunId;
use crate::run::{Comparison, Contrast, Run, StepPair};

const PLAN: &str = "step a\nstep b needs a\nstep c needs b\nstart";

fn run(text: &str) -> Run {
    play(&format!("{PLAN}\n{text}")).run
}

fn step<'a>(comparison: &'a Comparison, id: &str) -> &'a StepPair {
    let found = comparison.steps.iter().find(|step| step.id.as_str() == id);
    found.expect("a step of the plan")
}

fn told(contrast: &Contrast) -> Vec<String> {
    let differing = contrast.lines.iter().filter(|line| line.differs);
    let text = |line: &crate::run::Line| {
        let [first, second] = &line.sides;
        format!("{}: {first} | {second}", line.label)
    };
    differing.map(text).collect()
}

#[test]
fn the_same_course_differs_in_nothing() {
    let all = "! a.1 succeeded\n! b.1 succeeded\n! c.1 succeeded";
    let comparison = Comparison::new(&run(all), &run(all)).expect("both have begun");
    assert!(comparison.steps.iter().all(|step| !step.differs()));
    assert_eq!(told(&comparison.contrast()), Vec::<String>::new());
}

#[test]
fn what_people_did_and_how_often_a_step_was_tried_is_told_beside_it() {
    let smooth = run("! a.1 succeeded\n! b.1 succeeded\n! c.1 succeeded");
    let rough = run(
        "! a.1 succeeded\n! b.1 failed exit 3\n> bob: retry b because disk\n! b.2 succeeded\n! c.1 failed\n> skip c because late",
    );
    let comparison = Comparison::new(&smooth, &rough).expect("both have begun");
    assert!(!step(&comparison, "a").differs());
    assert!(step(&comparison, "b").went_another_way());
    insta::assert_debug_snapshot!(told(&comparison.contrast()));
}

#[test]
fn a_time_differs_by_a_second_and_a_fifth() {
    let timed = |seconds: [u64; 2]| {
        let side = |n: usize| crate::run::StepSide {
            state: crate::run::State::Succeeded,
            took: Some(Duration::from_secs(seconds[n])),
            attempts: Vec::new(),
            deeds: Vec::new(),
        };
        let pair = StepPair {
            id: "a".into(),
            sides: [Some(side(0)), Some(side(1))],
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        pair.differs()
    };
    assert!(timed([2, 3]) && timed([100, 121]) && timed([121, 100]));
    assert!(!timed([100, 115]) && !timed([7, 7]));
}

#[test]
fn steps_that_only_one_plan_has_come_last() {
    let first = play("step a\nstep old needs a\nstart").run;
    let second = play("step new\nstep a needs new\nstart").run;
    let comparison = Comparison::new(&first, &second).expect("both have begun");
    let ids: Vec<&str> = comparison.steps.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["new", "a", "old"]);
    assert!(step(&comparison, "old").differs());
    assert_eq!(step(&comparison, "old").sides[1], None);
}

#[test]
fn a_value_that_holds_the_own_id_of_each_run_is_the_same() {
    let ids = ["night-1", "night-2"].map(|id| RunId::parse(id).expect("a run id"));
    let values = |id: &str, target: &str| {
        let dir = ("env.DIR".to_owned(), format!("/tmp/{id}/data"));
        let target = ("env.TARGET".to_owned(), target.to_owned());
        BTreeMap::from([dir, target])
    };
    let both = [values("night-1", "blue"), values("night-2", "green")];
    let differ = differing(&both, ids.each_ref());
    let names: Vec<&str> = differ.iter().map(|pair| pair.name.as_str()).collect();
    assert_eq!(names, ["env.TARGET"]);
}
