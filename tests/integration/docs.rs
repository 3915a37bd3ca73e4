//! The documentation is held against the code: anchors, links, and every command line in it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder of the repository whose name ends like this.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Every page for people: those at the top, `docs/`, and the tests' own.
fn pages() -> Vec<PathBuf> {
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = top
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.extend(files("docs", ".md"));
    pages.extend(files("tests", ".md"));
    pages
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The lines of a page, with their numbers, and whether each is code.
fn lines(page: &str) -> Vec<(usize, bool, &str)> {
    let mut in_fence = false;
    let mut after_blank = true;
    let mut in_block = false;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(page.lines()) {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
            continue;
        }
        // Code by indentation begins after an empty line. In a list that is a paragraph of the
        // list, but then it has no `kubectl b2i` at its beginning, nor a heading.
        in_block = line.starts_with("    ") && (after_blank || in_block);
        after_blank = line.trim().is_empty();
        lines.push((number, in_fence || in_block, line));
    }
    lines
}

/// What a page can be linked to at: GitHub's slugs of its headings, and explicit ids.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors: BTreeSet<String> = ids(page).into_iter().collect();
    for (_, is_code, line) in lines(page) {
        if let (false, Some(heading)) = (is_code, heading(line)) {
            anchors.insert(slug(heading));
        }
    }
    anchors
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    (line.len() > text.len())
        .then(|| text.strip_prefix(' '))
        .flatten()
}

fn slug(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn ids(page: &str) -> Vec<String> {
    let after = page.split("<a id=\"").skip(1);
    after
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

/// What code that people run says, without the tests at its foot.
fn shipped(path: &Path) -> String {
    let text = read(path);
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// Every anchor that a failure names.
fn anchors_in_src() -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for path in files("src", ".rs") {
        let text = shipped(&path);
        for call in text.split(".anchor(").skip(1) {
            let argument = call
                .trim_start()
                .strip_prefix('"')
                .and_then(|rest| rest.split_once('"'));
            let (anchor, _) = argument.unwrap_or_else(|| {
                panic!(
                    "{}: an anchor that is no literal, so nobody can look it up",
                    name(&path)
                )
            });
            anchors.insert(anchor.to_owned());
        }
    }
    anchors
}

#[test]
fn every_failure_has_its_section_and_every_section_its_failure() {
    let page = read(&root().join("docs/troubleshooting.md"));
    let sections = ids(&page);
    let used = anchors_in_src();
    let known: BTreeSet<String> = sections.iter().cloned().collect();
    let missing: Vec<_> = used.difference(&known).collect();
    let dead: Vec<_> = known.difference(&used).collect();
    assert!(
        missing.is_empty(),
        "no section in docs/troubleshooting.md: {missing:?}"
    );
    assert!(dead.is_empty(), "no failure leads to these sections: {dead:?}");
    assert_eq!(sections.len(), known.len(), "an id is there twice");

    // An id without a heading leads nowhere, and a heading without an id is never led to.
    let lines: Vec<&str> = page.lines().filter(|line| !line.trim().is_empty()).collect();
    let has_id = |line: &str| line.starts_with("<a id=");
    for pair in lines.windows(2) {
        assert_eq!(
            has_id(pair[0]),
            pair[1].starts_with("### "),
            "an id stands right before its heading: `{}`, `{}`",
            pair[0],
            pair[1]
        );
    }
}

/// The targets of a page's links, code left out.
fn links(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, is_code, line) in lines(page) {
        if is_code {
            continue;
        }
        // Between backticks it is text.
        let text: String = line.split('`').step_by(2).collect();
        for rest in text.split("](").skip(1) {
            found.push((number, rest.split(')').next().unwrap().to_owned()));
        }
    }
    found
}

/// Where files of this repository are for who reads the book.
const REPOSITORY: &str = "https://github.com/kubectl-b2i/kubectl-b2i/blob/main/";

#[test]
fn links_lead_somewhere() {
    let mut bad = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = read(&page);
        for (number, link) in links(&text) {
            let ours = link.strip_prefix(REPOSITORY);
            if ours.is_none() && (link.contains("://") || link.starts_with("mailto:")) {
                continue;
            }
            count += 1;
            let (path, anchor) = ours
                .unwrap_or(&link)
                .split_once('#')
                .unwrap_or((ours.unwrap_or(&link), ""));
            let target = match (path, ours) {
                ("", _) => page.clone(),
                (path, Some(_)) => root().join(path),
                (path, None) => page.parent().unwrap().join(path),
            };
            // The book has the pages of docs/ only; what lies elsewhere is at GitHub.
            let leaves_the_book = name(&page).starts_with("docs/") && ours.is_none() && {
                let target = target.canonicalize();
                target.is_ok_and(|target| !target.starts_with(root().join("docs")))
            };
            let is_inside = !target.components().any(|part| part == Component::ParentDir)
                || target
                    .canonicalize()
                    .is_ok_and(|target| target.starts_with(root()));
            let is_there = target.exists()
                && !leaves_the_book
                && is_inside
                && (anchor.is_empty() || anchors(&read(&target)).contains(anchor));
            if !is_there {
                bad.push(format!("{}:{number}: {link}", name(&page)));
            }
        }
    }
    assert!(bad.is_empty(), "links that lead nowhere:\n{}", bad.join("\n"));
    assert!(count > 20, "only {count} links were found: are they still read?");
}

#[test]
fn the_book_has_every_page_once() {
    let summary = read(&root().join("docs/SUMMARY.md"));
    let mut listed: Vec<String> = links(&summary).into_iter().map(|(_, link)| link).collect();
    let mut there: Vec<String> = files("docs", ".md")
        .iter()
        .map(|page| name(page).strip_prefix("docs/").unwrap().to_owned())
        .filter(|page| page != "SUMMARY.md")
        .collect();
    listed.sort();
    there.sort();
    assert_eq!(listed, there);
}

const OURS: &str = "kubectl b2i";

/// The words of the command at the beginning of `text`, up to where the shell ends it.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let (mut quote, mut depth, mut previous) = (None, 0, ' ');
    for c in text.chars() {
        let is_open = quote.is_some() || depth > 0;
        match c {
            _ if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ')' | '|' | ';' | '&' | '<' if !is_open => break,
            '>' if !is_open => {
                // `2>file`: the 2 is the shell's as well.
                word = word.filter(|word| word != "2");
                break;
            }
            '#' if !is_open && previous == ' ' => break,
            ' ' if !is_open => words.extend(word.take()),
            c => {
                depth += usize::from(c == '(' && previous == '$');
                depth -= usize::from(c == ')' && depth > 0);
                word.get_or_insert_default().push(c);
            }
        }
        previous = c;
    }
    words.extend(word);
    words
}

/// Every command line of ours in a page's code, with its line's number.
fn commands(page: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let lines = lines(page);
    for (at, (number, is_code, line)) in lines.iter().enumerate() {
        // A usage line is a pattern, not a command.
        let is_comment = line.trim_start().starts_with('#') || line.starts_with("Usage: ");
        let Some((_, rest)) = line.split_once(OURS).filter(|_| *is_code && !is_comment) else {
            continue;
        };
        let mut whole = rest.to_owned();
        let mut next = at + 1;
        while let Some(begun) = whole.trim_end().strip_suffix('\\') {
            whole = format!("{begun} {}", lines[next].2.trim());
            next += 1;
        }
        found.push((*number, words(&whole)));
    }
    found
}

fn refusal(words: &[String]) -> Option<String> {
    let all = ["kubectl-b2i"]
        .into_iter()
        .chain(words.iter().map(String::as_str));
    let error = kubectl_b2i::roles::plugin::command()
        .try_get_matches_from(all)
        .err()?;
    // Help and version are printed by way of an error.
    error.use_stderr().then(|| error.to_string())
}

#[test]
fn commands_in_the_documentation_are_understood() {
    let mut bad = Vec::new();
    let mut count = 0;
    for page in pages() {
        for (number, words) in commands(&read(&page)) {
            count += 1;
            if let Some(refusal) = refusal(&words) {
                bad.push(format!(
                    "{}:{number}: {OURS} {}\n{refusal}",
                    name(&page),
                    words.join(" ")
                ));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(
        count > 30,
        "only {count} commands were found: are they still read?"
    );
}

#[test]
fn commands_that_failures_and_help_give_are_understood() {
    let mut count = 0;
    for path in files("src", ".rs") {
        for line in shipped(&path).lines() {
            let is_comment = line.trim_start().starts_with("//");
            let Some((_, rest)) = line.split_once("kubectl b2i ").filter(|_| !is_comment) else {
                continue;
            };
            // Stands for what was typed.
            if rest.starts_with('…') {
                continue;
            }
            count += 1;
            let mut words = words(rest.split('"').next().unwrap());
            // What is filled in when it is told: a name.
            for word in words.iter_mut().filter(|word| word.starts_with('{')) {
                *word = "shop".to_owned();
            }
            let refusal = refusal(&words);
            assert_eq!(refusal, None, "{}: {words:?}", name(&path));
        }
    }
    assert!(
        count > 5,
        "only {count} commands were found: are they still read?"
    );
}

#[test]
fn a_shells_line_is_split_as_the_shell_does() {
    for (line, expected) in [
        (
            "deploy ./a.jar --env 'A=1 2' # why",
            &["deploy", "./a.jar", "--env", "A=1 2"][..],
        ),
        (
            "build $(command -v kubectl-b2i) -o name)",
            &["build", "$(command -v kubectl-b2i)", "-o", "name"],
        ),
        ("inspect a.jar 2>/dev/null", &["inspect", "a.jar"]),
        ("version && true", &["version"]),
        ("deploy a --jvm-options ''", &["deploy", "a", "--jvm-options", ""]),
    ] {
        assert_eq!(words(line), expected, "{line}");
    }
}

#[test]
fn the_changelog_begins_with_what_is_not_released() {
    let page = read(&root().join("CHANGELOG.md"));
    let first = page.lines().find_map(|line| line.strip_prefix("## "));
    assert_eq!(first, Some("Unreleased"));
}
