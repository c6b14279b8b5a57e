//! What commands print: results on standard output, all else on standard error; tables for people,
//! tab-separated lines for pipes, JSON for machines.

mod human;
mod page;
mod progress;

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde_json::Value;

pub use human::{bytes, count, duration_ms, number, percent, short_id, shortened, time_iso};
pub use page::{Cell, Page, Table, Tone};
pub use progress::{Progress, spin};

use crate::args::{ColorChoice, Globals};

/// The width when nobody knows.
const DEFAULT_WIDTH: usize = 100;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Aligned tables for people.
    Table,
    /// Tab-separated lines for pipes.
    Lines,
    /// JSON for machines.
    Json,
    /// Ids only.
    Ids,
}

/// Where and how a command prints.
#[derive(Clone, Debug)]
pub struct Output {
    form: Form,
    stdout: Paint,
    stderr: Paint,
    width: usize,
    stderr_is_terminal: bool,
}

impl Output {
    /// The output that the flags, the environment and the terminals ask for.
    pub fn new(globals: &Globals) -> Self {
        let terminal = io::stdout().is_terminal();
        let form = match (globals.json, globals.quiet, terminal) {
            (true, _, _) => Form::Json,
            (_, true, _) => Form::Ids,
            (_, _, true) => Form::Table,
            _ => Form::Lines,
        };
        let stderr_is_terminal = io::stderr().is_terminal();
        Self {
            form,
            stdout: Paint::choose(globals.color, terminal, env),
            stderr: Paint::choose(globals.color, stderr_is_terminal, env),
            width: terminal_width().unwrap_or(DEFAULT_WIDTH),
            stderr_is_terminal,
        }
    }

    /// How results are written.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Colours for standard output.
    pub fn paint(&self) -> Paint {
        self.stdout
    }

    /// Colours for standard error.
    pub fn paint_stderr(&self) -> Paint {
        self.stderr
    }

    /// Columns of the terminal.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether bars may be drawn.
    pub fn is_live(&self) -> bool {
        self.stderr_is_terminal && self.form != Form::Ids && env("TERM").as_deref() != Some("dumb")
    }

    /// Prints one result: the document, or the ids, or the page.
    pub fn show(&self, document: &Value, ids: &[String], page: &Page) {
        match self.form {
            Form::Json => self.json(document),
            Form::Ids => ids.iter().for_each(|id| self.line(id)),
            Form::Table => self.write(&page.render(self.stdout, self.width)),
            Form::Lines => self.write(&page.render_lines()),
        }
    }

    /// Prints a list: one JSON object a line, or the ids, or the table; `empty` goes to standard error.
    pub fn list(&self, items: &[Value], ids: &[String], table: Table, empty: &str) {
        match self.form {
            Form::Json => items.iter().for_each(|item| self.line(item)),
            Form::Ids => ids.iter().for_each(|id| self.line(id)),
            _ if items.is_empty() => self.note(empty),
            _ => self.show(&Value::Null, ids, &Page::new().table(table)),
        }
    }

    /// Prints a document as JSON.
    pub fn json(&self, document: &Value) {
        let text = serde_json::to_string_pretty(document).expect("a JSON value is always written");
        self.line(text);
    }

    /// Prints a line of result.
    pub fn line(&self, text: impl Display) {
        self.write(&format!("{text}\n"));
    }

    /// Prints text as it is. A reader that has gone away ends the command quietly, as in any pipe.
    pub fn write(&self, text: &str) {
        self.write_bytes(text.as_bytes());
    }

    /// Prints bytes as they are.
    pub fn write_bytes(&self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        if stdout.write_all(bytes).and_then(|()| stdout.flush()).is_err() {
            std::process::exit(0);
        }
    }

    /// Says something beside the result, on standard error.
    pub fn note(&self, text: impl Display) {
        // Nobody to tell it to is no reason to stop.
        let _gone = writeln!(io::stderr().lock(), "{text}");
    }

    /// Says that a thing is done.
    pub fn done(&self, text: impl Display) {
        self.note(format_args!("{} {text}", self.stderr.good("✓")));
    }

    /// Says that something needs a look.
    pub fn warn(&self, text: impl Display) {
        self.note(format_args!("{} {text}", self.stderr.warn("!")));
    }

    /// Says what may come next; to people only.
    pub fn next(&self, text: impl Display) {
        if self.is_live() && self.form == Form::Table {
            self.note(self.stderr.dim(&format!("next: {text}")));
        }
    }
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn terminal_width() -> Option<usize> {
    let columns = env("COLUMNS").and_then(|text| text.parse().ok());
    columns.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
}

/// Colours, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// No colours.
    #[cfg(test)]
    pub fn off() -> Self {
        Self { on: false }
    }

    /// Flag, then `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, then whether it is a terminal.
    fn choose(choice: Option<ColorChoice>, terminal: bool, env: impl Fn(&str) -> Option<String>) -> Self {
        let on = match choice {
            Some(ColorChoice::Always) => true,
            Some(ColorChoice::Never) => false,
            Some(ColorChoice::Auto) | None => {
                let forced = env("CLICOLOR_FORCE").is_some_and(|value| value != "0");
                let dumb = env("TERM").as_deref() == Some("dumb");
                env("NO_COLOR").is_none() && (forced || (terminal && !dumb))
            }
        };
        Self { on }
    }

    /// Whether there are colours.
    pub fn is_on(self) -> bool {
        self.on
    }

    fn style(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Green.
    pub fn good(self, text: &str) -> String {
        self.style("32", text)
    }

    /// Yellow.
    pub fn warn(self, text: &str) -> String {
        self.style("33", text)
    }

    /// Red.
    pub fn bad(self, text: &str) -> String {
        self.style("1;31", text)
    }

    /// Blue.
    pub fn accent(self, text: &str) -> String {
        self.style("34", text)
    }

    /// Faint.
    pub fn dim(self, text: &str) -> String {
        self.style("2", text)
    }

    /// Bold.
    pub fn bold(self, text: &str) -> String {
        self.style("1", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(choice: Option<ColorChoice>, terminal: bool, set: &[(&str, &str)]) -> bool {
        let env = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Paint::choose(choice, terminal, env).is_on()
    }

    #[test]
    fn colour_follows_flag_then_environment_then_terminal() {
        assert!(chosen(None, true, &[]));
        assert!(!chosen(None, false, &[]));
        assert!(!chosen(None, true, &[("NO_COLOR", "1")]));
        assert!(!chosen(None, true, &[("TERM", "dumb")]));
        assert!(chosen(None, false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!chosen(None, true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
        assert!(chosen(Some(ColorChoice::Always), false, &[("NO_COLOR", "1")]));
        assert!(!chosen(Some(ColorChoice::Never), true, &[]));
    }
}
