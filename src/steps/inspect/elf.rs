//! ELF executables: <https://gabi.xinuos.com/>.

use std::fs::File;

use object::{
    Endianness, ReadCache, ReadRef, StringTable, elf,
    read::elf::{Dyn, FileHeader, ProgramHeader},
};

use super::refusal::{self, ElfFlaw};
use crate::{
    error::Failure,
    model::{ElfFacts, Libc},
    oci::Platform,
};

/// Says what an ELF file runs on and what it needs.
///
/// # Errors
/// A [`Failure`] when it is no program, or not a whole one.
pub(super) fn inspect(file: File, file_name: &str) -> Result<ElfFacts, Failure> {
    let data = ReadCache::new(file);
    let facts = match data.read_bytes_at(4, 1) {
        // EI_CLASS
        Ok([1]) => read::<elf::FileHeader32<Endianness>>(&data),
        _ => read::<elf::FileHeader64<Endianness>>(&data),
    };
    facts.map_err(|flaw| refusal::elf(file_name, flaw))
}

/// What the reader says of a file that it cannot follow means in all likelihood: it ends too early.
impl From<object::Error> for ElfFlaw {
    fn from(_: object::Error) -> Self {
        Self::CutShort
    }
}

fn read<Elf: FileHeader<Endian = Endianness>>(data: &ReadCache<File>) -> Result<ElfFacts, ElfFlaw> {
    let header = Elf::parse(data)?;
    let endian = header.endian()?;
    match header.e_type(endian) {
        elf::ET_REL => return Err(ElfFlaw::ObjectFile),
        elf::ET_CORE => return Err(ElfFlaw::CoreDump),
        elf::ET_EXEC | elf::ET_DYN => {}
        _ => return Err(ElfFlaw::NoProgram),
    }
    let platform = platform(header, endian)?;
    ensure_complete(header, endian, data)?;
    let interpreter = interpreter(header, endian, data)?;
    let dynamic = Dynamic::read(header, endian, data)?;
    let is_library = header.e_type(endian) == elf::ET_DYN
        && interpreter.is_none()
        && !dynamic.is_pie
        // Older linkers do not mark a static program that can be loaded anywhere.
        && (dynamic.has_soname || !dynamic.needed.is_empty());
    if is_library || header.e_entry(endian).into() == 0 {
        return Err(ElfFlaw::SharedLibrary);
    }
    let libc = match interpreter {
        None => Libc::Static,
        Some(interpreter) if interpreter.contains("musl") => Libc::Musl,
        Some(_) => Libc::Glibc(highest_glibc(header, endian, data)?),
    };
    Ok(ElfFacts {
        platform,
        libc,
        needed: dynamic.needed,
    })
}

/// Names are Go's: <https://go.dev/doc/install/source#environment>.
fn platform<Elf: FileHeader<Endian = Endianness>>(
    header: &Elf,
    endian: Endianness,
) -> Result<Platform, ElfFlaw> {
    if !matches!(header.e_ident().os_abi, elf::ELFOSABI_SYSV | elf::ELFOSABI_GNU) {
        return Err(ElfFlaw::OtherSystem);
    }
    let machine = header.e_machine(endian);
    let platform = Platform::linux(match (machine, header.is_class_64(), header.is_little_endian()) {
        (elf::EM_X86_64, true, true) => "amd64",
        (elf::EM_AARCH64, true, true) => "arm64",
        (elf::EM_ARM, false, true) => "arm",
        (elf::EM_386, false, true) => "386",
        (elf::EM_PPC64, true, true) => "ppc64le",
        (elf::EM_S390, true, false) => "s390x",
        (elf::EM_RISCV, true, true) => "riscv64",
        _ => return Err(ElfFlaw::OtherMachine(machine.0)),
    });
    // What every distribution for 32-bit ARM builds for.
    let variant = (machine == elf::EM_ARM).then(|| "v7".to_owned());
    Ok(Platform { variant, ..platform })
}

/// Whatever the file says that it holds must be there. The section table, which a program does not
/// need, is written last: so a file that lacks it was cut.
fn ensure_complete<Elf: FileHeader<Endian = Endianness>>(
    header: &Elf,
    endian: Endianness,
    data: &ReadCache<File>,
) -> Result<(), ElfFlaw> {
    let length = data.len().map_err(|()| ElfFlaw::CutShort)?;
    for segment in header.program_headers(endian, data)? {
        let (offset, size) = segment.file_range(endian);
        if offset.checked_add(size).is_none_or(|end| end > length) {
            return Err(ElfFlaw::CutShort);
        }
    }
    header.section_headers(endian, data)?;
    Ok(())
}

fn interpreter<Elf: FileHeader<Endian = Endianness>>(
    header: &Elf,
    endian: Endianness,
    data: &ReadCache<File>,
) -> Result<Option<String>, ElfFlaw> {
    for segment in header.program_headers(endian, data)? {
        if let Some(path) = segment.interpreter(endian, data)? {
            return Ok(Some(String::from_utf8_lossy(path).into_owned()));
        }
    }
    Ok(None)
}

/// What the dynamic section says.
#[derive(Default)]
struct Dynamic {
    needed: Vec<String>,
    has_soname: bool,
    is_pie: bool,
}

impl Dynamic {
    fn read<Elf: FileHeader<Endian = Endianness>>(
        header: &Elf,
        endian: Endianness,
        data: &ReadCache<File>,
    ) -> Result<Self, ElfFlaw> {
        let segments = header.program_headers(endian, data)?;
        let mut entries: &[Elf::Dyn] = &[];
        for segment in segments {
            entries = segment.dynamic(endian, data)?.unwrap_or(entries);
        }
        let value = |tag| {
            let found = entries.iter().find(|entry| entry.tag(endian) == tag);
            found.map(|entry| entry.val(endian))
        };
        // By address, as the loader does it: a stripped file has no section table.
        let address = value(elf::DT_STRTAB).unwrap_or(0);
        let start = segments.iter().find_map(|segment| {
            let offset = address.checked_sub(segment.p_vaddr(endian).into())?;
            let (start, size) = segment.file_range(endian);
            (segment.p_type(endian) == elf::PT_LOAD && offset < size).then(|| start + offset)
        });
        let start = start.unwrap_or(0);
        let end = start.saturating_add(value(elf::DT_STRSZ).unwrap_or(0));
        let strings = StringTable::new(data, start, end);
        let mut needed = Vec::new();
        for entry in entries.iter().filter(|entry| entry.tag(endian) == elf::DT_NEEDED) {
            let name = entry.string(endian, strings)?;
            needed.push(String::from_utf8_lossy(name).into_owned());
        }
        let flags = value(elf::DT_FLAGS_1).unwrap_or(0);
        Ok(Self {
            needed,
            has_soname: value(elf::DT_SONAME).is_some(),
            is_pie: flags & elf::DF_1_PIE.0 != 0,
        })
    }
}

/// Returns the highest `GLIBC_x.y` that a symbol asks for; `None` without a section table.
fn highest_glibc<Elf: FileHeader<Endian = Endianness>>(
    header: &Elf,
    endian: Endianness,
    data: &ReadCache<File>,
) -> Result<Option<String>, ElfFlaw> {
    let sections = header.sections(endian, data)?;
    let Some((libraries, strings)) = sections.gnu_verneed(endian, data)? else {
        return Ok(None);
    };
    let strings = sections.strings(endian, data, strings)?;
    let mut highest: Option<Vec<u32>> = None;
    for library in libraries {
        for version in library?.1 {
            let name = String::from_utf8_lossy(version?.name(endian, strings)?).into_owned();
            // GLIBC_PRIVATE and the like are no numbers.
            let numbers = name
                .strip_prefix("GLIBC_")
                .and_then(|numbers| numbers.split('.').map(|part| part.parse().ok()).collect());
            highest = highest.max(numbers);
        }
    }
    Ok(highest.map(|numbers| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        numbers.join(".")
    }))
}
