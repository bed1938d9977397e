//! PostgreSQL servers: one alone, or a primary with a standby. Each has its own data, made from one template.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use tempfile::TempDir;

use super::certificates::Certificate;
use super::{free_port, keep, until};

/// A server of its own, stopped when it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    data: PathBuf,
    _dir: TempDir,
}

/// A primary and a standby that follows it by a replication slot.
pub(crate) struct Pair {
    pub(crate) primary: Server,
    pub(crate) standby: Server,
}

impl Pair {
    pub(crate) fn start() -> Self {
        let primary = Server::start();
        let standby = Server::standby_of(&primary);
        let follows = "select count(*) from pg_stat_replication where state = 'streaming'";
        until("the standby follows", || primary.psql(follows) == "1");
        Self { primary, standby }
    }
}

impl Server {
    /// Role `app` has the password `app-password` and the database `app`; `postgres` needs none on loopback.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// `settings` are lines of `postgresql.conf`.
    pub(crate) fn start_with(settings: &str) -> Self {
        let server = Self::prepare(|data| {
            let copied = Command::new("cp")
                .arg("-a")
                .arg(template())
                .arg(data)
                .status();
            assert!(copied.expect("cp").success());
        });
        server.set(settings);
        server.up();
        server.psql("create role app login password 'app-password'");
        server.psql("create database app owner app");
        server
    }

    fn standby_of(primary: &Self) -> Self {
        let port = primary.port.to_string();
        let server = Self::prepare(|data| {
            let folder = data.to_str().expect("UTF-8");
            let backup = [
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "postgres",
                "-D",
                folder,
                "-c",
                "fast",
                "-R",
                "-X",
                "stream",
                "-C",
                "-S",
                "s1",
            ];
            run(&mut tool("pg_basebackup", &backup));
        });
        server.set("");
        server.up();
        server
    }

    fn prepare(fill: impl FnOnce(&Path)) -> Self {
        let dir = TempDir::new().expect("a folder");
        own(dir.path());
        let data = dir.path().join("data");
        fill(&data);
        Self {
            port: free_port(),
            data,
            _dir: dir,
        }
    }

    fn set(&self, settings: &str) {
        let text = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nmax_connections = 30\n{settings}\n",
            self.port
        );
        // The backup of a primary brings its settings along: the last word counts.
        let file = self.data.join("postgresql.auto.conf");
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(&file, format!("{before}\n{text}")).expect("its settings");
    }

    /// Starts it, again if it was stopped.
    pub(crate) fn up(&self) {
        keep(&tool(
            "postgres",
            &["-D", self.data.to_str().expect("UTF-8")],
        ));
        until("the server answers", || self.ask("select 1").is_ok());
    }

    /// As if its machine had lost power.
    pub(crate) fn crash(&self) {
        self.stop("immediate");
    }

    fn stop(&self, mode: &str) {
        let data = self.data.to_str().expect("UTF-8");
        let mut stop = tool("pg_ctl", &["-D", data, "-m", mode, "-w", "stop"]);
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }

    /// What `psql` says, without headings; fields are separated by `|`.
    pub(crate) fn psql(&self, statement: &str) -> String {
        let said = self.ask(statement);
        said.unwrap_or_else(|why| panic!("psql: {statement}: {why}"))
    }

    fn ask(&self, statement: &str) -> Result<String, String> {
        let mut psql = Command::new("psql");
        psql.args([
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
        ]);
        psql.args(["-p", &self.port.to_string(), "-c", statement]);
        let output = psql.output().expect("psql");
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Speaks TLS from now on, with this certificate.
    pub(crate) fn speak_tls(&self, shown: &Certificate) {
        for (name, from) in [
            ("server.crt", &shown.certificate),
            ("server.key", &shown.key),
        ] {
            let file = self.data.join(name);
            std::fs::copy(from, &file).expect("a file");
            run(Command::new("chmod").arg("600").arg(&file));
            own(&file);
        }
        self.psql("alter system set ssl = on");
        self.psql("select pg_reload_conf()");
        let loaded = "select setting from pg_settings where name = 'ssl'";
        until("it speaks TLS", || self.psql(loaded) == "on");
    }

    /// For the superuser, who needs no password.
    pub(crate) fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop("immediate");
    }
}

/// Data as `initdb` makes it, once.
fn template() -> &'static Path {
    static TEMPLATE: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
        let dir = TempDir::new().expect("a folder");
        own(dir.path());
        let data = dir.path().join("data");
        let folder = data.to_str().expect("UTF-8");
        run(&mut tool(
            "initdb",
            &[
                "-D", folder, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8",
            ],
        ));
        let rules = data.join("pg_hba.conf");
        let trust = std::fs::read_to_string(&rules).expect("its rules");
        let app = "host all app 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(&rules, format!("{app}{trust}")).expect("its rules");
        (dir, data)
    });
    &TEMPLATE.1
}

fn run(command: &mut Command) {
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// One of PostgreSQL's own programs, as a user whom it accepts: it refuses root.
fn tool(name: &str, args: &[&str]) -> Command {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten();
        let folders = versions.flatten().map(|entry| entry.path().join("bin"));
        folders
            .filter(|bin| bin.join("postgres").exists())
            .max()
            .expect("PostgreSQL is installed")
    });
    let program = FOLDER.join(name);
    if !is_root() {
        let mut command = Command::new(program);
        command.args(args);
        return command;
    }
    let mut command = Command::new("setpriv");
    // Changing the user takes back that it ends with its parent, so that is said again.
    command.args([
        "--reuid=postgres",
        "--regid=postgres",
        "--init-groups",
        "--pdeathsig=KILL",
        "--",
    ]);
    command.arg(program).args(args).current_dir("/");
    command
}

fn own(path: &Path) {
    if is_root() {
        run(Command::new("chown").arg("-R").arg("postgres:").arg(path));
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
