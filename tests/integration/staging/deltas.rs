//! Layers that are put together in the staging Pod: it is the layer, or it is nothing and the whole
//! can be sent.
#![allow(clippy::single_range_in_vec_init, reason = "a list of ranges may have one")]

use kubectl_b2i::{
    oci::{
        Compression, chunk_groups,
        chunks::{self, AverageSize, Chunk, Fingerprint},
        delta, media_type,
    },
    staging::protocol::{Base, DeltaOf, Groups},
};

use super::*;

const TAR_BYTES: usize = 600_000;

fn in_a_file(bytes: Vec<u8>) -> Layer {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    Layer {
        digest: Digest::of(&bytes),
        bytes,
        file,
    }
}

fn compressed(tar: &[u8]) -> Layer {
    let mut gzip = Compression::default().writer(Vec::new()).unwrap();
    gzip.write_all(tar).unwrap();
    in_a_file(gzip.finish().unwrap())
}

/// A layer of the last build, and the same with a change.
struct Change {
    old: Layer,
    new_tar: Vec<u8>,
    new: Layer,
}

impl Change {
    fn new() -> Self {
        let old = Layer::new(1, TAR_BYTES).bytes;
        let mut new_tar = old.clone();
        new_tar.splice(300_000..300_010, Layer::new(2, 2000).bytes);
        Self {
            old: compressed(&old),
            new: compressed(&new_tar),
            new_tar,
        }
    }

    /// A registry that has the old layer, and a Pod.
    async fn pod(&self) -> (Registry, Pod) {
        let registry = Registry::new();
        registry.insert(self.old.digest, &self.old.bytes);
        let pod = Pod::start(&registry).await;
        (registry, pod)
    }

    fn base(&self) -> Base {
        Base {
            descriptor: Descriptor::new(media_type::LAYER, self.old.digest, self.old.size()),
            average_chunk_bytes: AverageSize::of_layer(0),
        }
    }

    fn delta(&self, chunks: &[Fingerprint]) -> Layer {
        let mut delta = Vec::new();
        let mut new = Vec::new();
        chunks::cut(&self.new_tar[..], AverageSize::of_layer(0), |chunk| {
            new.push(Chunk::of(chunk));
            Ok(())
        })
        .unwrap();
        delta::write(&self.new_tar[..], &new, chunks, &mut delta).unwrap();
        in_a_file(delta)
    }

    fn of(&self, delta: &Layer) -> DeltaOf {
        DeltaOf {
            offset: 0,
            size: delta.size(),
            base: self.old.digest,
            layer: self.new.digest,
            layer_size: self.new.size(),
        }
    }

    /// Asserts that nothing is left of an attempt, and that the whole goes as if there had been none.
    async fn assert_whole_can_be_sent(&self, registry: &Registry, pod: &Pod) {
        assert_eq!(registry.blob(self.new.digest), None);
        assert_eq!(pod.offset(&self.new).await, Some(0));
        pod.put(&self.new, 0).await.unwrap();
        assert_eq!(registry.blob(self.new.digest).as_ref(), Some(&self.new.bytes));
    }
}

impl Registry {
    fn insert(&self, digest: Digest, bytes: &[u8]) {
        self.0.blobs.lock().unwrap().insert(digest, bytes.to_vec());
    }
}

impl Pod {
    async fn base(&self, base: &Base) -> Result<Vec<Fingerprint>, Error> {
        let mut client = self.client().await;
        let names = client.base(base).await?;
        // Of all groups: no chunk is known here.
        let groups = Groups {
            base: base.descriptor.digest,
            groups: chunk_groups::unknown(&names, &[]),
        };
        let chunks = client.chunks(&groups).await?;
        assert_eq!(
            chunk_groups::complete(&names, &[], &chunks).as_ref(),
            Some(&chunks)
        );
        Ok(chunks)
    }

    async fn put_delta(&self, delta: &Layer, of: DeltaOf) -> Result<(), Error> {
        let mut client = self.client().await;
        client.put_delta(delta.digest, of, delta.path(), |_| {}).await
    }
}

fn assert_no_base(result: Result<impl std::fmt::Debug, Error>, expected: &str) {
    match result {
        Err(Error::Refused(Refusal::NoBase { why })) => assert!(why.contains(expected), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_layer_is_put_together_of_the_old_one_and_of_what_is_new() {
    let change = Change::new();
    let (registry, pod) = change.pod().await;
    let chunks = pod.base(&change.base()).await.unwrap();
    let delta = change.delta(&chunks);
    assert!(delta.size() < 10_000, "{} of {TAR_BYTES} bytes", delta.size());
    pod.put_delta(&delta, change.of(&delta)).await.unwrap();
    assert_eq!(registry.blob(change.new.digest).as_ref(), Some(&change.new.bytes));
    assert_eq!(
        registry.blob(delta.digest),
        None,
        "a delta is nothing that a registry should have"
    );
    assert_eq!(pod.offset(&change.new).await, None);
    // The answer to the first may have been lost.
    pod.put_delta(&delta, change.of(&delta)).await.unwrap();
    pod.has_spooled_nothing().await;
}

#[tokio::test]
async fn an_old_layer_that_is_gone_or_damaged_is_no_base() {
    let change = Change::new();
    let (registry, pod) = change.pod().await;
    registry.0.blobs.lock().unwrap().clear();
    assert_no_base(pod.base(&change.base()).await, "403");

    let mut damaged = change.old.bytes.clone();
    damaged[100_000] ^= 1;
    registry.insert(change.old.digest, &damaged);
    assert_no_base(pod.base(&change.base()).await, "");

    registry.insert(change.old.digest, b"no gzip at all");
    assert_no_base(pod.base(&change.base()).await, "gzip");

    let mut other = change.base();
    other.descriptor.media_type = "application/vnd.example".to_owned();
    assert_no_base(pod.base(&other).await, "it is `application/vnd.example`");
    pod.has_spooled_nothing().await;
    change.assert_whole_can_be_sent(&registry, &pod).await;
}

#[tokio::test]
async fn right_bytes_after_which_the_digest_is_wrong_are_no_base() {
    let change = Change::new();
    let (registry, pod) = change.pod().await;
    // All that is unpacked is right; only what follows the gzip stream is not.
    let longer = [&change.old.bytes[..], b"x"].concat();
    registry.insert(change.old.digest, &longer);
    assert_no_base(pod.base(&change.base()).await, "");
}

#[tokio::test]
async fn a_delta_of_other_chunks_gives_the_wrong_digest_and_nothing_is_committed() {
    let change = Change::new();
    let (registry, pod) = change.pod().await;
    let mut chunks = pod.base(&change.base()).await.unwrap();
    let last = chunks.len() - 1;
    chunks.swap(10, last);
    let delta = change.delta(&chunks);
    let refused = pod.put_delta(&delta, change.of(&delta)).await;
    // Another length of the tar, and so of the layer, may be noticed first.
    assert!(
        matches!(
            refused,
            Err(Error::Refused(
                Refusal::WrongDigest { .. } | Refusal::NoBase { .. }
            ))
        ),
        "{refused:?}"
    );
    change.assert_whole_can_be_sent(&registry, &pod).await;
}

#[tokio::test]
async fn chunks_out_of_range_are_refused() {
    let change = Change::new();
    let (registry, pod) = change.pod().await;
    let chunks = pod.base(&change.base()).await.unwrap();
    let more = [vec![Fingerprint::of(b"not there"); 5], chunks].concat();
    let delta = change.delta(&more);
    let refused = pod.put_delta(&delta, change.of(&delta)).await;
    assert_no_base(
        refused,
        "it asks for a chunk that the earlier layer does not have",
    );
    change.assert_whole_can_be_sent(&registry, &pod).await;
}

#[tokio::test]
async fn sizes_that_are_not_true_commit_nothing() {
    for (difference, why) in [(-1, "longer than it should be"), (1, "the body ended early")] {
        let change = Change::new();
        let (registry, pod) = change.pod().await;
        let chunks = pod.base(&change.base()).await.unwrap();
        let delta = change.delta(&chunks);
        let of = DeltaOf {
            layer_size: change.new.size().wrapping_add_signed(difference),
            ..change.of(&delta)
        };
        assert_no_base(pod.put_delta(&delta, of).await, why);
        change.assert_whole_can_be_sent(&registry, &pod).await;
    }
}

#[tokio::test]
async fn a_delta_of_a_base_that_nobody_asked_for_is_refused() {
    let change = Change::new();
    let (registry, pod) = change.pod().await;
    let delta = change.delta(&[]);
    assert_no_base(
        pod.put_delta(&delta, change.of(&delta)).await,
        "the earlier layer was not asked for",
    );
    change.assert_whole_can_be_sent(&registry, &pod).await;
}

#[tokio::test]
async fn groups_that_are_not_there_are_refused() {
    let change = Change::new();
    let (_, pod) = change.pod().await;
    let ask = async |groups: &[std::ops::Range<u32>]| {
        let (base, groups) = (change.old.digest, groups.to_vec());
        pod.client().await.chunks(&Groups { base, groups }).await
    };
    assert_no_base(ask(&[]).await, "the earlier layer was not asked for");
    let all = pod.base(&change.base()).await.unwrap();
    let count = chunk_groups::names(&all).len() as u32;
    assert_eq!(ask(&[0..count]).await.unwrap(), all);
    assert_eq!(ask(&[]).await.unwrap(), []);
    #[allow(clippy::reversed_empty_ranges, reason = "what a hostile plugin sends")]
    let wrong: [&[_]; 4] = [
        &[count..count + 1],
        &[2..1],
        &[0..u32::MAX],
        &[0..count, 0..count],
    ];
    for groups in wrong {
        let refused = ask(groups).await;
        assert!(
            matches!(refused, Err(Error::Refused(Refusal::BadRequest { .. }))),
            "{groups:?}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_delta_that_was_cut_is_gone_on_with() {
    let change = Change::new();
    let (registry, pod) = change.pod().await;
    pod.base(&change.base()).await.unwrap();
    // Of nothing that is known, so that it is long enough to be cut.
    let delta = change.delta(&[]);
    let connection = Breaking {
        connection: TcpStream::connect(pod.address).await.unwrap(),
        left: 200_000,
    };
    let mut client = Client::connect(connection, &pod.token).await.unwrap();
    let cut = client
        .put_delta(delta.digest, change.of(&delta), delta.path(), |_| {})
        .await;
    assert!(matches!(cut, Err(Error::Cut(_))), "{cut:?}");

    let of = change.of(&delta);
    let Err(Error::Refused(Refusal::WrongOffset { offset })) = pod.put_delta(&delta, of).await else {
        panic!("something of it is there");
    };
    assert!((1..=200_000).contains(&offset), "{offset}");
    pod.put_delta(&delta, DeltaOf { offset, ..of }).await.unwrap();
    assert_eq!(registry.blob(change.new.digest), Some(change.new.bytes));
}

#[tokio::test]
async fn a_registry_that_refuses_the_layer_is_quoted() {
    let change = Change::new();
    let (registry, pod) = change.pod().await;
    registry.0.faults.lock().unwrap().push_back(Fault::Refuse);
    let chunks = pod.base(&change.base()).await.unwrap();
    let delta = change.delta(&chunks);
    let refused = pod.put_delta(&delta, change.of(&delta)).await;
    assert!(
        matches!(refused, Err(Error::Refused(Refusal::Registry { .. }))),
        "{refused:?}"
    );
    change.assert_whole_can_be_sent(&registry, &pod).await;
}

#[tokio::test]
async fn an_old_layer_that_does_not_fit_into_the_spool_is_no_base() {
    // A thousandth of its size when compressed.
    let bomb = compressed(&vec![0; 64 << 20]);
    let registry = Registry::new();
    registry.insert(bomb.digest, &bomb.bytes);
    let pod = Pod::start_with(&registry, |settings| settings.spool_limit_bytes = 20 << 20).await;
    let base = Base {
        descriptor: Descriptor::new(media_type::LAYER, bomb.digest, bomb.size()),
        average_chunk_bytes: AverageSize::of_layer(1 << 30),
    };
    assert_no_base(pod.base(&base).await, "the spool has no room for it");
    pod.has_spooled_nothing().await;
}

#[tokio::test]
async fn a_base_makes_room_for_what_has_to_be_sent() {
    let change = Change::new();
    let registry = Registry::new();
    registry.insert(change.old.digest, &change.old.bytes);
    // Room for the base alone, or for the layer.
    let pod = Pod::start_with(&registry, |settings| settings.spool_limit_bytes = 16 << 20).await;
    pod.base(&change.base()).await.unwrap();
    assert_eq!(pod.spooled_files(), 1);
    change.assert_whole_can_be_sent(&registry, &pod).await;
    pod.has_spooled_nothing().await;
}

#[tokio::test]
async fn who_is_not_known_gets_no_chunks() {
    let change = Change::new();
    let (_, pod) = change.pod().await;
    let connection = TcpStream::connect(pod.address).await.unwrap();
    let mut stranger = Client::connect(connection, &Token::generate().unwrap())
        .await
        .unwrap();
    let refused = stranger.base(&change.base()).await;
    assert!(
        matches!(refused, Err(Error::Refused(Refusal::Unauthorized))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn chunks_of_a_size_that_we_do_not_make_are_refused() {
    let change = Change::new();
    let registry = Registry::new();
    registry.insert(change.old.digest, &change.old.bytes);
    let pod = Pod::start_with(&registry, with_known_token).await;
    for size in ["0", "1", "1000", "4294967295", "-1"] {
        let mut base = serde_json::to_value(change.base()).unwrap();
        base["average_chunk_bytes"] = serde_json::from_str(size).unwrap();
        let body = base.to_string();
        let headers = format!(
            "b2i-protocol: 2\r\ncontent-type: application/json\r\ncontent-length: {}",
            body.len()
        );
        let (status, answer) = pod.raw(&by_hand("POST /v2/bases", &headers, &body)).await;
        assert_eq!(status, 400, "{size}: {answer}");
    }
}
