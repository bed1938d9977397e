//! Files that are copied to the far end and back. A copy that was cut is made again: it takes its name only when it is whole.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::super::part::Part;
use super::super::start::plain;
use super::frames::Frame;
use super::link::{Cargo, Link};
use super::room::Room;
use super::script::Script;
use super::tries::Tries;
use super::words;
use crate::id::hex;
use crate::run::{Ended, Outcome};
use crate::time::spoken_span;
use crate::workflow::CopyDoc;

/// Copies a file there.
pub(super) fn put(room: &mut Room<'_, '_>, copy: &CopyDoc) -> Result<(), Box<Ended>> {
    let (from, to) = ends(copy)?;
    let told = format!("upload {from} to {}:{to}", room.far.host);
    room.status(&told);
    let facts = Facts::of(Path::new(from)).or_else(failed)?;
    let leaf = Path::new(from).file_name().unwrap_or_default();
    let script = Script::new("put")
        .with("name", room.name)
        .with("target", &far_path(to))
        .with("leaf", &leaf.to_string_lossy())
        .with("size", &facts.size.to_string())
        .with("digest", &facts.digest)
        .with("mode", &format!("{:o}", facts.mode));
    let bytes = script.bytes();
    let open = || {
        let file = File::open(from).map_err(|e| format!("cannot read {from}: {}", plain(&e)))?;
        Ok(Cargo::new(bytes.clone(), Some(file)))
    };
    carry(room, &told, &open, &mut |_| Ok(()))
}

/// Copies a file back.
pub(super) fn get(room: &mut Room<'_, '_>, copy: &CopyDoc) -> Result<(), Box<Ended>> {
    let (from, to) = ends(copy)?;
    let told = format!("download {}:{from} to {to}", room.far.host);
    room.status(&told);
    let script = Script::new("get").with("target", &far_path(from)).bytes();
    let mut target = PathBuf::from(to);
    if target.is_dir() {
        target.push(Path::new(from).file_name().unwrap_or_default());
    }
    let mut copy = Arriving::new(&target, room.name);
    let open = || Ok(Cargo::new(script.clone(), None));
    carry(room, &told, &open, &mut |frame| copy.take(frame))?;
    copy.finish().or_else(failed)
}

/// Makes the connection, again if it is cut, until the far end says that it is done.
fn carry(
    room: &mut Room<'_, '_>,
    told: &str,
    cargo: &dyn Fn() -> Result<Cargo, String>,
    heard: &mut dyn FnMut(Frame) -> Result<(), String>,
) -> Result<(), Box<Ended>> {
    let mut tries = Tries::default();
    let (mut reached, mut landed) = (false, false);
    loop {
        let mut link = Link::open(room.far, cargo().or_else(failed)?).or_else(failed)?;
        while !link.is_over() {
            let news = room.wait(Some(&link), None, Duration::from_mins(1));
            for frame in link.look(&news.first, room.buffer) {
                match frame {
                    Frame::Ended(0) => return Ok(()),
                    Frame::Refused(why) => {
                        return failed(format!("{told}: {why}"));
                    }
                    Frame::Here => {}
                    frame => {
                        // A far end that only greets is not found again.
                        tries.met();
                        heard(frame).or_else(failed)?;
                    }
                }
            }
            landed |= link.all_sent();
            if news.asked.anything() || news.timed_out {
                return Err(Box::new(stopped(room, told, news.timed_out)));
            }
        }
        let host = &room.far.host;
        let words = words::plain(&link.last_words(), host, &room.far.by_hand);
        reached |= link.greeted();
        if !reached {
            return failed(words);
        }
        let Some(next) = tries.failed(room.reconnect_within()) else {
            let outcome = if landed {
                Outcome::Unknown
            } else {
                Outcome::Failed
            };
            let within = spoken_span(room.reconnect_within());
            let why = format!("{told}: the link was not found again within {within}: {words}");
            return Err(Box::new(Ended::new(outcome, why)));
        };
        room.status(&format!("link lost, reconnecting, try {next}"));
        while !tries.is_due() {
            let news = room.wait(None, None, tries.left());
            if news.asked.anything() || news.timed_out {
                return Err(Box::new(stopped(room, told, news.timed_out)));
            }
        }
    }
}

fn stopped(room: &Room<'_, '_>, told: &str, timed_out: bool) -> Ended {
    let end = room.stopped_early(timed_out);
    let word = if timed_out { "timed out" } else { "cancelled" };
    Ended::new(end.outcome, format!("{word} during {told}"))
}

fn failed<T>(why: String) -> Result<T, Box<Ended>> {
    Err(Box::new(Ended::new(Outcome::Failed, why)))
}

fn ends(copy: &CopyDoc) -> Result<(&str, &str), Box<Ended>> {
    match (&copy.from, &copy.to) {
        (Some(from), Some(to)) if !from.is_empty() && !to.is_empty() => Ok((from, to)),
        _ => failed("a copy needs `from` and `to`".to_owned()),
    }
}

/// A path at the far end, from its home folder on; never an option of a program there.
fn far_path(path: &str) -> String {
    let path = path.strip_prefix("~/").unwrap_or(path);
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("./{path}")
    }
}

/// What is told of a file before it is sent.
struct Facts {
    size: u64,
    digest: String,
    mode: u32,
}

impl Facts {
    fn of(path: &Path) -> Result<Self, String> {
        let cannot = |e: std::io::Error| format!("cannot read {}: {}", path.display(), plain(&e));
        let meta = fs::metadata(path).map_err(cannot)?;
        if !meta.is_file() {
            return Err(format!("{} is not a regular file", path.display()));
        }
        let mut file = File::open(path).map_err(cannot)?;
        let (mut digest, mut size) = (Sha256::new(), 0);
        let mut piece = vec![0; 64 << 10];
        loop {
            let n = file.read(&mut piece).map_err(cannot)?;
            if n == 0 {
                break;
            }
            size += n as u64;
            digest.update(&piece[..n]);
        }
        Ok(Self {
            size,
            digest: hex(&digest.finalize()),
            mode: meta.permissions().mode() & 0o777,
        })
    }
}

/// A file on its way here.
struct Arriving<'a> {
    target: &'a Path,
    mark: String,
    /// What has come of it since it began last, and the digest that it is to have.
    part: Option<(Part, String)>,
}

impl<'a> Arriving<'a> {
    fn new(target: &'a Path, name: &str) -> Self {
        Self {
            target,
            mark: format!(".{name}"),
            part: None,
        }
    }

    fn take(&mut self, frame: Frame) -> Result<(), String> {
        match (frame, &mut self.part) {
            // It begins, perhaps anew: the one before goes before the new one takes its name.
            (Frame::Digest(digest), _) => {
                self.part = None;
                let part = Part::open(self.target, &self.mark).map_err(|e| self.cannot(&e))?;
                self.part = Some((part, digest));
            }
            (Frame::Out(bytes), Some((part, _))) => {
                let written = part.write_all(&bytes);
                written.map_err(|e| self.cannot(&e))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), String> {
        let whole = self.part.take();
        let Some((part, _)) = whole.filter(|(part, expected)| part.sha256() == *expected) else {
            let path = self.target.display();
            return Err(format!(
                "{path} did not arrive as it was sent: it was changed meanwhile"
            ));
        };
        part.finish().map_err(|e| self.cannot(&e))
    }

    fn cannot(&self, error: &std::io::Error) -> String {
        format!("cannot write {}: {}", self.target.display(), plain(error))
    }
}
