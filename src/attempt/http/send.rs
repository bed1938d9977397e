//! One request out, one whole answer in, or what is known about its failure.

use std::error::Error as _;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_LENGTH, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode, Url};

use super::super::cause::{chain, innermost};
use super::answer::{Answer, BODY_MAX};
use super::guard::{Forbidden, Guard};
use super::request::Request;
use crate::time::spoken_span;

const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(30);
const HEADERS_MAX: usize = 64 << 10;
const REDIRECTS_MAX: usize = 10;

/// Why there is no whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Trouble {
    /// It cannot or must not be sent, or what came must not be used: trying again would not help.
    Wrong(String),
    /// Nothing was sent: no name, no connection, no TLS.
    Unreached(String),
    /// It was sent, at least in part.
    Lost(String),
}

/// Sends requests under the rules of one step.
#[derive(Debug)]
pub(in super::super) struct Sender {
    client: Client,
    guard: Guard,
    follow: bool,
    silence: Duration,
    /// Whether bytes of the request under way may have been sent.
    sent: Arc<AtomicBool>,
}

impl Sender {
    pub(in super::super) fn new(
        guard: Guard,
        follow: bool,
        total: Duration,
    ) -> Result<Self, Trouble> {
        Self::patient(guard, follow, total, SILENCE)
    }

    /// One that hears nothing for `silence` before it gives up.
    pub(in super::super) fn patient(
        guard: Guard,
        follow: bool,
        total: Duration,
        silence: Duration,
    ) -> Result<Self, Trouble> {
        // Shorter than the whole, so that a connection that fails is seen to have failed before anything was sent.
        let connect = CONNECT.min(total.mul_f64(0.9));
        let client = Client::builder()
            .user_agent(concat!("flightdeck/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(connect)
            .read_timeout(silence)
            // A kept connection may be closed just when it is used again: one cannot tell that from a lost answer.
            .pool_max_idle_per_host(0)
            .dns_resolver(guard.clone())
            .build()
            .map_err(|e| {
                Trouble::Wrong(format!("cannot prepare the request: {}", innermost(&e)))
            })?;
        Ok(Self {
            client,
            guard,
            follow,
            silence,
            sent: Arc::new(AtomicBool::new(false)),
        })
    }

    pub(in super::super) fn was_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends it, follows redirects if asked, and reads the answer, all within `total`.
    pub(in super::super) async fn exchange(
        &self,
        request: Request,
        total: Duration,
    ) -> Result<Answer, Trouble> {
        self.exchange_into(request, total, None).await
    }

    /// The same; the body of a good answer goes to `into`, however large it is, and none is in the answer.
    pub(in super::super) async fn exchange_into(
        &self,
        request: Request,
        total: Duration,
        into: Option<&mut dyn Write>,
    ) -> Result<Answer, Trouble> {
        self.sent.store(false, Ordering::Relaxed);
        if let Ok(result) = tokio::time::timeout(total, self.follow(request, into)).await {
            if result.is_ok() {
                // Answered in full: nothing is under way any more.
                self.sent.store(false, Ordering::Relaxed);
            }
            return result;
        }
        let why = format!("no whole answer came within {}", spoken_span(total));
        Err(if self.was_sent() {
            Trouble::Lost(why)
        } else {
            Trouble::Unreached(why)
        })
    }

    async fn follow(
        &self,
        mut request: Request,
        into: Option<&mut dyn Write>,
    ) -> Result<Answer, Trouble> {
        let started = Instant::now();
        for _ in 0..=REDIRECTS_MAX {
            let wrong = |Forbidden(why)| Trouble::Wrong(why);
            self.guard.check_url(&request.url).map_err(wrong)?;
            let response = self.send(&request).await?;
            match self.target(&request, &response)? {
                None => return read(response, started, self.silence, into).await,
                Some(target) => {
                    request = request
                        .redirected(response.status(), target)
                        .map_err(Trouble::Wrong)?;
                }
            }
        }
        Err(Trouble::Wrong(format!(
            "more than {REDIRECTS_MAX} redirects"
        )))
    }

    async fn send(&self, request: &Request) -> Result<Response, Trouble> {
        self.sent.store(false, Ordering::Relaxed);
        let mut headers = request.headers.clone();
        let mut builder = self
            .client
            .request(request.method.clone(), request.url.clone());
        if let Some(bytes) = request.body.clone().filter(|bytes| !bytes.is_empty()) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            let sent = Arc::clone(&self.sent);
            // The body is asked for when the connection stands and the head is about to go out.
            let body = futures_util::stream::once(async move {
                sent.store(true, Ordering::Relaxed);
                Ok::<_, std::io::Error>(bytes)
            });
            builder = builder.body(reqwest::Body::wrap_stream(body));
        } else {
            // Nothing tells when a request without a body leaves, so the worst is assumed from the start. An error of the
            // connection still says that it did not.
            self.sent.store(true, Ordering::Relaxed);
            if matches!(request.method, Method::POST | Method::PUT | Method::PATCH) {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
            }
        }
        builder = builder.headers(headers);
        if let Some((user, password)) = &request.basic_auth {
            builder = builder.basic_auth(user, Some(password));
        }
        builder
            .send()
            .await
            .map_err(|error| self.trouble(&request.url, &error))
    }

    fn target(&self, request: &Request, response: &Response) -> Result<Option<Url>, Trouble> {
        let redirects = matches!(
            response.status(),
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        );
        let location = response.headers().get(LOCATION);
        let (true, true, Some(location)) = (self.follow, redirects, location) else {
            return Ok(None);
        };
        let target = location
            .to_str()
            .ok()
            .and_then(|l| request.url.join(l).ok());
        let wrong = || Trouble::Wrong("it was redirected to what is not a URL".into());
        target.map(Some).ok_or_else(wrong)
    }

    fn trouble(&self, url: &Url, error: &reqwest::Error) -> Trouble {
        if let Some(why) = forbidden(error) {
            return Trouble::Wrong(why);
        }
        if error.is_builder() {
            return Trouble::Wrong(format!("the request cannot be sent: {}", innermost(error)));
        }
        if error.is_connect() || !self.was_sent() {
            let host = url.host_str().unwrap_or_default();
            let port = url.port_or_known_default().unwrap_or_default();
            let why = connect_reason(url, error);
            return Trouble::Unreached(format!("could not connect to {host}:{port}: {why}"));
        }
        Trouble::Lost(format!(
            "no whole answer came ({})",
            broken_reason(error, self.silence)
        ))
    }
}

/// Reads the whole body but keeps only its beginning.
async fn read(
    mut response: Response,
    started: Instant,
    silence: Duration,
    into: Option<&mut dyn Write>,
) -> Result<Answer, Trouble> {
    let mut into = into.filter(|_| response.status().is_success());
    let size: usize = response
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > HEADERS_MAX {
        return Err(Trouble::Wrong(format!(
            "the answer's headers have {size} bytes; at most {HEADERS_MAX} are allowed"
        )));
    }
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    let (mut body, mut total) = (Vec::new(), 0);
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                total += chunk.len() as u64;
                if let Some(into) = &mut into {
                    let unwritten =
                        |e| Trouble::Wrong(format!("the answer cannot be written down: {e}"));
                    into.write_all(&chunk).map_err(unwritten)?;
                } else {
                    let room = BODY_MAX - body.len();
                    body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                }
            }
            Ok(None) => break,
            Err(error) => {
                let (status, why) = (response.status(), broken_reason(&error, silence));
                return Err(Trouble::Lost(format!(
                    "no whole answer came ({status}, {total} bytes, then {why})"
                )));
            }
        }
    }
    Ok(Answer {
        status: response.status(),
        headers,
        body,
        total,
        took: started.elapsed(),
    })
}

fn forbidden(error: &reqwest::Error) -> Option<String> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(Forbidden(why)) = inner.downcast_ref() {
            return Some(why.clone());
        }
        source = inner.source();
    }
    None
}

fn connect_reason(url: &Url, error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no connection in time".into();
    }
    let why = innermost(error);
    let texts = chain(error);
    let about_names = texts.iter().any(|t| t.contains("dns error"));
    let about_tcp = texts.iter().any(|t| t.contains("tcp connect error"));
    if url.scheme() == "https" && !about_names && !about_tcp {
        format!("TLS: {why}")
    } else {
        why
    }
}

fn broken_reason(error: &reqwest::Error, silence: Duration) -> String {
    if error.is_timeout() {
        format!("nothing for {}", spoken_span(silence))
    } else {
        innermost(error)
    }
}
