//! OpenSSH's own server on loopback, with keys and a client configuration made for it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::{free_port, keep, listens};

pub(crate) struct Sshd {
    pub(crate) port: u16,
    /// Its files; the home folder of whoever logs in is in it.
    pub(crate) dir: PathBuf,
    /// The client's configuration, which knows the machine under several names.
    pub(crate) config: PathBuf,
}

/// The one server of this suite.
pub(crate) fn sshd() -> &'static Sshd {
    static SSHD: LazyLock<Sshd> = LazyLock::new(start);
    &SSHD
}

impl Sshd {
    /// Where attempts have their folders at the far end.
    pub(crate) fn folders(&self) -> PathBuf {
        self.dir.join("home/.cache/flightdeck/ssh")
    }
}

fn start() -> Sshd {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sshd");
    // Of an earlier suite.
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(dir.join("home")).expect("a folder");
    for key in ["host", "other-host", "id", "stranger"] {
        let file = dir.join(key);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(file)
            .status();
        assert!(made.expect("ssh-keygen starts").success());
    }
    // What a server of root keeps its unprivileged half in.
    let _ = fs::create_dir_all("/run/sshd");
    let port = free_port();
    let here = dir.display();
    let server = format!(
        "Port {port}\nListenAddress 127.0.0.1\nListenAddress 127.0.0.2\nHostKey {here}/host\nAuthorizedKeysFile {here}/id.pub\nStrictModes no\nUsePAM no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\nMaxStartups 500\nMaxSessions 100\nSetEnv HOME={here}/home\n"
    );
    fs::write(dir.join("sshd_config"), server).expect("a file");
    let mut command = Command::new("/usr/sbin/sshd");
    command.args(["-D", "-f"]).arg(dir.join("sshd_config"));
    keep(&command);
    listens("sshd", port);
    let config = dir.join("config");
    fs::write(&config, client(&dir, port)).expect("a file");
    known_hosts(&dir);
    Sshd { port, dir, config }
}

fn client(dir: &Path, port: u16) -> String {
    let here = dir.display();
    let mut text = String::new();
    let mut host = |names: &str, more: &str| {
        let _ = writeln!(text, "Host {names}\n{more}");
    };
    host("inner innermost", "ProxyJump gate");
    // Another address, by which whoever logs in can tell that it is another machine.
    host("web2", "HostName 127.0.0.2");
    host("shut", &format!("Port {}", free_port()));
    host("unknown", &format!("UserKnownHostsFile {here}/nothing"));
    host(
        "changed",
        &format!("UserKnownHostsFile {here}/known_others"),
    );
    host("locked", &format!("IdentityFile {here}/stranger"));
    host(
        "*",
        &format!(
            "HostName 127.0.0.1\nPort {port}\nHostKeyAlias flightdeck-tests\nUserKnownHostsFile {here}/known_hosts\nGlobalKnownHostsFile /dev/null\n\
             StrictHostKeyChecking yes\nIdentitiesOnly yes\nIdentityAgent none\nKexAlgorithms curve25519-sha256"
        ),
    );
    host("* !locked", &format!("IdentityFile {here}/id"));
    text
}

fn known_hosts(dir: &Path) {
    for (key, file) in [
        ("host.pub", "known_hosts"),
        ("other-host.pub", "known_others"),
    ] {
        let key = fs::read_to_string(dir.join(key)).expect("a key");
        fs::write(dir.join(file), format!("flightdeck-tests {key}")).expect("a file");
    }
}
