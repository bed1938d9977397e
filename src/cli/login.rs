//! Whether the login manager kills a run with the login that it was started from.

use std::path::Path;

use super::actor;

/// What to do about it.
pub(super) const WAY_OUT: &str = "before a long run: loginctl enable-linger, or start it by systemd-run --user --scope flightdeck ...";

/// What is said at the start of a run that would not outlive its login.
pub(super) fn warning() -> Option<String> {
    let root = Path::new("/");
    let warning = || format!("this run dies with your login (KillUserProcesses=yes); {WAY_OUT}");
    (in_login(root) && kills_runs(root)).then(warning)
}

/// A process that no login has started is not ended with one.
fn in_login(root: &Path) -> bool {
    text(&root.join("proc/self/cgroup")).contains("/session-")
}

/// systemd-logind is told to, and this user's processes may not linger. `root` is `/` but in tests.
pub(super) fn kills_runs(root: &Path) -> bool {
    let mut texts = vec![text(&root.join("etc/systemd/logind.conf"))];
    texts.extend(drop_ins(&root.join("etc/systemd/logind.conf.d")));
    let lingers = root
        .join("var/lib/systemd/linger")
        .join(actor::current().name);
    // The last word wins, as systemd reads it.
    let last = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(value)
        .next_back();
    let kills = last.is_some_and(|value| ["yes", "true", "on", "1"].contains(&value.as_str()));
    kills && !lingers.exists()
}

fn value(line: &str) -> Option<String> {
    let rest = line.trim().strip_prefix("KillUserProcesses")?;
    let value = rest.trim_start().strip_prefix('=')?;
    Some(value.trim().to_ascii_lowercase())
}

fn drop_ins(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files.iter().map(|file| text(file)).collect()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with this `logind.conf` and this drop-in.
    fn machine(main: &str, drop_in: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("etc/systemd/logind.conf.d");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(root.path().join("etc/systemd/logind.conf"), main).unwrap();
        std::fs::write(folder.join("10-local.conf"), drop_in).unwrap();
        root
    }

    #[test]
    fn the_last_word_of_logind_wins() {
        let kills = |main, drop_in| kills_runs(machine(main, drop_in).path());
        let yes = "[Login]\nKillUserProcesses = yes\n";
        assert!(!kills("", ""));
        assert!(!kills("#KillUserProcesses=yes\n", ""));
        assert!(kills(yes, ""));
        assert!(!kills(yes, "KillUserProcesses=no"));
    }

    #[test]
    fn who_lingers_is_safe() {
        let root = machine("KillUserProcesses=yes", "");
        let folder = root.path().join("var/lib/systemd/linger");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(actor::current().name), "").unwrap();
        assert!(!kills_runs(root.path()));
    }

    #[test]
    fn only_what_a_login_has_started_dies_with_it() {
        let root = machine("", "");
        let folder = root.path().join("proc/self");
        std::fs::create_dir_all(&folder).unwrap();
        for (group, dies) in [
            ("0::/user.slice/user-1000.slice/session-3.scope", true),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope",
                false,
            ),
            ("0::/system.slice/cron.service", false),
        ] {
            std::fs::write(folder.join("cgroup"), group).unwrap();
            assert_eq!(in_login(root.path()), dies, "{group}");
        }
    }
}
