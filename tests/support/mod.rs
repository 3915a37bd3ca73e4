//! What several tests share.
pub mod fake_apiserver;
pub mod golden;
