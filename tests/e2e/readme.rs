//! Every command in the README is typed, in its order, and works.

use crate::typing::{Person, Way, lines, page};

/// What this machine cannot do, or must not, with the reason.
const NOT_HERE: [(&str, &str); 8] = [
    ("rustup target add ", "needs the network; tests/env does it"),
    ("sudo apt-get install ", "changes the machine; tests/env does it"),
    ("cargo build --release ", "minutes; tests/env does it"),
    ("sudo install ", "changes the machine; krew's test installs"),
    ("krew/release ", "minutes; the release workflow does it"),
    (
        "kubectl krew install ",
        "needs those archives; tests/e2e/installed.rs does it",
    ),
    ("tests/demo", "is all of it again, on a cluster of its own"),
    ("tests/run", "is what runs this test"),
];

/// The README's blocks of commands, each with its lines, comments and output left out.
fn blocks() -> Vec<Vec<String>> {
    let page = page("README.md");
    let mut blocks: Vec<Vec<String>> = Vec::new();
    let mut is_in_block = false;
    for line in page.lines() {
        match line.strip_prefix("    ") {
            Some(line) if is_in_block => blocks.last_mut().unwrap().push(line.to_owned()),
            Some(line) => {
                is_in_block = true;
                blocks.push(vec![line.to_owned()]);
            }
            None => {
                is_in_block = line.is_empty() && is_in_block && blocks.last().unwrap()[0].starts_with("$ ")
            }
        }
    }
    blocks.into_iter().filter_map(|block| commands(&block)).collect()
}

/// The commands of a block; `None` for a drawing.
fn commands(block: &[String]) -> Option<Vec<String>> {
    let typed: Vec<&str> = match block[0].starts_with("$ ") {
        true => block.iter().filter_map(|line| line.strip_prefix("$ ")).collect(),
        false if block[0].contains("your machine") => return None,
        false => block.iter().map(String::as_str).collect(),
    };
    let typed = lines(&typed.join("\n"));
    let without_comment = |line: &String| line.split(" #").next().unwrap().trim_end().to_owned();
    Some(typed.iter().map(without_comment).collect())
}

fn way(line: &str) -> Way {
    match line {
        "kubectl b2i registry login registry.example.com" => {
            Way::Answering(&[("User at", "dev\n"), ("Password of", "s3cret\n")])
        }
        "kubectl b2i delete shop" | "kubectl b2i registry down" => Way::Answering(&[("[y/N]", "y\n")]),
        "kubectl b2i status shop --watch" => Way::Until("EVENTS"),
        "kubectl b2i logs shop --follow" => Way::Until("Started"),
        _ => Way::ToTheEnd,
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn every_command_of_the_readme_works() {
    let (with_registry, without) = (Person::new("readme"), Person::new("readme-none"));
    let mut count = 0;
    for block in blocks() {
        let needs_none = block[0] == "kubectl b2i registry up";
        let person = if needs_none { &without } else { &with_registry };
        // Bases are not at Docker Hub here, but where it takes a login.
        let mut exports = if needs_none {
            "export B2I_PULL_SECRET=registry-push; "
        } else {
            ""
        }
        .to_owned();
        for line in &block {
            if NOT_HERE.iter().any(|(start, _)| line.starts_with(start)) {
                continue;
            }
            count += 1;
            if let Some(export) = line.strip_prefix("export ") {
                let (name, _) = export.split_once('=').unwrap();
                let said = person.types_after(&exports, &format!("{export}; echo ${name}"), &Way::ToTheEnd);
                assert!(
                    said.code == Some(0) && said.stdout.len() > 1,
                    "{line}\n{}",
                    said.stderr
                );
                exports += &format!("export {name}='{}'; ", said.stdout.trim());
                continue;
            }
            if line == "kubectl b2i rollback shop" {
                // Back to what? To the image before this one.
                let another = "kubectl b2i deploy ./shop.jar --image-env SECOND=1";
                let said = person.types_after(&exports, another, &Way::ToTheEnd);
                assert_eq!(said.code, Some(0), "{}", said.stderr);
            }
            let way = way(line);
            let said = person.types_after(&exports, line, &way);
            let is_right = match way {
                Way::Until(_) => matches!(said.code, Some(130) | None),
                _ => said.code == Some(0),
            };
            assert!(
                is_right,
                "{line}\n{:?}\n{}\n{}",
                said.code, said.stdout, said.stderr
            );
        }
    }
    assert!(
        count > 15,
        "only {count} commands were found: are they still read?"
    );
}
