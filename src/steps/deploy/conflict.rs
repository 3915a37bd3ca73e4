//! Whose fields an apply would have changed, in words: the API server names managers and paths. Pure.

use std::fmt::Write;

/// A field that somebody else set to another value.
#[derive(Debug, PartialEq, Eq)]
struct Conflict<'a> {
    /// The field manager.
    manager: &'a str,
    /// `scale`, where it went through that subresource.
    subresource: Option<&'a str>,
    /// `.spec.replicas`
    field: &'a str,
}

/// What to do about conflicts, beside taking the fields over.
pub(super) enum Advice {
    /// An autoscaler would change the replicas back at once.
    Autoscaler,
    /// Somebody scaled the app by hand.
    Scaled,
    /// Somebody set env of this name, which an earlier deploy may have set too.
    Env(String),
    /// Somebody set something else.
    Fields,
}

/// Reads the causes that the API server gives:
/// <https://github.com/kubernetes/apimachinery/blob/v0.34.0/pkg/api/errors/errors.go> (`NewApplyConflict`).
fn read(error: &kube::Error) -> Vec<Conflict<'_>> {
    let kube::Error::Api(status) = error else {
        return Vec::new();
    };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| {
            // conflict with "kubectl" with subresource "scale" using apps/v1
            let mut quoted = cause.message.split('"').skip(1).step_by(2);
            let manager = quoted.next().unwrap_or("somebody");
            let has_subresource = cause.message.contains("with subresource");
            Conflict {
                manager,
                subresource: quoted.next().filter(|_| has_subresource),
                field: &cause.field,
            }
        })
        .collect()
}

/// Whether nothing is in conflict but what a container runs: its image, and the words that start it.
pub(super) fn is_about_what_runs(error: &kube::Error) -> bool {
    let conflicts = read(error);
    let is_run = |it: &Conflict| {
        let (_, field) = it.field.rsplit_once("\"].").unwrap_or_default();
        it.field.contains(".containers[name=") && matches!(field, "image" | "command" | "args")
    };
    !conflicts.is_empty() && conflicts.iter().all(is_run)
}

/// Says who set what, and what follows; `None` where the API server gave no causes.
pub(super) fn told(error: &kube::Error) -> Option<(String, Advice)> {
    let conflicts = read(error);
    if conflicts.is_empty() {
        return None;
    }
    let mut words = String::new();
    for conflict in &conflicts {
        let separator = if words.is_empty() { "" } else { "\n" };
        write!(
            words,
            "{separator}{} was set by {}",
            thing(conflict.field),
            who(conflict)
        )
        .ok()?;
    }
    let advice = match &conflicts[..] {
        [one] if one.field == ".spec.replicas" && is_autoscaler(one) => Advice::Autoscaler,
        [one] if one.field == ".spec.replicas" => Advice::Scaled,
        [one] => env(one.field).map_or(Advice::Fields, |name| Advice::Env(name.to_owned())),
        _ => Advice::Fields,
    };
    Some((words, advice))
}

/// The autoscaler is a controller, and scales through the subresource.
fn is_autoscaler(conflict: &Conflict) -> bool {
    conflict.manager == "kube-controller-manager" && conflict.subresource == Some("scale")
}

fn who(conflict: &Conflict) -> String {
    match (conflict.manager, conflict.subresource) {
        _ if is_autoscaler(conflict) => "an autoscaler (HorizontalPodAutoscaler)".to_owned(),
        ("kubectl", Some("scale")) => "`kubectl scale`".to_owned(),
        ("kubectl-set", _) => "`kubectl set`".to_owned(),
        ("kubectl-edit", _) => "`kubectl edit`".to_owned(),
        ("kubectl-patch", _) => "`kubectl patch`".to_owned(),
        ("kubectl-create", _) => "`kubectl create`".to_owned(),
        ("kubectl-client-side-apply", _) => "`kubectl apply`".to_owned(),
        (manager, _) => format!("`{manager}`"),
    }
}

/// Returns the name of the variable that a path is of.
fn env(field: &str) -> Option<&str> {
    let (_, rest) = field.split_once(".env[name=\"")?;
    rest.split_once('"').map(|(name, _)| name)
}

/// A path in a person's words.
fn thing(field: &str) -> String {
    if let Some(name) = env(field) {
        return format!("the env `{name}`");
    }
    match field {
        ".spec.replicas" => return "the number of Pods".to_owned(),
        ".spec.type" => return "how the Service is reached (its type)".to_owned(),
        _ => {}
    }
    let of_container = field
        .strip_prefix(".spec.template.spec.containers[")
        .and_then(|rest| rest.split_once("]."));
    if let Some((_, of_container)) = of_container {
        return match of_container {
            "image" => "the image".to_owned(),
            "command" => "the command".to_owned(),
            "args" => "the arguments".to_owned(),
            "resources.limits.memory" => "the memory limit".to_owned(),
            "resources.limits.cpu" => "the CPU limit".to_owned(),
            "resources.requests.memory" => "the memory that is asked for".to_owned(),
            "resources.requests.cpu" => "the CPU that is asked for".to_owned(),
            other => format!("`{other}` of the container"),
        };
    }
    if let Some(of_pods) = field.strip_prefix(".spec.template.") {
        let of_pods = of_pods.strip_prefix("spec.").unwrap_or(of_pods);
        return format!("`{of_pods}` of the Pods");
    }
    format!("`{}`", field.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conflict(causes: &[(&str, &str)]) -> kube::Error {
        let causes: Vec<_> = causes
            .iter()
            .map(|(message, field)| json!({ "reason": "FieldManagerConflict", "message": message, "field": field }))
            .collect();
        let status = json!({ "status": "Failure", "code": 409, "reason": "Conflict", "message": "raw",
            "details": { "causes": causes } });
        kube::Error::Api(serde_json::from_value(status).expect("a Status"))
    }

    #[test]
    fn who_scaled_is_said() {
        let by = |message: &str| told(&conflict(&[(message, ".spec.replicas")])).expect("a conflict");
        let (words, advice) = by(r#"conflict with "kubectl" with subresource "scale" using apps/v1"#);
        assert_eq!(words, "the number of Pods was set by `kubectl scale`");
        assert!(matches!(advice, Advice::Scaled));
        let (words, advice) =
            by(r#"conflict with "kube-controller-manager" with subresource "scale" using apps/v1"#);
        assert_eq!(
            words,
            "the number of Pods was set by an autoscaler (HorizontalPodAutoscaler)"
        );
        assert!(matches!(advice, Advice::Autoscaler));
    }

    #[test]
    fn env_that_was_set_twice_may_be_left_to_the_other() {
        let path = r#".spec.template.spec.containers[name="shop"].env[name="C"].value"#;
        let error = conflict(&[(r#"conflict with "kubectl-set" using apps/v1"#, path)]);
        let (_, advice) = told(&error).expect("a conflict");
        assert!(matches!(advice, Advice::Env(name) if name == "C"));
    }

    #[test]
    fn fields_are_named_as_people_know_them() {
        let container =
            |field: &str| thing(&format!(r#".spec.template.spec.containers[name="shop"].{field}"#));
        assert_eq!(container("resources.limits.memory"), "the memory limit");
        assert_eq!(
            container("readinessProbe.periodSeconds"),
            "`readinessProbe.periodSeconds` of the container"
        );
        assert_eq!(
            thing(".spec.template.spec.serviceAccountName"),
            "`serviceAccountName` of the Pods"
        );
        assert_eq!(
            thing(".spec.template.metadata.labels.team"),
            "`metadata.labels.team` of the Pods"
        );
        assert_eq!(thing(".spec.selector"), "`spec.selector`");
    }

    #[test]
    fn each_field_has_its_line() {
        let error = conflict(&[
            (
                r#"conflict with "kubectl-set" using apps/v1"#,
                r#".spec.template.spec.containers[name="shop"].env[name="C"].value"#,
            ),
            (
                r#"conflict with "helm" using apps/v1"#,
                r#".spec.template.spec.containers[name="shop"].image"#,
            ),
        ]);
        assert!(!is_about_what_runs(&error));
        let (words, _) = told(&error).expect("conflicts");
        assert_eq!(
            words,
            "the env `C` was set by `kubectl set`\nthe image was set by `helm`"
        );
        let image = conflict(&[(
            "conflict with \"helm\"",
            r#".spec.template.spec.containers[name="a"].image"#,
        )]);
        assert!(is_about_what_runs(&image));
    }
}
