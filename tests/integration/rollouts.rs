//! The rollouts in the build record: how they are shown, and where `rollback` goes by them.
use serde_json::{Value, json};

use crate::{
    deploy::{DEPLOYMENTS, REPLICA_SETS, plays, ready},
    lifecycle::{build, done, failed, history, image, labels, ok, put_app, put_record, run, running_image},
    support::{fake_apiserver::FakeApiServer, schema},
};

const CONFIG_MAPS: &str = "/api/v1/namespaces/shop/configmaps";

/// Adds rollouts to the record, the newest first.
pub(crate) fn put_rollouts(server: &FakeApiServer, rollouts: &[Value]) {
    let mut map = server.get(CONFIG_MAPS, "b2i-shop").unwrap();
    map["data"]["rollouts"] = json!(json!(rollouts).to_string());
    server.put(CONFIG_MAPS, map);
}

pub(crate) fn rollout(build: u64, outcome: &str) -> Value {
    json!({
        "started": format!("2024-05-01T12:0{build}:00Z"), "ended": "2024-05-01T12:09:00Z", "build": build,
        "image": image(build), "changes": ["image"], "outcome": outcome,
    })
}

fn rollouts(server: &FakeApiServer) -> Vec<Value> {
    let map = server.get(CONFIG_MAPS, "b2i-shop").unwrap();
    serde_json::from_str(map["data"]["rollouts"].as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_failed_is_listed_and_shown() {
    let schema: Value =
        serde_json::from_str(include_str!("../../docs/reference/status.schema.json")).unwrap();
    let (server, cluster) = FakeApiServer::start().await;
    put_app(&server, 2);
    put_record(&server, "shop", &[build(1, done(1)), build(2, done(2))]);
    let outcome = async || {
        let list = ok(&cluster, "list").await;
        let row = list.lines().nth(1).unwrap().to_owned();
        let cells: Vec<&str> = row.split("  ").filter(|cell| !cell.is_empty()).collect();
        cells[6].trim().to_owned()
    };
    assert_eq!(outcome().await, "ok", "a record of an earlier version");
    let mut failing = rollout(2, "failed");
    failing["why"] = json!("the container ends: Error, exit code 1, 2 restarts\u{1b}[2J");
    put_rollouts(&server, &[failing, rollout(1, "serving")]);
    assert_eq!(outcome().await, "rollout failed");
    let page = ok(&cluster, "status shop").await;
    for part in [
        "ROLLOUTS  #2  ",
        "  failed  image\n            the container ends: Error, exit code 1, 2 restarts\\x1b[2J\n          #1  ",
        "  served  image\n",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    for (of, expected) in [
        ("serving", "ok"),
        ("undone", "rollout undone"),
        ("refused", "rollout refused"),
        ("replaced", "rollout replaced"),
        ("interrupted", "rollout interrupted"),
        ("inProgress", "rolling out"),
    ] {
        put_rollouts(&server, &[rollout(2, of), rollout(1, "serving")]);
        assert_eq!(outcome().await, expected);
        let json = ok(&cluster, "status shop -o json").await;
        let status: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(schema::check(&schema, &status), Ok(()), "{json}");
        assert_eq!(status["rollouts"][0]["outcome"], of);
        assert_eq!(status["builds"][0]["isUndone"], of == "undone");
    }
    // Everything is ready meanwhile: nobody saw it, and it serves.
    let mut app = server.get(DEPLOYMENTS, "shop").unwrap();
    app["status"] = json!({
        "observedGeneration": 99, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
    });
    server.put(DEPLOYMENTS, app);
    for of in ["failed", "interrupted", "inProgress"] {
        put_rollouts(&server, &[rollout(2, of)]);
        assert_eq!(outcome().await, "ok", "{of}");
    }
    // A build that failed after it is newer than any rollout.
    put_record(&server, "shop", &[build(1, done(1)), build(2, failed())]);
    let mut early = rollout(1, "serving");
    early["started"] = json!("2024-04-01T12:00:00Z");
    put_rollouts(&server, &[early]);
    assert_eq!(outcome().await, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_passes_over_what_never_served() {
    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| ready());
    put_app(&server, 5);
    let all = [1, 2, 3, 4, 5].map(|number| build(number, done(number)));
    put_record(&server, "shop", &all);
    for unserved in ["undone", "failed", "refused", "replaced", "interrupted"] {
        put_rollouts(
            &server,
            &[
                rollout(5, "serving"),
                rollout(4, unserved),
                rollout(3, unserved),
                rollout(2, "serving"),
            ],
        );
        let dry = run(&cluster, "rollback shop --dry-run").await;
        assert_eq!(dry.code, Some(0), "{}", dry.stderr);
        assert!(
            dry.stdout.starts_with("#5 → #2, shop.jar, "),
            "{unserved}: {}",
            dry.stdout
        );
    }
    let writes = |request: &&String| !request.starts_with("GET ");
    assert_eq!(
        server.requests().iter().find(writes),
        None,
        "a dry run changes nothing"
    );

    let ended = run(&cluster, "rollback shop").await;
    assert_eq!((ended.code, ended.stdout), (Some(0), format!("{}\n", image(2))));
    assert!(ended.stderr.contains("#5 → #2, shop.jar, "), "{}", ended.stderr);
    let newest = rollouts(&server).remove(0);
    assert_eq!(
        (&newest["build"], &newest["outcome"], &newest["changes"][0]),
        (&json!(2), &json!("serving"), &json!("rollback to #2"))
    );
    let changes = newest["changes"].to_string();
    assert!(
        !changes.contains("image"),
        "that it is another image goes without saying: {changes}"
    );
    // A deploy that is bad again goes back to what served before it, which is what was gone back to.
    let mut newer = build(7, done(7));
    newer["origin"] = json!("artifact");
    put_app(&server, 7);
    let mut builds: Vec<Value> = history(&cluster).await.iter().map(|build| json!(build)).collect();
    builds.push(newer);
    builds.sort_by_key(|build| build["number"].as_u64());
    let all_rollouts = rollouts(&server);
    put_record(&server, "shop", &builds);
    put_rollouts(&server, &all_rollouts);
    let dry = ok(&cluster, "rollback shop --dry-run").await;
    assert!(dry.starts_with("#7 → #2, "), "{dry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_fails_is_in_the_history_and_makes_no_build_look_bad() {
    let (server, cluster) = FakeApiServer::start().await;
    put_app(&server, 2);
    put_record(&server, "shop", &[build(1, done(1)), build(2, done(2))]);
    put_rollouts(&server, &[rollout(2, "serving"), rollout(1, "serving")]);
    plays(&server, |of| {
        if of == image(1) {
            json!({ "phase": "Pending", "containerStatuses": [{
                "name": "shop", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": { "waiting": { "reason": "ErrImagePull", "message": "not found" } },
            }] })
        } else {
            ready()
        }
    });
    assert_eq!(run(&cluster, "rollback shop").await.code, Some(1));
    let newest = rollouts(&server).remove(0);
    assert_eq!(
        (&newest["build"], &newest["outcome"]),
        (&json!(1), &json!("undone"))
    );
    let why = newest["why"].as_str().unwrap();
    assert!(why.contains("cannot be pulled: not found"), "{why}");
    assert_eq!(history(&cluster).await.len(), 2);
    let status: Value = serde_json::from_str(&ok(&cluster, "status shop -o json").await).unwrap();
    assert_eq!(status["builds"][1]["isUndone"], false, "it served before");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_options_of_a_build_come_from_what_kubernetes_keeps() {
    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| ready());
    put_app(&server, 2);
    put_record(&server, "shop", &[build(1, done(1)), build(2, done(2))]);
    put_rollouts(&server, &[rollout(2, "serving"), rollout(1, "serving")]);
    let ended = run(&cluster, "rollback shop --with-options").await;
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(ended.stderr.contains("#no-earlier-options"), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("kubectl b2i rollback shop -n shop --to 1\n"),
        "{}",
        ended.stderr
    );
    assert_eq!(running_image(&server), image(2));

    let uid = &server.get(DEPLOYMENTS, "shop").unwrap()["metadata"]["uid"];
    let set = |name: &str, revision: u64, owner: &Value, of: u64, env: &str| {
        let options =
            json!({ "contextPath": "/", "env": { env: "1" }, "memory": "64Mi", "pullSecret": "gone" });
        server.put(REPLICA_SETS, json!({
            "metadata": {
                "name": name, "labels": labels("shop", "app"),
                "annotations": {
                    "deployment.kubernetes.io/revision": revision.to_string(), "kubectl-b2i/options": options.to_string(),
                },
                "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "Deployment", "name": "shop", "uid": owner }],
            },
            "spec": { "selector": {}, "template": { "spec": { "containers": [{ "name": "shop", "image": image(of) }] } } },
        }));
    };
    set("shop-first", 1, uid, 1, "FIRST");
    set("shop-later", 12, uid, 1, "LATER");
    set("shop-early", 9, uid, 1, "EARLY");
    set("shop-now", 13, uid, 2, "NOW");
    set("shop-theirs", 99, &json!("another"), 1, "THEIRS");
    let ended = run(&cluster, "rollback shop --with-options").await;
    assert_eq!(
        (ended.code, ended.stdout),
        (Some(0), format!("{}\n", image(1))),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains(" ago, with the options that it had\n"),
        "{}",
        ended.stderr
    );
    let app = server.get(DEPLOYMENTS, "shop").unwrap();
    let options: Value = serde_json::from_str(
        app["metadata"]["annotations"]["kubectl-b2i/options"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        (&options["env"], &options["memory"], &options["pullSecret"]),
        (&json!({ "LATER": "1" }), &json!("64Mi"), &Value::Null)
    );
}
