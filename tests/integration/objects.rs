//! Every object that we create, in full, and the rules that each must keep.
use kubectl_b2i::{
    cluster::objects::{
        adopted::adopted,
        bootstrap_job::BootstrapJob,
        builder_job::BuilderJob,
        check_job::CheckJob,
        deployment::{App, deployment},
        ingress::ingress,
        service::{headless, service},
        stateful_set::stateful_set,
        trial_registry,
    },
    model::{
        AppName, BootstrapRequest, CheckRequest, CheckScope, DeployOptions, Derived, Port, PortKind, Seal,
        Seals, SecretName, Strategy,
    },
    oci::{Digest, Platform, Reference},
    steps::doctor,
};
use serde_json::{Value, json};

use crate::support::golden::assert_golden;

fn a_builder_job() -> BuilderJob {
    BuilderJob {
        app: app(),
        run_id: "k3x9".to_owned(),
        attempt: 1,
        number: 7,
        request_digest: Digest::of(b""),
        image: "registry.example.com/b2i@sha256:12".to_owned(),
        image_pull_secret: Some("builder-pull".to_owned()),
        push_secret: "registry-push".to_owned(),
        pull_secret: Some("base-pull".to_owned()),
        cpu_limit: None,
        patience_seconds: Some(600),
        deadline_seconds: 1800,
    }
}

fn builder_job() -> Value {
    json!(a_builder_job().object())
}

fn check_job() -> Value {
    let request = CheckRequest {
        image: "registry.example.com/team/shop".parse().unwrap(),
        scope: CheckScope::All,
        push_secret: SecretName {
            namespace: "shop".to_owned(),
            name: "registry-push".to_owned(),
        },
        base: Some("eclipse-temurin:17-jre".parse().unwrap()),
        access: Default::default(),
    };
    let job = CheckJob {
        run_id: "k3x9",
        builder_image: "registry.example.com/b2i@sha256:12",
        builder_pull_secret: Some("builder-pull"),
        push_secret: "registry-push",
        pull_secret: Some("base-pull"),
        cpu_limit: None,
        request: &request,
    };
    json!(job.object())
}

fn bootstrap_job() -> Value {
    let request = BootstrapRequest {
        destination: "registry.example.com/team/b2i-builder".parse().unwrap(),
        access: Default::default(),
    };
    let job = BootstrapJob {
        run_id: "k3x9",
        image: "docker.io/library/busybox:stable",
        image_pull_secret: "builder-pull",
        push_secret: "registry-push",
        platform: Some(&Platform::linux("arm64")),
        cpu_limit: None,
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
                service: 80,
                ..Port::tcp(8080)
            },
            Port::tcp(9090),
        ],
        service: PortKind::NodePort,
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
        builds: &Seals::default().with(Seal {
            number: 7,
            digest: Digest::of(b""),
        }),
        image: &image.with_digest(Digest::of(b"")),
        platform: Some(&Platform::linux("amd64")),
        jvm,
        replicas: options.replicas,
        progress_seconds: None,
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
fn the_bootstrap_job() {
    assert_golden("bootstrap_job.json", &pretty(&bootstrap_job()));
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
fn a_cpu_limit_bounds_the_default_request() {
    let resources = |cpu: Option<&str>, cpu_limit: Option<&str>| {
        let options = DeployOptions {
            cpu: cpu.map(str::to_owned),
            cpu_limit: cpu_limit.map(str::to_owned),
            ..options()
        };
        let shop = shop_deployment(&options, true);
        let resources = &shop["spec"]["template"]["spec"]["containers"][0]["resources"];
        (
            resources["requests"]["cpu"].clone(),
            resources["limits"]["cpu"].clone(),
        )
    };
    assert_eq!(resources(None, None), (json!("100m"), Value::Null));
    assert_eq!(resources(None, Some("1")), (json!("100m"), json!("1")));
    assert_eq!(resources(None, Some("0.05")), (json!("0.05"), json!("0.05")));
    // What is said is not changed: the API server refuses it.
    assert_eq!(resources(Some("2"), Some("1")), (json!("2"), json!("1")));
}

#[test]
fn the_pods_of_a_build_have_a_cpu_limit_where_there_has_to_be_one() {
    let limited = BuilderJob {
        cpu_limit: Some("500m".to_owned()),
        ..a_builder_job()
    };
    let resources = |job: &BuilderJob| {
        json!(job.object())["spec"]["template"]["spec"]["containers"][0]["resources"].clone()
    };
    assert_eq!(resources(&limited)["limits"]["cpu"], "500m");
    assert_eq!(resources(&a_builder_job())["limits"]["cpu"], Value::Null);
}

#[test]
fn a_strategy_that_is_given_is_remembered() {
    let recreate = DeployOptions {
        strategy: Strategy::Recreate,
        ..options()
    };
    let strategy = |options: &DeployOptions| shop_deployment(options, true)["spec"]["strategy"].clone();
    assert_eq!(strategy(&recreate), json!({ "type": "Recreate" }));
    assert_eq!(strategy(&options())["type"], "RollingUpdate");
    let remembered = serde_json::to_value(&recreate).unwrap();
    assert_eq!(
        serde_json::from_value::<DeployOptions>(remembered).unwrap(),
        recreate
    );
    // A newer version of ours changes no Deployment by itself.
    assert_eq!(json!(options()).get("strategy"), None);
    assert_eq!(json!(options()).get("cpuLimit"), None);
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
    let account = &pod["serviceAccountName"];
    let mounts_token = account.is_string() && account != "default";
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
    for job in [builder_job(), check_job(), bootstrap_job()] {
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
    let live = json!({ "spec": { "ports": [{ "name": "http", "port": 80, "targetPort": "port-1", "nodePort": 31234 }] } });
    let live = serde_json::from_value(live).unwrap();
    let ports =
        |options: &DeployOptions| json!(service(&app(), options, Some(&live)))["spec"]["ports"].clone();
    assert_eq!(ports(&options())[0]["nodePort"], 31234);
    assert_eq!(ports(&options())[1]["nodePort"], Value::Null);
    let mut fixed = options();
    fixed.ports[0].node_port = Some(30080);
    assert_eq!(ports(&fixed)[0]["nodePort"], 30080);
    let inside = DeployOptions {
        service: PortKind::ClusterIp,
        ..options()
    };
    assert_eq!(ports(&inside)[0]["nodePort"], Value::Null);
}

fn stateful() -> DeployOptions {
    let mut options = options();
    options.stateful = true;
    options.ports[0].name = Some("http".to_owned());
    options.ports.push("dns=53/udp".parse().unwrap());
    options.ingress.routes = vec!["shop.example.com/api".parse().unwrap()];
    options.ingress.class = Some("nginx".to_owned());
    options.ingress.tls_secret = Some("cert".to_owned());
    options.pod.volumes = vec![
        "claim/data=1Gi,fast:/data".parse().unwrap(),
        "emptydir:/cache".parse().unwrap(),
    ];
    options
}

#[test]
fn the_objects_of_a_stateful_app() {
    let options = stateful();
    let image: Reference = "registry.example.com/team/shop".parse().unwrap();
    let (name, image) = (app(), image.with_digest(Digest::of(b"")));
    let app = App {
        name: &name,
        options: &options,
        derived: &Derived::default(),
        builds: &Seals::default(),
        image: &image,
        platform: None,
        jvm: false,
        replicas: None,
        progress_seconds: None,
    };
    let set = json!(stateful_set(&app));
    assert_restricted(&set["spec"]["template"]["spec"]);
    let objects = json!([
        service(&name, &options, None),
        headless(&name, &options),
        ingress(&name, &options),
        set
    ]);
    assert_golden("stateful.json", &pretty(&objects));
}

#[test]
fn of_an_adopted_workload_only_the_image_and_what_was_said_is_applied() {
    let options = DeployOptions {
        ports: Vec::new(),
        memory: Some("1Gi".to_owned()),
        adopted: Some("web".to_owned()),
        pull_secret: Some("registry-push".to_owned()),
        ..DeployOptions::default()
    };
    let image: Reference = "registry.example.com/team/shop".parse().unwrap();
    let app = App {
        name: &app(),
        options: &options,
        derived: &Derived::default(),
        builds: &Seals::default(),
        image: &image.with_digest(Digest::of(b"")),
        platform: Some(&Platform::linux("amd64")),
        jvm: true,
        replicas: None,
        progress_seconds: None,
    };
    assert_golden("adopted.json", &pretty(&adopted(&app, "Deployment", "web")));
}

#[test]
fn a_claim_is_writable() {
    let group = |volume: &str| {
        let mut options = options();
        options.pod.volumes = vec![volume.parse().unwrap()];
        shop_deployment(&options, true)["spec"]["template"]["spec"]["securityContext"]["fsGroup"].clone()
    };
    assert_eq!(group("pvc/data:/data"), 65532);
    assert_eq!(group("pvc/data:/data:ro"), Value::Null);
    assert_eq!(group("emptydir:/cache"), Value::Null);
}

#[test]
fn one_probe_can_be_chosen_or_left_out() {
    let probes = |liveness: Value, readiness: Value| {
        let pod = json!({ "liveness": liveness, "readiness": readiness });
        let options = DeployOptions {
            pod: serde_json::from_value(pod).unwrap(),
            ..options()
        };
        let shop = shop_deployment(&options, true);
        let container = &shop["spec"]["template"]["spec"]["containers"][0];
        ["startupProbe", "readinessProbe", "livenessProbe"].map(|probe| container[probe].is_object())
    };
    assert_eq!(probes(json!("default"), json!("off")), [false, false, false]);
    assert_eq!(
        probes(json!({ "path": "/livez" }), json!("off")),
        [true, false, true]
    );
    assert_eq!(probes(json!("off"), json!("default")), [true, true, false]);
}

#[test]
fn probes_ask_the_first_tcp_port() {
    let options = DeployOptions {
        ports: vec!["53/udp".parse().unwrap(), Port::tcp(8080)],
        ..options()
    };
    let container = shop_deployment(&options, true)["spec"]["template"]["spec"]["containers"][0].clone();
    assert_eq!(container["readinessProbe"]["tcpSocket"]["port"], "port-2");
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
