//! What a quota has against a Pod, read from the API server's message, and what a Pod counts in a quota.
//! <https://kubernetes.io/docs/concepts/policy/resource-quotas/#compute-resource-quota>

use k8s_openapi::api::core::v1::{Container, Pod, ResourceQuota};
use kube::api::ListParams;
use serde_json::json;

use super::{Cluster, objects::restricted::CPU_LIMIT, quantity::thousandths};
use crate::error::Failure;

/// What a quota has against a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaProblem {
    /// A container does not set an amount that the quota counts.
    Missing {
        /// Name of the quota.
        quota: String,
        /// `limits.cpu` and such.
        resources: Vec<String>,
    },
    /// The quota has less left than the Pod requests.
    Exceeded {
        /// Name of the quota.
        quota: String,
        /// What there is too little of.
        amounts: Vec<Amount>,
    },
}

/// An amount that a quota has too little of, in thousandths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// `limits.cpu`, `pods` and such.
    pub resource: String,
    /// What the Pod requests.
    pub requested: u128,
    /// The most that may be used.
    pub limited: u128,
}

impl QuotaProblem {
    /// Reads the message of a refusal; `None` where it is not about a quota:
    /// <https://github.com/kubernetes/kubernetes/blob/v1.34.0/staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go>.
    /// Its names become parts of commands, and who may write events can forge a message.
    #[must_use]
    pub fn of(message: &str) -> Option<Self> {
        let problem = Self::missing(message).or_else(|| Self::exceeded(message))?;
        let (quota, resources): (_, Vec<&String>) = match &problem {
            Self::Missing { quota, resources } => (quota, resources.iter().collect()),
            Self::Exceeded { quota, amounts } => {
                (quota, amounts.iter().map(|amount| &amount.resource).collect())
            }
        };
        let is_name = |text: &String| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
            text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_part)
        };
        (is_name(quota) && resources.into_iter().all(is_name)).then_some(problem)
    }

    fn missing(message: &str) -> Option<Self> {
        let (_, rest) = message.split_once("failed quota: ")?;
        let (quota, rest) = rest.split_once(": must specify ")?;
        let resource = |part: &str| part.split(" for: ").next().unwrap_or(part).trim().to_owned();
        Some(Self::Missing {
            quota: quota.to_owned(),
            resources: rest.split(';').map(resource).collect(),
        })
    }

    fn exceeded(message: &str) -> Option<Self> {
        let (_, rest) = message.split_once("exceeded quota: ")?;
        let (quota, rest) = rest.split_once(", requested: ")?;
        // What was used is of the first refusal: the controller keeps that message while it goes on trying.
        let (requested, rest) = rest.split_once(", used: ")?;
        let (_, limited) = rest.split_once(", limited: ")?;
        let amounts = requested.split(',').filter_map(|pair| {
            let (resource, amount) = pair.split_once('=')?;
            Some(Amount {
                resource: resource.to_owned(),
                requested: thousandths(amount)?,
                limited: amount_of(resource, limited)?,
            })
        });
        Some(Self::Exceeded {
            quota: quota.to_owned(),
            amounts: amounts.collect(),
        })
    }

    /// Whether the Pod would not fit into the quota if it were empty either.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Missing { .. } => true,
            Self::Exceeded { amounts, .. } => amounts.iter().any(|amount| amount.requested > amount.limited),
        }
    }
}

/// `limits.cpu=1,pods=2`
fn amount_of(resource: &str, pairs: &str) -> Option<u128> {
    let mut pairs = pairs.split(',').filter_map(|pair| pair.trim().split_once('='));
    let (_, amount) = pairs.find(|(name, _)| *name == resource)?;
    thousandths(amount)
}

/// Returns what a Pod counts in a quota, in thousandths. Init containers that end are left out: where they request more
/// than all others, the Pod counts more.
#[must_use]
pub fn usage(pod: &Pod, resource: &str) -> u128 {
    if matches!(resource, "pods" | "count/pods") {
        return 1000;
    }
    let (name, is_limit) = match resource.split_once('.') {
        Some(("limits", name)) => (name, true),
        Some(("requests", name)) => (name, false),
        _ => (resource, false),
    };
    let of_container = |container: &Container| {
        let resources = container.resources.as_ref()?;
        let amounts = if is_limit {
            resources.limits.as_ref()
        } else {
            resources.requests.as_ref()
        };
        thousandths(&amounts?.get(name)?.0)
    };
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.filter_map(of_container).fold(0, u128::saturating_add)
}

/// Whether a quota of the namespace demands a CPU limit of every container. Who may not list quotas learns that when
/// one refuses a Pod.
pub async fn demands_cpu_limit(cluster: &Cluster) -> bool {
    let quotas = cluster.api::<ResourceQuota>().list(&ListParams::default()).await;
    quotas.is_ok_and(|quotas| quotas.iter().any(counts_cpu_limits))
}

/// Whether a quota counts CPU limits, and so refuses containers without one.
#[must_use]
pub fn counts_cpu_limits(quota: &ResourceQuota) -> bool {
    let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
    hard.is_some_and(|hard| hard.contains_key("limits.cpu"))
}

/// Adds to the failure of a build's Pod that may not be created, `why` being the refusal, what to do.
#[must_use]
pub fn build_pod_refused(failure: Failure, namespace: &str) -> Failure {
    let failure = failure.anchor("pod-refused");
    match QuotaProblem::of(&failure.why) {
        Some(QuotaProblem::Missing { quota, resources }) => {
            let flag = if resources.iter().any(|resource| resource == "limits.cpu") {
                format!("give the Pods of the build a limit with `--build-cpu-limit {CPU_LIMIT}`, or ")
            } else {
                String::new()
            };
            failure
                .next(format!(
                    "the quota `{quota}` demands {} of every container: {flag}{ASK}:",
                    resources.join(", ")
                ))
                .command(limit_range(&resources, namespace))
        }
        Some(QuotaProblem::Exceeded { quota, .. }) => failure
            .next(format!(
                "make room in the namespace, or have the quota `{quota}` raised:"
            ))
            .command(format!("kubectl get resourcequota -n {namespace}")),
        None => failure
            .next("change what the rule is about, or have the rule changed; these apply to the namespace:")
            .command(format!(
                "kubectl describe resourcequota,limitrange -n {namespace}"
            ))
            .command(format!("kubectl get namespace {namespace} --show-labels")),
    }
}

/// Who can do something about a quota that demands amounts of every container.
pub const ASK: &str = "have an administrator of the namespace set defaults for all containers";

/// Returns the command that gives containers without these amounts a default.
#[must_use]
pub fn limit_range(resources: &[String], namespace: &str) -> String {
    let mut item = json!({ "type": "Container" });
    for resource in resources {
        let (of, name) = resource.split_once('.').unwrap_or(("requests", resource));
        let (limit, request) = if name == "cpu" {
            ("500m", "50m")
        } else {
            ("512Mi", "64Mi")
        };
        // A default limit alone would be the default request too.
        item["defaultRequest"][name] = request.into();
        if of == "limits" {
            item["default"][name] = limit.into();
        }
    }
    let object = json!({
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": { "name": "defaults" },
        "spec": { "limits": [item] },
    });
    format!("echo '{object}' | kubectl apply -n {namespace} -f -")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_api_server_says() {
        let missing = r#"pods "shop-1" is forbidden: failed quota: small: must specify limits.cpu for: shop,mesh; limits.memory for: mesh"#;
        assert_eq!(
            QuotaProblem::of(missing),
            Some(QuotaProblem::Missing {
                quota: "small".to_owned(),
                resources: vec!["limits.cpu".to_owned(), "limits.memory".to_owned()],
            })
        );
        let exceeded = r#"pods "shop-1" is forbidden: exceeded quota: small, requested: limits.cpu=500m,pods=1, used: limits.cpu=1,pods=1, limited: limits.cpu=1200m,pods=1"#;
        let problem = QuotaProblem::of(exceeded).expect("a quota's");
        let amount = |resource: &str, requested, limited| Amount {
            resource: resource.to_owned(),
            requested,
            limited,
        };
        let amounts = vec![amount("limits.cpu", 500, 1200), amount("pods", 1000, 1000)];
        let quota = "small".to_owned();
        assert!(!problem.is_final());
        assert_eq!(problem, QuotaProblem::Exceeded { quota, amounts });
        let never = "exceeded quota: small, requested: limits.memory=1Gi, used: limits.memory=0, limited: limits.memory=512Mi";
        assert!(QuotaProblem::of(never).is_some_and(|problem| problem.is_final()));
        for other in [
            "exceeded quota: small",
            "failed quota: small",
            "violates PodSecurity",
            "failed quota: small: must specify limits.cpu'; rm -rf ~ # for: shop",
            "exceeded quota: $(id), requested: pods=1, used: pods=1, limited: pods=1",
        ] {
            assert_eq!(QuotaProblem::of(other), None, "{other}");
        }
    }

    #[test]
    fn a_pod_counts_what_its_containers_set() {
        let pod: Pod = serde_json::from_value(json!({ "spec": { "containers": [
            { "name": "shop", "resources": { "requests": { "cpu": "100m" }, "limits": { "cpu": "1", "memory": "1Ki" } } },
            { "name": "mesh", "resources": { "limits": { "cpu": "500m" } } },
        ] } }))
        .expect("a Pod");
        for (resource, expected) in [
            ("limits.cpu", 1500),
            ("requests.cpu", 100),
            ("cpu", 100),
            ("limits.memory", 1_024_000),
            ("requests.memory", 0),
            ("pods", 1000),
        ] {
            assert_eq!(usage(&pod, resource), expected, "{resource}");
        }
    }

    #[test]
    fn defaults_are_for_what_is_demanded() {
        let command = limit_range(&["limits.cpu".to_owned()], "dev");
        assert!(
            command.contains(
                r#"[{"type":"Container","defaultRequest":{"cpu":"50m"},"default":{"cpu":"500m"}}]"#
            ),
            "{command}"
        );
    }
}
