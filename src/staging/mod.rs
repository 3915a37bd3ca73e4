//! Speaks our upload protocol, both ends: the plugin sends layers, the staging Pod takes them into
//! its spool and on to the one repository that it was started for.

mod base;
mod blob;
pub mod client;
mod deltas;
mod destination;
mod piece;
pub mod protocol;
pub mod server;
mod spool;
mod standstill;
mod token;

pub use blob::Replay;
pub use client::Client;
pub use destination::{Destination, DestinationError};
pub use token::Token;
