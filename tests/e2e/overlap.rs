//! Two Pods at one time: which of them tells what is wrong, and what is left afterwards. And what the
//! next deploy finds: a staging Pod that stayed, or nothing to do.

use std::fs;

use crate::world::{World, eventually, kubectl, run};

const STAGING_JOBS: &str = "get jobs -l kubectl-b2i/role=staging -o name";

/// Nothing of a build runs or will run.
fn assert_quiet(world: &World) {
    eventually("the end of all Pods of the build", || {
        world
            .kubectl("get jobs -o jsonpath={.items[*].status.active}")
            .is_empty()
            && world
                .kubectl("get pods --field-selector=status.phase!=Failed -o name")
                .is_empty()
    });
    assert_eq!(world.kubectl(STAGING_JOBS), "");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_login_that_is_refused_ends_the_builder_too() {
    let world = World::new("over-denied");
    // A Secret of its own for the nodes: they can pull the builder image.
    world.secret("nodes");
    world.kubectl("delete secret registry-push");
    world.kubectl(
        "create secret docker-registry registry-push --docker-server=10.250.0.1:5000 --docker-username=dev --docker-password=wrong",
    );
    let said = world.b2i(
        "deploy ./httpbin --port 8080 --base scratch --push-secret registry-push --builder-pull-secret nodes",
    );
    said.assert_failed(&["401", "#push-unauthorized"]);
    assert_quiet(&world);
    assert_eq!(
        world.kubectl("get deployments,services -l kubectl-b2i/app -o name"),
        ""
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_builder_image_that_is_not_there_leaves_nothing_that_tries() {
    let world = World::new("over-image");
    let said = world.b2i("deploy ./httpbin --port 8080 --builder-image 10.250.0.1:5000/b2i/none:1");
    said.assert_failed(&["10.250.0.1:5000/b2i/none:1", "#builder-image"]);
    assert_quiet(&world);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_base_that_is_not_there_is_told_while_layers_are_sent() {
    let world = World::new("over-base");
    let said = world.b2i("deploy ./httpbin --port 8080 --base 10.250.0.1:5000/none/base:1");
    said.assert_failed(&["10.250.0.1:5000/none/base"]);
    assert_quiet(&world);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn the_next_deploy_finds_the_staging_pod() {
    let world = World::new("warm");
    world.b2i_ok("deploy ./httpbin --port 8080");
    let left = world.kubectl(STAGING_JOBS);
    assert!(left.starts_with("job.batch/b2i-staging-"), "{left}");
    let memory = world.folder.path().join("state/kubectl-b2i/staging");
    assert_eq!(fs::read_dir(&memory).unwrap().count(), 1);
    // The spec holds no token, and the file is its owner's alone.
    let file = fs::read_dir(&memory).unwrap().next().unwrap().unwrap();
    let remembered: serde_json::Value = serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
    let token = remembered["token"].as_str().unwrap();
    assert!(token.len() == 64 && !world.kubectl("get jobs,pods -o yaml").contains(token));

    let second = world.b2i_json("deploy ./httpbin --image-env ADDED=1");
    assert_eq!(second["uploadedBytes"], 0);
    assert_eq!(
        world.kubectl(STAGING_JOBS),
        left,
        "it was found, and no other was begun"
    );

    // Gone: another one, and no word of it.
    world.kubectl("delete jobs -l kubectl-b2i/role=staging --wait");
    let said = world.b2i("deploy ./httpbin --image-env ADDED=2");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(!said.stderr.contains("warning"), "{}", said.stderr);
    let another = world.kubectl(STAGING_JOBS);
    assert!(
        another.starts_with("job.batch/b2i-staging-") && another != left,
        "{another}"
    );

    world.b2i_ok("deploy ./httpbin --image-env ADDED=3 --staging-idle 0");
    assert_eq!(world.kubectl(STAGING_JOBS), "");
    assert_eq!(fs::read_dir(&memory).unwrap().count(), 0);
}

/// The staging Pods that are to stay, by app.
fn staging(world: &World) -> String {
    let path = r"{range .items[?(@.status.active==1)]}{.metadata.labels.kubectl-b2i/app} {end}";
    let path = path.replace("kubectl-b2i/", r"kubectl-b2i\/");
    let jobs = format!("get jobs -l kubectl-b2i/role=staging -o jsonpath={path}");
    let args: Vec<&str> = jobs.splitn(6, ' ').collect();
    let text = run(kubectl().args(args).args(["-n", &world.namespace]));
    text.trim_end().to_owned()
}

const BUILDERS: &str = "get jobs,pods -l kubectl-b2i/role=builder -o name";

#[test]
#[ignore = "needs a cluster: tests/run"]
fn of_two_apps_one_staging_pod_stays_and_no_builder() {
    let world = World::new("one-idle");
    world.b2i_ok("build ./httpbin");
    world.b2i_ok("build ./hello-musl");
    assert_eq!(staging(&world), "hello-musl");
    eventually("the end of the builders", || world.kubectl(BUILDERS).is_empty());
    for app in ["httpbin", "hello-musl"] {
        let log = world.b2i_ok(&format!("logs {app} --build"));
        assert!(log.contains("done: "), "{log}");
    }
    // A build that fails takes its builder along as well, and its log stays.
    let said = world.b2i("build ./httpbin --base 10.250.0.1:5000/none/base:1");
    said.assert_failed(&["10.250.0.1:5000/none/base"]);
    eventually("the end of the builders", || world.kubectl(BUILDERS).is_empty());
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn two_apps_at_one_time_do_not_end_each_others_staging_pod() {
    let world = World::new("two-apps");
    // One of them finds the other's idle Pod, or its own.
    for value in 1..=3 {
        std::thread::scope(|scope| {
            for app in ["httpbin", "hello-musl"] {
                let world = &world;
                scope.spawn(move || {
                    let said = world.b2i(&format!("build ./{app} --image-env ROUND={value}"));
                    assert_eq!(said.code, Some(0), "{}", said.stderr);
                    assert!(!said.stderr.contains("warning"), "{}", said.stderr);
                });
            }
        });
        let left = staging(&world);
        assert!(["httpbin", "hello-musl"].contains(&&*left), "{left}");
    }
    eventually("the end of the builders", || world.kubectl(BUILDERS).is_empty());
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_old_login_in_a_staging_pod_is_no_failure() {
    let world = World::new("warm-login");
    world.secret("nodes");
    world.b2i_ok("deploy ./httpbin --port 8080 --push-secret registry-push --builder-pull-secret nodes");
    // The Pod that stays goes to another program's port: it is there, and refuses.
    let memory = world.folder.path().join("state/kubectl-b2i/staging");
    let file = fs::read_dir(&memory).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&file).unwrap();
    let remembered: serde_json::Value = serde_json::from_str(&text).unwrap();
    let token = remembered["token"].as_str().unwrap();
    fs::write(&file, text.replace(token, &"0".repeat(64))).unwrap();
    world.b2i_ok("deploy ./httpbin --image-env A=1 --push-secret registry-push --builder-pull-secret nodes");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn nothing_changed_starts_nothing() {
    let world = World::new("same");
    let first = world.b2i_ok("deploy ./httpbin --port 8080");
    let seen = || {
        let generation = world.kubectl("get deployment httpbin -o jsonpath={.metadata.generation}");
        let names = world.kubectl("get jobs,pods -o jsonpath={.items[*].metadata.uid}");
        let builds = world.b2i_json("status httpbin")["builds"]
            .as_array()
            .unwrap()
            .len();
        (generation, names, builds)
    };
    let before = seen();
    assert_eq!(world.b2i_ok("deploy ./httpbin"), first);
    assert_eq!(seen(), before);
    // The base's registry is asked by a builder; the same base makes the same image.
    let revision = || {
        world.kubectl(
            r"get deployment httpbin -o jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}",
        )
    };
    let running = revision();
    assert_eq!(world.b2i_ok("deploy ./httpbin --pull"), first);
    assert_eq!(revision(), running);
    let again = world.b2i("deploy ./httpbin");
    assert!(
        again.stderr.contains("nothing changed") && again.stderr.contains("as before"),
        "{}",
        again.stderr
    );
}
