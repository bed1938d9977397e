//! A container as the engine sees it, and waiting until it is as it should be.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::super::call::{Answer, Context, Trouble};
use super::super::clock::Stopwatch;
use super::engine::Engine;
use crate::workflow::HealthyDoc;

pub(super) const EVERY: Duration = Duration::from_millis(300);
/// For one look from outside.
const LOOK: Duration = Duration::from_secs(5);
/// A service that has not become healthy by then will not, unless the step has a timeout of its own that is shorter.
pub(super) const PATIENCE: Duration = Duration::from_mins(5);

/// What `GET /containers/NAME/json` says.
#[derive(Clone, Debug)]
pub(super) struct Seen(Json);

impl Seen {
    /// `None` if there is no such container.
    pub(super) async fn look(engine: &Engine, name: &str) -> Result<Option<Self>, Trouble> {
        let reply = engine.get(&format!("/containers/{name}/json")).await?;
        match reply.status {
            200 => Ok(Some(Self(reply.body))),
            404 => Ok(None),
            _ => Err(reply.refused(&format!("cannot look at the container {name}"))),
        }
    }

    /// The same where there must be one.
    pub(super) async fn get(engine: &Engine, name: &str) -> Result<Self, Trouble> {
        let seen = Self::look(engine, name).await?;
        seen.ok_or_else(|| Trouble::Failed(format!("there is no container {name}")))
    }

    pub(super) fn id(&self) -> &str {
        let id = self.0["Id"].as_str().unwrap_or_default();
        id.get(..12).unwrap_or(id)
    }

    pub(super) fn status(&self) -> &str {
        self.0["State"]["Status"].as_str().unwrap_or("unknown")
    }

    pub(super) fn is_running(&self) -> bool {
        self.0["State"]["Running"] == Json::Bool(true)
    }

    pub(super) fn exit_code(&self) -> i64 {
        self.0["State"]["ExitCode"].as_i64().unwrap_or(-1)
    }

    pub(super) fn is_out_of_memory(&self) -> bool {
        self.0["State"]["OOMKilled"] == Json::Bool(true)
    }

    pub(super) fn has_terminal(&self) -> bool {
        self.0["Config"]["Tty"] == Json::Bool(true)
    }

    pub(super) fn label(&self, name: &str) -> &Json {
        &self.0["Config"]["Labels"][name]
    }

    /// Empty without a healthcheck.
    fn health(&self) -> &str {
        let state = &self.0["State"];
        // Older podman versions have it under its own name.
        let said = [&state["Health"], &state["Healthcheck"]]
            .into_iter()
            .find_map(|health| health["Status"].as_str());
        said.filter(|word| *word != "none").unwrap_or_default()
    }

    /// `186acb1564cf (localhost/app:1, running), made by step web of run r`
    pub(super) fn told(&self) -> String {
        let label = |name: &str| self.label(name).as_str();
        let whose = match (label(super::order::RUN), label(super::order::STEP)) {
            (Some(run), Some(step)) => format!("made by step {step} of run {run} of flightdeck"),
            _ => match label("com.docker.compose.project") {
                Some(project) => format!("made by the compose project {project}"),
                None => "not made by flightdeck".to_owned(),
            },
        };
        let image = self.0["Config"]["Image"].as_str().unwrap_or("?");
        format!("{} ({image}, {}), {whose}", self.id(), self.status())
    }

    pub(super) fn answer(&self) -> Answer {
        let name = self.0["Name"].as_str().unwrap_or_default();
        let exit_code = if self.is_running() {
            Json::Null
        } else {
            self.exit_code().into()
        };
        Answer::from_iter(
            [
                ("id", self.id().into()),
                ("name", name.trim_start_matches('/').into()),
                ("image", self.0["Config"]["Image"].clone()),
                ("status", self.status().into()),
                ("exit_code", exit_code),
                ("health", self.health().into()),
            ]
            .map(|(name, value): (&str, Json)| (name.to_owned(), value)),
        )
    }
}

/// Until it is healthy: by what `from_outside` says, or by its own healthcheck; without either, it runs.
pub(super) async fn healthy(
    engine: &Engine,
    name: &str,
    from_outside: Option<&HealthyDoc>,
    cx: &Context<'_, '_>,
) -> Result<Seen, Trouble> {
    let watch = Stopwatch::start();
    loop {
        let seen = Seen::get(engine, name).await?;
        if !seen.is_running() {
            let (status, code) = (seen.status(), seen.exit_code());
            let why = format!("{name} did not get healthy: it is {status} (exit {code})");
            return Err(Trouble::Failed(why));
        }
        let why = match (from_outside, seen.health()) {
            (Some(doc), _) => match answers(doc, cx).await {
                Ok(()) => return Ok(seen),
                Err(why) => why,
            },
            (None, "" | "healthy") => return Ok(seen),
            (None, "unhealthy") => {
                let why = format!("{name} is unhealthy by its own healthcheck{}", last(&seen));
                return Err(Trouble::Failed(why));
            }
            (None, word) => {
                check_now(engine, name).await;
                word.to_owned()
            }
        };
        let elapsed = watch.elapsed();
        cx.status(&format!("health: {why}, {} s", elapsed.as_secs()));
        if elapsed >= PATIENCE {
            let why = format!("{name} did not get healthy within 5m; the last: {why}");
            return Err(Trouble::Failed(why));
        }
        sleep(EVERY).await;
    }
}

/// What its healthcheck said last.
fn last(seen: &Seen) -> String {
    let log = seen.0["State"]["Health"]["Log"].as_array();
    let said = log.and_then(|log| log.last()?["Output"].as_str());
    match said.map(str::trim).filter(|said| !said.is_empty()) {
        Some(said) => format!(": {said}"),
        None => String::new(),
    }
}

/// podman leaves healthchecks to timers of systemd, and where there is none they never run. Docker does not know the
/// question.
async fn check_now(engine: &Engine, name: &str) {
    let path = format!("/libpod/containers/{name}/healthcheck");
    // What it says is read where Docker says it too.
    let _ = engine.get(&path).await;
}

async fn answers(doc: &HealthyDoc, cx: &Context<'_, '_>) -> Result<(), String> {
    if let Some(address) = &doc.tcp {
        let connected = timeout(LOOK, TcpStream::connect(address)).await;
        return match connected {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(super::super::start::plain(&error).to_lowercase()),
            Err(_) => Err("no connection".to_owned()),
        };
    }
    let Some(url) = &doc.http else {
        return Ok(());
    };
    let client = reqwest::Client::builder().timeout(LOOK).no_proxy().build();
    let answer = match client {
        Ok(client) => client.get(url).send().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) if answer.status().is_success() => {
            cx.say(&format!("{url} answers {}", answer.status().as_u16()));
            Ok(())
        }
        Ok(answer) => Err(format!("status {}", answer.status().as_u16())),
        Err(error) if error.is_connect() => Err("no connection".to_owned()),
        Err(_) => Err("no answer".to_owned()),
    }
}
