//! Who is running. One executable plays three roles; the first argument picks one before clap sees
//! it, so that the in-cluster roles show up in no help text and no completion.

use std::{ffi::OsString, process::ExitCode};

pub mod bridge;
pub mod builder;
pub mod plugin;
pub mod staging;

pub use crate::cluster::objects::{
    BOOTSTRAP_ARGUMENT as BOOTSTRAP, BRIDGE_ARGUMENT as BRIDGE, BUILDER_ARGUMENT as BUILDER,
    CHECK_ARGUMENT as CHECK, STAGING_ARGUMENT as STAGING,
};

/// Runs a role to its end.
#[must_use]
pub fn run(args: Vec<OsString>) -> ExitCode {
    match args.get(1).and_then(|arg| arg.to_str()) {
        Some(STAGING) => staging::run(),
        Some(BRIDGE) => bridge::run(args.get(2)),
        Some(BUILDER) => builder::run(args.get(2)),
        Some(CHECK) => builder::check(),
        Some(BOOTSTRAP) => builder::bootstrap(),
        _ => plugin::run(args),
    }
}
