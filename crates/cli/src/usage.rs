//! What to say when the command line is not understood; also where help and version texts leave.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::Globals;
use crate::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Prints what clap has to say, in our form, and how to leave.
pub fn answer(error: &clap::Error) -> Exit {
    let globals =
        Globals { json: std::env::args().any(|argument| argument == "--json"), ..Globals::default() };
    let out = Output::new(&globals);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            out.write(&error.render().to_string());
            Exit::Done
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            out.note(error.render().to_string().trim_end());
            Exit::Usage
        }
        _ => crate::report(&failure(error), &out),
    }
}

fn failure(error: &clap::Error) -> Failure {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            format!("there is no command {:?}", text(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::UnknownArgument => format!("{argument} is not understood here"),
        ErrorKind::MissingRequiredArgument => format!("missing: {argument}"),
        ErrorKind::MissingSubcommand => "what should be done is missing".to_owned(),
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} needs a value"),
        ErrorKind::InvalidValue => format!("{argument} cannot be {value:?}"),
        ErrorKind::ValueValidation => {
            format!("{argument} cannot be {value:?}{}", why(error))
        }
        ErrorKind::ArgumentConflict => {
            let other = text(ContextKind::PriorArg).unwrap_or_default();
            if other == argument || other.is_empty() {
                format!("{argument} is given twice")
            } else {
                format!("{argument} does not go together with {other}")
            }
        }
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => format!("{argument} needs more values"),
        ErrorKind::TooManyValues => format!("{argument} takes fewer values"),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => first_line(&error.render().to_string()),
    };
    let failure = Failure::new(&codes::USAGE, message);
    hints(error, failure, text)
}

/// What the value's own reader says.
fn why(error: &clap::Error) -> String {
    let Some(source) = std::error::Error::source(error) else { return String::new() };
    if source.is::<std::num::ParseIntError>() {
        ": it is not a whole number".to_owned()
    } else {
        format!(": {source}")
    }
}

fn hints(error: &clap::Error, mut failure: Failure, text: impl Fn(ContextKind) -> Option<String>) -> Failure {
    let near = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    if let Some(near) = near.into_iter().find_map(&text) {
        let wrong = text(ContextKind::InvalidSubcommand).unwrap_or_default();
        let nearest = domain::suggest::nearest(&wrong, near.split(", ")).unwrap_or(&near);
        failure = failure.help(format_args!("did you mean {nearest}?"));
    }
    if let Some(values) = text(ContextKind::ValidValue) {
        failure = failure.help(format_args!("it can be: {values}"));
    }
    if let Some(commands) =
        text(ContextKind::ValidSubcommand).filter(|_| error.kind() == ErrorKind::MissingSubcommand)
    {
        failure = failure.help(format_args!("it can be: {commands}"));
    }
    failure.help(format_args!("{} -h shows examples", command_words(error)))
}

/// The command that was meant, from the usage that clap gives with the error; else from what was typed.
fn command_words(error: &clap::Error) -> String {
    let root = crate::help::command();
    let mut command = &root;
    let mut words = vec!["volano".to_owned()];
    let typed: Vec<String> = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => {
            let usage = usage.to_string();
            usage.trim_start_matches("Usage:").split_whitespace().skip(1).map(ToOwned::to_owned).collect()
        }
        _ => std::env::args().skip(1).collect(),
    };
    for word in typed {
        let Some(child) = command.find_subcommand(&word) else { break };
        words.push(child.get_name().to_owned());
        command = child;
    }
    words.join(" ")
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
