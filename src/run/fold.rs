//! The fold: one fact changes the state so, and nothing is decided here. Whether it may follow is `legal.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::attempt::{CheckRun, HookRun};
use super::controls::Held;
use super::describe;
use super::event::{Event, Recorded, RunStart};
use super::machine::{Abort, Run};
use super::schedule::not_started;
use super::state::{Ask, AuditEntry, Kind, Phase, SkipReason, State, StepRun, Tick, Vote};
use super::track::Track;
use crate::id::StepId;
use crate::time::Timestamp;
use crate::workflow::{FanSource, HookKind};

impl Run {
    /// Records what `legal` has let through.
    pub(super) fn record(&mut self, recorded: &Recorded) {
        self.seq = recorded.seq;
        self.at = recorded.at;
        let event = &recorded.event;
        match event {
            event if self.record_check(event) || self.record_hook(event) => {}
            Event::RunStarted(start) => self.begin(start),
            Event::CommandAccepted { actor, command } => self.accept(actor, command),
            Event::RunPaused => self.paused = Some((self.last_actor.clone(), self.at)),
            Event::RunResumed => self.paused = None,
            Event::StepAdmitted { step } => self.on(step, |s, t| {
                t.admitted = true;
                t.passed = true;
                s.state = State::Ready;
            }),
            Event::BreakpointSet { step } => self.on(step, |s, _| s.breakpoint = true),
            Event::BreakpointCleared { step } => self.on(step, |s, _| s.breakpoint = false),
            Event::FanOutExpanded { step, items } => self.expand(step, items),
            Event::StepChanged { step, state, why } => self.change(step, *state, why),
            Event::AttemptStarted {
                attempt,
                inputs,
                changes,
            } => self.attempt_started(attempt, inputs, changes.as_ref()),
            Event::StopOrdered { attempt, kill } => self.on(&attempt.step, |s, t| {
                t.stop = Some(*kill);
                if s.state == State::Running {
                    s.state = State::Stopping;
                }
            }),
            Event::AttemptEnded { attempt, ended } => self.attempt_ended(attempt, ended),
            Event::StepSucceeded { step, outputs } => self.end(step, State::Succeeded, outputs),
            Event::StepMarked { step, outputs } => self.end(step, State::Marked, outputs),
            Event::StepSkipped {
                step,
                reason,
                outputs,
            } => self.end(step, State::Skipped(*reason), outputs),
            Event::StepIgnored { step } => self.end(step, State::Ignored, &BTreeMap::new()),
            Event::StepReset { step } => self.reset(step),
            Event::StepReturned { step, state, why } => self.take_back(step, *state, why),
            Event::Voted { .. }
            | Event::VoteRevoked { .. }
            | Event::ItemTicked { .. }
            | Event::DeadlineMoved { .. } => self.answered(event),
            Event::PhaseChanged {
                phase,
                why,
                roll_back,
            } => self.change_phase(*phase, why, *roll_back),
            Event::AttendanceChanged { attended } => {
                self.attended = *attended;
                self.note_fact(describe::attendance(*attended).to_owned());
            }
            Event::Told { what } => self.note_fact(what.clone()),
            Event::BootChanged { boot } => self.change_boot(boot),
            Event::RunEnded { phase } => {
                self.standby = false;
                self.queued = self.start.as_ref().and_then(|s| self.without_slot(s));
                self.attention_ended();
                self.set_due(HookKind::Ended, true);
                self.phase = *phase;
                self.ended_at = Some(self.at);
            }
            Event::ControlsTaken { .. }
            | Event::ControlsAsked { .. }
            | Event::ControlsDenied { .. }
            | Event::ControlsWithdrawn { .. }
            | Event::ControlsReleased { .. }
            | Event::ControlsLapsed { .. }
            | Event::ControlsReturned { .. } => self.change_controls(event),
            Event::StandbyBegan => self.standby = true,
            Event::StandbyEnded => self.standby = false,
            Event::RollbackStarted { steps, left } => self.start_rollback(steps, left),
            Event::RunQueued { why } => {
                self.queued = Some(why.clone());
                self.note_fact(describe::queued(why));
            }
            Event::RunAdmitted { group } => {
                self.queued = None;
                self.note_fact(describe::admitted(group));
            }
            Event::AttentionBegan { until } => self.attention_began(*until),
            Event::AttentionEnded => self.attention_ended(),
            Event::ModeChanged { step, ungraceful } => {
                self.change_mode(step.as_ref(), *ungraceful);
            }
        }
    }

    fn change_boot(&mut self, boot: &str) {
        boot.clone_into(&mut self.boot);
        self.note_fact(describe::BOOT_CHANGED.to_owned());
    }

    /// What people have said to an approval, a checklist or a wait.
    fn answered(&mut self, event: &Event) {
        match event {
            Event::Voted {
                step,
                actor,
                approve,
                form,
                note,
            } => self.vote(
                step,
                Vote {
                    actor: actor.clone(),
                    approve: *approve,
                    note: note.clone(),
                    at: self.at,
                    form: form.clone(),
                },
            ),
            Event::VoteRevoked { step, actor } => self.on_ask(step, |ask| {
                if let Ask::Approval { votes, .. } = ask {
                    votes.retain(|v| !v.actor.same_person(actor));
                }
            }),
            Event::ItemTicked {
                step,
                item,
                done,
                actor,
                note,
                value,
            } => {
                let done = done.then(|| (actor.clone(), self.at));
                self.tick(step, *item, |tick| {
                    tick.done = done;
                    tick.note.clone_from(note);
                    tick.value.clone_from(value);
                });
            }
            Event::DeadlineMoved { step, until } => self.move_deadline(step, *until),
            _ => {}
        }
    }

    fn begin(&mut self, start: &RunStart) {
        if start.kind == Kind::Drill {
            self.workflow = Arc::new(self.workflow.rehearsed());
        }
        self.check_first(start);
        // A dry run touches nothing.
        let hooks = self.workflow.hooks.keys();
        let hooks = hooks.filter(|_| start.kind != Kind::Dry);
        self.hooks = hooks.map(|kind| HookRun::new(*kind)).collect();
        self.started_at = self.at;
        self.audit.push(AuditEntry {
            seq: self.seq,
            at: self.at,
            actor: Some(start.actor.clone()),
            command: None,
            text: describe::start(start),
        });
        if let Some(thaw) = &start.freeze_override {
            self.audit.push(AuditEntry {
                seq: self.seq,
                at: self.at,
                actor: Some(start.actor.clone()),
                command: None,
                text: format!("override freeze: {} ({})", thaw.reason, thaw.window),
            });
        }
        self.attended = start.attended;
        self.boot.clone_from(&start.boot);
        self.paused = start.paused.then(|| (start.actor.clone(), self.at));
        self.last_actor = start.actor.clone();
        self.controls.held = start.controls.then(|| Held {
            actor: start.actor.clone(),
            since: self.at,
            lapsed: None,
        });
        for step in &mut self.steps {
            step.since = self.at;
            step.breakpoint = start.breakpoints.contains(&step.id);
        }
        self.start = Some(Arc::new(start.clone()));
        self.change_mode(None, start.ungraceful);
    }

    /// A dry run touches nothing, so it looks at nothing either.
    fn check_first(&mut self, start: &RunStart) {
        let all = self.workflow.preflight.iter();
        let wanted = all.filter(|_| start.kind != Kind::Dry);
        self.checks = wanted.map(|c| CheckRun::new(c.id.clone())).collect();
        self.queued = self.without_slot(start);
        self.opened = self.checks.is_empty() && self.queued.is_none();
        self.phase = if self.opened {
            Phase::Running
        } else {
            Phase::Preflight
        };
    }

    fn expand(&mut self, id: &StepId, items: &[Json]) {
        let Some(group) = self.index(id) else { return };
        let known = self.steps[group].members.clone().unwrap_or_default();
        let crowd = self.tracks[group].crowd.get_or_insert_default();
        crowd.size = items.len();
        crowd.stale = false;
        let mut members = known.clone();
        for (n, item) in items.iter().enumerate() {
            if let Some(&member) = known.get(n) {
                self.steps[member].item = Some(item.clone());
                continue;
            }
            let (member, id) = (self.steps.len(), id.member(n + 1));
            let breakpoint = self.start.as_ref();
            let breakpoint = breakpoint.is_some_and(|s| s.breakpoints.contains(&id));
            self.steps.push(StepRun {
                group: Some(group),
                item: Some(item.clone()),
                breakpoint,
                ..blank(id.clone(), self.steps[group].def, self.at)
            });
            self.tracks.push(Track::default());
            self.by_id.insert(id, member);
            members.push(member);
        }
        self.steps[group].members = Some(members.clone());
        self.steps[group].why.clear();
        self.file_count(group);
        for member in members.into_iter().skip(known.len()) {
            self.adopt_mode(member);
            self.refile(member);
        }
        self.regroup(group);
        self.regroup_around(group);
    }

    fn change(&mut self, id: &StepId, state: State, why: &str) {
        let Some(i) = self.index(id) else { return };
        let still_waits = self.steps[i].state == State::Waiting;
        let mut ask = match state {
            State::Waiting if still_waits => self.steps[i].ask.take(),
            State::Waiting => self.ask_of(i, self.at).ok(),
            _ => None,
        };
        // A deadline that has passed is not asked about again.
        if let Some(Ask::Approval { deadline, .. }) = ask.as_mut().filter(|_| still_waits) {
            *deadline = None;
        }
        self.settle_at(i, state, why);
        if ask.is_some() && !still_waits {
            self.steps[i].waited_from = Some(self.at);
        }
        self.steps[i].ask = ask;
        self.refile(i);
    }

    /// Puts step `i` in `state`; what was asked for or found before is thereby dealt with.
    pub(super) fn settle_at(&mut self, i: usize, state: State, why: &str) {
        let (step, track) = (&mut self.steps[i], &mut self.tracks[i]);
        if step.state != state {
            step.since = self.at;
            track.since = self.seq;
        }
        track.stop = None;
        if matches!(state, State::Retrying { .. }) {
            track.retried += 1;
        }
        if !not_started(state) {
            track.admitted = false;
            track.passed = true;
        }
        if state == State::Pending {
            track.admitted = false;
        }
        // What a person's word alone has led to can still be taken back.
        let on_its_word = matches!(state, State::Marked | State::Ignored);
        if !on_its_word && !not_started(state) {
            track.before = None;
        }
        track.looked = None;
        track.mark = None;
        step.state = state;
        why.clone_into(&mut step.why);
        step.ask = None;
        self.adopt_mode(i);
    }

    fn end(&mut self, id: &StepId, state: State, outputs: &BTreeMap<String, Json>) {
        let Some(i) = self.index(id) else { return };
        let why = match state {
            // A failure that is let go stays visible.
            State::Ignored => self.steps[i].why.clone(),
            State::Succeeded => describe::found_in_place(self.tracks[i].looked.as_ref()),
            State::Skipped(SkipReason::Operator) => format!("by {}", self.last_actor),
            State::Marked => {
                let by = self.tracks[i].mark.as_ref().map(|m| &m.by);
                by.map_or_else(String::new, |name| format!("by {name}"))
            }
            _ => String::new(),
        };
        self.settle_at(i, state, &why);
        self.steps[i].outputs.clone_from(outputs);
        self.tracks[i].changes = None;
        self.tracks[i].doubted = false;
        self.refile(i);
    }

    fn reset(&mut self, id: &StepId) {
        let Some(i) = self.index(id) else { return };
        let source = self.def(i).fan_out.as_ref().map(|f| &f.source);
        let read_anew = matches!(source, Some(FanSource::ForEach(_)));
        if let Some(crowd) = &mut self.tracks[i].crowd {
            if crowd.eager.is_some() {
                return;
            }
            crowd.stale = read_anew;
            self.regroup(i);
            self.regroup_around(i);
            return;
        }
        self.settle_at(i, State::Pending, "");
        let (step, track) = (&mut self.steps[i], &mut self.tracks[i]);
        step.outputs.clear();
        track.before = None;
        track.group += 1;
        track.retried = 0;
        track.astray = 0;
        track.passed = false;
        track.doubted = false;
        track.look_first = false;
        self.refile(i);
    }

    fn change_phase(&mut self, phase: Phase, why: &str, roll_back: bool) {
        self.phase = phase;
        match phase {
            Phase::Running | Phase::RollingBack => {
                self.opened = true;
                // A command that has opened the run again is not taken back.
                for track in &mut self.tracks {
                    track.before = None;
                }
                self.reopened();
                self.abort = None;
                self.ended_at = None;
            }
            Phase::Cancelling => {
                if !why.is_empty() {
                    why.clone_into(&mut self.went_out);
                }
                self.abort.get_or_insert(Abort::by_itself(roll_back));
            }
            _ => {}
        }
        self.refile_always();
        self.note_fact(describe::phase_change(phase, why));
    }

    fn tick(&mut self, step: &StepId, item: usize, change: impl FnOnce(&mut Tick)) {
        self.on_ask(step, |ask| {
            if let Ask::Checklist { items } = ask {
                items.get_mut(item).map(change);
            }
        });
    }

    fn change_controls(&mut self, event: &Event) {
        self.note_fact(event.controls().unwrap_or_default());
        self.controls.apply(event, self.at);
    }

    fn vote(&mut self, step: &StepId, vote: Vote) {
        self.on_ask(step, |ask| {
            if let Ask::Approval { votes, .. } = ask {
                votes.push(vote);
            }
        });
    }

    fn move_deadline(&mut self, step: &StepId, moved: Timestamp) {
        self.on_ask(step, |ask| match ask {
            Ask::Timer { until } => *until = moved,
            Ask::Approval { deadline, .. } => *deadline = Some(moved),
            Ask::Checklist { .. } => {}
        });
    }

    pub(super) fn note_fact(&mut self, text: String) {
        self.audit.push(AuditEntry {
            seq: self.seq,
            at: self.at,
            actor: None,
            command: None,
            text,
        });
    }

    fn on(&mut self, id: &StepId, change: impl FnOnce(&mut StepRun, &mut Track)) {
        if let Some(i) = self.index(id) {
            change(&mut self.steps[i], &mut self.tracks[i]);
            self.refile(i);
        }
    }

    fn on_ask(&mut self, id: &StepId, change: impl FnOnce(&mut Ask)) {
        self.on(id, |step, _| {
            if let Some(ask) = &mut step.ask {
                change(ask);
            }
        });
    }
}

/// A step that nothing has happened to.
pub(super) fn blank(id: StepId, def: usize, since: Timestamp) -> StepRun {
    StepRun {
        id,
        def,
        group: None,
        item: None,
        members: None,
        state: State::Pending,
        why: String::new(),
        since,
        attempts: Vec::new(),
        verifies: 0,
        verifying: false,
        outputs: BTreeMap::new(),
        breakpoint: false,
        ask: None,
        waited_from: None,
        changes: BTreeMap::new(),
        compensates: None,
        ungraceful: false,
    }
}
