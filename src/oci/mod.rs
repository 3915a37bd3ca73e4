//! The words of the OCI image specification, as types. Pure: no network, no clock.

mod archive;
pub mod chunk_groups;
pub mod chunks;
pub mod compression;
pub mod delta;
mod descriptor;
mod digest;
mod gzip;
pub mod layer;
mod pieces;
mod platform;
mod reference;
mod zstd;

pub use archive::{ArchiveWriter, BlobWriter};
pub use compression::Compression;
pub use descriptor::{Descriptor, media_type};
pub use digest::{Digest, Hasher};
pub use platform::Platform;
pub use reference::Reference;
