//! Puts the image into the registry, the manifest last.
