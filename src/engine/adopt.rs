//! Attempts that an earlier engine started: their attempt processes may live, may have ended meanwhile, may be gone.
//! What stands in their record files decides; nothing is guessed, and nothing is started a second time in silence.

use std::collections::BTreeMap;
use std::io;

use super::perform::Hands;
use crate::attempt::{Standing, settle};
use crate::id::AttemptId;
use crate::run::{Ended, Input, Outcome};

/// Attempts of an earlier engine that are not settled yet, with the pid of the attempt process where it is known.
#[derive(Debug, Default)]
pub(super) struct Adopted {
    attempts: BTreeMap<AttemptId, Option<u32>>,
    /// They were started before the machine was: none of them lives, and what their processes wrote down last may be lost.
    earlier_boot: bool,
}

impl Adopted {
    pub(super) fn of(attempts: Vec<AttemptId>, same_boot: bool) -> Self {
        Self {
            attempts: attempts.into_iter().map(|a| (a, None)).collect(),
            earlier_boot: !same_boot,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    pub(super) fn holds(&self, attempt: &AttemptId) -> bool {
        self.attempts.contains_key(attempt)
    }

    /// Of its attempt process, once that has begun it.
    pub(super) fn pid(&self, attempt: &AttemptId) -> Option<u32> {
        self.attempts.get(attempt).copied().flatten()
    }

    /// Looks where they stand; gives an input for each that is settled now.
    pub(super) fn settle(&mut self, hands: &Hands) -> io::Result<Vec<Input>> {
        if self.attempts.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<AttemptId> = self.attempts.keys().cloned().collect();
        let mut inputs = Vec::new();
        for (attempt, standing) in settle(hands.earlier_records(), &asked)? {
            let ended = match standing {
                Standing::Ended(ended) => *ended,
                _ if self.earlier_boot => lost(
                    "the machine was started anew before it said how it ended: it may have begun, and it may have ended",
                ),
                Standing::Undecided => continue,
                Standing::Alive { pid } => {
                    self.attempts.insert(attempt, Some(pid));
                    continue;
                }
                Standing::Lost => {
                    lost("it began, and its attempt process is gone without a word (killed?)")
                }
                Standing::NeverBegan => {
                    Ended::new(Outcome::Orphaned, "the engine ended before it began")
                }
            };
            self.attempts.remove(&attempt);
            inputs.push(Input::AttemptEnded { attempt, ended });
        }
        Ok(inputs)
    }
}

/// How an attempt ended whose process left no word.
pub(super) fn lost(message: &str) -> Ended {
    Ended::new(Outcome::Unknown, message)
}
