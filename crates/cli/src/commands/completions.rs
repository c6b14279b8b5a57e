//! `volano completions`: the completion script of a shell, which asks the binary for names and ids.

use clap_complete::Shell;

use crate::args::{CandidatesArgs, CompletionsArgs, Globals};
use crate::client::{Client, Need};
use crate::exit::Exit;
use crate::failure::Result;
use crate::help;
use crate::json::Fields;
use crate::output::Output;

/// How long the shell may wait for names.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(800);
/// Names offered at most.
const MOST: usize = 200;

/// Prints the script.
pub fn run(args: &CompletionsArgs, out: &Output) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(), "volano", &mut script);
    out.write_bytes(&script);
    match args.shell {
        Shell::Bash => out.write(BASH),
        Shell::Zsh => out.write(ZSH),
        Shell::Fish => out.write(FISH),
        _ => {}
    }
    Ok(Exit::Done)
}

/// Prints what can follow, one a line. A shell must not be disturbed: whatever goes wrong means no names.
pub async fn candidates(args: CandidatesArgs, globals: &Globals, out: &Output) -> Result<Exit> {
    if let Ok(Ok(names)) = tokio::time::timeout(PATIENCE, names(&args.noun, globals)).await {
        names.iter().take(MOST).for_each(|name| out.line(name));
    }
    Ok(Exit::Done)
}

async fn names(noun: &str, globals: &Globals) -> Result<Vec<String>> {
    let client = Client::connect(globals, Need::Records).await?;
    let names = match noun {
        "data" => data(&client).await?,
        "model" => models(&client).await?,
        "deployment" => texts(&client.get("/deployments").await?, "name"),
        "pipeline" => texts(&client.get("/pipelines").await?, "name"),
        "run" => runs(&client).await?,
        "explore" => {
            let mut names = texts(&client.get("/experiments").await?, "name");
            names.truncate(MOST / 2);
            names.extend(runs(&client).await?);
            names
        }
        "any" => {
            let mut names = models(&client).await?;
            names.extend(data(&client).await?);
            names.truncate(MOST / 2);
            names.extend(runs(&client).await?);
            names
        }
        _ => Vec::new(),
    };
    client.close().await;
    Ok(names)
}

/// Names and ids of the newest runs, after the two that always mean one.
async fn runs(client: &Client) -> Result<Vec<String>> {
    let query = serde_json::json!({"max_results": MOST / 2});
    let found = client.post("/runs/search", query).await?;
    let mut names = vec!["@last".to_owned(), "@best".to_owned()];
    for run in found.list("items") {
        // What has a space in it would be several words to the shell.
        names.extend(
            Some(run.text("name")).filter(|name| !name.contains(char::is_whitespace)).map(ToOwned::to_owned),
        );
        names.push(run.text("id").to_owned());
    }
    Ok(names)
}

fn texts(list: &serde_json::Value, key: &str) -> Vec<String> {
    list.list("items").iter().map(|item| item.text(key).to_owned()).filter(|text| !text.is_empty()).collect()
}

async fn data(client: &Client) -> Result<Vec<String>> {
    let found = client.get("/datasets").await?;
    let mut names = Vec::new();
    for name in texts(&found, "name") {
        let path = format!("/datasets/{}/versions", crate::client::segment(&name));
        let versions = client.get(&path).await?;
        let numbers = versions.list("items").iter().filter_map(|version| version.int("number"));
        names.extend(numbers.map(|number| format!("{name}@v{number}")));
        names.push(name);
    }
    Ok(names)
}

async fn models(client: &Client) -> Result<Vec<String>> {
    let found = client.get("/models").await?;
    let mut names = Vec::new();
    for model in found.list("items") {
        let name = model.text("name");
        names.push(name.to_owned());
        names.extend(model.list("aliases").iter().map(|alias| format!("{name}@{}", alias.text("alias"))));
        let versions = model.list("versions").iter().filter_map(|version| version.int("version"));
        names.extend(versions.map(|version| format!("{name}:{version}")));
    }
    Ok(names)
}

const BASH: &str = r#"
_volano_names() {
    local noun=""
    case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
        "data "*|"contract "*) noun=data ;;
        "exp "*) noun=explore ;;
        "diff "*) noun=any ;;
        "model register") noun=run ;;
        "model "*|"serve "*) noun=model ;;
        "deploy status"|"deploy undo"|"predict "*|"monitor "*|"label "*) noun=deployment ;;
        "deploy "*) noun=model ;;
    esac
    _volano "$@"
    if [[ -n "$noun" && "$2" != -* ]]; then
        COMPREPLY+=($(compgen -W "$(volano candidates "$noun" 2>/dev/null)" -- "$2"))
    fi
}
complete -F _volano_names -o bashdefault -o default volano
COMP_WORDBREAKS=${COMP_WORDBREAKS//[:@]/}
"#;

const ZSH: &str = r#"
_volano_names() {
    local noun=""
    case "${words[2]} ${words[3]}" in
        "data "*|"contract "*) noun=data ;;
        "exp "*) noun=explore ;;
        "diff "*) noun=any ;;
        "model register") noun=run ;;
        "model "*|"serve "*) noun=model ;;
        "deploy status"|"deploy undo"|"predict "*|"monitor "*|"label "*) noun=deployment ;;
        "deploy "*) noun=model ;;
    esac
    if [[ -n "$noun" && "${words[CURRENT]}" != -* ]]; then
        compadd -- ${(f)"$(volano candidates $noun 2>/dev/null)"}
    fi
    _volano "$@"
}
compdef _volano_names volano
"#;

const FISH: &str = r#"
complete -c volano -n "__fish_seen_subcommand_from data contract" -a "(volano candidates data 2>/dev/null)"
complete -c volano -n "__fish_seen_subcommand_from exp" -a "(volano candidates explore 2>/dev/null)"
complete -c volano -n "__fish_seen_subcommand_from diff" -a "(volano candidates any 2>/dev/null)"
complete -c volano -n "__fish_seen_subcommand_from register" -a "(volano candidates run 2>/dev/null)"
complete -c volano -n "__fish_seen_subcommand_from model serve deploy" -a "(volano candidates model 2>/dev/null)"
complete -c volano -n "__fish_seen_subcommand_from predict monitor label" -a "(volano candidates deployment 2>/dev/null)"
"#;
