//! Files in, plans or problems out. What is said about bad files is in `tests/corpus`.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{bind_params, check, render};
use crate::workflow::{
    Action, Body, FailurePolicy, FanSource, Need, OutputFrom, ParamKind, SecretSource, Step, Work,
    Workflow, schema,
};

const GOOD: &str = include_str!("tests/good.yaml");

fn plan(text: &str) -> Workflow {
    let checked = check(text.as_bytes());
    let shown: Vec<String> = checked
        .problems
        .iter()
        .map(|p| render(p, "f.yaml", text.as_bytes(), false))
        .collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    checked.workflow.expect("no problem, so a plan")
}

fn step<'w>(workflow: &'w Workflow, id: &str) -> &'w Step {
    &workflow.steps[workflow.step_index(&id.into()).expect(id)]
}

#[test]
fn a_good_file_becomes_a_plan() {
    let workflow = plan(GOOD);
    assert_eq!(workflow.name, "everything");
    assert_eq!(workflow.max_parallel, 4);
    assert_eq!(workflow.objectives.rto, Some(Duration::from_mins(45)));
    assert_eq!(workflow.objectives.clock_end, Some("ok".into()));
    assert_eq!(workflow.secrets["token"], SecretSource::Env("TOKEN".into()));
    assert_eq!(workflow.digest.len(), 64);
    assert_eq!(&*workflow.text, GOOD);
    assert_eq!(
        workflow.params[1].kind,
        ParamKind::Int {
            min: Some(1),
            max: Some(100)
        }
    );

    let first = step(&workflow, "first");
    assert!(first.needs.is_empty());
    assert_eq!(first.timeout, Some(Duration::from_mins(10)));
    assert_eq!(first.retry.limit, 2);
    assert_eq!(first.name, "first");
    let Action::Work(Work::Run(command)) = &first.action else {
        panic!("{:?}", first.action);
    };
    let argv: Vec<_> = command.argv.iter().map(|t| t.constant().unwrap()).collect();
    assert_eq!(argv, ["/bin/sh", "-e", "-c", "./promote.sh \"$TARGET\""]);

    let second = step(&workflow, "second-one");
    assert_eq!(
        second.needs,
        [Need {
            step: 0,
            any: false
        }]
    );
    assert_eq!(
        second.outputs[0].from,
        OutputFrom::Regex(r"^endpoint=(\S+)".into())
    );
    assert!(second.danger && second.required && second.verify.is_some());
    assert_eq!(second.on_failure, FailurePolicy::Abort);

    let either = step(&workflow, "either");
    assert_eq!(
        either.needs,
        [
            Need { step: 0, any: true },
            Need {
                step: 1,
                any: false
            }
        ]
    );
    let Action::Work(Work::Http(http)) = &either.action else {
        panic!("{:?}", either.action);
    };
    assert_eq!(http.method, "POST");
    assert!(matches!(http.body, Some(Body::Json(_))));
    assert_eq!(http.headers[1].0, "Authorization");
    assert!(!either.idempotent);
    let each = step(&workflow, "each").fan_out.as_ref().unwrap();
    assert_eq!(each.max_parallel, Some(2));
    assert!(matches!(each.source, FanSource::ForEach(_)));
}

#[test]
fn what_is_not_said_has_a_value() {
    let workflow = plan(
        "name: x\nsteps:\n  - {id: a, run: x}\n  - {id: b, http: {url: 'https://x', until: {}}}\n",
    );
    let a = &workflow.steps[0];
    assert_eq!(workflow.max_parallel, 16);
    assert_eq!((a.timeout, a.kill_grace), (None, Duration::from_secs(10)));
    assert_eq!((a.retry.limit, a.retry.delay), (0, Duration::from_secs(5)));
    assert_eq!(a.verify_timeout, Duration::from_mins(1));
    assert_eq!(a.max_log, 1 << 30);
    let Action::Work(Work::Http(http)) = &workflow.steps[1].action else {
        panic!();
    };
    let until = http.until.as_ref().unwrap();
    assert_eq!(
        (until.every, until.timeout),
        (Duration::from_secs(5), Duration::from_mins(5))
    );
    assert_eq!((until.consecutive, http.method.as_str()), (1, "GET"));
}

#[test]
fn whether_a_step_may_run_again_follows_from_its_nature() {
    for (action, expected) in [
        ("run: x", false),
        ("exec: {argv: [x]}", false),
        ("http: {url: 'https://x'}", true),
        ("http: {url: 'https://x', method: put}", true),
        ("http: {url: 'https://x', method: DELETE}", true),
        ("http: {url: 'https://x', method: POST}", false),
        ("http: {url: 'https://x', method: PATCH}", false),
        (
            "http: {url: 'https://x', method: POST, idempotency_key: true}",
            true,
        ),
        ("notify: {webhook: 'https://x', message: x}", false),
        ("set: {a: 1}", true),
        ("wait: {for: 1s}", true),
        ("run: x\n    idempotent: true", true),
        ("http: {url: 'https://x'}\n    idempotent: false", false),
    ] {
        let workflow = plan(&format!("name: x\nsteps:\n  - id: a\n    {action}\n"));
        assert_eq!(workflow.steps[0].idempotent, expected, "{action}");
    }
}

#[test]
fn the_order_follows_the_needs_and_else_the_file() {
    let workflow = plan(
        "name: x\nsteps:\n  - {id: a, needs: [d], run: x}\n  - {id: b, needs: [], run: x}\n  - {id: c, needs: [], run: x}\n  - {id: d, needs: [c], run: x}\n",
    );
    assert_eq!(workflow.order(), [1, 2, 3, 0]);
    assert_eq!(workflow.step_indices()[&crate::id::StepId::from("d")], 3);
}

#[test]
fn params_are_typed_and_completed() {
    let workflow = plan(GOOD);
    let bound = |given: Json| {
        let given: BTreeMap<String, Json> = serde_json::from_value(given).unwrap();
        bind_params(&workflow, &given)
    };
    let good = bound(json!({"ticket": "INC-1", "percent": "5", "hosts": "a, b", "sure": "yes"}));
    let good = good.unwrap();
    assert_eq!(good["percent"], json!(5));
    assert_eq!(good["hosts"], json!(["a", "b"]));
    assert_eq!(good["sure"], json!(true));
    assert_eq!(good["target"], json!("eu-north"));
    assert_eq!(good["ratio"], json!(null));

    let bad = bound(
        json!({"percent": 101, "target": "eu-nroth", "hosts": 5, "sure": "maybe", "ratio": "x", "tikcet": "y"}),
    );
    let told: Vec<String> = bad
        .unwrap_err()
        .into_iter()
        .map(|p| {
            format!(
                "{}: {} | {}",
                p.param,
                p.message,
                p.hint.unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "tikcet: there is no such parameter | did you mean `ticket`?",
            "target: \"eu-nroth\" is not one of the options | did you mean `eu-north`?",
            "percent: 101 is not between 1 and 100 | ",
            "ticket: needs a value | Ticket of the incident",
            "hosts: expected a list of texts, got 5 | write a,b,c or [\"a\", \"b\"]",
            "sure: expected true or false, got \"maybe\" | ",
            "ratio: expected a number, got \"x\" | ",
        ]
    );
    let bad = bound(json!({"ticket": "X-1"})).unwrap_err();
    assert_eq!(
        bad[0].message,
        r"`X-1` does not match the pattern `^INC-\d+$`"
    );
}

#[test]
fn problems_look_like_those_of_a_compiler() {
    let text =
        "name: x\nsteps:\n  - id: node\n    run: x\n  - id: b\n    needs: [nope]\n    run: x\n";
    let checked = check(text.as_bytes());
    let shown = render(&checked.problems[0], "x.yaml", text.as_bytes(), false);
    let expected = "\
error[unknown_need]: unknown step `nope`
 --> x.yaml:6:13
  |
6 |     needs: [nope]
  |             ^^^^ no step has this id
  |
  = help: did you mean `node`?";
    assert_eq!(shown.trim_end(), expected);
    assert!(render(&checked.problems[0], "x.yaml", text.as_bytes(), true).contains('\u{1b}'));
    // Whatever a file holds, a terminal gets none of it.
    let nasty = b"name: \"\x1b[2J\xe2\x80\xae\xff\"\nnmae: x\n";
    for problem in check(nasty).problems {
        let shown = render(&problem, "\u{1b}x", nasty, false);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    }
}

#[test]
fn the_schema_and_the_check_agree() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let value = |text: &str| crate::yaml::parse::<Json>(text).expect(text);
    let good = value(GOOD);
    let errors: Vec<String> = validator
        .iter_errors(&good)
        .map(|e| e.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    for bad in [
        "name: x",
        "name: x\nsteps: {}\n",
        "name: x\nstepz: []\nsteps: []\n",
        "name: x\nsteps: [{id: A B, run: x}]\n",
        "name: x\nsteps: [{id: a, run: x, timeout: 30}]\n",
        "name: x\nsteps: [{id: a, run: x, timeout: soon}]\n",
        "name: x\nsteps: [{id: a, ssh: {hosts: {}}}]\n",
        "name: x\nsteps: [{id: a, run: x, on_failure: hodl}]\n",
        "name: x\nsteps: [{id: a, run: x, retry: {limt: 1}}]\n",
        "name: x\nsteps: [{id: a, run: x, needs: {b: maybe}}]\n",
        "name: x\nparams: {n: {type: nmber}}\nsteps: [{id: a, run: x}]\n",
    ] {
        assert!(!validator.is_valid(&value(bad)), "the schema accepts {bad}");
        assert!(
            check(bad.as_bytes()).workflow.is_none(),
            "check accepts {bad}"
        );
    }
    let text = schema.to_string();
    assert!(text.contains("2020-12") && text.contains("Automatic retries of definite failures"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Cut, doubled, and with other bytes in it: there is an answer, and every place in it can be shown.
    #[test]
    fn whatever_a_file_holds_there_is_an_answer(
        edits in prop::collection::vec((0usize..4000, 0usize..40, prop::sample::select(SPICE)), 1..6)
    ) {
        let mut bytes = GOOD.as_bytes().to_vec();
        for (at, cut, put) in edits {
            let at = at % (bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, put.iter().copied());
        }
        let checked = check(&bytes);
        let errors = checked.problems.iter().any(|p| p.severity == crate::workflow::Severity::Error);
        prop_assert_eq!(checked.workflow.is_none(), errors);
        for problem in &checked.problems {
            prop_assert!(!problem.message.is_empty());
            prop_assert!(!render(problem, "f", &bytes, false).is_empty());
        }
    }
}

/// What mutations put in.
const SPICE: &[&[u8]] = &[
    b"",
    b"\n",
    b"  ",
    b"\t",
    b": ",
    b"- ",
    b"[",
    b"{",
    b"}",
    b"]",
    b"\"",
    b"'",
    b"${{",
    b"}}",
    b"&a ",
    b"*a",
    b"!x ",
    b"<<: ",
    b"|\n",
    b">",
    b"#",
    b"---\n",
    b"...\n",
    b"? ",
    b"\xff",
    b"\xc3\xa4",
    b"\x00",
    b"\x1b",
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    b"~",
    b"0x1f",
    b"99999999999999999999999",
    b"1e999",
    b"secrets.token",
    b"steps.first.status",
    b"needs: [each]\n",
    b"%",
    b"@",
    b"`",
    b",",
];
