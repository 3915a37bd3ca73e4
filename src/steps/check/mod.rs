//! Asks a registry what it would have against a build, before there is one: in the order in which a
//! build would find out, after minutes.

mod pod;
mod words;

use std::time::Duration;

use futures_util::future::join_all;
use tokio::{net::lookup_host, time::timeout};
use words::Words;

pub use pod::{Options, in_cluster};

use crate::{
    model::{Check, CheckReport, CheckRequest, CheckScope},
    oci::Digest,
    registry::{Client, Mount},
};

/// How long a name may take to be found, and then a connection to be made. Only one of them fails: so
/// a person gets to know it within ten seconds, with what it takes to start a Pod.
const PATIENCE: Duration = Duration::from_secs(7);

/// Checks from where it runs. `base` is of the registry that the request's base is pulled from.
/// Leaves nothing in the registry but, where a mount was asked for, a blob that no manifest names.
pub async fn run(request: &CheckRequest, destination: &Client, base: Option<&Client>) -> CheckReport {
    let checks = Checks {
        request,
        destination,
        base,
        words: Words {
            image: &request.image,
            push_secret: &request.push_secret,
            client: destination,
        },
    };
    let mut done = Vec::new();
    let mut is_fine = true;
    for check in checks.of_registry() {
        let check = if is_fine {
            checks.one(check).await
        } else {
            Check::skipped(check)
        };
        is_fine &= check.failure.is_none();
        done.push(check);
    }
    // These do not depend on each other: all that is wrong is told at once.
    let of_repository = checks.of_repository().iter().map(async |check| {
        if is_fine {
            checks.one(check).await
        } else {
            Check::skipped(check)
        }
    });
    done.extend(join_all(of_repository).await);
    CheckReport { checks: done }
}

struct Checks<'a> {
    request: &'a CheckRequest,
    destination: &'a Client,
    base: Option<&'a Client>,
    words: Words<'a>,
}

impl Checks<'_> {
    fn of_registry(&self) -> &'static [&'static str] {
        let proxy = &self.request.access.proxy;
        // Then the proxy looks the name up.
        if proxy.http.is_some() || proxy.https.is_some() {
            &["connection", "login"]
        } else {
            &["name", "connection", "login"]
        }
    }

    fn of_repository(&self) -> &'static [&'static str] {
        match (self.request.scope, self.base) {
            (CheckScope::Login, _) => &[],
            (_, None) => &["pull", "push"],
            (CheckScope::All, Some(base)) if base.host() == self.destination.host() => {
                &["pull", "push", "base", "mount"]
            }
            (_, Some(_)) => &["pull", "push", "base"],
        }
    }

    async fn one(&self, name: &'static str) -> Check {
        let outcome = match name {
            "name" => self.name().await,
            "connection" => self.connection().await,
            "login" => self.login().await,
            "pull" => self.pull().await,
            "push" => self.push().await,
            "base" => self.base_image().await,
            _ => self.mount().await,
        };
        match outcome {
            Ok(detail) => Check::passed(name, detail),
            Err(failure) => Check::failed(name, failure),
        }
    }

    async fn name(&self) -> words::Outcome {
        let (host, port) = self.destination.address();
        let Ok(found) = timeout(PATIENCE, lookup_host((host.as_str(), port))).await else {
            return Err(words::no_name(&host, not_in_time()));
        };
        match found.map(|mut found| found.next()) {
            Ok(Some(address)) if address.ip().to_string() == host => Ok(format!("{host} is an address")),
            Ok(Some(address)) => Ok(format!("{host} is {}", address.ip())),
            Ok(None) => Err(words::no_name(&host, "it has no address")),
            Err(error) => Err(words::no_name(&host, error)),
        }
    }

    async fn connection(&self) -> words::Outcome {
        let is_insecure = self.request.access.is_insecure(self.destination.host());
        let Ok(reached) = timeout(PATIENCE, self.destination.reach()).await else {
            return Err(self.words.no_answer(not_in_time()));
        };
        match reached {
            Ok(true) if is_insecure => Ok("TLS, its certificate not checked".to_owned()),
            Ok(true) => Ok("TLS, its certificate trusted".to_owned()),
            Ok(false) => Ok("plain HTTP".to_owned()),
            Err(error) => Err(self.words.no_connection(&error)),
        }
    }

    async fn login(&self) -> words::Outcome {
        match self.destination.ping().await {
            Ok(()) => Ok(
                match (self.destination.user(), self.destination.has_credentials()) {
                    (Some(user), _) => format!("logged in as {user}"),
                    (None, true) => "logged in with a token".to_owned(),
                    (None, false) => "no login, and none asked for".to_owned(),
                },
            ),
            Err(error) => Err(self.words.no_login(&error)),
        }
    }

    async fn pull(&self) -> words::Outcome {
        // Any blob does: that it is not there is an answer, too.
        let asked = self
            .destination
            .blob_exists(&self.request.image.repository, Digest::of(b"{}"))
            .await;
        match asked {
            Ok(_) => Ok("may be read".to_owned()),
            Err(error) => Err(self.words.no_pull(&error)),
        }
    }

    async fn push(&self) -> words::Outcome {
        let repository = &self.request.image.repository;
        match self.destination.try_upload(repository).await {
            Ok(()) => Ok("may be written: an upload was opened and cancelled".to_owned()),
            Err(error) => Err(self.words.no_push(&error)),
        }
    }

    async fn base_image(&self) -> words::Outcome {
        let (Some(base), Some(client)) = (&self.request.base, self.base) else {
            return Ok("none".to_owned());
        };
        let source = self.request.access.source_of(base);
        match client
            .find_manifest(&source.repository, &source.manifest_reference())
            .await
        {
            Ok(Some(digest)) => Ok(format!("{source} is {digest}")),
            Ok(None) => Ok(format!("{source} is there")),
            Err(error) => Err(words::no_base(base, &source, &error)),
        }
    }

    /// Asks for a mount of what the base's manifest names first. A refusal only costs time.
    async fn mount(&self) -> words::Outcome {
        let (Some(base), Some(client)) = (&self.request.base, self.base) else {
            return Ok("none".to_owned());
        };
        let source = self.request.access.source_of(base);
        let Some(blob) = some_blob(client, &source.repository, source.manifest_reference()).await else {
            return Ok("not asked: the base has no blob to try it with".to_owned());
        };
        let to = &self.request.image.repository;
        match self.destination.mount_blob(to, blob, &source.repository).await {
            Ok(Mount::Mounted) => Ok("the base's layers are mounted".to_owned()),
            Ok(Mount::Opened(upload)) => {
                self.destination.cancel_upload(to, upload).await;
                Ok("not offered: the base's layers are copied".to_owned())
            }
            Ok(Mount::Refused) => Ok("refused: the base's layers are copied".to_owned()),
            Err(error) => Err(self.words.no_push(&error)),
        }
    }
}

fn not_in_time() -> String {
    format!("no answer within {} s", PATIENCE.as_secs())
}

/// The config that an image's manifest names, or that of the first of an index.
async fn some_blob(client: &Client, repository: &str, mut reference: String) -> Option<Digest> {
    for _ in 0..2 {
        let manifest = client.pull_manifest(repository, &reference).await.ok()?;
        let manifest: serde_json::Value = serde_json::from_slice(&manifest.bytes).ok()?;
        if let Some(config) = manifest["config"]["digest"].as_str() {
            return config.parse().ok();
        }
        manifest["manifests"][0]["digest"]
            .as_str()?
            .clone_into(&mut reference);
    }
    None
}
