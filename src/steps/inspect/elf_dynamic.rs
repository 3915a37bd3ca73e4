//! The dynamic section, read as the loader reads it: by addresses in memory, so that a file
//! without a section table will do.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use object::{
    Endianness, ReadCache, ReadRef, StringTable, elf,
    read::elf::{Dyn, FileHeader, ProgramHeader},
};

use super::refusal::ElfFlaw;
use crate::model::SymbolVersion;

/// The longest seen have some hundred entries.
const LARGEST_SECTION_BYTES: u64 = 1 << 20;
/// Libraries with versioned symbols, and versions of one library.
const MOST_LIBRARIES: u64 = 4096;
const MOST_VERSIONS: u16 = 4096;

type Strings<'a, R> = StringTable<'a, &'a ReadCache<R>>;

/// What the dynamic section says.
#[derive(Default)]
pub(super) struct Dynamic {
    pub(super) needed: Vec<String>,
    pub(super) has_soname: bool,
    pub(super) is_pie: bool,
    /// Of each set of symbols the highest version needed.
    pub(super) versions: BTreeMap<String, SymbolVersion>,
}

impl Dynamic {
    /// Reads the dynamic section; a program without one has nothing in it.
    ///
    /// # Errors
    /// It leads to a place that is not in the file.
    pub(super) fn read<Elf: FileHeader<Endian = Endianness>, R: Read + Seek>(
        header: &Elf,
        endian: Endianness,
        data: &ReadCache<R>,
    ) -> Result<Self, ElfFlaw> {
        let segments = header.program_headers(endian, data)?;
        let mut entries: &[Elf::Dyn] = &[];
        for segment in segments {
            let is_dynamic = segment.p_type(endian) == elf::PT_DYNAMIC;
            if is_dynamic && segment.file_range(endian).1 > LARGEST_SECTION_BYTES {
                return Err(ElfFlaw::NoProgram);
            }
            entries = segment.dynamic(endian, data)?.unwrap_or(entries);
        }
        let value = |tag| {
            let found = entries.iter().find(|entry| entry.tag(endian) == tag);
            found.map(|entry| entry.val(endian))
        };
        // Where in the file that is which will be at an address in memory.
        let offset_of = |address: u64| {
            segments.iter().find_map(|segment| {
                let offset = address.checked_sub(segment.p_vaddr(endian).into())?;
                let (start, size) = segment.file_range(endian);
                (segment.p_type(endian) == elf::PT_LOAD && offset < size).then(|| start + offset)
            })
        };
        let start = value(elf::DT_STRTAB).and_then(offset_of).unwrap_or(0);
        let end = start.saturating_add(value(elf::DT_STRSZ).unwrap_or(0));
        let strings = StringTable::new(data, start, end);
        let mut needed = Vec::new();
        for entry in entries.iter().filter(|entry| entry.tag(endian) == elf::DT_NEEDED) {
            let name = entry.string(endian, strings)?;
            needed.push(String::from_utf8_lossy(name).into_owned());
        }
        let versions = match value(elf::DT_VERNEED).and_then(offset_of) {
            Some(start) => {
                let count = value(elf::DT_VERNEEDNUM).unwrap_or(0).min(MOST_LIBRARIES);
                versions(endian, data, strings, start, count)?
            }
            None => BTreeMap::new(),
        };
        let flags = value(elf::DT_FLAGS_1).unwrap_or(0);
        Ok(Self {
            needed,
            has_soname: value(elf::DT_SONAME).is_some(),
            is_pie: flags & elf::DF_1_PIE.0 != 0,
            versions,
        })
    }
}

/// Reads the versions of symbols that are needed:
/// <https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html>.
fn versions<R: Read + Seek>(
    endian: Endianness,
    data: &ReadCache<R>,
    strings: Strings<'_, R>,
    start: u64,
    count: u64,
) -> Result<BTreeMap<String, SymbolVersion>, ElfFlaw> {
    let mut highest: BTreeMap<String, SymbolVersion> = BTreeMap::new();
    let beyond = |()| ElfFlaw::CutShort;
    let mut of_library = start;
    for _ in 0..count {
        let library: &elf::Verneed<Endianness> = data.read_at(of_library).map_err(beyond)?;
        let mut at = of_library.saturating_add(library.vn_aux.get(endian).into());
        for _ in 0..library.vn_cnt.get(endian).min(MOST_VERSIONS) {
            let version: &elf::Vernaux<Endianness> = data.read_at(at).map_err(beyond)?;
            let name = String::from_utf8_lossy(version.name(endian, strings)?).into_owned();
            // GLIBC_PRIVATE, GLIBC_ABI_DT_RELR and the like are no numbers.
            if let Some((set, number)) = name.rsplit_once('_')
                && let Ok(number) = number.parse()
            {
                let known = highest
                    .entry(set.to_owned())
                    .or_insert_with(|| SymbolVersion::clone(&number));
                *known = number.max(known.clone());
            }
            match version.vna_next.get(endian) {
                0 => break,
                next => at = at.saturating_add(next.into()),
            }
        }
        match library.vn_next.get(endian) {
            0 => break,
            next => of_library = of_library.saturating_add(next.into()),
        }
    }
    Ok(highest)
}
