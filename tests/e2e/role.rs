//! The documented Role is enough for the documented first steps, which are typed as they stand in the documentation.

use std::{fs, process::Command};

use crate::{
    typing::{Person, Way, page},
    world::{API_SERVER, REGISTRY, Said, World, root, said, var},
};

/// The indented blocks of a part of getting started.
fn blocks(from: &str, to: &str) -> Vec<String> {
    let page = page("docs/getting-started.md");
    let part = page.split_once(from).unwrap().1.split_once(to).unwrap().0;
    let mut blocks: Vec<String> = Vec::new();
    let mut is_in_block = false;
    for line in part.lines() {
        match line.strip_prefix("    ") {
            Some(line) if is_in_block => *blocks.last_mut().unwrap() += &format!("\n{line}"),
            Some(line) => blocks.push(line.to_owned()),
            None => {}
        }
        is_in_block = line.starts_with("    ");
    }
    blocks
}

/// What this machine cannot do.
const NOT_HERE: &str = "skopeo copy";

fn ok(said: &Said, block: &str) {
    assert_eq!(said.code, Some(0), "{block}\n{}\n{}", said.stdout, said.stderr);
}

fn bind(world: &World, role: &str) {
    let account = format!("--serviceaccount={}:dev", world.namespace);
    world.kubectl(&format!("create rolebinding dev-{role} --role={role} {account}"));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn getting_started_works_as_it_is_written_with_the_documented_role() {
    let person = Person::in_world(World::bare("getting-started"));
    let world = &person.world;
    let config = format!(
        "insecureRegistries: [\"{REGISTRY}\"]\nmirrors: {{docker.io: \"{REGISTRY}\", gcr.io: \"{REGISTRY}\"}}\n"
    );
    let file = world.folder.path().join("config.yaml");
    fs::write(&file, config).unwrap();
    let setting = format!("unset B2I_BUILDER_IMAGE; export B2I_CONFIG={}; ", file.display());

    let mut count = 0;
    for block in blocks("## Prepare the namespace", "## The first deploy") {
        if block.contains(NOT_HERE) {
            continue;
        }
        // Everybody's tests share the registry.
        let block = block.replace("/b2i/builder", &format!("/{}/builder", world.namespace));
        let mut typed = Command::new("sh");
        typed
            .args(["-c", &format!("set -e; {setting}{}", person.ours(&block))])
            .current_dir(root())
            .env("DOCKER_CONFIG", world.docker_config());
        ok(&said(&mut typed), &block);
        count += 1;
    }
    assert_eq!(count, 2, "the namespace, the builder image");
    world.kubectl("create serviceaccount dev");
    bind(world, "kubectl-b2i");
    world.kubeconfig_for_user(API_SERVER);

    for block in blocks("## The first deploy", "## Next") {
        for line in block.lines() {
            // A port of this machine may be somebody's.
            let line = line.replace(
                "port-forward service/shop 8080",
                "port-forward service/shop :8080",
            );
            let way = match line.as_str() {
                "kubectl b2i status shop --watch" => Way::Until("EVENTS"),
                "kubectl b2i delete shop" => Way::Answering(&[("[y/N]", "y\n")]),
                line if line.contains("port-forward") => Way::Until("Forwarding from"),
                _ => Way::ToTheEnd,
            };
            if line.starts_with("kubectl b2i rollback shop") {
                // Back to what? To the image before this one.
                let another = "kubectl b2i deploy ./shop.jar --image-env SECOND=1";
                ok(&person.types_after(&setting, another, &Way::ToTheEnd), another);
            }
            let said = person.types_after(&setting, &line, &way);
            match way {
                // kubectl's own port-forward ends well after Ctrl-C.
                Way::Until(_) => assert!(
                    matches!(said.code, Some(130 | 0) | None),
                    "{line}: {:?}",
                    said.code
                ),
                _ => ok(&said, &line),
            }
            count += 1;
        }
    }
    assert!(count >= 12, "only {count} commands: are they still read?");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn whoever_has_the_role_alone_is_told_whom_to_ask() {
    let world = World::new("role-alone");
    world.kubectl("delete secret registry-push");
    world.kubectl(
        r#"patch serviceaccount default --type=json -p [{"op":"remove","path":"/imagePullSecrets"}]"#,
    );
    let deploy = "deploy ./httpbin --port 8080";
    world.b2i(deploy).assert_failed(&[
        "error: could not choose the push Secret",
        "there is no Secret `registry-push` that you may read",
        &format!("kubectl b2i registry login HOST -n {}", world.namespace),
        "ask an administrator of the namespace",
        "#push-secret",
    ]);

    let log_in = || {
        let password = world.folder.path().join("password");
        fs::write(&password, var("B2I_REGISTRY_PASSWORD")).unwrap();
        let user = var("B2I_REGISTRY_USER");
        let mut command = world.command(&format!(
            "registry login {REGISTRY} --username {user} --password-stdin"
        ));
        said(command.stdin(fs::File::open(password).unwrap()))
    };
    log_in().assert_failed(&[
        "error: could not write the Secret `registry-push`",
        "cannot create resource \"secrets\"",
        "next: ask an administrator of the namespace for the Role that this command needs",
        "#permissions",
    ]);

    // The Role for that, and what it makes is found by itself.
    let role = root().join("docs/reference/permissions-registry-login.yaml");
    world.kubectl(&format!("apply -f {}", role.display()));
    bind(&world, "kubectl-b2i-registry-login");
    ok(&log_in(), "registry login");
    ok(&log_in(), "registry login, over the Secret that is there");
    world.b2i_ok(deploy);
}
