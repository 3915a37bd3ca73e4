//! What the messages of a websocket mean, in the three protocols that lead into a Pod. But for SPDY
//! the first byte is a channel, and what we send goes on channel 0.

use std::io;

use bytes::{Buf, Bytes};
use serde::Deserialize;

use super::spdy::Spdy;

/// The channel of what we send: data, or stdin.
const OUT: u8 = 0;

/// One of the protocols, and how far it is.
pub(super) enum Wire {
    /// See [`super::spdy`]. Messages begin and end anywhere in its frames.
    Spdy(Spdy),
    /// `k8s.io/kubelet/pkg/cri/streaming/portforward`: channel 0 is data, 1 an error in words; the
    /// first message of each is the port. There is no half-close, so both ends must know from the
    /// data where it ends.
    PortForward {
        /// Which channels have named their port.
        is_open: [bool; 2],
    },
    /// `v4.channel.k8s.io` and its successor: 1 is stdout, 2 stderr, 3 how the command ended.
    Exec {
        /// The last of what the command wrote to stderr.
        last_words: Bytes,
    },
}

/// What a message brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Bytes from the Pod.
    Data(Bytes),
    /// Nothing to be read.
    Nothing,
    /// The other end is done.
    End,
}

/// The part of a `metav1.Status` that matters here.
#[derive(Deserialize)]
struct CommandEnded {
    #[serde(default)]
    status: String,
    #[serde(default)]
    message: String,
}

impl Wire {
    pub(super) fn port_forward() -> Self {
        Self::PortForward { is_open: [false; 2] }
    }

    pub(super) fn exec() -> Self {
        Self::Exec {
            last_words: Bytes::new(),
        }
    }

    /// Returns the message that carries some bytes.
    pub(super) fn message(&self, bytes: &[u8]) -> Bytes {
        if let Self::Spdy(_) = self {
            return Spdy::frames(bytes);
        }
        let mut message = Vec::with_capacity(1 + bytes.len());
        message.push(OUT);
        message.extend_from_slice(bytes);
        message.into()
    }

    /// Returns what the other end waits for as an answer, if anything.
    pub(super) fn answer(&mut self) -> Option<Bytes> {
        match self {
            Self::Spdy(spdy) if !spdy.answers.is_empty() => Some(spdy.answers.split().freeze()),
            _ => None,
        }
    }

    /// Says what a message means.
    ///
    /// # Errors
    /// When it is an error of the other end, or no message of the protocol.
    pub(super) fn read(&mut self, mut message: Bytes) -> io::Result<Meaning> {
        if let Self::Spdy(spdy) = self {
            let data = spdy.read(&message)?;
            return Ok(match (data.is_empty(), spdy.is_ended) {
                (false, _) => Meaning::Data(data),
                (true, true) => Meaning::End,
                (true, false) => Meaning::Nothing,
            });
        }
        let channel = message.try_get_u8().unwrap_or(u8::MAX);
        match (self, channel) {
            // Our port. We asked for one only, so it says nothing new.
            (Self::PortForward { is_open }, 0 | 1) if !is_open[usize::from(channel)] => {
                is_open[usize::from(channel)] = true;
                Ok(Meaning::Nothing)
            }
            (Self::PortForward { .. }, 0) | (Self::Exec { .. }, 1) => Ok(Meaning::Data(message)),
            (_, 1 | 2) if message.is_empty() => Ok(Meaning::Nothing),
            (Self::PortForward { .. }, 1) => Err(reset(&message)),
            (Self::Exec { last_words }, 2) => {
                *last_words = message;
                Ok(Meaning::Nothing)
            }
            (Self::Exec { last_words }, 3) => match serde_json::from_slice::<CommandEnded>(&message) {
                Ok(ended) if ended.status == "Success" => Ok(Meaning::End),
                Ok(ended) if last_words.is_empty() => Err(reset(ended.message.as_bytes())),
                Ok(_) => Err(reset(last_words)),
                Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            },
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a message for no channel of ours",
            )),
        }
    }
}

fn reset(words: &[u8]) -> io::Error {
    let words = String::from_utf8_lossy(words).trim().to_owned();
    io::Error::new(io::ErrorKind::ConnectionReset, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wire: &mut Wire, channel: u8, text: &str) -> Result<Meaning, String> {
        let message = [&[channel], text.as_bytes()].concat();
        wire.read(message.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn exec_tells_stdout_from_stderr_and_from_the_end() {
        let mut wire = Wire::exec();
        assert_eq!(read(&mut wire, 1, "x"), Ok(Meaning::Data("x".into())));
        assert_eq!(read(&mut wire, 2, "could not connect\n"), Ok(Meaning::Nothing));
        assert_eq!(read(&mut wire, 3, r#"{"status":"Success"}"#), Ok(Meaning::End));
        let failed = r#"{"status":"Failure","message":"command terminated with exit code 1"}"#;
        assert_eq!(read(&mut wire, 3, failed), Err("could not connect".to_owned()));
        assert_eq!(
            read(&mut Wire::exec(), 3, failed),
            Err("command terminated with exit code 1".to_owned())
        );
        assert!(read(&mut wire, 3, "oh").is_err() && read(&mut wire, 4, "").is_err());
    }
}
