//! Layers that are compressed otherwise: others' tools read them, containerd runs them.

use std::process::Command;

use serde_json::Value;

use crate::world::{World, run};

#[test]
#[ignore = "needs a cluster: tests/run"]
fn zstd_and_other_levels_are_read_and_run_by_others() {
    let world = World::new("compression");
    let layer = |image: &str| {
        // `crane validate` takes every layer for gzip; `export` unpacks them by what they are.
        let tar = world.folder.path().join("image.tar");
        let export = ["export", "--insecure", image, tar.to_str().unwrap()];
        run(Command::new("crane").args(export));
        let files = run(Command::new("tar").arg("tf").arg(&tar));
        assert!(files.lines().any(|line| line == "app/httpbin"), "{files}");
        let manifest = run(Command::new("crane").args(["manifest", "--insecure", image]));
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(
            manifest["mediaType"],
            "application/vnd.oci.image.manifest.v1+json"
        );
        let layer = manifest["layers"].as_array().unwrap().last().unwrap().clone();
        (
            layer["mediaType"].as_str().unwrap().to_owned(),
            layer["size"].as_u64().unwrap(),
        )
    };
    let image_of = |line: &str| {
        world.b2i_json(&format!("{line} -o json"))["image"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let usual = layer(&image_of("build ./httpbin"));
    let hard = layer(&image_of("build ./httpbin --compression-level 9"));
    for (media_type, _) in [&usual, &hard] {
        assert_eq!(media_type, "application/vnd.oci.image.layer.v1.tar+gzip");
    }
    assert!(hard.1 < usual.1, "{} is not less than {}", hard.1, usual.1);

    // The kubelet pulls and runs it, and the choice is remembered.
    let zstd = layer(&image_of(
        "deploy ./httpbin --compression zstd --compression-level 10 --port 8080",
    ));
    assert_eq!(zstd.0, "application/vnd.oci.image.layer.v1.tar+zstd");
    assert!(zstd.1 < hard.1, "{} is not less than {}", zstd.1, hard.1);
    let again = layer(&image_of("deploy ./httpbin --image-label a=b"));
    assert_eq!(again, zstd);
    let ready = world.kubectl("get deployment httpbin -o jsonpath={.status.readyReplicas}");
    assert_eq!(ready.trim(), "1");
}
