//! Where the app answers from outside the cluster, and whether it does.

use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use reqwest::{StatusCode, header::LOCATION, redirect};
use tokio::time::{sleep, timeout};

use super::rollout::Served;
use crate::{
    cluster::objects::service,
    model::{Event, Events},
};

/// kube-proxy on a node needs a moment to learn of a Pod that has just become ready.
const ANSWER: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(200);

/// Returns the URL at a node that runs a ready Pod; `None` where no port of a node leads to it. No
/// right to list nodes is needed: each Pod knows the address of its own.
pub(super) fn url(served: &Served, service: Option<&Service>, context_path: &str) -> Option<String> {
    service::url(service?, served.host_ip.as_deref()?, context_path)
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
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_in_words() {
        assert_eq!(words(StatusCode::OK, None), "200 OK");
        assert_eq!(words(StatusCode::FOUND, Some("/zipkin/")), "302 Found → /zipkin/");
        assert_eq!(words(StatusCode::from_u16(299).expect("a code"), None), "299");
    }

    #[test]
    fn a_url_needs_a_node_port() {
        let served = Served {
            ready: 1,
            wanted: 1,
            host_ip: Some("fd00::1".to_owned()),
        };
        let with = |port: serde_json::Value| -> Service {
            serde_json::from_value(
                json!({ "spec": { "ports": [{ "name": "port-1", "port": 80, "nodePort": port }] } }),
            )
            .expect("a Service")
        };
        let url = url(&served, Some(&with(json!(31234))), "/shop/");
        assert_eq!(url.as_deref(), Some("http://[fd00::1]:31234/shop/"));
        assert_eq!(super::url(&served, Some(&with(json!(null))), "/"), None);
    }
}
