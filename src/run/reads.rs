//! Who reads the outputs of whom: what is asked about before a step is skipped. A read that a condition would prevent counts
//! too.

use std::collections::BTreeMap;

use crate::workflow::{Action, Expr, FanSource, Step, Template, Tree, Wait, Work, Workflow};

/// `reader` asks for this output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) reader: usize,
    pub(super) output: String,
}

pub(super) fn reads(workflow: &Workflow) -> BTreeMap<usize, Vec<Read>> {
    let ids: BTreeMap<&str, usize> = workflow
        .steps
        .iter()
        .enumerate()
        .map(|(i, s)| (s.id.as_str(), i))
        .collect();
    let mut found: BTreeMap<usize, Vec<Read>> = BTreeMap::new();
    let full = |scope: Option<usize>, id: &str| match scope {
        None => ids.get(id).copied(),
        Some(group) => ids
            .get(workflow.steps[group].id.inner(id).as_str())
            .copied(),
    };
    for (reader, step) in workflow.steps.iter().enumerate() {
        let scope = workflow.scope(reader);
        let mut visit = |expr: &Expr| {
            for (id, output) in outputs_in(expr) {
                let Some(i) = full(scope, id) else { continue };
                let output = output.to_owned();
                note(&mut found, i, Read { reader, output });
            }
        };
        for_each_expression(step, &mut visit);
        // The first step of a sub-workflow gives it what its group says.
        let group = step.inside.filter(|_| matches!(step.action, Action::Begin));
        if let Some(inner) = group.and_then(|g| workflow.steps[g].inner()) {
            inner.given.values().for_each(|t| tree(t, &mut visit));
        }
    }
    read_through(workflow, &full, &mut found);
    found
}

/// Whoever reads an output of a sub-workflow reads those inside that it is made of. The outermost come first.
fn read_through(
    workflow: &Workflow,
    full: &dyn Fn(Option<usize>, &str) -> Option<usize>,
    found: &mut BTreeMap<usize, Vec<Read>>,
) {
    for (group, step) in workflow.steps.iter().enumerate().rev() {
        let (Some(inner), Some(outer)) = (step.inner(), found.get(&group).cloned()) else {
            continue;
        };
        for (name, value) in &inner.outputs {
            tree(value, &mut |expr| {
                for (id, output) in outputs_in(expr) {
                    let Some(i) = full(Some(group), id) else {
                        continue;
                    };
                    for read in outer.iter().filter(|read| read.output == *name) {
                        let (reader, output) = (read.reader, output.to_owned());
                        note(found, i, Read { reader, output });
                    }
                }
            });
        }
    }
}

fn note(found: &mut BTreeMap<usize, Vec<Read>>, i: usize, read: Read) {
    let list = found.entry(i).or_default();
    if !list.contains(&read) {
        list.push(read);
    }
}

/// Step and name of each `steps.ID.outputs.NAME`.
fn outputs_in(expr: &Expr) -> impl Iterator<Item = (&str, &str)> {
    let steps = expr.references().iter().filter(|r| r.root() == "steps");
    steps.filter_map(|reference| {
        let mut names = reference.names();
        match (names.next(), names.next(), names.next()) {
            (Some(id), Some("outputs"), Some(name)) => Some((id, name)),
            _ => None,
        }
    })
}

type Visit<'a> = dyn FnMut(&Expr) + 'a;

fn for_each_expression(step: &Step, visit: &mut Visit) {
    step.condition.iter().for_each(&mut *visit);
    step.env.iter().for_each(|(_, t)| text(t, visit));
    step.on_skip.values().for_each(|t| tree(t, visit));
    if let Some(FanSource::ForEach(expr)) = step.fan_out.as_ref().map(|fan| &fan.source) {
        visit(expr);
    }
    step.verify.iter().for_each(|w| work(w, visit));
    match &step.action {
        Action::Work(w) => work(w, visit),
        Action::Wait(Wait::For(_)) | Action::Begin | Action::Workflow(_) => {}
        Action::Wait(Wait::Until(t)) => text(t, visit),
        Action::Approval(approval) => text(&approval.message, visit),
        Action::Checklist(list) => list.items.iter().for_each(|i| text(&i.text, visit)),
        Action::Assert { that, message } => {
            visit(that);
            text(message, visit);
        }
        Action::Set { values } => values.values().for_each(|t| tree(t, visit)),
    }
}

fn text(template: &Template, visit: &mut Visit) {
    template.expressions().for_each(visit);
}

fn tree(tree_of: &Tree<Template>, visit: &mut Visit) {
    tree_of.texts().into_iter().for_each(|t| text(t, visit));
}

fn work(work_of: &Work<Template>, visit: &mut Visit) {
    // `try_map` is the one place that knows where an action keeps its texts; what it builds is thrown away.
    let visit = std::cell::RefCell::new(visit);
    let visited: Result<Work<()>, std::convert::Infallible> = work_of.try_map(
        &mut |_, t| {
            text(t, &mut **visit.borrow_mut());
            Ok(())
        },
        &mut |_, t| {
            tree(t, &mut **visit.borrow_mut());
            Ok(Tree::Text(()))
        },
    );
    drop(visited);
}
