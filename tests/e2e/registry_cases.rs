//! The cases that hold the fake registry, held to CNCF distribution.
use kubectl_b2i::registry::Credentials;

use crate::support::registry_cases;

#[tokio::test]
#[ignore = "needs a cluster: its registry"]
async fn distribution_does_what_the_fake_registry_does() {
    let host = std::env::var("B2I_REGISTRY").unwrap_or_else(|_| "10.250.0.1:5000".into());
    let login = Credentials::Basic {
        username: "dev".into(),
        password: "s3cret".into(),
    };
    registry_cases::all(&host, Some(login)).await;
}
