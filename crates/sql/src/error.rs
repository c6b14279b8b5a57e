//! What is wrong with a query, and where.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use domain::suggest::nearest;

use crate::engine::Limits;

/// Result of a query function.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a query gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is wrong.
    #[error("{}{message}{}", place(*line, *column), help.as_ref().map_or_else(String::new, |help| format!(": {help}")))]
    Query {
        /// Line in the text, from 1, when known.
        line: Option<u64>,
        /// Column in characters, from 1, when known.
        column: Option<u64>,
        /// What is wrong.
        message: String,
        /// The way out.
        help: Option<String>,
    },
    /// An input cannot be read, or the result not be written.
    #[error(transparent)]
    Table(#[from] tables::Error),
    /// Memory or scratch space ran out.
    #[error("the query needs more memory than its limit of {limit_mib} MiB: {reason}; {help}")]
    Memory {
        /// The limit.
        limit_mib: usize,
        /// What the engine says.
        reason: String,
        /// The way out.
        help: &'static str,
    },
    /// It took too long.
    #[error(
        "the query was stopped after {seconds} seconds: read fewer rows or columns, or make it a `sql` step of a pipeline, which has a time limit of its own"
    )]
    Time {
        /// The limit.
        seconds: u64,
    },
    /// The rows are too many for one document.
    #[error(
        "the rows take more than {limit_mib} MiB, which is too much for one document: ask for fewer rows or columns, or for CSV, Parquet or Arrow, which have no limit"
    )]
    Document {
        /// The limit.
        limit_mib: usize,
    },
    /// The machine has no place to work in.
    #[error("{0}")]
    Scratch(String),
    /// The engine failed.
    #[error("the query failed: {0}")]
    Failed(String),
}

fn place(line: Option<u64>, column: Option<u64>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: "),
        (Some(line), None) => format!("line {line}: "),
        _ => String::new(),
    }
}

/// Turns what the engine says about `query` into the place, the fault and the way out.
pub(crate) fn explain(error: &DataFusionError, query: &str, inputs: &[String], limits: &Limits) -> Error {
    let root = error.find_root();
    if let DataFusionError::ResourcesExhausted(reason) = root {
        let (limit_mib, help) = (limits.memory >> 20, limits.help);
        return Error::Memory { limit_mib, reason: first_line(reason), help };
    }
    if let DataFusionError::SchemaError(schema, _) = root {
        return schema_fault(schema, query);
    }
    let whole = root.strip_backtrace();
    let text = first_line(&whole);
    if let Some(fault) = not_one_select(&text) {
        return fault;
    }
    if let Some(name) = text
        .split_once("table '")
        .and_then(|(_, rest)| rest.split_once("' not found"))
        .map(|(name, _)| name.rsplit('.').next().unwrap_or(name).to_owned())
    {
        let (line, column) = find(query, &name);
        let known = inputs.join(", ");
        let help = nearest(&name, inputs.iter().map(String::as_str))
            .map_or_else(|| format!("the inputs are {known}"), |near| format!("did you mean {near}?"));
        return Error::Query {
            line,
            column,
            message: format!("there is no input {name:?}"),
            help: Some(help),
        };
    }
    match root {
        DataFusionError::SQL(..) => syntax_fault(&text),
        DataFusionError::Plan(_) | DataFusionError::NotImplemented(_) => {
            let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
            Error::Query {
                line: span.map(|span| span.start.line),
                column: span.map(|span| span.start.column),
                message: without_prefix(&text),
                help: did_you_mean(&whole),
            }
        }
        _ if text.contains("Cannot cast string '") => Error::Query {
            line: None,
            column: None,
            message: without_prefix(&text).replacen("Cannot", "cannot", 1),
            help: Some("TRY_CAST gives nothing where a text does not fit".to_owned()),
        },
        _ => Error::Failed(without_prefix(&text)),
    }
}

/// What the engine says of the statement as a whole, in the words of a step's query.
fn not_one_select(text: &str) -> Option<Error> {
    let message = if text.contains("No SQL statements") {
        "the file holds no query"
    } else if text.contains("only supports a single SQL statement") {
        "there is more than one statement"
    } else if text.contains("DML not supported")
        || text.contains("DDL not supported")
        || text.contains("Statement not supported")
    {
        "a query cannot change data"
    } else if text.contains("unique expression names") {
        let message = "two columns of the result have the same name".to_owned();
        let help = Some("give one of them another name with AS".to_owned());
        return Some(Error::Query { line: None, column: None, message, help });
    } else {
        return None;
    };
    let help = Some("a step's query is one SELECT".to_owned());
    Some(Error::Query { line: None, column: None, message: message.to_owned(), help })
}

/// The engine's own guess: "Did you mean 'sqrt'?".
fn did_you_mean(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("Did you mean '")?;
    Some(format!("did you mean {}?", rest.split('\'').next()?))
}

fn schema_fault(error: &SchemaError, query: &str) -> Error {
    let (name, message, help) = match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let names: Vec<&str> = valid_fields.iter().map(|field| field.name.as_str()).collect();
            let help = nearest(&field.name, names.iter().copied()).map_or_else(
                || {
                    let some = names.iter().take(20).copied().collect::<Vec<_>>().join(", ");
                    (!some.is_empty()).then(|| format!("the columns are {some}"))
                },
                |near| Some(format!("did you mean {near}?")),
            );
            let from = field.relation.as_ref().map_or_else(String::new, |table| format!(" in {table}"));
            (&field.name, format!("there is no column {:?}{from}", field.name), help)
        }
        SchemaError::AmbiguousReference { field } => (
            &field.name,
            format!("the column {:?} is in more than one table", field.name),
            Some("write the table's name before it".to_owned()),
        ),
        SchemaError::DuplicateUnqualifiedField { name }
        | SchemaError::DuplicateQualifiedField { name, .. } => (
            name,
            format!("the result has the column {name:?} twice"),
            Some("give one of them another name with AS".to_owned()),
        ),
    };
    let (line, column) = find(query, name);
    Error::Query { line, column, message, help }
}

/// `… Expected: X, found: Y at Line: 3, Column: 5`.
pub(crate) fn syntax_fault(text: &str) -> Error {
    let number = |after: &str| {
        let (_, rest) = text.split_once(after)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let message = text.split_once("ParserError(\"").map_or(text, |(_, rest)| rest.trim_end_matches("\")"));
    let message = message.split(" at Line:").next().unwrap_or(message);
    let message = message.replace("Expected: ", "expected ").replace("found: ", "found ");
    Error::Query {
        line: number("Line: "),
        column: number("Column: "),
        message: without_prefix(&message),
        help: None,
    }
}

/// Where `name` stands in the query as a word of its own, comments left out.
fn find(query: &str, name: &str) -> (Option<u64>, Option<u64>) {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    for (number, line) in query.lines().enumerate() {
        let code = line.split("--").next().unwrap_or(line);
        for (at, _) in code.to_lowercase().match_indices(&name.to_lowercase()) {
            let before = code.get(..at).and_then(|text| text.chars().next_back());
            let after = code.get(at + name.len()..).and_then(|text| text.chars().next());
            if !before.is_some_and(word) && !after.is_some_and(word) {
                let column = code.get(..at).map_or(0, |text| text.chars().count()) as u64 + 1;
                return (Some(number as u64 + 1), Some(column));
            }
        }
    }
    (None, None)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

fn without_prefix(text: &str) -> String {
    let prefixes = [
        "Error during planning: ",
        "This feature is not implemented: ",
        "SQL error: ",
        "Arrow error: ",
        "Cast error: ",
        "Execution error: ",
        "sql parser error: ",
    ];
    let mut rest = text;
    while let Some(shorter) = prefixes.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = shorter;
    }
    rest.trim_end_matches('.').to_owned()
}
