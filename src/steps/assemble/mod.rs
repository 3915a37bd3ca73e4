//! Makes an image's config and manifest of a base and of our layers.
