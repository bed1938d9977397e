//! Keys in, commands out.

use super::plan::{self, step, workflow};
use super::play::{self, Play, approve, asking, failed, ticking};
use crate::run::{AbortHow, Command, Definition, Outcome, SkipReason, State};
use crate::tui::keys::Key;
use crate::tui::message::{Message, Request};
use crate::tui::model::{Front, Model, Place, View};
use crate::tui::options;
use crate::tui::options::Watch;
use crate::workflow::{Step, Ungraceful};

/// The commands that were accepted, as JSON, one a line.
fn sent(play: &Play) -> String {
    let lines = play
        .sent
        .iter()
        .map(|command| serde_json::to_string(command).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands in the focused text field.
fn typed(play: &Play) -> String {
    match &play.model.front {
        Front::Dialog(dialog) => dialog.fields[dialog.focus].text(),
        _ => String::new(),
    }
}

#[track_caller]
fn check(keys: &str, expected: &str) {
    let mut play = failed();
    play.sent.clear();
    play.press(keys);
    assert_eq!(sent(&play), expected, "{keys}: {}", play.toast());
}

#[test]
fn from_keys_to_commands() {
    check("p", r#""pause""#);
    check("p p", "\"pause\"\n\"resume\"");
    check("r y", r#"{"retry":{"step":"promote-orders","reason":""}}"#);
    check("r n", "");
    check("r Enter Enter", "");
    check("r Esc", "");
    check("b", "");
    check(
        "I w h y Tab Tab Enter",
        r#"{"ignore":{"step":"promote-orders","reason":"why"}}"#,
    );
    check("I Tab Tab Enter", "");
    check("S w h y Tab Enter", "");
    check(
        "S o k Tab Tab Enter",
        r#"{"skip":{"step":"promote-orders","outputs":{},"dependents":false,"reason":"ok"}}"#,
    );
}

#[test]
fn a_retry_with_changes_sends_only_what_changed() {
    let mut play = failed();
    play.press("e")
        .write("x")
        .press("Tab Tab Space Tab")
        .write("new target")
        .press("Tab Tab Enter");
    let Some(Command::Retry {
        changes: Some(changes),
        ..
    }) = play.sent.last()
    else {
        panic!("{:?} {}", play.sent, play.text(false));
    };
    assert_eq!(changes.inputs.len(), 1);
    assert_eq!(changes.inputs["env.TARGET"], "db-orders-2x");
    assert!(changes.rest_of_run);
}

#[test]
fn level_3_wants_the_name_typed_and_takes_no_paste() {
    let mut play = failed();
    play.press("X Tab").write("no way on").press("Tab");
    play.tell(Message::Paste("failover-eu".into()));
    assert!(play.toast().contains("paste is off"));
    play.press("Tab Tab Enter");
    assert!(
        play.sent
            .iter()
            .all(|command| !matches!(command, Command::Abort { .. }))
    );
    play.write("failover-eu").press("Tab Tab Enter");
    let how = AbortHow::Now;
    let reason = "no way on".into();
    let expected = Command::Abort { how, reason };
    assert_eq!(play.sent.last(), Some(&expected), "{}", play.text(false));
}

/// What will be undone, and what cannot be, stands in the box; then each compensation is a row that takes keys.
#[test]
fn a_roll_back_says_what_it_undoes_and_is_steered_like_a_run() {
    let undone = |id: &str, needs: &[usize]| {
        let step = step(id, needs);
        let undo = self::step(step.id.undo().as_str(), &[]);
        Step {
            compensate: Some(undo.into()),
            ..step
        }
    };
    let steps = vec![
        undone("freeze", &[]),
        undone("switch", &[0]),
        step("mail", &[1]),
        step("check", &[2]),
    ];
    let mut play = Play::new(plan::workflow("failover-eu", steps));
    play.ok(&["freeze", "switch", "mail"]);
    play.fails("check", "exit 1");
    play.resize(100, 24).press("B");
    insta::assert_snapshot!("roll_back_box", play.text(false));
    play.write("too slow")
        .press("Tab")
        .write("failover-eu")
        .press("Tab Tab Enter");
    let reason = "too slow".into();
    let expected = Command::Rollback { reason };
    assert_eq!(play.sent.last(), Some(&expected), "{}", play.text(false));
    play.fails("switch.undo", "exit 2");
    assert_eq!(play.selected(), "switch.undo");
    insta::assert_snapshot!("rolling_back", play.text(false));
    play.press("r").press("y");
    play.ok(&["switch.undo", "freeze.undo"]);
    insta::assert_snapshot!("rolled_back", play.text(false));
}

/// What changes stands in the box, for the run or for the step alone; the header says what mode it is in.
#[test]
fn ungraceful_mode_says_what_it_changes() {
    let skipped = |id: &str, needs: &[usize]| Step {
        ungraceful: Some(Ungraceful::Skip),
        ..step(id, needs)
    };
    let other = |id: &str, needs: &[usize]| Step {
        ungraceful: Some(Ungraceful::Other(step(id, needs).into())),
        ..step(id, needs)
    };
    let steps = vec![
        other("fence", &[]),
        skipped("drain", &[0]),
        other("switch", &[1]),
        step("check", &[2]),
    ];
    let mut play = Play::new(plan::workflow("failover-eu", steps));
    play.press("U");
    insta::assert_snapshot!("ungraceful_box", play.text(false));
    play.press("Tab").write("no time").press("Tab Tab Enter");
    let reason = String::from("no time");
    let expected = Command::Ungraceful {
        step: None,
        on: true,
        reason: reason.clone(),
    };
    assert_eq!(play.sent.last(), Some(&expected), "{}", play.text(false));
    insta::assert_snapshot!("ungraceful", play.text(false));
    play.ok(&["fence"]);
    assert_eq!(play.model.run.state(1), State::Skipped(SkipReason::Mode));
    play.press("G k U Right Tab").write("no time");
    play.press("Tab Tab Enter");
    let step = Some("switch".into());
    let expected = Command::Ungraceful {
        step,
        on: false,
        reason,
    };
    assert_eq!(play.sent.last(), Some(&expected), "{}", play.text(false));
}

/// Somebody reloads the definition: the rows follow, the selection stays with its step, an open question closes.
#[test]
fn the_screen_follows_a_reload() {
    let file = |more: &str| {
        format!(
            "name: t\nsteps:\n{more}  - {{id: a, needs: [], run: a}}\n  - {{id: b, needs: [a], run: b}}\n"
        )
    };
    let checked = crate::workflow::check(file("").as_bytes());
    let mut play = Play::new(std::sync::Arc::new(
        checked.workflow.expect("it is in order"),
    ));
    play.press("p G b").press("S");
    assert!(matches!(play.model.front, Front::Dialog(_)));
    assert_eq!(play.selected(), "b");
    let more = "  - {id: new, run: n}\n  - {id: newer, needs: [new], run: n}\n";
    let definition = Definition {
        file: "t.yaml".into(),
        text: file(more).into(),
        files: [].into(),
    };
    let ana = play::actor();
    play.by(
        ana,
        Command::Reload {
            definition: Box::new(definition),
        },
    );
    assert!(matches!(play.model.front, Front::None));
    assert_eq!(play.selected(), "b", "it stands in another place now");
    play.ok(&["a"]).press("p").drawn();
    insta::assert_snapshot!("reloaded", play.text(false));
}

#[test]
fn keys_typed_before_a_box_was_seen_do_nothing() {
    let mut play = failed();
    let at = play.now;
    for key in [
        Key::Char('S'),
        Key::Char('o'),
        Key::Tab,
        Key::Tab,
        Key::Enter,
    ] {
        play.tell(Message::Key { key, at });
    }
    assert!(matches!(play.model.front, Front::Dialog(_)));
    assert_eq!(typed(&play), "");
    play.tell(Message::Drawn(at));
    let early = crate::time::Timestamp(at.0 + 399);
    play.tell(Message::Key {
        key: Key::Char('o'),
        at: early,
    });
    assert_eq!(typed(&play), "");
    let heard = crate::time::Timestamp(at.0 + 400);
    play.tell(Message::Key {
        key: Key::Char('o'),
        at: heard,
    });
    assert_eq!(typed(&play), "o");
}

#[test]
fn a_yes_typed_ahead_confirms_nothing() {
    let mut play = failed();
    let at = play.now;
    for key in [Key::Char('r'), Key::Char('y')] {
        play.tell(Message::Key { key, at });
    }
    assert!(play.sent.is_empty());
    assert!(matches!(play.model.front, Front::Confirm(_)));
}

#[test]
fn a_question_closes_when_its_step_changes() {
    let mut play = failed();
    play.press("g r x");
    assert!(
        matches!(play.model.front, Front::Dialog(_)),
        "not idempotent"
    );
    play.ok(&["promote-users"]);
    assert!(matches!(play.model.front, Front::None));
    assert_eq!(
        play.toast(),
        "promote-users is succeeded now; nothing was done"
    );
}

#[test]
fn a_paste_is_never_keys() {
    let mut play = failed();
    play.tell(Message::Paste("X p r y".into()));
    assert_eq!(play.toast(), "pasted text does nothing here");
    assert!(play.sent.is_empty());
    play.press("I");
    play.tell(Message::Paste("from the ticket\nsecond line".into()));
    assert_eq!(typed(&play), "from the ticket");
}

#[test]
fn approve_reject_and_tick() {
    let mut play = asking();
    play.press("a");
    approve(&mut play);
    let expected =
        r#"{"approve":{"step":"approve-cutover","form":{"ttl":"30"},"note":"looks good"}}"#;
    assert_eq!(
        sent(&play).lines().last(),
        Some(expected),
        "{}",
        play.text(false)
    );

    let mut play = asking();
    play.press("a Right Tab Tab Tab Tab Enter");
    assert!(
        matches!(play.model.front, Front::Dialog(_)),
        "a rejection needs a note"
    );
    play.write("too risky").press("Tab Tab Enter");
    let expected = r#"{"reject":{"step":"approve-cutover","reason":"too risky"}}"#;
    assert_eq!(sent(&play).lines().last(), Some(expected));

    let mut play = ticking();
    play.press("a t j t").write("F-77").press("Enter");
    let state = play.engine.step(&"hand-over".into()).map(|step| step.state);
    assert_eq!(state, Some(State::Succeeded));
    assert!(matches!(play.model.front, Front::None));
}

#[test]
fn answering_first_points_at_what_asks() {
    let mut play = asking();
    play.press("g g a");
    assert_eq!(play.selected(), "approve-cutover");
    assert!(matches!(play.model.front, Front::None));
    play.press("a");
    assert!(matches!(play.model.front, Front::Dialog(_)));
}

#[test]
fn stepping_starts_one_step_while_paused() {
    let mut play = Play::with(plan::failover(), |start| start.paused = true);
    play.press("s");
    assert!(
        play.text(false)
            .contains("Start exactly one step: freeze-deploys?")
    );
    play.press("y");
    assert_eq!(play.started.len(), 1);
    play.press("s");
    assert!(play.toast().starts_with("step: "), "{}", play.toast());
}

#[test]
fn cancel_and_again_kills() {
    let mut play = failed();
    play.press("g r x Tab Tab Enter");
    play.press("x");
    assert!(
        play.text(false).contains("KILL promote-users"),
        "{}",
        play.text(false)
    );
    play.press("Tab Tab Enter");
    let kills = play.sent.iter().filter_map(|command| match command {
        Command::Cancel { kill, .. } => Some(*kill),
        _ => None,
    });
    assert_eq!(kills.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_watching_screen_changes_nothing() {
    let mut play = failed();
    play.model.watch = Watch::Watching;
    for key in ["p", "r", "S", "X", "b", "x", "M", "a"] {
        play.press(key);
        assert!(matches!(play.model.front, Front::None), "{key}");
        assert!(!play.toast().is_empty(), "{key} must say why");
    }
    assert!(play.sent.is_empty());
    play.press(":").write("arm").press("Enter r");
    assert!(matches!(play.model.front, Front::Confirm(_)));
}

#[test]
fn every_key_of_the_table_answers_and_none_panics() {
    for row in crate::tui::keys::TABLE {
        for state in [failed as fn() -> Play, ticking] {
            let mut play = state();
            let before = play.buffer(false);
            play.asked.clear();
            let sent = play.sent.len();
            play.model.toast = None;
            play.press(":").write(row.command).press("Enter");
            let answered = play.buffer(false) != before
                || !play.asked.is_empty()
                || play.sent.len() > sent
                || play.model.outcome.is_some()
                || MOVES.contains(&row.command);
            assert!(answered, "{} does nothing visible", row.command);
        }
    }
}

/// Where there is nowhere to go, a movement may show nothing.
const MOVES: [&str; 12] = [
    "down",
    "up",
    "left",
    "right",
    "page-down",
    "page-up",
    "half-down",
    "half-up",
    "top",
    "bottom",
    "outline",
    "last",
];

#[test]
fn leaving_asks_at_the_top_only() {
    let mut play = failed();
    play.press("4 q");
    assert_eq!(play.model.view, View::Outline);
    play.press("q");
    assert!(matches!(play.model.front, Front::Menu(_)));
    play.press("Enter");
    assert!(play.model.outcome.is_none(), "the default is to stay");
    play.press("q d");
    assert_eq!(play.model.outcome, Some(options::Outcome::Detach));

    let mut play = failed();
    play.press("q p");
    assert_eq!(play.sent.last(), Some(&Command::Pause));
    assert_eq!(play.model.outcome, Some(options::Outcome::PausedAndLeft));

    let mut play = failed();
    play.press("Esc Esc Esc");
    assert!(play.model.outcome.is_none(), "Esc never quits");
}

#[test]
fn the_selection_follows_the_run_until_it_is_moved() {
    let mut play = Play::new(plan::failover());
    assert_eq!(play.selected(), "freeze-deploys");
    play.pass(1).ok(&["freeze-deploys"]).pass(1);
    assert_ne!(play.selected(), "freeze-deploys");
    play.fails("drain-queue", "exit 1");
    assert_eq!(play.selected(), "drain-queue");
    play.press("g g").fails("fence-primary", "exit 1");
    assert_eq!(play.selected(), "freeze-deploys");
    play.press("}");
    assert_eq!(play.selected(), "fence-primary");
    play.press("}");
    assert_eq!(play.selected(), "drain-queue");
}

/// The next key must not concern another step than the one that was just acted on.
#[test]
fn the_selection_stays_with_a_step_that_is_retried_while_the_run_is_paused() {
    let mut play = Play::new(plan::failover());
    play.pass(1).ok(&["freeze-deploys"]).pass(1);
    play.fails("drain-queue", "exit 1");
    assert_eq!(play.selected(), "drain-queue");
    play.press("p").press("r").pass(1).press("y");
    let step = play.model.run.step(&"drain-queue".into()).expect("a step");
    assert_eq!(step.state, crate::run::State::Ready);
    assert!(play.model.run.counts().running > 0, "others still run");
    assert_eq!(play.selected(), "drain-queue");
}

#[test]
fn a_person_who_is_needed_is_rung_for() {
    let mut play = Play::new(plan::failover());
    play.pass(1).ok(&["freeze-deploys"]);
    assert!(play.calls().is_empty());
    play.fails("drain-queue", "exit 1");
    let first = "flightdeck: failover-eu: drain-queue failed";
    assert_eq!(play.calls(), [first]);
    // What goes on beside it calls nobody anew; a new failure does.
    play.pass(3).ok(&["fence-primary"]);
    assert_eq!(play.calls(), [first]);
    play.press("g f").press("r y").pass(1);
    play.fails("drain-queue", "exit 1");
    assert_eq!(play.calls(), [first, first]);
}

#[test]
fn what_a_name_holds_cannot_leave_a_notification() {
    let mut plan = std::sync::Arc::unwrap_or_clone(workflow("one", vec![step("a", &[])]));
    plan.name = "x\u{1b}\\\u{7}; rm -rf".into();
    let mut play = Play::new(std::sync::Arc::new(plan));
    play.fails("a", "exit 1");
    let calls = play.calls();
    assert!(calls[0].chars().all(|c| !c.is_control()), "{calls:?}");
}

#[test]
fn the_log_follows_scrolls_and_is_searched() {
    let mut play = Play::new(workflow("one", vec![step("a", &[])]));
    let lines: Vec<String> = (0..500).map(|n| format!("line {n}")).collect();
    let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
    play.log("a", 1, &texts).press("4");
    assert!(play.text(false).contains("line 499"));
    play.press("k k");
    assert!(matches!(play.model.log.place, Place::At(_)));
    play.log("a", 1, &["one more"]);
    assert!(
        !play.text(false).contains("one more"),
        "a paused view never moves"
    );
    play.press("G");
    assert!(play.text(false).contains("one more"));
    play.press("g g /").write("line 7").press("Enter");
    let pattern = "line 7".to_owned();
    let asked = play.asked.iter().any(
        |request| matches!(request, Request::Search { pattern: asked, .. } if *asked == pattern),
    );
    assert!(asked);
    let of = play.model.log.of.clone().expect("a log is open");
    let lines: Vec<u64> = vec![7, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79];
    play.tell(Message::Found {
        of,
        pattern,
        among: 0..501,
        lines,
        done: true,
    });
    play.press("n");
    assert!(play.text(false).contains("line 70"));
    assert!(play.text(false).contains("/line 7 2 of 11"));
    play.press("&");
    let text = play.text(false);
    assert!(
        text.contains("line 79") && !text.contains("line 80"),
        "{text}"
    );
    // What is added later is searched too, and the last lines once more.
    play.log("a", 1, &["line 7 again"]);
    let from = play.asked.iter().rev().find_map(|request| match request {
        Request::Search { from, .. } => Some(*from),
        _ => None,
    });
    assert_eq!(from, Some(401));
}

#[test]
fn a_verb_that_is_refused_says_why() {
    let mut play = failed();
    play.press("g g r");
    assert!(play.toast().starts_with("retry: "), "{}", play.toast());
    play.press("B");
    let nothing = "rollback: 1 step runs";
    assert!(play.toast().starts_with(nothing), "{}", play.toast());
    play.ends("promote-users", Outcome::Succeeded, "");
}

#[test]
fn keys_meant_for_a_box_that_closed_do_nothing() {
    let mut play = failed();
    play.press("g r x");
    let ended = play.now;
    play.ok(&["promote-users"]);
    let mut press_after = |milliseconds: i64| {
        let key = Key::Char('p');
        let at = crate::time::Timestamp(ended.0 + milliseconds);
        play.tell(Message::Key { key, at });
        play.engine.paused().is_some()
    };
    assert!(!press_after(10));
    assert!(!press_after(800));
    assert!(!press_after(1_100), "whoever types on is not heard");
    assert!(press_after(3_000));
}

#[test]
fn a_checklist_that_is_half_ticked_still_offers_its_key() {
    let mut play = ticking();
    assert!(play.text(false).contains(" a answer "));
    play.press("a t Esc");
    assert!(play.text(false).contains("checklist 1 of 3"));
    assert!(play.text(false).contains(" a answer "));
}

#[test]
fn a_step_without_a_process_says_that_it_has_no_log() {
    let play = ticking();
    assert!(
        play.text(false)
            .contains("no log: this step starts no process")
    );
}

#[test]
fn the_end_of_a_long_refusal_is_not_cut_off() {
    let mut play = ticking();
    play.press("a t j t")
        .write("F-77")
        .press("Enter")
        .press("S");
    let text = play
        .text(false)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(text.contains(play.toast()), "{text}");
}

#[test]
fn a_box_leaves_no_keys_of_the_panes_at_the_foot() {
    let mut play = failed();
    let foot = |play: &Play| {
        play.text(false)
            .trim_end()
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(foot(&play).contains("r retry"));
    for keys in ["S", "Esc r", "n :", "Esc ?", "Esc /"] {
        play.press(keys);
        assert!(!foot(&play).contains("r retry"), "{keys}");
    }
}

#[test]
fn a_filter_finds_the_item_of_a_fan_out() {
    let mut play = asking();
    play.press("a");
    approve(&mut play);
    play.pass(20).press("/").write("cache-3").press("Enter");
    let text = play.text(false);
    assert!(text.contains("[3] cache-3"), "{text}");
    assert!(!text.contains("[2] cache-2"), "{text}");
}

#[test]
fn a_fan_out_that_failed_names_its_members() {
    let mut play = asking();
    play.press("a");
    approve(&mut play);
    play.pass(20).fails("warm-cache[3]", "exit 1");
    for n in [1, 2, 4, 5, 6, 7, 8] {
        play.pass(1).ok(&[&format!("warm-cache[{n}]")]);
    }
    play.press("k");
    let text = play.text(false);
    assert!(text.contains("1 of 8 members: warm-cache[3]"), "{text}");
}

#[test]
fn a_paused_run_that_needs_nothing_says_so() {
    let mut play = Play::new(plan::failover());
    play.pass(1).press("p").ok(&["freeze-deploys"]).pass(60);
    let text = play.text(false);
    assert!(
        text.contains("Paused: nothing new starts. p resumes."),
        "{text}"
    );
}

#[test]
fn the_critical_path_is_walked_along() {
    let mut play = failed();
    play.press("g g g c");
    assert_eq!(play.selected(), "promote-orders");
    assert_eq!(play.toast(), "step 1 of 5 on the critical path");
    play.press("g c");
    assert_eq!(play.selected(), "approve-cutover");
    play.press("g c g c g c g c");
    assert_eq!(play.selected(), "promote-orders", "and round at the end");
    play.press("/").write("promote").press("Enter g c");
    assert_eq!(play.toast(), "the filter hides approve-cutover");
}

#[test]
fn the_graph_is_walked_by_needs_and_siblings() {
    let mut play = failed();
    play.press("2 l");
    assert_eq!(play.selected(), "approve-cutover");
    play.press("h");
    let needs = "promote-orders";
    assert_eq!(play.selected(), needs, "what has failed before the others");
    play.press("j");
    assert_eq!(play.selected(), "promote-users");
    play.press("k k");
    assert_eq!(play.selected(), needs);
    assert_eq!(play.toast(), "there is no step that way");
    play.press("- -");
    assert_eq!(play.model.depth, 1);
    play.press("Tab G");
    assert_eq!(play.selected(), needs, "the log has the keys");
}

#[test]
fn of_a_large_graph_only_what_is_seen_is_looked_at() {
    use crate::tui::neighbours::{Neighbours, Place};
    let middle = 1..5_000;
    let mut steps = vec![super::plan::step("first", &[])];
    steps.extend(
        middle
            .clone()
            .map(|n| super::plan::step(&format!("m-{n}"), &[0])),
    );
    steps.push(super::plan::step("last", &middle.collect::<Vec<_>>()));
    let run = crate::run::Run::empty(super::plan::workflow("wide", steps));
    for (step, columns) in [(0, 3), (2_500, 3), (5_000, 3)] {
        let around = Neighbours::new(&run, step, 2, 11);
        assert_eq!(around.columns.len(), columns);
        assert!(
            around
                .columns
                .iter()
                .all(|column| column.places.len() <= 11)
        );
        let own = around
            .columns
            .iter()
            .find_map(|c| c.row_of(Place::Step(step)));
        assert_eq!(own, Some(5), "in the middle row");
    }
    let around = Neighbours::new(&run, 0, 1, 11);
    assert_eq!(around.columns[1].more, 4_999 - 11);
}

#[test]
fn past_times_are_asked_for_once() {
    let source = failed();
    let mut play = failed();
    play.model = Model::new(
        source.engine.workflow().clone(),
        play::actor(),
        &play::options(),
    );
    play.model.has_source = true;
    play.asked.clear();
    let (first, rest) = source.journal.split_at(2);
    play.tell(Message::Events(first.to_vec()));
    play.tell(Message::Events(rest.to_vec()));
    let asked = play.asked.iter();
    let asked = asked.filter(|request| matches!(request, Request::LoadPast { workflow, .. } if workflow == "failover-eu"));
    assert_eq!(asked.count(), 1);
}

#[test]
fn a_slow_line_is_told_beside_the_keys() {
    use crate::tui::pacer::{Level, Tempo};
    let tempo = |level, ms| {
        let write = std::time::Duration::from_millis(ms);
        Message::Tempo(Tempo { level, write })
    };
    let mut play = failed();
    let before = play.text(false);
    play.tell(tempo(Level::Slow, 180));
    assert!(play.text(false).contains("line slow: 0.2 s"));
    play.tell(tempo(Level::Crawl, 1_240));
    play.resize(200, 50);
    let told = "the line crawls: a frame takes 1.3 s, at most 1 a second; :plain needs less";
    assert!(play.text(false).contains(told), "{}", play.text(false));
    play.resize(80, 24).tell(tempo(Level::Fast, 1));
    assert_eq!(play.text(false), before);
}
