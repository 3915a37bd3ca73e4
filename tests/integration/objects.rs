//! Every object that we create, in full, and the rules that each must keep.
use kubectl_b2i::{
    cluster::objects::{
        builder_job::BuilderJob,
        check_job::CheckJob,
        deployment::{App, as_before, deployment},
        service::service,
        trial_registry,
    },
    model::{AppName, CheckRequest, DeployOptions, Derived, Port, PortKind},
    oci::{Digest, Platform, Reference},
    steps::doctor,
};
use serde_json::{Value, json};

use crate::support::golden::assert_golden;

fn builder_job() -> Value {
    let job = BuilderJob {
        app: app(),
        run_id: "k3x9".to_owned(),
        attempt: 1,
        number: 7,
        image: "registry.example.com/b2i@sha256:12".to_owned(),
        image_pull_secret: Some("builder-pull".to_owned()),
        push_secret: "registry-push".to_owned(),
        pull_secret: Some("base-pull".to_owned()),
        deadline_seconds: 1800,
    };
    json!(job.object())
}

fn check_job() -> Value {
    let request = CheckRequest {
        image: "registry.example.com/team/shop".parse().unwrap(),
        only_login: false,
        base: Some("eclipse-temurin:17-jre".parse().unwrap()),
        access: Default::default(),
    };
    let job = CheckJob {
        run_id: "k3x9",
        builder_image: "registry.example.com/b2i@sha256:12",
        builder_pull_secret: Some("builder-pull"),
        push_secret: "registry-push",
        pull_secret: Some("base-pull"),
        request: &request,
    };
    json!(job.object())
}

fn app() -> AppName {
    "shop".parse().unwrap()
}

fn options() -> DeployOptions {
    DeployOptions {
        ports: vec![
            Port {
                container: 8080,
                service: 80,
            },
            Port {
                container: 9090,
                service: 9090,
            },
        ],
        service: PortKind::NodePort(None),
        env: [("A".to_owned(), "1".to_owned())].into(),
        context_path: "/".to_owned(),
        pull_secret: Some("registry-push".to_owned()),
        ..DeployOptions::default()
    }
}

fn shop_deployment(options: &DeployOptions, jvm: bool) -> Value {
    shop_with(options, jvm, &[], &[])
}

fn shop_with(options: &DeployOptions, jvm: bool, env: &[(&str, &str)], args: &[&str]) -> Value {
    let pair = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    let env = env.iter().map(pair).collect();
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let image: Reference = "registry.example.com/team/shop".parse().unwrap();
    json!(deployment(&App {
        name: &app(),
        options,
        derived: &Derived { env, args },
        image: &image.with_digest(Digest::of(b"")),
        platform: Some(&Platform::linux("amd64")),
        jvm,
        replicas: options.replicas,
        progress_seconds: 300,
    }))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[test]
fn the_builder_job() {
    assert_golden("builder_job.json", &pretty(&builder_job()));
}

#[test]
fn what_is_mapped_runs_and_is_not_remembered() {
    let mapped = shop_with(&options(), true, &[("A", "2"), ("B", "3")], &["--x", "y"]);
    let container = &mapped["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["env"],
        json!([{"name": "A", "value": "2"}, {"name": "B", "value": "3"}])
    );
    assert_eq!(container["args"], json!(["--x", "y"]));
    let plain = shop_deployment(&options(), true);
    assert_eq!(mapped["metadata"], plain["metadata"]);
    assert_eq!(
        plain["spec"]["template"]["spec"]["containers"][0]["args"],
        Value::Null
    );
}

#[test]
fn the_check_job() {
    assert_golden("check_job.json", &pretty(&check_job()));
}

#[test]
fn the_deployment() {
    assert_golden("deployment.json", &pretty(&shop_deployment(&options(), true)));
}

/// Everything that a person may ask for, once.
fn all_options() -> DeployOptions {
    let pod = json!({
        "envKeys": { "DB_PASSWORD": "secret:db/password", "LEVEL": "configmap:app/level" },
        "envFrom": ["secret/db", "configmap/app"],
        "command": ["/app/run"], "args": ["--debug", "a b"],
        "hasActuator": true, "serviceAccount": "shop", "nodeSelector": { "disk": "ssd" },
        "tolerations": ["gpu=yes:NoSchedule", "spot"],
        "labels": { "team": "web", "app.kubernetes.io/managed-by": "mallory" },
        "annotations": { "prometheus.io/scrape": "true" },
        "volumes": ["secret/tls:/etc/tls:ro", "configmap/app:/etc/app", "pvc/data:/data", "emptydir:/cache"],
    });
    DeployOptions {
        pod: serde_json::from_value(pod).unwrap(),
        context_path: "/shop/".to_owned(),
        ..options()
    }
}

#[test]
fn the_deployment_with_all_that_can_be_asked_for() {
    let deployment = shop_deployment(&all_options(), true);
    assert_golden("deployment_full.json", &pretty(&deployment));
    let annotation = deployment["metadata"]["annotations"]["kubectl-b2i/options"]
        .as_str()
        .unwrap();
    assert_eq!(
        serde_json::from_str::<DeployOptions>(annotation).unwrap(),
        all_options()
    );
    assert_eq!(
        deployment["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "kubectl-b2i"
    );
}

#[test]
fn probes_ask_where_the_app_answers() {
    let probes = |health: Value, has_actuator: bool| {
        let pod = json!({ "health": health, "hasActuator": has_actuator });
        let options = DeployOptions {
            pod: serde_json::from_value(pod).unwrap(),
            ..options()
        };
        let shop = shop_deployment(&options, true);
        let container = &shop["spec"]["template"]["spec"]["containers"][0];
        ["startupProbe", "readinessProbe", "livenessProbe"].map(|probe| {
            let probe = &container[probe];
            match probe["tcpSocket"].is_object() {
                true => json!("tcp"),
                false => probe["httpGet"]["path"].clone(),
            }
        })
    };
    let tcp = [json!("tcp"), json!("tcp"), Value::Null];
    assert_eq!(probes(json!("automatic"), false), tcp);
    assert_eq!(probes(json!("tcp"), true), tcp);
    assert_eq!(
        probes(json!({ "path": "/healthz" }), true),
        [json!("/healthz"), json!("/healthz"), Value::Null]
    );
    let group = |name: &str| json!(format!("/actuator/health/{name}"));
    assert_eq!(
        probes(json!("automatic"), true),
        [group("liveness"), group("readiness"), group("liveness")]
    );
}

#[test]
fn the_service() {
    assert_golden("service.json", &pretty(&json!(service(&app(), &options(), None))));
}

/// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
fn assert_restricted(pod: &Value) {
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let mounts_token = pod["serviceAccountName"].is_string();
    assert_eq!(
        pod["automountServiceAccountToken"], mounts_token,
        "only who names an account"
    );
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        assert!(
            ["configMap", "secret", "emptyDir", "persistentVolumeClaim"]
                .iter()
                .any(|kind| volume.get(kind).is_some()),
            "{volume}"
        );
    }
    for container in pod["containers"].as_array().unwrap() {
        let security = &container["securityContext"];
        assert_eq!(security["allowPrivilegeEscalation"], false);
        assert_eq!(security["capabilities"], json!({ "drop": ["ALL"] }));
        assert_eq!(security["runAsUser"], Value::Null, "OpenShift assigns its own");
        assert!(container["resources"]["limits"]["memory"].is_string());
        assert!(container["resources"]["requests"]["cpu"].is_string());
    }
}

#[test]
fn every_pod_is_restricted() {
    for job in [builder_job(), check_job()] {
        let pod = &job["spec"]["template"]["spec"];
        assert_restricted(pod);
        assert_eq!(
            pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"],
            true
        );
    }
    let registry = json!(trial_registry::deployment("registry:3", false, "uid-1"));
    assert_restricted(&registry["spec"]["template"]["spec"]);
    assert_restricted(&shop_deployment(&options(), true)["spec"]["template"]["spec"]);
    assert_restricted(&shop_deployment(&all_options(), true)["spec"]["template"]["spec"]);
}

#[test]
fn no_request_for_the_app_reaches_a_pod_of_a_build() {
    let service = json!(service(&app(), &options(), None));
    let builder = builder_job();
    let builders = &builder["spec"]["template"]["metadata"]["labels"];
    let selector = service["spec"]["selector"].as_object().unwrap();
    assert!(
        selector.iter().any(|(key, value)| builders[key] != *value),
        "{selector:?} selects {builders}"
    );
    let shop = shop_deployment(&options(), false);
    let labels = &shop["spec"]["template"]["metadata"]["labels"];
    assert!(selector.iter().all(|(key, value)| labels[key] == *value));
}

#[test]
fn replicas_are_left_out_unless_given() {
    assert_eq!(
        shop_deployment(&options(), false)["spec"]["replicas"],
        Value::Null
    );
    let three = DeployOptions {
        replicas: Some(3),
        ..options()
    };
    assert_eq!(shop_deployment(&three, false)["spec"]["replicas"], 3);
}

#[test]
fn memory_is_request_and_limit() {
    let memory = |deployment: &Value| {
        let resources = &deployment["spec"]["template"]["spec"]["containers"][0]["resources"];
        assert_eq!(resources["requests"]["memory"], resources["limits"]["memory"]);
        resources["limits"]["memory"].clone()
    };
    assert_eq!(memory(&shop_deployment(&options(), true)), "512Mi");
    assert_eq!(memory(&shop_deployment(&options(), false)), "128Mi");
    let more = DeployOptions {
        memory: Some("1Gi".to_owned()),
        ..options()
    };
    assert_eq!(memory(&shop_deployment(&more, true)), "1Gi");
}

#[test]
fn a_node_port_stays_and_a_number_wins() {
    let live = json!({ "spec": { "ports": [{ "name": "port-1", "port": 80, "nodePort": 31234 }] } });
    let live = serde_json::from_value(live).unwrap();
    let ports =
        |options: &DeployOptions| json!(service(&app(), options, Some(&live)))["spec"]["ports"].clone();
    assert_eq!(ports(&options())[0]["nodePort"], 31234);
    assert_eq!(ports(&options())[1]["nodePort"], Value::Null);
    let fixed = DeployOptions {
        service: PortKind::NodePort(Some(30080)),
        ..options()
    };
    assert_eq!(ports(&fixed)[0]["nodePort"], 30080);
    let inside = DeployOptions {
        service: PortKind::ClusterIp,
        ..options()
    };
    assert_eq!(ports(&inside)[0]["nodePort"], Value::Null);
}

#[test]
fn the_way_back_keeps_the_pods_template() {
    let mut live = shop_deployment(&options(), true);
    live["metadata"]["uid"] = json!("u");
    live["metadata"]["managedFields"] = json!([]);
    live["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("4");
    live["spec"]["replicas"] = json!(5);
    live["spec"]["template"]["metadata"]["annotations"] =
        json!({ "kubectl.kubernetes.io/restartedAt": "now" });
    let back = json!(as_before(&serde_json::from_value(live.clone()).unwrap(), None));
    assert_eq!(back["spec"]["template"], live["spec"]["template"]);
    assert_eq!(back["spec"]["replicas"], Value::Null);
    assert_eq!(
        back["metadata"]["managedFields"],
        Value::Null,
        "an apply may not name them"
    );
    let annotations = back["metadata"]["annotations"].as_object().unwrap();
    assert_eq!(
        annotations.keys().collect::<Vec<_>>(),
        ["kubectl-b2i/options"],
        "the controller's are not ours"
    );
}

#[test]
fn an_app_without_ports_has_no_service_and_no_probe() {
    let worker = DeployOptions {
        ports: Vec::new(),
        ..options()
    };
    assert!(service(&app(), &worker, None).is_none());
    let container = shop_deployment(&worker, true)["spec"]["template"]["spec"]["containers"][0].clone();
    assert_eq!(container["readinessProbe"], Value::Null);
}

#[test]
fn the_role_stays_in_its_namespace_and_is_small() {
    let text = include_str!("../../docs/reference/permissions.yaml");
    let documents: Vec<Value> = serde_yaml::from_multiple(text).unwrap();
    let [role, binding] = documents.as_slice() else {
        panic!("{documents:?}")
    };
    assert_eq!(
        (&role["kind"], &binding["kind"]),
        (&json!("Role"), &json!("RoleBinding"))
    );
    assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
    let granted: Vec<(String, String)> = role["rules"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|rule| {
            let words = |key: &str| -> Vec<String> { serde_json::from_value(rule[key].clone()).unwrap() };
            let verbs = words("verbs");
            words("resources").into_iter().flat_map(move |resource| {
                verbs
                    .clone()
                    .into_iter()
                    .map(move |verb| (resource.clone(), verb))
            })
        })
        .collect();
    // `doctor` asks for just these, one by one.
    let mut asked: Vec<(String, String)> = doctor::NEEDED
        .iter()
        .flat_map(|needed| {
            let resource = match needed.subresource {
                "" => needed.resource.to_owned(),
                subresource => format!("{}/{subresource}", needed.resource),
            };
            let sometimes = needed.sometimes.iter().map(|(verb, _)| verb);
            let verbs = needed.always.iter().chain(sometimes);
            verbs
                .map(move |verb| (resource.clone(), (*verb).to_owned()))
                .collect::<Vec<_>>()
        })
        .chain([("serviceaccounts".to_owned(), "get".to_owned())])
        .collect();
    let mut sorted = granted.clone();
    asked.sort();
    sorted.sort();
    assert_eq!(sorted, asked);
    for (resource, verb) in &granted {
        assert!(
            !resource.contains('*') && verb != "*" && verb != "deletecollection",
            "{resource} {verb}"
        );
    }
    let of = |resource: &str| -> Vec<&str> {
        granted
            .iter()
            .filter(|(granted, _)| granted == resource)
            .map(|(_, verb)| verb.as_str())
            .collect()
    };
    assert_eq!(of("secrets"), ["get"]);
    assert_eq!(of("pods/portforward"), ["get", "create"]);
    assert!(of("pods/exec").is_empty() && of("nodes").is_empty());
}
