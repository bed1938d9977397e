//! Marks and bookmarks, and one box for what a key does to all marked steps: what each of them would do, which cannot and
//! why. One command a step is sent, in the order of the list.

use super::ask;
use crate::run::Command;
use crate::tui::keys::{Act, Level};
use crate::tui::message::Request;
use crate::tui::model::{Aim, Dialog, Fact, Field, Model, Purpose, Tone, What};

/// Steps that the box tells one by one; of the rest only the number.
const TOLD: usize = 6;

/// Keys that act on all marked steps.
pub(super) const ON_MARKED: [Act; 5] = [
    Act::Retry,
    Act::Skip,
    Act::Mark,
    Act::Cancel,
    Act::Breakpoint,
];

/// False if `act` has nothing to do with marks.
pub(super) fn marks(model: &mut Model, act: Act) -> bool {
    let Some(id) = model.step().map(|step| step.id.clone()) else {
        return false;
    };
    match act {
        Act::Select => {
            if model.marks.has_range() {
                model.end_range();
            } else {
                model.marks.turn(&id);
                model.select_row(model.cursor + 1);
            }
            model.follow_run = false;
        }
        Act::SelectRange => {
            if model.marks.has_range() {
                model.end_range();
            } else {
                model.marks.begin_range(id);
            }
            model.follow_run = false;
        }
        Act::Bookmark => {
            let set = model.marks.turn_bookmark(&id);
            let words = if set {
                "bookmark set at"
            } else {
                "bookmark cleared at"
            };
            let key = model.keymap.first_of(Act::BookmarkNext);
            model.say(Tone::Info, &format!("{words} {id}; {key} goes to the next"));
        }
        Act::BookmarkNext if !model.marks.has_bookmarks() => {
            let key = model.keymap.first_of(Act::Bookmark);
            model.say(Tone::Info, &format!("no bookmark is set; {key} sets one"));
        }
        _ => return false,
    }
    true
}

/// What the marks make of `act`: a box, or commands at once where nothing is asked. False if nothing is marked.
pub(super) fn ask(model: &mut Model, act: Act, out: &mut Vec<Request>) -> bool {
    if model.marks.is_empty() || !ON_MARKED.contains(&act) {
        return false;
    }
    model.end_range();
    let aims: Vec<Aim> = model
        .marked()
        .into_iter()
        .filter_map(|i| model.aim_at(i))
        .collect();
    let level = aims
        .iter()
        .map(|aim| ask::level_of(model, act, aim.index, &[]))
        .max();
    match level {
        None => return false,
        Some(Level::Free) => {
            let requests = requests(model, act, &aims, &Filled::default());
            model.marks.sent(requests.len());
            out.extend(requests);
        }
        Some(level) => open(model, act, level, aims),
    }
    true
}

fn open(model: &mut Model, act: Act, level: Level, aims: Vec<Aim>) {
    let title = format!("{} {} MARKED STEPS", ask::verb(act), aims.len());
    let mut dialog = Dialog::new(title, Purpose::Marked(act), None);
    let commands = commands(model, act, &aims, &Filled::unknown());
    let accepted = commands.iter().filter(|(.., why)| why.is_none()).count();
    dialog.yes = format!("{} {accepted}", ask::yes(act));
    dialog.facts = facts(model, &commands);
    let mut fields = Vec::new();
    let misses = |(_, command, _): &(&Aim, Command, _)| {
        matches!(command, Command::Skip { .. })
            && !model.effects_of(&alone(command)).loses.is_empty()
    };
    if commands.iter().take(TOLD).any(misses) {
        let label = "Skip the steps that would miss an output";
        fields.push(Field::toggle(What::Dependents, label, false));
    }
    let reason = Field::text_field(What::Reason, "Reason", "");
    fields.push(if matches!(act, Act::Skip | Act::Mark) {
        reason.required()
    } else {
        reason
    });
    if level == Level::Typed {
        let name = model.run.workflow().name.clone();
        let label = format!("Type {name} to confirm (paste is off)");
        fields.push(Field::text_field(What::Name(name), label, "").required());
    }
    let mut dialog = dialog.with_fields(fields);
    if accepted == 0 {
        "none of them can do this now; the reasons stand above".clone_into(&mut dialog.problem);
    }
    dialog.marked = aims;
    model.front = crate::tui::model::Front::Dialog(Box::new(dialog));
}

/// Without the way out that the person may choose.
fn alone(command: &Command) -> Command {
    let mut command = command.clone();
    if let Command::Skip { dependents, .. } = &mut command {
        *dependents = false;
    }
    command
}

/// What the fields of the box hold.
#[derive(Default)]
struct Filled {
    reason: String,
    dependents: bool,
}

impl Filled {
    /// As long as nothing is typed: something will be.
    fn unknown() -> Self {
        Self {
            reason: "?".into(),
            dependents: true,
        }
    }

    fn of(dialog: &Dialog) -> Self {
        Self {
            reason: dialog.text_of(&What::Reason).trim().to_owned(),
            dependents: dialog.is_on(&What::Dependents),
        }
    }
}

type Asked<'a> = (&'a Aim, Command, Option<String>);

/// The command for each marked step, and why the machine refuses it, if it does.
fn commands<'a>(model: &Model, act: Act, aims: &'a [Aim], filled: &Filled) -> Vec<Asked<'a>> {
    let lacks = |aim: &Aim| !model.run.steps()[aim.index].breakpoint;
    let set = aims.iter().any(lacks);
    let command = |aim: &'a Aim| {
        let mut command = model.step_command(act, aim.index)?;
        match &mut command {
            Command::Breakpoint { on, .. } => *on = set,
            Command::Skip {
                reason,
                dependents,
                outputs,
                ..
            } => {
                filled.reason.clone_into(reason);
                *dependents = filled.dependents;
                outputs.clear();
            }
            Command::Mark {
                reason, outputs, ..
            } => {
                filled.reason.clone_into(reason);
                // Values differ from step to step: a step that has some is marked alone.
                outputs.clear();
            }
            Command::Retry { reason, .. }
            | Command::Cancel { reason, .. }
            | Command::Unskip { reason, .. } => filled.reason.clone_into(reason),
            _ => {}
        }
        let refusal = model.run.refusal(&command, &model.actor, Some(&aim.seen));
        Some((aim, command, refusal.map(|refusal| refusal.to_string())))
    };
    let wanted = |aim: &&Aim| act != Act::Breakpoint || lacks(aim) == set;
    aims.iter().filter(wanted).filter_map(command).collect()
}

/// What each would do, by the machine's own preview of it alone; then those that cannot, and why.
fn facts(model: &Model, commands: &[Asked<'_>]) -> Vec<Fact> {
    let mut facts = Vec::new();
    let (able, unable): (Vec<_>, Vec<_>) = commands.iter().partition(|(.., why)| why.is_none());
    for (n, (aim, command, _)) in able.iter().take(TOLD).enumerate() {
        let told = model.facts_of_one(command);
        let grave = told.iter().any(|fact| fact.grave);
        let told: Vec<String> = told
            .into_iter()
            .map(|fact| {
                let label = fact.label.to_lowercase();
                // Its own name stands before it.
                match fact.text.strip_prefix(aim.step.as_str()) {
                    Some(rest) if !rest.starts_with(',') => format!("{label}{rest}"),
                    _ => format!("{label} {}", fact.text),
                }
            })
            .collect();
        let text = format!("{}: {}", aim.step, told.join("; "));
        facts.push(fact(if n == 0 { "Will" } else { "" }, text, grave));
    }
    more(&mut facts, able.len());
    for (n, (aim, _, why)) in unable.iter().take(TOLD).enumerate() {
        // What would be possible instead is told where the step is alone.
        let why = why.as_deref().unwrap_or_default();
        let why = why.split("; ").next().unwrap_or_default();
        let text = if why.starts_with(aim.step.as_str()) {
            why.to_owned()
        } else {
            format!("{}: {why}", aim.step)
        };
        facts.push(fact(if n == 0 { "Cannot" } else { "" }, text, true));
    }
    more(&mut facts, unable.len());
    facts
}

fn more(facts: &mut Vec<Fact>, count: usize) {
    if count > TOLD {
        facts.push(fact("", format!("and {} more", count - TOLD), false));
    }
}

fn fact(label: &'static str, text: String, grave: bool) -> Fact {
    Fact { label, text, grave }
}

fn requests(model: &Model, act: Act, aims: &[Aim], filled: &Filled) -> Vec<Request> {
    let asked = commands(model, act, aims, filled).into_iter();
    let able = asked.filter(|(.., why)| why.is_none());
    able.map(|(aim, command, _)| Request::Send {
        command,
        seen: Some(aim.seen.clone()),
    })
    .collect()
}

/// The commands of the box, or none with the reason in it.
pub(super) fn submit(model: &mut Model, act: Act, dialog: &mut Dialog) -> Option<Vec<Request>> {
    let requests = requests(model, act, &dialog.marked, &Filled::of(dialog));
    if requests.is_empty() {
        "none of them can do this now; the reasons stand above".clone_into(&mut dialog.problem);
        return None;
    }
    model.marks.sent(requests.len());
    Some(requests)
}

/// What the box says, after a switch was turned.
pub(super) fn refresh(model: &Model, act: Act, dialog: &mut Dialog) {
    let filled = Filled {
        dependents: dialog.is_on(&What::Dependents),
        ..Filled::unknown()
    };
    dialog.facts = facts(model, &commands(model, act, &dialog.marked, &filled));
}
