//! Tests that need no cluster and no network beyond loopback: one executable, seconds.
#![allow(clippy::pedantic, reason = "tests are read for what they say")]
#![allow(missing_docs, reason = "the names of tests are their docs")]

#[path = "../support/mod.rs"]
mod support;

mod artifacts_elf;
mod artifacts_jar;
mod artifacts_war;
mod assemble;
mod bad_inputs;
mod build_record;
mod builder;
mod chunks;
mod cli;
mod configuration;
mod cut_requests;
mod delta;
mod deploy;
mod docs;
mod failure_data;
mod failures;
mod fetch;
mod fetch_tls;
#[cfg(unix)]
mod following;
mod generated;
mod hints;
mod house;
#[cfg(unix)]
mod inside;
#[cfg(unix)]
mod inside_by_chance;
mod inspect;
mod job;
mod killed_runs;
mod kubeconfig;
mod layer;
mod leftovers;
mod lifecycle;
mod local;
#[cfg(unix)]
mod names;
#[cfg(unix)]
mod namespace_images;
mod network;
mod network_limits;
mod nodes;
mod objects;
mod options_file;
mod orders;
mod outages;
mod output;
mod plan;
mod properties;
mod push;
mod quota;
mod registry;
mod registry_commands;
mod registry_matrix;
#[cfg(unix)]
mod registry_prompts;
mod registry_words;
mod role;
mod rollouts;
mod s2i;
mod shown_options;
mod staging;
mod staging_job;
mod threat_model;
mod transport;
mod trial_registry;
mod trust;
mod untrusted_record;
mod workflows;
mod wrong_login;
