//! Installed as people install it: by krew, found by kubectl, completed by kubectl.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    thread,
};

use crate::{
    support::elf::Elf,
    world::{REGISTRY, root, run, var},
};

/// The archive for this machine, and the folder that it is in.
fn packaged() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let plugin = run(Command::new("sh").args(["-c", "command -v kubectl-b2i"]));
    run(Command::new(root().join("krew/package"))
        .arg(folder.path())
        .env("B2I_BINARY", plugin));
    folder
}

fn manifest(folder: &Path, base_uri: &str) -> String {
    run(Command::new(root().join("krew/manifest"))
        .arg(folder)
        .arg(base_uri))
}

/// Serves the files of a folder, to whoever asks on loopback.
fn serve(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let folder = folder.to_owned();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let count = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            let path = request
                .split(' ')
                .nth(1)
                .unwrap_or("/")
                .trim_start_matches('/')
                .to_owned();
            let (status, body) = match fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(&body));
        }
    });
    uri
}

#[test]
#[ignore = "needs krew: tests/run"]
fn krews_own_judge_accepts_the_manifest() {
    let folder = packaged();
    let uri = serve(folder.path());
    let file = folder.path().join("b2i.yaml");
    fs::write(&file, manifest(folder.path(), &uri) + "\n").unwrap();
    // The judge installs with `kubectl krew`.
    let krew = run(Command::new("sh").args(["-c", "command -v krew"]));
    std::os::unix::fs::symlink(krew, folder.path().join("kubectl-krew")).unwrap();
    let path = format!("{}:{}", folder.path().display(), var("PATH"));
    run(Command::new("validate-krew-manifest")
        .arg("-manifest")
        .arg(&file)
        .env("PATH", path));
}

#[test]
#[ignore = "needs krew: tests/run"]
fn krew_installs_it_and_kubectl_finds_it() {
    let folder = packaged();
    let file = folder.path().join("b2i.yaml");
    fs::write(&file, manifest(folder.path(), "https://example.com") + "\n").unwrap();
    let archive = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .unwrap();
    let home = tempfile::tempdir().unwrap();
    // krew removes nothing without an index; one that is empty will do, and needs no network.
    let index = folder.path().join("index");
    let make = "git init -q && mkdir plugins && touch plugins/none && git add . && git -c user.name=e2e -c user.email=e2e commit -qm none";
    fs::create_dir(&index).unwrap();
    run(Command::new("sh").args(["-c", make]).current_dir(&index));
    let krew = |words: &[&str]| {
        run(Command::new("krew")
            .args(words)
            .env("KREW_ROOT", home.path())
            .env("KREW_DEFAULT_INDEX_URI", &index)
            .env("KREW_NO_UPGRADE_CHECK", "1"))
    };
    krew(&["update"]);
    let manifest = format!("--manifest={}", file.display());
    krew(&["install", &manifest, &format!("--archive={}", archive.display())]);
    // Nothing but krew's folder and the system's, so that no other kubectl-b2i answers.
    let path = format!(
        "{}:/usr/local/bin:/usr/bin:/bin",
        home.path().join("bin").display()
    );
    let version = run(Command::new("kubectl").args(["b2i", "version"]).env("PATH", path));
    assert_eq!(version, format!("kubectl-b2i {}", env!("CARGO_PKG_VERSION")));
    let ours = || run(Command::new("find").arg(home.path()).args(["-path", "*b2i*"]));
    assert!(ours().contains("bin/kubectl-b2i"), "{}", ours());
    krew(&["uninstall", "b2i"]);
    assert_eq!(ours(), "");
}

#[test]
#[ignore = "needs krew: tests/run"]
fn an_archive_has_the_program_its_licence_and_the_completion() {
    let folder = packaged();
    let archive = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .unwrap();
    let names = run(Command::new("tar").arg("-tzf").arg(&archive));
    assert_eq!(
        names.lines().collect::<Vec<_>>(),
        ["./", "./LICENSE", "./kubectl-b2i", "./kubectl_complete-b2i"]
    );
    let licence = run(Command::new("tar").arg("-xzOf").arg(&archive).arg("./LICENSE"));
    assert!(licence.contains("Apache License") && licence.contains("Version 2.0"));
    // The same program gives the same archive.
    let again = packaged();
    let checksums = |folder: &Path| fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    assert_eq!(checksums(folder.path()), checksums(again.path()));
}

#[test]
#[ignore = "needs kubectl 1.26 or newer: tests/run"]
fn kubectl_completes_it() {
    let path = format!("{}:{}", root().join("completions").display(), var("PATH"));
    let complete = |words: &[&str]| {
        run(Command::new("kubectl")
            .args(["__complete", "b2i"])
            .args(words)
            .env("PATH", &path))
    };
    let commands = complete(&[""]);
    assert!(
        commands.contains("deploy\tMake an image of an artifact, push it and run it"),
        "{commands}"
    );
    // Live: the namespaces of the cluster.
    let namespaces = complete(&["deploy", "app.jar", "--namespace", "kube-s"]);
    assert!(namespaces.starts_with("kube-system\n:4"), "{namespaces}");
}

#[test]
#[ignore = "needs a cluster: its registry, skopeo and crane"]
fn the_builder_image_of_a_release_is_one_index_for_both_architectures() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (architecture, machine) in [("amd64", 62), ("arm64", 183)] {
        let elf = Elf {
            machine,
            ..Elf::default()
        };
        fs::write(path(architecture), elf.bytes()).unwrap();
        run(Command::new("kubectl-b2i")
            .args([
                "build",
                architecture,
                "--base",
                "scratch",
                "--image",
                "b2i/builder:1",
            ])
            .arg(format!("--output=oci-archive:{architecture}.tar"))
            .current_dir(folder.path()));
    }
    let index = |out: &str| {
        run(Command::new(root().join("krew/index"))
            .args([out, "1", "amd64.tar", "arm64.tar"])
            .current_dir(folder.path()));
        fs::read(path(out)).unwrap()
    };
    assert!(index("one.tar") == index("two.tar"));
    let image = format!("{REGISTRY}/e2e-release/builder:1");
    run(Command::new("skopeo")
        .args([
            "copy",
            "-q",
            "--all",
            "--dest-tls-verify=false",
            "oci-archive:one.tar",
        ])
        .arg(format!("docker://{image}"))
        .current_dir(folder.path()));
    run(Command::new("crane").args(["validate", "--insecure", "--remote", &image]));
    for architecture in ["amd64", "arm64"] {
        let platform = format!("linux/{architecture}");
        let config =
            run(Command::new("crane").args(["config", "--insecure", "--platform", &platform, &image]));
        let config: serde_json::Value = serde_json::from_str(&config).unwrap();
        assert_eq!(config["architecture"], architecture);
    }
}
