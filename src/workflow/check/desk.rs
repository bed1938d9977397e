//! The desk at which a file is read: what was found so far, and the texts and names that must still be compared.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value as Json;

use crate::workflow::document::Named;
use crate::workflow::problem::{Problem, Severity};
use crate::workflow::template::{Compared, Expr, Reference, Template, Tree};
use crate::yaml::{At, Mistake, closest};

/// Names that are compared in search of a better one; keeps a large bad file from taking long.
const COMPARISONS_MAX: usize = 300_000;
/// Longer lists help nobody.
const PROBLEMS_MAX: usize = 500;

pub(super) struct Desk<'t> {
    pub(super) text: &'t str,
    pub(super) problems: Vec<Problem>,
    pub(super) uses: Vec<Use>,
    /// What is compared with a constant, and where.
    pub(super) compared: Vec<(Compared, Range<usize>)>,
    /// What must be true or false, and where.
    pub(super) truths: Vec<(Reference, Range<usize>)>,
    /// The step that is being read.
    pub(super) step: Option<usize>,
    part: Part,
    /// Where the text could not be read: what is missing there is no second mistake.
    unread: Vec<Range<usize>>,
    comparisons: usize,
    /// Steps whose sub-workflow could not be read: what they publish is not known.
    pub(super) unseen: BTreeSet<usize>,
}

/// A name that an expression refers to.
pub(super) struct Use {
    pub(super) step: Option<usize>,
    pub(super) part: Part,
    pub(super) role: Role,
    pub(super) reference: Reference,
    pub(super) span: Range<usize>,
    /// It is a secret, and the whole of its `${{ }}`.
    pub(super) plain_secret: bool,
}

/// What is being read of the step, or instead of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// What it does when nothing else is said; also all that is no step.
    Itself,
    /// Its `compensate`, which runs when the step has ended.
    Undo,
    /// Its other way in ungraceful mode.
    Alternative,
    /// What it does in a drill.
    Rehearsal,
    /// A hook, which belongs to the whole run.
    Hook,
}

/// What a text is for: decides which names it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// An entry of the workflow's `env`, with its number.
    CommonEnv(usize),
    /// An entry of a step's `env`, with its number.
    Env(usize),
    /// A part of what is performed: the only texts that may hold secrets.
    Work,
    /// Shown to people or published.
    Said,
    Condition,
    ForEach,
    /// `expect`: sees the answer only, by these names.
    Expect(&'static [&'static str]),
    /// An output of the whole workflow: sees every step, as all have ended.
    Output,
}

impl<'t> Desk<'t> {
    pub(super) fn new(text: &'t str, mistakes: Vec<Mistake>) -> Self {
        let unread = mistakes.iter().map(|m| m.span.clone()).collect();
        Self {
            text,
            problems: mistakes.into_iter().map(from_mistake).collect(),
            uses: Vec::new(),
            compared: Vec::new(),
            truths: Vec::new(),
            step: None,
            part: Part::Itself,
            unread,
            comparisons: 0,
            unseen: BTreeSet::new(),
        }
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> &mut Problem {
        self.add(Problem::new(Severity::Error, code, span, message))
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> &mut Problem {
        self.add(Problem::new(Severity::Warning, code, span, message))
    }

    /// Reads `part`: names mean there what they mean in it.
    pub(super) fn within<T>(&mut self, part: Part, read: impl FnOnce(&mut Self) -> T) -> T {
        self.part = part;
        let read = read(self);
        self.part = Part::Itself;
        read
    }

    fn add(&mut self, problem: Problem) -> &mut Problem {
        if self.problems.len() >= PROBLEMS_MAX {
            // The last one is overwritten: the list is long enough, and callers may go on as if it were not.
            self.problems.pop();
        }
        self.problems.push(problem);
        self.problems.last_mut().expect("one was just put there")
    }

    /// Something in here could not be read, so what seems to be missing may only be misspelt.
    pub(super) fn is_unread(&self, at: At<'_>) -> bool {
        let whole = at.whole();
        self.unread
            .iter()
            .any(|span| whole.start <= span.start && span.start < whole.end.max(whole.start + 1))
    }

    /// A key of this name was probably meant by an unknown one.
    pub(super) fn is_misspelt(&self, key: &str) -> bool {
        let meant = format!("`{key}`");
        self.problems.iter().any(|p| {
            p.code == "unknown_key" && p.hint.as_ref().is_some_and(|hint| hint.contains(&meant))
        })
    }

    /// The name that was probably meant, as a hint.
    pub(super) fn meant<'a>(
        &mut self,
        name: &str,
        candidates: impl ExactSizeIterator<Item = &'a str>,
    ) -> Option<String> {
        self.comparisons += candidates.len();
        if self.comparisons > COMPARISONS_MAX {
            return None;
        }
        closest(name, candidates).map(|meant| format!("did you mean `{meant}`?"))
    }

    /// A text with expressions. If it is wrong, an empty one stands in.
    pub(super) fn template(&mut self, role: Role, at: At<'_>, text: &str) -> Template {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(bad) => {
                let nth = text[..bad.span.start].matches("${{").count();
                let span = nth_expression(self.text, at.whole(), nth).unwrap_or_else(|| at.span());
                let code = bad.code;
                let problem = self.error(code, span, bad.message);
                problem.hint = bad.hint;
                return Template::literal("");
            }
        };
        for name in template.secrets() {
            let reference = Reference::new(["secrets", name]);
            self.uses(role, at, reference, true);
        }
        for expr in template.expressions() {
            self.expression(role, at, expr);
        }
        template
    }

    /// An expression on its own.
    pub(super) fn expr(&mut self, role: Role, at: At<'_>, text: &str) -> Option<Expr> {
        match Expr::parse(text) {
            Ok(expr) => {
                self.expression(role, at, &expr);
                Some(expr)
            }
            Err(bad) => {
                let problem = self.error(bad.code, at.span(), bad.message);
                problem.hint = bad.hint;
                None
            }
        }
    }

    /// A value with texts in it.
    pub(super) fn tree(&mut self, role: Role, at: At<'_>, value: &Json) -> Tree<Template> {
        match value {
            Json::String(text) => Tree::Text(self.template(role, at, text)),
            Json::Array(items) => {
                let items = items.iter().enumerate();
                Tree::List(
                    items
                        .map(|(i, item)| self.tree(role, at.nth(i), item))
                        .collect(),
                )
            }
            Json::Object(entries) => {
                let entries = entries.iter();
                Tree::Map(
                    entries
                        .map(|(key, value)| (key.clone(), self.tree(role, at.down(key), value)))
                        .collect(),
                )
            }
            plain => Tree::Plain(plain.clone()),
        }
    }

    fn expression(&mut self, role: Role, at: At<'_>, expr: &Expr) {
        for reference in expr.references() {
            self.uses(role, at, reference.clone(), false);
        }
        for compared in expr.compared() {
            let span = locate(self.text, at, &compared.reference);
            self.compared.push((compared.clone(), span));
        }
    }

    fn uses(&mut self, role: Role, at: At<'_>, reference: Reference, plain_secret: bool) {
        let span = locate(self.text, at, &reference);
        self.uses.push(Use {
            step: self.step,
            part: self.part,
            role,
            reference,
            span,
            plain_secret,
        });
    }

    /// Refuses keys that only a later version understands.
    pub(super) fn later(&mut self, at: At<'_>, keys: &[&str]) {
        for (name, value) in at.entries() {
            if keys.contains(&name) {
                let message =
                    format!("`{name}` is not in this version: flightdeck does not run it yet");
                self.error("not_in_this_version", value.key_span(), message);
            }
        }
    }

    /// A span of time that must not be zero.
    pub(super) fn positive(
        &mut self,
        at: At<'_>,
        span: std::time::Duration,
    ) -> std::time::Duration {
        if span.is_zero() {
            self.error("bad_time", at.span(), "a time must be more than 0");
        }
        span
    }
}

/// The entries of a map with their places, although some of the places may have no entry because they were unreadable.
pub(super) fn named<'d, 't: 'd, T>(
    at: At<'t>,
    entries: &'d Named<T>,
) -> impl Iterator<Item = (&'d str, &'d T, At<'t>)> + 'd {
    let mut places = at.entries();
    entries.0.iter().map(move |(name, value)| {
        let place = places.by_ref().find(|(key, _)| *key == name.as_str());
        (name.as_str(), value, place.map_or(at, |(_, place)| place))
    })
}

fn from_mistake(mistake: Mistake) -> Problem {
    let mut problem = Problem::new(Severity::Error, mistake.code, mistake.span, mistake.message);
    problem.label = mistake.label;
    problem.related = mistake.related;
    problem.hint = mistake.hint;
    problem
}

/// The bytes of the `nth` expression in a value.
pub(super) fn nth_expression(text: &str, whole: Range<usize>, nth: usize) -> Option<Range<usize>> {
    let raw = text.get(whole.clone())?;
    let (start, _) = raw.match_indices("${{").nth(nth)?;
    let rest = &raw[start..];
    let line_end = rest.find('\n').unwrap_or(rest.len());
    let end = rest.find("}}").map_or(3, |end| end + 2).min(line_end);
    Some(whole.start + start..whole.start + start + end)
}

/// Where a name stands in the raw text of a value, as exactly as can be told.
fn locate(text: &str, at: At<'_>, reference: &Reference) -> Range<usize> {
    let whole = at.whole();
    let raw = text.get(whole.clone()).unwrap_or_default();
    let found = |needle: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
        raw.match_indices(needle).find_map(|(start, _)| {
            let end = start + needle.len();
            let alone = !raw[..start].ends_with(inside) && !raw[end..].starts_with(inside);
            alone.then(|| whole.start + start..whole.start + end)
        })
    };
    found(&reference.text())
        .or_else(|| reference.names().last().and_then(found))
        .or_else(|| found(reference.root()))
        .unwrap_or_else(|| at.span())
}
