//! An image goes to its registry, from the bottom up; and into a file.
use std::{collections::BTreeMap, io::Read};

use kubectl_b2i::{
    error::Failure,
    model::{BuildRequest, BuildResult, Event, Events, Image, Layer},
    oci::{Digest, Platform},
    registry::{Client, Options},
    steps::{assemble, push},
};
use serde_json::Value;

use crate::support::{
    fake_registry::{Canned, FakeRegistry, Knobs, Login},
    images::{BASE, OUR_LAYERS, base_layer, client, our_layers, request, seed_base, seed_our_layers},
};

/// A destination with our layers in it, and a mirror with the base.
struct Scene {
    destination: FakeRegistry,
    mirror: FakeRegistry,
    request: BuildRequest,
    image: Image,
}

impl Scene {
    async fn new() -> Self {
        let destination = FakeRegistry::start(Knobs::default()).await;
        let mirror = FakeRegistry::start(Knobs::default()).await;
        seed_base(&mirror, "17-jre");
        seed_our_layers(&destination);
        let request = request(&destination, &mirror);
        let image = assemble::run(&request, Some(&client(&mirror))).await.unwrap();
        Self {
            destination,
            mirror,
            request,
            image,
        }
    }

    async fn push(&self) -> Result<BuildResult, push::Error> {
        self.push_as(&client(&self.destination)).await
    }

    async fn push_as(&self, destination: &Client) -> Result<BuildResult, push::Error> {
        let mirror = client(&self.mirror);
        push::run(
            &self.image,
            &self.request,
            destination,
            Some(&mirror),
            std::time::Duration::ZERO,
            &Events::nowhere(),
        )
        .await
    }

    async fn failure(&self) -> Failure {
        failed(self.push().await)
    }
}

fn failed(outcome: Result<BuildResult, push::Error>) -> Failure {
    match outcome.unwrap_err() {
        push::Error::Failed(failure) => failure,
        push::Error::MissingBlobs(digests) => panic!("missing: {digests:?}"),
    }
}

fn missing(outcome: Result<BuildResult, push::Error>) -> Vec<Digest> {
    match outcome.unwrap_err() {
        push::Error::MissingBlobs(digests) => digests,
        push::Error::Failed(failure) => panic!("{failure}"),
    }
}

fn our_digests() -> Vec<Digest> {
    our_layers().iter().map(|layer| layer.descriptor.digest).collect()
}

#[tokio::test]
async fn the_tags_come_last() {
    let scene = Scene::new().await;
    let result = scene.push().await.unwrap();
    let digest = scene.image.digest();
    let immutable = format!("b2i-{}", digest.short());
    assert_eq!(
        result.image.to_string(),
        format!("{}/team/shop@{digest}", scene.destination.host)
    );
    assert_eq!(result.tags, ["1.4".to_owned(), immutable.clone()]);
    assert_eq!((result.copied_layers, result.mounted_layers), (1, 0));
    let ours: usize = OUR_LAYERS.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(result.size_bytes, (ours + base_layer("amd64").len()) as u64);
    assert_eq!(result.base, Some(scene.image.base.unwrap().reference));
    let tags = BTreeMap::from([("1.4".to_owned(), digest), (immutable.clone(), digest)]);
    assert_eq!(scene.destination.tags("team/shop"), tags);

    let seen = scene.destination.seen();
    let puts = seen
        .iter()
        .filter_map(|seen| seen.line.strip_prefix("PUT /v2/team/shop/manifests/"));
    assert_eq!(
        puts.collect::<Vec<_>>(),
        [digest.to_string().as_str(), "1.4", &immutable]
    );
    let first_manifest = seen
        .iter()
        .position(|seen| seen.line.contains("/manifests/"))
        .unwrap();
    assert!(
        seen[first_manifest..]
            .iter()
            .all(|seen| seen.line.contains("/manifests/"))
    );
}

#[tokio::test]
async fn the_second_time_nothing_is_copied() {
    let scene = Scene::new().await;
    scene.push().await.unwrap();
    scene.mirror.forget_seen();
    let again = scene.push().await.unwrap();
    assert_eq!((again.copied_layers, again.mounted_layers), (0, 1));
    assert!(scene.mirror.seen().is_empty());
}

#[tokio::test]
async fn a_base_in_the_same_registry_is_mounted() {
    for (refuses_mounts, counts) in [(false, (0, 1)), (true, (1, 0))] {
        let fake = FakeRegistry::start(Knobs {
            login: Login::Token,
            refuses_mounts,
            ..Knobs::default()
        })
        .await;
        seed_base(&fake, "17-jre");
        seed_our_layers(&fake);
        let request = request(&fake, &fake);
        let client = client(&fake);
        let image = assemble::run(&request, Some(&client)).await.unwrap();
        let result = push::run(
            &image,
            &request,
            &client,
            Some(&client),
            std::time::Duration::ZERO,
            &Events::nowhere(),
        )
        .await
        .unwrap();
        assert_eq!((result.copied_layers, result.mounted_layers), counts);
        let layer = Digest::of(&base_layer("amd64"));
        assert_eq!(fake.count(&format!("GET /v2/{BASE}/blobs/{layer}")), counts.0);
        assert_eq!(fake.open_uploads(), 0);
    }
}

#[tokio::test]
async fn several_platforms_are_pushed_under_one_tag() {
    let mut scene = Scene::new().await;
    scene.request.platforms.push(Platform::linux("arm64"));
    scene.image = assemble::run(&scene.request, Some(&client(&scene.mirror)))
        .await
        .unwrap();
    let result = scene.push().await.unwrap();
    assert_eq!(result.copied_layers, 2);
    let index = scene
        .destination
        .manifest("team/shop", scene.destination.tags("team/shop")["1.4"])
        .unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn layers_of_ours_that_are_not_there_are_named() {
    let scene = Scene::new().await;
    let mut request = scene.request.clone();
    request.destination = format!("{}/team/other", scene.destination.host).parse().unwrap();
    scene.destination.seed_blob("team/other", OUR_LAYERS[0].1);
    let client = client(&scene.destination);
    let outcome = push::run(
        &scene.image,
        &request,
        &client,
        None,
        std::time::Duration::ZERO,
        &Events::nowhere(),
    )
    .await;
    assert_eq!(missing(outcome), our_digests()[1..]);
}

/// The base is seen to while our layers come.
#[tokio::test]
async fn layers_on_their_way_are_waited_for() {
    let scene = Scene::new().await;
    let mut request = scene.request.clone();
    request.destination = format!("{}/team/other", scene.destination.host).parse().unwrap();
    let (client, mirror) = (client(&scene.destination), client(&scene.mirror));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let events = Events::to(move |event| {
        let is_waited_for = matches!(&event, Event::Doing(_, text) if text.ends_with("is on its way"));
        if is_waited_for {
            tell.send(()).unwrap();
        }
    });
    let patience = std::time::Duration::from_secs(60);
    let pushing = push::run(&scene.image, &request, &client, Some(&mirror), patience, &events);
    let coming = async {
        for (_, bytes) in OUR_LAYERS {
            told.recv().await.unwrap();
            scene.destination.seed_blob("team/other", bytes);
        }
    };
    let (pushed, ()) = tokio::join!(pushing, coming);
    assert!(pushed.unwrap().copied_layers > 0);
}

#[tokio::test]
async fn a_yes_that_was_wrong_is_noticed_at_the_manifest() {
    let ours = our_digests();
    for (is_silent_on_lost, expected) in [(false, &ours[..1]), (true, &ours[..])] {
        let scene = Scene::new().await;
        scene.destination.set(|knobs| {
            knobs.lost = ours[..1].iter().copied().collect();
            knobs.is_silent_on_lost = is_silent_on_lost;
        });
        assert_eq!(missing(scene.push().await), expected);
        assert!(scene.destination.tags("team/shop").is_empty());
    }
}

#[tokio::test]
async fn a_layer_of_the_base_that_was_lost_is_copied_without_asking() {
    let scene = Scene::new().await;
    let layer = Digest::of(&base_layer("amd64"));
    scene.destination.set(|knobs| knobs.lost.extend([layer]));
    scene.push().await.unwrap();
    assert_eq!(scene.mirror.count(&format!("GET /v2/{BASE}/blobs/{layer}")), 1);
    assert!(scene.destination.blob("team/shop", layer).is_some());
}

#[tokio::test]
async fn what_a_garbage_collection_took_before_the_manifest_is_pushed_again() {
    let scene = Scene::new().await;
    let (layer, config) = (
        Digest::of(&base_layer("amd64")),
        scene.image.manifests[0].config.descriptor.digest,
    );
    scene
        .destination
        .set(|knobs| knobs.collected = [layer, config].into());
    scene.push().await.unwrap();
    assert!(scene.destination.blob("team/shop", layer).is_some());
    assert!(scene.destination.blob("team/shop", config).is_some());
}

#[tokio::test]
async fn a_copy_survives_a_broken_pull_and_a_busy_registry() {
    let scene = Scene::new().await;
    scene.mirror.set(|knobs| knobs.breaks_off = 1);
    let busy = Canned::status("PUT /blobs/uploads/", 503).retry_at_once();
    scene.destination.set(|knobs| knobs.answers.push(busy));
    scene.push().await.unwrap();
}

#[tokio::test]
async fn a_base_that_lost_a_layer() {
    let scene = Scene::new().await;
    let layer = Digest::of(&base_layer("amd64"));
    scene.mirror.seed_wrong_blob(BASE, layer, b"short");
    let failure = scene.failure().await;
    assert_eq!(
        failure.what,
        format!(
            "could not copy the base's layer `{layer}` to `{}/team/shop`",
            scene.destination.host
        )
    );
    assert!(failure.why.contains(&scene.mirror.host), "{}", failure.why);
    assert!(failure.why.contains("gave other bytes"), "{}", failure.why);
}

#[tokio::test]
async fn a_login_that_is_wrong_or_missing() {
    let scene = Scene::new().await;
    scene.destination.set(|knobs| knobs.login = Login::Basic);
    let host = &scene.destination.host;
    let anonymous = Options {
        insecure: true,
        credentials: None,
        ..Options::default()
    };
    let failure = failed(scene.push_as(&Client::new(host, &anonymous).unwrap()).await);
    let layer = our_digests()[0];
    assert_eq!(failure.what, format!("could not push `{host}/team/shop`"));
    assert_eq!(
        failure.why,
        format!(
            "the registry answered 401 Unauthorized to HEAD http://{host}/v2/team/shop/blobs/{layer}\n\
             (no login was sent: the push Secret has none for `{host}`)"
        )
    );
    assert_eq!(
        failure.next,
        format!("make a Secret with a login for {host}, and name it with `--push-secret`")
    );
    assert_eq!(failure.anchor, "push-unauthorized");

    let answers = vec![
        Canned::code("HEAD /", 401, "UNAUTHORIZED", ""),
        Canned::code("HEAD /", 401, "UNAUTHORIZED", ""),
    ];
    scene.destination.set(|knobs| knobs.answers = answers);
    let failure = scene.failure().await;
    assert!(
        failure.why.ends_with("(the push Secret's login was sent)"),
        "{}",
        failure.why
    );
    assert_eq!(
        failure.next,
        "check that the push Secret's login is still good and may write to `team/shop`"
    );
}

#[tokio::test]
async fn what_the_registry_will_not_do() {
    for (canned, anchor, next) in [
        (
            Canned::code("POST /blobs/uploads/", 403, "DENIED", "read only"),
            "push-denied",
            "let the push Secret's user write to `team/shop`, or name another repository with `--image`",
        ),
        (
            Canned::code(
                "PUT /manifests/1.4",
                412,
                "PRECONDITION",
                "configured as immutable",
            ),
            "tag-immutable",
            "give the image another tag, or let the registry move this one",
        ),
        (
            Canned::code("PUT /manifests/1.4", 429, "TOOMANYREQUESTS", ""),
            "registry-rate-limit",
            "the registry limits requests: wait, log in, or use a mirror",
        ),
    ] {
        let scene = Scene::new().await;
        let code = canned.body.clone();
        let again = || Canned {
            request: canned.request,
            body: canned.body.clone(),
            headers: vec![],
            ..Canned::status(canned.request, canned.status)
        };
        let answers = (0..4).map(|_| again().retry_at_once()).collect();
        scene.destination.set(|knobs| knobs.answers = answers);
        let failure = scene.failure().await;
        assert_eq!(
            (failure.anchor.as_str(), failure.next.as_str()),
            (anchor, next),
            "{code}"
        );
        assert!(!failure.why.is_empty());
    }

    let scene = Scene::new().await;
    scene.destination.set(|knobs| {
        knobs.answers.push(Canned::code(
            "POST /blobs/uploads/",
            404,
            "NAME_UNKNOWN",
            "no such repository",
        ));
    });
    let failure = scene.failure().await;
    assert_eq!(failure.anchor, "push-repository");
}

#[tokio::test]
async fn a_tag_that_may_not_move_is_named() {
    let mut scene = Scene::new().await;
    scene.push().await.unwrap();
    scene.destination.set(|knobs| knobs.has_immutable_tags = true);
    // The same image under the same tag is no move.
    scene.push().await.unwrap();
    scene.request.config.user = Some("7".into());
    scene.image = assemble::run(&scene.request, Some(&client(&scene.mirror)))
        .await
        .unwrap();
    let failure = scene.failure().await;
    assert_eq!(
        failure.what,
        format!("could not push `{}/team/shop:1.4`", scene.destination.host)
    );
    assert_eq!(failure.anchor, "tag-immutable");
}

/// Our layers as files, as `pack` leaves them.
fn files(folder: &std::path::Path) -> Vec<Layer> {
    let file = |(described, (name, bytes)): (_, (&str, &[u8]))| {
        let local_path = folder.join(name);
        std::fs::write(&local_path, bytes).unwrap();
        Layer {
            described,
            local_path,
        }
    };
    our_layers().into_iter().zip(OUR_LAYERS).map(file).collect()
}

fn read_archive(path: &std::path::Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(std::fs::File::open(path).unwrap());
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), bytes)
    });
    files.collect()
}

#[tokio::test]
async fn an_archive_holds_all_of_the_image() {
    let scene = Scene::new().await;
    let folder = tempfile::tempdir().unwrap();
    let layers = files(folder.path());
    let mirror = client(&scene.mirror);
    let mut archives = Vec::new();
    for name in ["a.tar", "b.tar"] {
        let path = folder.path().join(name);
        scene.mirror.set(|knobs| knobs.breaks_off = 1);
        let events = Events::nowhere();
        let name = push::archive(
            &scene.image,
            &scene.request,
            &layers,
            Some(&mirror),
            &path,
            &events,
        );
        assert_eq!(name.await.unwrap().digest, Some(scene.image.digest()));
        archives.push(std::fs::read(&path).unwrap());
    }
    assert!(archives[0] == archives[1]);
    assert!(scene.destination.seen().is_empty());

    let files = read_archive(&folder.path().join("a.tar"));
    assert_eq!(files["oci-layout"], br#"{"imageLayoutVersion":"1.0.0"}"#);
    let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
    let top = &index["manifests"][0];
    assert_eq!(index["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(top["digest"], serde_json::json!(scene.image.digest()));
    assert_eq!(top["annotations"]["org.opencontainers.image.ref.name"], "1.4");
    let name = format!("{}/team/shop:1.4", scene.destination.host);
    assert_eq!(top["annotations"]["io.containerd.image.name"], name.as_str());
    let blobs: Vec<_> = files
        .iter()
        .filter_map(|(path, bytes)| Some((path.strip_prefix("blobs/sha256/")?, bytes)))
        .collect();
    let blobs: Vec<_> = blobs.into_iter().filter(|(hex, _)| !hex.is_empty()).collect();
    // One of the base, two of ours, config and manifest.
    assert_eq!(blobs.len(), 5);
    for (hex, bytes) in blobs {
        assert_eq!(Digest::of(bytes).hex(), hex);
    }
}

#[tokio::test]
async fn an_archive_is_there_whole_or_not_at_all() {
    let scene = Scene::new().await;
    let folder = tempfile::tempdir().unwrap();
    let layers = files(folder.path());
    let mirror = client(&scene.mirror);
    let out = folder.path().join("out.tar");
    std::fs::write(&layers[1].local_path, b"changed since").unwrap();
    let write = |path: std::path::PathBuf| {
        let (scene, layers, mirror) = (&scene, &layers, &mirror);
        async move {
            push::archive(
                &scene.image,
                &scene.request,
                layers,
                Some(mirror),
                &path,
                &Events::nowhere(),
            )
            .await
        }
    };
    let failure = write(out.clone()).await.unwrap_err();
    assert_eq!(failure.what, format!("could not write `{}`", out.display()));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "only our layers: {left:?}");

    let failure = write(folder.path().join("nowhere/out.tar")).await.unwrap_err();
    assert_eq!(failure.anchor, "archive-unwritable");
}
