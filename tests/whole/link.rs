//! Other terminals: commands by `ctl` and over the link, of which each takes effect once; watchers that cost nothing; strangers
//! that get nothing.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Output, Stdio};
use std::time::{Duration, Instant};

use flightdeck::engine::{Handle, Receipt};
use flightdeck::id::StepId;
use flightdeck::journal::{RunDir, Shelf};
use flightdeck::link::{self, Role};
use flightdeck::run::{Actor, Command, Seen, State};

use crate::place::{Place, cases, wait_for};

const FAILS: &str = "
name: fails
steps:
  - {id: a, run: exit 3}
  - {id: b, needs: [a], run: 'true'}
";

/// A run in the background, with a socket in a runtime folder of its own. Ended with the test.
pub(crate) struct Detached {
    pub(crate) place: Place,
}

impl Detached {
    pub(crate) fn start() -> Self {
        let place = Place::new();
        let runtime = place.path("runtime");
        std::fs::create_dir(&runtime).expect("a folder");
        std::fs::set_permissions(&runtime, PermissionsExt::from_mode(0o700)).expect("a mode");
        place.write("fails.yaml", FAILS);
        let detached = Self { place };
        let started =
            detached.flightdeck(&["run", "fails.yaml", "--detach", "--hold", "--id", "r"]);
        assert!(started.status.success(), "{started:?}");
        wait_for("its socket", || detached.socket().is_some());
        wait_for("a to fail", || detached.place.step("r", "a") == "failed");
        detached
    }

    fn flightdeck(&self, args: &[&str]) -> Output {
        let mut command = self.place.command(args);
        command.env("XDG_RUNTIME_DIR", self.place.path("runtime"));
        command.output().expect("the binary runs")
    }

    /// Exit code and all that was said.
    pub(crate) fn ctl(&self, args: &[&str]) -> (i32, String) {
        let output = self.flightdeck(&[&["ctl", "r"], args].concat());
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("UTF-8");
        (output.status.code().expect("not killed"), said)
    }

    fn dir(&self) -> RunDir {
        let shelf = Shelf::open(&self.place.path("state")).expect("the shelf");
        shelf.find("r").expect("the run")
    }

    pub(crate) fn socket(&self) -> Option<PathBuf> {
        self.dir().holder().ok()??.socket
    }

    fn pid(&self) -> u32 {
        self.dir().holder().expect("the lock").expect("held").pid
    }

    fn attach(&self, role: Role) -> Client {
        let (handle, actor) = link::attach(self.dir(), role).expect("attached");
        Client { handle, actor }
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        if let Ok(Some(holder)) = self.dir().holder() {
            signal(holder.pid, rustix::process::Signal::KILL);
        }
    }
}

fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).expect("a pid");
    let _ = rustix::process::kill_process(pid, signal);
}

#[derive(Clone)]
struct Client {
    handle: Handle,
    actor: Actor,
}

impl Client {
    async fn send(&self, command: Command, seen: Option<Seen>) -> Receipt {
        self.handle.send(command, self.actor.clone(), seen).await
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(work)
}

#[test]
fn one_command_from_elsewhere_is_accepted_or_refused_with_the_reason() {
    let run = Detached::start();
    let (code, said) = run.ctl(&["retry", "a", "--preview"]);
    assert_eq!(
        (code, said.lines().next()),
        (0, Some("starts now: a")),
        "{said}"
    );
    assert_eq!(run.ctl(&["retry", "a", "--attempt", "1"]).0, 0);
    wait_for("the second failure", || {
        run.place.show("r")["steps"][0]["attempts"]
            .as_array()
            .map(Vec::len)
            == Some(2)
            && run.place.step("r", "a") == "failed"
    });
    let (code, said) = run.ctl(&["retry", "a", "--attempt", "1"]);
    assert_eq!(code, 7, "{said}");
    assert!(said.contains("a was already retried by"), "{said}");
    let refused: &[(&[&str], i32, &str)] = &[
        (&["retry", "b"], 7, "b is pending"),
        (&["skip", "a"], 7, "a reason is needed"),
        (&["retyr", "a"], 2, "did you mean `retry`?"),
        (&["retry", "aa"], 2, "did you mean `a`?"),
        (&["retry"], 2, "retry needs a step"),
        (&["pause", "a"], 2, "pause takes no step"),
        (
            &["pause", "--item", "2"],
            2,
            "--item means nothing to pause",
        ),
        (&["abort", "--reason", "x"], 2, "abort needs to know how"),
        (&["mark", "a", "--set", "x"], 2, "is not NAME=VALUE"),
    ];
    for (args, expected, words) in refused {
        let (code, said) = run.ctl(args);
        assert_eq!(code, *expected, "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
    let (code, said) = run.ctl(&["skip", "a", "--reason", "by hand", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((code, &answer["accepted"]), (0, &true.into()));
    wait_for("the end", || {
        run.place.phase("r") == "completed_with_exceptions"
    });
    wait_for("its process to leave", || run.socket().is_none());
    let (code, said) = run.ctl(&["pause"]);
    assert_eq!(code, 7);
    assert!(
        said.contains("has ended") && said.contains("flightdeck resume r"),
        "{said}"
    );
}

/// Its engine is killed: nothing is left that could be asked; what it leaves behind is in nobody's way.
#[test]
fn a_dead_engine_refuses_and_the_next_one_listens() {
    let run = Detached::start();
    let client = run.attach(Role::Command);
    let old = run.socket().expect("a socket");
    signal(run.pid(), rustix::process::Signal::KILL);
    wait_for("the lock to be free", || run.socket().is_none());
    assert!(old.exists(), "a killed process tidies nothing up");
    let (code, said) = run.ctl(&["retry", "a"]);
    assert_eq!(code, 7, "{said}");
    assert!(said.contains("flightdeck resume r"), "{said}");
    wait_for("the attached one to notice", || {
        block_on(client.send(Command::Pause, None))
            .is_err_and(|refusal| refusal.why.contains("no engine drives this run"))
    });
    let mut next = run.place.command(&["resume", "r", "--headless", "--hold"]);
    next.env("XDG_RUNTIME_DIR", run.place.path("runtime"));
    let mut next = next.stdout(Stdio::null()).spawn().expect("started");
    wait_for("the attached one to go on with the next engine", || {
        block_on(client.send(Command::Pause, None)).is_ok()
    });
    assert!(!old.exists(), "what the dead one left is swept away");
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    let new = run.socket().expect("a socket");
    assert_eq!(mode(&new), 0o600);
    assert_eq!(mode(new.parent().expect("a folder")), 0o700);
    signal(next.id(), rustix::process::Signal::TERM);
    next.wait().expect("its end");
}

/// Two clients at once, each command once. `FLIGHTDECK_CASES=5000` for 10,000 commands and more.
#[test]
fn of_racing_commands_each_takes_effect_once() {
    let run = Detached::start();
    let (one, other) = (run.attach(Role::Command), run.attach(Role::Command));
    let rounds = cases(100);
    block_on(async {
        for round in 0..rounds {
            let command = [Command::Pause, Command::Resume][round as usize % 2].clone();
            let verb = ["paused", "resumed"][round as usize % 2];
            let both = tokio::join!(one.send(command.clone(), None), other.send(command, None));
            told_by_whom(both, verb, &one.actor);
        }
        if rounds % 2 == 1 {
            one.send(Command::Resume, None).await.expect("resumed");
        }
        for attempts in 1..=(rounds / 10).max(1) as u32 {
            let step = StepId::from("a");
            let retry = || Command::Retry {
                step: step.clone(),
                changes: None,
                reason: String::new(),
            };
            let seen = Some(Seen {
                attempts,
                state: State::Failed,
            });
            let both = tokio::join!(one.send(retry(), seen.clone()), other.send(retry(), seen));
            told_by_whom(both, "retried", &one.actor);
            wait_for("the next failure", || {
                let show = &run.place.show("r")["steps"][0];
                show["attempts"].as_array().map(Vec::len) == Some(attempts as usize + 1)
                    && show["state"] == "failed"
            });
        }
    });
    let events = run.flightdeck(&["show", "r", "--events"]).stdout;
    let events = String::from_utf8(events).expect("UTF-8");
    let count = |name: &str| events.matches(&format!(r#""event":"{name}""#)).count() as u64;
    assert_eq!(count("run_paused"), rounds.div_ceil(2));
    assert_eq!(count("run_resumed"), rounds.div_ceil(2));
}

/// Exactly one is accepted; the other is told by whom and when.
fn told_by_whom(both: (Receipt, Receipt), verb: &str, actor: &Actor) {
    let refusal = match both {
        (Ok(()), Err(refusal)) | (Err(refusal), Ok(())) => refusal.to_string(),
        both => panic!("not exactly one: {both:?}"),
    };
    let by = format!("already {verb} by {actor} ");
    let when = refusal.split(&by).nth(1).unwrap_or_default();
    assert!(when.len() >= 8 && when.as_bytes()[2] == b':', "{refusal}");
}

/// The process of a watcher, as `fifty_watchers` starts it; in a run of the tests there is nothing to watch.
#[test]
fn watcher_process() {
    let Some(dir) = std::env::var_os("FLIGHTDECK_WATCHES") else {
        return;
    };
    let (handle, _) = link::attach(RunDir::at(dir.into()), Role::Watcher).expect("attached");
    let mut feed = handle.feed().expect("a feed");
    block_on(async {
        loop {
            let events = feed.ready().expect("the journal");
            if !events.is_empty() {
                println!("{}", events.last().expect("one").seq);
            }
            feed.wait().await;
        }
    });
}

struct Watchers(Vec<Child>);

impl Drop for Watchers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a command costs with fifty watchers of which half are stopped. The figures are printed (`--nocapture`); what is held
/// here is that nobody waits for a stopped one, on however busy a machine.
#[test]
fn fifty_watchers_of_which_half_are_stopped_hold_nobody_up() {
    let run = Detached::start();
    let client = run.attach(Role::Command);
    let rounds = cases(60) as usize;
    let alone = latency(&client, rounds);
    let spawn = |n: u32| {
        let out = std::fs::File::create(run.place.path(&format!("watcher-{n}"))).expect("a file");
        let mut command = Process::new(std::env::current_exe().expect("this binary"));
        command
            .args(["--exact", "link::watcher_process", "--nocapture"])
            .env("FLIGHTDECK_WATCHES", run.dir().path())
            .stdout(out)
            .stderr(Stdio::null());
        command.spawn().expect("started")
    };
    let watchers = Watchers((0..50).map(spawn).collect());
    let last_seen = |n: usize| {
        let text = std::fs::read_to_string(run.place.path(&format!("watcher-{n}")));
        let text = text.expect("its words");
        text.lines()
            .filter_map(|l| l.trim().parse::<u64>().ok())
            .next_back()
            .unwrap_or(0)
    };
    wait_for("all to watch", || (0..50).all(|n| last_seen(n) > 0));
    for child in watchers.0.iter().step_by(2) {
        signal(child.id(), rustix::process::Signal::STOP);
    }
    let watched = latency(&client, rounds);
    assert!(
        watched < alone * 10 + Duration::from_millis(100),
        "{alone:?} {watched:?}"
    );
    let newest = (0..50).map(&last_seen).max().expect("fifty");
    wait_for("the others to see all of it", || {
        (1..50).step_by(2).all(|n| last_seen(n) >= newest)
    });
    for child in watchers.0.iter().step_by(2) {
        signal(child.id(), rustix::process::Signal::CONT);
    }
    wait_for("the stopped ones to catch up", || {
        (0..50).all(|n| last_seen(n) >= newest)
    });
    drop(watchers);
    let again = latency(&client, rounds);
    println!(
        "command to receipt, median: alone {alone:?}, with 50 watchers of which 25 are stopped {watched:?}, alone again {again:?}"
    );
}

/// The median time from a command to its receipt.
fn latency(client: &Client, rounds: usize) -> Duration {
    let mut all: Vec<Duration> = block_on(async {
        let mut all = Vec::new();
        for round in 0..rounds.next_multiple_of(2) {
            let command = [Command::Pause, Command::Resume][round % 2].clone();
            let begun = Instant::now();
            client.send(command, None).await.expect("accepted");
            all.push(begun.elapsed());
        }
        all
    });
    all.sort();
    all[all.len() / 2]
}

/// Whatever stands in the file system: the kernel says who connects. Needs root, who can become somebody else.
#[test]
fn another_user_gets_no_byte() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT TESTED: only root can try this as another user");
        return;
    }
    let run = Detached::start();
    let socket = run.socket().expect("a socket");
    // The state folder stands in here: where everybody might rename it, it is refused before anything else.
    let outer = run.place.dir.path();
    let sticky = |mode: u32| std::fs::set_permissions(outer, PermissionsExt::from_mode(mode));
    let doors = [
        run.place.path("runtime"),
        socket.parent().expect("a folder").to_owned(),
        socket.clone(),
    ];
    let open = |mode: u32| {
        for door in &doors {
            std::fs::set_permissions(door, PermissionsExt::from_mode(mode)).expect("a mode");
        }
    };
    // Somebody has opened all doors.
    open(0o777);
    sticky(0o1777).expect("a mode");
    let talk = r#"use IO::Socket::UNIX; $SIG{PIPE} = "IGNORE"; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!";
        my $m = '{"ask":"hello","version":1,"role":"screen"}'; print $s pack("N", length $m), $m; $s->flush;
        my $n = 0; while (my $r = sysread($s, my $b, 4096)) { $n += $r } print "$n bytes\n";"#;
    let mut strange = Process::new("/usr/bin/perl");
    strange.args(["-e", talk]).arg(&socket).current_dir("/");
    let heard = |command: &mut Process| {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("perl starts");
        let mut said = String::new();
        let mut out = child.stdout.take().expect("its words");
        out.read_to_string(&mut said).expect("its words");
        child.wait().expect("its end");
        said
    };
    assert_eq!(heard(strange.uid(65534).gid(65534)), "0 bytes\n");
    let (code, said) = run.ctl(&["note", "--reason", "x"]);
    assert_eq!(
        code, 6,
        "nor do we speak where anybody may have been: {said}"
    );
    assert!(said.contains("is not ours alone"), "{said}");
    open(0o700);
    sticky(0o700).expect("a mode");
    assert_eq!(run.ctl(&["note", "--reason", "we are served"]).0, 0);
}

/// Sockets that are fed with nonsense end that connection, with a reason, and nothing else.
#[test]
fn nonsense_ends_its_own_connection_only() {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    let run = Detached::start();
    let socket = run.socket().expect("a socket");
    let say = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(&socket).expect("connected");
        stream.write_all(bytes).expect("said");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    let framed = |text: &str| [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    let too_long = say(&[0xff; 8]);
    assert!(too_long.contains("is longer than 1048576"), "{too_long}");
    let hello = framed(r#"{"ask":"hello","version":1,"role":"command"}"#);
    let unknown = say(&[hello.clone(), framed(r#"{"ask":"format_disk"}"#)].concat());
    assert!(
        unknown.contains("welcome") && unknown.contains("unknown variant"),
        "{unknown}"
    );
    let other = say(&framed(r#"{"ask":"hello","version":99,"role":"command"}"#));
    assert!(other.contains("speaks version 1"), "{other}");
    let impatient = say(&framed(r#"{"ask":"beat"}"#));
    assert!(impatient.contains("must be hello"), "{impatient}");
    assert_eq!(run.ctl(&["note", "--reason", "still served"]).0, 0);
}
