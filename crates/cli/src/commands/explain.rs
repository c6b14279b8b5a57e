//! `volano explain`: what an error code means.

use serde_json::{Value, json};

use crate::codes::{self, Code};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::{Cell, Output, Page, Table};

/// Explains one code, or lists all.
pub fn run(code: Option<&str>, out: &Output) -> Result<Exit> {
    match code {
        None => list(out),
        Some(id) => {
            let code = codes::find(id).ok_or_else(|| unknown(id))?;
            let head =
                format!("{}: {} (exit code {})", out.paint().bold(code.id), code.title, code.exit.number());
            let page = Page::new()
                .line(head, vec![code.id.to_owned(), code.title.to_owned(), code.exit.number().to_string()])
                .text(format!("\n{}", code.text));
            out.show(&document(code), &[code.id.to_owned()], &page);
        }
    }
    Ok(Exit::Done)
}

fn list(out: &Output) {
    let mut table = Table::new(["code", "exit", "meaning"]);
    for code in codes::ALL {
        table.push(vec![
            Cell::text(code.id),
            Cell::count(Some(i64::from(code.exit.number()))),
            Cell::text(code.title),
        ]);
    }
    let documents: Vec<Value> = codes::ALL.iter().map(|code| document(code)).collect();
    let ids: Vec<String> = codes::ALL.iter().map(|code| code.id.to_owned()).collect();
    out.list(&documents, &ids, table, "");
}

fn document(code: &Code) -> Value {
    json!({"code": code.id, "title": code.title, "exit": code.exit.number(), "text": code.text})
}

fn unknown(id: &str) -> Failure {
    let failure = Failure::new(&codes::NOT_FOUND, format!("there is no error code {id:?}"));
    let known = codes::ALL.iter().map(|code| code.id);
    match domain::suggest::nearest(&id.to_uppercase(), known) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure.help("volano explain lists them all"),
    }
}
