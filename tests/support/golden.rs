//! Expected texts in files; `B2I_UPDATE_GOLDEN=1` writes them anew.
use std::{env, fs, path::Path};

/// Compares with the file of this name under `tests/golden`.
pub fn assert_golden(name: &str, actual: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    assert_current(&folder.join(name), actual);
}

/// Compares with a file.
pub fn assert_current(path: &Path, actual: &str) {
    if env::var_os("B2I_UPDATE_GOLDEN").is_some() {
        fs::write(path, actual).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        actual == expected,
        "{} is not current; B2I_UPDATE_GOLDEN=1 writes it anew\n--- now\n{actual}\n--- was\n{expected}",
        path.display()
    );
}
