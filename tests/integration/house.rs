//! The house rules: which room may use which, and how long a file may be.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Room, then every room it may use. A room not listed may not exist.
const ROOMS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("zip", &[]),
    ("oci", &["error"]),
    ("model", &["zip", "oci", "error"]),
    ("registry", &["oci", "error"]),
    ("staging", &["oci", "error"]),
    ("cluster", &["model", "oci", "error"]),
    ("term", &["model", "error"]),
    (
        "steps",
        &["cluster", "staging", "registry", "model", "zip", "oci", "error"],
    ),
    (
        "roles",
        &[
            "steps", "term", "cluster", "staging", "registry", "model", "oci", "error",
        ],
    ),
];

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, out)
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path)
        }
    }
}

/// First path segment after each `crate::`, with `crate::{a::x, b}` opened up.
fn rooms_used(source: &str) -> BTreeSet<String> {
    let code: String = source
        .lines()
        .filter(|l| !l.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut used = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let word = |s: &str| {
            s.trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<String>()
        };
        if let Some(list) = rest.strip_prefix('{') {
            let (mut depth, mut start) = (0, 0);
            for (i, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => {
                        used.insert(word(&list[start..i]));
                        break;
                    }
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        used.insert(word(&list[start..i]));
                        start = i + 1
                    }
                    _ => {}
                }
            }
        } else {
            used.insert(word(rest));
        }
    }
    used.remove("");
    used
}

#[test]
fn rooms_only_look_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut bad = Vec::new();
    for file in files {
        let rel = file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        if matches!(rel.as_str(), "lib.rs" | "main.rs") {
            continue;
        }
        let room = rel.split(['/', '.']).next().unwrap();
        let Some((_, allowed)) = ROOMS.iter().find(|(r, _)| *r == room) else {
            bad.push(format!("{rel}: unknown room `{room}`"));
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        // `super` may only name the same folder: never two up, and never out of a step or role.
        let leaves_folder = matches!(room, "steps" | "roles")
            && (rel.ends_with("/mod.rs") && rel.matches('/').count() == 2
                || rel.matches('/').count() == 1 && !rel.ends_with("/mod.rs"));
        let climbs = text
            .lines()
            .filter(|l| !l.trim_start().starts_with("//") && l.trim() != "use super::*;")
            .any(|l| l.contains("super::super") || leaves_folder && l.contains("super::"));
        if climbs {
            bad.push(format!("{rel}: climbs out of its folder with `super::`"))
        }
        for used in rooms_used(&fs::read_to_string(&file).unwrap()) {
            if used != room && !allowed.contains(&used.as_str()) {
                bad.push(format!("{rel}: `{room}` may not use `{used}`"))
            }
            // Steps and roles never name a sibling; they meet only in `model`.
            if used == room && matches!(room, "steps" | "roles") {
                bad.push(format!("{rel}: reaches a sibling through `crate::{room}`"))
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn rooms_are_listed_bottom_up() {
    for (i, (room, allowed)) in ROOMS.iter().enumerate() {
        for a in *allowed {
            let j = ROOMS.iter().position(|(r, _)| r == a).unwrap();
            assert!(j < i, "`{room}` uses `{a}`, which is not below it");
        }
    }
}

#[test]
fn files_stay_short() {
    let mut files = Vec::new();
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    for f in files {
        let n = fs::read_to_string(&f).unwrap().lines().count();
        assert!(n <= 400, "{}: {n} lines; split it", f.display());
    }
}
