//! What crosses the link when something inside a layer has changed, all of it and both ways: the
//! layers, and what it takes to run the Pods. Bytes, no times.

use std::{fs, path::Path, process::Command};

use crate::{
    archive,
    link::Link,
    world::{World, artifacts, run},
};

/// A build of `artifact` as an app, and what it cost.
fn build(world: &World, artifact: &Path, name: &str) -> (serde_json::Value, u64) {
    let link = Link::to_api_server(None);
    world.kubeconfig_for_user(&link.url);
    let report = world.b2i_json(&format!("build {} --name {name}", artifact.display()));
    (report, link.bytes())
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn of_a_shaded_jar_the_changed_classes_cross_the_link() {
    let world = World::new("changes-shaded");
    let jar = artifacts().join("wiremock.jar");
    let whole_bytes = fs::metadata(&jar).unwrap().len();
    let (first, bytes) = build(&world, &jar, "wiremock");
    assert!(bytes > whole_bytes / 10 * 8, "{bytes} {first}");
    assert_eq!(first["changedLayers"].as_array().unwrap().len(), 0, "{first}");

    let folder = "com/github/tomakehurst/wiremock/";
    let mut before = 0;
    for (classes, most_bytes) in [(1, 900_000), (10, 950_000), (100, 1_100_000)] {
        // Each against the first, so that just so many have changed.
        build(&world, &jar, "wiremock");
        let changed = world.folder.path().join("changed.jar");
        archive::with_classes_changed(&jar, &changed, folder, classes);
        let (report, bytes) = build(&world, &changed, "wiremock");
        eprintln!("wiremock, {classes} classes changed: {bytes} bytes, {report}");
        assert_eq!(report["changedLayers"], report["sentLayers"], "{report}");
        assert!(bytes < most_bytes, "{classes} classes: {bytes} bytes");
        let sent = report["uploadedBytes"].as_u64().unwrap();
        assert!(before < sent && sent < bytes, "{before} {sent} {bytes}");
        before = sent;
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_tool_that_writes_the_archive_anew_changes_no_entry() {
    let world = World::new("changes-jar");
    let jar = world.folder.path().join("wiremock.jar");
    fs::copy(artifacts().join("wiremock.jar"), &jar).unwrap();
    build(&world, &jar, "wiremock");
    // `jar --update` gives each entry another header, and a descriptor behind it.
    let class = "com/github/tomakehurst/wiremock/WireMockServer.class";
    fs::create_dir_all(world.folder.path().join(class).parent().unwrap()).unwrap();
    let mut bytes = run_bytes(Command::new("unzip").arg("-p").arg(&jar).arg(class));
    bytes[7] -= 1;
    fs::write(world.folder.path().join(class), bytes).unwrap();
    run(Command::new("jar").current_dir(world.folder.path()).args([
        "--update",
        "--file",
        "wiremock.jar",
        class,
    ]));
    let (report, bytes) = build(&world, &jar, "wiremock");
    eprintln!("wiremock, `jar --update`: {bytes} bytes, {report}");
    assert!(bytes < 1_000_000, "{bytes} bytes {report}");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn of_a_boot_jar_the_changed_classes_cross_the_link() {
    let world = World::new("changes-boot");
    let jar = artifacts().join("zipkin.jar");
    for (classes, most_bytes) in [(1, 250_000), (10, 320_000), (20, 400_000)] {
        build(&world, &jar, "zipkin");
        let changed = world.folder.path().join("changed.jar");
        archive::with_classes_changed(&jar, &changed, "BOOT-INF/classes/", classes);
        let (report, bytes) = build(&world, &changed, "zipkin");
        eprintln!("zipkin, {classes} classes changed: {bytes} bytes, {report}");
        assert!(bytes < most_bytes, "{classes} classes: {bytes} bytes {report}");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn of_a_binary_with_another_constant_less_than_half_crosses_the_link() {
    let world = World::new("changes-binary");
    let (first, _) = build(&world, &artifacts().join("httpbin-one"), "httpbin");
    let whole_bytes = first["uploadedBytes"].as_u64().unwrap();
    let (report, bytes) = build(&world, &artifacts().join("httpbin-two"), "httpbin");
    eprintln!("httpbin, a constant changed: {bytes} of {whole_bytes} bytes, {report}");
    assert!(bytes * 100 <= whole_bytes * 40, "{bytes} of {whole_bytes}");
    // What is in the registry is the layer that the whole would have been.
    let other = World::new("changes-whole");
    let (whole, _) = build(&other, &artifacts().join("httpbin-two"), "httpbin");
    assert_eq!(whole["sentLayers"], report["sentLayers"]);
    assert_eq!(whole["changedLayers"].as_array().unwrap().len(), 0, "{whole}");
}

fn run_bytes(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}
