//! Where the app answers from outside the cluster, and whether it does.

use std::time::Duration;

use k8s_openapi::api::{core::v1::Service, networking::v1::Ingress};
use kube::ResourceExt;
use reqwest::{StatusCode, header::LOCATION, redirect};
use tokio::time::{sleep, timeout};

use super::{Options, apply::Objects, rollout::Served};
use crate::{
    cluster::{
        Cluster,
        objects::{ingress, url},
    },
    model::{Event, Events, PortKind},
};

/// kube-proxy on a node needs a moment to learn of a Pod that has just become ready.
const ANSWER: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(200);

/// A URL, and whether something is to answer there by now.
pub(super) struct Url {
    pub(super) text: String,
    pub(super) is_asked: bool,
}

/// Returns where the app answers: by its Ingress, else at the address that its Service was given, else
/// at a node that runs a ready Pod. No right to list nodes is needed: each Pod knows the address of
/// its own.
pub(super) async fn url(
    cluster: &Cluster,
    options: &Options,
    served: &Served,
    applied: &Objects,
    events: &Events,
) -> Option<Url> {
    let said = &options.options;
    // Controllers write addresses into the status, after the apply.
    let ingress = match applied
        .ingress
        .as_ref()
        .filter(|_| !said.ingress.routes.is_empty())
    {
        Some(applied) => cluster.api::<Ingress>().get_opt(&applied.name_any()).await.ok()?,
        None => None,
    };
    let by_name = ingress.as_ref().and_then(|_| url::of_ingress(said));
    if let (Some(ingress), Some(text)) = (&ingress, &by_name) {
        if ingress::has_address(ingress) {
            let (text, is_asked) = (text.clone(), true);
            return Some(Url { text, is_asked });
        }
        events.send(Event::Warning(format!(
            "no Ingress controller has taken the Ingress `{}` yet; {text} answers when one does",
            options.name
        )));
    }
    let by_address = by_address(cluster, options, served, applied, events).await;
    let is_asked = by_address.is_some();
    let text = by_address.or(by_name)?;
    Some(Url { text, is_asked })
}

/// Returns the URL at the Service's own address, or at a node.
async fn by_address(
    cluster: &Cluster,
    options: &Options,
    served: &Served,
    applied: &Objects,
    events: &Events,
) -> Option<String> {
    let said = &options.options;
    let mut service = applied.service.clone();
    if said.service == PortKind::LoadBalancer {
        service = cluster
            .api::<Service>()
            .get_opt(options.name.as_str())
            .await
            .ok()?;
        if service
            .as_ref()
            .is_some_and(|service| url::of_balancer(service, said).is_none())
        {
            events.send(Event::Warning(format!(
                "the Service `{}` has no address yet; its status shows it when the cloud has given one: `kubectl b2i status {} -n {}`",
                options.name, options.name, cluster.namespace
            )));
        }
    }
    let service = service.as_ref()?;
    url::of_balancer(service, said).or_else(|| url::of_node(service, said, served.host_ip.as_deref()?))
}

/// Asks once, follows nothing, and returns what it answered: `200 OK`, `302 Found → /login`. Where
/// there is no answer the person is warned: the app serves all the same.
pub(super) async fn ask(url: &str, events: &Events) -> Option<String> {
    // No proxy: a node's address is for those who reach it directly.
    let client = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()
        .ok()?;
    let asked = timeout(ANSWER, async {
        loop {
            match client.get(url).send().await {
                Err(error) if error.is_connect() => sleep(AGAIN).await,
                answer => return answer,
            }
        }
    });
    if let Ok(Ok(answer)) = asked.await {
        let target = answer
            .headers()
            .get(LOCATION)
            .and_then(|target| target.to_str().ok());
        return Some(words(answer.status(), target));
    }
    events.send(Event::Warning(format!(
        "{url} did not answer from here within {} s; the app is ready all the same, as its Pods' probes say",
        ANSWER.as_secs()
    )));
    None
}

fn words(status: StatusCode, target: Option<&str>) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    let text = format!("{} {reason}", status.as_u16());
    match target {
        Some(target) if status.is_redirection() => format!("{} → {target}", text.trim_end()),
        _ => text.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_words() {
        assert_eq!(words(StatusCode::OK, None), "200 OK");
        assert_eq!(words(StatusCode::FOUND, Some("/zipkin/")), "302 Found → /zipkin/");
        assert_eq!(words(StatusCode::from_u16(299).expect("a code"), None), "299");
    }
}
