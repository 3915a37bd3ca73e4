//! zstd (RFC 8878): a frame for each piece, which one after the other are a stream
//! (<https://www.rfc-editor.org/rfc/rfc8878#section-3>). What does not shrink it stores by itself.

use std::io;

use super::pieces::Squeeze;

/// Keeps its tables from piece to piece.
pub(super) struct Squeezer(zstd::bulk::Compressor<'static>);

impl Squeezer {
    pub(super) fn new(level: u8) -> io::Result<Self> {
        zstd::bulk::Compressor::new(i32::from(level)).map(Self)
    }
}

impl Squeeze for Squeezer {
    fn squeeze(&mut self, piece: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        out.reserve(zstd::zstd_safe::compress_bound(piece.len()));
        self.0.compress_to_buffer(piece, out).map(drop)
    }
}
