//! Values that want to be commands: each payload in each field that can hold a value. What arrived is read in a ledger of
//! files that the steps themselves write, and whatever a payload would have started leaves a file that must not exist.

use std::fmt::Write as _;

use crate::echo::Echo;
use crate::place::{Place, wait_for};

/// `CANARY` is made by whoever takes one of these for a command.
const PAYLOADS: [&str; 40] = [
    "; touch CANARY",
    "&& touch CANARY",
    "|| touch CANARY",
    "| touch CANARY",
    "& touch CANARY &",
    "$(touch CANARY)",
    "`touch CANARY`",
    "\"; touch CANARY; \"",
    "'; touch CANARY; '",
    "\\'; touch CANARY #",
    "\ntouch CANARY\n",
    "x\r\ntouch CANARY",
    "> CANARY",
    ">> CANARY",
    "< /etc/passwd > CANARY",
    "2>CANARY",
    "${IFS}touch${IFS}CANARY",
    "$IFS$()touch CANARY",
    "{touch,CANARY}",
    "<(touch CANARY)",
    "$((`touch CANARY`))",
    "$HOME",
    "${PATH:+$(touch CANARY)}",
    "*",
    "~/../../*",
    "?[a-z]{1..9}",
    "-rf",
    "--help",
    "-o ProxyCommand=touch CANARY",
    "-- ; touch CANARY",
    "E_O_F\ntouch CANARY",
    "v<<X\nevil=1\nX",
    "() { :; }; touch CANARY",
    "{{ 7 * 7 }}",
    "#{7*7} <%= `touch CANARY` %>",
    "\\$(touch CANARY)\\n",
    "%0a touch CANARY %s%n",
    "X-Evil: 1\r\n\r\nGET /CANARY HTTP/1.1",
    "\u{202e};touch CANARY\u{2066}",
    "../../../../etc/passwd",
];

const MARKS: [char; 2] = ['\u{202e}', '\u{2066}'];

/// YAML takes JSON's texts.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("JSON")
}

fn workflow(payloads: &[String], url: &str) -> String {
    let list: Vec<String> = payloads.iter().map(|p| quoted(p)).collect();
    let list = list.join(", ");
    let mut text = format!(
        r#"
name: inject
policies: {{max_parallel: 8}}
params:
PARAMS
steps:
  - {{id: argv, needs: [], for_each: [{list}], exec: {{argv: [./keep, "${{{{ item }}}}"]}}}}
  - {{id: env, needs: [], for_each: [{list}], env: {{V: "${{{{ item }}}}"}}, run: 'printf %s "$V" > "ledger/$FLIGHTDECK_STEP_ID"'}}
  - {{id: input, needs: [], for_each: [{list}], stdin: "${{{{ item }}}}", exec: {{argv: [sh, take]}}}}
  - {{id: matrix, needs: [], matrix: {{m: [{list}]}}, exec: {{argv: [./keep, "${{{{ matrix.m }}}}"]}}}}
  - {{id: asks, needs: [], for_each: [{list}], http: {{method: POST, url: "{url}/asks", json: {{v: "${{{{ item }}}}"}}}}}}
  - {{id: form, needs: [], for_each: [{list}], http: {{method: POST, url: "{url}/form", form: {{v: "${{{{ item }}}}"}}}}}}
  - id: publishes
    needs: []
    run: |
      for n in $(seq 1 40); do
        printf 'o%s<<E_N_D\n' $n >> "$FLIGHTDECK_OUTPUT"; cat payloads/$n >> "$FLIGHTDECK_OUTPUT"; printf '\nE_N_D\n' >> "$FLIGHTDECK_OUTPUT"
      done
    outputs:
"#
    );
    let mut params = String::new();
    for n in 1..=payloads.len() {
        let _ = writeln!(text, "      o{n}: {{file: true, required: true}}");
        let _ = writeln!(params, "  p{n}: {{type: string, required: true}}");
    }
    for n in 1..=payloads.len() {
        let _ = writeln!(
            text,
            "  - {{id: uses-{n}, needs: [publishes], exec: {{argv: [./keep, \"${{{{ steps.publishes.outputs.o{n} }}}}\"]}}}}"
        );
        let _ = writeln!(
            text,
            "  - {{id: given-{n}, needs: [], env: {{V: \"${{{{ params.p{n} }}}}\"}}, exec: {{argv: [./keep, \"${{{{ env.V }}}}\"]}}}}"
        );
    }
    text.replace("PARAMS\n", &params)
}

#[test]
fn values_arrive_as_they_are_and_start_nothing() {
    let place = Place::new();
    let echo = Echo::start();
    let payloads: Vec<String> = PAYLOADS.iter().map(ToString::to_string).collect();
    for folder in ["ledger", "payloads"] {
        std::fs::create_dir(place.path(folder)).expect("a folder");
    }
    let keep = place.write(
        "keep",
        "#!/bin/sh\nprintf %s \"$1\" > \"ledger/$FLIGHTDECK_STEP_ID\"\n",
    );
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(keep, mode).expect("a mode");
    place.write("take", "cat > \"ledger/$FLIGHTDECK_STEP_ID\"\n");
    let mut given = serde_json::Map::new();
    for (n, payload) in (1..).zip(&payloads) {
        place.write(&format!("payloads/{n}"), payload);
        given.insert(format!("p{n}"), payload.replace(MARKS, "").into());
    }
    place.write("given.json", &serde_json::Value::from(given).to_string());
    // Bidirectional marks are refused in what people write; from an output they arrive.
    let harmless: Vec<String> = payloads.iter().map(|p| p.replace(MARKS, "")).collect();
    place.write("inject.yaml", &workflow(&harmless, &echo.url));
    let before = names(&place);
    let run = place.output(&["run", "inject.yaml", "--headless", "--params", "given.json"]);
    let said =
        String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{said}");

    let arrived = |id: &str| {
        let bytes =
            std::fs::read(place.path("ledger").join(id)).unwrap_or_else(|e| panic!("{id}: {e}"));
        String::from_utf8(bytes).expect("UTF-8")
    };
    for (n, (payload, harmless)) in (1..).zip(payloads.iter().zip(&harmless)) {
        for field in ["argv", "env", "input", "matrix"] {
            assert_eq!(&arrived(&format!("{field}[{n}]")), harmless, "{field}");
        }
        assert_eq!(
            &arrived(&format!("uses-{n}")),
            &payload.replace("\r\n", "\n"),
            "output"
        );
        assert_eq!(&arrived(&format!("given-{n}")), harmless, "param");
        let heard = echo.heard();
        let json = format!("{{\"v\":{}}}", quoted(harmless));
        assert!(
            memchr::memmem::find(&heard, json.as_bytes()).is_some(),
            "http json: {json}"
        );
    }
    let heard = String::from_utf8_lossy(&echo.heard()).into_owned();
    assert_eq!(
        heard.matches("POST /").count(),
        2 * payloads.len(),
        "a request was smuggled in"
    );
    assert!(!heard.contains("\nGET "));
    let mut after = names(&place);
    after.retain(|name| name != "state");
    assert_eq!(before, after, "a payload was taken for a command");
    let ledger = std::fs::read_dir(place.path("ledger"))
        .expect("a folder")
        .count();
    assert_eq!(ledger, 6 * payloads.len());
}

/// What operators type: the form of an approval, changed inputs, outputs given with a mark, notes and reasons.
#[test]
fn what_operators_type_arrives_and_starts_nothing() {
    let place = Place::new();
    std::fs::create_dir(place.path("ledger")).expect("a folder");
    place.write(
        "take",
        "printf %s \"$V\" > \"ledger/$FLIGHTDECK_STEP_ID\"; test \"$V\" != first\n",
    );
    // Marks are refused in what people write, and nothing of them would arrive.
    let payloads = PAYLOADS.map(|p| p.replace(MARKS, ""));
    let mut text = "name: typed\nsteps:\n".to_owned();
    for n in 1..=payloads.len() {
        let _ = write!(
            text,
            r#"  - {{id: ask-{n}, needs: [], approval: {{message: m, form: {{v: {{type: string}}}}}}}}
  - {{id: form-{n}, env: {{V: "${{{{ steps.ask-{n}.outputs.v }}}}"}}, exec: {{argv: [sh, take]}}}}
  - {{id: changed-{n}, needs: [], env: {{V: first}}, exec: {{argv: [sh, take]}}}}
  - {{id: mark-{n}, needs: [], exec: {{argv: [sh, -c, exit 3]}}, outputs: {{o: {{file: true}}}}}}
  - {{id: marked-{n}, env: {{V: "${{{{ steps.mark-{n}.outputs.o }}}}"}}, exec: {{argv: [sh, take]}}}}
"#
        );
    }
    place.write("typed.yaml", &text);
    let before = names(&place);
    let mut engine = place.start(&["run", "typed.yaml", "--headless", "--hold", "--id", "r"]);
    place.wait_for_run();
    let ctl = |args: &[&str]| {
        let told = place.output(&[&["ctl", "r"], args].concat());
        assert!(told.status.success(), "{args:?}: {told:?}");
    };
    wait_for("the failures", || {
        let steps = place.show("r")["steps"].clone();
        let failed = |step: &&serde_json::Value| step["state"] == "failed";
        steps
            .as_array()
            .into_iter()
            .flatten()
            .filter(failed)
            .count()
            == 2 * payloads.len()
    });
    for (n, payload) in (1..).zip(&payloads) {
        let (ask, changed, mark) = (
            format!("ask-{n}"),
            format!("changed-{n}"),
            format!("mark-{n}"),
        );
        ctl(&["approve", &ask, "--set", &format!("v={payload}")]);
        ctl(&[
            "retry",
            &changed,
            "--set",
            &format!("env.V={payload}"),
            "--reason",
            payload,
        ]);
        ctl(&["note", &mark, "--reason", payload]);
        ctl(&[
            "mark",
            &mark,
            "--set",
            &format!("o={payload}"),
            "--reason",
            payload,
        ]);
    }
    engine.wait().expect("reaped");
    assert_eq!(place.phase("r"), "completed_with_exceptions");
    for (n, payload) in (1..).zip(&payloads) {
        for field in ["form", "changed", "marked"] {
            let arrived =
                std::fs::read(place.path(&format!("ledger/{field}-{n}"))).expect("it ran");
            assert_eq!(
                &String::from_utf8(arrived).expect("UTF-8"),
                payload,
                "{field}"
            );
        }
    }
    let mut after = names(&place);
    after.retain(|name| name != "state" && name != "talk");
    assert_eq!(before, after, "a payload was taken for a command");
}

/// All that stands in the folder where steps run.
fn names(place: &Place) -> Vec<String> {
    let entries = std::fs::read_dir(place.path(""))
        .expect("a folder")
        .flatten();
    let mut names: Vec<String> = entries
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A value inside the text of a shell is refused before anything starts, wherever such a text can stand.
#[test]
fn a_value_in_a_shell_text_is_refused_everywhere() {
    let texts = [
        "{id: a, run: 'echo ${{ params.p }}'}",
        "{id: a, exec: {argv: [sh, -c, 'echo ${{ params.p }}']}}",
        "{id: a, exec: {argv: [/bin/bash, -euc, 'echo ${{ params.p }}']}}",
        "{id: a, run: 'true', verify: {run: 'test ${{ params.p }}'}}",
        "{id: a, run: 'true', verify: {exec: {argv: [sh, -c, 'test ${{ params.p }}']}}}",
    ];
    for step in texts {
        let place = Place::new();
        let text = format!(
            "name: x\nparams: {{p: {{type: string, default: '$(touch canary)'}}}}\nsteps:\n  - {step}\n"
        );
        place.write("x.yaml", &text);
        let run = place.output(&["run", "x.yaml", "--headless"]);
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(2), "{step}: {said}");
        assert!(said.contains("env"), "no cure is told: {said}");
        assert!(!place.path("canary").exists());
    }
}
