//! What has happened, and what follows from it. Pure: no runtime, clock, randomness or files.
//!
//! [`Run`] takes an [`Input`] and answers with a [`Turn`]: events (facts, to be journaled) and effects (orders to the
//! edge). It changes only by applying its own events, so a replayed run cannot differ from the live one.

mod actor;
mod attempt;
mod controls;
mod effect;
mod event;
mod input;
mod machine;
mod state;

mod accept;
mod crowd;
mod fold;
mod legal;
mod schedule;
mod track;
mod tries;

mod attention;
mod desk;
mod dispatch;
mod hooks;
mod mode;
mod preflight;
mod queue;
mod reload;
mod rollback;
mod settle;
mod start;
mod verbs;

mod fill;
mod form;
mod graph;
mod inner;
mod reads;
mod resolve;
mod scope;

mod compare;
mod contrast;
mod describe;
mod forecast;
mod lay;
mod past;
mod precedent;
mod preview;
mod read;
mod stock;

#[cfg(test)]
mod tests;

pub use actor::Actor;
pub use attempt::{Attempt, CheckRun, Finding, HookRun};
pub use compare::{Comparison, Pair, RunSide, StepPair, StepSide};
pub use contrast::{Contrast, Line};
pub use controls::{Asked, Controls, Grounds, Held};
pub use describe::BOOT_CHANGED;
pub use effect::{Effect, Spec};
pub use event::{Event, FreezeOverride, IllegalEvent, Recorded, RunStart};
pub use forecast::{Forecast, Outlook, RecoveryTime, Span};
pub use input::{
    AbortHow, Changes, Command, Definition, Ended, Input, Leftover, LogFacts, Outcome, Refusal,
    Seen,
};
pub use machine::{InputField, Preview, Run, Turn};
pub use past::{Expectations, Expected, PastTimes, Spread, percentile};
pub use precedent::{Changed, PastRuns, Precedent, Precedents};
pub use queue::Claim;
pub use state::{
    Ask, Attention, AuditEntry, Counts, Kind, Phase, Shown, SkipReason, State, StepRun, Tick, Vote,
    Why,
};
pub use stock::Stock;
pub use verbs::take_back::WayBack;
