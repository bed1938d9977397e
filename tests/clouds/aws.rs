//! `aws` against moto. The end state is read back by AWS's own command line.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::parties::aws::{Fate, Line, aws, environment, moto};
use crate::parties::until;
use crate::run::{Outcome, run_with};
use crate::support::Place;

/// Runs a workflow whose calls go to `port`.
fn run_at(place: &Place, port: u16, text: &str) -> Outcome {
    run_with(place, text, &[], |command| {
        command.envs(environment(port));
    })
}

/// Runs it against the server, and demands that it succeeds.
fn succeed(place: &Place, text: &str) -> Outcome {
    let outcome = run_at(place, moto(), text);
    assert_eq!(outcome.code, 0, "{:#?}\n{}", outcome.events, outcome.err);
    outcome
}

fn message(outcome: &Outcome, step: &str) -> String {
    outcome.ended(step)["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// What a step has logged.
fn log(place: &Place, step: &str) -> String {
    let answer = place.run(&["logs", "last", step]);
    format!("{}{}", answer.out, answer.err)
}

#[test]
fn machines_are_started_stopped_and_waited_for() {
    let place = Place::new();
    let text = r#"
name: machines
steps:
  - id: start
    aws:
      service: ec2
      action: run-instances
      params: {image_id: ami-12c6146b, MinCount: 2, max-count: "2", tag_specifications: [{resource_type: instance, tags: [{key: Name, value: web}]}]}
      until: instance-running
    outputs: {ids: {query: "Instances[].InstanceId"}, states: {query: "waited.Reservations[].Instances[].State.Name"}}
  - id: stop
    aws: {service: ec2, action: StopInstances, params: {InstanceIds: "${{ steps.start.outputs.ids }}"}, until: {waiter: InstanceStopped, every: 100ms}}
  - id: again
    aws: {service: ec2, action: start_instances, params: {instance_ids: "${{ steps.start.outputs.ids[0] }}"}, until: instance-running}
"#;
    let outcome = succeed(&place, text);
    let outputs = &outcome.ended("start")["outputs"];
    assert_eq!(outputs["states"], json!(["running", "running"]));
    let ids: Vec<&str> = outputs["ids"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Json::as_str)
        .collect();
    let told = aws(&[
        "ec2",
        "describe-instances",
        "--instance-ids",
        ids[0],
        ids[1],
        "--query",
        "Reservations[].Instances[].[State.Name,Tags[0].Value]",
    ]);
    assert_eq!(told, json!([["running", "web"], ["stopped", "web"]]));
}

#[test]
fn a_group_grows_until_it_has_its_size() {
    let place = Place::new();
    aws(&[
        "autoscaling",
        "create-launch-configuration",
        "--launch-configuration-name",
        "lc",
        "--image-id",
        "ami-12c6146b",
        "--instance-type",
        "t3.micro",
    ]);
    aws(&[
        "autoscaling",
        "create-auto-scaling-group",
        "--auto-scaling-group-name",
        "web",
        "--launch-configuration-name",
        "lc",
        "--min-size",
        "1",
        "--max-size",
        "5",
        "--availability-zones",
        "us-east-1a",
    ]);
    let text = r#"
name: capacity
steps:
  - id: grow
    aws:
      service: autoscaling
      action: set-desired-capacity
      params: {AutoScalingGroupName: web, DesiredCapacity: 3}
      until: {action: describe-auto-scaling-groups, query: "length(AutoScalingGroups[0].Instances[?LifecycleState == 'InService']) == `3`", every: 100ms}
"#;
    succeed(&place, text);
    let size = aws(&[
        "autoscaling",
        "describe-auto-scaling-groups",
        "--auto-scaling-group-names",
        "web",
        "--query",
        "AutoScalingGroups[0].[DesiredCapacity, length(Instances)]",
    ]);
    assert_eq!(size, json!([3, 3]));
}

#[test]
fn a_database_is_kept_and_restored() {
    let place = Place::new();
    let text = r#"
name: backup
steps:
  - id: make
    aws:
      service: rds
      action: create-db-instance
      params: {DBInstanceIdentifier: shop, DBInstanceClass: db.t3.micro, Engine: postgres, AllocatedStorage: 20, MasterUsername: root, MasterUserPassword: not-so-secret}
      until: db-instance-available
  - id: keep
    aws: {service: rds, action: create-db-snapshot, params: {db_instance_identifier: shop, db_snapshot_identifier: nightly}, until: db-snapshot-available}
  - id: restore
    aws: {service: rds, action: restore-db-instance-from-db-snapshot, params: {DBInstanceIdentifier: drill, DBSnapshotIdentifier: nightly}, until: db-instance-available}
    outputs: {status: {query: "waited.DBInstances[0].DBInstanceStatus"}}
"#;
    let outcome = succeed(&place, text);
    assert_eq!(outcome.ended("restore")["outputs"]["status"], "available");
    let all = aws(&[
        "rds",
        "describe-db-instances",
        "--query",
        "sort(DBInstances[].DBInstanceIdentifier)",
    ]);
    assert_eq!(all, json!(["drill", "shop"]));
    let kept = aws(&[
        "rds",
        "describe-db-snapshots",
        "--query",
        "DBSnapshots[?DBSnapshotIdentifier=='nightly'].Status",
    ]);
    assert_eq!(kept, json!(["available"]));
}

#[test]
fn traffic_is_shifted_by_weights() {
    let place = Place::new();
    let text = r#"
name: shift
steps:
  - id: zone
    aws: {service: route53, action: create-hosted-zone, params: {Name: shop.example, CallerReference: "${{ run.id }}"}}
    outputs: {id: {query: HostedZone.Id}}
  - id: shift
    aws:
      service: route53
      action: change-resource-record-sets
      params:
        HostedZoneId: "${{ steps.zone.outputs.id }}"
        ChangeBatch:
          Changes:
            - {Action: UPSERT, ResourceRecordSet: {Name: www.shop.example, Type: A, SetIdentifier: old, Weight: 0, TTL: 60, ResourceRecords: [{Value: 10.0.0.1}]}}
            - {Action: UPSERT, ResourceRecordSet: {Name: www.shop.example, Type: A, SetIdentifier: new, Weight: 100, TTL: 60, ResourceRecords: [{Value: 10.0.0.2}]}}
      until: resource-record-sets-changed
  - id: look
    aws: {service: route53, action: list-resource-record-sets, params: {HostedZoneId: "${{ steps.zone.outputs.id }}"}, expect: "ResourceRecordSets | length >= 4"}
"#;
    let outcome = succeed(&place, text);
    let zone = outcome.ended("zone")["outputs"]["id"].as_str().unwrap();
    let weights = aws(&[
        "route53",
        "list-resource-record-sets",
        "--hosted-zone-id",
        zone,
        "--query",
        "ResourceRecordSets[?SetIdentifier].[SetIdentifier, Weight]",
    ]);
    let mut weights: Vec<Json> = weights.as_array().unwrap().clone();
    weights.sort_by_key(Json::to_string);
    assert_eq!(weights, [json!(["new", 100]), json!(["old", 0])]);
}

#[test]
fn objects_with_odd_names_are_put_listed_and_read() {
    let place = Place::new();
    let keys = ["a b+c/ü&<>.txt", "plain", "q?x=1#y", "x//y%20z'\""];
    let mut text = "name: objects\nsteps:\n  - {id: make, aws: {service: s3, action: create-bucket, params: {Bucket: odd-names}, until: bucket-exists}}\n".to_owned();
    for (n, key) in keys.iter().enumerate() {
        let key = json!(key);
        let _ = write!(
            text,
            "  - {{id: put{n}, aws: {{service: s3, action: put-object, params: {{Bucket: odd-names, Key: {key}, Body: 'body {n} ü', Metadata: {{team: shop}}}}}}}}\n  \
               - {{id: get{n}, aws: {{service: s3, action: get-object, params: {{Bucket: odd-names, Key: {key}}}, expect: \"Body == 'body {n} ü' and Metadata.team == 'shop'\"}}}}\n"
        );
    }
    text += "  - {id: list, aws: {service: s3, action: list-objects-v2, params: {Bucket: odd-names}}, outputs: {keys: {query: 'Contents[].Key'}}}\n";
    // Who says how many gets so many, and the token of the next.
    text += "  - {id: one, aws: {service: s3, action: list-objects-v2, params: {Bucket: odd-names, MaxKeys: 1}}, outputs: {keys: {query: 'Contents[].Key'}, more: {query: IsTruncated}}}\n";
    text += "  - {id: clean, aws: {service: s3, action: delete-objects, params: {Bucket: odd-names, Delete: {Objects: [{Key: plain}]}}}}\n";
    let outcome = succeed(&place, &text);
    assert_eq!(outcome.ended("list")["outputs"]["keys"], json!(keys));
    let one = &outcome.ended("one")["outputs"];
    assert_eq!(
        (&one["keys"], &one["more"]),
        (&json!([keys[0]]), &json!(true))
    );
    let left = aws(&[
        "s3api",
        "list-objects-v2",
        "--bucket",
        "odd-names",
        "--query",
        "Contents[].Key",
    ]);
    assert_eq!(left, json!([keys[0], keys[2], keys[3]]));
}

/// Larger than what an answer may hold.
#[test]
fn an_object_comes_back_as_a_file_whole_or_not_at_all() {
    let place = Place::new();
    let original: Vec<u8> = (0..12_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let (put, got) = (place.work().join("original"), place.work().join("back"));
    std::fs::write(&put, &original).expect("a file");
    let (from, back) = (put.display(), got.display());
    let text = format!(
        "name: files\nsteps:\n  - {{id: make, aws: {{service: s3, action: create-bucket, params: {{Bucket: files}}}}}}\n  \
           - {{id: put, aws: {{service: s3, action: put-object, params: {{Bucket: files, Key: k, Body: {{file: {from}}}}}}}}}\n  \
           - {{id: get, aws: {{service: s3, action: get-object, params: {{Bucket: files, Key: k}}, to_file: {back}, expect: Body.bytes == 12582912}}, outputs: {{sum: {{query: Body.sha256}}}}}}\n  \
           - {{id: gone, aws: {{service: s3, action: get-object, params: {{Bucket: files, Key: other}}, to_file: {back}}}}}\n"
    );
    let outcome = run_at(&place, moto(), &text);
    let end = outcome.ended("get");
    assert_eq!(end["outcome"], "succeeded", "{end:#} {}", outcome.err);
    assert!(std::fs::read(&got).expect("a file") == original);
    let sum = std::process::Command::new("sha256sum").arg(&got).output();
    let sum = String::from_utf8(sum.expect("sha256sum").stdout).expect("UTF-8");
    assert_eq!(
        end["outputs"]["sum"],
        sum.split(' ').next().unwrap_or_default()
    );
    let mode = std::fs::metadata(&got).expect("it is there").permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
        0o600
    );
    // What is not there leaves what was there, and nothing beside it.
    assert_eq!(outcome.ended("gone")["outcome"], "failed");
    assert!(std::fs::read(&got).expect("a file") == original);
    assert!(!got.with_extension("part").exists());
}

#[test]
fn all_pages_are_read() {
    let place = Place::new();
    let names: Vec<String> = (10..31).map(|n| format!("/pages/{n}")).collect();
    let mut text = "name: pages\nsteps:\n".to_owned();
    for (n, name) in names.iter().enumerate() {
        let _ = writeln!(
            text,
            "  - {{id: put{n}, aws: {{service: ssm, action: put-parameter, params: {{Name: {name}, Value: v, Type: String}}}}}}"
        );
    }
    // Ten a page.
    text += "  - {id: list, aws: {service: ssm, action: get-parameters-by-path, params: {Path: /pages}}, outputs: {names: {query: 'sort(Parameters[].Name)'}}}\n";
    let outcome = succeed(&place, &text);
    assert_eq!(outcome.ended("list")["outputs"]["names"], json!(names));
    assert!(log(&place, "list").contains("~ 20 entries so far"));
}

/// One step for each of many services.
fn many(role: &str) -> String {
    format!(
        r#"
name: many
steps:
  - {{id: who, aws: {{service: sts, action: get-caller-identity, expect: "Account == '123456789012'"}}}}
  - {{id: metric, aws: {{service: cloudwatch, action: put-metric-data, params: {{Namespace: Shop, MetricData: [{{MetricName: orders, Value: 1.5, Timestamp: "2026-11-24T18:00:00Z"}}]}}}}}}
  - {{id: metrics, aws: {{service: cloudwatch, action: list-metrics, params: {{Namespace: Shop}}, until: {{query: "length(Metrics) == `1`", every: 100ms, timeout: 10s}}}}}}
  - {{id: secret, aws: {{service: secretsmanager, action: create-secret, params: {{Name: "api", SecretString: "s3cr3t-of-the-api"}}}}}}
  - {{id: seen, aws: {{service: secretsmanager, action: get-secret-value, params: {{SecretId: api}}}}}}
  - {{id: parameter, aws: {{service: ssm, action: put-parameter, params: {{Name: /shop/size, Value: 3, Type: String}}}}}}
  - {{id: read, aws: {{service: ssm, action: get-parameter, params: {{Name: /shop/size}}, expect: "Parameter.Value == '3'"}}}}
  - {{id: hidden, aws: {{service: ssm, action: put-parameter, params: {{Name: /shop/pw, Value: pw-of-the-shop, Type: SecureString}}}}}}
  - {{id: unread, aws: {{service: ssm, action: get-parameter, params: {{Name: /shop/pw, WithDecryption: true}}, expect: "Parameter.Value == '***'"}}}}
  - {{id: table, aws: {{service: dynamodb, action: create-table, params: {{TableName: t, BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}], KeySchema: [{{AttributeName: id, KeyType: HASH}}]}}, until: table-exists}}}}
  - {{id: item, aws: {{service: dynamodb, action: put-item, params: {{TableName: t, Item: {{id: {{S: "1"}}, n: {{N: "2"}}}}}}}}}}
  - {{id: queue, aws: {{service: sqs, action: create-queue, params: {{QueueName: q, Attributes: {{DelaySeconds: "5"}}}}}}}}
  - {{id: topic, aws: {{service: sns, action: create-topic, params: {{Name: alarms}}}}}}
  - {{id: cluster, aws: {{service: ecs, action: create-cluster, params: {{clusterName: web}}}}}}
  - {{id: function, aws: {{service: lambda, action: create-function, params: {{FunctionName: f, Runtime: python3.12, Handler: f.f, Role: '{role}', Code: {{ZipFile: {{file: f.zip}}}}}}, until: function-active-v2}}}}
"#
    )
}

#[test]
fn many_services_by_one_client() {
    let place = Place::new();
    let role = aws(&[
        "iam",
        "create-role",
        "--role-name",
        "fn",
        "--assume-role-policy-document",
        "{}",
        "--query",
        "Role.Arn",
    ]);
    place.write("f.zip", "not a zip, which moto takes all the same");
    let text = many(role.as_str().unwrap());
    let outcome = succeed(&place, &text);
    assert_eq!(outcome.ended("seen")["outputs"]["SecretString"], "***");
    let everything = format!("{:?}{}", outcome.events, log(&place, "seen"));
    assert!(!everything.contains("\"s3cr3t-of-the-api"), "{everything}");
    for (args, expected) in [
        (
            vec![
                "cloudwatch",
                "list-metrics",
                "--namespace",
                "Shop",
                "--query",
                "Metrics[0].MetricName",
            ],
            json!("orders"),
        ),
        (
            vec![
                "secretsmanager",
                "get-secret-value",
                "--secret-id",
                "api",
                "--query",
                "SecretString",
            ],
            json!("s3cr3t-of-the-api"),
        ),
        (
            vec![
                "ssm",
                "get-parameter",
                "--name",
                "/shop/size",
                "--query",
                "Parameter.Value",
            ],
            json!("3"),
        ),
        (
            vec![
                "dynamodb",
                "get-item",
                "--table-name",
                "t",
                "--key",
                r#"{"id":{"S":"1"}}"#,
                "--query",
                "Item.n.N",
            ],
            json!("2"),
        ),
        (
            vec![
                "sqs",
                "get-queue-attributes",
                "--queue-url",
                "http://127.0.0.1/123456789012/q",
                "--attribute-names",
                "DelaySeconds",
                "--query",
                "Attributes.DelaySeconds",
            ],
            json!("5"),
        ),
        (
            vec![
                "lambda",
                "get-function",
                "--function-name",
                "f",
                "--query",
                "Configuration.Runtime",
            ],
            json!("python3.12"),
        ),
    ] {
        assert_eq!(aws(&args), expected, "{args:?}");
    }
}

#[test]
fn a_refusal_says_what_it_is_and_what_to_do() {
    let place = Place::new();
    let text = "name: no\nsteps:\n  - {id: stop, aws: {service: ec2, action: stop-instances, params: {InstanceIds: i-0123456789abcdef0}}}\n";
    let outcome = run_at(&place, moto(), text);
    assert_eq!(outcome.ended("stop")["outcome"], "failed");
    let told = message(&outcome, "stop");
    let start = "ec2 StopInstances in us-east-1: InvalidInstanceID.NotFound: The instance ID 'i-0123456789abcdef0' does not exist (HTTP 400, request ";
    assert!(told.starts_with(start), "{told}");
}

#[test]
fn without_credentials_it_is_said_where_they_were_looked_for() {
    let place = Place::new();
    let text = "name: no\nsteps:\n  - {id: who, aws: {service: sts, action: get-caller-identity, region: eu-west-1}}\n";
    let began = std::time::Instant::now();
    let outcome = run_with(&place, text, &[], |command| {
        command.env("AWS_EC2_METADATA_DISABLED", "true");
    });
    let told = message(&outcome, "who");
    assert!(
        told.starts_with(
            "no AWS credentials were found; looked at AWS_ACCESS_KEY_ID, profile `default`"
        ),
        "{told}"
    );
    assert!(told.contains("instance metadata is turned off"), "{told}");
    assert!(
        began.elapsed().as_secs() < 5,
        "nobody was asked over the network"
    );
}

#[test]
fn a_profile_has_its_keys_region_and_endpoint() {
    let place = Place::new();
    let folder = place.work().join("../home/.aws");
    std::fs::create_dir_all(&folder).unwrap();
    let config = format!(
        "[profile dr]\nregion = eu-north-1\naws_access_key_id = fromfile\naws_secret_access_key = fromfile\nservices = local\n\n[services local]\nsts =\n  endpoint_url = http://127.0.0.1:{}\n",
        moto()
    );
    std::fs::write(folder.join("config"), config).unwrap();
    let text = "name: who\nsteps:\n  - {id: who, aws: {service: sts, action: get-caller-identity, profile: dr}}\n  - {id: env, env: {AWS_PROFILE: dr}, aws: {service: sts, action: get-caller-identity}}\n";
    let outcome = run_with(&place, text, &[], |_| {});
    assert_eq!(
        outcome.code,
        0,
        "{} {}",
        message(&outcome, "who"),
        message(&outcome, "env")
    );
    assert!(log(&place, "who").contains("> sts GetCallerIdentity http://127.0.0.1:"));
}

#[test]
fn a_profile_takes_the_role_that_it_names() {
    let place = Place::new();
    let folder = place.work().join("../home/.aws");
    std::fs::create_dir_all(&folder).unwrap();
    let config = "[profile base]\naws_access_key_id = frombase\naws_secret_access_key = frombase\n\n[profile dr]\nregion = eu-north-1\nrole_arn = arn:aws:iam::123456789012:role/rescue\nrole_session_name = drill\nsource_profile = base\n";
    std::fs::write(folder.join("config"), config).unwrap();
    let text = "name: who\nsteps:\n  - {id: who, aws: {service: sts, action: get-caller-identity, profile: dr}}\n";
    let outcome = run_with(&place, text, &[], |command| {
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", moto()));
    });
    assert_eq!(outcome.code, 0, "{}", message(&outcome, "who"));
    let arn = &outcome.ended("who")["outputs"]["Arn"];
    let expected = "arn:aws:sts::123456789012:assumed-role/rescue/drill";
    assert_eq!(arn, expected);
}

#[test]
fn throttled_it_waits_and_asks_again() {
    let place = Place::new();
    let line = Line::new("Action=RunInstances", &[Fate::Throttle, Fate::Throttle]);
    let text = "name: slow\nsteps:\n  - {id: start, idempotent: false, aws: {service: ec2, action: run-instances, params: {ImageId: ami-12c6146b, MinCount: 1, MaxCount: 1}}, outputs: {id: {query: 'Instances[0].InstanceId'}}}\n";
    let outcome = run_at(&place, line.port, text);
    assert_eq!(outcome.code, 0, "{}", message(&outcome, "start"));
    let log = log(&place, "start");
    assert_eq!(log.matches("~ throttled, again in ").count(), 2, "{log}");
    assert_eq!(line.seen(), 1, "once throttled it was not performed");
}

#[test]
fn an_answer_that_is_lost_is_unknown_unless_asking_again_is_safe() {
    let place = Place::new();
    let launch = "aws: {service: ec2, action: run-instances, params: {ImageId: ami-12c6146b, MinCount: 1, MaxCount: 1, KeyName: KEY}}";
    let text = |key: &str, more: &str| {
        format!(
            "name: cut\nsteps:\n  - {{id: start, {more}{}}}\n",
            launch.replace("KEY", key)
        )
    };
    // Its author says that it must not be done twice.
    let line = Line::new("Action=RunInstances", &[Fate::Cut]);
    let outcome = run_at(&place, line.port, &text("once", "idempotent: false, "));
    assert_eq!(
        outcome.ended("start")["outcome"],
        "unknown",
        "{}",
        message(&outcome, "start")
    );
    assert!(
        message(&outcome, "start").contains("it may have taken effect"),
        "{}",
        message(&outcome, "start")
    );
    assert_eq!(line.seen(), 1);
    // With a client token AWS does it once however often it is asked. moto does not look at tokens, so what is read back is
    // that both carry the same one.
    let line = Line::new("Action=RunInstances", &[Fate::Cut]);
    let outcome = run_at(&place, line.port, &text("token", ""));
    assert_eq!(outcome.code, 0, "{}", message(&outcome, "start"));
    assert_eq!(line.seen(), 2);
    let all = aws(&[
        "ec2",
        "describe-instances",
        "--query",
        "Reservations[].Instances[].[KeyName, ClientToken]",
    ]);
    let of = |key: &str| -> Vec<Json> {
        let all = all.as_array().unwrap().iter();
        all.filter(|one| one[0] == key)
            .map(|one| one[1].clone())
            .collect()
    };
    let tokens = of("token");
    assert!(tokens.len() == 2 && tokens[0] == tokens[1], "{all}");
    assert_eq!(tokens[0].as_str().unwrap().len(), 36);
    assert_eq!(of("once").len(), 1);
    // What only reads is simply asked again.
    let line = Line::new("Action=DescribeInstances", &[Fate::Cut]);
    let read = "name: cut\nsteps:\n  - {id: look, aws: {service: ec2, action: describe-instances, params: {MaxResults: 5}}}\n";
    let outcome = run_at(&place, line.port, read);
    assert_eq!(outcome.code, 0, "{}", message(&outcome, "look"));
}

#[test]
fn what_a_lost_try_may_have_done_is_not_forgotten_when_the_next_is_refused() {
    let place = Place::new();
    let line = Line::new("Action=CreateKeyPair", &[Fate::Cut]);
    let text = "name: cut\nsteps:\n  - {id: make, idempotent: true, aws: {service: ec2, action: create-key-pair, params: {KeyName: cut}}}\n";
    let outcome = run_at(&place, line.port, text);
    let mut ends = outcome.events.iter().filter(|e| !e["outcome"].is_null());
    let first = ends.next().expect("an attempt has ended");
    assert_eq!(first["outcome"], "unknown", "{first}");
    let told = first["message"].as_str().unwrap_or_default();
    assert!(told.contains("InvalidKeyPair.Duplicate"), "{told}");
    let end = "an earlier try may have taken effect";
    assert!(told.ends_with(end), "{told}");
}

/// The id of one that runs, in a list.
fn an_instance() -> Json {
    aws(&[
        "ec2",
        "run-instances",
        "--image-id",
        "ami-12c6146b",
        "--query",
        "Instances[].InstanceId",
    ])
}

#[test]
fn stopped_while_it_waits_for_what_a_call_has_set_going_it_is_unknown() {
    let place = Place::new();
    let ids = an_instance();
    let text = format!(
        "name: k\nsteps:\n  - id: go\n    timeout: 3s\n    aws: {{service: ec2, action: reboot-instances, params: {{InstanceIds: {ids}}}, until: {{action: describe-instances, params: {{InstanceIds: {ids}}}, query: \"Reservations[0].Instances[0].State.Name == 'never'\", every: 100ms, timeout: 1m}}}}\n"
    );
    let outcome = run_at(&place, moto(), &text);
    let told = message(&outcome, "go");
    assert_eq!(outcome.ended("go")["outcome"], "unknown", "{told}");
}

#[test]
fn what_is_wrong_with_the_wait_is_said_before_the_call_is_made() {
    let place = Place::new();
    let line = Line::new("Action=RebootInstances", &[]);
    let text = "name: k\nsteps:\n  - {id: word, run: 'echo n=many >> $FLIGHTDECK_OUTPUT', outputs: {n: {file: true}}}\n  - {id: go, aws: {service: ec2, action: reboot-instances, params: {InstanceIds: i-0123456789abcdef0}, until: {action: describe-instances, params: {MaxResults: '${{ steps.word.outputs.n }}'}, query: 'true'}}}\n";
    let outcome = run_at(&place, line.port, text);
    let told = message(&outcome, "go");
    assert_eq!(outcome.ended("go")["outcome"], "failed", "{told}");
    assert!(told.contains("`MaxResults` must be"), "{told}");
    assert_eq!(line.seen(), 0, "it was not made");
}

#[test]
fn a_look_that_is_refused_after_a_mere_read_is_a_plain_failure() {
    let place = Place::new();
    let text = "name: look\nsteps:\n  - {id: go, aws: {service: ec2, action: describe-instances, until: {action: describe-volumes, params: {VolumeIds: [vol-0123456789abcdef0]}, query: 'length(Volumes) == `1`'}}}\n";
    let outcome = run_at(&place, moto(), text);
    let told = message(&outcome, "go");
    assert_eq!(outcome.ended("go")["outcome"], "failed", "{told}");
    assert!(told.contains("InvalidVolume.NotFound"), "{told}");
    assert!(!told.contains("it was done"), "{told}");
}

/// Runs it until its call has arrived at the server, and kills all of it then.
fn killed_in_the_middle(place: &Place, line: &Line, text: &str) {
    place.write("w.yaml", text);
    let mut command = place.command(&["run", "w.yaml", "--headless", "--json"]);
    command.envs(environment(line.port));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut engine = command.spawn().expect("the binary starts");
    until("the call has arrived", || line.seen() == 1);
    let home = format!(
        "{}/home",
        place.work().parent().expect("a folder").display()
    );
    until("all of it is gone", || {
        let mine = |pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&home)
        };
        let all = std::fs::read_dir("/proc").expect("Linux").flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let left: Vec<u32> = pids.filter(mine).collect();
        for pid in &left {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
        let _ = engine.try_wait();
        left.is_empty()
    });
}

fn resumed(place: &Place, line: &Line) -> String {
    let mut command = place.command(&["resume", "last", "--headless", "--json"]);
    let output = command
        .envs(environment(line.port))
        .output()
        .expect("the binary starts");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn killed_while_a_call_is_under_way_it_is_shown_as_unknown() {
    let place = Place::new();
    let line = Line::new("Action=RebootInstances", &[Fate::Hold]);
    let ids = an_instance();
    let text = format!(
        "name: k\nsteps:\n  - {{id: go, aws: {{service: ec2, action: reboot-instances, params: {{InstanceIds: {ids}}}}}}}\n"
    );
    killed_in_the_middle(&place, &line, &text);
    let told = resumed(&place, &line);
    assert!(told.contains("\"outcome\":\"unknown\""), "{told}");
    assert_eq!(line.seen(), 1, "it is not made again in silence");
}

#[test]
fn killed_while_a_call_with_a_token_is_under_way_it_is_made_again_with_the_same() {
    let place = Place::new();
    let line = Line::new("Action=RunInstances", &[Fate::Hold]);
    let text = "name: k\nsteps:\n  - {id: go, aws: {service: ec2, action: run-instances, params: {ImageId: ami-12c6146b, KeyName: killed, MinCount: 1, MaxCount: 1}}}\n";
    killed_in_the_middle(&place, &line, text);
    let told = resumed(&place, &line);
    assert!(told.contains("\"outcome\":\"succeeded\""), "{told}");
    assert_eq!(line.seen(), 2);
    let all = aws(&[
        "ec2",
        "describe-instances",
        "--query",
        "Reservations[].Instances[?KeyName=='killed'].ClientToken | []",
    ]);
    let tokens = all.as_array().unwrap();
    assert!(
        tokens.len() == 2 && tokens[0] == tokens[1],
        "AWS makes one of it; moto does not look at tokens: {all}"
    );
}

#[test]
fn a_secret_of_secrets_manager_is_read_at_each_attempt_and_masked() {
    let place = Place::new();
    let first = r#"{"token": "first-token-of-the-api", "port": 1}"#;
    aws(&[
        "secretsmanager",
        "create-secret",
        "--name",
        "prod/token",
        "--secret-string",
        first,
    ]);
    let text = format!(
        "name: s\nsecrets:\n  token: {{aws_secretsmanager: {{secret: prod/token, key: token, region: us-east-1, endpoint: 'http://127.0.0.1:{}'}}}}\n  \
           other: {{aws_secretsmanager: {{secret: no/such}}}}\n\
         steps:\n  - id: first\n    env: {{TOKEN: '${{{{ secrets.token }}}}'}}\n    run: 'echo \"$TOKEN\"; test \"$TOKEN\" = first-token-of-the-api'\n",
        moto()
    );
    let outcome = run_at(&place, moto(), &text);
    assert_eq!(outcome.code, 0, "{}", message(&outcome, "first"));
    let log = log(&place, "first");
    assert!(log.contains("***") && !log.contains("first-token"), "{log}");
    aws(&[
        "secretsmanager",
        "put-secret-value",
        "--secret-id",
        "prod/token",
        "--secret-string",
        r#"{"token": "second-token-of-the-api"}"#,
    ]);
    let outcome = run_at(&place, moto(), &text.replace("= first-", "= second-"));
    assert_eq!(outcome.code, 0, "{}", message(&outcome, "first"));
    for (from, to, expected) in [
        (
            "key: token",
            "key: tokn",
            "secret `token`: secret prod/token of Secrets Manager has no `tokn`",
        ),
        (
            "prod/token",
            "prod/tokem",
            "secret `token`: secretsmanager GetSecretValue in us-east-1: ResourceNotFoundException: ",
        ),
    ] {
        let outcome = run_at(&place, moto(), &text.replace(from, to));
        let told = message(&outcome, "first");
        assert!(told.starts_with(expected), "{told}");
    }
}
