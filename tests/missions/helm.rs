//! `lib/helm-upgrade`, with a stand-in for helm that keeps revisions as helm does.

use serde_json::json;

use crate::clouds::{own_bin, program};
use crate::place::Place;
use crate::stage::Stage;

/// Each revision is a line of the file `revisions`: its number, and how it came to be. While there is a file `lost`, an upgrade
/// says that it was made, and was not.
const HELM: &str = r#"#!/bin/sh
cd "$(dirname "$0")/.."
now=$(tail -n 1 revisions 2>/dev/null | cut -d' ' -f1)
next=$((${now:-0} + 1))
verb=$1
for last; do :; done
case $verb in
  history)
    [ -e revisions ] || { echo 'Error: release: not found' >&2; exit 1; }
    tail -n 1 revisions | sed 's/\([0-9]*\) \(.*\)/[{"revision":\1,"status":"deployed","description":"\2"}]/' ;;
  upgrade)
    [ -e lost ] || echo "$next Upgrade complete" >> revisions
    echo "{\"version\": $next}" ;;
  rollback) echo "$next Rollback to $last" >> revisions ;;
  uninstall) rm revisions ;;
  *) exit 64 ;;
esac
"#;

const OUTER: &str = r"
name: outer
steps:
  - id: up
    workflow: {file: helm-upgrade.yaml, params: {release: shop, chart: shop, context: tests}}
  - id: go
    approval: {message: Go on?}
";

fn begin(revisions: Option<&str>, lost: bool) -> Stage {
    let mut place = Place::new();
    own_bin(&mut place);
    program(&place, "bin/helm", HELM);
    if let Some(revisions) = revisions {
        place.write("revisions", revisions);
    }
    if lost {
        place.write("lost", "");
    }
    let shipped = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/workflows/lib/helm-upgrade.yaml"
    );
    let shipped = std::fs::read_to_string(shipped).expect("the file");
    place.write("helm-upgrade.yaml", &shipped);
    place.write("outer.yaml", OUTER);
    Stage::start(place, "outer.yaml", &json!({}))
}

fn revisions(stage: &Stage) -> Option<String> {
    std::fs::read_to_string(stage.place.path("revisions")).ok()
}

#[test]
fn an_upgrade_that_never_happened_has_failed_and_a_roll_back_returns_to_the_revision_of_before() {
    let before = "3 Upgrade complete\n";
    let mut stage = begin(Some(before), true);
    stage.wait_for("up/upgrade", "failed");
    std::fs::remove_file(stage.place.path("lost")).expect("mended");
    stage.retry("up/upgrade");
    stage.wait_for("go", "waiting");
    stage.roll_back("outer");
    let after = format!("{before}4 Upgrade complete\n5 Rollback to 3\n");
    assert_eq!(revisions(&stage), Some(after));
}

#[test]
fn what_was_not_installed_before_is_not_after_a_roll_back() {
    let mut stage = begin(None, false);
    stage.wait_for("go", "waiting");
    assert_eq!(revisions(&stage).as_deref(), Some("1 Upgrade complete\n"));
    stage.roll_back("outer");
    assert_eq!(revisions(&stage), None);
}
