//! What quotas and limit ranges leave for a build's Pods. Pure.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{LimitRange, ResourceQuota},
    apimachinery::pkg::api::resource::Quantity,
};

use crate::cluster::{
    objects::restricted::{CPU, CPU_LIMIT, MEMORY, MEMORY_LIMIT},
    quantity::thousandths,
    quota::counts_cpu_limits,
};

/// What one Pod of a build asks for, in the words of quotas:
/// <https://kubernetes.io/docs/concepts/policy/resource-quotas/#compute-resource-quota>. The staging
/// Pod, which asks for the same, makes room for the builder where both do not fit.
const WANTED: &[(&str, &str)] = &[
    ("pods", "1"),
    ("count/pods", "1"),
    ("count/jobs.batch", "1"),
    ("cpu", CPU),
    ("requests.cpu", CPU),
    ("memory", MEMORY),
    ("requests.memory", MEMORY),
    ("limits.memory", MEMORY_LIMIT),
    ("limits.cpu", CPU_LIMIT),
];

/// Returns what quotas leave no room for.
pub(super) fn quota(quotas: &[ResourceQuota]) -> Vec<String> {
    let mut lacks = Vec::new();
    for quota in quotas {
        let name = quota.metadata.name.as_deref().unwrap_or_default();
        let status = quota.status.as_ref();
        let amounts = |of: Option<&BTreeMap<String, Quantity>>, key: &str| {
            of.and_then(|all| all.get(key)).and_then(|it| thousandths(&it.0))
        };
        let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
        for (key, wanted) in WANTED {
            let limit = amounts(hard, key);
            let used = amounts(status.and_then(|status| status.used.as_ref()), key).unwrap_or(0);
            if let (Some(limit), Some(wanted_amount)) = (limit, thousandths(wanted))
                && used + wanted_amount > limit
            {
                lacks.push(format!("`{name}` leaves no {wanted} of {key}"));
            }
        }
    }
    lacks
}

/// Returns a quota that demands a CPU limit of every container, where no limit range gives one: the Pods of a build set
/// it then, and the app's do not.
pub(super) fn demands_cpu_limit<'a>(quotas: &'a [ResourceQuota], ranges: &[LimitRange]) -> Option<&'a str> {
    let quota = quotas.iter().find(|quota| counts_cpu_limits(quota))?;
    let name = quota.metadata.name.as_deref().unwrap_or_default();
    (!gives_cpu_limit(ranges)).then_some(name)
}

fn gives_cpu_limit(ranges: &[LimitRange]) -> bool {
    items(ranges).any(|item| {
        item.default
            .as_ref()
            .is_some_and(|default| default.contains_key("cpu"))
    })
}

fn items(ranges: &[LimitRange]) -> impl Iterator<Item = &k8s_openapi::api::core::v1::LimitRangeItem> {
    let specs = ranges.iter().filter_map(|range| range.spec.as_ref());
    specs.flat_map(|spec| &spec.limits)
}

/// Returns why limit ranges refuse the Pods of a build.
pub(super) fn range(ranges: &[LimitRange]) -> Vec<String> {
    let mut refuses = Vec::new();
    for item in items(ranges).filter(|item| matches!(item.type_.as_str(), "Container" | "Pod")) {
        let of = |all: &Option<BTreeMap<String, Quantity>>, key: &str| {
            let text = all.as_ref()?.get(key)?.0.clone();
            Some((thousandths(&text)?, text))
        };
        for (key, wanted) in [("cpu", CPU), ("memory", MEMORY)] {
            if let (Some((least, text)), Some(wanted_amount)) = (of(&item.min, key), thousandths(wanted))
                && least > wanted_amount
            {
                refuses.push(format!(
                    "the least {key} is {text}, the builder asks for {wanted}"
                ));
            }
        }
        if let (Some((most, text)), Some(limit)) = (of(&item.max, "memory"), thousandths(MEMORY_LIMIT))
            && most < limit
        {
            refuses.push(format!(
                "the most memory is {text}, the builder's limit is {MEMORY_LIMIT}"
            ));
        }
    }
    refuses
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn quotas(hard: &Value, used: &Value) -> Vec<ResourceQuota> {
        let quota =
            json!({ "metadata": { "name": "small" }, "spec": { "hard": hard }, "status": { "used": used } });
        vec![serde_json::from_value(quota).expect("a quota")]
    }

    fn ranges(item: &Value) -> Vec<LimitRange> {
        let range = json!({ "metadata": { "name": "r" }, "spec": { "limits": [item] } });
        vec![serde_json::from_value(range).expect("a limit range")]
    }

    #[test]
    fn a_quota_that_is_used_up() {
        let room = quotas(
            &json!({ "pods": "2", "limits.memory": "512Mi" }),
            &json!({ "pods": "1", "limits.memory": "256Mi" }),
        );
        assert_eq!(quota(&room), Vec::<String>::new());
        let full = quotas(
            &json!({ "limits.memory": "511Mi" }),
            &json!({ "limits.memory": "256Mi" }),
        );
        assert_eq!(quota(&full), ["`small` leaves no 256Mi of limits.memory"]);
    }

    #[test]
    fn a_quota_of_cpu_limits_wants_a_default() {
        let counts = quotas(&json!({ "limits.cpu": "8" }), &json!({}));
        assert_eq!(quota(&counts), Vec::<String>::new());
        assert_eq!(demands_cpu_limit(&counts, &[]), Some("small"));
        let default = ranges(&json!({ "type": "Container", "default": { "cpu": "1" } }));
        assert_eq!(demands_cpu_limit(&counts, &default), None);
    }

    #[test]
    fn a_range_that_our_pods_are_outside_of() {
        let narrow =
            ranges(&json!({ "type": "Container", "min": { "cpu": "100m" }, "max": { "memory": "128Mi" } }));
        assert_eq!(range(&narrow).len(), 2);
        let wide =
            ranges(&json!({ "type": "Container", "min": { "cpu": "10m" }, "max": { "memory": "1Gi" } }));
        assert_eq!(range(&wide), Vec::<String>::new());
    }
}
