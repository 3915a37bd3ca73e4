//! Artifacts that come through a pipe or from a URL: what is taken, under which name, and what not.

use std::{
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use kubectl_b2i::{
    error::{Failure, Kind},
    model::{ArtifactPlace, Event, Events, Expected, Step},
    oci::Digest,
    steps::fetch::{self, Fetched},
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    archive::{plain_jar, war},
    elf::Elf,
    run::Run,
};

const MIB: u64 = 1 << 20;

/// A server on loopback with one file at several addresses.
pub(crate) async fn server() -> SocketAddr {
    let jar = || async { plain_jar().bytes() };
    let redirect = |to: String| async move { (StatusCode::FOUND, [(header::LOCATION, to)]) };
    let named = || async {
        let name = "attachment; filename=\"from-header.war\"";
        ([(header::CONTENT_DISPOSITION, name)], war("javax").bytes())
    };
    let endless = || async {
        let part = || Ok::<_, std::io::Error>(Bytes::from(vec![0; 64 << 10]));
        Body::from_stream(futures_util::stream::iter(std::iter::repeat_with(part))).into_response()
    };
    let who = |headers: HeaderMap| async move {
        let is_ann = headers
            .get(header::AUTHORIZATION)
            .is_some_and(|value| value == "Basic YW5uOnMzY3JldA==");
        if is_ann {
            (StatusCode::OK, plain_jar().bytes())
        } else {
            (StatusCode::UNAUTHORIZED, vec![])
        }
    };
    let hop = |request: Request| async move {
        let left: u32 = request.uri().path().rsplit('/').next().unwrap().parse().unwrap();
        let to = if left == 0 {
            "/shop-1.2.jar".to_owned()
        } else {
            format!("/hop/{}", left - 1)
        };
        (StatusCode::FOUND, [(header::LOCATION, to)])
    };
    let app = Router::new()
        .route("/shop-1.2.jar", get(jar))
        .route("/named", get(named))
        .route("/endless.jar", get(endless))
        .route("/private.jar", get(who))
        .route("/hop/{left}", get(hop))
        .route(
            "/to-plain.jar",
            get(move || redirect("http://127.0.0.1:1/shop-1.2.jar".to_owned())),
        )
        .route(
            "/away.jar",
            get(move || redirect("http://192.0.2.1/a.jar".to_owned())),
        )
        .route("/gone.jar", get(|| async { (StatusCode::GONE, "it was here") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

struct Got {
    result: Result<Fetched, Failure>,
    events: Vec<Event>,
}

async fn get_url(url: &str, digest: Option<Digest>, max_bytes: u64) -> Got {
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = events.clone();
    let place = ArtifactPlace::of(url.into());
    let expected = Expected { digest, max_bytes };
    let result = fetch::run(
        &place,
        None,
        &expected,
        &Events::to(move |event| seen.lock().unwrap().push(event)),
    )
    .await;
    let events = events.lock().unwrap().clone();
    Got { result, events }
}

fn warnings(events: &[Event]) -> Vec<&str> {
    let texts = events.iter().filter_map(|event| match event {
        Event::Warning(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn a_download_is_taken_under_its_own_name() {
    let server = server().await;
    let jar = plain_jar().bytes();
    let url = format!("http://{server}/shop-1.2.jar?token=s3cret");
    let got = get_url(&url, None, MIB).await;
    let fetched = got.result.unwrap();
    assert_eq!(fetched.file_name(), "shop-1.2.jar");
    assert_eq!(fs::read(&fetched.local_path).unwrap(), jar);
    let size = jar.len() as u64;
    let all = Event::Bytes {
        step: Step::Inspect,
        done: size,
        total: size,
    };
    assert!(got.events.contains(&all), "{:?}", got.events);
    // Nobody said what it should be: it is said what it was, and the query is not.
    let digest = Digest::of(&jar).hex();
    assert_eq!(
        warnings(&got.events),
        [format!(
            "nobody said what http://{server}/shop-1.2.jar should be; to get the same next time, or nothing: --sha256 {digest}"
        )]
    );
    let path = fetched.local_path.clone();
    drop(fetched);
    assert!(!path.exists() && !path.parent().unwrap().exists());

    let got = get_url(
        &format!("http://{server}/named"),
        Some(Digest::of(&war("javax").bytes())),
        MIB,
    )
    .await;
    assert_eq!(got.result.unwrap().file_name(), "from-header.war");
    assert_eq!(warnings(&got.events), [""; 0]);
}

#[tokio::test]
async fn up_to_five_redirects() {
    let server = server().await;
    let got = get_url(&format!("http://{server}/hop/4"), None, MIB).await;
    assert_eq!(got.result.unwrap().file_name(), "shop-1.2.jar");
    let failure = get_url(&format!("http://{server}/hop/5"), None, MIB)
        .await
        .result
        .unwrap_err();
    assert_eq!(failure.why, "it is redirected more than 5 times");
    // Away from this machine, plain HTTP wants a digest; the address there answers nobody.
    let failure = get_url(&format!("http://{server}/away.jar"), None, MIB)
        .await
        .result
        .unwrap_err();
    assert_eq!(
        failure.why,
        "over plain HTTP anybody on the way can change what comes"
    );
    assert_eq!(failure.anchor, "artifact-url");
}

#[tokio::test]
async fn a_download_that_is_not_what_was_wanted() {
    let server = server().await;
    let jar = Digest::of(&plain_jar().bytes());
    let other = Digest::of(b"other");
    for (path, digest, max_bytes, why, anchor) in [
        (
            "none.jar",
            None,
            MIB,
            "the server answered 404 Not Found",
            "artifact-download",
        ),
        (
            "gone.jar",
            None,
            MIB,
            "the server answered 410 Gone",
            "artifact-download",
        ),
        (
            "private.jar",
            None,
            MIB,
            "the server answered 401 Unauthorized",
            "artifact-download",
        ),
        (
            "shop-1.2.jar",
            None,
            10,
            "bytes, and 10 is the most that we take",
            "artifact-size",
        ),
        (
            "endless.jar",
            None,
            MIB,
            "it has more than 1048576 bytes",
            "artifact-size",
        ),
        (
            "shop-1.2.jar",
            Some(other),
            MIB,
            "it is not what `--sha256` says",
            "artifact-digest",
        ),
    ] {
        let failure = get_url(&format!("http://{server}/{path}"), digest, max_bytes)
            .await
            .result
            .unwrap_err();
        assert_eq!(
            failure.what,
            format!("could not get the artifact `http://{server}/{path}`")
        );
        assert!(failure.why.contains(why), "{path}: {}", failure.why);
        assert_eq!(
            (failure.anchor.as_str(), failure.kind),
            (anchor, Kind::Step),
            "{path}"
        );
    }
    let failure = get_url(&format!("http://{server}/shop-1.2.jar"), Some(other), MIB)
        .await
        .result
        .unwrap_err();
    assert!(
        failure.why.contains(&format!("expected {other}"))
            && failure.why.contains(&format!("found    {jar}"))
    );
}

#[tokio::test]
async fn a_download_that_breaks_off_is_said() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/a.jar", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut asked = [0; 4096];
        let _ = connection.read(&mut asked).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nPK\x03\x04";
        connection.write_all(answer).await.unwrap();
    });
    let failure = get_url(&url, None, MIB).await.result.unwrap_err();
    assert!(
        failure.why.contains("end of file before message length reached"),
        "{}",
        failure.why
    );
    assert_eq!(failure.anchor, "artifact-download");
}

#[tokio::test]
async fn a_login_in_the_address_is_used_and_never_shown() {
    let server = server().await;
    let got = get_url(&format!("http://ann:s3cret@{server}/private.jar"), None, MIB).await;
    assert!(got.result.is_ok());
    assert!(!format!("{:?}", got.events).contains("s3cret"));
    let failure = get_url(
        &format!("http://ann:wrong-s3cret@{server}/private.jar"),
        None,
        MIB,
    )
    .await
    .result
    .unwrap_err();
    assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
    // Nor where nobody answers.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let failure = get_url(&format!("http://ann:s3cret@{free}/a.jar?k=s3cret"), None, MIB)
        .await
        .result
        .unwrap_err();
    assert_eq!(failure.anchor, "artifact-download");
    assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
}

#[tokio::test]
async fn plain_http_from_elsewhere_wants_a_digest() {
    // 192.0.2.0/24 is nobody's: without a digest nothing is even tried.
    let failure = get_url("http://192.0.2.1/a.jar", None, MIB)
        .await
        .result
        .unwrap_err();
    assert_eq!(
        failure.why,
        "over plain HTTP anybody on the way can change what comes"
    );
    assert_eq!(
        failure.next,
        "give an `https://` address, or say what it should be by `--sha256 DIGEST`"
    );
    // The other way round: the port speaks plain HTTP.
    let https = format!("https://{}/shop-1.2.jar", server().await);
    let failure = get_url(&https, None, MIB).await.result.unwrap_err();
    assert_eq!(
        (
            failure.why.as_str(),
            failure.next.as_str(),
            failure.anchor.as_str()
        ),
        (
            "it begins with `https://`, and the server speaks plain HTTP on that port, without TLS",
            "use the server's HTTPS port; or `http://`, and give the digest by `--sha256 DIGEST`",
            "artifact-url"
        )
    );
    let failure = get_url("https://", None, MIB).await.result.unwrap_err();
    assert_eq!(
        (failure.kind, failure.anchor.as_str()),
        (Kind::Usage, "artifact-url")
    );
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("server"), Elf::default().bytes()).unwrap();
    fs::write(folder.path().join("shop.war"), war("jakarta").bytes()).unwrap();
    folder
}

#[test]
fn what_is_piped_in_is_built_like_the_file() {
    let folder = folder();
    let file = folder.path().join("server");
    let build = |from: &str| {
        Run::new(&format!(
            "build {from} --name server --base scratch --output oci-archive:out.tar -q"
        ))
        .in_folder(folder.path())
    };
    let of_file = build("server").ended();
    let of_pipe = build("-").piped(&file).ended();
    assert_eq!((of_pipe.code, of_pipe.stderr.as_str()), (Some(0), ""));
    assert_eq!(of_pipe.stdout, of_file.stdout);
    let digest = Digest::of(&Elf::default().bytes()).hex();
    assert_eq!(
        build(&format!("- --sha256 {digest}")).piped(&file).ended().code,
        Some(0)
    );
}

#[test]
fn a_pipe_needs_a_name_and_has_an_end() {
    let folder = folder();
    let run = |line: &str| Run::new(line).in_folder(folder.path());
    let ended = run("build - --output oci-archive:out.tar")
        .piped(&folder.path().join("server"))
        .ended();
    assert_eq!(ended.code, Some(2));
    assert!(
        ended
            .stderr
            .contains("what comes through a pipe has no file name"),
        "{}",
        ended.stderr
    );
    let ended = run("inspect -").ended();
    assert!(
        ended.code == Some(1) && ended.stderr.contains("it is empty"),
        "{}",
        ended.stderr
    );
    let ended = run("inspect - --max-artifact-size 10")
        .piped(&folder.path().join("server"))
        .ended();
    assert!(
        ended.code == Some(1) && ended.stderr.contains("it has more than 10 bytes"),
        "{}",
        ended.stderr
    );
    for command in ["inspect", "runtimes"] {
        let ended = run(&format!("{command} -"))
            .piped(&folder.path().join("shop.war"))
            .ended();
        assert!(
            ended.code == Some(0) && ended.stdout.contains("WAR · jakarta.servlet"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_file_is_held_against_its_digest_too() {
    let folder = folder();
    let run = |digest: &str| {
        Run::new(&format!("inspect server --sha256 {digest}"))
            .in_folder(folder.path())
            .ended()
    };
    let digest = Digest::of(&Elf::default().bytes());
    assert_eq!(run(&digest.to_string()).code, Some(0));
    assert_eq!(run(&digest.hex().to_uppercase()).code, Some(0));
    let ended = run(&Digest::of(b"").hex());
    assert!(
        ended.code == Some(1) && ended.stderr.contains("#artifact-digest"),
        "{}",
        ended.stderr
    );
    assert_eq!(run("abc").code, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_names_the_app_and_leaves_nothing_behind() {
    let server = server().await;
    let folder = folder();
    let spool = tempfile::tempdir().unwrap();
    let line = format!("build http://{server}/shop-1.2.jar --base scratch --output oci-archive:out.tar");
    let run = Run::new(&line)
        .in_folder(folder.path())
        .env("TMPDIR", spool.path().to_str().unwrap());
    let ended = tokio::task::spawn_blocking(|| run.ended()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.starts_with("localhost/shop@sha256:"),
        "{}",
        ended.stdout
    );
    assert!(
        ended
            .stderr
            .contains("warning: nobody said what http://127.0.0.1"),
        "{}",
        ended.stderr
    );
    assert_eq!(fs::read_dir(spool.path()).unwrap().count(), 0);
}
