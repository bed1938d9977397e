//! One graph of steps that do nothing, written down for each engine that is to run it.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// Who needs whom: for each step the steps before it that it needs.
pub(crate) struct Graph {
    pub(crate) needs: Vec<Vec<usize>>,
}

/// How many steps stand side by side in a layered graph.
const WIDTH: usize = 100;

impl Graph {
    pub(crate) fn chain(steps: usize) -> Self {
        let needs = (0..steps).map(|i| i.checked_sub(1).into_iter().collect());
        Self {
            needs: needs.collect(),
        }
    }

    pub(crate) fn fan(steps: usize) -> Self {
        Self {
            needs: vec![Vec::new(); steps],
        }
    }

    /// Each step needs two or three of the layer above it; the same ones in every run.
    pub(crate) fn layered(steps: usize) -> Self {
        let mut random = 7_u64;
        let mut next = move || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize
        };
        let mut needs = Vec::with_capacity(steps);
        for i in 0..steps {
            let mut of = Vec::new();
            if let Some(above) = (i / WIDTH).checked_sub(1) {
                let some = 2 + next() % 2;
                while of.len() < some {
                    let need = above * WIDTH + next() % WIDTH;
                    if !of.contains(&need) {
                        of.push(need);
                    }
                }
                of.sort_unstable();
            }
            needs.push(of);
        }
        Self { needs }
    }

    /// As a workflow. `argv` is what each step runs.
    pub(crate) fn workflow(&self, argv: &[&str], at_once: usize) -> String {
        let words: Vec<String> = argv.iter().map(|word| format!("{word:?}")).collect();
        let words = words.join(", ");
        let mut text = format!("name: bench\npolicies: {{max_parallel: {at_once}}}\nsteps:\n");
        for (i, needs) in self.needs.iter().enumerate() {
            let names: Vec<String> = needs.iter().map(|n| format!("s{n}")).collect();
            // Said even where there are none: left out, it would mean the step before.
            let needs = format!(", needs: [{}]", names.join(", "));
            let _ = writeln!(text, "  - {{id: s{i}, exec: {{argv: [{words}]}}{needs}}}");
        }
        text
    }

    /// `build.ninja`, `Makefile` and `steps` (for the floor) in `dir`. Ninja runs every command by a shell, so `sh -c true` is
    /// `true` there; make runs a plain command itself, and takes a shell when it sees a `;`.
    pub(crate) fn write_for_peers(&self, argv: &[&str], dir: &Path) -> io::Result<()> {
        let by_shell = argv == ["/bin/sh", "-c", "true"];
        let command = if by_shell {
            "true".to_owned()
        } else {
            argv.join(" ")
        };
        let semicolon = if by_shell { ";" } else { "" };
        let mut ninja = format!("rule r\n command = {command}\n description = $out\n");
        let all: Vec<String> = (0..self.needs.len()).map(|i| format!("s{i}")).collect();
        let all = all.join(" ");
        let mut make = format!(".PHONY: all {all}\nall: {all}\n");
        let mut steps = format!("{}\n", argv.join("\t"));
        for (i, needs) in self.needs.iter().enumerate() {
            let names: Vec<String> = needs.iter().map(|n| format!(" s{n}")).collect();
            let names = names.concat();
            let _ = writeln!(ninja, "build s{i}: r{names}");
            let _ = writeln!(make, "s{i}:{names}\n\t@{command}{semicolon}");
            let numbers: Vec<String> = needs.iter().map(ToString::to_string).collect();
            let _ = writeln!(steps, "{}", numbers.join(" "));
        }
        let _ = writeln!(ninja, "build all: phony {all}\ndefault all");
        fs::write(dir.join("build.ninja"), ninja)?;
        fs::write(dir.join("Makefile"), make)?;
        fs::write(dir.join("steps"), steps)
    }
}
