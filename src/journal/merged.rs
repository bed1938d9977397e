//! The outputs of several attempts as one, in the order of time. Lines of one attempt keep their order, lines of the same
//! moment the order of the attempts. Any line is found by its number without reading those before it: a binary search over
//! moments, each counted by the indexes. Memory stays flat: only what is asked for is read, and what has ended rests
//! with its files closed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::ops::Range;

use super::Reader;
use super::ahead::Ahead;
use super::reader::Line;
use crate::time::Timestamp;

/// Ended outputs that are kept open at once; those that grow come on top.
const OPEN_MAX: usize = 64;

/// Lines that are rather read and passed over than jumped over: a jump asks all outputs about many moments.
const NEAR: u64 = if cfg!(test) { 5 } else { 500 };
/// Stands for the moment of the next line of an output of which lines have been passed.
const UNDER_WAY: Timestamp = Timestamp(i64::MIN);

/// A line of the whole, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedLine {
    /// Which of the outputs.
    pub part: usize,
    /// With its number among all lines, so long as nothing older is added.
    pub number: u64,
    /// With its number in its own output.
    pub line: Line,
}

/// How many lines of each output have gone before: a place that stays right whatever is added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut(Vec<u64>);

impl Cut {
    /// Number of lines before it.
    pub fn position(&self) -> u64 {
        self.0.iter().sum()
    }
}

#[derive(Debug, Default)]
pub struct Merged {
    parts: Vec<Part>,
    /// Where the last read ended, which is where the next one mostly begins.
    last: Option<Cut>,
    /// Counts uses, so that the file that was not wanted for longest is closed.
    uses: u64,
}

/// How many lines to pass, what of each to read, and whether only those that do not become longer.
#[derive(Clone, Copy)]
struct Pass {
    count: usize,
    max: usize,
    finished: bool,
}

#[derive(Debug)]
struct Part {
    reader: Reader,
    /// It may still grow.
    live: bool,
    /// When its first and last lines came; `None` without lines.
    span: Option<(Timestamp, Timestamp)>,
    /// Its files are open since; `None` while it rests.
    used: Option<u64>,
}

impl Merged {
    /// `live` are those that may still grow. The order of the outputs decides between lines of one moment.
    pub fn new(outputs: impl IntoIterator<Item = (Reader, bool)>) -> io::Result<Self> {
        let mut merged = Self::default();
        for (reader, live) in outputs {
            merged.add(reader, live)?;
        }
        Ok(merged)
    }

    /// One more output, behind the others where lines are of one moment.
    pub fn add(&mut self, reader: Reader, live: bool) -> io::Result<()> {
        self.uses += 1;
        self.last = None;
        let mut part = Part {
            span: reader.span()?,
            reader,
            live,
            used: Some(self.uses),
        };
        if !live {
            part.rest();
        }
        self.parts.push(part);
        Ok(())
    }

    /// The `nth` output does not grow any more.
    pub fn ended(&mut self, nth: usize) -> io::Result<()> {
        let Some(part) = self.parts.get_mut(nth).filter(|part| part.live) else {
            return Ok(());
        };
        part.reader.refresh()?;
        part.span = part.reader.span()?;
        part.live = false;
        part.rest();
        self.last = None;
        Ok(())
    }

    /// Number of outputs.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Looks for growth of what is live; true if there was any.
    pub fn refresh(&mut self) -> io::Result<bool> {
        let mut grown = false;
        for part in self.parts.iter_mut().filter(|part| part.live) {
            if part.reader.refresh()? {
                part.span = part.reader.span()?;
                grown = true;
            }
        }
        if grown {
            self.last = None;
        }
        Ok(grown)
    }

    /// Of what is live, only what came until then is there from the next refresh on.
    pub fn until(&mut self, at: Timestamp) {
        for part in self.parts.iter_mut().filter(|part| part.live) {
            part.reader.until(at);
        }
    }

    /// Number of lines in all.
    pub fn count(&self) -> u64 {
        self.parts.iter().map(|part| part.reader.count()).sum()
    }

    /// Before the first line of all.
    pub fn start(&self) -> Cut {
        Cut(vec![0; self.parts.len()])
    }

    /// Lines from the `from`th on.
    pub fn lines(&mut self, from: u64, count: usize, max: usize) -> io::Result<Vec<MergedLine>> {
        let last = self.last.take().filter(|cut| cut.position() == from);
        let mut cut = match last {
            Some(cut) => cut,
            None => self.cut(from)?,
        };
        let lines = self.read_on(&mut cut, count, max, false)?;
        self.last = Some(cut);
        Ok(lines)
    }

    /// The lines with these numbers, which must ascend.
    pub fn pick(&mut self, numbers: &[u64], max: usize) -> io::Result<Vec<MergedLine>> {
        let mut picked = Vec::with_capacity(numbers.len());
        for near in numbers.chunk_by(|one, next| next.saturating_sub(*one) <= NEAR) {
            let (Some(first), Some(last)) = (near.first(), near.last()) else {
                continue;
            };
            let mut cut = self.cut(*first)?;
            let pass = Pass {
                count: (last - first + 1) as usize,
                max,
                finished: false,
            };
            picked.extend(self.pass(&mut cut, pass, |number| near.binary_search(&number).is_ok())?);
        }
        Ok(picked)
    }

    /// Lines from a place on, which moves behind them. `finished`: without those that may still become longer.
    pub fn read_on(
        &mut self,
        cut: &mut Cut,
        count: usize,
        max: usize,
        finished: bool,
    ) -> io::Result<Vec<MergedLine>> {
        let pass = Pass {
            count,
            max,
            finished,
        };
        self.pass(cut, pass, |_| true)
    }

    /// Moves a place on, and gives those of the lines passed that are wanted.
    fn pass(
        &mut self,
        cut: &mut Cut,
        pass: Pass,
        wanted: impl Fn(u64) -> bool,
    ) -> io::Result<Vec<MergedLine>> {
        // What has been added since has its lines still before it.
        cut.0.resize(self.parts.len(), 0);
        let mut number = cut.position();
        let mut heads = BinaryHeap::new();
        let end = |part: &Part| part.end(pass.finished);
        for (nth, part) in self.parts.iter().enumerate() {
            // Of what begins later nothing is read before it is its turn.
            match part.span {
                Some((first, _)) if cut.0[nth] == 0 && end(part) > 0 => {
                    heads.push(Reverse((first, nth)));
                }
                Some(_) if cut.0[nth] < end(part) => {
                    heads.push(Reverse((UNDER_WAY, nth)));
                }
                _ => {}
            }
        }
        let under_way = |head: &&Reverse<(Timestamp, usize)>| head.0.0 == UNDER_WAY;
        let under_way = heads.iter().filter(under_way).count();
        let mut ahead = Ahead::new(self.parts.len(), under_way);
        let (first, mut lines) = (number, Vec::new());
        while let Some(Reverse((at, nth))) = heads.pop() {
            let left = pass.count - (number - first) as usize;
            if left == 0 {
                break;
            }
            let end = end(&self.parts[nth]);
            if ahead.next(nth).is_none() {
                let (far, bytes) = ahead.share(nth, left);
                let far = (end - cut.0[nth]).min(far as u64) as usize;
                let reader = self.awake(nth)?;
                ahead.put(nth, reader.lines_within(cut.0[nth], far, pass.max, bytes)?);
            }
            let Some(key) = ahead.next(nth).map(|line| self.parts[nth].key(line)) else {
                continue;
            };
            if key > at {
                // Now its moment is known; another one may come first.
                heads.push(Reverse((key, nth)));
                continue;
            }
            let Some(line) = ahead.take(nth) else {
                continue;
            };
            cut.0[nth] = line.number + 1;
            if cut.0[nth] < end {
                let next = ahead.next(nth).map(|line| self.parts[nth].key(line));
                heads.push(Reverse((next.unwrap_or(key), nth)));
            }
            if wanted(number) {
                lines.push(MergedLine {
                    part: nth,
                    number,
                    line,
                });
            }
            number += 1;
        }
        Ok(lines)
    }

    /// The place before which exactly `position` lines stand.
    fn cut(&mut self, position: u64) -> io::Result<Cut> {
        if position >= self.count() {
            return Ok(Cut(self.parts.iter().map(|p| p.reader.count()).collect()));
        }
        let spans = || self.parts.iter().filter_map(|part| part.span);
        let (Some(mut low), Some(mut high)) = (
            spans().map(|(first, _)| first).min(),
            spans().map(|(_, last)| last).max(),
        ) else {
            return Ok(self.start());
        };
        // The first moment by which more lines came than stand before the place, and what came before that moment.
        let mut among = vec![0..u64::MAX; self.parts.len()];
        let mut before = self.start().0;
        while low <= high {
            let middle = Timestamp(i64::midpoint(low.0, high.0));
            let by = self.by(middle, &among)?;
            let more = by.iter().map(|(lines, _)| lines).sum::<u64>() > position;
            for ((range, (_, entries)), (lines, slot)) in among
                .iter_mut()
                .zip(&by)
                .zip(by.iter().map(|(lines, _)| lines).zip(&mut before))
            {
                if more {
                    range.end = *entries;
                } else {
                    range.start = *entries;
                    *slot = *lines;
                }
            }
            if !more && before.iter().sum::<u64>() == position {
                return Ok(Cut(before));
            }
            if more {
                high = Timestamp(middle.0.saturating_sub(1));
            } else {
                low = Timestamp(middle.0.saturating_add(1));
            }
        }
        // Of that very moment, as many as are missing, in the order of the outputs.
        let mut missing = position.saturating_sub(before.iter().sum());
        let whole = vec![0..u64::MAX; self.parts.len()];
        let by = self.by(low, &whole)?;
        for (slot, (lines, _)) in before.iter_mut().zip(by) {
            let more = lines.saturating_sub(*slot).min(missing);
            *slot += more;
            missing -= more;
        }
        Ok(Cut(before))
    }

    /// How many lines of each output came by then, and how many entries of its index are from then or before. `among` are
    /// numbers of entries that are known to be enough to look at.
    fn by(&mut self, at: Timestamp, among: &[Range<u64>]) -> io::Result<Vec<(u64, u64)>> {
        let mut all = Vec::with_capacity(self.parts.len());
        for (nth, among) in among.iter().enumerate() {
            let part = &self.parts[nth];
            all.push(match part.span {
                Some((first, _)) if at < first => (0, among.start),
                Some((_, last)) if at >= last => (part.reader.count(), among.end),
                None => (0, 0),
                Some(_) => self.awake(nth)?.lines_by(at, among)?,
            });
        }
        Ok(all)
    }

    /// An output with its files open; another one may have to rest for it.
    fn awake(&mut self, nth: usize) -> io::Result<&mut Reader> {
        self.uses += 1;
        if self.parts[nth].used.is_none() {
            let open = self.parts.iter().filter(|p| !p.live && p.used.is_some());
            if open.count() >= OPEN_MAX {
                let ended = self.parts.iter_mut().filter(|p| !p.live);
                let oldest = ended.filter(|p| p.used.is_some()).min_by_key(|p| p.used);
                oldest.into_iter().for_each(Part::rest);
            }
            self.parts[nth].reader.refresh()?;
        }
        let part = &mut self.parts[nth];
        part.used = Some(self.uses);
        Ok(&mut part.reader)
    }
}

impl Part {
    fn rest(&mut self) {
        self.reader.rest();
        self.used = None;
    }

    /// Number of its lines, or of those that do not become longer.
    fn end(&self, finished: bool) -> u64 {
        if self.live && finished {
            self.reader.finished()
        } else {
            self.reader.count()
        }
    }

    /// The moment that a line is sorted by.
    fn key(&self, line: &Line) -> Timestamp {
        let first = self.span.map(|(first, _)| first).unwrap_or_default();
        line.at.unwrap_or(first)
    }
}
