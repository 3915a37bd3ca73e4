//! Every right that we use, asked for one by one: what `docs/reference/permissions.yaml` grants.

use futures_util::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::{Api, api::PostParams};

use crate::{
    cluster::{Cluster, secrets::USUAL_NAME},
    error::Result,
    model::Finding,
};

/// Rights on one resource.
#[derive(Clone, Copy, Debug)]
pub struct Needed {
    /// Its API group.
    pub group: &'static str,
    /// Its plural name.
    pub resource: &'static str,
    /// A subresource; empty for the resource itself.
    pub subresource: &'static str,
    /// Verbs without which a deploy fails.
    pub always: &'static [&'static str],
    /// Verbs without which something else does, and what that is.
    pub sometimes: &'static [(&'static str, &'static str)],
}

const fn needed(
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
    always: &'static [&'static str],
    sometimes: &'static [(&'static str, &'static str)],
) -> Needed {
    Needed {
        group,
        resource,
        subresource,
        always,
        sometimes,
    }
}

const LISTS: &str = "list, status and delete";
const STATEFUL: &str = "deploy --stateful";
const DATA: &str = "the data of stateful apps in delete";
const INGRESS: &str = "deploy --ingress";
const TROUBLES: &str = "why a Pod does not start";

/// Every right that we use. (Reading the default `ServiceAccount` only helps to find the push Secret.)
pub const NEEDED: &[Needed] = &[
    needed(
        "batch",
        "jobs",
        "",
        &["create", "get", "list", "watch", "delete"],
        &[],
    ),
    needed("", "pods", "", &["get", "list", "watch"], &[]),
    needed(
        "",
        "pods",
        "log",
        &[],
        &[("get", "logs, and the last lines of what failed")],
    ),
    needed("", "pods", "portforward", &["get", "create"], &[]),
    needed(
        "",
        "configmaps",
        "",
        &["get", "create", "patch", "delete"],
        &[("list", LISTS), ("watch", "status --watch")],
    ),
    needed(
        "apps",
        "deployments",
        "",
        &["get", "list", "watch", "create", "patch"],
        &[("delete", "delete")],
    ),
    needed(
        "",
        "services",
        "",
        &["get", "create", "patch", "delete"],
        &[("list", LISTS)],
    ),
    needed(
        "apps",
        "statefulsets",
        "",
        &[],
        &[
            ("get", STATEFUL),
            ("list", STATEFUL),
            ("watch", STATEFUL),
            ("create", STATEFUL),
            ("patch", STATEFUL),
            ("delete", STATEFUL),
        ],
    ),
    needed(
        "",
        "persistentvolumeclaims",
        "",
        &[],
        &[("list", DATA), ("delete", DATA)],
    ),
    needed(
        "networking.k8s.io",
        "ingresses",
        "",
        &[],
        &[
            ("get", INGRESS),
            ("list", INGRESS),
            ("create", INGRESS),
            ("patch", INGRESS),
            ("delete", INGRESS),
        ],
    ),
    needed(
        "autoscaling",
        "horizontalpodautoscalers",
        "",
        &[],
        &[("list", "who scales the app, where --replicas is given")],
    ),
    needed("apps", "replicasets", "", &["list"], &[]),
    needed(
        "apps",
        "controllerrevisions",
        "",
        &[],
        &[("list", "rollback --with-options of a StatefulSet")],
    ),
    needed(
        "",
        "resourcequotas",
        "",
        &[],
        &[("list", "leaving the quota's room to the app")],
    ),
    needed("", "events", "", &[], &[("list", TROUBLES), ("watch", TROUBLES)]),
    needed(
        "",
        "secrets",
        "",
        &[],
        &[("get", "where an image goes; without it, give --image")],
    ),
];

/// What takes the place of `pods/portforward` where that is not granted, and brings a builder image in. In
/// no Role of ours: it lets its owner run whatever a container holds.
const EXEC: Needed = needed("", "pods", "exec", &["get", "create"], &[]);

/// Requests that are on their way at one time.
const AT_ONCE: usize = 8;

/// Asks for each right.
pub(super) async fn checks(cluster: &Cluster) -> Result<Vec<Finding>> {
    let asked = NEEDED.iter().map(|needed| check(cluster, needed));
    stream::iter(asked).buffered(AT_ONCE).try_collect().await
}

async fn check(cluster: &Cluster, needed: &Needed) -> Result<Finding> {
    let full = match needed.subresource {
        "" => needed.resource.to_owned(),
        subresource => format!("{}/{subresource}", needed.resource),
    };
    let name = format!("may {full}");
    let mut missing = Vec::new();
    for verb in needed.always {
        if !may(cluster, needed, verb).await? {
            missing.push(*verb);
        }
    }
    let mut lesser = Vec::new();
    let mut spoiled = Vec::new();
    for (verb, what_for) in needed.sometimes {
        if !may(cluster, needed, verb).await? {
            lesser.push(*verb);
            spoiled.push(*what_for);
        }
    }
    spoiled.dedup();
    let fix = format!(
        "have the Role of docs/reference/permissions.yaml granted: {} on {full} in `{}`",
        [missing.clone(), lesser.clone()].concat().join(", "),
        cluster.namespace
    );
    let sometimes = needed.sometimes.iter().map(|(verb, _)| *verb);
    let verbs: Vec<&str> = needed.always.iter().copied().chain(sometimes).collect();
    let is_port_forward = needed.subresource == "portforward";
    Ok(
        if !missing.is_empty() && is_port_forward && may_exec(cluster).await? {
            let detail = format!("not {}: uploads go by exec, which is slower", missing.join(", "));
            Finding::warning(name, detail, fix)
        } else if !missing.is_empty() {
            Finding::failed(name, format!("not {}", missing.join(", ")), fix)
        } else if !lesser.is_empty() {
            let detail = format!("not {}: for {}", lesser.join(", "), spoiled.join(", "));
            Finding::warning(name, detail, fix)
        } else {
            Finding::ok(name, verbs.join(", "))
        },
    )
}

/// Whether the person may run commands in Pods.
///
/// # Errors
/// The API server does not say.
pub async fn may_exec(cluster: &Cluster) -> Result<bool> {
    for verb in EXEC.always {
        if !may(cluster, &EXEC, verb).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn may(cluster: &Cluster, needed: &Needed, verb: &str) -> Result<bool> {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                namespace: Some(cluster.namespace.clone()),
                group: Some(needed.group.to_owned()),
                resource: Some(needed.resource.to_owned()),
                // The Role names the one Secret that it is about.
                name: (needed.resource == "secrets").then(|| USUAL_NAME.to_owned()),
                subresource: Some(needed.subresource.to_owned()).filter(|it| !it.is_empty()),
                verb: Some(verb.to_owned()),
                ..ResourceAttributes::default()
            }),
            non_resource_attributes: None,
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer = Api::<SelfSubjectAccessReview>::all(cluster.client.clone())
        .create(&PostParams::default(), &review)
        .await;
    answer
        .map(|review| review.status.is_some_and(|status| status.allowed))
        .map_err(|error| cluster.failure("could not ask what you may do", &error))
}
