//! Supply chain: every crate that can get into the program keeps to `deny.toml` (licences, bans, duplicates, sources), whose
//! form is cargo-deny's. A planted offender of each kind shows that the rules find it.

#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use regex::Regex;
use serde_json::{Value, json};

/// What `deny.toml` says.
#[derive(Debug)]
struct Rules {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
    single: BTreeSet<String>,
    registries: BTreeSet<String>,
}

impl Rules {
    fn read() -> Self {
        let text = std::fs::read_to_string("deny.toml").unwrap();
        let text = Regex::new(r"(?m)#.*$").unwrap().replace_all(&text, "");
        let list = |name: &str| -> BTreeSet<String> {
            let list = Regex::new(&format!(r"(?ms)^{name} = \[(.*?)\]")).unwrap();
            let body = list.captures(&text).unwrap_or_else(|| panic!("no {name}"))[1].to_owned();
            let quoted = Regex::new("\"([^\"]+)\"").unwrap();
            quoted
                .captures_iter(&body)
                .map(|c| c[1].to_owned())
                .collect()
        };
        Self {
            licences: list("allow"),
            banned: list("deny"),
            single: list("deny-multiple-versions"),
            registries: list("allow-registry"),
        }
    }

    /// What is wrong with the crates of `cargo metadata`.
    fn complaints(&self, metadata: &Value) -> Vec<String> {
        let mut found = Vec::new();
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for package in metadata["packages"].as_array().unwrap() {
            let text = |key: &str| package[key].as_str().unwrap_or_default();
            let (name, version) = (text("name"), text("version"));
            versions.entry(name).or_default().insert(version);
            // A crate of this repository has no source.
            let source = package["source"].as_str();
            let registry = source.map(|s| s.trim_start_matches("registry+"));
            if registry.is_some_and(|r| !self.registries.contains(r)) {
                found.push(format!(
                    "{name} {version} comes from {}",
                    source.unwrap_or_default()
                ));
            }
            if !self.allows(text("license")) {
                found.push(format!(
                    "{name} {version} has the licence `{}`",
                    text("license")
                ));
            }
            if self.banned.contains(name) {
                found.push(format!("{name} {version} is banned"));
            }
        }
        let twice = versions
            .iter()
            .filter(|(name, all)| all.len() > 1 && self.single.contains(**name));
        found.extend(twice.map(|(name, all)| format!("{name} is there in {} versions", all.len())));
        found
    }

    /// Whether an SPDX expression can be met: an alternative of which every part is allowed.
    fn allows(&self, expression: &str) -> bool {
        let flat = expression.replace('/', " OR ");
        // Innermost parentheses first, each replaced by its verdict.
        let inner = Regex::new(r"\(([^()]*)\)").unwrap();
        let mut flat = flat;
        while let Some(found) = inner.captures(&flat) {
            let verdict = if self.alternatives(&found[1]) {
                "TRUE"
            } else {
                "FALSE"
            };
            flat = flat.replace(&found[0], verdict);
        }
        self.alternatives(&flat)
    }

    fn alternatives(&self, flat: &str) -> bool {
        let met = |part: &str| part == "TRUE" || self.licences.contains(part);
        flat.split(" OR ")
            .any(|all| all.split(" AND ").all(|part| met(part.trim())))
    }
}

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--all-features",
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_crate_keeps_to_deny_toml() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap().len();
    assert!(packages > 100, "only {packages} crates were seen");
    let complaints = Rules::read().complaints(&metadata);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn a_planted_crate_is_found() {
    let rules = Rules::read();
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let plant = |name: &str, version: &str, licence: &str, source: &str| json!({"name": name, "version": version, "license": licence, "source": source});
    let check = |planted: &[Value], expected: &str| {
        assert_eq!(
            rules.complaints(&json!({ "packages": planted })).join("; "),
            expected
        );
    };
    check(&[plant("a", "1.0.0", "MIT OR GPL-3.0", registry)], "");
    check(&[plant("a", "1.0.0", "MIT/Apache-2.0", registry)], "");
    check(
        &[plant(
            "a",
            "1.0.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            registry,
        )],
        "",
    );
    check(
        &[plant("a", "1.0.0", "GPL-3.0", registry)],
        "a 1.0.0 has the licence `GPL-3.0`",
    );
    check(
        &[plant(
            "a",
            "1.0.0",
            "(MIT OR Apache-2.0) AND GPL-3.0",
            registry,
        )],
        "a 1.0.0 has the licence `(MIT OR Apache-2.0) AND GPL-3.0`",
    );
    check(
        &[plant("a", "1.0.0", "", registry)],
        "a 1.0.0 has the licence ``",
    );
    check(
        &[plant("a", "1.0.0", "MIT", "git+https://example.com/a")],
        "a 1.0.0 comes from git+https://example.com/a",
    );
    check(
        &[plant(
            "a",
            "1.0.0",
            "MIT",
            "registry+https://example.com/index",
        )],
        "a 1.0.0 comes from registry+https://example.com/index",
    );
    check(
        &[plant("serde_yml", "0.0.12", "MIT", registry)],
        "serde_yml 0.0.12 is banned",
    );
    check(
        &[
            plant("crossterm", "0.28.1", "MIT", registry),
            plant("crossterm", "0.29.0", "MIT", registry),
        ],
        "crossterm is there in 2 versions",
    );
}
