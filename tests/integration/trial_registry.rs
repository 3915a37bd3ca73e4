//! The registry of `registry up`: its objects, and what the namespace's configuration may say of one.

use kubectl_b2i::cluster::objects::trial_registry;
use serde_json::{Value, json};

use crate::support::golden::assert_golden;

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
