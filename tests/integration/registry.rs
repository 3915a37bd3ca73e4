//! The registry client against a registry that fails on demand.
use kubectl_b2i::{
    oci::{Descriptor, Digest, media_type},
    registry::{Client, Credentials, Kind, Mount, Options, TlsProblem},
};

use crate::support::{
    fake_registry::{Canned, FakeRegistry, Knobs, Login, PASSWORD, REFRESH_TOKEN, USER},
    registry_cases::{self, pull, push, some_bytes},
};

fn login() -> Option<Credentials> {
    Some(Credentials::Basic {
        username: USER.into(),
        password: PASSWORD.into(),
    })
}

fn client_with(fake: &FakeRegistry, credentials: Option<Credentials>) -> Client {
    let options = Options {
        insecure: true,
        credentials,
        ..Options::default()
    };
    Client::new(&fake.host, &options).unwrap()
}

fn client(fake: &FakeRegistry) -> Client {
    client_with(fake, login())
}

/// A client whose user named a host that the registry may send it to.
fn client_naming(fake: &FakeRegistry, host: &str) -> Client {
    let options = Options {
        insecure: true,
        hosts: vec![host.to_owned()],
        credentials: login(),
        ..Options::default()
    };
    Client::new(&fake.host, &options).unwrap()
}

fn with_login(login: Login) -> Knobs {
    Knobs {
        login,
        ..Knobs::default()
    }
}

/// Lines of the requests for tokens, decoded.
fn token_requests(fake: &FakeRegistry) -> Vec<String> {
    let lines = fake
        .seen()
        .into_iter()
        .filter(|seen| seen.line.contains("/token"));
    lines
        .map(|seen| {
            seen.line
                .replace("%3A", ":")
                .replace("%2C", ",")
                .replace("%2F", "/")
        })
        .collect()
}

#[tokio::test]
async fn an_open_registry_does_what_any_must() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    registry_cases::all(&fake.host, None).await;
    assert_eq!(fake.open_uploads(), 0);
}

#[tokio::test]
async fn a_registry_with_passwords_does_what_any_must() {
    let fake = FakeRegistry::start(with_login(Login::Basic)).await;
    registry_cases::all(&fake.host, login()).await;
}

#[tokio::test]
async fn a_registry_with_tokens_does_what_any_must() {
    let fake = FakeRegistry::start(with_login(Login::Token)).await;
    registry_cases::all(&fake.host, login()).await;
}

#[tokio::test]
async fn tokens_are_asked_for_by_exact_scope_and_kept() {
    let fake = FakeRegistry::start(with_login(Login::Token)).await;
    let client = client(&fake);
    push(&client, "team/shop", Digest::of(b"x"), b"x").await.unwrap();
    assert!(client.blob_exists("team/shop", Digest::of(b"x")).await.unwrap());
    fake.seed_blob("base", b"y");
    let mount = client.mount_blob("team/shop", Digest::of(b"y"), "base").await;
    assert!(matches!(mount.unwrap(), Mount::Mounted));
    assert_eq!(
        token_requests(&fake),
        [
            "GET /token?service=fake&scope=repository:team/shop:pull,push",
            "GET /token?service=fake&scope=repository:team/shop:pull,push&scope=repository:base:pull",
        ]
    );
}

#[tokio::test]
async fn a_token_without_lifetime_left_is_not_used() {
    let fake = FakeRegistry::start(Knobs {
        login: Login::Token,
        token_lifetime_seconds: Some(0),
        ..Knobs::default()
    })
    .await;
    let client = client(&fake);
    for _ in 0..2 {
        client.blob_exists("a", Digest::of(b"x")).await.unwrap();
    }
    assert_eq!(fake.count("/token"), 2);
}

#[tokio::test]
async fn a_token_refused_in_the_middle_is_renewed_once() {
    let fake = FakeRegistry::start(Knobs {
        login: Login::Token,
        // The POST is answered, the PUT with the bytes is not.
        revokes_tokens_after: Some(1),
        ..Knobs::default()
    })
    .await;
    let bytes = some_bytes(300_000);
    push(&client(&fake), "a", Digest::of(&bytes), &bytes)
        .await
        .unwrap();
    assert_eq!(fake.blob("a", Digest::of(&bytes)).unwrap(), bytes);
    assert_eq!((fake.count("/token"), fake.count("PUT ")), (2, 2));
}

#[tokio::test]
async fn an_identity_token_buys_a_token() {
    let fake = FakeRegistry::start(with_login(Login::Token)).await;
    let credentials = Some(Credentials::IdentityToken(REFRESH_TOKEN.into()));
    let client = client_with(&fake, credentials);
    push(&client, "a", Digest::of(b"x"), b"x").await.unwrap();
    assert_eq!(token_requests(&fake), ["POST /token"]);

    let wrong = client_with(&fake, Some(Credentials::IdentityToken("wr0ng".into())));
    let error = push(&wrong, "a", Digest::of(b"x"), b"x").await.unwrap_err();
    assert_eq!(error.kind, Kind::Unauthorized);
    assert!(!format!("{error} {error:?}").contains("wr0ng"));
}

#[tokio::test]
async fn a_registry_token_is_shown_as_it_is() {
    let fake = FakeRegistry::start(with_login(Login::Token)).await;
    let token = fake.issue_token(&["repository:a:pull,push"]);
    let client = client_with(&fake, Some(Credentials::RegistryToken(token)));
    push(&client, "a", Digest::of(b"x"), b"x").await.unwrap();
    assert_eq!(token_requests(&fake).len(), 0);

    let wrong = client_with(&fake, Some(Credentials::RegistryToken("wr0ng".into())));
    let error = push(&wrong, "a", Digest::of(b"x"), b"x").await.unwrap_err();
    assert_eq!(error.kind, Kind::Unauthorized);
    assert!(!format!("{error} {error:?}").contains("wr0ng"));
}

#[tokio::test]
async fn a_date_to_come_again_at_is_kept() {
    let mut later = Canned::status("HEAD /blobs/", 429);
    let date = |time: &str| format!("Wed, 21 Oct 2015 07:28:{time} GMT");
    later.headers.push(("retry-after", date("01")));
    later.headers.push(("date", date("01")));
    let fake = FakeRegistry::start(Knobs {
        answers: vec![later],
        ..Knobs::default()
    })
    .await;
    client(&fake).blob_exists("a", Digest::of(b"x")).await.unwrap();
    assert_eq!(fake.count("HEAD "), 2);
}

#[tokio::test]
async fn a_registry_that_is_busy_is_asked_again() {
    for status in [408, 429, 500, 502, 503] {
        let fake = FakeRegistry::start(Knobs {
            answers: [
                "POST /blobs/uploads/",
                "PUT /blobs/uploads/",
                "HEAD /blobs/",
                "GET /blobs/",
                "PUT /manifests/",
            ]
            .map(|request| Canned::status(request, status).retry_at_once())
            .into(),
            ..Knobs::default()
        })
        .await;
        let client = client(&fake);
        let blob = Descriptor::of(media_type::LAYER, b"x");
        push(&client, "a", blob.digest, b"x").await.unwrap();
        // The POST failed, then its PUT; each try of the whole begins with a POST.
        assert_eq!((fake.count("POST "), fake.count("PUT ")), (3, 2), "{status}");
        assert!(client.blob_exists("a", blob.digest).await.unwrap());
        assert_eq!(pull(&client, "a", &blob).await.unwrap(), b"x");
    }
}

#[tokio::test]
async fn four_times_are_enough() {
    let answers = std::iter::repeat_with(|| Canned::status("HEAD /", 503).retry_at_once());
    let fake = FakeRegistry::start(Knobs {
        answers: answers.take(10).collect(),
        ..Knobs::default()
    })
    .await;
    let error = client(&fake)
        .blob_exists("a", Digest::of(b"x"))
        .await
        .unwrap_err();
    assert_eq!(error.status.unwrap(), 503);
    assert_eq!(fake.count("HEAD "), 4);
}

#[tokio::test]
async fn a_refusal_is_final() {
    for (status, code, kind) in [
        (400, "NAME_INVALID", Kind::Status),
        (403, "DENIED", Kind::Denied),
        (404, "NAME_UNKNOWN", Kind::NameUnknown),
        (405, "UNSUPPORTED", Kind::Status),
    ] {
        let fake = FakeRegistry::start(Knobs {
            answers: vec![Canned::code("POST /", status, code, "no\u{1b}[31m")],
            ..Knobs::default()
        })
        .await;
        let error = push(&client(&fake), "a", Digest::of(b"x"), b"x")
            .await
            .unwrap_err();
        assert_eq!((fake.count("POST "), &error.kind), (1, &kind));
        assert_eq!(
            error.to_string(),
            format!(
                "the registry answered {status} {code} to POST http://{}/v2/a/blobs/uploads/: no\u{1b}[31m",
                fake.host
            )
        );
    }
}

#[tokio::test]
async fn a_pull_that_breaks_off_goes_on_where_it_broke() {
    let fake = FakeRegistry::start(Knobs {
        breaks_off: 2,
        ..Knobs::default()
    })
    .await;
    let bytes = some_bytes(1_000_000);
    let digest = fake.seed_blob("a", &bytes);
    let blob = Descriptor::of(media_type::LAYER, &bytes);
    assert!(pull(&client(&fake), "a", &blob).await.unwrap() == bytes);
    let ranges: Vec<_> = fake
        .seen()
        .iter()
        .filter_map(|seen| seen.headers.get("range").cloned())
        .collect();
    assert_eq!(ranges.len(), 2, "{digest}");
    assert_ne!(ranges[0], ranges[1]);

    fake.set(|knobs| knobs.breaks_off = 100);
    let error = pull(&client(&fake), "a", &blob).await.unwrap_err();
    let error = error
        .get_ref()
        .unwrap()
        .downcast_ref::<kubectl_b2i::registry::Error>()
        .unwrap();
    assert!(matches!(error.kind, Kind::Connect(_)), "{error}");
}

#[tokio::test]
async fn a_blob_with_other_bytes_is_an_error_at_its_end() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let client = client(&fake);
    let expected = Digest::of(b"right");
    for (stored, kind) in [
        (&b"wrong"[..], Kind::DigestMismatch { expected }),
        (b"shor", Kind::DigestMismatch { expected }),
        (b"longer than that", Kind::TooLarge { limit_bytes: 5 }),
    ] {
        fake.seed_wrong_blob("a", expected, stored);
        let error = pull(&client, "a", &Descriptor::of(media_type::LAYER, b"right"))
            .await
            .unwrap_err();
        let error = error
            .get_ref()
            .unwrap()
            .downcast_ref::<kubectl_b2i::registry::Error>()
            .unwrap();
        assert_eq!(error.kind, kind);
    }
}

#[tokio::test]
async fn a_manifest_is_bounded_and_checked() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let client = client(&fake);
    fake.seed_manifest("a", "huge", media_type::MANIFEST, &vec![b' '; (4 << 20) + 1]);
    let error = client.pull_manifest("a", "huge").await.unwrap_err();
    assert_eq!(error.kind, Kind::TooLarge { limit_bytes: 4 << 20 });

    let expected = Digest::of(b"other");
    fake.set(|knobs| knobs.answers.push(Canned::status("GET /manifests/", 200)));
    let error = client
        .pull_manifest("a", &expected.to_string())
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::DigestMismatch { expected });
}

#[tokio::test]
async fn a_refused_mount_is_an_upload_to_be_used_or_cancelled() {
    let fake = FakeRegistry::start(Knobs {
        login: Login::Token,
        refuses_mounts: true,
        ..Knobs::default()
    })
    .await;
    let client = client(&fake);
    let digest = fake.seed_blob("base", b"x");
    for is_used in [true, false] {
        let mount = client.mount_blob("a", digest, "base").await.unwrap();
        let Mount::Opened(upload) = mount else {
            panic!("{mount:?}")
        };
        assert_eq!(fake.open_uploads(), 1);
        if is_used {
            let body = || futures_util::stream::iter([Ok(bytes::Bytes::from_static(b"x"))]);
            client
                .push_blob_into(Some(upload), "a", digest, 1, body)
                .await
                .unwrap();
            assert_eq!(fake.blob("a", digest).unwrap(), "x");
        } else {
            client.cancel_upload("a", upload).await;
        }
        assert_eq!(fake.open_uploads(), 0);
    }
    // One POST asks for the mount (two with the challenge), none for the upload.
    assert_eq!((fake.count("POST "), fake.count("DELETE ")), (3, 1));

    // Harbor answers with an error where the source may not be read.
    fake.set(|knobs| {
        knobs
            .answers
            .push(Canned::code("POST /blobs/uploads/", 403, "DENIED", ""))
    });
    let mount = client.mount_blob("a", digest, "base").await.unwrap();
    assert!(matches!(mount, Mount::Refused), "{mount:?}");
}

#[tokio::test]
async fn a_login_is_shown_to_its_registry_only() {
    let storage = FakeRegistry::start(Knobs::default()).await;
    let bytes = some_bytes(100_000);
    storage.seed_blob("a", &bytes);
    for login in [Login::Basic, Login::Token] {
        let fake = FakeRegistry::start(Knobs {
            login,
            redirects_blobs_to: Some(storage.host.clone()),
            ..Knobs::default()
        })
        .await;
        fake.seed_blob("a", &bytes);
        storage.forget_seen();
        let blob = Descriptor::of(media_type::LAYER, &bytes);
        assert!(
            pull(&client_naming(&fake, &storage.host), "a", &blob)
                .await
                .unwrap()
                == bytes
        );
        let seen = storage.seen();
        assert_eq!(seen.len(), 1);
        assert!(!seen[0].headers.contains_key("authorization"));
        assert!(!seen[0].headers.contains_key("referer"));
    }
}

#[tokio::test]
async fn another_hosts_challenge_gets_no_answer() {
    let greedy = FakeRegistry::start(with_login(Login::Basic)).await;
    let fake = FakeRegistry::start(Knobs {
        login: Login::Basic,
        redirects_blobs_to: Some(greedy.host.clone()),
        ..Knobs::default()
    })
    .await;
    fake.seed_blob("a", b"x");
    let blob = Descriptor::of(media_type::LAYER, b"x");
    let client = client_naming(&fake, &greedy.host);
    let error = client.pull_blob("a", &blob).await.map(drop).unwrap_err();
    assert_eq!(error.kind, Kind::Unauthorized);
    assert!(
        !error.to_string().contains("s3cret"),
        "the query is shown: {error}"
    );
    assert!(
        greedy
            .seen()
            .iter()
            .all(|seen| !seen.headers.contains_key("authorization"))
    );
}

#[tokio::test]
async fn an_upload_at_another_host_gets_no_login() {
    let storage = FakeRegistry::start(Knobs::default()).await;
    let location = format!("http://{}/v2/a/blobs/uploads/elsewhere?_state=s", storage.host);
    let mut elsewhere = Canned::status("POST /blobs/uploads/", 202);
    elsewhere.headers.push(("location", location));
    let fake = FakeRegistry::start(with_login(Login::Basic)).await;
    let client = client_naming(&fake, &storage.host);
    client.blob_exists("a", Digest::of(b"x")).await.unwrap();
    fake.set(|knobs| knobs.answers.push(elsewhere));
    // The other host knows no such upload; what counts is what it was shown.
    push(&client, "a", Digest::of(b"x"), b"x").await.unwrap_err();
    let seen = storage.seen();
    assert!(
        seen[0]
            .line
            .starts_with("PUT /v2/a/blobs/uploads/elsewhere?_state=s&digest=")
    );
    assert!(!seen[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn no_connection_and_no_tls_are_told_apart() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let tls = Client::new(&fake.host, &Options::default()).unwrap();
    let error = tls.blob_exists("a", Digest::of(b"x")).await.unwrap_err();
    assert!(
        matches!(
            error.kind,
            Kind::Tls {
                problem: TlsProblem::PlainHttp,
                ..
            }
        ),
        "{error:?}"
    );

    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let options = Options {
        insecure: true,
        credentials: None,
        ..Options::default()
    };
    let nobody = Client::new(&closed, &options).unwrap();
    let error = nobody.blob_exists("a", Digest::of(b"x")).await.unwrap_err();
    assert!(matches!(error.kind, Kind::Connect(_)), "{error:?}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn bytes_that_cannot_be_read_are_not_the_registrys_fault() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let body = || futures_util::stream::iter([Err(std::io::Error::other("the disk is gone"))]);
    let error = client(&fake)
        .push_blob("a", Digest::of(b"x"), 1, body)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Body("the disk is gone".into()));
    assert_eq!(fake.count("POST "), 1);
}
