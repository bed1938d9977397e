//! Names of things: steps, runs and attempts; and digests. Newtypes, so that one cannot stand where another belongs.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Bytes of a digest, as people and programs compare them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The id of a step as its author wrote it, or of one member of a fan-out: `warm-cache[2]` (counted from 1),
/// of a step of a sub-workflow: `restore/fence`, or of the compensation of either: `restore/fence.undo`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(Arc<str>);

impl StepId {
    /// Takes any text: `workflow::check` is what refuses bad ids, with their place.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The `n`-th member (from 1) of this fan-out.
    #[must_use]
    pub fn member(&self, n: usize) -> Self {
        Self(format!("{}[{n}]", self.0).into())
    }

    /// The step `inner` of the sub-workflow that this step runs.
    #[must_use]
    pub fn inner(&self, inner: &str) -> Self {
        Self(format!("{}/{inner}", self.0).into())
    }

    /// The step that undoes this one. An author's id holds no full stop, so nothing else is called so.
    #[must_use]
    pub fn undo(&self) -> Self {
        Self(format!("{}.undo", self.0).into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepId({})", self.0)
    }
}

impl From<&str> for StepId {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// The id of a run: the name of its folder, so only `[A-Za-z0-9._-]`, 1 to 64 characters, not starting with `.` or `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// `None` if `text` is not a run id.
    pub fn parse(text: &str) -> Option<Self> {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let starts_well = !text.starts_with(['.', '-']);
        (!text.is_empty() && text.len() <= 64 && starts_well && text.chars().all(good))
            .then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What an attempt process was started for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// To do what the step does.
    #[default]
    Act,
    /// To look whether the step's effect is in place (`verify:`); changes nothing.
    Verify,
    /// To find out, before the first step, whether the run may begin (`preflight:`); changes nothing.
    Preflight,
    /// To do what the author wants done at a moment of the run (`hooks:`). No step.
    Hook,
}

/// One try of one step, or one look at its effect; or one try of the preflight check that has this id. `n` counts from 1, separately for each role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId {
    pub step: StepId,
    pub n: u32,
    #[serde(default, skip_serializing_if = "is_act")]
    pub role: Role,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_act(role: &Role) -> bool {
    *role == Role::Act
}

impl AttemptId {
    pub fn act(step: StepId, n: u32) -> Self {
        Self {
            step,
            n,
            role: Role::Act,
        }
    }

    pub fn verify(step: StepId, n: u32) -> Self {
        Self {
            step,
            n,
            role: Role::Verify,
        }
    }

    pub fn preflight(check: StepId, n: u32) -> Self {
        Self {
            step: check,
            n,
            role: Role::Preflight,
        }
    }

    pub fn hook(hook: StepId, n: u32) -> Self {
        Self {
            step: hook,
            n,
            role: Role::Hook,
        }
    }

    /// How it is named in front of a line of several logs: by its step, and by its number if it is not the first.
    pub fn short_name(&self) -> String {
        match self.n {
            1 => self.step.to_string(),
            n => format!("{}.{n}", self.step),
        }
    }

    /// The stem of this attempt's files: `warm-cache[2].1`, `warm-cache[2].v1` for a look at the effect, `tools.p1` for a
    /// preflight check, `hooks.ended.h1` for a hook.
    pub fn file_stem(&self) -> String {
        // A slash parts folders; a plus stands in no id.
        let step = self.step.as_str().replace('/', "+");
        match self.role {
            Role::Act => format!("{step}.{}", self.n),
            Role::Verify => format!("{step}.v{}", self.n),
            Role::Preflight => format!("{step}.p{}", self.n),
            Role::Hook => format!("{step}.h{}", self.n),
        }
    }
}
