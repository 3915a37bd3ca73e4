//! How long a registry may make us wait, and what becomes of numbers that no server should send.
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::stream;
use kubectl_b2i::{
    oci::{Descriptor, Digest, media_type},
    registry::{Client, Credentials, Limits, Notices, Options},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::{
    fake_registry::{Canned, FakeRegistry, Knobs, Login, PASSWORD, USER},
    registry_cases::push,
};

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(1),
    commit: Duration::from_secs(1),
    stall: Duration::from_millis(500),
};

fn client(host: &str, limits: Limits) -> Client {
    let options = Options {
        insecure: true,
        credentials: Some(Credentials::Basic {
            username: USER.into(),
            password: PASSWORD.into(),
        }),
        limits,
        ..Options::default()
    };
    Client::new(host, &options).unwrap()
}

/// What a raw server does with bodies.
#[derive(Clone, Copy)]
enum Taking {
    /// It stops after the headers.
    Nothing,
    /// Some bytes at a time, with pauses.
    Slowly,
    /// All of it, and then it does not answer.
    AndSilent,
}

/// Opens uploads, and takes their bytes as it is told to. Returns its host, and what was asked of it.
async fn raw(taking: Taking) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection, taking, noted.clone()));
        }
    });
    (host, asked)
}

async fn serve(mut connection: TcpStream, taking: Taking, asked: Arc<Mutex<Vec<String>>>) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            match connection.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
            if head[0] == 0x16 {
                // TLS, which there is none of.
                let _ = connection
                    .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                    .await;
                return;
            }
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let line = head.lines().next().unwrap().to_owned();
        asked.lock().unwrap().push(line.clone());
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut left: usize = length.map_or(0, |length| length.parse().unwrap());
        let answer = if line.starts_with("post") {
            "202 Accepted\r\nlocation: /v2/a/blobs/uploads/x"
        } else if line.starts_with("put") {
            match taking {
                Taking::Nothing => std::future::pending::<()>().await,
                Taking::Slowly | Taking::AndSilent => {
                    while left > 0 {
                        match connection.read(&mut buffer).await {
                            Ok(0) | Err(_) => return,
                            Ok(count) => left -= count,
                        }
                        if matches!(taking, Taking::Slowly) {
                            tokio::time::sleep(Duration::from_millis(2)).await;
                        }
                    }
                    if matches!(taking, Taking::AndSilent) {
                        std::future::pending::<()>().await
                    }
                }
            }
            "201 Created"
        } else {
            "200 OK"
        };
        let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
        connection.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn puts(asked: &Mutex<Vec<String>>) -> usize {
    let asked = asked.lock().unwrap();
    asked.iter().filter(|line| line.starts_with("put ")).count()
}

async fn push_megabytes(client: &Client, megabytes: u64) -> Result<(), kubectl_b2i::registry::Error> {
    let body = move || {
        let item = || Ok(Bytes::from(vec![0; 1 << 20]));
        stream::iter(std::iter::repeat_with(item).take(usize::try_from(megabytes).unwrap()))
    };
    client
        .push_blob("a", Digest::of(b"x"), megabytes << 20, body)
        .await
}

#[tokio::test]
async fn an_upload_that_stalls_fails_and_is_retried() {
    let (host, asked) = raw(Taking::Nothing).await;
    let begun = Instant::now();
    let error = push_megabytes(&client(&host, LIMITS), 32).await.unwrap_err();
    assert!(error.to_string().contains("it stopped taking bytes"), "{error}");
    assert!(error.is_temporary());
    assert_eq!(puts(&asked), 4);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_slow_upload_goes_on() {
    let (host, asked) = raw(Taking::Slowly).await;
    let begun = Instant::now();
    push_megabytes(&client(&host, LIMITS), 8).await.unwrap();
    assert_eq!(puts(&asked), 1);
    assert!(begun.elapsed() > LIMITS.stall, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_commit_without_an_answer_ends() {
    let (host, asked) = raw(Taking::AndSilent).await;
    let error = push_megabytes(&client(&host, LIMITS), 1).await.unwrap_err();
    assert!(error.to_string().contains("no answer in time"), "{error}");
    assert_eq!(puts(&asked), 4);
}

#[tokio::test]
async fn an_answer_has_to_begin() {
    for hangs_on in ["HEAD ", "GET /v2/a/blobs", "POST "] {
        let fake = FakeRegistry::start(Knobs {
            hangs_on: Some(hangs_on.to_owned()),
            ..Knobs::default()
        })
        .await;
        let limits = Limits {
            connect: Duration::from_millis(200),
            first_byte: Duration::from_millis(300),
            ..LIMITS
        };
        let client = client(&fake.host, limits);
        client.reach().await.unwrap();
        let blob = Descriptor::of(media_type::LAYER, b"x");
        let error = match hangs_on {
            "HEAD " => client.blob_exists("a", blob.digest).await.map(drop),
            "POST " => push(&client, "a", blob.digest, b"x").await,
            _ => client.pull_blob("a", &blob).await.map(drop),
        };
        let error = error.unwrap_err().to_string();
        assert!(error.contains("no answer in time"), "{error}");
    }
}

#[tokio::test]
async fn a_long_retry_after_is_shown() {
    for (asked, shown) in [
        ("86400", "127.0.0.1 asks to wait 86400 s; retrying in 60 s"),
        (
            "99999999999999999999999",
            "127.0.0.1 asks to wait 31536000 s; retrying in 60 s",
        ),
        ("45", "127.0.0.1 asks to wait 45 s"),
    ] {
        let mut busy = Canned::status("HEAD /blobs/", 429);
        busy.headers.push(("retry-after", asked.to_owned()));
        let fake = FakeRegistry::start(Knobs {
            answers: vec![busy],
            ..Knobs::default()
        })
        .await;
        let lines = Arc::new(Mutex::new(Vec::new()));
        let noted = lines.clone();
        let options = Options {
            insecure: true,
            notices: Notices::to(move |line| noted.lock().unwrap().push(line.to_owned())),
            ..Options::default()
        };
        let client = Client::new(&fake.host, &options).unwrap();
        client.reach().await.unwrap();
        let work = client.blob_exists("a", Digest::of(b"x"));
        tokio::time::timeout(Duration::from_secs(1), work)
            .await
            .unwrap_err();
        assert_eq!(*lines.lock().unwrap(), [shown]);
        assert_eq!(fake.count("HEAD "), 1, "it is not asked again at once");
    }
}

#[tokio::test]
async fn a_tokens_lifetime_may_be_any_number() {
    for said in [
        "-1",
        "1e18",
        "1e308",
        "18446744073709551615",
        "99999999999999999999999999",
        "0.5",
        "null",
        "\"300\"",
        "\"soon\"",
    ] {
        let fake = FakeRegistry::start(Knobs {
            login: Login::Token,
            ..Knobs::default()
        })
        .await;
        let token = fake.issue_token(&["repository:a:pull"]);
        let mut answer = Canned::status("GET /token", 200);
        answer.body = format!("{{\"token\": \"{token}\", \"expires_in\": {said}}}");
        fake.set(|knobs| knobs.answers = vec![answer]);
        let client = client(&fake.host, Limits::default());
        let exists = client.blob_exists("a", Digest::of(b"x")).await;
        assert!(!exists.unwrap(), "{said}");
    }
}

#[tokio::test]
async fn a_least_chunk_and_a_range_may_be_any_number() {
    for (header, value) in [
        ("oci-chunk-min-length", "-1"),
        ("oci-chunk-min-length", "18446744073709551616"),
        ("oci-chunk-min-length", "NaN"),
        ("range", "0-18446744073709551615"),
        ("range", "bytes=--1"),
        ("range", "0-1e18"),
    ] {
        let fake = FakeRegistry::start(Knobs::default()).await;
        let client = client(&fake.host, Limits::default());
        client.reach().await.unwrap();
        let mut answer = Canned::status("GET /blobs/uploads/", 204);
        answer.headers.push((header, value.to_owned()));
        let broken = Canned::status("PATCH /blobs/uploads/", 503).retry_at_once();
        let large = Canned::status("PUT /blobs/uploads/", 413);
        fake.set(|knobs| knobs.answers = vec![large, broken, answer]);
        let bytes = vec![7; 5 << 20];
        push(&client, "a", Digest::of(&bytes), &bytes).await.unwrap();
    }
}
