//! Removes what a run made, on every way out.
