//! Bodies of calls: read up to a limit, and parsed up to a number of values, so that no request costs much memory.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::BytesMut;
use futures::StreamExt;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::failure::{Answer, Failure};

/// Largest body in bytes: a data set's profile alone may have 16 MiB.
pub(crate) const MAX_BODY: usize = 64 * 1024 * 1024;
/// Bodies larger than this wait for their turn.
const LARGE_BODY: usize = 1024 * 1024;
/// Large bodies that are read and parsed at one time.
static LARGE_BODIES: Semaphore = Semaphore::const_new(4);
/// A turn among the large bodies.
pub(crate) type Turn = SemaphorePermit<'static>;
/// A large body must have come within this time, so that it does not hold up the others.
const PATIENCE: Duration = Duration::from_secs(120);
/// Most values in a body: a batch of 1000 metrics has 8000.
pub(crate) const MAX_VALUES: usize = 250_000;

/// Reads a body and parses it; an empty one is `None`.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Answer<Option<Value>> {
    let (bytes, _turn) = read_bytes(headers, body).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    parse(&bytes).map(Some)
}

/// Reads a body. While a large one is held, so is its turn among the large ones.
pub(crate) async fn read_bytes(headers: &HeaderMap, body: Body) -> Answer<(BytesMut, Option<Turn>)> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > MAX_BODY as u64) {
        return Err(too_large());
    }
    let mut chunks = body.into_data_stream();
    let mut bytes = BytesMut::new();
    let mut turn = None;
    let reading = async {
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Failure::bad_request("The request body broke off."))?;
            if bytes.len() + chunk.len() > MAX_BODY {
                return Err(too_large());
            }
            if bytes.len() + chunk.len() > LARGE_BODY && turn.is_none() {
                turn = self::turn().await;
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .unwrap_or_else(|_| Err(Failure::bad_request("The request body did not come in time.")))?;
    Ok((bytes, turn))
}

/// Waits for a turn among the large bodies.
pub(crate) async fn turn() -> Option<Turn> {
    LARGE_BODIES.acquire().await.ok()
}

pub(crate) fn too_large() -> Failure {
    Failure::too_large(format!("The request body has more than {MAX_BODY} bytes."))
}

/// Parses JSON of a bounded number of values.
pub(crate) fn parse(bytes: &[u8]) -> Answer<Value> {
    let malformed = |error| {
        Failure::bad_request(format!("Malformed request: the body is not JSON that can be read: {error}"))
    };
    let left = Cell::new(MAX_VALUES);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Bounded { left: &left, field: None }.deserialize(&mut json).map_err(malformed)?;
    json.end().map_err(malformed)?;
    Ok(value)
}

/// Parses a list of at most `most` items, each of a bounded number of values, and makes something of each at once: a list
/// in a text may hold more values than a body.
pub(crate) fn items<T>(
    text: &str,
    name: &str,
    most: usize,
    mut each: impl FnMut(usize, Value) -> Answer<T>,
) -> Answer<Vec<T>> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut made = Vec::new();
    let mut refused = None;
    let mut take = |value| {
        if made.len() == most {
            refused =
                Some(Failure::invalid(format!("'{name}' holds more than {most} items; send them in parts")));
            return false;
        }
        match each(made.len(), value) {
            Ok(item) => made.push(item),
            Err(failure) => refused = Some(failure),
        }
        refused.is_none()
    };
    let parsed = Items { take: &mut take }.deserialize(&mut json).and_then(|()| json.end());
    if let Some(failure) = refused {
        return Err(failure);
    }
    let no_list =
        |error| Failure::invalid(format!("Parameter '{name}' must be a JSON list in a text: {error}"));
    parsed.map_err(no_list)?;
    Ok(made)
}

/// A list whose items are given away one by one, until no more are wanted.
struct Items<'a> {
    take: &'a mut dyn FnMut(Value) -> bool,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        loop {
            let left = Cell::new(MAX_VALUES);
            let Some(value) = items.next_element_seed(Bounded { left: &left, field: None })? else {
                return Ok(());
            };
            if !(self.take)(value) {
                return Err(A::Error::custom("the rest is not read"));
            }
        }
    }
}

/// A value while some are left; `field` is the field of the call in which it stands.
#[derive(Clone, Copy)]
struct Bounded<'a> {
    left: &'a Cell<usize>,
    field: Option<&'a str>,
}

impl<'a> Bounded<'a> {
    fn take<E: Error>(self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| {
            let place = self.field.map_or_else(String::new, |field| format!(" in parameter '{field}'"));
            E::custom(format!("more than {MAX_VALUES} values{place}"))
        })?;
        self.left.set(left);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.take()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let field = self.field.or(Some(name.as_str()));
            let value = entries.next_value_seed(Bounded { field, left: self.left })?;
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_parsed_is_what_was_written() {
        let text = r#"{"a":[1,-2,3.5,18446744073709551615,"x",null,true],"b":{"c":{}},"a":[]}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        for bad in ["{", "{} {}", "NaN", "[1,]", "\"\\ud83c\""] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn items_are_made_one_by_one() {
        let texts = |text: &str| items(text, "records", 3, |at, value| Ok(format!("{at}{value}")));
        assert_eq!(texts("[1, {\"a\": []}]").unwrap(), ["01", "1{\"a\":[]}"]);
        assert!(texts("[]").unwrap().is_empty());
        for (bad, said) in [
            ("{}", "must be a JSON list"),
            ("[1", "must be a JSON list"),
            ("[1] x", "must be"),
            ("[1,2,3,4]", "more than 3 items"),
        ] {
            assert!(format!("{:?}", texts(bad).unwrap_err()).contains(said), "{bad}");
        }
        let refused =
            items::<()>("[1, 2]", "records", 3, |at, _| Err(Failure::invalid(format!("item {at}"))));
        assert!(format!("{:?}", refused.unwrap_err()).contains("item 0"));
    }

    #[test]
    fn a_list_without_end_is_refused_by_its_name() {
        let tags = vec![r#"{"key":"k","value":"v"}"#; MAX_VALUES / 3];
        let text = format!(r#"{{"run_id":"r","tags":[{}]}}"#, tags.join(","));
        assert!(format!("{:?}", parse(text.as_bytes()).unwrap_err()).contains("values in parameter 'tags'"));
        assert!(parse("[".repeat(200_000).as_bytes()).is_err());
    }
}
