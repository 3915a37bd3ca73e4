//! What a person asked for holds until he says otherwise, whoever else changes the app meanwhile.

use std::{os::unix::fs::PermissionsExt, process::Command};

use crate::world::{Said, World, curl, eventually, said};

const CONTAINER: &str = "jsonpath={.spec.template.spec.containers[0]";

/// What Kubernetes has of the app: env, ports of container and Service, node port, replicas.
fn state(world: &World) -> (Vec<String>, String, String, String, String) {
    let get = |line: &str| world.kubectl(line);
    let env = get(
        "get deployment httpbin -o jsonpath={range.spec.template.spec.containers[0].env[*]}{.name}={.value}{\"\\n\"}{end}",
    );
    let mut env: Vec<String> = env.lines().map(ToOwned::to_owned).collect();
    env.sort();
    (
        env,
        get(&format!(
            "get deployment httpbin -o {CONTAINER}.ports[*].containerPort}}"
        )),
        get("get service httpbin -o jsonpath={.spec.ports[*].port}"),
        get("get service httpbin -o jsonpath={.spec.ports[*].nodePort}"),
        get("get deployment httpbin -o jsonpath={.spec.replicas}"),
    )
}

fn ok(world: &World, line: &str) -> Said {
    let said = world.b2i(line);
    assert_eq!(said.code, Some(0), "kubectl b2i {line}\n{}", said.stderr);
    said
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_deploy_keeps_what_its_flags_do_not_name() {
    let world = World::new("keeps");
    ok(&world, "deploy ./httpbin --port 8080 --nodeport --env A=1");
    let first = state(&world);
    let node_port = first.3.clone();
    let expect = |env: &[&str], port: &str, replicas: &str, when: &str| {
        let env: Vec<String> = env.iter().map(ToString::to_string).collect();
        let port = port.to_owned();
        let expected = (env, port.clone(), port, node_port.clone(), replicas.to_owned());
        assert_eq!(state(&world), expected, "{when}");
    };
    expect(&["A=1"], "8080", "1", "the first deploy");

    ok(&world, "deploy ./httpbin");
    expect(&["A=1"], "8080", "1", "only the artifact");

    world.kubectl("scale deployment httpbin --replicas=3");
    ok(&world, "deploy ./httpbin --env B=2");
    expect(&["A=1", "B=2"], "8080", "3", "after `kubectl scale`");

    // No metrics are served here: the autoscaler keeps to its bounds.
    world.kubectl("autoscale deployment httpbin --min=2 --max=4 --cpu-percent=80");
    ok(&world, "deploy ./httpbin --image-env TZ=UTC");
    expect(&["A=1", "B=2"], "8080", "3", "beside an autoscaler");

    world.kubectl("set env deployment/httpbin C=3");
    let said = ok(&world, "deploy ./httpbin --port 9090 --env PORT=9090");
    expect(&["A=1", "B=2", "C=3", "PORT=9090"], "9090", "3", "another port");
    assert!(
        said.stderr.contains(&format!(":{node_port}/   200 OK")),
        "{}",
        said.stderr
    );
    let probe = world.kubectl(&format!(
        "get deployment httpbin -o {CONTAINER}.readinessProbe.tcpSocket.port}}"
    ));
    assert_eq!(probe, "port-1");

    let refused = world.b2i("deploy ./httpbin --replicas 2");
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    for part in [
        "HorizontalPodAutoscaler",
        "from 2 to 4 Pods",
        "--force-conflicts",
        "minReplicas",
    ] {
        assert!(refused.stderr.contains(part), "{part} in\n{}", refused.stderr);
    }
    world.kubectl("delete hpa httpbin");
    let refused = world.b2i("deploy ./httpbin --replicas 2");
    assert!(
        refused.stderr.contains("somebody scaled it to 3 Pods"),
        "{}",
        refused.stderr
    );
    ok(&world, "deploy ./httpbin --replicas 2 --force-conflicts");
    expect(&["A=1", "B=2", "C=3", "PORT=9090"], "9090", "2", "taken over");
    // Now it is ours, and a scale by another is a conflict that the API server tells of.
    ok(&world, "deploy ./httpbin --replicas 1");
    let refused = world.b2i("deploy ./httpbin --env C=4");
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("the env `C` was set by `kubectl set`"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("Apply failed"), "{}", refused.stderr);
    ok(
        &world,
        "deploy ./httpbin --env C=4 --env A- --no-nodeport --force-conflicts",
    );
    let (env, .., node_port, replicas) = state(&world);
    assert_eq!(env, ["B=2", "C=4", "PORT=9090"]);
    assert_eq!((node_port.as_str(), replicas.as_str()), ("", "1"));
}

/// Two volumes of this machine, for a cluster without a provisioner. They go with this.
struct Volumes<'a>(&'a World);

impl<'a> Volumes<'a> {
    fn new(world: &'a World) -> Self {
        for number in 0..2 {
            let name = format!("{}-{number}", world.namespace);
            let folder = world.folder.path().join(&name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
            let volume = serde_json::json!({
                "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": name },
                "spec": {
                    "capacity": { "storage": "1Gi" }, "accessModes": ["ReadWriteOnce"],
                    "storageClassName": world.namespace, "hostPath": { "path": folder },
                },
            });
            let file = world.folder.path().join("volume.json");
            std::fs::write(&file, volume.to_string()).unwrap();
            world.kubectl(&format!("create -f {}", file.display()));
        }
        // The folder is the test's own; the Pods are another user.
        std::fs::set_permissions(world.folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(world)
    }
}

impl Drop for Volumes<'_> {
    fn drop(&mut self) {
        let name = &self.0.namespace;
        let _ = crate::world::kubectl()
            .args([
                "delete",
                "pv",
                "--wait=false",
                &format!("{name}-0"),
                &format!("{name}-1"),
            ])
            .output();
    }
}

/// kubectl agrees that what a dry run prints is what is there, by both of its ways to apply.
fn assert_kubectl_sees_no_difference(world: &World, app: &str) {
    let printed = world.b2i_ok(&format!("deploy ./httpbin --name {app} --dry-run=client -o yaml"));
    let file = world.folder.path().join("objects.yaml");
    std::fs::write(&file, printed).unwrap();
    let file = file.display();
    world.kubectl(&format!("apply --dry-run=server -f {file}"));
    // It ends with 1 where there is a difference.
    world.kubectl(&format!("diff -f {file}"));
    world.kubectl(&format!(
        "diff --server-side --field-manager=kubectl-b2i -f {file}"
    ));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn who_is_to_confirm_that_the_data_goes_is_not_led_to_keep_it() {
    let world = World::new("unasked");
    world.may("get,list,create,delete", "persistentvolumeclaims");
    let line =
        "deploy ./httpbin --name state --port 8080 --stateful --volume claim/data=1Gi:/data --wait=false";
    world.b2i_ok(line);
    eventually("the claim", || !world.kubectl("get pvc -o name").is_empty());
    let said = world.b2i("delete state --volumes --context e2e");
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(2), ""),
        "{}",
        said.stderr
    );
    let suggested = said
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("        kubectl b2i "));
    assert_eq!(suggested, Some("delete state --volumes --context e2e --yes"));
    world.b2i_ok(suggested.unwrap());
    eventually("no claim", || world.kubectl("get pvc -o name").is_empty());
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_stateful_app_keeps_its_data_and_its_kind() {
    let world = World::new("stateful");
    let _volumes = Volumes::new(&world);
    let class = &world.namespace;
    // A dry run touches nothing, of an app that is not there.
    let before = world.objects();
    let line = format!(
        "deploy ./httpbin --name state --port http=8080 --port dns=53/udp --nodeport --stateful \
         --volume claim/data=1Gi,{class}:/data --replicas 2 --ingress state.example.com/get"
    );
    let printed = world.b2i_ok(&format!("{line} --dry-run=client -o yaml"));
    for kind in ["StatefulSet", "Ingress", "Service"] {
        assert!(printed.contains(&format!("kind: {kind}")), "{kind} in\n{printed}");
    }
    assert_eq!(world.objects(), before);

    let said = ok(&world, &line);
    for part in [
        "state 2/2 ready",
        "no Ingress controller",
        "http://state.example.com/get",
        "200 OK",
    ] {
        assert!(said.stderr.contains(part), "{part} in\n{}", said.stderr);
    }
    assert_eq!(
        world.kubectl("get pvc -o jsonpath={.items[*].metadata.name}"),
        "data-state-0 data-state-1"
    );
    assert_eq!(
        world.kubectl("get service state -o jsonpath={.spec.ports[*].name}"),
        "http dns"
    );
    let node_port = world.node_port("state");
    assert_eq!(curl(&format!("http://10.250.0.11:{node_port}/get")).0, "200");
    assert_kubectl_sees_no_difference(&world, "state");
    let status = world.b2i_json("status state");
    assert_eq!(status["workload"]["kind"], "StatefulSet");
    assert_eq!(status["workload"]["ready"], 2);
    // No controller has taken the Ingress, so it answers nobody yet.
    let url = status["workload"]["url"].as_str().unwrap();
    assert!(url.ends_with(&format!(":{node_port}/")), "{url}");
    assert!(world.b2i_ok("logs state").contains("listening on"));

    // One that fails is undone, without anybody deleting Pods.
    let failed = world.b2i("deploy ./httpbin --name state --env PORT=none --timeout 90s");
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(failed.stderr.contains("(undone)"), "{}", failed.stderr);
    world.kubectl("rollout status statefulset/state --timeout=90s");

    // The image goes forth and back, and a removed Ingress is gone.
    let image = || world.kubectl(&format!("get statefulset state -o {CONTAINER}.image}}"));
    let first = image();
    ok(
        &world,
        "deploy ./httpbin --name state --image-env TZ=UTC --no-ingress",
    );
    assert_ne!(image(), first);
    assert_eq!(world.kubectl("get ingress -o name"), "");
    assert_eq!(world.b2i_ok("rollback state"), first);

    for (flags, words) in [
        ("--stateless", "it runs as a StatefulSet"),
        ("--volume claim/data=2Gi:/data", "Kubernetes fixes the claims"),
    ] {
        let refused = world.b2i(&format!("deploy ./httpbin --name state {flags}"));
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }

    let deleted = ok(&world, "delete state --yes");
    for part in [
        "its data stays",
        "persistentvolumeclaim/data-state-0",
        "--volumes",
    ] {
        assert!(deleted.stderr.contains(part), "{part} in\n{}", deleted.stderr);
    }
    let of_app = "-l kubectl-b2i/app=state -o name";
    assert_eq!(world.kubectl(&format!("get all,configmap,ingress {of_app}")), "");
    let removed = ok(&world, "delete state --yes --volumes");
    assert!(removed.stdout.contains("data-state-1"), "{}", removed.stdout);
    eventually("the claims' end", || {
        world.kubectl(&format!("get pvc {of_app}")).is_empty()
    });
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn somebody_elses_deployment_gets_the_image_and_nothing_else() {
    let world = World::new("adopt");
    let manifest = r#"{ "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "httpbin", "labels": { "app.kubernetes.io/managed-by": "Helm" } },
        "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "theirs" } }, "template": {
            "metadata": { "labels": { "app": "theirs" } },
            "spec": { "securityContext": { "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": { "type": "RuntimeDefault" } },
                "containers": [{ "name": "web", "image": "localhost/busybox:1", "command": ["sleep", "3600"],
                    "env": [{ "name": "THEIRS", "value": "1" }],
                    "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }] } } } }"#;
    let file = world.folder.path().join("theirs.json");
    std::fs::write(&file, manifest).unwrap();
    world.kubectl(&format!("apply -f {}", file.display()));
    world.kubectl("rollout status deployment/httpbin --timeout=60s");
    let get = |path: &str| world.kubectl(&format!("get deployment httpbin -o jsonpath={{{path}}}"));
    let container = ".spec.template.spec.containers[0]";

    let refused = world.b2i("deploy ./httpbin");
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("--adopt"), "{}", refused.stderr);
    let refused = world.b2i("deploy ./httpbin --adopt --port 8080");
    assert_eq!(refused.code, Some(2));
    let refused = world.b2i("deploy ./httpbin --adopt --container app");
    assert!(
        refused.stderr.contains("the containers web"),
        "{}",
        refused.stderr
    );
    let refused = world.b2i("deploy ./httpbin --adopt --env THEIRS=2");
    assert!(
        refused
            .stderr
            .contains("the env `THEIRS` was set by `kubectl apply`"),
        "{}",
        refused.stderr
    );
    assert_eq!(get(&format!("{container}.image")), "localhost/busybox:1");

    assert!(
        refused.stderr.contains("a command or arguments of its own"),
        "{}",
        refused.stderr
    );

    let said = ok(
        &world,
        "deploy ./httpbin --adopt --env OURS=1 --command /app/httpbin",
    );
    let image = said.stdout.trim_end();
    assert_eq!(get(&format!("{container}.image")), image);
    assert_eq!(get(&format!("{container}.env[*].name")), "THEIRS OURS");
    assert_eq!(get(".spec.replicas"), "2");
    assert_eq!(get(".spec.selector.matchLabels"), r#"{"app":"theirs"}"#);
    assert_eq!(get(r".metadata.labels.app\.kubernetes\.io/managed-by"), "Helm");
    assert_eq!(world.kubectl("get service,ingress -o name"), "");

    // From now on it is an app as any other.
    let status = world.b2i_json("status httpbin");
    assert_eq!(status["workload"]["ready"], 2);
    assert_eq!(status["workload"]["image"].as_str(), Some(image));
    assert!(world.b2i_ok("logs httpbin").contains("listening on"));
    let failed = world.b2i("deploy ./httpbin --env PORT=none --timeout 90s");
    assert!(failed.stderr.contains("(undone)"), "{}", failed.stderr);
    assert_eq!(get(&format!("{container}.env[*].name")), "THEIRS OURS");
    assert_eq!(get(&format!("{container}.command[*]")), "/app/httpbin");
    world.kubectl("rollout status deployment/httpbin --timeout=90s");

    // What is not ours is not removed.
    let deleted = ok(&world, "delete httpbin --yes");
    assert!(deleted.stderr.contains("stays as it is"), "{}", deleted.stderr);
    assert_eq!(get(&format!("{container}.image")), image);
    assert_eq!(get(r".metadata.labels.kubectl-b2i/app"), "");
    assert_eq!(world.b2i_ok("list -o name"), "");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn the_url_is_opened_in_a_browser() {
    let world = World::new("open");
    let folder = world.folder.path();
    let (browser, seen) = (folder.join("xdg-open"), folder.join("seen"));
    std::fs::write(&browser, format!("#!/bin/sh\necho \"$1\" > {}\n", seen.display())).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let open = |command: &mut Command| said(command.env("PATH", &path));
    let deployed = open(&mut world.command("deploy ./httpbin --port 8080 --nodeport --open"));
    assert_eq!(deployed.code, Some(0), "{}", deployed.stderr);
    eventually("the browser", || {
        std::fs::read_to_string(&seen).is_ok_and(|url| url.ends_with('\n'))
    });
    let url = std::fs::read_to_string(&seen).unwrap();
    assert!(
        deployed.stderr.contains(url.trim_end()),
        "{url}{}",
        deployed.stderr
    );

    // A cloud that gives the Service an address, played by hand.
    ok(&world, "deploy ./httpbin --load-balancer");
    world.kubectl(
        r#"patch service httpbin --subresource=status -p {"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.7"}]}}}"#,
    );
    let status = world.b2i_json("status httpbin");
    assert_eq!(status["workload"]["url"], "http://192.0.2.7:8080/");
}
