//! Who we are: answers a registry's challenge with a password or with a token from its token
//! server: <https://distribution.github.io/distribution/spec/auth/token/> and
//! <https://distribution.github.io/distribution/spec/auth/oauth/>.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    RequestBuilder, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::Mutex, time::Instant};

use super::{
    Credentials, Error, Kind,
    challenge::Challenge,
    client::{SMALL_REQUEST, describe, read_at_most, redacted},
    error::plain,
    limits::Progress,
    retry::with_retries,
    wire::Wire,
};

/// What a token is good for: pulling from a repository, or pushing too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    repository: String,
    can_push: bool,
}

impl Scope {
    pub(super) fn pull(repository: &str) -> Self {
        Self {
            repository: repository.to_owned(),
            can_push: false,
        }
    }

    pub(super) fn push(repository: &str) -> Self {
        Self {
            can_push: true,
            ..Self::pull(repository)
        }
    }

    fn covers(&self, other: &Self) -> bool {
        self.repository == other.repository && (self.can_push || !other.can_push)
    }
}

/// <https://distribution.github.io/distribution/spec/auth/scope/>
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actions = if self.can_push { "pull,push" } else { "pull" };
        write!(f, "repository:{}:{actions}", self.repository)
    }
}

/// Makes `Authorization` headers for one registry.
pub(super) struct Auth {
    credentials: Option<Credentials>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the registry wants; unknown until its first 401.
    challenge: Option<Challenge>,
    tokens: Vec<Token>,
}

struct Token {
    scopes: Vec<Scope>,
    header: HeaderValue,
    until: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    /// OAuth 2's name for the same.
    access_token: Option<String>,
    /// Whatever JSON calls a number.
    #[serde(default)]
    expires_in: Value,
}

const TOKEN_BODY_BYTES: u64 = 1024 * 1024;
/// What the specification says that a token lasts when its server does not.
const DEFAULT_EXPIRES_IN: f64 = 60.0;
/// No build lasts longer than a day.
const LONGEST_EXPIRES_IN: f64 = 86_400.0;

impl Auth {
    pub(super) fn new(credentials: Option<Credentials>) -> Self {
        Self {
            credentials,
            state: Mutex::default(),
        }
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    pub(super) fn user(&self) -> Option<&str> {
        match &self.credentials {
            Some(Credentials::Basic { username, .. }) => Some(username),
            _ => None,
        }
    }

    /// Returns the header for these scopes; `None` where nothing was asked for yet, or where there
    /// is nothing to show. The lock is held while a token is fetched: whoever else needs it waits.
    pub(super) async fn header(
        &self,
        wire: &Wire,
        own: &Url,
        scopes: &[Scope],
    ) -> Result<Option<HeaderValue>, Error> {
        let mut state = self.state.lock().await;
        let (realm, service) = match &state.challenge {
            None => return Ok(None),
            Some(Challenge::Basic) => return Ok(self.credentials.as_ref().and_then(basic)),
            Some(Challenge::Bearer { realm, service }) => (realm.clone(), service.clone()),
        };
        if let Some(Credentials::RegistryToken(token)) = &self.credentials {
            return Ok(secret_header(&format!("Bearer {token}")));
        }
        let now = Instant::now();
        state.tokens.retain(|token| token.until > now);
        let covers = |token: &&Token| {
            let covered = |scope: &Scope| token.scopes.iter().any(|ours| ours.covers(scope));
            scopes.iter().all(covered)
        };
        if let Some(token) = state.tokens.iter().find(covers) {
            return Ok(Some(token.header.clone()));
        }
        let service = service.as_deref();
        let fetch = || self.fetch_token(wire, own, &realm, service, scopes);
        let token = with_retries(&wire.notices, fetch).await?;
        let header = token.header.clone();
        state.tokens.push(token);
        Ok(Some(header))
    }

    /// Learns from a 401 what the registry wants, and forgets the token that it refused.
    pub(super) async fn challenged(&self, headers: &HeaderMap, refused: Option<&HeaderValue>) {
        let mut state = self.state.lock().await;
        state.tokens.retain(|token| Some(&token.header) != refused);
        let challenges: Vec<Challenge> = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| Challenge::parse(value.to_str().ok()?))
            .collect();
        let is_bearer = |challenge: &&Challenge| matches!(challenge, Challenge::Bearer { .. });
        let best = challenges.iter().find(is_bearer).or(challenges.first());
        if let Some(best) = best {
            state.challenge = Some(best.clone());
        }
    }

    async fn fetch_token(
        &self,
        wire: &Wire,
        own: &Url,
        realm: &str,
        service: Option<&str>,
        scopes: &[Scope],
    ) -> Result<Token, Error> {
        let line = format!("the token server `{}`", plain(realm));
        let realm = Url::parse(realm).map_err(|_| Error::protocol(&line, "its address is no URL"))?;
        let refused = |refusal| Error::new(&format!("GET {}", redacted(&realm)), Kind::Refused(refusal));
        wire.reach.check_realm(own, &realm).map_err(refused)?;
        let request = self.token_request(&wire.http, realm.clone(), service, scopes);
        let request = request
            .timeout(SMALL_REQUEST)
            .build()
            .map_err(|error| Error::transport(&line, &error))?;
        let line = describe(&request);
        let asked_at = Instant::now();
        // Redirects are held against the token server, whom the request is for.
        let response = wire.execute(&realm, request, &Progress::new()).await?;
        if !response.status().is_success() {
            let mut error = Error::refusal(&line, response).await;
            // 400 is OAuth 2's way to refuse a refresh token (RFC 6749, section 5.2).
            if error.status.is_some_and(|status| status.as_u16() == 400) {
                error.kind = Kind::Unauthorized;
            }
            return Err(error);
        }
        let body = read_at_most(&line, response, TOKEN_BODY_BYTES).await?;
        let no_token = || Error::protocol(&line, "the token server's answer holds no token");
        let answer: TokenAnswer = serde_json::from_slice(&body).map_err(|_| no_token())?;
        let given = |token: Option<String>| token.filter(|token| !token.is_empty());
        let token = given(answer.token)
            .or(given(answer.access_token))
            .ok_or_else(no_token)?;
        let lifetime = lifetime(&answer.expires_in);
        Ok(Token {
            scopes: scopes.to_vec(),
            header: secret_header(&format!("Bearer {token}")).ok_or_else(no_token)?,
            // The margin is for clocks and for the time that a request is on its way.
            until: asked_at + lifetime - (lifetime / 4).min(Duration::from_secs(30)),
        })
    }

    fn token_request(
        &self,
        http: &reqwest::Client,
        realm: Url,
        service: Option<&str>,
        scopes: &[Scope],
    ) -> RequestBuilder {
        let service = service.map(|service| ("service", service.to_owned()));
        if let Some(Credentials::IdentityToken(token)) = &self.credentials {
            let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            let mut form = vec![
                ("grant_type", "refresh_token".to_owned()),
                ("client_id", "kubectl-b2i".to_owned()),
                ("scope", scopes.join(" ")),
                ("refresh_token", token.clone()),
            ];
            form.extend(service);
            return http
                .post(realm)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form_encoded(&form));
        }
        let scopes = scopes.iter().map(|scope| ("scope", scope.to_string()));
        let query: Vec<_> = service.into_iter().chain(scopes).collect();
        let request = http.get(realm).query(&query);
        match self.credentials.as_ref().and_then(basic) {
            Some(header) => request.header(AUTHORIZATION, header),
            None => request,
        }
    }
}

/// How long a token lasts. Servers send integers, fractions and strings; anything else counts as absent.
fn lifetime(expires_in: &Value) -> Duration {
    let seconds = match expires_in {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    let seconds = seconds.filter(|seconds: &f64| seconds.is_finite());
    Duration::from_secs_f64(
        seconds
            .unwrap_or(DEFAULT_EXPIRES_IN)
            .clamp(0.0, LONGEST_EXPIRES_IN),
    )
}

fn basic(credentials: &Credentials) -> Option<HeaderValue> {
    match credentials {
        Credentials::Basic { username, password } => {
            let login = STANDARD.encode(format!("{username}:{password}"));
            secret_header(&format!("Basic {login}"))
        }
        Credentials::IdentityToken(_) | Credentials::RegistryToken(_) => None,
    }
}

/// Marked so that no log of a library shows it.
fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// A form is written as a query is, and `Url` can write one.
fn form_encoded(fields: &[(&str, String)]) -> String {
    let mut url = Url::parse("http://form").expect("a constant that is a URL");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_to_push_is_one_to_pull() {
        assert!(Scope::push("a").covers(&Scope::pull("a")));
        assert!(!Scope::pull("a").covers(&Scope::push("a")));
        assert!(!Scope::push("a").covers(&Scope::push("b")));
        assert_eq!(
            Scope::push("team/shop").to_string(),
            "repository:team/shop:pull,push"
        );
    }

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(form_encoded(&[("a", "b&c d=é".into())]), "a=b%26c+d%3D%C3%A9");
    }

    #[test]
    fn whatever_a_token_server_says_of_time_is_a_time() {
        for (said, expected) in [
            ("300", 300.0),
            ("0", 0.0),
            ("0.5", 0.5),
            ("\"300\"", 300.0),
            ("-1", 0.0),
            ("-9223372036854775808", 0.0),
            ("1e18", LONGEST_EXPIRES_IN),
            ("1e308", LONGEST_EXPIRES_IN),
            ("18446744073709551615", LONGEST_EXPIRES_IN),
            ("99999999999999999999999", LONGEST_EXPIRES_IN),
            ("null", DEFAULT_EXPIRES_IN),
            ("\"NaN\"", DEFAULT_EXPIRES_IN),
            ("\"inf\"", DEFAULT_EXPIRES_IN),
            ("\"soon\"", DEFAULT_EXPIRES_IN),
            ("[]", DEFAULT_EXPIRES_IN),
        ] {
            let said = serde_json::from_str(said).expect(said);
            assert_eq!(lifetime(&said), Duration::from_secs_f64(expected), "{said}");
        }
    }
}
