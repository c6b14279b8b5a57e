//! Host and Origin: no rebinding, no writes from other sites.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Config;

/// The host names that may stand in a request.
#[derive(Clone)]
pub(crate) struct Guard {
    hosts: Arc<[String]>,
}

impl Guard {
    pub(crate) fn new(config: &Config) -> Self {
        let names = config.allowed_hosts.iter().chain([&config.host]);
        Self { hosts: names.map(|name| name.to_ascii_lowercase()).collect() }
    }

    /// Loopback names, plain addresses (no name, so nothing to rebind) and the configured names.
    fn knows(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        name == "localhost"
            || name.ends_with(".localhost")
            || address.parse::<IpAddr>().is_ok()
            || self.hosts.contains(&name)
    }
}

/// Refuses foreign hosts, and writes that a page of another origin sent.
pub(crate) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    // A call in process has no socket and no Host.
    if let Some(host) = host {
        if !guard.knows(host) {
            return refuse(
                "this server is not known under that host name: start it with --allowed-host NAME",
            );
        }
        let safe = request.method().is_safe();
        if !safe && is_foreign(request.headers(), host) {
            return refuse("a page of another site may not change anything here");
        }
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if matches!(text("sec-fetch-site"), Some("cross-site" | "same-site")) {
        return true;
    }
    match headers.get(header::ORIGIN).map(|value| value.to_str()) {
        None => false,
        Some(Ok(origin)) => {
            let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            own.is_none_or(|own| !own.eq_ignore_ascii_case(host))
        }
        Some(Err(_)) => true,
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

fn refuse(reason: &'static str) -> Response {
    (StatusCode::FORBIDDEN, reason).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        let mut config = Config::local("/nowhere");
        config.allowed_hosts = vec!["ml.example.org".to_owned()];
        Guard::new(&config)
    }

    #[test]
    fn only_own_names_and_plain_addresses_are_known() {
        for host in ["127.0.0.1:5000", "localhost", "[::1]:5000", "ml.example.org:443", "10.1.2.3"] {
            assert!(guard().knows(host), "{host}");
        }
        for host in ["evil.example:5000", "127.0.0.1.evil.example", "localhost.evil.example"] {
            assert!(!guard().knows(host), "{host}");
        }
    }

    #[test]
    fn a_foreign_or_null_origin_is_foreign() {
        let origin = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, value.parse().unwrap());
            is_foreign(&headers, "127.0.0.1:5000")
        };
        assert!(!origin("http://127.0.0.1:5000"));
        assert!(origin("http://127.0.0.1:5001"));
        assert!(origin("null"));
        assert!(origin("https://evil.example"));
        assert!(!is_foreign(&HeaderMap::new(), "127.0.0.1:5000"));
    }
}
