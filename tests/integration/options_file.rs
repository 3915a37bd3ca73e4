//! `b2i.yaml`: found, read, laid under what is typed, written, and made of KubeSphere's objects.

use std::{fs, path::Path};

use kubectl_b2i::roles::plugin::{options_schema, options_table};
use serde_json::{Value, json};

use crate::support::{archive::plain_jar, golden::assert_current, run::Run, schema};

fn folder(b2i_yaml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("target")).unwrap();
    fs::write(folder.path().join("target/shop.jar"), plain_jar().bytes()).unwrap();
    fs::write(folder.path().join("b2i.yaml"), b2i_yaml).unwrap();
    folder
}

fn inspected(line: &str, folder: &Path) -> Value {
    let ended = Run::new(line).in_folder(folder).ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

fn base(line: &str, folder: &Path) -> String {
    inspected(line, folder)["base"].to_string()
}

#[test]
fn the_artifact_and_the_options_come_from_the_file() {
    let folder = folder("artifact: target/shop.jar\nbase: eclipse-temurin:25-jre\nport: 9090\nreplicas: 2\n");
    let page = inspected("inspect -o json", folder.path());
    let text = page.to_string();
    assert!(
        text.contains("eclipse-temurin:25-jre") && text.contains("9090"),
        "{text}"
    );
    // Typed, the artifact may be the same; from another folder the file is found by its name.
    assert!(base("inspect target/shop.jar -o json", folder.path()).contains(":25-jre"));
    let elsewhere = tempfile::tempdir().unwrap();
    let line = format!(
        "inspect -o json --file {}",
        folder.path().join("b2i.yaml").display()
    );
    assert!(base(&line, elsewhere.path()).contains(":25-jre"));
}

#[test]
fn what_is_typed_wins() {
    let folder = folder("artifact: target/shop.jar\nbase: eclipse-temurin:25-jre\nport: [9090, 9091]\n");
    let typed = inspected(
        "inspect -o json --base eclipse-temurin:21-jre --port 7070",
        folder.path(),
    )
    .to_string();
    assert!(
        typed.contains(":21-jre") && typed.contains("7070") && !typed.contains("9090"),
        "{typed}"
    );
    let env = Run::new("inspect -o json")
        .env("B2I_BASE", "eclipse-temurin:21-jre")
        .in_folder(folder.path())
        .ended();
    assert!(env.stdout.contains(":21-jre"), "{}", env.stdout);
    let none = base("inspect target/shop.jar -o json --file=", folder.path());
    assert!(none.contains(":11-jre"), "{none}");
    // Flags of kubectl may stand before the command.
    assert!(base("-n inspect inspect -o json", folder.path()).contains(":25-jre"));
}

#[test]
fn a_file_for_another_artifact_is_not_taken() {
    let folder = folder("artifact: target/other.jar\nbase: eclipse-temurin:25-jre\n");
    assert!(base("inspect target/shop.jar -o json", folder.path()).contains(":11-jre"));
    // Beside the artifact it is for all, unless it names one.
    fs::write(
        folder.path().join("target/b2i.yaml"),
        "base: eclipse-temurin:17-jre\n",
    )
    .unwrap();
    assert!(base("inspect target/shop.jar -o json", folder.path()).contains(":17-jre"));
}

#[test]
fn what_is_wrong_in_the_file_is_told() {
    for (golden, yaml) in [
        ("unknown", "artifact: target/shop.jar\nhealthpath: /ok\n"),
        ("far", "artifact: target/shop.jar\ncolour: red\n"),
        ("value", "artifact: target/shop.jar\nport: [http-alt, 99999999]\n"),
        ("shape", "artifact: target/shop.jar\nbase: [a, b]\n"),
        ("text", "just words\n"),
    ] {
        let folder = folder(yaml);
        let ended = Run::new("deploy").in_folder(folder.path()).ended();
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{}",
            ended.stderr
        );
        let file = format!("tests/golden/options_file/{golden}.txt");
        assert_current(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file), &ended.stderr);
    }
    let gone = Run::new("inspect --file no.yaml")
        .in_folder(folder("").path())
        .ended();
    assert!(gone.stderr.contains("could not use `no.yaml`"), "{}", gone.stderr);
}

#[test]
fn without_file_and_artifact_it_is_said_what_is_missing() {
    let empty = tempfile::tempdir().unwrap();
    let ended = Run::new("deploy").in_folder(empty.path()).ended();
    assert!(
        ended.code == Some(2) && ended.stderr.contains("no `b2i.yaml` in this folder names one"),
        "{}",
        ended.stderr
    );
}

#[test]
fn init_writes_what_was_typed_and_it_holds() {
    let folder = folder("");
    fs::remove_file(folder.path().join("b2i.yaml")).unwrap();
    let line = "init target/shop.jar --port 8080 --nodeport --env A=1 --env B- --replicas 2 --base eclipse-temurin:25-jre";
    let ended = Run::new(line).in_folder(folder.path()).ended();
    assert_eq!(
        (ended.code, ended.stdout.trim()),
        (Some(0), "b2i.yaml"),
        "{}",
        ended.stderr
    );
    let text = fs::read_to_string(folder.path().join("b2i.yaml")).unwrap();
    let value: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(
        value,
        json!({
            "artifact": "target/shop.jar",
            "base": "eclipse-temurin:25-jre",
            "port": 8080,
            "nodeport": true,
            "replicas": 2,
            "env": {"A": "1", "B": null},
        })
    );
    assert_eq!(schema::check(&options_schema(), &value), Ok(()));
    assert!(base("inspect -o json", folder.path()).contains(":25-jre"));

    let again = Run::new("init target/shop.jar").in_folder(folder.path()).ended();
    assert!(
        again.code == Some(2) && again.stderr.contains("--force"),
        "{}",
        again.stderr
    );
    assert_eq!(fs::read_to_string(folder.path().join("b2i.yaml")).unwrap(), text);
    let forced = Run::new("init target/shop.jar --no-nodeport --force")
        .in_folder(folder.path())
        .ended();
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    let value: Value =
        serde_yaml::from_str(&fs::read_to_string(folder.path().join("b2i.yaml")).unwrap()).unwrap();
    assert_eq!(value, json!({"artifact": "target/shop.jar", "nodeport": false}));
}

#[test]
fn init_without_a_terminal_wants_the_artifact() {
    let empty = tempfile::tempdir().unwrap();
    let ended = Run::new("init --port 8080").in_folder(empty.path()).ended();
    assert!(
        ended.code == Some(2) && ended.stderr.contains("nobody said which artifact"),
        "{}",
        ended.stderr
    );
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn an_object_of_kubesphere_becomes_a_file_that_holds() {
    let folder = folder("");
    fs::remove_file(folder.path().join("b2i.yaml")).unwrap();
    let object = "apiVersion: devops.kubesphere.io/v1alpha1
kind: S2iBuilder
metadata: {name: shop, namespace: dev}
spec:
  config:
    isBinaryURL: true
    sourceUrl: target/../target/./../target/./../target/./../target/./../target/./../target/./../target/shop.jar
    imageName: team/shop
    tag: v1
    builderImage: kubesphere/java-11-centos7:v2.1.0
    pushAuthentication: {username: jane, password: s3cret, serverAddress: harbor.example.com}
";
    fs::write(folder.path().join("s2ibuilder.yaml"), object).unwrap();
    let ended = Run::new("import -f s2ibuilder.yaml")
        .in_folder(folder.path())
        .ended();
    assert_eq!(
        (ended.code, ended.stdout.trim()),
        (Some(0), "b2i.yaml"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("kubectl b2i deploy -n dev"),
        "{}",
        ended.stderr
    );
    let text = fs::read_to_string(folder.path().join("b2i.yaml")).unwrap();
    assert!(!format!("{text}{}", ended.stderr).contains("s3cret"), "{text}");
    assert_eq!(
        schema::check(&options_schema(), &serde_yaml::from_str(&text).unwrap()),
        Ok(())
    );
    assert!(
        text.contains("\nartifact: target/.."),
        "a long path is cut up:\n{text}"
    );
    let page = inspected("inspect -o json", folder.path()).to_string();
    assert!(page.contains("eclipse-temurin:11-jre"), "{page}");

    let named = Run::new("import s2ibuilder.yaml")
        .in_folder(folder.path())
        .ended();
    assert!(
        named.code == Some(2) && named.stderr.contains("kubectl b2i import -f s2ibuilder.yaml"),
        "{}",
        named.stderr
    );
    for wrong in ["kind: S2iRun", "nonsense"] {
        fs::write(folder.path().join("wrong.yaml"), wrong).unwrap();
        let ended = Run::new("import -f wrong.yaml --force")
            .in_folder(folder.path())
            .ended();
        assert!(
            ended.code == Some(2) && ended.stderr.contains("could not import `wrong.yaml`"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(fs::read_to_string(folder.path().join("b2i.yaml")).unwrap(), text);
}

/// KubeSphere's operator reads the artifact inside the cluster; the plugin downloads it from here.
#[test]
fn an_imported_artifact_that_would_be_refused_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    for (source, warned, command) in [
        (
            "http://ks-minio.kubesphere-system.svc:9000/s2i-binaries/shop.jar?sig=s3cret",
            "warning: b2i does not download `http://ks-minio.kubesphere-system.svc:9000/s2i-binaries/shop.jar` as it is: \
             over plain HTTP anybody on the way can change what comes; if this machine reaches the address, add \
             `--sha256 DIGEST` to the command; else download the file and name its path as `artifact`",
            "kubectl b2i deploy --sha256 DIGEST --nodeport",
        ),
        (
            "s3://binaries/shop.jar",
            "warning: b2i does not download `s3://binaries/shop.jar` as it is: `s3://` is not supported: only `https://` and \
             `http://` are; download the file and name its path as `artifact`",
            "kubectl b2i deploy --nodeport",
        ),
        (
            "https://repo.example.com/shop.jar",
            "",
            "kubectl b2i deploy --nodeport",
        ),
        ("target/shop.jar", "", "kubectl b2i deploy --nodeport"),
    ] {
        let object = format!(
            "kind: S2iBuilder\nmetadata: {{name: shop}}\nspec:\n  config:\n    isBinaryURL: true\n    sourceUrl: {source}\n    \
             imageName: r.example/team/shop\n    builderImage: kubesphere/java-11-centos7:v2.1.0\n"
        );
        fs::write(folder.path().join("s2ibuilder.yaml"), object).unwrap();
        let ended = Run::new("import -f s2ibuilder.yaml --force")
            .in_folder(folder.path())
            .ended();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let one_line = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(one_line.contains(command), "{}", ended.stderr);
        assert!(!one_line.contains("s3cret"), "{}", ended.stderr);
        if warned.is_empty() {
            assert!(!one_line.contains("does not download"), "{}", ended.stderr);
            continue;
        }
        assert!(one_line.contains(warned), "{}", ended.stderr);
        // What the warning is about: the next command refuses it.
        let next = Run::new("inspect --file b2i.yaml")
            .in_folder(folder.path())
            .ended();
        assert!(
            next.code == Some(1) && next.stderr.contains("#artifact-url"),
            "{}",
            next.stderr
        );
    }
}

#[test]
fn the_schema_is_current() {
    let text = serde_json::to_string_pretty(&options_schema()).unwrap() + "\n";
    assert_current(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/b2i.schema.json"),
        &text,
    );
    for wrong in [
        json!({"colour": "red"}),
        json!({"port": {"a": 1}}),
        json!({"rebuild": true}),
    ] {
        assert!(schema::check(&options_schema(), &wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_table_of_keys_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/options-file.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("options_file -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- End -->").unwrap();
    let current = format!(
        "{before}options_file -->\n\n{}\n<!-- End -->{after}",
        options_table()
    );
    assert_current(&path, &current);
}

#[test]
fn for_each_key_it_is_decided_who_may_set_it() {
    let table = options_table();
    let schema = options_schema();
    let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    for key in &keys {
        let row = table
            .lines()
            .find(|line| line.starts_with(&format!("| `{key}` |")));
        let Some(row) = row else {
            panic!(
                "`{key}` has no rule in src/roles/plugin/options_file/authority.rs: may a found file set it?"
            );
        };
        assert!(
            row.split('|')
                .all(|cell| cell.is_empty() || !cell.trim().is_empty()),
            "{row} needs a reason"
        );
    }
    assert_eq!(table.lines().count(), keys.len() + 2, "{table}");
}
