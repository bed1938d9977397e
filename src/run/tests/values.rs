//! How values flow: expressions, environments, outputs, items, secrets, and changes by an operator.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::build::{actor, ended, expr, start, step, workflow};
use super::scenario::command;
use crate::id::AttemptId;
use crate::run::{Effect, Input, Outcome, Run, Spec, State, Turn};
use crate::time::Timestamp;
use crate::workflow::{
    Action, Call, Command, FanOut, FanSource, Nature, SecretSource, Service, Step, Template, Tree,
    Wait, Work, Workflow,
};

fn text(source: &str) -> Template {
    serde_json::from_value(json!(source)).expect("a text with expressions")
}

fn exec(id: &str, needs: &[usize], argv: &[&str]) -> Step {
    Step {
        action: Action::Work(Work::Exec(Command {
            argv: argv.iter().map(|t| text(t)).collect(),
            cwd: None,
            stdin: None,
        })),
        ..step(id, needs)
    }
}

fn for_each(source: &str) -> FanOut {
    FanOut {
        source: FanSource::ForEach(expr(source)),
        max_parallel: None,
        fail_fast: false,
    }
}

/// A run with a param, a secret and a workflow environment; and what it has ordered.
struct Played {
    run: Run,
    specs: Vec<Spec>,
}

impl Played {
    fn new(steps: Vec<Step>) -> Self {
        let secret = ("token".to_owned(), SecretSource::Env("TOKEN".to_owned()));
        let plan = Workflow {
            secrets: BTreeMap::from([secret]),
            env: vec![("REGION".to_owned(), text("${{ params.region }}"))],
            ..Arc::unwrap_or_clone(workflow(steps))
        };
        let mut begin = start(&plan);
        begin.params.insert("region".to_owned(), json!("north"));
        let (run, turn) = Run::start(Arc::new(plan), begin, Timestamp(0));
        let specs = Vec::new();
        let mut played = Self { run, specs };
        played.take(turn);
        played
    }

    fn take(&mut self, turn: Turn) {
        assert_eq!(turn.refused, None);
        for effect in turn.effects {
            if let Effect::Start(spec) = effect {
                self.specs.push(*spec);
            }
        }
    }

    fn end(&mut self, step: &str, outcome: Outcome, outputs: &Json) {
        let n = self.run.step(&step.into()).unwrap().attempts.len() as u32;
        let mut ended = ended(outcome, "");
        ended.outputs = serde_json::from_value(outputs.clone()).unwrap();
        let attempt = AttemptId::act(step.into(), n);
        let turn = self
            .run
            .handle(Input::AttemptEnded { attempt, ended }, Timestamp(0));
        self.take(turn);
    }

    fn succeed(&mut self, step: &str, outputs: &Json) {
        self.end(step, Outcome::Succeeded, outputs);
    }

    fn command(&mut self, text: &str) -> Option<String> {
        let input = Input::Command {
            command: command(text),
            actor: actor("ana"),
            seen: None,
        };
        let turn = self.run.handle(input, Timestamp(0));
        let refused = turn.refused.as_ref().map(ToString::to_string);
        if refused.is_none() {
            self.take(turn);
        }
        refused
    }

    fn will_run(&self, step: &str) -> String {
        self.run.will_run(&step.into()).join(" ")
    }

    fn state(&self, step: &str) -> (State, String) {
        let step = self.run.step(&step.into()).unwrap();
        (step.state, step.why.clone())
    }
}

#[test]
fn params_environment_and_secrets_reach_the_specification() {
    let mut a = exec(
        "a",
        &[],
        &[
            "tool",
            "${{ env.WHERE }}",
            "${{ secrets.token }}",
            "${{ run.id }}",
        ],
    );
    a.env = vec![
        ("WHERE".to_owned(), text("in-${{ env.REGION }}")),
        ("TOKEN".to_owned(), text("Bearer ${{ secrets.token }}")),
    ];
    let played = Played::new(vec![a]);
    let spec = &played.specs[0];
    let env: Vec<_> = spec
        .env
        .iter()
        .map(|(k, v)| format!("{k}={}", v.masked()))
        .collect();
    assert_eq!(env, ["REGION=north", "WHERE=in-north", "TOKEN=Bearer ***"]);
    assert!(spec.secrets.contains_key("token"));
    // Only what is not constant is recorded, and no secret.
    let attempt = &played.run.step(&"a".into()).unwrap().attempts[0];
    let inputs: Vec<_> = attempt
        .inputs
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    let expected = [
        "argv[1]=in-north",
        "argv[2]=***",
        "argv[3]=r1",
        "env.REGION=north",
        "env.TOKEN=Bearer ***",
        "env.WHERE=in-north",
    ];
    assert_eq!(inputs, expected);
}

#[test]
fn outputs_flow_and_a_missing_one_fails_the_step_that_needs_it() {
    let a = exec("a", &[], &["a"]);
    let b = exec("b", &[0], &["b", "${{ steps.a.outputs.host }}"]);
    let mut played = Played::new(vec![a.clone(), b.clone()]);
    assert!(played.will_run("b").starts_with("not known yet: "));
    played.succeed("a", &json!({"host": "db1"}));
    assert_eq!(played.will_run("b"), "b db1");
    let mut played = Played::new(vec![a, b]);
    played.succeed("a", &json!({}));
    let (state, why) = played.state("b");
    assert_eq!(state, State::Failed);
    assert!(why.contains("steps.a.outputs.host"), "{why}");
    assert!(played.run.step(&"b".into()).unwrap().attempts.is_empty());
}

#[test]
fn a_skipped_step_publishes_what_stands_in_for_its_outputs() {
    let mut a = exec("a", &[], &["a"]);
    a.on_skip = [(
        "host".to_owned(),
        Tree::Text(text("${{ params.region }}-db")),
    )]
    .into();
    let b = exec(
        "b",
        &[0],
        &[
            "b",
            "${{ steps.a.outputs.host }}",
            "${{ steps.a.outputs.port }}",
        ],
    );
    let mut played = Played::new(vec![a, b]);
    played.end("a", Outcome::Failed, &json!({}));
    let refused = played
        .command("skip a because")
        .expect("the port is missing");
    assert!(refused.starts_with("b needs a.outputs.port"), "{refused}");
    assert_eq!(played.command("skip a port=5432 because"), None);
    assert_eq!(played.will_run("b"), "b north-db 5432");
}

#[test]
fn a_list_that_depends_on_no_step_is_expanded_at_once_else_when_the_needs_are_met() {
    let mut a = exec("a", &[], &["a", "${{ item }}"]);
    a.fan_out = Some(for_each("range(1, 3)"));
    let mut b = exec("b", &[0], &["b", "${{ item.host }}"]);
    b.fan_out = Some(for_each("steps.a.outputs['items'][0].hosts"));
    b.condition = Some(expr("item.up"));
    let c = exec(
        "c",
        &[1],
        &["c", "${{ steps.b.outputs['items'] | length }}"],
    );
    let mut played = Played::new(vec![a, b, c]);
    let ids = |p: &Played| {
        p.run
            .steps()
            .iter()
            .map(|s| s.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&played), ["a", "b", "c", "a[1]", "a[2]"]);
    assert_eq!(played.will_run("a[2]"), "a 2");
    let host = |name: &str, up: bool| json!({"host": name, "up": up});
    let hosts = |list: &[Json]| json!({"hosts": list});
    let first = host("x", true);
    let all = hosts(&[first.clone(), host("y", false), host("z", true)]);
    played.succeed("a[1]", &all);
    played.succeed("a[2]", &json!({}));
    assert_eq!(played.will_run("b[3]"), "b z");
    assert_eq!(played.state("b[2]").0.word(), "skipped");
    played.succeed("b[1]", &json!({"n": 1}));
    played.succeed("b[3]", &json!({"n": 3}));
    assert_eq!(played.will_run("c"), "c 3");
    let outputs = &played.run.step(&"b".into()).unwrap().outputs;
    assert_eq!(outputs["items"], json!([{"n": 1}, {}, {"n": 3}]));
    played.succeed("c", &json!({}));

    // Another run of `a` gives a shorter list: what is left over does not run.
    assert_eq!(played.command("retry_from a +b +c because"), None);
    assert_eq!(played.state("b").0, State::Pending);
    played.succeed("a[1]", &hosts(&[first]));
    played.succeed("a[2]", &json!({}));
    assert_eq!(played.state("b[1]").0, State::Running);
    assert_eq!(played.state("b[3]").0.word(), "skipped");
    played.succeed("b[1]", &json!({"n": 9}));
    let outputs = &played.run.step(&"b".into()).unwrap().outputs;
    assert_eq!(outputs["items"], json!([{"n": 9}]));
}

#[test]
fn a_condition_guards_a_fan_out_whose_list_is_not_there() {
    let a = exec("a", &[], &["a"]);
    let mut b = exec("b", &[0], &["b"]);
    b.fan_out = Some(for_each("steps.a.outputs.hosts"));
    let unguarded = Played::new(vec![a.clone(), b.clone()]);
    b.condition = Some(expr("steps.a.status == 'marked'"));
    let guarded = Played::new(vec![a, b]);
    for (mut played, expected) in [(unguarded, "failed"), (guarded, "skipped")] {
        played.succeed("a", &json!({}));
        assert_eq!(played.state("b").0.word(), expected);
    }
}

#[test]
fn changes_hold_for_one_attempt_or_for_the_rest_and_secrets_go_by_name() {
    let mut a = exec("a", &[], &["a", "${{ params.region }}"]);
    a.env = vec![("MODE".to_owned(), text("soft"))];
    let mut played = Played::new(vec![a]);
    played.end("a", Outcome::Failed, &json!({}));
    let refused = played.command("retry a argv[1]=${{secrets.other}} because");
    assert!(refused.expect("no such secret").contains("other"));
    assert_eq!(
        played.command("retry a env.MODE=${{secrets.token}} argv[1]=south because"),
        None
    );
    assert_eq!(played.specs[1].env[1].1.masked(), "***");
    let attempt = &played.run.step(&"a".into()).unwrap().attempts[1];
    assert_eq!(attempt.inputs["env.MODE"], "***");
    played.end("a", Outcome::Failed, &json!({}));
    assert_eq!(played.will_run("a"), "a north");
    assert_eq!(played.command("retry a argv[1]=east rest because"), None);
    played.end("a", Outcome::Failed, &json!({}));
    assert_eq!(played.will_run("a"), "a east");
    let fields = played.run.inputs(&"a".into());
    let region = fields.iter().find(|f| f.path == "argv[1]").unwrap();
    assert_eq!((region.text.as_str(), region.fixed), ("east", false));
}

#[test]
fn what_makes_a_call_a_rehearsal_is_fixed() {
    let call: Call<Template> = Call {
        service: Service::Aws,
        ask: serde_json::from_value(json!({"map": []})).expect("a tree"),
        expect: None,
        until: None,
        nature: Nature::Reads,
        trial: false,
        outputs: Vec::new(),
    };
    for (path, fixed) in [
        ("aws.params.DryRun", true),
        ("aws.params.dry-run", true),
        ("aws.params.invocation_type", true),
        ("aws.params.FunctionName", false),
        ("aws.region", false),
    ] {
        assert_eq!(call.is_fixed(path), fixed, "{path}");
    }
}

#[test]
fn a_question_to_a_service_is_changed_value_by_value_and_what_it_does_is_fixed() {
    let ask = json!({"map": [
        ["service", {"text": "autoscaling"}],
        ["action", {"text": "set-desired-capacity"}],
        ["params", {"map": [
            ["group", {"text": "shop-${{ params.region }}"}],
            ["capacity", {"plain": 3}],
            ["zones", {"list": [{"text": "a"}, {"plain": 7}]}],
            ["wish", {"text": "${{ params.wish }}"}],
        ]}],
    ]});
    let call = Call {
        service: Service::Aws,
        ask: serde_json::from_value(ask).expect("a tree"),
        expect: None,
        until: None,
        nature: Nature::Repeatable,
        trial: false,
        outputs: Vec::new(),
    };
    let mut played = Played::new(vec![Step {
        action: Action::Work(Work::Call(Box::new(call))),
        ..step("a", &[])
    }]);
    let fields = played.run.inputs(&"a".into());
    let fields: Vec<_> = fields
        .iter()
        .map(|f| (f.path.as_str(), f.text.as_str(), f.fixed, f.tree))
        .collect();
    let expected = [
        ("aws.service", "autoscaling", true, false),
        ("aws.action", "set-desired-capacity", true, false),
        ("aws.params.group", "shop-north", false, false),
        ("aws.params.capacity", "3", false, true),
        ("aws.params.zones", r#"["a",7]"#, false, true),
        ("aws.params.wish", "${{ params.wish }}", false, false),
        ("env.REGION", "north", false, false),
        ("timeout", "", false, false),
    ];
    assert_eq!(fields, expected);
    // `wish` has no value, so its first attempt could not begin.
    assert_eq!(played.state("a").0, State::Failed);
    for (command, why) in [
        (
            "retry a aws.action=delete-auto-scaling-group because",
            "constant",
        ),
        ("retry a aws.params.capacity=three because", "not JSON"),
        ("retry a aws=3 because", "no input `aws`"),
    ] {
        let refused = played.command(command);
        assert!(
            refused.as_ref().is_some_and(|r| r.contains(why)),
            "{command}: {refused:?}"
        );
    }
    let changes = "aws.params.group=5 aws.params.capacity=4 aws.params.zones=[1] aws.params.wish=2";
    assert_eq!(played.command(&format!("retry a {changes} because")), None);
    let Work::Call(call) = &played.specs[0].work else {
        panic!("a call");
    };
    let asked = &call.ask.masked_json()["params"];
    assert_eq!(
        asked,
        &json!({"group": "5", "capacity": 4, "zones": [1], "wish": 2})
    );
    let attempts = &played.run.step(&"a".into()).unwrap().attempts;
    assert_eq!(
        attempts.last().expect("one").inputs["aws.params.group"],
        "5"
    );
}

#[test]
fn a_wait_can_have_an_end_that_is_given() {
    let wait = |source: &str| Step {
        action: Action::Wait(Wait::Until(text(source))),
        ..step("w", &[])
    };
    let good = Played::new(vec![wait("2026-11-24T10:00:00Z")]);
    assert_eq!(good.run.why(0).to_string(), "until 10:00:00");
    let bad = Played::new(vec![wait("${{ params.region }}")]);
    assert_eq!(
        bad.state("w").1,
        "wait: `north` is not a moment in RFC 3339"
    );
}
