//! What an app's history is good for: builds and rollouts have outcomes of their own, `rollback` goes to what
//! served before, and nothing of what failed is remembered.

use serde_json::{Value, json};

use crate::world::{Said, World};

const DEPLOY: &str = "deploy ./hello-glibc --name shop --port 8080 --memory 64Mi";
const BAD: &str = "--env PORT=none --timeout 60s";

fn get(world: &World, path: &str) -> String {
    world.kubectl(&format!("get deployment shop -o jsonpath={{{path}}}"))
}

fn image(world: &World) -> String {
    get(world, ".spec.template.spec.containers[0].image")
}

/// The newest rollout: its build, what came of it, what it changed.
fn newest(world: &World) -> (Value, Value, Value) {
    let newest = world.b2i_json("status shop")["rollouts"][0].clone();
    (
        newest["build"].clone(),
        newest["outcome"].clone(),
        newest["changes"].clone(),
    )
}

fn ok(said: &Said) -> &str {
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    said.stdout.trim_end()
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn rollback_goes_to_what_served_before() {
    let world = World::new("served");
    let first = world.b2i_ok(&format!("{DEPLOY} --image-env BUILD=1"));
    // Built and never deployed, and deployed and undone: neither has served.
    world.b2i_ok("build ./hello-glibc --name shop --image-env BUILD=2");
    world
        .b2i(&format!("{DEPLOY} --image-env BUILD=3 {BAD}"))
        .assert_failed(&["(undone)"]);
    let fourth = world.b2i_ok(&format!("{DEPLOY} --image-env BUILD=4"));

    let said = world.b2i("rollback shop");
    assert_eq!(ok(&said), first);
    assert!(said.stderr.contains("#4 → #1, hello-glibc, "), "{}", said.stderr);
    assert_eq!(
        newest(&world),
        (json!(1), json!("serving"), json!(["rollback to #1"]))
    );

    // The issue's own order: after #1 served again, another bad one.
    let sixth = world.b2i_ok(&format!("{DEPLOY} --image-env BUILD=6"));
    let record = world.kubectl("get configmap b2i-shop -o jsonpath={.data}");
    let dry = world.b2i("rollback shop --dry-run");
    let line = ok(&dry);
    assert!(
        line.starts_with("#6 → #1, hello-glibc, ") && line.ends_with(" ago"),
        "{line}"
    );
    assert_eq!(image(&world), sixth, "nothing is changed");
    assert_eq!(
        world.kubectl("get configmap b2i-shop -o jsonpath={.data}"),
        record
    );
    assert_eq!(ok(&world.b2i("rollback shop")), first);
    assert_eq!(image(&world), first);
    // Never forth again to what somebody went back from, unless it is named.
    world.b2i("rollback shop").assert_failed(&["#no-earlier-build"]);
    assert_eq!(ok(&world.b2i("rollback shop --to 4")), fourth);
    assert_eq!(ok(&world.b2i("rollback shop")), first);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn rollback_restores_the_options_that_the_build_had() {
    for (name, flags) in [("with-options", ""), ("with-options-set", "--stateful")] {
        let world = World::new(name);
        let kind = if flags.is_empty() {
            "deployment"
        } else {
            "statefulset"
        };
        let get = |path: &str| world.kubectl(&format!("get {kind} shop -o jsonpath={{{path}}}"));
        let memory = || get(".spec.template.spec.containers[0].resources.limits.memory");
        let env = || get(".spec.template.spec.containers[0].env[*].name");
        let deploy = format!("deploy ./hello-glibc --name shop --port 8080 {flags}");
        let first = world.b2i_ok(&format!(
            "{deploy} --image-env BUILD=1 --memory 64Mi --env FIRST=1"
        ));
        // Options that failed with the same image are not those that it had.
        world
            .b2i(&format!("{deploy} --memory 48Mi {BAD}"))
            .assert_failed(&["(undone)"]);
        let line = format!("{deploy} --image-env BUILD=2 --memory 96Mi --env FIRST- --env SECOND=1");
        let second = world.b2i_ok(&line);
        world.kubectl(&format!("scale {kind} shop --replicas=2"));
        world.kubectl(&format!("rollout status {kind}/shop --timeout=60s"));

        let said = world.b2i("rollback shop --with-options --dry-run");
        assert!(
            ok(&said).ends_with(" ago, with the options that it had"),
            "{}",
            said.stdout
        );
        assert_eq!((memory().as_str(), get(".spec.replicas").as_str()), ("96Mi", "2"));
        assert_eq!(ok(&world.b2i("rollback shop --with-options")), first);
        assert_eq!(
            (
                memory().as_str(),
                env().contains("FIRST"),
                env().contains("SECOND")
            ),
            ("64Mi", true, false)
        );
        assert_eq!(get(".spec.replicas"), "2", "how many Pods there are stays");
        // They are the app's options now, as if they had been deployed again.
        world.b2i_ok("rollback shop --to 2");
        assert_eq!(memory(), "64Mi");
        assert_eq!(get(".spec.template.spec.containers[0].image"), second);
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn nothing_of_what_failed_is_remembered() {
    let world = World::new("forgotten");
    let first = world.b2i_ok(&format!("{DEPLOY} --image-env BUILD=1"));
    let missing = "--base 10.250.0.1:5000/library/missing:1 --image-env WRONG=1";
    let failing = [
        format!("rerun shop {missing}"),
        format!("build ./hello-glibc --name shop {missing}"),
        format!("deploy ./hello-glibc --name shop {missing} --env WRONG=1 --memory 80Mi"),
        // The build is fine, and its rollout is not.
        format!("{DEPLOY} --image-env WRONG=1 {BAD}"),
        "rerun shop --base scratch --image-env WRONG=1 --tag wrong --timeout 60s".to_owned(),
    ];
    for line in failing {
        let said = world.b2i(&line);
        assert_eq!(said.code, Some(1), "{line}\n{}{}", said.stdout, said.stderr);
        // The plain deploy is the one before, and there is nothing to build.
        let report = world.b2i_json("deploy ./hello-glibc --name shop");
        assert_eq!(
            (report["image"].as_str(), &report["unchanged"], &report["tags"][0]),
            (Some(&*first), &json!(true), &json!("latest")),
            "after {line}"
        );
    }
    let env = get(&world, ".spec.template.spec.containers[0].env[*].name");
    let memory = get(
        &world,
        ".spec.template.spec.containers[0].resources.limits.memory",
    );
    assert!(!env.contains("WRONG") && memory == "64Mi", "{env} {memory}");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn builds_and_rollouts_have_outcomes_of_their_own() {
    let world = World::new("outcomes");
    let row = || {
        let list = world.b2i_ok("list");
        list.lines().nth(1).unwrap_or_default().to_owned()
    };
    let said = world.b2i(&format!("{DEPLOY} {BAD}"));
    said.assert_failed(&["port none is not free"]);
    assert!(row().contains("rollout failed"), "{}", row());
    let status = world.b2i_json("status shop");
    assert_eq!(
        (&status["builds"][0]["phase"], &status["rollouts"][0]["outcome"]),
        (&json!("ok"), &json!("failed"))
    );
    let why = status["rollouts"][0]["why"].as_str().unwrap();
    assert!(
        why.starts_with("the container ends: ") && !why.contains("port none"),
        "{why}"
    );
    let page = world.b2i_ok("status shop");
    assert!(
        page.contains("ROLLOUTS  #1  ") && page.contains("  failed  first deploy"),
        "{page}"
    );

    world.b2i_ok(&format!("{DEPLOY} --env PORT-"));
    assert_eq!(
        newest(&world),
        (json!(1), json!("serving"), json!(["env PORT removed"]))
    );
    assert!(row().contains("  ok "), "{}", row());
    // Again, unchanged: no news.
    world.b2i_ok(DEPLOY);
    assert_eq!(
        world.b2i_json("status shop")["rollouts"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    // A change of options alone, of the same build.
    world
        .b2i(&format!("{DEPLOY} --env PORT=none --timeout 60s"))
        .assert_failed(&["(undone)"]);
    assert_eq!(
        newest(&world),
        (json!(1), json!("undone"), json!(["env PORT added"]))
    );
    assert!(row().contains("rollout undone"), "{}", row());
    let page = world.b2i_ok("status shop");
    for part in [
        "  undone   env PORT added\n",
        "  serving  env PORT removed\n",
        "the container ends: ",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    assert_eq!(
        world.b2i_json("status shop")["builds"][0]["isUndone"],
        false,
        "it served before"
    );
    let listed = world.b2i_json("list");
    assert_eq!(listed["items"][0]["rollouts"][0]["outcome"], "undone");

    // Nobody waited, and it serves.
    world.b2i_ok(&format!("{DEPLOY} --env A=1 --wait=false"));
    world.kubectl("rollout status deployment/shop --timeout=60s");
    crate::world::eventually("the end of the Pods before", || newest(&world).1 == "serving");
}
