//! Decides what the image will be. Pure.
