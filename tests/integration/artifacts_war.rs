//! WARs of every kind and archives of every malice, as one table: what a person would get, or why not.

use std::fs;

use kubectl_b2i::{
    error::Failure,
    model::{Base, ExposedPort, ImagePlan},
    steps::{
        inspect, pack,
        plan::{self, Options},
    },
};

use crate::support::{
    archive::{Entry, Zip, boot_jar, boot_war, class, library, plain_jar, war},
    run::Run,
};

const NEW: &str = "org.springframework.boot.loader.launch";
const OLD: &str = "org.springframework.boot.loader";
const LAUNCHER: &str = "org.springframework.boot.loader.launch.JarLauncher";

fn options(change: impl Fn(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

fn on(base: &str) -> Options {
    options(|options| options.base = Some(base.to_owned()))
}

fn converted() -> Options {
    options(|options| options.convert_javax = true)
}

/// Inspects, plans and packs, which checks every byte.
fn made(file_name: &str, bytes: &[u8], options: &Options) -> Result<(String, ImagePlan), Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name);
    fs::write(&path, bytes).unwrap();
    let artifact = inspect::run(&path)?;
    let plan = plan::run(&artifact, options)?;
    pack::run(&artifact, &plan, folder.path())?;
    Ok((artifact.summary(), plan))
}

fn descriptor(namespace: &str, version: &str) -> String {
    format!("<web-app xmlns=\"{namespace}\" version=\"{version}\"/>")
}

const JAKARTA: &str = "https://jakarta.ee/xml/ns/jakartaee";

/// File, bytes, options; then what it is, base, command, layers, context path.
pub(crate) type Row = (
    &'static str,
    Vec<u8>,
    Options,
    &'static str,
    String,
    &'static str,
    &'static str,
    &'static str,
);

/// What can be run.
pub(crate) fn good_archives() -> Vec<Row> {
    let index = "- \"dependencies\":\n  - \"WEB-INF/lib-provided/\"\n  - \"WEB-INF/lib/spring-core-6.2.1.jar\"\n\
                 - \"spring-boot-loader\":\n  - \"org/\"\n- \"snapshot-dependencies\":\n  - \"WEB-INF/lib/\"\n\
                 - \"application\":\n  - \"META-INF/\"\n  - \"WEB-INF/\"\n";
    let boot = || boot_war("3.5.7", NEW, "jakarta", "");
    let layered = boot_war(
        "3.5.7",
        NEW,
        "jakarta",
        "\nSpring-Boot-Layers-Index: WEB-INF/layers.idx",
    )
    .file("WEB-INF/layers.idx", index);
    let winstone = Zip::new()
        .manifest("Main-Class: executable.Main")
        .file("executable/Main.class", class(17, ""))
        .file("WEB-INF/classes/A.class", class(11, "javax/servlet/Filter"));
    let no_such_main = Zip::new().manifest("Main-Class: com.example.Hello").file(
        "WEB-INF/classes/com/example/Hello.class",
        class(11, "javax/servlet/Filter"),
    );
    let of_version = |version: &str| war("jakarta").file("WEB-INF/web.xml", descriptor(JAKARTA, version));
    let with_context = war("javax").file("META-INF/context.xml", "<Context path=\"/elsewhere\"/>");
    // Old Maven gives folders the mode -1.
    let maven_folder = Entry {
        unix_mode: 0xffff,
        ..Entry::new("META-INF/maven/", b"")
    };
    let script = b"#!/bin/bash\nexec java -jar \"$0\"\nexit 0\n";
    let behind = |zip: Zip| [&script[..], &zip.bytes()].concat();
    let cp437 = Entry {
        name: b"gr\x81n.txt".to_vec(),
        ..Entry::new("", b"x")
    };
    let same = || Options::default();
    let (temurin, tomcat) = ("eclipse-temurin", "tomcat");
    let alone = "java -cp /app org.springframework.boot.loader.launch.WarLauncher";
    let default_layers = "dependencies loader snapshot-dependencies application";
    let war_layers = "dependencies snapshot-dependencies application";
    vec![
        (
            "a.war",
            boot().bytes(),
            same(),
            "executable WAR · Spring Boot 3.5.7 · jakarta.servlet · Java 17",
            format!("{temurin}:17-jre"),
            alone,
            default_layers,
            "/",
        ),
        (
            "a.war",
            boot_war("2.7.18", OLD, "javax", "").bytes(),
            same(),
            "executable WAR · Spring Boot 2.7.18 · javax.servlet · Java 17",
            format!("{temurin}:17-jre"),
            "java -cp /app org.springframework.boot.loader.WarLauncher",
            default_layers,
            "/",
        ),
        (
            "a.war",
            layered.bytes(),
            same(),
            "executable WAR · Spring Boot 3.5.7 · jakarta.servlet · Java 17",
            format!("{temurin}:17-jre"),
            alone,
            default_layers,
            "/",
        ),
        (
            "a.war",
            behind(boot()),
            same(),
            "executable WAR · Spring Boot 3.5.7 · jakarta.servlet · Java 17",
            format!("{temurin}:17-jre"),
            alone,
            default_layers,
            "/",
        ),
        (
            "a.war",
            boot().bytes(),
            on("registry.example.com/java:17"),
            "executable WAR · Spring Boot 3.5.7 · jakarta.servlet · Java 17",
            "registry.example.com/java:17".into(),
            alone,
            default_layers,
            "/",
        ),
        (
            "shop.war",
            boot().bytes(),
            on("tomcat:10.1-jre21"),
            "executable WAR · Spring Boot 3.5.7 · jakarta.servlet · Java 17",
            format!("{tomcat}:10.1-jre21"),
            "",
            war_layers,
            "/shop/",
        ),
        (
            "shop.war",
            boot_war("2.7.18", OLD, "javax", "").bytes(),
            converted(),
            "executable WAR · Spring Boot 2.7.18 · javax.servlet · Java 17",
            format!("{tomcat}:10.1-jre17"),
            "",
            "application",
            "/shop/",
        ),
        (
            "jenkins.war",
            winstone.bytes(),
            same(),
            "executable WAR · javax.servlet · Java 17",
            format!("{temurin}:17-jre"),
            "java -jar /app/app.war",
            "application",
            "/",
        ),
        (
            "a.war",
            no_such_main.bytes(),
            same(),
            "WAR · javax.servlet · Java 11",
            format!("{tomcat}:9.0-jre11"),
            "",
            "application",
            "/a/",
        ),
        (
            "a#b##12.war",
            war("javax").bytes(),
            same(),
            "WAR · javax.servlet · Java 11",
            format!("{tomcat}:9.0-jre11"),
            "",
            war_layers,
            "/a/b/",
        ),
        (
            "ROOT.war",
            war("jakarta").bytes(),
            same(),
            "WAR · jakarta.servlet · Java 11",
            format!("{tomcat}:10.1-jre11"),
            "",
            war_layers,
            "/",
        ),
        (
            "grün.war",
            war("jakarta").bytes(),
            same(),
            "WAR · jakarta.servlet · Java 11",
            format!("{tomcat}:10.1-jre11"),
            "",
            war_layers,
            "/grün/",
        ),
        (
            "shop.war",
            war("jakarta").bytes(),
            options(|options| options.context_path = Some("/team/x".into())),
            "WAR · jakarta.servlet · Java 11",
            format!("{tomcat}:10.1-jre11"),
            "",
            war_layers,
            "/team/x/",
        ),
        (
            "a.war",
            of_version("5.0").bytes(),
            same(),
            "WAR · jakarta.servlet · Java 11",
            format!("{tomcat}:10.1-jre11"),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            of_version("6.0").bytes(),
            same(),
            "WAR · jakarta.servlet · Java 11",
            format!("{tomcat}:10.1-jre11"),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            of_version("6.1").bytes(),
            same(),
            "WAR · jakarta.servlet · Java 11",
            format!("{tomcat}:11.0-jre17"),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            war("jakarta").bytes(),
            on("team/our-base:9"),
            "WAR · jakarta.servlet · Java 11",
            "team/our-base:9".into(),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            war("jakarta").bytes(),
            on("team/tomcat:latest"),
            "WAR · jakarta.servlet · Java 11",
            "team/tomcat".into(),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            war("javax").bytes(),
            on("tomcat85-java8-centos7"),
            "WAR · javax.servlet · Java 11",
            format!("{tomcat}:9.0-jre8"),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            war("javax").bytes(),
            converted(),
            "WAR · javax.servlet · Java 11",
            format!("{tomcat}:10.1-jre11"),
            "",
            "application",
            "/a/",
        ),
        // Remembered from when it was javax: there is nothing left to convert.
        (
            "a.war",
            war("jakarta").bytes(),
            converted(),
            "WAR · jakarta.servlet · Java 11",
            format!("{tomcat}:10.1-jre11"),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            with_context.bytes(),
            same(),
            "WAR · javax.servlet · Java 11",
            format!("{tomcat}:9.0-jre11"),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            war("javax").entry(maven_folder).bytes(),
            same(),
            "WAR · javax.servlet · Java 11",
            format!("{tomcat}:9.0-jre11"),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            war("javax").zip64().bytes(),
            same(),
            "WAR · javax.servlet · Java 11",
            format!("{tomcat}:9.0-jre11"),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            behind(war("javax").zip64()),
            same(),
            "WAR · javax.servlet · Java 11",
            format!("{tomcat}:9.0-jre11"),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            war("javax")
                .comment("made by a tool that likes to say so")
                .bytes(),
            same(),
            "WAR · javax.servlet · Java 11",
            format!("{tomcat}:9.0-jre11"),
            "",
            war_layers,
            "/a/",
        ),
        (
            "a.war",
            war("javax").entry(cp437).bytes(),
            same(),
            "WAR · javax.servlet · Java 11",
            format!("{tomcat}:9.0-jre11"),
            "",
            war_layers,
            "/a/",
        ),
    ]
}

#[test]
fn good_ones() {
    let rows = good_archives();
    for (at, (file, bytes, options, summary, base, command, layers, context_path)) in rows.iter().enumerate()
    {
        let (found, plan) =
            made(file, bytes, options).unwrap_or_else(|failure| panic!("row {at}: {failure}"));
        let Base::Image(image) = &plan.base else {
            panic!("row {at}")
        };
        let image = image.to_string();
        let image = image
            .strip_prefix("docker.io/library/")
            .or(image.strip_prefix("docker.io/"))
            .unwrap_or(&image);
        let names: Vec<&str> = plan.layers.iter().map(|layer| layer.name.as_str()).collect();
        assert_eq!(
            (
                found.as_str(),
                image.trim_end_matches(":latest"),
                plan.config.entrypoint.unwrap_or_default().join(" ").as_str(),
                names.join(" ").as_str(),
                plan.context_path.as_str(),
            ),
            (*summary, base.as_str(), *command, *layers, *context_path),
            "row {at}: {file}"
        );
    }
}

/// Bad inputs: file name, bytes, anchor, and a part of the reason.
pub(crate) fn bad_archives() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    let entry = |name: &str| Entry::new(name, b"content");
    let with = |entry: Entry| war("javax").entry(entry).bytes();
    let good = war("javax").bytes();
    let special = |unix_mode| {
        with(Entry {
            unix_mode,
            ..entry("special")
        })
    };
    let raw_name = |name: &[u8], flags| {
        with(Entry {
            name: name.to_vec(),
            flags,
            ..entry("")
        })
    };
    let count = |zip: Zip, count| zip.declared_count(count).bytes();
    // Both say the same file is theirs, as in Fifield's bomb.
    let shared = war("javax").deflated("bomb", vec![0; 1 << 20]).entry(Entry {
        shares_data_of: Some(5),
        local_name: None,
        ..Entry::new("bomb2", &vec![0; 1 << 20])
    });
    let into_directory = {
        let mut bytes = Zip::new().file("WEB-INF/a", "x").bytes();
        let at = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        // Compressed and uncompressed size of the last entry.
        bytes[at + 20..at + 28].copy_from_slice(&[9, 0, 0, 0, 9, 0, 0, 0]);
        bytes
    };
    let elsewhere = {
        let mut bytes = good.clone();
        let at = bytes.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
        bytes[at + 42] += 1;
        bytes
    };
    let longer = Entry {
        size: Some(3),
        is_deflated: true,
        ..entry("longer")
    };
    let shorter = Entry {
        size: Some(30),
        is_deflated: true,
        ..entry("shorter")
    };
    let wrong_crc = Entry {
        crc: Some(1),
        ..entry("wrong")
    };
    let two_ends = war("javax").comment(Zip::new().bytes()).bytes();
    vec![
        (
            "parent.war",
            with(entry("../x")),
            "archive-unsafe",
            "leads out of the archive",
        ),
        (
            "absolute.war",
            with(entry("/etc/passwd")),
            "archive-unsafe",
            "absolute path",
        ),
        (
            "drive.war",
            with(entry("C:/x")),
            "archive-unsafe",
            "absolute path",
        ),
        (
            "backslash.war",
            with(entry("..\\x")),
            "archive-unsafe",
            "backslash",
        ),
        (
            "control.war",
            with(entry("a\u{1b}[2Jb")),
            "archive-unsafe",
            "control character",
        ),
        (
            "symlink.war",
            special(0o120_777),
            "archive-unsafe",
            "symbolic link",
        ),
        ("device.war", special(0o020_666), "archive-unsafe", "device"),
        ("pipe.war", special(0o010_666), "archive-unsafe", "device"),
        (
            "utf8.war",
            raw_name(b"gr\xfcn", 1 << 11),
            "archive-unsafe",
            "said to be UTF-8, and is not",
        ),
        (
            "cp437.war",
            raw_name(b"a/\x80/../../b", 0),
            "archive-unsafe",
            "leads out",
        ),
        (
            "encrypted.war",
            with(Entry {
                flags: 1,
                ..entry("secret")
            }),
            "archive-encrypted",
            "`secret` is encrypted",
        ),
        (
            "twice.war",
            war("javax").file("index.html", "2").bytes(),
            "archive-duplicates",
            "names a file twice",
        ),
        (
            "clash.war",
            war("javax").file("index.html/x", "2").bytes(),
            "archive-duplicates",
            "index.html",
        ),
        (
            "names.war",
            with(Entry {
                local_name: Some(b"other".to_vec()),
                ..entry("one")
            }),
            "archive-contradiction",
            "calls `one` calls itself `other`",
        ),
        (
            "shared.war",
            shared.bytes(),
            "archive-contradiction",
            "share bytes",
        ),
        (
            "directory.war",
            into_directory,
            "archive-contradiction",
            "reaches into the directory",
        ),
        (
            "elsewhere.war",
            elsewhere,
            "archive-contradiction",
            "is not where the directory says",
        ),
        (
            "fewer.war",
            count(war("javax"), 4),
            "archive-contradiction",
            "it has 4 entries, and more are there",
        ),
        (
            "more.war",
            count(war("javax"), 6),
            "archive-contradiction",
            "it has 6 entries, and 5 are there",
        ),
        (
            "after.war",
            [&good[..], b"more"].concat(),
            "archive-contradiction",
            "4 bytes come after its end",
        ),
        (
            "before.war",
            [&Zip::new().file("a", "b").bytes()[..], &good].concat(),
            "archive-contradiction",
            "its first",
        ),
        ("two-ends.war", two_ends, "archive-contradiction", "two ends"),
        (
            "cut.war",
            good[..good.len() - 1].to_vec(),
            "archive-damaged",
            "cut short",
        ),
        (
            "half.war",
            good[..good.len() / 2].to_vec(),
            "archive-damaged",
            "cut short",
        ),
        (
            "only-end.war",
            b"PK\x05\x06".to_vec(),
            "archive-damaged",
            "cut short",
        ),
        ("longer.war", with(longer), "archive-damaged", "longer"),
        (
            "shorter.war",
            with(shorter),
            "archive-damaged",
            "its size is not what the archive says",
        ),
        (
            "crc.war",
            with(wrong_crc.clone()),
            "archive-damaged",
            "its checksum is not what the archive says",
        ),
        // What stays packed, and what is left out.
        (
            "packed.jar",
            plain_jar().entry(wrong_crc.clone()).bytes(),
            "archive-damaged",
            "its entry `wrong`: its checksum is not what the archive says",
        ),
        (
            "left-out.war",
            with(Entry {
                name: b"WEB-INF/lib-provided/a.jar".to_vec(),
                ..wrong_crc
            }),
            "archive-damaged",
            "lib-provided/a.jar`: its checksum is not what the archive says",
        ),
        (
            "bomb.war",
            war("javax").deflated("zeros", vec![0; 300 << 20]).bytes(),
            "archive-too-large",
            "ZIP bomb",
        ),
        (
            "count.war",
            count(war("javax"), 200_001),
            "archive-too-large",
            "200001 entries",
        ),
    ]
}

#[test]
fn bad_ones() {
    for (file, bytes, anchor, why) in bad_archives() {
        let failure = made(file, &bytes, &Options::default())
            .map(|(summary, _)| summary)
            .expect_err(file);
        assert_eq!(failure.anchor, anchor, "{file}: {}", failure.why);
        assert!(failure.why.contains(why), "{file}: {}", failure.why);
        assert!(
            !failure.next.is_empty() && !failure.why.contains('\u{1b}'),
            "{file}"
        );
    }
}

#[test]
fn a_base_that_would_answer_404_is_refused() {
    let convert_on = |base: &str| {
        options(|options| {
            options.base = Some(base.to_owned());
            options.convert_javax = true;
        })
    };
    for (api, options, why, next) in [
        (
            "jakarta",
            on("tomcat:9.0-jre17"),
            "Tomcat 9 serves javax.servlet only",
            "`--base docker.io/library/tomcat:10.1-jre11`",
        ),
        (
            "jakarta",
            on("10.250.0.1:5000/library/tomcat:9"),
            "Tomcat 9 serves javax.servlet only",
            "tomcat:10.1-jre11",
        ),
        (
            "jakarta",
            on("tomcat85-java8-centos7"),
            "Tomcat 9 serves javax.servlet only",
            "tomcat:10.1-jre11",
        ),
        (
            "javax",
            on("tomcat:10.1"),
            "Tomcat 10 serves jakarta.servlet only",
            "`--convert-javax`",
        ),
        (
            "javax",
            on("tomcat:11.0-jre21"),
            "Tomcat 11 serves jakarta.servlet only",
            "tomcat:9.0-jre11",
        ),
        (
            "javax",
            convert_on("tomcat:9"),
            "Tomcat 9 does not convert WARs",
            "tomcat:10.1-jre11",
        ),
    ] {
        let failure = made("a.war", &war(api).bytes(), &options)
            .map(|(summary, _)| summary)
            .expect_err(why);
        assert!(
            failure.what.starts_with("could not use `")
                && failure.what.ends_with("` as base image for `a.war`")
        );
        assert!(
            failure.why.contains(why) && failure.next.contains(next),
            "{failure}: {}",
            failure.next
        );
        assert_eq!(failure.anchor, "wrong-servlet-api");
    }
    let bytes = boot_war("3.5.7", NEW, "jakarta", "").bytes();
    let failure = made("a.war", &bytes, &on("tomcat:9"))
        .map(|(summary, _)| summary)
        .expect_err("Boot 3 on Tomcat 9");
    // Its own server is what fits best.
    assert!(
        failure.next.contains("eclipse-temurin:17-jre"),
        "{}",
        failure.next
    );
    let failure = made("a.jar", &plain_jar().bytes(), &converted())
        .map(|(summary, _)| summary)
        .expect_err("a JAR");
    assert_eq!(failure.anchor, "convert-javax");
}

/// The paths of a layer, with mode.
fn listing(plan: &ImagePlan, name: &str) -> Vec<String> {
    let layer = plan.layers.iter().find(|layer| layer.name == name).expect(name);
    layer
        .entries
        .iter()
        .map(|entry| format!("{:o} {}", entry.mode, entry.image_path))
        .collect()
}

#[test]
fn an_executable_war_keeps_its_own_server_unless_tomcat_runs_it() {
    let bytes = boot_war("3.5.7", NEW, "jakarta", "").bytes();
    let (_, plan) = made("a.war", &bytes, &Options::default()).unwrap();
    let dependencies = listing(&plan, "dependencies");
    for file in [
        "lib/spring-core-6.2.1.jar",
        "lib-provided/tomcat-embed-core-10.1.1.jar",
    ] {
        assert!(
            dependencies.contains(&format!("644 app/WEB-INF/{file}")),
            "{dependencies:?}"
        );
    }
    assert_eq!(
        listing(&plan, "loader").last().unwrap(),
        "644 app/org/springframework/boot/loader/launch/WarLauncher.class"
    );
    assert_eq!(plan.config.working_dir.as_deref(), Some("/app"));
    let (_, plan) = made("a.war", &bytes, &on("tomcat:10.1-jre17")).unwrap();
    let all: String = plan
        .layers
        .iter()
        .flat_map(|layer| &layer.entries)
        .map(|entry| entry.image_path.to_string())
        .collect();
    assert!(!all.contains("lib-provided") && !all.contains("loader"), "{all}");
}

#[test]
fn a_war_to_convert_is_packed_where_tomcat_may_write() {
    let (_, plan) = made("team#shop##7.war", &war("javax").bytes(), &converted()).unwrap();
    assert_eq!(
        listing(&plan, "application"),
        [
            "775 usr/local/tomcat/conf/Catalina",
            "775 usr/local/tomcat/conf/Catalina/localhost",
            "1777 usr/local/tomcat/webapps",
            "1777 usr/local/tomcat/webapps-javaee",
            "644 usr/local/tomcat/webapps-javaee/team#shop##7.war",
        ]
    );
    assert_eq!(
        (plan.context_path.as_str(), plan.config.exposed_ports.as_slice()),
        ("/team/shop/", &[ExposedPort::tcp(8080)][..])
    );
}

#[test]
fn the_context_file_stays_and_its_path_does_not_count() {
    // Tomcat takes `path` only in server.xml: for what lies in webapps the name decides.
    let zip = war("javax").file(
        "META-INF/context.xml",
        "<Context path=\"/elsewhere\"><Resource/></Context>",
    );
    let (_, plan) = made("shop.war", &zip.bytes(), &Options::default()).unwrap();
    assert_eq!(plan.context_path, "/shop/");
    let application = listing(&plan, "application");
    assert!(application.contains(&"644 usr/local/tomcat/webapps/shop/META-INF/context.xml".to_owned()));
}

#[test]
fn a_script_before_an_archive_changes_no_layer() {
    let digests = |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jar");
        fs::write(&path, bytes).unwrap();
        let artifact = inspect::run(&path).unwrap();
        let plan = plan::run(&artifact, &Options::default()).unwrap();
        let layers = pack::run(&artifact, &plan, folder.path()).unwrap();
        layers
            .iter()
            .map(|layer| layer.described.descriptor.digest)
            .collect::<Vec<_>>()
    };
    for bytes in [
        boot_jar("3.4.1", LAUNCHER, "").bytes(),
        boot_war("3.5.7", NEW, "jakarta", "").bytes(),
    ] {
        let script = b"#!/bin/bash\n# PK\x03\x04 is no archive yet\nexec java -jar \"$0\"\nexit 0\n";
        assert_eq!(digests(&[&script[..], &bytes].concat()), digests(&bytes));
    }
}

#[test]
fn limits_can_be_raised() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.war"),
        war("javax").deflated("zeros", vec![0; 300 << 20]).bytes(),
    )
    .unwrap();
    let run = |line: &str| Run::new(line).in_folder(folder.path()).ended();
    assert_eq!(run("inspect a.war").code, Some(1));
    assert_eq!(run("inspect a.war --max-unpacked-size 9Gi").code, Some(0));
    for (flag, why) in [
        ("--max-unpacked-size 1Mi", "and 1048576 is the most that we take"),
        (
            "--max-entries 5",
            "it has 6 entries, and 5 is the most that we take",
        ),
        ("--max-artifact-size 1Ki", "and 1024 is the most that we take"),
    ] {
        let ended = run(&format!("inspect a.war {flag}"));
        assert_eq!(ended.code, Some(1), "{flag}");
        assert!(ended.stderr.contains(why), "{flag}\n{}", ended.stderr);
    }
}

#[test]
fn what_is_nested_twice_is_not_opened() {
    // Java would not open it either; so however deep a bomb goes, one level is what we read.
    let inner = Zip::new().file("Inner.class", class(25, ""));
    let outer = Zip::new()
        .file("A.class", class(8, ""))
        .deflated("inner.jar", inner.bytes());
    let (summary, _) = made(
        "a.jar",
        &plain_jar().file("lib/outer.jar", outer.bytes()).bytes(),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(summary, "JAR · Java 11");
    // A library that says it has more entries than anybody could hold has no say.
    let liar = Zip::new()
        .file("A.class", class(25, ""))
        .declared_count(60_000)
        .bytes();
    let (summary, _) = made(
        "a.jar",
        &plain_jar().file("lib/liar.jar", liar).bytes(),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(summary, "JAR · Java 11");
    let deflated = plain_jar().deflated("lib/deflated.jar", library(21)).bytes();
    assert_eq!(
        made("a.jar", &deflated, &Options::default()).unwrap().0,
        "JAR · Java 21"
    );
}

/// 1980-02-01, the time of everything that has none of its own.
const FIXED: u64 = 318_211_200;
/// 2024-05-06 07:08:10, what the test archives say.
const OWN: u64 = 1_714_979_290;

fn times(file_name: &str, zip: Zip, options: &Options) -> Vec<(String, u64)> {
    let (_, plan) = made(file_name, &zip.bytes(), options).unwrap();
    let entries = plan.layers.iter().flat_map(|layer| &layer.entries);
    entries
        .map(|entry| (entry.image_path.to_string(), entry.modified_seconds))
        .collect()
}

#[test]
fn static_resources_keep_their_time_and_nothing_else_does() {
    let folders = ["static", "public", "resources", "META-INF/resources"];
    let add = |zip: Zip, classes: &str| {
        folders
            .iter()
            .fold(zip, |zip, folder| {
                zip.file(&format!("{classes}{folder}/a.css"), "")
            })
            .file(&format!("{classes}application.yaml"), "")
            .file(&format!("{classes}templates/a.html"), "")
    };
    for (file_name, zip, classes, options) in [
        (
            "a.jar",
            boot_jar("3.4.1", LAUNCHER, ""),
            "BOOT-INF/classes/",
            Options::default(),
        ),
        (
            "a.war",
            boot_war("3.5.7", NEW, "jakarta", ""),
            "WEB-INF/classes/",
            Options::default(),
        ),
        (
            "a.war",
            boot_war("3.5.7", NEW, "jakarta", ""),
            "WEB-INF/classes/",
            on("tomcat:10.1"),
        ),
        ("a.war", war("javax"), "WEB-INF/classes/", Options::default()),
    ] {
        for (path, time) in times(file_name, add(zip, classes), &options) {
            let is_static = path.ends_with(".css") || path.ends_with(".svg") || path.ends_with("/index.html");
            assert_eq!(time, if is_static { OWN } else { FIXED }, "{file_name} {path}");
        }
    }
}

#[test]
fn times_of_both_kinds_are_utc_and_impossible_ones_are_fixed() {
    let time = |entry: Entry| {
        let all = times("a.war", war("javax").entry(entry), &Options::default());
        all.into_iter()
            .find(|(path, _)| path.ends_with("a.css"))
            .unwrap()
            .1
    };
    let css = || Entry::new("a.css", b"");
    assert_eq!(time(css()), OWN);
    assert_eq!(
        time(Entry {
            extended_time: Some(1_700_000_000),
            ..css()
        }),
        1_700_000_000
    );
    // 1979-12-31T23:59:59Z, and the first second that DOS knows.
    assert_eq!(
        time(Entry {
            extended_time: Some(315_532_799),
            ..css()
        }),
        FIXED
    );
    assert_eq!(
        time(Entry {
            extended_time: Some(315_532_800),
            ..css()
        }),
        315_532_800
    );
    assert_eq!(
        time(Entry {
            extended_time: Some(0),
            ..css()
        }),
        FIXED
    );
    // Before 1970, as a signed number.
    assert_eq!(
        time(Entry {
            extended_time: Some(u32::MAX),
            ..css()
        }),
        FIXED
    );
    // Month 0, day 0: what writers without a clock write.
    assert_eq!(time(Entry { dos: (0, 0), ..css() }), FIXED);
    // 1980-01-01, 00:00:00.
    assert_eq!(
        time(Entry {
            dos: (0x21, 0),
            ..css()
        }),
        315_532_800
    );
}
