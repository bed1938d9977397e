//! The words of `ctl`: one row for each command of a run, and how its arguments become that command.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::actor;
use super::args::CtlArgs;
use super::check;
use super::exit::{Exit, Failure};
use super::out::{meant, quoted};
use super::past::{self, Past};
use crate::config::Settings;
use crate::id::{AttemptId, StepId};
use crate::journal::Reader;
use crate::run::{AbortHow, Changes, Command, Definition, Refusal};
use crate::text::Clean;
use crate::time::Timestamp;

/// Bytes of a line that is pinned.
const LINE_MAX: usize = 4096;

/// What stands behind the verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Step,
    MaybeStep,
    /// `drain`, `now` or `kill`.
    How,
    /// A preflight check; without it, all that are not met.
    MaybeCheck,
}

pub(super) struct Verb {
    pub word: &'static str,
    pub takes: Takes,
    /// Options that mean something to it.
    options: &'static [&'static str],
    pub about: &'static str,
    build: fn(&Asked<'_>) -> Result<Command, Failure>,
}

/// A verb with what was given to it.
struct Asked<'a> {
    past: &'a Past,
    settings: &'a Settings,
    args: &'a CtlArgs,
    step: Option<StepId>,
    set: BTreeMap<String, String>,
}

const fn verb(
    word: &'static str,
    takes: Takes,
    options: &'static [&'static str],
    about: &'static str,
    build: fn(&Asked<'_>) -> Result<Command, Failure>,
) -> Verb {
    Verb {
        word,
        takes,
        options,
        about,
        build,
    }
}

/// Every command of a run.
#[rustfmt::skip]
pub(super) const VERBS: &[Verb] = &[
    verb("pause", Takes::Nothing, &[], "nothing new starts; running steps finish", |_| Ok(Command::Pause)),
    verb("resume", Takes::Nothing, &[], "go on after a pause", |_| Ok(Command::Resume)),
    verb("step", Takes::MaybeStep, &[], "while paused: start exactly one step", |a| Ok(Command::Step { step: a.step.clone() })),
    verb("break", Takes::Step, &[], "stop before this step", |a| Ok(Command::Breakpoint { step: a.step()?, on: true })),
    verb("unbreak", Takes::Step, &[], "take the breakpoint away", |a| Ok(Command::Breakpoint { step: a.step()?, on: false })),
    verb("retry", Takes::Step, &["--set"], "try again; --set changes an input of this attempt", retry),
    verb("retry-from", Takes::Step, &["--rerun"], "run this step and all after it again", retry_from),
    verb("skip", Takes::Step, &["--set", "--dependents"], "go on without it; --set gives its outputs", skip),
    verb("unskip", Takes::Step, &[], "take a skip back", |a| Ok(Command::Unskip { step: a.step()?, reason: a.reason() })),
    verb("mark", Takes::Step, &["--set", "--force"], "it is done, by hand; --set gives its outputs, --force overrides verify", mark),
    verb("ignore", Takes::Step, &[], "go on although it failed", |a| Ok(Command::Ignore { step: a.step()?, reason: a.reason() })),
    verb("cancel", Takes::Step, &[], "tell it to stop", |a| Ok(Command::Cancel { step: a.step()?, kill: false, reason: a.reason() })),
    verb("kill", Takes::Step, &[], "stop it at once", |a| Ok(Command::Cancel { step: a.step()?, kill: true, reason: a.reason() })),
    verb("abort", Takes::How, &[], "end the run: `drain`, `now`, `rollback` or `kill`", abort),
    verb("rollback", Takes::Nothing, &[], "undo what has been done, while nothing runs", |a| Ok(Command::Rollback { reason: a.reason() })),
    verb("ungraceful", Takes::MaybeStep, &[], "the ungraceful way from now on: of a step, or of the run", |a| Ok(Command::Ungraceful { step: a.step.clone(), on: true, reason: a.reason() })),
    verb("graceful", Takes::MaybeStep, &[], "the graceful way again", |a| Ok(Command::Ungraceful { step: a.step.clone(), on: false, reason: a.reason() })),
    verb("reload", Takes::Nothing, &["--file"], "while paused: go on by the definition in --file", reload),
    verb("approve", Takes::Step, &["--set"], "say yes; --set fills in the form", approve),
    verb("reject", Takes::Step, &[], "say no", |a| Ok(Command::Reject { step: a.step()?, reason: a.reason() })),
    verb("revoke", Takes::Step, &[], "take one's own vote back", |a| Ok(Command::Revoke { step: a.step()? })),
    verb("tick", Takes::Step, &["--item", "--value"], "tick item --item N of a checklist", |a| tick(a, true)),
    verb("untick", Takes::Step, &["--item", "--value"], "take a tick back", |a| tick(a, false)),
    verb("postpone", Takes::Step, &["--until"], "move the end of a wait, or a deadline", postpone),
    verb("recheck", Takes::MaybeCheck, &[], "run preflight checks that are not met again", |a| Ok(Command::Recheck { check: a.check() })),
    verb("override", Takes::MaybeCheck, &[], "begin although preflight checks are not met", |a| Ok(Command::Override { check: a.check(), reason: a.reason() })),
    verb("undo", Takes::Nothing, &[], "take your last command back, if nothing has come of it yet", undo),
    verb("note", Takes::MaybeStep, &[], "write --reason TEXT into the record", |a| Ok(Command::Note { step: a.step.clone(), text: a.reason() })),
    verb("pin", Takes::Step, &["--line"], "pin line --line N of the output of --attempt N to the record", pin),
    verb("take", Takes::Nothing, &["--force"], "ask for the controls; --force takes them", |a| Ok(Command::Take { force: a.args.force, reason: a.reason() })),
    verb("hand-over", Takes::Nothing, &[], "give the controls to who asks", |_| Ok(Command::HandOver { to: None })),
    verb("deny", Takes::Nothing, &[], "keep the controls", |a| Ok(Command::Deny { to: None, reason: a.reason() })),
    verb("release", Takes::Nothing, &[], "give the controls up", |_| Ok(Command::Release)),
];

/// All words with what they do, for the help.
pub(super) fn help() -> String {
    let takes = |verb: &Verb| match verb.takes {
        Takes::Nothing => "",
        Takes::Step => " STEP",
        Takes::MaybeStep => " [STEP]",
        Takes::How => " HOW",
        Takes::MaybeCheck => " [CHECK]",
    };
    let line = |verb: &Verb| {
        let what = format!("{}{}", verb.word, takes(verb));
        format!("  {what:17} {}", verb.about)
    };
    let lines: Vec<String> = VERBS.iter().map(line).collect();
    format!("Verbs:\n{}", lines.join("\n"))
}

/// The row of `word`, or what was probably meant.
pub(super) fn named(word: &str) -> Result<&'static Verb, Failure> {
    let words = VERBS.iter().map(|verb| verb.word);
    VERBS.iter().find(|verb| verb.word == word).ok_or_else(|| {
        let failure = Failure::usage(format!("no verb {}", quoted(word)));
        match meant(word, words.clone()) {
            Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
            None => failure.hint(format!("verbs: {}", words.collect::<Vec<_>>().join(", "))),
        }
    })
}

/// The command that the arguments ask for, of a run as its journal tells it.
pub(super) fn command(
    verb: &Verb,
    args: &CtlArgs,
    past: &Past,
    settings: &Settings,
) -> Result<Command, Failure> {
    fits(verb, args)?;
    let step = match verb.takes {
        Takes::Step | Takes::MaybeStep => args.step.as_deref(),
        Takes::Nothing | Takes::How | Takes::MaybeCheck => None,
    };
    let asked = Asked {
        past,
        settings,
        args,
        step: step.map(|text| past::step(&past.run, text)).transpose()?,
        set: pairs(&args.set)?,
    };
    (verb.build)(&asked)
}

/// What was given and means nothing to this verb is a mistake, and not to be passed over.
fn fits(verb: &Verb, args: &CtlArgs) -> Result<(), Failure> {
    let word = verb.word;
    let given = [
        ("--set", !args.set.is_empty()),
        ("--rerun", !args.rerun.is_empty()),
        ("--dependents", args.dependents),
        ("--force", args.force),
        ("--item", args.item.is_some()),
        ("--value", args.value.is_some()),
        ("--until", args.until.is_some()),
        ("--line", args.line.is_some()),
        ("--file", args.file.is_some()),
    ];
    for (option, given) in given {
        if given && !verb.options.contains(&option) {
            return Err(Failure::usage(format!("{option} means nothing to {word}")));
        }
    }
    match (verb.takes, &args.step) {
        (Takes::Nothing, Some(text)) => Err(Failure::usage(format!(
            "{word} takes no step, and was given {}",
            quoted(text)
        ))),
        (Takes::Step, None) => Err(Failure::usage(format!("{word} needs a step"))
            .hint(format!("flightdeck ctl {} {word} STEP", args.run))),
        _ => Ok(()),
    }
}

impl Asked<'_> {
    fn step(&self) -> Result<StepId, Failure> {
        let missing = || Failure::usage(format!("{} needs a step", self.args.verb));
        self.step.clone().ok_or_else(missing)
    }

    fn check(&self) -> Option<StepId> {
        self.args.step.as_deref().map(StepId::from)
    }

    fn reason(&self) -> String {
        self.args.reason.clone().unwrap_or_default()
    }

    /// As the screen's forms give them: the machine knows what each is to be.
    fn texts(&self) -> BTreeMap<String, Json> {
        let texts = self.set.iter();
        texts
            .map(|(name, text)| (name.clone(), Json::String(text.clone())))
            .collect()
    }

    fn needs<T: Clone>(&self, option: &str, value: Option<&T>) -> Result<T, Failure> {
        let missing = || Failure::usage(format!("{} needs {option}", self.args.verb));
        value.cloned().ok_or_else(missing)
    }
}

fn undo(asked: &Asked<'_>) -> Result<Command, Failure> {
    let way = asked.past.run.way_back(&actor::current());
    let refused = |refusal: Refusal| Failure {
        exit: Exit::Refused,
        message: refusal.why,
        hint: refusal.hint,
    };
    way.map(|way| way.by).map_err(refused)
}

fn retry(asked: &Asked<'_>) -> Result<Command, Failure> {
    let changes = Changes {
        inputs: asked.set.clone(),
        rest_of_run: false,
    };
    Ok(Command::Retry {
        step: asked.step()?,
        changes: Some(changes).filter(|c| !c.inputs.is_empty()),
        reason: asked.reason(),
    })
}

fn retry_from(asked: &Asked<'_>) -> Result<Command, Failure> {
    let rerun = asked.args.rerun.iter();
    let rerun = rerun.map(|text| past::step(&asked.past.run, text));
    Ok(Command::RetryFrom {
        step: asked.step()?,
        rerun: rerun.collect::<Result<_, _>>()?,
        reason: asked.reason(),
    })
}

fn skip(asked: &Asked<'_>) -> Result<Command, Failure> {
    Ok(Command::Skip {
        step: asked.step()?,
        outputs: asked.texts(),
        dependents: asked.args.dependents,
        reason: asked.reason(),
    })
}

fn mark(asked: &Asked<'_>) -> Result<Command, Failure> {
    Ok(Command::Mark {
        step: asked.step()?,
        outputs: asked.texts(),
        override_verify: asked.args.force,
        reason: asked.reason(),
    })
}

/// Never guessed: each way ends the run otherwise.
fn abort(asked: &Asked<'_>) -> Result<Command, Failure> {
    let how = match asked.args.step.as_deref() {
        Some("drain") => AbortHow::Drain,
        Some("now") => AbortHow::Now,
        Some("rollback") => AbortHow::Rollback,
        Some("kill") => AbortHow::Kill,
        other => {
            let message = match other {
                None => "abort needs to know how".to_owned(),
                Some(text) => format!("abort does not know {}", quoted(text)),
            };
            return Err(Failure::usage(message).hint(
                "`drain` lets running steps finish, `now` cancels them, `rollback` then undoes what has been done, `kill` ends everything at once",
            ));
        }
    };
    let reason = asked.reason();
    Ok(Command::Abort { how, reason })
}

/// Checked here too, so that every mistake in it is told with its place.
fn reload(asked: &Asked<'_>) -> Result<Command, Failure> {
    let file = asked.needs("--file FILE", asked.args.file.as_ref())?;
    let (source, workflow) = check::load(&file, asked.settings)?;
    Ok(Command::Reload {
        definition: Box::new(Definition {
            file: source.file,
            text: workflow.text,
            files: workflow.files,
        }),
    })
}

fn approve(asked: &Asked<'_>) -> Result<Command, Failure> {
    Ok(Command::Approve {
        step: asked.step()?,
        form: asked.texts(),
        note: asked.reason(),
    })
}

fn tick(asked: &Asked<'_>, done: bool) -> Result<Command, Failure> {
    let item = asked.needs("--item N, counted from 1", asked.args.item.as_ref())?;
    Ok(Command::Tick {
        step: asked.step()?,
        item: item as usize - 1,
        done,
        note: asked.reason(),
        value: asked.args.value.clone(),
    })
}

fn postpone(asked: &Asked<'_>) -> Result<Command, Failure> {
    let text = asked.needs("--until TIME", asked.args.until.as_ref())?;
    let until = text.parse::<jiff::Timestamp>().map_err(|error| {
        Failure::usage(format!("--until {}: {error}", quoted(&text)))
            .hint("for example 2026-11-24T10:30:00Z")
    })?;
    Ok(Command::Postpone {
        step: asked.step()?,
        until: Timestamp(until.as_millisecond()),
    })
}

/// The line as it stands in the output: what is pinned is evidence, and not what somebody says that it was.
fn pin(asked: &Asked<'_>) -> Result<Command, Failure> {
    let step = asked.step()?;
    let number = asked.needs("--line N, counted from 1", asked.args.line.as_ref())?;
    let run = &asked.past.run;
    let attempts = run.step(&step).map_or(0, |s| s.attempts.len() as u32);
    let attempt = AttemptId::act(step, asked.args.attempt.unwrap_or(attempts));
    let path = asked.past.dir.output_path(&attempt);
    let lines = Reader::open(&path).and_then(|mut reader| reader.lines(number - 1, 1, LINE_MAX));
    let lines = lines
        .map_err(|error| Failure::storage(format!("cannot read {}: {error}", path.display())))?;
    let line = lines.first().ok_or_else(|| {
        Failure::usage(format!(
            "attempt {} of {} has no line {number}",
            attempt.n, attempt.step
        ))
    })?;
    Ok(Command::Pin {
        text: Clean::line(&String::from_utf8_lossy(&line.bytes)).to_string(),
        line: number - 1,
        attempt,
    })
}

/// `NAME=VALUE`, each name once.
fn pairs(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for text in given {
        let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, value) = pair
            .ok_or_else(|| Failure::usage(format!("--set {} is not NAME=VALUE", quoted(text))))?;
        if all.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Failure::usage(format!("--set {name} is given twice")));
        }
    }
    Ok(all)
}
