//! Actions that an attempt process performs: run, exec, http, notify, service calls; and `verify`, which is one of them that
//! changes nothing.

use std::fmt::Write;

use super::defaults::Defaults;
use super::desk::{Desk, Role, nth_expression};
use super::{call, http};
use crate::workflow::action::{Command, Work};
use crate::workflow::call::{Nature, Service};
use crate::workflow::document::{ExecDoc, ShellDoc, StepDoc, VerifyDoc};
use crate::workflow::template::Template;
use crate::yaml::At;

/// Longer scripts belong in files.
const SCRIPT_MAX: usize = 64 * 1024;

pub(super) fn work(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
    defaults: &Defaults,
) -> Option<Work<Template>> {
    work_at(desk, doc, (at, at), defaults)
}

/// The action is said at `at`, what stands beside it (`cwd`, `shell`) at `at_step`.
fn work_at(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    (at, at_step): (At<'_>, At<'_>),
    defaults: &Defaults,
) -> Option<Work<Template>> {
    if let Some(script) = &doc.run {
        let place = at.down("run");
        let run = run(desk, script, place, doc, at_step, defaults);
        return Some(Work::Run(run));
    }
    if let Some(exec) = &doc.exec {
        let place = at.down("exec");
        let exec = self::exec(desk, exec, place, doc, at_step, defaults);
        return Some(Work::Exec(exec));
    }
    if let Some(http) = &doc.http {
        let http = http::http(desk, http, at.down("http"));
        return Some(Work::Http(Box::new(http)));
    }
    if let Some(notify) = &doc.notify {
        let notify = http::notify(desk, notify, at.down("notify"));
        return Some(Work::Notify(Box::new(notify)));
    }
    let call = call::call(desk, doc, at)?;
    Some(Work::Call(Box::new(call)))
}

pub(super) fn verify(
    desk: &mut Desk<'_>,
    verify: &VerifyDoc,
    at: At<'_>,
    doc: &StepDoc,
    at_step: At<'_>,
    defaults: &Defaults,
) -> Option<Work<Template>> {
    let said = at.entries().map(|(key, _)| key);
    let looks = |key: &&str| ["run", "exec", "http"].contains(key) || call::SERVICES.contains(key);
    if said.filter(looks).count() != 1 {
        if !desk.is_unread(at) {
            let message = format!(
                "verify needs exactly one of run, exec, http, {}",
                call::SERVICES.join(", ")
            );
            desk.error("verify_action", at.key_span(), message);
        }
        return None;
    }
    call::one_machine(desk, verify.ssh.as_ref(), at);
    // What it has in common with its step is read by the same eyes.
    let alike = StepDoc {
        run: verify.run.clone(),
        exec: verify.exec.clone(),
        http: verify.http.clone(),
        kubernetes: verify.kubernetes.clone(),
        probe: verify.probe.clone(),
        ssh: verify.ssh.clone(),
        terraform: verify.terraform.clone(),
        aws: verify.aws.clone(),
        container: verify.container.clone(),
        sql: verify.sql.clone(),
        cwd: doc.cwd.clone(),
        shell: doc.shell.clone(),
        ..StepDoc::default()
    };
    let work = work_at(desk, &alike, (at, at_step), defaults)?;
    // Some ask by POST.
    let harmless = ["GET", "HEAD", "OPTIONS", "POST"];
    changes_nothing(
        desk,
        &work,
        at,
        &harmless,
        ("verify_changes", "verify", "does"),
    );
    Some(work)
}

/// Warns if it is seen to change something where only looks are expected; methods in `harmless` pass.
pub(super) fn changes_nothing(
    desk: &mut Desk<'_>,
    work: &Work<Template>,
    at: At<'_>,
    harmless: &[&str],
    (code, what, verb): (&'static str, &str, &str),
) {
    let (place, who) = match work {
        Work::Http(http) if !harmless.contains(&http.method.as_str()) => {
            (at.down("http").down("method").span(), http.method.clone())
        }
        // What a command does is its own business, as with `run`.
        Work::Call(call) if call.nature != Nature::Reads && call.service != Service::Ssh => {
            let word = call.service.word();
            (at.down(word).key_span(), format!("this `{word}`"))
        }
        _ => return,
    };
    desk.warning(
        code,
        place,
        format!("{what} must change nothing, {who} {verb}"),
    );
}

fn run(
    desk: &mut Desk<'_>,
    script: &str,
    at: At<'_>,
    doc: &StepDoc,
    at_step: At<'_>,
    defaults: &Defaults,
) -> Command<Template> {
    self::script(desk, script, at, "run");
    let mut argv = match &doc.shell {
        Some(said) => shell(desk, at_step.down("shell"), said),
        None => defaults.shell.clone(),
    };
    argv.push(script.to_owned());
    Command {
        argv: argv.into_iter().map(Template::literal).collect(),
        ..surroundings(desk, doc, at_step, defaults)
    }
}

/// A constant shell text; `what` is its key.
pub(super) fn script(desk: &mut Desk<'_>, script: &str, at: At<'_>, what: &str) {
    if script.trim().is_empty() {
        desk.error("empty_value", at.span(), "the script is empty");
    }
    if script.len() > SCRIPT_MAX {
        let message = format!(
            "the script has {} KiB, the limit is 64",
            script.len() / 1024
        );
        desk.error("too_large", at.key_span(), message)
            .hint("put it in a file of its own and run that");
    }
    no_values(desk, script, at, what);
}

/// A program and its arguments, said for `what`.
pub(super) fn words(desk: &mut Desk<'_>, argv: &[String], at: At<'_>, what: &str) {
    if argv.first().is_none_or(|program| program.trim().is_empty()) && !desk.is_unread(at) {
        let message = format!("{what} needs argv: the program and its arguments");
        desk.error("empty_value", at.key_span(), message)
            .hint("for example `argv: [make, release]`");
    }
    if let Some(n) = shell_text(argv) {
        no_values(desk, &argv[n], at.nth(n), "a shell text");
    }
}

fn exec(
    desk: &mut Desk<'_>,
    exec: &ExecDoc,
    at: At<'_>,
    doc: &StepDoc,
    at_step: At<'_>,
    defaults: &Defaults,
) -> Command<Template> {
    let at_argv = at.down("argv");
    let argv = exec.argv.as_deref().unwrap_or_default();
    words(desk, argv, at_argv, "exec");
    let argv = argv.iter().enumerate();
    let argv: Vec<Template> = argv
        .map(|(n, text)| desk.template(Role::Work, at_argv.nth(n), text))
        .collect();
    for (n, text) in argv.iter().enumerate() {
        if text.secrets().next().is_some() {
            desk.warning(
                "secret_in_arguments",
                at_argv.nth(n).span(),
                "everyone on the machine can see a secret in the arguments of a program",
            )
            .hint("pass it by `env` or `stdin`");
        }
    }
    Command {
        argv,
        ..surroundings(desk, doc, at_step, defaults)
    }
}

/// Working folder and standard input.
fn surroundings(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
    defaults: &Defaults,
) -> Command<Template> {
    let mut template = |key: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| desk.template(Role::Work, at.down(key), text))
    };
    Command {
        argv: Vec::new(),
        cwd: template("cwd", &doc.cwd).or_else(|| defaults.cwd.clone()),
        stdin: template("stdin", &doc.stdin),
    }
}

pub(super) fn shell(desk: &mut Desk<'_>, at: At<'_>, shell: &ShellDoc) -> Vec<String> {
    if shell.0.first().is_none_or(String::is_empty) {
        desk.error("empty_value", at.span(), "the shell has no name");
    }
    if let Some(n) = shell.0.iter().position(|word| word.contains("${{")) {
        desk.error(
            "value_in_shell",
            at.nth(n).span(),
            "the shell must be constant",
        );
    }
    shell.0.clone()
}

/// The argument that a shell would read as a program: the one after `-c`.
pub(super) fn shell_text(argv: &[String]) -> Option<usize> {
    let program = argv.first()?.rsplit('/').next()?;
    let shells = ["sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "busybox"];
    if !shells.contains(&program) {
        return None;
    }
    let flag = argv
        .iter()
        .position(|arg| arg.starts_with('-') && !arg.starts_with("--") && arg.contains('c'))?;
    (flag + 1 < argv.len()).then_some(flag + 1)
}

/// Values never become shell text: they arrive as environment variables, and the message says how.
fn no_values(desk: &mut Desk<'_>, script: &str, at: At<'_>, what: &str) {
    let mut names: Vec<String> = Vec::new();
    let mut lines = String::new();
    for expression in expressions(script) {
        let name = variable_name(expression, names.len());
        if !names.contains(&name) {
            let _ = write!(lines, "\n  {name}: \"${{{{ {expression} }}}}\"");
            names.push(name);
        }
    }
    let Some(name) = names.first() else {
        return;
    };
    let message = format!("`${{{{ }}}}` in `{what}`: values never become shell text");
    let hint = format!("pass it by the environment and write \"${name}\" instead:\nenv:{lines}");
    desk.error("value_in_shell", first_expression(desk, at), message)
        .label("this could run as a command")
        .hint(hint);
}

/// What stands in the `${{ }}` of a text that must be constant.
pub(super) fn expressions(text: &str) -> impl Iterator<Item = &str> {
    text.split("${{")
        .skip(1)
        .map(|rest| rest.split("}}").next().unwrap_or(rest).trim())
}

/// Where the first of them stands.
pub(super) fn first_expression(desk: &Desk<'_>, at: At<'_>) -> std::ops::Range<usize> {
    nth_expression(desk.text, at.whole(), 0).unwrap_or_else(|| at.span())
}

/// The last name of an expression, as a variable.
fn variable_name(expression: &str, number: usize) -> String {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let last = expression
        .rsplit(|c: char| !good(c))
        .find(|word| !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()));
    match last {
        Some(word) if expression.chars().all(|c| good(c) || ".-[]\"'".contains(c)) => {
            word.to_ascii_uppercase()
        }
        _ => format!("VALUE_{}", number + 1),
    }
}
