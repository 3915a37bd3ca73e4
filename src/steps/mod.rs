//! The assembly line. Each step has one `run`; it takes what the one before gave:
//!
//! | step | takes | gives |
//! |---|---|---|
//! | [`fetch`] | a path, a pipe or a URL (`ArtifactPlace`) | a path on this machine |
//! | [`inspect`] | that path | `Artifact` |
//! | [`plan`] | `Artifact` | `ImagePlan`: pure |
//! | [`pack`] | `ImagePlan` | `Layer`s: files with both digests |
//! | [`upload`] | `Layer`s | the registry has them (`Uploaded`) |
//! | [`job`] | `BuildRequest` | `BuildResult`, by a builder Job, in which |
//! | [`assemble`] | `BuildRequest` and the base image | config and manifest |
//! | [`push`] | those | the registry has the image |
//! | [`deploy`] | `BuildResult` | `Rollout` |
//! | [`report`] | all of it | text or JSON |
//! | [`check`] | `CheckRequest` | `CheckReport`: what a registry would have against a build |
//! | [`connect`] | mounted Secrets and a `RegistryAccess` | a client of a registry, in a Pod |
//! | [`bootstrap`] | our executable and a `BootstrapRequest` | the builder image is in a registry (`BuildResult`) |
//! | [`cleanup`] | a run's id | nothing of it is left in the cluster |
//!
//! Beside the line, what is done with apps that are there:
//!
//! | step | takes | gives |
//! |---|---|---|
//! | [`observe`] | an app's name | `AppStatus` |
//! | [`logs`] | an app's name | lines |
//! | [`doctor`] | a namespace | `Finding`s |
//! | [`host`] | a namespace | a registry in it, for trying things out (`Hosted`) |
//! | [`remove`] | an app's name | nothing of it is left in the cluster |

pub mod assemble;
pub mod bootstrap;
pub mod check;
pub mod cleanup;
pub mod connect;
pub mod deploy;
pub mod doctor;
pub mod fetch;
pub mod host;
pub mod inspect;
pub mod job;
pub mod logs;
pub mod observe;
pub mod pack;
pub mod plan;
pub mod push;
pub mod remove;
pub mod report;
pub mod upload;
