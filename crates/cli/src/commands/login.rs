//! `volano login`: remembers a server, after asking whether it is one.

use std::io::Read;

use serde_json::json;

use crate::args::LoginArgs;
use crate::client::Client;
use crate::codes;
use crate::config::{KnownServer, UserFile};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Output, Page};

/// The longest token that is read.
const MAX_TOKEN: u64 = 4096;

/// Does it.
pub async fn run(args: LoginArgs, out: &Output) -> Result<Exit> {
    if !args.url.starts_with("http://") && !args.url.starts_with("https://") {
        return Err(Failure::new(&codes::VALUE, format!("{:?} is not the address of a server", args.url))
            .help("write it with its scheme, for instance http://127.0.0.1:5000"));
    }
    let token = if args.token_stdin { Some(read_token()?) } else { None };
    let url = args.url.trim_end_matches('/').to_owned();
    let client = Client::http(&url, token.clone())?;
    let answer = client.get("/server").await?;
    let version = answer.text("version").to_owned();
    let mut user = UserFile::load()?;
    user.settings.servers.insert(args.name.clone(), KnownServer { url: url.clone(), token });
    user.settings.server = Some(args.name.clone());
    user.save()?;
    let line = format!("{} commands now go to {url} (volano {version})", out.paint().good("✓"));
    let page = Page::new().line(line, vec![url.clone(), version.clone()]);
    out.show(&json!({"name": args.name, "url": url, "version": version}), std::slice::from_ref(&url), &page);
    out.next("volano config set server ''   takes it back");
    Ok(Exit::Done)
}

fn read_token() -> Result<String> {
    let mut token = String::new();
    std::io::stdin()
        .take(MAX_TOKEN)
        .read_to_string(&mut token)
        .map_err(|error| Failure::new(&codes::VALUE, format!("no token could be read: {error}")))?;
    let token = token.trim().to_owned();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(Failure::new(&codes::VALUE, "standard input holds no token")
            .help("volano login URL --token-stdin < FILE"));
    }
    Ok(token)
}
