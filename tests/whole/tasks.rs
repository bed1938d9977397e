//! Ten tasks of an engineer on call, as keys typed into an 80x24 terminal, with what the nearest thing takes in k9s
//! (its README, v0.50) or process-compose (its page "TUI").
//!
//! Counted alike: each key press is one, what is typed as text (a search, a reason) costs the same everywhere and is left
//! out, and each list begins at its first row; what failed is the fourth. `v` is a key that moves down.

use crate::face::Face;
use crate::place::{Place, wait_for};

pub(crate) const NIGHT: &str = r#"
name: night
params: {lag: {type: int, default: 1, prompt: replication lag that is borne}}
steps:
  - id: fence
    run: echo fenced
  - id: snapshot
    run: echo taken
  - id: drain
    run: echo drained
  - id: promote
    env: {LAG: "${{ params.lag }}"}
    idempotent: true
    run: |
      echo "waiting for the replica"
      [ "$LAG" -ge 9 ] || { echo "ERROR lag of 9 MB is more than $LAG MB"; exit 1; }
  - id: watch
    needs: fence
    run: while [ ! -e over ]; do echo "still watching"; sleep 0.2; done
  - id: cut-over
    needs: promote
    approval: {message: "Go live?"}
  - id: announce
    needs: [cut-over, watch]
    run: echo announced
"#;

/// A key as it is typed, or a text that is typed into a field.
enum Typed {
    Key(&'static str),
    Text(&'static str),
}
use Typed::{Key, Text};

struct Task {
    what: &'static str,
    ours: &'static [Typed],
    /// Stands on the screen when it is done.
    shows: &'static str,
    peer: &'static str,
    /// With blanks between the keys.
    theirs: &'static str,
}

const TASKS: &[Task] = &[
    Task {
        what: "see which step failed, and its last error",
        ours: &[Key("}")],
        shows: "ERROR lag of 9 MB is more than 1 MB",
        peer: "k9s: to the pod, its logs",
        theirs: "v v v l",
    },
    Task {
        what: "try it again",
        ours: &[Key("}"), Key("r"), Key("y")],
        shows: "try 2",
        peer: "process-compose: to the process, restart",
        theirs: "v v v Ctrl-r",
    },
    Task {
        what: "try it again with another input, and watch it pass",
        ours: &[
            Key("}"),
            Key("e"),
            Text("9"),
            Key("\r"),
            Text("the lag is known"),
            Key("\r"),
            Key("\r"),
        ],
        shows: "ok        0:00          2",
        peer: "k9s: to the pod, edit in an editor, write and quit, to the pods, its logs",
        theirs: "v v v e : w q Enter l",
    },
    Task {
        what: "stop new work from starting",
        ours: &[Key("p")],
        shows: "PAUSING",
        peer: "k9s: to the deployment, scale, none, confirm",
        theirs: "v v v s 0 Tab Enter",
    },
    Task {
        what: "read what runs, on the whole screen",
        ours: &[Key("g"), Key("r"), Key("o")],
        shows: "still watching",
        peer: "k9s: to the pod, its logs, full screen",
        theirs: "v v v v l f",
    },
    Task {
        what: "find a word in the log of what failed",
        ours: &[Key("}"), Key("o"), Key("/"), Text("replica"), Key("\r")],
        shows: "1 of 1",
        peer: "k9s: to the pod, its logs, filter",
        theirs: "v v v l / Enter",
    },
    Task {
        what: "take note of why, for those who come after",
        ours: &[Key("c"), Text("replica was rebuilt at noon"), Key("\r")],
        shows: "note written",
        peer: "k9s: to the pod, edit an annotation in an editor, write and quit",
        theirs: "v v v e o : w q Enter",
    },
    Task {
        what: "see who did what",
        ours: &[Key("5")],
        shows: "start night lag=1",
        peer: "k9s: the events",
        theirs: ": Enter",
    },
    Task {
        what: "go on without what failed",
        ours: &[
            Key("}"),
            Key("S"),
            Text("done by hand"),
            Key("\r"),
            Key("\r"),
        ],
        shows: "1 skip",
        peer: "process-compose: to the process, stop it, to what needs it, start that",
        theirs: "v v v F9 v v F7",
    },
    Task {
        what: "leave; the work goes on",
        ours: &[Key("D"), Key("y")],
        shows: "",
        peer: "k9s (it carries no work)",
        theirs: ": q Enter",
    },
];

#[test]
fn ten_tasks_of_a_night_take_no_more_keys_than_elsewhere() {
    assert_eq!(TASKS.len(), 10);
    for task in TASKS {
        let keys = task.ours.iter().filter(|t| matches!(t, Key(_))).count();
        let theirs = task.theirs.split(' ').count();
        assert!(
            keys <= theirs,
            "{}: {keys} keys, {}: {theirs}",
            task.what,
            task.peer
        );
        assert!(keys <= 6, "{}", task.what);
        done(task);
    }
}

fn done(task: &Task) {
    let place = Place::new();
    place.write("night.yaml", NIGHT);
    let mut face = Face::start(&place, &["run", "night.yaml", "--id", "r"], 80, 24);
    face.wait("Needs you: promote FAIL");
    for typed in task.ours {
        let (Key(keys) | Text(keys)) = typed;
        // A box that has just opened takes no key, and a person reads it first.
        if matches!(typed, Text(_) | Key("y" | "\r")) {
            Face::settle();
        }
        face.keys(keys);
    }
    match task.shows {
        "" => wait_for(task.what, || face.has_ended()),
        shows => face.wait(shows),
    }
    place.write("over", "");
}
