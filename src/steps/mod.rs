//! The assembly line. Each step has one `run`; it takes what the one before gave:
//!
//! | step | takes | gives |
//! |---|---|---|
//! | [`inspect`] | a path | `Artifact` |
//! | [`plan`] | `Artifact` | `ImagePlan`: pure |
//! | [`pack`] | `ImagePlan` | `Layer`s: files with both digests |
//! | [`upload`] | `Layer`s | the registry has them (`Uploaded`) |
//! | [`job`] | `BuildRequest` | `BuildResult`, by a builder Job, in which |
//! | [`assemble`] | `BuildRequest` and the base image | config and manifest |
//! | [`push`] | those | the registry has the image |
//! | [`deploy`] | `BuildResult` | `Rollout` |
//! | [`report`] | all of it | text or JSON |
//! | [`check`] | `CheckRequest` | `CheckReport`: what a registry would have against a build |
//! | [`cleanup`] | a run's id | nothing of it is left in the cluster |

pub mod assemble;
pub mod check;
pub mod cleanup;
pub mod deploy;
pub mod inspect;
pub mod job;
pub mod pack;
pub mod plan;
pub mod push;
pub mod report;
pub mod upload;
