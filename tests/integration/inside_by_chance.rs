//! Trees by chance, with links and `Class-Path`s that lead anywhere: whatever goes into a layer comes
//! from inside the root that the person named.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    thread,
};

use kubectl_b2i::{
    error::Failure,
    steps::plan::{Catalogue, Options},
};

use crate::{
    artifacts_jar::{library_with, thin},
    inside::{has, layers_of, quick_folder},
    properties::{Chance, within_patience},
    support::{
        archive::{Zip, class},
        elf::Elf,
    },
};

const CASES: u64 = 10_000;

/// What is in files, by where they are.
const FAR: &str = "SECRET-FAR";
/// Hidden in the folder above.
const HIDDEN: &str = "SECRET-HIDDEN";
/// In the folder above, and no JAR that may be named there.
const ABOVE: &str = "SECRET-ABOVE";
/// A JAR in the folder above.
const JAR_ABOVE: &str = "JAR-ABOVE";
/// In the artifact's folder, and nothing that a manifest may name.
const OWN: &str = "SECRET-OWN";

/// Where links lead, seen from any depth; `FAR/` and `HOME/` become absolute.
const TARGETS: &[&str] = &[
    "../../far/secret.jar",
    "../../../far/secret.jar",
    "FAR/secret.jar",
    "FAR/secret.txt",
    "FAR/conf",
    "FAR",
    "../.ssh/id_rsa",
    "../../.ssh/id_rsa",
    "../x.jar",
    "../../x.jar",
    "../doc.zip",
    "..",
    "../..",
    ".",
    "HOME/.ssh",
    "HOME/own/c.jar",
    "HOME/own/lib",
    "HOME/lib/y.jar",
    "c.jar",
    "../c.jar",
    "lib/a.jar",
    "a.jar",
    "conf",
    "lib",
    "private.key",
    "../private.key",
    ".hidden",
    ".hidden/h.jar",
    "link.jar",
    "links",
    "nowhere",
    "/etc/passwd",
];

const LINKS: &[&str] = &[
    "link.jar",
    "links",
    "lib/link.jar",
    "lib/links",
    "lib/b.jar",
    "conf/link",
    "conf/links",
    "static/link",
    "WEB-INF/lib/link.jar",
    "WEB-INF/links",
    "quarkus/link",
    "app/link.jar",
    "deep/er/link.jar",
    "conf",
];

const WORDS: &[&str] = &[
    "lib/a.jar",
    "lib/b.jar",
    "c.jar",
    "a.jar",
    "../c.jar",
    "conf/",
    "lib/",
    "deep/er/../../c.jar",
    "lib/a.jar",
    "link.jar",
    "lib/link.jar",
    "../lib/link.jar",
    "links/a.jar",
    "links/",
    "links/links/c.jar",
    "lib/links/c.jar",
    "lib/links/x.jar",
    "deep/er/link.jar",
    "./",
    ".",
    "conf",
    "private.key",
    "../private.key",
    ".env",
    "../.env",
    ".hidden/",
    ".hidden/h.jar",
    "../.hidden/h.jar",
    "../x.jar",
    "%2e%2e/x.jar",
    "file:../lib/y.jar",
    "lib/../../x.jar",
    "../own/c.jar",
    "../../x.jar",
    "../lib/y.jar",
    "../.ssh/id_rsa",
    "../../.ssh/id_rsa",
    "..%2F.ssh%2Fid_rsa",
    "../notes.jar",
    "../doc.zip",
    "../../doc.zip",
    "../.m2/m.jar",
    "../../.m2/m.jar",
    "../conf/",
    "../..",
    "../../far/secret.jar",
    "../../../far/secret.jar",
    "%2E%2E/%2e%2e/far/secret.jar",
    "FAR/secret.jar",
    "file:FAR/secret.jar",
    "file://FAR/secret.txt",
    "/etc/passwd",
    "C:/x.jar",
    "..%5Cx.jar",
    "lib/*",
    "https://example.com/x.jar",
    "gone.jar",
];

/// The first words are what a main JAR may well name.
const GOOD_WORDS: usize = 9;

/// The kinds of artifact, by what is given.
const GIVEN: &[&str] = &[
    "own/a.jar",
    "own/a.jar",
    "own/a.jar",
    "named.jar",
    "own",
    "own/quarkus-run.jar",
    "web",
    "native",
    "quarkus",
];

struct Case {
    home: PathBuf,
    far: String,
    chance: Chance,
}

impl Case {
    fn in_folder(base: &Path, seed: u64) -> Self {
        Self {
            home: base.join("home"),
            far: base.join("far").to_str().unwrap().to_owned(),
            chance: Chance(seed),
        }
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.chance.below(from.len())]
    }

    fn absolute(&self, path: &str) -> String {
        path.replace("FAR", &self.far)
            .replace("HOME", self.home.to_str().unwrap())
    }

    fn words(&mut self, most: usize, from: &[&str]) -> String {
        let count = self.chance.below(most + 1);
        let words: Vec<String> = (0..count)
            .map(|_| {
                let word = self.pick(from);
                self.absolute(word)
            })
            .collect();
        words.join(" ")
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.home.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn library(&mut self) -> Vec<u8> {
        library_with(&self.words(4, WORDS))
    }

    /// What is around the artifact, and never changes.
    fn surroundings(&self) {
        let jar = |text: &str| Zip::new().file("a.txt", text).bytes();
        self.write("../far/secret.jar", jar(FAR));
        self.write("../far/secret.txt", FAR);
        self.write("../far/conf/app.properties", FAR);
        self.write("../far/a.jar", jar(FAR));
        self.write(".ssh/id_rsa", HIDDEN);
        self.write("notes.jar", ABOVE);
        self.write("doc.zip", jar(ABOVE));
        self.write(".m2/m.jar", jar(HIDDEN));
        self.write("conf/app.properties", ABOVE);
        self.write("x.jar", jar(JAR_ABOVE));
        self.write("lib/y.jar", jar(JAR_ABOVE));
    }

    /// Fills the artifact's folder. Returns the words of its main JAR.
    fn fill(&mut self, folder: &str) -> String {
        let in_folder = |name: &str| format!("{folder}/{name}");
        self.write(&in_folder("private.key"), OWN);
        self.write(&in_folder(".env"), OWN);
        self.write(&in_folder(".hidden/h.jar"), Zip::new().file("a.txt", OWN).bytes());
        self.write(&in_folder("conf/app.properties"), "a=1");
        self.write(&in_folder("conf/.secret"), OWN);
        for name in ["lib/a.jar", "lib/b.jar", "c.jar"] {
            let library = self.library();
            self.write(&in_folder(name), library);
        }
        let words = match self.chance.below(3) {
            0 => self.words(3, WORDS),
            1 => self.words(3, &WORDS[..GOOD_WORDS]),
            _ => format!("{} ../x.jar", self.words(2, &WORDS[..GOOD_WORDS])),
        };
        match folder {
            "web" => self.write("web/WEB-INF/classes/A.class", class(11, "javax/servlet/Filter")),
            "native" => self.write("native/server", Elf::default().bytes()),
            _ => self.write(&in_folder("a.jar"), thin(&words)),
        }
        if folder == "quarkus" {
            fs::remove_file(self.home.join("quarkus/a.jar")).unwrap();
        }
        words
    }

    fn quarkus(&mut self, folder: &str) {
        let run = Zip::new().manifest("Main-Class: io.quarkus.bootstrap.runner.QuarkusEntryPoint");
        self.write(&format!("{folder}/quarkus-run.jar"), run.bytes());
        self.write(&format!("{folder}/quarkus/quarkus-application.dat"), "dat");
        for name in ["app/own.jar", "lib/boot/a.jar", "lib/main/b.jar"] {
            let library = self.library();
            self.write(&format!("{folder}/{name}"), library);
        }
    }

    /// Puts a link into the folder, in place of a file that may be there.
    fn link(&mut self, folder: &str) {
        let (link, target) = (self.pick(LINKS), self.pick(TARGETS));
        let (link, target) = (self.home.join(folder).join(link), self.absolute(target));
        // The folder above it may be a link itself, made before.
        let _ = fs::create_dir_all(link.parent().unwrap());
        let _ = fs::remove_file(&link);
        if !link.is_dir() {
            let _ = symlink(target, &link);
        } else if self.chance.below(4) == 0 {
            fs::remove_dir_all(&link).unwrap();
            symlink(target, &link).unwrap();
        }
    }

    /// Whether one of the main JAR's words leads to a JAR in the folder above, as a naive reader sees it.
    fn leads_above(&self, words: &str) -> bool {
        let own = self.home.join("own");
        words.split_ascii_whitespace().any(|word| {
            let word = word.replace("%2e", ".").replace("%2E", ".");
            let word = word.strip_prefix("file:").unwrap_or(&word);
            let real = own.join(word).canonicalize();
            real.is_ok_and(|real| real.starts_with(&self.home) && !real.starts_with(&own) && real.is_file())
        })
    }
}

struct Ended {
    result: Result<(), Failure>,
    has_jar_above: bool,
}

/// Runs one case in a folder whose surroundings are there already.
fn run(base: &Path, seed: u64, options: &Options) -> Ended {
    let mut case = Case::in_folder(base, seed);
    let given = case.pick(GIVEN);
    let folder = match given.split_once('/') {
        Some((folder, _)) => folder,
        None if given == "named.jar" => "own",
        None => given,
    };
    let words = case.fill(folder);
    if given.ends_with("quarkus-run.jar") || given == "quarkus" {
        case.quarkus(folder);
    }
    if given == "named.jar" {
        symlink("own/a.jar", case.home.join(given)).unwrap();
    }
    for _ in 0..case.chance.below(4) {
        case.link(folder);
    }
    let layers = layers_of(&case.home.join(given), options);
    let about = format!("seed {seed}, {given}, Class-Path: {words}");
    let tars = match &layers {
        Ok(tars) => tars.as_slice(),
        Err(failure) => failure.why.as_bytes(),
    };
    for text in [FAR, HIDDEN, "root:x:0:0"] {
        assert!(!has(tars, text), "{about}: {text}");
    }
    // `named.jar` lies in the folder above, and has that as its root.
    let is_named = given == "named.jar";
    if !is_named {
        assert!(!has(tars, ABOVE), "{about}: {ABOVE}");
    }
    // Of a folder that was given, all goes into the image.
    if given.contains('/') {
        assert!(!has(tars, OWN), "{about}: {OWN}");
    }
    let has_jar_above = has(tars, JAR_ABOVE);
    if has_jar_above && !is_named {
        assert!(
            given == "own/a.jar" && case.leads_above(&words),
            "{about}: {JAR_ABOVE}"
        );
    }
    fs::remove_dir_all(case.home.join(folder)).unwrap();
    let _ = fs::remove_file(case.home.join("named.jar"));
    Ended {
        result: layers.map(|_| ()),
        has_jar_above,
    }
}

#[test]
fn no_byte_from_outside_the_root_is_in_any_layer() {
    within_patience(|cases| {
        let folder = quick_folder();
        let threads: u64 = 4;
        let ended: Vec<Ended> = thread::scope(|scope| {
            let folder = folder.path();
            let work = |first: u64| {
                move || {
                    let options = Options {
                        catalogue: Catalogue::changed_by(&[]).unwrap(),
                        ..Options::default()
                    };
                    let base = folder.join(first.to_string());
                    fs::create_dir_all(base.join("home")).unwrap();
                    let base = base.canonicalize().unwrap();
                    Case::in_folder(&base, 0).surroundings();
                    (first..CASES)
                        .step_by(threads as usize)
                        .map(|seed| {
                            let _ = cases.send(format!("seed {seed}"));
                            run(&base, seed, &options)
                        })
                        .collect::<Vec<_>>()
                }
            };
            let running: Vec<_> = (0..threads).map(|first| scope.spawn(work(first))).collect();
            running
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(ended.len() as u64, CASES);
        // All outcomes must be there, or the trees show nothing.
        let taken = ended.iter().filter(|ended| ended.result.is_ok()).count();
        let above = ended.iter().filter(|ended| ended.has_jar_above).count();
        let refused = |anchor: &str| {
            let failures = ended.iter().filter_map(|ended| ended.result.as_ref().err());
            failures.filter(|failure| failure.anchor == anchor).count()
        };
        let counts = [
            ("taken", taken),
            ("with a JAR from above", above),
            ("folder-link", refused("folder-link")),
            ("class-path-outside", refused("class-path-outside")),
            ("class-path-missing", refused("class-path-missing")),
        ];
        assert!(
            counts.iter().all(|(_, count)| *count > 300),
            "too few of {CASES}: {counts:?}"
        );
    });
}
