//! Reload: another definition in the middle of a run. Whatever has begun keeps its attempts, its state and its definition;
//! only what has not started may be changed, added or left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attempt::HookRun;
use super::event::RunStart;
use super::input::Definition;
use super::machine::Run;
use super::schedule::not_started;
use super::state::{Kind, StepRun};
use super::track::{Crowd, Track};
use crate::id::StepId;
use crate::workflow::{Action, Policies, Step, Workflow, check_recorded};

/// What another definition changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) changed: Vec<StepId>,
    pub(super) added: Vec<StepId>,
    pub(super) left_out: Vec<StepId>,
    /// Why it may not be.
    pub(super) against: Vec<String>,
}

impl Definition {
    /// Its plan, or why there is none.
    fn plan(&self) -> Result<Workflow, String> {
        let checked = check_recorded(&self.text, &self.files);
        checked.workflow.ok_or_else(|| {
            let first = checked.problems.first();
            let first = first.map_or_else(String::new, |p| format!(": {}", p.message));
            format!("the new definition has mistakes{first}")
        })
    }
}

impl Run {
    /// Something has happened to step `i`, or to a step in it.
    fn has_begun_at_all(&self, i: usize) -> bool {
        let begun = |&i: &usize| {
            let step = &self.steps[i];
            !not_started(step.state) || !step.attempts.is_empty() || !self.free(i)
        };
        self.leaves(i).iter().any(begun)
    }

    /// What the definition means to this run: in a drill, the plan of a drill.
    pub(super) fn plan_by(&self, definition: &Definition) -> Result<Workflow, String> {
        let plan = definition.plan()?;
        Ok(match self.kind() {
            Kind::Drill => plan.rehearsed(),
            Kind::Live | Kind::Dry => plan,
        })
    }

    pub(super) fn difference(&self, new: &Workflow) -> Difference {
        let mut found = Difference::default();
        let (old, places) = (&self.workflow, by_id(new));
        for (i, step) in old.steps.iter().enumerate() {
            let begun = self.has_begun_at_all(i);
            let id = &step.id;
            match places.get(id) {
                None if begun => found
                    .against
                    .push(format!("{id} has started: it cannot be left out")),
                None if step.required => found
                    .against
                    .push(format!("{id} is required: it cannot be left out")),
                Some(&j) if step.required && !new.steps[j].required => found
                    .against
                    .push(format!("{id} is required: it must stay so")),
                None => found.left_out.push(id.clone()),
                Some(&j) if is_same((step, old), (&new.steps[j], new)) => {}
                Some(_) if begun && step.inner().is_none() => {
                    found
                        .against
                        .push(format!("{id} has started: it cannot change"));
                }
                Some(&j) if begun && !goes_on((step, old), (&new.steps[j], new)) => {
                    found
                        .against
                        .push(format!("{id} has started: what goes into it cannot change"));
                }
                Some(_) => found.changed.push(id.clone()),
            }
        }
        let known = by_id(old);
        let added = new.steps.iter().filter(|s| !known.contains_key(&s.id));
        found.added = added.map(|s| s.id.clone()).collect();
        found.against.extend(self.against_the_whole(new));
        found
    }

    fn against_the_whole(&self, new: &Workflow) -> Vec<String> {
        let (old, mut against) = (&self.workflow, Vec::new());
        if old.name != new.name {
            against.push(format!(
                "it is called {}, the run is one of {}",
                new.name, old.name
            ));
        }
        if old.params != new.params {
            against.push("its params are others: the run has been given its values".to_owned());
        }
        if policies(old) != policies(new) {
            against.push("its policies are others: the run has begun by its own".to_owned());
        }
        let ids = |w: &Workflow| w.preflight.iter().map(|c| c.id.clone()).collect::<Vec<_>>();
        if ids(old) != ids(new) {
            against.push("its preflight checks are others, and the preflight is over".to_owned());
        }
        against
    }

    /// Puts the run on another plan. What has begun is carried over as it stands.
    pub(super) fn adopt(&mut self, definition: &Definition) {
        let Ok(new) = self.plan_by(definition) else {
            return;
        };
        let fresh = Self::empty(Arc::new(new));
        let (old, steps) = (self.clone(), self.workflow.steps.len());
        let kept: BTreeMap<usize, usize> = (0..steps)
            .filter_map(|i| Some((i, fresh.index(&old.steps[i].id)?)))
            .collect();
        self.workflow = fresh.workflow;
        self.graph = fresh.graph;
        (self.steps, self.tracks, self.by_id) = (fresh.steps, fresh.tracks, fresh.by_id);
        // They were filed while nothing had happened to them yet.
        self.schedule = super::schedule::Schedule::default();
        for (i, track) in self.tracks.iter_mut().enumerate() {
            unfile(track, &self.workflow.steps[i]);
            self.steps[i].since = self.at;
        }
        let mut places = kept.clone();
        for (&i, &j) in &kept {
            self.carry_over(&old, i, j, &mut places);
        }
        self.modes = old.modes.moved(&places);
        self.hooks = self.carry_hooks(&old.hooks);
        if let Some(start) = &old.start {
            self.start = Some(Arc::new(RunStart {
                text: definition.text.clone(),
                files: definition.files.clone(),
                digest: self.workflow.digest.clone(),
                file: definition.file.clone(),
                ..(**start).clone()
            }));
        }
        for i in 0..self.steps.len() {
            self.adopt_mode(i);
            self.refile(i);
        }
        for (&i, &j) in &kept {
            self.keep_look(&old.steps[i], j);
        }
    }

    /// Step `i` of before is step `j` from now on; members of a fan-out that has begun come along.
    fn carry_over(&mut self, old: &Self, i: usize, j: usize, places: &mut BTreeMap<usize, usize>) {
        let step = &old.steps[i];
        self.steps[j].breakpoint = step.breakpoint;
        if !old.has_begun_at_all(i) || step.members.is_some() && old.def(i).fan_out.is_none() {
            return;
        }
        let Some(members) = &step.members else {
            self.steps[j] = StepRun {
                def: j,
                ..step.clone()
            };
            self.tracks[j] = carried(&old.tracks[i], &self.tracks[j]);
            return;
        };
        let mut now = Vec::with_capacity(members.len());
        for &member in members {
            let place = self.steps.len();
            self.steps.push(StepRun {
                def: j,
                group: Some(j),
                ..old.steps[member].clone()
            });
            self.tracks
                .push(carried(&old.tracks[member], &Track::default()));
            self.by_id.insert(old.steps[member].id.clone(), place);
            places.insert(member, place);
            now.push(place);
        }
        self.steps[j].members = Some(now);
        let crowd = old.tracks[i].crowd.as_ref();
        self.tracks[j].crowd = crowd.map(|crowd| {
            Box::new(Crowd {
                size: crowd.size,
                stale: crowd.stale,
                ..Crowd::default()
            })
        });
    }

    /// A group's state was derived anew; if it is the same, so is since when, and what it has published.
    fn keep_look(&mut self, before: &StepRun, j: usize) {
        let step = &mut self.steps[j];
        if step.members.is_some() && step.state == before.state {
            step.since = before.since;
            step.outputs.clone_from(&before.outputs);
            step.why.clone_from(&before.why);
        }
    }

    fn carry_hooks(&self, before: &[HookRun]) -> Vec<HookRun> {
        let mut hooks = before.to_vec();
        hooks.retain(|hook| hook.runs() || self.workflow.hooks.contains_key(&hook.kind));
        for &kind in self.workflow.hooks.keys() {
            if !self.is_dry() && !hooks.iter().any(|hook| hook.kind == kind) {
                hooks.push(HookRun::new(kind));
            }
        }
        hooks
    }
}

fn by_id(workflow: &Workflow) -> BTreeMap<StepId, usize> {
    let steps = workflow.steps.iter().enumerate();
    steps.map(|(i, step)| (step.id.clone(), i)).collect()
}

/// The same step, wherever it stands in its plan.
fn is_same(a: (&Step, &Workflow), b: (&Step, &Workflow)) -> bool {
    let inside = |(step, plan): (&Step, &Workflow)| step.inside.map(|i| plan.steps[i].id.clone());
    needs(a) == needs(b) && inside(a) == inside(b) && bare(a.0) == bare(b.0)
}

/// A sub-workflow has no life of its own: which of its steps are the last ones may change.
fn goes_on(a: (&Step, &Workflow), b: (&Step, &Workflow)) -> bool {
    bare(a.0) == bare(b.0)
}

/// The step that asks for the approval of the start goes by what it asks of whom: its place may be another one.
fn policies(workflow: &Workflow) -> (Policies, Option<Action>) {
    let gate = workflow.policies.gate;
    let gate = gate.map(|i| workflow.steps[i].action.clone());
    let policies = Policies {
        gate: None,
        ..workflow.policies.clone()
    };
    (policies, gate)
}

fn needs((step, plan): (&Step, &Workflow)) -> Vec<(StepId, bool)> {
    let ids = step.needs.iter();
    ids.map(|need| (plan.steps[need.step].id.clone(), need.any))
        .collect()
}

/// Without what depends on where the steps around it stand.
fn bare(step: &Step) -> Step {
    let alone = |step: &Step| Step {
        needs: Vec::new(),
        inside: None,
        ..step.clone()
    };
    let undo = step.compensate.as_ref();
    Step {
        // Of no consequence in a live run; in a drill it has become the step.
        drill: None,
        compensate: undo.map(|undo| Arc::new(alone(undo))),
        ungraceful: match &step.ungraceful {
            Some(crate::workflow::Ungraceful::Other(other)) => {
                Some(crate::workflow::Ungraceful::Other(Arc::new(Step {
                    compensate: None,
                    ..alone(other)
                })))
            }
            other => other.clone(),
        },
        ..alone(step)
    }
}

/// A track in which nothing is filed, and all needs are open.
fn unfile(track: &mut Track, step: &Step) {
    *track = Track {
        unmet: step.needs.len(),
        unended: step.needs.len(),
        crowd: step.inner().map(|_| Box::new(Crowd::inner())),
        ..Track::default()
    };
}

/// What is remembered of a step, in the place of `now`, where nothing is filed yet.
fn carried(before: &Track, now: &Track) -> Track {
    Track {
        unmet: now.unmet,
        unended: now.unended,
        dead: 0,
        undecided: 0,
        standing: super::schedule::Standing::default(),
        filed: 0,
        due: None,
        counted: None,
        crowd: None,
        ..before.clone()
    }
}
