//! An attacker who may write ConfigMaps in the namespace and nothing else.

use serde_json::{Value, json};

use crate::world::{REGISTRY, Said, World, run, said};

/// The attacker: a service account of its own, with one right.
fn attacker(world: &World) {
    world.apply(r#"{ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "eve" } }"#);
    world.kubectl("create role eve --verb=get,list,patch,update --resource=configmaps");
    let account = format!("{}:eve", world.namespace);
    world.kubectl(&format!(
        "create rolebinding eve --role=eve --serviceaccount={account}"
    ));
}

/// Reads an entry, changes it and writes it back, as the attacker.
fn spoil(world: &World, number: u64, change: impl Fn(&mut Value)) {
    let eve = format!("--as=system:serviceaccount:{}:eve", world.namespace);
    let map: Value =
        serde_json::from_str(&world.kubectl(&format!("get configmap b2i-httpbin -o json {eve}"))).unwrap();
    let key = format!("build-{number}");
    let mut entry: Value = serde_json::from_str(map["data"][&key].as_str().unwrap()).unwrap();
    change(&mut entry);
    let patch = json!({ "data": { key: entry.to_string() } }).to_string();
    run(crate::world::kubectl().args([
        "patch",
        "configmap",
        "b2i-httpbin",
        "--type=merge",
        "-n",
        &world.namespace,
        &eve,
        "-p",
        &patch,
    ]));
}

fn image(world: &World) -> String {
    world.kubectl("get deployment httpbin -o jsonpath={.spec.template.spec.containers[0].image}")
}

fn assert_repository(world: &World, image: &str) {
    let repository = format!("{REGISTRY}/{}/httpbin@", world.namespace);
    assert!(image.starts_with(&repository), "{image} is not in {repository}");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_changed_result_is_built_anew_and_an_undisturbed_one_is_not() {
    let world = World::new("record-result");
    attacker(&world);
    let first = world.b2i_ok("deploy ./httpbin --port 8080");
    assert_repository(&world, &first);
    let again = world.b2i_json("deploy ./httpbin");
    assert_eq!(
        (&again["unchanged"], again["image"].as_str()),
        (&true.into(), Some(&*first))
    );
    // Another machine, which has built nothing: the workload tells it.
    let other = tempfile::tempdir().unwrap();
    let mut elsewhere = world.command("deploy ./httpbin -o json");
    let report: Value = serde_json::from_str(&run(elsewhere.env("XDG_STATE_HOME", other.path()))).unwrap();
    assert_eq!(
        (&report["unchanged"], report["image"].as_str()),
        (&true.into(), Some(&*first))
    );

    let evil_digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let repository = first.split('@').next().unwrap().to_owned();
    let base = "10.250.0.1:5000/library/tomcat".to_owned();
    for (number, evil) in (1..).zip([base, repository]) {
        spoil(&world, number, |entry| {
            entry["outcome"]["done"]["image"] = json!(format!("{evil}@{evil_digest}"));
        });
        let report = world.b2i_json("deploy ./httpbin --port 8080");
        assert_eq!(
            (&report["unchanged"], report["image"].as_str()),
            (&false.into(), Some(&*first)),
            "{evil}: the same inputs are the same image"
        );
        assert_eq!(image(&world), first);
        assert_eq!(
            world.b2i_json("deploy ./httpbin")["unchanged"],
            true,
            "and from then on all is well"
        );
    }
    // What was built last is another artifact, by its inputs: then nothing is deployed of it either.
    let second = world.b2i_json("deploy ./httpbin --port 8080 --image-env A=1");
    spoil(&world, 4, |entry| {
        let now = entry["inputs"].clone();
        entry["inputs"] = json!(evil_digest);
        entry["artifactDigest"] = now;
    });
    let third = world.b2i_json("deploy ./httpbin --port 8080 --image-env A=1");
    assert_eq!(
        (&third["unchanged"], &third["image"]),
        (&false.into(), &second["image"])
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_changed_destination_base_or_secret_decides_nothing() {
    let world = World::new("record-request");
    attacker(&world);
    let first = world.b2i_ok("deploy ./httpbin --port 8080");
    let note = "the build record of `httpbin` is not used";
    let deploy = |number: u64| -> Said {
        let said = said(&mut world.command("deploy ./httpbin --port 8080"));
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(said.stderr.contains(note), "{}", said.stderr);
        assert_repository(&world, &image(&world));
        let map = world.kubectl("get configmap b2i-httpbin -o json");
        assert!(map.contains(&format!("build-{}", number + 1)), "{map}");
        said
    };
    let spoils: [&dyn Fn(&mut Value); 5] = [
        &|entry| entry["request"]["destination"] = json!(format!("{REGISTRY}/evil/httpbin")),
        &|entry| entry["request"]["tags"] = json!(["evil"]),
        &|entry| entry["options"]["base"] = json!(format!("{REGISTRY}/library/busybox")),
        &|entry| entry["options"]["env"] = json!({ "LD_PRELOAD": "/evil.so" }),
        &|entry| entry["options"]["pushSecret"] = json!("other"),
    ];
    for (number, change) in (1..).zip(spoils) {
        spoil(&world, number, change);
        deploy(number);
        assert_eq!(image(&world), first, "{number}");
    }
    // Removed altogether: the same.
    let eve = format!("--as=system:serviceaccount:{}:eve", world.namespace);
    run(crate::world::kubectl().args([
        "patch",
        "configmap",
        "b2i-httpbin",
        "--type=json",
        "-n",
        &world.namespace,
        &eve,
        "-p",
        r#"[{"op": "remove", "path": "/data/build-6"}]"#,
    ]));
    deploy(6);
    assert_eq!(image(&world), first);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn rollback_and_rerun_take_no_changed_build() {
    let world = World::new("record-back");
    attacker(&world);
    let first = world.b2i_ok("deploy ./httpbin --port 8080");
    let second = world.b2i_ok("deploy ./httpbin --port 8080 --image-env A=1");
    let original = world.kubectl("get configmap b2i-httpbin -o jsonpath={.data.build-1}");
    spoil(&world, 1, |entry| {
        entry["outcome"]["done"]["image"] = json!(second.replace("httpbin@", "other@"))
    });
    for line in [
        "rollback httpbin",
        "rollback httpbin --to 1",
        "rerun httpbin --build 1",
    ] {
        world.b2i(line).assert_failed(&["build-unconfirmed"]);
    }
    spoil(&world, 1, |entry| {
        entry["request"]["config"]["entrypoint"] = json!(["/bin/evil"])
    });
    world
        .b2i("rerun httpbin --build 1")
        .assert_failed(&["build-unconfirmed"]);
    assert_eq!(image(&world), second);
    let whole: Value = serde_json::from_str(&original).unwrap();
    spoil(&world, 1, |entry| *entry = whole.clone());
    // Whoever deployed it: the workload vouches for all of its builds.
    let other = tempfile::tempdir().unwrap();
    let back = run(world
        .command("rollback httpbin")
        .env("XDG_STATE_HOME", other.path()));
    assert_eq!(back.trim_end(), first);
    assert_eq!(world.b2i_json("deploy ./httpbin")["unchanged"], true);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_long_bundle_of_certificates_fits_and_its_key_stays_here() {
    let world = World::new("record-ca");
    let file = world.folder.path().join("bundle.pem");
    let make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    let mut bundle = String::new();
    let mut key = String::new();
    let own = world.folder.path();
    for at in 0..9 {
        let (certificate, private) = (own.join("c.pem"), own.join("k.pem"));
        // A long name makes a long certificate.
        let names: Vec<String> = (0..400).map(|n| format!("DNS:{n:040}.example.com")).collect();
        run(std::process::Command::new("openssl")
            .args(make.split_whitespace().skip(1))
            .args([
                "-subj",
                &format!("/CN=authority {at}"),
                "-addext",
                &format!("subjectAltName={}", names.join(",")),
            ])
            .arg("-keyout")
            .arg(&private)
            .arg("-out")
            .arg(&certificate));
        key = std::fs::read_to_string(private).unwrap();
        bundle += &std::fs::read_to_string(certificate).unwrap();
        bundle += &key;
    }
    assert!(bundle.len() > 200 * 1024, "{}", bundle.len());
    std::fs::write(&file, bundle).unwrap();
    for n in 0..3 {
        world.b2i_ok(&format!(
            "build ./httpbin --image-env N={n} --registry-ca {}",
            file.display()
        ));
    }
    let secret = key.lines().nth(1).unwrap();
    let everything = world.kubectl("get configmaps,jobs,pods -o yaml");
    assert!(everything.contains("BEGIN CERTIFICATE"), "the Pods trust them");
    for part in [secret, "PRIVATE KEY"] {
        assert!(!everything.contains(part), "{part}");
    }
    let map = world.kubectl("get configmap b2i-httpbin -o yaml");
    assert!(map.len() < 64 * 1024, "{}", map.len());
}
