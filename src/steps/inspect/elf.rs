//! ELF executables: <https://gabi.xinuos.com/>.

use std::io::{Read, Seek};

use object::{
    Endianness, ReadCache, ReadRef, elf,
    read::elf::{FileHeader, ProgramHeader},
};

use super::{
    elf_arm,
    elf_dynamic::Dynamic,
    refusal::{self, ElfFlaw},
};
use crate::{
    error::Failure,
    model::{ElfFacts, Libc},
    oci::Platform,
};

/// Programs have about ten. What is read of a file is held in memory, so its size is checked first.
const MOST_SEGMENTS: u32 = 1024;
const MOST_SECTIONS: u32 = 1 << 16;
/// The kernel's own limit: <https://man7.org/linux/man-pages/man5/elf.5.html>, `PATH_MAX`.
const LONGEST_PATH_BYTES: u64 = 4096;

/// What an executable is, and what of it tells so.
pub(super) struct Inspected {
    pub(super) facts: ElfFacts,
    pub(super) evidence: Vec<String>,
}

/// Says what an ELF file runs on and what it needs.
///
/// # Errors
/// A [`Failure`] when it is no program, or not a whole one.
pub(super) fn inspect<R: Read + Seek>(file: R, file_name: &str) -> Result<Inspected, Failure> {
    let data = ReadCache::new(file);
    let inspected = match (&data).read_bytes_at(4, 1) {
        // EI_CLASS
        Ok([1]) => read::<elf::FileHeader32<Endianness>, R>(&data),
        _ => read::<elf::FileHeader64<Endianness>, R>(&data),
    };
    inspected.map_err(|flaw| refusal::elf(file_name, flaw))
}

/// What the reader says of a file that it cannot follow means in all likelihood: it ends too early.
impl From<object::Error> for ElfFlaw {
    fn from(_: object::Error) -> Self {
        Self::CutShort
    }
}

fn read<Elf: FileHeader<Endian = Endianness>, R: Read + Seek>(
    data: &ReadCache<R>,
) -> Result<Inspected, ElfFlaw> {
    let header = Elf::parse(data)?;
    let endian = header.endian()?;
    let e_type = header.e_type(endian);
    match e_type {
        elf::ET_REL => return Err(ElfFlaw::ObjectFile),
        elf::ET_CORE => return Err(ElfFlaw::CoreDump),
        elf::ET_EXEC | elf::ET_DYN => {}
        _ => return Err(ElfFlaw::NoProgram),
    }
    let platform = platform(header, endian, data)?;
    ensure_complete(header, endian, data)?;
    let interpreter = interpreter(header, endian, data)?;
    let dynamic = Dynamic::read(header, endian, data)?;
    let is_library = e_type == elf::ET_DYN
        && interpreter.is_none()
        && !dynamic.is_pie
        // Older linkers do not mark a static program that can be loaded anywhere.
        && (dynamic.has_soname || !dynamic.needed.is_empty());
    if is_library || header.e_entry(endian).into() == 0 {
        return Err(ElfFlaw::SharedLibrary);
    }
    let libc = match &interpreter {
        None => Libc::Static,
        Some(path) if path.contains("musl") => Libc::Musl,
        // Bionic is no C library of an image.
        Some(path) if path.starts_with("/system/") => return Err(ElfFlaw::OtherSystem),
        Some(_) => Libc::Glibc(dynamic.versions.get("GLIBC").map(ToString::to_string)),
    };
    let evidence = evidence(e_type, &platform, interpreter.as_deref(), &dynamic);
    Ok(Inspected {
        facts: ElfFacts {
            platform,
            libc,
            interpreter,
            needed: dynamic.needed,
            versions: dynamic.versions,
        },
        evidence,
    })
}

fn evidence(
    e_type: elf::FileType,
    platform: &Platform,
    interpreter: Option<&str>,
    dynamic: &Dynamic,
) -> Vec<String> {
    let place = if e_type == elf::ET_DYN {
        "position-independent"
    } else {
        "of fixed addresses"
    };
    let mut lines = vec![format!("ELF header: a program for {platform}, {place}")];
    lines.push(match interpreter {
        Some(path) => format!("PT_INTERP {path}"),
        None => "no PT_INTERP: nothing but the kernel loads it".to_owned(),
    });
    if !dynamic.needed.is_empty() {
        lines.push(format!("DT_NEEDED {}", dynamic.needed.join(", ")));
    }
    if !dynamic.versions.is_empty() {
        let versions: Vec<String> = dynamic
            .versions
            .iter()
            .map(|(set, version)| format!("{set}_{version}"))
            .collect();
        lines.push(format!("DT_VERNEED up to {}", versions.join(", ")));
    }
    lines
}

/// Names are Go's: <https://go.dev/doc/install/source#environment>.
fn platform<Elf: FileHeader<Endian = Endianness>, R: Read + Seek>(
    header: &Elf,
    endian: Endianness,
    data: &ReadCache<R>,
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
    let variant = (machine == elf::EM_ARM).then(|| {
        // What every distribution for 32-bit ARM builds for, where the file does not say.
        let known = elf_arm::variant(header, endian, data, MOST_SECTIONS);
        known.unwrap_or("v7").to_owned()
    });
    Ok(Platform { variant, ..platform })
}

/// Whatever the file says that it holds must be there. The section table, which a program does not
/// need, is written last: so a file that says that it has one and lacks it was cut.
fn ensure_complete<Elf: FileHeader<Endian = Endianness>, R: Read + Seek>(
    header: &Elf,
    endian: Endianness,
    data: &ReadCache<R>,
) -> Result<(), ElfFlaw> {
    let length = data.len().map_err(|()| ElfFlaw::CutShort)?;
    if header.phnum(endian, data)? > MOST_SEGMENTS {
        return Err(ElfFlaw::NoProgram);
    }
    let segments = header.program_headers(endian, data)?;
    // The kernel does not run what it has nothing to load of.
    if !segments
        .iter()
        .any(|segment| segment.p_type(endian) == elf::PT_LOAD)
    {
        return Err(ElfFlaw::NoProgram);
    }
    for segment in segments {
        let (offset, size) = segment.file_range(endian);
        if offset.checked_add(size).is_none_or(|end| end > length) {
            return Err(ElfFlaw::CutShort);
        }
    }
    let start: u64 = header.e_shoff(endian).into();
    if start == 0 {
        return Ok(());
    }
    let count = u64::from(header.shnum(endian, data)?);
    let size = count.checked_mul(u64::from(header.e_shentsize(endian)));
    let end = size.and_then(|size| start.checked_add(size));
    if end.is_none_or(|end| end > length) {
        return Err(ElfFlaw::CutShort);
    }
    Ok(())
}

fn interpreter<Elf: FileHeader<Endian = Endianness>, R: Read + Seek>(
    header: &Elf,
    endian: Endianness,
    data: &ReadCache<R>,
) -> Result<Option<String>, ElfFlaw> {
    for segment in header.program_headers(endian, data)? {
        if segment.p_type(endian) != elf::PT_INTERP {
            continue;
        }
        if segment.file_range(endian).1 > LONGEST_PATH_BYTES {
            return Err(ElfFlaw::NoProgram);
        }
        if let Some(path) = segment.interpreter(endian, data)? {
            return Ok(Some(String::from_utf8_lossy(path).into_owned()));
        }
    }
    Ok(None)
}
