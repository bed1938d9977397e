//! What the far end says, cut out of the bytes of its standard output: lines, some of which announce bytes.

/// Before the first frame there may be anything: the noise of a login shell.
const GREETING: &[u8] = b"flightdeck is here";
/// A line of ours is a letter, a number and a path.
const LONGEST_LINE: usize = 16 << 10;

/// One thing that the far end said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// It reads what is sent to it now.
    Here,
    /// The command runs: its process group, its folder.
    Started {
        group: String,
        folder: String,
    },
    Out(Vec<u8>),
    Err(Vec<u8>),
    /// What the command wrote to `$FLIGHTDECK_OUTPUT`.
    Outputs(Vec<u8>),
    /// Nothing new.
    Beat,
    /// The command ended with this code.
    Ended(i32),
    /// It was never started, and never will be.
    Void,
    /// It was started, and what would have told its end is gone. Where it was.
    Lost(String),
    /// It cannot be done; nothing was started.
    Refused(String),
    /// An earlier attempt is taken over: which, and `running` or its exit code.
    Adopted {
        attempt: String,
        how: String,
    },
    /// How an earlier attempt ended that nobody had heard of: which, its exit code or `lost`, `same` or `other` inputs.
    Earlier {
        attempt: String,
        how: String,
        inputs: String,
    },
    /// The group is gone, by TERM or KILL; `NOT`: it is not.
    Stopped(String),
    /// The SHA-256 of the file that follows.
    Digest(String),
    /// The end is settled, its folder emptied.
    Settled,
}

#[derive(Debug, Default)]
pub(super) struct Frames {
    greeted: bool,
    unread: Vec<u8>,
    /// Bytes of the block under way that have not come yet, and its letter.
    block: Option<(u8, usize)>,
}

/// What the next bytes are.
enum Cut {
    Said(Frame),
    /// Nothing for anybody.
    Passed,
    /// More are needed.
    Short,
}

impl Frames {
    /// What `bytes` complete. `Err` is the line that no far end says.
    pub(super) fn push(&mut self, bytes: &[u8], said: &mut Vec<Frame>) -> Result<(), String> {
        self.unread.extend_from_slice(bytes);
        let mut at = 0;
        let end = loop {
            match self.next(&mut at) {
                Ok(Cut::Said(frame)) => said.push(frame),
                Ok(Cut::Passed) => {}
                Ok(Cut::Short) => break Ok(()),
                Err(line) => break Err(line),
            }
        };
        self.unread.drain(..at);
        end
    }

    /// Goes on from `at`.
    fn next(&mut self, at: &mut usize) -> Result<Cut, String> {
        let rest = &self.unread[*at..];
        if let Some((kind, left)) = self.block {
            let taken = left.min(rest.len());
            if taken == 0 {
                return Ok(Cut::Short);
            }
            let bytes = rest[..taken].to_vec();
            *at += taken;
            self.block = (left > taken).then_some((kind, left - taken));
            return Ok(Cut::Said(match kind {
                b'o' => Frame::Out(bytes),
                b'e' => Frame::Err(bytes),
                _ => Frame::Outputs(bytes),
            }));
        }
        let Some(end) = memchr::memchr(b'\n', rest) else {
            if rest.len() > LONGEST_LINE {
                if self.greeted {
                    return Err(told(rest));
                }
                // Noise; the greeting stands at the beginning of a line.
                *at += rest.len() - GREETING.len();
            }
            return Ok(Cut::Short);
        };
        let line = &rest[..end];
        *at += end + 1;
        if !self.greeted {
            self.greeted = line == GREETING;
            return Ok(if self.greeted {
                Cut::Said(Frame::Here)
            } else {
                Cut::Passed
            });
        }
        let line = std::str::from_utf8(line).map_err(|_| told(line))?;
        let (kind, words) = line.split_once(' ').unwrap_or((line, ""));
        if let ("o" | "e" | "f", Ok(length)) = (kind, words.parse::<usize>()) {
            self.block = (length > 0).then_some((kind.as_bytes()[0], length));
            return Ok(Cut::Passed);
        }
        let frame = frame(kind, words).ok_or_else(|| told(line.as_bytes()))?;
        Ok(Cut::Said(frame))
    }
}

fn frame(kind: &str, words: &str) -> Option<Frame> {
    let text = words.to_owned();
    let mut parts = words.splitn(3, ' ').map(str::to_owned);
    let mut part = || parts.next().unwrap_or_default();
    Some(match kind {
        "s" => {
            let (group, folder) = words.split_once(' ')?;
            Frame::Started {
                group: group.into(),
                folder: folder.into(),
            }
        }
        "b" => Frame::Beat,
        "r" => Frame::Ended(words.parse().ok()?),
        "v" => Frame::Void,
        "l" => Frame::Lost(text),
        "x" => Frame::Refused(text),
        "a" => Frame::Adopted {
            attempt: part(),
            how: part(),
        },
        "p" => Frame::Earlier {
            attempt: part(),
            how: part(),
            inputs: part(),
        },
        "k" => Frame::Stopped(text),
        "h" => Frame::Digest(text),
        "d" => Frame::Settled,
        _ => return None,
    })
}

fn told(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: &[u8] = b"Welcome!\nflightdeck is not here\nno line break\nflightdeck is here\ns 12 /root/a b\no 5\na\nb\nce 1\n!b\nr 255\n";

    fn all(cuts: usize) -> Vec<Frame> {
        let (mut frames, mut said) = (Frames::default(), Vec::new());
        for part in TALK.chunks(cuts) {
            frames.push(part, &mut said).unwrap();
        }
        said
    }

    /// Blocks that were cut, put together again.
    fn joined(frames: Vec<Frame>) -> Vec<Frame> {
        let mut whole: Vec<Frame> = Vec::new();
        for frame in frames {
            match (whole.last_mut(), frame) {
                (Some(Frame::Out(before)), Frame::Out(more)) => before.extend(more),
                (_, frame) => whole.push(frame),
            }
        }
        whole
    }

    #[test]
    fn frames_are_the_same_wherever_they_are_cut() {
        let whole = all(TALK.len());
        assert_eq!(
            whole,
            [
                Frame::Here,
                Frame::Started {
                    group: "12".into(),
                    folder: "/root/a b".into()
                },
                Frame::Out(b"a\nb\nc".into()),
                Frame::Err(b"!".into()),
                Frame::Beat,
                Frame::Ended(255),
            ]
        );
        for cuts in 1..TALK.len() {
            assert_eq!(joined(all(cuts)), whole, "{cuts}");
        }
    }

    #[test]
    fn what_no_far_end_says_is_told() {
        let mut frames = Frames::default();
        let said = frames.push(b"flightdeck is here\nzsh: killed\n", &mut Vec::new());
        assert_eq!(said, Err("zsh: killed".to_owned()));
    }
}
