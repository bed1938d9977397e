//! Waiting, with how far it is on the status line.

use std::time::Duration;

use serde_json::Value as Json;

use super::cluster::{Cluster, Thing};
use super::pods;
use super::verdict::{Verdict, verdict};
use crate::attempt::call::Trouble;

/// Reads without an answer in a row that a wait survives; each has waited a good while itself.
const SILENCES_MAX: u32 = 12;

/// The time between two looks: short at first, as most things are quick.
pub(super) struct Pace(Duration);

impl Pace {
    pub(super) fn new() -> Self {
        Self(Duration::from_millis(100))
    }

    pub(super) async fn rest(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(Duration::from_secs(2));
    }
}

/// Reads, although the server may be silent for some minutes.
pub(super) async fn patiently<T>(read: impl AsyncFn() -> Result<T, Trouble>) -> Result<T, Trouble> {
    let mut silences = 0;
    loop {
        match read().await {
            Err(Trouble::Unreached(_)) if silences < SILENCES_MAX => silences += 1,
            answer => return answer,
        }
    }
}

impl Cluster<'_> {
    /// Stays until a workload is as it is wanted; gives how it is then, and says why it will not be.
    pub(super) async fn settle(&self, thing: &Thing) -> Result<Json, Trouble> {
        let mut pace = Pace::new();
        loop {
            let object = self.look(thing).await?;
            let Some(object) = object else {
                return Err(self.failed(&thing.said(), "it was deleted meanwhile"));
            };
            match verdict(&object) {
                Verdict::Done(text) => {
                    self.voice.status(&text);
                    return Ok(object);
                }
                Verdict::Failed(why) => {
                    let pods = self.new_pods_of(thing, &object).await.unwrap_or_default();
                    let pod = pods.iter().find(|pod| !pods::is_ready(pod));
                    let pod = pod.map_or_else(String::new, |pod| {
                        format!("; pod {} is {}", pods::name(pod), pods::doing(pod))
                    });
                    return Err(self.failed(&thing.said(), &format!("{why}{pod}")));
                }
                Verdict::Unseen => self.voice.status("not seen by its controller yet"),
                Verdict::Waiting(text) => {
                    self.voice.status(&text);
                    self.hopeless_pod(thing, &object, &text).await?;
                }
            }
            pace.rest().await;
        }
    }

    /// The thing as it is, although the server may be silent for some minutes; `None` if it is not there.
    pub(super) async fn look(&self, thing: &Thing) -> Result<Option<Json>, Trouble> {
        patiently(async || self.find(thing).await).await
    }

    /// The deadline of a rollout is ten minutes; a pod says much earlier that it cannot start.
    async fn hopeless_pod(
        &self,
        thing: &Thing,
        object: &Json,
        so_far: &str,
    ) -> Result<(), Trouble> {
        if super::workload::selector(object).is_none() {
            return Ok(());
        }
        // Whoever may not see pods still sees how many are ready; what has no answer now has one at the next look.
        let pods = self.new_pods_of(thing, object).await.unwrap_or_default();
        for pod in &pods {
            if let Some(why) = pods::hopeless(pod) {
                let name = pods::name(pod);
                let why = format!("it cannot become ready: pod {name}, {why}; {so_far}");
                return Err(self.failed(&thing.said(), &why));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{SILENCES_MAX, patiently};
    use crate::attempt::call::Trouble;

    #[tokio::test]
    async fn silence_is_survived_for_a_while_and_a_refusal_is_not() {
        let asked = Cell::new(0);
        let silent = async || {
            asked.set(asked.get() + 1);
            if asked.get() <= SILENCES_MAX {
                return Err(Trouble::Unreached("no answer".to_owned()));
            }
            Ok(7)
        };
        assert_eq!(patiently(silent).await, Ok(7));
        let refused = async || {
            asked.set(asked.get() + 1);
            Err::<(), _>(Trouble::Failed("forbidden".to_owned()))
        };
        asked.set(0);
        let answer = patiently(refused).await;
        assert_eq!(answer, Err(Trouble::Failed("forbidden".to_owned())));
        assert_eq!(asked.get(), 1);
    }
}
