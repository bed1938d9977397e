//! A link that can be cut: a TCP proxy in front of a real party.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What becomes of the link when the client says the watched words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// They do not arrive.
    Before,
    /// They arrive, the answer does not.
    After,
}

/// The cut comes once; links made after it stand, unless it is `for_good`.
pub(crate) struct Link {
    pub(crate) port: u16,
    was_cut: Arc<AtomicBool>,
}

impl Link {
    pub(crate) fn to(port: u16, words: &str, cut: Cut, for_good: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let was_cut = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&was_cut);
        let words = words.as_bytes().to_vec();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a client");
                if for_good && state.load(Ordering::SeqCst) {
                    drop(client);
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", port)).expect("the party");
                let (words, state) = (words.clone(), Arc::clone(&state));
                std::thread::spawn(move || carry(client, server, &words, cut, &state));
            }
        });
        Self { port: own, was_cut }
    }

    pub(crate) fn was_cut(&self) -> bool {
        self.was_cut.load(Ordering::SeqCst)
    }
}

fn carry(mut client: TcpStream, mut server: TcpStream, words: &[u8], cut: Cut, state: &AtomicBool) {
    // Held while answers are let through, so that none passes once the words were seen.
    let gate = Arc::new(Mutex::new(true));
    let (from, to) = (server.try_clone(), client.try_clone());
    let (mut from, mut to) = (from.expect("a socket"), to.expect("a socket"));
    let back_gate = Arc::clone(&gate);
    let back = std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            let open = back_gate.lock().expect("no panic");
            if *open && to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 16 << 10];
    while let Ok(n @ 1..) = client.read(&mut buffer) {
        let said = buffer[..n]
            .windows(words.len())
            .any(|window| window == words);
        if said && !state.swap(true, Ordering::SeqCst) {
            *gate.lock().expect("no panic") = false;
            if cut == Cut::After {
                server.write_all(&buffer[..n]).expect("the party listens");
                // It answers when it has done it; that answer goes nowhere. Its end of input comes after what it was told.
                let _ = server.shutdown(Shutdown::Write);
                back.join().expect("no panic");
                let _ = client.shutdown(Shutdown::Both);
                return;
            }
            break;
        }
        if server.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
    let _ = back.join();
}
