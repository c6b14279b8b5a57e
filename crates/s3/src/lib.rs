//! Data versions as a read-only object store: a data set is a bucket, `v3/2013-01.parquet` a key.
//!
//! Clients of S3 read it as they are, with the server's address as their endpoint and buckets in the path. Every request is
//! signed; that is also how it is told from all others (<https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>).

mod bucket;
mod failure;
mod object;
mod xml;

use std::collections::HashMap;

use app::governance::signature::{ALGORITHM, SignatureError, SignedRequest};
use app::{Actor, App, Context};
use axum::extract::{Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use domain::Name;
use percent_encoding::percent_decode_str;

use failure::Failure;

/// The region of all buckets: clients sign for one.
const REGION: &str = "us-east-1";

/// A request whose signature is right.
struct Asked<'a> {
    app: &'a App,
    ctx: &'a Context,
    headers: &'a HeaderMap,
    /// Whether only the headers are to be answered.
    head: bool,
    query: HashMap<String, String>,
}

/// Whether a client of S3 sends this.
pub fn is_signed(headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.is_some_and(|text| text.starts_with(ALGORITHM))
}

/// Answers a signed request.
pub async fn answer(app: &App, request: Request) -> Response {
    let id = app.system().new_id().to_string();
    // A body says nothing that a reader could need.
    let (parts, _) = request.into_parts();
    let answer = match reply(app, &parts, &id).await {
        Ok(answer) => answer,
        Err(failure) => failure.answer(parts.uri.path(), &id, parts.method == Method::HEAD),
    };
    xml::with_id(answer, &id)
}

async fn reply(app: &App, request: &Parts, id: &str) -> Result<Response, Failure> {
    let actor = signer(app, request)?;
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Err(Failure::read_only());
    }
    let ctx = app.context(actor, id.to_owned());
    let Query(query) =
        Query::try_from_uri(&request.uri).map_err(|_| Failure::argument("the query cannot be read"))?;
    let (headers, head) = (&request.headers, request.method == Method::HEAD);
    let asked = Asked { app, ctx: &ctx, headers, head, query };
    let path = percent_decode_str(request.uri.path())
        .decode_utf8()
        .map_err(|_| Failure::argument("the path is not UTF-8"))?;
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return bucket::all(&asked).await;
    }
    let name = Name::parse(bucket).map_err(|_| Failure::no_bucket(bucket))?;
    if key.is_empty() {
        bucket::answer(&asked, &name).await
    } else {
        object::answer(&asked, &name, key).await
    }
}

fn signer(app: &App, request: &Parts) -> Result<Actor, SignatureError> {
    let whole = |name: &str| -> Option<String> {
        if name == "host" && !request.headers.contains_key(header::HOST) {
            return request.uri.authority().map(ToString::to_string);
        }
        let values = request.headers.get_all(name).iter().map(|value| value.to_str());
        let values: Vec<&str> = values.collect::<Result<_, _>>().ok()?;
        (!values.is_empty()).then(|| values.join(","))
    };
    let signed = SignedRequest {
        method: request.method.as_str(),
        path: request.uri.path(),
        query: request.uri.query().unwrap_or_default(),
        header: &whole,
    };
    app.tokens().signed_by(&signed, app.system().now().millis())
}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        let code = match &error {
            SignatureError::Malformed(_) => "AuthorizationHeaderMalformed",
            SignatureError::UnknownKey(_) => "InvalidAccessKeyId",
            SignatureError::Skewed => "RequestTimeTooSkewed",
            SignatureError::Wrong => "SignatureDoesNotMatch",
        };
        let status = if matches!(error, SignatureError::Malformed(_)) { 400 } else { 403 };
        Self::new(status, code, error.to_string())
    }
}
