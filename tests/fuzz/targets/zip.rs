//! A ZIP archive of any bytes: its directory, as of one to unpack and as of a library, and all that is
//! in it.
#![no_main]

use std::io::{Cursor, Read};

use kubectl_b2i::zip;
use libfuzzer_sys::fuzz_target;

/// Nobody's archive, but as much as an input of a few kilobytes can make us wait for.
const MOST_BYTES: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    for open in [zip::open, zip::open_to_look] {
        let Ok(mut opened) = open(Cursor::new(bytes), 1000) else {
            continue;
        };
        let _ = zip::has_duplicate_names(&opened.entries);
        let _ = zip::implied_folders(&opened.entries);
        for entry in &opened.entries {
            if let Ok(contents) = opened.reader.contents(entry) {
                let _ = std::io::copy(&mut contents.take(MOST_BYTES), &mut std::io::sink());
            }
            if let Ok(section) = opened.reader.section(entry) {
                let _ = zip::open_to_look(section, 1000);
            }
        }
    }
});
