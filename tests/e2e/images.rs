//! What we push: the same bytes for the same artifact, and good in other tools' eyes.

use std::{fs, process::Command};

use crate::world::{World, artifacts, run};

#[test]
#[ignore = "needs a cluster: tests/run"]
fn the_same_artifact_gives_the_same_digest_and_crane_accepts_it() {
    let world = World::new("images");
    for file in ["zipkin.jar", "sample.war", "httpbin"] {
        let mut images = Vec::new();
        for (folder, touched) in [("one", "2001-01-01"), ("two/deeper", "2024-06-30 12:34:56")] {
            let folder = world.folder.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            let copy = folder.join(file);
            fs::copy(artifacts().join(file), &copy).unwrap();
            run(Command::new("touch").args(["-d", touched]).arg(&copy));
            images.push(world.b2i_ok(&format!("build {} --rebuild", copy.display())));
        }
        assert_eq!(images[0], images[1], "{file}");
        run(Command::new("crane").args(["validate", "--insecure", "--remote", &images[0]]));

        // Both tags name it: the one asked for, and the one that keeps it from being collected.
        let (name, digest) = images[0].split_once('@').unwrap();
        for tag in ["latest", &format!("b2i-{}", &digest[7..19])] {
            assert_eq!(
                run(Command::new("crane").args(["digest", "--insecure", &format!("{name}:{tag}")])),
                digest
            );
        }
        let config: serde_json::Value = serde_json::from_str(&run(Command::new("crane").args([
            "config",
            "--insecure",
            &images[0],
        ])))
        .unwrap();
        let user = config["config"]["User"].as_str().unwrap();
        assert!(
            user.split(':').next().unwrap().parse::<u32>().unwrap() > 0,
            "{user} is no number, or root's"
        );
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_archive_needs_no_cluster_and_skopeo_reads_it() {
    let world = World::new("archive");
    let archive = world.folder.path().join("httpbin.tar");
    let mut build = world.command(&format!(
        "build ./httpbin --base scratch --output oci-archive:{}",
        archive.display()
    ));
    run(build.env("KUBECONFIG", "/nonexistent"));
    let inspected = run(Command::new("skopeo")
        .arg("inspect")
        .arg(format!("oci-archive:{}", archive.display())));
    let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(inspected["Architecture"], "amd64");
    assert_eq!(inspected["Layers"].as_array().unwrap().len(), 1);
}
