//! Sends requests, with time limits, and follows redirects as far as a registry may send us.

use reqwest::{
    Method, Request, Response, StatusCode, Url,
    header::{AUTHORIZATION, LOCATION},
};

use super::{
    Error, Kind, Limits, Notices,
    client::{describe, redacted},
    limits::Progress,
    reach::{Reach, Refusal},
};

const REDIRECTS: usize = 10;

/// The connections to one registry, and to where it sends us.
pub(super) struct Wire {
    pub(super) http: reqwest::Client,
    pub(super) reach: Reach,
    pub(super) limits: Limits,
    pub(super) notices: Notices,
}

impl Wire {
    /// Sends a request. `own` is where the registry is.
    pub(super) async fn execute(
        &self,
        own: &Url,
        mut request: Request,
        progress: &Progress,
    ) -> Result<Response, Error> {
        let line = describe(&request);
        for _ in 0..=REDIRECTS {
            // There is no second copy of a body that streams.
            let next = request.try_clone();
            let method = request.method().clone();
            let response = self.once(request, progress).await?;
            let Some(target) = target(&response, &method)? else {
                return Ok(response);
            };
            self.may_go(own, &line, response.url(), &target)?;
            let is_same_origin = target.origin() == response.url().origin();
            let is_read = matches!(method, Method::GET | Method::HEAD);
            // Whatever has a body or changes something stays with whom it was meant for.
            let Some(mut next) = next.filter(|_| is_read || is_same_origin) else {
                return Ok(response);
            };
            if !is_same_origin {
                next.headers_mut().remove(AUTHORIZATION);
            }
            *next.url_mut() = target;
            progress.restart();
            request = next;
        }
        Err(Error::protocol(&line, "too many redirects"))
    }

    fn may_go(&self, own: &Url, line: &str, from: &Url, target: &Url) -> Result<(), Error> {
        use super::reach::Rule;
        let refuse = |refusal| Err(Error::new(line, Kind::Refused(refusal)));
        if from.scheme() == "https" && target.scheme() == "http" {
            return refuse(Refusal::new(target, Rule::PlainHttp));
        }
        self.reach.check(own, target).or_else(refuse)
    }

    async fn once(&self, request: Request, progress: &Progress) -> Result<Response, Error> {
        let line = describe(&request);
        tokio::select! {
            answer = self.http.execute(request) => answer.map_err(|error| Error::transport(&line, &error)),
            words = progress.exceeded(self.limits) => Err(Error::new(&line, Kind::Stalled(words))),
        }
    }
}

/// Where an answer sends us, if it does.
fn target(response: &Response, method: &Method) -> Result<Option<Url>, Error> {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let is_redirect = match response.status() {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        // Clients differ in what becomes of anything else.
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => is_read,
        _ => false,
    };
    let Some(location) = response.headers().get(LOCATION).filter(|_| is_redirect) else {
        return Ok(None);
    };
    let joined = location.to_str().ok().and_then(|to| response.url().join(to).ok());
    let line = format!("{method} {}", redacted(response.url()));
    joined
        .map(Some)
        .ok_or_else(|| Error::protocol(&line, "it redirects to what is no address"))
}
