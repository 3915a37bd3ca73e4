//! Tests that need no cluster and no network beyond loopback: one executable, seconds.
#![allow(clippy::pedantic, reason = "tests are read for what they say")]
#![allow(missing_docs, reason = "the names of tests are their docs")]

#[path = "../support/mod.rs"]
mod support;

mod build_record;
mod deploy;
mod house;
mod job;
mod kubeconfig;
mod objects;
