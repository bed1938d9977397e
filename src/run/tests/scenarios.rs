//! The rules of `semantics.md`, one scenario each, in `scenarios/*.txt`. A file may hold several, parted by lines of dashes.

use super::scenario::play;

#[test]
fn scenarios_hold() {
    let files = [
        ("needs", include_str!("scenarios/needs.txt")),
        ("failure", include_str!("scenarios/failure.txt")),
        ("unknown", include_str!("scenarios/unknown.txt")),
        ("gates", include_str!("scenarios/gates.txt")),
        ("people", include_str!("scenarios/people.txt")),
        ("out", include_str!("scenarios/out.txt")),
        ("again", include_str!("scenarios/again.txt")),
        ("preflight", include_str!("scenarios/preflight.txt")),
        ("controls", include_str!("scenarios/controls.txt")),
        ("standby", include_str!("scenarios/standby.txt")),
        ("groups", include_str!("scenarios/groups.txt")),
        ("rollback", include_str!("scenarios/rollback.txt")),
        ("inner", include_str!("scenarios/inner.txt")),
        ("approval", include_str!("scenarios/approval.txt")),
        ("turns", include_str!("scenarios/turns.txt")),
        ("attention", include_str!("scenarios/attention.txt")),
        ("hooks", include_str!("scenarios/hooks.txt")),
        ("modes", include_str!("scenarios/modes.txt")),
        ("reload", include_str!("scenarios/reload.txt")),
    ];
    let mut broken = 0;
    for (name, text) in files {
        for part in text.split("\n----\n") {
            let title = part
                .lines()
                .find(|l| l.starts_with('#'))
                .unwrap_or_default();
            if std::panic::catch_unwind(|| play(part)).is_err() {
                eprintln!("broken in {name}.txt: {title}\n");
                broken += 1;
            }
        }
    }
    assert_eq!(broken, 0, "broken scenarios");
}
