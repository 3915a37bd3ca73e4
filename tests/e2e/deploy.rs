//! The main job: one command, and the app answers on every node.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use crate::{
    archive,
    link::Link,
    world::{REGISTRY, World, artifacts, curl, kubectl, node_addresses},
};

/// One line: `REGISTRY/REPOSITORY@sha256:…`.
fn assert_is_pinned_reference(stdout: &str, repository: &str) {
    let digest = stdout
        .strip_prefix(&format!("{REGISTRY}/{repository}@sha256:"))
        .and_then(|rest| rest.strip_suffix('\n'))
        .unwrap_or_else(|| panic!("{stdout:?}"));
    assert!(
        digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()),
        "{stdout:?}"
    );
}

fn assert_answers_on_every_node(world: &World, service: &str, path: &str, expected: &str) {
    let port = world.node_port(service);
    let nodes = node_addresses();
    assert!(
        nodes.len() >= 2,
        "these tests want two nodes: tests/env --nodes 2"
    );
    for node in nodes {
        let (code, body) = curl(&format!("http://{node}:{port}{path}"));
        assert_eq!(code, "200", "{node} {path}");
        assert!(body.contains(expected), "{body}");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_spring_boot_jar_from_first_deploy_to_changed_class() {
    let world = World::new("boot");
    let said = world.b2i("deploy ./zipkin.jar --port 9411 --nodeport");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_is_pinned_reference(&said.stdout, &format!("{}/zipkin", world.namespace));
    assert!(said.stderr.contains("http://10.250.0.1"), "{}", said.stderr);
    assert_answers_on_every_node(&world, "zipkin", "/health", "UP");
    let objects = world.kubectl("get deploy,svc,job,pod -o name");
    for object in [
        "deployment.apps/zipkin",
        "service/zipkin",
        "job.batch/b2i-staging-",
        "pod/zipkin-",
    ] {
        assert!(objects.contains(object), "{object} is not among\n{objects}");
    }
    assert!(!objects.contains("job.batch/b2i-builder-"), "{objects}");
    let log = world.b2i_ok("logs zipkin --build");
    assert!(log.contains("done: "), "{log}");

    // Nothing changed: nothing is started, nothing is sent.
    let state = || {
        (
            world.kubectl("get jobs,pods -o name"),
            world.kubectl("get deployment zipkin -o jsonpath={.metadata.generation}"),
        )
    };
    let before = state();
    let again = world.b2i_json("deploy ./zipkin.jar --port 9411 --nodeport");
    assert_eq!(again["unchanged"], true);
    assert_eq!(again["uploadedBytes"], 0);
    assert_eq!(again["image"].as_str(), Some(said.stdout.trim_end()));
    let after = state();
    assert_eq!(after.1, before.1);
    // The builder's Pod may have gone meanwhile; nothing may have come.
    assert!(
        after.0.lines().all(|name| before.0.contains(name)),
        "{before:?}\n{after:?}"
    );

    // One class changed: what crosses the link is what changed, all bytes counted.
    let changed = world.folder.path().join("zipkin.jar");
    archive::with_one_class_changed(&artifacts().join("zipkin.jar"), &changed);
    let link = Link::to_api_server(None);
    world.kubeconfig_for_user(&link.url);
    let report = world.b2i_json(&format!("deploy {}", changed.display()));
    let uploaded = report["uploadedBytes"].as_u64().unwrap();
    assert!((1..40_000).contains(&uploaded), "{report}");
    assert_eq!(report["changedLayers"], report["sentLayers"], "{report}");
    // Most of it is what the API server tells of Pods, and of the record at each step: a layer alone has 1.5 MB.
    assert!(link.bytes() < 400_000, "{} bytes crossed the link", link.bytes());
    assert!(link.bytes() > uploaded, "the proxy was not on the way");
    assert_ne!(report["image"].as_str(), Some(said.stdout.trim_end()));
    // The flags of the first deploy hold without being given again.
    assert_answers_on_every_node(&world, "zipkin", "/health", "UP");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_war_serves_under_its_name() {
    let world = World::new("war");
    let said = world.b2i("deploy ./sample.war --port 8080 --nodeport");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_is_pinned_reference(&said.stdout, &format!("{}/sample", world.namespace));
    assert!(said.stderr.contains("/sample/   200 OK"), "{}", said.stderr);
    assert_answers_on_every_node(&world, "sample", "/sample/hello", "Sample Application Servlet");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_native_binary_runs_and_its_options_are_kept() {
    let world = World::new("native");
    let said = world.b2i("deploy ./httpbin --port 8080 --nodeport --env SEEN=yes --memory 64Mi");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_is_pinned_reference(&said.stdout, &format!("{}/httpbin", world.namespace));
    assert_answers_on_every_node(&world, "httpbin", "/get", "\"url\"");
    let port = world.node_port("httpbin");

    world.kubectl("scale deployment httpbin --replicas=2");
    world.b2i_ok("deploy ./httpbin --env MORE=1");
    let container = "jsonpath={.spec.template.spec.containers[0]";
    let env = world.kubectl(&format!("get deployment httpbin -o {container}.env}}"));
    assert!(env.contains("SEEN") && env.contains("MORE"), "{env}");
    assert_eq!(
        world.kubectl(&format!(
            "get deployment httpbin -o {container}.resources.limits.memory}}"
        )),
        "64Mi"
    );
    assert_eq!(
        world.kubectl("get deployment httpbin -o jsonpath={.spec.replicas}"),
        "2"
    );
    assert_eq!(world.node_port("httpbin"), port);

    world.b2i_ok("deploy ./httpbin --env SEEN- --no-nodeport");
    let env = world.kubectl(&format!("get deployment httpbin -o {container}.env}}"));
    assert!(!env.contains("SEEN") && env.contains("MORE"), "{env}");
    assert_eq!(
        world.kubectl("get service httpbin -o jsonpath={.spec.type}"),
        "ClusterIP"
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn without_a_url_the_address_in_the_cluster_is_shown_and_the_way_there() {
    let world = World::new("address");
    let said = world.b2i("deploy ./httpbin --port 8080 --service-port 80");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    // The result is what it was: one line.
    assert_is_pinned_reference(&said.stdout, &format!("{}/httpbin", world.namespace));
    let address = format!("http://httpbin.{}.svc:80", world.namespace);
    assert!(
        said.stderr.contains(&format!("  {address}   in the cluster")),
        "{}",
        said.stderr
    );
    let report = world.b2i_json("deploy ./httpbin");
    assert_eq!(report["rollout"]["address"], address.as_str());

    let command = said
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("  kubectl port-forward "));
    let command = command.unwrap_or_else(|| panic!("{}", said.stderr));
    assert!(command.ends_with(" service/httpbin 8080:80"), "{command}");
    // As printed, but for the port of this machine, which somebody may have.
    let mut forward = kubectl();
    let words = command.split(' ').map(|word| word.trim_start_matches("8080"));
    forward.arg("port-forward").args(words).stdout(Stdio::piped());
    let mut forward = forward.spawn().unwrap();
    let mut line = String::new();
    // It ends when nobody reads what it prints.
    let mut stdout = BufReader::new(forward.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let port = line.split(' ').find_map(|word| word.strip_prefix("127.0.0.1:"));
    let (code, body) = curl(&format!("http://127.0.0.1:{}/get", port.unwrap_or_default()));
    forward.kill().unwrap();
    forward.wait().unwrap();
    assert_eq!(code, "200", "{line}");
    assert!(body.contains("\"url\""), "{body}");

    let said = world.b2i("deploy ./httpbin --nodeport");
    assert!(!said.stderr.contains("port-forward"), "{}", said.stderr);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_app_that_dies_is_explained_and_undone() {
    let world = World::new("dies");
    world.b2i_ok("deploy ./httpbin --port 8080");
    let good = world.kubectl("get deployment httpbin -o jsonpath={.spec.template.spec.containers[0].image}");
    let said = world.b2i("deploy ./httpbin --env PORT=none --timeout 60s");
    said.assert_failed(&[]);
    assert!(
        said.stderr.contains("error: could not roll out `httpbin`"),
        "{}",
        said.stderr
    );
    // go-httpbin's own words, and what was done about it.
    for part in ["-use-real-hostname", "exit code 2", "(undone)"] {
        assert!(said.stderr.contains(part), "{}", said.stderr);
    }
    world.kubectl("rollout status deployment/httpbin --timeout=60s");
    assert_eq!(
        world.kubectl("get deployment httpbin -o jsonpath={.spec.template.spec.containers[0].image}"),
        good
    );
    assert_eq!(
        world.kubectl("get deployment httpbin -o jsonpath={.spec.template.spec.containers[0].env}"),
        ""
    );
}
