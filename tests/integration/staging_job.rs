//! The staging Job, as it goes to the API server.

use kubectl_b2i::{
    cluster::objects::staging_job::StagingJob,
    model::{AppName, SecretName, StagingRequest},
    oci::Digest,
};
use serde_json::{Value, json};

fn job(builder_pull_secret: Option<&str>) -> Value {
    let app: AppName = "shop".parse().unwrap();
    let request = StagingRequest {
        registry: "registry.example.com".to_owned(),
        repository: "team/shop".to_owned(),
        access: Default::default(),
        base: Some("eclipse-temurin:17-jre".parse().unwrap()),
        push_secret: SecretName {
            namespace: "shop".to_owned(),
            name: "registry-push".to_owned(),
        },
        token_sha256: Digest::of(b"token"),
        idle_seconds: 60,
        spool_limit_bytes: 4 * 1024 * 1024 * 1024,
        port: 7318,
    };
    let job = StagingJob {
        app: &app,
        run_id: "x7k2m",
        builder_image: "registry.example.com/tools/kubectl-b2i:0.1.0",
        builder_pull_secret,
        push_secret: "registry-push",
        pull_secret: None,
        cpu_limit: None,
        request: &request,
    };
    serde_json::to_value(job.object()).unwrap()
}

#[test]
fn the_job_in_full() {
    let request = format!(
        r#"{{"registry":"registry.example.com","repository":"team/shop","access":{{"mirrors":{{}},"insecure":[]}},"base":"docker.io/library/eclipse-temurin:17-jre","push_secret":{{"namespace":"shop","name":"registry-push"}},"token_sha256":"{}","idle_seconds":60,"spool_limit_bytes":4294967296,"port":7318}}"#,
        Digest::of(b"token")
    );
    let expected = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "b2i-staging-x7k2m",
            "labels": {
                "app.kubernetes.io/managed-by": "kubectl-b2i",
                "kubectl-b2i/app": "shop",
                "kubectl-b2i/role": "staging",
                "kubectl-b2i/run": "x7k2m",
            },
        },
        "spec": {
            "activeDeadlineSeconds": 3600,
            "backoffLimit": 6,
            "ttlSecondsAfterFinished": 60,
            "template": {
                "metadata": {
                    "annotations": {
                        "linkerd.io/inject": "disabled",
                        "sidecar.istio.io/inject": "false",
                    },
                    "labels": {
                        "app.kubernetes.io/managed-by": "kubectl-b2i",
                        "kubectl-b2i/app": "shop",
                        "kubectl-b2i/role": "staging",
                        "kubectl-b2i/run": "x7k2m",
                        "sidecar.istio.io/inject": "false",
                    },
                },
                "spec": {
                    "automountServiceAccountToken": false,
                    "enableServiceLinks": false,
                    "restartPolicy": "OnFailure",
                    "terminationGracePeriodSeconds": 3,
                    "securityContext": {
                        "runAsNonRoot": true,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [{
                        "name": "staging",
                        "image": "registry.example.com/tools/kubectl-b2i:0.1.0",
                        "imagePullPolicy": "IfNotPresent",
                        "args": ["in-cluster-staging"],
                        "env": [{"name": "B2I_STAGING", "value": request}],
                        "resources": {
                            "requests": {"cpu": "50m", "memory": "64Mi"},
                            "limits": {"memory": "256Mi"},
                        },
                        "securityContext": {
                            "allowPrivilegeEscalation": false,
                            "capabilities": {"drop": ["ALL"]},
                            "readOnlyRootFilesystem": true,
                        },
                        "terminationMessagePath": "/dev/termination-log",
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                        "volumeMounts": [
                            {"name": "spool", "mountPath": "/spool"},
                            {"name": "push-secret", "mountPath": "/etc/b2i/push-secret", "readOnly": true},
                        ],
                    }],
                    "volumes": [
                        {"name": "spool", "emptyDir": {"sizeLimit": "4311744512"}},
                        {"name": "push-secret", "secret": {"secretName": "registry-push"}},
                    ],
                },
            },
        },
    });
    assert_eq!(job(None), expected);
}

#[test]
fn the_builder_image_may_need_a_secret_of_its_own() {
    let spec = &job(Some("builder-pull"))["spec"]["template"]["spec"];
    assert_eq!(spec["imagePullSecrets"], json!([{"name": "builder-pull"}]));
}

/// <https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted>, beside the
/// golden object, so that an honest change of that one cannot loosen it.
#[test]
fn the_pod_is_restricted() {
    let spec = &job(None)["spec"]["template"]["spec"];
    for forbidden in ["hostNetwork", "hostPID", "hostIPC"] {
        assert!(spec[forbidden].is_null(), "{forbidden}");
    }
    assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
    assert_eq!(
        spec["securityContext"]["seccompProfile"]["type"],
        "RuntimeDefault"
    );
    // OpenShift assigns a user of its own, and refuses one that it did not.
    assert!(spec["securityContext"]["runAsUser"].is_null());
    for container in spec["containers"].as_array().unwrap() {
        let security = &container["securityContext"];
        assert_eq!(security["allowPrivilegeEscalation"], false);
        assert_eq!(security["capabilities"]["drop"], json!(["ALL"]));
        assert!(security["capabilities"]["add"].is_null());
        assert!(security["privileged"].is_null());
    }
    let is_allowed = |volume: &Value| volume.get("emptyDir").is_some() || volume.get("secret").is_some();
    assert!(spec["volumes"].as_array().unwrap().iter().all(is_allowed));
}
