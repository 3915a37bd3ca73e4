//! The CPU limit of a build's Pods. They have none, which is fastest, unless somebody wants one or a quota demands it.

use super::config::Config;
use crate::cluster::{Cluster, objects::restricted::CPU_LIMIT, quota};

/// Returns the limit: the flag's, else the configuration's, else the usual one where a quota demands any.
pub(super) async fn choose(cluster: &Cluster, flag: Option<&String>, config: &Config) -> Option<String> {
    match flag.or(config.build_cpu_limit.as_ref()) {
        Some(said) => Some(said.clone()),
        None if quota::demands_cpu_limit(cluster).await => Some(CPU_LIMIT.to_owned()),
        None => None,
    }
}
