//! Tests that need no cluster and no network beyond loopback: one executable, seconds.
#![allow(clippy::pedantic, reason = "tests are read for what they say")]
#![allow(missing_docs, reason = "the names of tests are their docs")]

#[path = "../support/mod.rs"]
mod support;

mod artifacts_elf;
mod assemble;
mod build_record;
mod builder;
mod cli;
mod configuration;
mod deploy;
mod docs;
mod failures;
mod house;
mod inspect;
mod job;
mod kubeconfig;
mod layer;
mod nodes;
mod objects;
mod plan;
mod properties;
mod push;
mod registry;
mod s2i;
mod staging;
mod staging_job;
