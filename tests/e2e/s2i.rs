//! Source-to-image bases, made here as `KubeSphere` makes its own: a label, a `run` script, folders of
//! the base's user. JAR, WAR and executable answer from `KubeSphere`'s paths.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::world::{REGISTRY, World, curl, kubectl, node_addresses, run};

const RUN_JAR: &str = "#!/bin/sh
cd /deployments
for jar in *.jar; do :; done
exec java $JAVA_OPTIONS -cp . -jar \"/deployments/$jar\" \"$@\" $JAVA_ARGS
";
const RUN_WAR: &str = "#!/bin/sh
set -e
for war in /deployments/*.war; do ln -s \"$war\" /opt/tomcat/webapps/; done
exec /opt/tomcat/bin/catalina.sh run
";
const RUN_BINARY: &str = "#!/bin/sh
chmod +x /opt/app-root/src/bin/binary
exec /opt/app-root/src/bin/binary $ARGS
";

/// What is added to a base: folders of a user, scripts, links.
struct Added<'a> {
    uid: u64,
    folders: &'a [&'a str],
    script: (&'a str, &'a str),
    link: Option<(&'a str, &'a str)>,
}

fn write_layer(path: &Path, added: &Added) {
    let mut tar = tar::Builder::new(fs::File::create(path).unwrap());
    let header = |kind, mode, uid, size| {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(uid);
        header.set_gid(0);
        header.set_size(size);
        header
    };
    for folder in added.folders {
        let mut header = header(tar::EntryType::Directory, 0o775, added.uid, 0);
        tar.append_data(&mut header, folder, &[][..]).unwrap();
    }
    let (name, text) = added.script;
    let mut script = header(tar::EntryType::Regular, 0o755, 0, text.len() as u64);
    tar.append_data(&mut script, name, text.as_bytes()).unwrap();
    if let Some((name, target)) = added.link {
        let mut link = header(tar::EntryType::Symlink, 0o777, 0, 0);
        tar.append_link(&mut link, name, target).unwrap();
    }
    tar.into_inner().unwrap();
}

fn crane(arguments: &[&str]) -> String {
    run(Command::new("crane").arg("--insecure").args(arguments))
}

/// Makes a base in the registry, and returns its name.
fn base(world: &World, name: &str, from: &str, user: &str, added: &Added) -> String {
    let layer = world.folder.path().join("layer.tar");
    write_layer(&layer, added);
    let from = format!("{REGISTRY}/{from}");
    let to = format!("{REGISTRY}/{}/s2i-{name}:1", world.namespace);
    let scripts = added.script.0.strip_suffix("/run").unwrap();
    let layer = layer.to_str().unwrap();
    crane(&[
        "append",
        "--platform",
        "linux/amd64",
        "-b",
        &from,
        "-f",
        layer,
        "-t",
        &to,
    ]);
    let label = format!("io.openshift.s2i.scripts-url=image:///{scripts}");
    crane(&["mutate", &to, "--label", &label, "--user", user, "-t", &to]);
    to
}

fn answer(world: &World, service: &str, path: &str) -> String {
    let port = world.node_port(service);
    let (code, body) = curl(&format!("http://{}:{port}{path}", node_addresses()[0]));
    assert_eq!(code, "200", "{body}");
    body
}

/// What a command says in the app's container.
fn exec(world: &World, service: &str, words: &str) -> String {
    let deployment = format!("deployment/{service}");
    run(kubectl()
        .args(["exec", "-n", &world.namespace, &deployment, "--"])
        .args(words.split_whitespace()))
}

fn config_of(image: &str) -> Value {
    let config: Value = serde_json::from_str(&crane(&["config", image])).unwrap();
    config["config"].clone()
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_jar_runs_by_the_bases_script() {
    let world = World::new("s2i-jar");
    let base = base(
        &world,
        "java",
        "library/eclipse-temurin:17-jre",
        "jboss",
        &Added {
            uid: 1000,
            folders: &["deployments"],
            script: ("usr/local/s2i/run", RUN_JAR),
            link: None,
        },
    );
    // Without a word of it the builder refuses, and says the word.
    let said = world.b2i(&format!(
        "deploy ./boot-3.5.7.jar --name app --port 8181 --base {base}"
    ));
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(
        said.stderr.contains("`--s2i`") && said.stderr.contains("#base-s2i"),
        "{}",
        said.stderr
    );

    let line = format!(
        "deploy ./boot-3.5.7.jar --name app --port 8181 --nodeport --base {base} --s2i --env JAVA_ARGS=--server.port=8181"
    );
    let said = world.b2i(&line);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(
        !said.stderr.contains("JAVA_ARGS"),
        "the script reads it: {}",
        said.stderr
    );
    assert!(answer(&world, "app", "/").starts_with("Spring Boot 3.5.7"));

    let config = config_of(said.stdout.trim_end());
    assert_eq!(config["Cmd"], serde_json::json!(["/usr/local/s2i/run"]));
    assert_eq!(config["User"], "1000", "a name the kubelet could not check");
    assert_eq!(
        config["Entrypoint"],
        serde_json::json!(["/__cacert_entrypoint.sh"])
    );
    let files = exec(&world, "app", "ls -ln /deployments");
    assert!(files.contains("boot-3.5.7.jar"), "{files}");
    assert_eq!(exec(&world, "app", "id -u"), "1000");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_war_runs_by_the_bases_script() {
    let world = World::new("s2i-war");
    let base = base(
        &world,
        "tomcat",
        "library/tomcat:10.1-jre17",
        "jboss",
        &Added {
            uid: 1000,
            folders: &[
                "deployments",
                "usr/local/tomcat/webapps",
                "usr/local/tomcat/conf/Catalina",
                "usr/local/tomcat/conf/Catalina/localhost",
            ],
            script: ("usr/local/s2i/run", RUN_WAR),
            link: Some(("opt/tomcat", "/usr/local/tomcat")),
        },
    );
    let line = format!("deploy ./sample.war --port 8080 --nodeport --base {base} --s2i");
    let said = world.b2i(&line);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(answer(&world, "sample", "/sample/hello").contains("Sample Application Servlet"));
    let files = exec(&world, "sample", "ls /deployments");
    assert_eq!(files, "sample.war");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_executable_runs_by_the_bases_script() {
    let world = World::new("s2i-bin");
    let base = base(
        &world,
        "binary",
        "library/alpine:3",
        "1001",
        &Added {
            uid: 1001,
            folders: &["opt/app-root", "opt/app-root/src", "opt/app-root/src/bin"],
            script: ("usr/libexec/s2i/run", RUN_BINARY),
            link: None,
        },
    );
    let line = format!("deploy ./hello-musl --port 8080 --nodeport --base {base} --s2i --env ARGS=one");
    let said = world.b2i(&line);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(
        answer(&world, "hello-musl", "/"),
        "hello from musl, static, arguments [\"one\"]\n"
    );
    let config = config_of(said.stdout.trim_end());
    assert_eq!(config["Cmd"], serde_json::json!(["/usr/libexec/s2i/run"]));
    assert_eq!(config["User"], "1001");
    exec(&world, "hello-musl", "test -x /opt/app-root/src/bin/binary");

    // A plain base is no source-to-image one.
    let said = world.b2i("deploy ./hello-musl --base alpine:3 --s2i");
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("#base-not-s2i"), "{}", said.stderr);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn kubesphere_env_names_work_on_our_bases_too() {
    let world = World::new("ks-env");
    let said = world
        .b2i("deploy ./boot-3.5.7.jar --name app --port 8181 --nodeport --env JAVA_ARGS=--server.port=8181");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("JAVA_ARGS"), "{}", said.stderr);
    assert!(answer(&world, "app", "/").starts_with("Spring Boot 3.5.7"));

    // What was given is remembered, not what was made of it.
    world.b2i_ok("deploy ./boot-3.5.7.jar --name app --port 8282 --env JAVA_ARGS- --env JAVA_OPTIONS=-Dserver.port=8282");
    assert!(answer(&world, "app", "/").starts_with("Spring Boot 3.5.7"));
    let container = "jsonpath={.spec.template.spec.containers[0]";
    assert_eq!(
        world.kubectl(&format!("get deployment app -o {container}.args}}")),
        ""
    );
    let env = world.kubectl(&format!("get deployment app -o {container}.env}}"));
    assert!(
        env.contains("-XX:MaxRAMPercentage=75 -XX:+ExitOnOutOfMemoryError -Dserver.port=8282"),
        "{env}"
    );
    let options =
        world.kubectl(r"get deployment app -o jsonpath={.metadata.annotations.kubectl-b2i/options}");
    assert!(
        options.contains("JAVA_OPTIONS") && !options.contains("JAVA_TOOL_OPTIONS"),
        "{options}"
    );
}
