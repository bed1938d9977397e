//! What a saved plan would do, in lines that somebody can say yes or no to.
//!
//! Read from `terraform show -json PLAN`. Names only: of which resource, of which attribute. Values stay in the log, where
//! terraform blacks out what it knows to be sensitive, and we what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::stream::Counts;

/// Lines of a summary: an approval must show it whole on a screen of 24 rows.
const SUMMARY_MAX: usize = 9;
/// Attributes named of one resource.
const NAMES_MAX: usize = 4;
/// Resources that the output `resources` lists.
const LISTED_MAX: usize = 300;
/// Shorter sensitive values are not looked for: they would black out half of the plan.
const SENSITIVE_MIN: usize = 4;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Changes {
    #[serde(rename = "resource_changes")]
    resources: Vec<Change>,
    #[serde(rename = "resource_drift")]
    drift: Vec<Change>,
    #[serde(rename = "output_changes")]
    outputs: BTreeMap<String, Body>,
    /// All that is known of a plan that is too large to be read, and what shows it.
    #[serde(skip)]
    counted: Option<([u64; 3], String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    address: String,
    change: Body,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    actions: Vec<String>,
    before: Json,
    after: Json,
    after_unknown: Json,
    before_sensitive: Json,
    after_sensitive: Json,
    replace_paths: Vec<Vec<Json>>,
    importing: Json,
}

/// What happens to a resource; in the order in which it should be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    Destroy,
    Replace,
    Forget,
    Update,
    Create,
    Import,
}

impl Action {
    fn of(body: &Body) -> Option<Self> {
        let actions: Vec<&str> = body.actions.iter().map(String::as_str).collect();
        match actions.as_slice() {
            ["delete"] => Some(Self::Destroy),
            ["delete", "create"] | ["create", "delete"] => Some(Self::Replace),
            ["forget"] | ["create", "forget"] => Some(Self::Forget),
            ["update"] => Some(Self::Update),
            ["create"] => Some(Self::Create),
            ["no-op"] if !body.importing.is_null() => Some(Self::Import),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Destroy => "destroy",
            Self::Replace => "replace",
            Self::Forget => "forget",
            Self::Update => "change",
            Self::Create => "create",
            Self::Import => "import",
        }
    }
}

impl Changes {
    /// Of a plan that is too large to be read; `look` is the command that shows it.
    pub(super) fn counted(told: &Counts, look: String) -> Self {
        Self {
            counted: Some(([told.add, told.change, told.destroy], look)),
            ..Self::default()
        }
    }

    /// `[+ add, ~ change, - destroy]`; a replacement adds and destroys.
    pub(super) fn counts(&self) -> [u64; 3] {
        if let Some((counts, _)) = &self.counted {
            return *counts;
        }
        let mut counts = [0; 3];
        for (action, _) in self.sorted() {
            match action {
                Action::Create => counts[0] += 1,
                Action::Update => counts[1] += 1,
                Action::Destroy => counts[2] += 1,
                Action::Replace => {
                    counts[0] += 1;
                    counts[2] += 1;
                }
                Action::Forget | Action::Import => {}
            }
        }
        counts
    }

    /// A few lines: the counts, then what each resource comes to, the dangerous first.
    pub(super) fn summary(&self, place: &str) -> String {
        let [add, change, destroy] = self.counts();
        let mut lines = vec![format!(
            "{add} to add, {change} to change, {destroy} to destroy ({place})"
        )];
        if let Some((_, look)) = &self.counted {
            lines.push(format!("- too large to be listed: look with `{look}`"));
        }
        if !self.drift.is_empty() {
            let n = self.drift.len();
            lines.push(format!("- {n} changed outside of terraform since"));
        }
        let sorted = self.sorted();
        let outputs = self.changed_outputs();
        let mut rest: Vec<String> = sorted.iter().map(|(action, c)| row(*action, c)).collect();
        rest.extend(
            outputs
                .iter()
                .map(|(word, name)| format!("- {word} output {name}")),
        );
        if lines.len() + rest.len() > SUMMARY_MAX {
            let left = rest.split_off(SUMMARY_MAX - lines.len() - 1).len();
            rest.push(format!("- {left} more, in the log of the plan"));
        }
        lines.extend(rest);
        lines.join("\n")
    }

    /// `[{address, action}]`, cut where it would fill the journal.
    pub(super) fn list(&self) -> Json {
        let sorted = self.sorted().into_iter().take(LISTED_MAX);
        sorted
            .map(|(action, change)| json!({"address": change.address, "action": action.word()}))
            .collect()
    }

    /// Texts that terraform knows to be sensitive. What is computed from them it may show all the same.
    pub(super) fn sensitive(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let resources = self.resources.iter().chain(&self.drift);
        let bodies = resources.map(|change| &change.change);
        for body in bodies.chain(self.outputs.values()) {
            gather(&body.before, &body.before_sensitive, &mut found);
            gather(&body.after, &body.after_sensitive, &mut found);
        }
        found
    }

    fn sorted(&self) -> Vec<(Action, &Change)> {
        let changes = self.resources.iter();
        let mut sorted: Vec<(Action, &Change)> = changes
            .filter_map(|change| Some((Action::of(&change.change)?, change)))
            .collect();
        sorted.sort_by_key(|(action, change)| (*action, change.address.as_str()));
        sorted
    }

    fn changed_outputs(&self) -> Vec<(&'static str, &str)> {
        let changed = self.outputs.iter();
        changed
            .filter_map(|(name, body)| Some((Action::of(body)?.word(), name.as_str())))
            .collect()
    }
}

/// `- change aws_db_instance.main (instance_class, tags)`: as Markdown it is an item of a list.
fn row(action: Action, change: &Change) -> String {
    let body = &change.change;
    let (names, word) = match action {
        Action::Update => (changed(body), ""),
        Action::Replace => {
            let paths = body.replace_paths.iter();
            let names = paths.filter_map(|path| path.first()?.as_str()).collect();
            (names, "because of ")
        }
        _ => (BTreeSet::new(), ""),
    };
    let line = format!("- {} {}", action.word(), change.address);
    if names.is_empty() {
        return line;
    }
    let more = if names.len() > NAMES_MAX { ", …" } else { "" };
    let names: Vec<&str> = names.into_iter().take(NAMES_MAX).collect();
    format!("{line} ({word}{}{more})", names.join(", "))
}

/// The attributes that differ, or whose value is not known before.
fn changed(body: &Body) -> BTreeSet<&str> {
    let told = [&body.after, &body.after_unknown];
    let names = told
        .into_iter()
        .filter_map(Json::as_object)
        .flat_map(|map| map.keys());
    let is_unknown = |name: &str| body.after_unknown.get(name).is_some_and(|m| !is_hollow(m));
    names
        .map(String::as_str)
        .filter(|name| is_unknown(name) || body.before.get(name) != body.after.get(name))
        .collect()
}

/// Holds no `true` anywhere.
fn is_hollow(mark: &Json) -> bool {
    match mark {
        Json::Bool(is) => !is,
        Json::Array(items) => items.iter().all(is_hollow),
        Json::Object(entries) => entries.values().all(is_hollow),
        _ => true,
    }
}

/// The texts in `value` wherever `mark` says true.
fn gather(value: &Json, mark: &Json, found: &mut BTreeSet<String>) {
    match (value, mark) {
        (Json::String(text), Json::Bool(true)) if text.len() >= SENSITIVE_MIN => {
            found.insert(text.clone());
        }
        (Json::Array(items), Json::Bool(true)) => {
            for item in items {
                gather(item, mark, found);
            }
        }
        (Json::Object(entries), Json::Bool(true)) => {
            for value in entries.values() {
                gather(value, mark, found);
            }
        }
        (Json::Array(items), Json::Array(marks)) => {
            for (item, mark) in items.iter().zip(marks) {
                gather(item, mark, found);
            }
        }
        (Json::Object(entries), Json::Object(marks)) => {
            for (key, value) in entries {
                gather(value, marks.get(key).unwrap_or(&Json::Null), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(resources: &[(&str, &str, Json)]) -> Changes {
        let list: Vec<Json> = resources
            .iter()
            .map(|(address, actions, more)| {
                let mut change = more.clone();
                change["actions"] = actions.split(' ').collect();
                json!({"address": address, "change": change})
            })
            .collect();
        serde_json::from_value(json!({"resource_changes": list})).unwrap()
    }

    #[test]
    fn the_dangerous_comes_first_and_names_say_why() {
        let plan = changes(&[
            ("a.new", "create", json!({})),
            ("a.same", "no-op", json!({})),
            (
                "a.class",
                "update",
                json!({"before": {"x": 1, "y": 1, "z": "s"}, "after": {"x": 2, "y": 1}, "after_unknown": {"z": true, "w": [false]}}),
            ),
            (
                "a.image",
                "create delete",
                json!({"replace_paths": [["ami"]]}),
            ),
            ("a.old", "delete", json!({})),
        ]);
        assert_eq!(
            plan.summary("infra"),
            "2 to add, 1 to change, 2 to destroy (infra)\n- destroy a.old\n- replace a.image (because of ami)\n- change a.class (x, z)\n- create a.new"
        );
        assert_eq!(
            plan.list()[0],
            json!({"address": "a.old", "action": "destroy"})
        );
    }

    #[test]
    fn a_long_plan_says_how_much_it_leaves_out() {
        let names: Vec<String> = (0..30).map(|n| format!("a.n{n:02}")).collect();
        let rows: Vec<_> = names
            .iter()
            .map(|n| (n.as_str(), "create", json!({})))
            .collect();
        let summary = changes(&rows).summary("infra");
        assert_eq!(summary.lines().count(), SUMMARY_MAX);
        assert!(
            summary.ends_with("- create a.n06\n- 23 more, in the log of the plan"),
            "{summary}"
        );
    }

    #[test]
    fn a_plan_that_cannot_be_read_is_told_from_its_counts() {
        let told = Counts {
            add: 7000,
            destroy: 1,
            ..Counts::default()
        };
        let plan = Changes::counted(&told, "tofu show p".to_owned());
        assert_eq!(
            plan.summary("infra"),
            "7000 to add, 0 to change, 1 to destroy (infra)\n- too large to be listed: look with `tofu show p`"
        );
        assert_eq!(plan.list(), json!([]));
    }

    #[test]
    fn sensitive_texts_are_found_wherever_they_are_marked() {
        let plan = changes(&[(
            "a.b",
            "update",
            json!({
                "before": {"p": "hunter2", "q": "open"}, "before_sensitive": {"p": true},
                "after": {"l": [{"k": "deep-one"}, {"k": "plain"}]}, "after_sensitive": {"l": [{"k": true}, {}]},
            }),
        )]);
        let found: Vec<String> = plan.sensitive().into_iter().collect();
        assert_eq!(found, ["deep-one", "hunter2"]);
    }
}
