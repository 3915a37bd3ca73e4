//! What happened, as text and as JSON.
