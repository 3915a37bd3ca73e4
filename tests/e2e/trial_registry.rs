//! A cluster without a registry and without a builder image: `registry up`, and what follows.

use crate::world::{World, curl, eventually, root, run, said};
use std::process::Command;

/// A namespace whose user has nothing but a login for the place where base images are, since this
/// cluster has no way to Docker Hub.
struct Bare(World);

impl Bare {
    fn new(name: &str) -> Self {
        let world = World::new(name);
        world.kubectl("delete secret registry-push");
        world.secret("bases");
        let role = root().join("docs/reference/permissions-registry-up.yaml");
        world.kubectl(&format!("apply -f {}", role.display()));
        let (name, user) = ("kubectl-b2i-registry-up", format!("{}:dev", world.namespace));
        world.kubectl(&format!(
            "create rolebinding registry-up --role={name} --serviceaccount={user}"
        ));
        std::fs::write(
            world.folder.path().join("config.yaml"),
            "pullSecret: bases\ninsecureRegistries: [\"10.250.0.1:5000\"]\n\
             mirrors: {docker.io: \"10.250.0.1:5000\", gcr.io: \"10.250.0.1:5000\"}\n",
        )
        .unwrap();
        Self(world)
    }

    fn b2i_ok(&self, line: &str) -> String {
        let mut command = self.0.command(line);
        command
            .env("B2I_CONFIG", self.0.folder.path().join("config.yaml"))
            .env_remove("B2I_BUILDER_IMAGE");
        let said = said(&mut command);
        assert_eq!(said.code, Some(0), "kubectl b2i {line}\n{}", said.stderr);
        said.stdout.trim_end().to_owned()
    }

    fn images(&self) -> String {
        self.0
            .kubectl("get pods -o jsonpath={.items[*].spec.containers[*].image}")
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn three_commands_from_nothing_to_an_answer() {
    let bare = Bare::new("trial");
    let before = bare.0.objects();

    let host = bare.b2i_ok("registry up");
    let image = bare.b2i_ok("deploy ./boot-3.5.7.jar --nodeport");
    let (code, body) = curl(&format!("http://10.250.0.11:{}/", bare.0.node_port("boot")));

    assert_eq!(code, "200", "{body}");
    assert!(host.starts_with("localhost:"), "{host}");
    let prefix = format!("{host}/{}/boot@sha256:", bare.0.namespace);
    assert!(image.starts_with(&prefix), "{image}");
    // Nothing but what the nodes pulled from there.
    let images = bare.images();
    for image in images.split_whitespace() {
        let is_ours = image.starts_with(&format!("{host}/")) || image == "docker.io/library/registry:3";
        assert!(is_ours, "{images}");
    }
    // The password is in the Secret, and nowhere that more people may read.
    let secret = bare.0.kubectl("get secret b2i-registry -o json");
    let secret: serde_json::Value = serde_json::from_str(&secret).unwrap();
    let config = secret["data"][".dockerconfigjson"].as_str().unwrap();
    let config = run(Command::new("sh").args(["-c", &format!("echo {config} | base64 -d")]));
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    let password = config["auths"][&host]["password"].as_str().unwrap();
    assert_eq!(password.len(), 64);
    let elsewhere = bare
        .0
        .kubectl("get deployments,configmaps,pods,jobs,services,events -o yaml");
    assert!(!elsewhere.contains(password));
    // Whoever reaches the port needs it.
    let port = host.strip_prefix("localhost:").unwrap();
    assert_eq!(curl(&format!("http://10.250.0.12:{port}/v2/_catalog")).0, "401");

    assert!(bare.b2i_ok("registry list").contains(&host));
    assert!(bare.b2i_ok("doctor").contains(&host));
    let checked = bare.b2i_ok(&format!("registry check {host}/{}/boot", bare.0.namespace));
    assert!(checked.contains("✓ push"), "{checked}");

    // Again: the same port and the same password, nothing to send but what is missing.
    assert_eq!(bare.b2i_ok("registry up"), host);
    assert_eq!(
        bare.0
            .kubectl("get secret b2i-registry -o jsonpath={.metadata.uid}"),
        secret["metadata"]["uid"].as_str().unwrap()
    );

    let refused = bare.0.b2i("registry down");
    assert_eq!(
        (refused.code, refused.stdout.as_str()),
        (Some(2), ""),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("images of `boot` are there"),
        "{}",
        refused.stderr
    );
    bare.b2i_ok("delete boot --yes");
    bare.b2i_ok("registry down --yes");
    eventually("the registry's Pod goes", || bare.0.objects() == before);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_new_registry_takes_the_apps_of_the_one_that_is_gone() {
    let bare = Bare::new("again");
    let own = r#"{"pullSecret":"bases"}"#;
    bare.0.kubectl(&format!(
        "create configmap kubectl-b2i --from-literal=config.yaml={own}"
    ));
    let first = bare.b2i_ok("registry up");
    let before = bare.b2i_ok("deploy ./httpbin --port 8080");
    assert_eq!(bare.b2i_ok("registry down --yes").lines().count(), 4);
    // What people wrote stays.
    let kept = bare.0.kubectl("get configmap kubectl-b2i -o jsonpath={.data}");
    assert_eq!(kept, r#"{"config.yaml":"{\"pullSecret\":\"bases\"}"}"#);
    // Somebody else has its port by now.
    let port = first.strip_prefix("localhost:").unwrap();
    bare.0.kubectl(&format!(
        "create service nodeport other --tcp=1 --node-port={port}"
    ));

    let second = bare.b2i_ok("registry up");
    assert_ne!(first, second);
    let after = bare.b2i_ok("deploy ./httpbin");
    assert_eq!(after, before.replace(&first, &second));
    assert!(
        bare.0
            .kubectl("get deployment httpbin -o yaml")
            .contains("containerPort: 8080")
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn what_somebody_else_made_is_not_taken_over() {
    let bare = Bare::new("taken");
    let world = &bare.0;
    // One that leads to Pods of somebody's own.
    world.kubectl("create service nodeport b2i-registry --tcp=5000");
    let spec = || world.kubectl("get service b2i-registry -o jsonpath={.spec}{.metadata.managedFields}");
    let before = (spec(), world.objects());
    world.b2i("registry up").assert_failed(&[
        "error: could not run a registry in the namespace",
        "there is a service `b2i-registry` that `registry up` did not make",
        "#registry-up",
    ]);
    bare.b2i_ok("registry down --yes");
    assert_eq!((spec(), world.objects()), before);
}
