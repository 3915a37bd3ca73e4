//! Credential helpers: programs that keep the logins of a machine's user, as `docker login` uses them:
//! <https://github.com/docker/docker-credential-helpers#development>.

use std::{io, process::Stdio, time::Duration};

use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};

use super::Credentials;

/// A helper may ask the person for a fingerprint, or a cloud for a token.
const PATIENCE: Duration = Duration::from_secs(30);
const ANSWER_BYTES: u64 = 1024 * 1024;

/// Why a helper gave no login. Quotes nothing of what it printed: that may be one.
#[derive(Debug, thiserror::Error)]
pub enum HelperError {
    /// Its name is no part of a program's name.
    #[error("`{0}` is no name of a credential helper")]
    Name(String),
    /// It is not installed.
    #[error("`{0}` is not on the PATH")]
    Missing(String),
    /// It cannot be run.
    #[error("`{0}` could not be run: {1}")]
    NotRun(String, #[source] io::Error),
    /// It does not end.
    #[error("`{0}` gave no answer in {n} seconds", n = PATIENCE.as_secs())]
    Slow(String),
    /// It says that it failed.
    #[error("`{0}` failed")]
    Failed(String),
    /// Its answer is not what it should be.
    #[error("the answer of `{0}` is no login")]
    Answer(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    secret: String,
}

/// Asks `docker-credential-<name>` for the login of a server; `None` where it has none.
pub(super) async fn get(name: &str, server: &str) -> Result<Option<Credentials>, HelperError> {
    // It becomes a program's name: a file with a path in it would be any program.
    if name.is_empty()
        || !name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    {
        return Err(HelperError::Name(name.to_owned()));
    }
    let program = format!("docker-credential-{name}");
    let child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // It may speak to the person, but what it says is not ours to keep.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let child = child.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => HelperError::Missing(program.clone()),
        _ => HelperError::NotRun(program.clone(), error),
    })?;
    let talk = tokio::time::timeout(PATIENCE, talk(child, server));
    let (is_done, answer) = match talk.await {
        Err(_) => return Err(HelperError::Slow(program)),
        Ok(Err(error)) => return Err(HelperError::NotRun(program, error)),
        Ok(Ok(said)) => said,
    };
    if !is_done {
        // What the library that all helpers share prints, and Docker looks for.
        let has_none = String::from_utf8_lossy(&answer).contains("credentials not found");
        return has_none.then_some(None).ok_or(HelperError::Failed(program));
    }
    let answer: Answer = serde_json::from_slice(&answer).map_err(|_| HelperError::Answer(program))?;
    Ok(match (answer.username.as_str(), answer.secret.as_str()) {
        (_, "") => None,
        // Docker's way to say that it is no password.
        ("<token>", _) => Some(Credentials::IdentityToken(answer.secret)),
        _ => Some(Credentials::Basic {
            username: answer.username,
            password: answer.secret,
        }),
    })
}

/// Says the server, and returns whether the helper ended well, and what it printed.
async fn talk(mut child: Child, server: &str) -> io::Result<(bool, Vec<u8>)> {
    if let Some(mut stdin) = child.stdin.take() {
        match stdin.write_all(server.as_bytes()).await {
            // It may know its answer without the question.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    let mut answer = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
    }
    Ok((child.wait().await?.success(), answer))
}
