//! From what the plan says to what one attempt does: every expression filled, operators' changes put in, secrets left as
//! references.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::effect::Spec;
use super::fill::{Filling, typed, typed_tree};
use super::input::Changes;
use super::machine::{InputField, Run};
use super::scope::View;
use super::state::{Ask, Tick};
use crate::id::{AttemptId, RunId, StepId};
use crate::time::{Timestamp, spoken_span};
use crate::workflow::{
    Action, Approval, Body, Call, Checklist, FanSource, Filled, Http, Scope, SecretSource, Step,
    Template, Tree, Ungraceful, Wait, Work,
};

/// From TERM to KILL, where nobody can say otherwise.
const GRACE_MS: u64 = 10_000;

/// An attempt, ready to be ordered.
pub(super) struct Order {
    pub(super) spec: Spec,
    /// The texts that are not constants of the file, masked.
    pub(super) inputs: BTreeMap<String, String>,
    /// What an operator changed for it.
    pub(super) changes: Option<Changes>,
}

impl Run {
    /// What step `i` is to do: of a compensation, that which undoes the step of the plan; in ungraceful mode its other way.
    pub(super) fn def(&self, i: usize) -> &Step {
        let step = &self.steps[i];
        let plan = &self.workflow.steps[step.def];
        if step.compensates.is_some() {
            return plan.compensate.as_deref().unwrap_or(plan);
        }
        match &plan.ungraceful {
            Some(Ungraceful::Other(other)) if step.ungraceful => other,
            _ => plan,
        }
    }

    /// The definition of step `index` of `steps()`.
    pub fn definition(&self, index: usize) -> Option<&Step> {
        (index < self.steps.len()).then(|| self.def(index))
    }

    /// The environment that all steps of the file of step `i` share.
    pub(super) fn env_of(&self, i: usize) -> &[(String, Template)] {
        self.workflow.env_of(self.steps[i].def)
    }

    pub(super) fn secrets_of(&self, i: usize) -> &BTreeMap<String, SecretSource> {
        self.workflow.secrets_of(self.steps[i].def)
    }

    /// The next attempt of step `i`.
    pub(super) fn order(&self, i: usize) -> Result<Order, String> {
        let changed = self.changed(i);
        let filling = Filling::new(self, i, &changed);
        let def = self.def(i);
        let Action::Work(work) = &def.action else {
            return Err(format!("{} has nothing to run", def.id));
        };
        let work = filling.work(work).map_err(|e| e.to_string())?;
        let env = filling.env().map_err(|e| e.to_string())?;
        let timeout = match changed.get("timeout") {
            Some(text) => {
                filling.note("timeout", text.clone());
                Some(typed_span(text)?)
            }
            None => def.timeout,
        };
        let attempt = AttemptId::act(
            self.steps[i].id.clone(),
            self.steps[i].attempts.len() as u32 + 1,
        );
        let spec = Spec {
            outputs: def.outputs.clone(),
            idempotent: def.idempotent,
            timeout_ms: timeout.map(millis),
            ..self.spec(i, attempt, work, env)
        };
        Ok(Order {
            spec,
            inputs: filling.inputs.into_inner(),
            changes: self.tracks[i].changes.clone(),
        })
    }

    /// The next look at the effect of step `i`.
    pub(super) fn look_order(&self, i: usize) -> Result<Spec, String> {
        let changed = self.changed(i);
        let filling = Filling::new(self, i, &changed);
        let def = self.def(i);
        let Some(verify) = &def.verify else {
            return Err(format!("{} has no verify", def.id));
        };
        let none = BTreeMap::new();
        let constant = Filling::new(self, i, &none);
        let work = constant.work(verify).map_err(|e| e.to_string())?;
        let env = filling.env().map_err(|e| e.to_string())?;
        let attempt = AttemptId::verify(self.steps[i].id.clone(), self.steps[i].verifies + 1);
        Ok(Spec {
            idempotent: true,
            timeout_ms: Some(millis(def.verify_timeout)),
            ..self.spec(i, attempt, work, env)
        })
    }

    fn spec(
        &self,
        i: usize,
        attempt: AttemptId,
        work: Work<Filled>,
        env: Vec<(String, Filled)>,
    ) -> Spec {
        let def = self.def(i);
        let group = self.tracks[i].group.max(1);
        let bare = self.bare_spec(attempt, work, env);
        Spec {
            idempotency_key: format!("{}/{}/{group}", bare.run, bare.attempt.step),
            grace_ms: millis(def.kill_grace),
            max_log: def.max_log,
            secrets: self.secrets_of(i).clone(),
            ..bare
        }
    }

    /// What is the same for attempts of steps and of preflight checks.
    pub(super) fn bare_spec(
        &self,
        attempt: AttemptId,
        work: Work<Filled>,
        env: Vec<(String, Filled)>,
    ) -> Spec {
        let start = self.start.as_ref();
        let run = start.map_or_else(|| RunId::parse("none"), |s| Some(s.run.clone()));
        let run = run.expect("`none` is a run id");
        Spec {
            idempotency_key: format!("{run}/{}/{}", attempt.step, attempt.n),
            run,
            attempt,
            work,
            env,
            timeout_ms: None,
            grace_ms: GRACE_MS,
            outputs: Vec::new(),
            max_log: 0,
            kind: self.kind().word().to_owned(),
            idempotent: false,
            secrets: self.workflow.secrets.clone(),
        }
    }

    /// Inputs that an operator has changed: for the rest of the run, and for the next attempt.
    fn changed(&self, i: usize) -> BTreeMap<String, String> {
        let mut changed = self.steps[i].changes.clone();
        if let Some(changes) = &self.tracks[i].changes {
            changed.extend(changes.inputs.clone());
        }
        changed
    }

    /// The resolved inputs of the step's next attempt.
    pub fn inputs(&self, step: &StepId) -> Vec<InputField> {
        let Some(i) = self.index(step) else {
            return Vec::new();
        };
        let changed = self.changed(i);
        let filling = Filling::new(self, i, &changed);
        let def = self.def(i);
        let Action::Work(work) = &def.action else {
            return Vec::new();
        };
        // A field that cannot be filled now shows its source, so that it can be replaced.
        *filling.lenient.borrow_mut() = Some(Vec::new());
        let _ = filling.work(work);
        let _ = filling.env();
        let mut fields = filling.lenient.into_inner().unwrap_or_default();
        for field in &mut fields {
            field.fixed = match work {
                Work::Run(_) => field.path.starts_with("argv["),
                Work::Call(call) => call.is_fixed(&field.path),
                _ => false,
            };
        }
        let timeout = changed.get("timeout").cloned();
        fields.push(InputField {
            path: "timeout".to_owned(),
            text: timeout.unwrap_or_else(|| def.timeout.map(spoken_span).unwrap_or_default()),
            fixed: false,
            tree: false,
        });
        fields
    }

    /// Why these changes cannot be made, if they cannot.
    pub(super) fn check_changes(&self, i: usize, changes: &Changes) -> Result<(), String> {
        let fields = self.inputs(&self.steps[i].id);
        for (path, text) in &changes.inputs {
            match fields.iter().find(|f| f.path == *path) {
                None => return Err(format!("{} has no input `{path}`", self.steps[i].id)),
                Some(field) if field.fixed && field.text != *text => {
                    return Err(format!("`{path}` is a constant of the workflow file"));
                }
                Some(_) if path == "timeout" => typed_span(text).map(|_| ())?,
                Some(field) if field.tree => typed_tree(self.secrets_of(i), text).map(|_| ())?,
                Some(_) => typed(self.secrets_of(i), text)
                    .map(|_| ())
                    .map_err(|e| format!("`{path}`: {}", e.message))?,
            }
        }
        Ok(())
    }

    /// Exactly what the step's next attempt will run, secrets as `***`: an argv or a request, one line each.
    pub fn will_run(&self, step: &StepId) -> Vec<String> {
        let Some(i) = self.index(step) else {
            return Vec::new();
        };
        match &self.def(i).action {
            Action::Work(_) => match self.order(i) {
                Ok(order) => lines(&order.spec),
                Err(why) => vec![format!("not known yet: {why}")],
            },
            Action::Wait(Wait::For(span)) => vec![format!("wait for {}", spoken_span(*span))],
            Action::Wait(Wait::Until(t)) => vec![format!("wait until {}", t.source())],
            Action::Approval(a) => vec![format!("ask: {}", a.message.source())],
            Action::Checklist(c) => c
                .items
                .iter()
                .map(|item| format!("[ ] {}", item.text.source()))
                .collect(),
            Action::Assert { that, .. } => vec![format!("assert {}", that.source())],
            Action::Set { values } => {
                let names: Vec<_> = values.keys().map(String::as_str).collect();
                vec![format!("set {}", names.join(", "))]
            }
            Action::Begin => self.params_as_known(i),
            Action::Workflow(inner) => vec![format!("workflow {}", inner.file)],
        }
    }

    /// Whether step `i` is to run at all.
    pub(super) fn condition(&self, i: usize) -> Result<bool, String> {
        let condition = self.def(i).condition.as_ref();
        condition.map_or(Ok(true), |expr| {
            expr.truth(&View::of(self, i)).map_err(|e| e.to_string())
        })
    }

    /// The items of group `i`; `None` while they depend on steps that have not ended.
    pub(super) fn items(&self, i: usize, needs_met: bool) -> Option<Result<Vec<Json>, String>> {
        match &self.def(i).fan_out.as_ref()?.source {
            FanSource::Items(items) => Some(Ok(items.clone())),
            FanSource::Matrix(axes) => Some(Ok(combinations(axes))),
            FanSource::ForEach(expr) => {
                let view = View::of(self, i);
                let value = expr.eval(&view);
                if view.asked_for_steps.get() && !needs_met {
                    return None;
                }
                Some(match value {
                    Ok(Json::Array(items)) => Ok(items),
                    Ok(other) => Err(format!(
                        "for_each: `{}` gave {other}, not a list",
                        expr.source()
                    )),
                    Err(e) => Err(format!("for_each: {e}")),
                })
            }
        }
    }

    /// What step `i` asks of a person or the clock, from `at` on.
    pub(super) fn ask_of(&self, i: usize, at: Timestamp) -> Result<Ask, String> {
        let view = View::of(self, i);
        match &self.def(i).action {
            Action::Wait(Wait::For(span)) => Ok(Ask::Timer {
                until: at.after(*span),
            }),
            Action::Wait(Wait::Until(template)) => {
                let text = plain(template, &view)?;
                let moment: jiff::Timestamp = text
                    .trim()
                    .parse()
                    .map_err(|_| format!("wait: `{text}` is not a moment in RFC 3339"))?;
                Ok(Ask::Timer {
                    until: Timestamp(moment.as_millisecond()),
                })
            }
            Action::Approval(approval) => ask_approval(approval, &view, at),
            Action::Checklist(list) => ask_checklist(list, &view),
            _ => Err(format!("{} asks for nothing", self.steps[i].id)),
        }
    }

    /// The outputs of step `i` if it is skipped now: what its author provided, and what was given.
    pub(super) fn stand_ins(
        &self,
        i: usize,
        given: &BTreeMap<String, Json>,
    ) -> Result<BTreeMap<String, Json>, String> {
        let provided = self.def(i).on_skip.iter();
        let wanted = provided.filter(|(name, _)| !given.contains_key(*name));
        let wanted = wanted.map(|(name, tree)| (name.clone(), tree.clone()));
        let mut outputs = self.values(i, &wanted.collect())?;
        outputs.extend(given.clone());
        Ok(outputs)
    }

    /// The values of a `set`, secrets as `***`.
    pub(super) fn values(
        &self,
        i: usize,
        values: &BTreeMap<String, Tree<Template>>,
    ) -> Result<BTreeMap<String, Json>, String> {
        let view = View::of(self, i);
        let fill = |(name, tree): (&String, &Tree<Template>)| {
            let filled = tree.fill(&view).map_err(|e| format!("{name}: {e}"))?;
            Ok((name.clone(), filled.masked_json()))
        };
        values.iter().map(fill).collect()
    }
}

fn ask_approval(approval: &Approval, view: &dyn Scope, at: Timestamp) -> Result<Ask, String> {
    Ok(Ask::Approval {
        message: plain(&approval.message, view)?,
        needed: approval.count.max(1),
        votes: Vec::new(),
        deadline: approval.timeout.map(|span| at.after(span)),
    })
}

fn ask_checklist(list: &Checklist, view: &dyn Scope) -> Result<Ask, String> {
    let items = list.items.iter().map(|item| {
        Ok(Tick {
            text: plain(&item.text, view)?,
            required: item.required,
            link: item.link.clone(),
            input: item.input.clone(),
            done: None,
            note: String::new(),
            value: None,
        })
    });
    Ok(Ask::Checklist {
        items: items.collect::<Result<_, String>>()?,
    })
}

pub(super) fn plain(template: &Template, view: &dyn Scope) -> Result<String, String> {
    let filled = template.fill(view).map_err(|e| e.to_string())?;
    Ok(filled.masked())
}

/// Every combination, the last key fastest.
fn combinations(axes: &[(String, Vec<Json>)]) -> Vec<Json> {
    let mut rows = vec![serde_json::Map::new()];
    for (name, values) in axes {
        let grow = |row: &serde_json::Map<String, Json>, value: &Json| {
            let mut row = row.clone();
            row.insert(name.clone(), value.clone());
            row
        };
        rows = rows
            .iter()
            .flat_map(|row| values.iter().map(move |value| grow(row, value)))
            .collect();
    }
    rows.into_iter().map(Json::Object).collect()
}

fn typed_span(text: &str) -> Result<Duration, String> {
    let span: Option<jiff::SignedDuration> = text.trim().parse().ok();
    let span = span.and_then(|s| Duration::try_from(s).ok());
    span.filter(|s| !s.is_zero())
        .ok_or_else(|| format!("`{text}` is not a span of time such as 90s or 10m"))
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn lines(spec: &Spec) -> Vec<String> {
    match &spec.work {
        Work::Run(c) | Work::Exec(c) => c.argv.iter().map(Filled::masked).collect(),
        Work::Http(http) | Work::Notify(http) => request_lines(http),
        Work::Call(call) => call_lines(call),
    }
}

/// The service, then what it is asked, a key a line.
fn call_lines(call: &Call<Filled>) -> Vec<String> {
    let mut lines = vec![call.service.word().to_owned()];
    if let Json::Object(ask) = call.ask.masked_json() {
        lines.extend(ask.iter().map(|(key, value)| match value {
            Json::String(text) => format!("{key}: {text}"),
            other => format!("{key}: {other}"),
        }));
    }
    let expect = call
        .expect
        .iter()
        .map(|e| format!("expect: {}", e.source()));
    lines.extend(expect);
    lines.extend(call.until.iter().map(|until| {
        let (every, timeout) = (spoken_span(until.every), spoken_span(until.timeout));
        format!("until: every {every}, for {timeout} at most")
    }));
    lines
}

fn request_lines(http: &Http<Filled>) -> Vec<String> {
    let mut lines = vec![format!("{} {}", http.method, http.url.masked())];
    let header = |(name, value): &(String, Filled)| format!("{name}: {}", value.masked());
    lines.extend(http.headers.iter().map(header));
    if http.basic_auth.is_some() {
        lines.push("Authorization: Basic ***".to_owned());
    }
    match &http.body {
        None => {}
        Some(Body::Text(text)) => lines.extend(text.masked().lines().map(str::to_owned)),
        Some(Body::Json(tree)) => lines.push(tree.masked_json().to_string()),
        Some(Body::Form(pairs)) => {
            lines.extend(pairs.iter().map(|(k, v)| format!("{k}={}", v.masked())));
        }
    }
    lines
}
