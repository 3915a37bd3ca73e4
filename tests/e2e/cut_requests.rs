//! Requests of a real deploy are cut, one in each deploy, on its way to the API server or on the way back: the deploy
//! succeeds, and leaves what an undisturbed one leaves. `B2I_CUT_ALL=1` cuts every request. Between the two stands
//! `kubectl proxy`, so that requests can be counted.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};

use crate::{
    support::gate::{self, At},
    world::{Said, World, said},
};

/// Most of a deploy is waiting.
const AT_ONCE: usize = 4;

/// What the plugin sends to it goes to the API server, in the user's name.
struct KubectlProxy {
    child: Child,
    url: String,
}

impl KubectlProxy {
    fn start(world: &World) -> Self {
        let mut child = Command::new("kubectl")
            .args(["proxy", "--port=0"])
            .env("KUBECONFIG", world.kubeconfig())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("Starting to serve on ").unwrap();
        let url = format!("http://{address}");
        Self { child, url }
    }
}

impl Drop for KubectlProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Deploys an app of this name while its request of this number is cut; returns how many there were.
async fn deploy(world: &Arc<World>, proxy: &str, name: &str, cut: Option<(At, usize)>) -> (Said, usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let is_it = move |line: &str| {
        let is_cut = |number| cut.is_some_and(|(_, nth)| nth == number);
        line.contains(" HTTP/1.1") && is_cut(counter.fetch_add(1, Ordering::SeqCst) + 1)
    };
    let at = cut.map_or(At::Request, |(at, _)| at);
    let url = gate::start(proxy, at, is_it, Duration::ZERO, || {}).await;
    let kubeconfig = world.folder.path().join(format!("{name}.yaml"));
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: cut\nclusters: [{{name: cut, cluster: {{server: \"{url}\"}}}}]\n\
         contexts: [{{name: cut, context: {{cluster: cut, user: \"\", namespace: {}}}}}]\n",
        world.namespace
    );
    std::fs::write(&kubeconfig, text).unwrap();
    let mut command = world.command(&format!(
        "deploy ./httpbin --name {name} --base scratch --port 8080 --memory 32Mi --timeout 120s"
    ));
    command.env("KUBECONFIG", kubeconfig);
    let said = tokio::task::spawn_blocking(move || said(&mut command))
        .await
        .unwrap();
    (said, count.load(Ordering::SeqCst))
}

/// What a deploy leaves: the digest that runs, the outcomes in the record, its objects.
fn left(world: &World, name: &str) -> [String; 3] {
    let image = world.kubectl(&format!(
        "get deployment {name} -o jsonpath={{.spec.template.spec.containers[0].image}}/{{.status.readyReplicas}}"
    ));
    let (_, digest) = image.split_once('@').unwrap();
    let status = world.b2i_json(&format!("status {name}"));
    let outcomes = status["builds"].as_array().unwrap().iter();
    let outcomes: Vec<_> = outcomes
        .map(|build| build["outcome"]["done"]["image"].is_string())
        .collect();
    let kinds = "deployment,statefulset,service,ingress,configmap,secret,job,persistentvolumeclaim";
    let kinds = world.kubectl(&format!(
        "get {kinds} -l kubectl-b2i/app={name} -o jsonpath={{range.items[*]}}{{.kind}}{{\"\\n\"}}{{end}}"
    ));
    [digest.to_owned(), format!("{outcomes:?}"), kinds]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: tests/run"]
async fn a_deploy_succeeds_whichever_request_is_cut() {
    let world = Arc::new(World::new("cut"));
    let proxy = KubectlProxy::start(&world);
    let (undisturbed, requests) = deploy(&world, &proxy.url, "whole", None).await;
    assert_eq!(undisturbed.code, Some(0), "{}", undisturbed.stderr);
    let expected = left(&world, "whole");
    eprintln!("| requests of one deploy | {requests} |");
    assert!(requests > 20, "{requests}");
    // All of them take minutes; `integration::cut_requests` cuts each of shorter runs.
    let step = if std::env::var_os("B2I_CUT_ALL").is_some() {
        1
    } else {
        5
    };
    let each = (1..=requests).step_by(step);
    let each = each.flat_map(|nth| [(At::Request, nth), (At::Answer, nth)]);
    let deploys = stream::iter(each).map(|(at, nth)| {
        let (world, proxy) = (world.clone(), proxy.url.clone());
        async move {
            let way = if matches!(at, At::Request) {
                "there"
            } else {
                "back"
            };
            let name = format!("cut-{way}-{nth}");
            let (said, _) = deploy(&world, &proxy, &name, Some((at, nth))).await;
            (name, said)
        }
    });
    let mut deploys = deploys.buffer_unordered(AT_ONCE);
    let mut failed = Vec::new();
    while let Some((name, said)) = deploys.next().await {
        if said.code != Some(0) {
            failed.push(format!("{name}: exit {:?}\n{}", said.code, said.stderr));
            continue;
        }
        let left = left(&world, &name);
        if left != expected {
            failed.push(format!("{name} left {left:?}, not {expected:?}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
