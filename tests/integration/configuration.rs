//! What is configured where, and what wins: flags, then the person's file, then the namespace's
//! `ConfigMap`, then what is built in.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    archive::plain_jar,
    fake_apiserver::FakeApiServer,
    plugin::{deploy_on, run_on},
    run::{Ended, Run},
};

const MAPS: &str = "/api/v1/namespaces/shop/configmaps";
const PODS: &str = "/api/v1/namespaces/shop/pods";

fn configure(server: &FakeApiServer, text: &str) {
    server.put(
        MAPS,
        json!({"metadata": {"name": "kubectl-b2i"}, "data": {"config.yaml": text}}),
    );
}

fn json_of(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_persons_file_wins_over_the_namespace_and_that_over_what_is_built_in() {
    let (server, cluster) = FakeApiServer::start().await;
    configure(
        &server,
        "mirrors: {docker.io: ns.example, gcr.io: ns.example}\n\
         catalogue: {jar: {11: ns.example/jre:11, 17: ns.example/jre:17}}\n",
    );
    let own = "mirrors: {docker.io: own.example}\ncatalogue: {jar: {11: own.example/jre:11}}\n";
    let all = json_of(&run_on(&cluster.server, "runtimes -o json", Some(own)));
    assert_eq!(
        all["mirrors"],
        json!({"docker.io": "own.example", "gcr.io": "ns.example"})
    );
    let jar = &all["catalogue"]["jar"];
    assert_eq!(jar["11"], "own.example/jre:11");
    assert_eq!(jar["17"], "ns.example/jre:17");
    assert_eq!(jar["21"], "docker.io/library/eclipse-temurin:21-jre");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_absent_forbidden_or_without_the_key_is_nothing() {
    for code in [404, 403, 200] {
        let (server, cluster) = FakeApiServer::start().await;
        if code == 403 {
            server.refuse(
                "GET",
                MAPS,
                403,
                "configmaps is forbidden: User \"dev\" cannot get resource",
            );
        } else if code == 200 {
            server.put(
                MAPS,
                json!({"metadata": {"name": "kubectl-b2i"}, "data": {"other": "{"}}),
            );
        }
        let ended = run_on(&cluster.server, "runtimes -o json", None);
        assert_eq!(ended.stderr, "", "{code}");
        assert_eq!(json_of(&ended)["mirrors"], json!({}), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_configuration_that_makes_no_sense_is_named() {
    for (text, word) in [
        ("builderimage: x", "builderimage"),
        ("catalogue: bases.yaml", "path"),
        ("catalogue: {jar: {17: Jre}}", "Jre"),
    ] {
        let (server, cluster) = FakeApiServer::start().await;
        configure(&server, text);
        let ended = run_on(&cluster.server, "runtimes", None);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        for part in [
            "could not read the configuration of the namespace `shop`",
            "`config.yaml` of the ConfigMap `kubectl-b2i`",
            "kubectl edit configmap kubectl-b2i -n shop",
            "#namespace-configuration",
            word,
        ] {
            assert!(ended.stderr.contains(part), "{part} in\n{}", ended.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_wins_over_the_builder_image_of_the_namespace() {
    for (flags, expected) in [("--builder-image flag.example/builder:2", "flag.example/builder:2")] {
        let (server, cluster) = FakeApiServer::start().await;
        configure(&server, "builderImage: ns.example/builder:1");
        let (sender, jobs) = std::sync::mpsc::channel();
        let sender = std::sync::Mutex::new(sender);
        server.controller(move |server, collection, object| {
            if collection.ends_with("/jobs") {
                let container = &object["spec"]["template"]["spec"]["containers"][0];
                let _ = sender.lock().unwrap().send(container["image"].clone());
                // Its container ends at once, and with it the run. Each Job has a Pod of its own: the builder's
                // may be created before the staging Pod is looked for.
                let ended = json!({"exitCode": 1, "message": "that is far enough"});
                let uid = &object["metadata"]["uid"];
                server.put(
                    PODS,
                    json!({
                        "metadata": {"name": uid, "labels": {"controller-uid": uid}},
                        "status": {"phase": "Failed", "containerStatuses": [{
                            "name": "staging", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                            "state": {"terminated": ended},
                        }]},
                    }),
                );
            }
        });
        let line = format!("--port 8080 {flags}");
        let ended = deploy_on(&server, &cluster.server, "app.jar", &plain_jar().bytes(), &line);
        assert_eq!(jobs.recv().unwrap(), expected, "{}", ended.stderr);
    }
}

#[test]
fn without_a_cluster_the_namespace_is_left_out_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.jar"), plain_jar().bytes()).unwrap();
    let ended = Run::new("runtimes app.jar").in_folder(folder.path()).ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .starts_with("warning: the configuration of the namespace is left out: "),
        "{}",
        ended.stderr
    );
    let lines: Vec<Vec<&str>> = ended
        .stdout
        .lines()
        .map(|line| {
            line.split("  ")
                .filter(|part| !part.is_empty())
                .map(str::trim)
                .collect()
        })
        .collect();
    assert_eq!(
        lines,
        [
            ["ARTIFACT", "WHAT IT IS", "BASE", "PULLED FROM"],
            [
                "app.jar",
                "JAR · Java 11",
                "docker.io/library/eclipse-temurin:11-jre",
                "its own registry"
            ],
        ]
    );
}

#[test]
fn runtimes_in_yaml_are_a_configuration() {
    let yaml = Run::new("runtimes -o yaml -q").ended();
    assert_eq!((yaml.code, yaml.stderr.as_str()), (Some(0), ""));
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    fs::write(&config, &yaml.stdout).unwrap();
    let again = Run::new("runtimes -o yaml -q")
        .env("B2I_CONFIG", config.to_str().unwrap())
        .ended();
    assert_eq!(again.stdout, yaml.stdout, "{}", again.stderr);
}

#[test]
fn the_table_names_mirrors_and_what_each_base_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    fs::write(
        &config,
        "mirrors: {docker.io: harbor.example/hub}\ncatalogue: {names: {ks: {image: quay.io/ks/java, s2i: true}}}\n",
    )
    .unwrap();
    let ended = Run::new("runtimes -q")
        .env("B2I_CONFIG", config.to_str().unwrap())
        .ended();
    for line in [
        "JAR Java 17 docker.io/library/eclipse-temurin:17-jre harbor.example/hub/library/eclipse-temurin:17-jre",
        "executable glibc up to 2.36 gcr.io/distroless/cc:nonroot its own registry",
        "--base ks quay.io/ks/java:latest (source-to-image) its own registry",
        "--base binary as without it",
    ] {
        let is_there = ended
            .stdout
            .lines()
            .any(|found| found.split_whitespace().collect::<Vec<_>>().join(" ") == line);
        assert!(is_there, "{line} in\n{}", ended.stdout);
    }
}
