//! Expected texts in files under `tests/golden`; `B2I_UPDATE_GOLDEN=1` writes them anew.
use std::{env, fs, path::Path};

/// Compares with the file of this name.
pub fn assert_golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if env::var_os("B2I_UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{} is not what it was", path.display());
}
