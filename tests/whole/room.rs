//! More steps are ready than the machine has processes or files for: the rest waits, and all of them run.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use crate::place::{Place, cases};

/// With 64 open files, and `FLIGHTDECK_CASES` steps (500 in the long form) that may all run at once.
#[test]
fn a_run_that_is_wider_than_its_machine_ends_well() {
    let steps = cases(120).min(500);
    let place = Place::new();
    let mut text = "name: wide\npolicies: {max_parallel: 500}\nsteps:\n".to_owned();
    for n in 0..steps {
        let _ = writeln!(
            text,
            "  - {{id: s{n}, needs: [], run: \"sleep 0.1; echo s{n} $FLIGHTDECK_ATTEMPT >> ledger\"}}"
        );
    }
    place.write("wide.yaml", &text);
    let run = place.command(&["run", "wide.yaml", "--headless", "--id", "r"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(run.get_program())
        .args(run.get_args())
        .current_dir(place.dir.path())
        .envs(
            run.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null());
    let ended = limited.output().expect("sh");
    assert!(ended.status.success(), "{ended:?}");
    let lines = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(
        lines.matches("the machine gives room for").count(),
        1,
        "{lines}"
    );
    assert!(!lines.contains("did not start"), "{lines}");
    crate::ledger::check(&place.path("ledger"), steps as usize);
}
