//! The ports of an app: how they are written in flags, and how its Service is reached.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::ParseError;

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// What the probes can ask.
    #[default]
    Tcp,
    /// Datagrams.
    Udp,
    /// <https://kubernetes.io/docs/reference/networking/service-protocols/#protocol-sctp>
    Sctp,
}

impl Protocol {
    /// Returns Kubernetes' word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

/// A port of the container, and of the Service that leads to it. Typed as `[NAME=]PORT[/PROTOCOL]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// What the container listens on.
    pub container: u16,
    /// What the Service listens on.
    pub service: u16,
    /// What the Service calls it; by its place where it is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is spoken.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub protocol: Protocol,
    /// The port of every node that was asked for; `None` leaves the choice to Kubernetes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_port: Option<u16>,
}

impl Port {
    /// Returns a TCP port without a name, the same in the container and the Service.
    #[must_use]
    pub fn tcp(number: u16) -> Self {
        Self {
            container: number,
            service: number,
            name: None,
            protocol: Protocol::Tcp,
            node_port: None,
        }
    }

    /// Whether a word that names a port means this one: by name or by the container's number.
    #[must_use]
    pub fn is_called(&self, word: &str) -> bool {
        self.name.as_deref() == Some(word) || word.parse() == Ok(self.container)
    }
}

/// `IANA_SVC_NAME`, which Kubernetes wants port names to be: at most 15 characters, one a letter
/// (<https://www.rfc-editor.org/rfc/rfc6335#section-5.1>).
fn is_port_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=15).contains(&name.len())
        && name.bytes().all(allowed)
        && name.bytes().any(|b| b.is_ascii_lowercase())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

fn number(word: &str) -> Option<u16> {
    word.parse().ok().filter(|number| *number > 0)
}

impl FromStr for Port {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let read = || {
            let (name, rest) = match text.split_once('=') {
                Some((name, rest)) => (Some(name), rest),
                None => (None, text),
            };
            let (port, protocol) = match rest.split_once('/') {
                Some((port, word)) => (
                    port,
                    [Protocol::Tcp, Protocol::Udp, Protocol::Sctp]
                        .into_iter()
                        .find(|it| it.as_str().eq_ignore_ascii_case(word))?,
                ),
                None => (rest, Protocol::Tcp),
            };
            let name = match name {
                Some(name) if !is_port_name(name) => return None,
                name => name.map(ToOwned::to_owned),
            };
            Some(Self {
                name,
                protocol,
                ..Self::tcp(number(port)?)
            })
        };
        read().ok_or_else(|| {
            ParseError::new(
                text,
                "[NAME=]PORT[/tcp|udp|sctp], a port from 1 to 65535 and a name of up to 15 of a-z, 0-9 and `-`",
            )
        })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}=")?;
        }
        write!(f, "{}", self.container)?;
        match self.protocol {
            Protocol::Tcp => Ok(()),
            other => write!(f, "/{}", other.as_str().to_lowercase()),
        }
    }
}

/// What a flag says of the ports: `[NAME=]PORT[/PROTOCOL]`, or `NAME-` to remove one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortChange {
    /// There is this port.
    Set(Port),
    /// There is none of this name or number any more.
    Remove(String),
}

impl FromStr for PortChange {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.strip_suffix('-') {
            Some(word) if !word.is_empty() && !word.contains('=') => Ok(Self::Remove(word.to_owned())),
            _ => text.parse().map(Self::Set),
        }
    }
}

/// A number for one of the ports: `80`, `http=80`, `8080=80`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortNumber {
    /// Which port, by name or by the container's number; the first where it is `None`.
    pub of: Option<String>,
    /// The number; `None` leaves the choice to Kubernetes.
    pub number: Option<u16>,
}

impl FromStr for PortNumber {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (of, digits) = match text.split_once('=') {
            Some((of, digits)) => (Some(of.to_owned()), digits),
            None => (None, text),
        };
        let number: Option<u16> = digits.parse().ok();
        match number {
            Some(number) if of.as_deref() != Some("") => Ok(Self {
                of,
                number: Some(number).filter(|number| *number > 0),
            }),
            _ => Err(ParseError::new(
                text,
                "[NAME=]PORT, where NAME is a port's name or the container's number",
            )),
        }
    }
}

/// How the Service is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PortKind {
    /// In the cluster only.
    #[default]
    ClusterIp,
    /// On a port of every node.
    NodePort,
    /// At an address of its own, which the cloud gives.
    LoadBalancer,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_as_they_are_typed() {
        for text in ["8080", "http=8080", "53/udp", "dns=53/udp", "1/sctp"] {
            let port: Port = text.parse().expect("a port");
            assert_eq!(port.to_string(), text);
        }
        assert_eq!("80/TCP".parse::<Port>(), Ok(Port::tcp(80)));
        for wrong in [
            "",
            "0",
            "70000",
            "=80",
            "HTTP=80",
            "a--b=80",
            "80=80",
            "80/icmp",
            "a-name-of-sixteen=80",
            "80:81",
        ] {
            assert!(wrong.parse::<Port>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_for_ports() {
        let read = |text: &str| text.parse::<PortNumber>().map(|it| (it.of, it.number));
        assert_eq!(read("80"), Ok((None, Some(80))));
        assert_eq!(read("0"), Ok((None, None)));
        assert_eq!(read("http=30080"), Ok((Some("http".to_owned()), Some(30080))));
        assert!(read("=80").is_err() && read("http").is_err() && read("70000").is_err());
        let port: Port = "http=8080".parse().expect("a port");
        assert!(port.is_called("http") && port.is_called("8080") && !port.is_called("80"));
    }

    #[test]
    fn a_plain_port_is_remembered_as_ever() {
        let text = serde_json::to_string(&Port::tcp(80)).expect("plain data");
        assert_eq!(text, r#"{"container":80,"service":80}"#);
        assert_eq!(
            serde_json::from_str::<Port>(&text).expect("own text"),
            Port::tcp(80)
        );
    }
}
