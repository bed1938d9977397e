//! The run's turn among the runs of its group: it takes a slot, waits for one, and gives it back.

use std::time::Duration;

use super::host::Error;
use crate::journal::{Answer, Group, Holder, Shelf, Slot, Tenant, Ticket};
use crate::run::{Claim, Input, Run};
use crate::time::Timestamp;
use crate::workflow::OnConflict;

/// How often a run that waits asks again.
const POLL: Duration = Duration::from_millis(200);

/// Nothing, for a run that takes no turns.
pub(super) struct Seat(Option<Turns>);

struct Turns {
    group: Group,
    claim: Claim,
    tenant: Tenant,
    slot: Option<Slot>,
    ticket: Option<Ticket>,
    asked: Option<Timestamp>,
}

impl Seat {
    /// Asks for the slot that `run` needs, and says what it is to be told. An error if it must not go on without.
    pub(super) fn take(
        run: &Run,
        shelf: &Shelf,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<(Self, Option<Input>), Error> {
        let Some(claim) = run.claim().transpose().map_err(Error::Group)? else {
            return Ok((Self(None), None));
        };
        let id = run.started().map(|start| start.run.clone());
        let tenant = Tenant {
            run: id.ok_or(Error::NoStart)?,
            pid: holder.pid,
            user: holder.user.clone(),
            host: holder.host.clone(),
            // Who is taken up again has not lost the place in the line.
            since: run.started_at(),
            kept_until: None,
        };
        let mut turns = Turns {
            group: shelf.group(&claim.group).map_err(Error::Folder)?,
            claim,
            tenant,
            slot: None,
            ticket: None,
            asked: None,
        };
        if run.phase().is_terminal() {
            return Ok((Self(Some(turns)), None));
        }
        let input = turns.ask(now, turns.claim.on_conflict)?;
        Ok((Self(Some(turns)), Some(input)))
    }

    /// How long until it asks again, if it waits.
    pub(super) fn poll(&self) -> Option<Duration> {
        let waits = self.0.as_ref().is_some_and(|turns| turns.ticket.is_some());
        waits.then_some(POLL)
    }

    /// For a run that has no slot and wants one: it may have been opened again after its end.
    pub(super) fn ask_again(&mut self, run: &Run, now: Timestamp) -> Option<Input> {
        let turns = self.0.as_mut().filter(|_| run.queued().is_some())?;
        let early = turns
            .asked
            .is_some_and(|at| now.since(at) < POLL && at <= now);
        if early && turns.ticket.is_some() {
            return None;
        }
        match turns.ask(now, OnConflict::Queue) {
            Ok(input) => Some(input),
            // It is in nobody's way, and may be able to ask the next time.
            Err(error) => Some(Input::Queued {
                why: format!("its group cannot be asked: {error}"),
            }),
        }
    }

    /// Once its end is in the journal, the next one may begin.
    pub(super) fn give_back_after(&mut self, run: &Run) {
        if let Some(turns) = self.0.as_mut().filter(|_| run.phase().is_terminal()) {
            (turns.slot, turns.ticket) = (None, None);
        }
    }

    /// The engine lets go. Whoever takes the run up at once finds its slot still there.
    pub(super) fn leave(&mut self, run: &Run, now: Timestamp) {
        let slot = self.0.as_mut().and_then(|turns| turns.slot.take());
        if let Some(slot) = slot.filter(|_| !run.phase().is_terminal()) {
            let kept = slot.keep(now);
            let _ = kept.inspect_err(|error| tracing::warn!("the slot is not kept: {error}"));
        }
    }
}

impl Turns {
    fn ask(&mut self, now: Timestamp, on_conflict: OnConflict) -> Result<Input, Error> {
        self.asked = Some(now);
        let ask = |turns: &Self| {
            let ticket = turns.ticket.as_ref();
            turns
                .group
                .ask(&turns.tenant, turns.claim.limit, ticket, now)
        };
        let mut answer = ask(self).map_err(Error::Folder)?;
        if matches!(answer, Answer::Full(..))
            && on_conflict == OnConflict::Queue
            && self.ticket.is_none()
        {
            self.ticket = Some(self.group.queue(&self.tenant).map_err(Error::Folder)?);
            // Those that came later do not count any more.
            answer = ask(self).map_err(Error::Folder)?;
        }
        match answer {
            Answer::Slot(slot) => {
                self.slot = Some(slot);
                self.ticket = None;
                Ok(Input::Admitted {
                    group: self.claim.group.clone(),
                })
            }
            Answer::Full(taken, before) => {
                let why = self.full(&taken, before.len());
                let by = taken.into_iter().chain(before).map(|t| t.run).collect();
                match on_conflict {
                    OnConflict::Queue => Ok(Input::Queued { why }),
                    OnConflict::Reject => Err(Error::Full { why, by }),
                }
            }
        }
    }

    /// `group dr-eu runs 1 at a time: run A since 12:00:03 (ana on db1, process 4711); 2 wait before it`
    fn full(&self, taken: &[Tenant], before: usize) -> String {
        let Claim { group, limit, .. } = &self.claim;
        let taken: Vec<String> = taken.iter().map(ToString::to_string).collect();
        let mut why = format!("group {group} runs {limit} at a time");
        if !taken.is_empty() {
            why = format!("{why}: {}", taken.join(", "));
        }
        match before {
            0 => why,
            1 => format!("{why}; 1 waits before it"),
            n => format!("{why}; {n} wait before it"),
        }
    }
}
