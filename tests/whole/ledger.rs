//! The outside ledger: each attempt of a step appends one line, synced, before it ends. The program never sees it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// A workflow of `steps` steps in layers of `width`; each needs two of the layer before and writes to `ledger`.
pub(crate) fn workflow(steps: usize, width: usize, ledger: &Path) -> String {
    let mut text = format!(
        "name: ledger\npolicies: {{max_parallel: 4}}\nenv: {{LEDGER: \"{}\"}}\nsteps:\n",
        ledger.display()
    );
    for n in 0..steps {
        let layer = n / width;
        let needs = if layer == 0 {
            String::new()
        } else {
            let below = (layer - 1) * width;
            format!("s{}, s{}", below + n % width, below + (n + 1) % width)
        };
        let _ = write!(
            text,
            "  - id: s{n}\n    needs: [{needs}]\n    run: |\n      echo \"$FLIGHTDECK_STEP_ID $FLIGHTDECK_ATTEMPT\" >> \"$LEDGER\" && sync \"$LEDGER\"\n"
        );
    }
    text
}

/// How often each attempt has written, by `STEP ATTEMPT`.
pub(crate) fn read(ledger: &Path) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    for line in std::fs::read_to_string(ledger).unwrap_or_default().lines() {
        *lines.entry(line.to_owned()).or_insert(0) += 1;
    }
    lines
}

/// Every step has run exactly once, and every attempt at most once.
pub(crate) fn check(ledger: &Path, steps: usize) {
    let lines = read(ledger);
    let twice: Vec<_> = lines.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "attempts that ran twice: {twice:?}");
    let mut by_step: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in lines.keys() {
        let (step, attempt) = line.split_once(' ').expect("STEP ATTEMPT");
        by_step.entry(step).or_default().push(attempt);
    }
    let again: Vec<_> = by_step
        .iter()
        .filter(|(_, attempts)| attempts.len() > 1)
        .collect();
    assert!(again.is_empty(), "steps that ran more than once: {again:?}");
    let lost: Vec<_> = (0..steps)
        .map(|n| format!("s{n}"))
        .filter(|s| !by_step.contains_key(s.as_str()))
        .collect();
    assert!(
        lost.is_empty(),
        "steps that never ran although the run has ended: {lost:?}"
    );
}
