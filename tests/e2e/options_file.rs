//! `b2i.yaml`: written once, then `kubectl b2i deploy` alone; and made of what KubeSphere had.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
};

use crate::world::{REGISTRY, Said, World, artifacts, curl, node_addresses, said};

/// `kubectl b2i …` as the user, in a folder.
fn in_folder(world: &World, folder: &Path, line: &str) -> Said {
    said(world.command(line).current_dir(folder))
}

/// Serves the artifacts on this machine's loopback, for as long as the tests run.
fn serve_artifacts() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let path = request.split(' ').nth(1).unwrap().trim_start_matches('/');
            let bytes = fs::read(artifacts().join(path)).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                bytes.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            // A client that has seen enough hangs up.
            let _ = stream.write_all(&bytes);
        }
    });
    address
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn written_once_it_is_all_that_a_deploy_needs() {
    let world = World::new("options");
    let folder = world.folder.path();
    fs::copy(artifacts().join("hello-glibc"), folder.join("hello")).unwrap();
    let init = in_folder(
        &world,
        folder,
        "init ./hello --name shop --port 8080 --nodeport --env GREETING=one",
    );
    assert_eq!(
        (init.code, init.stdout.trim()),
        (Some(0), "b2i.yaml"),
        "{}",
        init.stderr
    );

    let first = in_folder(&world, folder, "deploy");
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(first.stderr.contains("options of b2i.yaml"), "{}", first.stderr);
    let env = |name: &str| {
        world.kubectl(&format!(
            "get deployment shop -o jsonpath={{.spec.template.spec.containers[0].env[?(@.name==\"{name}\")].value}}"
        ))
    };
    assert_eq!(env("GREETING"), "one");
    let port = world.node_port("shop");
    let (code, _) = curl(&format!("http://{}:{port}/", node_addresses()[0]));
    assert_eq!(code, "200");

    // A flag wins for once, and what the file takes away goes.
    let flag = in_folder(&world, folder, "deploy --env GREETING=two --env OTHER=1");
    assert_eq!(
        (flag.code, env("GREETING"), env("OTHER")),
        (Some(0), "two".to_owned(), "1".to_owned())
    );
    let text = fs::read_to_string(folder.join("b2i.yaml")).unwrap();
    fs::write(
        folder.join("b2i.yaml"),
        format!("{text}\nreplicas: 2\n").replace("GREETING: one", "OTHER: null"),
    )
    .unwrap();
    let third = in_folder(&world, folder, "deploy");
    assert_eq!(
        (third.code, env("OTHER")),
        (Some(0), String::new()),
        "{}",
        third.stderr
    );
    assert_eq!(
        world.kubectl("get deployment shop -o jsonpath={.status.readyReplicas}"),
        "2"
    );
    assert_eq!(world.node_port("shop"), port);

    // A file that came with another artifact does not give it this app's name, nor its rights.
    let elsewhere = folder.join("downloads");
    fs::create_dir(&elsewhere).unwrap();
    fs::copy(artifacts().join("hello-glibc"), elsewhere.join("stranger")).unwrap();
    fs::write(elsewhere.join("b2i.yaml"), "name: shop\nport: 8080\n").unwrap();
    let stranger = in_folder(&world, &elsewhere, "deploy ./stranger");
    assert!(
        stranger.code == Some(2) && stranger.stderr.contains("`shop` was built from `hello`"),
        "{}",
        stranger.stderr
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_app_becomes_a_file_that_changes_nothing() {
    let world = World::new("from-app");
    let folder = world.folder.path().join("app");
    fs::create_dir(&folder).unwrap();
    fs::copy(artifacts().join("hello-glibc"), folder.join("hello")).unwrap();
    world.kubectl("create secret generic db --from-literal=password=p");
    let first = in_folder(
        &world,
        &folder,
        "deploy ./hello --name shop --port http=8080 --service-port 80 --nodeport --memory 64Mi --replicas 2 \
         --env GREETING=one --env DB_PASSWORD=secret:db/password --volume emptydir:/cache --volume secret/db:/etc/db:ro \
         --health-path / --args --verbose --label team=web --image-env TZ=UTC --compression zstd",
    );
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(!first.stderr.contains("Changes"), "{}", first.stderr);
    let state = || {
        world
            .kubectl("get deployment,service,replicaset -l kubectl-b2i/app=shop -o jsonpath={.items[*].spec}")
    };
    let before = state();

    let page = in_folder(&world, &folder, "status shop").stdout;
    for part in ["http=8080", "64Mi", "emptydir:/cache", "--verbose", "TZ=UTC"] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    let init = in_folder(&world, &folder, "init --from-app shop");
    assert_eq!(
        (init.code, init.stdout.trim()),
        (Some(0), "b2i.yaml"),
        "{}",
        init.stderr
    );
    // All that is needed is in the file, and it is what runs.
    let again = in_folder(&world, &folder, "deploy");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    for part in [
        "options of b2i.yaml",
        "nothing changed since the last build",
        "as before",
    ] {
        assert!(again.stderr.contains(part), "{part} in\n{}", again.stderr);
    }
    assert!(!again.stderr.contains("Changes"), "{}", again.stderr);
    assert_eq!(state(), before);

    // A deploy says what it changes, and so does its rehearsal.
    let line = "deploy --memory 128Mi --env GREETING- --env LOG_LEVEL=debug --env TOKEN=abc";
    let expected = "  Changes   env GREETING removed, env LOG_LEVEL added (debug), env TOKEN added,\n            memory 64Mi → 128Mi\n";
    for line in [&format!("{line} --dry-run=client"), line] {
        let said = in_folder(&world, &folder, line);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(said.stderr.contains(expected), "{}", said.stderr);
    }

    // In another namespace the file makes the same app: nothing was kept there.
    let elsewhere = World::new("from-app-2");
    elsewhere.kubectl("create secret generic db --from-literal=password=p");
    fs::remove_file(folder.join("b2i.yaml")).unwrap();
    let init = in_folder(&world, &folder, "init --from-app shop");
    assert_eq!(init.code, Some(0), "{}", init.stderr);
    let spec = |world: &World| world.kubectl("get deployment shop -o jsonpath={.spec}");
    let file = folder.join("b2i.yaml");
    let there = in_folder(&elsewhere, &folder, &format!("deploy --file {}", file.display()));
    assert_eq!(there.code, Some(0), "{}", there.stderr);
    assert_eq!(spec(&elsewhere), spec(&world));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_file_beside_a_downloaded_artifact_gets_no_password() {
    let world = World::new("stranger");
    let folder = world.folder.path().join("downloads");
    fs::create_dir(&folder).unwrap();
    fs::copy(artifacts().join("hello-glibc"), folder.join("hello")).unwrap();
    let before = world.objects();
    for yaml in [
        "builderImage: localhost/busybox:1\n",
        "bootstrapImage: localhost/busybox:1\n",
        "env: {PASSWORD: secret:registry-push/.dockerconfigjson}\n",
        "volume: secret/registry-push:/stolen\n",
    ] {
        fs::write(folder.join("b2i.yaml"), yaml).unwrap();
        // What only a deploy has, a build does not use.
        let commands = ["deploy", "build"];
        for command in &commands[..if yaml.contains("Image") { 2 } else { 1 }] {
            let mut run = world.command(&format!("{command} ./hello"));
            // What the tests' own variables say would win over the file.
            run.env_remove("B2I_BUILDER_IMAGE")
                .env_remove("B2I_BOOTSTRAP_IMAGE");
            let said = said(run.current_dir(&folder));
            let is_refused = said.code == Some(2) && said.stderr.contains("could not use");
            assert!(is_refused, "{command} {yaml}{}", said.stderr);
            assert_eq!(world.objects(), before, "{command} {yaml}");
        }
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn what_kubesphere_built_is_imported_and_deployed() {
    let world = World::new("import");
    let server = serve_artifacts();
    for (name, file, builder_image, path) in [
        ("boot", "boot-2.7.18.jar", "kubesphere/java-8-centos7:v2.1.0", "/"),
        (
            "sample",
            "sample.war",
            "kubesphere/tomcat85-java11-centos7:v2.1.0",
            "/sample/",
        ),
        ("tool", "hello-glibc", "kubespheredev/s2i-binary:latest", "/"),
    ] {
        // As KubeSphere's console writes it, and its documentation shows it.
        let builder = format!(
            "apiVersion: devops.kubesphere.io/v1alpha1
kind: S2iBuilder
metadata:
  name: {name}
  namespace: {namespace}
  labels: {{s2i-type.kubesphere.io: b2i}}
  annotations: {{languageType: java}}
spec:
  config:
    displayName: {name}
    isBinaryURL: true
    sourceUrl: http://{server}/{file}
    imageName: {REGISTRY}/{namespace}/{name}
    tag: v1
    builderImage: {builder_image}
    builderPullPolicy: if-not-present
    export: true
    outputBuildResult: true
    environment: [{{name: GREETING, value: hello}}]
    pushAuthentication: {{secretRef: {{name: registry-push}}}}
",
            namespace = world.namespace
        );
        let folder = world.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("s2ibuilder.yaml"), builder).unwrap();
        let imported = in_folder(&world, &folder, "import -f s2ibuilder.yaml");
        assert_eq!(
            (imported.code, imported.stdout.trim()),
            (Some(0), "b2i.yaml"),
            "{}",
            imported.stderr
        );
        // A WAR for jakarta has no place in Tomcat 9, which KubeSphere's name stands for.
        let base = if name == "sample" { " --base default" } else { "" };
        let deployed = in_folder(&world, &folder, &format!("deploy --port 8080 --nodeport{base}"));
        assert_eq!(deployed.code, Some(0), "{}", deployed.stderr);
        let image = deployed.stdout.trim();
        assert!(
            image.starts_with(&format!("{REGISTRY}/{}/{name}@sha256:", world.namespace)),
            "{image}"
        );
        let port = world.node_port(name);
        let (code, body) = curl(&format!("http://{}:{port}{path}", node_addresses()[0]));
        assert_eq!(code, "200", "{name}: {body}");
    }
}
