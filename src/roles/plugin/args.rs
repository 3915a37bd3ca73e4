//! The command line as it is typed. The doc comments here are the help text.

use std::{ffi::OsString, path::PathBuf, str::FromStr};

use clap::{
    Args, Parser, Subcommand,
    builder::{OsStringValueParser, TypedValueParser},
};

use crate::{
    model::{AppName, ArtifactPlace, PortChange},
    oci::{Digest, Platform},
};

use super::{
    commands::{
        build, builder, completion, delete, deploy, doctor, import, init, inspect, list, logs, registry,
        rerun, rollback, runtimes, status, version,
    },
    given_image::GivenImage,
    values,
};

/// Runs a JAR, a WAR or a native binary in Kubernetes: no Dockerfile, no Docker
///
/// The artifact goes through a staging Pod into your registry, a builder Job makes the image, and a
/// Deployment with a Service runs it. Nothing needs privileges or anything installed in the cluster.
#[derive(Parser, Debug)]
#[command(
    name = "kubectl-b2i",
    bin_name = "kubectl b2i",
    version,
    arg_required_else_help = true
)]
#[command(after_help = "First steps, with a registry that the nodes pull from:
  kubectl b2i registry login registry.example.com
  kubectl b2i deploy ./shop.jar --port 8080 --nodeport

Without one, to try it out:
  kubectl b2i registry up
  kubectl b2i deploy ./shop.jar --port 8080 --nodeport

What a namespace still lacks: kubectl b2i doctor")]
pub(crate) struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one in a run, and clap fills it in place"
)]
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Make an image of an artifact, push it and run it
    Deploy(deploy::Args),
    /// Make an image of an artifact and push it
    Build(build::Args),
    /// Write the options of `deploy` into b2i.yaml, to stand beside the artifact
    Init(init::Args),
    /// Make b2i.yaml of KubeSphere's S2iBuilder
    Import(import::Args),
    /// Tell what an artifact is and what image it would get; needs no cluster
    Inspect(inspect::Args),
    /// Tell the base images, and which of them an artifact would get
    Runtimes(runtimes::Args),
    /// List the apps of the namespace and their builds
    List(list::Args),
    /// Show an app: image, artifact, options, env, Pods, builds, events
    Status(status::Args),
    /// Print what an app's Pods say, or what its builder said
    Logs(logs::Args),
    /// Make an image again of the layers in the registry, on a newer base; uploads nothing
    Rerun(rerun::Args),
    /// Run the image of an earlier build; builds nothing
    Rollback(rollback::Args),
    /// Remove an app and its build record
    Delete(delete::Args),
    /// Look at what a deploy needs in the namespace, and say what to do
    Doctor(doctor::Args),
    /// Log in to registries, and ask them what they would have against a build
    Registry(registry::Args),
    /// Make the image of the staging Pod and the builder Job, of this plugin
    Builder(builder::Args),
    /// Write the script that completes kubectl-b2i in a shell
    Completion(completion::Args),
    /// Tell the version
    Version(version::Args),
}

/// kubectl's own flags, with kubectl's spelling and meaning.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Flags of kubectl")]
pub(crate) struct GlobalArgs {
    /// Namespace to work in
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Context of the kubeconfig to use
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Path of the kubeconfig
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Cluster of the kubeconfig to use
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) cluster: Option<String>,
    /// User of the kubeconfig to use
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) user: Option<String>,
    /// Address of the API server
    #[arg(short, long, global = true, value_name = "URL", hide_short_help = true)]
    pub(crate) server: Option<String>,
    /// Bearer token for the API server
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true)]
    pub(crate) token: Option<String>,
    /// User to impersonate
    #[arg(long = "as", global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) as_user: Option<String>,
    /// Group to impersonate; repeats
    #[arg(long = "as-group", global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) as_groups: Vec<String>,
    /// UID to impersonate
    #[arg(long, global = true, value_name = "UID", hide_short_help = true)]
    pub(crate) as_uid: Option<String>,
    /// How long one request to the API server may take, for example 30s; 0 is for ever
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        default_value = "0",
        hide_short_help = true
    )]
    pub(crate) request_timeout: String,
    /// Trust any certificate of the API server
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) insecure_skip_tls_verify: bool,
    /// File with the API server's certificate authority
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub(crate) certificate_authority: Option<String>,
    /// File with a client certificate
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub(crate) client_certificate: Option<String>,
    /// File with the client certificate's key
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub(crate) client_key: Option<String>,
    /// Name to expect in the API server's certificate
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) tls_server_name: Option<String>,
    /// Say nothing on stderr but failures
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// What an image is made from and how: shared by `deploy`, `build` and `inspect`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Flags of the image")]
pub(crate) struct PlanArgs {
    /// The JAR, WAR or native binary, or the folder with it and its files; `-` for what is piped in, or https://…
    ///
    /// May be left out where a b2i.yaml in this folder names it.
    #[arg(
        help_heading = "Arguments",
        default_value = "",
        hide_default_value = true,
        value_hint = clap::ValueHint::AnyPath,
        value_parser = OsStringValueParser::new().map(ArtifactPlace::of)
    )]
    pub(crate) artifact: ArtifactPlace,
    /// Options file, instead of the b2i.yaml beside the artifact or in this folder; '' for none
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: Option<OsString>,
    /// Base image instead of the one that the artifact would get; `scratch` for none
    #[arg(long, value_name = "REFERENCE", env = "B2I_BASE")]
    pub(crate) base: Option<String>,
    /// The base is a source-to-image (S2I) one: its own `run` script starts the app
    ///
    /// The artifact goes in whole, at /deployments or /opt/app-root/src/bin/binary. Known by itself
    /// for bases of the catalogue with `s2i: true`; `--s2i=false` takes another base's label as
    /// nothing to care for.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) s2i: Option<bool>,
    /// Platform to build for, where the artifact does not decide it
    #[arg(long, value_name = "OS/ARCHITECTURE")]
    pub(crate) platform: Option<Platform>,
    /// Port that the app listens on, as [NAME=]PORT[/tcp|udp|sctp]; repeats, the first TCP one is probed
    ///
    /// Without a name the ports given are all that there are. With one, a port is added or changed,
    /// and the others stay; NAME- removes it.
    #[arg(long = "port", value_name = "PORT")]
    pub(crate) ports: Vec<PortChange>,
    /// Env of the image, as NAME=VALUE; repeats
    #[arg(long = "image-env", value_name = "NAME=VALUE")]
    pub(crate) image_env: Vec<String>,
    /// Label of the image, as NAME=VALUE; repeats
    #[arg(long = "image-label", value_name = "NAME=VALUE")]
    pub(crate) image_labels: Vec<String>,
    /// Options for the JVM, added to the defaults
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true)]
    pub(crate) jvm_options: Option<String>,
    /// Path that a WAR serves; `/` for the root
    #[arg(long, value_name = "PATH")]
    pub(crate) context_path: Option<String>,
    /// Let Tomcat 10 or later convert a WAR for javax.servlet when it starts
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) convert_javax: Option<bool>,
    /// How the layers are compressed: gzip, or zstd for runtimes of 2021 and newer
    #[arg(long, value_name = "FORMAT", value_parser = ["gzip", "zstd"])]
    pub(crate) compression: Option<String>,
    /// How hard: 1 to 9 for gzip (1 when not given), 1 to 19 for zstd (3)
    #[arg(long, value_name = "N", value_parser = values::number_in::<u8>(1..=19), hide_short_help = true)]
    pub(crate) compression_level: Option<u8>,
    /// What the artifact must be, before anybody looks into it.
    #[command(flatten)]
    pub(crate) expected: ExpectedArgs,
}

/// What an artifact must be, and how large: shared by all commands that take one.
#[derive(Args, Debug)]
#[command(next_help_heading = "Flags of the artifact")]
pub(crate) struct ExpectedArgs {
    /// SHA-256 that the artifact must have, in hex
    #[arg(long, value_name = "DIGEST", value_parser = values::digest)]
    pub(crate) sha256: Option<Digest>,
    /// Largest artifact to take
    #[arg(long, value_name = "SIZE", default_value = "4Gi", value_parser = values::size, hide_short_help = true)]
    pub(crate) max_artifact_size: u64,
    /// Largest size of an archive's entries, unpacked; above the default it may also be a bomb's
    #[arg(long, value_name = "SIZE", default_value = "8Gi", value_parser = values::size, hide_short_help = true)]
    pub(crate) max_unpacked_size: u64,
    /// Most entries that an archive may have
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = values::count, hide_short_help = true)]
    pub(crate) max_entries: u64,
    /// Take a JAR though its Class-Path names files that are not there, as Java does
    #[arg(long, hide_short_help = true)]
    pub(crate) allow_missing_libraries: bool,
}

/// Where an image goes: shared by `deploy` and `build`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Flags of the image")]
pub(crate) struct ImageArgs {
    /// Where the image goes: registry/repository[:tag]
    #[arg(long, value_name = "REFERENCE", env = "B2I_IMAGE")]
    pub(crate) image: Option<GivenImage>,
    /// Tag of the image; repeats
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Name of the app; from the artifact's file name when not given
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<AppName>,
    /// Ask whether the base has moved, though nothing else has changed since the last build
    #[arg(long, conflicts_with = "rebuild")]
    pub(crate) pull: bool,
    /// Build even if nothing changed since the last build
    #[arg(long)]
    pub(crate) rebuild: bool,
}

/// What builds in the cluster: shared by `deploy` and `build`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Flags of the build in the cluster")]
pub(crate) struct ClusterBuildArgs {
    /// Secret (docker-registry) that may push; when not given, the only one there is, or the one that the
    /// app's last build used
    #[arg(long, value_name = "NAME", env = "B2I_PUSH_SECRET")]
    pub(crate) push_secret: Option<String>,
    /// Secret (docker-registry) that the base image is pulled with, where it is not the push
    /// Secret; `default` for that one again
    #[arg(long, value_name = "NAME", env = "B2I_PULL_SECRET")]
    pub(crate) pull_secret: Option<String>,
    /// Image of the staging Pod and the builder Job; where none is named, the first build brings it in
    #[arg(long, value_name = "REFERENCE", env = "B2I_BUILDER_IMAGE")]
    pub(crate) builder_image: Option<String>,
    /// Image with a shell by which the builder image is brought in where none is named; busybox when not given
    #[arg(long, value_name = "REFERENCE", env = "B2I_BOOTSTRAP_IMAGE")]
    pub(crate) bootstrap_image: Option<String>,
    /// Secret that the builder image is pulled with
    #[arg(long, value_name = "NAME", env = "B2I_BUILDER_PULL_SECRET")]
    pub(crate) builder_pull_secret: Option<String>,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    /// How long the staging Pod stays for the next run, for example 10m; 0 ends it with this one. When not
    /// given, 5m, and 0 where `CI` is set
    #[arg(long, value_name = "TIME", env = "B2I_STAGING_IDLE")]
    pub(crate) staging_idle: Option<String>,
    /// How many builds of the app its record keeps; by default 10
    #[arg(long, value_name = "N", env = "B2I_HISTORY_LIMIT", value_parser = values::number_in::<u16>(1..=65535))]
    pub(crate) history_limit: Option<u16>,
    /// CPU limit of the build's Pods, for example 1; when not given, 500m where a quota demands a limit, else none
    #[arg(long, value_name = "QUANTITY", env = "B2I_BUILD_CPU_LIMIT", value_parser = values::amount_of_cpu)]
    pub(crate) build_cpu_limit: Option<String>,
    /// How long the builder Job may take, for example 10m
    #[arg(long, value_name = "TIME", default_value = "30m")]
    pub(crate) build_timeout: String,
}

/// What is told of a build at its end: shared by `deploy`, `build` and `rerun`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ReportArgs {
    /// Print how long each step took, and the bytes that it moved; `-o json` always has them
    #[arg(long)]
    pub(crate) timings: bool,
}

/// How registries are reached.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Flags of the registry")]
pub(crate) struct AccessArgs {
    /// Registry whose certificate is not checked, or that speaks plain HTTP; repeats
    #[arg(long = "insecure-registry", value_name = "HOST")]
    pub(crate) insecure_registries: Vec<String>,
    /// Private host that a registry may redirect to, such as its blob storage or its token server; repeats
    #[arg(long = "registry-host", value_name = "HOST")]
    pub(crate) registry_hosts: Vec<String>,
    /// File with certificates (PEM) of authorities to trust beside the public ones
    #[arg(long, value_name = "FILE", env = "B2I_REGISTRY_CA")]
    pub(crate) registry_ca: Option<PathBuf>,
}

/// How a result is printed, or where an image goes instead of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// The image's reference, alone.
    Name,
    /// All that is known, as JSON.
    Json,
    /// All that is known, as YAML.
    Yaml,
    /// The image itself, as an archive of an OCI layout.
    OciArchive(PathBuf),
}

impl Output {
    /// Reads a format of what is no image.
    pub(crate) fn of_data(text: &str) -> Result<Self, String> {
        match text.parse()? {
            Self::OciArchive(_) => Err("expected name, json or yaml".to_owned()),
            format => Ok(format),
        }
    }
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "name" => Ok(Self::Name),
            "json" => Ok(Self::Json),
            "yaml" => Ok(Self::Yaml),
            _ => match text.strip_prefix("oci-archive:") {
                Some(file) if !file.is_empty() => Ok(Self::OciArchive(file.into())),
                _ => Err("expected name, json, yaml or oci-archive:FILE".to_owned()),
            },
        }
    }
}
