//! `ctl`: one command to a live run, from any terminal, with the engine's answer as exit code. `--preview` changes nothing:
//! the same machine does it on a copy, folded from the journal.

use serde_json::{Value as Json, json};

use super::args::CtlArgs;
use super::exit::{Exit, Failure};
use super::out::Out;
use super::past::{self, Past};
use super::verbs::{self, Takes, Verb};
use super::{actor, launch};
use crate::config::Settings;
use crate::headless;
use crate::id::StepId;
use crate::link;
use crate::run::{Command, Preview, Refusal, Seen};

pub(super) fn ctl(args: &CtlArgs, settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let verb = verbs::named(&args.verb)?;
    let past = past::open(settings, &args.run)?;
    let command = verbs::command(verb, args, &past, settings)?;
    if past.holder.is_none() {
        return refused(&unheld(&past), args, out);
    }
    if args.preview {
        return preview(&past, &command, args, out);
    }
    let seen = seen(verb, args, &past)?;
    let receipt =
        link::command(&past.dir, command, seen).map_err(|error| unreached(&past, &error))?;
    if let Err(refusal) = receipt {
        return refused(&refusal, args, out);
    }
    if args.json {
        out.json(&json!({"run": past.id, "verb": verb.word, "accepted": true}))?;
    } else {
        out.line(format!("{} accepted", verb.word))?;
    }
    Ok(Exit::Succeeded)
}

/// With `--attempt` the command is aimed at what stands there now, and at nothing that comes after it.
fn seen(verb: &Verb, args: &CtlArgs, past: &Past) -> Result<Option<Seen>, Failure> {
    let Some(attempts) = args.attempt else {
        return Ok(None);
    };
    let step = match (verb.word, verb.takes, &args.step) {
        // There it names the output.
        ("pin", ..) => return Ok(None),
        (_, Takes::Step | Takes::MaybeStep, Some(text)) => past::step(&past.run, text)?,
        _ => {
            return Err(Failure::usage(format!(
                "--attempt means nothing to {}",
                verb.word
            )));
        }
    };
    let state = past.run.step(&step).map(|step| step.state);
    Ok(state.map(|state| Seen { attempts, state }))
}

fn unheld(past: &Past) -> Refusal {
    let id = &past.id;
    let phase = past.run.phase();
    let why = if phase.is_terminal() {
        format!("run {id} has ended: {}", headless::phase_word(phase))
    } else {
        format!("no engine drives run {id}")
    };
    Refusal {
        why,
        hint: Some(format!("take it up: flightdeck resume {id}")),
    }
}

fn refused(refusal: &Refusal, args: &CtlArgs, out: &mut Out) -> Result<Exit, Failure> {
    if args.json {
        let Refusal { why, hint } = refusal;
        out.json(&json!({"accepted": false, "why": why, "hint": hint}))?;
        return Ok(Exit::Refused);
    }
    Err(Failure {
        exit: Exit::Refused,
        message: refusal.why.clone(),
        hint: refusal.hint.clone(),
    })
}

/// The engine was not asked, or its answer is not known.
pub(super) fn unreached(past: &Past, error: &link::Error) -> Failure {
    let failure = |exit| Failure::new(exit, format!("run {}: {error}", past.id));
    match error {
        link::Error::Unheld => {
            let hint = format!("take it up: flightdeck resume {}", past.id);
            failure(Exit::Refused).hint(hint)
        }
        link::Error::Elsewhere(_) => failure(Exit::Refused).hint("give the command on that host"),
        link::Error::NoSocket(_) | link::Error::Refused(_) | link::Error::Version(_) => {
            failure(Exit::Refused)
        }
        link::Error::Unreachable { .. } | link::Error::Here(_) => failure(Exit::Storage),
        link::Error::Unanswered(_)
        | link::Error::Silent
        | link::Error::Broken(_)
        | link::Error::Closed => {
            let look = format!("flightdeck show {} --events", past.id);
            failure(Exit::NeedsOperator).hint(format!(
                "the command may have been taken or may yet be: look before you give it again: {look}"
            ))
        }
    }
}

fn preview(past: &Past, command: &Command, args: &CtlArgs, out: &mut Out) -> Result<Exit, Failure> {
    let preview = past
        .run
        .preview(command, &actor::current(), launch::now(), None);
    if let Some(refusal) = &preview.refused {
        return refused(refusal, args, out);
    }
    if args.json {
        out.json(&as_json(&preview))?;
        return Ok(Exit::Succeeded);
    }
    let mut told = false;
    let lists = [
        ("starts now", &preview.starts),
        ("resets", &preview.resets),
        ("stands as before", &preview.returns),
        ("stops", &preview.stops),
        ("skips", &preview.skips),
        ("runs in another way", &preview.alters),
        ("finishes as it began", &preview.keeps),
        ("is new", &preview.adds),
        ("is left out", &preview.drops),
        ("can start later", &preview.unblocks),
    ];
    for (label, steps) in lists {
        if !steps.is_empty() {
            out.line(format!("{label}: {}", list(steps)))?;
            told = true;
        }
    }
    for (step, output) in &preview.loses {
        out.line(format!("{step} would miss {output}"))?;
        told = true;
    }
    if let Some(phase) = preview.ends {
        out.line(format!("the run ends: {}", headless::phase_word(phase)))?;
        told = true;
    }
    if !told {
        out.line("legal; nothing starts or stops by it at once")?;
    }
    Ok(Exit::Succeeded)
}

fn list(steps: &[StepId]) -> String {
    let names: Vec<&str> = steps.iter().map(StepId::as_str).collect();
    names.join(", ")
}

fn as_json(preview: &Preview) -> Json {
    let loses = preview.loses.iter();
    let loses: Vec<Json> = loses
        .map(|(step, output)| json!({"step": step, "output": output}))
        .collect();
    json!({
        "accepted": true,
        "preview": true,
        "starts": preview.starts,
        "resets": preview.resets,
        "returns": preview.returns,
        "stops": preview.stops,
        "skips": preview.skips,
        "alters": preview.alters,
        "keeps": preview.keeps,
        "adds": preview.adds,
        "drops": preview.drops,
        "unblocks": preview.unblocks,
        "loses": loses,
        "ends": preview.ends,
    })
}
