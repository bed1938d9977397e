//! The parties that services are tested against: started once, when the first test needs them, and ended with the suite.

pub(crate) mod aws;
pub(crate) mod certificates;
pub(crate) mod cut;
pub(crate) mod dns;
pub(crate) mod kubernetes;
pub(crate) mod link;
pub(crate) mod podman;
pub(crate) mod postgres;
pub(crate) mod prometheus;
pub(crate) mod redis;
pub(crate) mod sshd;
pub(crate) mod terraform;

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

/// A port of loopback that nobody uses.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Waits for a condition of the world, with a limit.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_mins(1), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until somebody listens on a port of loopback.
pub(crate) fn listens(what: &str, port: u16) {
    until(what, || TcpStream::connect(("127.0.0.1", port)).is_ok());
}

/// Serves the files of a folder by HTTP.
pub(crate) fn serve(folder: &Path, port: u16) {
    let mut server = Command::new("python3");
    server.args(["-m", "http.server", "--bind", "127.0.0.1"]);
    server.arg(port.to_string()).current_dir(folder);
    keep(&server);
    listens("a server of python", port);
}

/// Starts `command` and ends it with this process, however that ends. The kernel does so when the *thread* that started it
/// ends, and threads of tests end early: hence one thread for all.
pub(crate) fn keep(command: &Command) {
    type Order = (Command, Sender<()>);
    static KEEPER: LazyLock<Mutex<Sender<Order>>> = LazyLock::new(|| {
        let (order, orders) = channel::<Order>();
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for (mut command, done) in orders {
                kept.push(command.spawn().expect("the party starts"));
                done.send(()).expect("its starter waits");
            }
        });
        Mutex::new(order)
    });
    let mut bound = Command::new("setpriv");
    bound
        .args(["--pdeathsig", "KILL", "--"])
        .arg(command.get_program());
    bound.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        bound.current_dir(folder);
    }
    let null = std::process::Stdio::null;
    bound.stdin(null()).stdout(null()).stderr(null());
    let (done, started) = channel();
    let order = KEEPER.lock().expect("no panic").send((bound, done));
    order.expect("the keeper lives");
    started.recv().expect("it was started");
}
