//! What an attempt process was started with beyond its three streams: descriptors that somebody's shell left open. A step
//! must not write to them, and a pipe among them must not stay open as long as a step runs.

use std::fs;

/// Closes everything but standard input, output and error. Only for the first moment of a process, when it has opened
/// nothing itself: no owner can be left with a descriptor that is closed.
pub(super) fn close() {
    let open: Vec<i32> = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect();
    for fd in open {
        // One of them was the folder just read: it is closed already, and says so.
        let _ = nix::unistd::close(fd);
    }
}
