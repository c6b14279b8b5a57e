//! Refusals of the server (problem+json) as failures that people read.

use serde_json::Value;

use crate::codes::{self, Code};
use crate::failure::{Failure, Place};
use crate::place;

/// The failure that an answer with this status and body means.
pub fn failure(status: u16, body: &[u8]) -> Failure {
    let problem: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let code = code(status, &problem);
    let text = |key: &str| problem[key].as_str().filter(|text| !text.is_empty());
    let fallback = || {
        text("title")
            .or_else(|| text("message"))
            .map_or_else(|| format!("the server answered {status}"), ToOwned::to_owned)
    };
    let message = text("detail").map_or_else(fallback, ToOwned::to_owned);
    let message = if code == &codes::NOT_FOUND { spaced(&message) } else { message };
    if let Some(failure) = slip_in_file(code, text("field").unwrap_or_default(), &message) {
        return failure;
    }
    let mut failure = Failure::new(code, message);
    for place in places(&problem) {
        failure = failure.at(place);
    }
    match &problem["help"] {
        Value::String(help) => failure = help.lines().fold(failure, Failure::help),
        Value::Array(lines) => failure = lines.iter().filter_map(Value::as_str).fold(failure, Failure::help),
        _ => {}
    }
    if let (true, Some(record)) = (code == &codes::CONTRACT, text("record")) {
        failure = failure
            .help(format_args!("see them     volano data show {record}"))
            .help("mend the data, or the rule if the world has changed");
    }
    if let (true, Some(id)) = (status >= 500, text("request_id")) {
        failure = failure.detail(format_args!("request id {id}"));
    }
    default_help(failure, code)
}

/// A slip in a file that a person wrote, drawn at its place: a field that reads FILE:LINE:COLUMN.
fn slip_in_file(code: &'static Code, field: &str, message: &str) -> Option<Failure> {
    let label = message.strip_prefix(field)?.trim_start_matches(": ");
    let (label, others) = label.split_once('\n').unwrap_or((label, ""));
    let place = Place::parse(&place::project_root_here().unwrap_or_default(), field, label)?;
    let failure = Failure::new(code, format!("{} has a problem", place.file)).at(place);
    Some(others.lines().fold(failure, |failure, line| failure.detail(line)))
}

/// Nouns of two words are one in the API; people write them apart.
fn spaced(message: &str) -> String {
    let end = message.find('"').unwrap_or(message.len());
    format!("{}{}", message[..end].replace('_', " "), &message[end..])
}

/// The code by the problem's own word, else by the status.
fn code(status: u16, problem: &Value) -> &'static Code {
    let word = problem["code"].as_str().unwrap_or_default();
    if let Some(code) = codes::find(word).filter(|_| word.starts_with('E')) {
        return code;
    }
    // MLflow's API says with 400 what ours says with 409.
    match problem["error_code"].as_str() {
        Some("RESOURCE_ALREADY_EXISTS") => return &codes::EXISTS,
        Some("INVALID_STATE") => return &codes::CONFLICT,
        _ => {}
    }
    match word {
        "contract" => return &codes::CONTRACT,
        "gate" => return &codes::GATE,
        "drift" => return &codes::DRIFT,
        "performance" => return &codes::PERFORMANCE,
        "already_exists" => return &codes::EXISTS,
        _ => {}
    }
    match (status, problem["check"].as_str()) {
        (422, Some("contract")) => &codes::CONTRACT,
        (422, Some("gate")) => &codes::GATE,
        (422, Some("drift")) => &codes::DRIFT,
        (422, Some("performance")) => &codes::PERFORMANCE,
        (422, _) => &codes::CHECK,
        (400, _) if is_project(problem) => &codes::PROJECT,
        (400, _) if problem["field"].as_str().is_some_and(|field| field.starts_with("files")) => &codes::DATA,
        (400 | 405 | 413 | 415, _) => &codes::VALUE,
        (401, _) => &codes::NOT_SIGNED_IN,
        (403, _) => &codes::NOT_ALLOWED,
        (404, _) => &codes::NOT_FOUND,
        (409, _) => &codes::CONFLICT,
        // The address of a tracked run says so of the server behind it.
        (424, _) => &codes::UNREACHABLE,
        (429 | 502 | 503 | 504 | 507, _) => &codes::BUSY,
        _ => &codes::INTERNAL,
    }
}

/// Whether it is about a file of the project that a person wrote as YAML.
fn is_project(problem: &Value) -> bool {
    let field = problem["field"].as_str().unwrap_or_default();
    let file = field.split(':').next().unwrap_or_default();
    field.starts_with(place::PROJECT_FILE) || (file != field && file.ends_with(".yaml"))
}

/// Places in files: the list `problems`, or a field that reads FILE:LINE:COLUMN.
fn places(problem: &Value) -> Vec<Place> {
    let root = place::project_root_here().unwrap_or_default();
    if let Some(problems) = problem["problems"].as_array() {
        let read = problems.iter().filter_map(|found| {
            let file = found["file"].as_str()?;
            let line = usize::try_from(found["line"].as_u64()?).ok()?;
            let column = usize::try_from(found["column"].as_u64().unwrap_or(1)).ok()?;
            let message = found["message"].as_str().unwrap_or_default();
            let label = match found["help"].as_str() {
                Some(help) if !help.is_empty() => format!("{message}; {help}"),
                _ => message.to_owned(),
            };
            Some(Place::read(&root, file, line, column, label))
        });
        return read.collect();
    }
    Vec::new()
}

fn default_help(failure: Failure, code: &'static Code) -> Failure {
    if code == &codes::NOT_SIGNED_IN {
        return failure.help("volano login URL --token-stdin");
    }
    if code == &codes::DATA {
        return failure.help("mend the files, then try again");
    }
    if code == &codes::INTERNAL {
        return failure
            .help("the server's log has the cause under the request id; volano doctor looks at the rest");
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(status: u16, problem: &Value) -> Failure {
        failure(status, problem.to_string().as_bytes())
    }

    #[test]
    fn every_status_has_its_exit_code() {
        for (status, exit) in [
            (400, 2),
            (401, 4),
            (403, 4),
            (404, 1),
            (409, 1),
            (422, 3),
            (429, 5),
            (500, 1),
            (503, 5),
            (418, 1),
        ] {
            assert_eq!(read(status, &json!({"detail": "x"})).exit().number(), exit, "{status}");
        }
    }

    #[test]
    fn checks_have_their_own_codes() {
        for (check, code) in
            [("contract", "E0212"), ("gate", "E0213"), ("drift", "E0214"), ("other", "E0218")]
        {
            assert_eq!(read(422, &json!({"check": check})).code().id, code);
        }
    }

    #[test]
    fn refusals_of_mlflows_api_read_like_ours() {
        let exists =
            json!({"error_code": "RESOURCE_ALREADY_EXISTS", "message": "Experiment(name=a) already exists."});
        assert_eq!(read(400, &exists).code().id, "E0402");
        assert_eq!(read(400, &exists).message(), "Experiment(name=a) already exists.");
        let wrong = json!({"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value"});
        assert_eq!(read(400, &wrong).code().id, "E0102");
    }

    #[test]
    fn an_answer_that_is_no_problem_document_still_says_something() {
        assert_eq!(failure(502, b"<html>").message(), "the server answered 502");
    }
}
