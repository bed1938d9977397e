//! What to look at after a call: from where the params of the operation that a waiter polls are to be taken.
//!
//! A waiter says which operation it polls, but not how to name there what the call before it made or changed. The names of
//! members are the only link, and a reliable one: what a call names `InstanceIds`, or answers as `InstanceId`, the polled
//! operation names `InstanceIds`. If nothing fits, nothing is guessed: a poll without names would look at everything.

use super::model::{Kind, Operation};
use super::names::{plain, singular};
use super::service::Service;

/// Where one param of the polled operation comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The call's own param of this name.
    Param(String),
    /// JMESPath over the call's answer.
    Answer(String),
}

/// The params of the polled operation: name, whether it is a list, source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched(pub Vec<(String, bool, Source)>);

/// Members that narrow or cut an answer, and name nothing.
const NAMELESS: [&str; 14] = [
    "Filters",
    "DryRun",
    "MaxResults",
    "NextToken",
    "Marker",
    "MaxRecords",
    "MaxItems",
    "Limit",
    "PageSize",
    "include",
    "Include",
    "IncludeShared",
    "ExpectedBucketOwner",
    "RequestPayer",
];

/// How deep in an answer names are looked for.
const DEEPEST: usize = 4;

/// `Err` names what has no source: the author must say it.
pub fn watched(
    service: &Service,
    call: &Operation,
    given: &[String],
    polled: &Operation,
) -> Result<Watched, Vec<String>> {
    let input = service.shape_of(polled.input.as_ref());
    let answers = answers(service, call);
    let noun = plain(noun(&polled.name));
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for (name, member) in input
        .members
        .iter()
        .filter(|(n, m)| !NAMELESS.contains(&n.as_str()) && !m.idempotency_token)
    {
        let is_list = service.kind(member) == Kind::List;
        let from_params = given.iter().find(|g| same(g, name));
        if let Some(param) = from_params {
            found.push((name.clone(), is_list, Source::Param(param.clone())));
        } else if input.required.contains(name) {
            match answered(&answers, name, &noun) {
                Some(path) => found.push((name.clone(), is_list, Source::Answer(path))),
                None => missing.push(name.clone()),
            }
        }
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    if found.is_empty() {
        let mut names: Vec<&String> = input
            .members
            .keys()
            .filter(|n| !NAMELESS.contains(&n.as_str()))
            .collect();
        names.sort_by_key(|name| !plain(name).contains(&*singular(&noun)));
        let source = names
            .iter()
            .find_map(|name| Some((*name, answered(&answers, name, &noun)?)));
        let Some((name, path)) = source else {
            return Err(names.into_iter().take(1).cloned().collect());
        };
        let is_list = service.kind(&input.members[name]) == Kind::List;
        found.push((name.clone(), is_list, Source::Answer(path)));
    }
    Ok(Watched(found))
}

/// What is left of the name of an operation without its verb: `DBInstances` of `DescribeDBInstances`.
fn noun(operation: &str) -> &str {
    let verbs = ["Describe", "Get", "List", "Head", "BatchGet"];
    let mut rests = verbs.iter().filter_map(|verb| operation.strip_prefix(verb));
    rests.next().unwrap_or(operation)
}

fn same(a: &str, b: &str) -> bool {
    plain(a) == plain(b) || plain(&singular(a)) == plain(&singular(b))
}

/// A plain value somewhere in an answer.
struct Answered {
    path: String,
    name: String,
    /// The name of the structure or list that it is in.
    inside: String,
}

/// All plain values of the answer, the shallow ones first.
fn answers(service: &Service, call: &Operation) -> Vec<Answered> {
    let mut all = Vec::new();
    let mut level = vec![(
        String::new(),
        String::new(),
        service.shape_of(call.output.as_ref()),
    )];
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for (path, inside, shape) in level {
            for (name, member) in &shape.members {
                let here = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                let shape = service.shape(&member.shape);
                match shape.kind {
                    Kind::Structure => next.push((here, name.clone(), shape)),
                    Kind::List => {
                        let Some(item) = shape.member.as_ref().map(|m| service.shape(&m.shape))
                        else {
                            continue;
                        };
                        let here = format!("{here}[]");
                        if item.kind == Kind::Structure {
                            next.push((here, name.clone(), item));
                        } else {
                            all.push(Answered {
                                path: here,
                                name: name.clone(),
                                inside: inside.clone(),
                            });
                        }
                    }
                    Kind::Map => {}
                    _ => all.push(Answered {
                        path: here,
                        name: name.clone(),
                        inside: inside.clone(),
                    }),
                }
            }
        }
        level = next;
    }
    all
}

fn answered(all: &[Answered], name: &str, noun: &str) -> Option<String> {
    // `Id` of GetChange is that of `ChangeInfo`, not that of `HostedZone`.
    let about = |one: &&Answered| plain(&one.inside).contains(&*singular(noun));
    let fits: Vec<&Answered> = all.iter().filter(|one| same(&one.name, name)).collect();
    if let Some(one) = fits.iter().copied().find(about).or(fits.first().copied()) {
        return Some(one.path.clone());
    }
    // `tasks` of DescribeTasks are the `taskArn` of the answer's `tasks`.
    let one = singular(name);
    let mut owns = all.iter().filter(|a| same(&a.inside, name));
    owns.find(|a| {
        ["arn", "id", "identifier", "name"]
            .iter()
            .any(|end| plain(&a.name) == plain(&one) + end)
    })
    .map(|a| a.path.clone())
}

#[cfg(test)]
mod tests {
    use super::super::catalog::service;
    use super::*;

    fn check(name: &str, call: &str, given: &[&str], polled: &str, expected: &str) {
        let service = service(name).unwrap();
        let given: Vec<String> = given.iter().map(|g| (*g).to_owned()).collect();
        let (call, polled) = (
            service.operation(call).unwrap(),
            service.operation(polled).unwrap(),
        );
        let text = match watched(service, &call, &given, &polled) {
            Ok(Watched(all)) => {
                let all = all.iter().map(|(name, _, source)| match source {
                    Source::Param(param) => format!("{name}={param}"),
                    Source::Answer(path) => format!("{name}<{path}"),
                });
                all.collect::<Vec<_>>().join(" ")
            }
            Err(missing) => format!("?{}", missing.join(",")),
        };
        assert_eq!(text, expected, "{} {}", call.name, polled.name);
    }

    #[test]
    fn what_is_polled_after_a_call() {
        check(
            "ec2",
            "RunInstances",
            &["ImageId", "MinCount"],
            "DescribeInstances",
            "InstanceIds<Instances[].InstanceId",
        );
        check(
            "ec2",
            "StopInstances",
            &["InstanceIds"],
            "DescribeInstances",
            "InstanceIds=InstanceIds",
        );
        check(
            "ec2",
            "CreateSnapshot",
            &["VolumeId"],
            "DescribeSnapshots",
            "SnapshotIds<SnapshotId",
        );
        check(
            "ec2",
            "CreateVolume",
            &[],
            "DescribeVolumes",
            "VolumeIds<VolumeId",
        );
        check(
            "ec2",
            "CreateImage",
            &["InstanceId"],
            "DescribeImages",
            "ImageIds<ImageId",
        );
        check(
            "rds",
            "RestoreDBInstanceFromDBSnapshot",
            &["DBInstanceIdentifier", "DBSnapshotIdentifier"],
            "DescribeDBInstances",
            "DBInstanceIdentifier=DBInstanceIdentifier",
        );
        check(
            "rds",
            "CopyDBSnapshot",
            &["TargetDBSnapshotIdentifier"],
            "DescribeDBSnapshots",
            "DBSnapshotIdentifier<DBSnapshot.DBSnapshotIdentifier",
        );
        check(
            "route53",
            "ChangeResourceRecordSets",
            &["HostedZoneId", "ChangeBatch"],
            "GetChange",
            "Id<ChangeInfo.Id",
        );
        check(
            "route53",
            "CreateHostedZone",
            &["Name"],
            "GetChange",
            "Id<ChangeInfo.Id",
        );
        check(
            "ecs",
            "UpdateService",
            &["cluster", "service"],
            "DescribeServices",
            "cluster=cluster services=service",
        );
    }

    #[test]
    fn what_is_polled_after_other_calls() {
        check(
            "ecs",
            "RunTask",
            &["cluster", "taskDefinition"],
            "DescribeTasks",
            "cluster=cluster tasks<tasks[].taskArn",
        );
        check(
            "eks",
            "CreateNodegroup",
            &["clusterName", "nodegroupName"],
            "DescribeNodegroup",
            "clusterName=clusterName nodegroupName=nodegroupName",
        );
        check(
            "elbv2",
            "CreateLoadBalancer",
            &["Subnets"],
            "DescribeLoadBalancers",
            "LoadBalancerArns<LoadBalancers[].LoadBalancerArn",
        );
        check(
            "elbv2",
            "RegisterTargets",
            &["TargetGroupArn", "Targets"],
            "DescribeTargetHealth",
            "TargetGroupArn=TargetGroupArn Targets=Targets",
        );
        check(
            "cloudformation",
            "CreateStack",
            &["StackName"],
            "DescribeStacks",
            "StackName=StackName",
        );
        check(
            "lambda",
            "UpdateFunctionCode",
            &["FunctionName"],
            "GetFunction",
            "FunctionName=FunctionName",
        );
        check(
            "s3",
            "CreateBucket",
            &["Bucket"],
            "HeadBucket",
            "Bucket=Bucket",
        );
        check(
            "ssm",
            "SendCommand",
            &["InstanceIds"],
            "GetCommandInvocation",
            "CommandId<Command.CommandId InstanceId=InstanceIds",
        );
        check(
            "backup",
            "StartBackupJob",
            &[],
            "DescribeBackupJob",
            "BackupJobId<BackupJobId",
        );
        check("iam", "CreateAccessKey", &[], "GetRole", "?RoleName");
    }
}
