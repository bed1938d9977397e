//! A box that asks before something happens: what will follow from it, fields to fill, and two buttons. Every form of
//! the screen is one of these.

use serde_json::Value as Json;
use tui_input::Input;

use crate::id::StepId;
use crate::run::{Definition, Seen};
use crate::time::Timestamp;
use crate::tui::keys::Act;
use crate::workflow::{ParamKind, ParamSpec};

/// Keys of this long after the box was drawn are ignored: they were meant for what was there before.
pub(crate) const DEAF_MS: i64 = 400;

#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub title: String,
    pub purpose: Purpose,
    /// The step it is about, as it was when the box opened.
    pub aim: Option<Aim>,
    /// The steps that it is about, if it is about all that are marked.
    pub marked: Vec<Aim>,
    /// What a reload would go on by.
    pub definition: Option<Box<Definition>>,
    pub facts: Vec<Fact>,
    pub fields: Vec<Field>,
    /// A field, then "no", then "yes".
    pub focus: usize,
    /// What the buttons say.
    pub no: String,
    pub yes: String,
    /// When it was first on the screen.
    pub drawn: Option<Timestamp>,
    /// Why it cannot be confirmed as it is.
    pub problem: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A command to the run.
    Act(Act),
    /// One command to each marked step.
    Marked(Act),
    /// Takes a skip back: the other half of `S`.
    Unskip,
    /// Values for the parameters of a workflow that is to be started.
    Params,
    /// A run that was taken up is let go on, or left as it is.
    TakeUp,
}

/// A step and its state when a question about it was asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aim {
    pub index: usize,
    pub step: StepId,
    pub seen: Seen,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub label: &'static str,
    pub text: String,
    /// Worth a loud colour.
    pub grave: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub what: What,
    pub label: String,
    pub value: Value,
    pub required: bool,
    pub problem: String,
}

/// Which part of the answer a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Reason,
    Note,
    /// The name to type; it has no part in the answer.
    Name(String),
    Input(String),
    Output(String),
    /// A value of an approval's form or of a workflow's parameters.
    Param(ParamName),
    Rerun(StepId),
    RestOfRun,
    Dependents,
    OverrideVerify,
    How,
    Decision,
    /// A span from now on.
    Span,
    /// Which preflight check.
    Check,
    /// The whole run, or one step.
    Whole,
}

pub(crate) type ParamName = String;

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(Input),
    Choice { options: Vec<String>, at: usize },
    Toggle(bool),
}

impl Dialog {
    /// A box about `aim`, with "no" as its default.
    pub(crate) fn new(title: String, purpose: Purpose, aim: Option<Aim>) -> Self {
        Self {
            title,
            purpose,
            aim,
            marked: Vec::new(),
            definition: None,
            facts: Vec::new(),
            fields: Vec::new(),
            focus: 0,
            no: String::from("No"),
            yes: String::from("Yes"),
            drawn: None,
            problem: String::new(),
        }
    }

    /// Puts the focus on the first field or, without fields, on "no".
    #[must_use]
    pub(crate) fn with_fields(mut self, fields: Vec<Field>) -> Self {
        self.fields = fields;
        self.focus = 0;
        self
    }

    pub(crate) fn on_no(&self) -> bool {
        self.focus == self.fields.len()
    }

    pub(crate) fn on_yes(&self) -> bool {
        self.focus > self.fields.len()
    }

    pub(crate) fn focused(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.focus)
    }

    /// Whether letters go into a text field now.
    pub(crate) fn is_typing(&self) -> bool {
        let field = self.fields.get(self.focus);
        field.is_some_and(|field| matches!(field.value, Value::Text(_)))
    }

    /// Pasting a name would defeat typing it.
    pub(crate) fn takes_paste(&self) -> bool {
        let field = self.fields.get(self.focus);
        field.is_some_and(|field| !matches!(field.what, What::Name(_))) && self.is_typing()
    }

    pub(crate) fn move_focus(&mut self, by: isize) {
        let stops = self.fields.len() + 2;
        self.focus = self.focus.saturating_add_signed(by + stops as isize) % stops;
    }

    /// Whether a key typed at `at` was meant for this box.
    pub(crate) fn hears(&self, at: Timestamp) -> bool {
        self.drawn
            .is_some_and(|drawn| at.0 >= drawn.0 + DEAF_MS || at.0 < drawn.0)
    }

    pub(crate) fn text_of(&self, what: &What) -> String {
        let field = self.fields.iter().find(|field| field.what == *what);
        field.map(Field::text).unwrap_or_default()
    }

    pub(crate) fn is_on(&self, what: &What) -> bool {
        let field = self.fields.iter().find(|field| field.what == *what);
        field.is_some_and(|field| matches!(field.value, Value::Toggle(true)))
    }
}

impl Field {
    pub(crate) fn text_field(what: What, label: impl Into<String>, text: &str) -> Self {
        Self {
            what,
            label: label.into(),
            value: Value::Text(Input::new(text.to_owned())),
            required: false,
            problem: String::new(),
        }
    }

    pub(crate) fn toggle(what: What, label: impl Into<String>, on: bool) -> Self {
        Self {
            value: Value::Toggle(on),
            ..Self::text_field(what, label, "")
        }
    }

    pub(crate) fn choice(
        what: What,
        label: impl Into<String>,
        options: &[&str],
        at: usize,
    ) -> Self {
        Self {
            value: Value::Choice {
                options: options.iter().map(ToString::to_string).collect(),
                at,
            },
            ..Self::text_field(what, label, "")
        }
    }

    #[must_use]
    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The field for a declared value, filled with its default.
    pub(crate) fn param(spec: &ParamSpec) -> Self {
        let what = What::Param(spec.name.clone());
        let label = if spec.prompt.is_empty() {
            spec.name.clone()
        } else {
            format!("{} ({})", spec.prompt, spec.name)
        };
        let default = spec.default.as_ref();
        let needed = spec.required || default.is_none();
        let field = match &spec.kind {
            ParamKind::Bool => Self::toggle(what, label, default == Some(&Json::Bool(true))),
            ParamKind::Enum { options } => {
                let options: Vec<&str> = options.iter().map(String::as_str).collect();
                let default = default.and_then(Json::as_str);
                let at = options.iter().position(|option| Some(*option) == default);
                Self::choice(what, label, &options, at.unwrap_or(0))
            }
            _ => Self::text_field(what, label, &default.map(as_typed).unwrap_or_default()),
        };
        if needed { field.required() } else { field }
    }

    /// What is in it, as text.
    pub(crate) fn text(&self) -> String {
        match &self.value {
            Value::Text(input) => input.value().to_owned(),
            Value::Choice { options, at } => options.get(*at).cloned().unwrap_or_default(),
            Value::Toggle(on) => on.to_string(),
        }
    }

    /// The next or previous choice, or the other side of a switch.
    pub(crate) fn turn(&mut self, by: isize) {
        match &mut self.value {
            Value::Choice { options, at } if !options.is_empty() => {
                let count = options.len();
                *at = at.saturating_add_signed(by + count as isize) % count;
            }
            Value::Toggle(on) => *on = !*on,
            _ => {}
        }
    }
}

/// A value as a person would type it: a list as its elements with commas.
fn as_typed(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(as_typed).collect::<Vec<_>>().join(", "),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn focus_goes_round_over_fields_and_both_buttons() {
        let field = Field::text_field(What::Reason, "Reason", "");
        let purpose = Purpose::Act(Act::Skip);
        let mut dialog = Dialog::new("t".into(), purpose, None).with_fields(vec![field]);
        assert!(dialog.is_typing());
        dialog.move_focus(1);
        assert!(dialog.on_no());
        dialog.move_focus(1);
        assert!(dialog.on_yes());
        dialog.move_focus(1);
        assert!(dialog.is_typing());
        dialog.move_focus(-1);
        assert!(dialog.on_yes());
    }

    #[test]
    fn a_box_is_deaf_until_it_has_been_seen_for_a_moment() {
        let mut dialog = Dialog::new("t".into(), Purpose::Act(Act::Skip), None);
        assert!(!dialog.hears(Timestamp(10_000)));
        dialog.drawn = Some(Timestamp(10_000));
        assert!(!dialog.hears(Timestamp(10_399)));
        assert!(dialog.hears(Timestamp(10_400)));
    }
}
