//! The files of a project, from their templates.

use std::path::PathBuf;

use super::choose::{Choice, Feature, Problem};
use super::survey::Survey;
use crate::codes;
use crate::failure::{Failure, Result};
use crate::place::PROJECT_FILE;

const PROJECT: &str = include_str!("../../../templates/volano.yaml");
const EMPTY: &str = include_str!("../../../templates/empty.yaml");
const TRAIN: &str = include_str!("../../../templates/train.py");
const NOTEBOOK: &str = include_str!("../../../templates/explore.ipynb");
const README: &str = include_str!("../../../templates/README.md");
const REQUIREMENTS: &str = include_str!("../../../templates/requirements.txt");
const GITIGNORE: &str = include_str!("../../../templates/gitignore");
/// Days that a forecast looks back.
const LAGS: [u32; 4] = [1, 2, 7, 14];

/// Files with their paths below the project.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// The files of an empty project.
pub fn empty(project: &str) -> Files {
    let text = fill(EMPTY, &[("project", project)]);
    vec![file(PROJECT_FILE, text), file(".gitignore", GITIGNORE.to_owned())]
}

/// The files of a project around data that lie at `path`.
pub fn project(project: &str, path: &str, survey: &Survey, choice: &Choice) -> Result<Files> {
    let yaml = volano_yaml(project, path, survey, choice);
    // What we write must be right: a name that breaks it is said now, not at the first run.
    if let Err(problems) = domain::pipelines::project::Project::parse(&yaml, PROJECT_FILE) {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        return Err(Failure::new(
            &codes::PROJECT,
            format!("a name in the data does not fit into volano.yaml: {first}"),
        )
        .help("rename the column or the file, or give --name"));
    }
    let dataset = &survey.dataset;
    let label = serde_json::Value::from(choice.label.name.clone()).to_string();
    // Inside the notebook the code is itself a JSON string.
    let notebook_label = label.replace('"', "\\\"");
    let about =
        [("dataset", dataset.as_str()), ("label", &choice.label.name), ("label_json", &notebook_label)];
    let purpose = purpose(choice);
    let readme = [("project", project), ("purpose", &purpose), ("dataset", dataset), ("path", path)];
    Ok(vec![
        file(PROJECT_FILE, yaml),
        file("sql/features.sql", features_sql(dataset, choice)),
        file("src/train.py", train_py(choice)),
        file("requirements.txt", REQUIREMENTS.to_owned()),
        file(&format!("contracts/{dataset}.yaml"), survey.contract.clone()),
        file("notebooks/explore.ipynb", fill(NOTEBOOK, &about)),
        file("README.md", fill(README, &readme)),
        file(".gitignore", GITIGNORE.to_owned()),
    ])
}

fn file(path: &str, text: String) -> (PathBuf, Vec<u8>) {
    (PathBuf::from(path), text.into_bytes())
}

/// Puts values where `{{name}}` stands.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

fn purpose(choice: &Choice) -> String {
    let label = &choice.label.name;
    match choice.problem {
        Problem::Binary => format!("say whether {label} will be, from what is known before"),
        Problem::Classes => format!("say which {label} it is, from what is known before"),
        Problem::Number => format!("estimate {label}, from what is known before"),
        Problem::Forecast => format!("forecast {label}, from its own past"),
    }
}

/// A name as a YAML value: plain where that is safe, else quoted as in JSON.
fn yaml(text: &str) -> String {
    let safe = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '/' | '.' | '*' | '-');
    let plain = text.starts_with(|sign: char| sign.is_ascii_alphabetic()) && text.chars().all(safe);
    let word =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if plain && !word { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn volano_yaml(project: &str, path: &str, survey: &Survey, choice: &Choice) -> String {
    let metric = choice.metric();
    let slices = match choice.slices.as_slice() {
        [] => String::new(),
        names => {
            format!("  slices: [{}]\n", names.iter().map(|name| yaml(name)).collect::<Vec<_>>().join(", "))
        }
    };
    let column = |key: &str, feature: &Option<Feature>| match feature {
        Some(feature) if key == "key" => format!(", key: [{}]", yaml(&feature.source)),
        Some(feature) => format!(", {key}: {}", yaml(&feature.source)),
        None => String::new(),
    };
    let (by, part) = match (&choice.time, choice.by_month) {
        (Some(time), true) => {
            let by = format!("    by:  month({})\n", time.source);
            (by, "all months but the newest")
        }
        _ => (String::new(), "four rows of five"),
    };
    let gate = match choice.problem {
        Problem::Binary => "    - roc_auc >= 0.6\n    - roc_auc >= champion.roc_auc - 0.005\n",
        Problem::Classes => "    - accuracy >= champion.accuracy - 0.005\n",
        Problem::Number | Problem::Forecast => "    - rmse <= champion.rmse * 1.02\n",
    };
    let endpoint = format!("{project}-api");
    let purpose = purpose(choice);
    let label = yaml(&choice.label.name);
    fill(
        PROJECT,
        &[
            ("purpose", &purpose),
            ("project", &yaml(project)),
            ("metric", metric),
            ("label", &label),
            ("slices", &slices),
            ("path", &yaml(path)),
            ("key", &column("key", &choice.key)),
            ("time", &column("time", &choice.time)),
            ("dataset", &survey.dataset),
            ("by", &by),
            ("min_rows", &if choice.by_month { 0 } else { choice.rows / 10 }.to_string()),
            ("train_part", part),
            ("gate", gate),
            ("endpoint", &yaml(&endpoint)),
            ("new_rows", &(choice.rows / 10).max(1).to_string()),
        ],
    )
}

/// A name as an SQL identifier.
fn sql(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn features_sql(dataset: &str, choice: &Choice) -> String {
    let mut lines = Vec::new();
    let mut push = |expression: String, name: &str| lines.push(format!("    {expression} AS {}", sql(name)));
    for feature in [&choice.time, &choice.key].into_iter().flatten() {
        push(sql(&feature.source), &feature.name);
    }
    for feature in &choice.categories {
        push(format!("COALESCE(CAST({} AS VARCHAR), '')", sql(&feature.source)), &feature.name);
    }
    for feature in &choice.numbers {
        push(format!("CAST({} AS DOUBLE)", sql(&feature.source)), &feature.name);
    }
    if let (Problem::Forecast, Some(time)) = (choice.problem, &choice.time) {
        lags(choice, time).into_iter().for_each(|(expression, name)| push(expression, &name));
    }
    push(label_sql(choice), &choice.label.name);
    let order = choice.time.as_ref().or(choice.key.as_ref());
    let order = order.map(|feature| format!("\nORDER BY {}", sql(&feature.source))).unwrap_or_default();
    let left_out: String = choice
        .left_out
        .iter()
        .map(|(name, why)| format!("-- Left out: {} ({why}).\n", name.replace('\n', " ")))
        .collect();
    let text = format!(
        "-- One row for each row of {dataset} whose {label} is known, with what was known before.\n{left_out}SELECT\n{}\n\
         FROM {dataset}\nWHERE {source} IS NOT NULL{order}\n",
        lines.join(",\n"),
        label = choice.label.source.replace('\n', " "),
        source = sql(&choice.label.source),
    );
    match choice.problem {
        // The first rows have no past to look back on.
        Problem::Forecast => {
            format!("SELECT * FROM (\n{}\n) WHERE {} IS NOT NULL\n", text.trim_end(), sql("mean_7"))
        }
        _ => text,
    }
}

/// What is known of a series before the row: earlier values, their mean, the weekday and the month.
fn lags(choice: &Choice, time: &Feature) -> Vec<(String, String)> {
    let (value, order) = (sql(&choice.label.source), format!("ORDER BY {}", sql(&time.source)));
    let lag =
        |rows: &u32| (format!("CAST(LAG({value}, {rows}) OVER ({order}) AS DOUBLE)"), format!("lag_{rows}"));
    let mut columns: Vec<(String, String)> = LAGS.iter().map(lag).collect();
    let before = "ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING";
    columns.push((format!("AVG(CAST({value} AS DOUBLE)) OVER ({order} {before})"), "mean_7".to_owned()));
    for (part, name) in [("dow", "day_of_week"), ("month", "month_of_year")] {
        columns
            .push((format!("CAST(date_part('{part}', {}) AS DOUBLE)", sql(&time.source)), name.to_owned()));
    }
    columns
}

fn label_sql(choice: &Choice) -> String {
    let label = sql(&choice.label.source);
    match (choice.problem, &choice.yes) {
        (Problem::Binary, Some((yes, number))) => {
            let yes =
                if *number || yes == "true" { yes.clone() } else { format!("'{}'", yes.replace('\'', "''")) };
            format!("CAST(CASE WHEN {label} = {yes} THEN 1 ELSE 0 END AS BIGINT)")
        }
        (Problem::Classes, _) => format!("CAST({label} AS VARCHAR)"),
        _ => format!("CAST({label} AS DOUBLE)"),
    }
}

fn train_py(choice: &Choice) -> String {
    let names = |features: &[Feature]| {
        let quoted: Vec<String> = features.iter().map(|feature| format!("\"{}\"", feature.name)).collect();
        format!("[{}]", quoted.join(", "))
    };
    let numbers = match choice.problem {
        Problem::Forecast => {
            let lags = LAGS.iter().map(|rows| format!("\"lag_{rows}\", ")).collect::<String>();
            format!("[{lags}\"mean_7\", \"day_of_week\", \"month_of_year\"]")
        }
        _ => names(&choice.numbers),
    };
    let (estimator, function, check, predict) = match choice.problem {
        Problem::Binary => (
            "HistGradientBoostingClassifier",
            "roc_auc_score",
            "roc_auc_score(check_y, model.predict_proba(check_x)[:, 1])",
            "predict_proba",
        ),
        Problem::Classes => (
            "HistGradientBoostingClassifier",
            "accuracy_score",
            "accuracy_score(check_y, model.predict(check_x))",
            "predict",
        ),
        Problem::Number | Problem::Forecast => (
            "HistGradientBoostingRegressor",
            "root_mean_squared_error",
            "root_mean_squared_error(check_y, model.predict(check_x))",
            "predict",
        ),
    };
    fill(
        TRAIN,
        &[
            ("label_python", &format!("\"{}\"", choice.label.name)),
            ("label", &choice.label.name),
            ("estimator", estimator),
            ("metric_function", function),
            ("categories", &names(&choice.categories)),
            ("numbers", &numbers),
            ("check", check),
            ("metric", choice.metric()),
            ("predict", predict),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_versions_are_those_of_the_example() {
        let example = include_str!("../../../../../examples/flights/requirements.txt");
        for line in REQUIREMENTS.lines() {
            assert!(example.lines().any(|other| other == line), "{line} is not what examples/flights pins");
        }
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(yaml("data/a/*.csv"), "data/a/*.csv");
        assert_eq!(yaml("Monthly Charge"), "\"Monthly Charge\"");
        assert_eq!(yaml("no"), "\"no\"");
        assert_eq!(sql("a\"b"), "\"a\"\"b\"");
    }
}
