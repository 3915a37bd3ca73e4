//! What a downloaded file is called. The name makes the app's name and a WAR's context path, and is
//! a server's word: it must be no path.

use reqwest::Url;

/// Tells the name: the header's, else the last part of the address's path.
pub(super) fn of(content_disposition: Option<&str>, url: &Url) -> Option<String> {
    let by_header = content_disposition.and_then(in_header);
    by_header.or_else(|| {
        let last = url.path_segments()?.rfind(|part| !part.is_empty())?;
        safe(&percent_decoded(last)?)
    })
}

/// Reads `attachment; filename="shop.jar"; filename*=UTF-8''shop.jar`; the second is preferred:
/// <https://www.rfc-editor.org/rfc/rfc6266#section-4.3>.
fn in_header(value: &str) -> Option<String> {
    let parameter = |wanted: &str| {
        value.split(';').skip(1).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let is_it = name.trim().eq_ignore_ascii_case(wanted);
            is_it.then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    let extended = parameter("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_, name) = rest.split_once('\'')?;
        charset
            .eq_ignore_ascii_case("utf-8")
            .then(|| percent_decoded(name))?
    });
    safe(&extended.or_else(|| parameter("filename"))?)
}

/// Returns a name that is one, and no path.
pub(super) fn safe(name: &str) -> Option<String> {
    let is_wrong = |c: char| c.is_control() || matches!(c, '/' | '\\');
    let is_name = !name.is_empty() && name.len() <= 255 && !matches!(name, "." | "..");
    (is_name && !name.contains(is_wrong)).then(|| name.to_owned())
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            bytes.push(*hex::decode(after.get(..2)?).ok()?.first()?);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (header, url, expected) in [
            (
                None,
                "https://example.com/a/shop-1.2.jar?x=/y",
                Some("shop-1.2.jar"),
            ),
            (None, "https://example.com/a/shop/", Some("shop")),
            (None, "https://example.com/a%23b.war", Some("a#b.war")),
            (None, "https://example.com/%2e%2e%2fetc", None),
            (None, "https://example.com/", None),
            (
                Some("attachment; filename=\"shop.war\""),
                "https://example.com/x",
                Some("shop.war"),
            ),
            (
                Some("attachment; FileName = shop.war"),
                "https://example.com/x",
                Some("shop.war"),
            ),
            (
                Some("attachment; filename=a.war; filename*=utf-8''%c3%bc.war"),
                "https://example.com/x",
                Some("ü.war"),
            ),
            (
                Some("attachment; filename=\"../../a.war\""),
                "https://example.com/x.jar",
                Some("x.jar"),
            ),
            (
                Some("attachment; filename=\"\u{1b}[31m\""),
                "https://example.com/x.jar",
                Some("x.jar"),
            ),
            (Some("inline"), "https://example.com/x.jar", Some("x.jar")),
        ] {
            let url = Url::parse(url).expect(url);
            assert_eq!(of(header, &url).as_deref(), expected, "{header:?} {url}");
        }
    }
}
