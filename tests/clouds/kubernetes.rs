//! `kubernetes` against a real cluster of one node. What came of it is read back by kubectl.
//!
//! `tests/clouds/kubernetes-cluster build` builds the cluster's binaries, once per machine. Where they are not built, `tests/run`
//! says that these tests are skipped; by hand: `cargo test --test clouds -- --ignored kubernetes`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value as Json;

use crate::parties::kubernetes::{Namespace, kubeconfig};
use crate::parties::link::Link;
use crate::parties::until;
use crate::run::{Outcome, run};
use crate::support::Place;

/// A workflow of these steps, in a namespace of its own.
fn workflow(namespace: &Namespace, steps: &str) -> String {
    let config = kubeconfig();
    let steps = steps.replace("NS", &namespace.name);
    format!("name: k\nenv: {{KUBECONFIG: {config}}}\ndefaults: {{timeout: 60s}}\nsteps:\n{steps}")
}

fn succeeded(outcome: &Outcome) {
    assert_eq!(outcome.code, 0, "{:#?} {}", outcome.events, outcome.err);
}

fn message<'o>(outcome: &'o Outcome, step: &str) -> &'o str {
    outcome.ended(step)["message"].as_str().unwrap_or_default()
}

/// A deployment named shop and its service.
fn shop(replicas: u32, image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: shop}}\n\
         spec: {{selector: {{app: shop}}, ports: [{{port: 80, targetPort: 8080, protocol: TCP}}]}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: shop}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: shop}}}}\n  template:\n    metadata: {{labels: {{app: shop}}}}\n    \
         spec:\n      terminationGracePeriodSeconds: 0\n      \
         containers: [{{name: web, image: \"{image}\", imagePullPolicy: Never}}]\n"
    )
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_applies_rolls_out_scales_and_restarts() {
    let (place, namespace) = (Place::new(), Namespace::new("roll"));
    place.write("app.yaml", &shop(2, "localhost/app:1"));
    let steps = "  - {id: apply, kubernetes: {apply: app.yaml, namespace: NS}}\n  \
        - {id: again, kubernetes: {apply: app.yaml, namespace: NS}}\n  \
        - {id: scale, kubernetes: {scale: deploy/shop, replicas: 3, namespace: NS}}\n  \
        - {id: image, kubernetes: {set_image: deploy/shop, images: {web: 'localhost/app:2'}, namespace: NS}}\n  \
        - {id: restart, kubernetes: {rollout: deploy/shop, action: restart, namespace: NS}}\n";
    let outcome = run(&place, &workflow(&namespace, steps));
    succeeded(&outcome);
    let outputs = |step: &str| &outcome.ended(step)["outputs"];
    assert_eq!(
        outputs("apply")["changed"],
        Json::from(vec!["service/shop", "deployment/shop"])
    );
    assert_eq!(outputs("again")["changed"], Json::from(Vec::<&str>::new()));
    assert_eq!(outputs("scale")["before"], 2);
    assert_eq!(outputs("image")["before"]["web"], "localhost/app:1");
    assert_eq!(outputs("image")["revision"], 2);
    assert_eq!(outputs("restart")["revision"], 3);
    let ready = namespace.kubectl("get deploy shop -o jsonpath={.status.readyReplicas}");
    assert_eq!(ready, "3");
    let images =
        namespace.kubectl("get pods -l app=shop -o jsonpath={.items[*].spec.containers[0].image}");
    assert_eq!(images, ["localhost/app:2"; 3].join(" "));
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_tells_early_that_a_rollout_cannot_end_and_takes_it_back() {
    let (place, namespace) = (Place::new(), Namespace::new("undo"));
    place.write("app.yaml", &shop(1, "localhost/app:1"));
    let steps = "  - {id: apply, kubernetes: {apply: app.yaml, namespace: NS}}\n  \
        - id: image\n    kubernetes: {set_image: deploy/shop, images: {web: 'localhost/none:9'}, namespace: NS}\n    \
        on_failure: ignore\n  \
        - {id: undo, kubernetes: {rollout: deploy/shop, action: undo, namespace: NS}}\n";
    let began = std::time::Instant::now();
    let outcome = run(&place, &workflow(&namespace, steps));
    assert_eq!(outcome.code, 3, "{:#?}", outcome.events);
    // The deadline of the rollout itself is ten minutes.
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "{:?}",
        began.elapsed()
    );
    let why = message(&outcome, "image");
    for part in [
        "context tests (https://127.0.0.1:",
        "deployment/shop",
        "container web: ErrImageNeverPull",
        "pod shop-",
    ] {
        assert!(why.contains(part), "{part} in {why}");
    }
    assert_eq!(outcome.ended("undo")["outputs"]["revision"], 3);
    let image =
        namespace.kubectl("get deploy shop -o jsonpath={.spec.template.spec.containers[0].image}");
    assert_eq!(image, "localhost/app:1");
    assert_eq!(
        namespace.kubectl("get deploy shop -o jsonpath={.status.updatedReplicas}"),
        "1"
    );
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_applies_nothing_if_one_manifest_is_refused() {
    let (place, namespace) = (Place::new(), Namespace::new("dry"));
    let bad = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: Bad_Name}\n";
    place.write("bad.yaml", &(shop(1, "localhost/app:1") + bad));
    let steps = "  - {id: bad, kubernetes: {apply: bad.yaml, namespace: NS}, on_failure: ignore}\n";
    let outcome = run(&place, &workflow(&namespace, steps));
    let why = message(&outcome, "bad");
    assert!(
        why.contains("configmap/Bad_Name") && why.contains("metadata.name"),
        "{why}"
    );
    assert_eq!(
        namespace
            .kubectl("get deploy,svc,cm -l app!=x -o name")
            .matches("shop")
            .count(),
        0
    );

    // Whose field it is, is said.
    place.write("app.yaml", &shop(0, "localhost/app:1"));
    let steps = "  - {id: apply, kubernetes: {apply: app.yaml, namespace: NS}}\n";
    succeeded(&run(&place, &workflow(&namespace, steps)));
    namespace.kubectl(r#"patch deploy shop --field-manager ana -p {"spec":{"replicas":7}}"#);
    let outcome = run(&place, &workflow(&namespace, steps));
    let why = message(&outcome, "apply");
    assert!(why.contains(".spec.replicas belongs to ana; "), "{why}");
    let steps = steps.replace("app.yaml", "app.yaml, force: true");
    succeeded(&run(&place, &workflow(&namespace, &steps)));
    assert_eq!(
        namespace.kubectl("get deploy shop -o jsonpath={.spec.replicas}"),
        "0"
    );
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_runs_a_job_and_tells_its_log() {
    let (place, namespace) = (Place::new(), Namespace::new("job"));
    let steps = "  - id: good\n    kubernetes: {job: migrate, image: 'localhost/app:1', namespace: NS, variables: {WHO: ana}, \
        argv: [sh, -c, 'echo hello $WHO; sleep 1; echo done']}\n  \
        - id: bad\n    on_failure: ignore\n    kubernetes: {job: migrate, image: 'localhost/app:1', namespace: NS, \
        argv: [sh, -c, 'echo no; exit 4']}\n  \
        - id: never\n    on_failure: ignore\n    kubernetes: {namespace: NS, job: {apiVersion: batch/v1, kind: Job, \
        metadata: {name: absent}, spec: {template: {spec: {restartPolicy: Never, \
        containers: [{name: x, image: 'localhost/none:1', imagePullPolicy: Never}]}}}}}\n";
    let outcome = run(&place, &workflow(&namespace, steps));
    assert_eq!(outcome.code, 3, "{:#?}", outcome.events);
    let good = &outcome.ended("good")["outputs"];
    assert_eq!(good["stdout"], "hello ana\ndone");
    let name = good["job"].as_str().unwrap();
    assert!(name.starts_with("migrate-"), "{name}");
    let succeeded = namespace.kubectl(&format!("get job {name} -o jsonpath={{.status.succeeded}}"));
    assert_eq!(succeeded, "1");
    let why = message(&outcome, "bad");
    assert!(
        why.contains("BackoffLimitExceeded") && why.ends_with("(exit code 4)"),
        "{why}"
    );
    let why = message(&outcome, "never");
    assert!(
        why.contains("container x: ErrImageNeverPull") && why.ends_with("it was stopped"),
        "{why}"
    );
    until("the pod of the stopped job is gone", || {
        namespace
            .kubectl("get pods -o name")
            .matches("absent-")
            .count()
            == 0
    });
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_sees_how_a_job_ends_for_one_who_may_not_see_its_pods() {
    let (place, namespace) = (Place::new(), Namespace::new("blind"));
    namespace.kubectl("create role maker --verb=get,create,patch --resource=jobs");
    namespace.kubectl("create rolebinding maker --role=maker --user=guest");
    let steps = "  - {id: job, kubernetes: {job: migrate, image: 'localhost/app:1', namespace: NS, context: guest, argv: [echo, hello]}}\n";
    let outcome = run(&place, &workflow(&namespace, steps));
    succeeded(&outcome);
    assert_eq!(outcome.ended("job")["outputs"]["stdout"], "");
    let log = place.run(&["logs", "last", "job"]);
    assert!(log.out.contains("says cannot be read"), "{}", log.out);
    assert_eq!(namespace.kubectl("get jobs -o name").lines().count(), 1);
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_runs_a_program_in_the_first_container_unless_another_is_said() {
    let (place, namespace) = (Place::new(), Namespace::new("first"));
    let container = |name: &str| {
        format!(
            "{{name: {name}, image: 'localhost/app:1', imagePullPolicy: Never, command: [sleep, '600'], env: [{{name: ME, value: {name}}}]}}"
        )
    };
    let (one, two) = (container("one"), container("two"));
    let steps = format!(
        "  - {{id: pod, kubernetes: {{namespace: NS, apply: {{apiVersion: v1, kind: Pod, metadata: {{name: box}}, \
         spec: {{terminationGracePeriodSeconds: 0, containers: [{one}, {two}]}}}}}}}}\n  \
        - {{id: there, kubernetes: {{wait: pod/box, query: 'length(status.containerStatuses[?ready]) == `2`', namespace: NS}}}}\n  \
        - {{id: first, kubernetes: {{exec: pod/box, namespace: NS, argv: [sh, -c, 'echo $ME']}}}}\n  \
        - {{id: second, kubernetes: {{exec: pod/box, namespace: NS, container: two, argv: [sh, -c, 'echo $ME']}}}}\n"
    );
    let outcome = run(&place, &workflow(&namespace, &steps));
    succeeded(&outcome);
    assert_eq!(outcome.ended("first")["outputs"]["stdout"], "one");
    assert_eq!(outcome.ended("second")["outputs"]["stdout"], "two");
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_runs_a_job_once_although_its_attempt_was_killed() {
    let (place, namespace) = (Place::new(), Namespace::new("adopt"));
    let steps = "  - id: migrate\n    kubernetes: {job: migrate, image: 'localhost/app:1', namespace: NS, \
        argv: [sh, -c, 'echo begun; sleep 4; echo over']}\n";
    place.write("w.yaml", &workflow(&namespace, steps));
    let mut engine = place.command(&["run", "w.yaml", "--headless", "--json"]);
    let mut engine = engine.stdout(std::process::Stdio::null()).spawn().unwrap();
    until("the job's pod runs", || {
        namespace.kubectl("get pods -o jsonpath={.items[*].status.phase}") == "Running"
    });
    let attempt = only_child(engine.id());
    kill(engine.id());
    kill(attempt);
    engine.wait().unwrap();
    let resumed = place.run(&["resume", "last", "--headless", "--json"]);
    assert_eq!(resumed.code, 0, "{} {}", resumed.out, resumed.err);
    assert!(resumed.out.contains("begun\\nover"), "{}", resumed.out);
    // It ran once: one job, one pod.
    assert_eq!(namespace.kubectl("get jobs -o name").lines().count(), 1);
    assert_eq!(namespace.kubectl("get pods -o name").lines().count(), 1);
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_drains_a_node_as_disruption_budgets_allow_and_puts_it_back() {
    let (place, namespace) = (Place::new(), Namespace::alone("drain"));
    place.write("app.yaml", &shop(2, "localhost/app:1"));
    let budget = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: shop}\n\
        spec: {minAvailable: 2, selector: {matchLabels: {app: shop}}}\n";
    place.write("budget.yaml", budget);
    let steps = "  - {id: apply, kubernetes: {apply: [app.yaml, budget.yaml], namespace: NS}}\n  \
        - {id: drain, timeout: 3s, kubernetes: {drain: node1, force: true}, on_failure: ignore}\n  \
        - {id: relax, kubernetes: {patch: pdb/shop, with: {spec: {minAvailable: 0}}, namespace: NS}}\n  \
        - {id: seen, kubernetes: {get: pdb/shop, namespace: NS, expect: 'object.status.disruptionsAllowed == 2', \
           until: {every: 200ms, timeout: 20s}}}\n  \
        - {id: drained, kubernetes: {drain: node1, force: true}}\n  \
        - {id: pods, kubernetes: {get: node/node1, expect: 'object.spec.unschedulable'}}\n  \
        - {id: back, kubernetes: {uncordon: node1}}\n  \
        - {id: ready, kubernetes: {rollout: deploy/shop, namespace: NS}}\n";
    let outcome = run(&place, &workflow(&namespace, steps));
    assert_eq!(outcome.code, 3, "{:#?} {}", outcome.events, outcome.err);
    assert_eq!(outcome.ended("drain")["outcome"], "timed_out");
    let evicted = outcome.ended("drained")["outputs"]["evicted"].to_string();
    assert_eq!(
        evicted
            .matches(&format!("{}/shop-", namespace.name))
            .count(),
        2,
        "{evicted}"
    );
    let unschedulable = namespace.kubectl("get node node1 -o jsonpath={.spec.unschedulable}");
    assert_eq!(unschedulable, "");
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_runs_a_program_in_a_pod_and_shifts_a_service() {
    let (place, namespace) = (Place::new(), Namespace::new("exec"));
    place.write("app.yaml", &shop(1, "localhost/app:1"));
    let steps = "  - {id: apply, kubernetes: {apply: app.yaml, namespace: NS}}\n  \
        - {id: exec, kubernetes: {exec: deploy/shop, namespace: NS, argv: [sh, -c, 'echo \"out $1\"; echo err >&2', sh, 'a b']}}\n  \
        - {id: bad, kubernetes: {exec: deploy/shop, namespace: NS, argv: [sh, -c, 'exit 7']}, on_failure: ignore}\n  \
        - {id: none, kubernetes: {exec: deploy/shop, namespace: NS, argv: [nothing]}, on_failure: ignore}\n  \
        - {id: shift, kubernetes: {patch: svc/shop, namespace: NS, with: {spec: {selector: {color: green}}}}}\n  \
        - {id: label, kubernetes: {patch: deploy/shop, namespace: NS, with: {spec: {template: {metadata: {labels: {color: green}}}}}}}\n  \
        - {id: get, kubernetes: {get: ep/shop, namespace: NS, expect: 'object.subsets[0].addresses | length == 1', \
           until: {every: 100ms, timeout: 20s}}}\n  \
        - {id: wait, kubernetes: {wait: deploy/shop, namespace: NS, query: 'status.unavailableReplicas == null'}}\n  \
        - {id: logs, kubernetes: {logs: deploy/shop, namespace: NS}}\n  \
        - {id: delete, kubernetes: {delete: [app.yaml, cm/absent], namespace: NS}}\n";
    let outcome = run(&place, &workflow(&namespace, steps));
    assert_eq!(outcome.code, 3, "{:#?} {}", outcome.events, outcome.err);
    assert_eq!(outcome.ended("exec")["outputs"]["stdout"], "out a b");
    assert!(
        message(&outcome, "bad").ends_with("exit code 7"),
        "{}",
        message(&outcome, "bad")
    );
    assert!(
        message(&outcome, "none").contains("nothing"),
        "{}",
        message(&outcome, "none")
    );
    let deleted = &outcome.ended("delete")["outputs"]["deleted"];
    assert_eq!(
        *deleted,
        Json::from(vec!["deployment/shop", "service/shop"])
    );
    assert_eq!(namespace.kubectl("get deploy,svc,rs,pods -o name"), "");
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_says_who_asked_whom_when_it_is_refused() {
    let (place, namespace) = (Place::new(), Namespace::new("who"));
    let steps = "  - {id: stranger, needs: [], kubernetes: {get: cm/x, context: stranger}, on_failure: ignore}\n  \
        - {id: guest, needs: [], kubernetes: {delete: deploy/x, context: guest, namespace: NS}, on_failure: ignore}\n  \
        - {id: nowhere, needs: [], kubernetes: {get: cm/x, context: prod}, on_failure: ignore}\n  \
        - {id: kind, needs: [], kubernetes: {get: configmop/x, namespace: NS}, on_failure: ignore}\n  \
        - {id: absent, needs: [], kubernetes: {get: cm/x, namespace: NS}, on_failure: ignore}\n";
    let outcome = run(&place, &workflow(&namespace, steps));
    for (step, parts) in [
        (
            "stranger",
            [
                "context stranger (https://127.0.0.1:",
                "credentials of user stranger are not accepted; log in again",
            ],
        ),
        (
            "guest",
            [
                "context guest (https://127.0.0.1:",
                "administers the cluster to allow it to user guest",
            ],
        ),
        ("nowhere", ["no context prod", "tests, guest, stranger"]),
        ("kind", ["no such kind", "did you mean configmaps?"]),
        ("absent", ["configmap/x is not there", &namespace.name]),
    ] {
        let why = message(&outcome, step);
        for part in parts {
            assert!(why.contains(part), "{step}: {part} in {why}");
        }
    }
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_undoes_a_rollout_once_although_its_attempt_was_killed() {
    let (place, namespace) = (Place::new(), Namespace::new("once"));
    // It is four seconds until a new pod counts, so that the attempt has to wait.
    let slow =
        shop(1, "localhost/app:1").replace("  replicas: 1", "  minReadySeconds: 4\n  replicas: 1");
    place.write("app.yaml", &slow);
    let steps = "  - {id: apply, kubernetes: {apply: app.yaml, namespace: NS}}\n  \
        - {id: image, kubernetes: {set_image: deploy/shop, images: {web: 'localhost/app:2'}, namespace: NS}}\n";
    succeeded(&run(&place, &workflow(&namespace, steps)));
    let revision = || {
        let path = r"{.metadata.annotations.deployment\.kubernetes\.io/revision}";
        namespace.kubectl(&format!("get deploy shop -o jsonpath={path}"))
    };
    assert_eq!(revision(), "2");
    let steps = "  - {id: undo, kubernetes: {rollout: deploy/shop, action: undo, namespace: NS}}\n";
    place.write("undo.yaml", &workflow(&namespace, steps));
    let mut engine = place.command(&["run", "undo.yaml", "--headless", "--json"]);
    let engine = engine.stdout(std::process::Stdio::null()).spawn();
    let mut engine = engine.expect("the binary starts");
    until("the rollout is undone", || revision() == "3");
    let attempt = only_child(engine.id());
    kill(engine.id());
    kill(attempt);
    engine.wait().expect("it has ended");
    let resumed = place.run(&["resume", "last", "--headless", "--json"]);
    assert_eq!(resumed.code, 0, "{} {}", resumed.out, resumed.err);
    let log = place.run(&["logs", "last", "undo"]);
    assert!(
        log.out.contains("an earlier attempt has undone it"),
        "{}",
        log.out
    );
    assert_eq!(revision(), "3");
    let image =
        namespace.kubectl("get deploy shop -o jsonpath={.spec.template.spec.containers[0].image}");
    assert_eq!(image, "localhost/app:1");
}

/// A kubeconfig of `place` whose server is reached by a link that can be cut.
fn by_link(place: &Place) -> Link {
    let config = std::fs::read_to_string(kubeconfig()).expect("a kubeconfig");
    let server = config.split("https://127.0.0.1:").nth(1);
    let port = server.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    let port = port.expect("a port");
    let link = Link::to(port.parse().expect("a number"));
    place.write("cut.config", &config.replace(port, &link.port.to_string()));
    link
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_does_not_know_how_a_program_ended_whose_connection_was_cut() {
    let (place, namespace) = (Place::new(), Namespace::new("lost"));
    place.write("app.yaml", &shop(1, "localhost/app:1"));
    let link = by_link(&place);
    let steps = "  - {id: apply, kubernetes: {apply: app.yaml, namespace: NS}}\n  \
        - {id: exec, kubernetes: {exec: deploy/shop, namespace: NS, argv: [sh, -c, 'echo > /tmp/begun; sleep 60']}}\n";
    let text = workflow(&namespace, steps).replace(kubeconfig(), "cut.config");
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            until("the program has begun", || has_begun(&namespace.name));
            link.cut();
        });
        run(&place, &text)
    });
    let exec = outcome.ended("exec");
    assert_eq!(exec["outcome"], "unknown", "{exec}");
    let why = message(&outcome, "exec");
    assert!(why.contains("the program may go on in the pod"), "{why}");
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_gives_no_wrong_verdict_when_connections_are_cut() {
    let (place, namespace) = (Place::new(), Namespace::new("cut"));
    place.write("app.yaml", &shop(1, "localhost/app:1"));
    let link = by_link(&place);
    let steps = "  - {id: apply, kubernetes: {apply: app.yaml, namespace: NS}}\n  \
        - {id: up, kubernetes: {scale: deploy/shop, replicas: 3, namespace: NS}}\n  \
        - {id: down, kubernetes: {scale: deploy/shop, replicas: 1, namespace: NS}}\n  \
        - {id: job, kubernetes: {job: count, image: 'localhost/app:1', namespace: NS, \
           argv: [sh, -c, 'for n in 1 2 3 4 5 6; do echo $n; sleep 0.3; done']}}\n";
    let text = workflow(&namespace, steps).replace(kubeconfig(), "cut.config");
    let over = AtomicBool::new(false);
    let (outcome, cuts) = std::thread::scope(|scope| {
        let cutter = scope.spawn(|| {
            let mut cuts = 0;
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(170));
                cuts += usize::from(link.cut() > 0);
            }
            cuts
        });
        let outcome = run(&place, &text);
        over.store(true, Ordering::Relaxed);
        (outcome, cutter.join().expect("no panic"))
    });
    succeeded(&outcome);
    assert!(cuts > 10, "{cuts} cuts");
    assert_eq!(
        outcome.ended("job")["outputs"]["stdout"],
        "1\n2\n3\n4\n5\n6"
    );
    assert_eq!(namespace.kubectl("get jobs -o name").lines().count(), 1);
    assert_eq!(
        namespace.kubectl("get deploy shop -o jsonpath={.status.replicas}"),
        "1"
    );
}

fn has_begun(namespace: &str) -> bool {
    let mut command = std::process::Command::new("kubectl");
    command.args(["--kubeconfig", kubeconfig(), "--namespace", namespace]);
    command.args(["exec", "deploy/shop", "--", "cat", "/tmp/begun"]);
    command.output().is_ok_and(|output| output.status.success())
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_logs_in_by_a_plugin_that_gets_no_input() {
    let (place, namespace) = (Place::new(), Namespace::new("plugin"));
    let config = std::fs::read_to_string(kubeconfig()).expect("a kubeconfig");
    // It gives the token only if its input is empty and the step's environment is there.
    let script = "#!/bin/sh\n[ -z \"$(cat)\" ] || exit 1\n\
        [ -n \"$WHO\" ] || { echo 'your session has ended' >&2; exit 3; }\n\
        echo '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": {\"token\": \"t0ken\"}}'\n";
    place.write("plugin", script);
    let plugin = place.work().join("plugin");
    let mut executable = std::process::Command::new("chmod");
    assert!(
        executable
            .arg("+x")
            .arg(&plugin)
            .status()
            .is_ok_and(|s| s.success())
    );
    let exec = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, command: {}, interactiveMode: IfAvailable}}",
        plugin.display()
    );
    place.write("plugin.config", &config.replace("token: t0ken", &exec));
    let steps = "  - {id: good, env: {WHO: ana}, kubernetes: {get: ns/NS, kubeconfig: plugin.config}}\n  \
        - {id: bad, kubernetes: {get: ns/NS, kubeconfig: plugin.config}}\n";
    let outcome = run(&place, &workflow(&namespace, steps));
    assert_eq!(
        outcome.ended("good")["outcome"],
        "succeeded",
        "{}",
        outcome.err
    );
    let why = message(&outcome, "bad");
    assert!(
        why.contains(
            "the credential plugin failed (exit status: 3): your session has ended; log in again"
        ),
        "{why}"
    );
}

/// The process that an engine has started.
fn only_child(engine: u32) -> u32 {
    let tasks = std::fs::read_dir(format!("/proc/{engine}/task"));
    let of_task = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children"));
    let tasks = tasks.expect("the engine lives").filter_map(Result::ok);
    let children: String = tasks.filter_map(|task| of_task(task).ok()).collect();
    let mut all = children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok());
    let first = all.next().expect("an attempt process");
    assert_eq!(all.next(), None, "one child: {children}");
    first
}

fn kill(pid: u32) {
    let mut kill = std::process::Command::new("kill");
    let done = kill.args(["-KILL", &pid.to_string()]).status();
    assert!(done.expect("kill runs").success());
}
