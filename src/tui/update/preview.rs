//! Before a key takes effect: what would start, be reset, skipped or lost, found by the machine itself on a copy.

use crate::id::StepId;
use crate::run::{Ask, Command, Preview};
use crate::time::clock_span;
use crate::tui::model::{Fact, Model};

/// Names listed before the rest is only counted.
const NAMED: usize = 6;

impl Model {
    /// What `command` would do, in the words of a box.
    pub(super) fn facts(&self, command: &Command) -> Vec<Fact> {
        let by = Some(&self.expectations);
        let preview = self.run.preview(command, &self.actor, self.now, by);
        let mut facts = self.question(command);
        facts.extend(self.told(&preview));
        facts.extend(self.finish(command, &preview));
        facts
    }

    /// The same of one command among others: when the run would end hangs on all of them.
    pub(super) fn facts_of_one(&self, command: &Command) -> Vec<Fact> {
        let mut facts = self.question(command);
        facts.extend(self.told(&self.effects_of(command)));
        facts
    }

    /// What would happen, without a look ahead.
    pub(super) fn effects_of(&self, command: &Command) -> Preview {
        self.run.preview(command, &self.actor, self.now, None)
    }

    /// What becomes of the time at which the run is expected to end: `14:09:03, 1:10 sooner; RTO met with 0:57 to spare`.
    fn finish(&self, command: &Command, preview: &Preview) -> Option<Fact> {
        let (is, would_be) = preview.outlook.filter(|_| preview.ends.is_none())?;
        let (sooner, later) = (is.end.since(would_be.end), would_be.end.since(is.end));
        // Whoever leaves something out wants to know what that wins.
        let leaves_out = matches!(
            command,
            Command::Skip { .. } | Command::Mark { .. } | Command::Ignore { .. }
        );
        let change = match (sooner.as_secs(), later.as_secs()) {
            (0, 0) if leaves_out => "as before: not on the critical path".into(),
            (0, 0) => return None,
            (0, _) => format!("{} later", clock_span(later)),
            _ => format!("{} sooner", clock_span(sooner)),
        };
        let mut text = format!("{}, {change}", would_be.end.clock());
        let mut grave = false;
        if let Some(objective) = self.run.workflow().objectives.rto {
            let until = self.run.started_at().after(objective);
            let (spare, late) = (until.since(would_be.recovered), would_be.recovered > until);
            grave = late && is.recovered <= until;
            let rto = if late {
                format!("MISSED by {}", clock_span(would_be.recovered.since(until)))
            } else {
                format!("met with {} to spare", clock_span(spare))
            };
            text = format!("{text}; RTO {rto}");
        }
        Some(Fact {
            label: "Finish",
            text,
            grave,
        })
    }

    /// What an approval asks, and how far it has come: nobody says yes to a question that he cannot read.
    fn question(&self, command: &Command) -> Vec<Fact> {
        let (Command::Approve { step, .. } | Command::Reject { step, .. }) = command else {
            return Vec::new();
        };
        let ask = self.run.step(step).and_then(|step| step.ask.as_ref());
        let Some(Ask::Approval {
            message,
            needed,
            votes,
            ..
        }) = ask
        else {
            return Vec::new();
        };
        let mut facts = vec![Fact {
            label: "Asks",
            text: message.clone(),
            grave: false,
        }];
        if *needed > 1 {
            let names: Vec<String> = votes
                .iter()
                .filter(|v| v.approve)
                .map(|v| v.actor.to_string())
                .collect();
            let text = format!("{} of {needed} {}", names.len(), names.join(", "));
            facts.push(Fact {
                label: "Approvals",
                text,
                grave: false,
            });
        }
        facts
    }

    fn told(&self, preview: &Preview) -> Vec<Fact> {
        let mut facts = Vec::new();
        if let Some(refusal) = &preview.refused {
            facts.push(Fact {
                label: "Not now",
                text: refusal.to_string(),
                grave: true,
            });
            return facts;
        }
        let mut tell = |label, steps: &[StepId], grave: bool| {
            if !steps.is_empty() {
                let text = self.list(steps);
                let grave = grave || steps.iter().any(|step| self.is_danger(step));
                facts.push(Fact { label, text, grave });
            }
        };
        tell("Starts now", &preview.starts, false);
        tell("Stops", &preview.stops, true);
        tell("Runs again", &preview.resets, false);
        tell("As before", &preview.returns, false);
        tell("Is skipped", &preview.skips, false);
        tell("Another way", &preview.alters, false);
        tell("Is new", &preview.adds, false);
        tell("Is left out", &preview.drops, true);
        tell("As it began", &preview.keeps, false);
        tell("Could follow", &preview.unblocks, false);
        tell("Undoes", &preview.undoes, false);
        tell("Stays as is", &preview.leaves, true);
        for (step, output) in &preview.loses {
            facts.push(Fact {
                label: "Would miss",
                text: format!("{step} needs {output}"),
                grave: true,
            });
        }
        if let Some(phase) = preview.ends {
            facts.push(Fact {
                label: "The run",
                text: format!("ends: {}", crate::tui::view::phase_words(phase)),
                grave: true,
            });
        }
        if facts.is_empty() {
            facts.push(Fact {
                label: "Starts now",
                text: "nothing".into(),
                grave: false,
            });
        }
        facts
    }

    /// `dns-switch (DANGER), warm-cache and 3 more`.
    fn list(&self, steps: &[StepId]) -> String {
        let name = |step: &StepId| {
            let mark = if self.is_danger(step) {
                " (DANGER)"
            } else {
                ""
            };
            format!("{step}{mark}")
        };
        let named: Vec<String> = steps.iter().take(NAMED).map(name).collect();
        let rest = steps.len().saturating_sub(NAMED);
        let rest = if rest > 0 {
            format!(" and {rest} more")
        } else {
            String::new()
        };
        format!("{}{rest}", named.join(", "))
    }

    pub(crate) fn is_danger(&self, step: &StepId) -> bool {
        let index = self.run.index(step);
        index
            .and_then(|index| self.def(index))
            .is_some_and(|def| def.danger)
    }
}
