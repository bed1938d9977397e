//! The end of an attempt, once it is written down here: only then may the far end forget it.

use std::time::Duration;

use super::super::clock::Stopwatch;
use super::super::pipe::Buffer;
use super::super::signals::wait;
use super::far::Far;
use super::frames::Frame;
use super::link::{Cargo, Link};

/// For all of it. What is not settled by then is tidied away by a later start there.
const LIMIT: Duration = Duration::from_secs(5);

/// What the far end still keeps.
pub(in super::super) struct Unsettled {
    far: Far,
    /// The link by which the end was heard, if it still is there.
    link: Option<Link>,
    /// Asks for the end once more.
    again: Vec<u8>,
}

impl Unsettled {
    pub(super) fn new(far: Far, link: Option<Link>, again: Vec<u8>) -> Self {
        Self { far, link, again }
    }

    /// Lets the far end forget. Failing does no harm: the attempt is over.
    pub(in super::super) fn settle(mut self, buffer: &mut Buffer) {
        let watch = Stopwatch::start();
        let mut told = false;
        if let Some(link) = &mut self.link {
            link.tell("settled\n");
            told = true;
        }
        let mut tries = 0;
        while !watch.left_of(LIMIT).is_zero() && tries < 3 {
            let Some(link) = &mut self.link else {
                tries += 1;
                told = false;
                self.link = Link::open(&self.far, Cargo::new(self.again.clone(), None)).ok();
                continue;
            };
            let limit = link
                .limit()
                .min(watch.left_of(LIMIT).as_millis() as u64 + 1);
            let ready = wait(link.fds(), Some(limit));
            for frame in link.look(&ready, buffer) {
                match frame {
                    Frame::Settled | Frame::Void | Frame::Lost(_) => return,
                    Frame::Ended(_) if !told => {
                        link.tell("settled\n");
                        told = true;
                    }
                    _ => {}
                }
            }
            if link.is_over() {
                self.link = None;
            }
        }
    }
}
