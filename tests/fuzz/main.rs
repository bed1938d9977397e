//! Fuzz targets: plain functions over bytes, fed with mutations of their seeds from a fixed seed of dice. A few of them
//! every day; `FLIGHTDECK_CASES=1000000 cargo test --test fuzz` for as long as you like. A case that fails prints itself.
//! The masking has its target beside it (`attempt/mask.rs`, by proptest), since only that room knows it.

#[path = "../whole/place.rs"]
#[allow(dead_code, reason = "shared with tests/whole, which uses all of it")]
mod place;

mod mutate;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use flightdeck::journal::Tail;
use flightdeck::text::deceives;
use flightdeck::tui::ansi;
use flightdeck::workflow::{self, Expr, Scope, Template};
use mutate::mutated;
use place::{Dice, Place, cases};
use serde_json::{Value, json};

/// No input takes longer, however slow and loaded the machine.
const LIMIT: Duration = Duration::from_secs(10);

/// Feeds a target, and says which input it was that broke it.
fn feed(name: &str, seeds: &[Vec<u8>], everyday: u64, target: &mut dyn FnMut(&[u8])) {
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let mut dice = Dice(0x0f11_9473_dec4);
    let all = seeds.len() as u64;
    for n in 0..all + cases(everyday) {
        let input = match seeds.get(n as usize) {
            Some(seed) => seed.clone(),
            None => mutated(&mut dice, seeds),
        };
        let began = Instant::now();
        let broke = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target(&input)));
        let shown = input.escape_ascii();
        assert!(broke.is_ok(), "{name}, case {n}: {shown}");
        assert!(
            began.elapsed() < LIMIT,
            "{name}, case {n}, is slow: {shown}"
        );
    }
}

fn files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("a seed"))
        .collect()
}

#[test]
fn workflow_files() {
    let mut seeds = files("tests/corpus", "yaml");
    seeds.extend(files("workflows", "yaml"));
    seeds.retain(|seed| seed.len() < 4_000);
    feed("workflow", &seeds, 400, &mut |bytes| {
        let checked = workflow::check(bytes);
        assert!(
            checked.workflow.is_some() || !checked.problems.is_empty(),
            "refused without a word"
        );
        assert_eq!(checked.problems, workflow::check(bytes).problems);
    });
}

/// A scope in which every name is something.
struct Something;

impl Scope for Something {
    fn root(&self, name: &str) -> Option<Value> {
        Some(json!({ name: [1, "two", null, {"x": 3}] }))
    }

    fn step(&self, id: &str) -> Option<Value> {
        Some(json!({ "status": "succeeded", "outputs": { id: "v" } }))
    }
}

#[test]
fn expressions() {
    let seeds = [
        "status == 200 and body.x > 3",
        "a ${{ params.p }} b ${{ steps.a-b.outputs.k }} ${{ secrets.s }}",
        "${{ range(1, 6) }}",
        "${{ 'x' in params.list or not (1 < 2) }}",
        "params.a[0].b | default('x') | upper",
        "${{ item }}${{ matrix.a ~ '-' ~ matrix.b }}",
        "((((1 + 2) * 3) - 4) / 5) % 6 == 7 ** 2",
        "{'a': [1, 2, {'b': \"\\u00e9\\n\"}]}['a'][2].b",
        "${{ \"}}\" }} ${{ '{{' }}",
        "x if y else z",
    ];
    let seeds = seeds.map(|seed| seed.as_bytes().to_vec());
    feed("expression", &seeds, 4_000, &mut |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(template) = Template::parse(&text) {
            assert_eq!(template.source(), text);
            let _ = template.fill(&Something);
            let _ = template.value(&Something);
        }
        if let Ok(expr) = Expr::parse(&text) {
            let _ = expr.eval(&Something);
            // What is broken must never count as true.
            if expr.truth(&Something) == Ok(true) {
                assert_eq!(expr.eval(&Something), Ok(Value::Bool(true)));
            }
        }
    });
}

/// Whatever is done to a journal: what is still read of it is what was written, from its beginning on.
#[test]
fn journals() {
    let place = Place::new();
    let text = "name: j\nsteps:\n  - {id: a, run: 'echo k=v >> \"$FLIGHTDECK_OUTPUT\"', outputs: {k: {file: true}}}\n  - {id: b, run: 'exit 3', on_failure: ignore}\n  - {id: c, run: 'true'}\n";
    place.write("j.yaml", text);
    let run = place.output(&["run", "j.yaml", "--headless", "--id", "one"]);
    assert_eq!(run.status.code(), Some(3));
    let dir = place.path("state/runs/one");
    let whole = std::fs::read(dir.join("journal")).expect("a journal");
    let read = |dir: &Path| Tail::open(dir).and_then(|mut tail| tail.read());
    let told = |recorded: &dyn std::fmt::Debug| format!("{recorded:?}");
    let before: Vec<String> = read(&dir).expect("good").iter().map(|r| told(r)).collect();
    assert!(before.len() > 8);
    let other = place.path("other");
    std::fs::create_dir(&other).expect("a folder");
    std::fs::set_permissions(&other, PermissionsExt::from_mode(0o700)).expect("a mode");
    let file = other.join("journal");
    std::fs::write(&file, b"").expect("a file");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("a mode");
    feed("journal", &[whole], 2_000, &mut |bytes| {
        std::fs::write(&file, bytes).expect("a file");
        let Ok(mut tail) = Tail::open(&other) else {
            return;
        };
        let mut after = Vec::new();
        let _ = tail.read_each(|recorded| after.push(told(&recorded)));
        assert!(
            before.starts_with(&after),
            "something else was read: {after:?}"
        );
    });
}

#[test]
fn output_bytes() {
    let seeds: Vec<Vec<u8>> = mutate::NOISE.iter().map(|seed| seed.to_vec()).collect();
    feed("ansi", &seeds, 20_000, &mut |bytes| {
        let mut state = ansi::State::default();
        for line in bytes.split(|b| *b == b'\n') {
            let spans = ansi::parse(line, &mut state);
            let text = ansi::text(&spans);
            assert_eq!(text.chars().find(|c| c.is_control() || deceives(*c)), None);
            for width in [1, 7, 80] {
                let rows = ansi::wrap(&spans, width);
                assert!(rows.iter().all(|row| ansi::width(row) <= width));
                assert!(ansi::width(&ansi::window(&spans, 3, width)) <= width);
            }
        }
    });
}
