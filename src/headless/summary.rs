//! The last lines of a run without a screen: how it ended, what is unresolved, what to do next.

use std::fmt::Write as _;

use super::follow::End;
use super::words::phase_word;
use crate::run::{Ask, Phase, Run, State, StepRun};
use crate::text::Clean;
use crate::time::clock_span;

/// At most ten lines: how it ended, what is unresolved, what to do next. `head` is that of the journal's chain.
pub fn summary(run: Option<&Run>, end: &End, head: &str) -> String {
    let Some((run, started)) = run.and_then(|r| Some((r, r.started()?))) else {
        return String::new();
    };
    let id = &started.run;
    let mut lines = vec![format!(
        "run {id} ({}): {}",
        started.workflow,
        result(run, end)
    )];
    for i in run.blocking() {
        let check = &run.checks()[i];
        lines.push(format!(
            "  preflight {}: not met, {}",
            check.id,
            check.why()
        ));
    }
    let open = run
        .steps()
        .iter()
        .enumerate()
        .filter(|(_, s)| s.members.is_none() && needs_person(s));
    let open: Vec<String> = open
        .map(|(index, s)| format!("  {}: {}{}", s.id, s.state.word(), reason(run, index)))
        .collect();
    let shown = open.len().min(5);
    lines.extend_from_slice(&open[..shown]);
    if open.len() > shown {
        lines.push(format!("  and {} more", open.len() - shown));
    }
    if let End::Ended(_) = end {
        lines.push(format!(
            "  record {} of the journal has head {head}",
            run.seq()
        ));
    }
    match end {
        End::Ended(Phase::Succeeded | Phase::CompletedWithExceptions) => {}
        End::Ended(_) => lines.push(format!("  look at it: flightdeck show {id}")),
        End::NeedsOperator | End::Over(_) | End::Signal(_) => {
            lines.push(format!("  take it up: flightdeck resume {id}"));
        }
    }
    let clean = |l: &String| format!("{}\n", Clean::line(l));
    lines.iter().map(clean).collect()
}

fn result(run: &Run, end: &End) -> String {
    match end {
        End::Ended(phase) => {
            let counts = run.counts();
            let took = match run.ended_at() {
                Some(ended) => format!(" in {}", clock_span(ended.since(run.started_at()))),
                None => String::new(),
            };
            let mut all = format!(
                "{}{took}, {} of {} steps ok",
                phase_word(*phase),
                counts.ok,
                counts.total
            );
            for (n, word) in [
                (counts.skipped, "skipped"),
                (counts.excepted, "marked or ignored"),
            ] {
                if n > 0 {
                    let _ = write!(all, ", {n} {word}");
                }
            }
            all
        }
        End::NeedsOperator => match run.paused() {
            Some((actor, at)) => {
                format!("paused by {} at {}, needs an operator", actor, at.clock())
            }
            None if run.stands_by() => {
                "stands by, nothing has started since it was taken up".to_owned()
            }
            None => "needs an operator".to_owned(),
        },
        End::Over(words) => words.clone(),
        End::Signal(number) => {
            format!("left by signal {number}; what has started goes on, nothing new starts")
        }
    }
}

fn needs_person(step: &StepRun) -> bool {
    let asks = matches!(step.ask, Some(Ask::Approval { .. } | Ask::Checklist { .. }));
    asks || step.state.is_unresolved() || step.state == State::Held
}

fn reason(run: &Run, index: usize) -> String {
    let step = &run.steps()[index];
    let last = step.attempts.last().and_then(|a| a.ended.as_ref());
    let why = match (&step.why, last) {
        (why, _) if !why.is_empty() => why.clone(),
        (_, Some(ended)) if step.state.is_unresolved() => ended.message.clone(),
        _ if step.state == State::Waiting => run.why(index).to_string(),
        _ => String::new(),
    };
    // "cancelled, cancelled" tells nothing twice.
    if why.is_empty() || why == step.state.word() {
        String::new()
    } else {
        format!(", {why}")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::id::RunId;
    use crate::run::{Actor, Command, Input, RunStart};
    use crate::time::Timestamp;
    use crate::workflow::check;

    const ASKS: &str =
        "name: w\nsteps:\n  - id: look\n    checklist: {items: [{text: lights, required: true}]}\n";

    fn run(text: &str) -> Run {
        let workflow = Arc::new(check(text.as_bytes()).workflow.expect("a sound workflow"));
        let start = RunStart {
            file: "w.yaml".into(),
            ..RunStart::new(RunId::parse("r1").expect("an id"), &workflow)
        };
        Run::start(workflow, start, Timestamp(0)).0
    }

    #[test]
    fn what_a_step_waits_for_is_said() {
        let mut run = run(ASKS);
        let lines = summary(Some(&run), &End::NeedsOperator, "5ea1");
        let expected = "run r1 (w): needs an operator\n  look: waiting, 0 of 1 items ticked\n  take it up: flightdeck resume r1\n";
        assert_eq!(lines, expected);
        let actor = Actor {
            name: "ana".into(),
            ..Actor::default()
        };
        let pause = Input::Command {
            command: Command::Pause,
            actor,
            seen: None,
        };
        let turn = run.handle(pause, Timestamp(1_000));
        assert!(!turn.events.is_empty());
        let lines = summary(Some(&run), &End::NeedsOperator, "5ea1");
        assert!(
            lines.starts_with("run r1 (w): paused by ana at 00:00:01, needs an operator\n"),
            "{lines}"
        );
    }
}
