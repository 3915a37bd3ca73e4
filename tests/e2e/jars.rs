//! JARs of every make, each answering through its NodePort on every node.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

use crate::{
    archive,
    world::{World, artifacts, curl, eventually, node_addresses, run},
};

/// Deploys, and returns what the app says at `path` of the first node, asserting the same of all.
fn answer(world: &World, line: &str, service: &str, path: &str) -> String {
    let said = world.b2i(line);
    assert_eq!(said.code, Some(0), "{line}\n{}", said.stderr);
    let port = world.node_port(service);
    let mut bodies = Vec::new();
    for node in node_addresses() {
        let (code, body) = curl(&format!("http://{node}:{port}{path}"));
        assert_eq!(code, "200", "{node} {path}");
        bodies.push(body);
    }
    assert!(
        bodies.len() >= 2,
        "these tests want two nodes: tests/env --nodes 2"
    );
    bodies.swap_remove(0)
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn spring_boot_of_three_generations() {
    let world = World::new("boots");
    // The cluster's image of Java 8 is Java 17: see tests/README.md.
    for version in ["2.7.18", "3.5.7", "4.0.7"] {
        let name = format!("boot-{}", version.replace('.', "-"));
        let line = format!("deploy ./boot-{version}.jar --name {name} --port 8080 --nodeport");
        let body = answer(&world, &line, &name, "/");
        assert!(
            body.starts_with(&format!("Spring Boot {version} on Java 17.")),
            "{body}"
        );
        let port = world.node_port(&name);
        let (code, health) = curl(&format!("http://{}:{port}/actuator/health", node_addresses()[0]));
        assert_eq!(code, "200", "{version}");
        assert!(health.contains("UP"), "{health}");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn quarkus_folder_and_a_change_of_the_application() {
    let world = World::new("quarkus");
    let body = answer(
        &world,
        "deploy ./quarkus-app --port 8080 --nodeport",
        "quarkus-hello",
        "/",
    );
    assert!(body.starts_with("Quarkus on Java 17."), "{body}");

    // Its JAR alone stands for the folder, from any folder, and is the same image.
    let again = world.b2i_json("deploy ./quarkus-app/quarkus-run.jar");
    assert_eq!(again["unchanged"], true, "{again}");

    let copy = world.folder.path().join("quarkus-app");
    copy_folder(&artifacts().join("quarkus-app"), &copy);
    fs::write(copy.join("app/more.txt"), "more").unwrap();
    let report = world.b2i_json(&format!("deploy {}", copy.display()));
    let uploaded = report["uploadedBytes"].as_u64().unwrap();
    assert!((1..20_000).contains(&uploaded), "{report}");
    assert_eq!(report["skippedLayers"].as_array().unwrap().len(), 2, "{report}");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn micronaut_with_its_libraries_beside_it_and_a_change_of_a_class() {
    let world = World::new("micronaut");
    let line = "deploy ./micronaut-app/micronaut-hello.jar --port 8080 --nodeport";
    let body = answer(&world, line, "micronaut-hello", "/");
    assert!(body.starts_with("Micronaut on Java 17."), "{body}");

    // Its libraries have a layer of their own, which stays where it is.
    let copy = world.folder.path().join("micronaut-app");
    copy_folder(&artifacts().join("micronaut-app"), &copy);
    let jar = copy.join("micronaut-hello.jar");
    let before = fs::read(&jar).unwrap();
    archive::with_classes_changed(
        &artifacts().join("micronaut-app/micronaut-hello.jar"),
        &jar,
        "hello/",
        1,
    );
    assert_ne!(fs::read(&jar).unwrap(), before);
    let report = world.b2i_json(&format!("deploy {}", jar.display()));
    let uploaded = report["uploadedBytes"].as_u64().unwrap();
    assert!((1..50_000).contains(&uploaded), "{report}");
    assert_eq!(report["skippedLayers"].as_array().unwrap().len(), 1, "{report}");
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            fs::copy(&path, &copy).unwrap();
        }
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_shaded_jar() {
    let world = World::new("wiremock");
    let body = answer(
        &world,
        "deploy ./wiremock.jar --port 8080 --nodeport",
        "wiremock",
        "/__admin/health",
    );
    assert!(body.contains("healthy"), "{body}");
    let java = world.java_of("wiremock");
    assert!(java.starts_with("openjdk 17."), "{java}");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_thin_jar_finds_its_library() {
    let world = World::new("derby");
    // Without arguments it only says how it is used; there is no flag for them.
    world.b2i_ok("deploy ./derby/derbynet.jar --port 1527 --nodeport --wait=false");
    let arguments = r#"["start","-h","0.0.0.0","-noSecurityManager"]"#;
    world.kubectl(&format!(
        r#"patch deployment derbynet --type=json -p [{{"op":"add","path":"/spec/template/spec/containers/0/args","value":{arguments}}}]"#
    ));
    world.kubectl("rollout status deployment/derbynet --timeout=120s");
    let port: u16 = world.node_port("derbynet").parse().unwrap();
    for node in node_addresses() {
        let address = SocketAddr::new(node.parse().unwrap(), port);
        eventually("a connection to Derby", || {
            TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok()
        });
    }
    let log = world.kubectl("logs deployment/derbynet");
    assert!(
        log.contains("started and ready to accept connections on port 1527"),
        "{log}"
    );
    let java = world.java_of("derbynet");
    assert!(java.starts_with("openjdk 17."), "{java}");
}

/// Status, headers and body.
fn get(url: &str, headers: &[&str]) -> (String, String, String) {
    let headers = headers.iter().flat_map(|header| ["-H", header]);
    let text = run(Command::new("curl")
        .args([
            "-s",
            "-i",
            "-m",
            "10",
            "--retry",
            "10",
            "--retry-connrefused",
            url,
        ])
        .args(headers));
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let (status, headers) = head.split_once('\n').unwrap();
    let status = status.split(' ').nth(1).unwrap().to_owned();
    (status, headers.to_owned(), body.to_owned())
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_unpacked_war_whose_style_changes_by_one_byte() {
    let world = World::new("unpacked");
    let folder = world.folder.path().join("sample");
    let war = fs::File::open(artifacts().join("sample.war")).unwrap();
    zip::ZipArchive::new(war).unwrap().extract(&folder).unwrap();
    fs::write(folder.join("style.css"), "a { color: #111 }\n").unwrap();
    let line = format!("deploy {} --nodeport", folder.display());
    let page = answer(&world, &line, "sample", "/sample/hello");
    assert!(page.contains("Sample Application Servlet"), "{page}");

    let url = format!(
        "http://{}:{}/sample/style.css",
        node_addresses()[0],
        world.node_port("sample")
    );
    let (status, headers, _) = get(&url, &[]);
    assert_eq!(status, "200", "{headers}");
    let value = |name: &str| {
        let line = headers.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {headers}"))
            .to_owned()
    };
    let etag = format!("If-None-Match: {}", value("ETag: "));
    let since = format!("If-Modified-Since: {}", value("Last-Modified: "));
    for asked in [&[&*etag][..], &[&since], &[&etag, &since]] {
        assert_eq!(get(&url, asked).0, "304", "{asked:?}");
    }

    fs::write(folder.join("style.css"), "a { color: #112 }\n").unwrap();
    world.b2i_ok(&line);
    for asked in [&[&*etag][..], &[&since], &[&etag, &since]] {
        let (status, _, body) = get(&url, asked);
        assert_eq!(
            (status.as_str(), body.as_str()),
            ("200", "a { color: #112 }"),
            "{asked:?}"
        );
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_thin_jar_without_its_library_is_refused_on_this_machine() {
    let world = World::new("alone");
    fs::copy(
        artifacts().join("derby/derbynet.jar"),
        world.folder.path().join("derbynet.jar"),
    )
    .unwrap();
    let said = world.b2i(&format!(
        "deploy {}/derbynet.jar --port 1527",
        world.folder.path().display()
    ));
    said.assert_failed(&[]);
    assert!(
        said.stderr
            .contains("names a file that is not there, seen from the JAR:\n       derby.jar\n"),
        "{}",
        said.stderr
    );
    assert!(!said.stderr.contains("Upload"), "{}", said.stderr);
}
