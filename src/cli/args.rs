//! The arguments, as clap derives them from these types: names, help and completion all come from here.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::run::Kind;

/// Run, watch and steer orchestration workflows from a terminal.
///
/// Without a command: opens the screen on workflows and runs.
#[derive(Debug, Parser)]
#[command(
    name = "flightdeck",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  flightdeck run quickstart             a two-minute rehearsal, needs only sh\n  \
                  flightdeck run deploy.yaml -p env=prod\n  flightdeck resume last                take up a run that was left\n  \
                  flightdeck check *.yaml\n\nExit codes: 0 succeeded, 1 failed, 2 bad usage or workflow,\n3 completed with exceptions, 4 cancelled, 6 storage, 7 refused,\n\
                  8 journal unreadable, 75 needs an operator, 128+n by signal n."
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Clone, Debug, Default, Args)]
pub(super) struct Global {
    /// Where runs are kept [env: FLIGHTDECK_STATE_DIR] [default: $XDG_STATE_HOME/flightdeck]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Global options"
    )]
    pub state_dir: Option<PathBuf>,
    /// Settings [default: $XDG_CONFIG_HOME/flightdeck/config.yaml]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub config: Option<PathBuf>,
    /// Colours of the screen; `flightdeck themes` lists them
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Global options"
    )]
    pub theme: Option<String>,
    /// Only ASCII characters on the screen
    #[arg(long, global = true, help_heading = "Global options")]
    pub ascii: bool,
    /// Lines and numbered questions instead of a screen, for a screen reader or a bad line
    #[arg(long, global = true, help_heading = "Global options")]
    pub plain: bool,
    /// Profile of keys: default, safe (`;` before each that changes the run), or one of keys.yaml
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Global options"
    )]
    pub keys: Option<String>,
    /// At most this many frames a second
    #[arg(long, global = true, value_name = "N", help_heading = "Global options", value_parser = clap::value_parser!(u16).range(1..=60))]
    pub fps: Option<u16>,
    /// More in the program's own log; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Start a run
    Run(RunArgs),
    /// Take up a run that no engine holds
    Resume(ResumeArgs),
    /// List runs, newest first
    List(ListArgs),
    /// Show one run: its steps, attempts and outputs
    Show(ShowArgs),
    /// Print the output of a step
    Logs(LogsArgs),
    /// Find all that is wrong with workflow files
    Check(CheckArgs),
    /// Say what would run, in which order, without running it
    Plan(PlanArgs),
    /// Run the preflight checks of a workflow alone: exit 0 all met, 3 something warns, 7 something blocks
    Preflight(PreflightArgs),
    /// Draw the graph of a workflow
    Graph(GraphArgs),
    /// Write down a run as evidence: who did what and why, times against objectives, what is left over
    Report(ReportArgs),
    /// Hold two runs against each other: times, states, inputs, outputs, who did what
    Compare(CompareArgs),
    /// Verify a run's journal: checksums and hash chain
    Verify(VerifyArgs),
    /// Remove runs that ended long ago
    Prune(PruneArgs),
    /// Print the JSON Schema of workflow files, for editors
    Schema,
    /// List the themes; on a terminal with a sample of each
    Themes(ThemesArgs),
    /// List the keys of the screen
    Keys,
    /// Look at this machine and terminal, or at all that a workflow needs, and say what will not work
    Doctor(DoctorArgs),
    /// Print a completion script for a shell
    Completions { shell: clap_complete::Shell },
    /// Print the manual page, of the program or of one command
    Man {
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
    /// Open the screen on a live run, from another terminal
    Attach(AttachArgs),
    /// Show a run that has ended once more, at the pace at which it went
    Replay(ReplayArgs),
    /// Give one command to a live run, from any terminal
    Ctl(Box<CtlArgs>),
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// A run id, a unique beginning of one, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// A head of the chain that was kept elsewhere: is this the journal that it was taken from?
    #[arg(long, value_name = "HEX")]
    pub head: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The run to measure by, mostly the older one: an id, a unique beginning of one, or `last`
    #[arg(value_name = "RUN")]
    pub first: String,
    /// The run that is told of: +0:22 means that it took longer than the first one
    #[arg(value_name = "RUN")]
    pub second: String,
    /// Only what differs
    #[arg(long)]
    pub only_differences: bool,
    /// As one JSON object
    #[arg(long, conflicts_with = "only_differences")]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A workflow file, or the name of an installed or shipped workflow
    #[arg(value_name = "FILE", required_unless_present = "like")]
    pub file: Option<String>,
    /// Like that run: its params (-p changes them), kind, folder and file, or what is named instead of its file
    #[arg(long, value_name = "RUN")]
    pub like: Option<String>,
    #[command(flatten)]
    pub params: ParamArgs,
    /// Begin in ungraceful mode: steps are skipped, or go another way, where their author says so
    #[arg(long)]
    pub ungraceful: bool,
    /// Start paused: nothing runs until resumed
    #[arg(long)]
    pub paused: bool,
    /// Stop before this step
    #[arg(long = "break", value_name = "STEP")]
    pub breakpoints: Vec<String>,
    /// [default: live, or as the run of --like]
    #[arg(long, value_enum, hide_default_value = true)]
    pub kind: Option<KindArg>,
    /// Start although a freeze window of the workflow forbids it; the reason goes into the record
    #[arg(long, value_name = "REASON")]
    pub override_freeze: Option<String>,
    /// At most this many steps at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_parallel: Option<u32>,
    /// The id of the new run [default: date, time and four random characters]
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Record the screen into a new file (0600), an asciicast v2: asciinema and many players show it again
    #[arg(long, value_name = "FILE", conflicts_with_all = ["headless", "detach"])]
    pub record: Option<PathBuf>,
    /// Without a screen: one line for each event
    #[arg(long)]
    pub headless: bool,
    /// With --headless: one JSON object for each event
    #[arg(long, requires = "headless")]
    pub json: bool,
    /// With --headless: a failed step parks and waits instead of ending the run
    #[arg(long)]
    pub hold: bool,
    /// Start it without a screen and a terminal, print the run id, and return
    #[arg(long, conflicts_with = "json")]
    pub detach: bool,
    /// Set by --detach for the process that it starts.
    #[arg(long, hide = true)]
    pub own_session: bool,
}

#[derive(Clone, Debug, Default, Args)]
pub(super) struct ParamArgs {
    /// A parameter; may be repeated
    #[arg(
        short,
        long = "param",
        value_name = "NAME=VALUE",
        allow_hyphen_values = true
    )]
    pub param: Vec<String>,
    /// Parameters from a YAML or JSON file; -p wins over it
    #[arg(long, value_name = "FILE")]
    pub params: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KindArg {
    /// For real
    Live,
    /// An exercise
    Drill,
    /// Say what each step would do, touch nothing
    Dry,
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Live => Self::Live,
            KindArg::Drill => Self::Drill,
            KindArg::Dry => Self::Dry,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// A run id, a unique beginning of one, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Without a screen: one line for each event
    #[arg(long)]
    pub headless: bool,
    /// With --headless: one JSON object for each event
    #[arg(long, requires = "headless")]
    pub json: bool,
    /// With --headless: a failed step parks and waits instead of ending the run
    #[arg(long)]
    pub hold: bool,
    /// Record the screen into a new file (0600), an asciicast v2
    #[arg(long, value_name = "FILE", conflicts_with = "headless")]
    pub record: Option<PathBuf>,
    /// Set by --detach for the process that it starts.
    #[arg(long, hide = true)]
    pub own_session: bool,
}

#[derive(Debug, Args)]
pub(super) struct AttachArgs {
    /// A run id, a unique beginning of one, or `last` [default: the only live run]
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Only look: no key changes the run
    #[arg(long)]
    pub watch: bool,
    /// Record the screen into a new file (0600), an asciicast v2
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// A run id, a unique beginning of one, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Begin so long after the start of the run: `10m`, `1h30m`
    #[arg(long, value_name = "TIME", value_parser = crate::workflow::parse_span)]
    pub from: Option<std::time::Duration>,
    /// So many times as fast; on the screen `>` and `<` change it, `p` pauses, `.` goes on to what happens next
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub speed: u32,
}

#[derive(Debug, Args)]
#[command(after_help = super::verbs::help())]
pub(super) struct CtlArgs {
    /// A run id, a unique beginning of one, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// What to do; all verbs are listed below
    #[arg(value_name = "VERB")]
    pub verb: String,
    /// The step that it is aimed at; for abort: drain, now, rollback or kill
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
    /// Only if the step has had N attempts, and stands as it does now
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Why: it goes into the record
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
    /// A changed input, an output, or a field of a form; may be repeated
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub set: Vec<String>,
    /// With retry-from: a step that has succeeded and is to run again; may be repeated
    #[arg(long, value_name = "STEP")]
    pub rerun: Vec<String>,
    /// With skip: also skip what needs its outputs
    #[arg(long)]
    pub dependents: bool,
    /// With take: without asking who has them; with mark: whatever verify says
    #[arg(long)]
    pub force: bool,
    /// With tick: which item, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub item: Option<u32>,
    /// With tick: the value that the item asks for
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub value: Option<String>,
    /// With postpone: the new end, for example 2026-11-24T10:30:00Z
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// With reload: the new definition
    #[arg(long, value_name = "FILE")]
    pub file: Option<String>,
    /// With pin: which line, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub line: Option<u64>,
    /// Say what it would do, and change nothing
    #[arg(long)]
    pub preview: bool,
    /// The answer as a JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// As a JSON array
    #[arg(long)]
    pub json: bool,
    /// Only runs of this workflow
    #[arg(long, value_name = "NAME")]
    pub workflow: Option<String>,
    /// Only runs in this state: running, failed, attention, unattended, ...
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A run id, a unique beginning of one, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// Everything that happened: one JSON object for each event
    #[arg(long)]
    pub events: bool,
}

#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// A run id, a unique beginning of one, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Of several steps, all attempts are merged by time, with the name in front of each line
    #[arg(value_name = "STEP", required_unless_present = "all")]
    pub steps: Vec<String>,
    /// Of all steps, merged by time
    #[arg(long, conflicts_with_all = ["steps", "attempt", "raw"])]
    pub all: bool,
    /// Which attempt; `v1` is the first look at the effect (verify) [default: the newest]
    #[arg(long, value_name = "N")]
    pub attempt: Option<String>,
    /// Go on until the attempt has ended; of several steps, until the run has
    #[arg(short, long)]
    pub follow: bool,
    /// The exact bytes; without it, what could act on a terminal is made visible
    #[arg(long)]
    pub raw: bool,
}

#[derive(Debug, Args)]
pub(super) struct ThemesArgs {
    /// These alone; one that has mistakes is told with file and line
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// As a JSON array
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
    /// As a JSON array
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// A workflow file, or the name of an installed or shipped workflow
    #[arg(value_name = "FILE")]
    pub file: String,
    #[command(flatten)]
    pub params: ParamArgs,
    /// As which kind of run: a drill needs no approval of its start, a dry run looks at nothing
    #[arg(long, value_enum, default_value_t = KindArg::Live)]
    pub kind: KindArg,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PreflightArgs {
    /// A workflow file, or the name of an installed or shipped workflow
    #[arg(value_name = "FILE")]
    pub file: String,
    #[command(flatten)]
    pub params: ParamArgs,
    /// As which kind of run: checks see it as FLIGHTDECK_RUN_KIND
    #[arg(long, value_enum, default_value_t = KindArg::Live)]
    pub kind: KindArg,
    /// As a JSON array
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// A workflow file, or the name of an installed or shipped workflow; without it, this machine and terminal
    #[arg(value_name = "FILE")]
    pub file: Option<String>,
    #[command(flatten)]
    pub params: ParamArgs,
    /// As a JSON array
    #[arg(long, requires = "file")]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// A workflow file, or the name of an installed or shipped workflow
    #[arg(value_name = "FILE")]
    pub file: String,
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    pub format: GraphFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    Text,
    Dot,
    Mermaid,
    Svg,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A run id, a unique beginning of one, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Markdown to paste into an incident, one HTML file with pictures, or everything as JSON
    #[arg(long, value_enum, default_value_t = ReportFormat::Md)]
    pub format: ReportFormat,
    /// Into a new file (0600) instead of to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    Md,
    Html,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Only runs that ended longer ago than this: 12h, 90d
    #[arg(long, value_name = "SPAN")]
    pub older_than: Option<String>,
    /// Leave the newest N runs
    #[arg(long, value_name = "N")]
    pub keep: Option<usize>,
    /// Also runs that have not ended and that nobody drives: what they wait for can then never be decided
    #[arg(long)]
    pub include_unfinished: bool,
    /// Say what would go, remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
}
