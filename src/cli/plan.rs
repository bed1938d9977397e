//! `plan`: what would run, in which order, with which inputs and how long; touches nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use super::args::PlanArgs;
use super::exit::{Exit, Failure};
use super::out::Out;
use super::{launch, params, plan_json};
use crate::config::Settings;
use crate::id::RunId;
use crate::run::{Kind, Run};
use crate::time::spoken_span;
use crate::workflow::{
    Action, Answerers, Approval, FanOut, FanSource, OnConflict, Step, Template, Wait, Window, Work,
    Workflow, bind_params,
};

pub(super) fn plan(args: &PlanArgs, settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let (source, workflow) = super::check::load(&args.file, settings)?;
    let given = params::given(&args.params)?;
    let bound = bind_params(&workflow, &given).map_err(|p| params::refused(&workflow, &p))?;
    let workflow = Arc::new(workflow);
    let kind = Kind::from(args.kind);
    let start = super::run::Beginning {
        params: bound,
        kind,
        ..super::run::Beginning::default()
    }
    .start(
        &workflow,
        &source.file,
        &RunId::parse("plan").expect("a fixed good id"),
    );
    // The same machine that would run it says what each step would do; its first turn goes nowhere.
    let (run, _turn) = Run::start(workflow, start, launch::now());
    // In a drill some steps do something else.
    let workflow = Arc::clone(run.workflow());
    // Only a live run asks for the approval of its start.
    let hidden = workflow.policies.gate.filter(|_| kind != Kind::Live);
    let mut order = order(&workflow);
    order.retain(|step| Some(*step) != hidden);
    let frozen = (kind == Kind::Live).then(|| workflow.policies.frozen(launch::now()));
    let frozen = frozen.flatten();
    if args.json {
        out.json(&plan_json::object(&workflow, &run, &order, frozen.as_ref()))?;
        return Ok(Exit::Succeeded);
    }
    heading(&workflow, &run, &order, out)?;
    policies(&run, frozen.as_ref(), out)?;
    out.line("")?;
    preflight(&run, out)?;
    for (n, index) in order.iter().enumerate() {
        describe(n + 1, (&workflow, hidden), *index, &run, out)?;
    }
    Ok(Exit::Succeeded)
}

fn heading(workflow: &Workflow, run: &Run, order: &[usize], out: &mut Out) -> Result<(), Failure> {
    let count = |test: &dyn Fn(&Step) -> bool| {
        let steps = order.iter().map(|i| &workflow.steps[*i]);
        steps.filter(|step| test(step)).count()
    };
    let people = count(&Step::needs_person);
    let danger = count(&|step| step.danger);
    let mut facts = vec![format!("{} steps", order.len())];
    let (longest, unknown) = longest_path(workflow);
    if !longest.is_zero() {
        facts.push(format!(
            "about {} without waiting for people",
            spoken_span(longest)
        ));
    }
    if unknown > 0 {
        facts.push(format!("{unknown} without an expected time"));
    }
    if people > 0 {
        facts.push(format!("{people} need a person (?)"));
    }
    if danger > 0 {
        facts.push(format!("{danger} dangerous (!)"));
    }
    match count(&|step| is_for_good(step)) {
        0 => {}
        n if workflow.steps.iter().all(|s| s.compensate.is_none()) => {
            facts.push(format!(
                "{n} change something and nothing can be rolled back"
            ));
        }
        n => facts.push(format!("{n} cannot be undone")),
    }
    out.line(format!("{}: {}", workflow.name, facts.join(", ")))?;
    if let Some(started) = run.started() {
        for (name, value) in &started.params {
            out.line(format!("  param {name} = {value}"))?;
        }
    }
    let objectives = &workflow.objectives;
    for (word, span) in [("rto", objectives.rto), ("rpo", objectives.rpo)] {
        if let Some(span) = span {
            out.line(format!("  objective {word} {}", spoken_span(span)))?;
        }
    }
    Ok(())
}

/// It changes something, and a roll back leaves it as it is.
pub(super) fn is_for_good(step: &Step) -> bool {
    step.compensate.is_none() && step.changes_something()
}

/// What the run would need before it may start.
fn policies(run: &Run, frozen: Option<&Window>, out: &mut Out) -> Result<(), Failure> {
    match run.claim() {
        Some(Ok(claim)) => {
            let full = match claim.on_conflict {
                OnConflict::Reject => "is refused",
                OnConflict::Queue => "waits",
            };
            out.line(format!(
                "  takes turns in group {}, {} at a time; when it is full, the run {full}",
                claim.group, claim.limit
            ))?;
        }
        Some(Err(why)) => out.line(format!("  its group cannot be found out: {why}"))?,
        None => {}
    }
    match frozen {
        Some(window) => out.line(format!("  does not start now: {}", window.said)),
        None => Ok(()),
    }
}

/// What is looked at before the first step.
fn preflight(run: &Run, out: &mut Out) -> Result<(), Failure> {
    for i in 0..run.checks().len() {
        let def = run.check_def(i);
        let means = if def.blocks { "blocks" } else { "warns" };
        let kind = def.action.kind();
        out.line(format!("  preflight {}  ({kind}, {means})", def.id))?;
        for line in run.will_check(i).iter().flat_map(|l| l.lines()) {
            out.line(format!("       {line}"))?;
        }
    }
    if run.checks().is_empty() {
        Ok(())
    } else {
        out.line("")
    }
}

fn describe(
    n: usize,
    (workflow, hidden): (&Workflow, Option<usize>),
    index: usize,
    run: &Run,
    out: &mut Out,
) -> Result<(), Failure> {
    let step = &workflow.steps[index];
    let marks = [
        (step.needs_person(), " ?"),
        (step.danger, " !"),
        (step.required, " required"),
        (step.always, " always"),
    ];
    let marks: String = marks
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, m)| *m)
        .collect();
    let expected = match step.expected {
        Some(span) => format!(", expected {}", spoken_span(span)),
        None => String::new(),
    };
    let title = if step.name == step.id.as_str() {
        String::new()
    } else {
        format!("  {}", step.name)
    };
    let kind = step.action.kind();
    out.line(format!(
        "{n:>3}  {}{marks}{title}  ({kind}{expected})",
        step.id
    ))?;
    let mut more: Vec<String> = Vec::new();
    let needs = needs(workflow, step, hidden);
    if !needs.is_empty() {
        more.push(format!("after {needs}"));
    }
    if let Some(condition) = &step.condition {
        more.push(format!("only if {}", condition.source()));
    }
    if let Some(fan_out) = &step.fan_out {
        more.push(members(fan_out));
    }
    if let Action::Approval(approval) = &step.action {
        more.push(who(approval));
    }
    more.extend(does(step, run));
    let env = own_env(step, run).into_iter();
    more.extend(env.map(|(name, value)| format!("env {name}={value}")));
    if let Some(verify) = &step.verify {
        more.push(format!(
            "then looks whether it took effect ({})",
            verify.kind()
        ));
    }
    more.extend(undone(workflow, step));
    for line in more.iter().flat_map(|m| m.lines()) {
        out.line(format!("       {line}"))?;
    }
    Ok(())
}

/// How a roll back undoes it, or that it cannot; nothing where the workflow is not made to be rolled back.
fn undone(workflow: &Workflow, step: &Step) -> Option<String> {
    if let Some(undo) = &step.compensate {
        return Some(format!("a roll back undoes it ({})", undo.action.kind()));
    }
    let any = workflow.steps.iter().any(|s| s.compensate.is_some());
    (any && is_for_good(step)).then(|| "a roll back cannot undo it".to_owned())
}

fn needs(workflow: &Workflow, step: &Step, hidden: Option<usize>) -> String {
    let name = |need: &crate::workflow::Need| {
        let id = &workflow.steps[need.step].id;
        if need.any {
            format!("{id} (even if failed)")
        } else {
            id.to_string()
        }
    };
    let shown = step.needs.iter().filter(|need| Some(need.step) != hidden);
    shown.map(name).collect::<Vec<_>>().join(", ")
}

pub(super) fn members(fan_out: &FanOut) -> String {
    let limit = match fan_out.max_parallel {
        Some(n) => format!(", {n} at once"),
        None => String::new(),
    };
    match &fan_out.source {
        FanSource::ForEach(expr) => format!("for each of {}{limit}", expr.source()),
        FanSource::Items(items) => format!("for each of {} items{limit}", items.len()),
        FanSource::Matrix(keys) => {
            let total: usize = keys.iter().map(|(_, values)| values.len()).product();
            let names: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
            format!("for each {}: {total}{limit}", names.join(" x "))
        }
    }
}

/// What the step will do, as far as it is known before anything has run. Secrets stay references.
pub(super) fn does(step: &Step, run: &Run) -> Vec<String> {
    let lines = run.will_run(&step.id);
    let unknown = step.fan_out.is_some() || lines.first().is_some_and(|l| l.starts_with(UNKNOWN));
    match &step.action {
        // The shell is the same for all: its text is what matters.
        Action::Work(Work::Run(command)) => command.argv.last().map(source).into_iter().collect(),
        Action::Work(Work::Exec(command)) if unknown => {
            vec![
                command
                    .argv
                    .iter()
                    .map(source)
                    .collect::<Vec<_>>()
                    .join(" "),
            ]
        }
        Action::Work(Work::Exec(_)) => vec![lines.join(" ")],
        Action::Work(Work::Http(http) | Work::Notify(http)) if unknown => {
            vec![format!("{} {}", http.method, source(&http.url))]
        }
        _ => lines,
    }
}

/// How the run says that an input depends on what has not run yet.
const UNKNOWN: &str = "not known yet";

fn source(template: &Template) -> String {
    template.source().to_owned()
}

/// The variables that this step declares itself, resolved where they can be.
pub(super) fn own_env(step: &Step, run: &Run) -> Vec<(String, String)> {
    let inputs = run.inputs(&step.id);
    let resolved = |name: &str| {
        let path = format!("env.{name}");
        inputs
            .iter()
            .find(|i| i.path == path)
            .map(|i| i.text.clone())
    };
    let line = |(name, template): &(String, Template)| {
        let value = resolved(name).unwrap_or_else(|| source(template));
        (name.clone(), value)
    };
    step.env.iter().map(line).collect()
}

fn who(approval: &Approval) -> String {
    let from: Vec<String> = approval
        .from
        .iter()
        .map(|a| match a {
            Answerers::Person(name) => name.clone(),
            Answerers::Group(name) => format!("group {name}"),
        })
        .collect();
    let who = if from.is_empty() {
        "anyone".to_owned()
    } else {
        from.join(" or ")
    };
    let within = match approval.timeout {
        Some(span) => format!(", within {}", spoken_span(span)),
        None => String::new(),
    };
    format!("approved by {who}, {} needed{within}", approval.count)
}

/// Needs before dependents; among the startable, the order of the file.
fn order(workflow: &Workflow) -> Vec<usize> {
    let count = workflow.steps.len();
    let mut missing: Vec<usize> = workflow.steps.iter().map(|s| s.needs.len()).collect();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (i, step) in workflow.steps.iter().enumerate() {
        for need in &step.needs {
            dependents[need.step].push(i);
        }
    }
    let roots = (0..count).filter(|i| missing[*i] == 0).map(Reverse);
    let mut startable: BinaryHeap<Reverse<usize>> = roots.collect();
    let mut order = Vec::with_capacity(count);
    while let Some(Reverse(i)) = startable.pop() {
        order.push(i);
        for &d in &dependents[i] {
            missing[d] -= 1;
            if missing[d] == 0 {
                startable.push(Reverse(d));
            }
        }
    }
    order
}

/// The longest chain of expected times, and how many automatic steps have none.
pub(super) fn longest_path(workflow: &Workflow) -> (Duration, usize) {
    let mut ends = vec![Duration::ZERO; workflow.steps.len()];
    let mut unknown = 0;
    for i in order(workflow) {
        let step = &workflow.steps[i];
        let begin = step.needs.iter().map(|n| ends[n.step]).max();
        let own = match (&step.action, step.expected) {
            (_, Some(span)) => span,
            (Action::Wait(Wait::For(span)), None) => *span,
            (Action::Work(_), None) => {
                unknown += 1;
                Duration::ZERO
            }
            _ => Duration::ZERO,
        };
        ends[i] = begin.unwrap_or_default() + own;
    }
    (ends.into_iter().max().unwrap_or_default(), unknown)
}
