//! Failures as people read them: what, where, why, what to do.

use std::fmt;
use std::path::Path;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, SourceCode,
};

use crate::codes::{self, Code};
use crate::exit::Exit;
use crate::output::Paint;

/// Result of a command's parts.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub struct Failure(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: &'static Code,
    message: String,
    places: Vec<Place>,
    details: Vec<String>,
    help: Vec<String>,
    quiet: bool,
    exit: Exit,
}

/// A line of a file that something is wrong with.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file as it is shown.
    pub file: String,
    /// Its text; empty when it could not be read.
    pub text: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub label: String,
}

impl Failure {
    /// A failure of the kind `code`.
    pub fn new(code: &'static Code, message: impl fmt::Display) -> Self {
        Self(Box::new(Parts {
            code,
            message: message.to_string(),
            places: Vec::new(),
            details: Vec::new(),
            help: Vec::new(),
            quiet: false,
            exit: code.exit,
        }))
    }

    /// Leaves with `exit` and prints nothing: the output has said it all.
    pub fn silent(exit: Exit) -> Self {
        let mut failure = Self::new(&codes::CHECK, "");
        failure.0.quiet = true;
        failure.0.exit = exit;
        failure
    }

    /// A file that cannot be read or written.
    pub fn file(path: &Path, doing: &str, error: &std::io::Error) -> Self {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
            std::io::ErrorKind::PermissionDenied => "this user may not".to_owned(),
            std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
            std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
            _ => error.to_string().split(" (os error").next().unwrap_or_default().to_lowercase(),
        };
        Self::new(&codes::NO_FILE, format!("cannot {doing} {}: {why}", path.display()))
    }

    /// Adds a line of explanation.
    #[must_use]
    pub fn detail(mut self, line: impl fmt::Display) -> Self {
        self.0.details.push(line.to_string());
        self
    }

    /// Adds a place in a file.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.0.places.push(place);
        self
    }

    /// Gives the places in `file` the name and the text of what was sent under that name.
    #[must_use]
    pub fn of_text(mut self, file: &str, shown: &str, text: &str) -> Self {
        for place in self.0.places.iter_mut().filter(|place| place.file == file) {
            self.0.message = format!("{shown} has a problem");
            place.file = shown.to_owned();
            place.text = text.to_owned();
        }
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, line: impl fmt::Display) -> Self {
        self.0.help.push(line.to_string());
        self
    }

    /// The kind.
    pub fn code(&self) -> &'static Code {
        self.0.code
    }

    /// What happened, in a line.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// How the command leaves.
    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    /// Whether there is nothing to print.
    pub fn is_silent(&self) -> bool {
        self.0.quiet
    }

    /// The failure as JSON, for `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        let places: Vec<_> = self
            .0
            .places
            .iter()
            .map(|place| {
                serde_json::json!({
                    "file": place.file, "line": place.line, "column": place.column, "message": place.label,
                })
            })
            .collect();
        serde_json::json!({"error": {
            "code": self.0.code.id,
            "message": self.0.message,
            "exit": self.0.exit.number(),
            "details": self.0.details,
            "places": places,
            "help": self.0.help,
        }})
    }

    /// The failure as people read it, ending in a line feed.
    pub fn render(&self, paint: Paint, width: usize) -> String {
        let head = paint.bad(&format!("error[{}]", self.0.code.id));
        let mut text = format!("{head}: {}\n", self.0.message);
        for place in &self.0.places {
            text.push_str(&place.render(paint, width));
        }
        for line in &self.0.details {
            for line in line.lines() {
                text.push_str("   ");
                text.push_str(line);
                text.push('\n');
            }
        }
        for (n, line) in self.0.help.iter().enumerate() {
            let start = if n == 0 { paint.accent("help:") } else { "     ".to_owned() };
            text.push_str(&format!("{start} {line}\n"));
        }
        text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl Place {
    /// A place in `file`, whose text is read when it is there.
    pub fn read(root: &Path, file: &str, line: usize, column: usize, label: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            text: std::fs::read_to_string(root.join(file)).unwrap_or_default(),
            line,
            column,
            label: label.into(),
        }
    }

    /// The place that `FILE:LINE:COLUMN` names below `root`.
    pub fn parse(root: &Path, text: &str, label: &str) -> Option<Self> {
        let (rest, column) = text.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        Some(Self::read(root, file, line.parse().ok()?, column.parse().ok()?, label))
    }

    /// The line with a mark under what is wrong, drawn by miette; without the text, one plain line.
    fn render(&self, paint: Paint, width: usize) -> String {
        let Some((offset, length)) = self.span() else {
            return format!("   {}:{}:{}  {}\n", self.file, self.line, self.column, self.label);
        };
        let diagnostic = MietteDiagnostic::new("here").with_label(LabeledSpan::new(
            Some(self.label.clone()),
            offset,
            length,
        ));
        let theme = if paint.is_on() { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let source = NamedSource::new(&self.file, self.text.clone());
        let report = miette::Report::new(diagnostic).with_source_code(Whole(source));
        let mut drawn = String::new();
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_context_lines(1);
        if handler.render_report(&mut drawn, report.as_ref()).is_err() {
            return format!("   {}:{}:{}  {}\n", self.file, self.line, self.column, self.label);
        }
        // The headline is ours; from miette we take the picture of the place.
        let lines = drawn.lines().skip_while(|line| !line.contains('╭'));
        lines.filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
    }

    /// Byte offset and length of the word at the place.
    fn span(&self) -> Option<(usize, usize)> {
        let line = self.text.split_inclusive('\n').nth(self.line.checked_sub(1)?)?;
        let before: usize = self.text.split_inclusive('\n').take(self.line - 1).map(str::len).sum();
        let start: usize = line.chars().take(self.column.saturating_sub(1)).map(char::len_utf8).sum();
        let rest = line[start..].trim_end();
        let word = rest.find([' ', ':', ',', '}', ']']).unwrap_or(rest.len()).max(1);
        let fits = start + word <= line.len();
        fits.then_some((before + start, word))
    }
}

/// A named source that owns its text.
#[derive(Debug)]
struct Whole(NamedSource<String>);

impl SourceCode for Whole {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> std::result::Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        self.0.read_span(span, before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_drawn_with_its_line() {
        let failure = Failure::new(&codes::CONTRACT, "churn@v2 breaks 1 rule")
            .at(Place {
                file: "contracts/churn.yaml".to_owned(),
                text: "columns:\n    tenure: {not_null: true}\n".to_owned(),
                line: 2,
                column: 14,
                label: "214 of 7,257 rows have no value".to_owned(),
            })
            .help("see them       volano data diff churn@v1 churn@v2")
            .help("allow some     edit contracts/churn.yaml");
        insta::assert_snapshot!(failure.render(Paint::off(), 100));
    }

    #[test]
    fn a_place_in_a_file_that_is_not_here_is_a_plain_line() {
        let place = Place::read(Path::new("/nowhere"), "volano.yaml", 3, 5, "unknown key `step`");
        let failure = Failure::new(&codes::PROJECT, "volano.yaml has 1 problem").at(place);
        insta::assert_snapshot!(failure.render(Paint::off(), 100));
    }
}
