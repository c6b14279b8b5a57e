//! `volano contract`: what data must look like.

use serde_json::{Value, json};

use super::data::{collect, send, with_violation};
use super::with_client;
use crate::args::{ContractCommand, ContractInferArgs, ContractTestArgs, Globals};
use crate::client::{Client, DataRef, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Output, Page, spin};
use crate::place;

/// Does it.
pub async fn run(command: ContractCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| match command {
        ContractCommand::Infer(args) => infer(client, &args, globals, out).await,
        ContractCommand::Show { name } => {
            let answer = client.get(&format!("/datasets/{}/contract", segment(&name))).await?;
            let text = text_of(&answer);
            out.show(&answer, &[name], &Page::new().line(text.trim_end(), vec![text.trim_end().to_owned()]));
            Ok(Exit::Done)
        }
        ContractCommand::Test(args) => test(client, &args, out).await,
    })
    .await
}

/// The contract as YAML.
pub fn text_of(answer: &Value) -> String {
    ["text", "yaml", "contract"].iter().find_map(|key| answer[*key].as_str()).unwrap_or_default().to_owned()
}

async fn infer(client: &Client, args: &ContractInferArgs, globals: &Globals, out: &Output) -> Result<Exit> {
    let reference: DataRef = args.name.parse()?;
    let path = format!("/datasets/{}/contract", segment(&reference.name));
    let body = json!({"versions": [reference.version]});
    let answer = spin(out, "learning", client.post(&format!("{path}/infer"), body)).await?;
    let text = text_of(&answer);
    if !args.write {
        out.show(
            &answer,
            &[reference.name],
            &Page::new().line(text.trim_end(), vec![text.trim_end().to_owned()]),
        );
        out.next("the same with --write");
        return Ok(Exit::Done);
    }
    let root = place::project_of(globals).ok_or_else(|| {
        Failure::new(&codes::NO_PROJECT, "there is no volano.yaml here or above").help("volano init")
    })?;
    let file = root.join("contracts").join(format!("{}.yaml", reference.name));
    let folder = root.join("contracts");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, "make", &error))?;
    std::fs::write(&file, &text).map_err(|error| Failure::file(&file, "write", &error))?;
    client.put(&path, json!({"text": text})).await?;
    let shown = format!("{} wrote {} and put it in force", out.paint().good("✓"), file.display());
    out.show(
        &answer,
        &[file.display().to_string()],
        &Page::new().line(shown, vec![file.display().to_string()]),
    );
    out.next(format_args!("look it over, then volano contract test {}", reference.name));
    Ok(Exit::Done)
}

async fn test(client: &Client, args: &ContractTestArgs, out: &Output) -> Result<Exit> {
    let reference: DataRef = args.reference.parse()?;
    let mut body = json!({"version": reference.version});
    let mut subject = reference.to_string();
    if !args.file.is_empty() {
        let files = collect(&args.file)?;
        body = json!({"files": send(client, &files, out).await?});
        subject = args.file.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" ");
    }
    if let Some(file) = &args.contract {
        let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, "read", &error))?;
        body["contract"] = Value::from(text);
    }
    let path = format!("/datasets/{}/contract/test", segment(&reference.name));
    let answer = spin(out, "checking", client.post(&path, body)).await?;
    let violations = answer.list("violations");
    if violations.is_empty() {
        let line = format!("{} {subject} keeps its contract", out.paint().good("✓"));
        out.show(&answer, &[], &Page::new().line(line, vec![subject, "kept".to_owned()]));
        return Ok(Exit::Done);
    }
    if out.form() == crate::output::Form::Json {
        out.json(&answer);
    }
    let rules =
        if violations.len() == 1 { "1 rule".to_owned() } else { format!("{} rules", violations.len()) };
    let failure = Failure::new(&codes::CONTRACT, format!("{subject} breaks {rules}"));
    Err(violations
        .iter()
        .fold(failure, with_violation)
        .help("mend the data, or the rule if the world has changed"))
}
