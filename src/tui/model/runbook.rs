//! The runbook: what a person reads who does the selected step by hand, or watches it.

use super::Model;
use crate::run::Command;
use crate::tui::markdown::Row;
use crate::workflow::{Action, Work};

/// Laid out when the selection, the run or the width changes, not at each frame.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runbook {
    /// Of this step, at this event, so wide.
    pub of: Option<(usize, u64, u16)>,
    pub rows: Vec<Row>,
    pub top: usize,
}

impl Model {
    /// Exactly what the next attempt of the selected step will run, secrets masked, as it can be pasted: a program with its
    /// arguments as one command of a shell.
    pub(crate) fn command_text(&self) -> String {
        let Some(step) = self.step() else {
            return String::new();
        };
        let parts = self.run.will_run(&step.id);
        let action = self.def(self.selected).map(|def| &def.action);
        match action {
            Some(Action::Work(Work::Run(_) | Work::Exec(_))) if parts.len() > 1 => {
                let quoted: Vec<String> = parts.iter().map(|part| quoted(part)).collect();
                quoted.join(" ")
            }
            _ => parts.join("\n"),
        }
    }

    /// Who ticked which item of the selected checklist, by the journal: also after it has ended.
    pub(crate) fn ticks(&self) -> impl Iterator<Item = (usize, bool, String)> + '_ {
        let id = self.step().map(|step| step.id.clone());
        self.run
            .audit()
            .iter()
            .filter_map(move |entry| match &entry.command {
                Some(Command::Tick {
                    step,
                    item,
                    done,
                    value,
                    ..
                }) if Some(step) == id.as_ref() => {
                    let who = entry.actor.as_ref().map(ToString::to_string);
                    let value = value.as_deref().map(|value| format!(" {value}"));
                    let text = format!(
                        "{} {}{}",
                        who.unwrap_or_default(),
                        entry.at.clock(),
                        value.unwrap_or_default()
                    );
                    Some((*item, *done, text))
                }
                _ => None,
            })
    }
}

/// One argument as a shell reads it.
fn quoted(part: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !part.is_empty() && part.chars().all(safe) {
        return part.to_owned();
    }
    format!("'{}'", part.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        assert_eq!(quoted("/bin/sh"), "/bin/sh");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
