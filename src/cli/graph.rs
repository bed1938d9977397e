//! `graph`: the picture of a workflow, as text, for Graphviz, for Mermaid, or as an SVG of its own.

use std::fmt::Write as _;

use ascii_dag::{Graph, RenderOptions};

use super::args::{GraphArgs, GraphFormat};
use super::exit::{Exit, Failure};
use super::out::Out;
use crate::config::Settings;
use crate::picture;
use crate::text::Clean;
use crate::workflow::{Step, Workflow};

/// Above this the drawn picture takes seconds and nobody can read it: the list is better.
const DRAWN: usize = 300;

pub(super) fn graph(args: &GraphArgs, settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let (_, workflow) = super::check::load(&args.file, settings)?;
    let text = match args.format {
        GraphFormat::Text if workflow.steps.len() > DRAWN => list(&workflow),
        GraphFormat::Text => drawn(&workflow, settings.ascii()),
        GraphFormat::Dot => dot(&workflow),
        GraphFormat::Mermaid => mermaid(&workflow),
        GraphFormat::Svg => picture::Graph::of(&workflow).file(),
    };
    out.raw(text.as_bytes())?;
    Ok(Exit::Succeeded)
}

fn drawn(workflow: &Workflow, ascii: bool) -> String {
    let labels: Vec<String> = workflow.steps.iter().map(label).collect();
    let mut graph = Graph::new();
    for (i, label) in labels.iter().enumerate() {
        graph.add_node(i, label.as_str());
    }
    for (i, step) in workflow.steps.iter().enumerate() {
        for need in &step.needs {
            graph.add_edge(need.step, i, need.any.then_some("any"));
        }
    }
    let options = if ascii {
        RenderOptions::ascii()
    } else {
        RenderOptions::plain()
    };
    let text = graph.compute_layout().render_string(&options);
    let lines = text.lines().map(str::trim_end).filter(|l| !l.is_empty());
    lines.fold(String::new(), |all, line| all + line + "\n")
}

/// Ids only: they are harmless by the rules of the file. `!` marks danger, `?` a person, `*` a fan-out.
fn label(step: &Step) -> String {
    let mut label = step.id.to_string();
    for (holds, mark) in [
        (step.fan_out.is_some(), " *"),
        (step.needs_person(), " ?"),
        (step.danger, " !"),
    ] {
        if holds {
            label.push_str(mark);
        }
    }
    label
}

fn list(workflow: &Workflow) -> String {
    let mut text = String::new();
    for step in &workflow.steps {
        let needs: Vec<&str> = step
            .needs
            .iter()
            .map(|n| workflow.steps[n.step].id.as_str())
            .collect();
        let arrow = if needs.is_empty() { "" } else { "  <- " };
        let _ = writeln!(text, "{}{arrow}{}", label(step), needs.join(", "));
    }
    text
}

fn dot(workflow: &Workflow) -> String {
    let escaped = |text: &str| {
        let clean = Clean::line(text);
        clean.as_str().replace('\\', "\\\\").replace('"', "\\\"")
    };
    let mut text = format!("digraph \"{}\" {{\n", escaped(&workflow.name));
    text.push_str("  rankdir=TB;\n  node [shape=box, style=rounded];\n");
    for step in &workflow.steps {
        let mut more = String::new();
        if step.needs_person() {
            more.push_str(", shape=diamond");
        }
        if step.danger {
            more.push_str(", color=red");
        }
        if step.fan_out.is_some() {
            more.push_str(", peripheries=2");
        }
        let name = escaped(&step.name);
        let _ = writeln!(text, "  \"{}\" [label=\"{name}\"{more}];", step.id);
    }
    for step in &workflow.steps {
        for need in &step.needs {
            let style = if need.any { " [style=dashed]" } else { "" };
            let from = &workflow.steps[need.step].id;
            let _ = writeln!(text, "  \"{from}\" -> \"{}\"{style};", step.id);
        }
    }
    text.push_str("}\n");
    text
}

fn mermaid(workflow: &Workflow) -> String {
    // Mermaid's own escapes; ids like `end` are its keywords, so nodes are numbered.
    let escaped = |text: &str| {
        let clean = Clean::line(text);
        clean.as_str().replace('#', "#35;").replace('"', "#quot;")
    };
    let mut text = "flowchart TD\n".to_owned();
    for (i, step) in workflow.steps.iter().enumerate() {
        let (open, close) = match (step.needs_person(), step.fan_out.is_some()) {
            (true, _) => ("{{", "}}"),
            (false, true) => ("[[", "]]"),
            (false, false) => ("[", "]"),
        };
        let _ = writeln!(text, "  s{i}{open}\"{}\"{close}", escaped(&step.name));
    }
    for (i, step) in workflow.steps.iter().enumerate() {
        for need in &step.needs {
            let arrow = if need.any { "-.->" } else { "-->" };
            let _ = writeln!(text, "  s{} {arrow} s{i}", need.step);
        }
    }
    let dangerous = workflow.steps.iter().enumerate().filter(|(_, s)| s.danger);
    for (i, _) in dangerous {
        let _ = writeln!(text, "  style s{i} stroke:#d00");
    }
    text
}
