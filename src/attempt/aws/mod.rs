//! `aws`: any operation of the services that `aws_model` describes, by one client.
//!
//! Reading order: a step from its question to its answer (`perform`, `wait`; `trial`, which only asks whether), one call with
//! its retries (`call`, `trouble`, `pages`), who asks whom (`session`, `endpoint`, `sign`), and what stands on the wire
//! (`encode`, `decode`).

mod perform;
mod secret;
mod trial;

mod wait;

mod call;
mod pages;
mod trouble;

mod endpoint;
mod session;
mod sign;
mod teller;

mod decode;
mod encode;
mod moment;
mod quirks;
mod rest;
mod xml;

pub(super) use perform::perform;
pub(super) use secret::secret;
pub(super) use trial::permitted;
