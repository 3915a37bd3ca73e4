//! SPDY/3.1 as port-forward speaks it: two streams, one for errors and one for data. Newer API servers
//! take it inside a websocket (KEP-4006), as kubectl sends it, and it costs the node less than the
//! older protocol, whose every byte is unmasked by itself there. Only what port-forward needs:
//! <https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/>; the server
//! (`moby/spdystream`) has no flow control and takes no data before it has replied to a stream.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The subprotocol of the websocket.
pub(super) const SUBPROTOCOL: &str = "SPDY/3.1+portforward.k8s.io";
/// What is in front of the data of a frame: the stream, flags and the length.
const HEAD_BYTES: usize = 8;
/// The node queues up to fifty frames, and a cut loses those: with 128 KiB in each, eight cuts of
/// 80 MB cost 7 % more. A message of the websocket holds several.
const DATA_BYTES: usize = 16 * 1024;

// A client's streams have odd numbers.
const ERRORS: u32 = 1;
const DATA: u32 = 3;
const IS_CONTROL: u32 = 1 << 31;
const VERSION: u32 = 3 << 16;
const SYN_STREAM: u32 = 1;
const SYN_REPLY: u32 = 2;
const RST_STREAM: u32 = 3;
const PING: u32 = 6;
const GOAWAY: u32 = 7;
const IS_LAST: u8 = 1;
/// No frame of a server is longer; its data comes in pieces of 32 KiB.
const LONGEST_FRAME_BYTES: usize = 1 << 20;

/// The client's end of a connection.
#[derive(Default)]
pub(super) struct Spdy {
    /// What came of a frame that is not all here.
    partial: BytesMut,
    /// The server has replied to the stream for data.
    pub(super) is_open: bool,
    /// What the server waits for: answers to its pings.
    pub(super) answers: BytesMut,
    pub(super) is_ended: bool,
}

impl Spdy {
    /// Returns what opens both streams to a port.
    pub(super) fn opening(port: u16) -> Bytes {
        let mut opening = BytesMut::new();
        let mut is_first = true;
        for (stream, kind, flags) in [(ERRORS, "error", IS_LAST), (DATA, "data", 0)] {
            let block = headers(
                &[
                    ("streamtype", kind),
                    ("port", &port.to_string()),
                    ("requestid", "0"),
                ],
                is_first,
            );
            is_first = false;
            opening.put_u32(IS_CONTROL | VERSION | SYN_STREAM);
            opening.put_u32(u32::from(flags) << 24 | length_of(10 + block.len()));
            opening.put_u32(stream);
            // No stream that it belongs to, no priority, no slot.
            opening.put_u32(0);
            opening.put_u16(0);
            opening.extend_from_slice(&block);
        }
        opening.freeze()
    }

    /// Returns the frames that carry some data.
    pub(super) fn frames(data: &[u8]) -> Bytes {
        let heads = data.len().div_ceil(DATA_BYTES) * HEAD_BYTES;
        let mut frames = BytesMut::with_capacity(heads + data.len());
        for piece in data.chunks(DATA_BYTES) {
            frames.put_u32(DATA);
            frames.put_u32(length_of(piece.len()));
            frames.extend_from_slice(piece);
        }
        frames.freeze()
    }

    /// Takes bytes as they come, and returns the data that is in them.
    ///
    /// # Errors
    /// What the server says on the stream for errors; a stream that it ends without reason.
    pub(super) fn read(&mut self, bytes: &[u8]) -> io::Result<Bytes> {
        self.partial.extend_from_slice(bytes);
        let mut data = BytesMut::new();
        while let Some(mut head) = self.partial.get(..HEAD_BYTES) {
            let (what, flags_and_length) = (head.get_u32(), head.get_u32());
            let length = (flags_and_length & 0x00FF_FFFF) as usize;
            if length > LONGEST_FRAME_BYTES {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a frame that is too long",
                ));
            }
            if self.partial.len() < HEAD_BYTES + length {
                break;
            }
            let mut body = self.partial.split_to(HEAD_BYTES + length);
            body.advance(HEAD_BYTES);
            let is_last = (flags_and_length >> 24) as u8 & IS_LAST != 0;
            if what & IS_CONTROL != 0 {
                self.control(what & 0xFFFF, is_last, &body)?;
            } else if what == DATA {
                data.unsplit(body);
                self.is_ended |= is_last;
            } else if !body.is_empty() {
                let words = String::from_utf8_lossy(&body).trim().to_owned();
                return Err(io::Error::new(io::ErrorKind::ConnectionReset, words));
            }
        }
        Ok(data.freeze())
    }

    fn control(&mut self, kind: u32, is_last: bool, mut body: &[u8]) -> io::Result<()> {
        let number = body.try_get_u32().unwrap_or_default();
        match kind {
            SYN_REPLY if number == DATA => {
                self.is_open = true;
                self.is_ended |= is_last;
            }
            RST_STREAM if number == DATA => {
                return Err(io::Error::new(
                    io::ErrorKind::ConnectionReset,
                    "the stream was reset",
                ));
            }
            // The server's own have even numbers; the others would be answers to ours.
            PING if number.is_multiple_of(2) => {
                self.answers.put_u32(IS_CONTROL | VERSION | PING);
                self.answers.put_u32(length_of(4));
                self.answers.put_u32(number);
            }
            GOAWAY => self.is_ended = true,
            _ => {}
        }
        Ok(())
    }
}

/// Returns a block of headers. They have to be in zlib's format, so they are stored, not compressed:
/// a block with their bytes and an empty one, which makes the reader give them out. Without a
/// dictionary: zlib's header says which one is used, and this one says none.
fn headers(pairs: &[(&str, &str)], is_first: bool) -> Vec<u8> {
    let mut plain = Vec::new();
    plain.put_u32(length_of(pairs.len()));
    for (name, value) in pairs {
        for text in [name, value] {
            plain.put_u32(length_of(text.len()));
            plain.put_slice(text.as_bytes());
        }
    }
    let length = u16::try_from(plain.len()).expect("three short headers");
    let mut block = Vec::new();
    if is_first {
        block.put_slice(&[0x78, 0x01]);
    }
    block.put_u8(0);
    block.put_u16_le(length);
    block.put_u16_le(!length);
    block.put_slice(&plain);
    block.put_slice(&[0, 0, 0, 0xFF, 0xFF]);
    block
}

fn length_of(length: usize) -> u32 {
    u32::try_from(length).expect("frames are short")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn frame(what: u32, flags: u32, body: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        frame.put_u32(what);
        frame.put_u32(flags << 24 | length_of(body.len()));
        frame.put_slice(body);
        frame
    }

    #[test]
    fn headers_are_zlib() {
        let both = [headers(&[("port", "7318")], true), headers(&[("a", "b")], false)].concat();
        let mut plain = [0; 16 + 4 + 10];
        let mut zlib = flate2::read::ZlibDecoder::new(both.as_slice());
        zlib.read_exact(&mut plain).expect("zlib");
        assert_eq!(&plain[..20], b"\0\0\0\x01\0\0\0\x04port\0\0\0\x047318");
        assert_eq!(&plain[20..], b"\0\0\0\x01\0\0\0\x01a\0");
    }

    #[test]
    fn frames_are_found_wherever_messages_are_cut() {
        let all = [
            frame(IS_CONTROL | VERSION | SYN_REPLY, 0, &ERRORS.to_be_bytes()),
            frame(IS_CONTROL | VERSION | SYN_REPLY, 0, &DATA.to_be_bytes()),
            frame(DATA, 0, b"hello"),
            frame(IS_CONTROL | VERSION | PING, 0, &2_u32.to_be_bytes()),
            frame(ERRORS, 1, b""),
            frame(DATA, 1, b", you"),
        ]
        .concat();
        for cut in 1..all.len() {
            let mut spdy = Spdy::default();
            let mut data = Vec::new();
            for part in all.chunks(cut) {
                data.extend_from_slice(&spdy.read(part).expect("frames"));
            }
            assert_eq!(data, b"hello, you", "{cut}");
            assert!(spdy.is_open && spdy.is_ended);
            assert_eq!(
                spdy.answers,
                frame(IS_CONTROL | VERSION | PING, 0, &2_u32.to_be_bytes())[..]
            );
        }
    }

    #[test]
    fn data_goes_in_frames_that_are_short() {
        let data = vec![7; DATA_BYTES + 1];
        let frames = Spdy::frames(&data);
        assert_eq!(frames.len(), data.len() + 2 * HEAD_BYTES);
        // Our end reads what it writes.
        assert_eq!(Spdy::default().read(&frames).expect("frames"), data);
    }

    #[test]
    fn an_error_is_told_in_its_own_words() {
        let error = Spdy::default().read(&frame(ERRORS, 0, b"connection refused\n"));
        assert_eq!(error.expect_err("refused").to_string(), "connection refused");
        assert!(
            Spdy::default()
                .read(&frame(DATA, 0, &[])[..4])
                .expect("part")
                .is_empty()
        );
        assert!(Spdy::default().read(&[0, 0, 0, 3, 0, 0xFF, 0xFF, 0xFF]).is_err());
    }
}
