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

/// Where a page starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Items before it.
    pub offset: i64,
    /// Number of the newest thing that was there when the first page was read. What came later is on no page, so that
    /// nothing is seen twice or missed while things are made.
    pub newest: Option<i64>,
}

impl<T> Page<T> {
    /// Cuts `items`, fetched one more than `limit` from `offset`, to a page.
    pub fn cut(items: Vec<T>, offset: i64, limit: i64) -> Self {
        Self::cut_at(items, Place { offset, newest: None }, limit)
    }

    /// Cuts `items`, fetched one more than `limit` from `place`, to a page.
    pub fn cut_at(mut items: Vec<T>, place: Place, limit: i64) -> Self {
        let limit_len = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit_len;
        items.truncate(limit_len);
        let next = Place { offset: place.offset.saturating_add(limit), ..place };
        Self { items, next_page_token: more.then(|| token(next)) }
    }

    /// The same page of other things.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_page_token: self.next_page_token }
    }
}

/// The token of the page that starts there.
pub fn token(place: Place) -> String {
    let newest = place.newest.map_or_else(String::new, |newest| format!(", \"newest\": {newest}"));
    STANDARD.encode(format!("{{\"offset\": {}{newest}}}", place.offset))
}

/// How many items come before a page; an empty or absent token is the first.
pub fn offset(token: Option<&str>) -> Result<i64, Refusal> {
    place(token).map(|place| place.offset)
}

/// Where a page starts; an empty or absent token is the first.
pub fn place(token: Option<&str>) -> Result<Place, Refusal> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(Place::default());
    };
    let bad = |why: &str| Refusal::new("page_token", format!("Invalid page token, {why}"));
    if token.len() > 256 {
        return Err(bad("too long"));
    }
    let decoded = STANDARD.decode(token).map_err(|_| bad("could not base64-decode"))?;
    let value: serde_json::Value =
        serde_json::from_slice(&decoded).map_err(|_| bad("the decoded value is not JSON"))?;
    let offset = value["offset"].as_i64().filter(|offset| *offset >= 0);
    let offset = offset.ok_or_else(|| bad("it holds no offset"))?;
    Ok(Place { offset, newest: value["newest"].as_i64() })
}
