//! A link to a server that can be cut: what goes through it is not looked at.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A port of loopback that leads to another one.
pub(crate) struct Link {
    pub(crate) port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
    /// How often it was hushed: connections of before let nothing through.
    hushed: Arc<AtomicUsize>,
}

impl Link {
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let open = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&open);
        let hushed = Arc::new(AtomicUsize::new(0));
        let times = Arc::clone(&hushed);
        std::thread::spawn(move || {
            for near in listener.incoming().filter_map(Result::ok) {
                let Ok(far) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                let copies = [&near, &far].map(|s| s.try_clone().expect("a descriptor"));
                known.lock().expect("no panic").extend(copies);
                let back = [&far, &near].map(|s| s.try_clone().expect("a descriptor"));
                let then = times.load(Ordering::SeqCst);
                let [from, to] = back;
                for (from, to) in [(near, far), (from, to)] {
                    let times = Arc::clone(&times);
                    std::thread::spawn(move || {
                        pour(from, to, &|| times.load(Ordering::SeqCst) == then);
                    });
                }
            }
        });
        Self { port, open, hushed }
    }

    /// Lets nothing more through all connections that there are, and leaves them open; new ones may be made at once.
    pub(crate) fn hush(&self) {
        self.hushed.fetch_add(1, Ordering::SeqCst);
    }

    /// Cuts all connections that there are; new ones may be made at once. How many there were.
    pub(crate) fn cut(&self) -> usize {
        let mut open = self.open.lock().expect("no panic");
        let cut = open
            .drain(..)
            .filter(|s| s.shutdown(Shutdown::Both).is_ok());
        cut.count()
    }
}

fn pour(mut from: TcpStream, mut to: TcpStream, lets_through: &dyn Fn() -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if lets_through() && to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
