//! Sends zeros to a sink, through our own forwarder or a plain TCP connection, and prints the seconds
//! until the sink has said that all of them arrived. `tests/bench/upload` runs it.
//!
//!     forward NAMESPACE POD PORT MEGABYTES     by our tunnel, in the cluster of KUBECONFIG
//!     forward tcp ADDRESS PORT MEGABYTES       to an address, where `kubectl port-forward` listens
#![allow(clippy::print_stdout, reason = "a number is all that it is for")]

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use kubectl_b2i::cluster::{Cluster, ConnectOptions, Loopback, Tunnel, Way};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

/// As long as the pieces that the plugin reads of a layer.
const PIECE_BYTES: usize = 512 * 1024;

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo bench` adds an argument of its own.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [place, name, port, megabytes] = &args[..] else {
        anyhow::bail!("forward NAMESPACE|tcp POD|ADDRESS PORT MEGABYTES");
    };
    let (port, bytes) = (port.parse()?, megabytes.parse::<usize>()? * 1_000_000);
    let started = Instant::now();
    if place == "tcp" {
        send(TcpStream::connect((name.as_str(), port)).await?, bytes).await?;
    } else {
        let options = ConnectOptions {
            namespace: Some(place.clone()),
            ..ConnectOptions::default()
        };
        let cluster = Cluster::connect(&options, kubectl_b2i::model::Events::nowhere()).await?;
        let to = Loopback {
            pod: name,
            container: "sink",
            port,
        };
        send(Tunnel::open(&cluster, to, Way::PortForward).await?, bytes).await?;
    }
    println!("{:.3}", started.elapsed().as_secs_f64());
    Ok(())
}

async fn send(sink: impl AsyncRead + AsyncWrite + Unpin, bytes: usize) -> Result<()> {
    let (mut answer, mut to) = tokio::io::split(sink);
    let writing = async {
        let piece = vec![0; PIECE_BYTES];
        let mut left = bytes;
        while left > 0 {
            let length = left.min(piece.len());
            to.write_all(&piece[..length])
                .await
                .context("the sink took no more")?;
            left -= length;
        }
        to.flush().await.context("the sink took no more")
    };
    let reading = async {
        let mut said = [0; 4];
        answer
            .read_exact(&mut said)
            .await
            .context("the sink said nothing")?;
        ensure!(&said == b"done", "the sink said something else");
        Ok(())
    };
    tokio::try_join!(writing, reading).map(drop)
}
