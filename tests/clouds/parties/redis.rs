//! Redis servers.

use std::process::Command;

use super::{free_port, keep, listens};

/// A server with these arguments; its port. It ends with the suite.
pub(crate) fn redis(args: &[&str]) -> u16 {
    let port = free_port();
    let mut server = Command::new("redis-server");
    server.args([
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        "/tmp",
    ]);
    server.args(args);
    keep(&server);
    listens("redis", port);
    port
}
