//! Speaks the distribution specification, as a client.
