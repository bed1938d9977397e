//! What `ssh` says when there is no connection, in words that say what to do.

/// One sentence for the last words of `ssh` about `host`.
pub(super) fn plain(said: &str, host: &str, by_hand: &str) -> String {
    let low = said.to_ascii_lowercase();
    let has = |text: &str| low.contains(text);
    if has("host identification has changed") {
        return format!(
            "{host}: the host key is not the one that is known: somebody may be in between, or the machine is new; compare its key with whoever runs it, then `ssh-keygen -R {host}`"
        );
    }
    if has("host key verification failed") || has("no matching host key") {
        return format!(
            "{host}: host key verification failed: its key is not known here; connect once by hand with `{by_hand}` and compare it"
        );
    }
    if has("permission denied") {
        let methods = between(said, "Permission denied (", ")");
        let methods = methods.map_or_else(String::new, |m| format!(" (it accepts {m})"));
        return format!(
            "{host}: permission denied{methods}: no key of the agent or the configuration was accepted; see `ssh-add -l` and `{by_hand}`"
        );
    }
    if has("too many authentication failures") {
        return format!(
            "{host}: too many authentication failures: the agent offered too many keys; say which with `identity`"
        );
    }
    if has("could not resolve") {
        return format!(
            "{host}: could not resolve the name: it is neither in the ssh configuration nor known to the name service"
        );
    }
    let known = [
        (
            "connection refused",
            "connection refused: nothing listens on that port",
        ),
        ("timed out", "timed out: no answer"),
        ("no route to host", "no route to host"),
        ("network is unreachable", "the network is unreachable"),
        (
            "bad owner or permissions",
            "the ssh configuration may be written by others",
        ),
    ];
    if let Some((_, words)) = known.iter().find(|(sign, _)| has(sign)) {
        return format!("{host}: {words}");
    }
    match said.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{host}: {}", line.trim()),
        None => format!("{host}: the connection was closed"),
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(&rest[..rest.find(end)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_is_said() {
        let check = |said: &str, expected: &str| {
            let words = plain(said, "web1", "ssh web1");
            assert!(words.starts_with(&format!("web1: {expected}")), "{words}");
        };
        check(
            "ssh: connect to host web1 port 22: Connection refused\n",
            "connection refused",
        );
        check(
            "a@web1: Permission denied (publickey,password).",
            "permission denied (it accepts publickey,password)",
        );
        check("", "the connection was closed");
        check("odd\nkex_exchange: reset\n\n", "kex_exchange: reset");
    }
}
