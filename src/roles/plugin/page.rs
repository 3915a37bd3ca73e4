//! The page that `inspect` shows: what a file is, why we think so, and what becomes of it.

use serde::Serialize;

use crate::{
    model::{Artifact, ArtifactKind, Base, ConfigChanges, ImagePlan, LayerDescriptor, Port},
    term::{bytes, fold},
};

/// Column of the values: the longest label and two spaces.
const LABEL_WIDTH: usize = 10;
/// What a terminal has, if nobody made it wider.
const PAGE_WIDTH: usize = 80;

/// All that is known before anything is sent. What a script needs is in it too, so it is the JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<'a> {
    artifact: &'a Artifact,
    base: &'a Base,
    base_reason: &'a str,
    notes: &'a [String],
    platform: String,
    context_path: &'a str,
    s2i: bool,
    config: &'a ConfigChanges,
    layers: &'a [&'a LayerDescriptor],
    /// Bytes of all layers, compressed.
    layers_bytes: u64,
    /// Bytes that are sent when nothing but the application's own code changed.
    code_change_bytes: u64,
}

impl<'a> Page<'a> {
    pub(super) fn of(artifact: &'a Artifact, plan: &'a ImagePlan, layers: &'a [&'a LayerDescriptor]) -> Self {
        let size = |layer: &&LayerDescriptor| layer.descriptor.size_bytes;
        Self {
            artifact,
            base: &plan.base,
            base_reason: &plan.base_reason,
            notes: &plan.notes,
            platform: plan.platform.to_string(),
            context_path: &plan.context_path,
            s2i: plan.s2i == Some(true),
            config: &plan.config,
            layers,
            layers_bytes: layers.iter().map(size).sum(),
            // Layers go from what seldom changes to what changes every time.
            code_change_bytes: layers.last().map_or(0, size),
        }
    }

    /// The page for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut rows = Rows::default();
        let artifact = self.artifact;
        rows.add(
            "ARTIFACT",
            [format!(
                "{} · {} · {}",
                artifact.file_name,
                bytes(artifact.size_bytes),
                artifact.summary()
            )],
        );
        // Without its `sha256:`, as sha256sum prints it, the digest fits into the page.
        rows.add("SHA256", [artifact.digest.hex()]);
        rows.add("BECAUSE", artifact.evidence.clone());
        rows.add("NOTE", artifact.notes.clone());
        self.add_facts(&mut rows);
        let base = match self.base {
            Base::Scratch => "scratch".to_owned(),
            Base::Image(reference) => reference.to_string(),
        };
        let s2i = if self.s2i { " · source-to-image" } else { "" };
        rows.add(
            "BASE",
            [
                format!("{base} · {}{s2i}", self.platform),
                self.base_reason.to_owned(),
            ],
        );
        rows.add("NOTE", self.notes.to_vec());
        rows.add("COMMAND", [self.command()]);
        let env = self.config.env.iter();
        let default_env = self.config.default_env.iter();
        let pair = |(name, value): (&String, &String)| format!("{name}={value}");
        rows.add(
            "ENV",
            env.map(pair)
                .chain(default_env.map(|it| format!("{}, unless the base sets it", pair(it)))),
        );
        rows.add("PORTS", [self.ports()]);
        rows.add("USER", [self.user()]);
        rows.add("LAYERS", self.layers.iter().copied().map(layer_words));
        // At most: where the last build is known, only what has changed inside the layer is sent.
        rows.add(
            "REDEPLOY",
            [format!(
                "at most {} of {} when only code changed",
                bytes(self.code_change_bytes),
                bytes(self.layers_bytes)
            )],
        );
        rows.0
    }

    fn add_facts(&self, rows: &mut Rows) {
        match &self.artifact.kind {
            ArtifactKind::Jar(jar) => {
                rows.add("JAVA", [jar.java.to_string()]);
                rows.add("MAIN", [jar.main_class.clone()]);
            }
            ArtifactKind::War(war) => {
                let version = war.servlet_version.as_ref();
                let version =
                    version.map_or_else(String::new, |version| format!(", web.xml of version {version}"));
                rows.add("JAVA", [war.java.to_string()]);
                rows.add("SERVLET", [format!("{}{version}", war.servlet_api)]);
                rows.add("PATH", [self.context_path.to_owned()]);
            }
            ArtifactKind::Elf(elf) => rows.add("LIBRARY", [elf.libc.to_string()]),
        }
    }

    fn command(&self) -> String {
        match &self.config.entrypoint {
            Some(words) => words.join(" "),
            None if self.s2i => "the base's own `run` script".to_owned(),
            None => "the base's own".to_owned(),
        }
    }

    fn ports(&self) -> String {
        let ports: Vec<String> = self
            .config
            .exposed_ports
            .iter()
            .map(|port| Port::from(*port).to_string())
            .collect();
        match (&ports[..], &self.artifact.kind) {
            ([], ArtifactKind::Elf(_)) => "none, unless `--port` names one".to_owned(),
            ([], _) => "8080, unless `--port` names another".to_owned(),
            (ports, _) => ports.join(", "),
        }
    }

    fn user(&self) -> String {
        let user = self.config.user.clone();
        user.unwrap_or_else(|| "the base's own, or 1000 where that is no number".to_owned())
    }
}

fn layer_words(layer: &LayerDescriptor) -> String {
    format!(
        "{:<22} {:>9}  sha256:{}…",
        layer.name,
        bytes(layer.descriptor.size_bytes),
        layer.descriptor.digest.short()
    )
}

/// Labels at the left, values at the right, one below the other.
#[derive(Default)]
struct Rows(Vec<String>);

impl Rows {
    fn add(&mut self, label: &str, values: impl IntoIterator<Item = String>) {
        let mut label = label;
        for value in values {
            for line in fold(&value, PAGE_WIDTH - LABEL_WIDTH) {
                self.0.push(format!("{label:<LABEL_WIDTH$}{line}"));
                label = "";
            }
        }
    }
}
