//! Starting a step, and what its kind of action makes of that.

use std::collections::BTreeMap;

use super::desk::Desk;
use super::effect::Effect;
use super::event::Event;
use super::input::{Changes, Ended, Outcome};
use super::machine::Run;
use super::resolve::plain;
use super::scope::View;
use super::state::{Kind, State};
use crate::id::AttemptId;
use crate::workflow::{Action, Expr, FailurePolicy, Template};

impl Run {
    pub(super) fn kind(&self) -> Kind {
        self.start
            .as_ref()
            .map_or_else(Kind::default, |start| start.kind)
    }

    pub(super) fn is_dry(&self) -> bool {
        self.kind() == Kind::Dry
    }
}

impl Desk<'_> {
    /// Everything lets step `i` start.
    pub(super) fn launch(&mut self, i: usize) {
        if self.run.is_skipped_by_mode(i) {
            return self.skip_by_mode(i);
        }
        let action = &self.run.def(i).action.clone();
        if self.run.is_dry() {
            return self.pretend(i);
        }
        match action {
            Action::Work(_) if self.run.tracks[i].look_first => self.look(i),
            Action::Work(_) => self.start_work(i),
            Action::Wait(_) | Action::Approval(_) | Action::Checklist(_) => {
                match self.run.ask_of(i, self.now) {
                    Ok(_) => self.change(i, State::Waiting, ""),
                    Err(why) => self.fail(i, State::Failed, why),
                }
            }
            Action::Assert { that, message } => {
                let ended = asserted(&View::of(self.run, i), that, message);
                self.at_once(i, ended);
            }
            Action::Set { values } => {
                let ended = match self.run.values(i, values) {
                    Ok(outputs) => Ended {
                        outputs,
                        ..Ended::new(Outcome::Succeeded, String::new())
                    },
                    Err(why) => Ended::new(Outcome::Failed, why),
                };
                self.at_once(i, ended);
            }
            Action::Begin => {
                let ended = match self.run.inner_params(i) {
                    Ok(outputs) => Ended {
                        outputs,
                        ..Ended::new(Outcome::Succeeded, String::new())
                    },
                    Err(why) => Ended::new(Outcome::Failed, format!("params: {why}")),
                };
                self.at_once(i, ended);
            }
            // A group is never filed among what may start.
            Action::Workflow(_) => {}
        }
    }

    pub(super) fn start_work(&mut self, i: usize) {
        match self.run.order(i) {
            Ok(order) => {
                self.emit(Event::AttemptStarted {
                    attempt: order.spec.attempt.clone(),
                    inputs: order.inputs,
                    changes: order.changes,
                });
                self.order(Effect::Start(Box::new(order.spec)));
            }
            // The same texts would fail again: no retry can help, so there is no attempt either.
            Err(why) => self.fail(i, State::Failed, why),
        }
    }

    /// Looks whether the effect of step `i` is in place.
    pub(super) fn look(&mut self, i: usize) {
        match self.run.look_order(i) {
            Ok(spec) => {
                self.emit(Event::AttemptStarted {
                    attempt: spec.attempt.clone(),
                    inputs: BTreeMap::new(),
                    changes: None,
                });
                self.order(Effect::Start(Box::new(spec)));
            }
            Err(why) => self.cannot_look(i, &why),
        }
    }

    /// A step that needs no process starts and ends within the turn.
    fn at_once(&mut self, i: usize, ended: Ended) {
        let n = self.run.steps[i].attempts.len() as u32 + 1;
        let attempt = AttemptId::act(self.id(i), n);
        let changes: Option<Changes> = self.run.tracks[i].changes.clone();
        self.emit(Event::AttemptStarted {
            attempt: attempt.clone(),
            inputs: BTreeMap::new(),
            changes,
        });
        self.emit(Event::AttemptEnded { attempt, ended });
    }

    /// Dry: says what it would do, and touches nothing. Outputs that are not known get their names as stand-ins.
    fn pretend(&mut self, i: usize) {
        let id = self.id(i);
        let mut ended = Ended::new(
            Outcome::Succeeded,
            format!("dry: would run {}", self.run.will_run(&id).join(" ")),
        );
        ended.outputs = match &self.run.def(i).action {
            Action::Set { values } => self.run.values(i, values).unwrap_or_default(),
            Action::Begin => self.run.inner_params(i).unwrap_or_default(),
            _ => {
                let declared = self.run.def(i).outputs.iter();
                let named = declared.map(|o| (o.name.clone(), format!("<{}>", o.name).into()));
                named.collect()
            }
        };
        self.at_once(i, ended);
    }

    /// Step `i` ends unresolved; the policy of its author says what then.
    pub(super) fn fail(&mut self, i: usize, state: State, why: String) {
        let policy = self.run.def(i).on_failure;
        let what = format!("{} {}: {why}", self.id(i), super::describe::word(state));
        self.change(i, state, why);
        if !matches!(state, State::Failed | State::TimedOut) {
            return;
        }
        match policy {
            FailurePolicy::Hold => {}
            FailurePolicy::Ignore => {
                let step = self.id(i);
                self.emit(Event::StepIgnored { step });
            }
            FailurePolicy::Abort => self.abort_by_itself(what, false),
            FailurePolicy::Rollback => self.abort_by_itself(what, true),
        }
    }
}

/// How an assertion ends, of a step or a preflight check.
pub(super) fn asserted(view: &View<'_>, that: &Expr, message: &Template) -> Ended {
    match that.truth(view) {
        Ok(true) => Ended::new(Outcome::Succeeded, String::new()),
        Ok(false) => {
            let text = plain(message, view).unwrap_or_else(|_| message.source().to_owned());
            Ended::new(Outcome::Failed, text)
        }
        Err(why) => Ended::new(Outcome::Failed, why.to_string()),
    }
}
