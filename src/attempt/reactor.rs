//! The runtime of what waits for a network: only an attempt process that meets such a step has one.

use tokio::runtime::{Builder, Runtime};

use super::start::plain;

/// Made at its first use, kept for later attempts.
#[derive(Debug, Default)]
pub(super) struct Reactor(Option<Runtime>);

impl Reactor {
    /// `Err` says why there can be none.
    pub(super) fn get(&mut self) -> Result<&Runtime, String> {
        if self.0.is_none() {
            let made = Builder::new_current_thread().enable_all().build();
            self.0 = Some(made.map_err(|e| format!("cannot start: {}", plain(&e)))?);
        }
        self.0.as_ref().ok_or_else(|| "no runtime".to_owned())
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        // A name lookup that hangs must not keep the process.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
