//! The registry's password is in the Secret, and nowhere else: not in what is said, logged or made, at
//! any moment of a deploy that succeeds or fails.

use std::{
    fs,
    process::{Child, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::world::{World, eventually, kubectl, var};

/// Follows everything of a namespace that the API server shows of objects, and the staging Pods' logs.
struct Witness<'a> {
    world: &'a World,
    watches: Vec<Child>,
}

const WATCHED: [&str; 6] = ["pods", "jobs", "configmaps", "events", "deployments", "services"];

impl<'a> Witness<'a> {
    fn of(world: &'a World) -> Self {
        let watch = |kind: &&str| {
            let file = fs::File::create(world.folder.path().join(kind)).unwrap();
            kubectl()
                .args([
                    "get",
                    kind,
                    "--watch",
                    "-o",
                    "yaml",
                    "--show-managed-fields",
                    "-n",
                    &world.namespace,
                ])
                .stdout(file)
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let watches = WATCHED.iter().map(watch).collect();
        Self { world, watches }
    }

    fn seen(&self, kind: &str) -> String {
        fs::read_to_string(self.world.folder.path().join(kind)).unwrap()
    }
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        for watch in &mut self.watches {
            let _ = watch.kill();
            let _ = watch.wait();
        }
    }
}

/// The logs of the staging Pod, which is gone with the end of the upload.
fn staging_log(world: &World) -> String {
    let log = || {
        let selector = "-l=kubectl-b2i/role=staging";
        kubectl()
            .args(["logs", "-f", selector, "--all-containers", "-n", &world.namespace])
            .output()
            .unwrap()
    };
    let mut text = String::new();
    eventually("the staging Pod's log", || {
        text = String::from_utf8(log().stdout).unwrap();
        text.contains("waiting for layers")
    });
    text
}

/// The password in each form in which it could get somewhere.
fn forms(user: &str, password: &str) -> Vec<String> {
    let login = format!("{user}:{password}");
    let mut forms = vec![password.to_owned()];
    for text in [password, &login] {
        forms.push(STANDARD.encode(text).trim_end_matches('=').to_owned());
        forms.push(hex::encode(text));
    }
    let json = format!(r#""password":"{password}""#);
    // Three places in which it can begin within base64's groups of three.
    for skipped in 0..3 {
        let shifted = STANDARD.encode(&json.as_bytes()[skipped..]);
        forms.push(shifted[4..shifted.len() - 4].to_owned());
    }
    forms
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn the_password_is_in_nothing_that_is_said_logged_or_made() {
    let world = World::new("secrecy");
    let witness = Witness::of(&world);
    let (user, password) = (var("B2I_REGISTRY_USER"), var("B2I_REGISTRY_PASSWORD"));
    let mut said = Vec::new();
    let mut logs = String::new();
    std::thread::scope(|scope| {
        // A staging Pod that stays would keep its log open.
        let deploy = scope.spawn(|| world.b2i("deploy ./httpbin --port 8080 -o json --staging-idle 0"));
        logs = staging_log(&world);
        said.push(deploy.join().unwrap());
    });
    assert_eq!(said[0].code, Some(0), "{}", said[0].stderr);
    said.push(world.b2i("registry check 10.250.0.1:5000/team/shop -o json"));
    said.push(world.b2i("status httpbin -o yaml"));
    said.push(world.b2i("logs httpbin --build"));

    // The same with a password that the registry refuses.
    let wrong = "n0t-the-passw0rd";
    world.kubectl(&format!(
        "create secret docker-registry wrong --docker-server=10.250.0.1:5000 --docker-username={user} --docker-password={wrong}"
    ));
    world.may_read("wrong");
    let refused = world.b2i("deploy ./httpbin --name other --port 8080 --push-secret wrong");
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    said.push(refused);
    said.push(world.b2i("registry check 10.250.0.1:5000/team/shop --push-secret wrong"));

    // A watch is a little behind.
    let finished = |kind: &str, what: &str| eventually(what, || witness.seen(kind).contains(what));
    finished("deployments", "name: httpbin");
    finished("jobs", "b2i-builder-");
    finished("configmaps", "b2i-httpbin");
    finished("pods", "exitCode: 0");
    let mut places: Vec<(String, String)> = WATCHED
        .iter()
        .map(|kind| ((*kind).to_owned(), witness.seen(kind)))
        .collect();
    places.push(("the staging Pod's log".to_owned(), logs));
    places.extend(said.iter().enumerate().flat_map(|(at, said)| {
        [
            (format!("stdout of run {at}"), said.stdout.clone()),
            (format!("stderr of run {at}"), said.stderr.clone()),
        ]
    }));
    let secrets = [forms(&user, &password), forms(&user, wrong)].concat();
    for (place, text) in &places {
        assert!(
            !text.is_empty() || place.starts_with("std") || place == "services",
            "{place} was not seen"
        );
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in {place}:\n{text}");
        }
    }
    // That the forms would be found is shown by the one place where they are.
    let secret = world.kubectl("get secret registry-push -o yaml");
    assert!(
        secrets.iter().any(|form| secret.contains(form.as_str())),
        "{secret}"
    );
}
