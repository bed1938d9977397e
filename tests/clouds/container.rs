//! `container` against podman's API. What came of it is read back by podman itself.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::ops::Deref;

use serde_json::Value as Json;

use crate::parties::podman::{podman, registry, says, socket};
use crate::parties::{free_port, until};
use crate::place::Place;
use crate::ride::Ride;

/// A run whose containers go with it. Their names begin with `name`.
pub(crate) struct Harbour {
    ride: Ride,
    name: &'static str,
}

impl Deref for Harbour {
    type Target = Ride;

    fn deref(&self) -> &Ride {
        &self.ride
    }
}

impl Harbour {
    pub(crate) fn new(name: &'static str) -> Self {
        let ride = Ride(Place::new());
        Self { ride, name }
    }

    /// Steps in which `NAME` stands for the name.
    pub(crate) fn steps(&self, steps: &str) -> String {
        let steps = steps.replace("NAME", self.name);
        format!("{steps}\nenv: {{DOCKER_HOST: \"{}\"}}\n", socket())
    }

    fn sail(&self, steps: &str) -> (i32, String) {
        self.run(&self.steps(steps))
    }

    /// Names and states of its containers, as podman has them.
    pub(crate) fn there(&self) -> Vec<String> {
        let filter = format!("name=^{}", self.name);
        let text = says(&["ps", "-a", "--filter", &filter, "--format", "json"]);
        let listed: Json = serde_json::from_str(&text).expect("JSON");
        let listed = listed.as_array().expect("a list").iter();
        let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let mut all: Vec<String> = listed
            .map(|one| format!("{} {}", word(&one["Names"][0]), word(&one["State"])))
            .collect();
        all.sort();
        all
    }
}

impl Drop for Harbour {
    fn drop(&mut self) {
        let filter = format!("name=^{}", self.name);
        let names = says(&["ps", "-a", "--filter", &filter, "--format", "{{.Names}}"]);
        for name in names.lines() {
            podman(&["rm", "-f", "-t", "0", name]);
        }
    }
}

#[test]
fn a_service_is_made_gets_healthy_and_is_stopped_started_and_removed() {
    let harbour = Harbour::new("shop");
    let port = free_port();
    let steps = r#"
  - id: up
    container:
      run:
        {image: localhost/app:1, name: NAME, ports: ["127.0.0.1:PORT:8080"], memory: 64MiB, env: {COLOUR: blue},
         labels: {tier: web}, wait: healthy, healthy: {http: "http://127.0.0.1:PORT/"}}
  - {id: look, container: {inspect: NAME, expect: status == 'running'}}
  - {id: colour, container: {exec: NAME, command: [/bin/sh, -c, 'echo "$COLOUR"']}}
  - {id: said, run: 'test "$TEXT" = blue', env: {TEXT: "${{ steps.colour.outputs.text | trim }}"}}
  - {id: stop, container: {stop: NAME, grace: 0}}
  - {id: stopped, container: {wait: NAME, for: exited}}
  - {id: start, container: {start: NAME, healthy: {tcp: "127.0.0.1:PORT"}}}
  - {id: restart, container: {restart: NAME, grace: 0}}
  - {id: hold, approval: {message: "Look"}}
  - {id: remove, container: {remove: NAME, grace: 0}}
  - {id: again, container: {remove: NAME, expect: not removed}}
"#;
    let steps = harbour.steps(&steps.replace("PORT", &port.to_string()));
    let mut run = harbour.begin(&steps, &["--hold"]);
    until("all but the end", || harbour.is("hold", "waiting"));
    assert_eq!(harbour.there(), ["shop running"]);
    let seen = says(&[
        "inspect",
        "shop",
        "--format",
        "{{.HostConfig.Memory}} {{index .Config.Labels \"tier\"}} {{index .Config.Labels \"flightdeck.step\"}}",
    ]);
    assert_eq!(seen, "67108864 web up");
    harbour.ctl(&["approve", "hold"]);
    assert!(
        run.wait().expect("its end").success(),
        "{}",
        harbour.log("remove")
    );
    assert!(harbour.there().is_empty());
}

#[test]
fn a_job_says_what_it_says_and_ends_as_it_ends() {
    let harbour = Harbour::new("job");
    let steps = harbour.steps(
        r#"
  - id: job
    container:
      run:
        image: localhost/app:1
        name: NAME
        command: [/bin/sh, -c, 'echo out; echo err >&2; test -e /gate/go || exit 3']
        volumes: ["GATE:/gate"]
        wait: exit
"#,
    );
    let gate = harbour.path("gate");
    std::fs::create_dir(&gate).expect("a folder");
    let mut run = harbour.begin(&steps.replace("GATE", gate.to_str().unwrap()), &["--hold"]);
    until("its failure", || harbour.is("job", "failed"));
    assert_eq!(harbour.message("job"), "job ended with exit 3");
    let log = harbour.log("job");
    assert!(log.contains("\nout\n") && log.contains("\nerr\n"), "{log}");
    harbour.write("gate/go", "");
    harbour.ctl(&["retry", "job"]);
    assert!(
        run.wait().expect("its end").success(),
        "{}",
        harbour.log("job")
    );
    assert_eq!(harbour.there(), ["job exited"]);
    assert_eq!(
        says(&["inspect", "job", "--format", "{{.State.ExitCode}}"]),
        "0"
    );
}

/// Engine and attempt process die while the job runs: the next attempt finds it, and waits for the same one.
#[test]
fn a_container_is_made_once_whatever_dies() {
    let harbour = Harbour::new("once");
    let steps = harbour.steps(
        r#"
  - id: job
    container:
      run:
        image: localhost/app:1
        name: NAME
        command: [/bin/sh, -c, 'echo begun; while ! test -e /gate/go; do sleep 0.05; done; echo ended']
        volumes: ["GATE:/gate"]
        wait: exit
"#,
    );
    let gate = harbour.path("gate");
    std::fs::create_dir(&gate).expect("a folder");
    let mut run = harbour.begin(&steps.replace("GATE", gate.to_str().unwrap()), &["--hold"]);
    harbour.logs("job", "begun");
    let id = says(&["inspect", "once", "--format", "{{.Id}}"]);
    harbour.kill(&mut run);
    let mut resumed = harbour.start(&["resume", "r", "--headless", "--hold"]);
    harbour.logs("job", "is there already, and is taken over");
    harbour.write("gate/go", "");
    assert!(
        resumed.wait().expect("its end").success(),
        "{}",
        harbour.log("job")
    );
    assert_eq!(harbour.there(), ["once exited"]);
    assert_eq!(says(&["inspect", "once", "--format", "{{.Id}}"]), id);
    assert_eq!(harbour.attempt("job")["outputs"]["adopted"], true);
    assert!(harbour.log("job").contains("\nended\n"));
}

#[test]
fn a_name_that_is_taken_says_by_whom() {
    let harbour = Harbour::new("taken");
    let made = podman(&["create", "--name", "taken", "localhost/app:1"]);
    assert!(made.status.success(), "{made:?}");
    let (code, talk) =
        harbour.sail("  - {id: a, container: {run: {image: 'localhost/app:1', name: NAME}}}\n");
    assert_eq!(code, 1, "{talk}");
    let message = harbour.message("a");
    assert!(
        message.starts_with("the name taken is taken by container ")
            && message.ends_with(" (localhost/app:1, created), not made by flightdeck: choose another name, remove it, or use `replace`"),
        "{message}"
    );
    assert_eq!(harbour.there(), ["taken created"]);
}

const REPLACE: &str = r#"
  - id: old
    container: {run: {image: "localhost/app:1", name: NAME, labels: {version: "1"}}}
  - id: new
    container:
      replace: {image: "localhost/app:1", name: NAME, labels: {version: "2"}, healthcheck: CHECK}
      grace: 0
"#;

#[test]
fn a_new_container_takes_the_place_of_the_old_one() {
    let harbour = Harbour::new("swap");
    let (code, talk) = harbour.sail(&REPLACE.replace("CHECK", "[/bin/true]"));
    assert_eq!(code, 0, "{talk} {}", harbour.log("new"));
    assert_eq!(harbour.there(), ["swap running", "swap-before exited"]);
    let version = |name: &str| {
        says(&[
            "inspect",
            name,
            "--format",
            "{{index .Config.Labels \"version\"}}",
        ])
    };
    assert_eq!(
        (version("swap"), version("swap-before")),
        ("2".into(), "1".into())
    );
    assert_eq!(harbour.attempt("new")["outputs"]["health"], "healthy");
}

#[test]
fn the_old_container_comes_back_if_the_new_one_does_not_get_healthy() {
    let harbour = Harbour::new("back");
    let (code, talk) = harbour.sail(&REPLACE.replace("CHECK", "[/bin/false]"));
    assert_eq!(code, 1, "{talk}");
    let message = harbour.message("new");
    assert!(
        message.starts_with("back is unhealthy by its own healthcheck")
            && message.ends_with("; the old back is back and runs"),
        "{message}"
    );
    assert_eq!(harbour.there(), ["back running"]);
    assert_eq!(
        says(&[
            "inspect",
            "back",
            "--format",
            "{{index .Config.Labels \"version\"}}"
        ]),
        "1"
    );
}

/// What the engine refuses only when the old one has made room.
#[test]
fn the_old_container_comes_back_if_the_new_one_cannot_be_made() {
    let harbour = Harbour::new("refused");
    let steps = REPLACE.replace("healthcheck: CHECK", "network: nowhere");
    let (code, talk) = harbour.sail(&steps);
    assert_eq!(code, 1, "{talk}");
    let message = harbour.message("new");
    assert!(
        message.starts_with("cannot make the container refused: ")
            && message.ends_with("; the old refused is back and runs"),
        "{message}"
    );
    assert_eq!(harbour.there(), ["refused running"]);
}

/// A service is not left without either container when somebody has had enough.
#[test]
fn the_old_container_comes_back_if_the_replace_is_cancelled_or_takes_too_long() {
    let harbour = Harbour::new("halfway");
    let nobody = format!("healthy: {{tcp: \"127.0.0.1:{}\"}}", free_port());
    let steps = REPLACE.replace("healthcheck: CHECK", &nobody);
    let mut run = harbour.begin(&harbour.steps(&steps), &["--hold"]);
    harbour.logs("new", "health: ");
    harbour.ctl(&["cancel", "new"]);
    until("the verdict", || harbour.is("new", "cancelled"));
    let back = "; the old halfway is back and runs";
    assert_eq!(harbour.message("new"), format!("cancelled{back}"));
    assert_eq!(harbour.there(), ["halfway running"]);
    run.kill().expect("killed");
    run.wait().expect("reaped");
    std::fs::remove_dir_all(harbour.path("state/runs/r")).expect("forgotten");
    podman(&["rm", "-f", "-t", "0", "halfway"]);

    let (code, talk) = harbour.sail(&steps.replace("- id: new", "- id: new\n    timeout: 3s"));
    assert_eq!(code, 1, "{talk}");
    assert_eq!(harbour.message("new"), format!("timed out after 3s{back}"));
    assert_eq!(harbour.there(), ["halfway running"]);
}

/// A job would go on by itself: a cancel stops it, as it stops every other step.
#[test]
fn a_cancelled_job_is_stopped() {
    let harbour = Harbour::new("adrift");
    let steps = harbour.steps(
        "  - {id: job, kill_grace: 1s, container: {run: {image: 'localhost/app:1', name: NAME, command: [/bin/sh, -c, 'echo begun; sleep 60'], wait: exit}}}\n",
    );
    let mut run = harbour.begin(&steps, &["--hold"]);
    harbour.logs("job", "begun");
    harbour.ctl(&["cancel", "job"]);
    until("the verdict", || harbour.is("job", "cancelled"));
    assert_eq!(harbour.message("job"), "cancelled; adrift was stopped");
    assert_eq!(harbour.there(), ["adrift exited"]);
    run.kill().expect("killed");
    run.wait().expect("reaped");
}

#[test]
fn what_cannot_be_had_is_told_plainly() {
    let harbour = Harbour::new("none");
    let check = |step: &str, what: &str| {
        let (code, talk) = harbour.sail(&format!("  - {{id: a, container: {step}}}\n"));
        assert_eq!(code, 1, "{talk}");
        let message = harbour.message("a");
        assert!(message.contains(what), "{message}");
        std::fs::remove_dir_all(harbour.path("state/runs/r")).expect("forgotten");
    };
    check("{inspect: NAME}", "there is no container none");
    check(
        "{run: {image: 'localhost/nope:1', name: NAME, pull: never}}",
        "the image localhost/nope:1 is not here, and the step says `pull: never`",
    );
    check(
        "{run: {image: 'localhost:1/nope:1', name: NAME}}",
        "cannot pull localhost:1/nope:1: ",
    );
    check(
        "{run: {image: 'localhost/app:1', name: NAME, command: [/no/such/program]}}",
        "cannot start none: ",
    );
    assert!(
        harbour.there().is_empty(),
        "what does not start is not left"
    );
    check(
        "{inspect: NAME, host: 'unix:///no/such/socket'}",
        "cannot reach the container engine at unix:///no/such/socket: ",
    );
    check(
        "{inspect: NAME, host: 'ssh://elsewhere'}",
        "is no place of a container engine",
    );
}

/// From a registry that wants to know who asks: without a login it is refused, with one the image comes.
#[test]
fn an_image_is_fetched_with_the_login_of_the_user() {
    let harbour = Harbour::new("fetched");
    let image = format!("{}/app:1", registry());
    let push = [
        "push",
        "--creds",
        "ana:open-sesame",
        "localhost/app:1",
        &image,
    ];
    let pushed = podman(&push);
    assert!(pushed.status.success(), "{pushed:?}");
    let step = format!("  - {{id: a, container: {{run: {{image: '{image}', name: NAME}}}}}}\n");
    let (code, talk) = harbour.sail(&step);
    assert_eq!(code, 1, "{talk}");
    let message = harbour.message("a");
    assert!(
        message.starts_with(&format!("cannot pull {image}: ")),
        "{message}"
    );
    std::fs::remove_dir_all(harbour.path("state/runs/r")).expect("forgotten");

    std::fs::create_dir(harbour.path(".docker")).expect("a folder");
    // As `docker login` writes it: ana:open-sesame.
    let login = format!(
        r#"{{"auths": {{"{}": {{"auth": "YW5hOm9wZW4tc2VzYW1l"}}}}}}"#,
        registry()
    );
    harbour.write(".docker/config.json", &login);
    let (code, talk) = harbour.sail(&step);
    assert_eq!(code, 0, "{talk} {}", harbour.log("a"));
    assert_eq!(harbour.there(), ["fetched running"]);
    assert!(harbour.log("a").contains(&format!("pulling {image}")));
}

/// What a step said may be anything: as a name it asks for nothing else.
#[test]
fn a_name_that_is_none_asks_for_nothing() {
    let harbour = Harbour::new("stowed");
    let made = podman(&["create", "--name", "stowed", "localhost/app:1"]);
    assert!(made.status.success(), "{made:?}");
    for name in ["prune?x=", "../containers/prune?x="] {
        let step = format!("  - {{id: a, container: {{start: '{name}'}}}}\n");
        let (code, talk) = harbour.sail(&step);
        assert_eq!(code, 1, "{talk}");
        let message = harbour.message("a");
        assert!(message.contains("is no name of a container"), "{message}");
        assert_eq!(harbour.there(), ["stowed created"]);
        std::fs::remove_dir_all(harbour.path("state/runs/r")).expect("forgotten");
    }
}

/// Nothing was set aside, so nothing comes back: what is kept was stopped by somebody, long ago.
#[test]
fn what_another_replace_has_kept_is_not_started() {
    let harbour = Harbour::new("bygone");
    let made = podman(&["create", "--name", "bygone-before", "localhost/app:1"]);
    assert!(made.status.success(), "{made:?}");
    for (new, why) in [
        ("network: nowhere", "cannot make the container bygone: "),
        (
            "healthcheck: [/bin/false]",
            "bygone is unhealthy by its own healthcheck",
        ),
    ] {
        let (code, talk) = harbour.sail(&format!(
            "  - {{id: new, container: {{replace: {{image: 'localhost/app:1', name: NAME, {new}}}, grace: 0}}}}\n"
        ));
        assert_eq!(code, 1, "{talk}");
        let message = harbour.message("new");
        assert!(
            message.starts_with(why)
                && message.ends_with("; there is no bygone, as there was none before"),
            "{message}"
        );
        assert_eq!(harbour.there(), ["bygone-before created"]);
        std::fs::remove_dir_all(harbour.path("state/runs/r")).expect("forgotten");
    }
}

/// An engine that answers each question by its first line, and hangs up without a word where there is no answer.
fn engine(answer: fn(&str) -> Option<(u16, &'static str)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a client");
            let mut buffer = [0; 16 << 10];
            let n = client.read(&mut buffer).unwrap_or_default();
            let asked = String::from_utf8_lossy(&buffer[..n]).into_owned();
            if let Some((status, body)) = asked.lines().next().and_then(answer) {
                let head = format!(
                    "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}",
                    body.len()
                );
                let _ = write!(client, "{head}\r\n\r\n{body}");
            }
            let _ = client.shutdown(Shutdown::Write);
            // Closed with something unread, the answer might be lost on its way.
            let _ = std::io::copy(&mut client, &mut std::io::sink());
        }
    });
    format!("tcp://{address}")
}

/// The engine is gone after it has obeyed: what was done may not be done again by a retry that nobody has thought about.
#[test]
fn what_was_obeyed_is_not_called_a_failure() {
    let harbour = Harbour::new("obeyed");
    let deaf = engine(|asked| match asked {
        _ if asked.contains("/exec/e/start") => Some((200, "")),
        _ if asked.contains("/exec ") => Some((201, r#"{"Id": "e"}"#)),
        _ if asked.contains("/restart") => Some((204, "")),
        _ => None,
    });
    for (verb, done) in [
        ("exec: NAME, command: [x]", "the program was run in obeyed"),
        ("restart: NAME", "obeyed was restarted"),
    ] {
        let step = format!("  - {{id: a, container: {{{verb}, host: '{deaf}'}}}}\n");
        let mut run = harbour.begin(&harbour.steps(&step), &["--hold"]);
        until("the verdict", || harbour.is("a", "unknown"));
        let message = harbour.message("a");
        let start = format!("{done}, but what came of it is not known: the container engine at ");
        assert!(message.starts_with(&start), "{message}");
        run.kill().expect("killed");
        run.wait().expect("reaped");
        std::fs::remove_dir_all(harbour.path("state/runs/r")).expect("forgotten");
    }
}

/// The image that is there is an old one: a pull that failed may not pass it off as new.
#[test]
fn a_pull_that_is_refused_is_refused() {
    let harbour = Harbour::new("stale");
    let down = engine(|asked| match asked {
        _ if asked.contains("/images/create") => Some((502, "no upstream\n")),
        _ => Some((200, r#"{"Id": "sha256:00"}"#)),
    });
    let step = format!("  - {{id: a, container: {{pull: 'app:1', host: '{down}'}}}}\n");
    let (code, talk) = harbour.sail(&step);
    assert_eq!(code, 1, "{talk}");
    assert_eq!(
        harbour.message("a"),
        "cannot pull app:1: status 502: no upstream"
    );
}
