//! Where an app is reached by name through an Ingress: `HOST[/PATH]`, class and certificate.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::ParseError;

/// What was said of the Ingress; no routes is no Ingress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressOptions {
    /// Hosts and paths that lead to the app; the first is the one whose URL is printed.
    pub routes: Vec<Route>,
    /// The controller's class; the cluster's default where it is `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Secret with the certificate of the hosts; plain HTTP where it is `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_secret: Option<String>,
}

/// A host and a path below which the app is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Route {
    /// A name, perhaps with `*` as its first label.
    pub host: String,
    /// Begins with `/`; the app gets it as it is.
    pub path: String,
}

impl Route {
    /// Returns the URL of an app that answers below `context_path`, which has its slashes.
    #[must_use]
    pub fn url(&self, has_tls: bool, context_path: &str) -> String {
        let scheme = if has_tls { "https" } else { "http" };
        let below = format!("{}/", self.path.trim_end_matches('/'));
        // Nothing rewrites paths: what the app answers to must be below the route to be reached.
        let path = if context_path.starts_with(&below) {
            context_path
        } else {
            &self.path
        };
        format!("{scheme}://{}{path}", self.host)
    }
}

impl FromStr for Route {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (host, path) = match text.find('/') {
            Some(at) => text.split_at(at),
            None => (text, "/"),
        };
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let name = host.strip_prefix("*.").unwrap_or(host);
        let is_path =
            !path.contains("//") && path.bytes().all(|b| b.is_ascii_graphic() && !b"?#".contains(&b));
        if name.split('.').all(is_label) && is_path {
            Ok(Self {
                host: host.to_owned(),
                path: path.to_owned(),
            })
        } else {
            Err(ParseError::new(
                text,
                "HOST[/PATH], a lower-case host without scheme and port",
            ))
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        f.write_str(if self.path == "/" { "" } else { &self.path })
    }
}

impl From<Route> for String {
    fn from(route: Route) -> Self {
        route.to_string()
    }
}

impl TryFrom<String> for Route {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_as_they_are_typed() {
        for text in [
            "shop.example.com",
            "shop.example.com/a/b",
            "*.example.com",
            "shop",
        ] {
            let route: Route = text.parse().expect("a route");
            assert_eq!(route.to_string(), text);
        }
        for wrong in [
            "",
            "/shop",
            "http://shop",
            "shop:80",
            "Shop",
            "a..b",
            "a/b?c",
            "a//b",
            "*",
        ] {
            assert!(wrong.parse::<Route>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn urls_go_where_the_app_answers() {
        let url = |route: &str, context_path: &str| {
            let route: Route = route.parse().expect("a route");
            route.url(false, context_path)
        };
        assert_eq!(url("shop.example.com", "/"), "http://shop.example.com/");
        assert_eq!(
            url("shop.example.com", "/sample/"),
            "http://shop.example.com/sample/"
        );
        assert_eq!(url("h/sample", "/sample/"), "http://h/sample/");
        assert_eq!(url("h/api", "/"), "http://h/api");
        let route: Route = "h".parse().expect("a route");
        assert_eq!(route.url(true, "/"), "https://h/");
    }
}
