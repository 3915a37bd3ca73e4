//! Ctrl-C leaves nothing behind, and a rollout goes on.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::{
    link::Link,
    world::{Said, World, eventually, run},
};

/// What the terminal sends on Ctrl-C: SIGINT to the plugin (kubectl replaces itself by it).
fn interrupt(child: Child) -> Said {
    run(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]));
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn start(world: &World, line: &str) -> Child {
    world
        .command(line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn assert_nothing_is_left(world: &World, before: &[String], said: &Said) {
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(130), ""),
        "{}",
        said.stderr
    );
    eventually("the namespace being as before", || world.objects() == before);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn during_the_upload() {
    let world = World::new("int-upload");
    let before = world.objects();
    let link = Link::to_api_server(Some(2_000_000));
    world.kubeconfig_for_user(&link.url);
    let child = start(&world, "deploy ./zipkin.jar --port 9411");
    eventually("the upload", || link.sent_bytes() > 4_000_000);
    assert_nothing_is_left(&world, &before, &interrupt(child));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn during_the_job() {
    let world = World::new("int-job");
    let before = world.objects();
    // A registry that takes connections and never says a word keeps the builder waiting.
    let silent = TcpListener::bind("10.250.0.1:0").unwrap();
    let base = format!("{}/base:1", silent.local_addr().unwrap());
    let child = start(&world, &format!("deploy ./httpbin --port 8080 --base {base}"));
    eventually("the builder", || {
        world.kubectl("get pods -l kubectl-b2i/role=builder -o jsonpath={.items[*].status.phase}")
            == "Running"
    });
    assert_nothing_is_left(&world, &before, &interrupt(child));
}

/// What the plugin says in plain HTTP goes to the API server, but a request whose head has `stuck` in it never arrives. Returns
/// the URL, and whether that has happened.
fn stuck_at(world: &World, stuck: &'static str) -> (String, Arc<AtomicBool>, Proxy) {
    let mut proxy = Command::new("kubectl")
        .args(["proxy", "--port=0", "--disable-filter=true"])
        .env("KUBECONFIG", world.kubeconfig())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(proxy.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let behind = line.trim().rsplit(' ').next().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let is_stuck = Arc::new(AtomicBool::new(false));
    let seen = is_stuck.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&behind).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let seen = seen.clone();
            thread::spawn(move || {
                let mut buffer = [0; 64 * 1024];
                while let Ok(count @ 1..) = from.read(&mut buffer) {
                    let text = String::from_utf8_lossy(&buffer[..count]);
                    if text.lines().next().is_some_and(|line| line.contains(stuck)) {
                        seen.store(true, Ordering::SeqCst);
                        continue;
                    }
                    if to.write_all(&buffer[..count]).is_err() {
                        break;
                    }
                }
            });
            thread::spawn(move || std::io::copy(&mut &server, &mut &client));
        }
    });
    (url, is_stuck, Proxy(proxy))
}

/// Ends with the test.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

/// The image is built, and the staging Pod would be left to the next run now, but nobody knows of it yet.
#[test]
#[ignore = "needs a cluster: tests/run"]
fn after_the_build_and_before_the_staging_pod_is_handed_over() {
    let world = World::new("int-leave");
    let (url, is_stuck, _proxy) = stuck_at(&world, "/resourcequotas");
    world.kubeconfig_for_user(&url);
    // With the limit named, quotas are looked at once: when it is known that the staging Pod might stay.
    let child = start(&world, "build ./httpbin --staging-idle 5m --build-cpu-limit 1");
    eventually("the build's end", || is_stuck.load(Ordering::SeqCst));
    let said = interrupt(child);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(130), ""),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("stopped after the build"), "{}", said.stderr);
    eventually("no Job and no Pod", || {
        world.kubectl("get jobs,pods -o name").is_empty()
    });
    let record = world.kubectl("get configmap b2i-httpbin -o jsonpath={.data.build-1}");
    assert!(record.contains("\"done\""), "{record}");
}

/// The commands that a failure suggests: the lines behind `next:`.
fn suggested(said: &Said) -> Vec<String> {
    let (_, next) = said.stderr.split_once("\nnext: ").unwrap_or_default();
    let lines = next
        .lines()
        .filter_map(|line| line.strip_prefix("        kubectl b2i "));
    lines.map(str::to_owned).collect()
}

/// Starts a command whose rollout never ends, waits for its Pods and sends Ctrl-C. Returns what is suggested.
fn interrupted(world: &World, line: &str, phases: &str) -> (Said, Vec<String>) {
    let child = start(world, line);
    eventually("its Pod", || {
        world
            .kubectl("get pods -l kubectl-b2i/role=app -o jsonpath={.items[*].status.phase}")
            .ends_with(phases)
    });
    let said = interrupt(child);
    assert_eq!(said.code, Some(130), "{}", said.stderr);
    let suggested = suggested(&said);
    (said, suggested)
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn during_the_first_rollout() {
    let world = World::new("int-rollout");
    let ns = &world.namespace;
    // A port that nothing listens on: the rollout waits for readiness.
    let line = "deploy ./httpbin --port 9999 --context e2e -o json";
    let (said, suggested) = interrupted(&world, line, "Running");
    assert_eq!(
        suggested,
        [
            format!("status httpbin --watch -n {ns} --context e2e"),
            format!("logs httpbin --follow -n {ns} --context e2e"),
            format!("delete httpbin -n {ns} --context e2e"),
            line.to_owned(),
        ],
        "{}",
        said.stderr
    );
    let failure: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        (&failure["exitCode"], &failure["error"]),
        (
            &130.into(),
            &"stopped waiting; the rollout of `httpbin` goes on".into()
        )
    );
    assert_eq!(
        world.kubectl("get deployments -o name"),
        "deployment.apps/httpbin"
    );
    let rollouts = world.b2i_json("status httpbin")["rollouts"].clone();
    assert_eq!(rollouts[0]["outcome"], "interrupted", "{rollouts}");
    // What is suggested works; nobody is at a terminal to be asked.
    world.b2i_ok(&format!("{} --yes", suggested[2]));
    assert_eq!(world.kubectl("get deployments -o name"), "");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn during_a_later_rollout() {
    let world = World::new("int-later");
    let ns = &world.namespace;
    let first = world.b2i_ok("deploy ./httpbin --port 8080");
    // Other options alone: there is no earlier image.
    let (said, suggested_commands) = interrupted(
        &world,
        "deploy ./httpbin --readiness /status/500",
        "Running Running",
    );
    assert_eq!(said.stdout, "");
    assert_eq!(suggested_commands, [format!("status httpbin --watch -n {ns}")]);
    world.b2i_ok("deploy ./httpbin --readiness default");

    let line = "deploy ./httpbin --image-env ADDED=1 --readiness /status/500";
    let child = start(&world, line);
    eventually("the second image", || {
        let image =
            world.kubectl("get deployment httpbin -o jsonpath={.spec.template.spec.containers[0].image}");
        image != first
    });
    let said = interrupt(child);
    let watch = format!("status httpbin --watch -n {ns}");
    assert_eq!(
        suggested(&said),
        [watch.clone(), format!("rollback httpbin -n {ns}")]
    );

    // The options of the last deploy stay, so that the way back does not end either. To go back from there is to
    // what ran until then, and not to what was before.
    let number = |image: &str| {
        let builds = world.b2i_json("status httpbin")["builds"].clone();
        let build = builds.as_array().unwrap().iter().find(|it| it["image"] == image);
        build.unwrap()["number"].clone()
    };
    let running =
        world.kubectl("get deployment httpbin -o jsonpath={.spec.template.spec.containers[0].image}");
    let number = number(&running);
    let child = start(&world, "rollback httpbin");
    eventually("the first image", || {
        let image =
            world.kubectl("get deployment httpbin -o jsonpath={.spec.template.spec.containers[0].image}");
        image == first
    });
    let said = interrupt(child);
    let back = format!("rollback httpbin -n {ns} --to {number}");
    assert_eq!(suggested(&said), [watch, back.clone()]);
    assert_eq!(world.b2i_ok(&format!("{back} --wait=false")), running);
}
