//! Each way in which a rollout fails, provoked for real: its message is a golden file, and the earlier
//! version serves again.

use std::process::Stdio;

use crate::{
    support::{
        archive::{Zip, class},
        golden::assert_golden,
    },
    world::{World, curl, eventually, kubectl, node_addresses, run},
};

/// Where Kubernetes waits, a person need not: long enough for a probe and a restart.
const TIMEOUT: &str = "--timeout 25s";
/// Long enough for an event, where no container ever runs.
const SHORT: &str = "--timeout 15s";

/// An app that serves, to be broken.
struct Shop {
    world: World,
    good: String,
}

impl Shop {
    fn new(name: &str) -> Self {
        let world = World::new(name);
        world.b2i_ok("deploy ./hello-glibc --name shop --port 8080 --nodeport --memory 64Mi");
        let good = template(&world);
        Self { world, good }
    }

    /// The deploy fails as the golden file says, and what served before serves.
    fn fails(&self, flags: &str, golden: &str) {
        self.fails_within(TIMEOUT, flags, golden);
    }

    /// `kubectl rollout status` takes what an earlier rollout ran out of for this one's failure, until the
    /// controller has seen the change.
    fn is_rolled_out(&self) {
        let asked = "get deployment shop -o jsonpath={.metadata.generation}/{.status.observedGeneration}/\
                     {.status.conditions[?(@.type==\"Progressing\")].reason}";
        eventually("the end of the rollout", || {
            let told = self.world.kubectl(asked);
            let words: Vec<&str> = told.split('/').collect();
            words[0] == words[1] && words[2] == "NewReplicaSetAvailable"
        });
    }

    fn fails_within(&self, timeout: &str, flags: &str, golden: &str) {
        let said = self
            .world
            .b2i(&format!("deploy ./hello-glibc --name shop {timeout} {flags}"));
        said.assert_failed(&[]);
        assert_golden(&format!("rollout/{golden}.txt"), &self.told(&said.stderr));
        self.is_rolled_out();
        assert_eq!(template(&self.world), self.good, "{golden} was not undone");
        let port = self.world.node_port("shop");
        let (code, _) = curl(&format!("http://{}:{port}/", node_addresses()[0]));
        assert_eq!(code, "200", "{golden}");
    }

    /// The failure alone, with what differs from run to run under one name.
    fn told(&self, stderr: &str) -> String {
        let at = stderr
            .find("error: ")
            .unwrap_or_else(|| panic!("no failure in\n{stderr}"));
        let mut text = stderr[at..].replace(&self.world.namespace, "NAMESPACE");
        for (pattern, name) in [
            (r"shop-[0-9a-f]{6,10}(-[0-9a-z]{5})?", "shop-POD"),
            (r"b2i-staging-[0-9a-f]+(-[0-9a-z]{5})?", "STAGING-POD"),
            (r"@sha256:[0-9a-f]{64}", "@sha256:DIGEST"),
            (r"10\.244\.\d+\.\d+", "POD-IP"),
            (r"\d+ restarts?", "N restarts"),
            // A staging Pod that waits for the next build counts too.
            (r"used: (limits\.memory|pods)=\w+", "used: $1=USED"),
            (
                r"\d+ Preemption is not helpful|\d+ No preemption victims found",
                "N cannot be preempted",
            ),
        ] {
            text = regex::Regex::new(pattern)
                .unwrap()
                .replace_all(&text, name)
                .into_owned();
        }
        text
    }
}

/// Image and everything else that runs.
fn template(world: &World) -> String {
    world.kubectl("get deployment shop -o jsonpath={.spec.template.spec}")
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_app_that_ends_does_not_answer_or_takes_too_much() {
    let shop = Shop::new("ends");
    shop.fails("--env PORT=none", "crash");
    shop.fails("--env EAT_MIB=200", "memory");
    shop.fails("--env PORT=9000", "port");
    shop.fails("--health-path /healthz/nobody --args /x --port 9080", "port-flag");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_java_that_is_too_old_is_warned_of_and_told() {
    let world = World::new("old-java");
    let jar = Zip::new()
        .manifest("Main-Class: Main")
        .file("Main.class", class(25, "Main"));
    let file = world.folder.path().join("new.jar");
    std::fs::write(&file, jar.bytes()).unwrap();
    let file = file.display();
    let line = format!("deploy {file} --base eclipse-temurin:17-jre --port 8080 {TIMEOUT}");
    let said = world.b2i(&line);
    said.assert_failed(&[
        "has Java 17, and there are classes for Java 25",
        "UnsupportedClassVersionError",
        "next: run it on a newer Java: name a base that has it with `--base`, or leave it to us with `--base default`",
        "#base-java",
    ]);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn what_was_undone_is_forgotten_and_what_was_taken_back_is_gone() {
    let world = World::new("undone");
    let deploy = "deploy ./hello-glibc --name shop --port 8080";
    let good = world.b2i_ok(&format!("{deploy} --image-env KIND=good"));
    world
        .b2i(&format!(
            "{deploy} --image-env KIND=bad --env PORT=none {TIMEOUT}"
        ))
        .assert_failed(&["(undone)"]);
    let builds = world.b2i_json("status shop")["builds"].clone();
    assert_eq!(
        (&builds[0]["isUndone"], &builds[1]["isRunning"]),
        (&true.into(), &true.into())
    );
    assert!(world.b2i_ok("status shop").contains("rollout failed, undone"));
    // Neither what was said of the image nor of the app is remembered.
    let again = world.b2i_json(deploy);
    assert_eq!(
        (again["image"].as_str(), &again["unchanged"]),
        (Some(good.as_str()), &true.into())
    );

    // What somebody scales while the rollout fails stays, though an earlier deploy had set the number.
    world.b2i_ok(&format!("{deploy} --replicas 1"));
    let failing = world
        .command(&format!("{deploy} --env PORT=none {TIMEOUT}"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the new version", || template(&world).contains("PORT"));
    world.kubectl("scale deployment shop --replicas=2");
    let failed = failing.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(told.contains("(undone)"), "{told}");
    assert!(!template(&world).contains("PORT"));
    let replicas = || world.kubectl("get deployment shop -o jsonpath={.spec.replicas}");
    assert_eq!(replicas(), "2");
    world.kubectl("scale deployment shop --replicas=1");

    // Somebody looks while the new version cannot come up.
    let stuck = world.b2i(&format!("{deploy} --no-undo --env PORT=none {TIMEOUT}"));
    assert_eq!(stuck.code, Some(1), "{}", stuck.stderr);
    let workload = world.b2i_json("status shop")["workload"].clone();
    assert_eq!((&workload["ready"], &workload["updated"]), (&1.into(), &0.into()));
    assert!(
        world
            .b2i_ok("status shop")
            .contains("0 of 1 Pods of the newest version are ready")
    );
    world.b2i_ok(&format!("{deploy} --env PORT-"));

    let account =
        || world.kubectl("get deployment shop -o jsonpath={.spec.template.spec.serviceAccountName}");
    world.kubectl("create serviceaccount robot");
    world.b2i_ok(&format!("{deploy} --service-account robot"));
    assert_eq!(account(), "robot");
    world
        .b2i(&format!("{deploy} --service-account nobody {SHORT}"))
        .assert_failed(&["serviceaccount", "`--service-account ''`"]);
    assert_eq!(account(), "robot", "undone");
    let mut command = world.command(deploy);
    assert_eq!(
        crate::world::said(command.args(["--service-account", ""])).code,
        Some(0)
    );
    assert_eq!(account(), "default");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_pod_that_no_node_takes() {
    let shop = Shop::new("taken");
    shop.fails_within(SHORT, "--memory 500Gi", "unschedulable");
    shop.fails_within(SHORT, "--node-selector disk=none", "selector");
    shop.fails_within(SHORT, "--volume secret/absent:/data", "mount");
    // The kubelet first says that it waited for the Secret, then that there is none.
    shop.fails("--env PASSWORD=secret:absent/password", "env-secret");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_pod_that_a_quota_keeps_out() {
    let shop = Shop::new("quota");
    shop.world
        .kubectl("create quota small --hard=limits.memory=200Mi");
    // More than the quota has at all: without the old Pod there would be no room either.
    shop.fails("--memory 250Mi", "quota");
    shop.fails("--memory 150Mi", "quota-rolling");
    shop.world.kubectl("delete quota small");

    // Room for a build, and no condition that would tell.
    shop.world
        .kubectl("create quota small --hard=limits.memory=700Mi");
    let said = shop.world.b2i(
        "deploy ./hello-glibc --name set --port 8080 --stateful --memory 650Mi --staging-idle 0 --timeout 15s",
    );
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    let told = shop.told(&said.stderr);
    let refused = "create Pod set-0 in StatefulSet set failed error: pods \"set-0\" is forbidden: exceeded quota: small";
    assert!(told.contains(refused), "{told}");
    shop.world.kubectl("delete quota small");

    shop.world.kubectl("create quota pods --hard=pods=0");
    let said = shop
        .world
        .b2i("deploy ./hello-glibc --name other --port 8080 --timeout 20s");
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert_golden("rollout/quota-first.txt", &shop.told(&said.stderr));
    shop.world.kubectl("delete quota pods");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn pod_security_and_admission_speak_for_themselves() {
    let shop = Shop::new("admission");
    // Somebody else's field, which Pod Security does not let pass.
    shop.world.kubectl(
        r#"patch deployment shop --type=merge -p {"spec":{"template":{"spec":{"hostNetwork":true}}}}"#,
    );
    let said = shop
        .world
        .b2i(&format!("deploy ./hello-glibc --name shop --env A=1 {TIMEOUT}"));
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert_golden("rollout/pod-security.txt", &shop.told(&said.stderr));
    shop.world.kubectl(
        r#"patch deployment shop --type=merge -p {"spec":{"template":{"spec":{"hostNetwork":null}}}}"#,
    );
    shop.is_rolled_out();

    let policy = Policy::new(&shop.world.namespace);
    shop.fails("--env A=2", "admission");
    shop.world
        .b2i_ok("deploy ./hello-glibc --name shop --env A=2 --label team=web");
    drop(policy);
}

/// A rule of the cluster's for one namespace, which wants a label on every Deployment.
struct Policy(String);

impl Policy {
    fn new(namespace: &str) -> Self {
        let policy = serde_json::json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": { "name": namespace },
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": { "resourceRules": [{
                    "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"],
                }] },
                "validations": [{
                    "expression": "has(object.metadata.labels) && 'team' in object.metadata.labels",
                    "message": "every Deployment needs the label team",
                }],
            },
        });
        let binding = serde_json::json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": { "name": namespace },
            "spec": {
                "policyName": namespace,
                "validationActions": ["Deny"],
                "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } },
            },
        });
        for object in [policy, binding] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), object.to_string()).unwrap();
            run(kubectl().args(["apply", "-f"]).arg(file.path()));
        }
        // The API server learns of the rule a moment later.
        eventually("the rule to hold", || {
            let tried = [
                "create",
                "deployment",
                "tried",
                "--image=none",
                "--dry-run=server",
                "-n",
                namespace,
            ];
            !kubectl().args(tried).output().unwrap().status.success()
        });
        Self(namespace.to_owned())
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
            let _ = kubectl().args(["delete", kind, &self.0]).output();
        }
    }
}
