//! Source-to-image bases, as `KubeSphere` has them: what the plan puts where, and what the builder
//! makes of the base's labels.

use kubectl_b2i::{
    error::Failure,
    model::{BuildRequest, ConfigChanges, EntryKind, ImagePlan, Source},
    steps::{
        assemble, inspect,
        plan::{self, Catalogue, Options},
    },
};
use serde_json::{Value, json};

use crate::support::{
    archive::{boot_jar, plain_jar, war},
    elf::Elf,
    fake_registry::{FakeRegistry, Knobs},
    images::{base_config, client, request, seed_base_of},
};

fn plan_of(file_name: &str, bytes: Vec<u8>, options: &Options) -> Result<ImagePlan, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name);
    std::fs::write(&path, bytes).unwrap();
    plan::run(&inspect::run(&path).unwrap(), options)
}

fn s2i() -> Options {
    Options {
        base: Some("kubesphere/java-8-centos7:v2.1.0".to_owned()),
        s2i: Some(true),
        ..Options::default()
    }
}

#[test]
fn each_artifact_goes_whole_to_where_the_run_script_looks() {
    let launcher = "org.springframework.boot.loader.JarLauncher";
    let named = Options {
        context_path: Some("/team/shop".to_owned()),
        ..s2i()
    };
    let rows = [
        (
            "shop-1.0.jar",
            plain_jar().bytes(),
            s2i(),
            "deployments/shop-1.0.jar",
            0o644,
        ),
        (
            "shop",
            boot_jar("2.7.18", launcher, "").bytes(),
            s2i(),
            "deployments/shop.jar",
            0o644,
        ),
        (
            "site.war",
            war("javax").bytes(),
            s2i(),
            "deployments/site.war",
            0o644,
        ),
        (
            "site.war",
            war("javax").bytes(),
            named,
            "deployments/team#shop.war",
            0o644,
        ),
        (
            "server",
            Elf::default().bytes(),
            s2i(),
            "opt/app-root/src/bin/binary",
            0o755,
        ),
    ];
    for (file_name, bytes, options, image_path, mode) in rows {
        let plan = plan_of(file_name, bytes, &options).unwrap();
        let entries: Vec<_> = plan.layers.iter().flat_map(|layer| &layer.entries).collect();
        // The folders are the base's: one of ours would take their owner away.
        let [entry] = entries[..] else {
            panic!("{file_name}: {entries:?}")
        };
        assert_eq!(
            (entry.image_path.to_string().as_str(), entry.mode),
            (image_path, mode),
            "{file_name}"
        );
        assert!(
            matches!(entry.kind, EntryKind::File(Source::Artifact)),
            "{file_name}"
        );
        let config = &plan.config;
        assert_eq!(
            (&config.entrypoint, &config.cmd, &config.user, &config.working_dir),
            (&None, &None, &None, &None),
            "{file_name}"
        );
        assert_eq!(plan.s2i, Some(true));
    }
}

#[test]
fn a_catalogue_knows_its_source_to_image_bases() {
    let change = json!({
        "names": {"ks-java-8": {"image": "kubesphere/java-8-centos7:v2.1.0", "s2i": true}},
        "jar": {"11": {"image": "kubesphere/java-11-centos7:v2.1.0", "s2i": true}}
    });
    let options = |base: Option<&str>, s2i| Options {
        base: base.map(str::to_owned),
        s2i,
        catalogue: Catalogue::changed_by(std::slice::from_ref(&change)).unwrap(),
        ..Options::default()
    };
    let plan = |base, s2i| plan_of("a.jar", plain_jar().bytes(), &options(base, s2i)).unwrap();
    let path = |plan: &ImagePlan| plan.layers[0].entries.last().unwrap().image_path.to_string();
    for base in [Some("ks-java-8"), None] {
        let plan = plan(base, None);
        assert_eq!(
            (path(&plan).as_str(), plan.s2i),
            ("deployments/a.jar", Some(true))
        );
    }
    let refused = plan(Some("ks-java-8"), Some(false));
    assert_eq!(
        (path(&refused).as_str(), refused.s2i),
        ("app/app.jar", Some(false))
    );
    let other = plan(Some("eclipse-temurin:17-jre"), None);
    assert_eq!((path(&other).as_str(), other.s2i), ("app/app.jar", None));
}

#[test]
fn nothing_cannot_be_a_source_to_image_base() {
    let options = Options {
        base: Some("scratch".to_owned()),
        ..s2i()
    };
    let failure = plan_of("a.jar", plain_jar().bytes(), &options).unwrap_err();
    assert_eq!(failure.anchor, "base-not-s2i");
}

/// Builds on a base with this label and user; returns what the image runs with.
async fn assembled(label: Option<&str>, user: &str, s2i: Option<bool>) -> Result<Value, Failure> {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let mut config = base_config("amd64");
    config["config"]["User"] = json!(user);
    config["config"]["WorkingDir"] = json!("/opt/jboss");
    if let Some(label) = label {
        config["config"]["Labels"]["io.openshift.s2i.scripts-url"] = json!(label);
    }
    seed_base_of(&fake, &config);
    let request = BuildRequest {
        s2i,
        config: match s2i {
            Some(true) => ConfigChanges::default(),
            _ => request(&fake, &fake).config,
        },
        ..request(&fake, &fake)
    };
    let image = assemble::run(&request, Some(&client(&fake))).await?;
    let config: Value = serde_json::from_slice(&image.manifests[0].config.bytes).unwrap();
    Ok(config["config"].clone())
}

const KUBESPHERE: Option<&str> = Some("image:///usr/local/s2i");

#[tokio::test]
async fn the_run_script_starts_it_as_the_bases_user() {
    for (user, expected) in [
        ("1001", "1001"),
        ("1000:0", "1000:0"),
        ("jboss", "1000"),
        ("", "1000"),
        ("0", "1000"),
    ] {
        let run = assembled(KUBESPHERE, user, Some(true)).await.unwrap();
        assert_eq!(run["Cmd"], json!(["/usr/local/s2i/run"]));
        assert_eq!(
            run["Entrypoint"],
            json!(["/__cacert_entrypoint.sh"]),
            "the base's is kept"
        );
        assert_eq!(run["User"], expected, "{user:?}");
        assert_eq!(run["WorkingDir"], "/opt/jboss");
        assert_eq!(
            run["Labels"]["io.openshift.s2i.build.image"],
            "docker.io/library/eclipse-temurin:17-jre"
        );
        assert_eq!(
            run["Labels"]["io.openshift.s2i.scripts-url"],
            "image:///usr/local/s2i"
        );
    }
}

#[tokio::test]
async fn what_was_not_meant_is_refused() {
    let failure = assembled(KUBESPHERE, "1000", None).await.unwrap_err();
    assert_eq!(failure.anchor, "base-s2i");
    assert!(failure.next.contains("`--s2i`"), "{}", failure.next);

    let failure = assembled(None, "1000", Some(true)).await.unwrap_err();
    assert_eq!(failure.anchor, "base-not-s2i");
    assert!(failure.next.contains("`--s2i`"), "{}", failure.next);

    let failure = assembled(Some("https://example.com/s2i"), "1000", Some(true))
        .await
        .unwrap_err();
    assert!(failure.why.contains("https://example.com/s2i"), "{}", failure.why);
}

#[tokio::test]
async fn a_base_of_both_kinds_can_be_taken_as_a_plain_one() {
    let run = assembled(KUBESPHERE, "1000", Some(false)).await.unwrap();
    assert_eq!(run["Entrypoint"], json!(["java", "-jar", "/app/app.jar"]));
    assert_eq!(run["Cmd"], Value::Null);
    assembled(None, "1000", None).await.unwrap();
}

/// A plugin and a builder image need not be of the same day.
#[test]
fn requests_of_before_are_read_and_nothing_new_is_said_without_need() {
    let text = json!({
        "destination": "registry.example.com/team/shop",
        "tags": ["1"],
        "base": "scratch",
        "platforms": [{"architecture": "amd64", "os": "linux"}],
        "config": {},
        "layers": [],
        "access": {}
    });
    let request: BuildRequest = serde_json::from_value(text).unwrap();
    assert_eq!(request.s2i, None);
    assert!(json!(request).get("s2i").is_none());
    let asked = BuildRequest {
        s2i: Some(true),
        ..request
    };
    assert_eq!(json!(asked)["s2i"], true);
}
