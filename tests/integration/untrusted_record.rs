//! An attacker who may write ConfigMaps and nothing else, in front of the build record.
use kubectl_b2i::model::BuildRequest;
use serde_json::{Value, json};

use crate::{
    deploy::{plays, ready},
    lifecycle::{
        build, builds, digest, done, image, ok, put_app, put_record, put_secret, put_secret_named,
        put_unknown_record, run, running_image, vouch,
    },
    rollouts::put_rollouts,
    support::fake_apiserver::FakeApiServer,
};

const CONFIG_MAPS: &str = "/api/v1/namespaces/shop/configmaps";
const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";

/// What is changed in an entry: where, and to what.
fn changes() -> Vec<(&'static str, Value)> {
    let elsewhere = format!("evil.example.com/team/shop@{}", digest(9));
    vec![
        ("/outcome/done/image", json!(elsewhere)),
        ("/outcome/done/image", json!(image(9))),
        ("/outcome/done/base", json!("evil.example.com/base")),
        ("/inputs", json!(digest(66))),
        ("/artifactDigest", json!(digest(66))),
        ("/origin", json!({ "rerun": 1 })),
        ("/request/destination", json!("evil.example.com/team/shop")),
        ("/request/tags", json!(["evil"])),
        ("/request/base", json!({ "image": "evil.example.com/base:1" })),
        ("/request/config/entrypoint", json!(["/bin/sh", "-c", "evil"])),
        ("/request/config/env", json!({ "LD_PRELOAD": "/evil.so" })),
        ("/request/layers/0/descriptor/digest", json!(digest(66))),
        ("/request/layers", json!([])),
        ("/options", json!({ "base": "evil.example.com/base:1" })),
        ("/options", json!({ "pushSecret": "harbor" })),
        ("/options", json!({ "pullSecret": "harbor" })),
        ("/options", json!({ "env": { "A": "evil" } })),
    ]
}

fn changed(build: &Value, pointer: &str, to: Value) -> Value {
    let mut build = build.clone();
    build["origin"] = json!("artifact");
    build["options"] = json!({});
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    build.pointer_mut(parent).unwrap()[key] = to;
    build
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_runs_nothing_that_nobody_vouches_for() {
    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| ready());
    put_app(&server, 3);
    let all = [1, 2, 3].map(|number| build(number, done(number)));
    put_record(&server, "shop", &all);
    for (pointer, to) in changes() {
        let spoiled = [all[0].clone(), changed(&all[1], pointer, to), all[2].clone()];
        put_unknown_record(&server, "shop", &spoiled);
        // Not the one before it either: that is not what was meant.
        for line in ["rollback shop", "rollback shop --to 2"] {
            let ended = run(&cluster, line).await;
            assert_eq!(ended.code, Some(1), "{pointer} {line}\n{}", ended.stdout);
            assert!(
                ended.stderr.contains("#build-unconfirmed"),
                "{pointer}\n{}",
                ended.stderr
            );
        }
        assert_eq!(running_image(&server), image(3), "{pointer}");
    }
    put_unknown_record(&server, "shop", &all);
    assert_eq!(ok(&cluster, "rollback shop").await, format!("{}\n", image(2)));
}

/// The rollouts have no seal: they choose among builds that somebody vouches for, and vouch for none.
#[tokio::test(flavor = "multi_thread")]
async fn rollouts_vouch_for_no_build() {
    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| ready());
    put_app(&server, 3);
    let all = [1, 2, 3].map(|number| build(number, done(number)));
    put_record(&server, "shop", &all);
    let mut evil = build(9, done(9));
    evil["origin"] = json!("artifact");
    let rollouts = [9, 2].map(|number| {
        json!({ "started": number.to_string(), "build": number, "image": image(number), "outcome": "serving" })
    });
    let spoiled = [
        all[0].clone(),
        changed(&all[1], "/outcome/done/image", json!(image(9))),
        all[2].clone(),
        evil,
    ];
    put_unknown_record(&server, "shop", &spoiled);
    put_rollouts(&server, &rollouts);
    let ended = run(&cluster, "rollback shop").await;
    assert!(ended.stderr.contains("#build-unconfirmed"), "{}", ended.stderr);
    let ended = run(&cluster, "rollback shop --to 9").await;
    assert!(ended.stderr.contains("#build-unconfirmed"), "{}", ended.stderr);
    assert_eq!(running_image(&server), image(3));
    // What cannot be read is as if it were not there.
    put_unknown_record(&server, "shop", &all);
    put_rollouts(
        &server,
        &[json!(7), json!({ "outcome": ["serving"], "changes": "all" })],
    );
    assert_eq!(ok(&cluster, "rollback shop").await, format!("{}\n", image(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_and_rerun_stay_in_the_apps_repository() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    plays(&server, |_| ready());
    builds(&server, done(7));
    put_app(&server, 2);
    let mut moved = build(1, done(1));
    moved["outcome"]["done"]["image"] = json!(format!("registry.example.com/other@{}", digest(1)));
    moved["request"]["destination"] = json!("registry.example.com/other");
    put_record(&server, "shop", &[moved, build(2, done(2))]);
    for line in ["rollback shop", "rollback shop --to 1", "rerun shop --build 1"] {
        let ended = run(&cluster, line).await;
        assert_eq!(ended.code, Some(1), "{line}\n{}", ended.stdout);
        assert!(
            ended.stderr.contains("#build-elsewhere"),
            "{line}\n{}",
            ended.stderr
        );
    }
    assert_eq!(running_image(&server), image(2));
    assert!(server.ever(JOBS).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rerun_builds_nothing_that_nobody_vouches_for() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    builds(&server, done(7));
    put_app(&server, 2);
    let all = [1, 2].map(|number| build(number, done(number)));
    put_record(&server, "shop", &all);
    for (pointer, to) in changes() {
        put_unknown_record(&server, "shop", &[all[0].clone(), changed(&all[1], pointer, to)]);
        for line in ["rerun shop", "rerun shop --build 2"] {
            let ended = run(&cluster, line).await;
            assert_eq!(ended.code, Some(1), "{pointer} {line}\n{}", ended.stdout);
            assert!(
                ended.stderr.contains("#build-unconfirmed"),
                "{pointer}\n{}",
                ended.stderr
            );
        }
    }
    // One that was never here, and one that stands under another number.
    let mut added = build(9, done(9));
    put_unknown_record(&server, "shop", &[all[0].clone(), all[1].clone(), added.clone()]);
    assert_eq!(run(&cluster, "rerun shop --build 9").await.code, Some(1));
    added["number"] = json!(2);
    put_unknown_record(&server, "shop", &[all[0].clone(), added]);
    assert_eq!(run(&cluster, "rerun shop").await.code, Some(1));
    assert!(server.ever(JOBS).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rerun_reaches_registries_as_it_is_told_today() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    builds(&server, done(7));
    let mut old = build(1, done(1));
    put_record(&server, "shop", &[old.clone()]);
    // No seal covers it, and older versions kept it.
    old["request"]["access"] = json!({
        "mirrors": { "docker.io": "evil.example.com" }, "insecure": ["registry.example.com"],
        "proxy": { "https": "http://evil.example.com:3128" },
        "addresses": { "localhost:30500": "10.1.2.3:5000" }, "authorities": "evil",
    });
    put_unknown_record(&server, "shop", &[old]);
    ok(&cluster, "rerun shop --insecure-registry today.example.com").await;
    let requests: Vec<String> = server
        .ever(CONFIG_MAPS)
        .iter()
        .filter_map(|map| map["data"]["request-2"].as_str().map(str::to_owned))
        .collect();
    let request: BuildRequest = serde_json::from_str(&requests[0]).unwrap();
    assert_eq!(request.access.insecure, ["today.example.com"]);
    assert!(!requests.concat().contains("evil"), "{requests:?}");
    // The Job names just this request.
    let job = server.ever(JOBS).remove(0);
    let args = &job["spec"]["template"]["spec"]["containers"][0]["args"];
    let named = kubectl_b2i::oci::Digest::of(requests[0].as_bytes()).to_string();
    assert_eq!(args, &json!(["in-cluster-builder", named]));
    assert_eq!(
        server.get(CONFIG_MAPS, "b2i-shop").unwrap()["data"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["build-1", "request-1", "build-2"],
        "what has ended needs no request"
    );
}

/// Who may write the namespace's configuration could read the login there.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_the_namespace_names_is_kept_from_insecure_registries() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    builds(&server, done(7));
    put_record(&server, "shop", &[build(1, done(1))]);
    let configuration = "insecureRegistries: [registry.example.com]\n\
                         proxy: {http: 'http://evil.example.com:1', https: 'http://evil.example.com:1', no: a.example}\n";
    server.put(
        CONFIG_MAPS,
        json!({ "metadata": { "name": "kubectl-b2i" }, "data": { "config.yaml": configuration } }),
    );
    ok(&cluster, "rerun shop --insecure-registry today.example.com:5000").await;
    let maps = server.ever(CONFIG_MAPS);
    let request = maps.iter().find_map(|map| map["data"]["request-2"].as_str());
    let request: BuildRequest = serde_json::from_str(request.unwrap()).unwrap();
    assert_eq!(
        request.access.proxy.no.as_deref(),
        Some("a.example,registry.example.com,today.example.com")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_sends_an_image_nowhere() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    let mut evil = build(1, done(1));
    evil["request"]["destination"] = json!("registry.example.com/evil/shop");
    evil["request"]["tags"] = json!(["evil"]);
    let line = "deploy server --name shop --port 8080 --dry-run=client -o yaml";
    // One that this machine vouches for does.
    put_record(&server, "shop", &[evil.clone()]);
    let printed = ok(&cluster, line).await;
    assert!(
        printed.contains("registry.example.com/evil/shop:evil"),
        "{printed}"
    );

    vouch(server.url(), "shop", &[]);
    put_unknown_record(&server, "shop", &[evil.clone()]);
    let ended = run(&cluster, line).await;
    assert!(
        ended
            .stdout
            .contains("image: registry.example.com/shop/shop:latest"),
        "{}",
        ended.stdout
    );
    assert!(
        ended
            .stderr
            .contains("neither the workload nor this machine vouches for build #1"),
        "{}",
        ended.stderr
    );

    // An app that runs stays where it is.
    put_app(&server, 1);
    let ended = run(&cluster, line).await;
    assert!(
        ended
            .stdout
            .contains("image: registry.example.com/team/shop:latest"),
        "{}",
        ended.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_chooses_no_secret() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret_named(&server, "harbor");
    put_secret_named(&server, "hub");
    let mut evil = build(1, done(1));
    evil["options"] = json!({ "pushSecret": "hub" });
    let line = "deploy server --name shop --port 8080 --dry-run=client -o yaml";
    put_record(&server, "shop", &[evil.clone()]);
    ok(&cluster, line).await;
    vouch(server.url(), "shop", &[]);
    put_unknown_record(&server, "shop", &[evil]);
    let ended = run(&cluster, line).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("2 docker-registry Secrets"),
        "{}",
        ended.stderr
    );
}
