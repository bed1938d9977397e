//! Service calls: what all of them have. Each service stands in a room of its own, and knows nothing of attempts but the
//! [`Context`] it works in.
//!
//! What matters most is what is said when things go wrong: what never left is a definite failure, what left and was not
//! answered may have taken effect.

mod context;
mod hands;
mod perform;

pub(super) use context::{Answer, Context, Farewell, Parted, Trouble};
pub(super) use hands::Hands;
pub(super) use perform::{By, Tools, perform};
