//! ELF files made in code, as small as a loader would take them.

/// An ELF file in the making; the fields are the header's.
#[derive(Clone)]
pub struct Elf {
    pub is_64: bool,
    pub os_abi: u8,
    pub e_type: u16,
    pub machine: u16,
    pub entry: u64,
    pub interpreter: Option<&'static str>,
    pub needed: &'static [&'static str],
    pub soname: bool,
    pub is_pie: bool,
    /// Versions of symbols that are needed.
    pub versions: &'static [&'static str],
    pub is_big_endian: bool,
    /// A stripped file need not have a section table.
    pub has_sections: bool,
    /// `Tag_CPU_arch` of the attributes for ARM.
    pub arm_arch: Option<u8>,
}

impl Default for Elf {
    /// A static executable for amd64.
    fn default() -> Self {
        Self {
            is_64: true,
            os_abi: 0,
            e_type: 2,
            machine: 62,
            entry: 0x78,
            interpreter: None,
            needed: &[],
            soname: false,
            is_pie: false,
            versions: &[],
            is_big_endian: false,
            has_sections: true,
            arm_arch: None,
        }
    }
}

impl Elf {
    /// A dynamically linked, position-independent one.
    pub fn dynamic(interpreter: &'static str) -> Self {
        Self {
            e_type: 3,
            interpreter: Some(interpreter),
            is_pie: true,
            ..Self::default()
        }
    }

    /// A number in the file's own order of bytes.
    fn number(&self, value: u64, width: usize) -> Vec<u8> {
        if self.is_big_endian {
            value.to_be_bytes()[8 - width..].to_vec()
        } else {
            value.to_le_bytes()[..width].to_vec()
        }
    }

    fn short(&self, value: usize) -> Vec<u8> {
        self.number(value as u64, 2)
    }

    fn long(&self, value: usize) -> Vec<u8> {
        self.number(value as u64, 4)
    }

    fn word(&self, value: u64) -> Vec<u8> {
        self.number(value, if self.is_64 { 8 } else { 4 })
    }

    fn segment(&self, p_type: usize, start: usize, size: usize) -> Vec<u8> {
        let (start, size) = (start as u64, size as u64);
        let words = [start, start, start, size, size].map(|value| self.word(value));
        let mut out = self.long(p_type);
        if self.is_64 {
            out.extend(self.long(5));
        }
        out.extend(words.concat());
        if !self.is_64 {
            out.extend(self.long(5));
        }
        out.extend(self.word(1));
        out
    }

    fn section(&self, sh_type: usize, start: usize, size: usize, info: usize) -> Vec<u8> {
        [
            self.long(0),
            self.long(sh_type),
            self.word(0),
            self.word(0),
            self.word(start as u64),
            self.word(size as u64),
            // Linked to the strings, which are section 1.
            self.long(1),
            self.long(info),
            self.word(1),
            self.word(0),
        ]
        .concat()
    }

    /// What `readelf -A` shows: `A`, then a subsection of the vendor `aeabi` about the whole file.
    fn attributes(&self, arch: u8) -> Vec<u8> {
        let tags = [&[5][..], b"generic\0", &[6, arch]].concat();
        let of_file = [&[1][..], &self.long(5 + tags.len()), &tags].concat();
        let aeabi = [b"aeabi\0", &of_file[..]].concat();
        [b"A", &self.long(4 + aeabi.len())[..], &aeabi].concat()
    }

    pub fn bytes(&self) -> Vec<u8> {
        let (header_size, segment_size, section_size) = if self.is_64 { (64, 56, 64) } else { (52, 32, 40) };
        let mut strings = vec![0];
        let mut string = |text: &str| {
            let at = strings.len();
            strings.extend(text.as_bytes());
            strings.push(0);
            at
        };
        let needed: Vec<usize> = self.needed.iter().map(|name| string(name)).collect();
        let soname = string("libself.so.1");
        let library = string("libc.so.6");
        let versions: Vec<usize> = self.versions.iter().map(|name| string(name)).collect();

        let has_dynamic = self.is_pie || self.soname || !self.needed.is_empty();
        let count = 1 + usize::from(self.interpreter.is_some()) + usize::from(has_dynamic);
        let interpreter = self
            .interpreter
            .map_or(Vec::new(), |path| [path.as_bytes(), &[0]].concat());
        let interpreter_at = header_size + count * segment_size;
        let strings_at = interpreter_at + interpreter.len();
        let dynamic_at = (strings_at + strings.len()).next_multiple_of(8);
        let mut dynamic: Vec<(usize, usize)> = needed.iter().map(|&at| (1, at)).collect();
        dynamic.extend([(5, strings_at), (10, strings.len())]);
        dynamic.extend(self.soname.then_some((14, soname)));
        dynamic.extend(self.is_pie.then_some((0x6fff_fffb, 0x0800_0000)));
        let entry_size = if self.is_64 { 16 } else { 8 };
        let entries = dynamic.len() + 1 + if versions.is_empty() { 0 } else { 2 };
        let versions_at = dynamic_at + entries * entry_size;
        if !versions.is_empty() {
            dynamic.extend([(0x6fff_fffe, versions_at), (0x6fff_ffff, 1)]);
        }
        dynamic.push((0, 0));
        let dynamic: Vec<u8> = dynamic
            .iter()
            .flat_map(|&(tag, value)| [self.word(tag as u64), self.word(value as u64)].concat())
            .collect();
        let mut needs = [self.short(1), self.short(versions.len())].concat();
        needs.extend([library, 16, 0].map(|value| self.long(value)).concat());
        for (number, name) in versions.iter().enumerate() {
            let next = if number + 1 == versions.len() { 0 } else { 16 };
            needs.extend([0; 8]);
            needs.extend([self.long(*name), self.long(next)].concat());
        }
        let attributes_at = versions_at + needs.len();
        let attributes = self.arm_arch.map_or(Vec::new(), |arch| self.attributes(arch));
        let sections_at = (attributes_at + attributes.len()).next_multiple_of(8);
        let sections = match (self.has_sections, self.arm_arch) {
            (false, _) => 0,
            (true, None) => 3,
            (true, Some(_)) => 4,
        };
        let end = sections_at + sections * section_size;

        let class = if self.is_64 { 2 } else { 1 };
        let order = if self.is_big_endian { 2 } else { 1 };
        let mut out = vec![0x7f, b'E', b'L', b'F', class, order, 1, self.os_abi];
        out.resize(16, 0);
        out.extend(self.short(self.e_type.into()));
        out.extend(self.short(self.machine.into()));
        out.extend(self.long(1));
        out.extend(self.word(self.entry));
        out.extend(self.word(header_size as u64));
        out.extend(self.word(if self.has_sections { sections_at as u64 } else { 0 }));
        out.extend(self.long(0));
        for value in [
            header_size,
            segment_size,
            count,
            section_size,
            sections,
            sections.min(1),
        ] {
            out.extend(self.short(value));
        }
        out.extend(self.segment(1, 0, end));
        if self.interpreter.is_some() {
            out.extend(self.segment(3, interpreter_at, interpreter.len()));
        }
        if has_dynamic {
            out.extend(self.segment(2, dynamic_at, dynamic.len()));
        }
        out.extend(&interpreter);
        out.extend(&strings);
        out.resize(dynamic_at, 0);
        out.extend(&dynamic);
        out.extend(&needs);
        out.extend(&attributes);
        out.resize(sections_at, 0);
        if self.has_sections {
            out.extend(vec![0; section_size]);
            out.extend(self.section(3, strings_at, strings.len(), 0));
            let info = usize::from(!versions.is_empty());
            out.extend(self.section(0x6fff_fffe, versions_at, needs.len(), info));
        }
        if self.has_sections && self.arm_arch.is_some() {
            out.extend(self.section(0x7000_0003, attributes_at, attributes.len(), 0));
        }
        out
    }
}
