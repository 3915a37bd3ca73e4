//! Both hops of an upload are cut again and again: plugin to API server, and Pod to registry. What
//! crosses the link is counted where it is cut.

use std::{
    io::Write,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::{
    link::API_SERVER,
    toxiproxy::{Proxy, Toxiproxy},
    world::{REGISTRY, World, root, run},
};

pub const MEGABYTE: u64 = 1_000_000;
const CUTS: usize = 8;

/// Numbers that are the same in each run: xorshift64.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Bytes after which connections are cut: eight of these are less than the layer.
    fn cuts(&mut self) -> Vec<u64> {
        (0..CUTS)
            .map(|_| MEGABYTE + self.next() % (8 * MEGABYTE))
            .collect()
    }
}

/// A program whose one layer cannot be compressed: busybox, and noise.
pub fn noisy_program(world: &World, seed: u64, size_bytes: u64) -> PathBuf {
    let path = world.folder.path().join("noise");
    let mut bytes = std::fs::read("/bin/busybox").unwrap();
    let mut seeded = Seeded(seed);
    while (bytes.len() as u64) < size_bytes {
        bytes.extend_from_slice(&seeded.next().to_le_bytes());
    }
    std::fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
    path
}

fn both_hops(name: &str, what: &str, registry: &str, flags: &str, is_plain: bool) {
    let world = World::new(name);
    let toxiproxy = Toxiproxy::start();
    let to_cluster = toxiproxy.proxy("cluster", "127.0.0.1", API_SERVER);
    let to_registry = toxiproxy.proxy("registry", "10.250.0.1", registry);
    world.kubeconfig_for_user(&format!("https://{}", to_cluster.listen));
    world.secret_for("registry-cut", &to_registry.listen);
    let program = noisy_program(&world, 5, 80 * MEGABYTE);
    let image = format!("{}/{}/noise:1", to_registry.listen, world.namespace);
    let insecure = if is_plain {
        format!("--insecure-registry {}", to_registry.listen)
    } else {
        String::new()
    };
    let line = format!(
        "build {} --name noise --base scratch --image {image} --push-secret registry-cut {insecure} {flags} -o json",
        program.display()
    );

    let is_over = AtomicBool::new(false);
    let (said, cuts) = thread::scope(|scope| {
        let cutting = [(&to_cluster, 7), (&to_registry, 11)].map(|(proxy, seed): (&Proxy, u64)| {
            let is_over = &is_over;
            scope.spawn(move || proxy.cut(&Seeded(seed).cuts(), is_over))
        });
        let said = world.b2i(&line);
        is_over.store(true, Ordering::SeqCst);
        (said, cutting.map(|cutting| cutting.join().unwrap()))
    });
    assert_eq!(said.code, Some(0), "after {cuts:?} cuts: {}", said.stderr);
    assert_eq!(cuts, [CUTS; 2], "{}", said.stderr);
    to_cluster.close();
    to_registry.close();

    let built: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let inspected = world.b2i_json(&format!("inspect {}", program.display()));
    let layer = inspected["layersBytes"].as_u64().unwrap();
    assert!(layer > 79 * MEGABYTE);
    assert_eq!(built["uploadedBytes"], layer);
    let percent = |bytes: u64| bytes as f64 * 100.0 / layer as f64;
    let (link, pushed) = (to_cluster.bytes(), to_registry.bytes());
    eprintln!(
        "| {what} | {layer} | {link} ({:.1} %) | {pushed} ({:.0} %) |",
        percent(link),
        percent(pushed),
    );
    assert!(
        percent(link) <= 105.0,
        "{link} of {layer} bytes crossed the link\n{}",
        said.stderr
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn distribution_2_8() {
    both_hops("cuts-2", "distribution 2.8", REGISTRY, "", true);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn distribution_3() {
    let exports = run(&mut Command::new(root().join("tests/cluster/registries")));
    let value = |name: &str| {
        let at = exports.find(name).unwrap() + name.len() + 1;
        exports[at..].split_whitespace().next().unwrap().to_owned()
    };
    let registry = value("B2I_TLS_REGISTRY");
    let authority = value("B2I_TLS_REGISTRY_CA");
    both_hops(
        "cuts-3",
        "distribution v3",
        &registry,
        &format!("--registry-ca {authority}"),
        false,
    );
}
