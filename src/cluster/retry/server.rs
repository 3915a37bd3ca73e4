//! What a run knows of the API server: what it has answered, and whether it means what it says.

use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{Method, Request, StatusCode, header};
use kube::client::Body;
use tokio::time::{Instant, sleep};

use super::{Sends, is_lost, once, outage::Outage};
use crate::model::{Event, Events};

/// How long a request may wait in silence.
const SILENT: Duration = Duration::from_secs(3);
/// How long until the user hears of it again.
const BETWEEN: Duration = Duration::from_secs(15);

/// No server restarts faster, so one that was ready so recently meant its answer.
const STAYS_READY: Duration = Duration::from_secs(1);
/// How long accounts and Roles may take to load where nobody may ask whether they have. Longer than seen, by far.
const LOADS: Duration = Duration::from_secs(10);

/// What is known; one for all clones of a client.
pub(super) struct Server {
    url: String,
    events: Events,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Requests that were answered well, without their parameters.
    allowed: HashSet<Asked>,
    ready: Option<Instant>,
    /// When the user last heard that a request waits.
    said: Option<Instant>,
    /// Whether `/readyz` stayed forbidden: a few clusters restrict it.
    is_secretive: bool,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    method: Method,
    path: String,
    /// Whether it opens a tunnel.
    pub(super) is_upgrade: bool,
    is_watch: bool,
}

impl Asked {
    /// Whether a node answers, through the API server: a tunnel or a log.
    pub(super) fn is_of_node(&self) -> bool {
        self.is_upgrade || self.path.ends_with("/log")
    }

    /// Whether the answer has no end that could be waited for.
    pub(super) fn is_stream(&self) -> bool {
        self.is_watch || self.is_of_node()
    }
}

impl From<&Request<Body>> for Asked {
    fn from(request: &Request<Body>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            is_upgrade: request.headers().contains_key(header::UPGRADE),
            is_watch: request
                .uri()
                .query()
                .is_some_and(|query| query.split('&').any(|part| part == "watch=true")),
        }
    }
}

/// What to make of an answer that may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The server is ready now; it may not have been then.
    AskAgain,
    /// The server meant it, or cannot be asked.
    Final,
}

impl Server {
    pub(super) fn new(url: String, events: Events) -> Self {
        Self {
            url,
            events,
            known: Mutex::default(),
        }
    }

    /// Has the user hear that a request waits, for as long as this is polled.
    pub(super) async fn say_that_it_waits(&self) -> Infallible {
        let since = Instant::now();
        sleep(SILENT).await;
        loop {
            self.say_once(since.elapsed());
            sleep(SILENT).await;
        }
    }

    /// Of several requests that wait, one says so.
    fn say_once(&self, waited: Duration) {
        let mut known = self.known();
        if known.said.is_none_or(|said| said.elapsed() >= BETWEEN) {
            known.said = Some(Instant::now());
            let waits = format!(
                "waiting for the API server at {}, {} s",
                self.url,
                waited.as_secs()
            );
            self.events.send(Event::Warning(waits));
        }
    }

    /// Whether the server has answered this run well before.
    pub(super) fn has_answered(&self) -> bool {
        !self.known().allowed.is_empty()
    }

    pub(super) fn note(&self, asked: &Asked, status: StatusCode) {
        if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS {
            self.known().allowed.insert(asked.clone());
        }
    }

    /// Waits until the server is ready, and returns whether the request is worth repeating.
    ///
    /// `/readyz` fails until Roles and accounts are loaded (its check `informer-sync`), and by default everybody who is
    /// authenticated may read it: <https://kubernetes.io/docs/reference/using-api/health-checks/>.
    pub(super) async fn verdict<B, S: Sends<B>>(
        &self,
        service: &S,
        asked: &Asked,
        outage: &mut Outage,
    ) -> Verdict {
        let was_ready = self.known().ready;
        if was_ready.is_some_and(|at| at.elapsed() < STAYS_READY) {
            return Verdict::Final;
        }
        loop {
            let mut ask = Request::new(Body::empty());
            *ask.uri_mut() = http::Uri::from_static("/readyz");
            match once(service, ask).await.map(|answer| answer.status()) {
                Ok(StatusCode::OK) => {
                    self.known().ready = Some(Instant::now());
                    return Verdict::AskAgain;
                }
                Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                    if !self.may_be_loading(asked, outage) {
                        return Verdict::Final;
                    }
                }
                Ok(status) if status.is_server_error() => {}
                Err(error) if is_lost(error.as_ref()) => {}
                Ok(_) | Err(_) => return Verdict::Final,
            }
            let Some(pause) = outage.pause() else {
                return Verdict::Final;
            };
            sleep(pause).await;
        }
    }

    /// Whether a refusal of `/readyz` itself may pass: only where something speaks for an outage.
    fn may_be_loading(&self, asked: &Asked, outage: &Outage) -> bool {
        let mut known = self.known();
        let speaks_for_it = outage.has_begun() || known.allowed.contains(asked);
        if !speaks_for_it || known.is_secretive {
            return false;
        }
        known.is_secretive = outage.lasts() > LOADS;
        !known.is_secretive
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
