//! What several tests share. Each test executable uses a part of it.
#![allow(dead_code, unreachable_pub, reason = "no executable uses all of it")]

pub mod archive;
pub mod cutter;
pub mod elf;
pub mod fake_apiserver;
pub mod fake_registry;
pub mod gate;
pub mod golden;
pub mod images;
pub mod plugin;
pub mod registry_cases;
pub mod registry_matrix;
pub mod run;
pub mod schema;
#[cfg(unix)]
pub mod terminal;
pub mod tls_front;
