//! What any registry must do, run on the fake one (integration) and on CNCF distribution (e2e), so
//! that the fake cannot drift.
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use kubectl_b2i::{
    oci::{Descriptor, Digest, media_type},
    registry::{Client, Credentials, Error, Kind, Mount, Options},
};
use serde_json::json;

/// Runs all of them on a registry that speaks plain HTTP and wants this login.
pub async fn all(host: &str, credentials: Option<Credentials>) {
    let options = Options {
        insecure: true,
        credentials,
        ..Options::default()
    };
    all_with(host, &options).await;
}

/// Runs all of them on a registry that is reached like this.
pub async fn all_with(host: &str, options: &Options) {
    let client = Client::new(host, options).unwrap();
    a_blob_goes_there_and_back(&client).await;
    an_empty_blob_is_a_blob(&client).await;
    a_blob_that_is_something_else_is_refused(&client).await;
    a_blob_is_mounted(&client).await;
    a_mount_of_nothing_is_no_mount(&client).await;
    a_manifest_goes_there_and_back(&client).await;
    a_manifest_of_unknown_blobs_is_refused(&client).await;
    what_is_not_there_is_not_found(&client).await;
    if options.credentials.is_some() {
        a_wrong_login_is_unauthorized(host, options).await;
    }
}

/// A name that no earlier run on the same registry has used.
pub fn fresh_repository() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("cases/{now}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Bytes that are no repetition and the same each time.
pub fn some_bytes(size: usize) -> Vec<u8> {
    let mut x = 1_u32;
    let next = || {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (x >> 24) as u8
    };
    std::iter::repeat_with(next).take(size).collect()
}

pub async fn push(client: &Client, repository: &str, digest: Digest, bytes: &[u8]) -> Result<(), Error> {
    let chunks: Vec<Bytes> = bytes.chunks(50_000).map(Bytes::copy_from_slice).collect();
    let body = || stream::iter(chunks.clone().into_iter().map(Ok));
    client
        .push_blob(repository, digest, bytes.len() as u64, body)
        .await
}

pub async fn pull(
    client: &Client,
    repository: &str,
    descriptor: &Descriptor,
) -> Result<Vec<u8>, std::io::Error> {
    let stream = client.pull_blob(repository, descriptor).await;
    let chunks: Vec<Bytes> = stream.map_err(std::io::Error::other)?.try_collect().await?;
    Ok(chunks.concat())
}

async fn a_blob_goes_there_and_back(client: &Client) {
    let repository = fresh_repository();
    let bytes = some_bytes(5_000_000);
    let blob = Descriptor::of(media_type::LAYER, &bytes);
    assert!(!client.blob_exists(&repository, blob.digest).await.unwrap());
    push(client, &repository, blob.digest, &bytes).await.unwrap();
    assert!(client.blob_exists(&repository, blob.digest).await.unwrap());
    assert!(pull(client, &repository, &blob).await.unwrap() == bytes);
    // Once more is no harm.
    push(client, &repository, blob.digest, &bytes).await.unwrap();
}

async fn an_empty_blob_is_a_blob(client: &Client) {
    let repository = fresh_repository();
    push(client, &repository, Digest::of(b""), b"").await.unwrap();
    let blob = Descriptor::of(media_type::LAYER, b"");
    assert_eq!(pull(client, &repository, &blob).await.unwrap(), b"");
}

async fn a_blob_that_is_something_else_is_refused(client: &Client) {
    let repository = fresh_repository();
    let digest = Digest::of(b"what was promised");
    let error = push(client, &repository, digest, b"what came").await.unwrap_err();
    assert_eq!(error.kind, Kind::Status, "{error}");
    assert_eq!(error.answers[0].code, "DIGEST_INVALID");
    assert!(!client.blob_exists(&repository, digest).await.unwrap());
}

async fn a_blob_is_mounted(client: &Client) {
    let (from, to) = (fresh_repository(), fresh_repository());
    let bytes = some_bytes(1000);
    let digest = Digest::of(&bytes);
    push(client, &from, digest, &bytes).await.unwrap();
    let mount = client.mount_blob(&to, digest, &from).await.unwrap();
    assert!(matches!(mount, Mount::Mounted), "{mount:?}");
    assert!(client.blob_exists(&to, digest).await.unwrap());
}

async fn a_mount_of_nothing_is_no_mount(client: &Client) {
    let (from, to) = (fresh_repository(), fresh_repository());
    let mount = client
        .mount_blob(&to, Digest::of(b"nothing"), &from)
        .await
        .unwrap();
    match mount {
        Mount::Mounted => panic!("there is no such blob"),
        Mount::Opened(upload) => client.cancel_upload(&to, upload).await,
        Mount::Refused => {}
    }
}

async fn a_manifest_goes_there_and_back(client: &Client) {
    let repository = fresh_repository();
    let config = b"{}";
    push(client, &repository, Digest::of(config), config)
        .await
        .unwrap();
    let config = Descriptor::of(media_type::CONFIG, config);
    let bytes =
        json!({"schemaVersion": 2, "mediaType": media_type::MANIFEST, "config": config, "layers": []});
    let bytes = bytes.to_string().into_bytes();
    let digest = Digest::of(&bytes);
    for reference in [digest.to_string(), "a-tag".to_owned()] {
        let manifest = bytes.clone();
        client
            .push_manifest(&repository, &reference, media_type::MANIFEST, manifest)
            .await
            .unwrap();
        let back = client.pull_manifest(&repository, &reference).await.unwrap();
        assert_eq!((back.digest, back.bytes), (digest, bytes.clone()));
        assert_eq!(back.media_type, media_type::MANIFEST);
    }
}

async fn a_manifest_of_unknown_blobs_is_refused(client: &Client) {
    let repository = fresh_repository();
    let config = b"{}";
    push(client, &repository, Digest::of(config), config)
        .await
        .unwrap();
    let missing = Descriptor::of(media_type::LAYER, b"never sent");
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type::MANIFEST,
        "config": Descriptor::of(media_type::CONFIG, config),
        "layers": [missing],
    });
    let bytes = manifest.to_string().into_bytes();
    let error = client
        .push_manifest(&repository, "a-tag", media_type::MANIFEST, bytes)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::BlobUnknown(vec![missing.digest]), "{error}");
}

async fn what_is_not_there_is_not_found(client: &Client) {
    let repository = fresh_repository();
    let error = client.pull_manifest(&repository, "latest").await.unwrap_err();
    assert!(
        matches!(error.kind, Kind::NotFound | Kind::NameUnknown),
        "{error}"
    );
    let blob = Descriptor::of(media_type::LAYER, b"never sent");
    let error = client.pull_blob(&repository, &blob).await.map(drop).unwrap_err();
    assert!(
        matches!(error.kind, Kind::NotFound | Kind::NameUnknown),
        "{error}"
    );
}

async fn a_wrong_login_is_unauthorized(host: &str, options: &Options) {
    let wrong = Credentials::Basic {
        username: "dev".into(),
        password: "wr0ng".into(),
    };
    for credentials in [None, Some(wrong)] {
        let options = Options {
            credentials,
            ..options.clone()
        };
        let client = Client::new(host, &options).unwrap();
        let error = client
            .blob_exists("any/thing", Digest::of(b""))
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Unauthorized, "{error}");
        assert!(!format!("{error} {error:?}").contains("wr0ng"));
    }
}
