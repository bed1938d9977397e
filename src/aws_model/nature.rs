//! Whether a call changes something, and whether it may be made twice.

use serde_json::Value as Json;

use super::model::Operation;
use super::names::plain;
use super::service::Service;

/// What a call does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Reads,
    /// Twice is as once: it carries a client token, or sets what is there to what is said.
    Repeatable,
    Changes,
}

const READING: [&str; 21] = [
    "Describe",
    "Get",
    "List",
    "Head",
    "Search",
    "Lookup",
    "BatchGet",
    "Scan",
    "Query",
    "Filter",
    "Select",
    "Validate",
    "Estimate",
    "Simulate",
    // Others that begin with `Test` fail a node over, or perform what they test.
    "TestConnection",
    "TestDNSAnswer",
    "TestEventPattern",
    "TestFunction",
    "TestMetricFilter",
    "TestTransformer",
    "AssumeRole",
];
/// Their names begin like reading, and yet they take something away or make something.
const NOT_READING: [&str; 3] = [
    "stepfunctions.GetActivityTask",
    "redshift.GetClusterCredentials",
    "redshift.GetClusterCredentialsWithIAM",
];
/// They set what is there to what is said.
const SETTING: [&str; 8] = [
    "Put",
    "Set",
    "Modify",
    "Tag",
    "Untag",
    "CreateTags",
    "DeleteTags",
    "AddTags",
];
/// Their names begin like setting, and yet each call adds something.
const ADDING: [&str; 9] = [
    "cloudwatch.PutMetricData",
    "dynamodb.PutItem",
    "ec2.ModifyVolume",
    "events.PutEvents",
    "events.PutPartnerEvents",
    "kinesis.PutRecord",
    "kinesis.PutRecords",
    "logs.PutLogEvents",
    "route53resolver.PutFirewallRuleGroupPolicy",
];
/// Documented to succeed, and to do nothing more, where it has been done already.
const DONE_ONCE: [&str; 6] = [
    "ec2.StartInstances",
    "ec2.StopInstances",
    "ec2.TerminateInstances",
    "s3.DeleteObject",
    "s3.DeleteObjects",
    "sqs.DeleteMessage",
];

/// Whether a param of this name, in any spelling, says that a call is only rehearsed.
pub fn rehearses(name: &str) -> bool {
    matches!(plain(name).as_str(), "dryrun" | "invocationtype")
}

/// What this call does, as far as its name, its description and its params tell.
pub fn effect(service: &Service, operation: &Operation, params: &Json) -> Effect {
    let name = operation.name.as_str();
    let full = format!("{}.{name}", service.facts().name);
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    let is_one_of = |names: &[&str]| names.contains(&full.as_str());
    let is_rehearsal = params.get("DryRun") == Some(&Json::Bool(true))
        || (full == "lambda.Invoke" && params.get("InvocationType") == Some(&"DryRun".into()));
    if operation.readonly || is_rehearsal || (begins(&READING) && !is_one_of(&NOT_READING)) {
        return Effect::Reads;
    }
    let input = service.shape_of(operation.input.as_ref());
    let has_token = input.members.values().any(|m| m.idempotency_token);
    let sets = begins(&SETTING) && !is_one_of(&ADDING);
    // Elsewhere PUT begins a job as well.
    let by_method = operation.http.method == "PUT" && service.facts().name == "s3";
    if operation.idempotent
        || has_token
        || sets
        || by_method
        || is_one_of(&DONE_ONCE)
        || only_upserts(&full, params)
    {
        Effect::Repeatable
    } else {
        Effect::Changes
    }
}

/// A change of DNS that says what shall be, and not what shall be made or taken away.
fn only_upserts(full: &str, params: &Json) -> bool {
    let changes = params
        .pointer("/ChangeBatch/Changes")
        .and_then(Json::as_array);
    full == "route53.ChangeResourceRecordSets"
        && changes.is_some_and(|all| {
            !all.is_empty()
                && all
                    .iter()
                    .all(|one| one.get("Action") == Some(&"UPSERT".into()))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::catalog::service;
    use super::*;

    #[test]
    fn what_calls_do() {
        let upsert = json!({"ChangeBatch": {"Changes": [{"Action": "UPSERT"}]}});
        let create =
            json!({"ChangeBatch": {"Changes": [{"Action": "UPSERT"}, {"Action": "CREATE"}]}});
        for (name, action, params, expected) in [
            ("ec2", "DescribeInstances", json!({}), Effect::Reads),
            ("ec2", "RunInstances", json!({}), Effect::Repeatable),
            (
                "ec2",
                "RunInstances",
                json!({"DryRun": true}),
                Effect::Reads,
            ),
            ("ec2", "RebootInstances", json!({}), Effect::Changes),
            ("rds", "CreateDBSnapshot", json!({}), Effect::Changes),
            ("rds", "ModifyDBInstance", json!({}), Effect::Repeatable),
            (
                "autoscaling",
                "SetDesiredCapacity",
                json!({}),
                Effect::Repeatable,
            ),
            ("cloudwatch", "PutMetricData", json!({}), Effect::Changes),
            ("s3", "PutObject", json!({}), Effect::Repeatable),
            ("s3", "HeadBucket", json!({}), Effect::Reads),
            ("lambda", "Invoke", json!({}), Effect::Changes),
            ("elasticache", "TestFailover", json!({}), Effect::Changes),
            ("elasticache", "TestMigration", json!({}), Effect::Changes),
            ("stepfunctions", "TestState", json!({}), Effect::Changes),
            ("events", "TestEventPattern", json!({}), Effect::Reads),
            (
                "redshift",
                "GetClusterCredentialsWithIAM",
                json!({}),
                Effect::Changes,
            ),
            (
                "secretsmanager",
                "CreateSecret",
                json!({}),
                Effect::Repeatable,
            ),
            (
                "route53",
                "ChangeResourceRecordSets",
                upsert,
                Effect::Repeatable,
            ),
            (
                "route53",
                "ChangeResourceRecordSets",
                create,
                Effect::Changes,
            ),
        ] {
            let service = service(name).unwrap();
            let operation = service.operation(action).unwrap();
            assert_eq!(
                effect(service, &operation, &params),
                expected,
                "{name} {action} {params}"
            );
        }
    }
}
