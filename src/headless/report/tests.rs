//! A report of a run in which everything happened that a report tells, with texts that would like to be more than text.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::{Report, Source, gather, html, markdown};
use crate::id::{AttemptId, RunId};
use crate::run::{
    Actor, Changes, Command, Ended, Input, Kind, Leftover, Outcome, Recorded, Run, RunStart, Turn,
};
use crate::time::Timestamp;
use crate::workflow;

const TEXT: &str = r#"
name: restore
objectives: {rto: 5m, rpo: 30s, clock_end: healthy}
params: {target: {type: string, default: eu-north}}
steps:
  - {id: look, checklist: {items: [{text: "lights | are on", required: true}, {text: second look, required: false}]}}
  - {id: fetch, needs: [], run: fetch, expected: 10s}
  - {id: load, run: load, danger: high, env: {FROM: "${{ params.target }}"}, outputs: {rpo_actual: {regex: "lost=(\\S+)"}}}
  - {id: go, needs: [load, look], approval: {message: "Send traffic to ${{ params.target }}?"}}
  - {id: warm, needs: [load], run: warm}
  - {id: trim, needs: [load], run: trim}
  - {id: healthy, needs: [go], run: curl}
"#;
const BEGIN: i64 = 1_795_516_202_000;

/// Plays a run and keeps its records.
struct Play {
    run: Run,
    records: Vec<Recorded>,
    now: Timestamp,
}

fn ana() -> Actor {
    Actor {
        name: "ana".into(),
        at: "db1 pts/3".into(),
        uid: Some(1000),
        ..Actor::default()
    }
}

impl Play {
    fn new() -> Self {
        let workflow = workflow::check(TEXT.as_bytes())
            .workflow
            .expect("it is right");
        let workflow = Arc::new(workflow);
        let start = RunStart {
            by: "0.1.0".into(),
            file: "restore.yaml".into(),
            params: [("target".to_owned(), "eu-north".into())].into(),
            kind: Kind::Drill,
            actor: ana(),
            ..RunStart::new(RunId::parse("r42").expect("an id"), &workflow)
        };
        let now = Timestamp(BEGIN);
        let (run, turn) = Run::start(workflow, start, now);
        Self {
            run,
            records: turn.events,
            now,
        }
    }

    fn feed(&mut self, input: Input) {
        self.now.0 += 10_000;
        let Turn {
            events, refused, ..
        } = self.run.handle(input, self.now);
        assert_eq!(refused, None);
        self.records.extend(events);
    }

    fn ends(&mut self, step: &str, n: u32, outcome: Outcome, message: &str) {
        let outputs = match (step, outcome) {
            ("load", Outcome::Succeeded) => [("rpo_actual".to_owned(), "42s".into())].into(),
            _ => [].into(),
        };
        let leftovers = if message.is_empty() {
            Vec::new()
        } else {
            vec![Leftover {
                pid: 4711,
                command: "sleep <b>9</b>".into(),
            }]
        };
        let attempt = AttemptId::act(step.into(), n);
        let ended = Ended {
            exit_code: (outcome == Outcome::Failed).then_some(3),
            outputs,
            leftovers,
            took_ms: 1,
            ..Ended::new(outcome, message)
        };
        self.feed(Input::AttemptEnded { attempt, ended });
    }

    fn orders(&mut self, command: Command) {
        self.feed(Input::Command {
            command,
            actor: ana(),
            seen: None,
        });
    }

    fn report(&self, damage: Option<&str>) -> Report {
        let mut lines = |attempt: &AttemptId| {
            let hostile = "\u{1b}[2J```\r# not a heading\u{202e}";
            vec![format!("{} | {hostile}", attempt.step)]
        };
        let source = Source {
            records: &self.records,
            head: "5ea1".into(),
            damage: damage.map(str::to_owned),
            last_lines: &mut lines,
        };
        gather(source).expect("a run")
    }
}

fn played() -> Play {
    let mut play = Play::new();
    play.ends("fetch", 1, Outcome::Succeeded, "");
    play.orders(Command::Tick {
        step: "look".into(),
        item: 0,
        done: true,
        note: "all | green".into(),
        value: None,
    });
    play.ends(
        "load",
        1,
        Outcome::Failed,
        "exit 3 | [click](http://evil) <script>",
    );
    play.orders(Command::Retry {
        step: "load".into(),
        changes: Some(Changes {
            inputs: [("env.FROM".to_owned(), "us-east`".to_owned())].into(),
            rest_of_run: false,
        }),
        reason: "other *region*\n# forged".into(),
    });
    play.ends("load", 2, Outcome::Succeeded, "");
    play.ends("warm", 1, Outcome::Failed, "exit 3");
    play.orders(Command::Skip {
        step: "warm".into(),
        outputs: [].into(),
        dependents: false,
        reason: "not needed".into(),
    });
    play.orders(Command::Note {
        step: None,
        text: "INC-1 | see bridge".into(),
    });
    play.orders(Command::Pin {
        attempt: AttemptId::act("load".into(), 1),
        line: 6,
        text: "lag=38 MB\u{7}".into(),
    });
    play.ends("trim", 1, Outcome::Unknown, "its process is gone");
    play.orders(Command::Approve {
        step: "go".into(),
        form: [].into(),
        note: "looks **good**".into(),
    });
    play
}

#[test]
fn everything_stands_in_the_report_and_nothing_forges_it() {
    let text = markdown(&played().report(None));
    insta::assert_snapshot!(text);
    for (n, line) in text.lines().enumerate() {
        assert!(
            !line.chars().any(|c| c.is_control() || c == '\u{202e}'),
            "line {n}: {line:?}"
        );
        assert!(
            !line.trim_start().starts_with("# ") || n == 0,
            "line {n}: {line:?}"
        );
    }
}

#[test]
fn a_finished_run_says_whether_its_objectives_were_met() {
    let mut play = played();
    play.orders(Command::Mark {
        step: "trim".into(),
        outputs: [].into(),
        override_verify: false,
        reason: "seen in the console".into(),
    });
    play.ends("healthy", 1, Outcome::Succeeded, "");
    let report = play.report(Some("damaged at byte 99"));
    let found = &report.objectives;
    assert_eq!((found.rto_met, found.rpo_met), (Some(true), Some(false)));
    assert_eq!(found.rpo_actual_ms, Some(42_000));
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["phase"], "completed_with_exceptions");
    assert_eq!(json["journal"]["damage"], "damaged at byte 99");
    assert_eq!(json["exceptions"][1]["what"], "marked");
    assert_eq!(json["exceptions"][1]["by"]["uid"], 1000);
    let retry = &json["timeline"].as_array().expect("entries")[3];
    assert_eq!(
        (&retry["before"], &retry["after"]),
        (&"failed".into(), &"running".into())
    );
    insta::assert_snapshot!(markdown(&report));
}

#[test]
fn the_page_says_the_same_and_can_do_nothing() {
    let report = played().report(None);
    let page = html(&report);
    let (head, body) = page.split_once("</style>").expect("a style");
    let (policy, style) = head.split_once("<style>").expect("a style");
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
    assert!(policy.contains(&format!(
        "content=\"default-src 'none'; style-src 'sha256-{hash}'; "
    )));
    for acts in [
        "<script",
        "<img",
        "<b>",
        "http-equiv=\"refresh",
        " style=",
        "href=",
    ] {
        assert!(!body.contains(acts), "{acts}");
    }
    assert!(!page.chars().any(|c| c == '\u{202e}' || c == '\u{1b}'));
    insta::assert_snapshot!(body);
}
