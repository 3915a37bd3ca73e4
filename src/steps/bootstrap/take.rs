//! Hands the executable to a shell in the Pod, which counts and hashes it and runs it, and reads what came
//! of that.

use std::{io, time::Duration};

use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Status};
use kube::api::AttachParams;
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use super::words::Words;
use crate::{
    cluster::{
        Cluster,
        objects::bootstrap_job::{CONTAINER, command},
    },
    error::Result,
    model::{Artifact, BuildOutcome, BuildResult, Event, Events, Step},
};

/// A slow link takes some minutes for our executable.
const TIMEOUT: Duration = Duration::from_mins(13);
/// An outcome is a line of JSON, and a shell's complaint another: no Pod may fill our memory.
const MOST_BYTES: u64 = 64 * 1024;
const PIECE_BYTES: usize = 128 * 1024;

/// What the command left.
struct Ended {
    stdout: String,
    stderr: String,
    status: Option<Status>,
}

/// Sends the executable, and returns the image that it made.
pub(super) async fn run(
    cluster: &Cluster,
    pod: &str,
    executable: &Artifact,
    words: &Words<'_>,
    events: &Events,
) -> Result<BuildResult> {
    let ended = timeout(TIMEOUT, ended(cluster, pod, executable, events)).await;
    let ended = ended
        .map_err(|_| words.slow())?
        .map_err(|error| words.no_way(&error))?;
    let outcome = ended.stdout.lines().last().unwrap_or_default();
    match serde_json::from_str(outcome) {
        Ok(BuildOutcome::Done(result)) => Ok(result),
        Ok(BuildOutcome::Failed(failure)) => Err(failure),
        Ok(BuildOutcome::MissingBlobs(_)) | Err(_) => Err(words.silent(&why(&ended))),
    }
}

/// What the shell complained of last, or else the kubelet.
fn why(ended: &Ended) -> String {
    let complaint = ended.stderr.trim().lines().last().map(str::to_owned);
    let status = ended.status.as_ref();
    let status = status.and_then(|status| status.message.clone());
    complaint
        .or(status)
        .unwrap_or_else(|| "it said nothing".to_owned())
}

async fn ended(
    cluster: &Cluster,
    pod: &str,
    executable: &Artifact,
    events: &Events,
) -> Result<Ended, kube::Error> {
    let params = AttachParams::default()
        .container(CONTAINER)
        .stdin(true)
        .stdout(true)
        .stderr(true)
        .max_stdin_buf_size(PIECE_BYTES);
    let command = command(executable.size_bytes, executable.digest);
    let mut process = cluster.api::<Pod>().exec(pod, command, &params).await?;
    let (stdin, stdout, stderr) = (process.stdin(), process.stdout(), process.stderr());
    let status = process.take_status();
    let sending = async {
        // A shell that is gone takes no more; why it is, it says elsewhere.
        if let Some(mut stdin) = stdin {
            let _ = send(executable, &mut stdin, events).await;
            // Open until the command is done: its end would end the connection on some ways.
            return Some(stdin);
        }
        None
    };
    let ((stdin, stdout), stderr) =
        tokio::join!(async { tokio::join!(sending, text(stdout)) }, text(stderr),);
    let status = match status {
        Some(status) => status.await,
        None => None,
    };
    drop(stdin);
    Ok(Ended {
        stdout,
        stderr,
        status,
    })
}

async fn send(executable: &Artifact, to: &mut (impl AsyncWrite + Unpin), events: &Events) -> io::Result<()> {
    let mut file = File::open(executable.local_path.as_path()).await?;
    let (mut piece, mut done) = (vec![0; PIECE_BYTES], 0);
    loop {
        let length = file.read(&mut piece).await?;
        if length == 0 {
            return to.flush().await;
        }
        to.write_all(&piece[..length]).await?;
        done += length as u64;
        events.send(Event::Bytes {
            step: Step::Bootstrap,
            done,
            total: executable.size_bytes,
        });
    }
}

/// Reads to the end, of which only so much is kept.
async fn text(from: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut from) = from else {
        return String::new();
    };
    let mut bytes = Vec::new();
    // A connection that breaks has no outcome, which is told.
    let _ = (&mut from).take(MOST_BYTES).read_to_end(&mut bytes).await;
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&bytes).into_owned()
}
