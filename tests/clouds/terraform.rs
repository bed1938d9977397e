//! `terraform` against the real program: with a state in a file and one in S3. What came of it is read back by terraform.

use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Command, Output};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use crate::face::Face;
use crate::parties::terraform::{is_missing, state_in_s3};
use crate::parties::until;
use crate::place::Place;
use crate::ride::{Ride, processes};

/// A place with a configuration in the folder `infra`.
struct Stack {
    ride: Ride,
}

impl Deref for Stack {
    type Target = Ride;

    fn deref(&self) -> &Ride {
        &self.ride
    }
}

impl Stack {
    fn new(main: &str) -> Self {
        let place = Place::new();
        std::fs::create_dir(place.path("infra")).expect("a folder");
        place.write("infra/main.tf", main);
        Self { ride: Ride(place) }
    }

    fn terraform(&self, args: &[&str]) -> Output {
        let mut command = Command::new("terraform");
        command
            .args(args)
            .current_dir(self.ride.path("infra"))
            .env_remove("TF_CLI_CONFIG_FILE")
            .env("TF_IN_AUTOMATION", "1");
        command.output().expect("terraform starts")
    }

    /// The addresses in the state.
    fn state(&self) -> Vec<String> {
        let output = self.terraform(&["state", "list"]);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    /// All that flightdeck keeps of the run but the plan itself, which only its owner may read.
    fn kept(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut open = vec![self.ride.path("state")];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_none_or(|e| e != "tfplan") {
                    bytes.extend(std::fs::read(path).expect("a file"));
                }
            }
        }
        bytes
    }

    fn plans(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.ride.path("state/runs/r/attempts")).expect("a folder");
        let paths = folder.flatten().map(|entry| entry.path());
        paths
            .filter(|path| path.extension().is_some_and(|e| e == "tfplan"))
            .collect()
    }
}

const SMALL: &str = r#"
variable "replicas" { default = 1 }
variable "password" {
  default   = "unset"
  sensitive = true
}
resource "terraform_data" "web" {
  count = var.replicas
  input = "web-${count.index}"
}
resource "terraform_data" "db" { input = var.password }
output "first" { value = terraform_data.web[0].output }
output "password" {
  value     = var.password
  sensitive = true
}
"#;

/// Waits in the middle of its apply until the file `go` is there; the resource before it is done by then.
const SLOW: &str = r#"
resource "terraform_data" "first" { input = "done" }
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "echo begun > ../begun; while ! test -e ../go; do sleep 0.05; done" }
}
"#;

const APPLY: &str = "  - {id: apply, terraform: {dir: infra, apply: true, auto_approve: true}}\n";

const REVIEWED: &str = r#"
  - id: plan
    terraform: {dir: infra, plan: true, vars: {replicas: 3, password: "${{ secrets.db }}"}}
  - id: go
    approval: {message: "${{ steps.plan.outputs.summary }}"}
  - id: apply
    terraform: {dir: infra, apply: true, plan_file: "${{ steps.plan.outputs.plan_file }}"}
  - id: said
    run: test "$FIRST" = web-0
    env: {FIRST: "${{ steps.apply.outputs.outputs.first }}"}
secrets: {db: {file: "secret"}}
"#;

fn reviewed() -> Stack {
    let stack = Stack::new(SMALL);
    // Weaker than what the step says.
    stack.write("infra/terraform.tfvars", "replicas = 7\n");
    stack.write("secret", "s3cret-of-the-db \"${x}");
    stack
}

#[test]
fn the_plan_that_was_approved_is_what_is_applied() {
    if is_missing() {
        return;
    }
    let stack = reviewed();
    let mut run = stack.begin(REVIEWED, &["--hold"]);
    until("the approval", || stack.is("go", "waiting"));
    assert!(stack.state().is_empty(), "nothing before somebody says yes");
    let plan = stack.attempt("plan");
    assert_eq!(plan["outputs"]["add"], 4, "{plan}");
    assert_eq!(plan["outputs"]["changed"], true);
    let file = stack.plans().pop().expect("a plan");
    assert_eq!(plan["outputs"]["plan_file"], file.to_str().unwrap());
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // What is applied is what was seen, whatever the folder says by then.
    stack.write(
        "infra/more.tf",
        "resource \"terraform_data\" \"unseen\" {}\n",
    );
    stack.ctl(&["approve", "go", "--reason", "looks good"]);
    assert!(
        run.wait().expect("its end").success(),
        "{}",
        stack.log("apply")
    );
    let state = stack.state();
    assert_eq!(state.len(), 4, "{state:?}");
    assert!(
        state.contains(&"terraform_data.web[2]".to_owned()),
        "{state:?}"
    );
    let apply = stack.attempt("apply");
    assert_eq!(apply["outputs"]["outputs"]["first"], "web-0");
    assert_eq!(apply["outputs"]["sensitive"][0], "password");
    assert_eq!(apply["outputs"]["outputs"]["password"], Json::Null);
    let value = stack.terraform(&["output", "-raw", "password"]);
    assert_eq!(value.stdout, b"s3cret-of-the-db \"${x}");
    let kept = stack.kept();
    assert!(memchr::memmem::find(&kept, b"s3cret-of-the-db").is_none());
    assert!(!stack.log("plan").contains("web-7"));
}

/// In a real terminal of 80x24: what would be done stands in the box that asks, and a key says yes.
#[test]
fn a_plan_is_read_and_approved_on_the_screen() {
    if is_missing() {
        return;
    }
    let stack = reviewed();
    stack.write("w.yaml", &format!("name: stack\nsteps:\n{REVIEWED}"));
    let mut face = Face::start(&stack, &["run", "w.yaml", "--id", "r"], 80, 24);
    face.wait("ASKS");
    face.select("go");
    face.keys("a");
    face.wait("ANSWER go");
    let screen = face.text();
    for line in [
        "4 to add, 0 to change, 0 to destroy (infra)",
        "- create terraform_data.db",
        "- create terraform_data.web[2]",
        "- create output first",
    ] {
        assert!(screen.contains(line), "{line}:\n{screen}");
    }
    Face::settle();
    // Decision, note, No, Confirm.
    face.keys("\t\t\t\r");
    until("the end of the run", || stack.phase("r") == "succeeded");
    assert_eq!(stack.state().len(), 4);
    face.quit();
}

#[test]
fn a_plan_can_be_applied_once() {
    if is_missing() {
        return;
    }
    let stack = Stack::new(SMALL);
    let steps = r#"
  - {id: plan, terraform: {dir: infra, plan: true}}
  - {id: once, terraform: {dir: infra, apply: true, plan_file: "${{ steps.plan.outputs.plan_file }}"}}
  - {id: twice, terraform: {dir: infra, apply: true, plan_file: "${{ steps.plan.outputs.plan_file }}"}}
"#;
    let (code, talk) = stack.run(steps);
    assert_eq!(code, 1, "{talk}");
    assert_eq!(stack.step("r", "once"), "succeeded");
    let message = stack.message("twice");
    assert!(
        message.starts_with(
            "nothing was changed: the plan is stale: the state has changed since it was made"
        ),
        "{message}"
    );
}

#[test]
fn a_value_for_no_variable_is_refused_before_anything_changes() {
    if is_missing() {
        return;
    }
    let stack = Stack::new(SMALL);
    let (code, talk) = stack.run(
        "  - {id: a, terraform: {dir: infra, apply: true, auto_approve: true, vars: {replcas: 3}}}\n",
    );
    assert_eq!(code, 1, "{talk}");
    assert_eq!(
        stack.message("a"),
        "vars: the configuration in infra declares no variable `replcas`"
    );
    assert!(stack.state().is_empty());
    assert!(
        stack.plans().is_empty(),
        "a plan that nobody will use is gone"
    );
}

#[test]
fn a_mistake_is_told_with_its_place() {
    if is_missing() {
        return;
    }
    let stack = Stack::new("resource \"terraform_data\" \"a\" {\n  input = var.nope\n}\n");
    let (code, talk) = stack.run("  - {id: a, terraform: {dir: infra, plan: true}}\n");
    assert_eq!(code, 1, "{talk}");
    let message = stack.message("a");
    assert!(
        message.starts_with("terraform plan failed: ") && message.contains("(main.tf:2)"),
        "{message}"
    );
    assert!(
        stack
            .log("a")
            .contains("error: Reference to undeclared input variable, main.tf:2")
    );
}

/// The first apply fails half way; the retry does what is left, and what was done stays as it is.
#[test]
fn a_failed_apply_is_tried_again_from_where_it_stopped() {
    if is_missing() {
        return;
    }
    let stack = Stack::new(
        r#"
resource "terraform_data" "first" { input = "done" }
resource "terraform_data" "weak" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "test -e ../mended || { touch ../mended; echo oops; exit 3; }" }
}
"#,
    );
    let mut run = stack.begin(APPLY, &["--hold"]);
    until("the failure", || stack.is("apply", "failed"));
    let message = stack.message("apply");
    assert!(
        message.starts_with("terraform_data.weak: local-exec provisioner error: ")
            && message.ends_with("(main.tf:5); 1 of 2 done, and the state says so; a retry plans and applies what is left"),
        "{message}"
    );
    let id = stack
        .terraform(&["state", "show", "terraform_data.first"])
        .stdout;
    stack.ctl(&["retry", "apply"]);
    assert!(run.wait().expect("its end").success());
    assert_eq!(
        stack.state(),
        ["terraform_data.first", "terraform_data.weak"]
    );
    let again = stack
        .terraform(&["state", "show", "terraform_data.first"])
        .stdout;
    assert_eq!(id, again, "it was not made twice");
}

#[test]
fn a_cancelled_apply_halts_in_good_order() {
    if is_missing() {
        return;
    }
    let stack = Stack::new(SLOW);
    let mut run = stack.begin(APPLY, &["--hold"]);
    stack.logs("apply", "creating terraform_data.slow");
    let log = stack.log("apply");
    assert!(
        log.contains("~ 1 of 2 done, creating terraform_data.slow"),
        "{log}"
    );
    stack.ctl(&["cancel", "apply"]);
    until("the cancel", || stack.step("r", "apply") == "cancelled");
    let message = stack.message("apply");
    assert_eq!(
        message,
        "cancelled: terraform halted gracefully and wrote its state; 1 of 2 done, not finished: terraform_data.slow; `terraform plan` in infra shows what is left"
    );
    assert!(stack.state().contains(&"terraform_data.first".to_owned()));
    // No lock is left, and nothing of it lives: so the retry can do the rest.
    stack.write("go", "");
    stack.ctl(&["retry", "apply"]);
    assert!(
        run.wait().expect("its end").success(),
        "{}",
        stack.log("apply")
    );
    assert_eq!(
        stack.state(),
        ["terraform_data.first", "terraform_data.slow"]
    );
}

/// A terraform that hears no interrupt, as when its disk hangs: asked firmly after its time, killed after the grace.
#[test]
fn an_apply_that_does_not_halt_is_killed_and_nobody_knows_how_far_it_came() {
    if is_missing() {
        return;
    }
    let stack = Stack::new(SLOW);
    let apply = "  - {id: apply, kill_grace: 500ms, terraform: {dir: infra, apply: true, auto_approve: true, halt_timeout: 500ms}}\n";
    let mut run = stack.begin(apply, &["--hold"]);
    until("the apply", || stack.path("begun").exists());
    let infra = stack.path("infra").canonicalize().expect("a path");
    let is_here = |pid: &Pid| {
        let cwd = std::fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero()));
        cwd.is_ok_and(|cwd| cwd == infra)
    };
    let all = processes("terraform\0apply\0");
    let terraform = all.into_iter().find(is_here).expect("it runs");
    kill_process(terraform, Signal::STOP).expect("stopped");
    stack.ctl(&["cancel", "apply"]);
    until("the verdict", || stack.is("apply", "unknown"));
    let message = stack.message("apply");
    assert!(
        message.starts_with(
            "cancelled in the middle of the apply: 1 of 2 done, not finished: terraform_data.slow, as far as is known; "
        ),
        "{message}"
    );
    assert!(
        message.ends_with("`terraform plan` in infra shows what is missing, or who holds the lock"),
        "{message}"
    );
    stack.write("go", "");
    stack.ctl(&["retry", "apply"]);
    assert!(
        run.wait().expect("its end").success(),
        "{}",
        stack.log("apply")
    );
    assert_eq!(
        stack.state(),
        ["terraform_data.first", "terraform_data.slow"]
    );
}

#[test]
fn the_holder_of_the_lock_is_named() {
    if is_missing() {
        return;
    }
    let stack = Stack::new(SLOW);
    let mut run = stack.begin(APPLY, &[]);
    until("the apply", || stack.path("begun").exists());
    stack.write(
        "second.yaml",
        "name: second\nsteps:\n  - {id: plan, terraform: {dir: infra, plan: true, init: false}}\n",
    );
    let second = ["run", "second.yaml", "--headless", "--id", "s"];
    let mut second = stack.start(&second);
    assert_eq!(second.wait().expect("its end").code(), Some(1));
    let show = stack.show("s").to_string();
    let holder = "terraform plan failed: the state is locked by ";
    assert!(
        show.contains(holder) && show.contains("(apply, since 2"),
        "{show}"
    );
    assert!(show.contains("`terraform force-unlock "), "{show}");
    stack.write("go", "");
    assert!(run.wait().expect("its end").success());
}

/// The attempt process dies in the middle of an apply. terraform does not: it ends what it has begun, and writes its state.
fn killed_hands(stack: &Stack) {
    let mut run = stack.begin(APPLY, &["--hold"]);
    until("the apply", || stack.path("begun").exists());
    stack.kill(&mut run);
    let mut resumed = stack.start(&["resume", "r", "--headless", "--hold"]);
    until("the verdict", || stack.step("r", "apply") == "unknown");
    let show = stack.show("r").to_string();
    assert!(
        show.contains("`terraform plan` in its folder shows what is missing"),
        "{show}"
    );
    // Whoever asks now is told who holds the lock.
    stack.ctl(&["retry", "apply"]);
    until("the refusal", || stack.step("r", "apply") == "failed");
    let message = stack.message("apply");
    assert!(message.contains("the state is locked by "), "{message}");
    stack.write("go", "");
    until("terraform's own end", || stack.state().len() == 2);
    until("its lock is gone", || {
        stack.terraform(&["plan", "-input=false"]).status.success()
    });
    stack.ctl(&["retry", "apply"]);
    assert!(resumed.wait().expect("its end").success());
    assert_eq!(
        stack.state(),
        ["terraform_data.first", "terraform_data.slow"]
    );
    assert!(
        stack.log("apply").contains("nothing to do"),
        "it was done once"
    );
}

#[test]
fn an_apply_outlives_its_attempt_process_and_is_not_done_twice() {
    if is_missing() {
        return;
    }
    killed_hands(&Stack::new(SLOW));
}

/// The same with the state and its lock in S3, which no kernel frees when their holder is gone.
#[test]
fn a_state_in_s3_is_locked_planned_and_applied() {
    if is_missing() {
        return;
    }
    let backend = state_in_s3("flightdeck-state");
    killed_hands(&Stack::new(&format!("{backend}{SLOW}")));
}

#[test]
fn what_was_made_is_destroyed_and_a_plan_tells_whether_it_is_there() {
    if is_missing() {
        return;
    }
    let stack = Stack::new(SMALL);
    let steps = r#"
  - id: apply
    terraform: {dir: infra, apply: true, auto_approve: true, vars: {replicas: 2}, workspace: blue}
    verify: {terraform: {dir: infra, plan: true, vars: {replicas: 2}, workspace: blue, expect: not changed}}
  - id: read
    terraform: {dir: infra, output: true, workspace: blue, expect: "outputs.first == 'web-0'"}
  - id: gone
    terraform: {dir: infra, plan: true, mode: destroy, workspace: blue, expect: destroy == 3}
  - id: destroy
    terraform: {dir: infra, apply: true, workspace: blue, plan_file: "${{ steps.gone.outputs.plan_file }}"}
"#;
    let (code, talk) = stack.run(steps);
    assert_eq!(code, 0, "{talk}");
    let made = stack.attempt("gone");
    let summary = made["outputs"]["summary"].as_str().expect("a text");
    assert!(
        summary.starts_with(
            "0 to add, 0 to change, 3 to destroy (infra, workspace blue)\n- destroy terraform_data.db\n"
        ),
        "{summary}"
    );
    assert!(
        stack.state().is_empty(),
        "the default workspace was never touched"
    );
    let blue =
        std::fs::read_to_string(stack.path("infra/terraform.tfstate.d/blue/terraform.tfstate"));
    let blue: Json = serde_json::from_str(&blue.expect("a state")).expect("JSON");
    assert_eq!(
        blue["resources"].as_array().map(Vec::len),
        Some(0),
        "{blue}"
    );
}
