//! The language of the filter of runs: `st:fail by:mira wf:failover kind:drill !word`, read as the list of steps reads its own.

use super::filter::states;
use super::run_list::status;
use crate::tui::source::RunEntry;
use crate::tui::theme::Status;

/// What a list of runs is narrowed to.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunFilter {
    text: String,
    terms: Vec<(bool, Wants)>,
}

#[derive(Clone, Debug)]
enum Wants {
    Status(&'static [Status]),
    By(String),
    Workflow(String),
    Kind(String),
    /// Somewhere in what the row says.
    Word(String),
}

impl RunFilter {
    /// Reads what was typed. A term that means nothing is told with what would.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let terms = text.split_whitespace().filter_map(|word| {
            let bare = word.strip_prefix('!');
            let wants = wants(bare.unwrap_or(word)).transpose()?;
            Some(wants.map(|wants| (bare.is_some(), wants)))
        });
        Ok(Self {
            terms: terms.collect::<Result<_, _>>()?,
            text,
        })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    pub(crate) fn holds(&self, entry: &RunEntry) -> bool {
        let met = |(turned, wants): &(bool, Wants)| wants.holds(entry) != *turned;
        self.terms.iter().all(met)
    }
}

/// One term; none where only its beginning has been typed.
fn wants(word: &str) -> Result<Option<Wants>, String> {
    let value = |value: &str| value.to_owned();
    Ok(Some(match word.split_once(':') {
        _ if word.is_empty() => return Ok(None),
        None => Wants::Word(word.to_owned()),
        Some((_, "")) => return Ok(None),
        Some(("st", state)) => Wants::Status(states(state)?),
        Some(("by", name)) => Wants::By(value(name)),
        Some(("wf", name)) => Wants::Workflow(value(name)),
        Some(("kind", kind)) => Wants::Kind(value(kind)),
        Some((key, _)) => {
            return Err(format!(
                "no `{key}:` here: st:STATE by:WHO wf:WORKFLOW kind:KIND !not words"
            ));
        }
    }))
}

impl Wants {
    fn holds(&self, entry: &RunEntry) -> bool {
        let run = &entry.summary;
        let has = |text: &str, word: &str| text.to_lowercase().contains(word);
        match self {
            Self::Status(wanted) => wanted.contains(&status(entry)),
            Self::By(name) => has(&run.by, name),
            Self::Workflow(name) => has(&run.workflow, name),
            Self::Kind(kind) => run.kind.word().starts_with(kind.as_str()),
            Self::Word(word) => {
                let steps = run.failed.iter().chain(&run.passed_over);
                has(&run.workflow, word)
                    || has(run.id.as_str(), word)
                    || has(&run.shown, word)
                    || has(&run.by, word)
                    || steps.map(crate::id::StepId::as_str).any(|id| has(id, word))
            }
        }
    }
}
