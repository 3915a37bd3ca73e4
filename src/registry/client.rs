//! A connection to one registry: sends requests with the right `Authorization`, to nobody else.

use std::{sync::Arc, time::Duration};

use reqwest::{Request, RequestBuilder, Response, StatusCode, Url};
use tokio::{sync::OnceCell, time::timeout};

use super::{
    Authorities, Credentials, Error, Kind, Limits, LoginSource, Notices, ProxySettings, TlsProblem,
    auth::{Auth, Scope},
    chunks::RequestLimit,
    keychain::canonical_host,
    limits::Progress,
    reach::{Reach, host_of},
    resolver::proxy_hosts,
    retry,
    transport::{connection_pool, install_tls},
    wire::Wire,
};

/// How a registry is spoken to.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Trust any certificate, and speak HTTP without TLS where there is none: what Docker's
    /// `insecure-registries` means. Holds for the hosts that the registry sends us to, too.
    pub insecure: bool,
    /// Hosts that the registry may send us to although they are private: `HOST` or `HOST:PORT`.
    pub hosts: Vec<String>,
    /// Host and port that it is spoken to at, when not at its name.
    pub address: Option<String>,
    /// Authorities to trust beside the public ones.
    pub authorities: Authorities,
    /// The way out.
    pub proxy: ProxySettings,
    /// Whom to log in as; anonymous without.
    pub credentials: Option<Credentials>,
    /// Where that is from.
    pub login_source: LoginSource,
    /// How long it may make us wait.
    pub limits: Limits,
    /// Who is told that it does.
    pub notices: Notices,
}

/// A client of one registry. Cheap to clone; clones share connections and tokens.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    host: String,
    insecure: bool,
    /// `https://registry.example.com/v2/`
    https: Url,
    /// The same, or without TLS where there is none; empty until the first request.
    base: OnceCell<Url>,
    wire: Wire,
    auth: Auth,
    login_source: LoginSource,
    request_limit: RequestLimit,
}

/// All of a request whose body and answer are small.
pub(super) const SMALL_REQUEST: Duration = Duration::from_mins(1);

impl Client {
    /// Makes a client; nothing is sent yet. `host` is a reference's registry: `docker.io`,
    /// `registry.example.com:5000`.
    ///
    /// # Errors
    /// [`Kind::Protocol`] where `host` is no host, [`Kind::Tls`] where TLS cannot be set up.
    pub fn new(host: &str, options: &Options) -> Result<Self, Error> {
        install_tls();
        let api_host = match (&options.address, canonical_host(host)) {
            (Some(address), _) => address,
            // Docker Hub's name is not where its API is.
            (None, "docker.io") => "registry-1.docker.io",
            (None, _) => host,
        };
        let https = Url::parse(&format!("https://{api_host}/v2/"))
            .map_err(|error| Error::protocol(&format!("the registry `{host}`"), error))?;
        let mut unchecked_names = proxy_hosts(&options.proxy);
        unchecked_names.extend(https.host_str().map(str::to_owned));
        unchecked_names.extend(options.hosts.iter().map(|host| host_of(host).to_owned()));
        let reach = Reach {
            hosts: options.hosts.clone(),
            unchecked_names,
        };
        let http = connection_pool(options, &reach).map_err(|error| {
            let kind = Kind::Tls {
                cause: error.to_string(),
                problem: TlsProblem::Other,
            };
            Error::new(&format!("the registry `{host}`"), kind)
        })?;
        Ok(Self(Arc::new(Inner {
            host: host.to_owned(),
            insecure: options.insecure,
            https,
            base: OnceCell::new(),
            wire: Wire {
                http,
                reach,
                limits: options.limits,
                notices: options.notices.clone(),
            },
            auth: Auth::new(options.credentials.clone()),
            login_source: options.login_source,
            request_limit: RequestLimit::none(),
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

    /// Where the login is from, or would be.
    #[must_use]
    pub fn login_source(&self) -> LoginSource {
        self.0.login_source
    }

    /// Returns the user that we log in as, where the login has one.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.0.auth.user()
    }

    /// Returns where the API is: host and port. Not every registry's is where its name says.
    #[must_use]
    pub fn address(&self) -> (String, u16) {
        let host = self.0.https.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (
            host.to_owned(),
            self.0.https.port_or_known_default().unwrap_or(443),
        )
    }

    /// Connects, and returns whether there is TLS. Whatever the registry answers will do.
    ///
    /// # Errors
    /// No connection, no TLS.
    pub async fn reach(&self) -> Result<bool, Error> {
        let base = self.base().await?;
        self.with_retries(|| self.ask(base)).await?;
        Ok(base.scheme() == "https")
    }

    /// Asks whether we are known:
    /// <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support>.
    ///
    /// # Errors
    /// What the registry answers.
    pub async fn ping(&self) -> Result<(), Error> {
        let base = self.base().await?;
        let get = |http: &reqwest::Client| http.get(base.clone()).timeout(SMALL_REQUEST);
        self.with_retries(|| self.send(&[], get)).await.map(drop)
    }

    /// The URL of something in a repository: `blobs/sha256:…`.
    pub(super) async fn url(&self, repository: &str, rest: &str) -> Result<String, Error> {
        Ok(format!("{}{repository}/{rest}", self.base().await?))
    }

    /// Where the API is. Only of an insecure registry this must be found out.
    pub(super) async fn base(&self) -> Result<&Url, Error> {
        let Inner {
            base,
            https,
            insecure,
            ..
        } = &*self.0;
        base.get_or_try_init(|| async {
            match insecure {
                true => self.with_retries(|| self.find_base()).await,
                false => Ok(https.clone()),
            }
        })
        .await
    }

    /// Asks for anything, without a login.
    async fn ask(&self, url: &Url) -> Result<Response, Error> {
        let wire = &self.0.wire;
        let request = wire.http.get(url.clone()).timeout(SMALL_REQUEST).build();
        let request = request.map_err(|error| Error::transport(self.host(), &error))?;
        wire.execute(url, request, &Progress::new()).await
    }

    /// TLS first, then without, as Docker does it: where nobody listens or what answers has no TLS. A server that
    /// is slow, or that has TLS and fails otherwise, is never spoken to without.
    async fn find_base(&self) -> Result<Url, Error> {
        let https = &self.0.https;
        let Err(error) = self.ask(https).await else {
            return Ok(https.clone());
        };
        let has_no_tls = matches!(
            error.kind,
            Kind::Connect(_)
                | Kind::Tls {
                    problem: TlsProblem::PlainHttp,
                    ..
                }
        );
        let mut http = https.clone();
        if !has_no_tls || http.set_scheme("http").is_err() {
            return Err(error);
        }
        match self.ask(&http).await? {
            // What Go's servers answer to plain text where TLS should be: there is TLS after all.
            answer if answer.status() == StatusCode::BAD_REQUEST || answer.url().scheme() == "https" => {
                Err(error)
            }
            _ => Ok(http),
        }
    }

    /// Sends a request; `build` is called again where a login or a new token is needed. Returns an
    /// answer of the 2xx class.
    pub(super) async fn send(
        &self,
        scopes: &[Scope],
        build: impl Fn(&reqwest::Client) -> RequestBuilder,
    ) -> Result<Response, Error> {
        self.send_body(scopes, |http, _| build(http)).await
    }

    /// Sends a request whose body is made with [`Progress::body`].
    pub(super) async fn send_body(
        &self,
        scopes: &[Scope],
        build: impl Fn(&reqwest::Client, &Progress) -> RequestBuilder,
    ) -> Result<Response, Error> {
        let Inner { wire, auth, .. } = &*self.0;
        let own = self.own();
        let authorization = auth.header(wire, own, scopes).await?;
        let progress = Progress::new();
        let request = self.request(build(&wire.http, &progress), authorization.as_ref())?;
        let line = describe(&request);
        let response = wire.execute(own, request, &progress).await?;
        // A 401 of a host that we were redirected to is none of the registry's.
        if response.status() == StatusCode::UNAUTHORIZED && self.is_own(response.url()) {
            auth.challenged(response.headers(), authorization.as_ref()).await;
            let renewed = auth.header(wire, own, scopes).await?;
            if renewed.is_some() && renewed != authorization {
                let progress = Progress::new();
                let request = self.request(build(&wire.http, &progress), renewed.as_ref())?;
                return accept(&line, wire.execute(own, request, &progress).await?).await;
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

    pub(super) fn request_limit(&self) -> &RequestLimit {
        &self.0.request_limit
    }

    /// Whether a URL is of the registry itself: the same scheme, host and port.
    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.own().origin()
    }

    /// Where the registry is, as far as that is known.
    fn own(&self) -> &Url {
        self.0.base.get().unwrap_or(&self.0.https)
    }

    /// How long the registry may send nothing.
    pub(super) fn stall(&self) -> Duration {
        self.0.wire.limits.stall
    }

    pub(super) async fn with_retries<T, F>(&self, attempt: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        retry::with_retries(&self.0.wire.notices, attempt).await
    }

    /// See [`retry::with_tries`].
    pub(super) fn notices(&self) -> &Notices {
        &self.0.wire.notices
    }

    /// Where an upload goes on.
    pub(super) fn upload_location(&self, method: &str, response: &Response) -> Result<Url, Error> {
        let line = || format!("{method} {}", redacted(response.url()));
        let wrong = || Error::protocol(&line(), "the answer names no place to upload to");
        let location = response.headers().get(reqwest::header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok()).ok_or_else(wrong)?;
        let mut url = response.url().join(location).map_err(|_| wrong())?;
        // A registry behind a proxy that ends TLS may not know that there is TLS
        // (`X-Forwarded-Proto` is missing), and name itself as `http://`.
        let own = self.own();
        if url.host() == own.host() && url.scheme() == "http" && own.scheme() == "https" {
            let mut with_tls = url.clone();
            with_tls.set_scheme("https").map_err(|()| wrong())?;
            if with_tls.origin() == own.origin() {
                url = with_tls;
            }
        }
        let refused = |refusal| Error::new(&line(), Kind::Refused(refusal));
        self.0.wire.reach.check(own, &url).map_err(refused)?;
        Ok(url)
    }
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

/// Reads a body that must not be longer than this, nor take longer than any small request.
pub(super) async fn read_at_most(line: &str, response: Response, limit_bytes: u64) -> Result<Vec<u8>, Error> {
    timeout(SMALL_REQUEST, read(line, response, limit_bytes))
        .await
        .unwrap_or_else(|_| Err(Error::new(line, Kind::Stalled("no answer in time"))))
}

async fn read(line: &str, mut response: Response, limit_bytes: u64) -> Result<Vec<u8>, Error> {
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
