//! The list of runs inside a run's screen: rows, filter, trend, and what keys do with a run.

use super::play::{Play, START, failed, ticking};
use crate::id::RunId;
use crate::journal::Summary;
use crate::run::{Comparison, Counts, Kind, Phase};
use crate::time::Timestamp;
use crate::tui::message::{Message, Request};
use crate::tui::options::Outcome;
use crate::tui::source::RunEntry;

const HOUR: i64 = 3_600_000;

/// A run of `failover-eu` that began so many hours ago and took so many seconds.
fn entry(id: &str, hours: i64, took: Option<i64>) -> RunEntry {
    let started_at = Timestamp(START.0 - hours * HOUR);
    RunEntry {
        summary: Summary {
            id: RunId::parse(id).expect("a run id"),
            workflow: "failover-eu".into(),
            phase: Phase::Succeeded,
            shown: "succeeded".into(),
            started_at,
            ended_at: took.map(|seconds| Timestamp(started_at.0 + seconds * 1_000)),
            why: String::new(),
            kind: Kind::Live,
            by: "mira".into(),
            counts: Counts::default(),
            failed: Vec::new(),
            passed_over: Vec::new(),
            expected_ms: Some(320_000),
        },
        live: false,
    }
}

/// Newest first.
pub(crate) fn past_runs() -> Vec<RunEntry> {
    let mut live = entry("r-42", 0, None);
    live.live = true;
    (live.summary.phase, live.summary.shown) = (Phase::Running, "attention".into());
    live.summary.by = "lena".into();
    live.summary.failed = vec!["promote-orders".into()];
    live.summary.counts = Counts {
        unresolved: 1,
        waiting: 7,
        ok: 5,
        total: 14,
        running: 1,
        ..Counts::default()
    };
    let mut failed = entry("r-40", 290, Some(127));
    (failed.summary.phase, failed.summary.shown) = (Phase::Failed, "failed".into());
    failed.summary.failed = vec!["promote-orders".into(), "promote-users".into()];
    failed.summary.counts.unresolved = 3;
    let mut by_hand = entry("r-39", 800, Some(464));
    by_hand.summary.phase = Phase::CompletedWithExceptions;
    by_hand.summary.shown = "completed_with_exceptions".into();
    by_hand.summary.by = "sam".into();
    by_hand.summary.passed_over = vec!["dns-switch".into(), "smoke-test".into()];
    by_hand.summary.counts.skipped = 1;
    let mut drill = entry("r-38", 900, Some(90));
    drill.summary.kind = Kind::Drill;
    let mut other = entry("q-7", 1_000, None);
    other.summary.workflow = "quickstart".into();
    other.summary.expected_ms = None;
    (other.summary.phase, other.summary.shown) = (Phase::Running, "unattended".into());
    vec![
        live,
        entry("r-41", 288, Some(331)),
        failed,
        by_hand,
        drill,
        other,
        entry("r-37", 1_100, Some(140)),
        entry("r-36", 1_200, Some(150)),
    ]
}

pub(super) fn at_runs(mut play: Play) -> Play {
    play.model.has_source = true;
    play.press("0");
    assert!(play.asked.contains(&Request::LoadRuns));
    play.tell(Message::Runs(past_runs()));
    play
}

#[test]
fn rows_say_how_long_who_and_where() {
    let mut play = at_runs(failed());
    insta::assert_snapshot!("runs_80x24", play.press("j").text(false));
    insta::assert_snapshot!("runs_80x24_ascii", play.text(true));
    insta::assert_snapshot!("runs_200x50", play.resize(200, 50).text(false));
    insta::assert_snapshot!("runs_40x10", play.resize(40, 10).text(false));
}

#[test]
fn the_list_of_runs_is_filtered_while_one_types() {
    let shows = |typed: &str, expected: &[&str]| {
        let mut play = at_runs(failed());
        play.press("/").write(typed).press("Enter");
        let ids = play.model.runs.rows().map(|row| row.summary.id.as_str());
        assert_eq!(ids.collect::<Vec<_>>(), expected, "{typed}");
    };
    shows("st:fail", &["r-40", "q-7"]);
    shows("by:sam", &["r-39"]);
    shows("kind:drill", &["r-38"]);
    shows("wf:quick", &["q-7"]);
    shows("smoke", &["r-39"]);
    shows("failover !by:mira !st:ask", &["r-39"]);
    let mut play = at_runs(failed());
    play.press("/").write("st:zzz");
    assert!(play.text(false).contains("no state `zzz`"));
    play.press("Esc /").write("st:ok").press("Enter");
    insta::assert_snapshot!("runs_filtered_80x24", play.text(false));
    play.press("Esc");
    assert_eq!(play.model.runs.len(), past_runs().len(), "Esc shows all");
}

#[test]
fn the_selection_stays_with_its_run_when_the_list_is_read_anew() {
    let mut play = at_runs(failed());
    play.press("j j");
    let mut grown = past_runs();
    grown.insert(0, entry("r-43", 0, None));
    play.tell(Message::Runs(grown));
    let selected = play.model.runs.selected().map(|row| &row.summary.id);
    assert_eq!(selected.map(RunId::as_str), Some("r-40"));
}

#[test]
fn a_list_with_a_live_run_is_read_anew_and_one_without_is_not() {
    let mut play = at_runs(failed());
    play.asked.clear();
    play.pass(11);
    assert_eq!(play.asked, [Request::LoadRuns]);
    play.pass(5);
    assert_eq!(play.asked, [Request::LoadRuns]);
    let ended = past_runs().into_iter().filter(|entry| !entry.live);
    play.tell(Message::Runs(ended.collect()));
    assert_eq!(play.model.runs.stale_at(), None);
}

#[test]
fn w_writes_the_report_of_the_selected_run() {
    let mut play = at_runs(failed());
    play.press("j j W");
    let expected = Request::WriteReport {
        run: RunId::parse("r-40").expect("a run id"),
        path: "r-40.md".into(),
    };
    assert_eq!(play.asked.last(), Some(&expected));
}

#[test]
fn another_run_is_opened_once_this_one_needs_no_screen() {
    let mut play = at_runs(failed());
    play.press("j Enter");
    assert!(
        play.toast().contains("this run is live"),
        "{}",
        play.toast()
    );
    play.model.pace = crate::engine::Pace::Over("let go".into());
    play.press("Enter");
    let id = RunId::parse("r-41").expect("a run id");
    assert_eq!(play.model.outcome, Some(Outcome::OpenRun(id)));
}

/// A run that went well, and one that did not.
pub(super) fn compared() -> crate::run::Contrast {
    let mut second = failed();
    second
        .press("S Tab")
        .write("not tonight")
        .press("Tab Tab Enter");
    let comparison = Comparison::new(&ticking().engine, &second.engine);
    comparison.expect("both have begun").contrast()
}

#[test]
fn two_marked_runs_lie_side_by_side() {
    let mut play = at_runs(failed());
    play.press("d");
    assert!(play.toast().contains("mark two runs"), "{}", play.toast());
    play.press("j Space j Space Space");
    assert!(play.text(false).contains("2 marked"));
    insta::assert_snapshot!("marked_80x24", play.text(false));
    play.press("d");
    let runs = ["r-38", "r-39"].map(|id| RunId::parse(id).expect("a run id"));
    assert_eq!(
        play.asked.last(),
        Some(&Request::Compare(runs)),
        "older first"
    );
    play.tell(Message::Compared(Box::new(compared())));
    insta::assert_snapshot!("compared_80x24", play.text(false));
    insta::assert_snapshot!("compared_80x24_ascii", play.text(true));
    insta::assert_snapshot!("compared_200x50", play.resize(200, 50).text(false));
    insta::assert_snapshot!("compared_40x10", play.resize(40, 10).text(false));
    play.resize(80, 24).press("&");
    insta::assert_snapshot!("differences_80x24", play.text(false));
    play.press("G");
    assert!(
        play.text(false).contains("by hand"),
        "the end stays in sight"
    );
    play.press("q");
    assert!(
        play.text(false).contains("RUNS 8"),
        "back to the list first"
    );
    play.press("Esc");
    assert_eq!(play.toast(), "marks taken back");
}

#[test]
fn another_run_is_started_like_one_once_this_one_needs_no_screen() {
    let mut play = at_runs(failed());
    play.press("j R");
    assert!(
        play.toast().contains("this run is live"),
        "{}",
        play.toast()
    );
    play.model.pace = crate::engine::Pace::Over("let go".into());
    play.press("R");
    let run = RunId::parse("r-41").expect("a run id");
    assert_eq!(play.asked.last(), Some(&Request::LoadLike(run.clone())));
    let like = crate::tui::Like {
        run: run.clone(),
        file: "failover.yaml".into(),
        workflow: super::failover(),
        params: std::collections::BTreeMap::new(),
        kind: Kind::Live,
        by: "failover.yaml, unchanged since".into(),
    };
    play.tell(Message::Like(Box::new(like)));
    assert_eq!(play.model.outcome, Some(Outcome::StartLike(run)));
}
