//! Tests that need no cluster and no network beyond loopback: one executable, seconds.
#![allow(clippy::pedantic, reason = "tests are read for what they say")]
#![allow(missing_docs, reason = "the names of tests are their docs")]

mod house;
mod staging;
mod staging_job;
