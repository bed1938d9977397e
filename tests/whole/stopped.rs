//! Somebody stops an attempt process (SIGSTOP): its attempt waits, and nothing else does.

use crate::place::Place;

/// More than a pipe takes.
const LONG: usize = 300 << 10;

/// The idle attempt process of `a` is stopped, then handed the long specification of `b`. The engine goes on with `c`.
#[test]
fn a_stopped_attempt_process_does_not_stop_the_engine() {
    let place = Place::new();
    let text = format!(
        r#"
name: stopped
steps:
  - id: a
    run: |
      engine_side=$PPID
      setsid sh -c "sleep 0.3; kill -STOP $engine_side; sleep 2; kill -CONT $engine_side" >/dev/null 2>&1 &
  - {{id: later, wait: {{for: 1s}}}}
  - {{id: b, needs: [later], run: "wc -c > size", stdin: "{}"}}
  - {{id: c, needs: [later], run: "true"}}
"#,
        "x".repeat(LONG)
    );
    place.write("stopped.yaml", &text);
    let ended = place.output(&["run", "stopped.yaml", "--headless", "--id", "r"]);
    assert!(ended.status.success(), "{ended:?}");
    let size = std::fs::read_to_string(place.path("size")).expect("written by b");
    assert_eq!(size.trim(), LONG.to_string());
    let show = place.show("r");
    let end_of = |id: &str| {
        let steps = show["steps"].as_array().expect("steps");
        let step = steps.iter().find(|s| s["id"] == id).expect("the step");
        let end = step["attempts"][0]["ended_at"].as_str().expect("a time");
        end.parse::<jiff::Timestamp>().expect("RFC 3339")
    };
    let ahead = end_of("b").duration_since(end_of("c"));
    assert!(
        ahead.as_millis() > 500,
        "c waited for the stopped attempt process of b: {ahead:?}"
    );
}
