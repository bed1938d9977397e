//! The stop signals as something to await.

use std::io;
use std::os::fd::BorrowedFd;

use tokio::net::unix::pipe::Receiver;

use super::signals::Signals;

/// Ends when a stop is asked for.
pub(super) async fn asked(signals: &Signals) {
    let [term, kill] = signals.fds();
    tokio::select! {
        () = heard(term) => {}
        () = heard(kill) => {}
    }
}

async fn heard(fd: BorrowedFd<'_>) {
    if wait(fd).await.is_err() {
        // Without readiness there is no stop before the deadline, but there is a deadline.
        std::future::pending::<()>().await;
    }
}

async fn wait(fd: BorrowedFd<'_>) -> io::Result<()> {
    let pipe = Receiver::from_owned_fd(fd.try_clone_to_owned()?)?;
    loop {
        pipe.readable().await?;
        match pipe.try_read(&mut [0; 64]) {
            Ok(_) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
    }
}
