//! The engine of containers: where its socket is, and how it is asked. Docker and podman answer the same questions in
//! different words, so only the status of an answer is believed.

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value as Json;

use super::super::call::{Context, Trouble};

/// Docker 20.10 and podman 3 and later understand it.
const VERSION: &str = "v1.41";
const CONNECT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Engine {
    client: Client,
    base: String,
    /// As the user knows it.
    place: String,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Json,
}

impl Engine {
    pub(super) fn find(said: Option<&str>, cx: &Context<'_, '_>) -> Result<Self, Trouble> {
        let place = said
            .map(str::to_owned)
            .or_else(|| cx.env("DOCKER_HOST").filter(|host| !host.is_empty()))
            .map_or_else(|| socket(cx), Ok)?;
        let builder = Client::builder().connect_timeout(CONNECT).no_proxy();
        let (builder, base) = if let Some(path) = place.strip_prefix("unix://") {
            (builder.unix_socket(path), "http://engine".to_owned())
        } else if let Some(address) = place.strip_prefix("tcp://") {
            (builder, format!("http://{}", address.trim_end_matches('/')))
        } else {
            let why = format!(
                "{place} is no place of a container engine: unix:///PATH or tcp://HOST:PORT is (for a machine behind ssh, use an ssh step)"
            );
            return Err(Trouble::Failed(why));
        };
        let client = builder
            .build()
            .map_err(|e| Trouble::Failed(format!("cannot ask a container engine: {e}")))?;
        Ok(Self {
            client,
            base: format!("{base}/{VERSION}"),
            place,
        })
    }

    /// It answers, and is what it is taken for.
    pub(super) async fn ping(&self) -> Result<(), Trouble> {
        let reply = self.get("/_ping").await?;
        match reply.status {
            200 => Ok(()),
            status => Err(Trouble::Failed(format!(
                "what answers at {} is no container engine: /_ping gives {status}",
                self.place
            ))),
        }
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Sends it. That the engine cannot be reached is certain; what comes later is not.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, Trouble> {
        request.send().await.map_err(|error| {
            let why = root(&error);
            if error.is_connect() {
                Trouble::Unreached(format!(
                    "cannot reach the container engine at {}: {why}",
                    self.place
                ))
            } else {
                Trouble::Unknown(format!(
                    "the container engine at {} did not answer: {why}",
                    self.place
                ))
            }
        })
    }

    /// Sends it and reads the answer.
    pub(super) async fn ask(&self, request: RequestBuilder) -> Result<Reply, Trouble> {
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        let bytes = response
            .bytes()
            .await
            .map_err(|e| Trouble::Unknown(format!("its answer was cut off: {}", root(&e))))?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Json::Null);
        Ok(Reply { status, body })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Reply, Trouble> {
        // A question may be asked again.
        let asked = self.ask(self.request(Method::GET, path)).await;
        asked.map_err(|trouble| match trouble {
            Trouble::Unknown(why) => Trouble::Unreached(why),
            other => other,
        })
    }

    pub(super) async fn post(&self, path: &str) -> Result<Reply, Trouble> {
        self.ask(self.request(Method::POST, path)).await
    }
}

impl Reply {
    /// Its own words, for a message.
    pub(super) fn words(&self) -> String {
        let said = self.body["message"].as_str().map(str::trim);
        said.filter(|said| !said.is_empty())
            .map_or_else(|| format!("status {}", self.status), str::to_owned)
    }

    pub(super) fn refused(&self, what: &str) -> Trouble {
        Trouble::Failed(format!("{what}: {}", self.words()))
    }
}

/// The first socket that is there: Docker's, then podman's.
fn socket(cx: &Context<'_, '_>) -> Result<String, Trouble> {
    let own = cx
        .env("XDG_RUNTIME_DIR")
        .map(|dir| format!("{dir}/podman/podman.sock"));
    let places = ["/var/run/docker.sock".to_owned()]
        .into_iter()
        .chain(own)
        .chain(["/run/podman/podman.sock".to_owned()]);
    let places: Vec<String> = places.collect();
    match places.iter().find(|path| Path::new(path).exists()) {
        Some(path) => Ok(format!("unix://{path}")),
        None => Err(Trouble::Failed(format!(
            "no container engine: DOCKER_HOST is not set, and there is no {} (podman: `systemctl --user enable --now podman.socket`)",
            places.join(", ")
        ))),
    }
}

/// The cause at the bottom, which says most.
fn root(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
