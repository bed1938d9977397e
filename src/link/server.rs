//! The engine's side: the socket of one run, on a thread of its own, so that the engine's turns never wait for it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::peer::Identify;
use super::place::{self, Place};
use super::session;
use crate::engine::Handle;

/// Connections at once; whoever comes beyond waits for one to close.
const CONNECTIONS: usize = 256;
/// How long a closing server waits for its last words to be read.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// A process without free file descriptors cannot accept; it tries again.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves those who attach, as long as it lives. To be dropped before the engine lets go: the socket's name goes first, and
/// everybody is told.
#[derive(Debug)]
pub struct Server {
    path: PathBuf,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Where it listens: for the text of the run's lock.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Opens the socket of the run that `handle` drives. `runtime` is `$XDG_RUNTIME_DIR`, if there is one.
pub fn serve(handle: Handle, runtime: Option<&Path>, identify: Identify) -> io::Result<Server> {
    let (place, listener) = place::listen(runtime, handle.run_dir())?;
    listener.set_nonblocking(true)?;
    let path = place.path();
    let (stop, stopped) = watch::channel(false);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::Builder::new()
        .name("link".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                match UnixListener::from_std(listener) {
                    Ok(listener) => accept(place, listener, handle, identify, stopped).await,
                    Err(error) => tracing::error!("the socket cannot be used: {error}"),
                }
            });
        })?;
    Ok(Server {
        path,
        stop,
        thread: Some(thread),
    })
}

async fn accept(
    place: Place,
    listener: UnixListener,
    handle: Handle,
    identify: Identify,
    mut stopped: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut sessions = JoinSet::new();
    loop {
        let session_stopped = stopped.clone();
        let accepted = tokio::select! {
            () = session::asked_to_stop(&mut stopped) => break,
            // Only to forget what has ended.
            Some(_) = sessions.join_next() => continue,
            accepted = with_room(&room, &listener) => accepted,
        };
        match accepted {
            Ok((room, stream)) => {
                let handle = handle.clone();
                sessions.spawn(async move {
                    session::serve(stream, handle, identify, session_stopped).await;
                    drop(room);
                });
            }
            Err(error) => {
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop((listener, place));
    let ended = async { while sessions.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_WORDS, ended).await;
}

async fn with_room(
    room: &Arc<Semaphore>,
    listener: &UnixListener,
) -> io::Result<(tokio::sync::OwnedSemaphorePermit, tokio::net::UnixStream)> {
    let permit = Arc::clone(room).acquire_owned().await;
    let permit = permit.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((permit, stream))
}
