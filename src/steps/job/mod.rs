//! Creates the builder Job, follows it, reads back what came of it.
