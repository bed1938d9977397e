//! `kubernetes` steps that are stopped: what they have begun in the cluster does not go on unasked. Read back by kubectl.

use std::process::Child;
use std::time::Duration;

use crate::parties::kubernetes::{Namespace, kubeconfig};
use crate::parties::until;
use crate::place::Place;
use crate::ride::Ride;

/// A run in a namespace of its own.
struct Stage {
    ride: Ride,
    namespace: Namespace,
    engine: Child,
}

impl Stage {
    /// Starts it with these steps, in which `NS` stands for the namespace.
    fn start(name: &str, steps: &str) -> Self {
        let namespace = Namespace::new(name);
        let mut place = Place::new();
        place.env.push(("KUBECONFIG".into(), kubeconfig().into()));
        let ride = Ride(place);
        let engine = ride.begin(&steps.replace("NS", &namespace.name), &["--hold"]);
        Self {
            ride,
            namespace,
            engine,
        }
    }

    fn ends(&self, step: &str, state: &str) {
        self.ride.0.wait_for_run();
        let begun = std::time::Instant::now();
        while !self.ride.is(step, state) {
            let now = self.ride.step("r", step);
            assert!(
                begun.elapsed() < Duration::from_secs(40),
                "{step} is {now}, not {state}: {}",
                self.ride.log(step)
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn jobs(&self) -> Vec<String> {
        let names = self.namespace.kubectl("get jobs -o name");
        let names = names
            .lines()
            .map(|name| name.trim_start_matches("job.batch/").to_owned());
        names.collect()
    }

    fn pods(&self) -> String {
        self.namespace.kubectl("get pods -o name")
    }

    /// The cluster itself says that the only job there is was ended, not that it ended.
    fn was_ended(&self) -> String {
        let jobs = self.jobs();
        let [job] = jobs.as_slice() else {
            panic!("one job: {jobs:?}");
        };
        let reason =
            "jsonpath={.status.conditions[?(@.type=='Failed')].reason},{.status.succeeded}";
        let said = self
            .namespace
            .kubectl(&format!("get job {job} -o {reason}"));
        assert_eq!(said, "DeadlineExceeded,");
        job.clone()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.engine.kill();
        let _ = self.engine.wait();
    }
}

/// Its program does not hear TERM: it is the first in its container.
const JOB: &str = "  - id: job\n    kill_grace: 3s\n    kubernetes: {job: migrate, image: 'localhost/app:1', namespace: NS, \
    argv: [sh, -c, 'echo begun; sleep 600']}\n";

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_stops_a_job_whose_step_is_cancelled() {
    let stage = Stage::start("cancel", JOB);
    stage.ride.logs("job", "begun");
    stage.ride.ctl(&["cancel", "job"]);
    stage.ends("job", "cancelled");
    let told = format!(
        "job/{} was stopped, and no pod of it runs",
        stage.was_ended()
    );
    assert_eq!(stage.ride.message("job"), format!("cancelled; {told}"));
    assert!(stage.ride.log("job").contains(&told));
    until("its pod is gone", || stage.pods().is_empty());
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_stops_a_job_whose_run_is_aborted_before_it_has_said_anything() {
    let stage = Stage::start("abort", JOB);
    until("the job is there", || !stage.jobs().is_empty());
    stage.ride.ctl(&["abort", "now", "--reason", "enough"]);
    stage.ends("job", "cancelled");
    stage.was_ended();
    until("its pod is gone", || stage.pods().is_empty());
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_stops_a_job_whose_time_is_over_and_says_what_is_still_ending() {
    // Its pod may take longer to end than the step.
    let steps = "  - id: job\n    kill_grace: 1s\n    timeout: 3s\n    kubernetes: {namespace: NS, job: {apiVersion: batch/v1, kind: Job, \
        metadata: {name: slow}, spec: {template: {spec: {restartPolicy: Never, terminationGracePeriodSeconds: 60, \
        containers: [{name: x, image: 'localhost/app:1', imagePullPolicy: Never, command: [sh, -c, 'echo begun; sleep 600']}]}}}}}\n";
    let stage = Stage::start("late", steps);
    stage.ends("job", "timed_out");
    let job = stage.was_ended();
    let told = format!("timed out after 3s; job/{job} was stopped; pod {job}-");
    let message = stage.ride.message("job");
    assert!(
        message.starts_with(&told) && message.ends_with(" is still ending"),
        "{message}"
    );
    let leaves = "jsonpath={.items[*].metadata.deletionGracePeriodSeconds}";
    let leaves = stage.namespace.kubectl(&format!("get pods -o {leaves}"));
    assert_eq!(leaves, "60");
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_does_not_begin_a_job_again_that_was_being_stopped_when_all_was_killed() {
    let mut stage = Stage::start("stopkill", JOB);
    stage.ride.logs("job", "begun");
    stage.ride.ctl(&["cancel", "job"]);
    until("it is told to stop", || {
        let told = "jsonpath={.items[0].spec.activeDeadlineSeconds}";
        stage.namespace.kubectl(&format!("get jobs -o {told}")) == "1"
    });
    stage.ride.kill(&mut stage.engine);
    stage.engine = stage.ride.start(&["resume", "r", "--headless", "--hold"]);
    // Whether the order to stop arrived, the killed process can tell nobody any more.
    stage.ends("job", "unknown");
    until("its pod is gone", || stage.pods().is_empty());
    stage.was_ended();
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_says_that_a_program_in_a_pod_cannot_be_stopped() {
    let steps = "  - {id: pod, kubernetes: {namespace: NS, apply: {apiVersion: v1, kind: Pod, metadata: {name: box}, \
        spec: {terminationGracePeriodSeconds: 0, containers: [{name: x, image: 'localhost/app:1', imagePullPolicy: Never}]}}}}\n  \
        - {id: there, kubernetes: {wait: pod/box, condition: Ready, namespace: NS}}\n  \
        - {id: exec, kill_grace: 1s, kubernetes: {exec: pod/box, namespace: NS, argv: [sh, -c, 'echo begun; sleep 600']}}\n";
    let stage = Stage::start("alone", steps);
    stage.ride.logs("exec", "begun");
    stage.ride.ctl(&["cancel", "exec"]);
    stage.ends("exec", "unknown");
    let namespace = &stage.namespace.name;
    let told = format!(
        "the program may go on in pod/box: a cluster cannot stop it; `kubectl -n {namespace} delete pod/box` ends it with its pod"
    );
    assert!(
        stage.ride.log("exec").contains(&told),
        "{}",
        stage.ride.log("exec")
    );
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_does_not_begin_a_job_again_that_somebody_deleted() {
    let stage = Stage::start("deleted", JOB);
    stage.ride.logs("job", "begun");
    stage.namespace.kubectl("delete jobs --all --wait=false");
    stage.ends("job", "failed");
    let message = stage.ride.message("job");
    assert!(
        message.ends_with(
            "it was deleted before it was seen to end: how much of it was done is not known"
        ),
        "{message}"
    );
    assert!(stage.jobs().is_empty());
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_undoes_a_rollout_once_although_a_person_orders_it_again() {
    // So long until a new pod counts that one attempt is not enough to see it.
    let manifest = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}, spec: {replicas: 1, minReadySeconds: 8, \
        selector: {matchLabels: {app: shop}}, template: {metadata: {labels: {app: shop}}, spec: {terminationGracePeriodSeconds: 0, \
        containers: [{name: web, image: 'localhost/app:1', imagePullPolicy: Never}]}}}}";
    let steps = format!(
        "  - {{id: apply, kubernetes: {{apply: {manifest}, namespace: NS, settle: false}}}}\n  \
        - {{id: seen, kubernetes: {{wait: deploy/shop, query: 'status.observedGeneration == `1`', namespace: NS}}}}\n  \
        - {{id: image, kubernetes: {{set_image: deploy/shop, images: {{web: 'localhost/app:2'}}, namespace: NS, settle: false}}}}\n  \
        - {{id: both, kubernetes: {{wait: deploy/shop, query: 'status.observedGeneration == `2`', namespace: NS}}}}\n  \
        - {{id: undo, timeout: 6s, kubernetes: {{rollout: deploy/shop, action: undo, namespace: NS}}}}\n"
    );
    let stage = Stage::start("again", &steps);
    stage.ends("undo", "timed_out");
    stage.ride.ctl(&["retry", "undo"]);
    stage.ends("undo", "succeeded");
    let log = stage.ride.log("undo");
    assert!(log.contains("an earlier attempt has undone it"), "{log}");
    let path = "jsonpath={.spec.template.spec.containers[0].image}";
    let image = stage
        .namespace
        .kubectl(&format!("get deploy shop -o {path}"));
    assert_eq!(image, "localhost/app:1");
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_ends_a_credential_plugin_with_its_step() {
    let mut place = Place::new();
    let work = place.path("plugin");
    std::fs::create_dir(&work).expect("a folder");
    // It waits for a person who never comes, and says what it was told.
    let (seen, plugin) = (work.join("seen"), work.join("plugin"));
    let script = format!(
        "#!/bin/sh\n{{ echo $$; env; }} > {seen}.part\nmv {seen}.part {seen}\nexec sleep 600\n",
        seen = seen.display()
    );
    std::fs::write(&plugin, script).expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&plugin, mode).expect("executable");
    let exec = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, command: {}, interactiveMode: IfAvailable}}",
        plugin.display()
    );
    let config = std::fs::read_to_string(kubeconfig()).expect("a kubeconfig");
    let own = work.join("config");
    std::fs::write(&own, config.replace("token: t0ken", &exec)).expect("a file");
    place
        .env
        .push(("SHOP_TOKEN".into(), "hush-hush-hush".into()));
    let ride = Ride(place);
    let steps = format!(
        "  - {{id: get, kubernetes: {{get: ns/default, kubeconfig: {}}}}}\nsecrets: {{token: {{env: SHOP_TOKEN}}}}\n",
        own.display()
    );
    let mut engine = ride.begin(&steps, &["--hold"]);
    until("the plugin runs", || seen.exists());
    let told = std::fs::read_to_string(&seen).expect("what it saw");
    assert!(!told.contains("hush"), "{told}");
    ride.ctl(&["cancel", "get"]);
    until("the step is cancelled", || ride.is("get", "cancelled"));
    let pid = told.lines().next().expect("a process");
    until("the plugin is gone", || {
        !std::path::Path::new("/proc").join(pid).exists()
    });
    engine.kill().expect("killed");
    engine.wait().expect("reaped");
}
