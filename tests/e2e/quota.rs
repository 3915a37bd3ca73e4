//! Namespaces whose quotas demand amounts, or have room for one Pod alone.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use crate::world::{World, curl, eventually, node_addresses, run};

const DEPLOY: &str = "deploy ./hello-glibc --name shop --port 8080";
/// Long enough that nobody who waits for the end of it passes.
const LONG: &str = "--timeout 5m";

fn deployment(world: &World, path: &str) -> String {
    world.kubectl(&format!("get deployment shop -o jsonpath={{{path}}}"))
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_quota_that_counts_everything_is_satisfied() {
    let world = World::new("quota-all");
    let hard = ["limits.cpu", "requests.cpu"]
        .map(|it| format!("{it}=3"))
        .join(",");
    let rooms = [
        "limits.memory",
        "requests.memory",
        "limits.ephemeral-storage",
        "requests.ephemeral-storage",
    ];
    let rooms = rooms.map(|it| format!("{it}=3Gi")).join(",");
    world.kubectl(&format!("create quota small --hard={hard},{rooms},pods=6"));

    // The build's Pods set a limit by themselves; the app has none yet.
    let said = world.b2i(&format!("{DEPLOY} {LONG}"));
    said.assert_failed(&[
        "error: could not roll out `shop`",
        "failed quota: small: must specify limits.cpu for: shop",
        "next: the quota `small` demands limits.cpu of every container: set it with `--cpu-limit`",
        "ask an administrator of the namespace",
        "#pod-refused",
    ]);
    let doctor = world.b2i_ok("doctor");
    assert!(
        doctor.contains("`small` demands limits.cpu of every container"),
        "{doctor}"
    );

    world.b2i_ok(&format!("{DEPLOY} --cpu-limit 500m"));
    assert_eq!(
        deployment(&world, ".spec.template.spec.containers[0].resources.limits.cpu"),
        "500m"
    );
    // Remembered, and taken back again: then the quota refuses it, and what was there serves.
    world.b2i_ok(&format!("{DEPLOY} --env A=1"));
    world
        .b2i(&format!("{DEPLOY} --cpu-limit default {LONG}"))
        .assert_failed(&["must specify limits.cpu", "(undone)"]);
    world.b2i_ok(&format!(
        "registry check 10.250.0.1:5000/{}/shop",
        world.namespace
    ));

    // What an administrator may do instead.
    let command = said
        .stderr
        .lines()
        .find(|line| line.contains("LimitRange"))
        .unwrap();
    run(std::process::Command::new("sh").args(["-c", command.trim()]));
    world.b2i_ok(&format!("{DEPLOY} --cpu-limit default"));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_build_in_a_quota_is_as_slow_as_one_says() {
    let world = World::new("quota-build");
    world.kubectl("create quota small --hard=limits.cpu=3");
    world.may_no_longer("resourcequotas");
    // Who may not look at quotas hears of them, and of the flag.
    world.b2i(DEPLOY).assert_failed(&[
        "error: could not start the staging Pod",
        "must specify limits.cpu for: staging",
        "give the Pods of the build a limit with `--build-cpu-limit 500m`",
    ]);
    let deploy = world
        .command(&format!("{DEPLOY} --build-cpu-limit 250m --cpu-limit 300m"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Both go with the build.
    let limits = "-o jsonpath={.items[*].spec.containers[*].resources.limits.cpu}";
    for role in ["staging", "builder"] {
        eventually(&format!("the {role} Pod"), || {
            world.kubectl(&format!("get pods -l kubectl-b2i/role={role} {limits}")) == "250m"
        });
    }
    let said = deploy.wait_with_output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_quota_with_room_for_one_pod() {
    let world = World::new("quota-one");
    // It ends only when it is killed, half a minute later.
    let first = world.b2i_ok(&format!("{DEPLOY} --nodeport --memory 600Mi"));
    // Room for the app and for a build beside it, and not for two of the app.
    world.kubectl("create quota small --hard=limits.memory=1150Mi");
    let serves = || {
        let port = world.node_port("shop");
        let (code, _) = curl(&format!("http://{}:{port}/", node_addresses()[0]));
        assert_eq!(code, "200");
    };
    let strategy = || deployment(&world, ".spec.strategy.type");
    let rolled_back = || {
        eventually("the earlier version", || {
            deployment(&world, ".status.readyReplicas") == "1"
        })
    };

    let begun = Instant::now();
    world.b2i(&format!("{DEPLOY} --env A=1 {LONG}")).assert_failed(&[
        "error: could not roll out `shop`",
        "a rolling update starts a new Pod before it ends an old one, and a quota has no room for both",
        "exceeded quota: small",
        "(undone)",
        "next: repeat the command with `--strategy recreate`",
        "#rolling-room",
    ]);
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "it waited: {:?}",
        begun.elapsed()
    );
    serves();

    // Asked for, it is taken, and remembered.
    world.b2i_ok(&format!("{DEPLOY} --env A=1 --strategy recreate"));
    assert_eq!(strategy(), "Recreate");
    let second = world.b2i_ok(&format!("{DEPLOY} --env A=2 --image-env SECOND=1"));
    assert_ne!(first, second);
    assert_eq!(world.b2i_ok("rollback shop"), first);
    serves();

    // A failure is undone in the same way, or what failed would keep the place.
    world
        .b2i(&format!("{DEPLOY} --env PORT=none --timeout 60s"))
        .assert_failed(&["(undone)"]);
    rolled_back();
    serves();

    // And where the strategy was new: it is not remembered, and what was before comes back all the same.
    world.b2i_ok(&format!("{DEPLOY} --strategy rolling"));
    assert_eq!(strategy(), "RollingUpdate");
    world
        .b2i(&format!(
            "{DEPLOY} --env PORT=none --strategy recreate --timeout 60s"
        ))
        .assert_failed(&["(undone)"]);
    rolled_back();
    serves();
    world.b2i_ok(DEPLOY);
    assert_eq!(strategy(), "RollingUpdate");
    world
        .b2i(&format!("{DEPLOY} --env A=3 {LONG}"))
        .assert_failed(&["#rolling-room"]);
    serves();
    assert_eq!(world.b2i_ok("rollback shop --to 1 --strategy recreate"), first);
}
