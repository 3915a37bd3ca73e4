//! What becomes of a push in each way in which registries behave. Writes the second table of
//! `docs/reference/registries.md`, and the words of each refusal below `tests/golden/registry`:
//! `B2I_UPDATE_GOLDEN=1 cargo test --test integration registry_matrix`. What real registries can
//! show of it is in `tests/e2e/registry_matrix.rs`.
use std::time::Duration;

use kubectl_b2i::{
    model::{Base, Events, Uploaded},
    registry::{Authorities, Client, Mount, Options},
    steps::{assemble, push},
};

use crate::support::{
    cutter::Cutter,
    fake_registry::{Canned, FakeRegistry, Knobs, Login},
    images::{client, request, seed_base, seed_our_layers},
    registry_matrix::{
        Row, WRONG_PASSWORD, cell, checked, insecure, keep_table, keep_words, login, ours, pushed, sent,
    },
};

const MIB: usize = 1 << 20;
const REPOSITORY: &str = "team/shop";

/// One push to a fresh registry. Where it is refused, another one says what it has against a push from
/// this machine, which is not checked first.
async fn one(
    case: &'static str,
    start: impl AsyncFn() -> FakeRegistry,
    options: Options,
    size: usize,
) -> (Row, FakeRegistry) {
    let fake = start().await;
    let outcome = pushed(&fake.host, REPOSITORY, &options, size).await;
    if let Err(deploy) = &outcome {
        let other = start().await;
        let local = sent(&other.host, REPOSITORY, &options, size)
            .await
            .expect_err(case);
        keep_words(case, (&fake.host, deploy), (&other.host, &local));
    }
    ((case, cell(&outcome)), fake)
}

/// The same, with how its bytes went.
async fn with(case: &'static str, knobs: impl Fn() -> Knobs, options: Options, size: usize) -> Row {
    let ((case, outcome), fake) = one(case, async || FakeRegistry::start(knobs()).await, options, size).await;
    let chunks = fake.chunks();
    let outcome = match chunks.iter().max() {
        Some(largest) => format!(
            "{outcome}, in {} chunks of up to {} KiB",
            chunks.len(),
            largest / 1024
        ),
        None => outcome,
    };
    (case, outcome)
}

fn tokens() -> Knobs {
    Knobs {
        login: Login::Token,
        ..Knobs::default()
    }
}

fn answering(answers: Vec<Canned>) -> Knobs {
    Knobs { answers, ..tokens() }
}

async fn pushes() -> Vec<Row> {
    let fake = FakeRegistry::start(tokens()).await;
    let push = async || cell(&pushed(&fake.host, REPOSITORY, &insecure(ours()), 1000).await);
    let mut rows = vec![
        ("a layer that is new", push().await),
        ("a layer that is there", push().await),
    ];
    rows.push(with("no login, and one is wanted", tokens, insecure(None), 10).await);
    let wrong = insecure(login("dev", WRONG_PASSWORD));
    rows.push(with("a wrong password", tokens, wrong, 10).await);
    let post = |status, code: &'static str, message: &'static str| {
        move || answering(vec![Canned::code("POST /blobs/uploads/", status, code, message)])
    };
    let denied = post(403, "DENIED", "read only");
    rows.push(with("no right to push", denied, insecure(ours()), 10).await);
    let unknown = post(404, "NAME_UNKNOWN", "no such repository");
    rows.push(
        with(
            "a repository that must be made first",
            unknown,
            insecure(ours()),
            10,
        )
        .await,
    );
    rows.push(nobody_knows("a host that nobody knows").await);
    rows
}

async fn nobody_knows(case: &'static str) -> Row {
    let host = "registry.invalid";
    let outcome = pushed(host, REPOSITORY, &Options::default(), 10).await;
    let local = sent(host, REPOSITORY, &Options::default(), 10).await;
    keep_words(
        case,
        (host, outcome.as_ref().unwrap_err()),
        (host, &local.unwrap_err()),
    );
    (case, cell(&outcome))
}

async fn transports() -> Vec<Row> {
    let plain = async || FakeRegistry::start(Knobs::default()).await;
    let tls = async || FakeRegistry::start_with_tls(tokens(), "server.crt").await;
    let trusting = Options {
        authorities: Authorities::from_pem(include_str!("../fixtures/tls/ca.crt")).unwrap(),
        credentials: ours(),
        ..Options::default()
    };
    let mut rows = Vec::new();
    rows.push(one("plain HTTP", plain, Options::default(), 10).await.0);
    rows.push(
        one("plain HTTP, `--insecure-registry`", plain, insecure(None), 10)
            .await
            .0,
    );
    rows.push(one("a private authority", tls, Options::default(), 10).await.0);
    let case = "a private authority, `--insecure-registry`";
    rows.push(one(case, tls, insecure(ours()), 10).await.0);
    rows.push(
        one("a private authority, `--registry-ca`", tls, trusting, 20)
            .await
            .0,
    );
    rows
}

async fn troubles() -> Vec<Row> {
    let options = || insecure(ours());
    let busy = |status: u16, times: usize| {
        move || {
            let answer = || Canned::status("PUT /blobs/uploads/", status).retry_at_once();
            answering(std::iter::repeat_with(answer).take(times).collect())
        }
    };
    let expiring = || Knobs {
        revokes_tokens_after: Some(2),
        ..tokens()
    };
    let limited = |bytes: usize| {
        move || Knobs {
            largest_body: Some(bytes),
            ..tokens()
        }
    };
    let mut rows = vec![with("a token that ends in the middle", expiring, options(), 300_000).await];
    rows.push(with("429 once, with `Retry-After`", busy(429, 1), options(), 10).await);
    rows.push(with("429 for ever", busy(429, 99), options(), 10).await);
    rows.push(with("503 three times", busy(503, 3), options(), 10).await);
    rows.push(with("503 for ever", busy(503, 99), options(), 10).await);
    rows.push(with("413 over 4 MiB (GHCR)", limited(4 * MIB), options(), 9 * MIB).await);
    rows.push(with("413 over 1 MiB (nginx)", limited(MIB), options(), 3 * MIB).await);
    for (name, forgets) in [
        ("the connection breaks eight times", false),
        ("the same, and broken uploads are forgotten", true),
    ] {
        let fake = FakeRegistry::start(Knobs {
            forgets_broken_uploads: forgets,
            ..tokens()
        })
        .await;
        let link = Cutter::start(&fake.host, [300_000; 8]).await;
        // The token server is not behind the link.
        let options = Options {
            hosts: vec![fake.host.clone()],
            ..options()
        };
        rows.push((
            name,
            cell(&pushed(&link.host, REPOSITORY, &options, 6 * MIB).await),
        ));
        assert_eq!(link.cuts_left(), 0, "{name}");
    }
    rows
}

async fn mounts() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, refuses, answers) in [
        ("a mount from the base's repository", false, vec![]),
        ("202 to a mount (ECR)", true, vec![]),
        (
            "an error to a mount (Harbor)",
            false,
            vec![Canned::code("POST /blobs/uploads/", 403, "DENIED", "")],
        ),
    ] {
        let fake = FakeRegistry::start(Knobs {
            refuses_mounts: refuses,
            answers,
            ..Knobs::default()
        })
        .await;
        let digest = fake.seed_blob("base", b"x");
        let client = Client::new(&fake.host, &insecure(None)).unwrap();
        let said = match client.mount_blob(REPOSITORY, digest, "base").await.unwrap() {
            Mount::Mounted => "mounted, nothing is sent",
            Mount::Opened(_) => "copied, into the upload that the answer opens",
            Mount::Refused => "copied, into an upload of its own",
        };
        rows.push((name, said.to_owned()));
    }
    rows
}

/// Whole images, since these show with the manifest.
async fn images() -> Vec<Row> {
    let mirror = FakeRegistry::start(Knobs::default()).await;
    seed_base(&mirror, "17-jre");
    let image_on = async |fake: &FakeRegistry, base: bool| {
        seed_our_layers(fake);
        let mut request = request(fake, &mirror);
        if !base {
            request.base = Base::Scratch;
        }
        let mirror = client(&mirror);
        let image = assemble::run(&request, Some(&mirror)).await.unwrap();
        let events = Events::nowhere();
        push::run(
            &image,
            &request,
            &client(fake),
            Some(&mirror),
            Duration::ZERO,
            &events,
        )
        .await
    };
    let fake = FakeRegistry::start(tokens()).await;
    let copied = image_on(&fake, true).await.unwrap();
    assert_eq!((copied.copied_layers, copied.mounted_layers), (1, 0));
    let mut rows = vec![("a base in another registry", "copied from there".to_owned())];

    fake.set(|knobs| knobs.has_immutable_tags = true);
    let Err(push::Error::Failed(refusal)) = image_on(&fake, false).await else {
        panic!("the tag was moved");
    };
    // A check cannot know it; both find out with the manifest.
    checked(&fake.host, REPOSITORY, &insecure(ours())).await.unwrap();
    let case = "a tag that may not be moved";
    keep_words(case, (&fake.host, &refusal), (&fake.host, &refusal));
    rows.push((case, cell(&Err::<Uploaded, _>(refusal))));

    let fake = FakeRegistry::start(tokens()).await;
    let lost = kubectl_b2i::oci::Digest::of(crate::support::images::OUR_LAYERS[0].1);
    fake.set(|knobs| knobs.lost = [lost].into());
    let Err(push::Error::MissingBlobs(digests)) = image_on(&fake, true).await else {
        panic!("nothing was missing");
    };
    assert_eq!(digests, [lost]);
    rows.push((
        "HEAD finds a layer, the manifest does not",
        "sent again".to_owned(),
    ));
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn what_registries_do_and_what_becomes_of_it() {
    let (pushes, transports, troubles, mounts, images) =
        tokio::join!(pushes(), transports(), troubles(), mounts(), images());
    let rows = [pushes, transports, troubles, mounts, images];
    let rows: Vec<String> = rows
        .into_iter()
        .flatten()
        .map(|(case, outcome)| format!("| {case} | {outcome} |"))
        .collect();
    keep_table("| the registry, or the way to it | then |", &rows);
}
