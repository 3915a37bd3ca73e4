//! kubectl-b2i: binary to image. This library exists for the executable and the tests; it makes no
//! promise of stability.
//!
//! The house, bottom to top; a room uses only those above it in this list, and a test
//! (`tests/integration/house.rs`) keeps the walls:
//!
//! | room | is for |
//! |---|---|
//! | [`error`] | what a person is told: what, why, next |
//! | [`zip`] | reads ZIP archives, with distrust |
//! | [`oci`] | the words of the image specification |
//! | [`model`] | what travels between the steps |
//! | [`registry`] | speaks the distribution specification |
//! | [`staging`] | speaks our upload protocol, both ends |
//! | [`cluster`] | speaks to the Kubernetes API |
//! | [`term`] | the only room that prints |
//! | [`steps`] | the assembly line; no step knows another |
//! | [`roles`] | who is running: plugin, staging Pod, builder Job |

pub mod cluster;
pub mod error;
pub mod model;
pub mod oci;
pub mod registry;
pub mod roles;
pub mod staging;
pub mod steps;
pub mod term;
pub mod zip;

use std::{ffi::OsString, process::ExitCode};

/// Runs the role that the arguments ask for, to its end.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    term::show_panics();
    roles::run(args.into_iter().collect())
}
