//! A JAR's manifest, of any bytes.
#![no_main]

use kubectl_b2i::steps::inspect::readers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    std::hint::black_box(readers::manifest(bytes));
});
