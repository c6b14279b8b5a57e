//! Help: examples first, then the options, then what one is likely to do next; and the topics of `volano help`.

use clap::builder::StyledStr;
use clap::{Command, CommandFactory};

use crate::args::Cli;

mod examples;
mod topics;

pub use topics::{TOPICS, topic};

/// Commands in the order of the work, as `volano --help` groups them.
const GROUPS: [(&str, &[&str]); 9] = [
    ("Start", &["demo", "init", "server", "login", "doctor"]),
    ("Data", &["data", "contract"]),
    ("Work", &["run", "pipeline", "exp", "diff"]),
    ("Models", &["model"]),
    ("Ship", &["serve", "deploy", "predict"]),
    ("Watch", &["monitor", "label"]),
    ("Govern", &["trace", "traces", "audit", "webhook", "trash"]),
    ("Keep", &["import"]),
    ("Aid", &["config", "completions", "explain", "help", "version"]),
];

const TEMPLATE: &str = "{about}\n\n{before-help}Usage: {usage}\n\n{all-args}{after-help}\n";

/// The whole command tree with its help texts.
pub fn command() -> Command {
    let mut root = Cli::command().infer_long_args(false);
    let groups = groups(&root);
    root = dress(root, "volano");
    let template =
        format!("{{about}}\n\n{{before-help}}Usage: {{usage}}\n\n{groups}\n\n{{options}}{{after-help}}\n");
    root.help_template(StyledStr::from(template)).max_term_width(100)
}

/// Gives a command and all below it their template, examples and next commands.
fn dress(command: Command, path: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|child| child.get_name().to_owned()).collect();
    let mut command = command.help_template(TEMPLATE).disable_help_subcommand(true).max_term_width(100);
    if let Some(entry) = examples::of(path) {
        command = command
            .before_help(format!("Examples:\n{}\n", indented(entry.examples)))
            .after_help(format!("Next: {}", entry.next));
    }
    for name in names {
        let below = format!("{path} {name}");
        command = command.mut_subcommand(name, |child| dress(child, &below));
    }
    command
}

fn indented(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

fn groups(root: &Command) -> String {
    let about = |name: &str| {
        let command = root.find_subcommand(name).expect("the groups name commands that are there");
        command.get_about().map(ToString::to_string).unwrap_or_default()
    };
    let text: Vec<String> = GROUPS
        .iter()
        .map(|(title, names)| {
            let lines: String = names.iter().map(|name| format!("  {name:12} {}\n", about(name))).collect();
            format!("{title}\n{lines}")
        })
        .collect();
    text.concat().trim_end().to_owned()
}

/// Every visible command below `command`, as words after `volano`, in order.
pub fn visible(command: &Command) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
        let name = child.get_name().to_owned();
        found.push(vec![name.clone()]);
        found.extend(visible(child).into_iter().map(|words| [vec![name.clone()], words].concat()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_is_in_a_group_and_has_examples_and_a_next_one() {
        let root = command();
        for words in visible(&root) {
            assert!(
                examples::of(&format!("volano {}", words.join(" "))).is_some(),
                "{words:?} has no examples"
            );
        }
        for child in root.get_subcommands().filter(|child| !child.is_hide_set()) {
            let grouped = GROUPS.iter().any(|(_, names)| names.contains(&child.get_name()));
            assert!(grouped, "{} is in no group", child.get_name());
        }
    }

    #[test]
    fn short_help_fits_a_screen() {
        for words in visible(&command()) {
            let mut root = command();
            let mut child = &mut root;
            for word in &words {
                child = child.find_subcommand_mut(word).unwrap();
            }
            let lines = child.render_help().to_string().lines().count();
            assert!(lines <= 40, "{words:?} has {lines} lines");
        }
    }
}
