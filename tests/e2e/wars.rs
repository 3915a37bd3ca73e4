//! WARs in the container that serves them, by themselves, and converted.

use crate::world::{REGISTRY, World, curl, node_addresses, run};

/// Deploys, and returns what the app answers at this path below its URL: status and body.
fn answer(world: &World, line: &str, app: &str, path: &str) -> (String, String) {
    let said = world.b2i(&format!("deploy {line} --port 8080 --nodeport --memory 768Mi"));
    assert_eq!(said.code, Some(0), "{line}\n{}", said.stderr);
    let node = &node_addresses()[0];
    curl(&format!("http://{node}:{}{path}", world.node_port(app)))
}

/// What Tomcat's log says of itself and its Java.
fn tomcat_of(world: &World, app: &str) -> String {
    let log = world.kubectl(&format!("logs deployment/{app}"));
    let facts = log
        .lines()
        .filter(|line| line.contains("Server version name:") || line.contains("JVM Version:"));
    facts.collect::<Vec<_>>().join("\n")
}

fn is_on_java(log: &str, release: &str) -> bool {
    log.lines()
        .filter_map(|line| line.split_once("JVM Version:"))
        .any(|(_, version)| version.trim().starts_with(release))
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_base_whose_name_says_nothing_is_known_by_its_env() {
    let world = World::new("env");
    // Tomcat 9 under a name that does not tell.
    let base = format!("{}/base:1", world.namespace);
    let (from, to) = (
        format!("{REGISTRY}/library/tomcat:9.0-jre17"),
        format!("{REGISTRY}/{base}"),
    );
    run(std::process::Command::new("crane").args(["copy", "--insecure", &from, &to]));
    let said = world.b2i(&format!("deploy ./hawtio.war --base {to}"));
    said.assert_failed(&[
        "it is Tomcat 9.0",
        "serves javax.servlet only",
        "#wrong-servlet-api",
    ]);
    let said = world.b2i(&format!(
        "deploy ./hawtio-javax.war --port 8080 --base {to} --memory 768Mi"
    ));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_javax_war_runs_in_tomcat_9() {
    let world = World::new("javax");
    let (code, body) = answer(&world, "./hawtio-javax.war", "hawtio-javax", "/hawtio-javax/");
    assert!(code == "200" && body.contains("hawtio"), "{code}\n{body}");
    let ran_on = tomcat_of(&world, "hawtio-javax");
    // The cluster's stand-in for Java 8 is 17: see tests/README.md.
    assert!(
        ran_on.contains("Apache Tomcat/9.0") && is_on_java(&ran_on, "17"),
        "{ran_on}"
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_jakarta_war_runs_in_tomcat_10() {
    let world = World::new("jakarta");
    let (code, body) = answer(&world, "./hawtio.war", "hawtio", "/hawtio/");
    assert!(code == "302" || code == "200", "{code}\n{body}");
    let ran_on = tomcat_of(&world, "hawtio");
    assert!(
        ran_on.contains("Apache Tomcat/10.1") && is_on_java(&ran_on, "17"),
        "{ran_on}"
    );

    // In Tomcat 9 it would start and answer 404: so nothing of it is sent.
    let before = world.kubectl("get jobs,pods -o name");
    let said = world.b2i("deploy ./hawtio.war --base tomcat:9.0-jre17");
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    assert!(
        said.stderr.contains("Tomcat 9 serves javax.servlet only"),
        "{}",
        said.stderr
    );
    let after = world.kubectl("get jobs,pods -o name");
    assert!(
        after.lines().all(|name| before.contains(name)),
        "{before}\n{after}"
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_javax_war_is_converted_by_tomcat_10() {
    let world = World::new("convert");
    let line = "./hawtio-javax.war --convert-javax --context-path /console";
    let (code, body) = answer(&world, line, "hawtio-javax", "/console/");
    assert!(code == "200" && body.contains("hawtio"), "{code}\n{body}");
    let ran_on = tomcat_of(&world, "hawtio-javax");
    assert!(ran_on.contains("Apache Tomcat/10.1"), "{ran_on}");
    // The flag is remembered.
    let again = world.b2i_json("deploy ./hawtio-javax.war");
    assert_eq!(again["unchanged"], true, "{again}");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_executable_war_runs_by_itself_and_in_tomcat() {
    let world = World::new("execwar");
    let (code, body) = answer(&world, "./boot-war.war", "boot-war", "/hello");
    assert!(
        code == "200" && body.contains("started by itself"),
        "{code}\n{body}"
    );
    let java = world.java_of("boot-war");
    assert!(java.starts_with("openjdk 17."), "{java}");
    let (code, body) = answer(
        &world,
        "./boot-war.war --name in-tomcat --base tomcat:10.1-jre17",
        "in-tomcat",
        "/boot-war/hello",
    );
    assert!(
        code == "200" && body.contains("Apache Tomcat/10.1") && body.contains("started by Tomcat"),
        "{code}\n{body}"
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_war_comes_through_a_pipe() {
    let world = World::new("pipe");
    let file = std::fs::File::open(crate::world::artifacts().join("sample.war")).unwrap();
    let mut command = world.command("deploy - --name sample --port 8080 --nodeport");
    let said = crate::world::said(command.stdin(file));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    // The name that it was given is its path too.
    let url = format!(
        "http://{}:{}/sample/hello",
        node_addresses()[0],
        world.node_port("sample")
    );
    let (code, body) = curl(&url);
    assert!(
        code == "200" && body.contains("Sample Application Servlet"),
        "{code}\n{body}"
    );
}
