//! Memory stays flat, however much a step writes: output goes to its file, and the screen reads what it shows.

use crate::face::Face;
use crate::place::{Place, wait_for};

/// Two floods of 40 MB each: what the second one adds is what each further one would add.
const FLOODS: &str = r"
name: floods
steps:
  - id: first
    run: seq -f 'copied object %.0f of bucket orders to the replica' 800000
  - id: between
    approval: {message: go on?}
  - id: second
    run: seq -f 'copied object %.0f of bucket orders to the replica' 800000
";

/// The most that the process ever had at once.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|rest| rest.split_whitespace().next());
    peak.and_then(|kib| kib.parse().ok()).expect("a number")
}

#[test]
fn a_flood_of_output_leaves_memory_flat() {
    let place = Place::new();
    place.write("floods.yaml", FLOODS);
    let face = Face::start(&place, &["run", "floods.yaml", "--id", "r"], 200, 50);
    let begun = |step: &str| wait_for(step, || place.step("r", step) == "waiting");
    wait_for("the run", || place.path("state/runs/r").exists());
    place.wait_for_run();
    begun("between");
    face.wait("ASKS");
    let before = peak_kib(face.pid());
    let approved = place.output(&["ctl", "r", "approve", "between"]);
    assert!(approved.status.success(), "{approved:?}");
    wait_for("the second flood", || place.phase("r") == "succeeded");
    let after = peak_kib(face.pid());
    assert!(
        after < before + 8 * 1024,
        "{before} KiB after one flood, {after} KiB after two"
    );
}
