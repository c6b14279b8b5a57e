//! `volano data s3`: what a client of S3 needs to read versions.

use serde_json::Value;

use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Result;
use crate::json::Fields;
use crate::output::{Output, Page};

/// Shows the caller's key as the lines of a shell that set it.
pub(super) async fn show(client: &Client, out: &Output) -> Result<Exit> {
    let mut answer = client.get("/data/s3").await?;
    let endpoint = client.base().filter(|_| !client.is_in_process());
    answer["endpoint_url"] = endpoint.map_or(Value::Null, Value::from);
    let mut set = vec![
        ("AWS_ACCESS_KEY_ID", answer.text("access_key_id").to_owned()),
        ("AWS_SECRET_ACCESS_KEY", answer.text("secret_access_key").to_owned()),
        ("AWS_REGION", answer.text("region").to_owned()),
    ];
    set.extend(endpoint.map(|url| ("AWS_ENDPOINT_URL", url.to_owned())));
    let mut page = Page::new();
    for (name, value) in set {
        let line = format!("export {name}={value}");
        page = page.line(line.clone(), vec![line]);
    }
    if endpoint.is_none() {
        page =
            page.text("# No server is running: start it with volano server, then ask again for its address.");
    }
    let ids = [answer.text("access_key_id").to_owned()];
    out.show(&answer, &ids, &page);
    Ok(Exit::Done)
}
