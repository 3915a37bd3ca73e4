//! Spring Boot's `layers.idx`, of any bytes.
#![no_main]

use kubectl_b2i::steps::plan::readers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    std::hint::black_box(readers::layers_index(&String::from_utf8_lossy(bytes), "BOOT-INF/lib/a.jar"));
});
