//! The language of the list's filter: `st:fail host:db !danger word`. All terms must hold; `!` turns one round.

use std::collections::BTreeSet;

use crate::run::Run;
use crate::tui::theme::Status;

/// What a list is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    text: String,
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    turned: bool,
    wants: Wants,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wants {
    Status(Vec<Status>),
    Danger,
    Label(String, String),
    /// Somewhere in the id, the name or the item.
    Word(String),
}

/// What may stand behind `st:`, and what it means: what is told apart on the screen, and what belongs together at 3 a.m.
const STATES: [(&str, &[Status]); 9] = [
    ("fail", &[Status::Fail, Status::Time, Status::Unknown]),
    ("time", &[Status::Time]),
    ("run", &[Status::Run]),
    (
        "wait",
        &[
            Status::Wait,
            Status::Ready,
            Status::Hold,
            Status::Ask,
            Status::Retry,
        ],
    ),
    ("ask", &[Status::Ask, Status::Hold]),
    ("retry", &[Status::Retry]),
    ("ok", &[Status::Ok, Status::OkException]),
    ("skip", &[Status::Skip]),
    ("cancel", &[Status::Cancel]),
];

impl Filter {
    /// Reads what was typed. A term that means nothing is told with what would.
    pub(crate) fn parse(text: &str, run: &Run) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let words = text.split_whitespace();
        let terms = words.filter_map(|word| term(word, run).transpose());
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

    /// What it shows changes with the run, not only with its plan.
    pub(crate) fn follows_states(&self) -> bool {
        let of_state = |term: &Term| matches!(term.wants, Wants::Status(_));
        self.terms.iter().any(of_state)
    }

    pub(crate) fn holds(&self, run: &Run, index: usize, status: Status) -> bool {
        let met = |term: &Term| term.wants.holds(run, index, status) != term.turned;
        self.terms.iter().all(met)
    }
}

/// One term; none where only its beginning has been typed.
fn term(word: &str, run: &Run) -> Result<Option<Term>, String> {
    let bare = word.strip_prefix('!');
    let (turned, bare) = (bare.is_some(), bare.unwrap_or(word));
    let wants = match bare.split_once(':') {
        _ if bare.is_empty() => return Ok(None),
        None if bare == "danger" => Wants::Danger,
        None => Wants::Word(bare.to_owned()),
        Some(("st", "")) => return Ok(None),
        Some(("st", state)) => Wants::Status(states(state)?.to_vec()),
        Some((key, value)) => {
            let keys = keys(run);
            if !keys.contains(key) {
                return Err(no_label(key, &keys));
            }
            Wants::Label(key.to_owned(), value.to_owned())
        }
    };
    Ok(Some(Term { turned, wants }))
}

/// What `st:` may mean with this behind it.
pub(super) fn states(state: &str) -> Result<&'static [Status], String> {
    let found = STATES.iter().find(|(word, _)| word.starts_with(state));
    found.map(|(_, states)| *states).ok_or_else(|| {
        let words: Vec<&str> = STATES.iter().map(|(word, _)| *word).collect();
        format!("no state `{state}`: {}", words.join(" "))
    })
}

fn no_label(key: &str, keys: &BTreeSet<String>) -> String {
    let labels: Vec<String> = keys.iter().map(|key| format!("{key}:")).collect();
    let labels = if labels.is_empty() {
        "no labels here".to_owned()
    } else {
        labels.join(" ")
    };
    format!("no label `{key}:`; st:STATE, danger, words; {labels}")
}

/// The keys of all labels of steps.
fn keys(run: &Run) -> BTreeSet<String> {
    let steps = run.workflow().steps.iter();
    let keys = steps.flat_map(|step| step.labels.keys());
    keys.map(|key| key.to_lowercase()).collect()
}

impl Wants {
    fn holds(&self, run: &Run, index: usize, status: Status) -> bool {
        let def = run.definition(index);
        match self {
            Self::Status(wanted) => wanted.contains(&status),
            Self::Danger => def.is_some_and(|def| def.danger),
            Self::Label(key, value) => def.is_some_and(|def| {
                let is = |(k, v): (&String, &String)| {
                    k.to_lowercase() == *key && v.to_lowercase().contains(value)
                };
                def.labels.iter().any(is)
            }),
            Self::Word(word) => {
                let step = &run.steps()[index];
                let name = def.map_or("", |def| &def.name);
                let item = || {
                    let item = step.item.as_ref().map(ToString::to_string);
                    item.is_some_and(|item| item.to_lowercase().contains(word))
                };
                step.id.as_str().to_lowercase().contains(word)
                    || name.to_lowercase().contains(word)
                    || item()
            }
        }
    }
}
