//! Secrets x sinks: a run in which every step says the secrets in every form, by every way a step has to say something.
//! Then all bytes that the program has written anywhere are searched.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::echo::Echo;
use crate::face::Face;
use crate::hidden::{ACCOUNT, Form, HEADER, KEY, PASSWORD, all_files, forms, hits};
use crate::place::{Place, wait_for};

/// Says the files that it is given in pieces of 1 to 64 bytes, by turns on standard output and standard error.
const PIECES: &str = r#"
import os, sys
text = open(sys.argv[1], "rb").read()
for size in list(range(1, 65)):
    at = 0
    while at < len(text):
        os.write(1 + at // size % int(sys.argv[2]), text[at:at + size])
        at += size
"#;

fn workflow(echo: &str) -> String {
    let url = echo;
    format!(
        r#"
name: leaky
secrets:
  password: {{file: secrets/password}}
  key: {{file: secrets/key}}
  account: {{command: [cat, secrets/account]}}
  header: {{file: secrets/header}}
env: {{PASSWORD: "${{{{ secrets.password }}}}", KEY: "${{{{ secrets.key }}}}", ACCOUNT: "${{{{ secrets.account }}}}"}}
defaults: {{on_failure: ignore}}
policies: {{max_parallel: 1}}
steps:
  - id: says
    run: |
      echo begins; cat all-forms; echo ends
      printf '%s\n' "$PASSWORD" "$KEY" "$ACCOUNT" >&2
      set -x; : "$PASSWORD" "$KEY" "$ACCOUNT"
  - id: pieces
    exec: {{argv: [python3, pieces.py, all-forms, "1"]}}
  - id: both-streams
    exec: {{argv: [python3, pieces.py, all-forms, "2"]}}
    outputs: {{x: {{regex: "tok.*", required: false}}}}
  - id: halves
    run: |
      printf '%s' tok-94a; sleep 0.3; printf '%s' fbe22c1 >&2; sleep 0.3; echo; echo >&2
      printf 'x tok-94a' >&2; sleep 0.3; printf '%s' fbe22c1
    outputs: {{x: {{regex: "nothing", required: false}}}}
  - id: publishes
    run: |
      n=0
      while IFS= read -r line; do n=$((n+1)); printf 'out%s=%s\n' $n "$line" >> "$FLIGHTDECK_OUTPUT"; done < all-forms
      printf 'multi<<E_O_F\n%s\nE_O_F\n' "$KEY" >> "$FLIGHTDECK_OUTPUT"
      printf '%s=1\n' "$(cat secrets/field)" >> "$FLIGHTDECK_OUTPUT"
      printf 'password is: %s\n' "$PASSWORD"
    outputs: {{found: {{regex: "password is: (.*)"}}, multi: {{file: true, required: true}}}}
  - id: publishes-json
    run: printf '%s' "$ACCOUNT"
    outputs: {{whole: {{json: ""}}, token: {{json: token}}, private: {{json: private}}}}
  - id: uses
    run: echo "$FOUND" "$MULTI"
    env: {{FOUND: "${{{{ steps.publishes.outputs.found }}}}", MULTI: "${{{{ steps.publishes.outputs.multi }}}}"}}
  - id: wrong-line
    run: cat secrets/field >> "$FLIGHTDECK_OUTPUT"
  - id: no-end
    run: printf 'a<<%s\n' "$(cat secrets/field)" >> "$FLIGHTDECK_OUTPUT"
  - id: not-json
    run: printf '%s' "$PASSWORD"
    outputs: {{x: {{json: a}}}}
  - id: leaves
    exec: {{argv: [sh, leaves.sh]}}
  - id: probed
    run: "true"
    verify: {{run: 'cat all-forms; exit 1'}}
  - id: typed
    exec: {{argv: [sh, -c, 'cat; exit 3']}}
  - id: asks
    http:
      method: POST
      url: "{url}/ask?q=${{{{ secrets.account }}}}"
      headers: {{x-token: "tok ${{{{ secrets.header }}}}"}}
      auth: {{user: ana, password: "${{{{ secrets.password }}}}"}}
      json: {{all: ["${{{{ secrets.password }}}}", "${{{{ secrets.key }}}}", "${{{{ secrets.account }}}}"]}}
  - id: refused
    http:
      method: POST
      url: "{url}/refuse?t=${{{{ secrets.password }}}}"
      form: {{a: "${{{{ secrets.password }}}}", b: "${{{{ secrets.key }}}}"}}
      expect: "status == 200 and 'zzz' in body"
  - id: nowhere
    http: {{method: PUT, url: "http://127.0.0.1:9/${{{{ secrets.password }}}}", body: "${{{{ secrets.key }}}}"}}
  - id: tells
    notify: {{webhook: "{url}/refuse/${{{{ secrets.password }}}}", message: "it happened"}}
"#
    )
}

fn furnish(place: &Place, echo: &Echo) {
    std::fs::create_dir(place.path("secrets")).expect("a folder");
    place.write("secrets/password", PASSWORD);
    place.write("secrets/key", KEY);
    place.write("secrets/account", ACCOUNT);
    place.write("secrets/header", HEADER);
    place.write("secrets/field", "tok-94afbe22c1\n");
    let text: String = forms()
        .iter()
        .map(|form| form.text.clone() + "\n")
        .collect();
    place.write("all-forms", &text);
    place.write("pieces.py", PIECES);
    place.write(
        "leaves.sh",
        "sh -c 'sleep 3; : $1' x \"$PASSWORD\" >/dev/null 2>&1 &\n",
    );
    place.write("leaky.yaml", &workflow(&echo.url));
}

#[test]
fn no_secret_in_any_form_is_in_anything_that_is_written() {
    let place = Place::new();
    let echo = Echo::start();
    furnish(&place, &echo);
    let forms = forms();
    let watch = Watch::start(&place);
    let run = place.output(&["run", "leaky.yaml", "--headless", "--json", "--id", "one"]);
    let shown_run = place.output(&["run", "leaky.yaml", "--headless", "--id", "two"]);
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    assert_eq!(
        run.status.code(),
        Some(3),
        "{told}\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let mut found = watch.stop();
    assert_spoke(&place, &echo);

    for file in all_files(&place.path("state")) {
        let bytes = std::fs::read(&file).expect("a file of the state folder");
        found.extend(hits(&file.display().to_string(), &bytes, &forms));
    }
    let mut look = |what: &str, bytes: &[u8]| found.extend(hits(what, bytes, &forms));
    for (what, output) in [("run --json", &run), ("run", &shown_run)] {
        look(what, &output.stdout);
        look(what, &output.stderr);
    }
    let steps = ["says", "both-streams", "probed", "asks", "refused", "tells"];
    let mut commands = vec![
        vec!["show", "one"],
        vec!["show", "one", "--json"],
        vec!["show", "one", "--events"],
        vec!["list"],
        vec!["plan", "leaky.yaml"],
    ];
    commands.extend(steps.map(|step| vec!["logs", "one", step]));
    commands.extend(steps.map(|step| vec!["logs", "one", step, "--raw"]));
    for args in commands {
        let output = place.output(&args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        look(&args.join(" "), &output.stdout);
        look(&args.join(" "), &output.stderr);
    }
    assert!(
        found.is_empty(),
        "secrets were found:\n{}",
        found.join("\n")
    );
}

/// The run really said what it should have: else nothing found would mean nothing.
fn assert_spoke(place: &Place, echo: &Echo) {
    let log =
        |step: &str| String::from_utf8(place.output(&["logs", "one", step]).stdout).expect("UTF-8");
    let says = log("says");
    assert!(says.contains("begins") && says.contains("ends"), "{says}");
    assert!(says.matches("***").count() >= forms().len(), "{says}");
    assert!(log("pieces").matches("***").count() >= 32 * forms().len());
    assert!(log("probed").is_empty() && log("not-json").contains("***"));
    let heard = String::from_utf8_lossy(&echo.heard()).into_owned();
    assert!(
        heard.contains("tok-94afbe22c1") && heard.contains("/refuse"),
        "{heard}"
    );
    assert!(log("refused").contains("500"), "{}", log("refused"));
    let show = place.show("one").to_string();
    assert!(show.contains("***") && show.contains("\"multi\""), "{show}");
}

#[test]
fn no_secret_reaches_the_terminal() {
    let place = Place::new();
    let echo = Echo::start();
    furnish(&place, &echo);
    let workflow = workflow(&echo.url).replace("on_failure: ignore", "on_failure: hold");
    let held: String = workflow
        .split("  - id: wrong-line")
        .next()
        .unwrap_or_default()
        .to_owned();
    let held = held + "  - id: typed\n    exec: {argv: [sh, -c, 'cat all-forms; exit 3']}\n";
    place.write("leaky.yaml", &held);
    let forms = forms();
    let mut face = Face::start(&place, &["run", "leaky.yaml", "--id", "one"], 120, 40);
    let mut found = Vec::new();
    let mut look = |what: &str, face: &Face| {
        let screen = face.text();
        found.extend(hits(what, screen.as_bytes(), &forms));
        // A text that goes on in the next row.
        found.extend(hits(what, screen.replace('\n', "").as_bytes(), &forms));
    };
    face.wait("ATTENTION");
    look("outline", &face);
    for (keys, what) in [
        ("4", "log"),
        ("w", "wrapped log"),
        ("5", "audit"),
        ("1", "outline"),
        ("i", "inputs"),
        ("\u{1b}", "back"),
        ("Y", "definition"),
        ("\u{1b}", "back"),
        ("e", "changed inputs"),
    ] {
        face.keys(keys);
        std::thread::sleep(std::time::Duration::from_millis(400));
        look(what, &face);
    }
    assert!(
        face.text().contains("PASSWORD"),
        "no form of the inputs:\n{}",
        face.text()
    );
    let bytes = face.bytes();
    assert!(memchr::memmem::find(&bytes, b"***").is_some());
    found.extend(hits("the bytes to the terminal", &bytes, &forms));
    assert!(
        found.is_empty(),
        "secrets were found:\n{}",
        found.join("\n")
    );
}

#[test]
fn what_is_too_short_to_be_masked_is_refused() {
    let place = Place::new();
    place.write("short", "1234567\n");
    place.write("blank", "            \n");
    for file in ["short", "blank"] {
        let text = format!(
            "name: short\nsecrets: {{s: {{file: {file}}}}}\nsteps:\n  - {{id: a, run: 'touch ran', env: {{S: \"${{{{ secrets.s }}}}\"}}}}\n"
        );
        place.write("short.yaml", &text);
        let output = place.output(&["run", "short.yaml", "--headless"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("is too short to mask"), "{said}");
        assert!(!place.path("ran").exists());
    }
}

#[test]
fn a_secret_that_appears_during_the_run_is_masked_in_the_next_step() {
    let place = Place::new();
    let text = "name: late\nsecrets: {s: {file: token}}\nsteps:\n  - {id: makes, run: 'printf %s rotated-one-1 > token'}\n  - {id: says, run: 'cat token'}\n  - {id: again, run: 'printf %s rotated-two-2 > token'}\n  - {id: said, run: 'cat token'}\n";
    place.write("late.yaml", text);
    let output = place.output(&["run", "late.yaml", "--headless", "--id", "one"]);
    assert!(output.status.success(), "{output:?}");
    for step in ["says", "said"] {
        let log = place.output(&["logs", "one", step]);
        assert_eq!(String::from_utf8_lossy(&log.stdout), "***\n", "{step}");
    }
}

/// Looks at all processes again and again: a secret may stand in the environment of the step that declares it, nowhere else.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<(usize, Vec<String>)>,
}

impl Watch {
    fn start(place: &Place) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&stop);
        let mark = place.path("").display().to_string();
        let thread = std::thread::spawn(move || {
            let mut found = std::collections::BTreeSet::new();
            let mut seen = 0;
            let plain: Vec<Form> = forms()
                .into_iter()
                .filter(|f| f.name.ends_with("plain"))
                .collect();
            while !over.load(Ordering::SeqCst) {
                for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
                    seen += look_at(&entry.path(), &mark, &plain, &mut found);
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            (seen, found.into_iter().collect())
        });
        Self { stop, thread }
    }

    fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        let (seen, found) = self.thread.join().expect("the watch");
        assert!(seen > 10, "only {seen} processes of the run were seen");
        found
    }
}

/// 1 if it is a process of this test's run.
fn look_at(
    process: &Path,
    mark: &str,
    plain: &[Form],
    found: &mut std::collections::BTreeSet<String>,
) -> usize {
    let read = |name: &str| std::fs::read(process.join(name)).unwrap_or_default();
    let (line, environment) = (read("cmdline"), read("environ"));
    let has = |bytes: &[u8], text: &[u8]| memchr::memmem::find(bytes, text).is_some();
    if !has(&environment, mark.as_bytes()) {
        return 0;
    }
    let is_step = has(&environment, b"FLIGHTDECK_STEP_ID=");
    // This one puts it there itself, to see whether that is told on.
    let leaves = has(&environment, b"FLIGHTDECK_STEP_ID=leaves");
    let name = String::from_utf8_lossy(&line).replace('\0', " ");
    if !leaves {
        found.extend(hits("an argument list", &line, plain));
    }
    if !is_step {
        found.extend(hits(
            &format!("the environment of {name}"),
            &environment,
            plain,
        ));
    }
    1
}

#[test]
fn other_users_cannot_look_into_a_running_engine_or_attempt() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: needs root, to look at processes of another user");
        return;
    }
    let place = Place::new();
    place.write("slow.yaml", "name: slow\nsteps:\n  - {id: a, run: 'touch began; while [ ! -e over ]; do sleep 0.1; done'}\n");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o1777);
    std::fs::set_permissions(place.path(""), open).expect("open for nobody");
    let exe = place.path("flightdeck");
    std::fs::copy(env!("CARGO_BIN_EXE_flightdeck"), &exe).expect("a copy that nobody may run");
    let mut run = std::process::Command::new("setpriv");
    run.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    run.arg(&exe)
        .args(["run", "slow.yaml", "--headless"])
        .current_dir(place.path(""));
    run.env("FLIGHTDECK_STATE_DIR", place.path("state"))
        .env("HOME", place.path(""));
    let mut engine = run
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("setpriv of util-linux");
    wait_for("the step", || place.path("began").exists());
    let threads = std::fs::read_dir(format!("/proc/{}/task", engine.id())).expect("threads");
    let children: String = threads
        .flatten()
        .map(|thread| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default())
        .collect();
    let attempt = children
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned();
    for pid in [engine.id().to_string(), attempt] {
        // The kernel gives the files of a process that cannot be dumped to root.
        let facts = std::fs::metadata(format!("/proc/{pid}/environ")).expect("a process");
        assert_eq!(
            std::os::unix::fs::MetadataExt::uid(&facts),
            0,
            "process {pid} could be dumped"
        );
    }
    place.write("over", "");
    assert!(engine.wait().expect("its end").success());
}
