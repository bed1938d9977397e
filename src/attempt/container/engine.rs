//! The engine of containers: where its socket is, and how it is asked. Docker and podman answer the same questions in
//! different words, so only the status of an answer is believed.

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value as Json;
use tokio::time::timeout;

use super::super::call::{Context, Trouble};
use super::super::cause::innermost;
use crate::time::spoken_span;

/// Docker 20.10 and podman 3 and later understand it.
const VERSION: &str = "v1.41";
const CONNECT: Duration = Duration::from_secs(10);
/// For the answer to a question.
const LOOK: Duration = Duration::from_secs(30);
/// For an order: a start may have to mount and to wait for others first.
const OBEY: Duration = Duration::from_mins(5);
/// No answer that is read as a whole is as long as this.
const ANSWER_MAX: usize = 10 << 20;
/// Characters of an answer without a message of its own.
const TOLD_MAX: usize = 200;

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
        Self::at(place)
    }

    fn at(place: String) -> Result<Self, Trouble> {
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

    /// Sends it, and waits for the beginning of an answer as long as it takes. That the engine cannot be reached is certain; what
    /// comes later is not.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, Trouble> {
        request.send().await.map_err(|error| {
            let why = innermost(&error);
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

    /// Sends it and reads the answer, all within `limit`.
    async fn ask(&self, request: RequestBuilder, limit: Duration) -> Result<Reply, Trouble> {
        let whole = async { self.whole(self.send(request).await?).await };
        timeout(limit, whole).await.unwrap_or_else(|_| {
            Err(Trouble::Unknown(format!(
                "the container engine at {} gave no answer within {}",
                self.place,
                spoken_span(limit)
            )))
        })
    }

    /// The whole of an answer that has begun.
    pub(super) async fn whole(&self, mut response: Response) -> Result<Reply, Trouble> {
        let bad = |why| Trouble::Unknown(format!("the container engine at {} {why}", self.place));
        let cut = |e| bad(format!("answered in part: {}", innermost(&e)));
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(cut)? {
            if bytes.len() + chunk.len() > ANSWER_MAX {
                return Err(bad("gave an answer of more than 10 MiB".to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Json::from(String::from_utf8_lossy(&bytes)));
        Ok(Reply { status, body })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Reply, Trouble> {
        self.look(self.request(Method::GET, path)).await
    }

    /// A question that changes nothing.
    pub(super) async fn look(&self, request: RequestBuilder) -> Result<Reply, Trouble> {
        self.ask(request, LOOK).await.map_err(again)
    }

    /// An order, which may take `grace` seconds longer than others.
    pub(super) async fn order(
        &self,
        request: RequestBuilder,
        grace: u64,
    ) -> Result<Reply, Trouble> {
        let limit = OBEY.saturating_add(Duration::from_secs(grace));
        self.ask(request, limit).await
    }
}

/// Of what does no harm when it is asked for twice.
pub(super) fn again(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Unknown(why) => Trouble::Unreached(why),
        other => other,
    }
}

/// Of looks at what an order has done that was obeyed: `done` says what it has done.
pub(super) fn after(done: String) -> impl FnOnce(Trouble) -> Trouble {
    move |trouble| match trouble {
        Trouble::Unreached(why) | Trouble::Unknown(why) => {
            Trouble::Unknown(format!("{done}, but what came of it is not known: {why}"))
        }
        verdict @ Trouble::Failed(_) => verdict,
    }
}

impl Reply {
    /// Its own words, for a message.
    pub(super) fn words(&self) -> String {
        let said = self.body["message"].as_str().map(str::trim);
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            return said.to_owned();
        }
        // Such as what a proxy in front of it writes.
        let line = self
            .body
            .as_str()
            .and_then(|text| text.trim().lines().next());
        match line.map(|line| line.chars().take(TOLD_MAX).collect::<String>()) {
            Some(line) => format!("status {}: {line}", self.status),
            None => format!("status {}", self.status),
        }
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// An engine that says this to everybody, and then keeps the line open until the other end hangs up.
    fn says(answer: impl Into<String>) -> Engine {
        let answer = answer.into();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, answer) = (client.expect("a client"), answer.clone());
                std::thread::spawn(move || {
                    let mut buffer = [0; 16 << 10];
                    while let Ok(1..) = client.read(&mut buffer) {
                        client.write_all(answer.as_bytes())?;
                    }
                    std::io::Result::Ok(())
                });
            }
        });
        Engine::at(format!("tcp://{address}")).expect("a client")
    }

    #[tokio::test]
    async fn an_engine_that_hangs_is_given_up() {
        let engine = says("");
        let request = || engine.request(Method::GET, "/_ping");
        let limit = Duration::from_millis(20);
        let Err(Trouble::Unknown(why)) = engine.ask(request(), limit).await else {
            panic!("it did not answer");
        };
        assert!(why.ends_with(" gave no answer within 20ms"), "{why}");
    }

    #[tokio::test]
    async fn an_answer_without_end_is_given_up() {
        let body = "x".repeat(ANSWER_MAX);
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n";
        let engine = says(format!("{head}{body}y"));
        let Err(Trouble::Unreached(why)) = engine.get("/_ping").await else {
            panic!("it is too long");
        };
        assert!(why.ends_with(" of more than 10 MiB"), "{why}");
    }

    #[tokio::test]
    async fn what_is_no_json_is_told_by_its_first_line() {
        let engine = says("HTTP/1.1 502 Bad\r\nContent-Length: 12\r\n\r\nno\nupstream\n");
        let reply = engine.get("/_ping").await.expect("an answer");
        assert_eq!(reply.words(), "status 502: no");
    }

    #[test]
    fn what_was_done_is_not_called_undone() {
        let seen = |trouble| after("it was run".to_owned())(trouble);
        let why = "it was run, but what came of it is not known: no answer".to_owned();
        let unreached = Trouble::Unreached("no answer".to_owned());
        assert_eq!(seen(unreached), Trouble::Unknown(why));
        let verdict = Trouble::Failed("it is unhealthy".to_owned());
        assert_eq!(seen(verdict.clone()), verdict);
    }
}
