//! One `terraform` step, from its question to its end.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::super::call::{Answer, Context, Hands};
use super::super::start::plain;
use super::changes::Changes;
use super::command::{Call, Heard, Tool};
use super::hcl::assignments;
use super::judge::judge;
use super::stream::Counts;
use crate::run::{Ended, Outcome};
use crate::workflow::{PlanMode, TerraformDoc, TerraformTool, parse_span};

/// A resource that is being made may take this long: until it is there, it must not be lost from the state.
const HALT_TIMEOUT: Duration = Duration::from_mins(5);

/// Performs it to its end. A plan that is made for later is kept beside `stem`.
pub(in super::super) fn perform(
    ask: &TerraformDoc,
    cx: &Context<'_, '_>,
    hands: Hands<'_>,
) -> Result<Answer, Box<Ended>> {
    let halt = ask.halt_timeout.as_deref().map(parse_span).transpose();
    let halt = halt.map_err(|e| failed(format!("halt_timeout: {e}")))?;
    let name = match ask.tool {
        Some(TerraformTool::Tofu) => "tofu",
        _ => "terraform",
    };
    let dir = ask.dir.clone().unwrap_or_else(|| ".".to_owned());
    let plan_file = hands.stem.with_added_extension("tfplan");
    let mut tool = Tool::new(cx, hands, name, dir, halt.unwrap_or(HALT_TIMEOUT));
    if let Some(workspace) = &ask.workspace {
        tool.set("TF_WORKSPACE", workspace);
    }
    if ask.init != Some(false) {
        init(&mut tool, ask)?;
    }
    let stack = &mut Stack { tool, ask };
    if ask.output == Some(true) {
        return stack.outputs();
    }
    if let Some(given) = &ask.plan_file {
        return stack.apply(Path::new(given), true);
    }
    private(&plan_file).map_err(|e| failed(format!("cannot keep the plan: {}", plain(&e))))?;
    let keep = ask.plan == Some(true);
    let done = stack.plan(&plan_file).and_then(|answer| {
        if keep {
            return Ok(answer);
        }
        if answer["changed"] == Json::Bool(false) {
            cx.say("nothing to do");
            return stack.outputs();
        }
        stack.apply(&plan_file, false)
    });
    if !keep || done.is_err() {
        // It may hold secrets, and nobody will ask for it again.
        let _ = fs::remove_file(&plan_file);
    }
    done
}

struct Stack<'a, 'c, 'l> {
    tool: Tool<'a, 'c, 'l>,
    ask: &'a TerraformDoc,
}

/// Fetches what the configuration is made of, and says where the state is.
fn init(tool: &mut Tool<'_, '_, '_>, ask: &TerraformDoc) -> Result<(), Box<Ended>> {
    let mut call = Call::new(
        Some("preparing (init)"),
        ["init", "-input=false", "-no-color"],
    );
    if let Some(settings) = &ask.backend_config {
        call.args.push("-backend-config=/dev/stdin".into());
        call.stdin = Some(assignments(
            settings.iter().map(|(name, value)| (name.as_str(), value)),
        ));
    }
    tool.ask(call, &[0]).map(drop)
}

impl Stack<'_, '_, '_> {
    /// Makes a plan and tells what is in it.
    fn plan(&mut self, file: &Path) -> Result<Answer, Box<Ended>> {
        let mut args: Vec<OsString> = ["plan", "-input=false", "-json", "-detailed-exitcode"]
            .map(OsString::from)
            .into();
        args.push(flag("-out=", file));
        args.extend(self.choices()?);
        let mut call = Call::new(Some("planning"), args);
        if let Some(vars) = &self.ask.vars {
            call.args.push("-var-file=/dev/stdin".into());
            call.stdin = Some(assignments(vars.iter().map(|(k, v)| (k.as_str(), v))));
        }
        let heard = self.tool.ask(call, &[0, 2])?;
        let undeclared = heard.complaints.iter().find_map(|c| c.undeclared());
        if let Some(name) = undeclared {
            let why = format!(
                "vars: the configuration in {} declares no variable `{name}`",
                self.tool.dir
            );
            return Err(self.tool.ended(Outcome::Failed, why, &heard).into());
        }
        // It was made by us for us alone, but another program has written to it.
        let _ = fs::set_permissions(file, Permissions::from_mode(0o600));
        let changes = self.changes(file, heard.counts.as_ref())?;
        let [add, change, destroy] = changes.counts();
        Ok(Answer::from_iter([
            ("plan_file".to_owned(), json!(file)),
            (
                "changed".to_owned(),
                json!(heard.gone.status.code() == Some(2)),
            ),
            ("add".to_owned(), json!(add)),
            ("change".to_owned(), json!(change)),
            ("destroy".to_owned(), json!(destroy)),
            ("summary".to_owned(), json!(changes.summary(&self.place()))),
            ("resources".to_owned(), changes.list()),
        ]))
    }

    /// `infra/prod, workspace blue`
    fn place(&self) -> String {
        match &self.ask.workspace {
            Some(workspace) => format!("{}, workspace {workspace}", self.tool.dir),
            None => self.tool.dir.clone(),
        }
    }

    /// What a plan is asked besides its variables.
    fn choices(&self) -> Result<Vec<OsString>, Box<Ended>> {
        let ask = self.ask;
        let list = |texts: &Option<Vec<String>>, name: &str| {
            let texts = texts.iter().flatten();
            let flags = texts.map(|text| OsString::from(format!("{name}{text}")));
            flags.collect::<Vec<_>>()
        };
        let mut args = self.manner()?;
        args.extend(list(&ask.var_files, "-var-file="));
        args.extend(list(&ask.targets, "-target="));
        args.extend(list(&ask.replace, "-replace="));
        if ask.destroy == Some(true) || ask.mode == Some(PlanMode::Destroy) {
            args.push("-destroy".into());
        }
        if ask.mode == Some(PlanMode::RefreshOnly) {
            args.push("-refresh-only".into());
        }
        Ok(args)
    }

    /// What plan and apply have in common.
    fn manner(&self) -> Result<Vec<OsString>, Box<Ended>> {
        let mut args = Vec::new();
        if let Some(count) = &self.ask.parallelism {
            let count = count.value();
            let count = count.map_err(|e| failed(format!("parallelism: {e}")))?;
            args.push(format!("-parallelism={count}").into());
        }
        if let Some(text) = &self.ask.lock_timeout {
            let span = parse_span(text).map_err(|e| failed(format!("lock_timeout: {e}")))?;
            args.push(format!("-lock-timeout={}ms", span.as_millis()).into());
        }
        Ok(args)
    }

    /// Reads what a plan would do, and logs it as terraform shows it to people.
    fn changes(&mut self, file: &Path, counts: Option<&Counts>) -> Result<Changes, Box<Ended>> {
        let mut show = |how: &str| {
            let args = [OsString::from("show"), how.into(), file.into()];
            self.tool.ask(Call::new(None, args), &[0])
        };
        let told = show("-json")?;
        if let (true, Some(counts)) = (told.is_cut(), counts) {
            // What is sensitive in it is not known either, so it is not shown.
            let look = format!("{} show {}", self.tool.name, file.display());
            return Ok(Changes::counted(counts, look));
        }
        let changes: Changes = serde_json::from_slice(&told.text).map_err(|e| {
            let why = format!("cannot read the plan that it made: {e}");
            failed(why)
        })?;
        let shown = show("-no-color")?;
        let mut text = String::from_utf8_lossy(&shown.text).into_owned();
        for secret in changes.sensitive() {
            text = text.replace(&secret, "(sensitive value)");
        }
        for line in text.lines() {
            self.tool.cx.say(line);
        }
        Ok(changes)
    }

    /// Applies a saved plan, and only that.
    fn apply(&mut self, file: &Path, is_given: bool) -> Result<Answer, Box<Ended>> {
        if !file.is_file() {
            let why = format!(
                "there is no plan file {}: make the plan anew, by retrying from the step that makes it",
                file.display()
            );
            return Err(failed(why).into());
        }
        // Steps run in the folder of their configuration.
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let mut args: Vec<OsString> = ["apply", "-input=false", "-json"].map(Into::into).into();
        args.extend(self.manner()?);
        args.push(file.into());
        let mut heard = self.tool.call(Call::new(Some("applying"), args))?;
        judge(&mut self.tool, &heard, is_given)?;
        let outputs = heard.outputs.take();
        let mut answer = match outputs {
            Some(outputs) => self.told(outputs),
            None => self.outputs()?,
        };
        answer.extend(counted(&heard));
        Ok(answer)
    }

    /// The outputs of the configuration, as the state has them.
    fn outputs(&mut self) -> Result<Answer, Box<Ended>> {
        let heard = self
            .tool
            .ask(Call::new(None, ["output", "-json", "-no-color"]), &[0])?;
        let outputs: Map<String, Json> = serde_json::from_slice(&heard.text).map_err(|e| {
            let why = format!("cannot read the outputs: {e}");
            failed(why)
        })?;
        Ok(self.told(outputs))
    }

    /// Those that may be seen; of the others the names.
    fn told(&self, outputs: Map<String, Json>) -> Answer {
        let is_sensitive = |output: &Json| output["sensitive"] == Json::Bool(true);
        let (hidden, open): (Vec<_>, Vec<_>) =
            outputs.into_iter().partition(|(_, o)| is_sensitive(o));
        let hidden: Vec<String> = hidden.into_iter().map(|(name, _)| name).collect();
        if !hidden.is_empty() {
            let names = hidden.join(", ");
            self.tool
                .cx
                .say(&format!("left out, because they are sensitive: {names}"));
        }
        let open: Map<String, Json> = open
            .into_iter()
            .map(|(name, mut output)| (name, output["value"].take()))
            .collect();
        Answer::from_iter([
            ("outputs".to_owned(), Json::Object(open)),
            ("sensitive".to_owned(), json!(hidden)),
        ])
    }
}

/// What an apply says that it did.
fn counted(heard: &Heard) -> Answer {
    let counts = heard.counts.clone().unwrap_or_default();
    Answer::from_iter([
        ("add".to_owned(), json!(counts.add)),
        ("change".to_owned(), json!(counts.change)),
        ("destroy".to_owned(), json!(counts.destroy)),
    ])
}

/// A new file that nobody else can read.
fn private(path: &Path) -> std::io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

fn flag(name: &str, path: &Path) -> OsString {
    let mut flag = OsString::from(name);
    flag.push(path);
    flag
}

fn failed(why: String) -> Ended {
    Ended::new(Outcome::Failed, why)
}
