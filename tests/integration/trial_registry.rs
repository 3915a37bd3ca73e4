//! The registry of `registry up`: its objects, and what the namespace's configuration may say of one.

use std::time::Duration;

use kubectl_b2i::{
    cluster::objects::trial_registry,
    error::Failure,
    model::Events,
    steps::host::{self, Options},
};
use serde_json::{Value, json};

use crate::support::{fake_apiserver::FakeApiServer, golden::assert_golden};

const KINDS: [(&str, &str); 4] = [
    ("deployment", "/apis/apps/v1/namespaces/shop/deployments"),
    ("service", "/api/v1/namespaces/shop/services"),
    ("secret", "/api/v1/namespaces/shop/secrets"),
    (
        "persistentvolumeclaim",
        "/api/v1/namespaces/shop/persistentvolumeclaims",
    ),
];
/// What others have on their objects: nothing, another manager's, ours of an app, our role alone.
fn labels_of_others() -> [Value; 4] {
    [
        Value::Null,
        json!({ "app.kubernetes.io/managed-by": "Helm", "kubectl-b2i/role": "registry" }),
        json!({ "app.kubernetes.io/managed-by": "kubectl-b2i", "kubectl-b2i/role": "app" }),
        json!({ "kubectl-b2i/role": "registry" }),
    ]
}

/// An object of somebody else's that has the registry's name.
fn foreign(labels: &Value) -> Value {
    json!({
        "metadata": { "name": "b2i-registry", "labels": labels },
        "spec": { "clusterIP": "10.96.0.9", "ports": [{ "nodePort": 30999, "port": 5000 }], "selector": { "app": "theirs" } },
    })
}

fn is_write(request: &str) -> bool {
    !request.starts_with("GET ") && !request.contains("selfsubject")
}

async fn up(
    server: &FakeApiServer,
    cluster: &kubectl_b2i::cluster::Cluster,
    storage: Option<&str>,
) -> Failure {
    // It never comes so far that its Pod is waited for long.
    let options = Options {
        image: "registry:3".to_owned(),
        storage: storage.map(str::to_owned),
        timeout: Duration::from_millis(50),
    };
    let Err(failure) = host::run(cluster, &options, &Events::nowhere()).await else {
        panic!("it ran: {:?}", server.requests());
    };
    failure
}

#[tokio::test]
async fn it_takes_nothing_over_that_it_did_not_make() {
    for (kind, collection) in KINDS {
        for labels in labels_of_others() {
            for storage in [None, Some("1Gi")] {
                let (server, cluster) = FakeApiServer::start().await;
                let before = server.put(collection, foreign(&labels));
                let failure = up(&server, &cluster, storage).await;
                assert_eq!(
                    failure.why,
                    format!("there is a {kind} `b2i-registry` that `registry up` did not make")
                );
                assert_eq!(
                    failure.commands,
                    [format!("kubectl describe {kind} b2i-registry -n shop")]
                );
                let writes: Vec<String> = server.requests().into_iter().filter(|it| is_write(it)).collect();
                assert_eq!(writes, [""; 0], "{kind} {labels}");
                assert_eq!(server.get(collection, "b2i-registry"), Some(before));
            }
        }
    }
}

#[tokio::test]
async fn down_leaves_alone_what_up_did_not_make() {
    let ours = json!({ "app.kubernetes.io/managed-by": "kubectl-b2i", "kubectl-b2i/role": "registry" });
    for labels in labels_of_others() {
        let (server, cluster) = FakeApiServer::start().await;
        for (_, collection) in KINDS {
            server.put(collection, foreign(&labels));
        }
        assert_eq!(host::find(&cluster).await.unwrap().objects, [""; 0]);
        // Ours when it was found, somebody else's when it is removed.
        for (_, collection) in KINDS {
            server.put(collection, foreign(&ours));
        }
        let found = host::find(&cluster).await.unwrap();
        assert_eq!(found.objects.len(), KINDS.len());
        for (_, collection) in KINDS {
            server.remove(collection, "b2i-registry");
            server.put(collection, foreign(&labels));
        }
        host::end(&cluster, &found).await.unwrap();
        for (kind, collection) in KINDS {
            assert!(
                server.get(collection, "b2i-registry").is_some(),
                "{kind} {labels}"
            );
        }
    }
}

#[test]
fn its_deployment_holds_no_password_and_only_what_it_needs() {
    let deployment = json!(trial_registry::deployment(
        "docker.io/library/registry:3",
        false,
        "uid-1"
    ));
    assert_golden("trial_registry.json", &format!("{deployment:#}\n"));
    let volumes = &deployment["spec"]["template"]["spec"]["volumes"];
    let shown: Vec<&Value> = volumes[1]["secret"]["items"].as_array().unwrap().iter().collect();
    let keys: Vec<&str> = shown.iter().map(|item| item["key"].as_str().unwrap()).collect();
    assert_eq!(
        keys,
        ["htpasswd", "config.yml"],
        "the login itself stays out of the Pod"
    );
}

#[test]
fn with_a_claim_images_outlive_the_pod() {
    let deployment = json!(trial_registry::deployment("registry:3", true, "uid-1"));
    let storage = &deployment["spec"]["template"]["spec"]["volumes"][0];
    let claim = json!(trial_registry::claim("10Gi"));
    assert_eq!(
        storage["persistentVolumeClaim"]["claimName"],
        claim["metadata"]["name"]
    );
    assert_eq!(storage["emptyDir"], Value::Null);
    assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "10Gi");
}

#[test]
fn another_password_is_another_pod() {
    let of = |uid| json!(trial_registry::deployment("registry:3", true, uid))["spec"]["template"].clone();
    assert_ne!(of("uid-1"), of("uid-2"));
}

#[test]
fn its_service_finds_its_pods() {
    let service = json!(trial_registry::service());
    let deployment = json!(trial_registry::deployment("registry:3", false, "uid-1"));
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    assert_eq!(&service["spec"]["selector"], labels);
    assert_eq!(service["spec"]["type"], "NodePort");
    assert_eq!(service["spec"]["ipFamilies"], json!(["IPv4"]));
}
