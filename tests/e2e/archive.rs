//! Changes one class inside a JAR and leaves every other byte of it alone.

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
};

use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Copies `from` to `to` with one class of the application changed: it says that it is of the Java
/// release before, which runs as well.
pub fn with_one_class_changed(from: &Path, to: &Path) {
    with_classes_changed(from, to, "BOOT-INF/classes/", 1);
}

/// Writes an archive whose first classes in this folder say that they are of the Java release before.
pub fn with_classes_changed(from: &Path, to: &Path, folder: &str, count: usize) {
    let mut archive = ZipArchive::new(File::open(from).unwrap()).unwrap();
    let mut out = ZipWriter::new(File::create(to).unwrap());
    let mut changed = 0;
    for index in 0..archive.len() {
        let name = archive.by_index_raw(index).unwrap().name().unwrap().into_owned();
        if changed < count && name.starts_with(folder) && name.ends_with(".class") {
            let mut class = Vec::new();
            archive.by_index(index).unwrap().read_to_end(&mut class).unwrap();
            class[7] -= 1;
            out.start_file(&*name, SimpleFileOptions::default()).unwrap();
            out.write_all(&class).unwrap();
            changed += 1;
        } else {
            out.raw_copy_file(archive.by_index_raw(index).unwrap()).unwrap();
        }
    }
    out.finish().unwrap();
    assert_eq!(changed, count, "{} has fewer classes in {folder}", from.display());
}
