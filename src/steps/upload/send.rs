//! Asks what is missing, sends it, and goes on after a cut.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::{
    model::{Events, Layer, Uploaded},
    oci::Digest,
    staging::protocol::{MissingBlob, Range, WantedBlob},
};

use super::{
    Options,
    delta::{self, Attempt},
    figures::Progress,
    link::{Link, LinkError},
    patience::Patience,
};

/// One connection fills neither the link nor the machine that encrypts it.
const CONNECTIONS: usize = 2;
/// Pauses before the container listens; that takes some milliseconds after it runs.
const FIRST_PAUSES_MS: &[u64] = &[20, 50, 100, 200, 400, 800, 1_600, 3_200];

/// Sends the layers that the registry lacks. All of them are committed in the end.
pub(super) async fn missing(
    link: &Link<'_>,
    options: &Options,
    layers: &BTreeMap<Digest, &Layer>,
    events: &Events,
) -> Result<Uploaded, LinkError> {
    let all: Vec<WantedBlob> = layers.values().map(|layer| wanted(layer, options)).collect();
    let missing = first_answer(link, &all).await?;
    let size_bytes = |blob: &MissingBlob| layers.get(&blob.digest).map_or(0, |layer| size_of(layer));
    let missing_bytes = missing.iter().map(size_bytes).sum();
    let progress = &Arc::new(Progress::new(events, missing_bytes));
    // Two that do not fit into the spool together go one after the other.
    let connections = if missing_bytes <= options.spool_limit_bytes {
        CONNECTIONS
    } else {
        1
    };
    let mut uploaded: Uploaded = stream::iter(missing)
        .filter_map(async |blob| layers.get(&blob.digest).map(|&layer| (layer, blob.offset)))
        .map(|(layer, offset)| in_some_way(link, options, layer, offset, progress))
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

/// Asks whether the registry lacks a layer, as an upload that begins would.
pub(super) async fn is_one_missing(
    link: &Link<'_>,
    options: &Options,
    layers: &[Layer],
) -> Result<bool, LinkError> {
    let all: Vec<WantedBlob> = layers.iter().map(|layer| wanted(layer, options)).collect();
    Ok(!begin(link, &all).await?.is_empty())
}

/// Sends a layer: its changes where that is possible and pays, else all of it.
async fn in_some_way(
    link: &Link<'_>,
    options: &Options,
    layer: &Layer,
    offset: u64,
    progress: &Arc<Progress>,
) -> Result<Uploaded, LinkError> {
    let attempt = match offset {
        0 => delta::send(link, options, layer, progress).await?,
        _ => Attempt::default(),
    };
    let digest = layer.described.descriptor.digest;
    if attempt.is_sent {
        return Ok(Uploaded {
            uploaded_bytes: attempt.link_bytes,
            reused_bytes: size_of(layer).saturating_sub(attempt.link_bytes),
            sent: vec![digest],
            changed: vec![digest],
            skipped: Vec::new(),
        });
    }
    let before = progress.arrived_bytes(digest);
    send(link, layer, wanted(layer, options), offset, progress).await?;
    Ok(Uploaded {
        uploaded_bytes: attempt.link_bytes + progress.arrived_bytes(digest) - before,
        sent: vec![digest],
        ..Uploaded::default()
    })
}

async fn first_answer(link: &Link<'_>, wanted: &[WantedBlob]) -> Result<Vec<MissingBlob>, LinkError> {
    let mut pauses = FIRST_PAUSES_MS.iter();
    loop {
        match (begin(link, wanted).await, pauses.next()) {
            (Err(error), Some(&pause)) if error.is_temporary() => {
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            (answer, _) => return answer,
        }
    }
}

/// Sends one layer from `offset` on, over as many connections, and to as many Pods, as it takes.
async fn send(
    link: &Link<'_>,
    layer: &Layer,
    wanted: WantedBlob,
    mut offset: u64,
    progress: &Arc<Progress>,
) -> Result<(), LinkError> {
    let mut patience = Patience::from(Instant::now());
    let mut sent = put(link, layer, offset, progress).await;
    while let Err(error) = sent {
        if !link.may_recover_from(&error) {
            return Err(error);
        }
        let Some(pause) = patience.pause(Instant::now()) else {
            return Err(error);
        };
        progress.is_cut(&error);
        tokio::time::sleep(pause).await;
        link.look_for_pod().await?;
        sent = match ask(link, &[wanted]).await {
            Ok(missing) => match missing.first() {
                Some(blob) => {
                    // Less than before is no loss of ours: another Pod begins anew.
                    if blob.offset != offset {
                        patience = Patience::from(Instant::now());
                    }
                    offset = blob.offset;
                    put(link, layer, offset, progress).await
                }
                // The registry had committed it, and only the answer was lost.
                None => Ok(()),
            },
            Err(error) => Err(error),
        };
    }
    Ok(())
}

async fn put(link: &Link<'_>, layer: &Layer, offset: u64, progress: &Arc<Progress>) -> Result<(), LinkError> {
    let digest = layer.described.descriptor.digest;
    let size = size_of(layer);
    let mut client = link.connect().await?;
    progress.goes_on(digest, &link.pod(), offset);
    let progress = progress.clone();
    client
        .put(digest, Range { offset, size }, &layer.local_path, move |bytes| {
            progress.note(digest, bytes);
        })
        .await?;
    link.give_back(client);
    Ok(())
}

async fn begin(link: &Link<'_>, wanted: &[WantedBlob]) -> Result<Vec<MissingBlob>, LinkError> {
    let mut client = link.connect().await?;
    let missing = client.begin(wanted).await?;
    link.give_back(client);
    Ok(missing)
}

async fn ask(link: &Link<'_>, wanted: &[WantedBlob]) -> Result<Vec<MissingBlob>, LinkError> {
    let mut client = link.connect().await?;
    let missing = client.missing(wanted).await?;
    link.give_back(client);
    Ok(missing)
}

fn wanted(layer: &Layer, options: &Options) -> WantedBlob {
    let digest = layer.described.descriptor.digest;
    WantedBlob {
        digest,
        size_bytes: size_of(layer),
        always: options.always_send.contains(&digest),
    }
}

fn size_of(layer: &Layer) -> u64 {
    layer.described.descriptor.size_bytes
}
