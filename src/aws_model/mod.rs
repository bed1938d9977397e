//! What AWS's own description says of its services: operations, the shapes of what goes in and comes out, waiters, pages.
//!
//! The data is botocore's, stripped by `extract.py` (Apache-2.0, see NOTICE). It knows nothing of workflow files, so both who
//! checks a file and who performs a call read it here. Pure: the data is part of the program.

mod catalog;
mod service;

mod model;
mod names;
mod nature;
mod shaped;
mod watched;

pub use catalog::{known, service};
pub use model::{
    Acceptor, Kind, Matcher, Member, Namespace, Operation, Paginator, Place, Protocol, Ref, Shape,
    Verdict, Waiter,
};
pub use names::{plain, singular};
pub use nature::{Effect, effect, rehearses};
pub use service::Service;
pub use shaped::{Flaw, Step, shaped};
pub use watched::{Source, Watched, watched};
