//! Is the background light? The terminal is asked (OSC 11), and its answer comes among the keys, whenever it comes: at once,
//! after the 300 ms of a far line, half, or never. Nothing waits for it: the first frame is drawn as if there were none.
//!
//! crossterm 0.29 knows no such answer and gives it as keys: Alt-], `1`, `1`, `;`, `rgb:ffff/ffff/ffff`, Alt-\. Here they are
//! taken out of the stream; all other keys pass, in their order. (A question for device attributes as an end mark
//! would say nothing here: crossterm keeps that answer to itself. And mode 2031 must stay off: crossterm takes its
//! reports for the beginning of something longer, and swallows the keys that follow.)

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

/// The question: which colour is the background?
pub(super) const QUESTION: &[u8] = b"\x1b]11;?\x1b\\";

/// What begins so is no key that anybody pressed.
const MARK: &str = "]11;";
/// The longest answer is `rgba:` and four times four digits.
const ANSWER_MAX: usize = 32;
/// An answer comes in one piece, or in pieces that follow each other; behind a longer silence nothing more comes.
const SILENCE: Duration = Duration::from_millis(150);

/// Keys without the terminal's answers. What was answered goes to `learn`: whether the background is light.
pub(super) struct Keys<S, L> {
    inner: S,
    learn: L,
    answer: Answer,
    ready: VecDeque<Event>,
    silence: Pin<Box<Sleep>>,
}

impl<S, L: FnMut(bool)> Keys<S, L> {
    pub(super) fn new(inner: S, learn: L) -> Self {
        Self {
            inner,
            learn,
            answer: Answer::default(),
            ready: VecDeque::new(),
            silence: Box::pin(sleep_until(Instant::now())),
        }
    }
}

impl<S, L> Stream for Keys<S, L>
where
    S: Stream<Item = io::Result<Event>> + Unpin,
    L: FnMut(bool) + Unpin,
{
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            match Pin::new(&mut this.inner).poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => {
                    this.ready.extend(this.answer.take(event));
                    if let Some(light) = this.answer.light.take() {
                        (this.learn)(light);
                    }
                    if this.answer.is_open() {
                        this.silence.as_mut().reset(Instant::now() + SILENCE);
                    }
                }
                Poll::Ready(end) => return Poll::Ready(end),
                Poll::Pending if this.answer.is_open() => {
                    if this.silence.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    this.ready.extend(this.answer.give_up());
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// An answer as far as it has come.
#[derive(Debug, Default)]
struct Answer {
    /// What it may be made of.
    held: Vec<Event>,
    text: String,
    light: Option<bool>,
}

impl Answer {
    fn is_open(&self) -> bool {
        !self.held.is_empty()
    }

    /// It is one, and no keys that look like its beginning.
    fn is_sure(&self) -> bool {
        self.text.starts_with(MARK)
    }

    /// Takes one event in; gives those that are keys after all.
    fn take(&mut self, event: Event) -> Vec<Event> {
        let piece = Piece::of(&event);
        match piece {
            Piece::End if self.is_sure() => {
                self.light = is_light(&self.text[MARK.len()..]);
                self.close();
                return Vec::new();
            }
            // Cut between the two bytes of its end.
            Piece::Escape if self.is_sure() => {
                self.held.push(event);
                return Vec::new();
            }
            Piece::Char('\\') if self.is_sure() && self.ends_in_escape() => {
                return self.take(Event::Key(END));
            }
            Piece::Char(c) if self.goes_on(c) => {
                self.text.push(c);
                self.held.push(event);
                return Vec::new();
            }
            _ => {}
        }
        let mut keys = self.give_up();
        match piece {
            Piece::Begin => {
                self.text.push(']');
                self.held.push(event);
            }
            _ => keys.push(event),
        }
        keys
    }

    fn ends_in_escape(&self) -> bool {
        self.held
            .last()
            .is_some_and(|event| matches!(Piece::of(event), Piece::Escape))
    }

    fn goes_on(&self, c: char) -> bool {
        if !self.is_open() || self.ends_in_escape() {
            return false;
        }
        match MARK.as_bytes().get(self.text.len()) {
            Some(next) => c == char::from(*next),
            None => {
                self.text.len() < ANSWER_MAX
                    && matches!(c, '0'..='9' | 'a'..='f' | 'A'..='F' | 'r' | 'g' | ':' | '/' | '#')
            }
        }
    }

    /// Nothing more comes: of half an answer nothing is a key, but a lone Alt-] is.
    fn give_up(&mut self) -> Vec<Event> {
        let held = std::mem::take(&mut self.held);
        let sure = self.is_sure();
        self.close();
        if sure { Vec::new() } else { held }
    }

    fn close(&mut self) {
        self.held.clear();
        self.text.clear();
    }
}

const END: KeyEvent = KeyEvent::new(KeyCode::Char('\\'), KeyModifiers::ALT);

/// What an event may be in an answer.
#[derive(Clone, Copy)]
enum Piece {
    Begin,
    Char(char),
    Escape,
    End,
    Other,
}

impl Piece {
    fn of(event: &Event) -> Self {
        let Event::Key(key) = event else {
            return Self::Other;
        };
        let plain = (key.modifiers - KeyModifiers::SHIFT).is_empty();
        match key.code {
            KeyCode::Char(']') if key.modifiers == KeyModifiers::ALT => Self::Begin,
            KeyCode::Char('\\') if key.modifiers == KeyModifiers::ALT => Self::End,
            // The old end, a BEL.
            KeyCode::Char('g') if key.modifiers == KeyModifiers::CONTROL => Self::End,
            KeyCode::Char(c) if plain => Self::Char(c),
            KeyCode::Esc => Self::Escape,
            _ => Self::Other,
        }
    }
}

/// Of `rgb:RRRR/GGGG/BBBB` with one to four digits each, or `#rrggbb`; `None` if it says something else.
fn is_light(colour: &str) -> Option<bool> {
    let parts: Vec<&str> = match colour.strip_prefix('#') {
        Some(digits) if digits.len() == 6 => vec![&digits[..2], &digits[2..4], &digits[4..]],
        Some(_) => return None,
        None => {
            let digits = colour
                .strip_prefix("rgba:")
                .or(colour.strip_prefix("rgb:"))?;
            digits.split('/').collect()
        }
    };
    let share = |digits: &&str| {
        let most = 16_u32.checked_pow(digits.len() as u32)?.checked_sub(1)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        (1..=4)
            .contains(&digits.len())
            .then(|| f64::from(value) / f64::from(most))
    };
    let [red, green, blue] = parts
        .iter()
        .take(3)
        .map(share)
        .collect::<Option<Vec<f64>>>()?[..]
    else {
        return None;
    };
    // As bright as it looks to an eye (ITU-R BT.601).
    Some(0.299 * red + 0.587 * green + 0.114 * blue > 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(c: char) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
    }

    fn alt(c: char) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT))
    }

    /// What crossterm makes of an answer.
    fn answer(text: &str) -> Vec<Event> {
        let mut events = vec![alt(']')];
        events.extend(text.chars().map(key));
        events
    }

    fn check(events: Vec<Event>, light: Option<bool>, keys: &[Event]) {
        let (mut answer, mut told, mut passed) = (Answer::default(), None, Vec::new());
        for event in events {
            passed.extend(answer.take(event));
            told = told.or(answer.light.take());
        }
        passed.extend(answer.give_up());
        assert_eq!((told, passed), (light, keys.to_vec()));
    }

    #[test]
    fn answers_are_taken_out_and_keys_around_them_stay() {
        let whole = |text: &str| [vec![key('j')], answer(text), vec![alt('\\'), key('k')]].concat();
        let around = [key('j'), key('k')];
        check(whole("11;rgb:ffff/ffff/ffff"), Some(true), &around);
        check(whole("11;rgb:1D1D/1F1F/2121"), Some(false), &around);
        check(whole("11;rgb:fd/f6/e3"), Some(true), &around);
        check(whole("11;rgba:0000/0000/0000/ffff"), Some(false), &around);
        check(whole("11;#eeeeee"), Some(true), &around);
        check(whole("11;rgb:////"), None, &around);
        check(whole("11;"), None, &around);
        let bel = Event::Key(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL));
        let old = [answer("11;rgb:ffff/ffff/ffff"), vec![bel, key('k')]].concat();
        check(old, Some(true), &[key('k')]);
        let esc = Event::Key(KeyCode::Esc.into());
        let cut = [answer("11;rgb:0/0/0"), vec![esc, key('\\'), key('k')]].concat();
        check(cut, Some(false), &[key('k')]);
    }

    #[test]
    fn half_an_answer_is_no_key_and_swallows_none() {
        let half = [answer("11;rgb:ff"), vec![key('j'), key('q')]].concat();
        check(half, None, &[key('j'), key('q')]);
        check(answer("11;rgb:ff"), None, &[]);
    }

    #[test]
    fn keys_that_look_like_the_beginning_of_an_answer_are_keys() {
        check(answer("1x"), None, &answer("1x"));
        check(vec![alt(']')], None, &[alt(']')]);
        let esc = Event::Key(KeyCode::Esc.into());
        check(vec![esc.clone(), key(']')], None, &[esc, key(']')]);
        check(vec![alt('\\'), key('\\')], None, &[alt('\\'), key('\\')]);
    }

    /// The stream gives up after a silence, so that a key that is held back does not wait for the next one.
    #[tokio::test]
    async fn a_silence_ends_what_is_held() {
        use futures_util::StreamExt as _;
        let typed = futures_util::stream::iter(vec![Ok(alt(']'))]);
        let mut learnt = Vec::new();
        let mut keys = Keys::new(typed.chain(futures_util::stream::pending()), |l| {
            learnt.push(l);
        });
        let event = keys.next().await.expect("a key").expect("no error");
        assert_eq!(event, alt(']'));
        drop(keys);
        assert_eq!(learnt, Vec::<bool>::new());
    }
}
