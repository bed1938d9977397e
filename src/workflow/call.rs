//! What a step asks of a service: a machine, a cloud, a cluster, a database. The question stays a document, read twice by
//! the same type: as it was written, by `check`, and with everything filled in, by the attempt process.

use serde::{Deserialize, Serialize};

use super::action::Until;
use super::template::{Expr, Tree};

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

    pub(super) fn try_map<U, E>(
        &self,
        g: &mut impl FnMut(&str, &Tree<T>) -> Result<Tree<U>, E>,
    ) -> Result<Call<U>, E> {
        Ok(Call {
            service: self.service,
            ask: g(self.service.word(), &self.ask)?,
            expect: self.expect.clone(),
            until: self.until.clone(),
            nature: self.nature,
            trial: self.trial,
            outputs: self.outputs.clone(),
        })
    }
}
