//! Makes the layers: reproducible tars, compressed, with both digests.
