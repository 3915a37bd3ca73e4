//! A connection to one registry: sends requests with the right `Authorization`, to nobody else.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use reqwest::{Certificate, Request, RequestBuilder, Response, StatusCode, Url, redirect};

use super::{
    Credentials, Error, Kind,
    auth::{Auth, Scope},
    keychain::canonical_host,
};

/// How a registry is spoken to.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Speak HTTP without TLS.
    pub plain_http: bool,
    /// Whom to log in as; anonymous without.
    pub credentials: Option<Credentials>,
}

/// A client of one registry. Cheap to clone; clones share connections and tokens.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    host: String,
    /// `https://registry.example.com/v2/`
    base: Url,
    http: reqwest::Client,
    auth: Auth,
}

const CONNECT: Duration = Duration::from_secs(10);
/// All of a request whose body and answer are small.
pub(super) const SMALL_REQUEST: Duration = Duration::from_mins(1);
const REDIRECTS: usize = 10;

/// Makes ring the TLS provider of the process, once; reqwest panics where there is none.
pub fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails where another part of the process has already chosen one, which does too.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

impl Client {
    /// Makes a client; nothing is sent yet. `host` is a reference's registry: `docker.io`,
    /// `registry.example.com:5000`.
    ///
    /// # Errors
    /// [`Kind::Protocol`] where `host` is no host, [`Kind::Tls`] where TLS cannot be set up.
    pub fn new(host: &str, options: &Options) -> Result<Self, Error> {
        install_tls();
        let scheme = if options.plain_http { "http" } else { "https" };
        let api_host = match canonical_host(host) {
            // Docker Hub's name is not where its API is.
            "docker.io" => "registry-1.docker.io",
            _ => host,
        };
        let base = Url::parse(&format!("{scheme}://{api_host}/v2/"))
            .map_err(|error| Error::protocol(&format!("the registry `{host}`"), error))?;
        let http = connection_pool().map_err(|error| {
            let kind = Kind::Tls {
                cause: error.to_string(),
                is_plain_http: false,
            };
            Error::new(&format!("the registry `{host}`"), kind)
        })?;
        Ok(Self(Arc::new(Inner {
            host: host.to_owned(),
            base,
            http,
            auth: Auth::new(options.credentials.clone(), options.plain_http),
        })))
    }

    /// Returns the registry as references name it.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// Whether there is a login to answer a challenge with.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.0.auth.has_credentials()
    }

    /// The URL of something in a repository: `blobs/sha256:…`.
    pub(super) fn url(&self, repository: &str, rest: &str) -> String {
        format!("{}{repository}/{rest}", self.0.base)
    }

    /// Sends a request; `build` is called again where a login or a new token is needed. Returns an
    /// answer of the 2xx class.
    pub(super) async fn send(
        &self,
        scopes: &[Scope],
        build: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Response, Error> {
        let Inner { http, auth, .. } = &*self.0;
        let authorization = auth.header(http, scopes).await?;
        let request = self.request(build(http), authorization.as_ref())?;
        let line = describe(&request);
        let response = execute(http, request).await?;
        // A 401 of a host that we were redirected to is none of the registry's.
        if response.status() == StatusCode::UNAUTHORIZED && self.is_own(response.url()) {
            auth.challenged(response.headers(), authorization.as_ref()).await;
            let renewed = auth.header(http, scopes).await?;
            if renewed.is_some() && renewed != authorization {
                let request = self.request(build(http), renewed.as_ref())?;
                return accept(&line, execute(http, request).await?).await;
            }
        }
        accept(&line, response).await
    }

    fn request(
        &self,
        builder: RequestBuilder,
        authorization: Option<&reqwest::header::HeaderValue>,
    ) -> Result<Request, Error> {
        let mut request = builder
            .build()
            .map_err(|error| Error::transport(self.host(), &error))?;
        // An upload may be at another host, whose URL is its own permission.
        if let Some(authorization) = authorization.filter(|_| self.is_own(request.url())) {
            let headers = request.headers_mut();
            headers.insert(reqwest::header::AUTHORIZATION, authorization.clone());
        }
        Ok(request)
    }

    /// Whether a URL is of the registry itself: the same scheme, host and port.
    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.0.base.origin()
    }

    /// Where an upload goes on.
    pub(super) fn upload_location(&self, response: &Response) -> Result<Url, Error> {
        let wrong = || {
            let line = format!("POST {}", redacted(response.url()));
            Error::protocol(&line, "the answer names no place to upload to")
        };
        let location = response.headers().get(reqwest::header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok()).ok_or_else(wrong)?;
        let mut url = response.url().join(location).map_err(|_| wrong())?;
        // A registry behind a proxy that ends TLS may not know that there is TLS
        // (`X-Forwarded-Proto` is missing), and name itself as `http://`.
        let base = &self.0.base;
        if url.host() == base.host() && url.scheme() == "http" && base.scheme() == "https" {
            url.set_scheme("https").map_err(|()| wrong())?;
        }
        Ok(url)
    }
}

/// System roots, where there are any, and the ones we bring: our image is made from scratch.
fn connection_pool() -> reqwest::Result<reqwest::Client> {
    let ours = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok());
    let follow = redirect::Policy::custom(|attempt| {
        let from_https = attempt
            .previous()
            .last()
            .is_some_and(|url| url.scheme() == "https");
        if attempt.previous().len() > REDIRECTS {
            attempt.error("too many redirects")
        } else if from_https && attempt.url().scheme() != "https" {
            attempt.error("it redirects from HTTPS to plain HTTP")
        } else {
            // reqwest drops `Authorization` where host, port or scheme change.
            attempt.follow()
        }
    });
    let builder = reqwest::Client::builder();
    // An upload has no time limit, but a peer that acknowledges nothing is gone.
    #[cfg(target_os = "linux")]
    let builder = builder.tcp_user_timeout(SMALL_REQUEST);
    builder
        .user_agent(concat!("kubectl-b2i/", env!("CARGO_PKG_VERSION")))
        .tls_certs_merge(ours)
        .connect_timeout(CONNECT)
        .tcp_keepalive(Duration::from_secs(15))
        .http2_adaptive_window(true)
        // The `Referer` would show a signed URL to the next host.
        .referer(false)
        .redirect(follow)
        .build()
}

async fn execute(http: &reqwest::Client, request: Request) -> Result<Response, Error> {
    let line = describe(&request);
    http.execute(request)
        .await
        .map_err(|error| Error::transport(&line, &error))
}

async fn accept(line: &str, response: Response) -> Result<Response, Error> {
    if response.status().is_success() {
        Ok(response)
    } else {
        Err(Error::refusal(line, response).await)
    }
}

/// A request in a person's words, without its query.
pub(super) fn describe(request: &Request) -> String {
    format!("{} {}", request.method(), redacted(request.url()))
}

/// Queries hold upload state and signatures; a URL could even hold a password.
pub(super) fn redacted(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// Reads a body that must not be longer than this.
pub(super) async fn read_at_most(
    line: &str,
    mut response: Response,
    limit_bytes: u64,
) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| Error::transport(line, &error))?
    {
        if (body.len() + chunk.len()) as u64 > limit_bytes {
            return Err(Error::new(line, Kind::TooLarge { limit_bytes }));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
