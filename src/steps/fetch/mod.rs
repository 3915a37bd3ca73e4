//! Brings the artifact to this machine: from a pipe or from a URL into a temporary file, whose bytes
//! are counted and hashed before anybody looks into them. A file that is here stays where it is.

mod client;
mod failure;
mod file_name;
mod redirect;
mod spool;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use tokio::io::AsyncReadExt;

use crate::{
    error::Failure,
    model::{ArtifactPlace, Event, Events, Expected, Step},
    oci::{Digest, Hasher},
};
use spool::Spool;

const READ_BYTES: usize = 256 << 10;
/// What an artifact is called that nobody has named.
const NAMELESS: &str = "artifact";

/// An artifact on this machine.
#[derive(Debug)]
pub struct Fetched {
    /// Where it is, under its own name.
    pub local_path: PathBuf,
    /// What it lies in, where that was made for it; it goes when this is dropped.
    _folder: Option<tempfile::TempDir>,
}

impl Fetched {
    /// Returns the artifact's own name.
    #[must_use]
    pub fn file_name(&self) -> String {
        let name = self.local_path.file_name().unwrap_or(self.local_path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

/// Brings the artifact here. `name` is what it is called where it has no name of its own.
///
/// # Errors
/// A [`Failure`] when it cannot be had, is too large, or is not what was expected.
pub async fn run(
    place: &ArtifactPlace,
    name: Option<&str>,
    expected: &Expected,
    events: &Events,
) -> Result<Fetched, Failure> {
    match place {
        ArtifactPlace::File(path) => {
            let (local_path, expected) = (path.clone(), expected.clone());
            tokio::task::spawn_blocking(move || of_file(&local_path, &expected))
                .await
                .unwrap_or_else(|error| Err(failure::unreadable(&place.shown(), &error.into())))
        }
        ArtifactPlace::Stdin => {
            events.send(Event::Doing(Step::Inspect, "reading the pipe".to_owned()));
            of_stdin(name.unwrap_or(NAMELESS), expected).await
        }
        ArtifactPlace::Url(url) => client::download(url, place, expected, events).await,
    }
}

/// Returns why [`run`] would refuse an artifact before it sends or reads anything.
#[must_use]
pub fn refusal(place: &ArtifactPlace, expected: Option<&Digest>) -> Option<Failure> {
    match place {
        ArtifactPlace::Url(url) => client::allowed(url, &place.shown(), expected).err(),
        ArtifactPlace::File(_) | ArtifactPlace::Stdin => None,
    }
}

/// Looks at a file's size and digest only as far as something is expected of them.
fn of_file(path: &Path, expected: &Expected) -> Result<Fetched, Failure> {
    let fetched = Fetched {
        local_path: path.to_owned(),
        _folder: None,
    };
    // What cannot be read or is no file is said by whoever looks into it.
    let Ok(size_bytes) = std::fs::metadata(path).map(|metadata| metadata.len()) else {
        return Ok(fetched);
    };
    let shown = path.display().to_string();
    if size_bytes > expected.max_bytes {
        return Err(failure::too_large(&shown, Some(size_bytes), expected.max_bytes));
    }
    if let Some(digest) = &expected.digest
        && let Ok(mut file) = File::open(path)
    {
        let mut hasher = Hasher::default();
        io::copy(&mut file, &mut hasher).map_err(|error| failure::unreadable(&shown, &error))?;
        let found = hasher.finish();
        if found != *digest {
            return Err(failure::other_digest(&shown, &found, digest));
        }
    }
    Ok(fetched)
}

async fn of_stdin(name: &str, expected: &Expected) -> Result<Fetched, Failure> {
    let shown = "-";
    let mut spool = Spool::new(name, shown, expected.max_bytes)?;
    let mut buffer = vec![0; READ_BYTES];
    let mut stdin = tokio::io::stdin();
    loop {
        match stdin.read(&mut buffer).await {
            Ok(0) => break,
            Ok(count) => spool.write(&buffer[..count])?,
            Err(error) => return Err(failure::unreadable(shown, &error)),
        }
    }
    let (fetched, _) = spool.finish(expected.digest.as_ref())?;
    Ok(fetched)
}
