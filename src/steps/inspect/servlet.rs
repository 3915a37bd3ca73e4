//! Which of the two servlet APIs a WAR was made for. In the wrong container it starts and answers
//! 404, without a line in the log; so this is worth some care.

use std::{cmp::Ordering, io};

use super::{archive::Archive, container::Heads};
use crate::{
    error::Failure,
    model::{ArchiveEntry, ServletApi},
};

const LARGEST_CLASS_BYTES: u64 = 4 << 20;
/// Enough to know what libraries are for. Without an end, a small one could keep us busy for hours:
/// its entries are not held against the archive's limits.
const LIBRARY_BYTES: u64 = 512 << 20;

/// What `web.xml` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) api: Option<ServletApi>,
    /// `version` of the root element.
    pub(super) version: Option<String>,
}

impl Descriptor {
    /// Reads the root element's start tag and the document type before it.
    pub(super) fn parse(xml: &str) -> Self {
        let xml = without_comments(xml);
        let Some((before, root)) = root_tag(&xml) else {
            return Self::default();
        };
        let attributes = attributes(root);
        let mut names_of_api = attributes
            .iter()
            .filter(|(name, _)| name.starts_with("xmlns"))
            .map(|&(_, value)| value)
            // Before 2.4 there was a document type and no namespace.
            .chain([before]);
        let api = names_of_api.find_map(|text| {
            if text.contains("jakarta.ee/") {
                Some(ServletApi::Jakarta)
            } else if text.contains("java.sun.com/") || text.contains("xmlns.jcp.org/") {
                Some(ServletApi::Javax)
            } else {
                None
            }
        });
        let version = attributes.iter().find(|(name, _)| *name == "version");
        Self {
            api,
            version: version.map(|&(_, value)| value.to_owned()),
        }
    }
}

fn without_comments(xml: &str) -> String {
    let mut out = String::new();
    let mut rest = xml;
    while let Some((before, comment)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    out + rest
}

/// Returns what is before the root element, and the inside of its start tag.
fn root_tag(xml: &str) -> Option<(&str, &str)> {
    xml.match_indices('<').find_map(|(start, _)| {
        let tag = &xml[start + 1..];
        let name = tag.split(|c: char| c.is_whitespace() || c == '>').next()?;
        let is_root = name == "web-app" || name.ends_with(":web-app");
        is_root.then(|| {
            (
                &xml[..start],
                &tag[name.len()..tag.find('>').unwrap_or(tag.len())],
            )
        })
    })
}

fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = tag;
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            break;
        };
        let Some((value, after)) = after[1..].split_once(quote) else {
            break;
        };
        found.push((name.trim(), value));
        rest = after;
    }
    found
}

/// Says which API a WAR was made for.
///
/// Its own classes know best: every container reads a descriptor with an old namespace, and there
/// are WARs with `jakarta` classes and a `java.sun.com` one (Tomcat 10's own `sample.war`). Where
/// they name neither, a `jakarta.ee` namespace decides, and then the libraries.
///
/// Every class votes, and never does a single one decide: libraries that serve both APIs carry a
/// few classes for the other.
///
/// # Errors
/// A [`Failure`] when one of the WAR's own classes cannot be read.
pub(super) fn api(
    archive: &mut Archive,
    descriptor: &Descriptor,
    classes: &[usize],
    jars: &[usize],
) -> Result<ServletApi, Failure> {
    let mut own = Votes::default();
    let mut unlimited = u64::MAX;
    let own_classes = classes.iter().map(|&index| &archive.entries[index]);
    own.count(&mut archive.container, own_classes, &mut unlimited)
        .map_err(|error| archive.damaged(&error))?;
    if let Some(api) = own.winner() {
        archive.evidence.push(own.words("its own classes"));
        return Ok(api);
    }
    if descriptor.api == Some(ServletApi::Jakarta) {
        archive
            .evidence
            .push("web.xml has a namespace of jakarta.ee".to_owned());
        return Ok(ServletApi::Jakarta);
    }
    let mut libraries = Votes::default();
    let mut left_bytes = LIBRARY_BYTES;
    for &index in jars {
        if let Some(mut jar) = archive.nested(index) {
            let classes = jar.entries.iter();
            let classes = classes.filter(|entry| entry.name.strip_suffix(".class").is_some());
            // A damaged library has no say.
            let _ = libraries.count(&mut jar.reader, classes, &mut left_bytes);
        }
    }
    let voted = libraries.winner().or(descriptor.api);
    archive.evidence.push(match (libraries.winner(), descriptor.api) {
        (Some(_), _) => libraries.words("the classes of its libraries"),
        (None, Some(_)) => "web.xml has a namespace of Java EE".to_owned(),
        (None, None) => "nothing in it names either servlet API".to_owned(),
    });
    Ok(voted.unwrap_or(ServletApi::Jakarta))
}

#[derive(Default)]
struct Votes {
    javax: u64,
    jakarta: u64,
}

impl Votes {
    fn winner(&self) -> Option<ServletApi> {
        match self.javax.cmp(&self.jakarta) {
            Ordering::Greater => Some(ServletApi::Javax),
            Ordering::Less => Some(ServletApi::Jakarta),
            Ordering::Equal => None,
        }
    }

    /// Says how a vote went: `its own classes: 573 name jakarta.servlet, 5 javax.servlet`.
    fn words(&self, whose: &str) -> String {
        let [(most, first), (rest, second)] = if self.jakarta >= self.javax {
            [(self.jakarta, "jakarta"), (self.javax, "javax")]
        } else {
            [(self.javax, "javax"), (self.jakarta, "jakarta")]
        };
        format!("{whose}: {most} name {first}.servlet, {rest} {second}.servlet")
    }

    fn count<'a>(
        &mut self,
        container: &mut impl Heads,
        classes: impl Iterator<Item = &'a ArchiveEntry>,
        left_bytes: &mut u64,
    ) -> io::Result<()> {
        let mut class = Vec::new();
        for entry in classes {
            if *left_bytes == 0 {
                break;
            }
            container.read_head(entry, LARGEST_CLASS_BYTES, &mut class)?;
            *left_bytes = left_bytes.saturating_sub(class.len() as u64);
            let (javax, jakarta) = packages_named(&class);
            self.javax += u64::from(javax);
            self.jakarta += u64::from(jakarta);
        }
        Ok(())
    }
}

/// Whether a class names `javax/servlet/` and `jakarta/servlet/`, in its constants.
pub(super) fn packages_named(class: &[u8]) -> (bool, bool) {
    const COMMON: &[u8] = b"/servlet/";
    let mut named = (false, false);
    for (at, _) in class.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        if class[at..].starts_with(COMMON) {
            named.0 |= class[..at].ends_with(b"javax");
            named.1 |= class[..at].ends_with(b"jakarta");
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces() {
        let parse = |xml: &str| {
            let descriptor = Descriptor::parse(xml);
            (descriptor.api, descriptor.version.unwrap_or_default())
        };
        let javax = Some(ServletApi::Javax);
        let jakarta = Some(ServletApi::Jakarta);
        for (xml, expected) in [
            (
                "<?xml version=\"1.0\"?><web-app xmlns=\"http://java.sun.com/xml/ns/j2ee\" version='2.4'>",
                (javax, "2.4"),
            ),
            (
                "<web-app version=\"3.1\"\n xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'\n xmlns=\"http://xmlns.jcp.org/xml/ns/javaee\">",
                (javax, "3.1"),
            ),
            (
                "<!-- http://java.sun.com/ <web-app> --><w:web-app xmlns:w=\"https://jakarta.ee/xml/ns/jakartaee\" version=\"6.1\"/>",
                (jakarta, "6.1"),
            ),
            (
                "<!DOCTYPE web-app PUBLIC \"-//Sun//DTD 2.3//EN\" \"http://java.sun.com/dtd/web-app_2_3.dtd\"><web-app>",
                (javax, ""),
            ),
            (
                "<web-app><display-name>jakarta.ee/</display-name></web-app>",
                (None, ""),
            ),
            ("not XML", (None, "")),
        ] {
            assert_eq!(parse(xml), (expected.0, expected.1.to_owned()), "{xml}");
        }
    }

    #[test]
    fn packages() {
        assert_eq!(packages_named(b"..javax/servlet/Filter.."), (true, false));
        assert_eq!(
            packages_named(b"jakarta/servlet/http/X javax/servlet/Y"),
            (true, true)
        );
        assert_eq!(packages_named(b"org/servlet/x javax/servletx/"), (false, false));
    }
}
