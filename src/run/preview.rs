//! What a command would do, found by doing it on a copy. So it cannot differ from what happens.

use super::actor::Actor;
use super::event::Event;
use super::input::{Command, Input};
use super::machine::{Preview, Run};
use super::past::Expectations;
use super::state::State;
use super::verbs;
use crate::id::{Role, StepId};
use crate::time::Timestamp;
use crate::workflow::Ungraceful;

pub(super) fn preview(
    run: &Run,
    command: &Command,
    actor: &Actor,
    now: Timestamp,
    by: Option<&Expectations>,
) -> Preview {
    let mut preview = Preview {
        loses: loses(run, command),
        ..Preview::default()
    };
    let mut copy = run.clone();
    let input = Input::Command {
        command: command.clone(),
        actor: actor.clone(),
        seen: None,
    };
    let turn = copy.handle(input, now);
    if turn.refused.is_some() {
        preview.refused = turn.refused;
        return preview;
    }
    for recorded in turn.events {
        match recorded.event {
            Event::AttemptStarted { attempt, .. } if attempt.role != Role::Verify => {
                add(&mut preview.starts, attempt.step);
            }
            Event::AttemptStarted { attempt, .. } => {
                let runs = copy.step(&attempt.step).map(|s| s.state);
                if runs == Some(State::Running) {
                    add(&mut preview.starts, attempt.step);
                }
            }
            Event::StepChanged {
                step,
                state: State::Waiting,
                ..
            } => add(&mut preview.starts, step),
            Event::StepReset { step } => add(&mut preview.resets, step),
            Event::StepReturned { step, .. } => add(&mut preview.returns, step),
            Event::StepSkipped { step, .. } => add(&mut preview.skips, step),
            Event::StopOrdered { attempt, .. } => add(&mut preview.stops, attempt.step),
            Event::RunEnded { phase } => preview.ends = Some(phase),
            Event::RollbackStarted { steps, left } => {
                preview.undoes = steps;
                preview.leaves = left;
            }
            _ => {}
        }
    }
    // Not begun within this turn, because steps are still told to stop.
    if copy.abort.is_some_and(|a| a.roll_back) {
        (preview.undoes, preview.leaves) = copy.rollback_plan();
    }
    if let Command::Reload { definition } = command
        && let Ok(new) = run.plan_by(definition)
    {
        let found = run.difference(&new);
        (preview.alters, preview.adds, preview.drops) =
            (found.changed, found.added, found.left_out);
        return preview;
    }
    if let Command::Ungraceful { step, on, .. } = command {
        for i in run.steps_that_change(step.as_ref(), *on) {
            let id = run.steps[i].id.clone();
            match run.other_way(i) {
                _ if run.keeps_mode(i) => add(&mut preview.keeps, id),
                Some(Ungraceful::Skip) if *on => add(&mut preview.skips, id),
                _ => add(&mut preview.alters, id),
            }
        }
    }
    preview.unblocks = unblocks(run, &copy, command, &preview.starts);
    preview.outlook = by.and_then(|by| Some((run.outlook(now, by)?, copy.outlook(now, by)?)));
    preview
}

fn add(list: &mut Vec<StepId>, step: StepId) {
    if list.last() != Some(&step) && !list.contains(&step) {
        list.push(step);
    }
}

fn loses(run: &Run, command: &Command) -> Vec<(StepId, String)> {
    let Command::Skip { step, outputs, .. } = command else {
        return Vec::new();
    };
    let lost = verbs::skip::missing(run, step, outputs);
    let named = lost.into_iter();
    named
        .map(|(reader, name)| (run.steps[reader].id.clone(), name))
        .collect()
}

/// Pending steps that were out of reach before and are not now, if all goes well; nearest to the step first.
fn unblocks(before: &Run, after: &Run, command: &Command, starts: &[StepId]) -> Vec<StepId> {
    let (was, is) = (in_reach(before), in_reach(after));
    let pending = |i: usize| after.steps[i].state == State::Pending && is[i] && !was[i];
    let aim = verbs::aim(command).and_then(|step| after.index(step));
    if before.rollback.is_some() {
        return unblocks_undoing(before, after, aim, starts);
    }
    let near = aim.map_or_else(
        || after.graph.order.clone(),
        |i| after.graph.descendants(after.gate(i)),
    );
    let found = near.into_iter().filter(|&i| pending(i));
    let found = found.map(|i| after.steps[i].id.clone());
    found.filter(|id| !starts.contains(id)).collect()
}

/// While a run is rolled back: the compensations behind one that does not stand in their way any more.
fn unblocks_undoing(
    before: &Run,
    after: &Run,
    aim: Option<usize>,
    starts: &[StepId],
) -> Vec<StepId> {
    let unresolved = |run: &Run, i: usize| run.steps[i].state.is_unresolved();
    let freed = aim.filter(|&i| unresolved(before, i) && !unresolved(after, i));
    let behind = freed.map_or_else(Vec::new, |i| after.descendants(i));
    let behind = behind.into_iter().map(|i| &after.steps[i]);
    let pending = behind.filter(|s| s.state == State::Pending && !starts.contains(&s.id));
    pending.map(|s| s.id.clone()).collect()
}

/// Plan steps that end well if everything that can go on does so.
fn in_reach(run: &Run) -> Vec<bool> {
    let mut reach = vec![false; run.workflow.steps.len()];
    for &i in &run.graph.order {
        let state = run.steps[i].state;
        let group = run.workflow.steps[i].inner().is_some();
        reach[i] = match state {
            // A sub-workflow comes as far as its last steps do.
            _ if state == State::Pending || group && !state.is_resolved() => {
                let mut needs = run.workflow.steps[i].needs.iter();
                needs.all(|n| reach[n.step] || n.any && run.steps[n.step].state.is_unresolved())
            }
            State::Skipped(super::state::SkipReason::Upstream) => false,
            other => !other.is_unresolved(),
        };
    }
    reach
}
