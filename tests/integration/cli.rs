//! Whole runs of the plugin without a cluster: arguments in; exit code, stdout and stderr out.

use std::fs;

use tempfile::TempDir;

use crate::support::{
    archive::{boot_jar, plain_jar, war},
    elf::Elf,
    golden::assert_golden,
    run::Run,
};

const DOCS: &str = "https://github.com/kubectl-b2i/kubectl-b2i/blob/main/docs/troubleshooting.md";

/// A folder with one artifact of each kind.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.jar"), plain_jar().bytes()).unwrap();
    fs::write(folder.path().join("site.war"), war("jakarta").bytes()).unwrap();
    fs::write(folder.path().join("server"), Elf::default().bytes()).unwrap();
    fs::write(folder.path().join("notes.txt"), "not a program\n").unwrap();
    folder
}

#[test]
fn without_arguments_it_says_what_to_type_first() {
    let ended = Run::new("").ended();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(
        ended.stderr.contains("Usage: kubectl b2i [OPTIONS] <COMMAND>"),
        "{}",
        ended.stderr
    );
    // What is last is what is on the screen.
    let (_, first_steps) = ended.stderr.split_once("First steps").unwrap();
    for step in [
        "kubectl b2i registry login",
        "kubectl b2i registry up",
        "kubectl b2i deploy ./shop.jar --port 8080 --nodeport",
        "kubectl b2i doctor",
    ] {
        assert!(first_steps.contains(step), "{step} in{first_steps}");
    }
}

#[test]
fn a_word_that_is_nearly_one_gets_the_right_one() {
    for (line, near) in [
        ("deploi ./app.jar", "'deploy'"),
        ("regstry list", "'registry'"),
        ("registry logn x", "'login'"),
        ("deploy ./app.jar --nodport", "'--nodeport'"),
        ("logs shop --folow", "'--follow'"),
        ("deploy ./app.jar --evn A=1", "'--env'"),
        ("deploy ./app.jar --evn=A=1", "'--env'"),
        ("build ./app.jar --prot 8080", "'--port'"),
        ("registry login x --scret y", "'--secret'"),
        ("list --namspace x", "'--namespace'"),
        ("list -o jsn", "'json'"),
    ] {
        let ended = Run::new(line).ended();
        assert_eq!(ended.code, Some(2), "{line}");
        let tip = ended
            .stderr
            .split_once("tip: ")
            .map(|(_, tip)| tip.lines().next());
        let tip = tip.flatten().unwrap_or_default();
        assert!(tip.contains(near), "{line}\n{}", ended.stderr);
        // Not as the name of the artifact.
        assert!(!ended.stderr.contains("'-- --"), "{line}\n{}", ended.stderr);
    }
    // What is like no flag gets no proposal that is none.
    let ended = Run::new("deploy ./app.jar --frobnicate").ended();
    assert!(!ended.stderr.contains("similar"), "{}", ended.stderr);
}

#[test]
fn the_version_is_told_without_a_cluster_and_with_one_that_is_away() {
    let name = format!("kubectl-b2i {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(Run::new("version").ended().stdout, name);
    for (line, says_why) in [
        ("version -o json --client", false),
        ("version -o json --server http://127.0.0.1:9", true),
    ] {
        let ended = Run::new(line).ended();
        assert_eq!(ended.code, Some(0), "{line}\n{}", ended.stderr);
        let all: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(all["client"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(all["client"]["platform"].as_str().unwrap().contains('/'));
        assert!(all["protocol"].is_u64());
        let keys: Vec<&String> = all.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["client", "protocol", "builderImage", "server"]);
        assert!(all["server"].is_null() && all["builderImage"].is_null(), "{all}");
        assert_eq!(
            ended.stderr.contains("the server is left out"),
            says_why,
            "{}",
            ended.stderr
        );
    }
    assert_eq!(Run::new("version -o oci-archive:x").ended().code, Some(2));
}

#[test]
fn the_in_cluster_roles_are_in_no_help() {
    for line in ["--help", "help", "deploy --help"] {
        let ended = Run::new(line).ended();
        assert_eq!(ended.code, Some(0), "{line}");
        assert!(!ended.stdout.contains("in-cluster"), "{line}");
    }
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    for line in [
        "frobnicate",
        "deploy",
        "deploy app.jar --port 0",
        "deploy app.jar --port 8080x",
        "deploy app.jar --nodeport --no-nodeport",
        "deploy app.jar --output table",
        "deploy app.jar --env A",
        "deploy app.jar --name Shop",
        "deploy app.jar --image Shop",
        "deploy app.jar --timeout soon",
        "build app.jar --platform linux",
        "build app.jar --output oci-archive:",
    ] {
        let folder = folder();
        let ended = Run::new(line).in_folder(folder.path()).ended();
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{line}\n{}",
            ended.stderr
        );
        assert!(ended.stderr.starts_with("error: "), "{line}\n{}", ended.stderr);
    }
}

#[test]
fn a_file_that_is_no_artifact_is_refused_before_a_cluster_is_asked() {
    let folder = folder();
    Run::new("deploy notes.txt --port 8080")
        .in_folder(folder.path())
        .fails(
            1,
            &format!(
                "error: could not use `notes.txt` as an artifact\n  why: it is a text file\n\n\
             next: give a JAR, a WAR or a Linux executable (ELF)\n      {DOCS}#artifact-text\n"
            ),
        );
}

#[test]
fn no_kubeconfig_is_said_so() {
    let folder = folder();
    let ended = Run::new("deploy app.jar").in_folder(folder.path()).ended();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(
        ended.stderr.contains("error: could not connect to a cluster\n"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("/nonexistent/kubeconfig"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_unknown_key_of_the_configuration_is_named() {
    let folder = folder();
    let config = folder.path().join("config.yaml");
    fs::write(&config, "builderimage: x\n").unwrap();
    let ended = Run::new("inspect app.jar")
        .in_folder(folder.path())
        .env("B2I_CONFIG", config.to_str().unwrap())
        .ended();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("`builderimage`"), "{}", ended.stderr);
}

#[test]
fn inspect_is_a_table_or_json_and_nothing_else() {
    let folder = folder();
    let table = Run::new("inspect site.war").in_folder(folder.path()).ended();
    assert_eq!((table.code, table.stderr.as_str()), (Some(0), ""));
    for part in [
        "ARTIFACT  site.war · ",
        "jakarta.servlet",
        "BASE      docker.io/library/tomcat:10.1-jre",
        "LAYERS ",
    ] {
        assert!(table.stdout.contains(part), "{part} in\n{}", table.stdout);
    }
    assert_golden("inspect_war.txt", &table.stdout);
    let json = Run::new("inspect site.war -o json")
        .in_folder(folder.path())
        .ended();
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["artifact"]["kind"]["servletApi"], "jakarta");
    assert_eq!(json["platform"], "linux/amd64");
    assert_eq!(json["artifact"]["evidence"][0], "WEB-INF/ present");
    assert_eq!(json["contextPath"], "/site/");
    let layers = json["layers"].as_array().unwrap();
    let sizes: Vec<u64> = layers
        .iter()
        .map(|layer| layer["descriptor"]["size"].as_u64().unwrap())
        .collect();
    assert_eq!(json["layersBytes"], sizes.iter().sum::<u64>());
    assert_eq!(json["codeChangeBytes"], *sizes.last().unwrap());
    let yaml = Run::new("inspect site.war -o yaml")
        .in_folder(folder.path())
        .ended()
        .stdout;
    assert!(yaml.contains("\ncontextPath: /site/\n"), "{yaml}");
}

#[test]
fn the_pages_of_inspect() {
    let folder = folder();
    let launcher = "org.springframework.boot.loader.launch.JarLauncher";
    fs::write(
        folder.path().join("boot.jar"),
        boot_jar("3.5.7", launcher, "").bytes(),
    )
    .unwrap();
    let glibc = Elf {
        needed: &["libgcc_s.so.1", "libc.so.6"],
        versions: &["GLIBC_2.17", "GLIBC_2.34"],
        ..Elf::dynamic("/lib64/ld-linux-x86-64.so.2")
    };
    fs::write(folder.path().join("shop"), glibc.bytes()).unwrap();
    for (line, golden) in [
        ("inspect boot.jar --port 9411 --port 9412", "inspect_boot.txt"),
        ("inspect shop", "inspect_glibc.txt"),
        (
            "inspect app.jar --base kubesphere/java-11-centos7:v2.1.0 --s2i",
            "inspect_s2i.txt",
        ),
    ] {
        let ended = Run::new(line).in_folder(folder.path()).ended();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{line}");
        assert_golden(golden, &ended.stdout);
        let widest = ended.stdout.lines().max_by_key(|line| line.chars().count());
        assert!(widest.unwrap().chars().count() <= 80, "{widest:?}");
    }
}

#[test]
fn an_archive_is_the_same_whatever_the_folder() {
    let digest = || {
        let folder = folder();
        let ended = Run::new("build server --base scratch --output oci-archive:out.tar")
            .in_folder(folder.path())
            .ended();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(folder.path().join("out.tar").exists());
        ended.stdout
    };
    let first = digest();
    assert!(
        first.starts_with("localhost/server@sha256:") && first.ends_with('\n'),
        "{first:?}"
    );
    assert_eq!(digest(), first);
}

#[test]
fn quiet_says_nothing_but_the_result() {
    let folder = folder();
    let ended = Run::new("build server --base scratch --output oci-archive:out.tar -q")
        .in_folder(folder.path())
        .ended();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(ended.stdout.lines().count(), 1);
}

#[test]
fn a_plain_log_has_a_line_a_step_and_no_escapes() {
    let folder = folder();
    let ended = Run::new("build server --base scratch --output oci-archive:out.tar")
        .in_folder(folder.path())
        .ended();
    let steps: Vec<_> = ended
        .stderr
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(steps, ["Inspect", "Plan", "Build"], "{}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
}

#[test]
fn an_archive_that_cannot_be_written_leaves_nothing() {
    let folder = folder();
    let before = fs::read_dir(folder.path()).unwrap().count();
    let ended = Run::new("build server --base scratch --output oci-archive:no/such/out.tar")
        .in_folder(folder.path())
        .ended();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(
        ended.stderr.contains("error: could not write `no/such/out.tar`"),
        "{}",
        ended.stderr
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before);
}

#[test]
fn an_empty_variable_is_none() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.jar"), plain_jar().bytes()).unwrap();
    let mut whole = kubectl_b2i::roles::plugin::command();
    whole.build();
    let mut variables: Vec<String> = [
        "B2I_CONFIG",
        "B2I_CACHE",
        "CI",
        "TMPDIR",
        "DOCKER_CONFIG",
        "REGISTRY_AUTH_FILE",
    ]
    .map(str::to_owned)
    .into();
    for command in whole.get_subcommands() {
        let names = command.get_arguments().filter_map(|arg| arg.get_env());
        variables.extend(names.map(|name| name.to_str().unwrap().to_owned()));
    }
    assert!(variables.len() > 20, "{variables:?}");
    for (line, code) in [
        ("inspect shop.jar -o json", 0),
        (
            "build shop.jar --base scratch --output oci-archive:a.tar -o json",
            0,
        ),
        ("deploy shop.jar --port 8080", 1),
        ("build shop.jar --local --image r.invalid/shop", 1),
        ("registry login r.invalid --username u", 2),
    ] {
        let run = |with: bool| {
            let mut run = Run::new(line).in_folder(folder.path());
            for name in variables.iter().filter(|_| with) {
                run = run.env(name, "");
            }
            run.ended()
        };
        let (unset, empty) = (run(false), run(true));
        assert_eq!(empty.code, unset.code, "{line}\n{}", empty.stderr);
        if code != 0 {
            // What succeeds also says how long it took.
            assert_eq!(empty.stderr, unset.stderr, "{line}");
        }
        assert!(
            unset.code == Some(code),
            "{line}: {:?}\n{}",
            unset.code,
            unset.stderr
        );
    }
}
