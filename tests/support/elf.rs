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

    fn word(&self, value: u64) -> Vec<u8> {
        let width = if self.is_64 { 8 } else { 4 };
        value.to_le_bytes()[..width].to_vec()
    }

    fn segment(&self, p_type: u32, start: usize, size: usize) -> Vec<u8> {
        let (start, size) = (start as u64, size as u64);
        let flags = 5_u32.to_le_bytes();
        let words = [start, start, start, size, size].map(|value| self.word(value));
        let mut out = p_type.to_le_bytes().to_vec();
        if self.is_64 {
            out.extend(flags);
        }
        out.extend(words.concat());
        if !self.is_64 {
            out.extend(flags);
        }
        out.extend(self.word(1));
        out
    }

    fn section(&self, sh_type: u32, start: usize, size: usize, info: u32) -> Vec<u8> {
        let long = |value: u32| value.to_le_bytes().to_vec();
        [
            long(0),
            long(sh_type),
            self.word(0),
            self.word(0),
            self.word(start as u64),
            self.word(size as u64),
            // Linked to the strings, which are section 1.
            long(1),
            long(info),
            self.word(1),
            self.word(0),
        ]
        .concat()
    }

    pub fn bytes(&self) -> Vec<u8> {
        let (header_size, segment_size, section_size) = if self.is_64 { (64, 56, 64) } else { (52, 32, 40) };
        let mut strings = vec![0];
        let mut string = |text: &str| {
            let at = strings.len() as u64;
            strings.extend(text.as_bytes());
            strings.push(0);
            at
        };
        let needed: Vec<u64> = self.needed.iter().map(|name| string(name)).collect();
        let soname = string("libself.so.1");
        let library = string("libc.so.6");
        let versions: Vec<u64> = self.versions.iter().map(|name| string(name)).collect();

        let has_dynamic = self.is_pie || self.soname || !self.needed.is_empty();
        let count = 1 + usize::from(self.interpreter.is_some()) + usize::from(has_dynamic);
        let interpreter = self
            .interpreter
            .map_or(Vec::new(), |path| [path.as_bytes(), &[0]].concat());
        let interpreter_at = header_size + count * segment_size;
        let strings_at = interpreter_at + interpreter.len();
        let mut dynamic: Vec<(u64, u64)> = needed.iter().map(|&at| (1, at)).collect();
        dynamic.extend([(5, strings_at as u64), (10, strings.len() as u64)]);
        dynamic.extend(self.soname.then_some((14, soname)));
        dynamic.extend(self.is_pie.then_some((0x6fff_fffb, 0x0800_0000)));
        dynamic.push((0, 0));
        let dynamic: Vec<u8> = dynamic
            .iter()
            .flat_map(|&(tag, value)| [self.word(tag), self.word(value)].concat())
            .collect();
        let dynamic_at = (strings_at + strings.len()).next_multiple_of(8);
        let versions_at = dynamic_at + dynamic.len();
        let mut needs = Vec::new();
        for short in [1, versions.len() as u16] {
            needs.extend(short.to_le_bytes());
        }
        for long in [library as u32, 16, 0] {
            needs.extend(long.to_le_bytes());
        }
        for (number, name) in versions.iter().enumerate() {
            let next = if number + 1 == versions.len() { 0_u32 } else { 16 };
            needs.extend([0; 8]);
            needs.extend((*name as u32).to_le_bytes());
            needs.extend(next.to_le_bytes());
        }
        let sections_at = (versions_at + needs.len()).next_multiple_of(8);
        let end = sections_at + 3 * section_size;

        let class = if self.is_64 { 2 } else { 1 };
        let mut out = vec![0x7f, b'E', b'L', b'F', class, 1, 1, self.os_abi];
        out.resize(16, 0);
        out.extend(self.e_type.to_le_bytes());
        out.extend(self.machine.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
        out.extend(self.word(self.entry));
        out.extend(self.word(header_size as u64));
        out.extend(self.word(sections_at as u64));
        out.extend(0_u32.to_le_bytes());
        for short in [header_size, segment_size, count, section_size, 3, 1] {
            out.extend((short as u16).to_le_bytes());
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
        out.resize(sections_at, 0);
        out.extend(vec![0; section_size]);
        out.extend(self.section(3, strings_at, strings.len(), 0));
        out.extend(self.section(
            0x6fff_fffe,
            versions_at,
            needs.len(),
            u32::from(!versions.is_empty()),
        ));
        out
    }
}
