//! Waiting until what was asked for is so: by a waiter of the service, or by a query over its answer.

use std::time::Duration;

use serde_json::{Map, Value as Json};
use tokio::time::{Instant, sleep, timeout_at};

use super::super::call::Trouble;
use super::super::outputs::jmespath;
use super::call::{Client, Fault, Reply};
use super::trouble::Refusal;
use crate::aws_model::{Acceptor, Effect, Matcher, Operation, Verdict, Waiter, singular};
use crate::time::spoken_span;

/// What is waited for.
pub(super) struct Wish {
    pub(super) operation: Operation,
    pub(super) params: Json,
    pub(super) goal: Goal,
    pub(super) every: Duration,
    pub(super) timeout: Duration,
}

pub(super) enum Goal {
    Waiter(Waiter),
    /// JMESPath that gives true when it is so, and one that gives true when it will never be.
    Query {
        met: String,
        failed: Option<String>,
    },
}

/// Why it is not so.
pub(super) enum Missed {
    /// It will never be.
    Never(String),
    /// Not in time; how it stood at last.
    Late(String),
    Trouble(Trouble),
}

/// What one look gave.
enum Seen {
    Met,
    NotYet(String),
    Never(String),
}

impl Client<'_, '_, '_> {
    /// Looks until it is so; the last answer. `first` is what a call already answered to the very same question.
    pub(super) async fn wait(
        &self,
        wish: &Wish,
        first: Option<Reply>,
    ) -> Result<Map<String, Json>, Missed> {
        let end = Instant::now() + wish.timeout;
        let late = |stands: &str| {
            let limit = spoken_span(wish.timeout);
            Missed::Late(format!(
                "not {} within {limit}; the last: {stands}",
                wish.goal.name()
            ))
        };
        let mut ready = first;
        let mut before = "no answer yet".to_owned();
        loop {
            let looked = match ready.take() {
                Some(reply) => Ok(reply),
                // One look may have many tries, which must not go on after the end.
                None => timeout_at(end, self.look(wish))
                    .await
                    .map_err(|_| late(&before))?,
            };
            let seen = self.judge(wish, &looked)?;
            let stands = match seen {
                Seen::Met => return Ok(looked.map(|reply| reply.answer).unwrap_or_default()),
                Seen::Never(why) => return Err(Missed::Never(why)),
                Seen::NotYet(stands) => stands,
            };
            self.teller.status(&stands);
            if end.saturating_duration_since(Instant::now()) <= wish.every {
                return Err(late(&stands));
            }
            before = stands;
            sleep(wish.every).await;
        }
    }

    async fn look(&self, wish: &Wish) -> Result<Reply, Fault> {
        match &wish.goal {
            // As AWS's own clients do: a waiter sees one page.
            Goal::Waiter(_) => {
                self.call(&wish.operation, &wish.params, Effect::Reads)
                    .await
            }
            Goal::Query { .. } => self.read_all(&wish.operation, &wish.params).await,
        }
    }

    fn judge(&self, wish: &Wish, looked: &Result<Reply, Fault>) -> Result<Seen, Missed> {
        let broken =
            |why: String| Missed::Trouble(Trouble::Failed(self.placed(&wish.operation, &why)));
        match (&wish.goal, looked) {
            // Who cannot be reached now may be before the wait is over.
            (_, Err(Fault::Trouble(Trouble::Unreached(why)))) => Ok(Seen::NotYet(why.clone())),
            (_, Err(Fault::Trouble(trouble))) => Err(Missed::Trouble(trouble.clone())),
            (Goal::Waiter(waiter), looked) => {
                let verdict = verdict(waiter, looked).map_err(broken)?;
                self.by_waiter(wish, waiter, verdict, looked)
            }
            (Goal::Query { .. }, Err(Fault::Refused(refusal))) => Err(self.refused(wish, refusal)),
            (Goal::Query { met, failed }, Ok(reply)) => {
                let answer = Json::Object(reply.answer.clone());
                if let Some(failed) = failed
                    && truth(failed, &answer).map_err(broken)?
                {
                    return Ok(Seen::Never(format!(
                        "`{failed}` holds: {}",
                        side(failed, &answer)
                    )));
                }
                if truth(met, &answer).map_err(broken)? {
                    return Ok(Seen::Met);
                }
                Ok(Seen::NotYet(side(met, &answer)))
            }
        }
    }

    fn by_waiter(
        &self,
        wish: &Wish,
        waiter: &Waiter,
        verdict: Option<&Acceptor>,
        looked: &Result<Reply, Fault>,
    ) -> Result<Seen, Missed> {
        let stands = || match looked {
            Ok(reply) => states(waiter, &wish.params, &reply.answer),
            Err(Fault::Refused(refusal)) => refusal.code.clone(),
            Err(Fault::Trouble(_)) => String::new(),
        };
        match (verdict.map(|acceptor| acceptor.state), looked) {
            (Some(Verdict::Success), _) => Ok(Seen::Met),
            (Some(Verdict::Failure), _) => Ok(Seen::Never(format!(
                "{} can no longer be: {}",
                wish.goal.name(),
                stands()
            ))),
            (None, Err(Fault::Refused(refusal))) => Err(self.refused(wish, refusal)),
            _ => Ok(Seen::NotYet(stands())),
        }
    }

    fn refused(&self, wish: &Wish, refusal: &Refusal) -> Missed {
        Missed::Trouble(Trouble::Failed(self.told(&wish.operation, refusal)))
    }
}

impl Goal {
    fn name(&self) -> String {
        match self {
            Self::Waiter(waiter) => dashed(&waiter.name),
            Self::Query { met, .. } => format!("`{met}`"),
        }
    }
}

/// `InstanceRunning` as the `aws` command line has it: `instance-running`.
fn dashed(name: &str) -> String {
    let mut out = String::new();
    let mut before = 'A';
    for c in name.chars() {
        if c.is_ascii_uppercase() && !before.is_ascii_uppercase() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
        before = c;
    }
    out
}

/// The first acceptor that fits.
fn verdict<'w>(
    waiter: &'w Waiter,
    looked: &Result<Reply, Fault>,
) -> Result<Option<&'w Acceptor>, String> {
    for acceptor in &waiter.acceptors {
        if fits(acceptor, looked)? {
            return Ok(Some(acceptor));
        }
    }
    Ok(None)
}

fn fits(acceptor: &Acceptor, looked: &Result<Reply, Fault>) -> Result<bool, String> {
    let expected = &acceptor.expected;
    let found = |reply: &Reply| jmespath(&acceptor.argument, &Json::Object(reply.answer.clone()));
    Ok(match (acceptor.matcher, looked) {
        (Matcher::Status, Ok(reply)) => *expected == reply.status,
        (Matcher::Status, Err(Fault::Refused(refusal))) => *expected == refusal.status,
        (Matcher::Error, Ok(_)) => *expected == Json::Bool(false),
        (Matcher::Error, Err(Fault::Refused(refusal))) => {
            *expected == Json::Bool(true) || *expected == refusal.code.as_str()
        }
        (Matcher::Path, Ok(reply)) => found(reply)? == *expected,
        (Matcher::PathAll, Ok(reply)) => match found(reply)? {
            Json::Array(all) => !all.is_empty() && all.iter().all(|one| one == expected),
            _ => false,
        },
        (Matcher::PathAny, Ok(reply)) => match found(reply)? {
            Json::Array(all) => all.contains(expected),
            _ => false,
        },
        (_, Err(_)) => false,
    })
}

fn truth(query: &str, answer: &Json) -> Result<bool, String> {
    match jmespath(query, answer)? {
        Json::Bool(truth) => Ok(truth),
        Json::Null => Ok(false),
        other => Err(format!("`{query}` gives {other}, not true or false")),
    }
}

/// What the left side of a comparison is now.
fn side(query: &str, answer: &Json) -> String {
    let marks = ["==", "!=", ">=", "<=", ">", "<"];
    let end = marks.iter().filter_map(|mark| query.find(mark)).min();
    let left = end.map(|end| query[..end].trim());
    // In the middle of brackets there is no side.
    let whole = left.filter(|l| {
        l.matches('[').count() == l.matches(']').count()
            && l.matches('(').count() == l.matches(')').count()
    });
    match whole.and_then(|left| Some((left, jmespath(left, answer).ok()?))) {
        Some((left, value)) => format!("{left} is {value}"),
        None => format!("not yet {query}"),
    }
}

/// How things stand: `i-1: pending, 2 of 3 running`.
fn states(waiter: &Waiter, params: &Json, answer: &Map<String, Json>) -> String {
    let success = waiter
        .acceptors
        .iter()
        .find(|a| a.state == Verdict::Success && !a.argument.is_empty());
    let Some((argument, Json::String(wanted))) =
        success.map(|a| (a.argument.as_str(), &a.expected))
    else {
        return format!("waiting for {}", dashed(&waiter.name));
    };
    let answer = Json::Object(answer.clone());
    let found = jmespath(argument, &answer).unwrap_or_default();
    let word = |value: &Json| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let all = match &found {
        Json::Array(all) => all.iter().map(word).collect(),
        Json::Null => Vec::new(),
        one => vec![word(one)],
    };
    let names = names(argument, params, &answer, all.len());
    let done = all.iter().filter(|one| *one == wanted).count();
    let open = all.iter().position(|one| one != wanted);
    let Some(open) = open else {
        return format!("waiting for {}", dashed(&waiter.name));
    };
    let name = names
        .get(open)
        .map(|name| format!("{name}: "))
        .unwrap_or_default();
    let count = if all.len() > 1 {
        format!(", {done} of {} {wanted}", all.len())
    } else {
        String::new()
    };
    format!("{name}{}{count}", all[open])
}

/// What the things are called whose states stand at `argument`, if there are as many.
fn names(argument: &str, params: &Json, answer: &Json, count: usize) -> Vec<String> {
    let texts = |value: &Json| -> Vec<String> {
        let list = value
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![value.clone()]);
        list.iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect()
    };
    let Some(params) = params.as_object() else {
        return Vec::new();
    };
    if let Some(end) = argument.rfind("[].") {
        for name in params.keys() {
            let path = format!("{}[].{}", &argument[..end], singular(name));
            let found = jmespath(&path, answer)
                .map(|value| texts(&value))
                .unwrap_or_default();
            if found.len() == count {
                return found;
            }
        }
    }
    let mut given = params.values().map(texts);
    given.find(|all| all.len() == count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::decode::Secrets;
    use super::super::session::Session;
    use super::super::teller::Teller;
    use super::*;
    use crate::aws_model::service;
    use crate::workflow::AwsDoc;

    #[test]
    fn how_things_stand_is_said() {
        let instances = json!({"Reservations": [{"Instances": [
            {"InstanceId": "i-1", "State": {"Name": "running"}}, {"InstanceId": "i-2", "State": {"Name": "pending"}},
        ]}, {"Instances": [{"InstanceId": "i-3", "State": {"Name": "running"}}]}]});
        let database = json!({"DBInstances": [{"DBInstanceStatus": "creating"}]});
        for (name, waiter, params, answer, expected) in [
            (
                "ec2",
                "instance-running",
                json!({"InstanceIds": ["i-1", "i-2", "i-3"]}),
                instances,
                "i-2: pending, 2 of 3 running",
            ),
            (
                "rds",
                "db-instance-available",
                json!({"DBInstanceIdentifier": "shop"}),
                database,
                "shop: creating",
            ),
            (
                "route53",
                "resource-record-sets-changed",
                json!({"Id": "C1"}),
                json!({"ChangeInfo": {"Status": "PENDING"}}),
                "C1: PENDING",
            ),
            (
                "ecs",
                "services-stable",
                json!({"services": ["a"]}),
                json!({"services": []}),
                "waiting for services-stable",
            ),
        ] {
            let waiter = service(name).unwrap().waiter(waiter).unwrap();
            assert_eq!(
                states(&waiter, &params, answer.as_object().unwrap()),
                expected
            );
        }
        assert_eq!(
            side("State == 'COMPLETED'", &json!({"State": "RUNNING"})),
            "State is \"RUNNING\""
        );
        assert_eq!(
            side("length(a[?b == `1`]) > `2`", &json!({"a": []})),
            "not yet length(a[?b == `1`]) > `2`"
        );
    }

    #[test]
    fn acceptors_judge_as_botocore_does() {
        let reply = |answer: Json| {
            let answer = answer.as_object().unwrap().clone();
            Ok(Reply {
                status: 200,
                answer,
                size: 0,
            })
        };
        let refused = |code: &str| {
            let (code, message) = (code.to_owned(), String::new());
            Err(Fault::Refused(Refusal {
                status: 400,
                code,
                message,
                request_id: None,
            }))
        };
        let of = |states: &[&str]| {
            let all: Vec<Json> = states
                .iter()
                .map(|s| json!({"InstanceId": "i", "State": {"Name": s}}))
                .collect();
            json!({"Reservations": [{"Instances": all}]})
        };
        let running = service("ec2").unwrap().waiter("instance-running").unwrap();
        let deleted = service("rds")
            .unwrap()
            .waiter("db-instance-deleted")
            .unwrap();
        let bucket = service("s3").unwrap().waiter("bucket-exists").unwrap();
        let stable = service("ecs").unwrap().waiter("services-stable").unwrap();
        let steady = json!({"services": [{"deployments": [{}], "runningCount": 2, "desiredCount": 2}], "failures": []});
        for (waiter, looked, expected) in [
            (
                &running,
                reply(of(&["running", "running"])),
                Some(Verdict::Success),
            ),
            (&running, reply(of(&["running", "pending"])), None),
            (
                &running,
                reply(of(&["running", "terminated"])),
                Some(Verdict::Failure),
            ),
            (&running, reply(of(&[])), None),
            (
                &running,
                refused("InvalidInstanceID.NotFound"),
                Some(Verdict::Retry),
            ),
            (&running, refused("UnauthorizedOperation"), None),
            (
                &deleted,
                refused("DBInstanceNotFound"),
                Some(Verdict::Success),
            ),
            (&bucket, reply(json!({})), Some(Verdict::Success)),
            (&stable, reply(steady), Some(Verdict::Success)),
        ] {
            let found = verdict(waiter, &looked).unwrap().map(|a| a.state);
            assert_eq!(found, expected, "{} {looked:?}", waiter.name);
        }
    }

    /// Who asks it needs no credentials.
    async fn client(endpoint: &str) -> Client<'static, 'static, 'static> {
        let who = json!({"region": "us-east-1", "endpoint": endpoint});
        let who: AwsDoc = serde_json::from_value(who).unwrap();
        let service = service("sts").unwrap();
        let session = Session::open(&who, service, Teller::Nobody).await.unwrap();
        Client {
            service,
            session,
            teller: Teller::Nobody,
            secrets: Secrets::Hidden,
            file: None,
        }
    }

    #[tokio::test]
    async fn it_ends_in_time_and_outlives_an_outage() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        let client = client(&format!("http://{address}")).await;
        let wish = Wish {
            operation: client
                .service
                .operation("AssumeRoleWithWebIdentity")
                .unwrap(),
            params: json!({}),
            goal: Goal::Query {
                met: "Provider".to_owned(),
                failed: None,
            },
            every: Duration::from_millis(10),
            timeout: Duration::from_millis(200),
        };
        let Err(Missed::Late(why)) = client.wait(&wish, None).await else {
            panic!("nobody answers");
        };
        assert_eq!(why, "not `Provider` within 200ms; the last: no answer yet");
        let away = Trouble::Unreached("connection refused".to_owned());
        let seen = client.judge(&wish, &Err(Fault::Trouble(away)));
        assert!(matches!(seen, Ok(Seen::NotYet(why)) if why == "connection refused"));
    }
}
