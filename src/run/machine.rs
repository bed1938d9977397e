//! The machine: `handle` decides, `apply` records, `revive` says what a run read back from its journal still wants done.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::actor::Actor;
use super::attempt::{CheckRun, HookRun};
use super::controls::Controls;
use super::desk::Desk;
use super::effect::Effect;
use super::event::{Event, IllegalEvent, Recorded, RunStart};
use super::fold::blank;
use super::forecast::Outlook;
use super::graph::Graph;
use super::input::{AbortHow, Command, Input, Refusal, Seen};
use super::mode::Modes;
use super::past::Expectations;
use super::rollback::Rollback;
use super::schedule::{List, Schedule};
use super::state::{Attention, AuditEntry, Phase, StepRun};
use super::track::{Crowd, Track};
use super::verbs;
use crate::id::{AttemptId, StepId};
use crate::time::Timestamp;
use crate::workflow::{Step, Workflow};

/// The answer to one input.
#[derive(Debug, Default)]
#[must_use]
pub struct Turn {
    pub events: Vec<Recorded>,
    pub effects: Vec<Effect>,
    /// For a command only: why it was not accepted. Then there are no events and no effects.
    pub refused: Option<Refusal>,
}

impl Turn {
    /// What follows, in the same breath.
    pub fn add(&mut self, next: Self) {
        self.events.extend(next.events);
        self.effects.extend(next.effects);
    }
}

/// What a command would do, found by the same machine on a copy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preview {
    pub refused: Option<Refusal>,
    /// Steps that would start at once, in order.
    pub starts: Vec<StepId>,
    /// Steps that could start later because of it (their needs become met if all goes well), nearest first.
    pub unblocks: Vec<StepId>,
    pub resets: Vec<StepId>,
    /// Steps that would stand again as before a command.
    pub returns: Vec<StepId>,
    pub skips: Vec<StepId>,
    pub stops: Vec<StepId>,
    /// Steps that would run in another way than now.
    pub alters: Vec<StepId>,
    /// The same of steps that have begun, and finish as they began.
    pub keeps: Vec<StepId>,
    /// Steps that another definition adds, and those that it leaves out.
    pub adds: Vec<StepId>,
    pub drops: Vec<StepId>,
    /// Steps that a roll back undoes, in that order.
    pub undoes: Vec<StepId>,
    /// Steps that a roll back leaves as they are, although they have changed something.
    pub leaves: Vec<StepId>,
    /// Live steps that would miss an output: (step, `needed.outputs.name`).
    pub loses: Vec<(StepId, String)>,
    /// The run would end so.
    pub ends: Option<Phase>,
    /// When it is all over, as it stands and as it would stand; `None` where nothing is expected of an open step.
    pub outlook: Option<(Outlook, Outlook)>,
}

/// One input of a step's attempt, resolved: what the form of "retry with changes" shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputField {
    /// `env.TARGET`, `url`, `argv[1]`, `headers.Accept`, `json`, `stdin`, `cwd`, `timeout`, `aws.params.min_size`.
    pub path: String,
    /// As it may be typed: secrets as `${{ secrets.NAME }}`.
    pub text: String,
    /// What must stay as the file has it, such as a shell text: shown, not editable.
    pub fixed: bool,
    /// Its text is JSON, perhaps with texts in it.
    pub tree: bool,
}

/// One execution of a workflow. It changes only by `apply`; everything else is derived.
///
/// How the state of a step moves. `!` = by a person, `*` = by itself, `>` = by a report of the world:
///
/// ```text
/// pending   * needs met, `if` true          -> ready, or held at a breakpoint, or at once running | waiting
///           * `if` false | needs dead       -> skipped(condition) | skipped(upstream)
///           * an expression fails           -> failed
/// ready     * slot free, not paused         -> running (work) | waiting (approval, checklist, wait) | succeeded (set, assert)
///           * a need is not met any more    -> pending
/// held      ! step, breakpoint off          -> ready
/// running   > succeeded                     -> succeeded (after `verify`, where there is one)
///           > failed, timed out             -> retrying, while retries are left; then failed | timed_out
///           > never began                   -> ready, three times in a row; then as failed
///           > unknown                       -> ready (idempotent) | as `verify` says | unknown
///           ! cancel                        -> stopping -> cancelled, or what it ended as
/// retrying  * due                           -> ready
/// waiting   ! quorum, all ticked  * due     -> succeeded
///           ! reject                        -> rejected
/// failed, timed_out, cancelled, rejected, unknown: held for a person, unless `on_failure` ignores or aborts
///           ! retry                         -> ready      ! mark -> marked      ! skip -> skipped(operator)
///           ! ignore (failed, timed_out)    -> ignored
///           ! take back a retry, mark or ignore -> as it stood before
/// any end   ! retry from here               -> pending    skipped(operator) ! un-skip -> pending
/// abort     not started, waiting            -> skipped(upstream); `always` steps still run, except on kill
/// roll back ! | `on_failure` | `on_reject`   an abort first; then what was done is undone, one step after the other:
///           succeeded, marked, unknown      -> compensating -> compensated | compensation_failed, as its compensation goes
/// ```
///
/// A group (fan-out, sub-workflow) has no life of its own: its state follows from its members. A sub-workflow's first step
/// (`restore/_begin`) has what the outer file says of it: its needs, its `if`, its breakpoint; its outputs are the params.
/// Nothing inside starts before that one has succeeded, and if it is passed over, so is all inside.
///
/// Where `semantics.md` leaves room, this is what was chosen:
/// - An `always` step starts once its needs are settled: a parked failure is not, while a person may still decide. When the
///   run is on its way out, any end of its needs will do, and neither pause nor breakpoint holds it.
/// - `on_failure: abort`, `on_reject: abort` and a failure with no one to ask all drain: stopping what runs halfway is a
///   decision for a person. Such a run ends `failed`; one that a person aborts ends `cancelled`.
/// - With no one to ask, an approval is still waited for (anyone may answer it), unless the run has failed anyway.
/// - What was skipped on the way out is pending again when a retry opens the run; what a person skipped or marked stays so.
/// - `needs: {x: any}` takes a failed, timed out, cancelled or rejected x; not an unknown one, and not one skipped upstream.
/// - A look ordered by a mark takes no slot: a person waits for it.
/// - A compensation is a step of its own, called `ID.undo`: it has its own attempts, logs and idempotency key, and takes
///   every command that a step takes. It needs the compensation before it, in reverse order of completion. The step that it
///   undoes shows what becomes of it, keeps its outputs, and takes no commands any more.
/// - Only what succeeded, was marked or is unknown is undone. A failed, cancelled or ignored step is left as it is, and so is
///   what has no `compensate`; both are listed. `always` steps run before the first compensation: on the way out.
/// - A roll back that a person orders ends a pause, since it is what that person wants to happen next; one that the author
///   has ordered (`on_failure`, `on_reject`) does not.
/// - It ends `rolled_back` if each compensation succeeded, was marked or was skipped by a person (left as it is, by their
///   word); else, after an ignored failure or an abort, `rollback_failed`. A run is rolled back once: retrying a compensation
///   opens it again, but never its forward steps.
/// - While paused, deadlines and timers hold their result until resume; time itself goes on.
/// - Ungraceful mode is fixed for an attempt when it starts. Skipped by it is no exception: its author has foreseen it. A step's own
///   mode stands over that of its groups, and that over the run's.
/// - A retry, a mark or an ignored failure can be taken back until the step, or one that needs it, has started: it then stands
///   again as it stood, with a fresh budget, and what was passed over behind it is decided anew. One that has opened an ended run
///   cannot, nor the mark of a checklist. Nothing is taken back over the head of whoever commanded the same thing since.
/// - A reload keeps everything that has begun as it stands; what has not is pending anew, under its new definition.
/// - `attention_timeout` counts while the header says ATTENTION, from the last thing that anybody did, a note included. A pause
///   or a take-up at a screen ends it: somebody is there. It counts on while no engine is.
/// - Taken up at a screen, a run stands by: what runs and ends is recorded, looks by `verify` are made (they change nothing),
///   and nothing else starts, be it paused, free or on its way out, until somebody says `resume`. A pause outlasts that.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) workflow: Arc<Workflow>,
    pub(super) graph: Arc<Graph>,
    pub(super) start: Option<Arc<RunStart>>,
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) seq: u64,
    /// Of the last event.
    pub(super) at: Timestamp,
    pub(super) phase: Phase,
    pub(super) paused: Option<(Actor, Timestamp)>,
    /// Taken up, and nobody has let it go on yet.
    pub(super) standby: bool,
    pub(super) attended: bool,
    pub(super) abort: Option<Abort>,
    pub(super) rollback: Option<Rollback>,
    pub(super) last_actor: Actor,
    /// It has passed preflight: steps may start.
    pub(super) opened: bool,
    pub(super) checks: Vec<CheckRun>,
    pub(super) steps: Vec<StepRun>,
    pub(super) tracks: Vec<Track>,
    pub(super) by_id: BTreeMap<StepId, usize>,
    pub(super) schedule: Schedule,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) controls: Controls,
    /// Of the machine, as the last engine found it.
    pub(super) boot: String,
    /// Why it has no slot of its group, while it has none.
    pub(super) queued: Option<String>,
    pub(super) attention: Option<Attention>,
    pub(super) hooks: Vec<HookRun>,
    pub(super) modes: Modes,
    /// Why the run is on its way out, or went out.
    pub(super) went_out: String,
}

/// The run is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abort {
    pub(super) how: AbortHow,
    /// By a person: then the run ends cancelled, else failed.
    pub(super) asked: bool,
    /// Then what has been done is undone.
    pub(super) roll_back: bool,
}

impl Abort {
    /// Nobody asked: a policy said so, or there is no one to ask. What runs may finish: stopping a change halfway is a
    /// decision for a person.
    pub(super) fn by_itself(roll_back: bool) -> Self {
        Self {
            how: AbortHow::Drain,
            asked: false,
            roll_back,
        }
    }
}

impl Run {
    /// A new run and its first turn. `workflow` is the checked form of `start.text`.
    pub fn start(workflow: Arc<Workflow>, start: RunStart, now: Timestamp) -> (Self, Turn) {
        let mut run = Self::empty(workflow);
        let mut desk = Desk::new(&mut run, now);
        desk.emit(Event::RunStarted(Box::new(start)));
        desk.expand_known();
        desk.settle();
        let turn = desk.close();
        (run, turn)
    }

    /// The state before any event; feed it `apply`. The first event must be `RunStarted`.
    pub fn empty(workflow: Arc<Workflow>) -> Self {
        let none = Timestamp::default();
        let plan = || workflow.steps.iter().enumerate();
        let steps: Vec<_> = plan().map(|(i, s)| blank(s.id.clone(), i, none)).collect();
        let mut steps = steps;
        for (i, step) in plan() {
            if step.inner().is_some() {
                steps[i].members = Some(Vec::new());
            }
        }
        for (i, step) in plan() {
            if let Some(members) = step.inside.and_then(|group| steps[group].members.as_mut()) {
                members.push(i);
            }
        }
        let track = |step: &Step| Track {
            unmet: step.needs.len(),
            unended: step.needs.len(),
            crowd: step.inner().map(|_| Box::new(Crowd::inner())),
            ..Track::default()
        };
        let mut run = Self {
            graph: Arc::new(Graph::new(&workflow)),
            start: None,
            started_at: none,
            ended_at: None,
            seq: 0,
            at: none,
            phase: Phase::Running,
            paused: None,
            standby: false,
            attended: true,
            abort: None,
            rollback: None,
            last_actor: Actor::default(),
            tracks: plan().map(|(_, s)| track(s)).collect(),
            by_id: plan().map(|(i, s)| (s.id.clone(), i)).collect(),
            opened: true,
            checks: Vec::new(),
            steps,
            schedule: Schedule::default(),
            audit: Vec::new(),
            controls: Controls::default(),
            boot: String::new(),
            queued: None,
            attention: None,
            hooks: Vec::new(),
            modes: Modes::default(),
            went_out: String::new(),
            workflow,
        };
        for i in 0..run.steps.len() {
            run.refile(i);
        }
        run
    }

    /// Decides what follows from `input`. The only place that makes events.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Turn {
        let mut desk = Desk::new(self, now);
        match input {
            Input::Command {
                command,
                actor,
                seen,
            } => {
                if let Err(refusal) = verbs::check(desk.run, &command, &actor, seen.as_ref()) {
                    return Turn {
                        refused: Some(refusal),
                        ..Turn::default()
                    };
                }
                desk.emit(Event::CommandAccepted {
                    actor: actor.clone(),
                    command: command.clone(),
                });
                desk.acted(&actor, verbs::needs_controls(&command));
                verbs::act(&mut desk, &command, &actor);
            }
            Input::AttemptEnded { attempt, ended } => desk.attempt_ended(attempt, ended),
            Input::Attend { attended } => {
                if desk.run.attended != attended && desk.run.is_live() {
                    desk.emit(Event::AttendanceChanged { attended });
                }
            }
            // Should it have come too early, the next one is ordered anew.
            Input::Due => desk.wake(),
            Input::Told { what } => {
                if desk.run.start.is_some() {
                    desk.emit(Event::Told { what });
                }
            }
            Input::Lapsed { actor } => desk.lapsed(actor),
            Input::Returned { actor } => desk.returned(&actor),
            Input::TakenUp { pilot } => desk.taken_up(pilot),
            Input::Booted { boot } => {
                let works = desk.run.is_live() || desk.run.has_hooks_to_do();
                if works && desk.run.boot != boot {
                    desk.emit(Event::BootChanged { boot });
                }
            }
            Input::Queued { why } => desk.queue(why),
            Input::Admitted { group } => desk.admit(group),
        }
        desk.settle_controls();
        desk.settle();
        desk.close()
    }

    /// Records one fact. Decides nothing; replay is this and nothing else.
    pub fn apply(&mut self, event: &Recorded) -> Result<(), IllegalEvent> {
        self.legal(event).map_err(|why| IllegalEvent {
            seq: event.seq,
            name: super::describe::event_name(&event.event).to_owned(),
            why,
        })?;
        self.record(event);
        Ok(())
    }

    /// What a run read back from its journal still wants done: timers, and stops already ordered. Attempts under way are
    /// for the engine to settle (`attempts_under_way`), never started again from here. If the journal broke off within a
    /// turn, what was left undecided is decided now. With `standby` nothing starts until a person has said `resume`.
    pub fn revive(&mut self, now: Timestamp, standby: bool) -> Turn {
        let mut desk = Desk::new(self, now);
        desk.stand_by(standby);
        desk.repeat_stops();
        desk.expand_known();
        desk.settle_controls();
        desk.settle();
        desk.wake();
        desk.close()
    }

    /// Started and not ended, according to the journal.
    pub fn attempts_under_way(&self) -> Vec<AttemptId> {
        let under_way = self.schedule.list(List::UnderWay).iter();
        let steps = under_way.filter_map(|&i| self.current(i));
        let all = steps.chain(self.checks_under_way());
        all.chain(self.hooks_under_way()).collect()
    }

    /// The same without hooks, which nothing waits for.
    pub(super) fn is_quiet(&self) -> bool {
        let steps = self.schedule.list(List::UnderWay);
        steps.is_empty() && self.checks_under_way().next().is_none()
    }

    /// The attempt or look of step `i` that is under way.
    pub(super) fn current(&self, i: usize) -> Option<AttemptId> {
        let (step, id) = (&self.steps[i], self.steps[i].id.clone());
        if self.tracks[i].look.is_some() {
            return Some(AttemptId::verify(id, step.verifies));
        }
        let act = step.attempts.last().filter(|a| a.ended.is_none())?;
        Some(AttemptId::act(id, act.n))
    }

    /// What `command` would do, by the same machine on a copy; with `by`, also when the run would end.
    pub fn preview(
        &self,
        command: &Command,
        actor: &Actor,
        now: Timestamp,
        by: Option<&Expectations>,
    ) -> Preview {
        super::preview::preview(self, command, actor, now, by)
    }

    /// Whether `command` would be accepted now. Cheap: no copy. For dimming keys and for the palette's reasons.
    pub fn refusal(
        &self,
        command: &Command,
        actor: &Actor,
        seen: Option<&Seen>,
    ) -> Option<Refusal> {
        verbs::check(self, command, actor, seen).err()
    }

    /// Started and not ended.
    pub(super) fn is_live(&self) -> bool {
        self.start.is_some() && !self.phase.is_terminal()
    }

    /// The next moment at which something happens by itself.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let asked = self.controls.asked.as_ref().map(|asked| asked.until);
        let attention = self.attention_due();
        let all = self.next_timer().into_iter();
        all.chain(asked).chain(attention).min()
    }

    /// As `next_due`, for what happens to steps. While paused, what is due holds its result.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        let first = self.schedule.timers.first().map(|(t, _)| *t);
        first.filter(|_| self.is_live() && !self.gated())
    }

    /// Everything that a replay must give again.
    #[cfg(test)]
    pub(super) fn same_as(&self, other: &Self) -> bool {
        (self.start == other.start)
            && (self.started_at, self.ended_at) == (other.started_at, other.ended_at)
            && (self.seq, self.at, self.phase) == (other.seq, other.at, other.phase)
            && (&self.paused, self.attended) == (&other.paused, other.attended)
            && self.standby == other.standby
            && (self.abort, &self.last_actor) == (other.abort, &other.last_actor)
            && (self.opened, &self.checks) == (other.opened, &other.checks)
            && self.rollback == other.rollback
            && (self.steps == other.steps && self.tracks == other.tracks)
            && (self.by_id == other.by_id && self.schedule == other.schedule)
            && (&self.audit, &self.controls) == (&other.audit, &other.controls)
            && (&self.boot, self.attention) == (&other.boot, other.attention)
            && self.modes == other.modes
            && (&self.hooks, &self.went_out) == (&other.hooks, &other.went_out)
            && self.queued == other.queued
    }
}
