//! Preflight: what must hold before the first step. Checks change nothing, so one whose end is lost simply runs again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::attempt::{Attempt, CheckRun, Finding};
use super::desk::Desk;
use super::effect::{Effect, Spec};
use super::event::Event;
use super::fill::Filling;
use super::input::{Ended, Outcome};
use super::machine::Run;
use super::scope::View;
use super::state::{Phase, SkipReason, State};
use crate::id::{AttemptId, Role, StepId};
use crate::workflow::{Action, Preflight, Work};

/// A check whose process is lost this often in a row counts as not met.
const ASTRAY_MAX: u32 = 3;
const MAX_LOG: u64 = 1 << 20;

impl Run {
    /// The preflight checks of this run, in the order of the file; none in a dry run.
    pub fn checks(&self) -> &[CheckRun] {
        &self.checks
    }

    /// The definition of check `i`.
    pub fn check_def(&self, i: usize) -> &Preflight {
        &self.workflow.preflight[i]
    }

    pub fn check_index(&self, id: &StepId) -> Option<usize> {
        self.checks.iter().position(|check| check.id == *id)
    }

    /// The checks because of which no step may start: not met, and not overridden.
    pub fn blocking(&self) -> Vec<usize> {
        let blocks =
            |i: &usize| self.check_def(*i).blocks && !self.checks[*i].finding().lets_pass();
        (0..self.checks.len()).filter(blocks).collect()
    }

    /// Steps of the author may start: preflight is over, and whoever must approve of the start has.
    pub(super) fn let_in(&self) -> bool {
        let gate = self.workflow.policies.gate.map(|gate| self.state(gate));
        let passed = |state| {
            matches!(
                state,
                State::Succeeded | State::Skipped(SkipReason::Condition)
            )
        };
        self.opened && gate.is_none_or(passed)
    }

    /// It asks for the approval of the start: nothing but that approval lets it pass.
    pub(super) fn is_gate(&self, i: usize) -> bool {
        self.workflow.policies.gate == Some(i)
    }

    /// The run has not started its first step, and may not yet.
    pub fn is_before_steps(&self) -> bool {
        self.phase == Phase::Preflight
    }

    /// Why no step may start yet, in words.
    pub(super) fn kept_back_by(&self) -> String {
        if let Some(why) = &self.queued {
            return super::describe::queued(why);
        }
        let running = self.checks_under_way().count();
        let names = || {
            let blocking = self.blocking().into_iter();
            let names: Vec<&str> = blocking.map(|i| self.checks[i].id.as_str()).collect();
            names.join(", ")
        };
        match running {
            0 => format!("preflight is not met: {}", names()),
            1 => "preflight: 1 check runs".to_owned(),
            n => format!("preflight: {n} checks run"),
        }
    }

    pub(super) fn checks_under_way(&self) -> impl Iterator<Item = AttemptId> {
        let running = self
            .checks
            .iter()
            .filter(|c| c.finding() == Finding::Running);
        running.map(|c| AttemptId::preflight(c.id.clone(), c.attempts.len() as u32))
    }

    // ---- the fold ----

    /// False if the fact is not about an attempt of a check.
    pub(super) fn record_check(&mut self, event: &Event) -> bool {
        match event {
            Event::AttemptStarted {
                attempt, inputs, ..
            } if attempt.role == Role::Preflight => self.check_started(attempt, inputs),
            Event::StopOrdered { attempt, kill } if attempt.role == Role::Preflight => {
                self.check_stop_ordered(attempt, *kill);
            }
            Event::AttemptEnded { attempt, ended } if attempt.role == Role::Preflight => {
                self.check_ended(attempt, ended);
            }
            _ => return false,
        }
        true
    }

    fn check_started(&mut self, id: &AttemptId, inputs: &BTreeMap<String, String>) {
        let at = self.at;
        if let Some(check) = self.check_mut(&id.step) {
            check.due = false;
            check.stop = None;
            check.attempts.push(Attempt::begun(id, at, inputs, None));
        }
    }

    fn check_ended(&mut self, id: &AttemptId, ended: &Ended) {
        let at = self.at;
        let Some(check) = self.check_mut(&id.step) else {
            return;
        };
        let lost = matches!(
            ended.outcome,
            Outcome::NotStarted | Outcome::Orphaned | Outcome::Unknown
        );
        check.astray = if lost { check.astray + 1 } else { 0 };
        let orphaned = ended.outcome == Outcome::Orphaned;
        check.due = check.stop.is_none() && (orphaned || lost && check.astray < ASTRAY_MAX);
        if let Some(attempt) = check.attempts.last_mut() {
            attempt.end(at, ended);
        }
        let found = match check.finding() {
            Finding::Met => "met".to_owned(),
            Finding::Due => "runs again".to_owned(),
            _ => format!("not met: {}", ended.message),
        };
        let text = format!("preflight {}: {found}", check.id);
        self.note_fact(text);
    }

    fn check_stop_ordered(&mut self, id: &AttemptId, kill: bool) {
        if let Some(check) = self.check_mut(&id.step) {
            check.stop = Some(kill);
        }
    }

    fn check_mut(&mut self, id: &StepId) -> Option<&mut CheckRun> {
        self.checks.iter_mut().find(|check| check.id == *id)
    }

    /// Whether this attempt of a check can follow now.
    pub(super) fn legal_check_start(&self, attempt: &AttemptId) -> Result<(), String> {
        let check = self.check_index(&attempt.step).map(|i| &self.checks[i]);
        let check = check.ok_or_else(|| format!("there is no check {}", attempt.step))?;
        if self.phase != Phase::Preflight || check.finding() == Finding::Running {
            return Err("it is not due".to_owned());
        }
        if attempt.n as usize != check.attempts.len() + 1 {
            return Err("attempts are numbered without gaps".to_owned());
        }
        Ok(())
    }

    /// The next attempt of check `i`, and its texts that are not constants of the file.
    fn check_order(&self, i: usize) -> Result<(Spec, BTreeMap<String, String>), String> {
        let def = self.check_def(i);
        let none = BTreeMap::new();
        let filling = Filling::before_steps(self, &def.env, &none);
        let Action::Work(work) = &def.action else {
            return Err(format!("{} has nothing to run", def.id));
        };
        let work = filling.work(work).map_err(|e| e.to_string())?;
        let env = filling.env().map_err(|e| e.to_string())?;
        let n = self.checks[i].attempts.len() as u32 + 1;
        let attempt = AttemptId::preflight(def.id.clone(), n);
        let spec = Spec {
            idempotent: true,
            timeout_ms: Some(super::resolve::millis(def.timeout)),
            max_log: MAX_LOG,
            ..self.bare_spec(attempt, work, env)
        };
        Ok((spec, filling.inputs.into_inner()))
    }

    /// Exactly what check `i` will run, secrets as `***`.
    pub fn will_check(&self, i: usize) -> Vec<String> {
        match &self.check_def(i).action {
            Action::Assert { that, .. } => vec![format!("assert {}", that.source())],
            // The shell is the same for all: its text is what matters.
            Action::Work(Work::Run(command)) => {
                let text = command.argv.last().map(|t| t.source().to_owned());
                text.into_iter().collect()
            }
            _ => match self.check_order(i) {
                Ok((spec, _)) => super::resolve::lines(&spec),
                Err(why) => vec![format!("cannot run: {why}")],
            },
        }
    }
}

impl Desk<'_> {
    /// True while no step may start. What can be done about that without a person is done here.
    pub(super) fn is_kept_back(&mut self) -> bool {
        if self.run.phase != Phase::Preflight || self.run.abort.is_some() {
            return false;
        }
        if self.run.queued.is_some() {
            return true;
        }
        for i in 0..self.run.checks.len() {
            if self.run.checks[i].finding() == Finding::Due {
                self.start_check(i);
            }
        }
        if self.run.checks_under_way().next().is_some() {
            return true;
        }
        if self.run.blocking().is_empty() {
            self.emit(Event::PhaseChanged {
                phase: Phase::Running,
                why: self.run.preflight_result(),
                roll_back: false,
            });
            return false;
        }
        if !self.run.attended {
            let why = self.run.kept_back_by();
            self.abort_by_itself(format!("{why}, and there is no one to ask"), false);
        }
        self.run.attended
    }

    fn start_check(&mut self, i: usize) {
        let def = self.run.check_def(i).clone();
        let attempt = AttemptId::preflight(def.id, self.run.checks[i].attempts.len() as u32 + 1);
        let (ordered, inputs) = match &def.action {
            Action::Assert { that, message } => {
                let view = View::of_all(self.run);
                (
                    Err(super::start::asserted(&view, that, message)),
                    BTreeMap::new(),
                )
            }
            _ => match self.run.check_order(i) {
                Ok((spec, inputs)) => (Ok(spec), inputs),
                Err(why) => (Err(Ended::new(Outcome::Failed, why)), BTreeMap::new()),
            },
        };
        self.emit(Event::AttemptStarted {
            attempt: attempt.clone(),
            inputs,
            changes: None,
        });
        match ordered {
            Ok(spec) => self.order(Effect::Start(Box::new(spec))),
            Err(ended) => self.emit(Event::AttemptEnded { attempt, ended }),
        }
    }

    /// The run is on its way out: nobody needs to know any more.
    pub(super) fn stop_checks(&mut self, kill: bool) {
        let under_way: Vec<AttemptId> = self.run.checks_under_way().collect();
        for attempt in under_way {
            let check = self.run.check_index(&attempt.step);
            if check.is_some_and(|i| self.run.checks[i].stop < Some(kill)) {
                self.emit(Event::StopOrdered {
                    attempt: attempt.clone(),
                    kill,
                });
                self.order(Effect::Stop { attempt, kill });
            }
        }
    }

    /// After a crash: stops of checks that were ordered, and may not have been heard.
    pub(super) fn repeat_check_stops(&mut self) {
        let under_way: Vec<AttemptId> = self.run.checks_under_way().collect();
        for attempt in under_way {
            let check = self.run.check_index(&attempt.step);
            if let Some(kill) = check.and_then(|i| self.run.checks[i].stop) {
                self.order(Effect::Stop { attempt, kill });
            }
        }
    }
}

impl Run {
    /// How the preflight came out, once the run may begin.
    fn preflight_result(&self) -> String {
        let named = |wanted: Finding| {
            let found = self.checks.iter().filter(|c| c.finding() == wanted);
            found.map(|c| c.id.as_str()).collect::<Vec<_>>()
        };
        let mut text = format!("preflight: {} met", named(Finding::Met).len());
        for (finding, word) in [
            (Finding::Unmet, "warning"),
            (Finding::Overridden, "overridden"),
        ] {
            let names = named(finding);
            if !names.is_empty() {
                let _ = write!(text, ", {word}: {}", names.join(", "));
            }
        }
        text
    }

    /// An attempt, a look or a preflight check that has started and not ended.
    pub(super) fn is_under_way(&self, attempt: &AttemptId) -> bool {
        match attempt.role {
            Role::Preflight => return self.checks_under_way().any(|running| running == *attempt),
            Role::Hook => return self.hooks_under_way().any(|running| running == *attempt),
            Role::Act | Role::Verify => {}
        }
        let current = self.index(&attempt.step).and_then(|i| self.current(i));
        current.as_ref() == Some(attempt)
    }
}
