//! Where a registry, its token server or a web server may send us: never into a machine, a cluster or a private
//! network, never from HTTPS to plain HTTP, and never with a login.
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::Query, http::StatusCode, http::header, routing::get};
use kubectl_b2i::{
    oci::{Descriptor, Digest, media_type},
    registry::{Authorities, Client, Credentials, Error, Options},
};

use crate::support::{
    fake_registry::{Canned, FakeRegistry, Knobs, Login, PASSWORD, REFRESH_TOKEN, USER},
    registry_cases::{pull, push},
    run::{Ended, Run},
    tls_front,
};

const CA: &str = include_str!("../fixtures/tls/ca.crt");
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/ca.crt");

/// Listens on all of this machine's addresses, and counts who comes.
struct Canary {
    port: u16,
    visits: Arc<AtomicUsize>,
    server: tokio::task::JoinHandle<()>,
}

impl Canary {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = visits.clone();
        let server = tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, visits, server }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    /// Addresses that no registry may send us to. `own` is the registry's.
    fn forbidden(&self, own: &str) -> Vec<String> {
        let port = self.port;
        let mut all: Vec<String> = [
            format!("http://127.0.0.1:{port}"),
            format!("https://127.0.0.1:{port}"),
            format!("https://127.0.0.2:{port}"),
            format!("http://127.0.0.2:{port}"),
            format!("https://localhost:{port}"),
            format!("https://LOCALHOST.:{port}"),
            format!("https://2130706433:{port}"),
            format!("https://0.0.0.0:{port}"),
            format!("https://[::1]:{port}"),
            format!("https://[::ffff:127.0.0.1]:{port}"),
            format!("https://u:p@127.0.0.1:{port}"),
            format!("//127.0.0.1:{port}"),
            format!("ftp://127.0.0.1:{port}"),
            format!("https://u:p@{own}"),
        ]
        .into();
        // Nobody is there either, but nobody may look.
        all.extend(
            [
                "http://169.254.169.254",
                "https://169.254.169.254",
                "https://[fe80::1]",
                "https://[fd00:ec2::254]",
                "https://10.96.0.1",
                "https://100.100.100.200",
                "https://kubernetes.default.svc",
                "https://minio.storage.svc.cluster.local",
                "https://metadata.google.internal",
                "https://registry",
            ]
            .map(str::to_owned),
        );
        all
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.server.abort()
    }
}

/// Without TLS, and with it under an authority that is trusted.
async fn registries(login: Login) -> [(FakeRegistry, Options); 2] {
    let knobs = || Knobs {
        login,
        ..Knobs::default()
    };
    let credentials = Some(Credentials::Basic {
        username: USER.into(),
        password: PASSWORD.into(),
    });
    let plain = Options {
        insecure: true,
        credentials: credentials.clone(),
        ..Options::default()
    };
    let tls = Options {
        authorities: Authorities::from_pem(CA).unwrap(),
        credentials,
        ..Options::default()
    };
    [
        (FakeRegistry::start(knobs()).await, plain),
        (FakeRegistry::start_with_tls(knobs(), "server.crt").await, tls),
    ]
}

fn sending_to(request: &'static str, status: u16, to: &str) -> Canned {
    let mut answer = Canned::status(request, status);
    answer.headers.push(("location", to.to_owned()));
    answer
}

/// The client did not go there, and says so at once.
fn assert_refused(error: &Error, to: &str, asked: usize) {
    let text = error.to_string();
    assert!(text.contains("was refused"), "{to}: {text}");
    assert!(!text.contains("u:p"), "{text}");
    assert!(!error.is_temporary(), "{to}");
    assert_eq!(asked, 1, "{to}");
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), work)
        .await
        .expect("it goes there and waits")
}

#[tokio::test]
async fn an_upload_stays_with_the_registry() {
    let canary = Canary::start().await;
    for (fake, options) in registries(Login::Open).await {
        let client = Client::new(&fake.host, &options).unwrap();
        client.ping().await.unwrap();
        for to in canary.forbidden(&fake.host) {
            fake.forget_seen();
            let location = format!("{to}/v2/a/blobs/uploads/x");
            fake.set(|knobs| knobs.answers = vec![sending_to("POST /blobs/uploads/", 202, &location)]);
            let error = in_time(push(&client, "a", Digest::of(b"x"), b"x")).await;
            assert_refused(&error.unwrap_err(), &to, fake.seen().len());
        }
    }
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn a_later_step_of_an_upload_stays_there_too() {
    let canary = Canary::start().await;
    for (fake, options) in registries(Login::Open).await {
        for to in canary.forbidden(&fake.host) {
            let client = Client::new(&fake.host, &options).unwrap();
            client.ping().await.unwrap();
            let location = format!("{to}/v2/a/blobs/uploads/x");
            fake.set(|knobs| knobs.answers = vec![sending_to("PATCH /blobs/uploads/", 202, &location)]);
            let body = || futures_util::stream::iter([Ok(bytes::Bytes::from_static(b"x"))]);
            let error = in_time(client.push_growing("a", body, || Some(Digest::of(b"x")))).await;
            assert_refused(&error.unwrap_err(), &to, 1);
        }
    }
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn redirects_stay_with_the_registry() {
    let canary = Canary::start().await;
    let blob = Descriptor::of(media_type::LAYER, b"x");
    for (fake, options) in registries(Login::Basic).await {
        let client = Client::new(&fake.host, &options).unwrap();
        client.ping().await.unwrap();
        for to in canary.forbidden(&fake.host) {
            for (request, status) in [("GET /blobs/", 307), ("GET /blobs/", 302), ("GET /blobs/", 308)] {
                fake.forget_seen();
                fake.set(|knobs| knobs.answers = vec![sending_to(request, status, &format!("{to}/x"))]);
                let error = in_time(client.pull_blob("a", &blob)).await.map(drop);
                assert_refused(&error.unwrap_err(), &to, fake.seen().len());
            }
            fake.forget_seen();
            fake.set(|knobs| knobs.answers = vec![sending_to("GET /manifests/", 302, &to)]);
            let error = in_time(client.pull_manifest("a", "latest")).await;
            assert_refused(&error.unwrap_err(), &to, fake.seen().len());
            fake.forget_seen();
            fake.set(|knobs| knobs.answers = vec![sending_to("HEAD /blobs/", 307, &to)]);
            let error = in_time(client.blob_exists("a", blob.digest)).await;
            assert_refused(&error.unwrap_err(), &to, fake.seen().len());
            fake.forget_seen();
            fake.set(|knobs| knobs.answers = vec![sending_to("POST /blobs/uploads/", 307, &to)]);
            let error = in_time(push(&client, "a", blob.digest, b"x")).await;
            assert_refused(&error.unwrap_err(), &to, fake.seen().len());
        }
    }
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn a_chain_of_redirects_has_an_end_and_is_checked_at_each_step() {
    let canary = Canary::start().await;
    let blob = Descriptor::of(media_type::LAYER, b"x");
    for (fake, options) in registries(Login::Open).await {
        let client = Client::new(&fake.host, &options).unwrap();
        client.ping().await.unwrap();
        let again = || sending_to("GET /blobs/", 307, "/v2/a/blobs/again");
        fake.set(|knobs| knobs.answers = std::iter::repeat_with(again).take(100).collect());
        fake.forget_seen();
        let error = in_time(client.pull_blob("a", &blob)).await.map(drop).unwrap_err();
        assert!(error.to_string().contains("too many redirects"), "{error}");
        assert!(fake.seen().len() <= 11, "{}", fake.seen().len());
        let to = format!("https://127.0.0.1:{}/x", canary.port);
        fake.set(|knobs| knobs.answers = vec![again(), again(), sending_to("GET /blobs/", 307, &to)]);
        let error = in_time(client.pull_blob("a", &blob)).await.map(drop).unwrap_err();
        assert_refused(&error, &to, 1);
    }
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn a_token_server_is_the_registrys_or_public() {
    let canary = Canary::start().await;
    for (fake, options) in registries(Login::Open).await {
        for to in canary.forbidden(&fake.host) {
            let client = Client::new(&fake.host, &options).unwrap();
            client.reach().await.unwrap();
            fake.forget_seen();
            let mut challenge = Canned::status("HEAD /blobs/", 401);
            let header = format!("Bearer realm=\"{to}/token\",service=\"fake\"");
            challenge.headers.push(("www-authenticate", header));
            fake.set(|knobs| knobs.answers = vec![challenge]);
            let error = in_time(client.blob_exists("a", Digest::of(b"x")))
                .await
                .unwrap_err();
            // What is not even a URL is told in other words.
            if !to.starts_with("//") {
                assert_refused(&error, &to, fake.seen().len());
            }
        }
    }
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn a_refresh_token_is_for_the_token_server_alone() {
    let canary = Canary::start().await;
    for (fake, options) in registries(Login::Token).await {
        let options = Options {
            credentials: Some(Credentials::IdentityToken(REFRESH_TOKEN.into())),
            ..options
        };
        for to in canary.forbidden(&fake.host) {
            let client = Client::new(&fake.host, &options).unwrap();
            client.reach().await.unwrap();
            fake.set(|knobs| knobs.answers = vec![sending_to("POST /token", 307, &format!("{to}/token"))]);
            let error = in_time(client.blob_exists("a", Digest::of(b"x")))
                .await
                .unwrap_err();
            assert!(error.to_string().contains("was refused"), "{to}: {error}");
        }
    }
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn https_never_falls_back_to_http() {
    let blob = Descriptor::of(media_type::LAYER, b"x");
    let [_, (fake, trusting)] = registries(Login::Token).await;
    let insecure = Options {
        insecure: true,
        credentials: trusting.credentials.clone(),
        ..Options::default()
    };
    for options in [trusting, insecure] {
        let plain = format!("http://{}", fake.host);
        let client = Client::new(&fake.host, &options).unwrap();
        client.reach().await.unwrap();
        fake.set(|knobs| knobs.answers = vec![sending_to("GET /blobs/", 307, &plain)]);
        let error = client.pull_blob("a", &blob).await.map(drop).unwrap_err();
        assert!(error.to_string().contains("it is plain HTTP"), "{error}");
        let client = Client::new(&fake.host, &options).unwrap();
        client.reach().await.unwrap();
        let mut challenge = Canned::status("HEAD /blobs/", 401);
        let header = format!("Bearer realm=\"{plain}/token\",service=\"fake\"");
        challenge.headers.push(("www-authenticate", header));
        fake.set(|knobs| knobs.answers = vec![challenge]);
        let error = client.blob_exists("a", blob.digest).await.unwrap_err();
        assert!(error.to_string().contains("it is plain HTTP"), "{error}");
    }
}

#[tokio::test]
async fn a_host_that_the_user_named_gets_the_request_without_a_login() {
    for (fake, options) in registries(Login::Basic).await {
        let storage = FakeRegistry::start_with_tls(Knobs::default(), "server.crt").await;
        storage.seed_blob("a", b"x");
        let options = Options {
            hosts: vec![storage.host.clone()],
            ..options
        };
        let client = Client::new(&fake.host, &options).unwrap();
        let blob = Descriptor::of(media_type::LAYER, b"x");
        client.ping().await.unwrap();
        let to = format!("https://{}/v2/a/blobs/{}", storage.host, blob.digest);
        fake.set(|knobs| knobs.answers = vec![sending_to("GET /blobs/", 307, &to)]);
        assert_eq!(pull(&client, "a", &blob).await.unwrap(), b"x");
        let seen = storage.seen();
        assert_eq!(seen.len(), 1);
        assert!(!seen[0].headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn a_refusal_names_the_host_and_the_flag() {
    let [(fake, options), _] = registries(Login::Open).await;
    let client = Client::new(&fake.host, &options).unwrap();
    client.ping().await.unwrap();
    fake.set(|knobs| {
        knobs.answers = vec![sending_to("POST /blobs/uploads/", 202, "https://10.0.0.9:9000/x")]
    });
    let error = push(&client, "a", Digest::of(b"x"), b"x").await.unwrap_err();
    let failure = error.failure("could not push");
    assert!(failure.why.contains("`https://10.0.0.9:9000`"), "{failure:?}");
    assert!(
        failure.next.contains("--registry-host 10.0.0.9:9000"),
        "{failure:?}"
    );
}

/// Runs the program; HOST in the line is a server with TLS that redirects wherever it is told to.
async fn downloaded(line: &str) -> Ended {
    #[derive(serde::Deserialize)]
    struct To {
        to: String,
    }
    let redirect = |to: Query<To>| async move { (StatusCode::FOUND, [(header::LOCATION, to.0.to)]) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let behind = listener.local_addr().unwrap().to_string();
    let router = Router::new().route("/a.jar", get(redirect));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (host, _server) = tls_front::start("server.crt", &behind).await;
    let run = Run::new(&line.replace("HOST", &host)).env("SSL_CERT_FILE", AUTHORITY);
    tokio::task::spawn_blocking(|| run.ended()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_not_redirected_into_a_private_network() {
    let canary = Canary::start().await;
    let digest = Digest::of(b"x").hex();
    for to in [
        format!("https://127.0.0.1:{}", canary.port),
        format!("https://127.0.0.2:{}", canary.port),
        format!("https://localhost:{}", canary.port),
        "https://169.254.169.254".to_owned(),
        "https://kubernetes.default.svc".to_owned(),
    ] {
        let line = format!("inspect https://HOST/a.jar?to={to}/latest --sha256 {digest}");
        let ended = in_time(downloaded(&line)).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{to}");
        assert!(
            ended.stderr.contains(&format!("it is redirected to `{to}`")),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(canary.visits(), 0);
}
