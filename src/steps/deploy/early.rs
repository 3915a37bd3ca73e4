//! What the API server would not take, told before anything is built.

use super::{Options, apply, live, outcome::Teller};
use crate::{
    cluster::{
        Cluster,
        error::{is_conflict, is_forbidden, is_invalid},
    },
    error::Result,
};

/// Checks that the API server would take the objects: values, fields of others, quotas.
///
/// # Errors
/// The objects are somebody else's, or would be refused.
pub async fn ensure_accepted(cluster: &Cluster, options: &Options) -> Result<()> {
    let before = live::objects(cluster, options).await?;
    match apply::rehearse(cluster, options, &before).await {
        Err(refused) if is_sure(&refused.error) => Err(Teller { cluster, options }.refused(&refused)),
        _ => Ok(()),
    }
}

/// Whether it would be refused in earnest too. Rules of the cluster's may want the digest, which is not
/// known yet, and some webhooks take no part in rehearsals.
fn is_sure(error: &kube::Error) -> bool {
    let is_refusal = is_conflict(error) || is_invalid(error) || is_forbidden(error);
    let message = error.to_string();
    let is_a_rule = ["admission webhook", "ValidatingAdmissionPolicy"]
        .iter()
        .any(|word| message.contains(word));
    is_refusal && !is_a_rule
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_are_asked_when_the_digest_is_known() {
        let refused = |code: u16, message: &str| {
            let status = json!({ "status": "Failure", "code": code, "reason": "", "message": message });
            is_sure(&kube::Error::Api(
                serde_json::from_value(status).expect("a Status"),
            ))
        };
        assert!(refused(422, "spec.ports[0].nodePort: Invalid value: 80"));
        assert!(refused(
            403,
            "exceeded quota: small, requested: services.nodeports=1"
        ));
        assert!(!refused(
            403,
            "ValidatingAdmissionPolicy 'digests' denied request"
        ));
        assert!(!refused(
            422,
            "ValidatingAdmissionPolicy 'digests' denied request"
        ));
        assert!(!refused(400, "admission webhook \"a\" does not support dry run"));
        assert!(!refused(500, "etcdserver: request timed out"));
    }
}
