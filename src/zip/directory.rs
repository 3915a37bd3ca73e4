//! The central directory: one header for each entry.

use std::{
    borrow::Cow,
    io::{BufRead, Read, Seek},
    sync::Arc,
};

use super::{
    Entry, Flaw, Method, Name, Place, Reader, end::Directory, entry::wrong_name, long, quad, short, time,
};

const HEADER: [u8; 4] = *b"PK\x01\x02";
const HEADER_BYTES: usize = 46;

/// Bits of an entry's flags: it is encrypted; its name is UTF-8.
const ENCRYPTED_FLAG: u16 = 1;
const UTF8_FLAG: u16 = 1 << 11;
/// Upper byte of "version made by", for systems whose modes are Unix'.
const UNIX_SYSTEMS: [u8; 2] = [3, 19];
const TYPE_MASK: u32 = 0o170_000;
/// Symbolic link, socket, block device, character device, pipe. Old Maven gives folders the mode
/// -1, whose type is none at all.
const SPECIAL_TYPES: [u32; 5] = [0o120_000, 0o140_000, 0o060_000, 0o020_000, 0o010_000];
/// The extra field with what does not fit into 32 bits.
const ZIP64: u16 = 1;

/// How far an archive is trusted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It may be unpacked: every entry is looked at for harm.
    None,
    /// It is only looked into.
    Names,
}

/// Reads the headers, as many as the end declares. All of the directory must be headers.
pub(super) fn read<R: Read + Seek>(
    reader: &mut Reader<R>,
    directory: &Directory,
    trust: Trust,
) -> Result<Vec<Entry>, Flaw> {
    reader.go_to(directory.start)?;
    let count = usize::try_from(directory.count).map_err(|_| Flaw::TooMany(directory.count))?;
    let all_names_bytes = directory
        .size
        .saturating_sub(directory.count * HEADER_BYTES as u64);
    let mut names = String::with_capacity(usize::try_from(all_names_bytes).unwrap_or_default());
    let mut bounds = Vec::with_capacity(count);
    let mut entries: Vec<Entry> = Vec::with_capacity(count);
    let nameless = Name::from(String::new());
    let (mut at, mut rest) = (0, Vec::new());
    while at < directory.size {
        let mut header = [0; HEADER_BYTES];
        reader.read_exact(&mut header)?;
        if header[..4] != HEADER {
            return Err(Flaw::NoDirectory);
        }
        if entries.len() == count {
            return Err(Flaw::Count(directory.count, directory.count + 1));
        }
        let [name_bytes, extra_bytes, comment_bytes] =
            [28, 30, 32].map(|at| usize::from(short(&header[at..])));
        rest.resize(name_bytes + extra_bytes, 0);
        reader.read_exact(&mut rest)?;
        skip(reader, comment_bytes)?;
        at += (HEADER_BYTES + name_bytes + extra_bytes + comment_bytes) as u64;
        let (raw_name, extra) = rest.split_at(name_bytes);
        let (name, is_utf8) = decoded(raw_name);
        let header = Header {
            bytes: &header,
            extra,
            name: &name,
            is_utf8,
        };
        if trust == Trust::None {
            header.refuse_harm()?;
        }
        let mut entry = header.entry(directory.prefix_bytes, nameless.clone())?;
        entry.index = u32::try_from(entries.len()).map_err(|_| Flaw::TooMany(directory.count))?;
        let start = position(&names)?;
        names.push_str(name.trim_end_matches('/'));
        bounds.push((start, position(&names)?));
        entries.push(entry);
    }
    if at > directory.size {
        return Err(Flaw::NoDirectory);
    }
    if entries.len() != count {
        return Err(Flaw::Count(directory.count, entries.len() as u64));
    }
    let names = Arc::new(names);
    for (entry, (start, end)) in entries.iter_mut().zip(bounds) {
        entry.name = Name::part_of(&names, start, end);
    }
    Ok(entries)
}

fn position(names: &str) -> Result<u32, Flaw> {
    u32::try_from(names.len()).map_err(|_| Flaw::TooLarge(names.len() as u64))
}

/// A header of the directory.
struct Header<'a> {
    bytes: &'a [u8; HEADER_BYTES],
    extra: &'a [u8],
    name: &'a str,
    is_utf8: bool,
}

impl Header<'_> {
    fn refuse_harm(&self) -> Result<(), Flaw> {
        let flags = short(&self.bytes[8..]);
        let is_unix = UNIX_SYSTEMS.contains(&self.bytes[5]);
        let file_type = long(&self.bytes[38..]) >> 16 & TYPE_MASK;
        let wrong = if !self.is_utf8 && flags & UTF8_FLAG != 0 {
            Some("its name is said to be UTF-8, and is not")
        } else if is_unix && SPECIAL_TYPES.contains(&file_type) {
            wrong_name(self.name).or(Some("it is a symbolic link or a device"))
        } else {
            wrong_name(self.name)
        };
        let shown = || self.name.escape_debug().to_string();
        if let Some(why) = wrong {
            return Err(Flaw::Unsafe(shown(), why));
        }
        if self.is_encrypted() {
            return Err(Flaw::Encrypted(shown()));
        }
        match self.method() {
            Method::Other => Err(Flaw::OtherMethod(shown(), short(&self.bytes[10..]))),
            Method::Stored | Method::Deflated => Ok(()),
        }
    }

    fn is_encrypted(&self) -> bool {
        short(&self.bytes[8..]) & ENCRYPTED_FLAG != 0
    }

    fn method(&self) -> Method {
        match short(&self.bytes[10..]) {
            _ if self.is_encrypted() => Method::Other,
            0 => Method::Stored,
            8 => Method::Deflated,
            _ => Method::Other,
        }
    }

    fn entry(&self, prefix_bytes: u64, name: Name) -> Result<Entry, Flaw> {
        let mut large = field(self.extra, ZIP64).unwrap_or_default();
        // Those that do not fit are in the extra field, in this order.
        let mut number = |at: usize| -> Result<u64, Flaw> {
            let number = long(&self.bytes[at..]);
            if number != u32::MAX {
                return Ok(u64::from(number));
            }
            let (first, rest) = large.split_at_checked(8).ok_or(Flaw::NoDirectory)?;
            large = rest;
            Ok(quad(first))
        };
        let (size_bytes, packed_bytes, offset) = (number(24)?, number(20)?, number(42)?);
        let (date, clock) = (short(&self.bytes[14..]), short(&self.bytes[12..]));
        Ok(Entry {
            name,
            size_bytes,
            place: Some(Place {
                header_at: offset.saturating_add(prefix_bytes),
                packed_bytes,
                crc: long(&self.bytes[16..]),
                method: self.method(),
                is_utf8: self.is_utf8,
            }),
            index: 0,
            modified_seconds: time::modified_seconds(date, clock, self.extra),
            is_folder: self.name.ends_with('/'),
        })
    }
}

/// Returns the data of an extra field.
pub(super) fn field(extra: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut rest = extra;
    while let Some((head, after)) = rest.split_at_checked(4) {
        let (data, next) = after.split_at_checked(usize::from(short(&head[2..])))?;
        if short(head) == wanted {
            return Some(data);
        }
        rest = next;
    }
    None
}

fn skip<R: Read + Seek>(reader: &mut Reader<R>, count: usize) -> std::io::Result<()> {
    let mut left = count;
    while left > 0 {
        let some = reader.fill_buf()?.len().min(left);
        if some == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        reader.consume(some);
        left -= some;
    }
    Ok(())
}

/// The characters above 127 of DOS's code page 437, which names are in that are not UTF-8.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// Returns a name, and whether it is UTF-8. Java takes it as that, whether the archive says that it
/// is or not.
pub(super) fn decoded(name: &[u8]) -> (Cow<'_, str>, bool) {
    if let Ok(name) = std::str::from_utf8(name) {
        return (Cow::Borrowed(name), true);
    }
    let of_dos = |&byte: &u8| match byte.checked_sub(128) {
        None => Some(char::from(byte)),
        Some(above) => CP437.chars().nth(usize::from(above)),
    };
    (Cow::Owned(name.iter().filter_map(of_dos).collect()), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dos() {
        assert_eq!(CP437.chars().count(), 128);
        assert_eq!(decoded(b"gr\x81n.txt").0, "grün.txt");
        assert_eq!(decoded(b"\x80\xff").0, "Ç\u{a0}");
        assert_eq!(decoded("grün".as_bytes()), ("grün".into(), true));
    }

    #[test]
    fn extra_fields() {
        let extra = [9, 0, 1, 0, 7, 1, 0, 2, 0, 5, 6];
        assert_eq!(field(&extra, 1), Some(&[5, 6][..]));
        assert_eq!(field(&extra, 9), Some(&[7][..]));
        assert_eq!(field(&extra, 2), None);
        assert_eq!(field(&extra[..10], 1), None);
    }
}
