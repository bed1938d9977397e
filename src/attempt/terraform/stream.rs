//! The JSON lines that terraform speaks under `-json`: what each means, and what a person reads instead of it.

use serde_json::{Map, Value as Json};

use super::diagnostic::Diagnostic;

/// No line of terraform's is longer; what is, is cut.
const LINE_MAX: usize = 1 << 20;

/// One thing that it said.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Planned { action: String },
    Refreshed,
    Began { address: String, action: String },
    Ended { address: String, well: bool },
    Summary(Counts),
    Outputs(Map<String, Json>),
    Complaint(Diagnostic),
    Other,
}

/// What a `change_summary` counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) add: u64,
    pub(super) change: u64,
    pub(super) destroy: u64,
    pub(super) import: u64,
    /// `plan`, `apply` or `destroy`.
    pub(super) operation: String,
}

/// Cuts a stream of bytes into lines.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    pub(super) fn push(&mut self, bytes: &[u8], line: &mut dyn FnMut(&str)) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let room = LINE_MAX.saturating_sub(self.0.len());
            self.0.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.finish(line);
            }
        }
    }

    /// What has come without its end.
    pub(super) fn finish(&mut self, line: &mut dyn FnMut(&str)) {
        if !self.0.is_empty() {
            let whole = std::mem::take(&mut self.0);
            line(String::from_utf8_lossy(&whole).trim_end());
        }
    }
}

/// What a line means, and the lines of the log that stand for it.
pub(super) fn read(line: &str) -> (Said, Vec<String>) {
    let plain = || (Said::Other, vec![line.to_owned()]);
    if !line.starts_with('{') {
        return plain();
    }
    let Ok(mut told) = serde_json::from_str::<Json>(line) else {
        return plain();
    };
    let kind = told["type"].as_str().unwrap_or_default().to_owned();
    let said = match kind.as_str() {
        "planned_change" => Said::Planned {
            action: word(&told["change"]["action"]),
        },
        "refresh_complete" => Said::Refreshed,
        "apply_start" => Said::Began {
            address: word(&told["hook"]["resource"]["addr"]),
            action: word(&told["hook"]["action"]),
        },
        "apply_complete" | "apply_errored" => Said::Ended {
            address: word(&told["hook"]["resource"]["addr"]),
            well: kind == "apply_complete",
        },
        "change_summary" => Said::Summary(counts(&told["changes"])),
        "outputs" => match told["outputs"].take() {
            Json::Object(outputs) => Said::Outputs(outputs),
            _ => Said::Other,
        },
        "diagnostic" => Said::Complaint(Diagnostic::read(&told["diagnostic"])),
        _ => Said::Other,
    };
    let shown = match (&said, kind.as_str()) {
        (Said::Complaint(diagnostic), _) => diagnostic.lines(),
        // The status line has them, by a better clock.
        (_, "refresh_start" | "refresh_complete" | "refresh_progress" | "apply_progress") => {
            Vec::new()
        }
        // What is planned is shown whole, in the form for people.
        (_, "planned_change" | "provision_complete" | "outputs" | "version") => Vec::new(),
        _ => {
            let message = word(&told["@message"]);
            let lines = message.lines().filter(|line| !line.trim().is_empty());
            lines.map(str::to_owned).collect()
        }
    };
    (said, shown)
}

fn counts(told: &Json) -> Counts {
    let number = |key: &str| told[key].as_u64().unwrap_or_default();
    Counts {
        add: number("add"),
        change: number("change"),
        destroy: number("remove"),
        import: number("import"),
        operation: word(&told["operation"]),
    }
}

fn word(told: &Json) -> String {
    told.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_it_means_and_what_a_person_reads() {
        let start = r#"{"@message":"a.b: Creating...","hook":{"resource":{"addr":"a.b"},"action":"create"},"type":"apply_start"}"#;
        let (said, shown) = read(start);
        let began = Said::Began {
            address: "a.b".into(),
            action: "create".into(),
        };
        assert_eq!((said, shown), (began, vec!["a.b: Creating...".to_owned()]));
        let (said, shown) = read("panic: oops");
        assert_eq!((said, shown), (Said::Other, vec!["panic: oops".to_owned()]));
        let quiet =
            r#"{"@message":"a.b: Still creating... [10s elapsed]","type":"apply_progress"}"#;
        assert_eq!(read(quiet), (Said::Other, Vec::new()));
    }

    #[test]
    fn lines_come_whole_however_they_were_cut() {
        let mut lines = Lines::default();
        let mut got = Vec::new();
        for bytes in ["one\ntw", "o\n", "\nthr", "ee"] {
            lines.push(bytes.as_bytes(), &mut |line| got.push(line.to_owned()));
        }
        lines.finish(&mut |line| got.push(line.to_owned()));
        assert_eq!(got, ["one", "two", "", "three"]);
    }
}
