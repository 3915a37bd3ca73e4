//! Which 32-bit ARM a program was built for:
//! <https://github.com/ARM-software/abi-aa/blob/main/addenda32/addenda32.rst>.

use std::io::{Read, Seek};

use object::{
    Endianness, ReadCache, elf,
    read::elf::{AttributeReader, FileHeader, SectionHeader},
};

const LARGEST_SECTION_BYTES: u64 = 64 << 10;
/// `Tag_CPU_raw_name` and `Tag_CPU_name` come before `Tag_CPU_arch`, and are strings.
const TAG_CPU_NAMES: [u64; 2] = [4, 5];
const TAG_CPU_ARCH: u64 = 6;

/// Returns the variant of an OCI platform; `None` where the file does not tell it.
pub(super) fn variant<Elf: FileHeader<Endian = Endianness>, R: Read + Seek>(
    header: &Elf,
    endian: Endianness,
    data: &ReadCache<R>,
    most_sections: u32,
) -> Option<&'static str> {
    if header.shnum(endian, data).ok()? > most_sections {
        return None;
    }
    let sections = header.section_headers(endian, data).ok()?;
    let section = sections.iter().find(|section| {
        section.sh_type(endian) == elf::SHT_ARM_ATTRIBUTES
            && section.sh_size(endian).into() <= LARGEST_SECTION_BYTES
    })?;
    let attributes = section.attributes(endian, data).ok()?;
    let mut subsections = attributes.subsections().ok()?;
    while let Some(subsection) = subsections.next().ok()? {
        let mut parts = subsection.subsubsections();
        while let Some(part) = parts.next().ok()? {
            if part.tag() == elf::Tag_File {
                return of_architecture(cpu_arch(part.attributes())?);
            }
        }
    }
    None
}

fn cpu_arch(mut attributes: AttributeReader<'_>) -> Option<u64> {
    while let Some(tag) = attributes.read_tag().ok()? {
        match tag {
            TAG_CPU_ARCH => return attributes.read_integer().ok(),
            tag if TAG_CPU_NAMES.contains(&tag) => {
                attributes.read_string().ok()?;
            }
            _ => {
                attributes.read_integer().ok()?;
            }
        }
    }
    None
}

fn of_architecture(number: u64) -> Option<&'static str> {
    Some(match number {
        1..=5 => "v5",
        6..=9 => "v6",
        // 14 is ARMv8 in its 32-bit state, for which nobody makes images of their own.
        10 | 14 => "v7",
        // The others have no memory management, so no Linux.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_abi() {
        for (number, expected) in [(4, Some("v5")), (6, Some("v6")), (10, Some("v7")), (13, None)] {
            assert_eq!(of_architecture(number), expected);
        }
    }
}
