//! The link to the staging Pod: asks what is missing, sends it, and goes on after a cut.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::{
    cluster::{Cluster, Tunnel, TunnelError},
    model::{Events, Layer, Uploaded},
    oci::{Digest, Reference},
    staging::{
        Client, Token,
        client::Error as StagingError,
        protocol::{Hello, MissingBlob, Range, Refusal, WantedBlob},
    },
};

use super::{
    Options, PORT,
    delta::{self, Attempt},
    figures::Progress,
};

/// One connection fills neither the link nor the machine that encrypts it.
const CONNECTIONS: usize = 2;
/// Pauses before the container listens; that takes some milliseconds after it runs.
const FIRST_PAUSES_MS: &[u64] = &[20, 50, 100, 200, 400, 800, 1_600, 3_200];
/// Pauses after a cut. They begin anew whenever the upload got further.
const PAUSES_MS: &[u64] = &[100, 1_000, 2_000, 4_000, 8_000];

/// Why the link failed for good.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// There is no way into the Pod.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// The staging Pod did not do it.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The staging Pod is not the one that we started.
    #[error("the staging Pod sends to {}/{}", .0.registry, .0.repository)]
    Elsewhere(Hello),
}

impl LinkError {
    /// Whether another connection may help.
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            // The API server answers 500 while the container is about to run.
            Self::Tunnel(TunnelError::Failed(kube::Error::Api(status))) => status.code >= 500,
            Self::Tunnel(TunnelError::Failed(_)) | Self::Staging(StagingError::Cut(_)) => true,
            Self::Staging(StagingError::Refused(refusal)) => {
                matches!(refusal, Refusal::WrongOffset { .. } | Refusal::Superseded)
            }
            _ => false,
        }
    }
}

/// Connections to one staging Pod.
pub(super) struct Link<'a> {
    cluster: &'a Cluster,
    pod: &'a str,
    token: Token,
    destination: &'a Reference,
    spool_limit_bytes: u64,
    options: &'a Options,
    unused: Mutex<Vec<Client>>,
}

impl<'a> Link<'a> {
    pub(super) fn new(cluster: &'a Cluster, pod: &'a str, token: Token, options: &'a Options) -> Self {
        Self {
            cluster,
            pod,
            token,
            destination: &options.destination,
            spool_limit_bytes: options.spool_limit_bytes,
            options,
            unused: Mutex::default(),
        }
    }

    /// Sends the layers that the registry lacks. All of them are committed in the end.
    pub(super) async fn send_missing(
        &self,
        layers: &BTreeMap<Digest, &Layer>,
        events: &Events,
    ) -> Result<Uploaded, LinkError> {
        let wanted: Vec<WantedBlob> = layers.values().map(|layer| self.wanted(layer)).collect();
        let missing = self.first_answer(&wanted).await?;
        let size_bytes = |blob: &MissingBlob| layers.get(&blob.digest).map_or(0, |layer| size_of(layer));
        let missing_bytes = missing.iter().map(size_bytes).sum();
        let progress = Arc::new(Progress::new(events, missing_bytes));
        // Two that do not fit into the spool together go one after the other.
        let connections = if missing_bytes <= self.spool_limit_bytes {
            CONNECTIONS
        } else {
            1
        };
        let mut uploaded: Uploaded = stream::iter(missing)
            .filter_map(async |blob| layers.get(&blob.digest).map(|&layer| (layer, blob.offset)))
            .map(|(layer, offset)| self.send_in_some_way(layer, offset, &progress))
            .buffer_unordered(connections)
            .try_fold(Uploaded::default(), async |mut sum, one| {
                sum.add(one);
                Ok(sum)
            })
            .await?;
        uploaded.skipped = layers
            .keys()
            .filter(|digest| !uploaded.sent.contains(digest))
            .copied()
            .collect();
        Ok(uploaded)
    }

    /// Sends a layer: its changes where that is possible and pays, else all of it.
    async fn send_in_some_way(
        &self,
        layer: &Layer,
        offset: u64,
        progress: &Arc<Progress>,
    ) -> Result<Uploaded, LinkError> {
        let attempt = match offset {
            0 => delta::send(self, self.options, layer, progress).await?,
            _ => Attempt::default(),
        };
        let size_bytes = size_of(layer);
        let digest = layer.described.descriptor.digest;
        if attempt.is_sent {
            return Ok(Uploaded {
                uploaded_bytes: attempt.link_bytes,
                reused_bytes: size_bytes.saturating_sub(attempt.link_bytes),
                sent: vec![digest],
                changed: vec![digest],
                skipped: Vec::new(),
            });
        }
        self.send(layer, offset, progress).await?;
        Ok(Uploaded {
            uploaded_bytes: attempt.link_bytes + size_bytes,
            sent: vec![digest],
            ..Uploaded::default()
        })
    }

    /// Sees whether the Pod is there, and ours.
    pub(super) async fn greet(&self) -> Result<(), LinkError> {
        let client = self.connect().await?;
        self.give_back(client);
        Ok(())
    }

    async fn first_answer(&self, wanted: &[WantedBlob]) -> Result<Vec<MissingBlob>, LinkError> {
        let mut pauses = FIRST_PAUSES_MS.iter();
        loop {
            match (self.ask(wanted).await, pauses.next()) {
                (Err(error), Some(&pause)) if error.is_temporary() => sleep(pause).await,
                (answer, _) => return answer,
            }
        }
    }

    /// Sends one layer from `offset` on, over as many connections as it takes.
    async fn send(
        &self,
        layer: &Layer,
        mut offset: u64,
        progress: &Arc<Progress>,
    ) -> Result<Digest, LinkError> {
        let wanted = [self.wanted(layer)];
        let mut pauses = PAUSES_MS.iter();
        let mut cut = self.put(layer, offset, progress).await;
        while let Err(error) = cut {
            let Some(&pause) = pauses.next().filter(|_| error.is_temporary()) else {
                return Err(error);
            };
            sleep(pause).await;
            cut = match self.ask(&wanted).await {
                Ok(missing) => match missing.first() {
                    Some(blob) => {
                        if blob.offset > offset {
                            pauses = PAUSES_MS.iter();
                        }
                        offset = blob.offset;
                        self.put(layer, offset, progress).await
                    }
                    // The registry had committed it, and only the answer was lost.
                    None => Ok(()),
                },
                Err(error) => Err(error),
            };
        }
        Ok(wanted[0].digest)
    }

    async fn put(&self, layer: &Layer, offset: u64, progress: &Arc<Progress>) -> Result<(), LinkError> {
        let digest = layer.described.descriptor.digest;
        let size = size_of(layer);
        let progress = progress.clone();
        let mut client = self.connect().await?;
        client
            .put(digest, Range { offset, size }, &layer.local_path, move |bytes| {
                progress.note(digest, bytes);
            })
            .await?;
        self.give_back(client);
        Ok(())
    }

    async fn ask(&self, wanted: &[WantedBlob]) -> Result<Vec<MissingBlob>, LinkError> {
        let mut client = self.connect().await?;
        let missing = client.missing(wanted).await?;
        self.give_back(client);
        Ok(missing)
    }

    /// Returns a connection that nobody uses, or a new one to a Pod that is known to be ours.
    pub(super) async fn connect(&self) -> Result<Client, LinkError> {
        if let Some(client) = self.unused().pop() {
            return Ok(client);
        }
        let tunnel = Tunnel::open(self.cluster, self.pod, PORT).await?;
        let mut client = Client::connect(tunnel, &self.token).await?;
        let hello = client.hello().await?;
        if hello.registry == self.destination.registry && hello.repository == self.destination.repository {
            Ok(client)
        } else {
            Err(LinkError::Elsewhere(hello))
        }
    }

    /// Keeps a connection that did what it was asked for.
    pub(super) fn give_back(&self, client: Client) {
        self.unused().push(client);
    }

    fn unused(&self) -> std::sync::MutexGuard<'_, Vec<Client>> {
        self.unused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wanted(&self, layer: &Layer) -> WantedBlob {
        let digest = layer.described.descriptor.digest;
        WantedBlob {
            digest,
            size_bytes: size_of(layer),
            always: self.options.always_send.contains(&digest),
        }
    }
}

fn size_of(layer: &Layer) -> u64 {
    layer.described.descriptor.size_bytes
}

async fn sleep(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
