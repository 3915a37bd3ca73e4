//! Two deploys of one app at one time, in every order that matters, against the real API server: exit 0 is
//! only for what serves, nobody undoes what is not theirs, and the record is true of each. The first deploy is
//! stopped by a signal where it has to be late: so each order is certain, and nothing sleeps.

use std::process::{Child, Command, Stdio};

use crate::world::{Said, World, eventually, kubectl, run};

/// What no node has: the new Pod waits.
const HELD: &str = "--node-selector b2i-test/none=1";
const NOT_HELD: &str = "--node-selector b2i-test/none-";
const BAD: &str = "--env PORT=none --timeout 60s";
const GOOD: &str = "--env PORT-";
const REPLACED: &str = "another deploy has replaced this one";

/// An app that serves, to be deployed by several.
struct Shop {
    world: World,
    /// What is said in every deploy.
    line: String,
    kind: &'static str,
}

/// A deploy that runs.
struct Deploy<'a> {
    shop: &'a Shop,
    who: &'static str,
    child: Child,
}

impl Shop {
    fn new(name: &str, flags: &str) -> Self {
        let shop = Self::none(name, flags);
        shop.ok("first", "--port 8080 --memory 64Mi");
        shop
    }

    /// No app yet.
    fn none(name: &str, flags: &str) -> Self {
        let kind = if flags.contains("--stateful") {
            "statefulset"
        } else {
            "deployment"
        };
        Self {
            world: World::new(name),
            line: format!("deploy ./hello-glibc --name shop {flags}"),
            kind,
        }
    }

    /// An image and options of their own.
    fn command(&self, who: &str, flags: &str) -> String {
        format!("{} --image-env BY={who} --env WHO={who} {flags}", self.line)
    }

    fn ok(&self, who: &str, flags: &str) -> String {
        self.world.b2i_ok(&self.command(who, flags))
    }

    fn begin(&self, who: &'static str, flags: &str) -> Deploy<'_> {
        let mut command = self.world.command(&self.command(who, flags));
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Deploy {
            shop: self,
            who,
            child,
        }
    }

    fn get(&self, path: &str) -> String {
        let kind = self.kind;
        self.world.kubectl(&format!(
            "get {kind} shop --ignore-not-found -o jsonpath={{{path}}}"
        ))
    }

    /// Who deployed what the workload says now.
    fn who(&self) -> String {
        self.get(r#".spec.template.spec.containers[0].env[?(@.name=="WHO")].value"#)
    }

    fn image(&self) -> String {
        self.get(".spec.template.spec.containers[0].image")
    }

    /// This one's version serves, and no other Pod is there.
    fn serves(&self, who: &str) {
        assert_eq!(self.who(), who);
        let kind = self.kind;
        self.world
            .kubectl(&format!("rollout status {kind}/shop --timeout=90s"));
        eventually("the end of the other Pods", || {
            let path = r#"{.items[*].spec.containers[0].env[?(@.name=="WHO")].value}"#;
            self.world
                .kubectl(&format!("get pods -l kubectl-b2i/role=app -o jsonpath={path}"))
                == who
        });
    }

    /// Which builds are recorded as undone, the oldest first.
    fn undone(&self) -> Vec<bool> {
        let status = self.world.b2i_json("status shop");
        let builds = status["builds"].as_array().unwrap().iter().rev();
        builds.map(|build| build["isUndone"] == true).collect()
    }

    fn is_crashing(&self) -> bool {
        let path = "{.items[*].status.containerStatuses[*].state.waiting.reason}";
        let waiting = self
            .world
            .kubectl(&format!("get pods -l kubectl-b2i/role=app -o jsonpath={path}"));
        waiting.contains("CrashLoopBackOff")
    }
}

impl Deploy<'_> {
    /// Waits until the workload is this deploy's.
    fn applied(self) -> Self {
        eventually("the apply", || self.shop.who() == self.who);
        self
    }

    /// It stands still from here on: what it watches reaches it later.
    fn stopped(self) -> Self {
        self.signal("-STOP");
        self
    }

    fn goes_on(self) -> Self {
        self.signal("-CONT");
        self
    }

    fn signal(&self, signal: &str) {
        run(Command::new("kill").args([signal, &self.child.id().to_string()]));
    }

    fn ended(self) -> Said {
        let output = self.child.wait_with_output().unwrap();
        Said {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn is_ok(said: &Said) -> String {
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    said.stdout.trim_end().to_owned()
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_good_one_replaces_a_slow_good_one() {
    let shop = Shop::new("orders-slow", "");
    let slow = shop.begin("a", HELD).applied();
    let image = shop.ok("b", NOT_HELD);
    slow.ended().assert_failed(&[
        REPLACED,
        &image,
        "nothing was undone",
        "kubectl b2i status shop",
        "#replaced",
    ]);
    shop.serves("b");
    assert_eq!((shop.image(), shop.undone()), (image, vec![false; 3]));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_good_one_comes_in_the_middle_of_one_that_crashes() {
    for (name, flags) in [("orders-mid", ""), ("orders-mid-set", "--stateful")] {
        let shop = Shop::new(name, flags);
        // It has seen nothing of its crash when the other one is applied.
        let bad = shop.begin("a", BAD).applied().stopped();
        eventually("the crash", || shop.is_crashing());
        let good = shop.begin("b", GOOD).applied();
        let bad = bad.goes_on();
        let image = is_ok(&good.ended());
        bad.ended().assert_failed(&[REPLACED, "#replaced"]);
        shop.serves("b");
        assert_eq!((shop.image(), shop.undone()), (image, vec![false; 3]), "{flags}");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_undo_comes_before_the_other_one_serves() {
    let shop = Shop::new("orders-undo", "");
    let bad = shop.begin("a", BAD).applied().stopped();
    eventually("the crash", || shop.is_crashing());
    // The other one has applied, and its Pod waits: now the first one fails.
    let slow = shop.begin("b", &format!("{GOOD} {HELD}")).applied();
    let failed = bad.goes_on().ended();
    failed.assert_failed(&[REPLACED, "#replaced"]);
    assert_eq!(shop.who(), "b", "{}", failed.stderr);
    // Somebody gives it the node that it wants: a person's change of the same version.
    shop.world.kubectl(
        r#"patch deployment shop --type=json -p [{"op":"remove","path":"/spec/template/spec/nodeSelector"}]"#,
    );
    let image = is_ok(&slow.ended());
    assert_eq!(shop.image(), image);
    assert_eq!(shop.undone(), [false; 3]);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_bad_one_replaces_a_good_one_and_is_undone() {
    let shop = Shop::new("orders-bad", "");
    let good = shop.begin("a", HELD).applied();
    let failed = shop.begin("b", &format!("{NOT_HELD} {BAD}")).ended();
    good.ended().assert_failed(&[REPLACED, "#replaced"]);
    // What it put back is the first one's version, which had not served.
    failed.assert_failed(&[
        "port none is not free",
        "whose own rollout was not complete (undone)",
    ]);
    assert_eq!(shop.who(), "a");
    assert_eq!(shop.undone(), [false, false, true]);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_undo_leaves_an_image_that_somebody_set() {
    let shop = Shop::new("orders-set", "");
    let first = shop.image();
    let bad = shop
        .begin("a", "--image-env PORT=none --timeout 60s")
        .applied()
        .stopped();
    eventually("the crash", || shop.is_crashing());
    shop.world
        .kubectl(&format!("set image deployment/shop shop={first}"));
    bad.goes_on()
        .ended()
        .assert_failed(&[REPLACED, &first, "#replaced"]);
    shop.serves("a");
    assert_eq!((shop.image(), shop.undone()), (first, vec![false; 2]));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_undo_leaves_what_others_set_beside_it() {
    let shop = Shop::new("orders-beside", "--replicas 1");
    let bad = shop.begin("a", BAD).applied().stopped();
    eventually("the crash", || shop.is_crashing());
    shop.world.kubectl("scale deployment shop --replicas=2");
    shop.world.kubectl("set env deployment/shop THEIRS=1");
    shop.world
        .kubectl("set resources deployment shop --limits=memory=96Mi");
    bad.goes_on().ended().assert_failed(&["(undone)"]);
    assert_eq!(shop.who(), "first");
    let names = shop.get(".spec.template.spec.containers[0].env[*].name");
    assert!(names.contains("THEIRS") && !names.contains("PORT"), "{names}");
    assert_eq!(shop.get(".spec.replicas"), "2");
    assert_eq!(
        shop.get(".spec.template.spec.containers[0].resources.limits.memory"),
        "96Mi"
    );
    assert_eq!(shop.undone(), [false, true]);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_rollout_that_is_scaled_meanwhile_is_no_other_one() {
    let shop = Shop::new("orders-scale", "");
    let slow = shop.begin("a", HELD).applied();
    shop.world.kubectl("scale deployment shop --replicas=2");
    shop.world.kubectl(
        r#"patch deployment shop --type=json -p [{"op":"remove","path":"/spec/template/spec/nodeSelector"}]"#,
    );
    assert_eq!(is_ok(&slow.ended()), shop.image());
    assert_eq!(shop.get(".status.readyReplicas"), "2");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_rollout_that_is_deleted_or_taken_back_by_hand_fails() {
    let shop = Shop::new("orders-hand", "");
    let slow = shop.begin("a", HELD).applied();
    shop.world.kubectl("rollout undo deployment/shop");
    slow.ended().assert_failed(&[REPLACED, "#replaced"]);
    shop.serves("first");
    // `kubectl rollout undo` took over what it put back.
    let slow = shop.begin("b", &format!("{HELD} --force-conflicts")).applied();
    shop.world.kubectl("delete deployment shop");
    slow.ended()
        .assert_failed(&["somebody deleted the Deployment meanwhile"]);
    assert_eq!((shop.who(), shop.undone()), (String::new(), vec![false; 3]));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn two_that_say_the_same_of_a_new_app_serve_both() {
    let shop = Shop::none("orders-same", "--port 8080");
    let both = [shop.begin("a", ""), shop.begin("a", "")];
    let images = both.map(|deploy| is_ok(&deploy.ended()));
    shop.serves("a");
    assert_eq!(images, [shop.image(), shop.image()]);
    assert!(shop.undone().iter().all(|is_undone| !is_undone));

    // And of one that is there: both serve, or both fail and the version before is back.
    let both = [shop.begin("b", ""), shop.begin("b", "")];
    let images = both.map(|deploy| is_ok(&deploy.ended()));
    assert_eq!(images, [shop.image(), shop.image()]);
    let both = [shop.begin("c", BAD), shop.begin("c", BAD)];
    for deploy in both {
        assert_eq!(deploy.ended().code, Some(1));
    }
    shop.serves("b");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn of_two_first_deploys_the_one_that_serves_exits_0() {
    let shop = Shop::none("orders-first", "--port 8080");
    let both = [shop.begin("a", ""), shop.begin("b", "")].map(|deploy| (deploy.who, deploy.ended()));
    let who = shop.who();
    for (of, said) in both {
        if of == who {
            assert_eq!(is_ok(&said), shop.image());
        } else if said.code == Some(0) {
            // It served, and was replaced when it had ended.
            assert_ne!(said.stdout.trim_end(), shop.image());
        } else {
            said.assert_failed(&[]);
            let is_told = ["#replaced", "#deployed-meanwhile"]
                .iter()
                .any(|part| said.stderr.contains(part));
            assert!(is_told, "{}", said.stderr);
        }
    }
    shop.serves(&who);
    assert!(
        shop.undone().iter().all(|is_undone| !is_undone),
        "no rollout was undone"
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn one_that_was_decided_upon_what_is_undone_by_now_begins_no_rollout() {
    let shop = Shop::new("orders-late", "");
    let bad = shop.begin("a", BAD).applied().stopped();
    eventually("the crash", || shop.is_crashing());
    // It has read the first one's options, and is late: its build has begun.
    let late = shop.begin("b", GOOD);
    eventually("its build", || shop.undone().len() == 3);
    let late = late.stopped();
    bad.goes_on().ended().assert_failed(&["(undone)"]);
    late.goes_on().ended().assert_failed(&["#deployed-meanwhile"]);
    shop.serves("first");
    // Its build had no rollout.
    assert_eq!(shop.undone(), [false, true, false]);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_adopted_workload_is_left_to_the_other_one_too() {
    let shop = Shop::none("orders-adopt", "");
    let manifest = r#"{ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "shop" },
        "spec": { "selector": { "matchLabels": { "app": "theirs" } }, "template": {
            "metadata": { "labels": { "app": "theirs" } },
            "spec": { "securityContext": { "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": { "type": "RuntimeDefault" } },
                "containers": [{ "name": "web", "image": "localhost/busybox:1", "command": ["sleep", "3600"],
                    "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }] } } } }"#;
    let file = shop.world.folder.path().join("theirs.json");
    std::fs::write(&file, manifest).unwrap();
    shop.world.kubectl(&format!("apply -f {}", file.display()));
    let command = shop.command("first", "--adopt --command /app/hello-glibc");
    shop.world.b2i_ok(&command);
    let bad = shop.begin("a", BAD).applied().stopped();
    eventually("the crash", || shop.is_crashing());
    let good = shop.begin("b", GOOD).applied();
    let bad = bad.goes_on();
    let image = is_ok(&good.ended());
    bad.ended().assert_failed(&[REPLACED, "#replaced"]);
    shop.serves("b");
    assert_eq!(shop.image(), image);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn without_waiting_the_last_one_is_what_there_is() {
    let shop = Shop::new("orders-told", "");
    let bad = shop.begin("a", BAD).applied().stopped();
    eventually("the crash", || shop.is_crashing());
    let image = shop.ok("b", &format!("{GOOD} --wait=false"));
    bad.goes_on().ended().assert_failed(&[REPLACED, "#replaced"]);
    shop.serves("b");
    assert_eq!((shop.image(), shop.undone()), (image, vec![false; 3]));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_apply_of_a_version_that_is_gone_is_a_conflict() {
    // What an undo rests on: the API server compares the resourceVersion of a server-side apply.
    let shop = Shop::new("orders-version", "");
    let version = shop.get(".metadata.resourceVersion");
    shop.world.kubectl("annotate deployment shop theirs=1");
    let object = serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "shop", "resourceVersion": version, "annotations": { "ours": "1" } },
    });
    let file = shop.world.folder.path().join("stale.json");
    std::fs::write(&file, object.to_string()).unwrap();
    let mut apply = kubectl();
    apply.args([
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=test",
        "-n",
        &shop.world.namespace,
        "-f",
    ]);
    let said = crate::world::said(apply.arg(&file));
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(
        said.stderr.contains("the object has been modified"),
        "{}",
        said.stderr
    );
    assert_eq!(shop.get(".metadata.annotations.ours"), "");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_refusal_of_an_earlier_rollout_fails_no_later_one() {
    for (name, flags) in [("orders-limit", ""), ("orders-limit-set", "--stateful")] {
        let shop = Shop::none(name, &format!("--port 8080 --timeout 90s {flags}"));
        shop.world.apply(
            r#"{ "apiVersion": "v1", "kind": "LimitRange", "metadata": { "name": "small" },
                "spec": { "limits": [{ "type": "Container", "max": { "memory": "256Mi" } }] } }"#,
        );
        let refused = |mib: &str| format!("maximum memory usage per Container is 256Mi, but limit is {mib}");
        let fails = |mib: &str| {
            let said = shop.world.b2i(&shop.command("a", &format!("--memory {mib}")));
            said.assert_failed(&[&refused(mib), "#pod-refused"]);
        };
        fails("512Mi");
        // Refused too, and for its own reason: not the earlier one's, and not after the whole timeout.
        fails("300Mi");
        shop.ok("a", "--memory 200Mi");
        let memory = ".spec.template.spec.containers[0].resources.limits.memory";
        assert_eq!(shop.get(memory), "200Mi");
        fails("512Mi");
        assert_eq!(shop.get(memory), "200Mi", "undone");
        shop.world.b2i_ok(&shop.command("a", "--memory 250Mi"));

        // Somebody has made room: the very same deploy again, of which nothing has changed.
        let said = shop.world.b2i(&shop.command("a", "--memory 512Mi --no-undo"));
        said.assert_failed(&[&refused("512Mi")]);
        shop.world.kubectl("delete limitrange small");
        shop.ok("a", "--memory 512Mi");
        assert_eq!(shop.get(memory), "512Mi");
    }
}
