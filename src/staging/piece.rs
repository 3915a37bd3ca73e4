//! Reads a file piece by piece, off the threads that drive the network.

use std::{
    fs::File,
    io::{self, Read},
};

use bytes::Bytes;
use tokio::task::spawn_blocking;

/// The longest piece: large enough that the hop to another thread costs nothing.
pub(super) const LONGEST_PIECE_BYTES: u64 = 512 * 1024;

/// Reads the next piece, at most `most_bytes` long, and gives the file back.
///
/// # Errors
/// What the operating system says; a file that ends early is one too.
pub(super) async fn read(mut file: File, most_bytes: u64) -> io::Result<(File, Bytes)> {
    spawn_blocking(move || {
        let length = most_bytes.min(LONGEST_PIECE_BYTES);
        let mut piece = vec![0; usize::try_from(length).expect("at most 512 KiB")];
        file.read_exact(&mut piece)?;
        Ok((file, Bytes::from(piece)))
    })
    .await?
}
