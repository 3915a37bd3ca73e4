//! The two ways through the API server to a port on a Pod's loopback, and why neither may be open.

use super::{objects::BRIDGE_ARGUMENT, wire::Wire};

/// Why there is no way into a Pod.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// The person may not. Over a websocket it takes `get` on `pods/portforward` or `pods/exec`,
    /// and newer servers ask for `create` as well.
    #[error("{0}")]
    Forbidden(String),
    /// The API server, or something before it, did not do it.
    #[error(transparent)]
    Failed(#[from] kube::Error),
    /// The connection broke before it was a way anywhere.
    #[error(transparent)]
    Broken(std::io::Error),
    /// It took too long to open.
    #[error("the API server did not open the way in time")]
    Slow,
}

impl TunnelError {
    /// Whether the other way may be open: this one is forbidden, or something on the way to the API
    /// server does not let it through.
    #[must_use]
    pub fn is_of_this_way(&self) -> bool {
        matches!(
            self,
            Self::Forbidden(_) | Self::Failed(kube::Error::UpgradeConnection(_))
        )
    }
}

/// A port that a container of ours listens on, on its Pod's loopback.
#[derive(Clone, Copy, Debug)]
pub struct Loopback<'a> {
    /// The Pod.
    pub pod: &'a str,
    /// The container, which only [`Way::Exec`] asks for.
    pub container: &'a str,
    /// The port.
    pub port: u16,
}

/// How to get there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The kubelet opens the connection.
    #[default]
    PortForward,
    /// Our own program does, run by `exec` in the container. It is what the container runs, wherever
    /// in the image that lies.
    Exec,
}

impl Way {
    pub(super) fn uri(self, namespace: &str, to: Loopback<'_>) -> String {
        let Loopback { pod, container, port } = to;
        let pod = format!("/api/v1/namespaces/{namespace}/pods/{pod}");
        match self {
            Self::PortForward => format!("{pod}/portforward?ports={port}"),
            Self::Exec => format!(
                "{pod}/exec?container={container}&stdin=true&stdout=true&stderr=true\
                 &command=/proc/1/exe&command={BRIDGE_ARGUMENT}&command={port}"
            ),
        }
    }

    pub(super) fn wire(self) -> Wire {
        match self {
            Self::PortForward => Wire::port_forward(),
            Self::Exec => Wire::exec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exec_runs_what_the_container_runs() {
        let to = Loopback {
            pod: "p",
            container: "staging",
            port: 7318,
        };
        assert_eq!(
            Way::Exec.uri("dev", to),
            "/api/v1/namespaces/dev/pods/p/exec?container=staging&stdin=true&stdout=true&stderr=true\
             &command=/proc/1/exe&command=in-cluster-bridge&command=7318"
        );
    }
}
