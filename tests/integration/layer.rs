//! Layers: the same bytes on any machine, and nothing but what the artifact holds.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use flate2::read::GzDecoder;
use kubectl_b2i::{
    error::Failure,
    model::Layer,
    oci::{
        Compression, Digest,
        layer::{self, Entry},
    },
    steps::{inspect, pack, plan},
};

use crate::support::{
    archive::{self, Zip, boot_jar, class, plain_jar, war},
    elf::Elf,
};

const MIB: usize = 1 << 20;
const LAUNCHER: &str = "org.springframework.boot.loader.launch.JarLauncher";

/// Pseudo-random bytes (xorshift64*), the same ones for the same seed.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(length).collect()
}

/// Words in a pseudo-random order.
fn text(seed: u64, length: usize) -> Vec<u8> {
    const WORDS: [&str; 8] = [
        "layer ",
        "digest ",
        "blob ",
        "public static void ",
        "{}\n",
        "import java.util.",
        "return ",
        "\t",
    ];
    let words = noise(seed, length).into_iter().map(|n| WORDS[usize::from(n % 8)]);
    words.flat_map(str::bytes).take(length).collect()
}

fn compress(input: &[u8], threads: usize, write_size: usize) -> Vec<u8> {
    let mut writer = Compression::default()
        .writer_with_threads(Vec::new(), threads)
        .unwrap();
    for part in input.chunks(write_size.max(1)) {
        writer.write_all(part).unwrap();
        writer.flush().unwrap();
    }
    writer.finish().unwrap()
}

fn decompress(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // Only one member, and nothing after it.
    let mut decoder = GzDecoder::new(bytes);
    decoder.read_to_end(&mut out).unwrap();
    assert!(decoder.into_inner().is_empty());
    out
}

fn gunzip_command(bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layer.gz");
    fs::write(&path, bytes).unwrap();
    let output = Command::new("gzip")
        .arg("-dc")
        .arg(&path)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn every_gunzip_gives_the_input_back() {
    let mixture = [
        text(1, MIB + 7),
        noise(2, 2 * MIB),
        vec![0; MIB],
        text(3, 100),
        noise(4, MIB / 2),
    ]
    .concat();
    for input in [
        vec![],
        vec![b'x'],
        text(5, MIB - 1),
        text(5, MIB),
        text(5, MIB + 1),
        noise(6, MIB),
        noise(6, MIB + 1),
        noise(7, 40_000),
        vec![0; 5 * MIB],
        mixture,
    ] {
        let bytes = compress(&input, 2, 8192);
        assert!(decompress(&bytes) == input, "{} bytes", input.len());
        assert!(gunzip_command(&bytes) == input, "{} bytes", input.len());
    }
}

#[test]
fn neither_threads_nor_writes_change_the_bytes() {
    for seed in 1..=12 {
        let length = usize::from(noise(seed, 1)[0]) * 17_001;
        let half = length / 2;
        let input = [text(seed, half), noise(seed, length - half)].concat();
        let expected = compress(&input, 1, MIB);
        assert!(decompress(&expected) == input);
        for (threads, write_size) in [(2, 1000), (3, 64 << 10), (16, usize::MAX)] {
            assert!(compress(&input, threads, write_size) == expected, "seed {seed}");
        }
    }
}

#[test]
fn compressed_bytes_are_golden() {
    // A change here gives every layer of every user a new digest, and makes them upload it again.
    let partly_zero = |zeros: usize| {
        let mut bytes = noise(4, MIB);
        bytes.chunks_mut(1024).for_each(|part| part[..zeros].fill(0));
        bytes
    };
    let input = [
        text(1, 3 * MIB),
        // Below and above what is worth squeezing.
        partly_zero(50),
        partly_zero(80),
        noise(2, MIB + 5),
        text(3, 40_000),
    ]
    .concat();
    let bytes = compress(&input, 2, 10_000);
    assert_eq!(
        Digest::of(&bytes).to_string(),
        "sha256:99ba818f42103c4d36df9b20672fcc7d9c2d222033dd832332e41a065e59dab5"
    );
    assert_eq!(
        Digest::of(&compress(b"", 1, 1)).to_string(),
        "sha256:ac73670af3abed54ac6fb4695131f4099be9fbe39d6076c5d0264a6bbdae9d83"
    );
    assert_eq!(
        bytes[..10],
        [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255],
        "no time, no name, no system"
    );
}

#[test]
fn text_shrinks_and_noise_hardly_grows() {
    assert!(compress(&text(1, 4 * MIB), 2, MIB).len() < MIB);
    // Five bytes for each stored block of 64 KiB, and the frame.
    let grown = compress(&noise(1, 4 * MIB), 2, MIB).len() - 4 * MIB;
    assert!(grown <= 5 * 17 * 4 + 20, "{grown}");
}

fn entry(image_path: &str) -> Entry<'_> {
    Entry {
        image_path,
        mode: 0o644,
        modified_seconds: 318_211_200,
    }
}

#[test]
fn a_layer_holds_what_it_was_told_and_nothing_of_this_machine() {
    let long = format!("app/{}/{}.class", "p".repeat(90), "Ü".repeat(60));
    let mut writer = layer::Writer::new(Vec::new()).unwrap();
    let folder = Entry {
        mode: 0o775,
        ..entry("app")
    };
    writer.folder(folder).unwrap();
    writer.file(entry("app/a"), 5, &mut &b"hello"[..]).unwrap();
    writer.file(entry(&long), 0, &mut &b""[..]).unwrap();
    let (written, blob) = writer.finish().unwrap();
    assert_eq!(written.descriptor.digest, Digest::of(&blob));
    assert_eq!(written.descriptor.size_bytes, blob.len() as u64);
    assert_eq!(
        written.descriptor.media_type,
        "application/vnd.oci.image.layer.v1.tar+gzip"
    );
    let bytes = decompress(&blob);
    assert_eq!(written.diff_id, Digest::of(&bytes));
    let mut archive = tar::Archive::new(&bytes[..]);
    let mut seen = Vec::new();
    for file in archive.entries().unwrap() {
        let mut file = file.unwrap();
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        let header = file.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        assert_eq!(
            (header.username_bytes(), header.groupname_bytes()),
            (Some(&b""[..]), Some(&b""[..]))
        );
        assert_eq!(header.mtime().unwrap(), 318_211_200);
        let path = String::from_utf8(file.path_bytes().into_owned()).unwrap();
        seen.push((path, header.mode().unwrap(), content));
    }
    assert_eq!(
        seen,
        [
            ("app/".to_owned(), 0o775, String::new()),
            ("app/a".to_owned(), 0o644, "hello".to_owned()),
            (long, 0o644, String::new()),
        ]
    );
}

#[test]
fn a_file_of_another_size_is_an_error() {
    for declared in [4, 6] {
        let mut writer = layer::Writer::new(Vec::new()).unwrap();
        let error = writer.file(entry("a"), declared, &mut &b"hello"[..]).unwrap_err();
        assert!(matches!(error, layer::Error::Size { declared_bytes, .. } if declared_bytes == declared));
    }
}

fn pack_file(path: &Path) -> Result<Vec<Layer>, Failure> {
    let artifact = inspect::run(path)?;
    let plan = plan::run(&artifact, &plan::Options::default())?;
    let out = tempfile::tempdir().unwrap();
    let layers = pack::run(&artifact, &plan, out.path())?;
    for layer in &layers {
        let blob = fs::read(&layer.local_path).unwrap();
        assert_eq!(layer.described.descriptor.digest, Digest::of(&blob));
        assert_eq!(layer.described.descriptor.size_bytes, blob.len() as u64);
        assert_eq!(layer.described.diff_id, Digest::of(&decompress(&blob)));
    }
    Ok(layers)
}

fn pack_bytes(file_name: &str, bytes: &[u8]) -> Result<Vec<Layer>, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name);
    fs::write(&path, bytes).unwrap();
    pack_file(&path)
}

/// Name and digest of each layer.
fn digests(layers: &[Layer]) -> Vec<String> {
    let line = |layer: &Layer| {
        format!(
            "{} {}",
            layer.described.name,
            layer.described.descriptor.digest.hex()
        )
    };
    layers.iter().map(line).collect()
}

fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let index = "- \"dependencies\":\n  - \"BOOT-INF/lib/\"\n- \"spring-boot-loader\":\n  - \"org/\"\n\
                 - \"snapshot-dependencies\":\n- \"application\":\n  - \"BOOT-INF/classes/\"\n  - \"META-INF/\"\n";
    let more = "\nSpring-Boot-Layers-Index: BOOT-INF/layers.idx";
    let with_index = boot_jar("3.4.1", LAUNCHER, more).file("BOOT-INF/layers.idx", index);
    vec![
        ("plain.jar", plain_jar().bytes()),
        ("boot.jar", boot_jar("2.2.0", LAUNCHER, "").bytes()),
        ("layered.jar", with_index.bytes()),
        ("shop.war", war("javax").bytes()),
        ("native", Elf::default().bytes()),
    ]
}

#[test]
fn the_digests_of_layers_are_golden() {
    // A change here makes every user upload every layer again: only with a very good reason.
    let golden: &[&[&str]] = &[
        &["application aad3d93e3d04d189c0abaf37e814d691062a5540dba3a3d9069afe68bc862329"],
        &[
            "dependencies b45917e0b74d2d73d44aa1a674957f5d3a6954dfd751cc008087cfd75a03ce91",
            "loader 5cf28a062d9e9f19675ca6fc28771bd3f629407740bfd485e666415cacf3d1c6",
            "snapshot-dependencies b1132f7a3c76024af85fd03af3634b6cd306a126aa4ea39de26079fb2ad5214c",
            "application 6992bcf583dff5ab62b381916aaba4e3af0d995c4a2552108fcd20f7c33c23bf",
        ],
        &[
            "dependencies 7e0be294397c1e651f8ea5981833915db8c9b373ad9bce3dbfdf1d26e084432f",
            "loader 5cf28a062d9e9f19675ca6fc28771bd3f629407740bfd485e666415cacf3d1c6",
            "application e41c042a0959809d734c20c8745d77524c86e735932051f1708e32f21496c026",
        ],
        &[
            "dependencies 5cac0090c9aae02258ca0aa9e3b518afc281b7b1dcd4db4f797c21616207c490",
            "snapshot-dependencies f0aecdbdb6bbefa24e254d0bb81c939c651b63512938d44521ba099a18a4e019",
            "application fddb5780e2a6f74762b55fc044e66e5bad616a34b4a8953cea77d38c564e3394",
        ],
        &["application e159bb2918c3d3bc9899a35bbee89aa313b4bf4c6d3e114fa0f593a1780239d4"],
    ];
    let made: Vec<Vec<String>> = samples()
        .iter()
        .map(|(name, bytes)| digests(&pack_bytes(name, bytes).expect(name)))
        .collect();
    assert_eq!(made, golden);
}

#[test]
fn neither_folder_nor_time_of_the_artifact_change_its_layers() {
    for (name, bytes) in samples() {
        let once = digests(&pack_bytes(name, &bytes).unwrap());
        let elsewhere = tempfile::tempdir().unwrap();
        let path = elsewhere.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        assert_eq!(digests(&pack_file(&path).unwrap()), once, "{name}");
    }
}

#[test]
fn a_changed_class_changes_the_application_alone() {
    let jar = |constants: &str| {
        boot_jar("3.4.1", LAUNCHER, "")
            .file("BOOT-INF/classes/com/example/More.class", class(17, constants))
            .bytes()
    };
    let before = digests(&pack_bytes("a.jar", &jar("before")).unwrap());
    let after = digests(&pack_bytes("a.jar", &jar("after")).unwrap());
    let changed: Vec<&String> = after.iter().filter(|layer| !before.contains(layer)).collect();
    assert_eq!(changed.len(), 1);
    assert!(changed[0].starts_with("application "));
}

#[test]
fn an_entry_that_does_not_match_its_checksum_is_refused() {
    let good = archive::Entry::new("BOOT-INF/lib/a.jar", b"no JAR, but bytes all the same");
    let wrong_crc = archive::Entry {
        crc: Some(1),
        ..good.clone()
    };
    let wrong_size = archive::Entry {
        size: Some(29),
        ..good.clone()
    };
    for (entry, why) in [(wrong_crc, "Invalid checksum"), (wrong_size, "declared")] {
        let bytes = boot_jar("3.4.1", LAUNCHER, "").entry(entry).bytes();
        let failure = pack_bytes("a.jar", &bytes).unwrap_err();
        assert_eq!(failure.what, "could not unpack `a.jar`");
        assert!(failure.why.contains("app/BOOT-INF/lib/a.jar"), "{}", failure.why);
        assert!(failure.why.contains(why), "{}", failure.why);
        assert_eq!(failure.anchor, "archive-damaged");
    }
}

#[test]
fn a_damaged_middle_is_noticed() {
    let content = text(9, 300_000);
    let mut bytes = Zip::new()
        .manifest("Main-Class: A")
        .deflated("BOOT-INF/classes/A.class", class(17, ""))
        .deflated("BOOT-INF/classes/data.txt", &content)
        .bytes();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    assert_eq!(pack_bytes("a.jar", &bytes).unwrap_err().anchor, "archive-damaged");
}

#[test]
fn an_artifact_that_changes_meanwhile_is_refused() {
    for (name, bytes) in samples() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let artifact = inspect::run(&path).unwrap();
        let plan = plan::run(&artifact, &plan::Options::default()).unwrap();
        fs::write(&path, [&bytes[..], b"more"].concat()).unwrap();
        let failure = pack::run(&artifact, &plan, folder.path()).unwrap_err();
        assert_eq!(failure.anchor, "artifact-changed", "{name}");
    }
}

#[test]
fn a_layer_that_cannot_be_written_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.jar");
    fs::write(&path, plain_jar().bytes()).unwrap();
    let artifact = inspect::run(&path).unwrap();
    let plan = plan::run(&artifact, &plan::Options::default()).unwrap();
    let failure = pack::run(&artifact, &plan, &folder.path().join("none")).unwrap_err();
    assert_eq!(failure.anchor, "layer-write");
    assert!(failure.what.ends_with("layer-1`"), "{}", failure.what);
}
