//! What the operator's hands do besides single keys: read the runbook, filter, mark many, leave the screen for a moment.

use std::sync::Arc;

use super::plan;
use super::play::{Play, failed, failed_with, ticking};
use crate::id::{AttemptId, RunId};
use crate::run::{Command, Definition, Outcome};
use crate::tui::message::{Copied, LogOf, Message, Request};
use crate::tui::model::Front;
use crate::tui::outside::Lend;
use crate::workflow::Workflow;

const WRITTEN: &str = "Make `db-orders-2` the primary. It takes **no writes** while it catches up.\n\n1. Look at the lag first:\n   below 1 MB it is quick\n2. If it hangs, see [the guide](https://wiki/promote)\n\n```sh\npgctl lag  db-orders-2\n```\n";

pub(super) fn written() -> Arc<Workflow> {
    let mut workflow = Arc::unwrap_or_clone(plan::failover());
    workflow.steps[3].name = "Promote the orders database".into();
    workflow.steps[3].description = WRITTEN.into();
    Arc::new(workflow)
}

#[test]
fn the_runbook_says_what_to_do_and_what_will_run() {
    let mut play = failed_with(written());
    play.press("c")
        .write("db-1 is unreachable")
        .press("Enter 6");
    insta::assert_snapshot!("runbook_80x24", play.text(false));
    insta::assert_snapshot!("runbook_200x50", play.resize(200, 50).text(false));
    play.resize(80, 24).press("y");
    let command = "/bin/sh -c ./do-it.sh".to_owned();
    assert_eq!(play.asked.last(), Some(&Request::Copy(command)));
    let told = "21 characters: the terminal was asked to copy them, it does not say if it did";
    assert_eq!(play.toast(), told);
    play.press("j j j j j j j j j j j j j j j j j j j j j j j j j");
    let last = play.text(false);
    assert!(last.contains("env: prod"), "the end stays in sight: {last}");
    play.press("Esc");
    assert!(play.text(false).contains("STEPS"));
}

#[test]
fn the_runbook_says_who_ticked_what() {
    let mut play = ticking();
    play.press("a t j t").write("F-77").press("k Esc Esc 6");
    insta::assert_snapshot!("runbook_checklist_80x24", play.text(false));
    // Also when all of it is done.
    play.press("a t").write("F-77").press("Enter");
    assert!(play.engine.phase().is_terminal());
    let text = play.text(false);
    assert!(text.contains("[x] 2"), "{text}");
}

/// Ids of the rows that are shown.
fn rows(play: &Play) -> Vec<&str> {
    let rows = 0..play.model.rows.len();
    let steps = rows.filter_map(|row| play.model.rows.step(row));
    steps
        .map(|step| play.model.run.steps()[step].id.as_str())
        .collect()
}

fn labelled() -> Play {
    let mut workflow = Arc::unwrap_or_clone(plan::failover());
    for (step, host) in [(2, "db-orders-1"), (3, "db-orders-2"), (5, "db-users-2")] {
        let label = ("host".to_owned(), host.to_owned());
        workflow.steps[step].labels.extend([label]);
    }
    failed_with(Arc::new(workflow))
}

#[test]
fn the_filter_knows_states_labels_danger_and_not() {
    let shows = |typed: &str, expected: &[&str]| {
        let mut play = labelled();
        play.press("/").write(typed).press("Enter");
        assert_eq!(rows(&play), expected, "{typed}");
    };
    shows("st:fail", &["promote-orders"]);
    shows("st:run", &["promote-users"]);
    shows("danger", &["dns-switch"]);
    shows("host:orders !st:ok", &["promote-orders"]);
    shows(
        "host:",
        &["snapshot-orders", "promote-orders", "promote-users"],
    );
    shows("promote !users", &["promote-orders"]);
    shows("users promote", &["promote-users"]);
    shows("st:w appro", &["approve-cutover"]);
    let mut play = labelled();
    play.press("/").write("host:orders st:f");
    insta::assert_snapshot!("filtered_80x24", play.text(false));
    play.press("Enter Esc");
    assert!(rows(&play).len() > 10, "Esc shows all again");
}

#[test]
fn a_wrong_term_says_what_is_allowed() {
    let mut play = labelled();
    play.press("/").write("st:x");
    insta::assert_snapshot!("filter_wrong_80x24", play.text(false));
    play.press("Enter");
    assert!(
        matches!(play.model.front, Front::Prompt(_)),
        "it can be mended"
    );
    play.press("Ctrl-u").write("hots:db").press("Enter");
    let told = "no label `hots:`; st:STATE, danger, words; host:";
    assert!(play.text(false).contains(told), "{}", play.text(false));
    play.press("Ctrl-u").write("host:db-o").press("Enter");
    assert_eq!(rows(&play), ["snapshot-orders", "promote-orders"]);
}

/// What is filtered by state follows the run.
#[test]
fn a_filter_by_state_follows_the_run() {
    let mut play = failed();
    play.press("/").write("st:run").press("Enter");
    assert_eq!(rows(&play), ["promote-users"]);
    play.press("Esc /").write("st:fail").press("Enter");
    play.fails("promote-users", "exit 2");
    assert_eq!(rows(&play), ["promote-orders", "promote-users"]);
}

#[test]
fn marks_are_seen_and_one_box_tells_what_each_would_do() {
    let mut play = failed();
    play.fails("promote-users", "exit 2");
    // A step that has ended well among two that have failed.
    play.press("/").write("promote").press("Enter g g v G v");
    assert_eq!(play.model.marked().len(), 2, "all that is shown");
    play.press("Esc");
    assert!(play.model.marked().is_empty(), "Esc takes the marks back");
    assert!(play.model.rows.is_filtered(), "and the next one the filter");
    play.press("Esc");
    for step in ["promote-orders", "promote-users", "drain-queue"] {
        let index = play.model.run.index(&step.into()).expect("a step");
        play.model.select(index);
        play.press("Space");
    }
    insta::assert_snapshot!("marked_80x24", play.text(false));
    let sent = play.sent.len();
    play.press("r");
    insta::assert_snapshot!("retry_marked_80x24", play.text(false));
    insta::assert_snapshot!("retry_marked_200x50", play.resize(200, 50).text(false));
    play.resize(80, 24).press("Esc");
    assert_eq!(play.sent.len(), sent, "Esc does nothing");
    play.press("r Tab Tab Enter");
    let retried: Vec<String> = play.sent[sent..].iter().map(|c| format!("{c:?}")).collect();
    assert_eq!(retried.len(), 2, "{retried:?}");
    assert!(retried[0].contains("promote-orders") && retried[1].contains("promote-users"));
    assert_eq!(play.toast(), "all 2 taken up");
    assert!(play.model.marked().is_empty());
}

#[test]
fn the_level_of_marked_steps_is_the_highest_of_them() {
    let mut play = failed();
    for step in ["smoke-test", "dns-switch"] {
        let index = play.model.run.index(&step.into()).expect("a step");
        play.model.select(index);
        play.press("Space");
    }
    play.press("S").write("not needed today");
    insta::assert_snapshot!("skip_marked_80x24", play.text(false));
    play.press("Tab Tab Tab Enter");
    assert!(
        matches!(play.model.front, Front::Dialog(_)),
        "a danger step wants the name typed"
    );
    play.write("failover-eu").press("Tab Tab Enter");
    let skipped =
        |c: &&Command| matches!(c, Command::Skip { reason, .. } if reason == "not needed today");
    assert_eq!(
        play.sent.iter().filter(skipped).count(),
        2,
        "{}",
        play.text(false)
    );
}

#[test]
fn a_breakpoint_on_marked_steps_asks_nothing() {
    let mut play = failed();
    play.press("G k k v G b");
    let set = |c: &&Command| matches!(c, Command::Breakpoint { on: true, .. });
    assert_eq!(play.sent.iter().filter(set).count(), 3, "{:?}", play.sent);
}

/// As with one step: a change under the eyes of the person closes the question.
#[test]
fn a_box_about_marked_steps_closes_when_one_changes() {
    let mut play = failed();
    play.press("g r Space x");
    assert!(matches!(play.model.front, Front::Dialog(_)));
    play.ends("promote-users", Outcome::Succeeded, "");
    assert!(matches!(play.model.front, Front::None));
    assert!(
        play.toast().contains("nothing was done"),
        "{}",
        play.toast()
    );
}

#[test]
fn a_watcher_marks_but_does_not_act() {
    let mut play = failed();
    play.press(":").write("disarm").press("Enter Space b");
    assert!(play.toast().contains("watching only"), "{}", play.toast());
    assert!(play.sent.is_empty());
}

#[test]
fn bookmarks_are_seen_and_come_back() {
    let mut play = failed();
    play.press("g g m j j j m g g '");
    assert_eq!(play.selected(), rows(&play)[3]);
    assert!(play.text(false).contains('\''));
    play.press("'");
    assert_eq!(play.selected(), rows(&play)[0]);
    play.press("m ' m '");
    assert!(
        play.toast().contains("no bookmark is set"),
        "{}",
        play.toast()
    );
}

fn is(play: &Play, wanted: impl Fn(&Request) -> bool) -> bool {
    play.asked.last().is_some_and(wanted)
}

#[test]
fn a_pager_gets_a_copy_of_the_log() {
    let mut play = failed();
    play.press("P");
    let of = LogOf::Attempt(AttemptId::act("promote-orders".into(), 3));
    let to = Copied::ForPager;
    assert_eq!(play.asked.last(), Some(&Request::CopyLog { of, to }));
    let lend = Lend::Pager("/tmp/copy.log".into());
    play.tell(Message::Copied(lend.clone()));
    assert_eq!(play.asked.last(), Some(&Request::Lend(lend)));
    play.press("G P");
    assert!(play.toast().contains("no log yet"), "{}", play.toast());
}

/// More than terminals take is cut, and the person hears of it.
#[test]
fn a_copy_is_as_long_as_a_terminal_takes() {
    let mut play = failed();
    let long = "ä".repeat(4_000);
    play.log("promote-orders", 3, &[long.as_str(); 10]);
    play.press("w w 4 y l");
    let Some(Request::Copy(text)) = play.asked.last() else {
        panic!("{:?}", play.asked.last());
    };
    assert!((55_000..=56_000).contains(&text.len()), "{}", text.len());
    assert!(play.toast().starts_with("only 2"), "{}", play.toast());
}

#[test]
fn a_shell_on_prod_is_asked_for_and_gets_no_secret() {
    let mut workflow = Arc::unwrap_or_clone(plan::failover());
    let text = "name: t\nsecrets: {token: {env: T}}\nsteps:\n  - {id: a, run: x, env: {TOKEN: '{{ secrets.token }}', TARGET: db}}\n";
    let checked = crate::workflow::check(text.as_bytes())
        .workflow
        .expect("it is in order");
    workflow.secrets = checked.secrets.clone();
    workflow.steps[3].env.clone_from(&checked.steps[0].env);
    let mut play = failed_with(Arc::new(workflow));
    play.press("!");
    assert!(
        play.text(false).contains("A shell on PROD"),
        "{}",
        play.text(false)
    );
    assert!(!is(&play, |asked| matches!(asked, Request::Lend(_))));
    play.press("y");
    let Some(Request::Lend(Lend::Shell { env, say })) = play.asked.last() else {
        panic!("{:?}", play.asked.last());
    };
    assert_eq!(env, &[("TARGET".to_owned(), "db".to_owned())]);
    assert!(
        say.contains("Set: TARGET.") && say.contains("Not set (secret or not known): TOKEN."),
        "{say}"
    );
}

#[test]
fn a_log_or_a_report_is_written_under_the_name_that_is_typed() {
    let mut play = failed();
    play.press("W l");
    insta::assert_snapshot!("save_log_80x24", play.text(false));
    play.press("Enter");
    let to = Copied::File("r-42-promote-orders.3.log".into());
    assert!(is(
        &play,
        |asked| matches!(asked, Request::CopyLog { to: t, .. } if *t == to)
    ));
    play.press("W r Ctrl-u").write("night.md").press("Enter");
    let path = "night.md".to_owned();
    let run = RunId::parse("r-42").expect("an id");
    assert_eq!(play.asked.last(), Some(&Request::WriteReport { run, path }));
}

#[test]
fn the_log_goes_to_the_line_that_tells_of_the_error() {
    let mut play = failed();
    let lines: Vec<String> = (0..90).map(|n| format!("line {n}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    play.log("promote-orders", 3, &lines).press("g e");
    let of = LogOf::Attempt(AttemptId::act("promote-orders".into(), 3));
    assert_eq!(play.asked.last(), Some(&Request::FindError(of.clone())));
    let line = Some(3);
    play.tell(Message::ErrorAt { of, line });
    let text = play.text(false);
    assert!(text.contains("ERROR promote timed out"), "{text}");
    assert!(
        play.toast().starts_with("line 4 is the last"),
        "{}",
        play.toast()
    );
}

#[test]
fn a_paused_run_goes_on_by_a_changed_file_after_a_look_at_it() {
    let file = |more: &str| {
        format!(
            "name: t\nsteps:\n  - {{id: a, needs: [], run: a}}\n{more}  - {{id: b, needs: [a], run: b}}\n"
        )
    };
    let checked = crate::workflow::check(file("").as_bytes());
    let mut play = Play::new(Arc::new(checked.workflow.expect("it is in order")));
    play.model.has_source = true;
    play.press(":").write("reload").press("Enter");
    assert!(
        play.toast().contains("pause the run first"),
        "{}",
        play.toast()
    );
    play.press("p :")
        .write("reload")
        .press("Enter Ctrl-u")
        .write("t2.yaml")
        .press("Enter");
    assert_eq!(
        play.asked.last(),
        Some(&Request::ReadDefinition("t2.yaml".into()))
    );
    play.tell(Message::Definition(Err("t2.yaml: no such file".into())));
    assert_eq!(play.toast(), "t2.yaml: no such file");
    let definition = Box::new(Definition {
        file: "t2.yaml".into(),
        text: file("  - {id: new, run: n}\n").into(),
        files: [].into(),
    });
    play.tell(Message::Definition(Ok(definition)));
    play.drawn();
    insta::assert_snapshot!("reload_80x24", play.text(false));
    play.press("Left").press("Enter");
    assert!(
        matches!(play.sent.last(), Some(Command::Reload { .. })),
        "{}",
        play.text(false)
    );
    assert!(play.model.run.index(&"new".into()).is_some());
}

#[test]
fn the_last_command_can_be_taken_back() {
    let mut play = failed();
    play.press("u");
    assert!(play.text(false).contains("undo: you have given no command"));
    play.press("p M d b Enter d o n e Enter Enter");
    play.press("u");
    insta::assert_snapshot!("undo_80x24", play.text(false));
    play.press("y");
    let state = |play: &Play| {
        play.model
            .run
            .step(&"promote-orders".into())
            .map(|s| s.state)
    };
    assert_eq!(state(&play), Some(crate::run::State::Failed));
}
