//! A buffer that stays where a seek goes not far. Readers of archives seek before each entry, most
//! often a little further on, and `BufReader::seek` drops what it holds.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// As much as some entries of a usual archive.
const BUFFER_BYTES: usize = 32 * 1024;

/// A buffered reader that knows where it is.
pub(super) struct Near<R> {
    reader: BufReader<R>,
    position: u64,
}

impl<R: Read + Seek> Near<R> {
    /// Reads from the beginning, whatever was read before.
    pub(super) fn new(mut reader: R) -> io::Result<Self> {
        reader.rewind()?;
        Ok(Self {
            reader: BufReader::with_capacity(BUFFER_BYTES, reader),
            position: 0,
        })
    }
}

impl<R: Read> Read for Near<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for Near<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let offset = match to {
            SeekFrom::Start(at) => i64::try_from(i128::from(at) - i128::from(self.position)).ok(),
            SeekFrom::Current(offset) => Some(offset),
            SeekFrom::End(_) => None,
        };
        match offset.and_then(|offset| Some((offset, self.position.checked_add_signed(offset)?))) {
            Some((offset, position)) => {
                self.reader.seek_relative(offset)?;
                self.position = position;
            }
            None => self.position = self.reader.seek(to)?,
        }
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the seeks that reach it.
    struct Counted(io::Cursor<Vec<u8>>, usize);

    impl Read for Counted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Seek for Counted {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.1 += 1;
            self.0.seek(to)
        }
    }

    #[test]
    fn it_reads_what_is_there_and_seeks_only_when_it_must() {
        let bytes: Vec<u8> = (0..200_000_u32)
            .map(|n| u8::try_from(n % 251).expect("small"))
            .collect();
        let mut near = Near::new(Counted(io::Cursor::new(bytes.clone()), 0)).expect("a cursor");
        let mut byte = [0];
        for at in [0, 30, 29, 4_000, 30_000, 31_000, 150_000, 150_007, 5] {
            assert_eq!(near.seek(SeekFrom::Start(at)).expect("inside"), at);
            near.read_exact(&mut byte).expect("inside");
            assert_eq!(byte[0], bytes[usize::try_from(at).expect("small")], "{at}");
        }
        assert_eq!(near.seek(SeekFrom::End(-1)).expect("inside"), 199_999);
        assert_eq!(near.seek(SeekFrom::Current(-9)).expect("inside"), 199_990);
        assert!(near.seek(SeekFrom::Current(-200_000)).is_err());
        assert!(near.reader.get_ref().1 <= 6, "{} seeks", near.reader.get_ref().1);
    }
}
