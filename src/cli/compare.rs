//! `compare`: two runs side by side.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::args::CompareArgs;
use super::exit::{Exit, Failure};
use super::out::Out;
use super::past;
use crate::config::Settings;
use crate::run::{Comparison, Contrast, Line, Pair, RunSide, StepPair, StepSide};
use crate::text::Clean;
use crate::time::Timestamp;

/// Columns of one run's side at most.
const SIDE_MAX: usize = 44;

pub(super) fn compare(
    args: &CompareArgs,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let comparison = compared(&args.first, &args.second, settings)?;
    if args.json {
        out.json(&object(&comparison))?;
    } else {
        table(&comparison.contrast(), args.only_differences, out)?;
    }
    Ok(Exit::Succeeded)
}

/// Two runs by their ids.
pub(super) fn compared(
    first: &str,
    second: &str,
    settings: &Settings,
) -> Result<Comparison, Failure> {
    let (first, second) = (past::open(settings, first)?, past::open(settings, second)?);
    if first.id == second.id {
        return Err(Failure::usage(format!("both are the run {}", first.id))
            .hint("`flightdeck list` shows the runs"));
    }
    Comparison::new(&first.run, &second.run)
        .ok_or_else(|| Failure::usage("one of the two runs has not begun"))
}

fn table(contrast: &Contrast, only_differences: bool, out: &mut Out) -> Result<(), Failure> {
    let lines = contrast.lines.iter();
    let lines: Vec<&Line> = lines.filter(|l| l.differs || !only_differences).collect();
    let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0).min(SIDE_MAX);
    let label = |line: &Line| format!("{}{}", if line.detail { "  " } else { "" }, line.label);
    let chars = |text: &str| text.chars().count();
    let label_width = width(&mut lines.iter().map(|line| chars(&label(line))));
    let sides = [0, 1].map(|n| {
        let texts = lines.iter().map(|line| chars(&line.sides[n]));
        width(&mut texts.chain([chars(&contrast.head[n])]))
    });
    let row = |sign: &str, label: &str, texts: &[String; 2], difference: &str| {
        let [first, second] = texts.each_ref().map(|text| Clean::line(text));
        let text = format!(
            "{sign} {label:label_width$}  {:a$}  {:b$}  {difference}",
            first.as_str(),
            second.as_str(),
            a = sides[0],
            b = sides[1],
        );
        text.trim_end().to_owned()
    };
    out.line(row(" ", "", &contrast.head, ""))?;
    for line in lines {
        let sign = if line.differs && !line.detail {
            "*"
        } else {
            " "
        };
        out.line(row(sign, &label(line), &line.sides, &line.difference))?;
    }
    Ok(())
}

fn object(comparison: &Comparison) -> Json {
    json!({
        "runs": comparison.runs.each_ref().map(run),
        "params": comparison.params.iter().map(pair).collect::<Vec<_>>(),
        "steps": comparison.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn run(side: &RunSide) -> Json {
    json!({
        "id": side.id,
        "workflow": side.workflow,
        "digest": side.digest,
        "kind": side.kind,
        "by": side.by,
        "phase": side.phase,
        "started_at": side.started_at.rfc3339(),
        "ended_at": side.ended_at.map(Timestamp::rfc3339),
        "took_ms": side.took().map(millis),
    })
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn pair(pair: &Pair) -> Json {
    json!({"name": pair.name, "values": pair.values, "differs": pair.differs()})
}

fn step(step: &StepPair) -> Json {
    let [first, second] = step.sides.each_ref().map(Option::as_ref);
    let sides = [first, second];
    let longer = step.times().map(|times| {
        let [first, second] = times.map(|took| i64::try_from(millis(took)).unwrap_or(i64::MAX));
        second - first
    });
    json!({
        "id": step.id,
        "differs": step.differs(),
        "states": sides.map(|side| side.map(|side| side.state.word())),
        "took_ms": sides.map(|side| side.and_then(|side| side.took).map(millis)),
        "longer_by_ms": longer,
        "attempts": sides.map(|side| side.map(attempts)),
        "by_hand": sides.map(|side| side.map(|side| &side.deeds)),
        "inputs": step.inputs.iter().map(pair).collect::<Vec<_>>(),
        "outputs": step.outputs.iter().map(pair).collect::<Vec<_>>(),
    })
}

fn attempts(side: &StepSide) -> Vec<Json> {
    let attempts = side.attempts.iter();
    let told = attempts.map(|(n, end)| {
        let (outcome, took) = end.unzip();
        json!({"n": n, "outcome": outcome, "took_ms": took.map(millis)})
    });
    told.collect()
}
