//! What images will be, for each kind of artifact.

use std::{collections::BTreeMap, fs};

use kubectl_b2i::{
    error::{Failure, Kind},
    model::{Artifact, Base, EntryKind, ExposedPort, ImagePlan, LayerPlan},
    steps::{
        inspect,
        plan::{self, Catalogue, Options},
    },
};

use crate::support::{
    archive::{Entry, Zip, boot_jar, class, plain_jar, war},
    elf::Elf,
};

const LAUNCHER: &str = "org.springframework.boot.loader.launch.JarLauncher";
/// 1980-02-01, the time of everything that has none of its own.
const FIXED: u64 = 318_211_200;
/// 2024-05-06 07:08:10, what the test archives say.
const OWN: u64 = 1_714_979_290;

fn artifact(file_name: &str, bytes: Vec<u8>) -> Artifact {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name);
    fs::write(&path, bytes).unwrap();
    inspect::run(&path).unwrap()
}

fn plan_of(file_name: &str, bytes: Vec<u8>, options: &Options) -> Result<ImagePlan, Failure> {
    // The file is gone by now: a plan is made of facts alone.
    plan::run(&artifact(file_name, bytes), options)
}

fn default_plan(file_name: &str, bytes: Vec<u8>) -> ImagePlan {
    plan_of(file_name, bytes, &Options::default()).unwrap()
}

fn base(plan: &ImagePlan) -> String {
    match &plan.base {
        Base::Scratch => "scratch".to_owned(),
        Base::Image(image) => image.to_string(),
    }
}

/// A layer as a listing: mode, time where it is not the fixed one, path.
fn listing(layer: &LayerPlan) -> Vec<String> {
    let line = |entry: &kubectl_b2i::model::Entry| {
        let slash = if matches!(entry.kind, EntryKind::Folder) {
            "/"
        } else {
            ""
        };
        let time = match entry.modified_seconds {
            FIXED => String::new(),
            seconds => format!("@{seconds} "),
        };
        format!("{:o} {time}{}{slash}", entry.mode, entry.image_path)
    };
    layer.entries.iter().map(line).collect()
}

fn layer<'a>(plan: &'a ImagePlan, name: &str) -> &'a LayerPlan {
    plan.layers.iter().find(|layer| layer.name == name).expect(name)
}

fn names(plan: &ImagePlan) -> Vec<&str> {
    plan.layers.iter().map(|layer| layer.name.as_str()).collect()
}

#[test]
fn a_plain_jar_stays_packed() {
    let plan = default_plan("shop-1.0.jar", plain_jar().bytes());
    assert_eq!(base(&plan), "docker.io/library/eclipse-temurin:11-jre");
    assert_eq!(plan.platform.to_string(), "linux/amd64");
    assert_eq!(names(&plan), ["application"]);
    assert_eq!(listing(&plan.layers[0]), ["775 app/", "644 app/app.jar"]);
    let config = &plan.config;
    assert_eq!(
        config.entrypoint.as_deref().unwrap(),
        ["java", "-jar", "/app/app.jar"]
    );
    assert_eq!(config.working_dir.as_deref(), Some("/app"));
    assert_eq!(config.user.as_deref(), Some("65532:0"));
    assert!(config.exposed_ports.is_empty());
    assert_eq!(
        config.default_env["JAVA_TOOL_OPTIONS"],
        "-XX:MaxRAMPercentage=75 -XX:+ExitOnOutOfMemoryError"
    );
    assert_eq!(
        config.labels["org.opencontainers.image.base.name"],
        "docker.io/library/eclipse-temurin:11-jre"
    );
}

#[test]
fn a_boot_jar_without_an_index_has_boots_default_layers() {
    let plan = default_plan("app.jar", boot_jar("2.2.0", LAUNCHER, "").bytes());
    assert_eq!(
        plan.config.entrypoint.as_deref().unwrap(),
        ["java", "-cp", "/app", LAUNCHER]
    );
    assert_eq!(
        names(&plan),
        ["dependencies", "loader", "snapshot-dependencies", "application"]
    );
    assert_eq!(
        listing(layer(&plan, "dependencies")),
        [
            "775 app/",
            "755 app/BOOT-INF/",
            "755 app/BOOT-INF/lib/",
            "644 app/BOOT-INF/lib/spring-core-6.2.1.jar"
        ]
    );
    assert_eq!(
        listing(layer(&plan, "snapshot-dependencies")).last().unwrap(),
        "644 app/BOOT-INF/lib/own-1.0-SNAPSHOT.jar"
    );
    assert_eq!(
        listing(layer(&plan, "loader")).last().unwrap(),
        "644 app/org/springframework/boot/loader/launch/JarLauncher.class"
    );
    assert_eq!(
        listing(layer(&plan, "application")),
        [
            "775 app/".to_owned(),
            "755 app/BOOT-INF/".to_owned(),
            "755 app/BOOT-INF/classes/".to_owned(),
            "755 app/BOOT-INF/classes/com/".to_owned(),
            "755 app/BOOT-INF/classes/com/example/".to_owned(),
            "644 app/BOOT-INF/classes/com/example/App.class".to_owned(),
            "755 app/BOOT-INF/classes/static/".to_owned(),
            format!("644 @{OWN} app/BOOT-INF/classes/static/logo.svg"),
            // Empty, but somebody may look for it.
            "755 app/BOOT-INF/classes/templates/".to_owned(),
            "755 app/META-INF/".to_owned(),
            "644 app/META-INF/MANIFEST.MF".to_owned(),
        ]
    );
}

#[test]
fn a_boot_jars_index_is_followed() {
    let index = "- \"dependencies\":\n  - \"BOOT-INF/lib/spring-core-6.2.1.jar\"\n\
                 - \"spring-boot-loader\":\n  - \"org/\"\n\
                 - \"snapshot-dependencies\":\n\
                 - \"company\":\n  - \"BOOT-INF/lib/\"\n\
                 - \"application\":\n  - \"BOOT-INF/classes/\"\n";
    let more = "\nSpring-Boot-Layers-Index: BOOT-INF/layers.idx";
    let zip = boot_jar("3.4.1", LAUNCHER, more).file("BOOT-INF/layers.idx", index);
    let plan = default_plan("app.jar", zip.bytes());
    assert_eq!(names(&plan), ["dependencies", "loader", "company", "application"]);
    assert_eq!(
        listing(layer(&plan, "company")).last().unwrap(),
        "644 app/BOOT-INF/lib/own-1.0-SNAPSHOT.jar"
    );
    let application = listing(layer(&plan, "application"));
    assert!(application.contains(&"644 app/META-INF/MANIFEST.MF".to_owned()));
    assert!(application.contains(&"644 app/BOOT-INF/layers.idx".to_owned()));
}

#[test]
fn a_folder_is_the_same_in_every_layer() {
    let plan = default_plan("app.jar", boot_jar("3.4.1", LAUNCHER, "").bytes());
    let mut folders = BTreeMap::new();
    for layer in &plan.layers {
        let mut sorted = layer.entries.clone();
        sorted.sort_by_key(|entry| entry.image_path.to_string());
        sorted.dedup_by(|a, b| a.image_path == b.image_path);
        let paths = |entries: &[kubectl_b2i::model::Entry]| -> Vec<String> {
            entries.iter().map(|entry| entry.image_path.to_string()).collect()
        };
        assert_eq!(paths(&sorted), paths(&layer.entries));
        for entry in &layer.entries {
            let facts = (entry.mode, entry.modified_seconds);
            if matches!(entry.kind, EntryKind::Folder) {
                assert_eq!(
                    *folders.entry(entry.image_path.to_string()).or_insert(facts),
                    facts
                );
            }
        }
    }
    assert_eq!(folders["app"], (0o775, FIXED));
}

#[test]
fn a_war_goes_under_webapps() {
    let zip = war("jakarta")
        .file("WEB-INF/lib-provided/tomcat.jar", "x")
        .file("org/springframework/boot/loader/WarLauncher.class", class(8, ""))
        .file("META-INF/context.xml", "<Context/>");
    let plan = default_plan("team#shop##7.war", zip.bytes());
    assert_eq!(base(&plan), "docker.io/library/tomcat:10.1-jre11");
    assert_eq!(plan.context_path, "/team/shop/");
    assert_eq!(
        names(&plan),
        ["dependencies", "snapshot-dependencies", "application"]
    );
    let root = "usr/local/tomcat/webapps/team#shop##7";
    assert_eq!(
        listing(layer(&plan, "dependencies")),
        [
            "775 usr/local/tomcat/conf/Catalina/".to_owned(),
            "775 usr/local/tomcat/conf/Catalina/localhost/".to_owned(),
            format!("755 {root}/"),
            format!("755 {root}/WEB-INF/"),
            format!("755 {root}/WEB-INF/lib/"),
            format!("644 {root}/WEB-INF/lib/util-1.0.jar"),
        ]
    );
    assert_eq!(
        listing(layer(&plan, "application")),
        [
            format!("755 {root}/"),
            format!("755 {root}/META-INF/"),
            format!("644 {root}/META-INF/MANIFEST.MF"),
            format!("644 {root}/META-INF/context.xml"),
            format!("755 {root}/WEB-INF/"),
            format!("755 {root}/WEB-INF/classes/"),
            format!("755 {root}/WEB-INF/classes/com/"),
            format!("755 {root}/WEB-INF/classes/com/example/"),
            format!("644 {root}/WEB-INF/classes/com/example/Hello.class"),
            format!("644 @{OWN} {root}/index.html"),
        ]
    );
    let config = &plan.config;
    assert_eq!(
        (&config.entrypoint, &config.cmd, &config.working_dir),
        (&None, &None, &None)
    );
    assert_eq!(config.exposed_ports, [ExposedPort::tcp(8080)]);
    assert_eq!(config.user.as_deref(), Some("65532:0"));
}

#[test]
fn a_context_path_can_be_named() {
    for (named, folder, path) in [("/", "ROOT", "/"), ("/a/b", "a#b", "/a/b/")] {
        let options = Options {
            context_path: Some(named.to_owned()),
            ..Options::default()
        };
        let plan = plan_of("shop.war", war("javax").bytes(), &options).unwrap();
        assert_eq!(plan.context_path, path);
        let folder = format!("755 usr/local/tomcat/webapps/{folder}/");
        assert!(listing(&plan.layers[0]).contains(&folder));
    }
    let options = Options {
        context_path: Some("/../etc".to_owned()),
        ..Options::default()
    };
    let failure = plan_of("shop.war", war("javax").bytes(), &options).unwrap_err();
    assert_eq!(
        (failure.kind, failure.anchor.as_str()),
        (Kind::Usage, "context-path")
    );
}

#[test]
fn static_resources_take_the_better_of_two_times() {
    let at = |extended_time| {
        let entry = Entry {
            extended_time,
            ..Entry::new("a.css", b"")
        };
        let plan = default_plan("a.war", war("javax").entry(entry).bytes());
        let layer = layer(&plan, "application");
        let entry = layer
            .entries
            .iter()
            .find(|entry| entry.image_path.to_string().ends_with("a.css"));
        entry.unwrap().modified_seconds
    };
    assert_eq!(at(None), OWN);
    assert_eq!(at(Some(1_700_000_000)), 1_700_000_000);
    // Zero would make Spring say that the resource is missing.
    assert_eq!(at(Some(0)), FIXED);
}

#[test]
fn an_executable_runs_as_itself() {
    let plan = default_plan(
        "go-httpbin",
        Elf {
            machine: 183,
            ..Elf::default()
        }
        .bytes(),
    );
    assert_eq!(base(&plan), "gcr.io/distroless/static:nonroot");
    assert_eq!(plan.platform.to_string(), "linux/arm64");
    assert_eq!(listing(&plan.layers[0]), ["775 app/", "755 app/go-httpbin"]);
    assert_eq!(plan.config.entrypoint.as_deref().unwrap(), ["/app/go-httpbin"]);
    assert_eq!((plan.config.env.len(), plan.config.default_env.len()), (0, 0));
}

#[test]
fn every_kind_gets_its_base() {
    let descriptor = r#"<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.1"/>"#;
    let old_war = Zip::new().file("WEB-INF/classes/A.class", class(8, "javax/servlet/Filter"));
    for (bytes, expected) in [
        (old_war.bytes(), "docker.io/library/tomcat:9.0-jre8"),
        (war("javax").bytes(), "docker.io/library/tomcat:9.0-jre11"),
        (
            war("jakarta").file("WEB-INF/web.xml", descriptor).bytes(),
            "docker.io/library/tomcat:11.0-jre17",
        ),
        (
            boot_jar("3.4.1", LAUNCHER, "").bytes(),
            "docker.io/library/eclipse-temurin:17-jre",
        ),
        (
            Elf::dynamic("/lib64/ld-linux-x86-64.so.2").bytes(),
            "gcr.io/distroless/cc:nonroot",
        ),
        (
            Elf::dynamic("/lib/ld-musl-x86_64.so.1").bytes(),
            "docker.io/library/alpine:3",
        ),
    ] {
        assert_eq!(base(&default_plan("app", bytes)), expected);
    }
}

#[test]
fn a_base_can_be_named() {
    for (named, expected) in [
        ("scratch", "scratch"),
        ("registry.example.com/base:1", "registry.example.com/base:1"),
        ("java-8-centos7", "docker.io/library/eclipse-temurin:8-jre"),
        ("tomcat85-java11-centos7", "docker.io/library/tomcat:9.0-jre11"),
        ("binary", "docker.io/library/eclipse-temurin:11-jre"),
    ] {
        let options = Options {
            base: Some(named.to_owned()),
            ..Options::default()
        };
        let plan = plan_of("a.jar", plain_jar().bytes(), &options).unwrap();
        assert_eq!(base(&plan), expected);
        let label = plan.config.labels.get("org.opencontainers.image.base.name");
        assert_eq!(label.is_none(), named == "scratch");
    }
    let options = Options {
        base: Some("No Image".to_owned()),
        ..Options::default()
    };
    let failure = plan_of("a.jar", plain_jar().bytes(), &options).unwrap_err();
    assert_eq!(failure.what, "could not use `No Image` as base image");
    assert_eq!(
        (failure.kind, failure.anchor.as_str()),
        (Kind::Usage, "base-name")
    );
}

#[test]
fn a_java_that_no_base_has_needs_a_named_one() {
    let bytes = plain_jar().file("New.class", class(26, "")).bytes();
    let failure = plan_of("a.jar", bytes.clone(), &Options::default()).unwrap_err();
    assert_eq!(failure.what, "could not choose a base image for `a.jar`");
    assert_eq!(
        failure.why,
        "its classes need Java 26, and the newest in the catalogue is Java 25"
    );
    assert_eq!(failure.next, "name an image with Java 26 by `--base IMAGE`");
    let options = Options {
        base: Some("openjdk:26".to_owned()),
        ..Options::default()
    };
    assert_eq!(
        base(&plan_of("a.jar", bytes, &options).unwrap()),
        "docker.io/library/openjdk:26"
    );
}

#[test]
fn a_named_base_with_an_older_java_is_told() {
    let notes = |named: Option<&str>, bytes| {
        let options = Options {
            base: named.map(str::to_owned),
            ..Options::default()
        };
        plan_of("a.jar", bytes, &options).unwrap().notes
    };
    // It needs Java 11.
    let jar = || plain_jar().bytes();
    let told = notes(Some("java-8-centos7"), jar());
    assert_eq!(
        told,
        [
            "`docker.io/library/eclipse-temurin:8-jre` has Java 8, and there are classes for Java 11: where the app loads \
          one, it ends with UnsupportedClassVersionError. `--base default` takes a base that fits"
        ]
    );
    assert_eq!(notes(Some("openjdk:8u342-jre"), jar()).len(), 1);
    for named in [
        "eclipse-temurin:11-jre",
        "java-11-centos7",
        "openjdk:21",
        "team/base:8",
        "scratch",
        "default",
    ] {
        assert_eq!(notes(Some(named), jar()), [""; 0], "{named}");
    }
    assert_eq!(notes(None, jar()), [""; 0]);
    assert_eq!(notes(Some("openjdk:8"), Elf::default().bytes()), [""; 0]);
}

#[test]
fn what_the_person_says_wins() {
    let only_21 = serde_json::json!({
        "jar": {"8": null, "11": null, "17": null, "21": "registry.example.com/java:21"}
    });
    let options = Options {
        ports: [9411, 9412].map(ExposedPort::tcp).to_vec(),
        image_env: BTreeMap::from([("TZ".to_owned(), "UTC".to_owned())]),
        labels: BTreeMap::from([("team".to_owned(), "shop".to_owned())]),
        jvm_options: Some("-Xss512k".to_owned()),
        platform: Some("linux/arm64".parse().unwrap()),
        catalogue: Catalogue::changed_by(&[only_21]).unwrap(),
        ..Options::default()
    };
    let plan = plan_of("a.jar", plain_jar().bytes(), &options).unwrap();
    assert_eq!(base(&plan), "registry.example.com/java:21");
    assert_eq!(plan.platform.to_string(), "linux/arm64");
    assert_eq!(plan.config.exposed_ports, [9411, 9412].map(ExposedPort::tcp));
    assert_eq!(plan.config.labels["team"], "shop");
    assert_eq!(plan.config.env["TZ"], "UTC");
    assert_eq!(
        plan.config.env["JAVA_TOOL_OPTIONS"],
        "-XX:MaxRAMPercentage=75 -XX:+ExitOnOutOfMemoryError -Xss512k"
    );
    assert!(plan.config.default_env.is_empty());
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let for_arm = Options {
        platform: Some("linux/arm64".parse().unwrap()),
        ..Options::default()
    };
    let failure = plan_of("app", Elf::default().bytes(), &for_arm).unwrap_err();
    assert_eq!(failure.what, "could not plan an image of `app` for linux/arm64");
    assert_eq!(failure.why, "it is an executable for linux/amd64");
    let for_a_jvm = Options {
        jvm_options: Some("-Xmx1g".to_owned()),
        ..Options::default()
    };
    let failure = plan_of("app", Elf::default().bytes(), &for_a_jvm).unwrap_err();
    assert_eq!(
        (failure.kind, failure.anchor.as_str()),
        (Kind::Usage, "jvm-options")
    );
}

#[test]
fn a_file_that_is_also_a_folder_is_refused() {
    for zip in [
        war("javax").file("a", "").file("a/b", ""),
        war("javax")
            .file("WEB-INF/lib/x.jar", "")
            .file("WEB-INF/lib/x.jar/y", ""),
    ] {
        let failure = plan_of("a.war", zip.bytes(), &Options::default()).unwrap_err();
        assert_eq!(failure.anchor, "archive-duplicates");
    }
}

#[test]
fn a_plan_does_not_depend_on_the_folder_it_was_made_in() {
    let json = |plan: &ImagePlan| serde_json::to_string(plan).unwrap();
    let bytes = boot_jar("3.4.1", LAUNCHER, "").bytes();
    let once = json(&default_plan("a.jar", bytes.clone()));
    assert_eq!(once, json(&default_plan("a.jar", bytes)));
    assert!(!once.contains("/tmp"));
}
