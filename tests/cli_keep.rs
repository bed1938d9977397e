//! What is kept of runs, and for how long: `report` and `prune` of the real binary on real runs.

mod support;

use serde_json::Value as Json;
use support::Place;

const FAILS: &str =
    "name: fails\nsteps:\n  - {id: one, run: \"echo first; echo '| # last'; exit 3\"}\n";
const WAITS: &str = "name: waits\nsteps:\n  - {id: ask, approval: {message: go?}}\n";

fn started(file: &str, text: &str, id: &str) -> (Place, i32) {
    let place = Place::new();
    let code = run(&place, file, text, id);
    (place, code)
}

fn run(place: &Place, file: &str, text: &str, id: &str) -> i32 {
    place.write(file, text);
    place.run(&["run", file, "--headless", "--id", id]).code
}

fn ids(place: &Place) -> Vec<String> {
    let list: Json = serde_json::from_str(&place.run(&["list", "--json"]).out).expect("JSON");
    let list = list.as_array().expect("an array").iter();
    list.map(|run| run["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn a_report_tells_the_end_of_the_log_and_never_overwrites() {
    let (place, code) = started("fails.yaml", FAILS, "r1");
    assert_eq!(code, 1);
    let md = place.run(&["report", "r1"]);
    assert_eq!(md.code, 0, "{md:?}");
    assert!(md.out.starts_with("# fails: failed\n"), "{}", md.out);
    assert!(
        md.out
            .contains("`one` attempt 1 failed: exit 3\n\n      first\n      | # last\n"),
        "{}",
        md.out
    );
    let json = place.run(&["report", "r1", "--format", "json"]);
    let json: Json = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["failures"][0]["last_lines"][1], "| # last");
    assert_eq!(json["journal"]["head"].as_str().map(str::len), Some(64));

    let first = place.run(&["report", "r1", "-o", "r1.md"]);
    assert_eq!((first.code, first.out.as_str()), (0, ""));
    let again = place.run(&["report", "r1", "-o", "r1.md"]);
    assert_eq!(again.code, 6);
    assert!(again.err.contains("choose another name"), "{}", again.err);
}

#[test]
fn a_report_of_a_damaged_journal_ends_before_the_damage_and_says_so() {
    let (place, _) = started("fails.yaml", FAILS, "r1");
    let journal = place.state().join("runs/r1/journal");
    let mut bytes = std::fs::read(&journal).expect("a journal");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // Not in the last turn: that could be torn, which is no damage.
    let first = text.find('\n').expect("more than one record");
    bytes[first + 60] ^= 1;
    std::fs::write(&journal, bytes).expect("written");
    let report = place.run(&["report", "r1"]);
    assert_eq!(report.code, 8, "{report:?}");
    assert!(report.out.contains("1 records"), "{}", report.out);
    assert!(
        report.out.contains("**damaged behind that: "),
        "{}",
        report.out
    );
}

#[test]
fn prune_needs_to_be_told_what_may_go() {
    let place = Place::new();
    let answer = place.run(&["prune"]);
    assert_eq!(answer.code, 2);
    assert!(
        answer.err.contains("--older-than, --keep"),
        "{}",
        answer.err
    );
    let answer = place.run(&["prune", "--older-than", "90"]);
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("no unit"), "{}", answer.err);
}

#[test]
fn prune_leaves_the_newest_and_what_has_not_ended() {
    let (place, _) = started("fails.yaml", FAILS, "r1");
    run(&place, "waits.yaml", WAITS, "asks");
    run(&place, "fails.yaml", FAILS, "r2");
    run(&place, "fails.yaml", FAILS, "r3");
    let dry = place.run(&["prune", "--keep", "1", "--dry-run"]);
    assert!(dry.out.contains("2 runs would go"), "{}", dry.out);
    assert_eq!(ids(&place).len(), 4);
    let gone = place.run(&["prune", "--keep", "1", "--json"]);
    let gone: Json = serde_json::from_str(&gone.out).expect("JSON");
    assert_eq!(gone["runs"].as_array().map(Vec::len), Some(2));
    assert_eq!(ids(&place), ["r3", "asks"]);
    let young = place.run(&["prune", "--older-than", "1d", "--include-unfinished"]);
    assert!(young.out.contains("0 runs gone"), "{}", young.out);
    let all = place.run(&["prune", "--keep", "0", "--include-unfinished"]);
    assert!(all.out.contains("2 runs gone"), "{}", all.out);
    assert!(ids(&place).is_empty());
}

#[test]
fn prune_never_touches_a_live_run_and_clears_what_was_interrupted() {
    let place = Place::new();
    place.write("waits.yaml", WAITS);
    let mut live = place
        .command(&[
            "run",
            "waits.yaml",
            "--headless",
            "--hold",
            "--json",
            "--id",
            "live",
        ])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // Its first line says that it holds its lock.
    let mut first = String::new();
    let mut out = std::io::BufReader::new(live.stdout.take().expect("a pipe"));
    std::io::BufRead::read_line(&mut out, &mut first).expect("a line");
    let rest = place.state().join("runs/.gone-r0");
    std::fs::create_dir_all(rest.join("output")).expect("a folder");
    let foreign = place.state().join("runs/.gone-not a run");
    std::fs::create_dir_all(&foreign).expect("a folder");

    let answer = place.run(&["prune", "--keep", "0", "--include-unfinished"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(answer.out.contains("0 runs gone"), "{}", answer.out);
    assert_eq!(ids(&place), ["live"]);
    assert!(!rest.exists() && foreign.exists());
    live.kill().expect("killed");
    live.wait().expect("reaped");
}

#[test]
fn retention_may_stand_in_the_settings() {
    let (place, _) = started("fails.yaml", FAILS, "r1");
    place.write("config.yaml", "prune: {keep: 0}\n");
    let answer = place.run(&["prune", "--config", "config.yaml"]);
    assert!(answer.out.contains("1 runs gone"), "{answer:?}");
    place.write("config.yaml", "prune: {older_than: soon}\n");
    let answer = place.run(&["list", "--config", "config.yaml"]);
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("prune.older_than"), "{}", answer.err);
}

#[test]
fn a_head_that_was_kept_elsewhere_finds_a_cut_tail() {
    let place = Place::new();
    place.write("fails.yaml", FAILS);
    let ended = place.run(&["run", "fails.yaml", "--headless", "--id", "r1"]);
    let head = ended.err.split("has head ").nth(1).expect("the last lines");
    let head = head[..64].to_owned();
    let good = place.run(&["verify", "r1", "--head", &head]);
    assert_eq!(good.code, 0, "{good:?}");
    assert!(good.out.contains("of its last record"), "{}", good.out);

    let journal = place.state().join("runs/r1/journal");
    let bytes = std::fs::read(&journal).expect("a journal");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (end, _) = text.match_indices('\n').nth(1).expect("three records");
    std::fs::write(&journal, &bytes[..=end]).expect("written");
    assert_eq!(
        place.run(&["verify", "r1"]).code,
        0,
        "a cut end is no damage"
    );
    let cut = place.run(&["verify", "r1", "--head", &head]);
    assert_eq!(cut.code, 8, "{cut:?}");
    assert!(cut.err.contains("cut behind it"), "{}", cut.err);
    let wrong = place.run(&["verify", "r1", "--head", "abc"]);
    assert_eq!(wrong.code, 2);
}

/// The built-in theme of the same name is not what the person wants.
#[test]
fn an_own_theme_that_cannot_be_read_is_told() {
    let place = Place::new();
    let folder = place.work().join("../home/.config/flightdeck/themes");
    std::fs::create_dir_all(folder.join("dark.yaml")).expect("a folder");
    let bad = place.run(&["themes", "dark"]);
    assert_eq!(bad.code, 2, "{bad:?}");
    let told = "dark.yaml is a folder, not a regular file";
    assert!(bad.err.contains(told), "{bad:?}");
    std::fs::write(folder.join("large.yml"), vec![b'#'; 70_000]).expect("saved");
    let bad = place.run(&["themes", "large"]);
    assert!(
        bad.err.contains("large.yml is larger than 64 KiB"),
        "{bad:?}"
    );
    assert!(!bad.err.contains("unknown theme"), "{bad:?}");
}

/// A theme of one's own is looked at by its name; without a terminal there are names only.
#[test]
fn themes_are_listed_and_looked_at() {
    let place = Place::new();
    let folder = place.work().join("../home/.config/flightdeck/themes");
    std::fs::create_dir_all(&folder).expect("a folder");
    let save = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("saved");
    save("mine.yaml", "extends: dark\n");
    save("light.yml", "palette: {good: 28}\n");
    let listed = place.run(&["themes"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let names: Vec<&str> = listed.out.lines().collect();
    assert_eq!(names.len(), 13, "{names:?}");
    assert_eq!(names[..4], ["light", "mine", "auto", "dark"]);
    let json: serde_json::Value =
        serde_json::from_str(&place.run(&["themes", "mine", "light", "--json"]).out).expect("JSON");
    assert_eq!(
        json[0],
        serde_json::json!({"name": "mine", "built_in": false, "own": true})
    );
    assert_eq!(json[1]["built_in"], true);
    assert_eq!(place.run(&["themes", "mine"]).out, "mine\n");
    save(
        "bad.yaml",
        "extends: dark\nroles:\n  acent: {fg: red}\nstatus:\n  ok: {fg: grren}\n",
    );
    let bad = place.run(&["themes", "bad"]);
    assert_eq!(bad.code, 2, "{bad:?}");
    for told in [
        "bad.yaml:3:3: unknown role \"acent\", did you mean \"accent\"?",
        "bad.yaml:5:3: ok: \"grren\" is not a colour, did you mean \"green\"?",
    ] {
        assert!(bad.err.contains(told), "{bad:?}");
    }
    let listed = place.run(&["themes"]);
    assert_eq!(
        listed.code, 2,
        "the others are listed all the same: {listed:?}"
    );
    assert_eq!(listed.out.lines().count(), 13);
    assert!(
        place
            .run(&["themes", "../mine"])
            .err
            .contains("unknown theme")
    );
}
