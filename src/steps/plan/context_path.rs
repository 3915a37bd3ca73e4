//! Context paths, and how Tomcat writes them as names of folders:
//! <https://tomcat.apache.org/tomcat-10.1-doc/config/context.html#Naming>.

use crate::error::Failure;

const ROOT: &str = "ROOT";

/// Where a web app answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ContextPath {
    /// Name of the folder under `webapps`: `ROOT`, `a#b`, `a#b##12`.
    pub(super) folder: String,
}

/// The root.
impl Default for ContextPath {
    fn default() -> Self {
        Self {
            folder: ROOT.to_owned(),
        }
    }
}

impl ContextPath {
    /// Returns what Tomcat would do with a WAR of this name.
    ///
    /// # Errors
    /// A [`Failure`] when nothing is left of the name.
    pub(super) fn of_file(file_name: &str) -> Result<Self, Failure> {
        let stem = file_name
            .rsplit_once('.')
            .filter(|(_, extension)| {
                ["war", "jar", "zip"]
                    .iter()
                    .any(|e| extension.eq_ignore_ascii_case(e))
            })
            .map_or(file_name, |(stem, _)| stem);
        let path = stem.split("##").next().unwrap_or_default();
        if path.is_empty() || path.split('#').any(|part| matches!(part, "" | "." | "..")) {
            return Err(
                Failure::new(format!("could not tell the context path of `{file_name}`"))
                    .why("it is made from the file's name, and there is none in it")
                    .next("name it by `--context-path /NAME`, or rename the file")
                    .anchor("context-path"),
            );
        }
        Ok(Self {
            folder: stem.to_owned(),
        })
    }

    /// Reads what a person writes: `/`, `/shop`, `a/b/`.
    ///
    /// # Errors
    /// A [`Failure`] when it is no path.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let path = text.trim_matches('/');
        if path.is_empty() {
            return Ok(Self::default());
        }
        let is_wrong = |c: char| c.is_control() || c.is_whitespace() || "#\\?%;".contains(c);
        if path.contains(is_wrong) || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(Failure::usage(format!("could not use `{text}` as context path"))
                .why("it must be a path such as `/shop` or `/team/shop`")
                .next("give `/` for the root, or names with `/` between them")
                .anchor("context-path"));
        }
        Ok(Self {
            folder: path.replace('/', "#"),
        })
    }

    /// Returns `/` or `/a/b/`.
    pub(super) fn with_slashes(&self) -> String {
        // After `##` comes a version, which is no part of the path.
        match self.folder.split("##").next() {
            None | Some(ROOT) => "/".to_owned(),
            Some(path) => format!("/{}/", path.replace('#', "/")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_file_names() {
        for (file_name, folder, path) in [
            ("ROOT.war", "ROOT", "/"),
            ("ROOT##2.war", "ROOT##2", "/"),
            ("sample.war", "sample", "/sample/"),
            ("a#b##12.WAR", "a#b##12", "/a/b/"),
            ("shop-1.4.2.war", "shop-1.4.2", "/shop-1.4.2/"),
            ("shop.d", "shop.d", "/shop.d/"),
        ] {
            let context = ContextPath::of_file(file_name).expect(file_name);
            assert_eq!(
                (context.folder.as_str(), context.with_slashes().as_str()),
                (folder, path)
            );
        }
        for file_name in [".war", "##1.war", "..#a.war", "a#.war"] {
            assert!(ContextPath::of_file(file_name).is_err(), "{file_name}");
        }
    }

    #[test]
    fn of_what_a_person_writes() {
        for (text, folder, path) in [
            ("/", "ROOT", "/"),
            ("/a/b", "a#b", "/a/b/"),
            ("shop/", "shop", "/shop/"),
        ] {
            let context = ContextPath::parse(text).expect(text);
            assert_eq!(
                (context.folder.as_str(), context.with_slashes().as_str()),
                (folder, path)
            );
        }
        for text in ["/../etc", "a//b", "/a#b", "/a b", "/a\\b", "/./a"] {
            assert!(ContextPath::parse(text).is_err(), "{text}");
        }
    }
}
