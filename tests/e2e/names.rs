//! Apps that nobody named: two files are never one app, and no app is replaced without a word.

use std::fs;

use crate::world::{Said, World, artifacts, said};

const API: &str = "acme-platform-integration-service-payments-api";
const WORKER: &str = "acme-platform-integration-service-payments-worker";

/// `kubectl b2i …` as the user, in a folder with this executable under other names.
fn in_folder(world: &World, line: &str) -> Said {
    said(world.command(line).current_dir(world.folder.path()))
}

fn copies(world: &World, names: &[&str]) {
    for name in names {
        fs::copy(artifacts().join("hello-glibc"), world.folder.path().join(name)).unwrap();
    }
}

fn deployments(world: &World) -> Vec<String> {
    let names = world.kubectl("get deployments -o jsonpath={.items[*].metadata.name}");
    names.split_whitespace().map(ToOwned::to_owned).collect()
}

fn ok(world: &World, line: &str) -> String {
    let said = in_folder(world, line);
    assert_eq!(said.code, Some(0), "{line}\n{}", said.stderr);
    said.stdout
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn files_with_long_names_are_apps_of_their_own() {
    let world = World::new("long-names");
    copies(&world, &[API, WORKER]);
    let api = ok(&world, &format!("deploy ./{API} --port 8080"));
    let [name] = &deployments(&world)[..] else {
        panic!("{:?}", deployments(&world))
    };
    let image = || {
        world.kubectl(&format!(
            "get deployment {name} -o jsonpath={{.spec.template.spec.containers[0].image}}"
        ))
    };
    assert_eq!(image(), api.trim());
    let worker = ok(&world, &format!("deploy ./{WORKER} --port 8080"));
    assert_eq!(deployments(&world).len(), 2);
    assert_eq!(image(), api.trim(), "the other app is as it was");
    let repository = |image: &str| image.split('@').next().unwrap().to_owned();
    assert_ne!(repository(&api), repository(&worker));
    // Another version is the same app.
    copies(&world, &[&format!("{API}-1.3.0")]);
    ok(&world, &format!("deploy ./{API}-1.3.0"));
    assert_eq!(deployments(&world).len(), 2);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_app_built_from_another_file_is_replaced_only_by_name() {
    let world = World::new("taken-names");
    copies(&world, &["legacy", "shop-1.2", "shop-1.3"]);
    let legacy = ok(
        &world,
        "deploy ./legacy --name shop --port 8080 --image-env BY=legacy",
    );
    let before = world.objects();
    let shown = || world.kubectl("get deployment shop -o jsonpath={.spec.template.spec.containers[0].image}");
    for line in ["deploy ./shop-1.2", "build ./shop-1.2"] {
        let refused = in_folder(&world, line);
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (Some(2), ""),
            "{}",
            refused.stderr
        );
        for part in ["`shop` was built from `legacy`", "--name shop"] {
            assert!(refused.stderr.contains(part), "{part}\n{}", refused.stderr);
        }
    }
    assert_eq!(world.objects(), before);
    assert_eq!(shown(), legacy.trim());

    ok(&world, "deploy ./shop-1.2 --name shop --image-env BY=shop");
    // It is that file's from now on, and another version needs no word.
    let newer = ok(&world, "deploy ./shop-1.3 --image-env BY=newer");
    assert_eq!(shown(), newer.trim());
    // So is a folder with one, whatever its own name is.
    let target = world.folder.path().join("target");
    fs::create_dir(&target).unwrap();
    fs::rename(world.folder.path().join("shop-1.2"), target.join("shop-1.4")).unwrap();
    fs::write(target.join("notes.txt"), "").unwrap();
    ok(&world, "deploy ./target");
    ok(&world, "deploy ./shop-1.3");
    assert_eq!(deployments(&world), ["shop"]);
}
