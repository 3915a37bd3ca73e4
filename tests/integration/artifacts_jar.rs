//! A table of JARs and folders, good and bad: what each is, its base, its layers and its command, or
//! why it is refused. All are made in code.

use std::{
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
    path::Path,
    time::{Duration, SystemTime},
};

use kubectl_b2i::{
    error::Failure,
    model::{AppName, Artifact, Base, ImagePlan},
    oci::Digest,
    steps::{inspect, pack, plan},
};
use tempfile::TempDir;

use crate::support::{
    archive::{Entry, Zip, boot_jar, class, library, plain_jar, war},
    elf::Elf,
    run::Run,
};

/// What is put into a folder before something in it is inspected.
pub(crate) enum Thing {
    File(Vec<u8>),
    Executable(Vec<u8>),
    Folder,
    Link(&'static str),
    Socket,
}
use Thing::{Executable, File, Link, Socket};

pub(crate) type Things = Vec<(&'static str, Thing)>;

pub(crate) fn folder_of(things: &Things) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, thing) in things {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match thing {
            File(bytes) => fs::write(&path, bytes).unwrap(),
            Executable(bytes) => {
                fs::write(&path, bytes).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
            Thing::Folder => fs::create_dir(&path).unwrap(),
            Link(target) => symlink(target, &path).unwrap(),
            Socket => drop(UnixListener::bind(&path).unwrap()),
        }
    }
    folder
}

fn planned(path: &Path) -> Result<(Artifact, ImagePlan), Failure> {
    let artifact = inspect::run(path)?;
    let plan = plan::run(&artifact, &plan::Options::default())?;
    Ok((artifact, plan))
}

/// Layers as `name: files`, folders left out, below `/app` or Tomcat's `webapps`.
fn layers(plan: &ImagePlan) -> Vec<String> {
    let below = ["app/", "usr/local/tomcat/webapps/"];
    let line = |layer: &kubectl_b2i::model::LayerPlan| {
        let files = layer
            .entries
            .iter()
            .filter(|entry| matches!(entry.kind, kubectl_b2i::model::EntryKind::File(_)));
        let names: Vec<String> = files
            .map(|entry| {
                let path = &entry.image_path.to_string();
                let name = below
                    .iter()
                    .find_map(|root| path.strip_prefix(root))
                    .unwrap_or(path);
                let star = if entry.mode == 0o755 { "*" } else { "" };
                format!("{name}{star}")
            })
            .collect();
        format!("{}: {}", layer.name, names.join(" "))
    };
    plan.layers.iter().map(line).collect()
}

fn base(plan: &ImagePlan) -> String {
    match &plan.base {
        Base::Scratch => "scratch".to_owned(),
        Base::Image(image) => image.to_string().replace("docker.io/library/", ""),
    }
}

/// A JAR that runs and whose manifest has these lines too.
fn jar(lines: &str) -> Zip {
    Zip::new()
        .manifest(&format!("Main-Class: com.example.Main{lines}"))
        .file("com/example/Main.class", class(11, "main"))
}

pub(crate) fn thin(class_path: &str) -> Vec<u8> {
    jar(&format!("\nClass-Path: {class_path}")).bytes()
}

/// A library whose manifest names others.
pub(crate) fn library_with(class_path: &str) -> Vec<u8> {
    Zip::new()
        .manifest(&format!("Class-Path: {class_path}"))
        .file("lib/A.class", class(8, ""))
        .bytes()
}

pub(crate) fn quarkus(without: &str) -> Things {
    let run = Zip::new().manifest(
        "Add-Opens: java.base/java.lang\nClass-Path: lib/boot/io.quarkus.quarkus-bootstrap-runner-3.33.2.j\n ar\n\
         Main-Class: io.quarkus.bootstrap.runner.QuarkusEntryPoint",
    );
    let own = Zip::new().file("hello/Hello.class", class(21, "")).bytes();
    let things: Things = vec![
        ("quarkus-run.jar", File(run.bytes())),
        ("quarkus-app-dependencies.txt", File(b"a:b:1\n".to_vec())),
        ("app/shop-1.0-SNAPSHOT.jar", File(own)),
        (
            "lib/boot/io.quarkus.quarkus-bootstrap-runner-3.33.2.jar",
            File(library(17)),
        ),
        ("lib/main/io.netty.netty-1.jar", File(library(8))),
        ("lib/main/com.example.own-2-SNAPSHOT.jar", File(library(17))),
        ("quarkus/generated-bytecode.jar", File(library(17))),
        ("quarkus/quarkus-application.dat", File(b"dat".to_vec())),
    ];
    let is_left = |name: &str| without.is_empty() || !name.starts_with(without);
    things.into_iter().filter(|(name, _)| is_left(name)).collect()
}

fn boot_1(java: u16) -> Vec<u8> {
    Zip::new()
        .manifest(
            "Main-Class: org.springframework.boot.loader.JarLauncher\nStart-Class: hello.App\n\
             Spring-Boot-Version: 1.3.5.RELEASE",
        )
        .file("org/springframework/boot/loader/JarLauncher.class", class(6, ""))
        .file("hello/App.class", class(java, ""))
        .file("lib/spring-core-4.2.6.jar", library(6))
        .bytes()
}

/// A ZIP's files, unpacked, all with the time that the archive gives them.
fn unpacked(zip: &Zip, to: &Path) {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip.clone().bytes())).unwrap();
    archive.extract(to).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_714_979_290);
    for name in archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect::<Vec<_>>()
    {
        let path = to.join(name);
        if path.is_file() {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
        }
    }
}

const LAUNCHER: &str = "org.springframework.boot.loader.launch.JarLauncher";

pub(crate) struct Good {
    name: &'static str,
    things: Things,
    given: &'static str,
    /// Summary and base.
    is: [&'static str; 2],
    layers: Vec<&'static str>,
    command: &'static str,
}

pub(crate) fn good() -> Vec<Good> {
    let row = |name, things, given, is, layers, command| Good {
        name,
        things,
        given,
        is,
        layers,
        command,
    };
    let run = "java -jar /app/app.jar";
    let boot = |zip: Zip| vec![("app.jar", File(zip.bytes()))];
    vec![
        row(
            "thin, as Derby",
            vec![
                ("derbynet.jar", File(thin("derby.jar"))),
                ("derby.jar", File(library(8))),
            ],
            "derbynet.jar",
            ["JAR with 1 library · Java 11", "eclipse-temurin:11-jre"],
            vec!["dependencies: derby.jar", "application: app.jar"],
            run,
        ),
        row(
            "thin, as Micronaut: folded lines, snapshots apart",
            vec![
                (
                    "shop-1.0.jar",
                    File(thin("lib/a-1.jar lib/own-2-SNAPSHOT.jar\n  lib/\n b-3.jar")),
                ),
                ("lib/a-1.jar", File(library(8))),
                ("lib/b-3.jar", File(library(17))),
                ("lib/own-2-SNAPSHOT.jar", File(library(8))),
                ("lib/not-named.jar", File(library(8))),
                ("notes.txt", File(b"not named".to_vec())),
            ],
            "shop-1.0.jar",
            ["JAR with 3 libraries · Java 17", "eclipse-temurin:17-jre"],
            vec![
                "dependencies: lib/a-1.jar lib/b-3.jar",
                "snapshot-dependencies: lib/own-2-SNAPSHOT.jar",
                "application: app.jar",
            ],
            run,
        ),
        row(
            "percent-encoding, dots, a file URL that is relative, one named twice",
            vec![
                (
                    "a.jar",
                    File(thin("lib/x%20y.jar ./lib/../b.jar file:c.jar c.jar a.jar")),
                ),
                ("lib/x y.jar", File(library(8))),
                ("b.jar", File(library(8))),
                ("c.jar", File(library(8))),
            ],
            "a.jar",
            ["JAR with 3 libraries · Java 11", "eclipse-temurin:11-jre"],
            vec!["dependencies: b.jar c.jar lib/x y.jar", "application: app.jar"],
            run,
        ),
        row(
            "libraries in the folder above, as scripts in `bin` want them",
            vec![
                ("bin/a.jar", File(thin("../lib/b.jar c.jar"))),
                ("bin/c.jar", File(library(8))),
                ("lib/b.jar", File(library(17))),
                ("lib/not-named.jar", File(library(8))),
            ],
            "bin/a.jar",
            ["JAR with 2 libraries · Java 17", "eclipse-temurin:17-jre"],
            vec!["dependencies: bin/c.jar lib/b.jar", "application: bin/a.jar"],
            "java -jar /app/bin/a.jar",
        ),
        row(
            "an empty Class-Path",
            vec![("a.jar", File(thin(" ")))],
            "a.jar",
            ["JAR · Java 11", "eclipse-temurin:11-jre"],
            vec!["application: app.jar"],
            run,
        ),
        row(
            "libraries name others: those there are taken, optional ones passed over",
            vec![
                ("a.jar", File(thin("lib/b.jar"))),
                (
                    "lib/b.jar",
                    File(library_with(
                        "c.jar ../d.jar none.jar ../../etc/passwd http://x/y.jar",
                    )),
                ),
                ("lib/c.jar", File(library_with("b.jar"))),
                ("d.jar", File(library(8))),
            ],
            "a.jar",
            ["JAR with 3 libraries · Java 11", "eclipse-temurin:11-jre"],
            vec!["dependencies: d.jar lib/b.jar lib/c.jar", "application: app.jar"],
            run,
        ),
        row(
            "shaded, with the Class-Path of before",
            vec![(
                "a.jar",
                File(
                    jar("\nClass-Path: lib/commons-lang3-3.17.0.jar lib/guava.jar")
                        .file(
                            "META-INF/maven/org.apache.commons/commons-lang3/pom.properties",
                            "",
                        )
                        .file("META-INF/maven/com.google.guava/guava/pom.xml", "")
                        .bytes(),
                ),
            )],
            "a.jar",
            ["JAR · Java 11", "eclipse-temurin:11-jre"],
            vec!["application: app.jar"],
            run,
        ),
        row(
            "a folder of resources on the Class-Path",
            vec![
                ("a.jar", File(thin("conf/ lib/b.jar"))),
                ("conf/app.properties", File(b"a=1".to_vec())),
                ("conf/more/log.xml", File(b"<log/>".to_vec())),
                ("lib/b.jar", File(library(8))),
            ],
            "a.jar",
            ["JAR with 1 library · Java 11", "eclipse-temurin:11-jre"],
            vec![
                "dependencies: lib/b.jar",
                "files: conf/app.properties conf/more/log.xml",
                "application: app.jar",
            ],
            run,
        ),
        row(
            "a library that is called as we call the JAR",
            vec![("shop.jar", File(thin("app.jar"))), ("app.jar", File(library(8)))],
            "shop.jar",
            ["JAR with 1 library · Java 11", "eclipse-temurin:11-jre"],
            vec!["dependencies: app.jar", "application: shop.jar"],
            "java -jar /app/shop.jar",
        ),
        row(
            "what is named may be no JAR: the JVM passes over it, and it stays out",
            vec![
                ("a.jar", File(thin("b.jar"))),
                ("b.jar", File(b"no JAR".to_vec())),
            ],
            "a.jar",
            ["JAR · Java 11", "eclipse-temurin:11-jre"],
            vec!["application: app.jar"],
            run,
        ),
        row(
            "Quarkus' folder",
            quarkus(""),
            "",
            ["Quarkus 3.33.2 · Java 21", "eclipse-temurin:21-jre"],
            vec![
                "dependencies: lib/boot/io.quarkus.quarkus-bootstrap-runner-3.33.2.jar lib/main/io.netty.netty-1.jar",
                "snapshot-dependencies: lib/main/com.example.own-2-SNAPSHOT.jar",
                "quarkus: quarkus-run.jar quarkus/generated-bytecode.jar quarkus/quarkus-application.dat",
                "application: app/shop-1.0-SNAPSHOT.jar quarkus-app-dependencies.txt",
            ],
            "java -jar /app/quarkus-run.jar",
        ),
        row(
            "a JAR and its files, none of version control's or Finder's",
            vec![
                ("shop.jar", File(thin("lib/a.jar"))),
                ("lib/a.jar", File(library(8))),
                ("config/application.yml", File(b"a: 1\n".to_vec())),
                ("bin/start.sh", Executable(b"#!/bin/sh\n".to_vec())),
                (".git/HEAD", File(b"ref".to_vec())),
                ("config/.DS_Store", File(b"x".to_vec())),
                ("lib/.svn/entries", File(b"x".to_vec())),
            ],
            "",
            ["JAR with 1 library · Java 11", "eclipse-temurin:11-jre"],
            vec![
                "dependencies: lib/a.jar",
                "files: bin/start.sh* config/application.yml",
                "application: shop.jar",
            ],
            "java -jar /app/shop.jar",
        ),
        row(
            "an executable and its files; links that stay inside",
            vec![
                // Archives and copies lose the bit.
                ("server", File(Elf::default().bytes())),
                ("static/index.html", File(b"<h1>".to_vec())),
                ("static/home.html", Link("index.html")),
                ("www", Link("static")),
                ("tools/check", Executable(b"#!/bin/sh\n".to_vec())),
                (
                    "libself.so",
                    File(
                        Elf {
                            e_type: 3,
                            soname: true,
                            ..Elf::default()
                        }
                        .bytes(),
                    ),
                ),
                ("empty", Thing::Folder),
            ],
            "",
            [
                "executable · linux/amd64 · static",
                "gcr.io/distroless/static:nonroot",
            ],
            vec![
                "files: libself.so static/home.html static/index.html tools/check* www/home.html www/index.html",
                "application: server*",
            ],
            "/app/server",
        ),
        row(
            "multi-release: the base classes count",
            boot(
                jar("\nMulti-Release: true")
                    .file("META-INF/versions/21/com/example/Main.class", class(21, "")),
            ),
            "app.jar",
            ["JAR · Java 11", "eclipse-temurin:11-jre"],
            vec!["application: app.jar"],
            run,
        ),
        row(
            "signed: stays packed",
            boot(
                jar("")
                    .file("META-INF/A.SF", "Signature-Version: 1.0\n")
                    .file("META-INF/A.RSA", "x"),
            ),
            "app.jar",
            ["JAR · Java 11", "eclipse-temurin:11-jre"],
            vec!["application: app.jar"],
            run,
        ),
        row(
            "Spring Boot 1.3: packed, on Java 8",
            vec![("app.jar", File(boot_1(8)))],
            "app.jar",
            ["Spring Boot 1.3.5.RELEASE · Java 8", "eclipse-temurin:8-jre"],
            vec!["application: app.jar"],
            run,
        ),
        row(
            "Spring Boot with Add-Opens, which only `java -jar` would read",
            boot(boot_jar(
                "3.4.1",
                LAUNCHER,
                "\nAdd-Opens: java.base/java.lang java.base/java.util\nadd-exports: java.base/sun.nio.ch\n\
                 Enable-Native-Access: ALL-UNNAMED",
            )),
            "app.jar",
            ["Spring Boot 3.4.1 · Java 17", "eclipse-temurin:17-jre"],
            vec![
                "dependencies: BOOT-INF/lib/spring-core-6.2.1.jar",
                "loader: org/springframework/boot/loader/launch/JarLauncher.class",
                "snapshot-dependencies: BOOT-INF/lib/own-1.0-SNAPSHOT.jar",
                "application: BOOT-INF/classes/com/example/App.class BOOT-INF/classes/static/logo.svg META-INF/MANIFEST.MF",
            ],
            "java --add-exports=java.base/sun.nio.ch=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
             --add-opens=java.base/java.util=ALL-UNNAMED --enable-native-access=ALL-UNNAMED -cp /app \
             org.springframework.boot.loader.launch.JarLauncher",
        ),
        row(
            "the same on Java 8, which would end at such a flag",
            boot(
                Zip::new()
                    .manifest(
                        "Main-Class: org.springframework.boot.loader.JarLauncher\n\
                         Spring-Boot-Lib: BOOT-INF/lib/\nAdd-Opens: java.base/java.lang",
                    )
                    .file("org/springframework/boot/loader/JarLauncher.class", class(8, ""))
                    .file("BOOT-INF/classes/A.class", class(8, "")),
            ),
            "app.jar",
            ["Spring Boot · Java 8", "eclipse-temurin:8-jre"],
            vec![
                "loader: org/springframework/boot/loader/JarLauncher.class",
                "application: BOOT-INF/classes/A.class META-INF/MANIFEST.MF",
            ],
            "java -cp /app org.springframework.boot.loader.JarLauncher",
        ),
        row(
            "a Spring Boot JAR with configuration beside it",
            vec![
                ("shop.jar", File(boot_jar("3.4.1", LAUNCHER, "").bytes())),
                ("config/application.yml", File(b"a: 1\n".to_vec())),
            ],
            "",
            ["Spring Boot 3.4.1 · Java 17", "eclipse-temurin:17-jre"],
            vec!["files: config/application.yml", "application: shop.jar"],
            "java -jar /app/shop.jar",
        ),
    ]
}

#[test]
fn what_can_be_run() {
    let rows = good();
    assert!(rows.len() >= 18);
    for row in rows {
        let folder = folder_of(&row.things);
        let (artifact, plan) = planned(&folder.path().join(row.given)).expect(row.name);
        assert_eq!([artifact.summary(), base(&plan)], row.is, "{}", row.name);
        assert_eq!(layers(&plan), row.layers, "{}", row.name);
        let command = plan.config.entrypoint.clone().unwrap().join(" ");
        assert_eq!(command, row.command, "{}", row.name);
        // And all of it is there when the layers are made.
        let out = tempfile::tempdir().unwrap();
        pack::run(&artifact, &plan, out.path()).expect(row.name);
    }
}

/// What is refused: name, files, what is given, the first line of why (or all of it), and the anchor.
pub(crate) type Bad = (&'static str, Things, &'static str, &'static str, &'static str);

pub(crate) fn bad() -> Vec<Bad> {
    let one = |class_path: &str| vec![("a.jar", File(thin(class_path)))];
    let missing = "the Class-Path of its manifest names a file that is not there, seen from the JAR:\n";
    let outside = "the Class-Path of its manifest names what cannot be taken along:\n";
    let nothing = "it is a folder, and nothing at its top can be run: no JAR with a Main-Class, no Linux executable, no WEB-INF";
    let refused = |words: &str, name: &str| -> &'static str { format!("{words}{name}").leak() };
    let server = || Executable(Elf::default().bytes());
    vec![
        (
            "a missing library",
            one("b.jar"),
            "a.jar",
            refused(missing, "b.jar"),
            "class-path-missing",
        ),
        (
            "several missing ones, each named",
            vec![
                ("a.jar", File(thin("lib/b.jar conf/ lib/c%20d.jar"))),
                ("lib/e.jar", File(library(8))),
            ],
            "a.jar",
            "the Class-Path of its manifest names 3 files that are not there, seen from the JAR:\nlib/b.jar\nconf/\nlib/c d.jar",
            "class-path-missing",
        ),
        (
            "a library that has another version in its name, as Maven's repository has",
            vec![
                ("derbynet.jar", File(thin("derby.jar"))),
                ("derby-10.14.2.0.jar", File(library(8))),
            ],
            "derbynet.jar",
            refused(missing, "derby.jar"),
            "class-path-missing",
        ),
        (
            "a folder without a slash",
            vec![("a.jar", File(thin("lib"))), ("lib/b.jar", File(library(8)))],
            "a.jar",
            refused(outside, "lib: it is a folder, and has no slash at its end"),
            "class-path-outside",
        ),
        (
            "the JAR of a folder, without its library",
            vec![
                ("a.jar", File(thin("b.jar"))),
                ("conf/c.yml", File(b"x".to_vec())),
            ],
            "",
            refused(missing, "b.jar"),
            "class-path-missing",
        ),
        (
            "out of the folder",
            one("../../b.jar ../passwd"),
            "a.jar",
            refused(
                outside,
                "../../b.jar: it is outside the JAR's folder\n../passwd: it is outside the JAR's folder",
            ),
            "class-path-outside",
        ),
        (
            "out of the folder, encoded",
            one("lib/%2E%2E/%2e%2e/%2e./b.jar"),
            "a.jar",
            refused(
                outside,
                "lib/%2E%2E/%2e%2e/%2e./b.jar: it is outside the JAR's folder",
            ),
            "class-path-outside",
        ),
        (
            "an absolute path",
            one("/etc/passwd"),
            "a.jar",
            refused(outside, "/etc/passwd: it is an absolute path"),
            "class-path-outside",
        ),
        (
            "an absolute URL",
            one("file:///etc/passwd"),
            "a.jar",
            refused(outside, "file:///etc/passwd: it is an absolute path"),
            "class-path-outside",
        ),
        (
            "a URL of a server",
            one("https://example.com/b.jar"),
            "a.jar",
            refused(
                outside,
                "https://example.com/b.jar: Java loads nothing from such a URL",
            ),
            "class-path-outside",
        ),
        (
            "a wildcard",
            vec![("a.jar", File(thin("lib/*"))), ("lib/b.jar", File(library(8)))],
            "a.jar",
            refused(outside, "lib/*: Java expands no wildcards here"),
            "class-path-outside",
        ),
        (
            "a control character",
            one("b%0A.jar"),
            "a.jar",
            refused(outside, "b%0A.jar: its name has a control character"),
            "class-path-outside",
        ),
        (
            "Quarkus' starter alone",
            quarkus("quarkus/"),
            "quarkus-run.jar",
            "it is a part of Quarkus' folder, and the rest is not beside it: `quarkus/quarkus-application.dat` is missing",
            "quarkus-incomplete",
        ),
        (
            "Quarkus' folder without its libraries",
            quarkus("lib/"),
            "",
            "it is a part of Quarkus' folder, and the rest is not beside it: `lib/boot` is missing",
            "quarkus-incomplete",
        ),
        (
            "an empty folder",
            vec![("a", Thing::Folder)],
            "a",
            "it is an empty folder",
            "artifact-folder",
        ),
        (
            "a folder of texts",
            vec![("a.txt", File(b"x".to_vec()))],
            "",
            nothing,
            "artifact-folder",
        ),
        (
            "a folder of libraries",
            vec![("a.jar", File(library_with(" ")))],
            "",
            refused(
                nothing,
                "\na.jar: it is a library: its manifest names no Main-Class",
            ),
            "artifact-folder",
        ),
        (
            "what was built for macOS and for Windows",
            vec![
                ("mac", Executable(b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec())),
                ("win.exe", File(b"MZ\x90\0".to_vec())),
            ],
            "",
            refused(
                nothing,
                "\nmac: it is a macOS executable (Mach-O)\nwin.exe: it is a Windows executable (PE)",
            ),
            "artifact-folder",
        ),
        (
            "a damaged JAR in a folder",
            vec![("a.jar", File(plain_jar().bytes()[..60].to_vec()))],
            "",
            refused(nothing, "\na.jar: it is a damaged ZIP archive"),
            "artifact-folder",
        ),
        (
            "a program deeper down",
            vec![("bin/server", server())],
            "",
            nothing,
            "artifact-folder",
        ),
        (
            "a WAR and something beside it",
            vec![
                ("shop.war", File(war("javax").bytes())),
                ("a.txt", File(b"x".to_vec())),
            ],
            "",
            "it is a folder, and all that can be run in it is a WAR, which takes nothing from beside it",
            "artifact-folder",
        ),
        (
            "two JARs",
            vec![
                ("a.jar", File(plain_jar().bytes())),
                ("b.jar", File(plain_jar().bytes())),
            ],
            "",
            "it is a folder, and 2 files at its top can be run:\na.jar\nb.jar",
            "folder-several",
        ),
        (
            "a JAR and a program",
            vec![("a.jar", File(plain_jar().bytes())), ("server", server())],
            "",
            "it is a folder, and 2 files at its top can be run:\na.jar\nserver",
            "folder-several",
        ),
        (
            "a link out of the folder",
            vec![("server", server()), ("static/passwd", Link("/etc/passwd"))],
            "",
            "the symbolic link `static/passwd` in it cannot be taken: it leads out of the folder, to `/etc/passwd`",
            "folder-link",
        ),
        (
            "a link to a folder outside",
            vec![
                ("app/server", server()),
                ("other/a", File(vec![])),
                ("app/etc", Link("../other")),
            ],
            "app",
            "the symbolic link `etc` in it cannot be taken: it leads out of the folder, to `FOLDER/other`",
            "folder-link",
        ),
        (
            "a link that leads nowhere",
            vec![("server", server()), ("log", Link("logs/today"))],
            "",
            "the symbolic link `log` in it cannot be taken: it leads nowhere",
            "folder-link",
        ),
        (
            "a link in a circle",
            vec![("server", server()), ("a/b/c", Link("../../a"))],
            "",
            "the symbolic link `a/b/c` in it cannot be taken: it leads in a circle",
            "folder-link",
        ),
        (
            "a link to itself",
            vec![("server", server()), ("me", Link("me"))],
            "",
            "the symbolic link `me` in it cannot be taken: it cannot be followed",
            "folder-link",
        ),
        (
            "a socket",
            vec![("server", server()), ("run/app.sock", Socket)],
            "",
            "`run/app.sock` in it is a device, a pipe or a socket",
            "artifact-special-file",
        ),
        (
            "a name that no other system has",
            vec![("server", server()), ("a\\b", File(vec![]))],
            "",
            "`a\\\\b` in it cannot go into an image: its name has a backslash",
            "folder-name",
        ),
        (
            "a name with an end of line",
            vec![("server", server()), ("a\nb", File(vec![]))],
            "",
            "`a\\nb` in it cannot go into an image: its name has a control character",
            "folder-name",
        ),
        (
            "Spring Boot 1.3 with classes that it cannot read",
            vec![("a.jar", File(boot_1(11)))],
            "a.jar",
            "Spring Boot 1.3.5.RELEASE runs on Java 8 at most, and its own classes need Java 11",
            "boot-too-old",
        ),
        (
            "a library for a Java that no base has",
            vec![("a.jar", File(thin("b.jar"))), ("b.jar", File(library(26)))],
            "a.jar",
            "its classes need Java 26, and the newest in the catalogue is Java 25",
            "base-java",
        ),
    ]
}

#[test]
fn what_cannot_be_run() {
    let rows = bad();
    assert!(rows.len() >= 30);
    for (name, things, given, why, anchor) in rows {
        let folder = folder_of(&things);
        let path = folder.path().join(given);
        let failure = planned(&path)
            .map(|(artifact, _)| artifact.summary())
            .expect_err(name);
        let real = folder.path().canonicalize().unwrap();
        let told = failure.why.replace(real.to_str().unwrap(), "FOLDER");
        assert_eq!((told.as_str(), failure.anchor.as_str()), (why, anchor), "{name}");
        assert!(!failure.next.is_empty(), "{name}");
    }
}

#[test]
fn names_that_are_not_utf_8_are_refused() {
    let folder = folder_of(&vec![("server", Executable(Elf::default().bytes()))]);
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff.txt")), "x").unwrap();
    let failure = inspect::run(folder.path()).unwrap_err();
    assert_eq!(failure.anchor, "folder-name");
    assert!(failure.why.ends_with("its name is not UTF-8"), "{}", failure.why);
}

fn digests(path: &Path) -> Vec<String> {
    let (artifact, plan) = planned(path).unwrap();
    let out = tempfile::tempdir().unwrap();
    let layers = pack::run(&artifact, &plan, out.path()).unwrap();
    let line = |layer: &kubectl_b2i::model::Layer| {
        let digest = &layer.described.descriptor.digest;
        assert_eq!(&Digest::of(&fs::read(&layer.local_path).unwrap()), digest);
        format!("{} {}", layer.described.name, digest.short())
    };
    layers.iter().map(line).collect()
}

#[test]
fn an_unpacked_archive_has_the_layers_of_the_packed_one() {
    let war = war("javax")
        .file("META-INF/context.xml", "<Context/>")
        .file("WEB-INF/empty/", "")
        .deflated("css/a.css", "a {}");
    for (zip, name) in [(war, "shop.war"), (boot_jar("3.4.1", LAUNCHER, ""), "shop.jar")] {
        let folder = tempfile::tempdir().unwrap();
        let (packed, whole) = (folder.path().join(name), folder.path().join("shop"));
        fs::write(&packed, zip.clone().bytes()).unwrap();
        unpacked(&zip, &whole);
        // A copy may have set it; no container looks.
        let class = whole.join("META-INF/MANIFEST.MF");
        fs::set_permissions(&class, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(digests(&whole), digests(&packed), "{name}");
        let (one, other) = (planned(&whole).unwrap(), planned(&packed).unwrap());
        assert_eq!(one.0.summary(), other.0.summary());
        assert_eq!(one.0.kind, other.0.kind);
        assert_eq!(one.1.context_path, other.1.context_path);
        assert_eq!(one.1.config.entrypoint, other.1.config.entrypoint);
    }
}

#[test]
fn quarkus_starter_stands_for_its_folder() {
    let folder = folder_of(&quarkus(""));
    let by_file = planned(&folder.path().join("quarkus-run.jar")).unwrap();
    let by_folder = planned(folder.path()).unwrap();
    assert_eq!(by_file.0.digest, by_folder.0.digest);
    assert_eq!(layers(&by_file.1), layers(&by_folder.1));
    // Every application's folder is called quarkus-app; so its JAR names it.
    assert_eq!(
        AppName::from_file_name(&by_folder.0.named_after)
            .unwrap()
            .as_str(),
        "shop"
    );
}

#[test]
fn apps_are_named_after_what_runs() {
    for (things, name) in [
        (
            vec![("shop-1.2.jar", File(plain_jar().bytes())), ("a", File(vec![]))],
            "shop",
        ),
        (
            vec![
                ("Server", Executable(Elf::default().bytes())),
                ("a", File(vec![])),
            ],
            "server",
        ),
    ] {
        let artifact = inspect::run(folder_of(&things).path()).unwrap();
        assert_eq!(
            AppName::from_file_name(&artifact.named_after).unwrap().as_str(),
            name
        );
    }
}

#[test]
fn the_digests_of_trees_and_their_layers_are_golden() {
    // As in layer.rs: a change here makes every user upload every layer again.
    let thin_jar = vec![
        ("a.jar", File(thin("lib/b.jar"))),
        ("lib/b.jar", File(library(8))),
    ];
    let made = |things: Things, given: &str| {
        let folder = folder_of(&things);
        let path = folder.path().join(given);
        let whole = format!("all {}", inspect::run(&path).unwrap().digest.short());
        [vec![whole], digests(&path)].concat()
    };
    assert_eq!(
        made(thin_jar, "a.jar"),
        [
            "all edbda855b8f2",
            "dependencies 956943459ec0",
            "application 093d55415464"
        ]
    );
    assert_eq!(
        made(quarkus(""), ""),
        [
            "all 23b4707c89a1",
            "dependencies f1eace27a15c",
            "snapshot-dependencies 25abb766230a",
            "quarkus 6ffe7e142bd7",
            "application 38046677a209"
        ]
    );
}

#[test]
fn times_count_only_where_they_are_served() {
    let things = || {
        vec![
            ("server", Executable(Elf::default().bytes())),
            ("static/a.css", File(b"a {}".to_vec())),
        ]
    };
    let at = |name: &str, seconds: u64| {
        let folder = folder_of(&things());
        for file in ["server", "static/a.css"] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
            let time = if file == name {
                time + Duration::from_secs(seconds)
            } else {
                time
            };
            let file = fs::File::options()
                .write(true)
                .open(folder.path().join(file))
                .unwrap();
            file.set_modified(time).unwrap();
        }
        (
            inspect::run(folder.path()).unwrap().digest,
            digests(folder.path()),
        )
    };
    let (digest, before) = at("", 0);
    assert_eq!(at("server", 5), (digest, before.clone()));
    let (same, after) = at("static/a.css", 5);
    assert_eq!(same, digest);
    assert_ne!(after[0], before[0]);
    assert_eq!(after[1], before[1]);
}

#[test]
fn a_changed_library_is_another_artifact() {
    let digest = |text: &str| {
        let library = Zip::new().file("a.txt", text).bytes();
        let things = vec![("a.jar", File(thin("b.jar"))), ("b.jar", File(library))];
        inspect::run(&folder_of(&things).path().join("a.jar"))
            .unwrap()
            .digest
    };
    assert_ne!(digest("one"), digest("two"));
    assert_eq!(digest("one"), digest("one"));
}

#[test]
fn a_tree_that_changes_meanwhile_is_refused() {
    let things = vec![("a.jar", File(thin("b.jar"))), ("b.jar", File(library(8)))];
    let change: [fn(&Path); 3] = [
        |path| {
            fs::write(
                path,
                "longer than before, and no JAR any more: more than a hundred bytes, to be sure of it",
            )
            .unwrap()
        },
        |path| fs::remove_file(path).unwrap(),
        |path| {
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))
                .unwrap();
        },
    ];
    for change in change {
        let folder = folder_of(&things);
        let (artifact, plan) = planned(&folder.path().join("a.jar")).unwrap();
        change(&folder.path().join("b.jar"));
        let out = tempfile::tempdir().unwrap();
        let failure = pack::run(&artifact, &plan, out.path()).unwrap_err();
        assert_eq!(failure.anchor, "artifact-changed");
    }
}

#[test]
fn a_damaged_library_is_noticed() {
    let wrong = |name: &str| Entry {
        crc: Some(1),
        ..Entry::new(name, b"damaged after it was built")
    };
    let library = || Zip::new().entry(wrong("lib/B.class")).bytes();
    let class_path = vec![("a.jar", File(thin("b.jar"))), ("b.jar", File(library()))];
    let main = jar("").entry(wrong("C.class")).bytes();
    let beside = vec![("a.jar", File(main)), ("config/a.yml", File(b"a: 1".to_vec()))];
    let mut fast_jar = quarkus("lib/main/io.netty");
    fast_jar.push(("lib/main/io.netty.netty-1.jar", File(library())));
    let exploded = vec![
        ("WEB-INF/classes/A.class", File(class(11, "javax/servlet/Filter"))),
        ("WEB-INF/lib/b.jar", File(library())),
    ];
    for (things, given, place) in [
        (class_path, "a.jar", "the entry `lib/B.class` of its `b.jar`: "),
        (beside, "", "the entry `C.class` of its `a.jar`: "),
        (
            fast_jar,
            "",
            "the entry `lib/B.class` of its `lib/main/io.netty.netty-1.jar`: ",
        ),
        (
            exploded,
            "",
            "the entry `lib/B.class` of its `WEB-INF/lib/b.jar`: ",
        ),
    ] {
        let folder = folder_of(&things);
        let (artifact, plan) = planned(&folder.path().join(given)).unwrap();
        let out = tempfile::tempdir().unwrap();
        let failure = pack::run(&artifact, &plan, out.path()).unwrap_err();
        let why = format!("{place}its checksum is not what the archive says");
        assert_eq!((failure.why, failure.anchor.as_str()), (why, "archive-damaged"));
    }
}

#[test]
fn a_jar_that_runs_without_what_its_class_path_names() {
    let folder = folder_of(&vec![
        ("a.jar", File(thin("optional.jar lib/b.jar"))),
        ("lib/b.jar", File(library(8))),
    ]);
    let limits = inspect::Limits {
        may_lack_libraries: true,
        ..inspect::Limits::default()
    };
    let artifact = inspect::run_within(&folder.path().join("a.jar"), &limits).unwrap();
    assert_eq!(artifact.summary(), "JAR with 1 library · Java 11");
    assert_eq!(
        artifact.notes,
        ["the Class-Path of a.jar names what is not there, and stays out: optional.jar"]
    );
    let refused = Run::new("inspect ./a.jar").in_folder(folder.path()).ended();
    assert!(
        refused.stderr.contains("`--allow-missing-libraries`"),
        "{}",
        refused.stderr
    );
    let taken = Run::new("inspect ./a.jar --allow-missing-libraries")
        .in_folder(folder.path())
        .ended();
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
}

#[test]
fn what_is_to_be_known_is_said() {
    let signed = boot_jar("3.4.1", LAUNCHER, "").file("META-INF/A.SF", "x").bytes();
    for (things, given, part) in [
        (
            vec![("a.jar", File(signed))],
            "a.jar",
            "it is signed, and runs unpacked",
        ),
        (vec![("a.jar", File(boot_1(8)))], "a.jar", "runs on Java 8 only"),
        (vec![("a.jar", File(thin("./")))], "a.jar", "names its own folder"),
        (
            vec![
                ("a.jar", File(boot_jar("3.4.1", LAUNCHER, "").bytes())),
                ("b.yml", File(vec![])),
            ],
            "",
            "runs packed, in one layer",
        ),
    ] {
        let folder = folder_of(&things);
        let artifact = inspect::run(&folder.path().join(given)).unwrap();
        assert_eq!(artifact.notes.len(), 1, "{part}: {:?}", artifact.notes);
        assert!(artifact.notes[0].contains(part), "{:?}", artifact.notes);
        let ended = Run::new(&format!("inspect ./{given}"))
            .in_folder(folder.path())
            .ended();
        assert!(ended.stdout.contains(part), "{}", ended.stdout);
    }
    let artifact = inspect::run(&folder_of(&quarkus("")).path().join("")).unwrap();
    assert!(artifact.notes.is_empty(), "{:?}", artifact.notes);
}

#[test]
fn spring_boot_1_3_gets_java_8_or_nothing() {
    let without_8 = serde_json::json!({"jar": {"8": null}});
    let options = plan::Options {
        catalogue: plan::Catalogue::changed_by(&[without_8]).unwrap(),
        ..plan::Options::default()
    };
    let folder = folder_of(&vec![("a.jar", File(boot_1(8)))]);
    let artifact = inspect::run(&folder.path().join("a.jar")).unwrap();
    let failure = plan::run(&artifact, &options).unwrap_err();
    assert_eq!(
        failure.why,
        "it runs on Java 8 only, and there is none in the catalogue"
    );
    assert_eq!(failure.anchor, "base-java");
}
