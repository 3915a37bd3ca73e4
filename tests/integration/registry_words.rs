//! The words of what goes wrong with registries, whole: reviewed like code.
use std::fs;

use tempfile::TempDir;

use crate::support::{elf::Elf, run::Run};

const DOCS: &str = "https://github.com/kubectl-b2i/kubectl-b2i/blob/main/docs/troubleshooting.md";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("server"), Elf::default().bytes()).unwrap();
    folder
}

#[test]
fn a_registry_ca_that_is_none() {
    let folder = folder();
    fs::write(folder.path().join("ca.cer"), b"0\x82\x01\x00").unwrap();
    Run::new("build server --output oci-archive:x.tar --registry-ca ca.cer")
        .in_folder(folder.path())
        .fails(
            2,
            &format!(
                "error: could not use `ca.cer` as registry CA
  why: it holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)

next: give a file with the certificate of the registry's authority, in PEM form:
        openssl x509 -noout -subject -in ca.cer
      {DOCS}#registry-ca
"
            ),
        );
}

#[test]
fn a_proxy_with_a_password() {
    let folder = folder();
    let config = folder.path().join("config.yaml");
    fs::write(
        &config,
        "proxy:\n  https: http://ann:s3cret@proxy.example.com:3128\n",
    )
    .unwrap();
    Run::new("build server --output oci-archive:x.tar")
        .in_folder(folder.path())
        .env("B2I_CONFIG", config.to_str().unwrap())
        .fails(
            2,
            &format!(
                "error: could not use the proxy for https
  why: its address holds a login, which all who may read Pods could read

next: set `proxy.https` in the configuration to `http://HOST:PORT`
      {DOCS}#registry-proxy
"
            ),
        );
}
