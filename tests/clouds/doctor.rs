//! `doctor FILE`: whether clusters, clouds and engines are there and would do what the steps ask for. Nothing is done.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::Value as Json;

use crate::parties::aws::{aws, environment, moto};
use crate::parties::kubernetes::{Namespace, kubeconfig};
use crate::parties::podman::socket;
use crate::support::{Answer, Place};

/// What it found, and how it ended.
struct Found {
    code: i32,
    rows: Vec<Json>,
}

impl Found {
    fn of(text: &str, env: &[(&str, String)]) -> Self {
        let place = Place::new();
        place.write("w.yaml", text);
        place.write("app.yaml", MANIFEST);
        Self::asked(&place, &["w.yaml"], env)
    }

    fn asked(place: &Place, args: &[&str], env: &[(&str, String)]) -> Self {
        let mut command = place.command(&[&["doctor"], args, &["--json"]].concat());
        command.envs(env.iter().map(|(name, value)| (name, value)));
        let began = std::time::Instant::now();
        let output = command.output().expect("the binary starts");
        let Answer { code, out, err } = Answer::of(&output, began.elapsed());
        let rows: Json = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out} {err}"));
        Self {
            code,
            rows: rows.as_array().expect("a list").clone(),
        }
    }

    /// State and reason of what is named so.
    fn of_what(&self, what: &str) -> (&str, &str) {
        let row = self.rows.iter().find(|row| row["what"] == what);
        let row = row.unwrap_or_else(|| panic!("{what} in {:#?}", self.rows));
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        (text("state"), text("why"))
    }

    fn is_met(&self, what: &str) {
        assert_eq!(self.of_what(what), ("met", ""), "{what}");
    }

    /// Why it is not there.
    fn unmet(&self, what: &str) -> &str {
        let (state, why) = self.of_what(what);
        assert_eq!(state, "unmet", "{what}: {why}");
        assert_eq!(self.code, 7);
        why
    }
}

const MANIFEST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits}\ndata: {a: b}\n";

#[test]
fn a_container_step_needs_an_engine_that_answers() {
    let step = "name: c\nsteps:\n  - {id: a, container: {pull: 'localhost/app:1'}}\n  - {id: b, container: {stop: app}}\n";
    let there = Found::of(step, &[("DOCKER_HOST", socket())]);
    there.is_met("container engine");
    assert_eq!((there.code, there.rows.len()), (0, 1));
    // As the step itself would find it.
    let own = step.replace(
        "id: a,",
        &format!("id: a, env: {{DOCKER_HOST: '{}'}},", socket()),
    );
    let nowhere = ("DOCKER_HOST", "unix:///no/such/socket".to_owned());
    let found = Found::of(&own, &[nowhere]);
    let states: Vec<&Json> = found.rows.iter().map(|row| &row["state"]).collect();
    assert_eq!(states, ["met", "unmet"], "{:#?}", found.rows);
    let why = found.rows[1]["why"].as_str().expect("a text");
    assert!(
        why.starts_with("cannot reach the container engine at unix:///no/such/socket: "),
        "{why}"
    );
}

const LAUNCH: &str = "name: launch\nparams: {key: {type: string, default: doctor}}\nsteps:\n  \
    - {id: launch, aws: {service: ec2, action: run-instances, region: us-east-1, params: {ImageId: ami-12c6146b, KeyName: '${{ params.key }}', MinCount: 1, MaxCount: 1}}, \
       outputs: {id: {query: 'Instances[0].InstanceId', required: true}}}\n  \
    - {id: stop, aws: {service: ec2, action: stop-instances, region: us-east-1, params: {InstanceIds: ['${{ steps.launch.outputs.id }}']}}}\n";

#[test]
fn what_would_be_done_in_aws_is_tried_out_and_not_done() {
    let key = ["ec2", "create-key-pair", "--key-name", "doctor"];
    aws(&key);
    let found = Found::of(LAUNCH, &environment(moto()));
    found.is_met("AWS ec2 us-east-1: may RunInstances");
    // What is stopped is not known yet.
    assert_eq!((found.code, found.rows.len()), (0, 2), "{:#?}", found.rows);
    let filter = "Name=key-name,Values=doctor";
    let made = aws(&["ec2", "describe-instances", "--filters", filter]);
    assert_eq!(made["Reservations"], Json::Array(Vec::new()));
}

#[test]
fn what_aws_would_refuse_is_told_with_its_words() {
    let port = service("DryRunOperation");
    let found = Found::of(LAUNCH, &environment(port));
    let why = found.unmet("AWS ec2 us-east-1: may RunInstances");
    for part in [
        "it would be refused now: ",
        "RunInstances",
        "UnauthorizedOperation: You are not",
        "ask for the permission",
    ] {
        assert!(why.contains(part), "{part} in {why}");
    }
    found.is_met("AWS login");
}

/// It might launch what should only have been tried.
#[test]
fn what_does_not_know_trials_is_not_asked_for_one() {
    let found = Found::of(LAUNCH, &environment(service("")));
    let why = found.unmet("AWS ec2 us-east-1: may RunInstances");
    assert_eq!(
        why,
        "it cannot be tried out: 127.0.0.1 does not know `DryRun`"
    );
}

/// Knows who asks; answers a trial of what is harmless with `trial`; lets nobody launch anything.
fn service(trial: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            answer(client, trial);
        }
    });
    port
}

fn answer(mut client: TcpStream, trial: &str) {
    let refused = |code: &str, message: &str| {
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
        )
    };
    let request = request(&mut client);
    let (status, body) = if request.contains("Action=GetCallerIdentity") {
        let result =
            "<GetCallerIdentityResult><Arn>arn:aws:iam::1:user/ana</Arn></GetCallerIdentityResult>";
        (
            200,
            format!("<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>"),
        )
    } else if !request.contains("Action=DescribeInstances") {
        (
            403,
            refused(
                "UnauthorizedOperation",
                "You are not authorized to perform this operation.",
            ),
        )
    } else if trial.is_empty() {
        (200, "<DescribeInstancesResponse/>".to_owned())
    } else {
        (412, refused(trial, "Request would have succeeded."))
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let _ = client.write_all((head + &body).as_bytes());
}

fn request(client: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return String::from_utf8_lossy(&read).into_owned();
            }
        }
        match client.read(&mut piece) {
            Ok(0) | Err(_) => return String::from_utf8_lossy(&read).into_owned(),
            Ok(n) => read.extend_from_slice(&piece[..n]),
        }
    }
}

/// One step of each kind, as a user who may nothing at first.
const STEPS: &str = "name: k\nenv: {KUBECONFIG: AT}\nsteps:\n  \
    - {id: apply, kubernetes: {context: guest, namespace: NS, apply: app.yaml}}\n  \
    - {id: scale, kubernetes: {context: guest, namespace: NS, scale: deploy/shop, replicas: 2}}\n  \
    - {id: undo, kubernetes: {context: guest, namespace: NS, rollout: deploy/shop, action: undo}}\n  \
    - {id: job, kubernetes: {context: guest, namespace: NS, job: migrate, image: 'localhost/app:1'}}\n  \
    - {id: exec, kubernetes: {context: guest, namespace: NS, exec: 'pod/${{ steps.job.outputs.pod }}', argv: [ls]}}\n  \
    - {id: drain, kubernetes: {context: guest, drain: node1}}\n";

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_permissions_that_are_missing_are_named_before_anything_runs() {
    let namespace = Namespace::new("doctor");
    let ns = &namespace.name;
    let text = STEPS
        .replace("AT}", &format!("{}}}", kubeconfig()))
        .replace("NS", ns);
    let found = Found::of(&text, &[]);
    // The cluster knows who asks.
    found.is_met("kubernetes guest");
    let may = |what: &str| format!("kubernetes guest {ns}: may {what}");
    for (what, parts) in [
        (
            "apply app.yaml",
            vec![
                "get configmaps limits in namespace NS",
                "patch configmaps limits in namespace NS",
                "create configmaps limits in namespace NS",
            ],
        ),
        (
            "scale deploy/shop",
            vec![
                "get deployments.apps shop in namespace NS",
                "patch deployments.apps/scale shop in namespace NS",
            ],
        ),
        (
            "rollout deploy/shop",
            vec![
                "patch deployments.apps shop in namespace NS",
                "list replicasets.apps in namespace NS",
            ],
        ),
        (
            "job migrate",
            vec![
                "create jobs.batch in namespace NS",
                "list pods in namespace NS",
                "get pods/log in namespace NS",
            ],
        ),
        ("exec pod", vec!["get pods/exec in namespace NS"]),
    ] {
        let what = may(what);
        let why = found.unmet(&what);
        assert!(why.contains(": user guest may not "), "{why}");
        for part in parts {
            let part = part.replace("NS", ns);
            assert!(why.contains(&part), "{part} in {why}");
        }
    }
    let why = found.unmet("kubernetes guest: may drain node1");
    let whole =
        "user guest may not patch nodes node1, get nodes node1, list pods, create pods/eviction; ";
    assert!(why.contains(whole), "{why}");

    // Who may see may not change.
    namespace.kubectl("create rolebinding see --clusterrole=view --user=guest");
    let found = Found::of(&text, &[]);
    let why = found.unmet(&may("scale deploy/shop"));
    let only = format!("user guest may not patch deployments.apps/scale shop in namespace {ns}; ");
    assert!(why.contains(&only), "{why}");

    // The user who may do all finds nothing missing, and nothing is made.
    let found = Found::of(&text.replace("context: guest", "context: tests"), &[]);
    assert_eq!(found.code, 0, "{:#?}", found.rows);
    let made = namespace
        .kubectl("get cm,jobs,pods --field-selector metadata.name!=kube-root-ca.crt -o name");
    assert_eq!(made, "");
    assert_eq!(
        namespace.kubectl("get node node1 -o jsonpath={.spec.unschedulable}"),
        ""
    );
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_rights_that_a_canary_release_needs_are_enough() {
    let namespace = Namespace::new("rights");
    for name in ["shop", "shop-canary"] {
        namespace.kubectl(&format!(
            "create deploy {name} --image=localhost/app:1 --replicas=0"
        ));
    }
    let place = Place::new();
    let env = [("KUBECONFIG", kubeconfig().to_owned())];
    let params = [
        "context=guest".to_owned(),
        format!("namespace={}", namespace.name),
        "deployment=shop".to_owned(),
        "canary=shop-canary".to_owned(),
        "image=localhost/app:2".to_owned(),
    ];
    let given = params.iter().flat_map(|param| ["-p", param.as_str()]);
    let args: Vec<&str> = std::iter::once("canary-release").chain(given).collect();
    namespace.kubectl("create rolebinding see --clusterrole=view --user=guest");
    let found = Found::asked(&place, &args, &env);
    let what = format!(
        "kubernetes guest {}: may set_image deploy/shop",
        namespace.name
    );
    let why = found.unmet(&what);
    assert!(
        why.contains("may not patch deployments.apps shop in namespace "),
        "{why}"
    );
    namespace.kubectl("create role change --verb=patch --resource=deployments,deployments/scale");
    namespace.kubectl("create rolebinding change --role=change --user=guest");
    let found = Found::asked(&place, &args, &env);
    assert_eq!(found.code, 0, "{:#?}", found.rows);
}
