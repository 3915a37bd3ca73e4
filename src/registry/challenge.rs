//! What a registry wants to see: the `WWW-Authenticate` of a 401 (RFC 9110, section 11.6.1).

/// The two ways to log in that registries know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password.
    Basic,
    /// A token of this server, for this service.
    Bearer { realm: String, service: Option<String> },
}

impl Challenge {
    /// Reads `Bearer realm="…",service="…"`; `None` for other schemes, and without a realm.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (scheme, parameters) = text.split_once(' ').unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service) = (None, None);
        let mut rest = parameters;
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = parse_value(after);
            match name.trim_matches([' ', ',']).to_ascii_lowercase().as_str() {
                "realm" => realm = Some(value),
                "service" => service = Some(value),
                _ => {}
            }
            rest = after;
        }
        Some(Self::Bearer {
            realm: realm?,
            service: service.filter(|service| !service.is_empty()),
        })
    }
}

/// A token or a quoted string, in which a comma is no end; and what comes after it.
fn parse_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
        }
    }

    #[test]
    fn challenges() {
        let docker = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push",error="invalid_token""#;
        for (text, expected) in [
            (
                docker,
                Some(bearer("https://auth.docker.io/token", Some("registry.docker.io"))),
            ),
            (
                r#"bearer service=x , realm="http://a/?b=\"c,d\"""#,
                Some(bearer(r#"http://a/?b="c,d""#, Some("x"))),
            ),
            (r#"Bearer realm="https://a/""#, Some(bearer("https://a/", None))),
            (r#"Bearer realm="https://a/"#, Some(bearer("https://a/", None))),
            (r#"Basic realm="Registry Realm""#, Some(Challenge::Basic)),
            ("Basic", Some(Challenge::Basic)),
            ("Bearer", None),
            ("Negotiate abc=", None),
        ] {
            assert_eq!(Challenge::parse(text), expected, "{text}");
        }
    }
}
