//! AWS Signature Version 4, by which clients of object stores say who they are: the secret signs the request and does not
//! travel (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>).

use std::fmt::Write;

use chrono::NaiveDateTime;
use domain::Id;
use ring::{digest, hmac};

use super::token::Tokens;
use crate::{Actor, Context};

/// The only algorithm.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The hash of no bytes, which is what a request without a body signs.
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// How far the client's clock may be off, in milliseconds.
const SKEW_MS: i64 = 15 * 60 * 1000;

/// A request as it came.
pub struct SignedRequest<'a> {
    /// `GET`.
    pub method: &'a str,
    /// The path as it was sent, percent escapes included.
    pub path: &'a str,
    /// What follows the question mark, as it was sent.
    pub query: &'a str,
    /// The values of a header by its name in lower case, joined by commas.
    pub header: &'a dyn Fn(&str) -> Option<String>,
}

/// Why nobody is taken to have signed a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Something is missing or cannot be read.
    #[error("{0}")]
    Malformed(&'static str),
    /// There is no such key.
    #[error("the access key {0:?} is not known here: `volano data s3` shows yours")]
    UnknownKey(String),
    /// Too old, or from the future.
    #[error("the request was signed more than 15 minutes before or after this server's clock")]
    Skewed,
    /// Another secret, or the request was changed on the way.
    #[error("the signature is not that of this request and the key's secret")]
    Wrong,
}

/// What a client signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name, which travels.
    pub id: String,
    /// What is signed with, which does not.
    pub secret: String,
}

impl Tokens<'_> {
    /// The key with which the caller reads data sets as an object store; `None` when there is none for them.
    pub fn signing_key(&self, ctx: &Context) -> Option<SigningKey> {
        let id = match ctx.actor.name.strip_prefix("step:") {
            Some(step_run) => self.step_key(&Id::parse(step_run)?).id,
            None if ctx.actor.name == Actor::local().name => ctx.actor.name.clone(),
            None => return None,
        };
        self.signer(&id).map(|(_, secret)| SigningKey { id, secret })
    }

    /// Who signed a request.
    pub fn signed_by(&self, request: &SignedRequest<'_>, now_ms: i64) -> Result<Actor, SignatureError> {
        let given = (request.header)("authorization").unwrap_or_default();
        let claim = Claim::read(&given).ok_or(SignatureError::Malformed(
            "the Authorization header is not AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature",
        ))?;
        let time = (request.header)("x-amz-date").unwrap_or_default();
        let signed_ms = NaiveDateTime::parse_from_str(&time, "%Y%m%dT%H%M%SZ")
            .map_err(|_| {
                SignatureError::Malformed("the header x-amz-date is not a time such as 20260301T120000Z")
            })?
            .and_utc()
            .timestamp_millis();
        if !claim.headers().any(|name| name == "host") || !time.starts_with(claim.day) {
            return Err(SignatureError::Malformed(
                "the header host must be signed, and the day of the key must be that of x-amz-date",
            ));
        }
        if (now_ms - signed_ms).abs() > SKEW_MS {
            return Err(SignatureError::Skewed);
        }
        let (actor, secret) =
            self.signer(claim.key).ok_or_else(|| SignatureError::UnknownKey(claim.key.to_owned()))?;
        check(request, &claim, &time, &secret)?;
        Ok(actor)
    }
}

/// Whether the secret signed the request at a time, told as in `x-amz-date`.
fn check(
    request: &SignedRequest<'_>,
    claim: &Claim<'_>,
    time: &str,
    secret: &str,
) -> Result<(), SignatureError> {
    let hashed = digest::digest(&digest::SHA256, canonical(request, claim)?.as_bytes());
    let text = format!("{ALGORITHM}\n{time}\n{}\n{}", claim.scope, hex::encode(hashed.as_ref()));
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    for part in claim.scope.split('/') {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    let signature = hex::decode(claim.signature).map_err(|_| SignatureError::Wrong)?;
    // Compares in constant time.
    hmac::verify(&key, text.as_bytes(), &signature).map_err(|_| SignatureError::Wrong)
}

/// An `Authorization` header.
struct Claim<'a> {
    key: &'a str,
    /// `20260301/us-east-1/s3/aws4_request`.
    scope: &'a str,
    day: &'a str,
    signed: &'a str,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (mut credential, mut signed, mut signature) = (None, None, None);
        for part in text.strip_prefix(ALGORITHM)?.split(',') {
            match part.trim().split_once('=')? {
                ("Credential", value) => credential = Some(value),
                ("SignedHeaders", value) => signed = Some(value),
                ("Signature", value) => signature = Some(value),
                _ => return None,
            }
        }
        let (key, scope) = credential?.split_once('/')?;
        let parts: Vec<&str> = scope.split('/').collect();
        let [day, _region, "s3", "aws4_request"] = parts[..] else { return None };
        Some(Self { key, scope, day, signed: signed?, signature: signature? })
    }

    fn headers(&self) -> impl Iterator<Item = &'a str> {
        self.signed.split(';')
    }
}

/// The request in the one form that is signed.
fn canonical(request: &SignedRequest<'_>, claim: &Claim<'_>) -> Result<String, SignatureError> {
    let mut pairs: Vec<(String, String)> = request
        .query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (encode(&decode(key), false), encode(&decode(value), false)))
        .collect();
    pairs.sort();
    let query: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut headers = String::new();
    for name in claim.headers() {
        let value = (request.header)(name)
            .ok_or(SignatureError::Malformed("a header that was signed has not come along"))?;
        let value: Vec<&str> = value.split_whitespace().collect();
        let _written = writeln!(headers, "{name}:{}", value.join(" "));
    }
    Ok(format!(
        "{}\n{}\n{}\n{headers}\n{}\n{}",
        request.method,
        encode(&decode(request.path), true),
        query.join("&"),
        claim.signed,
        (request.header)("x-amz-content-sha256").unwrap_or_else(|| NOTHING.to_owned()),
    ))
}

/// Takes percent escapes off; what is none stays as it is.
fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(|digits| {
            std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
        });
        decoded.push(escape.unwrap_or(bytes[at]));
        at += if escape.is_some() { 3 } else { 1 };
    }
    decoded
}

/// Escapes all but letters, digits and `- . _ ~`, and the slashes of a path.
fn encode(bytes: &[u8], path: bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(*byte))
            }
            b'/' if path => text.push('/'),
            _ => {
                let _written = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: &str = "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";

    fn checked(
        query: &str,
        path: &str,
        signed: &str,
        signature: &str,
        range: bool,
    ) -> Result<(), SignatureError> {
        let header = move |name: &str| -> Option<String> {
            let value = match name {
                "host" => "examplebucket.s3.amazonaws.com",
                "range" if range => "  bytes=0-9 ",
                "x-amz-content-sha256" => NOTHING,
                "x-amz-date" => "20130524T000000Z",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let request = SignedRequest { method: "GET", path, query, header: &header };
        let text = format!("{ALGORITHM} {SCOPE}, SignedHeaders={signed},Signature={signature}");
        let claim = Claim::read(&text).unwrap();
        check(&request, &claim, "20130524T000000Z", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    }

    #[test]
    fn the_examples_of_the_documentation_are_signed_right() {
        let object = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        let headers = "host;range;x-amz-content-sha256;x-amz-date";
        assert_eq!(checked("", "/test.txt", headers, object, true), Ok(()));
        assert_eq!(checked("", "/te%73t.txt", headers, object, true), Ok(()));
        let listing = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        let headers = "host;x-amz-content-sha256;x-amz-date";
        assert_eq!(checked("max-keys=2&prefix=J", "/", headers, listing, false), Ok(()));
        assert_eq!(checked("prefix=J&max-keys=2", "/", headers, listing, false), Ok(()));
        for (query, path) in [("max-keys=3&prefix=J", "/"), ("max-keys=2&prefix=J", "/x"), ("", "/")] {
            assert_eq!(checked(query, path, headers, listing, false), Err(SignatureError::Wrong));
        }
        let headers = "host;range;x-amz-date";
        assert!(matches!(checked("", "/", headers, listing, false), Err(SignatureError::Malformed(_))));
        assert_eq!(checked("", "/", "host", "zz", false), Err(SignatureError::Wrong));
    }

    #[test]
    fn other_headers_are_no_claim() {
        for text in [
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/s3/aws4_request, SignedHeaders=host",
            "AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=00",
            "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=00",
            "Bearer x",
        ] {
            assert!(Claim::read(text).is_none(), "{text}");
        }
    }
}
