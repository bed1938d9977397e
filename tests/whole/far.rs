//! Somebody far away: 300 ms there and back, 256 kbit/s, and a step that floods its log.

use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::face::Face;
use crate::line::Line;
use crate::place::{Place, cases};

const STORM: &str = r"
name: storm
steps:
  - id: flood
    run: |
      while [ ! -e over ]; do echo 'a line of the storm, as long as lines of a log use to be at night'; done
  - id: after
    needs: flood
    run: echo after
";

const THERE: Duration = Duration::from_millis(150);
const BYTES_PER_SECOND: u32 = 256_000 / 8;
/// Beside the way there and back.
const SLACK: Duration = Duration::from_millis(100);

/// Pause takes effect, and is seen, within the way there and back and 100 ms, however fast the log grows; and what the
/// screen shows is never older than a second. A busy machine may be late for one key but not for each of six:
/// `FLIGHTDECK_CASES=50 cargo test --test whole far -- --nocapture` tells all times.
#[test]
fn a_storm_on_a_slow_line_hides_no_key() {
    let place = Place::new();
    let file = place.write("w.yaml", STORM);
    let line = Line::new(THERE, BYTES_PER_SECOND);
    let args = ["run", file.to_str().expect("a path"), "--id", "r"];
    let mut face = Face::far(&place, &args, 80, 24, &line);
    face.wait("LOG flood");
    face.wait("of the storm");
    let mut effects = Vec::new();
    let mut seen = Vec::new();
    for round in 0..cases(6) as usize {
        let words = ["PAUSING", "RUNNING"][round % 2];
        let pressed = (Instant::now(), jiff::Timestamp::now());
        face.keys("p");
        face.wait(words);
        seen.push(pressed.0.elapsed());
        let taken = taken(&place, round).duration_since(pressed.1);
        effects.push(taken.unsigned_abs());
    }
    place.write("over", "");
    face.wait("SUCCEEDED");
    assert_eq!(face.quit(), 0);
    println!(
        "key to record {effects:?}, key to screen {seen:?}, behind at most {:?}",
        line.behind()
    );
    let best = |times: &[Duration]| *times.iter().min().expect("some");
    assert!(best(&effects) < THERE + SLACK, "{effects:?}");
    assert!(best(&seen) < 2 * THERE + SLACK, "{seen:?}");
    assert!(
        line.behind() < Duration::from_secs(1),
        "{:?}",
        line.behind()
    );
}

/// When the run was paused or resumed for the `round`th time.
fn taken(place: &Place, round: usize) -> jiff::Timestamp {
    let output = place.output(&["show", "r", "--events", "--json"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let events = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"));
    let mut taken =
        events.filter(|e: &Json| e["event"] == "run_paused" || e["event"] == "run_resumed");
    let event = taken.nth(round).expect("it is recorded before it is shown");
    event["at"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("RFC 3339")
}
