//! A port that an image's config names: `ExposedPorts` of
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties>.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Port, Protocol};

/// A port that an image says it listens on. A TCP one is written as a number, as plans and records of
/// earlier versions have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub struct ExposedPort {
    /// Its number.
    pub number: u16,
    /// What is spoken on it.
    pub protocol: Protocol,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Tcp(u16),
    Other(String),
}

impl ExposedPort {
    /// Returns a TCP port.
    #[must_use]
    pub fn tcp(number: u16) -> Self {
        Self {
            number,
            protocol: Protocol::Tcp,
        }
    }
}

impl From<&Port> for ExposedPort {
    fn from(port: &Port) -> Self {
        Self {
            number: port.container,
            protocol: port.protocol,
        }
    }
}

impl From<ExposedPort> for Port {
    fn from(port: ExposedPort) -> Self {
        Self {
            protocol: port.protocol,
            ..Self::tcp(port.number)
        }
    }
}

/// As the config writes it: `8080/tcp`, `53/udp`.
impl fmt::Display for ExposedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol.as_str().to_lowercase())
    }
}

impl From<ExposedPort> for Written {
    fn from(port: ExposedPort) -> Self {
        match port.protocol {
            Protocol::Tcp => Self::Tcp(port.number),
            Protocol::Udp | Protocol::Sctp => Self::Other(port.to_string()),
        }
    }
}

impl TryFrom<Written> for ExposedPort {
    type Error = super::ParseError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written::Tcp(number) => Ok(Self::tcp(number)),
            Written::Other(words) => words.parse().map(|port: Port| Self::from(&port)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tcp_port_is_a_number_as_ever() {
        let dns: Port = "dns=53/udp".parse().expect("a port");
        let ports = [ExposedPort::tcp(8080), ExposedPort::from(&dns)];
        let text = serde_json::to_string(&ports).expect("plain data");
        assert_eq!(text, r#"[8080,"53/udp"]"#);
        assert_eq!(
            serde_json::from_str::<[ExposedPort; 2]>(&text).expect("own text"),
            ports
        );
        assert!(serde_json::from_str::<ExposedPort>(r#""53/icmp""#).is_err());
    }
}
