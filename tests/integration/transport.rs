//! How a registry is reached: TLS, whose certificate is trusted, plain HTTP, proxies.
use kubectl_b2i::{
    error::Failure,
    oci::Digest,
    registry::{Authorities, Client, Credentials, Error, Kind, Options, ProxySettings, TlsProblem},
};

use crate::support::{
    fake_registry::{FakeRegistry, Knobs, Login, PASSWORD, USER},
    registry_cases,
};

const CA: &str = include_str!("../fixtures/tls/ca.crt");

fn login() -> Option<Credentials> {
    Some(Credentials::Basic {
        username: USER.into(),
        password: PASSWORD.into(),
    })
}

fn trusting() -> Options {
    Options {
        authorities: Authorities::from_pem(CA).unwrap(),
        ..Options::default()
    }
}

async fn tokens_behind(certificate: &str) -> FakeRegistry {
    let knobs = Knobs {
        login: Login::Token,
        ..Knobs::default()
    };
    FakeRegistry::start_with_tls(knobs, certificate).await
}

async fn ask(host: &str, options: Options) -> Result<bool, Error> {
    let options = Options {
        credentials: login(),
        ..options
    };
    let client = Client::new(host, &options)?;
    client.blob_exists("team/shop", Digest::of(b"x")).await
}

fn words(error: &Error) -> Failure {
    error.failure("could not push")
}

#[tokio::test]
async fn a_private_authority_is_trusted_where_it_is_given() {
    let fake = tokens_behind("server.crt").await;
    assert!(!ask(&fake.host, trusting()).await.unwrap());
    let by_name = fake.host.replace("127.0.0.1", "localhost");
    assert!(!ask(&by_name, trusting()).await.unwrap());

    let error = ask(&fake.host, Options::default()).await.unwrap_err();
    assert!(
        matches!(
            error.kind,
            Kind::Tls {
                problem: TlsProblem::UnknownAuthority,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        words(&error).next.contains("--registry-ca"),
        "{:?}",
        words(&error)
    );
    // Nothing of ours crossed a connection that was not trusted.
    fake.forget_seen();
    ask(&fake.host, Options::default()).await.unwrap_err();
    assert_eq!(fake.seen().len(), 0);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_said_to_be_that() {
    let fake = tokens_behind("server.crt").await;
    let port = fake.host.rsplit(':').next().unwrap();
    // All of 127/8 is this machine; the certificate is for 127.0.0.1.
    let listener = format!("127.0.0.2:{port}");
    let (client, server) = (listener.clone(), fake.host.clone());
    let listener = tokio::net::TcpListener::bind(&listener).await.unwrap();
    tokio::spawn(async move {
        let (mut outside, _) = listener.accept().await.unwrap();
        let mut inside = tokio::net::TcpStream::connect(server).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
    });
    let error = ask(&client, trusting()).await.unwrap_err();
    assert!(
        matches!(
            error.kind,
            Kind::Tls {
                problem: TlsProblem::Name,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_certificate_that_is_its_own_authority_is_said_to_be_that() {
    let fake = tokens_behind("self-signed.crt").await;
    let own = include_str!("../fixtures/tls/self-signed.crt");
    let options = Options {
        authorities: Authorities::from_pem(own).unwrap(),
        ..Options::default()
    };
    let error = ask(&fake.host, options).await.unwrap_err();
    assert!(
        matches!(
            error.kind,
            Kind::Tls {
                problem: TlsProblem::SelfSigned,
                ..
            }
        ),
        "{error:?}"
    );
}

fn insecure() -> Options {
    Options {
        insecure: true,
        ..Options::default()
    }
}

#[tokio::test]
async fn an_insecure_registry_is_asked_by_tls_first() {
    for certificate in ["server.crt", "self-signed.crt"] {
        let fake = tokens_behind(certificate).await;
        let client = Client::new(
            &fake.host,
            &Options {
                credentials: login(),
                ..insecure()
            },
        )
        .unwrap();
        for _ in 0..2 {
            assert!(!client.blob_exists("a", Digest::of(b"x")).await.unwrap());
        }
        assert_eq!(
            fake.seen().iter().filter(|seen| seen.line == "GET /v2/").count(),
            1,
            "how it is reached is found out once: {certificate}"
        );
    }
}

#[tokio::test]
async fn a_registry_with_tls_does_what_any_must() {
    let fake = tokens_behind("server.crt").await;
    registry_cases::all_with(
        &fake.host,
        &Options {
            credentials: login(),
            ..insecure()
        },
    )
    .await;
    registry_cases::all_with(
        &fake.host,
        &Options {
            credentials: login(),
            ..trusting()
        },
    )
    .await;
}

#[tokio::test]
async fn requests_go_through_the_proxy_that_is_set() {
    let proxy = FakeRegistry::start(Knobs::default()).await;
    let through = |no: Option<&str>| Options {
        insecure: true,
        proxy: ProxySettings {
            http: Some(format!("http://{}", proxy.host)),
            https: Some(format!("http://{}", proxy.host)),
            no: no.map(str::to_owned),
        },
        ..Options::default()
    };
    // A name that nobody knows: only the proxy can have answered.
    ask("registry.invalid:5000", through(None)).await.ok();
    let seen = proxy.seen();
    assert!(
        seen.iter()
            .any(|seen| seen.line.starts_with("GET http://registry.invalid:5000/v2/")),
        "{seen:?}"
    );
    proxy.forget_seen();
    let fake = FakeRegistry::start(Knobs::default()).await;
    ask(&fake.host, through(Some("127.0.0.0/8"))).await.unwrap();
    assert_eq!(proxy.seen().len(), 0);
}

#[tokio::test]
async fn an_ipv6_address_is_a_host() {
    let Ok(listener) = tokio::net::TcpListener::bind("[::1]:0").await else {
        return;
    };
    let host = format!("[::1]:{}", listener.local_addr().unwrap().port());
    let fake = FakeRegistry::start(Knobs::default()).await;
    let behind = fake.host.clone();
    tokio::spawn(async move {
        loop {
            let (mut outside, _) = listener.accept().await.unwrap();
            let mut inside = tokio::net::TcpStream::connect(&behind).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut outside, &mut inside).await });
        }
    });
    assert!(!ask(&host, insecure()).await.unwrap());
}
