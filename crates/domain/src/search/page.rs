//! Pages of a listing: how many, and from where.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::tracking::validation::Refusal;

/// One page and the token of the next, if there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts; absent on the last.
    pub next_page_token: Option<String>,
}

impl<T> Page<T> {
    /// Cuts `items`, fetched one more than `limit` from `offset`, to a page.
    pub fn cut(mut items: Vec<T>, offset: i64, limit: i64) -> Self {
        let limit_len = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit_len;
        items.truncate(limit_len);
        Self { items, next_page_token: more.then(|| token(offset.saturating_add(limit))) }
    }

    /// The same page of other things.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_page_token: self.next_page_token }
    }
}

/// The token of the page that starts at `offset`.
pub fn token(offset: i64) -> String {
    STANDARD.encode(format!("{{\"offset\": {offset}}}"))
}

/// Where a page starts; an empty or absent token is the first.
pub fn offset(token: Option<&str>) -> Result<i64, Refusal> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(0);
    };
    let bad = |why: &str| Refusal::new("page_token", format!("Invalid page token, {why}"));
    if token.len() > 256 {
        return Err(bad("too long"));
    }
    let decoded = STANDARD.decode(token).map_err(|_| bad("could not base64-decode"))?;
    let value: serde_json::Value =
        serde_json::from_slice(&decoded).map_err(|_| bad("the decoded value is not JSON"))?;
    value["offset"].as_i64().filter(|offset| *offset >= 0).ok_or_else(|| bad("it holds no offset"))
}
