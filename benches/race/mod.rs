//! A race: all contenders in every round, one after the other, so that a busy machine is busy for all of them. CPU is that of
//! the contender and of everything that it started, also of what outlived it for a moment.

use std::time::{Duration, Instant};

use rustix::process::{WaitOptions, getpid, set_child_subreaper, wait};

/// Does it once; an error names what is wrong. Gives the wall time where the end of the process is not the end of the work.
pub(crate) type Run<'a> = Box<dyn FnMut() -> Result<Option<Duration>, String> + 'a>;

pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    pub(crate) run: Run<'a>,
}

struct Lap {
    wall: Duration,
    cpu: Duration,
}

/// Runs them and gives the table; the first one is what the others are compared with. `units` is what one run does so many of.
pub(crate) fn race(
    title: &str,
    rounds: usize,
    (units, unit): (usize, &str),
    mut field: Vec<Contender<'_>>,
) -> String {
    // What a contender leaves behind comes to us, and is counted.
    set_child_subreaper(Some(getpid())).expect("Linux has it");
    let mut laps: Vec<Vec<Lap>> = field.iter().map(|_| Vec::new()).collect();
    let mut failed: Vec<Option<String>> = field.iter().map(|_| None).collect();
    for _ in 0..rounds {
        for (i, contender) in field.iter_mut().enumerate() {
            if failed[i].is_some() {
                continue;
            }
            match lap(&mut contender.run) {
                Ok(lap) => laps[i].push(lap),
                Err(why) => failed[i] = Some(why),
            }
        }
    }
    let mut table = format!(
        "{title}: median of {rounds}\n{:<20} {:>9} {:>10} {:>12} {:>7} {:>7}\n",
        "",
        "wall s",
        format!("{unit}/s"),
        format!("cpu µs/{unit}"),
        "wall x",
        "cpu x"
    );
    for (i, contender) in field.iter().enumerate() {
        let row = match &failed[i] {
            Some(why) => format!("{:<20} FAILED: {why}\n", contender.name),
            None => line(contender.name, &laps[i], &laps[0], units),
        };
        table.push_str(&row);
    }
    table
}

fn lap(run: &mut Run<'_>) -> Result<Lap, String> {
    let before = reaped();
    let start = Instant::now();
    let said = run()?;
    let wall = said.unwrap_or_else(|| start.elapsed());
    while wait(WaitOptions::empty()).is_ok() {}
    let cpu = reaped().saturating_sub(before);
    Ok(Lap { wall, cpu })
}

fn line(name: &str, laps: &[Lap], first: &[Lap], units: usize) -> String {
    let wall = median(laps.iter().map(|l| l.wall.as_secs_f64()));
    let cpu = median(laps.iter().map(|l| l.cpu.as_secs_f64()));
    // Of the ratios within a round, not of the medians: a busy round is busy for both.
    let times = |of: fn(&Lap) -> Duration| {
        median(
            laps.iter()
                .zip(first)
                .map(|(l, f)| of(l).as_secs_f64() / of(f).as_secs_f64()),
        )
    };
    format!(
        "{name:<20} {wall:>9.3} {:>10.0} {:>12.1} {:>7.2} {:>7.2}\n",
        units as f64 / wall,
        cpu / units as f64 * 1e6,
        times(|l| l.wall),
        times(|l| l.cpu),
    )
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// User and system time of all children that have been waited for, theirs included; the kernel tells it in hundredths.
fn reaped() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let of = |n: usize| fields.split(' ').nth(n).and_then(|f| f.parse::<u64>().ok());
    let ticks = of(13).unwrap_or(0) + of(14).unwrap_or(0);
    Duration::from_millis(ticks * 10)
}
