//! What of the plan reads other people's text, for `tests/fuzz`: any text gives an answer.

use super::boot::LayersIndex;

/// Reads a `layers.idx`, and says which of its layers a file is in.
#[must_use]
pub fn layers_index(text: &str, name: &str) -> usize {
    LayersIndex::parse(text).layer_of(name)
}
