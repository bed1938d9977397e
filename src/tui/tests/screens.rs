//! Every view and every dialog, each reached by keys as a person reaches it. `golden` keeps how they look, `sizes` draws them at
//! any size.

use std::sync::Arc;

use super::hands::written;
use super::merged::talking;
use super::past_runs::{at_runs, compared};
use super::plan;
use super::play::{Play, approve, asking, failed, ticking};
use crate::run::{Actor, Command, Input, Outcome};
use crate::tui::message::Message;
use crate::workflow::{Concurrency, OnConflict, Step, Template, Ungraceful};

pub(super) type Reached = fn() -> Play;

/// Its name, and how it is reached.
pub(super) const SCREENS: &[(&str, Reached)] = &[
    ("outline", failed),
    ("outline_folded", || after(served(), "h")),
    ("outline_filtered", || {
        after(failed(), "/ s t : f a i l Enter")
    }),
    ("outline_marked", || after(failed(), "v j j")),
    ("asking", asking),
    ("ended", ended),
    ("preflight", || blocked("")),
    ("queued", queued),
    ("unattended", unattended),
    ("graph", || after(failed(), "2")),
    ("graph_zoomed", || after(failed(), "2 z =")),
    ("gantt", || after(failed(), "3")),
    ("gantt_zoomed", || after(failed(), "3 z = =")),
    ("logs", || after(failed(), "4")),
    ("logs_found", found),
    ("logs_merged", || after(talking(), "4 4")),
    ("runs", || after(at_runs(failed()), "j")),
    ("runs_filtered", || {
        after(at_runs(failed()), "/ s t : o k Enter")
    }),
    ("compared", comparing),
    ("audit", || after(noted(), "5")),
    ("runbook", || {
        after(super::play::failed_with(written()), "6")
    }),
    ("detail", || after(failed(), "d")),
    ("definition", || after(failed(), "Y")),
    ("help", || after(failed(), "?")),
    ("palette", || after(failed(), ": r e")),
    ("chord", || after(failed(), "g")),
    ("filter_prompt", || after(failed(), "/ s t : x")),
    ("note_prompt", || after(failed(), "c d b")),
    ("quit_menu", || after(failed(), "q")),
    ("copy_menu", || after(failed(), "y")),
    ("write_menu", || after(failed(), "W")),
    ("confirm_line", || after(failed(), "r")),
    ("confirm_undo", || after(failed(), "p u")),
    ("box_edit", || after(failed(), "e")),
    ("box_from_here", || after(failed(), "R")),
    ("box_skip", || after(failed(), "S")),
    ("box_mark", || after(failed(), "M")),
    ("box_ignore", || after(failed(), "I")),
    ("box_marked", || after(failed(), "v G S")),
    ("box_abort", || after(failed(), "X")),
    ("box_roll_back", || after(compensated(), "B")),
    ("rolling_back", rolling_back),
    ("box_ungraceful", || after(two_ways(), "U")),
    ("box_cancel", || after(failed(), "j j x")),
    ("box_approval", || after(asking(), "a")),
    ("box_override", || blocked("S")),
    ("box_take_up", taken_up),
    ("checklist", || after(ticking(), "a")),
    ("checklist_typing", || after(ticking(), "a j t F - 7")),
    ("controls_asked", controls_asked),
];

fn after(mut play: Play, keys: &str) -> Play {
    play.press(keys);
    play
}

/// The approval was given, and one of what followed has failed.
fn served() -> Play {
    let mut play = asking();
    play.press("a");
    approve(&mut play);
    play.pass(20).ok(&["warm-cache[1]", "warm-cache[2]"]);
    play.log("warm-cache[3]", 1, &["cannot reach cache-3"])
        .fails("warm-cache[3]", "exit 1");
    play
}

/// All is done, but for an ordered end.
fn ended() -> Play {
    let mut play = ticking();
    play.press("a t j t").write("F-77").press("Enter Esc");
    play
}

fn found() -> Play {
    let mut play = after(failed(), "4 / W A R N Enter");
    let of = play.model.log.of.clone().expect("a log is open");
    let (pattern, lines, among, done) = ("WARN".to_owned(), vec![2], 0..4, true);
    play.tell(Message::Found {
        of,
        pattern,
        lines,
        among,
        done,
    });
    play
}

fn comparing() -> Play {
    let mut play = after(at_runs(failed()), "j Space j Space d");
    play.tell(Message::Compared(Box::new(compared())));
    play
}

fn noted() -> Play {
    let mut play = failed();
    play.press("c").write("db-1 unreachable").press("Enter");
    play
}

fn blocked(keys: &str) -> Play {
    let mut play = Play::new(plan::with_preflight());
    play.pass(2);
    play.check("tools", Outcome::Succeeded, "");
    play.check("replica-lag", Outcome::Failed, "exit 1");
    play.check("pager", Outcome::TimedOut, "timed out after 30s");
    after(play, keys)
}

fn queued() -> Play {
    let mut workflow = Arc::unwrap_or_clone(plan::failover());
    workflow.policies.concurrency = Some(Concurrency {
        group: Template::parse("dr-orders").expect("a text"),
        limit: 1,
        on_conflict: OnConflict::Queue,
    });
    let mut play = Play::new(Arc::new(workflow));
    let why = "group dr-orders is full: r-41 by mira".to_owned();
    play.input(Input::Queued { why });
    play
}

/// Steps that say how they are undone, and one that does not.
fn compensated() -> Play {
    let undone = |id: &str, needs: &[usize]| {
        let step = plan::step(id, needs);
        let undo = plan::step(step.id.undo().as_str(), &[]);
        Step {
            compensate: Some(undo.into()),
            ..step
        }
    };
    let steps = vec![
        undone("freeze", &[]),
        undone("switch", &[0]),
        plan::step("mail", &[1]),
        plan::step("check", &[2]),
    ];
    let mut play = Play::new(plan::workflow("failover-eu", steps));
    play.ok(&["freeze", "switch", "mail"]);
    play.fails("check", "exit 1");
    play
}

fn rolling_back() -> Play {
    let mut play = compensated();
    let reason = "the switch was wrong".to_owned();
    play.by(super::play::actor(), Command::Rollback { reason });
    play
}

/// A mode in which some steps are done in another way, or not at all.
fn two_ways() -> Play {
    let other = plan::step("switch", &[0]);
    let steps = vec![
        plan::step("fence", &[]),
        Step {
            ungraceful: Some(Ungraceful::Other(other.clone().into())),
            ..other
        },
        Step {
            ungraceful: Some(Ungraceful::Skip),
            ..plan::step("drain", &[1])
        },
    ];
    Play::new(plan::workflow("failover-eu", steps))
}

fn unattended() -> Play {
    let mut play = failed();
    let why = "no engine holds it".to_owned();
    play.tell(Message::Pace(crate::engine::Pace::Over(why)));
    play
}

fn taken_up() -> Play {
    let mut play = failed();
    play.taken_up();
    let gone = "it began, and its attempt process is gone without a word";
    play.ends("promote-users", Outcome::Unknown, gone);
    play
}

fn controls_asked() -> Play {
    let mut play = Play::with(plan::failover(), |start| start.controls = true);
    let mira = Actor {
        name: "mira".into(),
        at: "db1 pts/4".into(),
        uid: Some(1000),
        screen: true,
        ..Actor::default()
    };
    let (force, reason) = (false, "the network is mine".to_owned());
    play.by(mira, Command::Take { force, reason });
    play
}
