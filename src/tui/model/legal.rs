//! What a key would ask of the run at this moment, and why it cannot. Hints, palette, cards and keys share this answer,
//! and it is the machine's own.

use std::collections::BTreeMap;

use super::Model;
use crate::engine::Pace;
use crate::id::StepId;
use crate::run::{AbortHow, Ask, Command, SkipReason, State, Tick};
use crate::tui::keys::{Act, TABLE, action};
use crate::tui::options::Watch;
use crate::tui::replay::{Change, WHY};

/// Stands for the reason that the person has not typed yet.
const REASON: &str = "?";

/// Ticks the first item that is not ticked yet; takes the first tick back where all are.
fn tick_next(step: StepId, items: &[Tick]) -> Command {
    let next = items.iter().position(|item| item.done.is_none());
    Command::Tick {
        step,
        item: next.unwrap_or(0),
        done: next.is_some(),
        note: String::new(),
        value: Some(REASON.into()),
    }
}

/// What the machine refuses now, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legal {
    /// For this selection, at this event.
    of: Option<(usize, u64)>,
    refused: Vec<(Act, String)>,
}

impl Model {
    /// The command behind `act` for the selected step, as far as it is known before anything is asked.
    pub(crate) fn command_for(&self, act: Act) -> Option<Command> {
        let run_level = match act {
            Act::Pause if self.run.stands_by() || self.run.paused().is_some() => {
                Some(Command::Resume)
            }
            Act::Pause => Some(Command::Pause),
            Act::Undo => self.run.way_back(&self.actor).ok().map(|way| way.by),
            Act::Abort => Some(Command::Abort {
                how: AbortHow::Now,
                reason: REASON.into(),
            }),
            Act::RollBack => Some(Command::Rollback {
                reason: REASON.into(),
            }),
            // Of the whole run, unless the person says that it is about the step.
            Act::Ungraceful => Some(Command::Ungraceful {
                step: None,
                on: !self.run.is_ungraceful(),
                reason: REASON.into(),
            }),
            _ => None,
        };
        if run_level.is_some() || act == Act::Undo {
            return run_level;
        }
        if self.run.is_before_steps() {
            match act {
                Act::Retry => return Some(Command::Recheck { check: None }),
                Act::Skip => {
                    let reason = REASON.to_owned();
                    return Some(Command::Override {
                        check: None,
                        reason,
                    });
                }
                _ => {}
            }
        }
        self.step_command(act, self.selected)
    }

    /// As `command_for`, of any step, for what is asked of a step.
    pub(crate) fn step_command(&self, act: Act, index: usize) -> Option<Command> {
        let state = self.run.state(index);
        let step = self.run.steps().get(index)?;
        let id = step.id.clone();
        let reason = REASON.to_owned();
        Some(match act {
            Act::Step => Command::Step {
                step: matches!(state, State::Ready | State::Held).then_some(id),
            },
            // One line confirms it, without a reason.
            Act::Retry | Act::RetryEdited => Command::Retry {
                step: id,
                changes: None,
                reason: String::new(),
            },
            Act::RetryFrom => Command::RetryFrom {
                step: id,
                rerun: Vec::new(),
                reason,
            },
            Act::Skip if state == State::Skipped(SkipReason::Operator) => {
                Command::Unskip { step: id, reason }
            }
            Act::Skip => Command::Skip {
                step: id,
                outputs: BTreeMap::new(),
                dependents: true,
                reason,
            },
            Act::Mark => Command::Mark {
                step: id,
                outputs: self.any_outputs(index),
                override_verify: false,
                reason,
            },
            Act::Ignore => Command::Ignore { step: id, reason },
            Act::Cancel => Command::Cancel {
                step: id,
                kill: state == State::Stopping,
                reason: String::new(),
            },
            Act::Answer => match &step.ask {
                Some(Ask::Checklist { items }) => tick_next(id, items),
                _ => Command::Reject { step: id, reason },
            },
            Act::Revoke => Command::Revoke { step: id },
            Act::Postpone => Command::Postpone {
                step: id,
                until: self.now,
            },
            Act::Breakpoint => Command::Breakpoint {
                step: id,
                on: !step.breakpoint,
            },
            Act::Note => Command::Note {
                step: Some(id),
                text: reason,
            },
            _ => return None,
        })
    }

    /// Stand for the outputs that the form asks for.
    fn any_outputs(&self, index: usize) -> BTreeMap<String, serde_json::Value> {
        let outputs = self.def(index).map(|def| def.outputs.iter());
        let named = outputs
            .into_iter()
            .flatten()
            .map(|output| output.name.clone());
        named.map(|name| (name, REASON.into())).collect()
    }

    /// The machine's own answer.
    fn refusal_of(&self, act: Act) -> Option<String> {
        if act == Act::Undo
            && let Err(refusal) = self.run.way_back(&self.actor)
        {
            return Some(refusal.to_string());
        }
        let command = self.command_for(act)?;
        let aim = self.aim();
        // That of the last command is not about what is selected.
        let seen = aim.as_ref().map(|aim| &aim.seen);
        let seen = seen.filter(|_| act != Act::Undo);
        let refusal = self.run.refusal(&command, &self.actor, seen)?;
        Some(refusal.to_string())
    }

    /// Asks the machine about every action, once for each event and selection: some answers look at many steps, and
    /// hints want them all at each frame.
    pub(crate) fn learn_what_is_legal(&mut self) {
        let of = Some((self.selected, self.run.seq()));
        if self.legal.of == of {
            return;
        }
        let acts = TABLE.iter().map(|row| row.act);
        let refused = acts.filter_map(|act| Some((act, self.refusal_of(act)?)));
        let refused = refused.collect();
        self.legal = Legal { of, refused };
    }

    /// Why this screen changes nothing at all, whatever the step.
    pub(crate) fn cannot_act(&self) -> Option<String> {
        if self.replay.is_some() {
            return Some(WHY.to_owned());
        }
        match (&self.pace, self.watch) {
            (_, Watch::Watching) => Some("watching only; `:arm` to act".into()),
            (_, Watch::WatchOnly) => Some("this screen only watches (--watch)".into()),
            (Pace::Over(why), _) => Some(format!("the run is not live: {why}")),
            (Pace::Stuck(why), _) => Some(why.clone()),
            (Pace::Live, Watch::Acting) => None,
        }
    }

    /// As `cannot_act`, but for what a watcher may do: an approver answers without the controls.
    pub(crate) fn cannot_do(&self, act: Act) -> Option<String> {
        let ask = self.step().and_then(|step| step.ask.as_ref());
        let answers = matches!(act, Act::Answer | Act::Revoke);
        match (ask, self.watch) {
            (Some(Ask::Approval { .. }), Watch::Watching) if answers => None,
            _ => self.cannot_act(),
        }
    }

    /// Why `act` does nothing now, with what would be legal; `None` if it can act.
    pub(crate) fn why_not(&self, act: Act) -> Option<String> {
        let row = action(act);
        if self.replay.is_some() && Change::of(act).is_some() {
            return None;
        }
        if row.changes
            && let Some(why) = self.cannot_do(act)
        {
            return Some(why);
        }
        if self.legal.of == Some((self.selected, self.run.seq())) {
            let known = self.legal.refused.iter().find(|(of, _)| *of == act);
            if let Some((_, why)) = known {
                return Some(why.clone());
            }
        } else if let Some(why) = self.refusal_of(act) {
            return Some(why);
        }
        match act {
            Act::Controls | Act::Force if self.watch == Watch::WatchOnly => self.cannot_act(),
            Act::Controls | Act::Force if self.pace != Pace::Live => self.cannot_act(),
            _ if row.changes && self.step().is_none() => Some("there is no step".into()),
            Act::Detach if self.run.phase().is_terminal() => Some("the run has ended".into()),
            Act::Detach if self.pace != Pace::Live => Some("the run is not live".into()),
            Act::Detach if self.replay.is_some() => Some(WHY.to_owned()),
            Act::Plain if self.replay.is_some() => Some("a replay has no lines".into()),
            Act::Faster | Act::Slower | Act::Ahead => Some("only in a replay".into()),
            Act::Reload if !self.has_source => Some("no file can be read here".into()),
            Act::Reload if self.run.paused().is_none() => Some("pause the run first".into()),
            Act::ViewRuns if !self.has_source => Some("there is no list of runs here".into()),
            _ => None,
        }
    }
}
