//! Runs the plugin against a fake API server, with a kubeconfig and a configuration of its own.

use std::fs;

use serde_json::json;

use super::{
    fake_apiserver::FakeApiServer,
    run::{Ended, Run},
};

/// `kubectl b2i …` in the namespace `shop` of this server.
pub fn run_on(url: &str, line: &str, config: Option<&str>) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), url, line, config)
}

fn run_in(folder: &std::path::Path, url: &str, line: &str, config: Option<&str>) -> Ended {
    let kubeconfig = folder.join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: c, cluster: {{server: \"{url}\"}}}}]\nusers: [{{name: u, user: {{token: t}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u, namespace: shop}}}}]\n"
    );
    fs::write(&kubeconfig, text).unwrap();
    let own = folder.join("config.yaml");
    fs::write(&own, config.unwrap_or_default()).unwrap();
    Run::new(line)
        .in_folder(folder)
        .env("KUBECONFIG", kubeconfig.to_str().unwrap())
        .env("B2I_CONFIG", own.to_str().unwrap())
        .ended()
}

/// `kubectl b2i deploy ARTIFACT …`, with a push Secret and a builder image.
pub fn deploy_on(server: &FakeApiServer, url: &str, file_name: &str, bytes: &[u8], flags: &str) -> Ended {
    // Base64 of {"auths":{"r.example":{"auth":"dTpw"}}}
    let data = "eyJhdXRocyI6eyJyLmV4YW1wbGUiOnsiYXV0aCI6ImRUcHcifX19";
    server.put(
        "/api/v1/namespaces/shop/secrets",
        json!({"metadata": {"name": "push"}, "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": data}}),
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(file_name), bytes).unwrap();
    let builder = if flags.contains("--builder-image") {
        ""
    } else {
        "builderImage: own.example/builder"
    };
    let is_configured = server
        .get("/api/v1/namespaces/shop/configmaps", "kubectl-b2i")
        .is_some();
    let config = Some(builder).filter(|_| !is_configured);
    let line = format!("deploy {file_name} --image r.example/team/shop {flags}");
    run_in(folder.path(), url, &line, config)
}
