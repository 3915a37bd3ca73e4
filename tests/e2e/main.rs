//! End to end: a real cluster runs what we build, a real registry stores it, other people's tools
//! judge it. `tests/run` brings all of it up; each test has a namespace of its own, labelled
//! `pod-security.kubernetes.io/enforce: restricted`, and acts as a user who has only the Role in
//! `docs/reference/permissions.yaml`.
#![allow(clippy::pedantic, reason = "tests are read for what they say")]
#![allow(
    clippy::print_stderr,
    reason = "a row of the table names what it really ran on"
)]
#![allow(missing_docs, unreachable_pub, reason = "the names of tests are their docs")]

#[path = "../support/mod.rs"]
mod support;

mod archive;
mod asked;
mod bootstrap;
mod changes;
mod collection;
mod completion;
mod compression;
mod cut_requests;
mod cuts;
mod deploy;
mod docker_base;
mod examples;
mod history;
mod images;
mod installed;
mod interrupt;
mod jars;
mod lifecycle;
mod link;
mod names;
mod natives;
mod options;
mod options_file;
mod orders;
mod outages;
mod overlap;
mod own_registry;
mod pulls;
mod quota;
mod readme;
mod refusals;
mod registry_cases;
mod registry_matrix;
mod role;
mod rollout_failures;
mod s2i;
mod secrecy;
mod toxiproxy;
mod trial_registry;
mod typing;
mod untrusted_record;
mod wars;
mod ways;
mod world;
