//! Uploads that do not fit into one request, and links that break.
use kubectl_b2i::{
    oci::Digest,
    registry::{Client, Kind, Options},
};

use crate::support::{
    cutter::Cutter,
    fake_registry::{Canned, FakeRegistry, Knobs, Login, PASSWORD, USER},
    registry_cases::{push, some_bytes},
};

const MIB: usize = 1 << 20;

fn client(host: &str) -> Client {
    let options = Options {
        insecure: true,
        credentials: Some(kubectl_b2i::registry::Credentials::Basic {
            username: USER.into(),
            password: PASSWORD.into(),
        }),
        ..Options::default()
    };
    Client::new(host, &options).unwrap()
}

#[tokio::test]
async fn what_is_too_large_goes_in_chunks_and_the_next_does_at_once() {
    let fake = FakeRegistry::start(Knobs {
        largest_body: Some(4 * MIB),
        login: Login::Token,
        ..Knobs::default()
    })
    .await;
    let client = client(&fake.host);
    let bytes = some_bytes(9 * MIB + 5);
    for repository in ["a", "b"] {
        push(&client, repository, Digest::of(&bytes), &bytes)
            .await
            .unwrap();
        assert!(fake.blob(repository, Digest::of(&bytes)).unwrap() == bytes);
    }
    assert_eq!(fake.chunks(), [4 * MIB, 4 * MIB, MIB + 5].repeat(2));
    assert_eq!(
        (fake.refused_bodies(), fake.open_uploads()),
        (1, 1),
        "the refused session is left"
    );
}

#[tokio::test]
async fn chunks_get_smaller_until_they_are_taken() {
    // nginx without `client_max_body_size`.
    let fake = FakeRegistry::start(Knobs {
        largest_body: Some(MIB),
        ..Knobs::default()
    })
    .await;
    let bytes = some_bytes(5 * MIB);
    push(&client(&fake.host), "a", Digest::of(&bytes), &bytes)
        .await
        .unwrap();
    assert_eq!(fake.chunks(), [MIB; 5]);

    fake.set(|knobs| knobs.largest_body = Some(1000));
    let error = push(&client(&fake.host), "b", Digest::of(&bytes), &bytes)
        .await
        .unwrap_err();
    assert_eq!(error.status.unwrap(), 413, "{error}");
}

#[tokio::test]
async fn chunks_are_as_large_as_the_registry_wants_them() {
    let fake = FakeRegistry::start(Knobs {
        largest_body: Some(6 * MIB),
        least_chunk: Some(5 * MIB),
        ..Knobs::default()
    })
    .await;
    let bytes = some_bytes(11 * MIB);
    push(&client(&fake.host), "a", Digest::of(&bytes), &bytes)
        .await
        .unwrap();
    assert_eq!(fake.chunks(), [5 * MIB, 5 * MIB, MIB]);

    fake.set(|knobs| knobs.least_chunk = Some(1 << 30));
    let error = push(&client(&fake.host), "b", Digest::of(&bytes), &bytes)
        .await
        .unwrap_err();
    assert!(matches!(error.kind, Kind::Protocol(_)), "{error}");
}

#[tokio::test]
async fn a_416_asks_for_chunks_too() {
    let fake = FakeRegistry::start(Knobs {
        answers: vec![Canned::status("PUT /blobs/uploads/", 416)],
        ..Knobs::default()
    })
    .await;
    let bytes = some_bytes(5 * MIB);
    push(&client(&fake.host), "a", Digest::of(&bytes), &bytes)
        .await
        .unwrap();
    assert_eq!(fake.chunks(), [4 * MIB, MIB]);
}

#[tokio::test]
async fn a_token_refused_between_chunks_is_renewed() {
    let fake = FakeRegistry::start(Knobs {
        largest_body: Some(4 * MIB),
        login: Login::Token,
        // Two POSTs, and a chunk.
        revokes_tokens_after: Some(3),
        ..Knobs::default()
    })
    .await;
    let bytes = some_bytes(9 * MIB);
    push(&client(&fake.host), "a", Digest::of(&bytes), &bytes)
        .await
        .unwrap();
    assert!(fake.blob("a", Digest::of(&bytes)).unwrap() == bytes);
    assert_eq!(fake.count("/token"), 2);
}

/// Cuts the link at seeded offsets; `bytes` may cross it so often.
async fn arrives(forgets: bool, cuts: usize, times: f64) {
    let fake = FakeRegistry::start(Knobs {
        forgets_broken_uploads: forgets,
        ..Knobs::default()
    })
    .await;
    let bytes = some_bytes(20 * MIB);
    // Beyond what the small requests need, and within a chunk or a whole.
    let offsets = some_bytes(cuts)
        .into_iter()
        .map(|byte| 100_000 + usize::from(byte) * 12_000);
    let link = Cutter::start(&fake.host, offsets).await;
    push(&client(&link.host), "a", Digest::of(&bytes), &bytes)
        .await
        .unwrap();
    assert!(fake.blob("a", Digest::of(&bytes)).unwrap() == bytes);
    assert_eq!(link.cuts_left(), 0);
    let crossed = link.bytes() as f64 / bytes.len() as f64;
    assert!(crossed <= times, "{crossed}");
}

#[tokio::test]
async fn a_link_that_breaks_eight_times_is_enough() {
    arrives(false, 8, 2.0).await;
}

#[tokio::test]
async fn and_so_it_is_where_the_registry_forgets_what_it_had() {
    arrives(true, 8, 2.0).await;
}
