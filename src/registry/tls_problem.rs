//! What TLS can have against a registry.

/// What is wrong with TLS, as far as there is something to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsProblem {
    /// The other end answered in plain HTTP.
    PlainHttp,
    /// The certificate is of an authority that we do not know.
    UnknownAuthority,
    /// The certificate is for another name.
    Name,
    /// The certificate is no more, or not yet, valid: for our clock at least.
    Time,
    /// A certificate that is its own authority, and marked as one.
    SelfSigned,
    /// Anything else.
    Other,
}

impl TlsProblem {
    pub(super) fn of(error: &rustls::Error) -> Self {
        use rustls::CertificateError as Certificate;
        match error {
            // Plain text where a TLS record should be.
            rustls::Error::InvalidMessage(_) => Self::PlainHttp,
            rustls::Error::InvalidCertificate(certificate) => match certificate {
                Certificate::UnknownIssuer => Self::UnknownAuthority,
                Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => Self::Name,
                Certificate::Expired
                | Certificate::ExpiredContext { .. }
                | Certificate::NotValidYet
                | Certificate::NotValidYetContext { .. } => Self::Time,
                // webpki's own error, behind a type that only tells its text.
                Certificate::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                    Self::SelfSigned
                }
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}
