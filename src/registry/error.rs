//! What a registry answered, or why it did not: facts, which the steps put into words. No secret
//! gets in here: URLs lose their query (upload state, signatures), bodies are cut and made plain.

use std::{error::Error as StdError, fmt, io, time::Duration};

use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::{Refusal, TlsProblem, client::read_at_most, retry};
use crate::oci::Digest;

/// A request that did not give what was asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// What was asked: `POST https://registry.example.com/v2/team/shop/blobs/uploads/`.
    pub request: String,
    /// The HTTP status, where there was an answer.
    pub status: Option<StatusCode>,
    /// The specification's errors in the answer's body.
    pub answers: Vec<Answer>,
    /// What it comes to.
    pub kind: Kind,
    /// How long the registry wants us to wait.
    pub(super) retry_after: Option<Duration>,
}

/// One error of an answer's body:
/// <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `MANIFEST_UNKNOWN`, `DENIED` …
    pub code: String,
    /// The registry's own words.
    pub message: String,
}

/// What a failed request comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It does not know who we are, or our credentials are wrong.
    Unauthorized,
    /// It knows us and says no.
    Denied,
    /// The manifest or blob is not there.
    NotFound,
    /// The repository is not there.
    NameUnknown,
    /// A manifest names blobs that the registry does not have; empty where it does not say which.
    BlobUnknown(Vec<Digest>),
    /// The tag may not be moved to another image.
    TagImmutable,
    /// Any other refusal.
    Status,
    /// No TLS connection.
    Tls {
        /// What TLS says.
        cause: String,
        /// What it comes to.
        problem: TlsProblem,
    },
    /// No connection, or it broke.
    Connect(String),
    /// A connection on which nothing moved for too long.
    Stalled(&'static str),
    /// It sent us to where no registry may.
    Refused(Refusal),
    /// The bytes are not what their digest says.
    DigestMismatch {
        /// What was asked for.
        expected: Digest,
    },
    /// There is more than we are ready to take.
    TooLarge {
        /// What we are ready to take.
        limit_bytes: u64,
    },
    /// The blob that was to be sent could not be read.
    Body(String),
    /// The answer is not what the specification says.
    Protocol(String),
}

/// Enough for every list of errors; the rest of a body is not read.
const ERROR_BODY_BYTES: u64 = 64 * 1024;

impl Error {
    pub(super) fn new(request: &str, kind: Kind) -> Self {
        Self {
            request: request.to_owned(),
            status: None,
            answers: Vec::new(),
            kind,
            retry_after: None,
        }
    }

    pub(super) fn protocol(request: &str, text: impl fmt::Display) -> Self {
        Self::new(request, Kind::Protocol(text.to_string()))
    }

    /// Whether the same request may well succeed a moment later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match (&self.kind, self.status) {
            (Kind::Connect(_) | Kind::Stalled(_), _) => true,
            (_, Some(status)) => status.is_server_error() || matches!(status.as_u16(), 408 | 429),
            _ => false,
        }
    }

    /// A request that got no answer, or whose answer broke off.
    pub(super) fn transport(request: &str, error: &reqwest::Error) -> Self {
        // The body that we were sending may itself come from a registry.
        if let Some(ours) = causes(error).find_map(|cause| cause.downcast_ref::<Self>()) {
            return ours.clone();
        }
        if let Some(refusal) = causes(error).find_map(|cause| cause.downcast_ref::<Refusal>()) {
            return Self::new(request, Kind::Refused(refusal.clone()));
        }
        // reqwest's own text holds the URL with its query, so the innermost cause it is.
        let cause = causes(error).last().map(ToString::to_string).unwrap_or_default();
        let tls = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>());
        let kind = if let Some(tls) = tls {
            let problem = TlsProblem::of(tls);
            let cause = match problem {
                TlsProblem::PlainHttp => "that port speaks plain HTTP, without TLS".to_owned(),
                _ => plain(&tls.to_string()),
            };
            Kind::Tls { cause, problem }
        } else if error.is_redirect() || error.is_builder() {
            Kind::Protocol(plain(&cause))
        } else if error.is_timeout() {
            Kind::Stalled("no answer in time")
        } else {
            Kind::Connect(plain(&cause))
        };
        Self::new(request, kind)
    }

    /// A stream of bytes to be sent that failed: keeps what a registry said, if it came from one.
    pub(super) fn body(request: &str, error: &io::Error) -> Self {
        causes(error)
            .find_map(|cause| cause.downcast_ref::<Self>())
            .cloned()
            .unwrap_or_else(|| Self::new(request, Kind::Body(plain(&error.to_string()))))
    }

    /// A refusal.
    pub(super) async fn refusal(request: &str, response: Response) -> Self {
        let status = response.status();
        let retry_after = retry::asked_for(response.headers());
        let body = read_at_most(request, response, ERROR_BODY_BYTES)
            .await
            .unwrap_or_default();
        let errors = parse_body(&body);
        Self {
            kind: classify(request, status, &errors),
            status: Some(status),
            answers: errors.into_iter().map(|(answer, _)| answer).collect(),
            retry_after,
            ..Self::new(request, Kind::Status)
        }
    }
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    errors: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: Value,
}

/// The errors of a body, each with the digests that its detail names.
fn parse_body(body: &[u8]) -> Vec<(Answer, Vec<Digest>)> {
    let items = serde_json::from_slice::<Body>(body).map(|body| body.errors);
    let answer = |item: Item| {
        let mut digests = Vec::new();
        collect_digests(&item.detail, &mut digests);
        let answer = Answer {
            code: plain(&item.code),
            message: plain(&item.message),
        };
        (answer, digests)
    };
    items
        .unwrap_or_default()
        .into_iter()
        .take(100)
        .map(answer)
        .collect()
}

/// The detail's shape is the registry's own: `{"digest": …}`, a list of those, or a text.
fn collect_digests(detail: &Value, out: &mut Vec<Digest>) {
    match detail {
        Value::String(text) => out.extend(text.parse::<Digest>()),
        Value::Array(items) => items.iter().for_each(|item| collect_digests(item, out)),
        Value::Object(fields) => fields.values().for_each(|field| collect_digests(field, out)),
        _ => {}
    }
}

fn classify(request: &str, status: StatusCode, errors: &[(Answer, Vec<Digest>)]) -> Kind {
    let has = |code: &str| errors.iter().any(|(answer, _)| answer.code == code);
    if has("MANIFEST_BLOB_UNKNOWN") {
        return Kind::BlobUnknown(errors.iter().flat_map(|(_, digests)| digests.clone()).collect());
    }
    if request.starts_with("PUT ") && request.contains("/manifests/") && status.is_client_error() {
        // The specification has no code for this. Harbor answers 412, ECR 400 TAG_INVALID; what
        // they have in common is the word.
        let says_so = |answer: &Answer| answer.message.to_ascii_lowercase().contains("immutab");
        if matches!(status.as_u16(), 409 | 412) || errors.iter().any(|(answer, _)| says_so(answer)) {
            return Kind::TagImmutable;
        }
    }
    match status.as_u16() {
        401 => Kind::Unauthorized,
        403 => Kind::Denied,
        404 if has("NAME_UNKNOWN") => Kind::NameUnknown,
        404 => Kind::NotFound,
        _ => Kind::Status,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = &self.request;
        match &self.kind {
            Kind::Tls { cause, .. } => write!(f, "no TLS connection for {request}: {cause}"),
            Kind::Stalled(cause) => write!(f, "no connection for {request}: {cause}"),
            Kind::Refused(refusal) => write!(f, "{request}: {refusal}"),
            Kind::Connect(cause) => write!(f, "no connection for {request}: {cause}"),
            Kind::DigestMismatch { expected } => {
                write!(f, "{request} gave other bytes than {expected}")
            }
            Kind::TooLarge { limit_bytes } => {
                write!(f, "{request} gave more than the {limit_bytes} bytes expected")
            }
            Kind::Body(cause) => write!(f, "the bytes for {request} could not be read: {cause}"),
            Kind::Protocol(text) => write!(f, "{request}: {text}"),
            _ => self.fmt_refusal(f),
        }
    }
}

impl Error {
    /// `the registry answered 403 DENIED to PUT https://…: its own words`.
    fn fmt_refusal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the registry answered")?;
        if let Some(status) = self.status {
            write!(f, " {}", status.as_u16())?;
        }
        let first = self.answers.first();
        match first.map(|answer| answer.code.as_str()) {
            Some(code) if !code.is_empty() => write!(f, " {code}")?,
            _ => {
                let reason = self.status.and_then(|status| status.canonical_reason());
                write!(f, " {}", reason.unwrap_or("with an error"))?;
            }
        }
        write!(f, " to {}", self.request)?;
        match first.map(|answer| answer.message.as_str()) {
            Some(message) if !message.is_empty() => write!(f, ": {message}"),
            _ => Ok(()),
        }
    }
}

/// An error and those below it. What an `io::Error` wraps is no `source` of it, hence the detour.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    })
}

/// Makes others' text fit to be quoted: one line, of a bearable length.
pub(super) fn plain(text: &str) -> String {
    const LONGEST: usize = 300;
    let kept: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUT: &str = "PUT https://r.example/v2/team/shop/manifests/latest";

    fn kind_of(status: u16, body: &str) -> Kind {
        let status = StatusCode::from_u16(status).expect("a status");
        classify(PUT, status, &parse_body(body.as_bytes()))
    }

    #[test]
    fn unknown_blobs_are_named_whatever_the_shape() {
        let digest = Digest::of(b"layer");
        for detail in [
            format!(r#"{{"digest":"{digest}"}}"#),
            format!(r#"[{{"Digest":"{digest}"}}]"#),
            format!(r#""{digest}""#),
        ] {
            let body = format!(r#"{{"errors":[{{"code":"MANIFEST_BLOB_UNKNOWN","detail":{detail}}}]}}"#);
            assert_eq!(kind_of(400, &body), Kind::BlobUnknown(vec![digest]), "{detail}");
        }
        let silent = r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}"#;
        assert_eq!(kind_of(404, silent), Kind::BlobUnknown(vec![]));
    }

    #[test]
    fn an_immutable_tag_is_seen_in_each_registrys_words() {
        let ecr = r#"{"errors":[{"code":"TAG_INVALID","message":"The image tag 'latest' already exists in the 'shop' repository and cannot be overwritten because the repository is immutable."}]}"#;
        let harbor = r#"{"errors":[{"code":"PRECONDITION","message":"Failed to process request due to 'shop:latest' configured as immutable."}]}"#;
        assert_eq!(kind_of(400, ecr), Kind::TagImmutable);
        assert_eq!(kind_of(412, harbor), Kind::TagImmutable);
        assert_eq!(kind_of(409, ""), Kind::TagImmutable);
        assert_eq!(
            kind_of(400, r#"{"errors":[{"code":"MANIFEST_INVALID"}]}"#),
            Kind::Status
        );
    }

    #[test]
    fn a_page_that_is_no_json_is_not_repeated() {
        assert_eq!(parse_body(b"<html>\x1b[31m"), vec![]);
    }

    #[test]
    fn others_words_are_made_plain() {
        assert_eq!(plain("\x1b[31mred\r\nalert\u{9b}"), "\x1b[31mred  alert\u{9b}");
        assert_eq!(plain(&"é".repeat(1000)).chars().count(), 300);
    }

    #[test]
    fn says_who_answered_what() {
        let error = Error {
            status: Some(StatusCode::FORBIDDEN),
            answers: vec![Answer {
                code: "DENIED".into(),
                message: "read only".into(),
            }],
            ..Error::new(PUT, Kind::Denied)
        };
        assert_eq!(
            error.to_string(),
            format!("the registry answered 403 DENIED to {PUT}: read only")
        );
    }
}
