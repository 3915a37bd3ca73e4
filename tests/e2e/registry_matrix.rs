//! What becomes of a push to real registries, as far as they can show it. Writes the first table of
//! `docs/reference/registries.md`: `B2I_UPDATE_GOLDEN=1 cargo test --test e2e -- --ignored registry_matrix`.
//! What they will not show on demand is in `tests/integration/registry_matrix.rs`.
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use kubectl_b2i::{
    model::{Base, BuildRequest, ConfigChanges, Events, Layer, RegistryAccess},
    oci::{Descriptor, Digest, Platform, Reference, media_type},
    registry::{Authorities, Client, Options},
    steps::{assemble, push},
};
use serde_json::json;

use crate::{
    own_registry::{Kind, OwnRegistry, tls_registry},
    support::{
        cutter::Cutter,
        registry_cases::{self, fresh_repository},
        registry_matrix::{WRONG_PASSWORD, cell, insecure, keep_table, login, ours, pushed},
    },
    world::REGISTRY,
};

const MIB: usize = 1 << 20;
/// Where a registry has nothing to show.
const NOTHING: &str = "–";

/// Bytes that no other case has pushed: crane's registry keeps blobs for all repositories.
fn fresh_size() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// One of the three, and what it can show.
struct Real {
    host: String,
    /// How it is reached when all is well.
    good: Options,
    has_logins: bool,
    has_tls: bool,
    /// A user who may pull only.
    reader: Option<&'static str>,
}

impl Real {
    async fn cell(&self, options: &Options) -> String {
        cell(&pushed(&self.host, &fresh_repository(), options, fresh_size()).await)
    }

    fn as_user(&self, user: &str, password: &str) -> Options {
        Options {
            credentials: login(user, password),
            ..self.good.clone()
        }
    }

    async fn column(&self, other: &Self) -> Vec<(&'static str, String)> {
        let (repository, size) = (fresh_repository(), fresh_size());
        let push = async || cell(&pushed(&self.host, &repository, &self.good, size).await);
        let when = async |shows: bool, options: Options| match shows {
            true => self.cell(&options).await,
            false => NOTHING.to_owned(),
        };
        let anonymous = Options {
            credentials: None,
            ..self.good.clone()
        };
        let nobodys = Options {
            credentials: self.good.credentials.clone(),
            ..Options::default()
        };
        let all = Options {
            insecure: true,
            ..self.good.clone()
        };
        vec![
            ("a layer that is new", push().await),
            ("a layer that is there", push().await),
            ("no login", when(true, anonymous).await),
            (
                "a wrong password",
                when(self.has_logins, self.as_user("dev", WRONG_PASSWORD)).await,
            ),
            (
                "no right to push",
                when(
                    self.reader.is_some(),
                    self.as_user(self.reader.unwrap_or_default(), "s3cret"),
                )
                .await,
            ),
            ("plain HTTP", when(!self.has_tls, nobodys.clone()).await),
            (
                "plain HTTP, `--insecure-registry`",
                when(!self.has_tls, all.clone()).await,
            ),
            ("a private authority", when(self.has_tls, nobodys).await),
            (
                "a private authority, `--registry-ca`",
                when(self.has_tls, self.good.clone()).await,
            ),
            (
                "a private authority, `--insecure-registry`",
                when(self.has_tls, all).await,
            ),
            (
                "the connection breaks eight times",
                self.through_a_bad_link().await,
            ),
            ("a mount from the base's repository", self.image_on(self).await),
            ("a base in another registry", self.image_on(other).await),
        ]
    }

    async fn through_a_bad_link(&self) -> String {
        let link = Cutter::start(&self.host, [300_000; 8]).await;
        // Its certificate is for another address than the link's.
        let options = Options {
            // Its token server is not behind the link.
            hosts: vec!["10.250.0.1".to_owned()],
            ..insecure(self.good.credentials.clone())
        };
        let outcome = cell(&pushed(&link.host, &fresh_repository(), &options, 6 * MIB).await);
        assert_eq!(link.cuts_left(), 0, "{}", self.host);
        outcome
    }

    /// Makes an image on a base of another registry, or of this one.
    async fn image_on(&self, other: &Self) -> String {
        let base = other.base().await;
        let (destination, source) = (self.client(), other.client());
        let bytes = registry_cases::some_bytes(fresh_size());
        let layer = Layer {
            described: kubectl_b2i::model::LayerDescriptor {
                name: "application".into(),
                descriptor: Descriptor::of(media_type::LAYER, &bytes),
                diff_id: Digest::of(b"tar"),
            },
            local_path: "/nonexistent".into(),
        };
        let request = BuildRequest {
            destination: format!("{}/{}", self.host, fresh_repository()).parse().unwrap(),
            tags: vec!["latest".into()],
            base: Base::Image(base),
            s2i: None,
            servlet_api: None,
            platforms: vec![Platform::linux("amd64")],
            config: ConfigChanges::default(),
            layers: vec![layer.described.clone()],
            access: RegistryAccess::default(),
        };
        let repository = &request.destination.repository;
        registry_cases::push(
            &destination,
            repository,
            layer.described.descriptor.digest,
            &bytes,
        )
        .await
        .unwrap();
        let image = assemble::run(&request, Some(&source)).await.unwrap();
        let events = Events::nowhere();
        let pushed = push::run(
            &image,
            &request,
            &destination,
            Some(&source),
            Duration::ZERO,
            &events,
        )
        .await;
        let Ok(result) = pushed else {
            panic!("{}: the image was refused", self.host);
        };
        match (result.mounted_layers, result.copied_layers) {
            (1, 0) => "mounted, nothing is sent".to_owned(),
            (0, 1) => "copied".to_owned(),
            counts => panic!("{counts:?}"),
        }
    }

    /// Pushes an image of one layer, for others to stand on.
    async fn base(&self) -> Reference {
        let (client, repository) = (self.client(), fresh_repository());
        let layer = registry_cases::some_bytes(fresh_size());
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": [Digest::of(&layer)] },
        });
        let config = config.to_string().into_bytes();
        for bytes in [&layer, &config] {
            registry_cases::push(&client, &repository, Digest::of(bytes), bytes)
                .await
                .unwrap();
        }
        let manifest = json!({
            "schemaVersion": 2, "mediaType": media_type::MANIFEST,
            "config": Descriptor::of(media_type::CONFIG, &config),
            "layers": [Descriptor::of(media_type::LAYER, &layer)],
        });
        let bytes = manifest.to_string().into_bytes();
        client
            .push_manifest(&repository, "1", media_type::MANIFEST, bytes)
            .await
            .unwrap();
        format!("{}/{repository}:1", self.host).parse().unwrap()
    }

    fn client(&self) -> Client {
        Client::new(&self.host, &self.good).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: its registries"]
async fn what_real_registries_do_and_what_becomes_of_it() {
    let (host, authority) = tls_registry();
    let crane = OwnRegistry::start(Kind::Crane);
    let real = [
        Real {
            host: REGISTRY.to_owned(),
            good: insecure(ours()),
            has_logins: true,
            has_tls: false,
            reader: None,
        },
        Real {
            host: host.clone(),
            good: Options {
                authorities: Authorities::from_file(authority).unwrap().0,
                credentials: ours(),
                ..Options::default()
            },
            has_logins: true,
            has_tls: true,
            reader: Some("reader"),
        },
        Real {
            host: crane.host.clone(),
            good: insecure(None),
            has_logins: false,
            has_tls: false,
            reader: None,
        },
    ];
    let [first, second, third] = &real;
    let columns = [
        first.column(second).await,
        second.column(third).await,
        third.column(first).await,
    ];
    let rows: Vec<String> = (0..columns[0].len())
        .map(|at| {
            let cells: Vec<&str> = columns.iter().map(|column| column[at].1.as_str()).collect();
            format!("| {} | {} |", columns[0][at].0, cells.join(" | "))
        })
        .collect();
    keep_table(
        "| the registry, or the way to it | distribution 2.8, password, plain HTTP | distribution 3.0, tokens, TLS | `crane registry serve` |",
        &rows,
    );
}
