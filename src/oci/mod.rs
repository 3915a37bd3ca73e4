//! The words of the OCI image specification, as types. Pure: no network, no clock.

mod archive;
pub mod chunk_groups;
pub mod chunks;
pub mod delta;
mod descriptor;
mod digest;
pub mod gzip;
pub mod layer;
mod platform;
mod reference;

pub use archive::{ArchiveWriter, BlobWriter};
pub use descriptor::{Descriptor, media_type};
pub use digest::{Digest, Hasher};
pub use platform::Platform;
pub use reference::Reference;
