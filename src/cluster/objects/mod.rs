//! Every object that we ever create, as pure functions, in one folder for review.

pub mod adopted;
pub mod bootstrap_job;
pub mod builder_job;
pub mod check_job;
pub mod deployment;
pub mod ingress;
pub mod labels;
pub mod login_secret;
mod pod;
mod probes;
pub mod restricted;
pub mod service;
pub mod staging_job;
pub mod stateful_set;
pub mod trial_registry;
pub mod url;

/// First argument of the staging Pod's container.
pub const STAGING_ARGUMENT: &str = "in-cluster-staging";
/// First argument of the command that runs in the bootstrap Pod.
pub const BOOTSTRAP_ARGUMENT: &str = "in-cluster-bootstrap";
/// First argument of the builder Job's container.
pub const BUILDER_ARGUMENT: &str = "in-cluster-builder";
/// First argument of the check Job's container.
pub const CHECK_ARGUMENT: &str = "in-cluster-check";
/// First argument of the command that runs in a staging Pod's container where port-forward is
/// forbidden; the port follows.
pub const BRIDGE_ARGUMENT: &str = "in-cluster-bridge";
