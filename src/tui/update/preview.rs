//! Before a key takes effect: what would start, be reset, skipped or lost, found by the machine itself on a copy.

use crate::id::StepId;
use crate::run::{Ask, Command, Preview};
use crate::tui::model::{Fact, Model};

/// Names listed before the rest is only counted.
const NAMED: usize = 6;

impl Model {
    /// What `command` would do, in the words of a box.
    pub(super) fn facts(&self, command: &Command) -> Vec<Fact> {
        let preview = self.run.preview(command, &self.actor, self.now);
        let mut facts = self.question(command);
        facts.extend(self.told(&preview));
        facts
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

    pub(super) fn is_danger(&self, step: &StepId) -> bool {
        let index = self.run.index(step);
        index
            .and_then(|index| self.def(index))
            .is_some_and(|def| def.danger)
    }
}
