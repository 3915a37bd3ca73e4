//! The words for one change: short, on one line, and without a value that looks like a secret. Pure.

use crate::{
    model::{brief, is_plain_secret},
    oci::Reference,
};

/// Longer values are cut.
const SHOWN_CHARACTERS: usize = 48;
/// Flags whose value is a name and what it stands for.
pub(super) const PAIRS: [&str; 3] = ["node-selector", "label", "annotation"];
/// Flags whose values may hold anything, passwords too.
const UNSHOWN: [&str; 2] = ["command", "args"];

/// Returns the phrase for the image; `None` where its digest stays.
pub(super) fn image(running: &str, wanted: &Reference) -> Option<String> {
    let before = running.parse::<Reference>().ok();
    let is_moved = before.as_ref().map(Reference::name) != Some(wanted.name());
    if !is_moved && wanted.digest.is_some() && before.as_ref().map(|it| it.digest) == Some(wanted.digest) {
        return None;
    }
    let short = |image: &Reference| {
        let digest = image.digest.map(|digest| format!("sha256:{}…", digest.short()));
        match (digest, is_moved) {
            (Some(digest), true) => format!("{}@{digest}", shown(&image.name())),
            (Some(digest), false) => digest,
            (None, _) => shown(&image.to_string()),
        }
    };
    let before = before.as_ref().map_or_else(|| shown(running), short);
    Some(match wanted.digest {
        Some(_) => format!("image {before} → {}", short(wanted)),
        // Of a rehearsal: the image is not built.
        None if is_moved => format!("image {before} → a new build at {}", shown(&wanted.name())),
        None => format!("image {before} → a new build"),
    })
}

/// Returns the phrase for a value of a flag.
pub(super) fn of_flag<'a>(flag: &str, old: Option<&'a str>, new: Option<&'a str>) -> String {
    if PAIRS.contains(&flag)
        && let Some((name, _)) = old.or(new).and_then(|value| value.split_once('='))
    {
        let value = |pair: Option<&'a str>| pair.and_then(|pair| Some(pair.split_once('=')?.1));
        return pair(flag, name, value(old), value(new)).unwrap_or_default();
    }
    if UNSHOWN.contains(&flag) {
        return match (old, new) {
            (None, _) => format!("{flag} added"),
            (_, None) => format!("{flag} removed"),
            _ => format!("{flag} changed"),
        };
    }
    changed(flag, old, new)
}

/// Returns the phrase for one name of a map; `None` where its value stays.
pub(super) fn pair(what: &str, name: &str, old: Option<&str>, new: Option<&str>) -> Option<String> {
    if old == new {
        return None;
    }
    let is_secret = [old, new]
        .into_iter()
        .flatten()
        .any(|value| is_plain_secret(name, value));
    let name = shown(name);
    Some(match (old, new) {
        (None, Some(new)) if !is_secret && !new.is_empty() => format!("{what} {name} added ({})", shown(new)),
        (None, _) => format!("{what} {name} added"),
        (_, None) => format!("{what} {name} removed"),
        (Some(old), Some(new)) if !is_secret => changed(&format!("{what} {name}"), Some(old), Some(new)),
        _ => format!("{what} {name} changed"),
    })
}

/// Returns the phrase for what has one value.
pub(super) fn changed(what: &str, old: Option<&str>, new: Option<&str>) -> String {
    let quoted = |value: &str| {
        if value.is_empty() {
            "''".to_owned()
        } else {
            shown(value)
        }
    };
    let with = |value: &str| {
        if value.is_empty() {
            what.to_owned()
        } else {
            format!("{what} {}", shown(value))
        }
    };
    match (old, new) {
        (Some(old), Some(new)) => format!("{what} {} → {}", quoted(old), quoted(new)),
        (None, Some(new)) => format!("{} added", with(new)),
        (old, None) => format!("{} removed", with(old.unwrap_or_default())),
    }
}

/// A value as it may stand in a phrase.
fn shown(value: &str) -> String {
    brief(value, SHOWN_CHARACTERS)
}
