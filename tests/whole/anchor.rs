//! The head of the chain goes where nobody who can change the journal can change it too.

use serde_json::Value;

use crate::place::Place;
use crate::service::Service;

fn settings(place: &Place, url: &str) {
    let folder = place.path(".config/flightdeck");
    std::fs::create_dir_all(folder).expect("a folder");
    let file = place.path("heads");
    let text = format!("anchor: {{file: {}, url: \"{url}\"}}\n", file.display());
    place.write(".config/flightdeck/config.yaml", &text);
    place.write("one.yaml", "name: one\nsteps: [{id: a, run: \"true\"}]\n");
}

#[test]
fn the_head_reaches_a_file_and_a_web_hook() {
    let (place, service) = (Place::new(), Service::start());
    settings(&place, &format!("{}/hook", service.url));
    let ended = place.output(&["run", "one.yaml", "--headless", "--id", "r"]);
    assert!(ended.status.success(), "{ended:?}");
    let text = std::fs::read_to_string(place.path("heads")).expect("the file");
    let requests = service.state().requests.clone();
    assert_eq!(requests, [format!("POST /hook {}", text.trim())]);
    let told: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&told["run"], &told["phase"]),
        (&"r".into(), &"succeeded".into())
    );
    let head = told["head"].as_str().expect("a head");
    let verified = place.output(&["verify", "r", "--head", head]);
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn a_dead_web_hook_is_told_and_changes_nothing() {
    let place = Place::new();
    // Nobody listens there.
    settings(&place, "http://127.0.0.1:1/?token=hush");
    let ended = place.output(&["run", "one.yaml", "--headless", "--id", "r"]);
    assert!(ended.status.success(), "{ended:?}");
    let talk = String::from_utf8_lossy(&ended.stderr);
    assert!(
        talk.contains("the head did not reach its web hook"),
        "{talk}"
    );
    assert!(!talk.contains("hush"), "{talk}");
}
