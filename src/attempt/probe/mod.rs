//! `probe`: looks how something stands, and changes nothing. One file for each kind of thing.

mod perform;

mod dns;
mod postgres;
mod prometheus;
mod redis;
mod tcp;
mod tls;

pub(super) use perform::perform;
