//! Archives made in code: every byte is the test's, so that broken and hostile ones can be made.

use std::io::Write;

use flate2::{Compression, write::DeflateEncoder};

/// 2024-05-06 07:08:10 in DOS's format: date, then time.
const DOS_DATE: u16 = (44 << 9) | (5 << 5) | 6;
const DOS_TIME: u16 = (7 << 11) | (8 << 5) | 5;

/// A ZIP archive in the making.
#[derive(Clone, Default)]
pub struct Zip {
    entries: Vec<Entry>,
    comment: Vec<u8>,
    /// What the end says, instead of how many there are.
    declared_count: Option<usize>,
    is_zip64: bool,
}

/// One entry, as the headers will tell it.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub content: Vec<u8>,
    pub is_deflated: bool,
    pub flags: u16,
    pub unix_mode: u32,
    /// Seconds since 1970, in an extra field.
    pub extended_time: Option<u32>,
    /// Instead of the content's own.
    pub crc: Option<u32>,
    /// Instead of the content's own.
    pub size: Option<u32>,
    /// Name before the data, instead of the directory's.
    pub local_name: Option<Vec<u8>>,
    /// DOS date and time, instead of 2024-05-06 07:08:10.
    pub dos: (u16, u16),
    /// Number of the entry whose data the directory says is this one's.
    pub shares_data_of: Option<usize>,
}

impl Entry {
    pub fn new(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            content: content.to_vec(),
            is_deflated: false,
            flags: 0,
            unix_mode: 0,
            extended_time: None,
            crc: None,
            size: None,
            local_name: None,
            dos: (DOS_DATE, DOS_TIME),
            shares_data_of: None,
        }
    }
}

impl Zip {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a stored file, or a folder where the name ends with a slash.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(Entry::new(name, content.as_ref()))
    }

    pub fn deflated(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(Entry {
            is_deflated: true,
            ..Entry::new(name, content.as_ref())
        })
    }

    pub fn entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Adds a manifest with these lines.
    pub fn manifest(self, lines: &str) -> Self {
        self.file(
            "META-INF/MANIFEST.MF",
            format!("Manifest-Version: 1.0\n{lines}\n\n"),
        )
    }

    pub fn comment(mut self, comment: impl AsRef<[u8]>) -> Self {
        self.comment = comment.as_ref().to_vec();
        self
    }

    pub fn declared_count(mut self, count: usize) -> Self {
        self.declared_count = Some(count);
        self
    }

    /// Sizes and places in ZIP64's fields, though they would fit into the old ones.
    pub fn zip64(mut self) -> Self {
        self.is_zip64 = true;
        self
    }

    pub fn bytes(self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut central = Vec::new();
        let mut starts = Vec::new();
        let count = self.declared_count.unwrap_or(self.entries.len());
        for entry in self.entries {
            starts.push(out.len() as u32);
            let header_start = entry.shares_data_of.map_or(out.len() as u32, |of| starts[of]);
            let data = if entry.is_deflated {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(&entry.content).unwrap();
                encoder.finish().unwrap()
            } else {
                entry.content.clone()
            };
            let mut extra = entry.extended_time.map_or(Vec::new(), |time| {
                [&[0x55, 0x54, 5, 0, 1][..], &time.to_le_bytes()].concat()
            });
            let mut common = Vec::new();
            let method = if entry.is_deflated { 8_u16 } else { 0 };
            for short in [20, entry.flags, method, entry.dos.1, entry.dos.0] {
                common.extend(short.to_le_bytes());
            }
            let crc = entry.crc.unwrap_or_else(|| crc32fast::hash(&entry.content));
            let size = entry.size.unwrap_or(entry.content.len() as u32);
            let (mut sizes, mut header_at) = ([data.len() as u32, size], header_start);
            let mut local_extra = extra.clone();
            if self.is_zip64 {
                let both = [u64::from(size), data.len() as u64]
                    .map(u64::to_le_bytes)
                    .concat();
                local_extra.extend([&[1, 0, 16, 0][..], &both].concat());
                let place = u64::from(header_start).to_le_bytes();
                extra.extend([&[1, 0, 24, 0][..], &both, &place].concat());
                (sizes, header_at) = ([u32::MAX; 2], u32::MAX);
            }
            for long in [crc, sizes[0], sizes[1]] {
                common.extend(long.to_le_bytes());
            }
            let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
            let lengths = |name: &[u8], extra: &[u8]| {
                [name.len() as u16, extra.len() as u16]
                    .map(u16::to_le_bytes)
                    .concat()
            };
            if entry.shares_data_of.is_none() {
                out.extend(b"PK\x03\x04");
                out.extend(&common);
                out.extend(lengths(local_name, &local_extra));
                out.extend(local_name);
                out.extend(&local_extra);
                out.extend(&data);
            }
            common.extend(lengths(&entry.name, &extra));
            // Made by Unix, so that the mode counts; then no comment, disk 0, no internal attributes.
            central.extend(b"PK\x01\x02\x14\x03");
            central.extend(&common);
            central.extend([0; 6]);
            central.extend((entry.unix_mode << 16).to_le_bytes());
            central.extend(header_at.to_le_bytes());
            central.extend(&entry.name);
            central.extend(&extra);
        }
        let start = out.len() as u32;
        out.extend(&central);
        let short_count = u16::try_from(count).unwrap_or(u16::MAX);
        if short_count == u16::MAX || self.is_zip64 {
            let zip64_at = out.len() as u64;
            out.extend(b"PK\x06\x06");
            out.extend(44_u64.to_le_bytes());
            out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for long in [count, count, central.len(), start as usize] {
                out.extend((long as u64).to_le_bytes());
            }
            out.extend(b"PK\x06\x07\0\0\0\0");
            out.extend(zip64_at.to_le_bytes());
            out.extend(1_u32.to_le_bytes());
        }
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend(short_count.to_le_bytes());
        out.extend(short_count.to_le_bytes());
        out.extend((central.len() as u32).to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend((self.comment.len() as u16).to_le_bytes());
        out.extend(self.comment);
        out
    }
}

/// The beginning of a class file of this Java release, with some text among its constants.
pub fn class(java: u16, constants: &str) -> Vec<u8> {
    let mut bytes = b"\xca\xfe\xba\xbe\0\0".to_vec();
    bytes.extend((java + 44).to_be_bytes());
    bytes.extend(constants.as_bytes());
    bytes
}

/// A library with one class.
pub fn library(java: u16) -> Vec<u8> {
    Zip::new().file("lib/A.class", class(java, "")).bytes()
}

/// A plain JAR that runs.
pub fn plain_jar() -> Zip {
    Zip::new()
        .manifest("Main-Class: com.example.Main")
        .file("com/example/Main.class", class(11, "plain"))
}

/// A Spring Boot JAR without an index of its layers.
pub fn boot_jar(version: &str, launcher: &str, more: &str) -> Zip {
    let lines =
        format!("Main-Class: {launcher}\nSpring-Boot-Version: {version}\nStart-Class: com.example.App{more}");
    let loader = format!("{}.class", launcher.replace('.', "/"));
    Zip::new()
        .file("META-INF/", "")
        .manifest(&lines)
        .deflated(&loader, class(8, "launcher"))
        .file("BOOT-INF/", "")
        .file("BOOT-INF/classes/", "")
        .deflated("BOOT-INF/classes/com/example/App.class", class(17, "app"))
        .deflated("BOOT-INF/classes/static/logo.svg", "<svg/>")
        .file("BOOT-INF/classes/templates/", "")
        .file("BOOT-INF/lib/", "")
        .file("BOOT-INF/lib/own-1.0-SNAPSHOT.jar", library(8))
        .file("BOOT-INF/lib/spring-core-6.2.1.jar", library(17))
}

/// A WAR with one servlet and no `web.xml`.
pub fn war(api: &str) -> Zip {
    Zip::new()
        .manifest("Created-By: test")
        .deflated("index.html", "<h1>hello</h1>")
        .deflated(
            "WEB-INF/classes/com/example/Hello.class",
            class(11, &format!("{api}/servlet/http/HttpServlet")),
        )
        .file("WEB-INF/lib/util-1.0.jar", library(8))
        .file("WEB-INF/lib/own-2-SNAPSHOT.jar", library(8))
}

/// An executable WAR of Spring Boot, without an index of its layers: `package` is the launcher's.
pub fn boot_war(version: &str, package: &str, api: &str, more: &str) -> Zip {
    let lines = format!(
        "Main-Class: {package}.WarLauncher\nSpring-Boot-Version: {version}\nStart-Class: com.example.App\n\
         Spring-Boot-Classes: WEB-INF/classes/\nSpring-Boot-Lib: WEB-INF/lib/{more}"
    );
    let launcher = format!("{}/WarLauncher.class", package.replace('.', "/"));
    Zip::new()
        .manifest(&lines)
        .deflated(&launcher, class(8, "launcher"))
        .deflated("index.html", "<h1>hello</h1>")
        .deflated(
            "WEB-INF/classes/com/example/App.class",
            class(17, &format!("{api}/servlet/ServletContext")),
        )
        .deflated("WEB-INF/classes/static/logo.svg", "<svg/>")
        .file("WEB-INF/lib/own-1.0-SNAPSHOT.jar", library(8))
        .file("WEB-INF/lib/spring-core-6.2.1.jar", library(17))
        .file("WEB-INF/lib-provided/tomcat-embed-core-10.1.1.jar", library(11))
}
