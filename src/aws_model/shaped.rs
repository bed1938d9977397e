//! The params of a call as the author spells them, brought to the names and types of the model; what does not fit is told.

use serde_json::{Map, Value as Json};

use super::model::{Kind, Member, Operation, Shape};
use super::names::plain;
use super::service::Service;

/// One step from a value to a value in it, as the author wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Nth(usize),
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq)]
pub enum Flaw {
    /// There is no such member; these there are.
    Unknown { path: Vec<Step>, known: Vec<String> },
    /// Said twice, in two spellings.
    Twice { path: Vec<Step> },
    /// The structure here needs these too.
    Missing { path: Vec<Step>, names: Vec<String> },
    /// What is wanted here, and what stands here.
    Unfit { path: Vec<Step>, wanted: String },
    /// Not one of the values that were known when the data was extracted: AWS may have more by now.
    NotListed {
        path: Vec<Step>,
        value: String,
        known: Vec<String>,
    },
}

impl Flaw {
    pub fn path(&self) -> &[Step] {
        match self {
            Self::Unknown { path, .. }
            | Self::Twice { path }
            | Self::Missing { path, .. }
            | Self::Unfit { path, .. }
            | Self::NotListed { path, .. } => path,
        }
    }

    /// The call cannot be made with it.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::NotListed { .. })
    }

    /// In words, without the place.
    pub fn text(&self) -> String {
        let last = match self.path().last() {
            Some(Step::Key(name)) => name.as_str(),
            _ => "this",
        };
        match self {
            Self::Unknown { .. } => format!("there is no `{last}` here"),
            Self::Twice { .. } => format!("`{last}` is said twice, in two spellings"),
            Self::Missing { names, .. } => format!("{} missing", listed(names)),
            Self::Unfit { wanted, .. } => format!("`{last}` must be {wanted}"),
            Self::NotListed { value, .. } => format!("`{value}` is not a known value of `{last}`"),
        }
    }
}

/// `` `a` is `` or `` `a` and `b` are ``.
fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [one] => format!("{one} is"),
        [rest @ .., last] => format!("{} and {last} are", rest.join(", ")),
        [] => "nothing is".to_owned(),
    }
}

/// The params by the model's names, and all that does not fit. A text of which `is_open` is true is not filled in yet, so its
/// type is not known.
pub fn shaped(
    service: &Service,
    operation: &Operation,
    params: &Json,
    is_open: &dyn Fn(&str) -> bool,
) -> (Json, Vec<Flaw>) {
    let mut reading = Reading {
        service,
        is_open,
        path: Vec::new(),
        flaws: Vec::new(),
    };
    let shape = service.shape_of(operation.input.as_ref());
    let value = reading.structure(&shape, params);
    (value, reading.flaws)
}

struct Reading<'a> {
    service: &'a Service,
    is_open: &'a dyn Fn(&str) -> bool,
    path: Vec<Step>,
    flaws: Vec<Flaw>,
}

impl Reading<'_> {
    fn value(&mut self, member: &Member, value: &Json) -> Json {
        let shape = self.service.shape(&member.shape);
        if let Json::String(text) = value
            && (self.is_open)(text)
        {
            return value.clone();
        }
        if shape.document || member.jsonvalue {
            return value.clone();
        }
        match shape.kind {
            Kind::Structure => self.structure(&shape, value),
            Kind::List => self.list(&shape, value),
            Kind::Map => self.map(&shape, value),
            Kind::String | Kind::Character => self.string(&shape, value),
            Kind::Integer | Kind::Long => self.whole(value),
            Kind::Float | Kind::Double => self.number(value),
            Kind::Boolean => self.truth(value),
            Kind::Timestamp => self.moment(value),
            Kind::Blob => self.blob(value),
        }
    }

    fn structure(&mut self, shape: &Shape, value: &Json) -> Json {
        let Json::Object(entries) = value else {
            return self.unfit(value, "a map");
        };
        let mut out = Map::new();
        for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
            self.path.push(Step::Key(key.clone()));
            let known = spelt(shape, key);
            match known {
                None => {
                    let known = shape.members.keys().cloned().collect();
                    let path = self.path.clone();
                    self.flaws.push(Flaw::Unknown { path, known });
                }
                Some((name, _)) if out.contains_key(name) => {
                    let path = self.path.clone();
                    self.flaws.push(Flaw::Twice { path });
                }
                Some((name, member)) => {
                    let value = self.value(member, value);
                    out.insert(name.clone(), value);
                }
            }
            self.path.pop();
        }
        let given = |name: &String| out.contains_key(name) || is_token(shape, name);
        let names: Vec<String> = shape
            .required
            .iter()
            .filter(|n| !given(n))
            .cloned()
            .collect();
        if !names.is_empty() {
            let path = self.path.clone();
            self.flaws.push(Flaw::Missing { path, names });
        }
        if shape.union && out.len() != 1 {
            let names: Vec<&str> = shape.members.keys().map(String::as_str).collect();
            let wanted = format!("exactly one of {}", names.join(", "));
            self.unfit(value, &wanted);
        }
        Json::Object(out)
    }

    fn list(&mut self, shape: &Shape, value: &Json) -> Json {
        let Some(member) = &shape.member else {
            return value.clone();
        };
        match value {
            Json::Array(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(n, item)| self.at(Step::Nth(n), member, item))
                    .collect()
            }
            // One thing stands for a list of one.
            Json::String(_) | Json::Number(_) if self.is_plain(member) => {
                Json::Array(vec![self.value(member, value)])
            }
            _ => self.unfit(value, "a list"),
        }
    }

    fn map(&mut self, shape: &Shape, value: &Json) -> Json {
        match (value, &shape.value) {
            (Json::Object(entries), Some(member)) => {
                let entries = entries.iter();
                Json::Object(
                    entries
                        .map(|(key, v)| (key.clone(), self.at(Step::Key(key.clone()), member, v)))
                        .collect(),
                )
            }
            _ => self.unfit(value, "a map"),
        }
    }

    fn string(&mut self, shape: &Shape, value: &Json) -> Json {
        let text = match value {
            Json::String(text) => text.clone(),
            Json::Bool(truth) => truth.to_string(),
            Json::Number(number) if !number.is_f64() => number.to_string(),
            Json::Number(number) => {
                // Version 15.10 would be version 15.1.
                let wanted =
                    format!("a text: put the number in quotes (YAML reads it as {number})");
                return self.unfit(value, &wanted);
            }
            Json::Object(_) => {
                return self.unfit(value, "a text; JSON in a text, if that is meant");
            }
            _ => return self.unfit(value, "a text"),
        };
        if !shape.known.is_empty() && !shape.known.contains(&text) {
            self.flaws.push(Flaw::NotListed {
                path: self.path.clone(),
                value: text.clone(),
                known: shape.known.clone(),
            });
        }
        Json::String(text)
    }

    fn whole(&mut self, value: &Json) -> Json {
        let read = match value {
            Json::Number(number) if number.is_i64() || number.is_u64() => Some(number.clone()),
            Json::String(text) => text.trim().parse::<i64>().ok().map(Into::into),
            _ => None,
        };
        read.map_or_else(|| self.unfit(value, "a whole number"), Json::Number)
    }

    fn number(&mut self, value: &Json) -> Json {
        match value {
            Json::Number(_) => value.clone(),
            Json::String(text) if text.trim().parse::<f64>().is_ok_and(f64::is_finite) => {
                let number = text.trim().parse::<f64>().ok();
                number.map_or(Json::Null, Json::from)
            }
            _ => self.unfit(value, "a number"),
        }
    }

    fn truth(&mut self, value: &Json) -> Json {
        match value {
            Json::Bool(_) => value.clone(),
            Json::String(text) if text == "true" || text == "false" => (text == "true").into(),
            _ => self.unfit(value, "true or false"),
        }
    }

    fn moment(&mut self, value: &Json) -> Json {
        let fits = match value {
            Json::String(text) => {
                text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::Date>().is_ok()
            }
            Json::Number(_) => true,
            _ => false,
        };
        if fits {
            return value.clone();
        }
        self.unfit(
            value,
            "a moment, such as 2026-11-24T18:00:00Z, or seconds since 1970",
        )
    }

    fn blob(&mut self, value: &Json) -> Json {
        let fits = match value {
            Json::String(_) => true,
            Json::Object(entries) => {
                let only = entries.iter().next().filter(|_| entries.len() == 1);
                only.is_some_and(|(key, v)| {
                    matches!(key.as_str(), "base64" | "file") && v.is_string()
                })
            }
            _ => false,
        };
        if fits {
            return value.clone();
        }
        self.unfit(value, "a text, `{base64: ...}` or `{file: PATH}`")
    }

    fn at(&mut self, step: Step, member: &Member, value: &Json) -> Json {
        self.path.push(step);
        let value = self.value(member, value);
        self.path.pop();
        value
    }

    fn is_plain(&self, member: &Member) -> bool {
        !matches!(
            self.service.kind(member),
            Kind::Structure | Kind::List | Kind::Map
        )
    }

    fn unfit(&mut self, value: &Json, wanted: &str) -> Json {
        self.flaws.push(Flaw::Unfit {
            path: self.path.clone(),
            wanted: wanted.to_owned(),
        });
        value.clone()
    }
}

/// A token that is left out is made from the attempt's own key.
fn is_token(shape: &Shape, name: &str) -> bool {
    shape.members.get(name).is_some_and(|m| m.idempotency_token)
}

/// The member of this name, in any spelling.
fn spelt<'a>(shape: &'a Shape, name: &str) -> Option<(&'a String, &'a Member)> {
    shape.members.get_key_value(name).or_else(|| {
        let wanted = plain(name);
        shape
            .members
            .iter()
            .find(|(known, _)| plain(known) == wanted)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::catalog::service;
    use super::*;

    fn read(name: &str, action: &str, params: &Json) -> (Json, Vec<String>) {
        let service = service(name).unwrap();
        let operation = service.operation(action).unwrap();
        let (value, flaws) = shaped(service, &operation, params, &|text| text.contains("${{"));
        (value, flaws.iter().map(Flaw::text).collect())
    }

    #[test]
    fn names_and_types_become_the_models() {
        let params = json!({
            "image-id": "ami-1", "min_count": "2", "MaxCount": 2, "security_group_ids": "sg-1",
            "tag_specifications": [{"resource_type": "instance", "tags": [{"key": "n", "value": 1}]}],
            "user-data": null,
        });
        let (value, flaws) = read("ec2", "run_instances", &params);
        assert_eq!(flaws, Vec::<String>::new());
        let expected = json!({
            "ImageId": "ami-1", "MinCount": 2, "MaxCount": 2, "SecurityGroupIds": ["sg-1"],
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "n", "Value": "1"}]}],
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (name, action, params, expected) in [
            (
                "ec2",
                "RunInstances",
                json!({"MinCount": 1}),
                "`MaxCount` is missing",
            ),
            (
                "rds",
                "CreateDBSnapshot",
                json!({}),
                "`DBSnapshotIdentifier` and `DBInstanceIdentifier` are missing",
            ),
            (
                "ec2",
                "StopInstances",
                json!({"InstanceIds": ["i"], "Forse": true}),
                "there is no `Forse` here",
            ),
            (
                "ec2",
                "StopInstances",
                json!({"InstanceIds": ["i"], "Force": "yes"}),
                "`Force` must be true or false",
            ),
            (
                "ec2",
                "StopInstances",
                json!({"InstanceIds": {"a": 1}}),
                "`InstanceIds` must be a list",
            ),
            (
                "ec2",
                "StopInstances",
                json!({"InstanceIds": ["i"], "instance_ids": ["j"]}),
                "`instance_ids` is said twice, in two spellings",
            ),
            (
                "rds",
                "ModifyDBInstance",
                json!({"DBInstanceIdentifier": "a", "EngineVersion": 15.1}),
                "`EngineVersion` must be a text: put the number in quotes (YAML reads it as 15.1)",
            ),
            (
                "ssm",
                "PutParameter",
                json!({"Name": "a", "Value": "b", "Type": "Strin"}),
                "`Strin` is not a known value of `Type`",
            ),
            (
                "autoscaling",
                "SetDesiredCapacity",
                json!({"AutoScalingGroupName": "a", "DesiredCapacity": "three"}),
                "`DesiredCapacity` must be a whole number",
            ),
            (
                "cloudwatch",
                "GetMetricStatistics",
                json!({"Namespace": "a", "MetricName": "b", "StartTime": "now", "EndTime": 1, "Period": 60}),
                "`StartTime` must be a moment, such as 2026-11-24T18:00:00Z, or seconds since 1970",
            ),
        ] {
            assert_eq!(read(name, action, &params).1, [expected], "{params}");
        }
    }

    #[test]
    fn what_is_not_filled_in_yet_is_not_judged() {
        let params =
            json!({"InstanceIds": "${{ steps.a.outputs.ids }}", "Force": "${{ params.f }}"});
        assert_eq!(
            read("ec2", "StopInstances", &params).1,
            Vec::<String>::new()
        );
    }
}
