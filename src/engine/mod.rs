//! Where pure and impure meet: the loop of one run, its attempt processes, its feed, and the handle that all else holds.
//!
//! Reading order: `turn` is the one-way circle, `perform` its hands, `adopt` what a new engine does with the attempts of
//! the old one, [`handle`](Handle) and [`Feed`] what the rest of the program sees, [`host`](start) how a run begins or is
//! taken up.

mod adopt;
mod attempt_process;
mod boot;
pub mod clock;
mod feed;
mod handle;
mod host;
mod perform;
mod seat;
mod turn;

pub use attempt_process::attempt_process;
pub use boot::id as boot_id;
pub use feed::{Feed, Pace, Progress, Teller};
pub use handle::{Handle, Letter, Post, Receipt, nobody_there};
pub use host::{Engine, Error, read_back, resume, start};
