//! How the kubelet learns whether an app serves.

use k8s_openapi::{
    api::core::v1::{HTTPGetAction, Probe, TCPSocketAction},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::service;
use crate::model::{DeployOptions, Health, Probing};

/// How long an app may take to answer before it is started again.
const STARTUP_SECONDS: i32 = 300;
/// Spring Boot's groups:
/// <https://docs.spring.io/spring-boot/reference/actuator/endpoints.html#actuator.endpoints.kubernetes-probes>.
const LIVENESS_PATH: &str = "actuator/health/liveness";
const READINESS_PATH: &str = "actuator/health/readiness";

/// The probes of a container; none where it has no port.
#[derive(Default)]
pub(super) struct Probes {
    pub(super) startup: Option<Probe>,
    pub(super) readiness: Option<Probe>,
    /// Only where the app says by itself that it must be started again: a health path may depend on a
    /// database, which a restart does not mend.
    pub(super) liveness: Option<Probe>,
}

/// Returns the probes on the first TCP port.
pub(super) fn of(options: &DeployOptions) -> Probes {
    let Some((place, _)) = options.main_port() else {
        return Probes::default();
    };
    let pod = &options.pod;
    let (tcp, http) = (|| tcp(place), |path: &str| http(place, path));
    let (startup, readiness, liveness) = match &pod.health {
        Health::Path(path) => (http(path), http(path), None),
        Health::Automatic if pod.has_actuator => {
            let below = |path| http(&format!("{}{path}", with_slash(&options.context_path)));
            (
                below(LIVENESS_PATH),
                below(READINESS_PATH),
                Some(below(LIVENESS_PATH)),
            )
        }
        Health::Automatic | Health::Tcp => (tcp(), tcp(), None),
    };
    let chosen = |probing: &Probing, default| match probing {
        Probing::Default => default,
        Probing::Off => None,
        Probing::Path(path) => Some(http(path)),
    };
    let readiness = chosen(&pod.readiness, Some(readiness));
    let liveness = chosen(&pod.liveness, liveness);
    // It only holds the other two back: without them an app is ready when it runs.
    let startup = (readiness.is_some() || liveness.is_some()).then_some(startup);
    Probes {
        startup: startup.map(|probe| every(probe, 1, STARTUP_SECONDS)),
        readiness: readiness.map(|probe| every(probe, 5, 3)),
        liveness: liveness.map(|probe| every(probe, 10, 3)),
    }
}

fn with_slash(context_path: &str) -> &str {
    if context_path.is_empty() {
        "/"
    } else {
        context_path
    }
}

fn every(probe: Probe, period_seconds: i32, failure_threshold: i32) -> Probe {
    Probe {
        period_seconds: Some(period_seconds),
        failure_threshold: Some(failure_threshold),
        ..probe
    }
}

fn tcp(place: usize) -> Probe {
    Probe {
        tcp_socket: Some(TCPSocketAction {
            port: IntOrString::String(service::port_name(place)),
            host: None,
        }),
        ..Probe::default()
    }
}

fn http(place: usize, path: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(service::port_name(place)),
            ..HTTPGetAction::default()
        }),
        // A second, the default, is little for a JVM that has just come up.
        timeout_seconds: Some(3),
        ..Probe::default()
    }
}
