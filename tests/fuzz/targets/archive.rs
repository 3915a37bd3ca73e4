//! A file of any bytes, the whole way.
#![no_main]

mod way;

use std::fs;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = way::FOLDER.path().join("app");
    fs::write(&path, bytes).expect("written");
    way::go(&path);
});
