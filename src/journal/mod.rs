//! Memory: the journal of a run, the shelf of all runs, and the output of attempts. Files only; decides nothing.

mod error;
mod record;
mod scan;

mod log;
mod medium;
mod reserve;
mod tail;

mod group;
mod lock;
mod run_dir;
mod shelf;
mod summary;

mod ahead;
mod index;
mod merged;
mod output;
mod reader;
mod search;

mod disk;

#[cfg(test)]
mod tests;

pub use disk::{make_folder, name_on_disk, replace_file};
pub use error::Error;
pub use group::{Answer, Group, Slot, Tenant, Ticket};
pub use lock::{Holder, Lock, LockError};
pub use log::{Log, Opened, Torn};
pub use merged::{Cut, Merged, MergedLine};
pub use output::Writer;
pub use reader::{Line, Reader};
pub use run_dir::RunDir;
pub use search::{Direction, Hits, Pattern};
pub use shelf::{FindError, Shelf};
pub use summary::Summary;
pub use tail::Tail;
