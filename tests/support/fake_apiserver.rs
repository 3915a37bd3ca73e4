//! A Kubernetes API server in memory, for faults that a real one does not show on demand: objects,
//! selectors, watches, resourceVersion and generation; no validation, no defaults, no controllers
//! but those that a test brings.
use std::{
    collections::BTreeMap,
    convert::Infallible,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Query, Request, State},
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use kubectl_b2i::cluster::Cluster;
use serde_json::{Value, json};
use tokio::sync::watch;

type Params = BTreeMap<String, String>;
type Rule = Box<dyn Fn(&Method, &str) -> Option<(u16, String)> + Send>;
type Interlude = (&'static str, &'static str, Box<dyn FnOnce(&FakeApiServer) + Send>);
type Controller = Box<dyn Fn(&FakeApiServer, &str, &Value) + Send + Sync>;

/// One server; clones are the same.
#[derive(Clone)]
pub struct FakeApiServer(Arc<Inner>);

struct Inner {
    url: String,
    store: Mutex<Store>,
    version: watch::Sender<u64>,
    rules: Mutex<Vec<Rule>>,
    controllers: Mutex<Vec<Arc<Controller>>>,
    interludes: Mutex<Vec<Interlude>>,
}

#[derive(Default)]
struct Store {
    /// Collection path and name to object.
    objects: BTreeMap<(String, String), Value>,
    /// Version, collection path, what happened, object.
    history: Vec<(u64, String, &'static str, Value)>,
    logs: BTreeMap<String, String>,
    /// Pods that write a line of so many MiB before their log.
    long_lines: BTreeMap<String, usize>,
    requests: Vec<String>,
    /// What the person may not do: `verb resource[/subresource]`.
    denied: Vec<String>,
}

/// What the plugin keeps on this machine between the runs against one server.
pub fn state_folder(url: &str) -> PathBuf {
    let port = url.rsplit(':').next().unwrap();
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("state-{port}"))
}

impl FakeApiServer {
    /// Starts a server on loopback and returns it with a connection to its namespace `shop`.
    pub async fn start() -> (Self, Cluster) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // The port may have been another test's.
        let _ = std::fs::remove_dir_all(state_folder(&url));
        let server = Self(Arc::new(Inner {
            url: url.clone(),
            store: Mutex::default(),
            version: watch::channel(1).0,
            rules: Mutex::default(),
            controllers: Mutex::default(),
            interludes: Mutex::default(),
        }));
        let app = Router::new().fallback(serve).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let mut config = kube::Config::new(url.parse().unwrap());
        config.root_cert = Some(Vec::new());
        let cluster = Cluster::new(kube::Client::try_from(config).unwrap(), "shop", &url);
        (server, cluster)
    }

    /// Returns where it listens.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Answers these requests with this code and message.
    pub fn refuse(&self, method: &'static str, path_part: &'static str, code: u16, message: &'static str) {
        let rule: Rule = Box::new(move |asked, path| {
            (asked == method && path.contains(path_part)).then(|| (code, message.to_owned()))
        });
        self.0.rules.lock().unwrap().push(rule);
    }

    /// Answers requests for just this path with this code and message.
    pub fn refuse_exactly(&self, method: &'static str, path: &'static str, code: u16, message: &'static str) {
        let rule: Rule =
            Box::new(move |asked, at| (asked == method && at == path).then(|| (code, message.to_owned())));
        self.0.rules.lock().unwrap().push(rule);
    }

    /// Answers requests with a code and a message where `rule` returns them.
    pub fn answer(&self, rule: impl Fn(&Method, &str) -> Option<(u16, String)> + Send + 'static) {
        self.0.rules.lock().unwrap().push(Box::new(rule));
    }

    /// Calls this after each write of a client: collection path and object.
    pub fn controller(&self, controller: impl Fn(&Self, &str, &Value) + Send + Sync + 'static) {
        self.0
            .controllers
            .lock()
            .unwrap()
            .push(Arc::new(Box::new(controller)));
    }

    /// Does something once, before the next request like this is answered: what another client does at that
    /// moment. Several for one request follow each other, one for each.
    pub fn before(
        &self,
        method: &'static str,
        path_part: &'static str,
        interlude: impl FnOnce(&Self) + Send + 'static,
    ) {
        let interlude: Interlude = (method, path_part, Box::new(interlude));
        self.0.interludes.lock().unwrap().push(interlude);
    }

    fn interlude(&self, method: &Method, path: &str) {
        let mut interludes = self.0.interludes.lock().unwrap();
        let next = interludes
            .iter()
            .position(|(asked, part, _)| method == asked && path.contains(part));
        let next = next.map(|at| interludes.remove(at));
        drop(interludes);
        if let Some((.., interlude)) = next {
            interlude(self);
        }
    }

    /// Stores an object, as a controller or another client would.
    pub fn put(&self, collection: &str, mut object: Value) -> Value {
        let key = (
            collection.to_owned(),
            object["metadata"]["name"].as_str().unwrap().to_owned(),
        );
        let version = *self.0.version.borrow() + 1;
        let mut store = self.0.store.lock().unwrap();
        object["metadata"]["namespace"] = json!("shop");
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        if object["metadata"]["uid"].is_null() {
            let before = store
                .objects
                .get(&key)
                .map(|before| before["metadata"]["uid"].clone());
            object["metadata"]["uid"] = before.unwrap_or_else(|| json!(format!("uid-{version}")));
        }
        own_by_job(&store, collection, &mut object);
        let happened = if store.objects.contains_key(&key) {
            "MODIFIED"
        } else {
            "ADDED"
        };
        store.objects.insert(key, object.clone());
        store
            .history
            .push((version, collection.to_owned(), happened, object.clone()));
        drop(store);
        self.0.version.send_replace(version);
        object
    }

    /// Removes an object.
    pub fn remove(&self, collection: &str, name: &str) -> Option<Value> {
        let version = *self.0.version.borrow() + 1;
        let mut store = self.0.store.lock().unwrap();
        let mut object = store.objects.remove(&(collection.to_owned(), name.to_owned()))?;
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        store
            .history
            .push((version, collection.to_owned(), "DELETED", object.clone()));
        drop(store);
        self.0.version.send_replace(version);
        Some(object)
    }

    /// Returns an object.
    pub fn get(&self, collection: &str, name: &str) -> Option<Value> {
        let store = self.0.store.lock().unwrap();
        store
            .objects
            .get(&(collection.to_owned(), name.to_owned()))
            .cloned()
    }

    /// Returns the objects of a collection that are there now.
    pub fn all(&self, collection: &str) -> Vec<Value> {
        let store = self.0.store.lock().unwrap();
        let of_collection = store.objects.iter().filter(|((path, _), _)| path == collection);
        of_collection.map(|(_, object)| object.clone()).collect()
    }

    /// Returns every version of every object of a collection that ever was there.
    pub fn ever(&self, collection: &str) -> Vec<Value> {
        let store = self.0.store.lock().unwrap();
        let of_collection = store.history.iter().filter(|(_, path, ..)| path == collection);
        of_collection.map(|(.., object)| object.clone()).collect()
    }

    /// Sets the log of a Pod.
    pub fn log(&self, pod: &str, text: &str) {
        self.0
            .store
            .lock()
            .unwrap()
            .logs
            .insert(pod.to_owned(), text.to_owned());
    }

    /// Lets the log of a Pod begin with a line of so many MiB.
    pub fn long_line(&self, pod: &str, mebibytes: usize) {
        let mut store = self.0.store.lock().unwrap();
        store.long_lines.insert(pod.to_owned(), mebibytes);
    }

    /// Lets a SelfSubjectAccessReview say no: `verb resource[/subresource]`. It refuses nothing itself.
    pub fn deny(&self, right: &str) {
        self.0.store.lock().unwrap().denied.push(right.to_owned());
    }

    /// Waits until a request like this was made.
    pub async fn saw(&self, request: &str) {
        let mut seen = self.0.version.subscribe();
        while !self.requests().iter().any(|made| made == request) {
            seen.changed().await.unwrap();
        }
    }

    /// Returns the requests so far, `METHOD path`.
    pub fn requests(&self) -> Vec<String> {
        self.0.store.lock().unwrap().requests.clone()
    }

    fn written(&self, collection: &str, object: Value) -> Response {
        let object = self.put(collection, object);
        for controller in self.0.controllers.lock().unwrap().clone() {
            controller(self, collection, &object);
        }
        Json(object).into_response()
    }
}

/// As the Job controller makes a Pod of a Job, where a test did not say the owner itself.
fn own_by_job(store: &Store, collection: &str, pod: &mut Value) {
    if !collection.ends_with("/pods") || !pod["metadata"]["ownerReferences"].is_null() {
        return;
    }
    let jobs = collection
        .replace("/api/v1", "/apis/batch/v1")
        .replace("/pods", "/jobs");
    let labels = &pod["metadata"]["labels"];
    let name = labels["job-name"].as_str().unwrap_or_default().to_owned();
    let job = store.objects.get(&(jobs, name.clone()));
    let uid = match job {
        Some(job) => job["metadata"]["uid"].clone(),
        None => labels["controller-uid"].clone(),
    };
    if uid.is_string() {
        pod["metadata"]["labels"]["controller-uid"] = uid.clone();
        pod["metadata"]["ownerReferences"] = json!([{ "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid, "controller": true }]);
    }
}

async fn serve(State(server): State<FakeApiServer>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 22).await.unwrap();
    let path = parts.uri.path().to_owned();
    let asked = format!("{} {path}", parts.method);
    server.0.store.lock().unwrap().requests.push(asked);
    // Wakes those who wait for a request; watches find nothing new.
    server.0.version.send_modify(|_| {});
    server.interlude(&parts.method, &path);
    for rule in server.0.rules.lock().unwrap().iter() {
        if let Some((code, message)) = rule(&parts.method, &path) {
            return status(code, &message);
        }
    }
    if let Some(answer) = about_itself(&server, &parts.method, &path, &body) {
        return answer;
    }
    let params = query(&parts.uri);
    // /api/v1/namespaces/shop/pods[/name[/log]] or /apis/apps/v1/namespaces/shop/deployments[/name]
    let parents = if path.starts_with("/apis/") { 6 } else { 5 };
    let words: Vec<&str> = path[1..].split('/').collect();
    let collection = format!("/{}", words[..parents.min(words.len())].join("/"));
    match (parts.method.clone(), words.get(parents), words.get(parents + 1)) {
        (Method::GET, Some(name), Some(&"log")) => {
            let store = server.0.store.lock().unwrap();
            let log = store.logs.get(*name).cloned().unwrap_or_default();
            let count = store.long_lines.get(*name).copied().unwrap_or_default();
            let piece = Bytes::from(vec![b'a'; 1 << 20]);
            let pieces = std::iter::repeat_n(piece, count).chain([Bytes::from(log)]);
            Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>))).into_response()
        }
        (Method::GET, None, _) if params.contains_key("watch") => watch_answer(server, collection, params),
        (Method::GET, None, _) => list(&server, &collection, &params),
        (method, name, _) => {
            let content_type = parts
                .headers
                .get("content-type")
                .map(|value| value.to_str().unwrap());
            object_answer(
                &server,
                &method,
                &collection,
                name.copied(),
                content_type.unwrap_or_default(),
                &body,
                &params,
            )
        }
    }
}

/// What is in no namespace: the version, the namespace itself, what the person may do.
fn about_itself(server: &FakeApiServer, method: &Method, path: &str, body: &Bytes) -> Option<Response> {
    let answer = match (method.as_str(), path) {
        ("GET", "/readyz") => json!("ok"),
        ("GET", "/version") => json!({
            "major": "1", "minor": "34", "gitVersion": "v1.34.0", "gitCommit": "", "gitTreeState": "",
            "buildDate": "", "goVersion": "", "compiler": "", "platform": "linux/amd64",
        }),
        ("GET", "/api/v1/namespaces/shop") => json!({ "metadata": {
            "name": "shop", "labels": { "pod-security.kubernetes.io/enforce": "restricted" },
        } }),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") => {
            let mut review: Value = serde_json::from_slice(body).unwrap();
            let about = &review["spec"]["resourceAttributes"];
            let word = |key: &str| about[key].as_str().unwrap_or_default().to_owned();
            let mut right = format!("{} {}", word("verb"), word("resource"));
            if !word("subresource").is_empty() {
                right = format!("{right}/{}", word("subresource"));
            }
            let allowed = !server.0.store.lock().unwrap().denied.contains(&right);
            review["status"] = json!({ "allowed": allowed });
            review
        }
        _ => return None,
    };
    Some(Json(answer).into_response())
}

fn object_answer(
    server: &FakeApiServer,
    method: &Method,
    collection: &str,
    name: Option<&str>,
    content_type: &str,
    body: &Bytes,
    params: &Params,
) -> Response {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = name
        .map(ToOwned::to_owned)
        .unwrap_or_else(|| sent["metadata"]["name"].as_str().unwrap().to_owned());
    let found = server.get(collection, &name);
    let kind = collection.rsplit('/').next().unwrap();
    match (method.as_str(), found) {
        ("GET", Some(object)) => Json(object).into_response(),
        ("POST", None) => server.written(collection, sent),
        ("POST", Some(_)) => status(409, &format!("{kind} \"{name}\" already exists")),
        ("PUT", Some(old)) if old["metadata"]["resourceVersion"] != sent["metadata"]["resourceVersion"] => {
            status(409, MODIFIED)
        }
        ("PUT", Some(_)) => server.written(collection, sent),
        ("PATCH", Some(old)) if content_type == "application/merge-patch+json" => {
            merge_patched(server, collection, old, sent)
        }
        ("PATCH", old) => {
            assert_eq!(
                params.get("fieldManager").map(String::as_str),
                Some("kubectl-b2i")
            );
            if params.get("dryRun").map(String::as_str) == Some("All") {
                return Json(sent).into_response();
            }
            apply(server, collection, old, sent)
        }
        ("DELETE", Some(old)) if !is_expected(&old, &sent["preconditions"]) => status(409, MODIFIED),
        ("DELETE", Some(_)) => Json(server.remove(collection, &name)).into_response(),
        (_, None) => status(404, &format!("{kind} \"{name}\" not found")),
        (other, _) => status(405, other),
    }
}

const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version";

/// Whether an object is the version that a write is for, where it names one.
fn is_expected(object: &Value, expected: &Value) -> bool {
    let version = &expected["resourceVersion"];
    version.is_null() || *version == object["metadata"]["resourceVersion"]
}

/// A JSON merge patch (RFC 7396) of members of members; its resourceVersion must be the object's.
fn merge_patched(server: &FakeApiServer, collection: &str, old: Value, patch: Value) -> Response {
    if patch["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"] {
        return status(409, MODIFIED);
    }
    let mut object = old;
    for (member, changes) in patch.as_object().unwrap() {
        for (key, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(object[member].as_object_mut().unwrap().remove(key)),
                value => object[member][key] = value.clone(),
            }
        }
    }
    server.written(collection, object)
}

/// Who owns which field, as `managedFields` has it; lists by their names.
fn fields(sent: &Value) -> Value {
    let entry = |key: String, value: &Value| (key, fields(value));
    match sent {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| entry(format!("f:{key}"), value))
            .collect(),
        Value::Array(list) if list.iter().all(|item| item["name"].is_string()) => list
            .iter()
            .map(|item| entry(format!("k:{}", json!({ "name": item["name"] })), item))
            .collect(),
        _ => json!({}),
    }
}

/// Server-side apply by one manager alone: what is applied is the object.
fn apply(server: &FakeApiServer, collection: &str, old: Option<Value>, mut sent: Value) -> Response {
    if !is_expected(old.as_ref().unwrap_or(&Value::Null), &sent["metadata"]) {
        return status(409, MODIFIED);
    }
    sent["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("resourceVersion");
    sent["metadata"]["managedFields"] = json!([{
        "manager": "kubectl-b2i", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields(&sent),
    }]);
    let Some(old) = old else {
        sent["metadata"]["generation"] = json!(1);
        return server.written(collection, sent);
    };
    // Annotations of others stay.
    let mut annotations = old["metadata"]["annotations"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    annotations.extend(
        sent["metadata"]["annotations"]
            .as_object()
            .cloned()
            .unwrap_or_default(),
    );
    let annotations = json!(annotations);
    if old["spec"] == sent["spec"]
        && (old["metadata"]["annotations"] == annotations || annotations == json!({}))
    {
        return Json(old).into_response();
    }
    // A Deployment's annotations count too.
    let generation = old["metadata"]["generation"].as_i64().unwrap_or(1) + 1;
    sent["metadata"]["annotations"] = annotations;
    sent["metadata"]["generation"] = json!(generation);
    sent["metadata"]["uid"] = old["metadata"]["uid"].clone();
    sent["status"] = old["status"].clone();
    server.written(collection, sent)
}

fn list(server: &FakeApiServer, collection: &str, params: &Params) -> Response {
    let version = server.0.version.borrow().to_string();
    let store = server.0.store.lock().unwrap();
    let of_collection = store.objects.iter().filter(|((path, _), _)| path == collection);
    let items: Vec<&Value> = of_collection
        .map(|(_, object)| object)
        .filter(|object| selected(object, params))
        .collect();
    Json(json!({ "kind": "List", "apiVersion": "v1", "metadata": { "resourceVersion": version }, "items": items }))
        .into_response()
}

fn watch_answer(server: FakeApiServer, collection: String, params: Params) -> Response {
    let since: u64 = params
        .get("resourceVersion")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let versions = server.0.version.subscribe();
    let events = stream::unfold((server, versions, since), move |(server, mut versions, since)| {
        let (collection, params) = (collection.clone(), params.clone());
        async move {
            loop {
                let next = {
                    let store = server.0.store.lock().unwrap();
                    let mut news = store.history.iter().filter(|(version, ..)| *version > since);
                    news.find(|(_, path, _, object)| *path == collection && selected(object, &params))
                        .cloned()
                };
                if let Some((version, _, happened, object)) = next {
                    let line = format!("{}\n", json!({ "type": happened, "object": object }));
                    return Some((Ok::<_, Infallible>(line), (server, versions, version)));
                }
                versions.changed().await.ok()?;
            }
        }
    });
    Body::from_stream(events).into_response()
}

fn selected(object: &Value, params: &Params) -> bool {
    let pairs = |key: &str| -> Vec<(String, String)> {
        let text = params.get(key).cloned().unwrap_or_default();
        text.split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect()
    };
    let labels = &object["metadata"]["labels"];
    pairs("labelSelector")
        .iter()
        .all(|(key, value)| labels[key] == **value)
        && pairs("fieldSelector")
            .iter()
            .all(|(key, value)| object.pointer(&format!("/{}", key.replace('.', "/"))) == Some(&json!(value)))
}

fn query(uri: &Uri) -> Params {
    Query::<Params>::try_from_uri(uri)
        .map(|query| query.0)
        .unwrap_or_default()
}

fn status(code: u16, message: &str) -> Response {
    let reason = match code {
        403 => "Forbidden",
        404 => "NotFound",
        409 if message.contains("already exists") => "AlreadyExists",
        409 => "Conflict",
        _ => "",
    };
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message, "reason": reason,
    });
    (StatusCode::from_u16(code).unwrap(), Json(body)).into_response()
}
