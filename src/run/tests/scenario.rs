//! Scenarios as text: a plan in a few words a step, then what happens and what must hold.
//!
//! ```text
//! step NAME [run|wait SPAN|approval N|checklist|set|assert true] [needs A,B?] [OPTION..]   `?` = takes it failed too
//!                             `ungraceful skip|other` is what becomes of it in that mode
//!                             `undo` gives it a compensation; what follows `undo:` is said of that
//! check NAME [warn] [assert EXPR]     a preflight check
//! attention SPAN [rollback]   nobody acts for so long: the run goes out by itself
//! hook attention|ended
//! file PATH                   the workflow file, then those that it includes; each line of it follows behind `| `
//! start [OPTION..]            ungraceful, paused, unattended, dry, drill, slots N, break STEP, controls; the run begins
//! > [NAME:] COMMAND           accepted; a person's name before it, else ana
//! x [NAME:] COMMAND ... | TEXT    refused with exactly this text
//! ! ATTEMPT OUTCOME [WORDS]   the world reports: `a.1 failed exit 3`, `a.v1 succeeded`
//! ~ SPAN                      time passes
//! crash [standby]             the engine dies, and another one takes over from the journal, perhaps standing by
//! queued WHY, admitted GROUP  others have the slots of its group, or it has one
//! gone NAME, back NAME        a terminal is gone, or there again
//! taken up [by NAME]          another engine has the run, perhaps with a person at its screen
//! = STEP STATE[, ..]          states now; `run` is the header, `why STEP` what it waits for, `says STEP` its words,
//!                             `ran ATTEMPT TEXT` what it was to do, `will STEP TEXT` what it would do next
//!                             `check NAME` what it has found, `controls` who has them, `asks` who asks for them, `heard` the last line of the audit
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::build::{
    actor, check as preflight, ended, expr, start, step, template, undo, work, workflow,
    workflow_after,
};
use crate::id::{AttemptId, StepId};
use crate::run::{
    AbortHow, Actor, Changes, Command, Controls, Definition, Effect, Input, Kind, Outcome,
    Recorded, Refusal, Run, RunStart, Turn,
};
use crate::time::Timestamp;
use crate::workflow::{
    Action, Answerers, Approval, AttentionTimeout, Checklist, ChecklistItem, FailurePolicy, FanOut,
    FanSource, Filled, Hook, HookKind, Need, OnAttentionTimeout, OnReject, OnTimeout, OutputFrom,
    OutputSpec, Preflight, Step, Ungraceful, Wait, Work, Workflow, check_including,
};

pub(super) struct Scenario {
    steps: Vec<Step>,
    checks: Vec<Preflight>,
    files: Vec<(String, String)>,
    attention: Option<AttentionTimeout>,
    hooks: BTreeMap<HookKind, Hook>,
    /// As it was started.
    plan: Arc<Workflow>,
    pub(super) run: Run,
    journal: Vec<Recorded>,
    /// Attempts that were ordered, in order.
    pub(super) started: Vec<AttemptId>,
    /// What they were to do.
    orders: BTreeMap<AttemptId, String>,
    pub(super) now: Timestamp,
    wake: Option<Timestamp>,
}

/// Plays a scenario; panics at the first line that does not hold.
pub(super) fn play(text: &str) -> Scenario {
    let mut scenario = Scenario {
        steps: Vec::new(),
        checks: Vec::new(),
        files: Vec::new(),
        attention: None,
        hooks: BTreeMap::new(),
        plan: workflow(Vec::new()),
        run: Run::empty(workflow(Vec::new())),
        journal: Vec::new(),
        started: Vec::new(),
        orders: BTreeMap::new(),
        now: Timestamp(0),
        wake: None,
    };
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            let place = format!("line {}: {line}", n + 1);
            scenario.line(line, &place);
        }
    }
    scenario
}

impl Scenario {
    pub(super) fn line(&mut self, line: &str, place: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "step" => {
                let step = self.parse_step(rest);
                self.steps.push(step);
            }
            "check" => self.checks.push(check(rest)),
            "attention" => self.attention = Some(attention(rest)),
            "hook" => self.hooks.extend(hook(rest)),
            "file" => self.files.push((rest.to_owned(), String::new())),
            "|" => {
                let (_, text) = self.files.last_mut().expect("a file to write in");
                text.push_str(rest);
                text.push('\n');
            }
            "start" => self.start(rest),
            ">" => {
                let refused = self.command(rest);
                assert_eq!(refused, None, "{place}");
            }
            "x" => {
                let (command, text) = rest.split_once(" | ").expect("`x COMMAND | TEXT`");
                let refused = self.command(command).map(|r| r.to_string());
                assert_eq!(refused.as_deref(), Some(text), "{place}");
            }
            "!" => self.report(rest),
            "~" => self.pass(span(rest)),
            "crash" => self.crash(rest == "standby"),
            "gone" => self.tell(Input::Lapsed {
                actor: person(rest),
            }),
            "queued" => self.tell(Input::Queued {
                why: rest.to_owned(),
            }),
            "admitted" => self.tell(Input::Admitted {
                group: rest.to_owned(),
            }),
            "back" => self.tell(Input::Returned {
                actor: person(rest),
            }),
            "taken" => {
                let pilot = rest.strip_prefix("up by ").map(person);
                self.tell(Input::TakenUp { pilot });
            }
            "=" => {
                for claim in rest.split(", ") {
                    self.check(claim, place);
                }
            }
            _ => panic!("no such line: {place}"),
        }
    }

    fn parse_step(&self, text: &str) -> Step {
        let mut words = text.split(' ');
        let mut step = step(words.next().unwrap_or_default(), &[]);
        while let Some(word) = words.next() {
            let mut next = || words.next().expect("an option with its value");
            match word {
                "needs" => step.needs = self.needs(next()),
                "retry" => step.retry.limit = next().parse().unwrap(),
                "delay" => step.retry.delay = span(next()),
                "timeout" => step.timeout = Some(span(next())),
                "expected" => step.expected = Some(span(next())),
                "if" => step.condition = Some(expr(next())),
                "verify" => step.verify = Some(work("verify")),
                "idempotent" => step.idempotent = true,
                "required" => step.required = true,
                "always" => {
                    step.always = true;
                    step.outlives = true;
                }
                "ungraceful" => step.ungraceful = Some(other_way(&step, next())),
                "undo" => step.compensate = Some(undo(&step)),
                // What comes after it is said of what undoes the step.
                "undo:" => return with_undo(step, self.parse_step(&rest_of(words))),
                "on_failure" => step.on_failure = policy(next()),
                "reads" => step.condition = Some(expr(&format!("steps.{}", next()))),
                "output" => step.outputs.push(OutputSpec {
                    name: next().to_owned(),
                    from: OutputFrom::File,
                    required: true,
                }),
                "items" => step.fan_out = Some(fan_out(next().parse().unwrap())),
                "wide" => set_width(&mut step, next().parse().unwrap()),
                "fail_fast" => step.fan_out.as_mut().unwrap().fail_fast = true,
                _ => step.action = action(word, &mut next),
            }
        }
        step
    }

    fn needs(&self, text: &str) -> Vec<Need> {
        let place = |name: &str| self.steps.iter().position(|s| s.id.as_str() == name);
        let need = |name: &str| Need {
            step: place(name.trim_end_matches('?')).expect("a step above"),
            any: name.ends_with('?'),
        };
        text.split(',').map(need).collect()
    }

    fn start(&mut self, options: &str) {
        let plan = match self.files.first() {
            None => {
                let checks = std::mem::take(&mut self.checks);
                let mut plan = workflow_after(checks, std::mem::take(&mut self.steps));
                let own = Arc::get_mut(&mut plan).expect("nobody else has it yet");
                own.attention_timeout = self.attention.take();
                own.hooks = std::mem::take(&mut self.hooks);
                plan
            }
            Some((name, text)) => checked(name, text, &self.files),
        };
        self.plan = plan.clone();
        let start = start_with(start(&plan), options);
        let (run, turn) = Run::start(plan, start, self.now);
        self.run = run;
        self.take(turn);
    }

    fn take(&mut self, turn: Turn) -> Option<Refusal> {
        self.journal.extend(turn.events);
        for effect in turn.effects {
            match effect {
                Effect::Start(spec) => {
                    let text = match &spec.work {
                        Work::Run(command) => command.argv.last().map(Filled::masked),
                        _ => None,
                    };
                    let text = text.unwrap_or_default();
                    self.orders.insert(spec.attempt.clone(), text);
                    self.started.push(spec.attempt);
                }
                Effect::WakeAt(at) => self.wake = Some(at),
                Effect::Stop { .. } => {}
            }
        }
        turn.refused
    }

    fn command(&mut self, text: &str) -> Option<Refusal> {
        let (name, text) = text.split_once(": ").unwrap_or(("ana", text));
        let actor = person(name);
        let command = match text.strip_prefix("reload ") {
            Some(file) => self.reload(file),
            None => command(text),
        };
        let turn = self.run.handle(
            Input::Command {
                command,
                actor,
                seen: None,
            },
            self.now,
        );
        self.take(turn)
    }

    /// `reload FILE`: the text of a `file` line.
    fn reload(&self, name: &str) -> Command {
        let found = self.files.iter().find(|(file, _)| file == name);
        let (file, text) = found.expect("a file of this scenario").clone();
        let files = std::collections::BTreeMap::new();
        let text = text.into();
        Command::Reload {
            definition: Box::new(Definition { file, text, files }),
        }
    }

    fn tell(&mut self, input: Input) {
        let turn = self.run.handle(input, self.now);
        self.take(turn);
    }

    fn report(&mut self, text: &str) {
        let mut words = text.splitn(3, ' ');
        let attempt = attempt(words.next().unwrap_or_default());
        let outcome: Outcome =
            serde_json::from_value(json!(words.next().expect("an outcome"))).unwrap();
        let ended = ended(outcome, words.next().unwrap_or_default());
        let turn = self
            .run
            .handle(Input::AttemptEnded { attempt, ended }, self.now);
        self.take(turn);
    }

    /// Time passes as the engine lets it: with a wake-up at each moment that was asked for.
    fn pass(&mut self, span: Duration) {
        let until = self.now.after(span);
        while let Some(at) = self.wake.filter(|at| *at <= until) {
            self.wake = None;
            self.now = self.now.max(at);
            let turn = self.run.handle(Input::Due, self.now);
            self.take(turn);
        }
        self.now = until;
        let turn = self.run.handle(Input::Due, self.now);
        assert!(
            turn.events.is_empty(),
            "the engine was not woken for {:?}",
            turn.events
        );
    }

    fn crash(&mut self, standby: bool) {
        let mut run = Run::empty(self.plan.clone());
        for recorded in &self.journal {
            run.apply(recorded).unwrap();
        }
        assert!(run.same_as(&self.run), "replayed and live differ");
        self.run = run;
        let turn = self.run.revive(self.now, standby);
        self.take(turn);
    }

    fn check(&self, claim: &str, place: &str) {
        let (subject, expected) = claim.split_once(' ').expect("`= STEP STATE`");
        let found = match subject {
            "run" => format!("{:?}", self.run.shown()),
            "started" => {
                let stems: Vec<_> = self.started.iter().map(AttemptId::file_stem).collect();
                let none = stems.is_empty().then(|| "nothing".to_owned());
                none.unwrap_or_else(|| stems.join(" "))
            }
            "controls" | "asks" => {
                let Controls { held, asked } = self.run.controls();
                let (held, asked) = (held.as_ref(), asked.as_ref());
                let who = match subject {
                    "asks" => asked.map(|asked| asked.actor.to_string()),
                    _ => held.map(|held| match held.lapsed {
                        None => held.actor.to_string(),
                        Some(_) => format!("{} (gone)", held.actor),
                    }),
                };
                who.unwrap_or_else(|| "nobody".to_owned())
            }
            "heard" => {
                let last = self.run.audit().last().expect(place);
                assert!(last.text.starts_with(expected), "{place}: {}", last.text);
                return;
            }
            "check" => {
                let (id, expected) = expected.split_once(' ').expect(place);
                let i = self.run.check_index(&StepId::from(id)).expect(place);
                let found = self.run.checks()[i].finding().word();
                assert_eq!(found, expected, "{place}");
                return;
            }
            "ran" => {
                let (id, expected) = expected.split_once(' ').expect(place);
                let found = self.orders.get(&attempt(id)).expect(place);
                assert_eq!(found, expected, "{place}");
                return;
            }
            "will" => {
                let (id, expected) = expected.split_once(' ').expect(place);
                let found = self.run.will_run(&StepId::from(id));
                assert_eq!(found.last().map(String::as_str), Some(expected), "{place}");
                return;
            }
            "why" | "says" => {
                let (id, expected) = expected.split_once(' ').unwrap_or((expected, ""));
                let i = self.run.index(&StepId::from(id)).expect(place);
                let found = match subject {
                    "why" => self.run.why(i).to_string(),
                    _ => self.run.steps()[i].why.clone(),
                };
                // A comma ends a claim: texts are compared as far as they go.
                assert!(found.starts_with(expected), "{place}: found `{found}`");
                return;
            }
            id => {
                // `STEP.NAME` is an output, unless it is a compensation.
                let whole = self.run.index(&StepId::from(id)).map(|_| (id, ""));
                let (id, output) = whole.or(id.split_once('.')).unwrap_or((id, ""));
                let step = self.run.step(&StepId::from(id)).expect(place);
                match step.outputs.get(output) {
                    Some(value) => value.to_string(),
                    None => step.state.word().to_owned(),
                }
            }
        };
        assert_eq!(found, expected, "{claim} in {place}");
    }
}

fn checked(name: &str, text: &str, files: &[(String, String)]) -> Arc<Workflow> {
    let mut load = |path: &str| {
        let found = files.iter().find(|(name, _)| name == path);
        let text = found.map(|(_, text)| text.as_bytes().to_vec());
        text.ok_or_else(|| format!("no such file: {path}"))
    };
    let checked = check_including(text.as_bytes(), name, &mut load);
    Arc::new(
        checked
            .workflow
            .unwrap_or_else(|| panic!("{:?}", checked.problems)),
    )
}

/// `ana`, `ana@dba` in a group, `root#0/ana` with a uid and the login behind it, `ana%2` at another terminal, `ana+` at a screen.
fn person(text: &str) -> Actor {
    let (text, screen) = match text.strip_suffix('+') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (text, at) = text.split_once('%').unwrap_or((text, ""));
    let (text, group) = text.split_once('@').unwrap_or((text, ""));
    let (text, audit) = text.split_once('/').unwrap_or((text, ""));
    let (name, uid) = text.split_once('#').unwrap_or((text, ""));
    Actor {
        groups: [group].map(str::to_owned).into(),
        uid: uid.parse().ok(),
        audit: audit.to_owned(),
        at: at.to_owned(),
        screen,
        ..actor(name)
    }
}

fn attention(text: &str) -> AttentionTimeout {
    let (after, then) = text.split_once(' ').unwrap_or((text, ""));
    AttentionTimeout {
        after: span(after),
        then: match then {
            "rollback" => OnAttentionTimeout::Rollback,
            _ => OnAttentionTimeout::Abort,
        },
    }
}

fn other_way(step: &Step, text: &str) -> Ungraceful {
    match text {
        "skip" => Ungraceful::Skip,
        _ => Ungraceful::Other(Arc::new(Step {
            action: Action::Work(work("force")),
            ..step.clone()
        })),
    }
}

fn hook(text: &str) -> Option<(HookKind, Hook)> {
    let kind = HookKind::ALL.into_iter().find(|kind| kind.word() == text);
    kind.map(|kind| (kind, super::build::hook()))
}

fn check(text: &str) -> Preflight {
    let (id, rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut check = preflight(id, !rest.starts_with("warn"));
    if let Some((_, expression)) = rest.split_once("assert ") {
        check.action = Action::Assert {
            that: expr(expression),
            message: template("it does not hold"),
        };
    }
    check
}

fn start_with(mut start: RunStart, options: &str) -> RunStart {
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "paused" => start.paused = true,
            "unattended" => start.attended = false,
            "controls" => start.controls = true,
            "ungraceful" => start.ungraceful = true,
            "dry" => start.kind = Kind::Dry,
            "drill" => start.kind = Kind::Drill,
            "slots" => start.max_parallel = words.next().and_then(|n| n.parse().ok()),
            "break" => start.breakpoints.extend(words.next().map(StepId::from)),
            _ => panic!("no such option: {word}"),
        }
    }
    start
}

fn action<'a>(word: &str, next: &mut dyn FnMut() -> &'a str) -> Action {
    match word {
        "run" => Action::Work(work("true")),
        "exec" => {
            let Work::Run(command) = work("true") else {
                unreachable!("`work` makes a run")
            };
            Action::Work(Work::Exec(command))
        }
        "wait" => Action::Wait(Wait::For(span(next()))),
        "approval" => approval(next()),
        "checklist" => Action::Checklist(Checklist {
            items: ["look", "listen"].map(item).to_vec(),
        }),
        "set" => Action::Set {
            values: [("x".to_owned(), crate::workflow::Tree::Plain(json!(1)))].into(),
        },
        "assert" => Action::Assert {
            that: expr(next()),
            message: template("it does not hold"),
        },
        _ => panic!("no such action: {word}"),
    }
}

/// `2`, `1:reject` (on timeout, after a minute), `1:abort` (on rejection), `1:bob+group.dba`.
fn approval(text: &str) -> Action {
    let (count, more) = text.split_once(':').unwrap_or((text, ""));
    let mut approval = Approval {
        message: template("go?"),
        from: Vec::new(),
        count: count.parse().unwrap(),
        timeout: None,
        on_timeout: OnTimeout::Hold,
        on_reject: OnReject::Hold,
        form: Vec::new(),
        not_starter: false,
    };
    let mut expire = |then| {
        approval.timeout = Some(Duration::from_mins(1));
        approval.on_timeout = then;
    };
    match more {
        "" => {}
        "hold" => expire(OnTimeout::Hold),
        "reject" => expire(OnTimeout::Reject),
        "approve" => expire(OnTimeout::Approve),
        "abort" => approval.on_reject = OnReject::Abort,
        "rollback" => approval.on_reject = OnReject::Rollback,
        names => {
            let who = |name: &str| match name.strip_prefix("group.") {
                Some(group) => Answerers::Group(group.to_owned()),
                None => Answerers::Person(name.to_owned()),
            };
            approval.from = names.split('+').map(who).collect();
        }
    }
    Action::Approval(approval)
}

fn item(text: &str) -> ChecklistItem {
    ChecklistItem {
        text: template(text),
        required: true,
        link: None,
        input: (text == "listen").then(|| "heard".to_owned()),
    }
}

fn rest_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = ["undo"].into_iter().chain(words).collect();
    words.join(" ")
}

fn with_undo(of: Step, undo: Step) -> Step {
    let id = of.id.undo();
    let compensate = Some(std::sync::Arc::new(Step { id, ..undo }));
    Step { compensate, ..of }
}

fn fan_out(count: usize) -> FanOut {
    FanOut {
        source: FanSource::Items((0..count).map(|n| json!(n)).collect()),
        max_parallel: None,
        fail_fast: false,
    }
}

fn set_width(step: &mut Step, width: usize) {
    step.fan_out.as_mut().unwrap().max_parallel = Some(width);
}

fn policy(word: &str) -> FailurePolicy {
    match word {
        "ignore" => FailurePolicy::Ignore,
        "abort" => FailurePolicy::Abort,
        "rollback" => FailurePolicy::Rollback,
        _ => FailurePolicy::Hold,
    }
}

fn span(text: &str) -> Duration {
    let number = text.trim_end_matches('s').parse();
    Duration::from_secs(number.expect("seconds"))
}

/// `a.1`, `a.v1` for a look, `a.p1` for a preflight check, `hooks.ended.h1` for a hook.
fn attempt(text: &str) -> AttemptId {
    let (step, n) = text.rsplit_once('.').expect("STEP.N");
    if let Some(n) = n.strip_prefix('p') {
        return AttemptId::preflight(step.into(), n.parse().unwrap());
    }
    if let Some(n) = n.strip_prefix('h') {
        return AttemptId::hook(step.into(), n.parse().unwrap());
    }
    match n.strip_prefix('v') {
        Some(n) => AttemptId::verify(step.into(), n.parse().unwrap()),
        None => AttemptId::act(step.into(), n.parse().unwrap()),
    }
}

/// `recheck`, `recheck lag`, `override because`, `override lag because`.
fn about_checks(words: &[&str], reason: String) -> Command {
    let named = words.get(1).filter(|w| **w != "because");
    let check = named.map(|c| StepId::from(*c));
    match words[0] {
        "recheck" => Command::Recheck { check },
        _ => Command::Override { check, reason },
    }
}

/// `retry a because`, `mark a sure because`, `abort now because`, `tick a 1 heard=it`, ...
pub(super) fn command(text: &str) -> Command {
    let words: Vec<&str> = text.split(' ').collect();
    let step = || StepId::from(*words.get(1).expect("a step"));
    let has = |word: &str| words.contains(&word);
    let reason = if has("because") { "because" } else { "" }.to_owned();
    let given = words.iter().filter_map(|w| w.split_once('='));
    let given = given.map(|(k, v)| (k.to_owned(), v.to_owned()));
    let outputs = || given.clone().map(|(k, v)| (k, json!(v))).collect();
    match words[0] {
        "recheck" | "override" => about_checks(&words, reason),
        "pause" => Command::Pause,
        "resume" => Command::Resume,
        "step" => Command::Step {
            step: words.get(1).map(|s| StepId::from(*s)),
        },
        "break" => Command::Breakpoint {
            step: step(),
            on: !has("off"),
        },
        "retry" => Command::Retry {
            step: step(),
            changes: given.clone().next().is_some().then(|| Changes {
                inputs: given.collect(),
                rest_of_run: has("rest"),
            }),
            reason,
        },
        "retry_from" => Command::RetryFrom {
            step: step(),
            rerun: words
                .iter()
                .filter_map(|w| w.strip_prefix('+'))
                .map(StepId::from)
                .collect(),
            reason,
        },
        "skip" => Command::Skip {
            step: step(),
            outputs: outputs(),
            dependents: has("dependents"),
            reason,
        },
        "unskip" => Command::Unskip {
            step: step(),
            reason,
        },
        "mark" => Command::Mark {
            step: step(),
            outputs: outputs(),
            override_verify: has("sure"),
            reason,
        },
        "ignore" => Command::Ignore {
            step: step(),
            reason,
        },
        "cancel" | "kill" => Command::Cancel {
            step: step(),
            kill: words[0] == "kill",
            reason,
        },
        "approve" => Command::Approve {
            step: step(),
            form: outputs(),
            note: String::new(),
        },
        "reject" => Command::Reject {
            step: step(),
            reason,
        },
        "revoke" => Command::Revoke { step: step() },
        "tick" | "untick" => Command::Tick {
            step: step(),
            item: words[2].parse().unwrap(),
            done: words[0] == "tick",
            note: String::new(),
            value: given.map(|(_, v)| v).next(),
        },
        "postpone" => Command::Postpone {
            step: step(),
            until: Timestamp(0).after(span(words[2])),
        },
        "note" => Command::Note {
            step: None,
            text: text.trim_start_matches("note").trim().to_owned(),
        },
        "pin" => Command::Pin {
            attempt: attempt(words[1]),
            line: 0,
            text: "a line".to_owned(),
        },
        "rollback" | "ungraceful" | "graceful" | "abort" => about_run(&words, reason),
        _ => about_controls(&words, reason),
    }
}

/// `rollback`, `ungraceful [STEP]`, `graceful [STEP]`, `abort HOW`.
fn about_run(words: &[&str], reason: String) -> Command {
    match words[0] {
        "rollback" => Command::Rollback { reason },
        "ungraceful" | "graceful" => Command::Ungraceful {
            step: words
                .get(1)
                .filter(|w| **w != "because")
                .map(|s| StepId::from(*s)),
            on: words[0] == "ungraceful",
            reason,
        },
        _ => Command::Abort {
            how: serde_json::from_value::<AbortHow>(json!(words[1])).unwrap(),
            reason,
        },
    }
}

/// `take [force]`, `hand over [to NAME]`, `deny [NAME]`, `release`.
fn about_controls(words: &[&str], reason: String) -> Command {
    let named = |n: usize| {
        let name = words.get(n).filter(|name| **name != reason);
        name.map(|name| Box::new(person(name)))
    };
    match words[0] {
        "take" => Command::Take {
            force: words.contains(&"force"),
            reason,
        },
        "hand" => Command::HandOver { to: named(3) },
        "deny" => Command::Deny {
            to: named(1),
            reason,
        },
        "release" => Command::Release,
        other => panic!("no such command: {other}"),
    }
}
