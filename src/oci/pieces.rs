//! Compresses piece by piece, on several threads, and writes the pieces in their order on another.
//! Where a piece ends depends on the bytes alone, so that the number of threads changes nothing but
//! the time. Memory: six pieces for each thread at most, whose buffers are used again (an allocator that
//! gives each back to the system costs more than a checksum does).

use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread::{self, JoinHandle},
};

const PIECE_BYTES: usize = 1 << 20;

/// Compresses pieces, each alone: what came before must not matter.
pub(super) trait Squeeze: Send {
    /// Appends what the piece becomes to `out`, which is empty.
    fn squeeze(&mut self, piece: &[u8], out: &mut Vec<u8>) -> io::Result<()>;
}

type NewSqueeze = Box<dyn Fn() -> io::Result<Box<dyn Squeeze>>>;

/// Takes the input; what the pieces become goes to `W`.
pub(super) struct Pieces<W> {
    squeeze: NewSqueeze,
    threads: usize,
    piece: Vec<u8>,
    stage: Stage<W>,
}

enum Stage<W> {
    /// No piece is full yet: a small stream needs no threads.
    Small(W),
    Large(Line<W>),
    Failed,
}

/// The threads. Pieces go to the workers by turns, and what they became is taken by turns: so the
/// order keeps itself.
struct Line<W> {
    workers: Vec<SyncSender<Vec<u8>>>,
    sent: usize,
    emptied: Receiver<Vec<u8>>,
    /// Ends with the output, and how many pieces were written.
    writing: JoinHandle<io::Result<(W, usize)>>,
}

/// One worker's end of the line.
struct Lane {
    squeezed: Receiver<io::Result<Vec<u8>>>,
    written: Sender<Vec<u8>>,
}

impl<W: Write + Send + 'static> Pieces<W> {
    pub(super) fn new(out: W, threads: usize, squeeze: NewSqueeze) -> Self {
        Self {
            squeeze,
            threads: threads.max(1),
            piece: Vec::new(),
            stage: Stage::Small(out),
        }
    }

    /// Takes as much as the piece has room for.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.capacity() == 0 {
            self.piece.reserve_exact(PIECE_BYTES);
        }
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE_BYTES {
            self.send_piece()?;
        }
        Ok(taken)
    }

    /// Writes what is left. `must_hold_a_piece`: of no input becomes a piece of nothing.
    pub(super) fn finish(mut self, must_hold_a_piece: bool) -> io::Result<W> {
        if let Stage::Small(mut out) = self.stage {
            if !self.piece.is_empty() || must_hold_a_piece {
                let mut squeezed = Vec::new();
                (self.squeeze)()?.squeeze(&self.piece, &mut squeezed)?;
                out.write_all(&squeezed)?;
            }
            return Ok(out);
        }
        if !self.piece.is_empty() {
            self.send_piece()?;
        }
        match self.stage {
            Stage::Large(line) => line.finish(),
            Stage::Small(_) | Stage::Failed => Err(already_failed()),
        }
    }

    fn send_piece(&mut self) -> io::Result<()> {
        let mut line = match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Small(out) => Line::start(out, self.threads, &self.squeeze)?,
            Stage::Large(line) => line,
            Stage::Failed => return Err(already_failed()),
        };
        let next = line.emptied.try_recv().unwrap_or_default();
        let piece = std::mem::replace(&mut self.piece, next);
        if line.send(piece) {
            self.stage = Stage::Large(line);
            return Ok(());
        }
        // Nobody takes pieces any more once the output has failed, which knows why.
        line.finish().map(drop)?;
        Err(already_failed())
    }
}

impl<W: Write + Send + 'static> Line<W> {
    fn start(out: W, threads: usize, squeeze: &NewSqueeze) -> io::Result<Self> {
        let (give_back, emptied) = channel();
        let (mut workers, mut lanes) = (Vec::new(), Vec::new());
        for _ in 0..threads {
            let (worker, pieces) = sync_channel(1);
            let (done, squeezed) = sync_channel(1);
            let (written, spare) = channel();
            let (squeeze, give_back) = (squeeze()?, give_back.clone());
            thread::Builder::new()
                .name("compress".to_owned())
                .spawn(move || work(squeeze, &pieces, &give_back, &spare, &done))?;
            workers.push(worker);
            lanes.push(Lane { squeezed, written });
        }
        let writing = thread::Builder::new()
            .name("write-layer".to_owned())
            .spawn(move || write_by_turns(out, &lanes))?;
        Ok(Self {
            workers,
            sent: 0,
            emptied,
            writing,
        })
    }

    /// Whether the piece was taken.
    fn send(&mut self, piece: Vec<u8>) -> bool {
        let worker = &self.workers[self.sent % self.workers.len()];
        self.sent += 1;
        worker.send(piece).is_ok()
    }

    fn finish(self) -> io::Result<W> {
        drop(self.workers);
        let panicked = || io::Error::other("a thread that compresses has panicked");
        let (out, written) = self.writing.join().map_err(|_| panicked())??;
        // A worker that is gone looks like the end.
        if written == self.sent {
            Ok(out)
        } else {
            Err(panicked())
        }
    }
}

fn work(
    mut squeeze: Box<dyn Squeeze>,
    pieces: &Receiver<Vec<u8>>,
    give_back: &Sender<Vec<u8>>,
    spare: &Receiver<Vec<u8>>,
    done: &SyncSender<io::Result<Vec<u8>>>,
) {
    for mut piece in pieces {
        let mut out = spare.try_recv().unwrap_or_default();
        out.clear();
        let squeezed = squeeze.squeeze(&piece, &mut out).map(|()| out);
        piece.clear();
        // At the end nobody wants it back.
        let _ = give_back.send(piece);
        if done.send(squeezed).is_err() {
            return;
        }
    }
}

fn write_by_turns<W: Write>(mut out: W, lanes: &[Lane]) -> io::Result<(W, usize)> {
    let mut written = 0;
    for lane in lanes.iter().cycle() {
        let Ok(squeezed) = lane.squeezed.recv() else { break };
        let squeezed = squeezed?;
        out.write_all(&squeezed)?;
        written += 1;
        let _ = lane.written.send(squeezed);
    }
    Ok((out, written))
}

fn already_failed() -> io::Error {
    io::Error::other("writing it has failed before")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Copy;

    impl Squeeze for Copy {
        fn squeeze(&mut self, piece: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
            assert!(piece[0] != b'!', "a piece that nobody can compress");
            out.extend_from_slice(piece);
            Ok(())
        }
    }

    /// Takes so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let full = || io::Error::from(io::ErrorKind::StorageFull);
            self.0 = self.0.checked_sub(bytes.len()).ok_or_else(full)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn pieces<W: Write + Send + 'static>(out: W) -> Pieces<W> {
        Pieces::new(out, 3, Box::new(|| Ok(Box::new(Copy))))
    }

    fn write_all<W: Write + Send + 'static>(out: W, bytes: &[u8]) -> io::Result<W> {
        let mut pieces = pieces(out);
        let mut left = bytes;
        while !left.is_empty() {
            left = &left[pieces.write(left)?..];
        }
        pieces.finish(false)
    }

    #[test]
    fn pieces_keep_their_order() {
        let bytes: Vec<u8> = (0..20_u8).flat_map(|n| vec![n; PIECE_BYTES / 2 + 7]).collect();
        assert!(write_all(Vec::new(), &bytes).expect("memory") == bytes);
    }

    #[test]
    fn a_full_disk_is_told_as_such() {
        for room in [0, PIECE_BYTES, 5 * PIECE_BYTES] {
            let error = write_all(Full(room), &vec![0; 40 * PIECE_BYTES])
                .err()
                .map(|error| error.kind());
            assert_eq!(error, Some(io::ErrorKind::StorageFull), "{room}");
        }
    }

    #[test]
    fn a_lost_worker_is_no_end() {
        let bytes = [
            vec![0; 4 * PIECE_BYTES],
            vec![b'!'; PIECE_BYTES],
            vec![0; 4 * PIECE_BYTES],
        ]
        .concat();
        assert!(write_all(Vec::new(), &bytes).is_err());
    }
}
