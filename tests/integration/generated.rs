//! What is generated from the command line is current: the reference and the man pages. Rewritten by
//! `B2I_UPDATE_GOLDEN=1 cargo test --test integration generated`.

use std::{fmt::Write, fs, path::Path};

use kubectl_b2i::roles::plugin::command;

use crate::support::{golden::assert_current, run::Run};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn each_shell_has_its_script() {
    for (shell, file) in [
        ("bash", "kubectl-b2i.bash"),
        ("elvish", "kubectl-b2i.elv"),
        ("fish", "kubectl-b2i.fish"),
        ("powershell", "_kubectl-b2i.ps1"),
        ("zsh", "_kubectl-b2i"),
    ] {
        let script = fs::read_to_string(root().join("completions").join(file)).unwrap();
        let printed = Run::new(&format!("completion {shell}")).ended();
        assert_eq!((printed.code, printed.stdout), (Some(0), script), "{shell}");
    }
}

#[test]
fn the_reference_of_the_command_line_is_current() {
    let mut whole = command();
    whole.build();
    let mut text =
        "# Command line\n\nGenerated from the program; `kubectl b2i COMMAND --help` says the same.\n"
            .to_owned();
    describe(&whole, &mut text);
    assert_current(&root().join("docs/reference/cli.md"), &text);
}

/// A heading and the help text for a command, then for those below it.
fn describe(command: &clap::Command, out: &mut String) {
    let name = command
        .get_bin_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    // The environment of whoever runs the test is no part of the reference.
    let plain = command
        .clone()
        .mut_args(|arg| arg.hide_env_values(true))
        .term_width(100)
        .color(clap::ColorChoice::Never);
    let help = plain.clone().render_long_help().to_string();
    let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    write!(out, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n")).unwrap();
    for below in command
        .get_subcommands()
        .filter(|below| below.get_name() != "help" && !below.is_hide_set())
    {
        describe(below, out);
    }
}

#[test]
fn the_man_pages_are_current() {
    let mut whole = command();
    whole.build();
    let folder = root().join("docs/man");
    let mut written = Vec::new();
    let mut commands = vec![("kubectl-b2i".to_owned(), &whole)];
    while let Some((name, command)) = commands.pop() {
        let below = command
            .get_subcommands()
            .filter(|below| below.get_name() != "help" && !below.is_hide_set());
        commands.extend(below.map(|below| (format!("{name}-{}", below.get_name()), below)));
        let mut page = Vec::new();
        // What the short help leaves out would stand there without a word.
        let plain = command
            .clone()
            .mut_args(|arg| arg.hide_env_values(true).hide_short_help(false));
        clap_mangen::Man::new(plain)
            .title(name.as_str())
            .date("")
            .render(&mut page)
            .unwrap();
        assert_current(
            &folder.join(format!("{name}.1")),
            &String::from_utf8(page).unwrap(),
        );
        written.push(format!("{name}.1"));
    }
    let mut there: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    written.sort();
    assert_eq!(there, written, "a page of a command that is no more");
}

#[test]
fn every_command_has_two_examples() {
    let mut whole = command();
    whole.build();
    let mut commands = vec![&whole];
    while let Some(command) = commands.pop() {
        let below: Vec<_> = command
            .get_subcommands()
            .filter(|below| below.get_name() != "help")
            .collect();
        if below.is_empty() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let count = help.matches("  kubectl b2i ").count();
            assert!(count >= 2, "`{}` has {count} examples", command.get_name());
        }
        commands.extend(below);
    }
}

#[test]
fn kubectl_is_told_what_can_come_next() {
    let complete = |words: &[&str]| {
        let mut run = Run::new("__complete");
        for word in words {
            run = run.word(word);
        }
        run.ended().stdout
    };
    let commands = complete(&[""]);
    for command in ["deploy\t", "build\t", "inspect\t", "completion\t", "version\t"] {
        assert!(
            commands.lines().any(|line| line.starts_with(command)),
            "{command:?} in\n{commands}"
        );
    }
    assert!(!commands.contains("in-cluster"), "{commands}");
    let flags = complete(&["deploy", "--node"]);
    assert!(
        flags.lines().any(|line| line.starts_with("--nodeport\t")) && flags.trim_end().ends_with(":4"),
        "{flags}"
    );
    // A file is what a deploy wants first; flags are offered behind a dash.
    assert_eq!(complete(&["deploy", ""]), ":0\n");
    assert_eq!(complete(&["registry", "u"]).lines().last(), Some(":4"));
    assert_eq!(complete(&["deploy", "--output", ""]), "name\njson\nyaml\n:4\n");
    assert_eq!(complete(&["deploy", "--output=j"]), "json\n:4\n");
    assert!(complete(&["list", "-o", "w"]).starts_with("wide"));
    let bases = complete(&["build", "app.jar", "--base", "tomcat85-java8"]);
    assert_eq!(bases, "tomcat85-java8-centos7\n:4\n");
    // Files are the shell's own trade.
    assert_eq!(complete(&["deploy", "./no-such"]), ":0\n");
    // No cluster, no names, no error.
    assert_eq!(complete(&["deploy", "app.jar", "-n", ""]), ":4\n");
}

#[test]
fn the_krew_manifest_is_of_this_version() {
    let manifest = fs::read_to_string(root().join("krew/b2i.yaml")).unwrap();
    let version = format!("v{}", env!("CARGO_PKG_VERSION"));
    assert!(
        manifest.contains(&format!("\n  version: {version}\n")),
        "{manifest}"
    );
    let uris: Vec<_> = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("uri: "))
        .collect();
    let platforms = [
        "linux-amd64",
        "linux-arm64",
        "darwin-amd64",
        "darwin-arm64",
        "windows-amd64",
    ];
    let expected = platforms.map(|platform| {
        format!("https://github.com/kubectl-b2i/kubectl-b2i/releases/download/{version}/kubectl-b2i-{version}-{platform}.tar.gz")
    });
    assert_eq!(uris, expected);
}

#[test]
fn the_executable_that_kubectl_asks_may_be_run() {
    use std::os::unix::fs::PermissionsExt;
    let file = root().join("completions/kubectl_complete-b2i");
    assert!(fs::metadata(file).unwrap().permissions().mode() & 0o111 == 0o111);
}
