//! Answers to an approval: approve, reject, and take one's own vote back before the quorum.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::super::actor::Actor;
use super::super::desk::Desk;
use super::super::event::Event;
use super::super::input::Refusal;
use super::super::machine::Run;
use super::super::state::{Ask, State, Vote};
use super::super::{describe, form};
use super::aim::{Check, need_reason, refuse, wrong_state};
use crate::id::StepId;
use crate::workflow::{Action, Answerers, Approval, OnReject};

pub(super) fn check_approve(
    run: &Run,
    step: &StepId,
    actor: &Actor,
    form: &BTreeMap<String, Json>,
) -> Check {
    let approval = open_approval(run, step, actor, "approve")?;
    if let Err(why) = form::bind(&approval.form, form) {
        return refuse(why, "the form of the approval shows what is asked for");
    }
    Ok(())
}

pub(super) fn check_reject(run: &Run, step: &StepId, actor: &Actor, reason: &str) -> Check {
    open_approval(run, step, actor, "reject")?;
    need_reason(reason)
}

pub(super) fn check_revoke(run: &Run, step: &StepId, actor: &Actor) -> Check {
    match votes(run, step) {
        None => wrong_state(run, step, "revoke", "an approval that waits for more votes"),
        Some(votes) if !votes.iter().any(|v| v.actor.same_person(actor)) => refuse(
            format!("{actor} has not voted on {step}"),
            "only one's own vote can be taken back",
        ),
        Some(_) => Ok(()),
    }
}

pub(super) fn approve(
    desk: &mut Desk,
    step: &StepId,
    actor: &Actor,
    form: &BTreeMap<String, Json>,
    note: &str,
) {
    let Some(i) = desk.run.index(step) else {
        return;
    };
    let bound = approval_of(desk.run, i).map(|a| form::bind(&a.form, form));
    vote(desk, step, actor, (true, note), bound.and_then(Result::ok));
}

pub(super) fn reject(desk: &mut Desk, step: &StepId, actor: &Actor, reason: &str) {
    vote(desk, step, actor, (false, reason), None);
}

pub(super) fn revoke(desk: &mut Desk, step: &StepId, actor: &Actor) {
    desk.emit(Event::VoteRevoked {
        step: step.clone(),
        actor: actor.clone(),
    });
}

fn vote(
    desk: &mut Desk,
    step: &StepId,
    actor: &Actor,
    (approve, note): (bool, &str),
    form: Option<BTreeMap<String, Json>>,
) {
    desk.emit(Event::Voted {
        step: step.clone(),
        actor: actor.clone(),
        approve,
        form: form.unwrap_or_default(),
        note: note.to_owned(),
    });
}

/// One rejection, or as many approvals as are needed.
pub(in crate::run) fn is_answered(needed: u32, votes: &[Vote]) -> bool {
    let approvals = votes.iter().filter(|v| v.approve).count();
    approvals >= needed as usize || approvals < votes.len()
}

impl Desk<'_> {
    /// Draws the consequence of the votes on step `i`.
    pub(in crate::run) fn answered(&mut self, i: usize) {
        let Some(Ask::Approval { votes, .. }) = &self.run.steps[i].ask else {
            return;
        };
        match votes.iter().find(|v| !v.approve) {
            Some(vote) => {
                let why = format!("rejected by {}: {}", vote.actor.voter(), vote.note);
                let on_reject = approval_of(self.run, i).map_or(OnReject::Hold, |a| a.on_reject);
                self.rejected(i, why, on_reject);
            }
            None => self.approved(i),
        }
    }

    /// The quorum is reached, or the deadline says yes. The latest vote has the last word on each value.
    pub(in crate::run) fn approved(&mut self, i: usize) {
        let Some(Ask::Approval { votes, .. }) = &self.run.steps[i].ask else {
            return;
        };
        let names = votes
            .iter()
            .filter(|v| v.approve)
            .map(|v| v.actor.to_string());
        let mut outputs = BTreeMap::from([("votes".to_owned(), json!(names.collect::<Vec<_>>()))]);
        if votes.is_empty()
            && let Some(approval) = approval_of(self.run, i)
        {
            let given = BTreeMap::new();
            outputs.extend(form::bind(&approval.form, &given).unwrap_or_default());
        }
        outputs.extend(votes.iter().flat_map(|v| v.form.clone()));
        let step = self.id(i);
        self.emit(Event::StepSucceeded { step, outputs });
    }

    pub(in crate::run) fn rejected(&mut self, i: usize, why: String, on_reject: OnReject) {
        let what = format!("{} {why}", self.id(i));
        self.change(i, State::Rejected, why);
        match on_reject {
            OnReject::Hold => {}
            OnReject::Abort => self.abort_by_itself(what, false),
            OnReject::Rollback => self.abort_by_itself(what, true),
        }
    }
}

fn approval_of(run: &Run, i: usize) -> Option<&Approval> {
    match &run.def(i).action {
        Action::Approval(approval) => Some(approval),
        _ => None,
    }
}

fn votes<'a>(run: &'a Run, step: &StepId) -> Option<&'a [Vote]> {
    match &run.step(step)?.ask {
        Some(Ask::Approval { votes, .. }) => Some(votes),
        _ => None,
    }
}

/// The approval that `step` waits for, if `actor` may answer it and has not.
fn open_approval<'a>(
    run: &'a Run,
    step: &StepId,
    actor: &Actor,
    verb: &str,
) -> Result<&'a Approval, Refusal> {
    let found = run.index(step).and_then(|i| approval_of(run, i));
    let (Some(votes), Some(approval)) = (votes(run, step), found) else {
        return wrong_state(run, step, verb, "an approval that waits");
    };
    let may = |from: &Answerers| match from {
        Answerers::Person(name) => actor.goes_by(name),
        Answerers::Group(name) => actor.groups.contains(name),
    };
    if !approval.from.is_empty() && !approval.from.iter().any(may) {
        return refuse(
            format!("{actor} may not answer {step}"),
            format!("it asks {}", describe::answerers(&approval.from)),
        );
    }
    let starter = run.started().map(|start| &start.actor);
    if let Some(starter) = starter.filter(|s| approval.not_starter && s.same_person(actor)) {
        return refuse(
            format!("{starter} has started the run, and may not answer {step}"),
            "the workflow demands the word of others (policies.approvals)",
        );
    }
    if let Some(vote) = votes.iter().find(|v| v.actor.same_person(actor)) {
        let verb = if vote.approve { "approved" } else { "rejected" };
        let hint = if actor.is_shared() && (actor.audit.is_empty() || vote.actor.audit.is_empty()) {
            format!(
                "{} is a shared account, and who is behind it cannot be told apart: vote under your own login",
                actor.name
            )
        } else {
            "one vote per person; it can be revoked until the quorum is there".to_owned()
        };
        return refuse(
            format!(
                "{} has already {verb} {step} {}",
                vote.actor,
                vote.at.clock()
            ),
            hint,
        );
    }
    Ok(approval)
}
