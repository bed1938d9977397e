//! Pictures of the main states: what a person at 3 a.m. sees. Review changes with `cargo insta review`.

use std::sync::Arc;

use super::plan;
use super::play::{Play, approve, asking, failed, failed_with, ticking};
use crate::engine::Pace;
use crate::run::{Command, Outcome, PastRuns, Phase};
use crate::tui::message::Message;
use crate::workflow::{AttentionTimeout, OnAttentionTimeout, Template, check_including};

fn picture(name: &str, play: &Play) {
    insta::assert_snapshot!(name, play.text(false));
}

#[test]
fn running() {
    let mut play = Play::new(plan::failover());
    picture("started_80x24", &play);
    play.pass(4).ok(&["freeze-deploys"]).pass(3);
    play.log(
        "fence-primary",
        1,
        &["pgctl fence db-orders-1", "\u{1b}[32mdone\u{1b}[0m\u{7}"],
    );
    picture("running_80x24", play.press("j"));
    picture("running_200x50", play.resize(200, 50));
}

#[test]
fn preflight_says_what_holds_the_run() {
    let mut play = Play::new(plan::with_preflight());
    picture("preflight_80x24", &play);
    play.pass(2);
    play.check("tools", Outcome::Succeeded, "");
    play.check("replica-lag", Outcome::Failed, "exit 1");
    play.check("pager", Outcome::TimedOut, "timed out after 30s");
    picture("preflight_blocks_80x24", &play);
    picture("preflight_blocks_200x50", play.resize(200, 50));
    picture("preflight_again_80x24", play.resize(80, 24).press("r"));
    picture("preflight_override_80x24", play.press("Esc S"));
    play.press("Tab");
    play.write("agreed with the dba").press("Tab Tab Enter");
    assert!(play.model.run.blocking().is_empty());
    picture("preflight_overridden_80x24", play.pass(1));
}

#[test]
fn a_failed_step_says_what_to_press() {
    let mut play = failed();
    picture("failed_80x24", &play);
    insta::assert_snapshot!("failed_80x24_ascii", play.text(true));
    picture("failed_200x50", play.resize(200, 50));
    picture("failed_120x30", play.resize(120, 30));
    picture("failed_40x10", play.resize(40, 10));
}

#[test]
fn a_limit_to_waiting_says_what_the_run_will_do_by_itself() {
    let mut workflow = Arc::unwrap_or_clone(plan::failover());
    workflow.attention_timeout = Some(AttentionTimeout {
        after: std::time::Duration::from_mins(30),
        then: OnAttentionTimeout::Abort,
    });
    let mut play = failed_with(Arc::new(workflow));
    play.ok(&["promote-users"]);
    picture("limited_80x24", &play);
    play.pass(30 * 60);
    assert_eq!(play.engine.phase(), Phase::Failed);
    picture("given_up_80x24", &play);
}

#[test]
fn paused() {
    let mut play = failed();
    play.press("p").pass(0);
    picture("pausing_80x24", &play);
    play.ok(&["promote-users"]);
    picture("paused_80x24", &play);
    picture("paused_40x10", play.resize(40, 10));
}

#[test]
fn questions_of_each_level() {
    let mut play = failed();
    picture("level_1_80x24", play.press("r"));
    picture("level_2_skip_80x24", play.press("n S"));
    picture("level_2_from_here_80x24", play.press("Esc R"));
    picture("level_3_abort_80x24", play.press("Esc X"));
    insta::assert_snapshot!("level_3_abort_80x24_ascii", play.text(true));
    picture("level_3_abort_40x10", play.resize(40, 10));
    picture("quit_80x24", play.resize(80, 24).press("Esc q"));
    picture("copy_80x24", play.press("Esc y"));
}

#[test]
fn forms() {
    let mut play = failed();
    picture("edit_80x24", play.press("e"));
    picture("mark_80x24", play.press("Esc M"));
    picture("mark_missing_80x24", play.press("Tab Tab Tab Enter"));
}

#[test]
fn approval_and_checklist() {
    let mut play = asking();
    picture("asking_80x24", &play);
    picture("approval_80x24", play.press("a"));
    picture("approval_40x10", play.resize(40, 10));
    let mut play = ticking();
    picture("ticking_80x24", &play);
    picture("checklist_80x24", play.press("a"));
    picture("checklist_typing_80x24", play.press("t j t").write("F-77"));
}

#[test]
fn after_the_approval_a_fan_out_is_one_row() {
    let mut play = asking();
    play.press("a");
    approve(&mut play);
    play.pass(20).ok(&["warm-cache[1]", "warm-cache[2]"]);
    play.log("warm-cache[3]", 1, &["cannot reach cache-3"])
        .fails("warm-cache[3]", "exit 1");
    picture("folded_80x24", &play);
    picture("unfolded_80x24", play.press("h ="));
}

#[test]
fn views() {
    let mut play = failed();
    play.press("c").write("db-1 unreachable").press("Enter");
    picture("logs_80x24", play.press("4"));
    picture("search_80x24", play.press("/").write("promote"));
    picture("audit_80x24", play.press("Esc 5"));
    picture("detail_80x24", play.press("1 d"));
    picture("definition_80x24", play.press("1 Y"));
    picture("help_80x24", play.press("1 ?"));
    picture("help_skip_80x24", play.write("skip"));
    picture("palette_80x24", play.press("Esc :").write("re"));
    picture("chord_80x24", play.press("Esc g"));
    picture("filter_80x24", play.press("g /").write("promote"));
}

#[test]
fn graph() {
    let mut play = failed();
    picture("graph_80x24", play.press("2"));
    insta::assert_snapshot!("graph_80x24_ascii", play.text(true));
    picture("graph_40x10", play.resize(40, 10));
    picture("graph_200x50", play.resize(200, 50));
    picture("graph_zoom_80x24", play.resize(80, 24).press("z l ="));
}

#[test]
fn gantt() {
    let mut play = failed();
    play.pass(60);
    picture("gantt_80x24", play.press("3"));
    insta::assert_snapshot!("gantt_80x24_ascii", play.text(true));
    picture("gantt_40x10", play.resize(40, 10));
    picture("gantt_200x50", play.resize(200, 50));
    picture("gantt_finer_80x24", play.resize(80, 24).press("z ="));
    let mut play = ticking();
    picture("gantt_asking_80x24", play.press("3 z"));
    play.press("a t j t").write("F-77").press("Enter");
    picture("gantt_ended_80x24", &play);
}

#[test]
fn past_runs_say_what_is_expected() {
    let mut play = failed();
    let mut past = PastRuns::default();
    past.add(&ticking().engine);
    play.tell(Message::Past(Box::new(past.clone())));
    picture("past_80x24", &play);
    picture("gantt_past_80x24", play.press("3 z"));
    play.press("d");
    assert!(play.text(false).contains("expected  0:11, as it took once"));
    play.press("1 l d");
    assert!(play.text(false).contains("expected  1:00, declared"));
    play.press("1");
    for seconds in [9, 3, 12, 2] {
        let mut older = Play::new(plan::failover());
        past.add(&older.pass(seconds).ok(&["freeze-deploys"]).engine);
    }
    play.tell(Message::Past(Box::new(past)));
    play.press("g g 3 z");
    picture("gantt_spread_80x24", &play);
    play.press("d");
    picture("detail_trend_80x24", &play);
    picture("detail_trend_200x50", play.press("1").resize(200, 50));
}

#[test]
fn a_failure_says_what_was_done_the_last_time() {
    let mut before = failed_with(plan::failover());
    let sam = crate::run::Actor {
        name: "sam".into(),
        ..crate::run::Actor::default()
    };
    before.by(
        sam,
        Command::Skip {
            step: "promote-orders".into(),
            outputs: std::collections::BTreeMap::new(),
            dependents: true,
            reason: "the replica was rebuilt by hand".into(),
        },
    );
    let mut past = PastRuns::default();
    past.add(&before.engine);
    // It went well before that, to another target.
    let mut workflow = Arc::unwrap_or_clone(plan::failover());
    let mut steps = workflow.steps.iter_mut();
    let step = steps
        .find(|step| step.id.as_str() == "promote-orders")
        .expect("it is there");
    step.env = vec![("TARGET".into(), Template::literal("db-orders-9"))];
    let mut older = Play::new(Arc::new(workflow));
    older
        .pass(4)
        .ok(&["freeze-deploys"])
        .pass(9)
        .ok(&["fence-primary", "snapshot-orders"]);
    past.add(&older.pass(60).ok(&["promote-orders"]).engine);

    let mut play = failed();
    play.tell(Message::Past(Box::new(past)));
    play.now.0 += 12 * 86_400_000;
    play.pass(0);
    picture("last_time_80x24", &play);
    insta::assert_snapshot!("last_time_80x24_ascii", play.text(true));
    picture("last_time_200x50", play.resize(200, 50));
    picture("last_time_40x10", play.resize(40, 10));
    picture("last_time_detail_80x24", play.resize(80, 24).press("d"));
}

#[test]
fn the_end() {
    let mut play = ticking();
    play.press("a t j t").write("F-77").press("Enter");
    assert_eq!(play.engine.phase(), Phase::Succeeded);
    picture("ended_80x24", &play);
    let mut play = failed();
    play.press("X Right Right Tab")
        .write("no way on")
        .press("Tab")
        .write("failover-eu");
    play.press("Tab Tab Enter").pass(1);
    play.ends("promote-users", crate::run::Outcome::Cancelled, "killed");
    picture("aborted_80x24", &play);
}

#[test]
fn states_without_a_live_run() {
    let mut play = failed();
    play.tell(Message::Pace(Pace::Over("no engine holds it".into())));
    picture("unattended_80x24", play.press("r"));
    picture("too_small", play.resize(30, 8));
}

#[test]
fn a_sub_workflow_unfolds_in_its_place() {
    let outer = "name: failover\nsteps:\n  - {id: prepare, run: x}\n  - {id: restore, name: Restore the database, workflow: {file: lib/restore.yaml, params: {host: db1}}}\n  - {id: report, run: x}\n";
    let inner = "name: restore\nparams: {host: {type: string}}\nsteps:\n  - {id: fence, run: x}\n  - {id: orders, needs: [fence], run: x}\n  - {id: users, needs: [fence], run: x}\n";
    let checked = check_including(outer.as_bytes(), "failover.yaml", &mut |_| {
        Ok(inner.as_bytes().to_vec())
    });
    let mut play = Play::new(Arc::new(checked.workflow.expect("it is in order")));
    play.ok(&["prepare", "restore/fence"]).press("g g j j j");
    picture("inner_80x24", &play);
    picture("inner_folded_80x24", play.press("-"));
    picture("inner_folded_120x30", play.resize(120, 30));
    play.resize(80, 24).fails("restore/users", "exit 3");
    picture("inner_failed_80x24", &play);
}
