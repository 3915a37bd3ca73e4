//! Downloads by the program itself from a real TLS server, whose authority nobody knows unless he is
//! told.

use kubectl_b2i::oci::Digest;

use crate::{
    fetch,
    support::{
        archive::plain_jar,
        run::{Ended, Run},
        tls_front,
    },
};

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/ca.crt");

/// Runs a line, in which HOST is the server. What proxies and authorities this machine has does not
/// count: the environment is the test's own.
async fn ended(line: &str, trusts_it: bool) -> Ended {
    let behind = fetch::server().await.to_string();
    let (host, _server) = tls_front::start("server.crt", &behind).await;
    let run = Run::new(&line.replace("HOST", &host));
    let run = if trusts_it {
        run.env("SSL_CERT_FILE", AUTHORITY)
    } else {
        run
    };
    tokio::task::spawn_blocking(|| run.ended()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_of_ones_own_is_trusted_by_name_only() {
    let digest = Digest::of(&plain_jar().bytes()).hex();
    for line in [
        format!("inspect https://HOST/shop-1.2.jar --sha256 {digest}"),
        format!("runtimes https://HOST/shop-1.2.jar --sha256 {digest}"),
    ] {
        let unknown = ended(&line, false).await;
        assert_eq!(
            (unknown.code, unknown.stdout.as_str()),
            (Some(1), ""),
            "{}",
            unknown.stderr
        );
        for part in ["UnknownIssuer", "`SSL_CERT_FILE=FILE`", "#artifact-download"] {
            assert!(
                unknown.stderr.contains(part),
                "{part} is not in\n{}",
                unknown.stderr
            );
        }
        let known = ended(&line, true).await;
        assert_eq!(known.code, Some(0), "{}", known.stderr);
        assert!(
            known.stdout.contains("eclipse-temurin:11-jre"),
            "{}",
            known.stdout
        );
        // Its digest was said, so there is nothing to warn of.
        assert!(!known.stderr.contains("nobody said"), "{}", known.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_over_tls_either() {
    let digest = Digest::of(&plain_jar().bytes()).hex();
    let other = Digest::of(b"other").hex();
    for (line, why, anchor) in [
        (
            format!("inspect https://HOST/shop-1.2.jar --sha256 {other}"),
            "it is not what `--sha256` says",
            "artifact-digest",
        ),
        (
            format!("inspect https://HOST/to-plain.jar --sha256 {digest}"),
            "it is redirected from HTTPS to plain HTTP",
            "artifact-url",
        ),
        (
            "inspect https://HOST/shop-1.2.jar --max-artifact-size 10".to_owned(),
            "and 10 is the most that we take",
            "artifact-size",
        ),
        (
            "inspect https://HOST/endless.jar --max-artifact-size 1Mi".to_owned(),
            "it has more than 1048576 bytes",
            "artifact-size",
        ),
    ] {
        let ended = ended(&line, true).await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(1), ""),
            "{line}\n{}",
            ended.stderr
        );
        for part in [why, &format!("#{anchor}")] {
            assert!(ended.stderr.contains(part), "{part} is not in\n{}", ended.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_digest_it_is_said_what_came() {
    let ended = ended("inspect https://HOST/shop-1.2.jar", true).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let digest = Digest::of(&plain_jar().bytes()).hex();
    assert!(
        ended.stderr.contains(&format!("--sha256 {digest}")),
        "{}",
        ended.stderr
    );
}
