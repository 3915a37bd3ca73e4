//! What the flags say, and for the rest what the last build or deploy said.

use std::collections::BTreeMap;

use super::{
    args::PlanArgs,
    pod_args::{self, PodArgs},
    ports::{self, ServiceArgs},
    values,
};
use crate::{
    error::{Failure, Result},
    model::{DeployOptions, ImageOptions, PortChange, Strategy},
    oci::Compression,
};

/// Word of `--base` that undoes an earlier one.
const DEFAULT_BASE: &str = "default";

/// Returns what holds for this image.
pub(super) fn image(previous: ImageOptions, flags: &PlanArgs) -> Result<ImageOptions> {
    let mut options = previous;
    pairs("--image-env", &mut options.env, &flags.image_env)?;
    pairs("--image-label", &mut options.labels, &flags.image_labels)?;
    if !flags.ports.is_empty() {
        options.ports = ports::exposed(&ports::changed(&[], &flags.ports));
    }
    options.base = flags
        .base
        .clone()
        .or(options.base)
        .filter(|base| base != DEFAULT_BASE);
    // An empty value is how a shell says "none".
    options.jvm_options = flags
        .jvm_options
        .clone()
        .or(options.jvm_options)
        .filter(|words| !words.is_empty());
    options.context_path = flags
        .context_path
        .clone()
        .or(options.context_path)
        .filter(|path| !path.is_empty());
    options.convert_javax = flags.convert_javax.unwrap_or(options.convert_javax);
    options.platform = flags.platform.clone().or(options.platform);
    // What was said of the last base does not hold for a new one.
    options.s2i = match flags.base {
        Some(_) => flags.s2i,
        None => flags.s2i.or(options.s2i),
    };
    options.compression = compression(
        options.compression,
        flags.compression.as_deref(),
        flags.compression_level,
    )?;
    Ok(options)
}

/// Returns how layers are compressed. A level alone is one of the format that is used already.
fn compression(
    previous: Option<Compression>,
    format: Option<&str>,
    level: Option<u8>,
) -> Result<Option<Compression>> {
    let format = match format {
        Some("zstd") => Some(Compression::ZSTD),
        // Said with or without a level, gzip is what it is for everybody.
        Some(_) => Some(Compression::GZIP),
        None => previous,
    };
    let Some(level) = level else {
        return Ok(format.filter(|format| *format != Compression::GZIP));
    };
    let chosen = format.unwrap_or_default().with_level(level);
    if level > chosen.highest_level() {
        return Err(
            Failure::usage(format!("could not compress with `--compression-level {level}`"))
                .why(format!("gzip's levels are 1 to {}", chosen.highest_level()))
                .next("give a lower one, or compress with zstd: `--compression zstd`"),
        );
    }
    Ok(Some(chosen).filter(|chosen| *chosen != Compression::GZIP))
}

/// Changes pairs by words: `A=1` sets, `A-` removes, as `kubectl set env` has it.
pub(super) fn pairs(flag: &str, pairs: &mut BTreeMap<String, String>, words: &[String]) -> Result<()> {
    for word in words {
        if let Some(name) = word.strip_suffix('-').filter(|name| !name.contains('=')) {
            pairs.remove(name);
        } else {
            let (name, value) = values::pair(flag, word)?;
            pairs.insert(name, value);
        }
    }
    Ok(())
}

/// What the flags of `deploy` say; `None` and empty is what they do not say.
#[derive(Clone, Debug, Default)]
pub(super) struct DeployFlags {
    pub ports: Vec<PortChange>,
    pub service: ServiceArgs,
    /// Whether the app is a `StatefulSet`.
    pub stateful: Option<bool>,
    pub replicas: Option<i32>,
    /// `A=1` or `A-`.
    pub env: Vec<String>,
    pub memory: Option<String>,
    pub cpu: Option<String>,
    pub cpu_limit: Option<String>,
    pub strategy: Option<Strategy>,
    pub pod: PodArgs,
}

/// Returns the options of this deploy.
pub(super) fn deploy(previous: DeployOptions, flags: &DeployFlags) -> Result<DeployOptions> {
    let mut options = previous;
    ports::change(&mut options, &flags.ports, &flags.service)?;
    options.stateful = flags.stateful.unwrap_or(options.stateful);
    pod_args::change_env(&mut options, &flags.env)?;
    pod_args::change(&mut options.pod, &flags.pod)?;
    // Said now or not at all: what was said earlier may have been scaled since, by hand or by an
    // autoscaler. The deploy step looks at who owns the field.
    options.replicas = flags.replicas;
    let is_said = |amount: &String| amount != values::DEFAULT_AMOUNT;
    options.memory = flags.memory.clone().or(options.memory).filter(is_said);
    options.cpu = flags.cpu.clone().or(options.cpu).filter(is_said);
    options.cpu_limit = flags.cpu_limit.clone().or(options.cpu_limit).filter(is_said);
    options.strategy = flags.strategy.unwrap_or(options.strategy);
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> DeployFlags {
        DeployFlags::default()
    }

    #[test]
    fn a_level_alone_is_one_of_the_format_in_use() {
        let zstd = |level| Some(Compression::Zstd { level });
        let gzip = |level| Some(Compression::Gzip { level });
        for (previous, format, level, expected) in [
            (None, None, None, None),
            (None, Some("gzip"), None, None),
            (None, None, Some(1), None),
            (None, None, Some(9), gzip(9)),
            (None, Some("zstd"), None, zstd(3)),
            (None, Some("zstd"), Some(19), zstd(19)),
            (zstd(3), None, None, zstd(3)),
            (zstd(3), None, Some(10), zstd(10)),
            (zstd(19), Some("zstd"), None, zstd(3)),
            (zstd(19), Some("gzip"), None, None),
        ] {
            let chosen = compression(previous, format, level).expect("levels that there are");
            assert_eq!(chosen, expected, "{previous:?} {format:?} {level:?}");
        }
        assert!(compression(None, None, Some(10)).is_err());
        assert!(compression(zstd(10), Some("gzip"), Some(10)).is_err());
    }

    #[test]
    fn what_the_flags_do_not_name_stays() {
        let first = DeployFlags {
            ports: vec!["8080".parse().expect("a port")],
            replicas: Some(2),
            env: vec!["A=1".to_owned(), "B=2".to_owned()],
            memory: Some("1Gi".to_owned()),
            stateful: Some(true),
            ..flags()
        };
        let options = deploy(DeployOptions::default(), &first).expect("valid");
        let kept = DeployOptions {
            replicas: None,
            ..options.clone()
        };
        assert_eq!(deploy(options.clone(), &flags()).expect("valid"), kept);

        let second = DeployFlags {
            env: vec!["A-".to_owned()],
            ..flags()
        };
        let usual = DeployFlags {
            memory: Some("default".to_owned()),
            ..flags()
        };
        assert_eq!(deploy(options.clone(), &usual).expect("valid").memory, None);
        let changed = deploy(options.clone(), &second).expect("valid");
        assert_eq!(changed.env.keys().collect::<Vec<_>>(), ["B"]);
        assert!(changed.stateful);
        assert_eq!((changed.ports, changed.memory), (options.ports, options.memory));
    }

    #[test]
    fn a_value_that_ends_in_a_dash_is_a_value() {
        let options = deploy(
            DeployOptions::default(),
            &DeployFlags {
                env: vec!["A=b-".to_owned()],
                ..flags()
            },
        );
        assert_eq!(options.expect("valid").env["A"], "b-");
    }
}
