//! Hooks: what the author wants done when the run comes to attention, and when it has ended. They are no steps: whatever
//! becomes of one, the run goes on, or has ended, as it would without it.
//!
//! A hook's beginning is journaled before it starts, as that of any attempt: one whose end is not known is told, and never
//! begun a second time. One that never began is.

use std::collections::BTreeMap;

use serde_json::json;

use super::attempt::{Attempt, HookRun};
use super::desk::Desk;
use super::effect::{Effect, Spec};
use super::event::Event;
use super::fill::Filling;
use super::input::{Ended, Outcome};
use super::machine::Run;
use super::scope::View;
use super::state::State;
use crate::id::{AttemptId, Role, StepId};
use crate::workflow::{Filled, Hook, HookKind};

/// A hook whose process never began so often in a row is not tried again.
const ASTRAY_MAX: u32 = 3;
const MAX_LOG: u64 = 1 << 20;
/// Steps that a hook hears of: the rest is counted on the screen.
const NAMED: usize = 50;
/// Bytes of the reason that a hook hears.
const REASON_MAX: usize = 2000;

impl Run {
    /// The hooks of this run; none in a dry run, which touches nothing.
    pub fn hooks(&self) -> &[HookRun] {
        &self.hooks
    }

    /// A hook is to start, or runs.
    pub fn has_hooks_to_do(&self) -> bool {
        self.hooks.iter().any(|hook| hook.due || hook.runs())
    }

    fn hook_mut(&mut self, id: &StepId) -> Option<&mut HookRun> {
        self.hooks.iter_mut().find(|hook| hook.id() == *id)
    }

    fn hook_def(&self, kind: HookKind) -> Option<&Hook> {
        self.workflow.hooks.get(&kind)
    }

    pub(super) fn has_hook(&self, kind: HookKind) -> bool {
        self.hooks.iter().any(|hook| hook.kind == kind)
    }

    pub(super) fn hooks_under_way(&self) -> impl Iterator<Item = AttemptId> {
        let running = self.hooks.iter().filter(|hook| hook.runs());
        running.map(|hook| AttemptId::hook(hook.id(), hook.attempts.len() as u32))
    }

    // ---- the fold ----

    /// From now on this hook is to be run, or not any more.
    pub(super) fn set_due(&mut self, kind: HookKind, due: bool) {
        // A reload may have left it out while it ran.
        let due = due && self.workflow.hooks.contains_key(&kind);
        for hook in self.hooks.iter_mut().filter(|hook| hook.kind == kind) {
            hook.due = due;
            hook.astray = 0;
        }
    }

    /// False if the fact is not about an attempt of a hook.
    pub(super) fn record_hook(&mut self, event: &Event) -> bool {
        match event {
            Event::AttemptStarted {
                attempt, inputs, ..
            } if attempt.role == Role::Hook => self.hook_started(attempt, inputs),
            Event::AttemptEnded { attempt, ended } if attempt.role == Role::Hook => {
                self.hook_ended(attempt, ended);
            }
            _ => return false,
        }
        true
    }

    fn hook_started(&mut self, id: &AttemptId, inputs: &BTreeMap<String, String>) {
        let at = self.at;
        if let Some(hook) = self.hook_mut(&id.step) {
            hook.due = false;
            hook.attempts.push(Attempt::begun(id, at, inputs, None));
        }
    }

    fn hook_ended(&mut self, id: &AttemptId, ended: &Ended) {
        let at = self.at;
        let asked = self.attention.is_some();
        let over = self.phase.is_terminal();
        let Some(hook) = self.hook_mut(&id.step) else {
            return;
        };
        if let Some(attempt) = hook.attempts.last_mut() {
            attempt.end(at, ended);
        }
        let never_began = matches!(ended.outcome, Outcome::NotStarted | Outcome::Orphaned);
        hook.astray = if never_began { hook.astray + 1 } else { 0 };
        let wanted = match hook.kind {
            HookKind::Attention => asked,
            HookKind::Ended => over,
        };
        hook.due |= never_began && wanted && hook.astray < ASTRAY_MAX;
        if ended.outcome != Outcome::Succeeded {
            let text = super::describe::hook_ended(&id.step, ended);
            self.note_fact(text);
        }
    }

    /// Whether this attempt of a hook can follow now.
    pub(super) fn legal_hook_start(&self, attempt: &AttemptId) -> Result<(), String> {
        let hook = self.hooks.iter().find(|hook| hook.id() == attempt.step);
        let hook = hook.ok_or_else(|| format!("there is no hook {}", attempt.step))?;
        if !hook.due || hook.runs() {
            return Err("it is not due".to_owned());
        }
        if attempt.n as usize != hook.attempts.len() + 1 {
            return Err("attempts are numbered without gaps".to_owned());
        }
        Ok(())
    }

    // ---- what a hook is told ----

    /// Why a person is needed, or why the run ended as it did.
    fn hook_reason(&self, kind: HookKind) -> String {
        let mut reason = match kind {
            HookKind::Ended => self.went_out.clone(),
            HookKind::Attention => self.needed_for().join("; "),
        };
        if reason.len() > REASON_MAX {
            let cut = (0..=REASON_MAX).rev().find(|&n| reason.is_char_boundary(n));
            reason.truncate(cut.unwrap_or_default());
            reason.push('…');
        }
        reason
    }

    fn needed_for(&self) -> Vec<String> {
        let blocking = self.blocking().into_iter();
        let checks = blocking.map(|i| {
            let check = &self.checks[i];
            format!("preflight {} is not met: {}", check.id, check.why())
        });
        let steps = self.steps.iter().filter(|s| s.members.is_none());
        let steps = steps.filter_map(|step| {
            match (step.state, &step.ask) {
                (State::Waiting, Some(ask)) => Some(super::describe::asked(ask)),
                (State::Held, _) => Some(super::describe::stands(step.state)),
                (state, _) if state.is_unresolved() && step.why.is_empty() => {
                    Some(super::describe::stands(state))
                }
                (state, _) if state.is_unresolved() => {
                    Some(format!("{}: {}", super::describe::stands(state), step.why))
                }
                _ => None,
            }
            .map(|what| format!("{} {what}", step.id))
        });
        checks.chain(steps).take(NAMED).collect()
    }

    fn failed_steps(&self) -> Vec<&str> {
        let steps = self.steps.iter().filter(|s| s.members.is_none());
        let failed = steps.filter(|s| s.state.is_unresolved());
        failed.map(|s| s.id.as_str()).take(NAMED).collect()
    }

    fn hook_order(&self, kind: HookKind) -> Result<(Spec, BTreeMap<String, String>), String> {
        let hook = self.hook_def(kind).ok_or("there is no such hook")?;
        let (phase, reason) = (self.phase.word(), self.hook_reason(kind));
        let failed = self.failed_steps();
        let told =
            json!({"name": kind.word(), "phase": phase, "reason": reason, "failed_steps": failed});
        let none = BTreeMap::new();
        let view = View::of_all(self).with_hook(&told);
        let filling = Filling::of_run(self, view, &hook.env, &none);
        let work = filling.work(&hook.work).map_err(|e| e.to_string())?;
        let mut env = filling.env().map_err(|e| e.to_string())?;
        let said = |name: &str, value: &str| (name.to_owned(), Filled::text(value));
        env.extend([
            said("FLIGHTDECK_HOOK", kind.word()),
            said("FLIGHTDECK_PHASE", phase),
            said("FLIGHTDECK_REASON", &reason),
            said("FLIGHTDECK_FAILED_STEPS", &failed.join(" ")),
        ]);
        let n = self.hooks.iter().find(|h| h.kind == kind);
        let n = n.map_or(0, |h| h.attempts.len() as u32) + 1;
        let spec = Spec {
            timeout_ms: Some(super::resolve::millis(hook.timeout)),
            max_log: MAX_LOG,
            ..self.bare_spec(AttemptId::hook(kind.id(), n), work, env)
        };
        Ok((spec, filling.inputs.into_inner()))
    }
}

impl Desk<'_> {
    /// Begins the hooks that are due. They take no slot, and nothing waits for them.
    pub(super) fn start_hooks(&mut self) {
        for kind in HookKind::ALL {
            let hook = self.run.hooks.iter().find(|hook| hook.kind == kind);
            let Some(hook) = hook.filter(|hook| hook.due && !hook.runs()) else {
                continue;
            };
            let attempt = AttemptId::hook(kind.id(), hook.attempts.len() as u32 + 1);
            let (ordered, inputs) = match self.run.hook_order(kind) {
                Ok((spec, inputs)) => (Ok(spec), inputs),
                Err(why) => (Err(Ended::new(Outcome::Failed, why)), BTreeMap::new()),
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
    }
}
