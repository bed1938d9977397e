//! How the machine at the far end is reached: by the system's own `ssh`, with the user's configuration, agent and known hosts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use super::super::secrets::variables;
use super::super::start::Start;
use super::script::BOOT;
use crate::workflow::{SecretSource, SshDoc};

/// For a connection, unless said.
const CONNECT: Duration = Duration::from_secs(15);
/// How often a silent link is asked whether it lives, and how often without an answer: noticed within half a minute.
const ALIVE: [&str; 2] = ["ServerAliveInterval=10", "ServerAliveCountMax=3"];

/// One machine.
#[derive(Debug)]
pub(super) struct Far {
    start: Start,
    /// What it is called in messages.
    pub(super) host: String,
    pub(super) connect: Duration,
    /// The beginning of a command that looks there by hand.
    pub(super) by_hand: String,
}

impl Far {
    /// `Err` says what is not fit to be handed to `ssh`.
    pub(super) fn new(
        ask: &SshDoc,
        secrets: &BTreeMap<String, SecretSource>,
    ) -> Result<Self, String> {
        if let Some((key, text, _)) = ask.names().find(|(.., good)| !good) {
            return Err(format!("{key}: `{text}` is not fit to be handed to ssh"));
        }
        let host = ask.host.clone().unwrap_or_default();
        let connect = ask.connect_timeout().unwrap_or(CONNECT);
        let mut who: Vec<String> = Vec::new();
        if let Some(config) = &ask.config {
            who.extend(["-F".to_owned(), config.clone()]);
        }
        if let Some(port) = &ask.port {
            let port = u16::try_from(port.value()?).ok().filter(|port| *port > 0);
            let port = port.ok_or("a port is a number from 1 to 65535")?;
            who.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(user) = &ask.user {
            who.extend(["-l".to_owned(), user.clone()]);
        }
        if let Some(jump) = &ask.jump {
            who.extend(["-J".to_owned(), jump.clone()]);
        }
        if let Some(identity) = &ask.identity {
            // Alone: an agent full of other keys would use up the tries.
            let alone = ["-o", "IdentitiesOnly=yes", "-i", identity].map(str::to_owned);
            who.extend(alone);
        }
        let seconds = connect.as_secs().max(1);
        let mut argv = vec!["ssh".to_owned(), "-T".to_owned()];
        let limit = format!("ConnectTimeout={seconds}");
        for option in options(&limit) {
            argv.extend(["-o".to_owned(), option.to_owned()]);
        }
        let by_hand = ["ssh".to_owned()].into_iter().chain(who.clone());
        let by_hand: Vec<String> = by_hand.chain([host.clone()]).collect();
        argv.extend(who);
        argv.extend(["--".to_owned(), host.clone(), BOOT.to_owned()]);
        let start = Start {
            argv: argv.into_iter().map(OsString::from).collect(),
            env: environment(secrets),
            cwd: None,
        };
        Ok(Self {
            start,
            host,
            connect,
            by_hand: by_hand.join(" "),
        })
    }

    pub(super) fn start(&self) -> &Start {
        &self.start
    }
}

/// What must hold whatever the user's configuration says; how host keys are checked is left to it.
fn options(limit: &str) -> [&str; 10] {
    [
        // Nobody is there to be asked.
        "BatchMode=yes",
        // A connection that lasts is used if there is one; one that stayed behind would hold our pipes.
        "ControlMaster=no",
        limit,
        ALIVE[0],
        ALIVE[1],
        "ClearAllForwardings=yes",
        "ForwardX11=no",
        "RemoteCommand=none",
        "PermitLocalCommand=no",
        "LogLevel=ERROR",
    ]
}

/// Ours without the secrets: the agent, and what a `ProxyCommand` may need. No window may be opened to ask for a password.
fn environment(secrets: &BTreeMap<String, SecretSource>) -> Vec<(OsString, OsString)> {
    let hidden = |name: &OsString| {
        name == "SSH_ASKPASS" || variables(secrets).any(|variable| name == variable)
    };
    std::env::vars_os()
        .filter(|(name, _)| !hidden(name))
        .chain([
            ("SSH_ASKPASS_REQUIRE".into(), "never".into()),
            ("TERM".into(), "dumb".into()),
        ])
        .collect()
}
