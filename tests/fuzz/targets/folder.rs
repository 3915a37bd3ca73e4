//! A folder, the whole way: a thin JAR or an executable of some bytes, beside a file of others that
//! its `Class-Path` may name, below a name that is given too.
#![no_main]

mod way;

use std::fs;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (main, library) = input;
    let app = way::FOLDER.path().join("app");
    fs::create_dir_all(app.join("lib")).expect("made");
    fs::write(app.join("app.jar"), main).expect("written");
    fs::write(app.join("lib/b.jar"), library).expect("written");
    for given in [app.join("app.jar"), app] {
        way::go(&given);
    }
});
