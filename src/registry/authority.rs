//! Certificate authorities beside the public ones: most registries in companies have their own.

use std::{fmt, fs, io::Read, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Certificate;
use rustls::pki_types::{CertificateDer, pem::PemObject};

/// The key that may stand beside the logins of a Secret, as Kubernetes' TLS Secrets call it.
const KEY: &str = "ca.crt";
/// All the public authorities that a system has, with room. They travel in a Pod's spec.
const LIMIT_BYTES: usize = 384 * 1024;

/// Authorities to trust. None is the default: the public ones are always there.
#[derive(Clone, Default)]
pub struct Authorities(Vec<Certificate>);

/// Why there are no authorities in a text.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AuthorityError {
    /// It is too long.
    #[error("it is larger than {} KiB", LIMIT_BYTES / 1024)]
    TooLarge,
    /// No `BEGIN CERTIFICATE`, or not base64 behind it.
    #[error("it holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)")]
    NoPem,
    /// The base64 is there, the certificate is not.
    #[error("a certificate in it cannot be read")]
    NoCertificate,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(std::io::ErrorKind),
}

impl Authorities {
    /// Reads certificates in PEM form; text around them is passed over.
    ///
    /// # Errors
    /// See [`AuthorityError`]. Quotes nothing of the text: it may be a key, by mistake.
    pub fn from_pem(pem: &str) -> Result<Self, AuthorityError> {
        if pem.len() > LIMIT_BYTES {
            return Err(AuthorityError::TooLarge);
        }
        let certificates = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| AuthorityError::NoPem)?;
        if certificates.is_empty() {
            return Err(AuthorityError::NoPem);
        }
        let authorities = Self(certificates);
        super::install_tls();
        // Only TLS itself looks into the certificate.
        let is_usable = reqwest::Client::builder()
            .tls_certs_merge(authorities.iter())
            .build()
            .is_ok();
        is_usable
            .then_some(authorities)
            .ok_or(AuthorityError::NoCertificate)
    }

    /// Reads a file of certificates.
    ///
    /// # Errors
    /// As [`Self::from_pem`], and a file that cannot be read. Returns the certificates as text as well, and nothing
    /// else of the file: a private key beside them is nobody else's business.
    pub fn from_file(path: &Path) -> Result<(Self, String), AuthorityError> {
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::InvalidData => AuthorityError::NoPem,
            kind => AuthorityError::Unreadable(kind),
        };
        let mut pem = String::new();
        let file = fs::File::open(path).map_err(unreadable)?;
        file.take(LIMIT_BYTES as u64 + 1)
            .read_to_string(&mut pem)
            .map_err(unreadable)?;
        let authorities = Self::from_pem(&pem)?;
        Ok((authorities, certificates_alone(&pem)?))
    }

    /// Reads the key `ca.crt` of a Secret that is mounted in a folder; most have none.
    ///
    /// # Errors
    /// As [`Self::from_file`].
    pub fn from_mounted_secret(folder: &Path) -> Result<Self, AuthorityError> {
        match Self::from_file(&folder.join(KEY)) {
            Ok((authorities, _)) => Ok(authorities),
            Err(AuthorityError::Unreadable(std::io::ErrorKind::NotFound)) => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Returns these and those.
    #[must_use]
    pub fn and(mut self, others: &Self) -> Self {
        self.0.extend(others.iter());
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Certificate> {
        self.0.iter().cloned()
    }
}

/// Returns the certificates of a text, each once and written anew.
fn certificates_alone(pem: &str) -> Result<String, AuthorityError> {
    let mut found: Vec<CertificateDer> = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| AuthorityError::NoPem)?;
        if !found.contains(&certificate) {
            found.push(certificate);
        }
    }
    let mut text = String::new();
    for certificate in &found {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let base64 = STANDARD.encode(certificate);
        // Base64 is ASCII: RFC 7468 wants lines of 64.
        let lines = base64.as_bytes().chunks(64).map(String::from_utf8_lossy);
        lines.for_each(|line| text.extend([&*line, "\n"]));
        text.push_str("-----END CERTIFICATE-----\n");
    }
    Ok(text)
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} authorities", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_said() {
        let not_der = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        for (text, expected) in [
            ("", AuthorityError::NoPem),
            ("hello", AuthorityError::NoPem),
            (not_der, AuthorityError::NoCertificate),
            (&" ".repeat(LIMIT_BYTES + 1), AuthorityError::TooLarge),
        ] {
            assert_eq!(Authorities::from_pem(text).err(), Some(expected));
        }
    }

    #[test]
    fn of_a_file_the_certificates_alone_are_passed_on() {
        let certificate = include_str!("../../tests/fixtures/tls/ca.crt");
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWtleS1ieXRlcw==\n-----END PRIVATE KEY-----\n";
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        for text in [
            format!("{key}{certificate}"),
            format!("{certificate}{key}"),
            format!("password: hunter2\n{certificate}# hunter2\n{key}{certificate}"),
            format!("{certificate}{}", key.replace("PRIVATE", "ENCRYPTED PRIVATE")),
            format!("{}{certificate}", key.replace("PRIVATE", "EC PRIVATE")).replace('\n', "\r\n"),
        ] {
            fs::write(&file, &text).expect("written");
            let (_, pem) = Authorities::from_file(&file).expect(&text);
            for secret in ["KEY", "c2Vjcm", "hunter2"] {
                assert!(!pem.contains(secret), "{pem}");
            }
            assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 1, "{pem}");
            assert_eq!(Authorities::from_pem(&pem).expect("certificates").0.len(), 1);
        }
    }

    #[test]
    fn a_secret_without_authorities_has_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let none = Authorities::from_mounted_secret(folder.path()).expect("nothing to read");
        assert_eq!(format!("{none:?}"), "0 authorities");
        fs::write(folder.path().join(KEY), "hello").expect("written");
        let error = Authorities::from_mounted_secret(folder.path()).expect_err("no PEM");
        assert_eq!(error, AuthorityError::NoPem);
    }
}
