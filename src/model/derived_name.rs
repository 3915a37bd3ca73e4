//! The name of an app that nobody named: derived from the name of the artifact's file.

use super::{AppName, app_name::LONGEST};
use crate::oci::Digest;

/// Digits of the hash at the end of a name that was too long.
const HASH: usize = 8;

impl AppName {
    /// Derives a name from a file's name: the extension and a trailing version go, so that
    /// `shop-1.4.2-SNAPSHOT.jar` and `shop-1.5.jar` are the same app, and letters become those from a to z. A name
    /// that is too long is cut and ends with a hash of all of it, so that two such files are never one app.
    /// Returns `None` where nothing usable is left.
    #[must_use]
    pub fn from_file_name(file_name: &str) -> Option<Self> {
        let stem = without_version(without_extension(file_name), |c| c == '-' || c.is_whitespace());
        let whole = label(&latin(stem));
        if whole.len() <= LONGEST {
            return whole.parse().ok();
        }
        let hash = &Digest::of(whole.as_bytes()).hex()[..HASH];
        let kept = whole[..LONGEST - HASH - 1].trim_end_matches('-');
        format!("{kept}-{hash}").parse().ok()
    }

    /// Returns the name that versions without transliteration and hash derived, where it was another one: apps of that
    /// name may exist.
    #[must_use]
    pub fn formerly_from(file_name: &str) -> Option<Self> {
        let stem = without_version(without_extension(file_name), |c| c == '-');
        let mut name = label(stem);
        name.truncate(LONGEST);
        let former: Self = name.trim_end_matches('-').parse().ok()?;
        (Self::from_file_name(file_name).as_ref() != Some(&former)).then_some(former)
    }
}

fn without_extension(file_name: &str) -> &str {
    let stem = ["jar", "war", "zip", "exe"]
        .iter()
        .find_map(|extension| strip_extension(file_name, extension))
        .unwrap_or(file_name);
    // Tomcat's own syntax for context paths: `a#b##12.war` serves /a/b, version 12.
    stem.split("##").next().unwrap_or(stem)
}

fn strip_extension<'a>(file_name: &'a str, extension: &str) -> Option<&'a str> {
    let (stem, found) = file_name.rsplit_once('.')?;
    found.eq_ignore_ascii_case(extension).then_some(stem)
}

/// Cuts a name before the first word that is a version and not the first word.
fn without_version(stem: &str, is_between: impl Fn(char) -> bool) -> &str {
    let is_version_at = |at: usize, gap: &str| {
        let rest = &stem[at + gap.len()..];
        looks_like_a_version(rest.split(&is_between).next().unwrap_or(rest))
    };
    let mut gaps = stem.match_indices(&is_between);
    let version = gaps.find(|(at, gap)| is_version_at(*at, gap));
    version.map_or(stem, |(at, _)| &stem[..at])
}

/// `1.4.2`, `v3`, `2.0.1.RELEASE`; but not `2` alone or `s3`, which may be part of a name.
fn looks_like_a_version(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit()) && (digits.contains('.') || digits.len() < word.len())
}

/// Writes letters and digits of any script in ASCII; all else that is not ASCII becomes a space.
fn latin(text: &str) -> String {
    let mut latin = String::new();
    for c in text.chars() {
        match c {
            _ if c.is_ascii() => latin.push(c),
            // German's own spelling. The dots are a character of their own in the file names of macOS.
            'ä' | 'Ä' => latin.push_str("ae"),
            'ö' | 'Ö' => latin.push_str("oe"),
            'ü' | 'Ü' => latin.push_str("ue"),
            '\u{308}' if latin.ends_with(['a', 'o', 'u', 'A', 'O', 'U']) => latin.push('e'),
            _ => match deunicode::deunicode_char(c) {
                Some(ascii) if c.is_alphanumeric() || ascii.is_empty() => latin.push_str(ascii),
                _ => latin.push(' '),
            },
        }
    }
    latin
}

/// Makes a DNS label of any length: everything but ASCII letters and digits becomes `-`.
fn label(text: &str) -> String {
    let mut label = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            label.push(c.to_ascii_lowercase());
        } else if !label.ends_with('-') {
            label.push('-');
        }
    }
    let label = label.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    label.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(file: &str) -> String {
        AppName::from_file_name(file).expect(file).as_str().to_owned()
    }

    #[test]
    fn a_version_is_not_part_of_the_name() {
        for (file, name) in [
            ("zipkin.jar", "zipkin"),
            ("zipkin-server-3.4.4-exec.jar", "zipkin-server"),
            ("shop-1.4.2-SNAPSHOT.jar", "shop"),
            ("Shop_App.WAR", "shop-app"),
            ("a#b##12.war", "a-b"),
            ("go-httpbin", "go-httpbin"),
            ("log4j-2-web.jar", "log4j-2-web"),
            ("7zip", "zip"),
            ("app.v2", "app-v2"),
            ("My Shop 1.2.jar", "my-shop"),
            ("My Shop v2 final.jar", "my-shop"),
            ("My\u{a0}Shop - 1.2.jar", "my-shop"),
            ("Shop 2.jar", "shop-2"),
            ("1.2 Shop.jar", "shop"),
        ] {
            assert_eq!(derived(file), name, "{file}");
        }
    }

    #[test]
    fn letters_of_any_script_become_those_from_a_to_z() {
        for (file, name) in [
            ("Größe.jar", "groesse"),
            // As macOS writes it.
            ("Gro\u{308}ße.jar", "groesse"),
            ("ÄRGER-ÜBER.jar", "aerger-ueber"),
            ("Ångström-1.2.jar", "angstroem"),
            ("A\u{30a}ngstro\u{308}m.jar", "angstroem"),
            ("Łódź.jar", "lodz"),
            ("café.jar", "cafe"),
            ("Москва.jar", "moskva"),
            ("北京.jar", "bei-jing"),
            ("ｓｈｏｐ.jar", "shop"),
            ("shop🚀api.jar", "shop-api"),
            ("shop–api.jar", "shop-api"),
            ("a\u{200d}b.jar", "ab"),
        ] {
            assert_eq!(derived(file), name, "{file}");
        }
    }

    #[test]
    fn what_has_no_letter_names_no_app() {
        for file in ["123.jar", "٣.jar", "🚀🎉.jar", "-1.2.jar", ".jar", "___", "", "–"] {
            assert_eq!(AppName::from_file_name(file), None, "{file}");
        }
    }

    #[test]
    fn long_names_stay_apart() {
        let api = derived("acme-platform-integration-service-payments-api-1.2.jar");
        // Kept for ever: a change would make another app of each file with such a name.
        assert_eq!(api, "acme-platform-integration-servi-47813d52");
        assert_eq!(
            api,
            derived("acme-platform-integration-service-payments-api-1.3.jar")
        );
        let worker = derived("acme-platform-integration-service-payments-worker");
        assert_ne!(api, worker);
        assert_eq!(worker.len(), LONGEST);
        assert_eq!(derived(&"a".repeat(LONGEST)), "a".repeat(LONGEST));
        assert!(derived(&"北".repeat(200)).starts_with("bei-bei-"));
    }

    #[test]
    fn the_former_name_is_known_where_it_was_another() {
        for (file, former) in [
            ("shop-1.2.jar", None),
            ("123.jar", None),
            (
                "acme-platform-integration-service-payments-api",
                Some("acme-platform-integration-service-paymen"),
            ),
            ("My Shop 1.2.jar", Some("my-shop-1-2")),
            ("Größe.jar", Some("gr-e")),
        ] {
            let found = AppName::formerly_from(file);
            assert_eq!(found.as_ref().map(AppName::as_str), former, "{file}");
        }
    }
}
