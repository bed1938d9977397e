//! An `http` or `notify` attempt from its first request to its end.

use std::time::Duration;

use super::super::log::{Log, Stream};
use super::super::reactor::Reactor;
use super::super::secrets::{Known, Values};
use super::super::signals::Signals;
use super::super::stop::asked;
use super::super::until::{Look, look_until};
use super::answer::Answer;
use super::guard::Guard;
use super::request::Request;
use super::send::{Sender, Trouble};
use crate::run::{Ended, Outcome, Spec};
use crate::time::spoken_span;
use crate::workflow::{Filled, Http};

/// For one request, unless the attempt has a timeout of its own.
const TOTAL: Duration = Duration::from_mins(1);

/// What it takes to perform a request.
pub(in super::super) struct Tools<'a> {
    pub(in super::super) signals: &'a Signals,
    pub(in super::super) known: &'a Known,
    pub(in super::super) values: &'a Values,
}

/// Performs it to its end.
pub(in super::super) fn perform(
    spec: &Spec,
    http: &Http<Filled>,
    tools: &Tools<'_>,
    reactor: &mut Reactor,
    log: &mut Log<'_>,
) -> Ended {
    let runtime = match reactor.get() {
        Ok(runtime) => runtime,
        Err(why) => return Ended::new(Outcome::Failed, why),
    };
    let mut call = match Call::new(spec, http, tools, log) {
        Ok(call) => call,
        Err(why) => return Ended::new(Outcome::Failed, why),
    };
    // A single request has a limit of its own, which knows better how far it came.
    let slack = Duration::from_secs(u64::from(http.until.is_none()));
    let limit = spec.timeout().map_or(Duration::MAX, |t| t + slack);
    let end = runtime.block_on(async {
        tokio::select! {
            biased;
            end = call.perform() => Ok(end),
            () = asked(tools.signals) => Err(false),
            () = tokio::time::sleep(limit) => Err(true),
        }
    });
    end.unwrap_or_else(|timed_out| call.stopped(timed_out))
}

/// One attempt under way.
struct Call<'a, 'l> {
    spec: &'a Spec,
    http: &'a Http<Filled>,
    request: Request,
    sender: Sender,
    known: &'a Known,
    log: &'a mut Log<'l>,
    total: Duration,
}

impl<'a, 'l> Call<'a, 'l> {
    fn new(
        spec: &'a Spec,
        http: &'a Http<Filled>,
        tools: &Tools<'a>,
        log: &'a mut Log<'l>,
    ) -> Result<Self, String> {
        let request = Request::new(spec, http, tools.values)?;
        let guard = Guard::new(&request.url, &http.allow_hosts);
        let total = match (&http.until, spec.timeout()) {
            (Some(until), _) => TOTAL.min(until.timeout),
            (None, Some(timeout)) => timeout,
            (None, None) => TOTAL,
        };
        let sender = match Sender::new(guard, http.follow_redirects, total) {
            Ok(sender) => sender,
            Err(Trouble::Wrong(why) | Trouble::Unreached(why) | Trouble::Lost(why)) => {
                return Err(why);
            }
        };
        Ok(Self {
            spec,
            http,
            request,
            sender,
            known: tools.known,
            log,
            total,
        })
    }

    async fn perform(&mut self) -> Ended {
        // As it was written: the encoding of a URL could hide a secret from the mask.
        self.say(&format!(
            "> {} {}\n",
            self.http.method,
            self.http.url.masked()
        ));
        let (until, total) = (self.http.until.as_ref(), self.total);
        match look_until(until, total, async |limit| self.once(limit).await).await {
            Ok(answer) => self.publish(&answer),
            Err(end) => end,
        }
    }

    /// Sends it once; logs one line, and the body of an answer that is not one of many.
    async fn once(&mut self, total: Duration) -> Look<Answer> {
        let answer = match self.sender.exchange(self.request.clone(), total).await {
            Ok(answer) => answer,
            Err(trouble) => return self.troubled(&trouble),
        };
        let verdict = answer.check(self.http.expect.as_ref(), self.known);
        let note = match (&verdict, &self.http.until) {
            (Err(why), Some(_)) => format!(": {why}"),
            _ => String::new(),
        };
        self.say(&format!("< {}{note}\n", answer.summary()));
        if self.http.until.is_none() {
            self.write(&answer.shown_body(self.known));
        }
        match verdict {
            Ok(()) => Look::Met(answer),
            Err(why) => Look::Unmet(why),
        }
    }

    fn troubled(&mut self, trouble: &Trouble) -> Look<Answer> {
        let safe = self.is_safe();
        let (word, give_up) = match trouble {
            Trouble::Wrong(why) => (why.clone(), Some(Ended::new(Outcome::Failed, why.clone()))),
            Trouble::Unreached(why) => (why.clone(), None),
            Trouble::Lost(why) if safe => (format!("{why}; safe to retry"), None),
            Trouble::Lost(why) => {
                let text = format!("the request was sent and {why}: it may have taken effect");
                (why.clone(), Some(Ended::new(Outcome::Unknown, text)))
            }
        };
        self.say(&format!("< {word}\n"));
        give_up.map_or(Look::Unmet(word), Look::Over)
    }

    /// Dropped from outside: by a person, or by the attempt's timeout.
    fn stopped(&mut self, timed_out: bool) -> Ended {
        let limit = self.spec.timeout().map(spoken_span).unwrap_or_default();
        let (outcome, word) = if timed_out {
            (Outcome::TimedOut, format!("timed out after {limit}"))
        } else {
            (Outcome::Cancelled, "cancelled".to_owned())
        };
        self.say(&format!("< {word}\n"));
        if self.sender.was_sent() && !self.is_safe() {
            let text = format!("{word} while the request was under way: it may have taken effect");
            return Ended::new(Outcome::Unknown, text);
        }
        Ended::new(outcome, word)
    }

    fn is_safe(&self) -> bool {
        self.spec.idempotent || self.http.idempotency_key
    }

    fn publish(&mut self, answer: &Answer) -> Ended {
        match answer.outputs(&self.spec.outputs, self.known) {
            Ok(outputs) => Ended {
                outputs,
                ..Ended::new(Outcome::Succeeded, "")
            },
            Err(why) => Ended::new(Outcome::Failed, why),
        }
    }

    fn say(&mut self, line: &str) {
        self.write(line.as_bytes());
    }

    /// Masked as a whole: no secret goes on in the next line.
    fn write(&mut self, bytes: &[u8]) {
        let mut stream = Stream::new(self.known.masker());
        self.log.write(&mut stream, bytes);
        self.log.end(stream);
    }
}
