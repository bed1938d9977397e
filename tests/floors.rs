//! The architecture, as a test: the rules of the house that a reader relies on and no compiler checks. Each rule is a function
//! from one file to its complaints, so that it can be shown to complain.

#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use regex::Regex;

/// Rooms from the ground up. A file imports only from lower floors and from its own room; what shares a row is one room.
const FLOORS: [&[&[&str]]; 9] = [
    &[&["text"]],
    &[&["yaml"], &["id"], &["secret"], &["time"], &["aws_model"]],
    &[&["workflow"]],
    &[&["run"]],
    &[&["attempt"], &["journal"], &["picture"]],
    &[&["engine"]],
    // On the same floor, a step higher: it speaks for an engine, which does not know of it.
    &[&["link"]],
    &[&["tui"], &["headless"]],
    &[&["main", "lib", "cli", "config", "diagnostics"]],
];

/// Crates that may be named only where these expressions match a path.
const CONFINED: [(&str, &str); 19] = [
    ("aws_config", "^src/attempt/aws"),
    ("aws_credential_types", "^src/attempt/aws"),
    ("aws_sigv4", "^src/attempt/aws"),
    ("miniz_oxide", "^src/aws_model"),
    ("roxmltree", "^src/attempt/aws"),
    ("ratatui", "^src/tui"),
    ("crossterm", "^src/tui"),
    ("reqwest", "^src/attempt"),
    ("kube", "^src/attempt/kubernetes/"),
    ("k8s_openapi", "^src/attempt/kubernetes/"),
    ("serde_yaml", r"^src/yaml\.rs$"),
    ("tokio_postgres", "^src/attempt/(postgres|probe|sql)"),
    ("tokio_postgres_rustls", "^src/attempt/postgres"),
    ("hickory_resolver", "^src/attempt/probe"),
    ("x509_cert", "^src/attempt/probe"),
    ("tokio_rustls", "^src/attempt/probe"),
    ("rustls", "^src/attempt"),
    ("minijinja", "^src/workflow/(template|expr)"),
    (
        "tokio",
        "^src/(attempt|journal|engine|link|tui|headless|main|lib|cli|config|diagnostics)",
    ),
];

/// Rooms that know nothing of the world, and what they would know it by.
const PURE: &str = "^src/((aws_model|yaml|id|secret|time|text|workflow|run)\\b|tui/(model|message|update|layout|theme|view)\\b)";
const WORLD: &str = r"\b(SystemTime|Instant|Zoned|Timestamp)::now\b|\bstd::(env|fs|process|thread)\b|\b(TcpStream|TcpListener|UdpSocket|ToSocketAddrs)\b|\benv::vars?\b|\bFile::(open|create)\b|\bfs::[a-z_]+\(|\bstd::io::(stdin|stdout|stderr)\b|\b(rand|getrandom|fastrand)::|\bRandomState\b";

/// Compiled once: there are many files.
fn regex(text: &str) -> Regex {
    static KNOWN: LazyLock<Mutex<BTreeMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    known
        .entry(text.to_owned())
        .or_insert_with(|| Regex::new(text).unwrap())
        .clone()
}

struct Source {
    path: String,
    text: String,
}

fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

impl Source {
    /// Without comments. A `//` in a text takes the rest of its line along, which hides no import.
    fn code(&self) -> String {
        let line = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
        self.text.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Without tests either: they may read files.
    fn product_code(&self) -> String {
        if self.path.ends_with("/tests.rs") || self.path.contains("/tests/") {
            return String::new();
        }
        let code = self.code();
        let tests = regex(r"#\[cfg\(test\)\]\s*mod \w+ \{");
        let end = tests.find(&code).map_or(code.len(), |found| found.start());
        code[..end].to_owned()
    }

    /// The names of its modules from the crate's root: `["run", "verbs", "retry"]`.
    fn modules(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let path = path.strip_suffix("/mod").unwrap_or(path);
        path.split('/').collect()
    }
}

/// Floor and room of a top-level module.
fn place(module: &str) -> Option<(usize, usize)> {
    FLOORS.iter().enumerate().find_map(|(floor, rooms)| {
        let room = rooms.iter().position(|room| room.contains(&module))?;
        Some((floor, room))
    })
}

/// Top-level modules that the file names, by `crate::` or by enough `super::`.
fn imports(source: &Source) -> Vec<String> {
    let path = regex(r"\b(crate|super(?:::super)*)::(\w+|\{)");
    let code = source.code();
    let depth = source.modules().len();
    let mut names = Vec::new();
    for found in path.captures_iter(&code) {
        let from_root = &found[1] == "crate";
        if !from_root && found[1].split("::").count() < depth {
            continue;
        }
        let mut some = match &found[2] {
            "{" => heads(&code[found.get(0).unwrap().end()..]),
            name => vec![name.to_owned()],
        };
        // In a module within the file such a path may end in the file, and not at the root.
        some.retain(|name| from_root || place(name).is_some());
        names.extend(some);
    }
    names
}

/// The first name of each item of a `{...}` list whose opening brace was just read.
fn heads(list: &str) -> Vec<String> {
    let (mut depth, mut names, mut fresh) = (1, Vec::new(), true);
    for word in regex(r"\w+|[{},]").find_iter(list) {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," => fresh |= depth == 1,
            name if fresh => {
                names.push(name.to_owned());
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// The first two rows are both the ground floor, and the engine's and the link's are both floor 4.
fn number(row: usize) -> usize {
    row.saturating_sub(if row > 5 { 2 } else { 1 })
}

fn floors(source: &Source) -> Vec<String> {
    let own = source.modules()[0].to_owned();
    let Some((floor, room)) = place(&own) else {
        return vec![format!(
            "room `{own}` is on no floor: add it to FLOORS in tests/floors.rs"
        )];
    };
    let wrong = |name: &String| match place(name) {
        None => Some(format!("imports `{name}`, which is on no floor")),
        Some(there) if there == (floor, room) || there.0 < floor => None,
        Some((there, _)) if there == floor => Some(format!("imports its neighbour `{name}`")),
        Some((there, _)) => Some(format!(
            "is on floor {} and imports `{name}` of floor {}",
            number(floor),
            number(there)
        )),
    };
    imports(source).iter().filter_map(wrong).collect()
}

fn opening(source: &Source) -> Vec<String> {
    let good = source.text.starts_with("//! ");
    (!good)
        .then(|| "does not open with `//!`: what is it for?".to_owned())
        .into_iter()
        .collect()
}

fn length(source: &Source) -> Vec<String> {
    let most = if source.path == "src/main.rs" {
        40
    } else {
        800
    };
    let lines = source.text.lines().count();
    (lines > most)
        .then(|| format!("has {lines} lines, more than {most}"))
        .into_iter()
        .collect()
}

/// Doors have module lines and re-exports, nothing else.
fn door(source: &Source) -> Vec<String> {
    if !source.path.ends_with("/mod.rs") && source.path != "src/lib.rs" {
        return Vec::new();
    }
    let code = source.code();
    let attribute = regex(r"#!?\[[^\]]*\]");
    let fine = regex(r"^(pub(\([a-z ]+\))? )?(mod \w+|use [\w:{}*,\s]+)$");
    let code = attribute.replace_all(&code, "");
    let statements = code.split(';').map(str::trim).filter(|s| !s.is_empty());
    let logic = statements.filter(|s| !fine.is_match(s));
    logic
        .map(|s| {
            format!(
                "is a door, and has logic: {}",
                s.lines().next().unwrap_or(s)
            )
        })
        .collect()
}

fn confined(source: &Source) -> Vec<String> {
    let code = source.code();
    let named = |name: &str| regex(&format!(r"\b{name}(_core|_widgets)?(::|\s*;)")).is_match(&code);
    let allowed = |paths: &str| regex(paths).is_match(&source.path);
    CONFINED
        .iter()
        .filter(|(name, paths)| !allowed(paths) && named(name))
        .map(|(name, paths)| format!("names the crate {name}, which belongs to {paths}"))
        .collect()
}

fn pure(source: &Source) -> Vec<String> {
    if !regex(PURE).is_match(&source.path) {
        return Vec::new();
    }
    let world = regex(WORLD);
    let code = source.product_code();
    world
        .find_iter(&code)
        .map(|found| format!("is pure, and names `{}`", found.as_str()))
        .collect()
}

/// Text reaches the screen by one file, which cleans it; anything else of ratatui that takes text is a way around it.
fn clean_text(source: &Source) -> Vec<String> {
    const TAKES_TEXT: &str = r"\b(set_stringn?|set_line|set_span|set_symbol|set_char|append_symbol|render_widget|Paragraph)\b|\b(Span|Line|Text)::(raw|styled|from)\b|\bratatui::text\b";
    if !source.path.starts_with("src/tui/") || source.path == "src/tui/view/strip.rs" {
        return Vec::new();
    }
    let code = source.product_code();
    regex(TAKES_TEXT)
        .find_iter(&code)
        .map(|found| {
            let by = found.as_str();
            format!("puts text on the screen by `{by}`, which is for view/strip.rs")
        })
        .collect()
}

const RULES: [fn(&Source) -> Vec<String>; 7] =
    [floors, opening, length, door, confined, pure, clean_text];

fn sources(dir: &Path, into: &mut Vec<Source>) {
    let mut entries: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            into.push(source(path.to_str().unwrap(), &text));
        }
    }
}

#[test]
fn the_house_stands() {
    // `cargo test` runs in the folder of Cargo.toml, so paths begin with `src`.
    let mut all = Vec::new();
    sources(Path::new("src"), &mut all);
    assert!(all.len() > 20, "only {} files found", all.len());
    let complaints: Vec<_> = all
        .iter()
        .flat_map(|source| RULES.iter().map(move |rule| (source, rule(source))))
        .flat_map(|(source, found)| {
            found
                .into_iter()
                .map(|text| format!("{} {text}", source.path))
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn there_is_one_crossterm() {
    let lock = fs::read_to_string("Cargo.lock").unwrap();
    assert_eq!(lock.matches("name = \"crossterm\"\n").count(), 1);
}

/// What a rule says of some files: (path, text, complaint or nothing).
fn check(rule: fn(&Source) -> Vec<String>, cases: &[(&str, &str, &str)]) {
    for (path, text, expected) in cases {
        let found = rule(&source(path, text)).join("; ");
        assert_eq!(found, *expected, "{path}: {text}");
    }
}

#[test]
fn imports_up_or_sideways_are_found() {
    const UP: &str = "is on floor 2 and imports `engine` of floor 4";
    check(
        floors,
        &[
            ("src/run/a.rs", "use crate::engine::Handle;", UP),
            ("src/run/a.rs", "fn f(h: crate::engine::Handle) {}", UP),
            (
                "src/run/a.rs",
                "use crate::{id::RunId, engine::{A, tui}, time};",
                UP,
            ),
            ("src/run/a.rs", "use super::super::engine::Handle;", UP),
            ("src/run/verbs/a.rs", "use super::super::state::State;", ""),
            ("src/run/a.rs", "// use crate::engine::Handle;", ""),
            (
                "src/run/mod.rs",
                "use crate::{workflow::Step, id::RunId};",
                "",
            ),
            (
                "src/journal/a.rs",
                "use crate::attempt::serve;",
                "imports its neighbour `attempt`",
            ),
            (
                "src/id.rs",
                "use super::time::Timestamp;",
                "imports its neighbour `time`",
            ),
            (
                "src/id.rs",
                "mod tests { use super::*; use super::StepId; }",
                "",
            ),
            (
                "src/run/a.rs",
                "use crate::cellar::X;",
                "imports `cellar`, which is on no floor",
            ),
            (
                "src/cli/run.rs",
                "use crate::config::load; use crate::tui::open;",
                "",
            ),
            (
                "src/cellar.rs",
                "",
                "room `cellar` is on no floor: add it to FLOORS in tests/floors.rs",
            ),
        ],
    );
}

#[test]
fn silent_and_long_files_are_found() {
    let silent = "does not open with `//!`: what is it for?";
    check(
        opening,
        &[
            ("src/id.rs", "use std::fmt;\n//! Late.", silent),
            ("src/id.rs", "//! Names.\n", ""),
        ],
    );
    check(
        length,
        &[
            (
                "src/id.rs",
                &"\n".repeat(801),
                "has 801 lines, more than 800",
            ),
            ("src/id.rs", &"\n".repeat(800), ""),
            (
                "src/main.rs",
                &"\n".repeat(41),
                "has 41 lines, more than 40",
            ),
        ],
    );
}

#[test]
fn logic_in_a_door_is_found() {
    let good = "//! A door.\n#![deny(x)]\nmod a;\n#[cfg(test)]\nmod tests;\npub use a::{B,\n C};\n";
    let inner = "pub mod a { pub fn f() {} }";
    check(
        door,
        &[
            ("src/run/mod.rs", good, ""),
            (
                "src/run/mod.rs",
                "mod a;\nfn f() {}",
                "is a door, and has logic: fn f() {}",
            ),
            (
                "src/run/mod.rs",
                inner,
                &format!("is a door, and has logic: {inner}"),
            ),
            (
                "src/lib.rs",
                "fn f() {}",
                "is a door, and has logic: fn f() {}",
            ),
            ("src/run/a.rs", "fn f() {}", ""),
        ],
    );
}

#[test]
fn crates_out_of_place_are_found() {
    let not = |name: &str| {
        let (_, paths) = CONFINED.iter().find(|(n, _)| *n == name).unwrap();
        format!("names the crate {name}, which belongs to {paths}")
    };
    check(
        confined,
        &[
            ("src/cli/a.rs", "use serde_yaml::Value;", &not("serde_yaml")),
            ("src/yaml.rs", "use serde_yaml::Value;", ""),
            (
                "src/run/a.rs",
                "async fn f() { tokio::task::yield_now().await }",
                &not("tokio"),
            ),
            ("src/engine/a.rs", "use tokio::sync::mpsc;", ""),
            ("src/engine/a.rs", "use ratatui::Frame;", &not("ratatui")),
            ("src/attempt/a.rs", "use reqwest::Client;", ""),
            ("src/workflow/expr/a.rs", "use minijinja::Value;", ""),
            (
                "src/workflow/check.rs",
                "use minijinja::Value;",
                &not("minijinja"),
            ),
        ],
    );
}

#[test]
fn the_world_in_a_pure_room_is_found() {
    let test = "fn f() {}\n#[cfg(test)]\nmod tests {\n use std::fs;\n}";
    check(
        pure,
        &[
            (
                "src/run/a.rs",
                "Instant::now();",
                "is pure, and names `Instant::now`",
            ),
            (
                "src/time.rs",
                "jiff::Timestamp::now()",
                "is pure, and names `Timestamp::now`",
            ),
            (
                "src/workflow/check.rs",
                "use std::fs;",
                "is pure, and names `std::fs`",
            ),
            (
                "src/tui/view/a.rs",
                "std::env::var(\"TERM\")",
                "is pure, and names `std::env`",
            ),
            (
                "src/tui/update.rs",
                "rand::random()",
                "is pure, and names `rand::`",
            ),
            ("src/run/a.rs", test, ""),
            ("src/run/tests/a.rs", "use std::fs;", ""),
            ("src/tui/terminal.rs", "std::env::var(\"TERM\")", ""),
            ("src/journal/a.rs", "Instant::now()", ""),
        ],
    );
}

#[test]
fn text_that_goes_around_the_sanitiser_is_found() {
    let by = |by: &str| format!("puts text on the screen by `{by}`, which is for view/strip.rs");
    let test = "#[cfg(test)]\nmod tests {\n Line::from(x);\n}";
    check(
        clean_text,
        &[
            (
                "src/tui/view/a.rs",
                "buffer.set_string(0, 0, x, s);",
                &by("set_string"),
            ),
            ("src/tui/view/a.rs", "Line::from(x)", &by("Line::from")),
            ("src/tui/home/a.rs", "cell.set_symbol(x)", &by("set_symbol")),
            (
                "src/tui/view/a.rs",
                "use ratatui::text::Line;",
                &by("ratatui::text"),
            ),
            (
                "src/tui/view/strip.rs",
                "buffer.set_stringn(0, 0, x, 1, s);",
                "",
            ),
            ("src/tui/view/a.rs", test, ""),
            ("src/cli/a.rs", "Line::from(x)", ""),
        ],
    );
}
