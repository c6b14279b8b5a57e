//! `volano help`, `volano version`, and the reference page that is written from the same texts.

use clap::Command;
use serde_json::json;

use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::help::{self, TOPICS};
use crate::output::{Output, Page};

/// Prints a topic, a command's whole help, or the overview.
pub fn help(words: &[String], out: &Output) -> Result<Exit> {
    if let [word] = words
        && let Some(text) = help::topic(word)
    {
        out.write(text);
        return Ok(Exit::Done);
    }
    let mut root = help::command();
    let mut command = &mut root;
    for word in words {
        let known: Vec<String> = command.get_subcommands().map(|child| child.get_name().to_owned()).collect();
        command = match command.find_subcommand_mut(word) {
            Some(found) => found,
            None => return Err(unknown(word, &known)),
        };
    }
    let text = command.render_long_help();
    out.write(&if out.paint().is_on() { text.ansi().to_string() } else { text.to_string() });
    Ok(Exit::Done)
}

fn unknown(word: &str, known: &[String]) -> Failure {
    let failure = Failure::new(&codes::USAGE, format!("there is no command or topic {word:?}"));
    let names = known.iter().map(String::as_str).chain(TOPICS);
    match domain::suggest::nearest(word, names) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure.help(format_args!("topics: {}; commands: volano --help", TOPICS.join(", "))),
    }
}

/// Prints the version.
pub fn version(out: &Output) -> Result<Exit> {
    let version = server::VERSION;
    let page = Page::new().line(format!("volano {version}"), vec![version.to_owned()]);
    out.show(&json!({"version": version}), &[version.to_owned()], &page);
    Ok(Exit::Done)
}

/// Prints `docs/book/cli.md`.
pub fn write(out: &Output) -> Result<Exit> {
    out.write(&markdown());
    Ok(Exit::Done)
}

fn markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n## Commands\n");
    let root = help::command();
    for words in help::visible(&root) {
        let mut copy = root.clone();
        copy.build();
        let mut command = &mut copy;
        for word in &words {
            command = command.find_subcommand_mut(word).expect("the words come from this tree");
        }
        text.push_str(&section(&words, command));
    }
    text.push_str("\n## Topics\n");
    for name in TOPICS {
        let topic = help::topic(name).unwrap_or_default();
        text.push_str(&format!("\n### volano help {name}\n\n```text\n{topic}```\n"));
    }
    text.push_str("\n## Error codes\n\n`volano explain CODE` prints the same.\n");
    for code in codes::ALL {
        let (id, title, exit) = (code.id, code.title, code.exit.number());
        text.push_str(&format!("\n### {id}: {title}\n\nExit code {exit}. {}\n", code.text));
    }
    text
}

fn section(words: &[String], command: &mut Command) -> String {
    let level = "#".repeat(words.len() + 2);
    let help = command.clone().term_width(100).render_long_help().to_string();
    let help: String = help.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    format!("\n{level} volano {}\n\n```text\n{}```\n", words.join(" "), help.trim_start())
}

const INTRODUCTION: &str = "\
# The command line

One binary, `volano`, is server and client. A command speaks to the server that is named or that has the home open;
without one it works on the home folder itself, in the same way. What follows is written from the binary's own help.

Daily things are single verbs (`volano init`, `run`, `serve`, `deploy`); kept things are noun and verb (`volano data diff`,
`volano model promote`). The same verbs mean the same everywhere. Whatever changes shared state takes `--dry-run`.

## The first five minutes

```console
$ volano init churn --data telco.csv --label churned
$ cd churn
$ volano server &
$ volano pipeline run
$ volano exp compare @last @best
$ volano deploy churn@champion --to churn-api
$ volano predict churn-api ../new.csv
$ volano monitor status churn-api
```

## Scripts

Results are on standard output and nothing else is. Exit codes tell what happened, `--json` gives the whole answer, `-q` the ids:

```console
$ volano exp ls churn --filter 'metrics.auc > 0.8' -q | xargs volano exp compare
$ volano data diff churn@v1 churn@v2 --exit-code || echo \"the data changed\"
$ volano monitor drift churn-api --json > drift.json
```
";
