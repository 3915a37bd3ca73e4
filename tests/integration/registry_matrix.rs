//! What becomes of a push in each way in which registries behave. Writes the table of
//! `docs/reference/registries.md`: `B2I_UPDATE_GOLDEN=1 cargo test --test integration registry_matrix`.
use std::{fs, path::Path};

use kubectl_b2i::{
    error::Failure,
    model::{Events, Layer, LayerDescriptor, Uploaded},
    oci::{Descriptor, Digest, Reference, media_type},
    registry::{Authorities, Client, Credentials, Mount, Options},
    steps::push,
};

use crate::support::{
    cutter::Cutter,
    fake_registry::{Canned, FakeRegistry, Knobs, Login, PASSWORD, USER},
    registry_cases::some_bytes,
};

const MIB: usize = 1 << 20;

fn login(password: &str) -> Option<Credentials> {
    Some(Credentials::Basic {
        username: USER.into(),
        password: password.into(),
    })
}

fn insecure(credentials: Option<Credentials>) -> Options {
    Options {
        insecure: true,
        credentials,
        ..Options::default()
    }
}

/// Sends one layer to `team/shop`.
async fn send(host: &str, options: Options, size: usize) -> Result<Uploaded, Failure> {
    let bytes = some_bytes(size);
    let folder = tempfile::tempdir().unwrap();
    let layer = Layer {
        described: LayerDescriptor {
            name: "application".into(),
            descriptor: Descriptor::of(media_type::LAYER, &bytes),
            diff_id: Digest::of(b"tar"),
        },
        local_path: folder.path().join("layer"),
    };
    fs::write(&layer.local_path, &bytes).unwrap();
    let destination: Reference = format!("{host}/team/shop").parse().unwrap();
    let client = Client::new(host, &options).map_err(|error| error.failure("could not connect"))?;
    let missing = push::missing(std::slice::from_ref(&layer.described), &destination, &client).await?;
    push::from_here(&[layer], &missing, &destination, &client, &Events::nowhere()).await
}

/// What came of it, in a cell of the table.
fn cell(outcome: Result<Uploaded, Failure>) -> String {
    match outcome {
        Ok(uploaded) if uploaded.sent.is_empty() => "nothing is sent".to_owned(),
        Ok(_) => "pushed".to_owned(),
        Err(failure) => {
            assert!(
                !failure.anchor.is_empty() && !failure.next.is_empty(),
                "{failure:?}"
            );
            for secret in [PASSWORD, "wr0ng"] {
                assert!(!format!("{failure:?}").contains(secret), "{failure:?}");
            }
            format!("refused, and [told](../troubleshooting.md#{})", failure.anchor)
        }
    }
}

/// One push to a registry that is set up like this; and how its bytes went.
async fn with(knobs: Knobs, options: Options, size: usize) -> String {
    let fake = FakeRegistry::start(knobs).await;
    let outcome = cell(send(&fake.host, options, size).await);
    let chunks = fake.chunks();
    match chunks.iter().max() {
        Some(largest) => format!(
            "{outcome}, in {} chunks of up to {} KiB",
            chunks.len(),
            largest / 1024
        ),
        None => outcome,
    }
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

async fn pushes() -> Vec<(&'static str, String)> {
    let fake = FakeRegistry::start(tokens()).await;
    let mut rows = vec![(
        "a layer that is new",
        cell(send(&fake.host, insecure(login(PASSWORD)), 1000).await),
    )];
    rows.push((
        "a layer that is there",
        cell(send(&fake.host, insecure(login(PASSWORD)), 1000).await),
    ));
    rows.push((
        "no login, and one is wanted",
        with(tokens(), insecure(None), 10).await,
    ));
    rows.push((
        "a wrong password",
        with(tokens(), insecure(login("wr0ng")), 10).await,
    ));
    let denied = || vec![Canned::code("POST /blobs/uploads/", 403, "DENIED", "read only")];
    rows.push((
        "no right to push",
        with(answering(denied()), insecure(login(PASSWORD)), 10).await,
    ));
    let unknown = || {
        vec![Canned::code(
            "POST /blobs/uploads/",
            404,
            "NAME_UNKNOWN",
            "no such repository",
        )]
    };
    rows.push((
        "a repository that must be made first",
        with(answering(unknown()), insecure(login(PASSWORD)), 10).await,
    ));
    rows.push((
        "a host that nobody knows",
        cell(send("registry.invalid", Options::default(), 10).await),
    ));
    let plain = FakeRegistry::start(Knobs::default()).await;
    rows.push((
        "plain HTTP",
        cell(send(&plain.host, Options::default(), 10).await),
    ));
    rows.push((
        "plain HTTP, `--insecure-registry`",
        cell(send(&plain.host, insecure(None), 10).await),
    ));
    let tls = FakeRegistry::start_with_tls(tokens(), "server.crt").await;
    rows.push((
        "a private authority",
        cell(send(&tls.host, Options::default(), 10).await),
    ));
    rows.push(("a private authority, `--insecure-registry`", {
        cell(send(&tls.host, insecure(login(PASSWORD)), 10).await)
    }));
    let trusting = Options {
        authorities: Authorities::from_pem(include_str!("../fixtures/tls/ca.crt")).unwrap(),
        credentials: login(PASSWORD),
        ..Options::default()
    };
    rows.push((
        "a private authority, `--registry-ca`",
        cell(send(&tls.host, trusting, 20).await),
    ));
    rows
}

async fn troubles() -> Vec<(&'static str, String)> {
    let ours = || insecure(login(PASSWORD));
    let busy = |status: u16, times: usize| {
        let answer = || Canned::status("PUT /blobs/uploads/", status).retry_at_once();
        answering(std::iter::repeat_with(answer).take(times).collect())
    };
    let expiring = Knobs {
        revokes_tokens_after: Some(2),
        ..tokens()
    };
    let limited = |bytes: usize| Knobs {
        largest_body: Some(bytes),
        ..tokens()
    };
    let mut rows = vec![(
        "a token that ends in the middle",
        with(expiring, ours(), 300_000).await,
    )];
    rows.push((
        "429 once, with `Retry-After`",
        with(busy(429, 1), ours(), 10).await,
    ));
    rows.push(("503 three times", with(busy(503, 3), ours(), 10).await));
    rows.push(("503 for ever", with(busy(503, 9), ours(), 10).await));
    rows.push((
        "413 over 4 MiB (GHCR)",
        with(limited(4 * MIB), ours(), 9 * MIB).await,
    ));
    rows.push((
        "413 over 1 MiB (nginx)",
        with(limited(MIB), ours(), 3 * MIB).await,
    ));
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
        rows.push((name, cell(send(&link.host, ours(), 6 * MIB).await)));
        assert_eq!(link.cuts_left(), 0, "{name}");
    }
    rows
}

async fn mounts() -> Vec<(&'static str, String)> {
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
        let said = match client.mount_blob("team/shop", digest, "base").await.unwrap() {
            Mount::Mounted => "mounted, nothing is sent",
            Mount::Opened(_) => "copied, into the upload that the answer opens",
            Mount::Refused => "copied, into an upload of its own",
        };
        rows.push((name, said.to_owned()));
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn what_registries_do_and_what_becomes_of_it() {
    let (pushes, troubles, mounts) = tokio::join!(pushes(), troubles(), mounts());
    let rows: String = pushes
        .into_iter()
        .chain(troubles)
        .chain(mounts)
        .map(|(case, outcome)| format!("| {case} | {outcome} |\n"))
        .collect();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/registries.md");
    let text = fs::read_to_string(&page).unwrap();
    let (head, rest) = text.split_once("|---|---|\n").expect("a table");
    let (table, foot) = rest.split_once("\n\n").expect("a text behind it");
    let _ = table;
    let wanted = format!("{head}|---|---|\n{rows}\n{foot}");
    if std::env::var_os("B2I_UPDATE_GOLDEN").is_some() {
        fs::write(&page, &wanted).unwrap();
    } else {
        assert_eq!(text, wanted, "the table is not what the test found");
    }
}
