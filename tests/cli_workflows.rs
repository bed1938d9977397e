//! The real binary on workflow files: check, plan, graph and schema.

mod support;

use serde_json::Value as Json;
use support::Place;

const DEPLOY: &str = r#"name: deploy
params:
  env: {type: enum, options: [test, prod], required: true}
secrets:
  token: {env: DEPLOY_TOKEN}
steps:
  - id: build
    needs: []
    expected: 2m
    run: make
  - id: scan
    needs: []
    expected: 30s
    exec: {argv: [scan, --env, "${{ params.env }}"]}
  - id: go
    needs: [build, scan]
    approval: {message: "To ${{ params.env }}?", from: [ana, group:dba], timeout: 15m}
  - id: push
    danger: high
    expected: 1m
    http: {method: PUT, url: "https://x.example/${{ params.env }}", headers: {Authorization: "Bearer ${{ secrets.token }}"}}
    verify: {http: {url: "https://x.example/state"}}
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("deploy.yaml", DEPLOY);
    place
}

#[test]
fn every_shipped_workflow_is_in_order() {
    for name in [
        "backup-restore-drill",
        "canary-release",
        "demand-scaling",
        "fleet-patch-and-replace",
        "hybrid-multitier-deploy",
        "quickstart",
        "region-failover",
        "rehearse-failover",
        "rehearse-restore",
    ] {
        let answer = Place::new().run(&["check", name]);
        assert_eq!(answer.code, 0, "{answer:?}");
        assert!(answer.out.contains(": ok, "), "{answer:?}");
        assert!(!answer.out.contains("warning"), "{answer:?}");
        let graph = Place::new().run(&["graph", name]);
        assert_eq!(graph.code, 0, "{graph:?}");
    }
    // The others want to know what they are to act on.
    for name in ["quickstart", "rehearse-failover", "rehearse-restore"] {
        let plan = Place::new().run(&["plan", name]);
        assert_eq!(plan.code, 0, "{plan:?}");
    }
}

#[test]
fn check_tells_place_and_hint_to_people_and_programs() {
    let place = place();
    place.write(
        "bad.yaml",
        &DEPLOY.replace("needs: [build, scan]", "needs: [bild, scan]"),
    );
    let text = place.run(&["check", "deploy.yaml", "bad.yaml"]);
    assert_eq!(text.code, 2, "{text:?}");
    assert!(text.out.contains("deploy.yaml: ok, 4 steps"), "{text:?}");
    assert!(text.out.contains("bad.yaml:16:"), "{text:?}");
    assert!(text.out.contains("bad.yaml: 1 error"), "{text:?}");

    let json = place.run(&["check", "--json", "deploy.yaml", "bad.yaml"]);
    assert_eq!(json.code, 2);
    let problems: Vec<Json> = serde_json::from_str(&json.out).unwrap();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let problem = &problems[0];
    assert_eq!(problem["file"], "bad.yaml");
    assert_eq!(problem["line"], 16);
    assert_eq!(problem["severity"], "error");
    assert!(
        problem["message"].as_str().unwrap().contains("bild"),
        "{problem}"
    );
    assert!(
        problem["hint"].as_str().unwrap().contains("build"),
        "{problem}"
    );
}

#[test]
fn a_mistake_in_an_included_file_is_told_with_its_own_place() {
    let place = place();
    place.write(
        "outer.yaml",
        "name: outer\nsteps:\n  - {id: a, workflow: {file: inner.yaml}}\n",
    );
    place.write(
        "inner.yaml",
        "name: inner\nsteps:\n  - {id: b, needs: [c], run: x}\n",
    );
    let text = place.run(&["check", "outer.yaml"]);
    assert_eq!(text.code, 2, "{text:?}");
    for part in [
        "inner.yaml:3:21",
        "included at outer.yaml:3",
        "outer.yaml: 2 errors",
    ] {
        assert!(text.out.contains(part), "{part}: {}", text.out);
    }
    let json = place.run(&["check", "--json", "outer.yaml"]);
    let problems: Vec<Json> = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (&problems[1]["file"], &problems[1]["line"]),
        (&"inner.yaml".into(), &3.into()),
        "{problems:#?}"
    );
    place.write("inner.yaml", "name: inner\nsteps:\n  - {id: b, run: x}\n");
    let plan = place.run(&["plan", "outer.yaml"]);
    assert!(plan.out.contains("a/b"), "{plan:?}");
}

#[test]
fn a_name_finds_this_folder_then_the_installed_then_the_shipped() {
    let place = place();
    let installed = place.work().join("../home/.config/flightdeck/workflows");
    std::fs::create_dir_all(&installed).unwrap();
    std::fs::write(installed.join("deploy.yaml"), "wrong").unwrap();
    std::fs::write(installed.join("nightly.yml"), DEPLOY).unwrap();
    std::fs::create_dir(place.work().join("quickstart")).unwrap();
    for (name, file) in [
        ("deploy", "deploy.yaml: ok"),
        ("nightly", "workflows/nightly.yml: ok"),
        ("quickstart", "quickstart (shipped): ok"),
    ] {
        let answer = place.run(&["check", name]);
        assert!(answer.code == 0 && answer.out.contains(file), "{answer:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let answer = place().run(&["check", "--json", "none.yaml", "deploy.yaml"]);
    assert_eq!(answer.code, 2);
    let problems: Vec<Json> = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0]["file"], "none.yaml");
}

#[test]
fn a_workflow_with_errors_is_not_run_or_planned() {
    let place = place();
    place.write("bad.yaml", "name: bad\nsteps: []\nstepps: 1\n");
    for command in ["run", "plan", "graph"] {
        let answer = place.run(&[command, "bad.yaml"]);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
        assert!(answer.err.contains("stepps"), "{answer:?}");
        assert_eq!(
            place.run(&["list", "--json"]).out,
            "[]\n",
            "nothing was started"
        );
    }
}

#[test]
fn plan_says_order_inputs_danger_people_and_time_without_secrets() {
    let answer = place().run(&["plan", "deploy.yaml", "-p", "env=prod"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
    for text in [
        "deploy: 4 steps, about 3m without waiting for people, 1 need a person (?), 1 dangerous (!)",
        "param env = \"prod\"",
        "1  build",
        "scan --env prod",
        "3  go ?",
        "approved by ana or group dba, 1 needed, within 15m",
        "4  push !",
        "PUT https://x.example/prod",
        "Authorization: Bearer ***",
    ] {
        assert!(answer.out.contains(text), "no {text:?} in {}", answer.out);
    }
}

#[test]
fn parameters_are_checked_with_their_names() {
    let place = place();
    let refused = |args: &[&str], expected: &[&str]| {
        let mut all = vec!["run", "deploy.yaml", "--headless"];
        all.extend(args);
        let answer = place.run(&all);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
        for text in expected {
            assert!(
                answer.err.contains(text),
                "{args:?}: no {text:?} in {}",
                answer.err
            );
        }
    };
    refused(&[], &["env"]);
    refused(&["-p", "env=live"], &["-p env", "test", "prod"]);
    refused(
        &["-p", "evn=prod"],
        &["evn", "did you mean `env`?", "-p env"],
    );
    refused(&["-p", "env"], &["-p `env` has no `=`"]);
    refused(&["-p", "=prod"], &["-p `=prod` has no name"]);
    refused(
        &["-p", "env=prod", "-p", "env=test"],
        &["-p env is given twice"],
    );
    refused(
        &["--params", "none.yaml"],
        &["--params none.yaml: no such file"],
    );
    place.write("list.yaml", "- a\n- b\n");
    refused(
        &["--params", "list.yaml"],
        &["--params list.yaml", "name: value"],
    );
    refused(
        &["-p", "env=prod", "--break", "pusch"],
        &["--break: no step `pusch`", "did you mean `push`?"],
    );
    refused(
        &["-p", "env=prod", "--id", "a/b"],
        &["--id: `a/b` is not a run id"],
    );
}

#[test]
fn parameters_come_from_a_file_and_flags_win() {
    let place = place();
    place.write("p.yaml", "env: test\n");
    place.write("p.json", "{\"env\": \"test\"}");
    for file in ["p.yaml", "p.json"] {
        let answer = place.run(&["plan", "deploy.yaml", "--params", file]);
        assert!(answer.out.contains("scan --env test"), "{answer:?}");
        let answer = place.run(&["plan", "deploy.yaml", "--params", file, "-p", "env=prod"]);
        assert!(answer.out.contains("scan --env prod"), "{answer:?}");
    }
}

#[test]
fn the_graph_has_four_forms() {
    let place = place();
    let text = place.run(&["graph", "deploy.yaml"]);
    assert!(text.out.is_ascii(), "without a UTF-8 locale: {}", text.out);
    assert!(
        text.out.contains("push !") && text.out.contains("go ?"),
        "{}",
        text.out
    );
    let dot = place.run(&["graph", "deploy.yaml", "--format", "dot"]);
    assert!(dot.out.starts_with("digraph \"deploy\" {"), "{}", dot.out);
    assert!(dot.out.contains("\"scan\" -> \"go\";"), "{}", dot.out);
    let mermaid = place.run(&["graph", "deploy.yaml", "--format", "mermaid"]);
    assert!(mermaid.out.starts_with("flowchart TD\n"), "{}", mermaid.out);
    assert!(mermaid.out.contains("s1 --> s2"), "{}", mermaid.out);
    let svg = place.run(&["graph", "deploy.yaml", "--format", "svg"]);
    assert!(svg.out.starts_with("<svg xmlns="), "{}", svg.out);
    assert!(svg.out.contains(">push !</text>"), "{}", svg.out);
}

#[test]
fn the_schema_is_one_json_document() {
    let answer = Place::new().run(&["schema"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let schema: Json = serde_json::from_str(&answer.out).unwrap();
    assert!(schema["$schema"].as_str().unwrap().contains("2020-12"));
    assert!(schema["properties"]["steps"].is_object(), "{schema}");
}
