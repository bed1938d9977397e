//! Frames: four bytes of length, most significant first, then so many bytes of JSON. What is longer than a mebibyte ends
//! the connection before any of it is kept.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Longest body of a frame.
pub const MAX: usize = 1024 * 1024;
const HEAD: usize = 4;

#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error("a frame of {0} bytes is longer than {MAX}")]
    TooLong(usize),
    #[error("a frame that is no message: {0}")]
    NotAMessage(#[from] serde_json::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Takes the first whole message out of what has been read, if there is one.
pub fn split<T: DeserializeOwned>(read: &mut Vec<u8>) -> Result<Option<T>, FrameError> {
    let Some(head) = read.first_chunk::<HEAD>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*head) as usize;
    if length > MAX {
        return Err(FrameError::TooLong(length));
    }
    let Some(body) = read.get(HEAD..HEAD + length) else {
        return Ok(None);
    };
    let message = serde_json::from_slice(body)?;
    read.drain(..HEAD + length);
    Ok(Some(message))
}

/// Reads messages. A `next` that is dropped loses nothing.
#[derive(Debug)]
pub(super) struct Frames<R> {
    from: R,
    read: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            read: Vec::new(),
        }
    }

    /// `None` once the other side has closed, in the middle of a frame or not.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        loop {
            if let Some(message) = split(&mut self.read)? {
                return Ok(Some(message));
            }
            if self.from.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// Writes one message whole. One that is too long is an error, and nothing of it is written.
pub(super) async fn write<T: Serialize>(
    to: &mut (impl AsyncWrite + Unpin),
    message: &T,
) -> Result<(), FrameError> {
    let mut frame = vec![0; HEAD];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - HEAD;
    if length > MAX {
        return Err(FrameError::TooLong(length));
    }
    frame[..HEAD].copy_from_slice(&(length as u32).to_be_bytes());
    to.write_all(&frame).await?;
    Ok(())
}
