//! The controls on the screen: who has them is always to be seen, a request steals no keys, and losing them is said.

use super::play::{Play, actor, failed};
use crate::run::{Actor, Command, Input, RunStart};
use crate::tui::message::Message;
use crate::tui::model::Front;
use crate::tui::options::Watch;

fn ana() -> Actor {
    Actor {
        name: "ana".into(),
        at: "db1 pts/4".into(),
        uid: Some(1000),
        screen: true,
        ..Actor::default()
    }
}

fn ask() -> Command {
    Command::Take {
        force: false,
        reason: String::new(),
    }
}

/// A run with a failed step, started by `starter` at a screen.
fn started_by(starter: Actor) -> Play {
    let mut play = Play::with(super::plan::failover(), |start: &mut RunStart| {
        start.actor = starter;
        start.controls = true;
    });
    play.pass(4).ok(&["freeze-deploys"]);
    play.pass(10)
        .ok(&["fence-primary", "drain-queue", "snapshot-orders"]);
    for _ in 1..=3 {
        play.pass(20)
            .fails("promote-orders", "exit 1: promote timed out");
        play.pass(6);
    }
    play
}

fn pictures(name: &str, play: &mut Play) {
    insta::assert_snapshot!(format!("{name}_80x24"), play.resize(80, 24).text(false));
    insta::assert_snapshot!(format!("{name}_200x50"), play.resize(200, 50).text(false));
    play.resize(80, 24);
}

#[test]
fn a_watcher_sees_who_has_the_controls_and_asks_for_them() {
    let mut play = started_by(ana());
    play.model.watch = Watch::Watching;
    pictures("watching", &mut play);
    insta::assert_snapshot!("watching_40x10", play.resize(40, 10).text(false));
    play.resize(80, 24).press("r");
    assert_eq!(play.toast(), "retry: watching only; `:arm` to act");
    play.press(":").write("arm").press("Enter r");
    assert_eq!(
        play.toast(),
        "retry: ana has the controls from db1 pts/4 since 14:00:00; take (C) asks for them, granted after 30 s unless refused"
    );
    play.press("C y").pass(0);
    assert_eq!(play.sent, [ask()]);
    pictures("asked", &mut play);
    play.pass(30).press("r y");
    assert!(
        matches!(play.sent.last(), Some(Command::Retry { .. })),
        "{}",
        play.text(false)
    );
}

#[test]
fn taking_the_controls_arms_the_screen() {
    let mut play = started_by(ana());
    play.model.watch = Watch::Watching;
    play.input(Input::Lapsed { actor: ana() });
    assert!(play.text(false).contains("controls: ana, who is gone"));
    play.press("C");
    assert!(play.text(false).contains("Take the controls? ana is gone"));
    play.press("y");
    assert_eq!(play.toast(), "you have the controls: their holder was gone");
    play.press("r y");
    assert!(matches!(play.sent.last(), Some(Command::Retry { .. })));
    assert!(!play.text(false).contains("controls:"));
}

#[test]
fn a_request_rings_and_steals_no_keys() {
    let mut play = started_by(actor());
    play.press("S").write("no n");
    play.asked.clear();
    play.by(ana(), ask());
    assert_eq!(play.calls().len(), 1, "{:?}", play.calls());
    play.write("y way");
    let Front::Dialog(dialog) = &play.model.front else {
        panic!("the box was closed: {}", play.text(false));
    };
    assert_eq!(dialog.fields[0].text(), "no ny way");
    assert!(
        play.text(false)
            .contains("ana at db1 pts/4 asks for the controls: C answers")
    );
    play.press("Esc");
    pictures("request", &mut play);
    pictures("answering", play.press("C"));
    play.press("n");
    assert_eq!(play.toast(), "you keep the controls");
    assert!(matches!(
        play.sent.last(),
        Some(Command::Deny { to: Some(_), .. })
    ));
    play.by(ana(), ask());
    play.press("C y");
    assert!(matches!(
        play.sent.last(),
        Some(Command::HandOver { to: Some(_) })
    ));
    assert_eq!(play.toast(), "LOST: ana has the controls: handed over");
}

#[test]
fn an_answer_is_for_who_asked() {
    let mut play = started_by(actor());
    play.by(ana(), ask());
    play.press("C");
    play.by(ana(), Command::Release);
    assert_eq!(play.toast(), "ana does not ask for the controls any more");
    assert!(matches!(play.model.front, Front::None));
    // The `y` that was on its way answers nothing.
    let before = play.sent.len();
    play.press("y");
    assert_eq!(play.sent.len(), before);
}

#[test]
fn losing_the_controls_is_said_and_closes_what_would_act() {
    let mut play = started_by(actor());
    play.press("S").write("no way");
    play.asked.clear();
    let force = Command::Take {
        force: true,
        reason: "lena is asleep".into(),
    };
    play.by(ana(), force);
    assert!(matches!(play.model.front, Front::None));
    assert_eq!(play.calls().len(), 1, "{:?}", play.calls());
    pictures("lost", &mut play);
    let before = play.sent.len();
    play.press("Enter").pass(2).press("S");
    assert_eq!(play.sent.len(), before);
    assert!(
        play.toast()
            .starts_with("skip: ana has the controls from db1 pts/4"),
        "{}",
        play.toast()
    );
}

#[test]
fn force_wants_a_reason() {
    let mut play = started_by(ana());
    play.press(":").write("take-by-force").press("Enter");
    pictures("force", &mut play);
    play.press("Tab Tab Enter");
    assert_eq!(play.sent, []);
    play.write("ana is asleep").press("Tab Tab Enter");
    let expected = Command::Take {
        force: true,
        reason: "ana is asleep".into(),
    };
    assert_eq!(play.sent, [expected]);
    assert_eq!(play.toast(), "you have the controls: by force");
}

#[test]
fn whoever_has_them_may_give_them_up() {
    let mut play = started_by(actor());
    play.press("C n");
    assert_eq!(play.sent, []);
    play.press("C y");
    assert_eq!(play.sent, [Command::Release]);
    play.by(ana(), Command::Pause);
    assert!(play.text(false).contains("controls: ana"));
}

/// Two who press `s` at once: the question names a step, and `y` starts that one or none.
#[test]
fn the_step_that_was_named_is_started_or_none() {
    let mut play = Play::with(super::plan::failover(), |start| start.paused = true);
    play.press("s");
    assert!(play.text(false).contains("one step: freeze-deploys?"));
    let step = Some("freeze-deploys".into());
    let by_ctl = Actor {
        screen: false,
        ..ana()
    };
    play.by(by_ctl, Command::Step { step: step.clone() });
    assert!(matches!(play.model.front, Front::None));
    play.pass(4).ok(&["freeze-deploys"]);
    play.press("s y");
    let named = |command: &Command| matches!(command, Command::Step { step: Some(_) });
    assert!(play.sent.last().is_some_and(named), "{}", play.text(false));
    assert_ne!(play.sent.last(), Some(&Command::Step { step }));
}

#[test]
fn an_approver_needs_no_controls() {
    let mut play = super::play::asking();
    play.by(ana(), ask());
    play.model.watch = Watch::Watching;
    play.press("a");
    super::play::approve(&mut play);
    assert!(
        matches!(play.sent.last(), Some(Command::Approve { .. })),
        "{}",
        play.text(false)
    );
}

/// Opens a screen for `who` on the run of `play`, from its journal.
fn opened_by(play: &mut Play, who: Actor) -> String {
    let mut options = super::play::options();
    options.watch = Watch::Watching;
    let plan = play.engine.workflow().clone();
    play.model = crate::tui::model::Model::new(plan, who, &options);
    let journal = play.journal.clone();
    play.tell(Message::Events(journal));
    play.toast().to_owned()
}

#[test]
fn whoever_comes_back_is_told_what_has_happened_meanwhile() {
    let mut play = started_by(actor());
    play.pass(60).input(Input::Lapsed { actor: actor() });
    play.pass(60).ok(&["snapshot-users"]);
    let skip = Command::Skip {
        step: "promote-orders".into(),
        outputs: [].into(),
        dependents: false,
        reason: "the replica is gone".into(),
    };
    play.by(ana(), ask());
    play.by(ana(), skip).pass(1).ok(&["promote-users"]);
    assert_eq!(
        opened_by(&mut play, actor()),
        "since 14:02:33: 2 ok, 1 skipped, ana skipped promote-orders"
    );
    insta::assert_snapshot!("back_80x24", play.text(false));
    let bob = Actor {
        name: "bob".into(),
        ..Actor::default()
    };
    let told = opened_by(&mut play, bob);
    assert!(
        told.starts_with("since the start 14:00:00: 6 ok, 1 skipped"),
        "{told}"
    );
    // Whoever was there all the time is told nothing.
    assert_eq!(opened_by(&mut play, ana()), "");
}

#[test]
fn a_screen_that_only_watches_never_asks() {
    let mut play = failed();
    play.model.watch = Watch::WatchOnly;
    play.press("C");
    assert_eq!(play.toast(), "controls: this screen only watches (--watch)");
    play.tell(Message::Tick(play.now));
    assert!(play.text(false).contains("WATCH ONLY"));
}

/// As when the last engine's terminal left it standing by, and this screen is handed its controls only with later events.
#[test]
fn the_box_of_a_run_that_was_taken_up_waits_for_the_controls() {
    let mut play = started_by(ana());
    play.taken_up();
    assert!(matches!(play.model.front, Front::None));
    play.by(ana(), Command::Release);
    assert!(play.text(false).contains("TAKE UP"), "{}", play.text(false));
    play.drawn();
    play.press("l").by(
        ana(),
        Command::Note {
            step: None,
            text: "hm".into(),
        },
    );
    assert!(matches!(play.model.front, Front::None), "asked once");
}
