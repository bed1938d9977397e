//! The command of an attempt: started, followed over as many links as it takes, stopped by a link of its own.

use std::time::Duration;

use super::super::capture::Capture;
use super::super::child::Stop;
use super::super::clock::Stopwatch;
use super::super::log::Stream;
use super::super::outputs::FILE_MAX;
use super::frames::Frame;
use super::link::{Cargo, Link};
use super::room::{News, Room};
use super::script::Script;
use super::tries::Tries;
use super::words;

/// A stop is given up so long after the command should have been killed.
const STOP_WITHIN: Duration = Duration::from_mins(1);
/// Between the end that one link told and what the other has still to say.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How the command came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ended(i32),
    /// It was never started, and never will be.
    NeverStarted,
    /// The far end was never reached. Why.
    NotReached(String),
    Refused(String),
    /// It was started, and what would have told its end is gone. Where that was.
    Lost(String),
    /// The link could not be found again. Why.
    OutOfReach(String),
    /// It could not be stopped. Why.
    Unstopped(String),
}

/// Whole ones; the far end knows no others.
fn seconds(span: Duration) -> u64 {
    span.as_millis().div_ceil(1000) as u64
}

/// What there is to know afterwards.
pub(super) struct Report {
    pub(super) verdict: Verdict,
    /// It was told to stop, and that is why it ended.
    pub(super) stop: Option<Stop>,
    pub(super) capture: Capture,
    /// What it wrote to `$FLIGHTDECK_OUTPUT`.
    pub(super) outputs: Vec<u8>,
    /// The folder of the attempt at the far end, as far as is known.
    pub(super) folder: Option<String>,
    pub(super) group: Option<String>,
    /// The earlier attempt whose end this is, and how it stood.
    pub(super) adopted: Option<(String, String)>,
    /// By which the end was heard.
    pub(super) link: Option<Link>,
}

pub(super) struct Errand<'r, 'a, 'l> {
    room: &'r mut Room<'a, 'l>,
    /// All that the far end needs to begin, but for what was heard already.
    go: Script,
    main: Option<Link>,
    tries: Tries,
    /// The far end has listened, so it may have begun.
    reached: bool,
    heard: [usize; 2],
    streams: [Option<Stream>; 2],
    report: Report,
    code: Option<(i32, Stopwatch)>,
    /// The link that follows has told the end, so it has told all.
    told: bool,
    verdict: Option<Verdict>,
    stopping: Option<Stopping>,
}

/// The command is told to stop.
struct Stopping {
    stop: Stop,
    link: Option<Link>,
    tries: Tries,
    /// By what it was ended.
    how: Option<String>,
    done: bool,
}

impl<'r, 'a, 'l> Errand<'r, 'a, 'l> {
    pub(super) fn new(room: &'r mut Room<'a, 'l>, go: Script, joint: bool) -> Self {
        let masker = room.known.masker();
        let streams = [0, 1].map(|_| Some(Stream::new(masker)));
        if !joint {
            room.log.mask_joint(masker);
        }
        Self {
            room,
            go,
            main: None,
            tries: Tries::default(),
            reached: false,
            heard: [0; 2],
            streams,
            report: Report {
                verdict: Verdict::NeverStarted,
                stop: None,
                capture: Capture::default(),
                outputs: Vec::new(),
                folder: None,
                group: None,
                adopted: None,
                link: None,
            },
            code: None,
            told: false,
            verdict: None,
            stopping: None,
        }
    }

    pub(super) fn run(mut self) -> Report {
        let verdict = loop {
            self.connect();
            if let Some(verdict) = self.decided() {
                break verdict;
            }
            let aux = self.stopping.as_ref().and_then(|s| s.link.as_ref());
            let news = self.room.wait(self.main.as_ref(), aux, self.limit());
            self.look(&news);
            self.obey(&news);
        };
        for stream in self.streams.iter_mut().filter_map(Option::take) {
            self.room.log.end(stream);
        }
        self.report.verdict = verdict;
        if !self.told {
            // A part of a value would be taken for all of it.
            self.report.outputs.clear();
        }
        if let Some(stopping) = self.stopping {
            self.report.stop = stopping.how.is_some().then_some(stopping.stop);
        }
        self.report.link = self.main.filter(|link| !link.is_over());
        self.report
    }

    /// Makes the links that there should be.
    fn connect(&mut self) {
        if self.verdict.is_some() {
            return;
        }
        if self.main.is_none() && !self.told && self.tries.is_due() {
            // Once it is known to have begun, nothing may begin it again, even if its folder is gone.
            let begun = self.report.folder.is_some();
            let script = self
                .go
                .clone()
                .with("op", if begun { "again" } else { "go" });
            let script = script
                .with("off_out", &self.heard[0].to_string())
                .with("off_err", &self.heard[1].to_string());
            // It tells all of them again.
            self.report.outputs.clear();
            match Link::open(self.room.far, Cargo::new(script.bytes(), None)) {
                Ok(link) => self.main = Some(link),
                Err(why) => self.no_link(&why),
            }
        }
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        if stopping.link.is_none() && !stopping.done && stopping.tries.is_due() {
            let grace = if stopping.stop.killed {
                Duration::ZERO
            } else {
                self.room.spec.grace()
            };
            let script = self.go.clone().with("op", "stop");
            let script = script.with("grace", &seconds(grace).to_string());
            match Link::open(self.room.far, Cargo::new(script.bytes(), None)) {
                Ok(link) => stopping.link = Some(link),
                Err(why) => self.no_stop(&why),
            }
        }
    }

    fn limit(&self) -> Duration {
        let mut limit = Duration::from_mins(1);
        if self.main.is_none() && !self.told {
            limit = limit.min(self.tries.left());
        }
        if let Some((_, since)) = &self.code {
            limit = limit.min(since.left_of(LAST_WORDS));
        }
        if let Some(stopping) = &self.stopping
            && stopping.link.is_none()
            && !stopping.done
        {
            limit = limit.min(stopping.tries.left());
        }
        limit
    }

    fn look(&mut self, news: &News) {
        if let Some(link) = &mut self.main {
            let frames = link.look(&news.first, self.room.buffer);
            let over = link.is_over();
            for frame in frames {
                self.hear(frame);
            }
            if over && self.verdict.is_none() {
                self.lost();
            }
        }
        let link = self.stopping.as_mut().and_then(|s| s.link.as_mut());
        if let Some(link) = link {
            let frames = link.look(&news.second, self.room.buffer);
            let over = link.is_over().then(|| link.last_words());
            for frame in frames {
                self.hear_of_stop(frame);
            }
            if let Some(words) = over {
                self.no_stop(&words);
            }
        }
    }

    /// What the link says that follows the command.
    fn hear(&mut self, frame: Frame) {
        // A far end that only greets is not found again.
        if frame != Frame::Here && self.tries.met() {
            self.room.status("connected again");
        }
        match frame {
            Frame::Here => self.reached = true,
            Frame::Started { group, folder } => self.began(group, folder),
            Frame::Out(bytes) => self.output(0, &bytes),
            Frame::Err(bytes) => self.output(1, &bytes),
            Frame::Outputs(bytes) => {
                // One byte more tells that there are too many.
                let room = FILE_MAX + 1 - self.report.outputs.len();
                self.report.outputs.extend(bytes.into_iter().take(room));
            }
            Frame::Ended(code) => {
                self.code.get_or_insert((code, Stopwatch::start()));
                self.told = true;
            }
            Frame::Void => self.verdict = Some(Verdict::NeverStarted),
            Frame::Lost(folder) => self.verdict = Some(Verdict::Lost(folder)),
            Frame::Refused(why) => self.verdict = Some(Verdict::Refused(why)),
            Frame::Adopted { attempt, how } => self.adopted(attempt, how),
            Frame::Earlier {
                attempt,
                how,
                inputs,
            } => self.earlier(&attempt, &how, &inputs),
            Frame::Beat | Frame::Stopped(_) | Frame::Digest(_) | Frame::Settled => {}
        }
    }

    fn began(&mut self, group: String, folder: String) {
        if self.report.group.as_ref() != Some(&group) {
            let host = &self.room.far.host;
            let words = format!("running on {host}, process group {group}");
            self.room.status(&words);
        }
        (self.report.group, self.report.folder) = (Some(group), Some(folder));
    }

    fn output(&mut self, which: usize, bytes: &[u8]) {
        self.heard[which] += bytes.len();
        if which == 0 {
            self.report.capture.push(bytes);
        }
        if let Some(stream) = &mut self.streams[which] {
            self.room.log.write(stream, bytes);
        }
    }

    fn adopted(&mut self, attempt: String, how: String) {
        if self.report.adopted.is_none() {
            let host = &self.room.far.host;
            let words = if how == "running" {
                format!(
                    "attempt {attempt} still runs on {host}: it is followed to its end, nothing is started"
                )
            } else {
                format!(
                    "attempt {attempt} has ended on {host}: its result is taken, nothing is started"
                )
            };
            self.room.status(&words);
            self.report.adopted = Some((attempt, how));
        }
    }

    fn earlier(&mut self, attempt: &str, how: &str, inputs: &str) {
        let host = &self.room.far.host;
        let other = if inputs == "other" {
            " with other inputs"
        } else {
            ""
        };
        let words = if how == "lost" {
            format!(
                "attempt {attempt} had begun on {host} and is gone without a result; it is started again"
            )
        } else {
            format!(
                "attempt {attempt} had ended on {host} with exit {how}{other}; it is started again"
            )
        };
        self.room.status(&words);
    }

    /// What the link says that stops the command.
    fn hear_of_stop(&mut self, frame: Frame) {
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        if frame != Frame::Here {
            stopping.tries.met();
        }
        match frame {
            Frame::Stopped(how) if how == "NOT" => {
                let why = "not even KILL ended it".to_owned();
                self.verdict = Some(Verdict::Unstopped(why));
            }
            Frame::Stopped(how) => {
                stopping.stop.killed = how == "KILL";
                stopping.how = Some(how);
            }
            Frame::Ended(code) => {
                stopping.done = true;
                self.code.get_or_insert((code, Stopwatch::start()));
            }
            Frame::Void => self.verdict = Some(Verdict::NeverStarted),
            Frame::Lost(folder) => self.verdict = Some(Verdict::Lost(folder)),
            Frame::Refused(why) => self.verdict = Some(Verdict::Unstopped(why)),
            _ => {}
        }
    }

    /// The link that follows the command is over.
    fn lost(&mut self) {
        let Some(link) = self.main.take() else { return };
        if !self.told {
            self.no_link(&link.last_words());
        }
    }

    fn no_link(&mut self, why: &str) {
        let far = self.room.far;
        let why = words::plain(why, &far.host, &far.by_hand);
        if !self.reached {
            self.verdict = Some(Verdict::NotReached(why));
            return;
        }
        match self.tries.failed(self.room.reconnect_within()) {
            Some(next) => self
                .room
                .status(&format!("link lost, reconnecting, try {next}")),
            // That it ended is known all the same, by the link that stops.
            None if self.code.is_some() => {}
            None => self.verdict = Some(Verdict::OutOfReach(why)),
        }
    }

    fn no_stop(&mut self, why: &str) {
        let far = self.room.far;
        let why = words::plain(why, &far.host, &far.by_hand);
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        stopping.link = None;
        if stopping.done {
            return;
        }
        let within = STOP_WITHIN.min(self.room.reconnect_within());
        match stopping.tries.failed(within) {
            Some(next) => self
                .room
                .status(&format!("cannot be stopped yet, try {next}")),
            None => self.verdict = Some(Verdict::Unstopped(why)),
        }
    }

    /// Begins to stop, or does so harder.
    fn obey(&mut self, news: &News) {
        let wanted = news.asked.anything() || (news.timed_out && self.stopping.is_none());
        if !wanted || self.code.is_some() {
            return;
        }
        if !self.main.as_ref().is_some_and(Link::greeted) && !self.reached {
            // Nothing was sent, so nothing can begin.
            self.verdict = Some(Verdict::NeverStarted);
            self.main = None;
        }
        let mut stop = news.stop();
        let mut harder = stop.kill_asked;
        if let Some(before) = self.stopping.take() {
            harder = true;
            stop = Stop {
                kill_asked: true,
                ..before.stop
            };
        }
        stop.killed = harder;
        self.room
            .status(if harder { "killing" } else { "stopping" });
        self.stopping = Some(Stopping {
            stop,
            link: None,
            tries: Tries::default(),
            how: None,
            done: false,
        });
    }

    fn decided(&mut self) -> Option<Verdict> {
        if let Some(verdict) = self.verdict.take() {
            if let (Verdict::NeverStarted, Some(stopping)) = (&verdict, &mut self.stopping) {
                stopping.how = Some(String::new());
            }
            return Some(verdict);
        }
        let (code, since) = self.code.as_ref()?;
        let waited = since.left_of(LAST_WORDS).is_zero();
        // Whether the stop or itself ended it is known by the link that stops.
        let stop_is_told = self.stopping.as_ref().is_none_or(|s| s.done);
        ((stop_is_told && self.told) || waited).then_some(Verdict::Ended(*code))
    }
}
