//! Whether a fact can follow: the guard of `apply`. It knows what is possible, not what is wise.

use super::event::{Event, Recorded};
use super::machine::Run;
use super::schedule::not_started;
use super::state::{Ask, Phase, State};
use crate::id::{AttemptId, Role, StepId};
use crate::workflow::Action;

type Verdict = Result<(), String>;

impl Run {
    pub(super) fn legal(&self, recorded: &Recorded) -> Verdict {
        if recorded.seq != self.seq + 1 {
            return Err(format!("event {} was expected", self.seq + 1));
        }
        let event = &recorded.event;
        if let Event::RunStarted(_) = event {
            return require(self.start.is_none(), "the run has started already");
        }
        require(self.start.is_some(), "the run has not started")?;
        let after_the_end = matches!(
            event,
            Event::CommandAccepted { .. }
                | Event::Told { .. }
                | Event::BootChanged { .. }
                | Event::ControlsTaken { .. }
                | Event::ControlsAsked { .. }
                | Event::ControlsDenied { .. }
                | Event::ControlsWithdrawn { .. }
                | Event::ControlsReleased { .. }
                | Event::ControlsLapsed { .. }
                | Event::ControlsReturned { .. }
                | Event::PhaseChanged {
                    phase: Phase::Running | Phase::RollingBack,
                    ..
                }
                | Event::RollbackStarted { .. }
        );
        let of_hook = matches!(
            event,
            Event::AttemptStarted { attempt, .. } | Event::AttemptEnded { attempt, .. }
                if attempt.role == Role::Hook
        );
        require(
            after_the_end || of_hook || !self.phase.is_terminal(),
            "the run has ended",
        )?;
        match event {
            Event::RunPaused => require(self.paused.is_none(), "it is paused"),
            Event::RunResumed => require(self.paused.is_some(), "it is not paused"),
            Event::StandbyBegan => require(!self.standby, "it stands by"),
            Event::RunAdmitted { .. } => require(self.queued.is_some(), "it is not queued"),
            Event::StandbyEnded => require(self.standby, "it does not stand by"),
            Event::RunEnded { phase } => {
                require(phase.is_terminal(), "that is no end")?;
                require(self.is_quiet(), "attempts are under way")
            }
            Event::PhaseChanged { phase, .. } => {
                let begun = *phase != Phase::RollingBack || self.rollback.is_some();
                require(begun, "only `rollback_started` begins a roll back")?;
                require(*phase != Phase::Queued, "only `run_queued` queues a run")?;
                require(!phase.is_terminal(), "only `run_ended` ends a run")
            }
            Event::RollbackStarted { steps, .. } => self.legal_rollback(steps),
            Event::AttentionBegan { .. } => {
                require(self.attention.is_none(), "a person is needed already")
            }
            Event::AttentionEnded => require(self.attention.is_some(), "nobody is needed"),
            _ => {
                self.controls.legal(event)?;
                self.legal_for_step(event)
            }
        }
    }

    fn legal_for_step(&self, event: &Event) -> Verdict {
        match event {
            Event::StepAdmitted { step } => {
                let state = self.leaf(step)?.1;
                require(
                    matches!(state, State::Ready | State::Held),
                    "the step is not ready",
                )
            }
            Event::BreakpointSet { step } | Event::BreakpointCleared { step } => {
                self.find(step).map(|_| ())
            }
            Event::FanOutExpanded { step, .. } => self.legal_expansion(step),
            Event::StepChanged { step, state, .. } => {
                let (i, old) = self.quiet_leaf(step)?;
                let can = may_become(old, *state) && (*state != State::Waiting || self.can_ask(i));
                require(
                    can,
                    &format!("{} cannot become {}", old.word(), state.word()),
                )
            }
            Event::AttemptStarted { attempt, .. } if attempt.role == Role::Preflight => {
                self.legal_check_start(attempt)
            }
            Event::AttemptStarted { attempt, .. } if attempt.role == Role::Hook => {
                self.legal_hook_start(attempt)
            }
            Event::AttemptStarted { attempt, .. } => self.legal_start(attempt),
            Event::StopOrdered { attempt, .. } | Event::AttemptEnded { attempt, .. } => {
                require(self.is_under_way(attempt), "that attempt is not under way")
            }
            Event::StepSucceeded { step, .. } => {
                let (i, state) = self.quiet_leaf(step)?;
                let ended = state.is_active() && !self.steps[i].attempts.is_empty();
                let done = ended || state == State::Waiting;
                require(done, &format!("a {} step does not succeed", state.word()))
            }
            Event::StepMarked { step, .. } => {
                let state = self.quiet_leaf(step)?.1;
                let open = state.is_unresolved() || not_started(state) || state == State::Waiting;
                require(open, &format!("a {} step is not marked", state.word()))
            }
            Event::StepSkipped { step, .. } => {
                let state = self.quiet_leaf(step)?.1;
                let can = !state.is_active() && state != State::Succeeded;
                require(can, &format!("a {} step is not skipped", state.word()))
            }
            Event::StepIgnored { step } => {
                let state = self.quiet_leaf(step)?.1;
                let failed = matches!(state, State::Failed | State::TimedOut);
                require(failed, &format!("a {} step is not ignored", state.word()))
            }
            Event::ModeChanged { step, .. } => step
                .as_ref()
                .map_or(Ok(()), |step| self.find(step).map(|_| ())),
            Event::StepReset { step } => {
                let i = self.find(step)?;
                let quiet = !self.under_way(i) && !self.steps[i].state.is_active();
                require(
                    quiet || self.tracks[i].crowd.is_some(),
                    "an attempt is under way",
                )
            }
            Event::StepReturned { step, state, .. } => {
                let old = self.quiet_leaf(step)?.1;
                let on_its_word = matches!(old, State::Marked | State::Ignored);
                let stood = state.is_unresolved()
                    || not_started(*state)
                    || matches!(state, State::Retrying { .. });
                let can = (on_its_word || not_started(old)) && stood;
                require(
                    can,
                    &format!("{} does not return to {}", old.word(), state.word()),
                )
            }
            Event::Voted { step, .. } | Event::VoteRevoked { step, .. } => {
                let ask = &self.steps[self.find(step)?].ask;
                let asks = matches!(ask, Some(Ask::Approval { .. }));
                require(asks, "nobody asks for an approval")
            }
            Event::ItemTicked { step, item, .. } => {
                let ask = &self.steps[self.find(step)?].ask;
                let there = matches!(ask, Some(Ask::Checklist { items }) if *item < items.len());
                require(there, "there is no such item to tick")
            }
            Event::DeadlineMoved { step, .. } => {
                let i = self.find(step)?;
                require(self.steps[i].ask.is_some(), "the step does not wait")
            }
            _ => Ok(()),
        }
    }

    fn legal_expansion(&self, step: &StepId) -> Verdict {
        let i = self.find(step)?;
        let fans_out = self.def(i).fan_out.is_some();
        require(
            fans_out && self.steps[i].group.is_none(),
            "it is no fan-out",
        )?;
        match &self.tracks[i].crowd {
            Some(crowd) => require(crowd.stale, "its members are known"),
            None => require(
                self.steps[i].state == State::Pending,
                "it is past its start",
            ),
        }
    }

    fn legal_start(&self, attempt: &AttemptId) -> Verdict {
        let (i, state) = self.quiet_leaf(&attempt.step)?;
        let step = &self.steps[i];
        if attempt.role == Role::Verify {
            require(
                attempt.n == step.verifies + 1,
                "looks are numbered without gaps",
            )?;
            let track = &self.tracks[i];
            let lined_up = matches!(state, State::Ready | State::Pending) && track.look_first;
            let due = track.mark.is_some() || state.is_active() || lined_up;
            return require(due, "there is nothing to look at");
        }
        require(
            attempt.n as usize == step.attempts.len() + 1,
            "attempts are numbered without gaps",
        )?;
        let clear = self.clear(self.gate(i));
        match state {
            State::Pending | State::Ready => require(clear, "its needs are not met"),
            // A look before a retry came first.
            State::Running => require(self.tracks[i].looked.is_some(), "it runs"),
            _ => Err(format!("a {} step does not start", state.word())),
        }
    }

    fn find(&self, step: &StepId) -> Result<usize, String> {
        self.index(step)
            .ok_or_else(|| format!("there is no step {step}"))
    }

    /// A step with a life of its own: not a group whose members are known.
    fn leaf(&self, step: &StepId) -> Result<(usize, State), String> {
        let i = self.find(step)?;
        require(
            self.steps[i].members.is_none(),
            "a group has no state of its own",
        )?;
        Ok((i, self.steps[i].state))
    }

    fn quiet_leaf(&self, step: &StepId) -> Result<(usize, State), String> {
        let (i, state) = self.leaf(step)?;
        require(!self.under_way(i), "an attempt is under way")?;
        Ok((i, state))
    }

    fn can_ask(&self, i: usize) -> bool {
        let action = &self.def(i).action;
        matches!(
            action,
            Action::Wait(_) | Action::Approval(_) | Action::Checklist(_)
        )
    }
}

/// Whether `step_changed` may take a step from `old` to `new`. Ends that have an event of their own are not among these.
fn may_become(old: State, new: State) -> bool {
    let resolved = new.is_resolved();
    match old {
        _ if resolved || new.is_active() => false,
        State::Pending => matches!(
            new,
            State::Pending | State::Ready | State::Held | State::Waiting | State::Failed
        ),
        State::Ready | State::Held => {
            not_started(new) || matches!(new, State::Waiting | State::Failed)
        }
        State::Running | State::Stopping => {
            new.is_unresolved() || matches!(new, State::Ready | State::Retrying { .. })
        }
        State::Waiting => {
            new == State::Waiting
                || matches!(new, State::Rejected | State::Cancelled | State::TimedOut)
        }
        State::Retrying { .. } => {
            matches!(
                new,
                State::Ready | State::Cancelled | State::Failed | State::TimedOut
            )
        }
        // Parked: retried, or the same as before with other words.
        s if s.is_unresolved() => new == s || matches!(new, State::Ready | State::Pending),
        _ => false,
    }
}

fn require(holds: bool, else_why: &str) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(else_why.to_owned())
    }
}
