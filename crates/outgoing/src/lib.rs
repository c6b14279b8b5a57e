//! The one client for requests that users make the server send.
//!
//! A host is resolved once, every address that it has is checked, and the connection goes to a checked address. Addresses
//! of this machine, of private networks and of cloud metadata are refused unless the operator allows their range. There
//! are no redirects and no proxies; time and size are limited.

mod address;
mod range;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::Policy;

pub use address::refusal;
pub use range::{InvalidRange, Range};

/// Longest time that a request may take, in all.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time until the connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of an answer that are read.
pub const MAX_ANSWER: usize = 64 * 1024;
/// Most bytes of an address.
pub const MAX_URL: usize = 2048;

/// What may be asked.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    allowed: Vec<Range>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The start of the body, as text.
    pub body: String,
    /// Seconds that the other side asks to wait before the next try.
    pub retry_after: Option<u64>,
}

/// Why a request was not sent, or not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address is not one that requests are sent to.
    #[error("{0}")]
    Address(String),
    /// The address names no host.
    #[error("the address names no host")]
    NoHost,
    /// Only `https` leaves, but for allowed ranges.
    #[error("the scheme {scheme:?} is not allowed: use https")]
    Scheme {
        /// The scheme that was given.
        scheme: String,
    },
    /// The host is, or resolves to, an address that the operator has not allowed.
    #[error("{host} is at {address}, {why}: the operator can allow the range with --outgoing-allow")]
    Forbidden {
        /// The host of the address.
        host: String,
        /// What it resolves to.
        address: IpAddr,
        /// What that is.
        why: &'static str,
    },
    /// No name server knows the host.
    #[error("the host {host:?} cannot be resolved: {reason}")]
    Unresolved {
        /// The host.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// Nobody answered in time, or the connection broke.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

impl Error {
    /// Whether another try may end differently.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::NoAnswer(_) | Self::Unresolved { .. })
    }
}

/// A host with the addresses that were checked.
struct Checked {
    url: Url,
    host: String,
    addresses: Vec<SocketAddr>,
}

impl Outgoing {
    /// A client that may also reach these ranges, over `http` as well.
    pub fn allowing(allowed: Vec<Range>) -> Self {
        Self { allowed }
    }

    /// Checks an address as a request would, without sending one.
    pub async fn check(&self, address: &str) -> Result<(), Error> {
        self.resolve(address).await.map(drop)
    }

    /// Sends a POST and reads the start of the answer.
    pub async fn post(
        &self,
        address: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Answer, Error> {
        let checked = self.resolve(address).await?;
        let sending = async {
            let mut request = client(&checked)?.post(checked.url.clone()).body(body);
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            let mut response = request.send().await.map_err(|error| no_answer(&error))?;
            let retry_after = response.headers().get("retry-after");
            let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
            let status = response.status().as_u16();
            let mut read = Vec::new();
            while read.len() < MAX_ANSWER {
                match response.chunk().await {
                    Ok(Some(bytes)) => read.extend_from_slice(&bytes),
                    // The status has been said; how the body ends changes nothing.
                    Ok(None) | Err(_) => break,
                }
            }
            read.truncate(MAX_ANSWER);
            Ok(Answer { status, body: String::from_utf8_lossy(&read).into_owned(), retry_after })
        };
        match tokio::time::timeout(TIMEOUT, sending).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::NoAnswer(format!("more than {} s", TIMEOUT.as_secs()))),
        }
    }

    async fn resolve(&self, address: &str) -> Result<Checked, Error> {
        let url = parse(address)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let unresolved = |reason: String| Error::Unresolved { host: host.clone(), reason };
        let found = tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((bare.as_str(), port)));
        let found = found.await.map_err(|_| unresolved("no answer in time".to_owned()))?;
        let addresses: Vec<SocketAddr> = found.map_err(|error| unresolved(error.to_string()))?.collect();
        if addresses.is_empty() {
            return Err(unresolved("it has no address".to_owned()));
        }
        let mut all_allowed = true;
        for address in &addresses {
            let address = address::unwrapped(address.ip());
            if self.allowed.iter().any(|range| range.contains(address)) {
                continue;
            }
            all_allowed = false;
            if let Some(why) = refusal(address) {
                return Err(Error::Forbidden { host, address, why });
            }
        }
        // What is sent in the clear can be read and changed on the way; inside an allowed range that is the operator's
        // affair.
        if url.scheme() != "https" && !all_allowed {
            return Err(Error::Scheme { scheme: url.scheme().to_owned() });
        }
        Ok(Checked { url, host: bare, addresses })
    }
}

fn parse(address: &str) -> Result<Url, Error> {
    if address.len() > MAX_URL {
        return Err(Error::Address(format!("the address has more than {MAX_URL} bytes")));
    }
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    if !matches!(scheme.to_ascii_lowercase().as_str(), "https" | "http") {
        return Err(Error::Scheme { scheme: scheme.to_owned() });
    }
    if rest.is_empty() {
        return Err(Error::NoHost);
    }
    let url = Url::parse(address).map_err(|error| Error::Address(format!("not an address: {error}")))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Error::NoHost);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Address("the address must not hold a user or a password".to_owned()));
    }
    if url.fragment().is_some() {
        return Err(Error::Address("the address must not have a fragment".to_owned()));
    }
    Ok(url)
}

/// A client for one request: to the checked addresses and nowhere else.
fn client(checked: &Checked) -> Result<reqwest::Client, Error> {
    // Whoever was first has set the same one.
    let _set_before = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .resolve_to_addrs(&checked.host, &checked.addresses)
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .user_agent("volano")
        .build()
        .map_err(|error| no_answer(&error))
}

/// The innermost cause: the outer ones only repeat the address.
fn no_answer(error: &reqwest::Error) -> Error {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Error::NoAnswer(cause.to_string())
}

#[cfg(test)]
mod tests;
