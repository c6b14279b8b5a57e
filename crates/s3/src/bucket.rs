//! Buckets: all of them, and what is in one (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>).

use app::data::browse::Item;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::Name;
use domain::data::tree::Listing;
use domain::tracking::download::etag;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::failure::Failure;
use crate::xml::{self, Element};
use crate::{Asked, REGION};

/// Keys of a page at the most.
const MOST: usize = 1000;
/// What a listing understands.
const KNOWN: [&str; 10] = [
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "start-after",
    "continuation-token",
    "encoding-type",
    "fetch-owner",
    "marker",
    "x-id",
];
/// What stays as it is in a key under `encoding-type=url`.
const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// `GET /`: the data sets.
pub(crate) async fn all(asked: &Asked<'_>) -> Result<Response, Failure> {
    let mut buckets = Element::new("Buckets");
    for one in asked.app.datasets().list(asked.ctx).await? {
        let bucket = Element::new("Bucket")
            .text("Name", one.dataset.name.as_str())
            .text("CreationDate", one.dataset.created_ms.to_rfc3339());
        buckets = buckets.child(bucket);
    }
    let owner = Element::new("Owner").text("ID", &asked.ctx.actor.name);
    Ok(xml::answer(StatusCode::OK, Element::root("ListAllMyBucketsResult").child(owner).child(buckets)))
}

/// `GET /BUCKET` and `HEAD /BUCKET`.
pub(crate) async fn answer(asked: &Asked<'_>, name: &Name) -> Result<Response, Failure> {
    // That it is there, for all of them.
    asked.app.datasets().get(asked.ctx, name).await?;
    if asked.query.contains_key("location") {
        // Empty stands for the first region.
        return Ok(xml::answer(StatusCode::OK, Element::root("LocationConstraint")));
    }
    if asked.query.contains_key("versioning") {
        return Ok(xml::answer(StatusCode::OK, Element::root("VersioningConfiguration")));
    }
    if let Some(other) = asked.query.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(Failure::missing(&format!("{other:?} of a bucket")));
    }
    if asked.head {
        return Ok((StatusCode::OK, [("x-amz-bucket-region", REGION)], Body::empty()).into_response());
    }
    list(asked, name).await
}

async fn list(asked: &Asked<'_>, name: &Name) -> Result<Response, Failure> {
    let given = |key: &str| asked.query.get(key).map(String::as_str).unwrap_or_default();
    let folders = match given("delimiter") {
        "" => false,
        "/" => true,
        other => return Err(Failure::argument(format!("keys are only grouped by \"/\", not by {other:?}"))),
    };
    let most = match given("max-keys") {
        "" => MOST,
        text => text
            .parse::<usize>()
            .map_err(|_| Failure::argument(format!("max-keys is a number from 0 to {MOST}, not {text:?}")))?
            .min(MOST),
    };
    let encoded = match given("encoding-type") {
        "" => false,
        "url" => true,
        other => return Err(Failure::argument(format!("encoding-type is \"url\" or absent, not {other:?}"))),
    };
    let second = match given("list-type") {
        "" => false,
        "2" => true,
        other => return Err(Failure::argument(format!("list-type is 2 or absent, not {other:?}"))),
    };
    let token = given("continuation-token");
    let after = match (second, token.is_empty()) {
        (false, _) => given("marker").to_owned(),
        (true, true) => given("start-after").to_owned(),
        (true, false) => hex::decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| Failure::argument("the continuation token is not one of this server"))?,
    };
    let prefix = given("prefix");
    let listing = Listing { prefix, after: &after, folders, limit: most + 1 };
    let mut items = asked.app.datasets().browse(asked.ctx, name, listing).await?;
    let more = items.len() > most && most > 0;
    items.truncate(most);
    let key = |key: &str| {
        if encoded { utf8_percent_encode(key, &KEPT).to_string() } else { key.to_owned() }
    };
    let mut root = Element::root("ListBucketResult")
        .text("Name", name.as_str())
        .text("Prefix", key(prefix))
        .text("MaxKeys", most.to_string())
        .text("IsTruncated", more.to_string());
    if folders {
        root = root.text("Delimiter", "/");
    }
    if encoded {
        root = root.text("EncodingType", "url");
    }
    let last = items.last().map(Item::key).unwrap_or_default();
    root = if second {
        let next = if more { Some(hex::encode(last)) } else { None };
        let root =
            root.text("KeyCount", items.len().to_string()).text("StartAfter", key(given("start-after")));
        let root = if token.is_empty() { root } else { root.text("ContinuationToken", token) };
        match next {
            Some(next) => root.text("NextContinuationToken", next),
            None => root,
        }
    } else {
        let root = root.text("Marker", key(&after));
        if more { root.text("NextMarker", key(last)) } else { root }
    };
    for item in &items {
        root = root.child(element(item, &key));
    }
    Ok(xml::answer(StatusCode::OK, root))
}

fn element(item: &Item, written: &impl Fn(&str) -> String) -> Element {
    match item {
        Item::Folder(path) => Element::new("CommonPrefixes").text("Prefix", written(path)),
        Item::File { key, file, size, time } => Element::new("Contents")
            .text("Key", written(key))
            .text("LastModified", time.to_rfc3339())
            .text("ETag", etag(file))
            .text("Size", size.to_string())
            .text("StorageClass", "STANDARD"),
    }
}
