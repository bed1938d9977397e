//! `ssh` against OpenSSH's server: commands, values, files, many machines, what is said when there is no connection.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value as Json;

use crate::parties::sshd::{Sshd, sshd};
use crate::parties::until;
use crate::run::{Outcome, run, run_with};
use crate::support::Place;

/// A workflow of steps, each of which reaches the test's server through `config`.
fn workflow(steps: &[String]) -> String {
    format!("name: far\nsteps:\n{}\n", steps.join("\n"))
}

/// A step; `ask` is what stands in `ssh` behind the host, `more` what stands beside it.
fn step(id: &str, host: &str, ask: &str, more: &str) -> String {
    let config = sshd().config.display();
    format!("  - {{id: {id}, ssh: {{config: '{config}', host: {host}, {ask}}}{more}}}")
}

fn message<'o>(outcome: &'o Outcome, step: &str) -> &'o str {
    outcome.ended(step)["message"].as_str().unwrap_or_default()
}

/// Command lines of all processes.
pub(crate) fn command_lines() -> String {
    let all = fs::read_dir("/proc").expect("Linux").flatten();
    let lines = all.filter_map(|e| fs::read(e.path().join("cmdline")).ok());
    let lines: Vec<String> = lines
        .map(|l| String::from_utf8_lossy(&l).replace('\0', " "))
        .collect();
    lines.join("\n")
}

/// Everything below a folder, as one text.
fn all_of(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            bytes.extend(all_of(&path));
        } else if path.is_file() {
            bytes.extend(fs::read(&path).unwrap_or_default());
        }
    }
    bytes
}

pub(crate) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

/// Folders at the far end that still hold what was said.
fn unsettled(server: &Sshd, name: &str) -> Vec<String> {
    let all = fs::read_dir(server.folders())
        .into_iter()
        .flatten()
        .flatten();
    let ours = all.filter(|e| e.file_name().to_string_lossy().contains(name));
    ours.filter(|e| !e.path().join("settled").exists() || e.path().join("out").exists())
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_command_runs_there_and_its_end_is_the_step_s() {
    let place = Place::new();
    let text = workflow(&[
        step(
            "ok",
            "web1",
            "run: 'echo \"version=$V\"; echo oops >&2; echo \"k=v\" > \"$FLIGHTDECK_OUTPUT\"'",
            ", env: {V: '1 2'}, outputs: {version: {regex: 'version=(.+)'}}",
        ),
        step(
            "argv",
            "web1",
            "argv: [/usr/bin/printf, '%s-', '$HOME', '*']",
            ", outputs: {all: {regex: '.*'}}",
        ),
        step(
            "stdin",
            "web1",
            "run: cat, stdin: '[1]'",
            ", outputs: {all: {json: ''}}, needs: [argv]",
        ),
        step("confusing", "web1", "run: exit 255", ", needs: []"),
        step("line", "web1", "run: 'false; echo not here'", ", needs: []"),
        step("missing", "web1", "argv: [no-such-program]", ", needs: []"),
    ]);
    let outcome = run_with(&place, &text, &["--id", "basics"], |_| {});
    assert_eq!(outcome.code, 1, "{}", outcome.err);
    let ok = outcome.ended("ok");
    assert_eq!(ok["outcome"], "succeeded", "{ok}");
    assert_eq!(ok["outputs"]["version"], "1 2");
    assert_eq!(ok["outputs"]["k"], "v");
    assert_eq!(outcome.ended("argv")["outputs"]["all"], "$HOME-*-");
    assert_eq!(
        outcome.ended("stdin")["outputs"]["all"],
        Json::from(vec![1])
    );
    for (name, code) in [("confusing", 255), ("line", 1), ("missing", 127)] {
        let end = outcome.ended(name);
        assert_eq!(
            (&end["outcome"], &end["exit_code"]),
            (&"failed".into(), &code.into()),
            "{end}"
        );
    }
    assert_eq!(unsettled(sshd(), "basics-"), Vec::<String>::new());
}

#[test]
fn outputs_are_bounded_there_too() {
    let place = Place::new();
    let run = "run: 'head -c 3000000 /dev/zero | tr \"\\0\" x > \"$FLIGHTDECK_OUTPUT\"'";
    let outcome = run_with(
        &place,
        &workflow(&[step("many", "web1", run, "")]),
        &[],
        |_| {},
    );
    assert_eq!(outcome.ended("many")["outcome"], "failed");
    assert_eq!(
        message(&outcome, "many"),
        "the file $FLIGHTDECK_OUTPUT has more than 2097152 bytes"
    );
}

#[test]
fn secrets_go_through_standard_input_only() {
    let place = Place::new();
    let (arrived, go) = (place.work().join("arrived"), place.work().join("go"));
    let text = format!(
        "secrets: {{token: {{env: TOKEN_OF_TEST}}}}\n{}",
        workflow(&[step(
            "use",
            "web1",
            "run: 'printf %s \"$T\" > \"$A\"; until test -e \"$G\"; do sleep 0.05; done; echo \"said $T\"; cat', stdin: 'in ${{ secrets.token }}'",
            &format!(
                ", env: {{T: '${{{{ secrets.token }}}}', A: '{}', G: '{}'}}",
                arrived.display(),
                go.display()
            ),
        )])
    );
    let secret = "tok-3n-of-t3st-'$x\"";
    let outcome = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            run_with(&place, &text, &[], |command| {
                command.env("TOKEN_OF_TEST", secret);
            })
        });
        until("the command has begun", || {
            fs::read(&arrived).is_ok_and(|b| !b.is_empty())
        });
        let lines = command_lines();
        let far = all_of(&sshd().folders());
        fs::write(&go, "").unwrap();
        assert!(!lines.contains("tok-3n"), "{lines}");
        assert!(!holds(&far, "tok-3n"));
        run.join().unwrap()
    });
    assert_eq!(
        outcome.code,
        0,
        "{} {}",
        outcome.err,
        message(&outcome, "use")
    );
    assert_eq!(fs::read_to_string(&arrived).unwrap(), secret);
    let kept = all_of(&place.state());
    assert!(holds(&kept, "said ***") && holds(&kept, "in ***"));
    assert!(!holds(&kept, "tok-3n"));
}

/// What a shell, `ssh` or `printf` might take for more than text.
const PAYLOADS: [&str; 40] = [
    "; touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "a\nb",
    "\n",
    "'",
    "''",
    "\"",
    "\\",
    "\\'",
    "'; touch pwned; '",
    "-rf",
    "--",
    "-oProxyCommand=id",
    "*",
    "?",
    "[a-z]",
    "~",
    "~root",
    "${IFS}",
    "$HOME",
    "${HOME}",
    "$$",
    "!",
    "!!",
    "#x",
    "a#b",
    "&& id",
    "|| id",
    "| id",
    "> pwned",
    "< /etc/passwd",
    "&",
    "\t",
    " ",
    "",
    "%s%n",
    "[31m",
    "é漢\u{1f600}",
    "{a,b}",
];

#[test]
fn values_arrive_as_the_bytes_that_they_are() {
    let place = Place::new();
    let file = |name: &str| place.work().join(name);
    let env: Vec<String> = PAYLOADS
        .iter()
        .enumerate()
        .map(|(n, p)| format!("V{n}: {}", Json::from(*p)))
        .collect();
    let env = format!(
        ", env: {{OUT: '{}', {}}}",
        file("env").display(),
        env.join(", ")
    );
    let words: Vec<String> = PAYLOADS
        .iter()
        .map(|p| Json::from(*p).to_string())
        .collect();
    let stdin = PAYLOADS.join("\t");
    let text = workflow(&[
        step(
            "env",
            "web1",
            "run: 'i=0; while test $i -lt 40; do eval \"printf \\\"%s\\\\\\\\0\\\" \\\"\\$V$i\\\"\"; i=$((i + 1)); done > \"$OUT\"'",
            &env,
        ),
        step(
            "argv",
            "web1",
            &format!(
                "argv: [python3, -c, \"import sys; open(sys.argv[1], 'wb').write(b''.join(a.encode('utf-8', 'surrogateescape') + b'\\\\0' for a in sys.argv[2:]))\", '{}', {}]",
                file("argv").display(),
                words.join(", ")
            ),
            "",
        ),
        step(
            "stdin",
            "web1",
            &format!(
                "run: 'cat > \"$OUT\"', stdin: {}",
                Json::from(stdin.as_str())
            ),
            &format!(", env: {{OUT: '{}'}}", file("stdin").display()),
        ),
    ]);
    let outcome = run(&place, &text);
    assert_eq!(outcome.code, 0, "{} {:#?}", outcome.err, outcome.events);
    let expected: Vec<u8> = PAYLOADS
        .iter()
        .flat_map(|p| [p.as_bytes(), b"\0"].concat())
        .collect();
    for name in ["env", "argv"] {
        let came = fs::read(file(name)).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&came),
            String::from_utf8_lossy(&expected),
            "{name}"
        );
    }
    assert_eq!(fs::read_to_string(file("stdin")).unwrap(), stdin);
    let home = sshd().dir.join("home");
    for place in [home.as_path(), &place.work(), Path::new("/root")] {
        assert!(!place.join("pwned").exists());
    }
}

/// A name that only the run knows is looked at before `ssh` gets it.
#[test]
fn names_that_are_options_never_reach_ssh() {
    let place = Place::new();
    let bad = [
        "-oProxyCommand=touch pwned",
        "web1;id",
        "$(id)",
        "-",
        "a b",
        "user@-oX=y",
        "`id`",
        "web1\nid",
    ];
    let mut steps = Vec::new();
    for (n, name) in bad.iter().enumerate() {
        let value = Json::from(*name);
        steps.push(format!("  - {{id: v{n}, set: {{x: {value}}}, needs: []}}"));
        let config = sshd().config.display();
        for (key, id) in [("host", "h"), ("user", "u"), ("jump", "j")] {
            let host = if key == "host" { "" } else { "host: web1, " };
            steps.push(format!(
                "  - {{id: {id}{n}, needs: [v{n}], on_failure: ignore, ssh: {{config: '{config}', {host}{key}: '${{{{ steps.v{n}.outputs.x }}}}', run: touch pwned}}}}"
            ));
        }
    }
    let outcome = run(&place, &workflow(&steps));
    for n in 0..bad.len() {
        for id in ["h", "u", "j"] {
            let said = message(&outcome, &format!("{id}{n}"));
            assert!(
                said.contains("is not fit to be handed to ssh"),
                "{id}{n}: {said}"
            );
        }
    }
    assert!(!sshd().dir.join("home/pwned").exists() && !place.work().join("pwned").exists());
}

#[test]
fn each_of_many_hosts_is_a_member_with_its_own_end() {
    let place = Place::new();
    let config = sshd().config.display();
    let flag = place.work().join("flag");
    let text = format!(
        "name: many\nsteps:\n  - id: all\n    ssh: {{config: '{config}', hosts: [web1, web2, web3], run: 'case $H in web2) test -e \"$FLAG\" || {{ : > \"$FLAG\"; exit 3; }} ;; esac; echo \"$H\"'}}\n    env: {{H: '${{{{ item }}}}', FLAG: '{}'}}\n    max_parallel: 2\n    retry: {{limit: 1, delay: 100ms}}\n",
        flag.display()
    );
    let outcome = run(&place, &text);
    assert_eq!(outcome.code, 0, "{} {:#?}", outcome.err, outcome.events);
    for n in 1..=3 {
        assert_eq!(outcome.ended(&format!("all[{n}]"))["outcome"], "succeeded");
    }
    let failed: Vec<&Json> = outcome
        .events
        .iter()
        .filter(|e| e["outcome"] == "failed")
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (&failed[0]["step"], &failed[0]["exit_code"]),
        (&"all[2]".into(), &3.into())
    );
}

#[test]
fn it_goes_through_a_jump_host() {
    let place = Place::new();
    let text = workflow(&[
        step("by-alias", "inner", "run: 'echo through'", ""),
        step("by-key", "web1", "jump: gate, run: 'echo through'", ""),
    ]);
    let outcome = run(&place, &text);
    assert_eq!(outcome.code, 0, "{} {:#?}", outcome.err, outcome.events);
}

#[test]
fn files_go_there_and_come_back_whole() {
    let place = Place::new();
    let big: Vec<u8> = (0..3_000_000_u32)
        .flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes())
        .collect();
    fs::write(place.work().join("big file"), &big).unwrap();
    fs::write(place.work().join("tool.sh"), "#!/bin/sh\necho ran").unwrap();
    fs::set_permissions(
        place.work().join("tool.sh"),
        fs::Permissions::from_mode(0o750),
    )
    .unwrap();
    // Where a login begins is the home folder of whoever runs the tests, which is theirs.
    let home = sshd().dir.join("home");
    let home = home.display();
    let text = workflow(&[
        step(
            "copy",
            "web1",
            &format!(
                "upload: [{{from: big file, to: \"{home}/it's big\"}}, {{from: tool.sh, to: {home}}}], argv: ['{home}/tool.sh'], \
                 download: [{{from: \"{home}/it's big\", to: back}}, {{from: '{home}/tool.sh', to: .}}]"
            ),
            "",
        ),
        step(
            "none",
            "web1",
            "download: [{from: no-such-file, to: x}]",
            ", needs: []",
        ),
        step(
            "folder",
            "web1",
            "download: [{from: /tmp, to: x}]",
            ", needs: []",
        ),
        step(
            "nowhere",
            "web1",
            "upload: [{from: tool.sh, to: /no/such/folder/x}]",
            ", needs: []",
        ),
        step(
            "not-here",
            "web1",
            "upload: [{from: no-such-file, to: x}]",
            ", needs: []",
        ),
    ]);
    let outcome = run(&place, &text);
    assert_eq!(
        outcome.ended("copy")["outcome"],
        "succeeded",
        "{:#?}",
        outcome.events
    );
    assert_eq!(fs::read(place.work().join("back")).unwrap(), big);
    assert_eq!(fs::read(sshd().dir.join("home/it's big")).unwrap(), big);
    for (id, says) in [
        ("none", "no-such-file cannot be read"),
        ("folder", "/tmp is a folder: pack it first"),
        ("nowhere", "cannot write /no/such/folder/x"),
        (
            "not-here",
            "cannot read no-such-file: No such file or directory",
        ),
    ] {
        assert_eq!(outcome.ended(id)["outcome"], "failed");
        assert!(
            message(&outcome, id).ends_with(says),
            "{}",
            message(&outcome, id)
        );
    }
    let parts = fs::read_dir(place.work()).unwrap().flatten();
    assert!(
        parts
            .into_iter()
            .all(|e| !e.file_name().to_string_lossy().ends_with(".part"))
    );
}

#[test]
fn what_keeps_it_from_connecting_is_said_in_plain_words() {
    let place = Place::new();
    let cases = [
        ("shut", "shut: connection refused"),
        (
            "unknown",
            "unknown: host key verification failed: its key is not known here; connect once by hand",
        ),
        (
            "changed",
            "changed: the host key is not the one that is known",
        ),
        ("locked", "locked: permission denied (it accepts publickey)"),
    ];
    let mut steps: Vec<String> = cases
        .iter()
        .map(|(host, _)| step(host, host, "run: touch never", ", needs: []"))
        .collect();
    steps.push("  - {id: nameless, needs: [], ssh: {host: no-such-host.invalid, config: /dev/null, run: touch never}}".to_owned());
    let outcome = run(&place, &workflow(&steps));
    let cases = cases.iter().chain(&[(
        "nameless",
        "no-such-host.invalid: could not resolve the name",
    )]);
    for (id, says) in cases {
        let end = outcome.ended(id);
        assert_eq!(end["outcome"], "failed", "{end}");
        assert!(
            message(&outcome, id).starts_with(says),
            "{}",
            message(&outcome, id)
        );
    }
    assert!(!sshd().dir.join("home/never").exists());
}
