//! What a service call takes that is made through a program of the service's own.

use std::path::PathBuf;

use super::super::family::Family;
use super::super::pipe::Buffer;
use super::super::signals::Signals;

pub(in super::super) struct Hands<'a> {
    pub(in super::super) signals: &'a Signals,
    pub(in super::super) buffer: &'a mut Buffer,
    pub(in super::super) family: &'a mut Family,
    /// Files that are kept beside the run begin with it; no other attempt has the same.
    pub(in super::super) stem: PathBuf,
}
