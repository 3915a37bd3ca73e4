//! Apps that are there: looked at, read, taken back, made again, removed.

use crate::world::World;

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_app_is_listed_shown_and_read() {
    let world = World::new("look");
    let image = world.b2i_ok("deploy ./httpbin --port 8080 --nodeport --env SEEN=yes");
    let listed = world.b2i_json("list");
    assert_eq!(listed["items"][0]["name"], "httpbin");
    assert_eq!(world.b2i_ok("list -o name"), "httpbin");

    let status = world.b2i_json("status httpbin");
    assert_eq!(status["workload"]["image"].as_str(), Some(image.as_str()));
    assert_eq!(status["workload"]["ready"], 1);
    assert_eq!(status["builds"][0]["phase"], "ok");
    let page = world.b2i_ok("status httpbin");
    for part in ["READY  1/1", "SEEN=yes", "<- running", "ScalingReplicaSet"] {
        assert!(page.contains(part), "{part} in\n{page}");
    }

    // go-httpbin's own first line.
    let log = world.b2i_ok("logs httpbin");
    assert!(log.contains("listening on"), "{log}");
    let build = world.b2i_ok("logs httpbin --build");
    assert!(build.contains("manifest"), "{build}");
}
