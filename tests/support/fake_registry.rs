//! A registry on loopback that is strict where real ones are, and fails on demand where real ones
//! will not. `registry_cases` holds it to the same behaviour as CNCF distribution.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{StreamExt, stream};
use kubectl_b2i::oci::Digest;
use serde_json::{Value, json};

pub const USER: &str = "dev";
pub const PASSWORD: &str = "s3cret";
pub const REFRESH_TOKEN: &str = "refresh-s3cret";

/// A running registry; it ends when dropped.
pub struct FakeRegistry {
    pub host: String,
    state: Arc<Mutex<Inner>>,
    server: tokio::task::JoinHandle<()>,
    front: Option<tokio::task::JoinHandle<()>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Login {
    #[default]
    Open,
    Basic,
    Token,
}

/// What it does wrong, and how it is set up.
#[derive(Default)]
pub struct Knobs {
    pub login: Login,
    /// Answers for the next requests that match, used up one by one.
    pub answers: Vec<Canned>,
    /// Mounts are refused: the upload begins as if nothing had been said of a mount.
    pub refuses_mounts: bool,
    /// HEAD says that they are there, and a manifest that names them is refused.
    pub lost: BTreeSet<Digest>,
    /// Whether that refusal says which.
    pub is_silent_on_lost: bool,
    pub has_immutable_tags: bool,
    /// Blobs are at this host.
    pub redirects_blobs_to: Option<String>,
    /// So many blob answers break off in the middle.
    pub breaks_off: usize,
    /// Tokens stop to be good after so many requests.
    pub revokes_tokens_after: Option<usize>,
    pub token_lifetime_seconds: Option<u64>,
    /// A longer body is refused before it is read, as a proxy does.
    pub largest_body: Option<usize>,
    /// Said of an upload: its chunks must not be smaller.
    pub least_chunk: Option<usize>,
    /// An upload whose request broke off is not known any more (distribution 2.8).
    pub forgets_broken_uploads: bool,
    /// A PATCH without a length is taken, as the specification has it; Google's registry takes none.
    pub takes_streams: bool,
    /// Never answers a request whose line contains this.
    pub hangs_on: Option<String>,
}

/// An answer out of turn.
pub struct Canned {
    /// `POST /v2/`: method and part of the path.
    pub request: &'static str,
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Canned {
    pub fn status(request: &'static str, status: u16) -> Self {
        Self {
            request,
            status,
            headers: vec![],
            body: String::new(),
        }
    }

    pub fn code(request: &'static str, status: u16, code: &str, message: &str) -> Self {
        Self {
            body: json!({"errors": [{"code": code, "message": message}]}).to_string(),
            ..Self::status(request, status)
        }
    }

    pub fn retry_at_once(mut self) -> Self {
        self.headers.push(("retry-after", "0".into()));
        self
    }
}

#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET /v2/team/shop/manifests/latest`, with query.
    pub line: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Default)]
struct Inner {
    host: String,
    realm_scheme: &'static str,
    knobs: Knobs,
    seen: Vec<Seen>,
    blobs: HashMap<(String, Digest), Bytes>,
    manifests: HashMap<(String, Digest), (String, Bytes)>,
    tags: BTreeMap<(String, String), Digest>,
    /// Repository, and what has come in chunks.
    uploads: BTreeMap<String, (String, Vec<u8>)>,
    /// Token, and the scopes it is for.
    tokens: BTreeMap<String, Vec<String>>,
    issued: usize,
    /// Sizes of the chunks that came whole.
    chunks: Vec<usize>,
    refused_bodies: usize,
}

impl FakeRegistry {
    pub async fn start(knobs: Knobs) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(Inner {
            host: host.clone(),
            realm_scheme: "http",
            knobs,
            ..Inner::default()
        }));
        let router = Router::new().fallback(handle).with_state(state.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            host,
            state,
            server,
            front: None,
        }
    }

    /// The same behind TLS, with a certificate of `tests/fixtures/tls`.
    pub async fn start_with_tls(knobs: Knobs, certificate: &str) -> Self {
        let mut fake = Self::start(knobs).await;
        let (host, server) = super::tls_front::start(certificate, &fake.host).await;
        fake.inner().host.clone_from(&host);
        fake.inner().realm_scheme = "https";
        fake.front = Some(server);
        fake.host = host;
        fake
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap()
    }

    pub fn set(&self, change: impl FnOnce(&mut Knobs)) {
        change(&mut self.inner().knobs)
    }

    /// Requests so far, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        self.inner().seen.clone()
    }

    /// How many requests had a line that contains this.
    pub fn count(&self, part: &str) -> usize {
        self.seen().iter().filter(|seen| seen.line.contains(part)).count()
    }

    pub fn forget_seen(&self) {
        self.inner().seen.clear()
    }

    /// Sizes of the chunks that came whole, in their order.
    pub fn chunks(&self) -> Vec<usize> {
        self.inner().chunks.clone()
    }

    pub fn refused_bodies(&self) -> usize {
        self.inner().refused_bodies
    }

    pub fn open_uploads(&self) -> usize {
        self.inner().uploads.len()
    }

    pub fn blob(&self, repository: &str, digest: Digest) -> Option<Bytes> {
        self.inner().blobs.get(&(repository.into(), digest)).cloned()
    }

    pub fn tags(&self, repository: &str) -> BTreeMap<String, Digest> {
        let inner = self.inner();
        let of = inner.tags.iter().filter(|((r, _), _)| r == repository);
        of.map(|((_, tag), digest)| (tag.clone(), *digest)).collect()
    }

    /// Digest of what a tag names in any repository; tests use a tag once.
    pub fn manifest_digest(&self, tag: &str) -> Digest {
        let inner = self.inner();
        *inner.tags.iter().find(|((_, t), _)| t == tag).unwrap().1
    }

    pub fn manifest(&self, repository: &str, digest: Digest) -> Option<Value> {
        let inner = self.inner();
        let (_, bytes) = inner.manifests.get(&(repository.into(), digest))?;
        serde_json::from_slice(bytes).ok()
    }

    /// A token for these scopes, as an operator makes one.
    pub fn issue_token(&self, scopes: &[&str]) -> String {
        let mut inner = self.inner();
        inner.issued += 1;
        let token = format!("token-{}", inner.issued);
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        inner.tokens.insert(token.clone(), scopes);
        token
    }

    /// Puts a blob there, no questions asked.
    pub fn seed_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let key = (repository.to_owned(), digest);
        self.inner().blobs.insert(key, Bytes::copy_from_slice(bytes));
        digest
    }

    pub fn seed_wrong_blob(&self, repository: &str, digest: Digest, bytes: &[u8]) {
        let key = (repository.to_owned(), digest);
        self.inner().blobs.insert(key, Bytes::copy_from_slice(bytes));
    }

    pub fn seed_manifest(&self, repository: &str, tag: &str, media_type: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let mut inner = self.inner();
        let manifest = (media_type.to_owned(), Bytes::copy_from_slice(bytes));
        inner.manifests.insert((repository.into(), digest), manifest);
        inner.tags.insert((repository.into(), tag.into()), digest);
        digest
    }
}

impl Drop for FakeRegistry {
    fn drop(&mut self) {
        self.server.abort();
        if let Some(front) = &self.front {
            front.abort()
        }
    }
}

/// `/v2/<repository>/<kind>/<rest>`
fn split(path: &str) -> Option<(&str, &str, &str)> {
    let path = path.strip_prefix("/v2/")?;
    ["/blobs/uploads/", "/blobs/", "/manifests/", "/tags/"]
        .iter()
        .find_map(|kind| {
            let (repository, rest) = path.split_once(kind)?;
            Some((repository, kind.trim_matches('/'), rest))
        })
}

fn query(text: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}")).unwrap();
    url.query_pairs().map(|(k, v)| (k.into(), v.into())).collect()
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
}

fn refuse(status: u16, code: &str, detail: Value) -> Response {
    let body = json!({"errors": [{"code": code, "message": code.to_lowercase(), "detail": detail}]});
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

/// A body, as far as it came, and whether that is all of it.
async fn collect(body: Body) -> (Bytes, bool) {
    let mut all = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => all.extend_from_slice(&chunk),
            Err(_) => return (all.into(), false),
        }
    }
    (all.into(), true)
}

async fn handle(State(state): State<Arc<Mutex<Inner>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let line = format!("{} {}", parts.method, parts.uri);
    let is_chunked = parts.headers.contains_key(header::TRANSFER_ENCODING);
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let length: usize = length.map_or(0, |length| length.to_str().unwrap().parse().unwrap());
    if state
        .lock()
        .unwrap()
        .knobs
        .largest_body
        .is_some_and(|largest| length > largest)
    {
        state.lock().unwrap().refused_bodies += 1;
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let (body, is_whole) = collect(body).await;
    if !is_whole {
        state
            .lock()
            .unwrap()
            .broken_off(&parts.method, parts.uri.path(), &body);
        return refuse(400, "SIZE_INVALID", Value::Null);
    }
    let hangs = {
        let mut inner = state.lock().unwrap();
        inner.seen.push(Seen {
            line: line.clone(),
            headers: parts.headers.clone(),
            body: body.clone(),
        });
        inner
            .knobs
            .hangs_on
            .as_ref()
            .is_some_and(|part| line.contains(part))
    };
    if hangs {
        std::future::pending::<()>().await;
    }
    let mut inner = state.lock().unwrap();
    if let Some(at) = inner.knobs.answers.iter().position(|canned| {
        let (method, path) = canned.request.split_once(' ').unwrap();
        parts.method.as_str() == method && parts.uri.path().contains(path)
    }) {
        let canned = inner.knobs.answers.remove(at);
        let mut response = Response::new(Body::from(canned.body));
        *response.status_mut() = StatusCode::from_u16(canned.status).unwrap();
        for (name, value) in canned.headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        return response;
    }
    let path = parts.uri.path().to_owned();
    let pairs = query(parts.uri.query().unwrap_or(""));
    if path == "/token" {
        return inner.token(&parts.method, &parts.headers, &pairs, &body);
    }
    if path == "/v2/" {
        return match inner.knobs.login {
            Login::Open => StatusCode::OK.into_response(),
            _ => inner.authorize_any(&parts.headers),
        };
    }
    let Some((repository, kind, rest)) = split(&path) else {
        return refuse(404, "UNSUPPORTED", Value::Null);
    };
    if let Err(refusal) = inner.authorize(&parts.method, &parts.headers, repository, &pairs) {
        return refusal;
    }
    if is_chunked && !(inner.knobs.takes_streams && parts.method == Method::PATCH) {
        return refuse(411, "SIZE_INVALID", json!("no Content-Length"));
    }
    match (parts.method.as_str(), kind) {
        ("POST", "blobs/uploads") => inner.start_upload(repository, &pairs),
        ("PUT", "blobs/uploads") => inner.end_upload(repository, rest, &pairs, &body),
        ("PATCH", "blobs/uploads") => inner.chunk(repository, rest, &pairs, &parts.headers, &body),
        ("GET", "blobs/uploads") => inner.progress(repository, rest),
        ("DELETE", "blobs/uploads") => match inner.uploads.remove(rest) {
            Some(_) => StatusCode::NO_CONTENT.into_response(),
            None => refuse(404, "BLOB_UPLOAD_UNKNOWN", Value::Null),
        },
        ("GET" | "HEAD", "blobs") => {
            inner.blob(repository, rest, &parts.headers, parts.method == Method::HEAD)
        }
        // The server that this runs on leaves the body out of an answer to HEAD.
        ("GET" | "HEAD", "manifests") => inner.get_manifest(repository, rest),
        ("GET", "tags") => inner.list_tags(repository),
        ("PUT", "manifests") => inner.put_manifest(repository, rest, &parts.headers, &body),
        _ => refuse(405, "UNSUPPORTED", Value::Null),
    }
}

impl Inner {
    /// `/v2/` only asks who it is.
    fn authorize_any(&mut self, headers: &HeaderMap) -> Response {
        let sent = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
        if self.knobs.login == Login::Token && token.is_some_and(|token| self.tokens.contains_key(token)) {
            return StatusCode::OK.into_response();
        }
        match self.authorize(&Method::GET, headers, "-", &[]) {
            Ok(()) => StatusCode::OK.into_response(),
            Err(refusal) => refusal,
        }
    }

    fn authorize(
        &mut self,
        method: &Method,
        headers: &HeaderMap,
        repository: &str,
        pairs: &[(String, String)],
    ) -> Result<(), Response> {
        let sent = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let challenge = match self.knobs.login {
            Login::Open => return Ok(()),
            Login::Basic if sent == Some(&basic()) => return Ok(()),
            Login::Basic => "Basic realm=\"fake\"".to_owned(),
            Login::Token => {
                let push = !matches!(*method, Method::GET | Method::HEAD);
                let mut wanted = vec![format!(
                    "repository:{repository}:{}",
                    if push { "pull,push" } else { "pull" }
                )];
                if let Some(from) = value(pairs, "from") {
                    wanted.push(format!("repository:{from}:pull"))
                }
                let held = sent.and_then(|sent| self.tokens.get(sent.strip_prefix("Bearer ")?));
                let covers = |held: &Vec<String>, scope: &String| {
                    held.contains(scope) || held.contains(&scope.replace(":pull", ":pull,push"))
                };
                if held.is_some_and(|held| wanted.iter().all(|scope| covers(held, scope))) {
                    if let Some(left) = &mut self.knobs.revokes_tokens_after {
                        *left -= 1;
                        if *left == 0 {
                            self.knobs.revokes_tokens_after = None;
                            self.tokens.clear()
                        }
                    }
                    return Ok(());
                }
                let realm = format!("{}://{}/token", self.realm_scheme, self.host);
                format!(
                    "Bearer realm=\"{realm}\",service=\"fake\",scope=\"{}\"",
                    wanted[0]
                )
            }
        };
        let mut response = refuse(401, "UNAUTHORIZED", Value::Null);
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
        Err(response)
    }

    fn token(
        &mut self,
        method: &Method,
        headers: &HeaderMap,
        pairs: &[(String, String)],
        body: &Bytes,
    ) -> Response {
        let form = query(std::str::from_utf8(body).unwrap());
        let (is_known, pairs) = match *method {
            Method::POST => (
                value(&form, "refresh_token") == Some(REFRESH_TOKEN),
                form.as_slice(),
            ),
            _ => {
                let sent = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
                (sent == Some(&basic()), pairs)
            }
        };
        if !is_known || value(pairs, "service") != Some("fake") {
            return refuse(401, "UNAUTHORIZED", Value::Null);
        }
        let scopes = pairs.iter().filter(|(name, _)| name == "scope");
        let scopes = scopes
            .flat_map(|(_, scope)| scope.split(' ').map(str::to_owned))
            .collect();
        self.issued += 1;
        let token = format!("token-{}", self.issued);
        self.tokens.insert(token.clone(), scopes);
        axum::Json(json!({"token": token, "expires_in": self.knobs.token_lifetime_seconds})).into_response()
    }

    fn start_upload(&mut self, repository: &str, pairs: &[(String, String)]) -> Response {
        if let (Some(digest), Some(from)) = (value(pairs, "mount"), value(pairs, "from"))
            && !self.knobs.refuses_mounts
            && let Ok(digest) = digest.parse::<Digest>()
            && let Some(bytes) = self.blobs.get(&(from.to_owned(), digest)).cloned()
        {
            self.blobs.insert((repository.into(), digest), bytes);
            return StatusCode::CREATED.into_response();
        }
        self.issued += 1;
        let id = format!("upload-{}", self.issued);
        self.uploads.insert(id.clone(), (repository.into(), Vec::new()));
        let location = format!("/v2/{repository}/blobs/uploads/{id}?_state=s{id}-0");
        let mut response = (StatusCode::ACCEPTED, [(header::LOCATION, location)]).into_response();
        if let Some(least) = self.knobs.least_chunk {
            response
                .headers_mut()
                .insert("oci-chunk-min-length", least.into());
        }
        response
    }

    /// The state says how much has come, so that an old one is found out.
    fn accepted(&self, status: StatusCode, repository: &str, id: &str) -> Response {
        let received = self.uploads[id].1.len();
        let location = format!("/v2/{repository}/blobs/uploads/{id}?_state=s{id}-{received}");
        let range = format!("0-{}", received.saturating_sub(1));
        (status, [(header::LOCATION, location), (header::RANGE, range)]).into_response()
    }

    fn progress(&self, repository: &str, id: &str) -> Response {
        match self.uploads.get(id) {
            Some((of, _)) if of == repository => self.accepted(StatusCode::NO_CONTENT, repository, id),
            _ => refuse(404, "BLOB_UPLOAD_UNKNOWN", Value::Null),
        }
    }

    fn chunk(
        &mut self,
        repository: &str,
        id: &str,
        pairs: &[(String, String)],
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Response {
        let Some((of, received)) = self.uploads.get_mut(id) else {
            return refuse(404, "BLOB_UPLOAD_UNKNOWN", Value::Null);
        };
        let range = format!("{}-{}", received.len(), received.len() + body.len() - 1);
        let is_stream = headers.contains_key(header::TRANSFER_ENCODING);
        if !is_stream && headers.get(header::CONTENT_RANGE).and_then(|v| v.to_str().ok()) != Some(&range) {
            return refuse(416, "BLOB_UPLOAD_INVALID", json!(range));
        }
        if of != repository || value(pairs, "_state") != Some(&format!("s{id}-{}", received.len())) {
            return refuse(400, "BLOB_UPLOAD_INVALID", json!("the Location's query is old"));
        }
        received.extend_from_slice(body);
        self.chunks.push(body.len());
        self.accepted(StatusCode::ACCEPTED, repository, id)
    }

    fn list_tags(&self, repository: &str) -> Response {
        let tags: Vec<_> = self
            .tags
            .keys()
            .filter(|(of, _)| of == repository)
            .map(|(_, tag)| tag)
            .collect();
        if tags.is_empty() {
            return refuse(404, "NAME_UNKNOWN", Value::Null);
        }
        axum::Json(json!({ "name": repository, "tags": tags })).into_response()
    }

    /// A request whose body came to `body` and no further.
    fn broken_off(&mut self, method: &Method, path: &str, body: &Bytes) {
        let Some((_, "blobs/uploads", id)) = split(path) else {
            return;
        };
        if self.knobs.forgets_broken_uploads || method != Method::PATCH {
            self.uploads.remove(id);
        } else if let Some((_, received)) = self.uploads.get_mut(id) {
            received.extend_from_slice(body);
        }
    }

    fn end_upload(
        &mut self,
        repository: &str,
        id: &str,
        pairs: &[(String, String)],
        body: &Bytes,
    ) -> Response {
        let Some((of, mut received)) = self.uploads.remove(id) else {
            return refuse(404, "BLOB_UPLOAD_UNKNOWN", Value::Null);
        };
        if of != repository || value(pairs, "_state") != Some(&format!("s{id}-{}", received.len())) {
            return refuse(400, "BLOB_UPLOAD_INVALID", json!("the Location's query is lost"));
        }
        received.extend_from_slice(body);
        let digest = value(pairs, "digest").and_then(|digest| digest.parse::<Digest>().ok());
        match digest {
            Some(digest) if digest == Digest::of(&received) => {
                self.blobs.insert((repository.into(), digest), received.into());
                self.knobs.lost.remove(&digest);
                StatusCode::CREATED.into_response()
            }
            _ => refuse(400, "DIGEST_INVALID", Value::Null),
        }
    }

    fn blob(&mut self, repository: &str, digest: &str, headers: &HeaderMap, is_head: bool) -> Response {
        let Ok(digest) = digest.parse::<Digest>() else {
            return refuse(400, "DIGEST_INVALID", Value::Null);
        };
        let stored = self.blobs.get(&(repository.to_owned(), digest)).cloned();
        if is_head && self.knobs.lost.contains(&digest) {
            return StatusCode::OK.into_response();
        }
        let Some(bytes) = stored else {
            return refuse(404, "BLOB_UNKNOWN", json!({"digest": digest}));
        };
        if is_head {
            return ([(header::CONTENT_LENGTH, bytes.len())], ()).into_response();
        }
        if let Some(host) = &self.knobs.redirects_blobs_to {
            let url = format!("http://{host}/v2/{repository}/blobs/{digest}?signature=s3cret");
            return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, url)]).into_response();
        }
        let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
        let offset = range.map(|range| range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap());
        let offset: usize = offset.map_or(0, |offset| offset.parse().unwrap());
        if offset > 0 && offset >= bytes.len() {
            return refuse(416, "RANGE_INVALID", Value::Null);
        }
        let rest = bytes.slice(offset..);
        let status = if range.is_some() {
            StatusCode::PARTIAL_CONTENT
        } else {
            StatusCode::OK
        };
        let length = [(header::CONTENT_LENGTH, rest.len())];
        if self.knobs.breaks_off > 0 {
            self.knobs.breaks_off -= 1;
            let half = rest.slice(..rest.len() / 2);
            // The server sends what it has when there is nothing more for the moment.
            let error = async {
                tokio::task::yield_now().await;
                Err(std::io::Error::other("broken off"))
            };
            let broken = stream::iter([Ok(half)]).chain(stream::once(error));
            return (status, length, Body::from_stream(broken)).into_response();
        }
        (status, length, rest).into_response()
    }

    fn get_manifest(&self, repository: &str, reference: &str) -> Response {
        let by_tag = || {
            self.tags
                .get(&(repository.to_owned(), reference.to_owned()))
                .copied()
        };
        let digest = reference.parse::<Digest>().ok().or_else(by_tag);
        let found = digest.and_then(|digest| self.manifests.get(&(repository.to_owned(), digest)));
        match found {
            Some((media_type, bytes)) => {
                let digest = digest.map(|digest| digest.to_string()).unwrap_or_default();
                let headers = [
                    ("content-type", media_type.clone()),
                    ("docker-content-digest", digest),
                ];
                (headers, bytes.clone()).into_response()
            }
            None => refuse(404, "MANIFEST_UNKNOWN", json!({"name": repository})),
        }
    }

    fn put_manifest(
        &mut self,
        repository: &str,
        reference: &str,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Response {
        let media_type = headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        let Ok(manifest) = serde_json::from_slice::<Value>(body) else {
            return refuse(400, "MANIFEST_INVALID", Value::Null);
        };
        if manifest["mediaType"] != media_type.as_str() {
            return refuse(400, "MANIFEST_INVALID", json!("the media types differ"));
        }
        let digest = Digest::of(body);
        if reference.parse::<Digest>().is_ok_and(|asked| asked != digest) {
            return refuse(400, "DIGEST_INVALID", Value::Null);
        }
        let list = |name: &str| manifest[name].as_array().cloned().unwrap_or_default();
        let named = |item: &Value| item["digest"].as_str().unwrap().parse::<Digest>().unwrap();
        let blobs = list("layers").into_iter().chain(manifest.get("config").cloned());
        for item in blobs.filter(|item| item.get("urls").is_none()) {
            let blob = named(&item);
            if self.knobs.lost.contains(&blob) || !self.blobs.contains_key(&(repository.into(), blob)) {
                let detail = if self.knobs.is_silent_on_lost {
                    Value::Null
                } else {
                    json!({"digest": blob})
                };
                return refuse(404, "MANIFEST_BLOB_UNKNOWN", detail);
            }
        }
        for item in list("manifests") {
            if !self.manifests.contains_key(&(repository.into(), named(&item))) {
                return refuse(404, "MANIFEST_UNKNOWN", Value::Null);
            }
        }
        if reference.parse::<Digest>().is_err() {
            let tag = (repository.to_owned(), reference.to_owned());
            if self.knobs.has_immutable_tags && self.tags.get(&tag).is_some_and(|had| *had != digest) {
                return refuse(400, "TAG_INVALID", json!("the repository is immutable"))
                    .map(|_| Body::from(r#"{"errors":[{"code":"TAG_INVALID","message":"the tag cannot be overwritten because the repository is immutable"}]}"#));
            }
            self.tags.insert(tag, digest);
        }
        self.manifests
            .insert((repository.into(), digest), (media_type, body.clone()));
        StatusCode::CREATED.into_response()
    }
}

fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")))
}
