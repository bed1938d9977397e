//! What a step asks of a service: a machine, a cloud, a cluster, a database. The question stays a document, read twice by
//! the same type: as it was written, by `check`, and with everything filled in, by the attempt process.

use serde::{Deserialize, Serialize};

use super::action::Until;
use super::template::{Expr, Tree};
use crate::aws_model::rehearses;

/// A service call. `T` is the kind of text inside, as in [`Work`](super::Work).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Call<T> {
    pub service: Service,
    /// A map: the keys that the file has under the name of the service, without `expect` and `until`.
    pub ask: Tree<T>,
    /// Sees what the service answers, by the names of its outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    pub nature: Nature,
    /// Nothing is done: it is only found out whether the service is there and would do it for whoever asks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trial: bool,
    /// The names of what it publishes; the attempt process need not know them.
    #[serde(skip)]
    pub outputs: Vec<&'static str>,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    Kubernetes,
    Probe,
    Ssh,
    Terraform,
    Aws,
    Container,
    Sql,
}

/// What asking again may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// It changes nothing.
    Reads,
    /// Asked twice, it does no more than asked once.
    Repeatable,
    Changes,
}

impl Service {
    /// The key of the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Probe => "probe",
            Self::Ssh => "ssh",
            Self::Terraform => "terraform",
            Self::Aws => "aws",
            Self::Container => "container",
            Self::Sql => "sql",
        }
    }
}

impl<T> Call<T> {
    /// Where a person sees whether it took effect, if that is not known.
    pub fn trace(&self) -> Option<&'static str> {
        match (self.nature, self.service) {
            (Nature::Changes, Service::Terraform) => Some(
                "terraform itself may go on; `terraform plan` in its folder shows what is missing, or who holds the lock",
            ),
            (Nature::Changes | Nature::Repeatable, Service::Ssh) => Some(
                "the other machine has written down what became of it: a retry asks for that first, and starts nothing that still runs or has succeeded",
            ),
            (Nature::Changes | Nature::Repeatable, Service::Container) => {
                Some("`docker ps -a` or `podman ps -a` shows what became of its container")
            }
            _ => None,
        }
    }

    /// Whether this part of the question is as the file has it, whatever an operator may change for one attempt: what it
    /// does, by which it was judged how much asking again may do, and text that is a program.
    pub fn is_fixed(&self, path: &str) -> bool {
        let fixed: &[&str] = match self.service {
            Service::Aws => &["service", "action"],
            Service::Kubernetes => &["action"],
            Service::Terraform => &["plan", "apply", "destroy"],
            Service::Ssh => &["run"],
            Service::Sql => &["query", "statements", "promote", "read_only"],
            Service::Probe | Service::Container => &[],
        };
        self.key(path)
            .is_some_and(|key| fixed.contains(&key) || self.is_rehearsal(key))
    }

    /// Changed for one retry, a call that was judged as a rehearsal would be a real one, or the other way round.
    fn is_rehearsal(&self, key: &str) -> bool {
        self.service == Service::Aws && key.strip_prefix("params.").is_some_and(rehearses)
    }

    /// Whether this is the path of a value of the question.
    pub fn is_asked(&self, path: &str) -> bool {
        self.key(path).is_some()
    }

    fn key<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.service.word())?.strip_prefix('.')
    }

    /// Each value by its path: `aws.params.desired_capacity`.
    pub(super) fn try_map<U, E>(
        &self,
        g: &mut impl FnMut(&str, &Tree<T>) -> Result<Tree<U>, E>,
    ) -> Result<Call<U>, E> {
        Ok(Call {
            service: self.service,
            ask: by_value(self.service.word(), &self.ask, g)?,
            expect: self.expect.clone(),
            until: self.until.clone(),
            nature: self.nature,
            trial: self.trial,
            outputs: self.outputs.clone(),
        })
    }
}

fn by_value<T, U, E>(
    path: &str,
    tree: &Tree<T>,
    g: &mut impl FnMut(&str, &Tree<T>) -> Result<Tree<U>, E>,
) -> Result<Tree<U>, E> {
    let Tree::Map(map) = tree else {
        return g(path, tree);
    };
    let map = map
        .iter()
        .map(|(key, tree)| Ok((key.clone(), by_value(&format!("{path}.{key}"), tree, g)?)));
    Ok(Tree::Map(map.collect::<Result<_, _>>()?))
}
