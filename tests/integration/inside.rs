//! Nothing from outside the artifact's folder: JARs whose `Class-Path` names keys, links that lead
//! out, and links that take a file's place after it was inspected.

use std::{
    fs,
    io::Read,
    os::unix::fs::symlink,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, SystemTime},
};

use flate2::read::MultiGzDecoder;
use kubectl_b2i::{
    error::Failure,
    steps::{inspect, pack, plan},
};

use crate::{
    artifacts_jar::{
        Thing::{self, File, Link},
        Things, folder_of, library_with, quarkus, thin,
    },
    support::{
        archive::{Zip, boot_jar, library, plain_jar, war},
        elf::Elf,
        run::Run,
    },
};

/// What must be in no layer.
pub(crate) const SECRET: &str = "PRIVATE-KEY-OF-THE-PERSON";

pub(crate) fn secret() -> Thing {
    File(SECRET.into())
}

/// An archive with a secret in it, as documents and other people's JARs are.
pub(crate) fn secret_archive() -> Vec<u8> {
    Zip::new().file("a.txt", SECRET).bytes()
}

/// Goes the whole way, and returns the layers as tars, one after the other.
pub(crate) fn layers_of(path: &Path, options: &plan::Options) -> Result<Vec<u8>, Failure> {
    let artifact = inspect::run(path)?;
    let plan = plan::run(&artifact, options)?;
    let out = quick_folder();
    let layers = pack::run(&artifact, &plan, out.path())?;
    let mut tars = Vec::new();
    for layer in layers {
        let compressed = fs::read(&layer.local_path).unwrap();
        MultiGzDecoder::new(&compressed[..])
            .read_to_end(&mut tars)
            .unwrap();
    }
    Ok(tars)
}

/// A folder in memory where there is one, since ten thousand cases write a hundred thousand files.
pub(crate) fn quick_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

pub(crate) fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// The names of what is in layers, below `/app`.
fn names(tars: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut archive = tar::Archive::new(tars);
    archive.set_ignore_zeros(true);
    for entry in archive.entries().unwrap() {
        let path = entry.unwrap().path().unwrap().display().to_string();
        if let Some(name) = path.strip_prefix("app/")
            && !name.is_empty()
            && !name.ends_with('/')
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    names
}

/// A folder that cannot be waited for in vain: a pipe that is opened waits for ever.
fn in_time<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, done) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    done.recv_timeout(Duration::from_secs(60))
        .unwrap_or_else(|_| panic!("no end of {name}"))
}

/// `home/app/a.jar` with this `Class-Path`, among what people have.
fn home(class_path: &str, more: Things) -> Things {
    let mut things = vec![
        ("home/app/a.jar", File(thin(class_path))),
        ("home/app/private.key", secret()),
        ("home/app/.env", secret()),
        ("home/app/.hidden/h.jar", File(secret_archive())),
        ("home/.ssh/id_rsa", secret()),
        ("home/.m2/m.jar", File(secret_archive())),
        ("home/taxes.xlsx", File(secret_archive())),
        ("home/conf/app.properties", secret()),
        ("far/secret.jar", File(secret_archive())),
        ("far/conf/app.properties", secret()),
    ];
    things.extend(more);
    things
}

#[test]
fn a_class_path_takes_archives_from_inside_and_nothing_else() {
    for (name, class_path, more, expected) in [
        (
            "a chain of libraries to a key",
            "lib/b.jar",
            vec![
                (
                    "home/app/lib/b.jar",
                    File(library_with(
                        "c.jar ../../.ssh/id_rsa ../private.key ../.env ../.hidden/h.jar",
                    )),
                ),
                (
                    "home/app/lib/c.jar",
                    File(library_with("../../../far/secret.jar ../conf/ /etc/passwd")),
                ),
                ("home/app/conf/a", secret()),
            ],
            "app.jar lib/b.jar lib/c.jar",
        ),
        (
            "the same where the folder above counts",
            "../x.jar lib/b.jar",
            vec![
                (
                    "home/x.jar",
                    File(library_with(".ssh/id_rsa .m2/m.jar taxes.xlsx conf/ conf")),
                ),
                (
                    "home/app/lib/b.jar",
                    File(library_with(
                        "../../.ssh/id_rsa ../../taxes.xlsx %2e%2e/%2e%2e/.m2/m.jar ../../../far/secret.jar",
                    )),
                ),
            ],
            "app/a.jar app/lib/b.jar x.jar",
        ),
        (
            "one that names the folder above where it has nothing to take",
            "lib/b.jar",
            vec![
                (
                    "home/app/lib/b.jar",
                    File(library_with("../../other.jar ../../more/other.jar")),
                ),
                ("home/other.jar", File(secret_archive())),
                ("home/more/other.jar", File(secret_archive())),
            ],
            "app.jar lib/b.jar",
        ),
        (
            "a link back into the folder widens nothing",
            "../back.jar lib/b.jar",
            vec![
                ("home/back.jar", Link("app/lib/b.jar")),
                ("home/other.jar", File(secret_archive())),
                ("home/app/lib/b.jar", File(library_with("../../other.jar"))),
            ],
            "app/a.jar app/lib/b.jar back.jar",
        ),
        (
            "files that are no archives, and its own folder by several names",
            "private.key lib/b.jar ./ . self/ lib/.. lib/text.jar",
            vec![
                ("home/app/lib/b.jar", File(library(8))),
                ("home/app/lib/text.jar", secret()),
                ("home/app/self", Link(".")),
            ],
            "app.jar lib/b.jar",
        ),
        (
            "a folder, without what is hidden in it",
            "conf/",
            vec![
                ("home/app/conf/a.properties", File(b"a".to_vec())),
                ("home/app/conf/.env", secret()),
                ("home/app/conf/.aws/credentials", secret()),
                ("home/app/conf/b.properties", Link("a.properties")),
            ],
            "app.jar conf/a.properties conf/b.properties",
        ),
        (
            "archives by content, whatever they are called; links that stay inside",
            "lib/b.bin lib/link.jar",
            vec![
                ("home/app/lib/b.bin", File(library_with("../c"))),
                ("home/app/c", File(library(8))),
                ("home/app/lib/link.jar", Link("../c")),
            ],
            "app.jar c lib/b.bin lib/link.jar",
        ),
        (
            "a library's link that leads nowhere is what is not there",
            "lib/b.jar",
            vec![
                ("home/app/lib/b.jar", File(library_with("gone.jar"))),
                ("home/app/lib/gone.jar", Link("nowhere.jar")),
            ],
            "app.jar lib/b.jar",
        ),
    ] {
        let folder = folder_of(&home(class_path, more));
        let path = folder.path().join("home/app/a.jar");
        let tars = layers_of(&path, &plan::Options::default()).expect(name);
        assert_eq!(names(&tars).join(" "), expected, "{name}");
        assert!(!has(&tars, SECRET), "{name}");
    }
}

#[test]
fn a_class_path_that_leaves_the_folder_is_refused() {
    for class_path in [
        "../.ssh/id_rsa",
        "../.m2/m.jar",
        "../taxes.xlsx",
        "../conf/",
        "../app/../.m2/m.jar",
        "../../far/secret.jar",
        "lib/../../taxes.xlsx",
        "%2e%2e/.ssh/id_rsa",
        "%2E%2E/%2e%2e/far/secret.jar",
        "..%2F.m2/m.jar",
        "file:../.ssh/id_rsa",
        "file:///etc/passwd",
        "file:/etc/passwd",
        "/etc/passwd",
        "C:/Users/a.jar",
        "C:%5CUsers%5Ca.jar",
        "C%3A/Users/a.jar",
        "..%5C.ssh%5Cid_rsa",
        "..\\.ssh\\id_rsa",
        "../.ssh/",
        "..",
        "../",
        ".env",
        ".hidden/",
        ".hidden/h.jar",
        "lib/../.hidden/h.jar",
    ] {
        // One that may widen the root, and one that may not be there.
        for more in ["", " ../x.jar"] {
            let words = format!("{class_path}{more}");
            let folder = folder_of(&home(
                &words,
                vec![
                    ("home/x.jar", File(library(8))),
                    ("home/app/lib/b.jar", File(library(8))),
                ],
            ));
            let path = folder.path().join("home/app/a.jar");
            let failure = layers_of(&path, &plan::Options::default()).expect_err(&words);
            assert_eq!(failure.anchor, "class-path-outside", "{words}: {failure}");
            let word = class_path.escape_debug().to_string();
            assert!(failure.why.contains(&word), "{words}: {failure}");
        }
    }
}

/// The name of the link, and where it leads, in the failure.
fn assert_refused(name: &str, path: &Path, link: &str, target: &Path) {
    let folder = path.parent().unwrap();
    let ended = Run::new("inspect").word(path.to_str().unwrap()).ended();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{name}");
    let target = target.canonicalize().unwrap();
    let flat = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(&format!("`{link}`")), "{name}: {flat}");
    assert!(
        flat.contains(&format!("leads out of the folder, to `{}`", target.display())),
        "{name} in {}: {flat}",
        folder.display()
    );
    assert!(flat.contains("folder-link"), "{name}: {flat}");
}

#[test]
fn links_on_a_class_path_that_lead_out_are_refused_by_name() {
    let far = |link: &'static str, target: &'static str| vec![(link, Link(target))];
    for (name, class_path, more, link, target) in [
        (
            "a library that is /etc/passwd",
            "lib/a.jar",
            far("home/app/lib/a.jar", "/etc/passwd"),
            "lib/a.jar",
            "/etc/passwd",
        ),
        (
            "another user's archive",
            "lib/a.jar",
            far("home/app/lib/a.jar", "../../../far/secret.jar"),
            "lib/a.jar",
            "far/secret.jar",
        ),
        (
            "a link to a link",
            "a.jar b.jar",
            vec![
                ("home/app/b.jar", Link("c.jar")),
                ("home/app/c.jar", Link("../../far/secret.jar")),
            ],
            "b.jar",
            "far/secret.jar",
        ),
        (
            "a folder of libraries",
            "lib/secret.jar",
            far("home/app/lib", "../../far"),
            "lib",
            "far",
        ),
        (
            "a folder of resources",
            "conf/",
            far("home/app/conf", "../../far/conf"),
            "conf",
            "far/conf",
        ),
        (
            "a folder of resources that is the one above",
            "conf/",
            far("home/app/conf", ".."),
            "conf",
            "home",
        ),
        (
            "one in the folder above, where that counts for JARs",
            "conf/ ../x.jar",
            vec![
                ("home/app/conf", Link("../conf")),
                ("home/x.jar", File(library(8))),
            ],
            "app/conf",
            "home/conf",
        ),
        (
            "a link in such a folder",
            "conf/",
            far("home/app/conf/a", "../private.key"),
            "a",
            "home/app/private.key",
        ),
        (
            "the folder above, by a link",
            "../x.jar",
            far("home/x.jar", "../far/secret.jar"),
            "x.jar",
            "far/secret.jar",
        ),
        (
            "a library's library",
            "lib/b.jar",
            vec![
                ("home/app/lib/b.jar", File(library_with("c.jar"))),
                ("home/app/lib/c.jar", File(library_with("more/d.jar"))),
                ("home/app/lib/more/d.jar", Link("/etc/passwd")),
            ],
            "lib/more/d.jar",
            "/etc/passwd",
        ),
    ] {
        let folder = folder_of(&home(class_path, more));
        let target = folder.path().join(target);
        assert_refused(name, &folder.path().join("home/app/a.jar"), link, &target);
    }
}

#[test]
fn links_that_lead_nowhere_or_in_a_circle_are_not_passed_over() {
    for (class_path, target) in [
        ("lib/a.jar", "gone.jar"),
        ("lib/a.jar", "a.jar"),
        ("lib/a.jar/", "gone"),
    ] {
        let folder = folder_of(&home(class_path, vec![("home/app/lib/a.jar", Link(target))]));
        let limits = inspect::Limits {
            may_lack_libraries: true,
            ..inspect::Limits::default()
        };
        let path = folder.path().join("home/app/a.jar");
        let failure = inspect::run_within(&path, &limits).unwrap_err();
        assert_eq!(failure.anchor, "folder-link", "{failure}");
        assert!(failure.why.contains("`lib/a.jar`"), "{failure}");
    }
}

#[test]
fn links_that_lead_out_of_folders_are_refused_by_name() {
    let unpacked = |zip: Zip, to: &Path| {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip.bytes())).unwrap();
        archive.extract(to).unwrap();
    };
    let launcher = "org.springframework.boot.loader.launch.JarLauncher";
    for link in [
        "WEB-INF/lib/a.jar",
        "index.html",
        "WEB-INF/web.xml",
        "css",
        "META-INF/context.xml",
    ] {
        let folder = folder_of(&home("", vec![]));
        let app = folder.path().join("home/web");
        unpacked(war("javax"), &app);
        fs::create_dir_all(app.join(link).parent().unwrap()).unwrap();
        let target = folder
            .path()
            .join(if link == "css" { "far" } else { "far/secret.jar" });
        let _ = fs::remove_file(app.join(link));
        symlink(&target, app.join(link)).unwrap();
        assert_refused("an exploded WAR", &app, link, &target);
    }
    for link in [
        "BOOT-INF/lib/a.jar",
        "BOOT-INF/classes/a.yml",
        "META-INF/services",
    ] {
        let folder = folder_of(&home("", vec![]));
        let app = folder.path().join("home/boot");
        unpacked(boot_jar("3.4.1", launcher, ""), &app);
        fs::create_dir_all(app.join(link).parent().unwrap()).unwrap();
        let target = folder.path().join("home/conf/app.properties");
        symlink(
            "../".repeat(link.matches('/').count() + 1) + "conf/app.properties",
            app.join(link),
        )
        .unwrap();
        assert_refused("an unpacked Spring Boot JAR", &app, link, &target);
    }
    for (given, link) in [
        ("", "lib/main/x.jar"),
        ("quarkus-run.jar", "lib/boot/x.jar"),
        ("quarkus-run.jar", "quarkus/x.dat"),
        ("", "app/x.jar"),
    ] {
        let folder = folder_of(&quarkus(""));
        let target = Path::new("/etc/passwd");
        symlink(target, folder.path().join(link)).unwrap();
        let app = folder.path().join(given);
        assert_refused("Quarkus", &app, link, target);
    }
    for link in ["server.yml", "static/a", "a/b/c"] {
        let folder = folder_of(&vec![
            ("app/server", File(Elf::default().bytes())),
            ("key", secret()),
        ]);
        let app = folder.path().join("app");
        fs::create_dir_all(app.join(link).parent().unwrap()).unwrap();
        symlink(folder.path().join("key"), app.join(link)).unwrap();
        assert_refused("an executable", &app, link, &folder.path().join("key"));
    }
}

#[test]
fn pipes_and_sockets_are_never_opened() {
    for (class_path, more) in [
        ("lib/a.jar", ""),
        ("lib/b.jar", "a.jar"),
        ("lib/link.jar", ""),
        ("lib/", ""),
    ] {
        let folder = folder_of(&home(
            class_path,
            vec![
                ("home/app/lib/b.jar", File(library_with(more))),
                ("home/app/lib/link.jar", Link("a.jar")),
            ],
        ));
        let pipe = folder.path().join("home/app/lib/a.jar");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
        let path = folder.path().join("home/app/a.jar");
        let ended = in_time(class_path, move || layers_of(&path, &plan::Options::default()));
        match ended {
            // What a library names may as well not be there.
            Ok(tars) => assert_eq!(names(&tars), ["app.jar", "lib/b.jar"]),
            Err(failure) => assert!(
                failure.why.contains("it is a device, a pipe or a socket")
                    || failure.why.contains("is a device, a pipe or a socket"),
                "{failure}"
            ),
        }
    }
}

#[test]
fn the_starter_of_quarkus_takes_what_quarkus_built() {
    let mut things = quarkus("");
    things.push(("private.key", secret()));
    things.push(("photos/a.jar", secret()));
    let folder = folder_of(&things);
    let starter = folder.path().join("quarkus-run.jar");
    let tars = layers_of(&starter, &plan::Options::default()).unwrap();
    assert!(!has(&tars, SECRET));
    let artifact = inspect::run(&starter).unwrap();
    assert_eq!(
        artifact.notes,
        [
            "what is beside quarkus-run.jar and not of Quarkus stays out (photos, private.key); give the folder to take all of it"
        ]
    );
    let tars = layers_of(folder.path(), &plan::Options::default()).unwrap();
    assert!(has(&tars, SECRET), "the folder is what the person named");
}

#[test]
fn a_path_that_is_a_link_is_what_the_person_named() {
    let folder = folder_of(&vec![
        ("releases/a-1.jar", File(thin("lib/b.jar"))),
        ("releases/lib/b.jar", File(secret_archive())),
        ("current/a.jar", Link("../releases/a-1.jar")),
        (
            "current/lib/b.jar",
            File(library_with("../../releases/lib/b.jar")),
        ),
        ("latest", Link("current")),
    ]);
    // As for `java -jar`, libraries are beside the link.
    for given in ["current/a.jar", "latest/a.jar"] {
        let tars = layers_of(&folder.path().join(given), &plan::Options::default()).unwrap();
        assert_eq!(names(&tars), ["app.jar", "lib/b.jar"], "{given}");
        assert!(!has(&tars, SECRET), "{given}");
    }
    let named = inspect::run(&folder.path().join("current/a.jar")).unwrap();
    assert_eq!(named.file_name, "a.jar");
    // Nor does a link of the person's open the folder that it leads to for others.
    fs::remove_dir_all(folder.path().join("current/lib")).unwrap();
    symlink("../releases/lib", folder.path().join("current/lib")).unwrap();
    let target = folder.path().join("releases/lib");
    assert_refused(
        "beside the link",
        &folder.path().join("current/a.jar"),
        "lib",
        &target,
    );
}

/// What takes a file's place has the same bytes, size and time, so that only where it is differs.
fn swap_for_a_link(path: &Path, outside: &Path) {
    let time = fs::metadata(path).unwrap().modified().unwrap();
    fs::create_dir_all(outside.parent().unwrap()).unwrap();
    fs::rename(path, outside).unwrap();
    symlink(outside, path).unwrap();
    assert_eq!(fs::metadata(path).unwrap().modified().unwrap(), time);
}

#[test]
fn a_link_that_takes_a_files_place_is_not_followed() {
    let server = || File(Elf::default().bytes());
    let class_path = || {
        vec![
            ("in/a.jar", File(thin("lib/b.jar"))),
            ("in/lib/b.jar", File(library(8))),
        ]
    };
    let folder = || vec![("in/server", server()), ("in/static/a.css", File(b"a".to_vec()))];
    let one = |name, bytes| vec![(name, File(bytes))];
    for (things, given, swapped) in [
        (class_path(), "in/a.jar", "in/lib/b.jar"),
        (class_path(), "in/a.jar", "in/lib"),
        (class_path(), "in/a.jar", "in/a.jar"),
        (class_path(), "in/a.jar", "in"),
        (class_path(), "in", "in/lib"),
        (folder(), "in", "in/static/a.css"),
        (folder(), "in", "in/static"),
        (folder(), "in", "in/server"),
        (one("in/a.jar", plain_jar().bytes()), "in/a.jar", "in/a.jar"),
        (one("in/a.war", war("javax").bytes()), "in/a.war", "in/a.war"),
        (one("in/a.war", war("javax").bytes()), "in/a.war", "in"),
        (one("in/server", Elf::default().bytes()), "in/server", "in/server"),
    ] {
        let folder = folder_of(&things);
        let artifact = inspect::run(&folder.path().join(given)).unwrap();
        let plan = plan::run(&artifact, &plan::Options::default()).unwrap();
        swap_for_a_link(&folder.path().join(swapped), &folder.path().join("outside/there"));
        let out = tempfile::tempdir().unwrap();
        let case = format!("{swapped} of {given}");
        let failure = pack::run(&artifact, &plan, out.path()).expect_err(&case);
        assert!(
            ["artifact-changed", "archive-damaged"].contains(&failure.anchor.as_str()),
            "{case}: {failure}"
        );
    }
}

#[test]
fn links_in_archives_are_never_made() {
    let mut link = crate::support::archive::Entry::new("WEB-INF/lib/link.jar", b"/etc/passwd");
    link.unix_mode = 0o120_777;
    let library = Zip::new().entry(link.clone()).file("A.class", "x").bytes();
    let path = tempfile::tempdir().unwrap();
    let packed = path.path().join("a.war");
    fs::write(&packed, war("javax").entry(link).bytes()).unwrap();
    let failure = inspect::run(&packed).unwrap_err();
    assert!(failure.why.contains("symbolic link"), "{failure}");
    // A library stays packed, whatever is in it.
    let folder = folder_of(&vec![
        ("a.jar", File(thin("b.jar"))),
        ("b.jar", File(library.clone())),
    ]);
    let tars = layers_of(&folder.path().join("a.jar"), &plan::Options::default()).unwrap();
    assert_eq!(names(&tars), ["app.jar", "b.jar"]);
    assert!(tars.windows(library.len()).any(|part| part == library));
}

#[test]
fn a_chain_of_a_thousand_libraries_ends() {
    let folder = tempfile::tempdir().unwrap();
    let app = folder.path().join("app");
    fs::create_dir(&app).unwrap();
    fs::write(app.join("a.jar"), thin("l0.jar")).unwrap();
    for number in 0..1000 {
        // Back to the first, on to the next, and to what is not there.
        let words = format!("l{}.jar l0.jar gone/l{number}.jar", number + 1);
        fs::write(app.join(format!("l{number}.jar")), library_with(&words)).unwrap();
    }
    fs::write(folder.path().join("key"), SECRET).unwrap();
    fs::write(app.join("l1000.jar"), library_with("../key")).unwrap();
    let started = SystemTime::now();
    let tars = layers_of(&app.join("a.jar"), &plan::Options::default()).unwrap();
    assert_eq!(names(&tars).len(), 1002);
    assert!(!has(&tars, SECRET));
    assert!(started.elapsed().unwrap() < Duration::from_secs(60));
}
