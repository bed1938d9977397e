//! A slow line between program and terminal: each byte waits its turn, and then travels. Like an SSH server with a large
//! window, it takes all that it is given at once, so whoever sends more than it carries falls behind without being told.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// Takes what has come.
pub(crate) type Arrive = Box<dyn FnMut(&[u8]) + Send>;

pub(crate) struct Line {
    /// One way.
    pub(crate) delay: Duration,
    bytes_per_second: u32,
    /// The longest that a byte has taken to get onto the line.
    behind: Mutex<Duration>,
}

impl Line {
    pub(crate) fn new(delay: Duration, bytes_per_second: u32) -> Arc<Self> {
        Arc::new(Self {
            delay,
            bytes_per_second,
            behind: Mutex::default(),
        })
    }

    #[allow(dead_code, reason = "not every test that shares this file asks")]
    pub(crate) fn behind(&self) -> Duration {
        *self.behind.lock().expect("the time")
    }

    /// What is given to the result is given to `show` when the line has carried it.
    pub(crate) fn carry(self: Arc<Self>, show: impl Fn(&[u8]) + Send + 'static) -> Arrive {
        let (send, sent) = mpsc::channel::<(Instant, Vec<u8>)>();
        let delay = self.delay;
        std::thread::spawn(move || {
            for (there, bytes) in sent {
                std::thread::sleep(there.saturating_duration_since(Instant::now()));
                show(&bytes);
            }
        });
        let mut free = Instant::now();
        Box::new(move |bytes| {
            let now = Instant::now();
            let turn = now.max(free);
            free = turn + Duration::from_secs(1) * bytes.len() as u32 / self.bytes_per_second;
            let mut behind = self.behind.lock().expect("the time");
            *behind = (*behind).max(free - now);
            // Nobody reads any more when a test is over.
            let _ = send.send((free + delay, bytes.to_vec()));
        })
    }
}
