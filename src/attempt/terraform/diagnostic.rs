//! What terraform complains of, in words that say what to do.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// Errors told in a message; the log has all.
const TOLD: usize = 2;

/// One error or warning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Diagnostic {
    pub(super) is_error: bool,
    summary: String,
    detail: String,
    /// The resource it is about.
    address: Option<String>,
    /// `main.tf:9`
    place: Option<String>,
}

/// Who holds the state lock.
struct Holder<'a> {
    id: &'a str,
    who: &'a str,
    operation: &'a str,
    since: &'a str,
}

impl Diagnostic {
    /// From the `diagnostic` of a JSON line.
    pub(super) fn read(said: &Json) -> Self {
        let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        let range = &said["range"];
        let place = range["filename"].as_str().map(|file| {
            // Its standard input are the step's own values.
            let file = file.replace("/dev/stdin", "the step's values, line");
            match range["start"]["line"].as_u64() {
                Some(line) if file.ends_with("line") => format!("{file} {line}"),
                Some(line) => format!("{file}:{line}"),
                None => file,
            }
        });
        Self {
            is_error: said["severity"] == "error",
            summary: text("summary"),
            detail: text("detail"),
            address: said["address"].as_str().map(str::to_owned),
            place,
        }
    }

    /// For the log.
    pub(super) fn lines(&self) -> Vec<String> {
        let word = if self.is_error { "error" } else { "warning" };
        let mut first = format!("{word}: {}", self.summary);
        for part in self.place.iter().chain(&self.address) {
            let _ = write!(first, ", {part}");
        }
        let detail = self.detail.lines().filter(|line| !line.trim().is_empty());
        std::iter::once(first)
            .chain(detail.map(|line| format!("  {}", line.trim_end())))
            .collect()
    }

    /// A value was given for a variable that the configuration does not have.
    pub(super) fn undeclared(&self) -> Option<&str> {
        let is_it = self.summary == "Value for undeclared variable"
            || self.summary == "Value for undeclared input variable";
        is_it.then(|| self.detail.split('"').nth(1))?
    }

    /// It was told to stop, and this is what did not get its turn.
    pub(super) fn is_halt(&self) -> bool {
        self.summary == "execution halted"
    }

    /// The saved plan does not fit the state any more.
    pub(super) fn is_stale(&self) -> bool {
        self.summary == "Saved plan is stale"
    }

    /// What was done is not, or not where it belongs, in the state.
    pub(super) fn state_unwritten(&self) -> bool {
        let unsaved = ["Failed to save state", "Failed to persist state"];
        self.detail.contains("errored.tfstate")
            || unsaved.iter().any(|start| self.summary.starts_with(start))
    }

    fn holder(&self) -> Option<Holder<'_>> {
        if !self.summary.contains("acquiring the state lock") {
            return None;
        }
        let (_, info) = self.detail.split_once("Lock Info:")?;
        let field = |name: &str| {
            let line = info.lines().map(str::trim).find(|l| l.starts_with(name))?;
            Some(line[name.len()..].trim())
        };
        let since = field("Created:").unwrap_or("an unknown time");
        Some(Holder {
            id: field("ID:").filter(|id| !id.is_empty())?,
            who: field("Who:")
                .filter(|w| !w.is_empty())
                .unwrap_or("somebody"),
            operation: field("Operation:").unwrap_or("something"),
            since: since.split('.').next().unwrap_or(since),
        })
    }

    fn words(&self, tool: &str, dir: &str) -> String {
        if let Some(Holder {
            id,
            who,
            operation,
            since,
        }) = self.holder()
        {
            let operation = operation.replace("OperationType", "").to_lowercase();
            return format!(
                "the state is locked by {who} ({operation}, since {since} UTC): wait until that has ended and retry; only if it is certain that nothing works there any more: `{tool} force-unlock {id}` in {dir}"
            );
        }
        if self.is_stale() {
            return "the plan is stale: the state has changed since it was made (perhaps it was applied already); make a new plan, by retrying from the step that makes it".to_owned();
        }
        let mut text = match &self.address {
            Some(address) => format!("{address}: {}", self.summary),
            None => self.summary.clone(),
        };
        let mut detail = self.detail.lines().map(str::trim);
        if let Some(line) = detail.find(|line| !line.is_empty()) {
            let _ = write!(text, ": {line}");
        }
        if let Some(place) = &self.place {
            let _ = write!(text, " ({place})");
        }
        text
    }
}

/// The errors among `all` as one message; `None` if there are none.
pub(super) fn message(all: &[Diagnostic], tool: &str, dir: &str) -> Option<String> {
    let errors: Vec<String> = all
        .iter()
        .filter(|d| d.is_error && !d.is_halt())
        .map(|d| d.words(tool, dir))
        .collect();
    let more = errors.len().saturating_sub(TOLD);
    let told = errors.get(..TOLD.min(errors.len()))?.join("; ");
    match (told.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(told),
        (false, _) => Some(format!("{told}; and {more} more, in the log")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(summary: &str, detail: &str) -> Diagnostic {
        Diagnostic::read(&json!({"severity": "error", "summary": summary, "detail": detail}))
    }

    #[test]
    fn the_holder_of_the_lock_is_named() {
        let detail = "Error message: resource temporarily unavailable\nLock Info:\n  ID:        babdd3a5\n  Path:      terraform.tfstate\n  Operation: OperationTypeApply\n  Who:       root@vm\n  Version:   1.11.4\n  Created:   2026-11-27 20:43:09.057038936 +0000 UTC\n  Info:      \n\n\nTerraform acquires a state lock to protect the state";
        let lock = said("Error acquiring the state lock", detail);
        assert_eq!(
            message(&[lock], "terraform", "infra").unwrap(),
            "the state is locked by root@vm (apply, since 2026-11-27 20:43:09 UTC): wait until that has ended and retry; only if it is certain that nothing works there any more: `terraform force-unlock babdd3a5` in infra"
        );
        let unreached = said(
            "Error acquiring the state lock",
            "Error message: no network",
        );
        assert_eq!(
            message(&[unreached], "terraform", "infra").unwrap(),
            "Error acquiring the state lock: Error message: no network"
        );
    }

    #[test]
    fn an_error_has_its_place_and_the_log_all_of_it() {
        let error = Diagnostic::read(&json!({
            "severity": "error", "summary": "oops", "detail": "\nfirst\nsecond\n", "address": "a.b",
            "range": {"filename": "main.tf", "start": {"line": 9}},
        }));
        assert_eq!(
            error.lines(),
            ["error: oops, main.tf:9, a.b", "  first", "  second"]
        );
        let halt = said("execution halted", "");
        let all = vec![error.clone(), halt, error.clone(), error];
        assert_eq!(
            message(&all, "tofu", ".").unwrap(),
            "a.b: oops: first (main.tf:9); a.b: oops: first (main.tf:9); and 1 more, in the log"
        );
        assert_eq!(message(&[], "tofu", "."), None);
    }
}
