//! The link to the staging Pod: connections, the way they go, and which Pod it is.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::{ResourceExt, api::ListParams};
use tokio::time::timeout;

use crate::{
    cluster::{
        Cluster, Loopback, Tunnel, TunnelError, Way,
        job_pod::{self, is_of_job},
        objects::staging_job::STAGING,
        trouble::container_state,
    },
    oci::Reference,
    staging::{
        Client, Token,
        client::Error as StagingError,
        protocol::{Hello, Refusal},
    },
};

use super::PORT;

/// Why the link failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// There is no way into the Pod.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// Neither way is open to this person: why not port-forward, and why not `exec`.
    #[error("{port_forward}\n{exec}")]
    NoWay {
        /// The API server's words on the one.
        port_forward: TunnelError,
        /// And on the other.
        exec: TunnelError,
    },
    /// The staging Pod did not do it.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The staging Pod is not the one that we started.
    #[error("the staging Pod sends to {}/{}", .0.registry, .0.repository)]
    Elsewhere(Hello),
    /// There is no staging Pod any more, and none will come.
    #[error("{0}")]
    Gone(String),
}

impl LinkError {
    /// Whether another connection may help.
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            // The API server answers 500 while the container is about to run, and 404 once the Pod
            // is gone: its Job makes another.
            Self::Tunnel(TunnelError::Failed(kube::Error::Api(status))) => {
                status.code >= 500 || matches!(status.code, 404 | 429)
            }
            Self::Tunnel(TunnelError::Failed(_) | TunnelError::Broken(_) | TunnelError::Slow)
            | Self::Staging(StagingError::Cut(_)) => true,
            Self::Staging(StagingError::Refused(refusal)) => {
                matches!(refusal, Refusal::WrongOffset { .. } | Refusal::Superseded)
            }
            _ => false,
        }
    }
}

/// How long the API server may take to tell where the Pod is.
const LONGEST_LOOK: Duration = Duration::from_secs(30);

/// Connections to the staging Pod of one Job.
pub(super) struct Link<'a> {
    cluster: &'a Cluster,
    job: &'a str,
    token: Token,
    destination: &'a Reference,
    now: Mutex<Now>,
}

/// What may change on the way.
struct Now {
    pod: String,
    way: Way,
    /// Whether there was a connection already.
    has_worked: bool,
    unused: Vec<Client>,
}

impl<'a> Link<'a> {
    /// To a Pod of this Job, which knows the token and sends to `destination`.
    pub(super) fn new(
        cluster: &'a Cluster,
        job: &'a str,
        pod: &str,
        token: Token,
        destination: &'a Reference,
    ) -> Self {
        let now = Now {
            pod: pod.to_owned(),
            way: Way::default(),
            has_worked: false,
            unused: Vec::new(),
        };
        Self {
            cluster,
            job,
            token,
            destination,
            now: Mutex::new(now),
        }
    }

    /// Returns the Pod's name.
    pub(super) fn pod(&self) -> String {
        self.now().pod.clone()
    }

    /// Sees whether the Pod is there, and ours.
    pub(super) async fn greet(&self) -> Result<(), LinkError> {
        let client = self.connect().await?;
        self.give_back(client);
        Ok(())
    }

    /// Returns a connection that nobody uses, or a new one to a Pod that is known to be ours.
    pub(super) async fn connect(&self) -> Result<Client, LinkError> {
        if let Some(client) = self.now().unused.pop() {
            return Ok(client);
        }
        let mut client = Client::connect(self.tunnel().await?, &self.token).await?;
        let hello = client.hello().await?;
        if hello.registry == self.destination.registry && hello.repository == self.destination.repository {
            self.now().has_worked = true;
            Ok(client)
        } else {
            Err(LinkError::Elsewhere(hello))
        }
    }

    /// Keeps a connection that did what it was asked for.
    pub(super) fn give_back(&self, client: Client) {
        self.now().unused.push(client);
    }

    /// Opens a tunnel by the way that is open to this person.
    async fn tunnel(&self) -> Result<Tunnel, LinkError> {
        let (pod, way) = {
            let now = self.now();
            (now.pod.clone(), now.way)
        };
        let to = Loopback {
            pod: &pod,
            container: STAGING,
            port: PORT,
        };
        let port_forward = match Tunnel::open(self.cluster, to, way).await {
            Err(error) if way == Way::PortForward && error.is_of_this_way() => error,
            tunnel => return Ok(tunnel?),
        };
        if self.now().has_worked {
            return Err(port_forward.into());
        }
        match Tunnel::open(self.cluster, to, Way::Exec).await {
            Ok(tunnel) => {
                self.now().way = Way::Exec;
                Ok(tunnel)
            }
            Err(exec) if exec.is_of_this_way() => Err(LinkError::NoWay { port_forward, exec }),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether another connection may help. An API server that was just started knows nobody and
    /// forbids everything until it has read accounts and Roles, so what was allowed once is asked
    /// for again.
    pub(super) fn may_recover_from(&self, error: &LinkError) -> bool {
        let is_refused = match error {
            LinkError::Tunnel(TunnelError::Forbidden(_)) => true,
            LinkError::Tunnel(TunnelError::Failed(kube::Error::Api(status))) => status.code == 401,
            _ => false,
        };
        error.is_temporary() || is_refused && self.now().has_worked
    }

    /// After a failure: finds the Pod that the Job has now, if it has one already.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when it will have none.
    pub(super) async fn look_for_pod(&self) -> Result<(), LinkError> {
        // No answer says nothing.
        timeout(LONGEST_LOOK, self.look()).await.unwrap_or(Ok(()))
    }

    async fn look(&self) -> Result<(), LinkError> {
        // What is kept was opened before the failure, and may be as dead.
        self.now().unused.clear();
        // An API server that does not answer says nothing about the Pod.
        let job = match self.cluster.api::<Job>().get_opt(self.job).await {
            Ok(Some(job)) => job,
            Ok(None) => return Err(LinkError::Gone(format!("the Job `{}` was deleted", self.job))),
            Err(_) => return Ok(()),
        };
        // The token goes to no other Pod, whatever its labels are.
        let job_uid = job.metadata.uid.clone().unwrap_or_default();
        let of_job = ListParams::default().labels(&job_pod::of_job(&job_uid));
        let Ok(pods) = self.cluster.api::<Pod>().list(&of_job).await else {
            return Ok(());
        };
        let runs = |pod: &&Pod| {
            let state = container_state(pod, STAGING).and_then(|state| state.running.as_ref());
            is_of_job(pod, &job_uid) && pod.metadata.deletion_timestamp.is_none() && state.is_some()
        };
        if let Some(pod) = pods.items.iter().find(runs) {
            self.now().pod = pod.name_any();
            return Ok(());
        }
        how_it_ended(&job).map_or(Ok(()), |why| Err(LinkError::Gone(why)))
    }

    fn now(&self) -> std::sync::MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns why a Job will have no other Pod.
fn how_it_ended(job: &Job) -> Option<String> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let end = conditions
        .iter()
        .find(|end| matches!(&*end.type_, "Failed" | "Complete") && end.status == "True")?;
    let words = end.message.as_ref().or(end.reason.as_ref());
    Some(words.map_or_else(|| "its Job is done".to_owned(), Clone::clone))
}
