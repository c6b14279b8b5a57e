//! The JSON Schema of `volano.yaml`, for completion and checking in editors.
//!
//! Its keys are those that the reader knows; what only the reader can tell (references, cycles, conditions) is not in it.

use serde_json::{Map, Value, json};

use super::vocabulary::METRICS;
use super::{parse, parse_step, parse_trigger};

/// Where the schema is published in the book.
pub const FILE_NAME: &str = "volano.schema.json";

/// The schema (draft 2020-12).
pub fn schema() -> Value {
    let metrics: Vec<&str> = METRICS.iter().map(|(name, _)| *name).collect();
    let mut top = object(
        parse::TOP,
        &[
            ("project", name("The project's name: also of its pipeline, experiment and registered model.")),
            ("objective", objective(&metrics)),
            (
                "params",
                map(
                    "What a run may set: a default value, or a map with `default`, `min`, `max`, `choices`, `help`.",
                    param(),
                ),
            ),
            ("data", map("Sources: sets of files that become data versions.", source())),
            ("steps", map("What the pipeline does; the order follows from the inputs.", step(&metrics))),
            ("gate", gate()),
            ("deploy", deploy()),
            ("monitor", monitor(&metrics)),
            ("triggers", json!({"type": "array", "description": "What starts a run.", "items": trigger()})),
            ("limits", limits()),
        ],
    );
    top["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    top["title"] = json!("volano.yaml");
    top["required"] = json!(["project"]);
    top
}

/// A map with these keys and no others; every key of `known` must be described.
fn object(known: &[&str], described: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    for key in known {
        let found = described.iter().find(|(name, _)| name == key);
        properties.insert((*key).to_owned(), found.map_or_else(|| json!({}), |(_, value)| value.clone()));
    }
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn with(mut value: Value, key: &str, inner: Value) -> Value {
    value[key] = inner;
    value
}

fn map(description: &str, value: Value) -> Value {
    json!({
        "type": "object", "description": description,
        "propertyNames": {"pattern": NAME}, "additionalProperties": value,
    })
}

const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$";
const DURATION: &str = "^\\s*[0-9._]+ ?(ms|s|m|h|d|w)\\s*$";

fn name(description: &str) -> Value {
    json!({"type": "string", "pattern": NAME, "description": description})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn file(description: &str) -> Value {
    json!({"type": "string", "pattern": "^[^/\\\\][^\\\\]*$", "description": description})
}

fn number(description: &str) -> Value {
    json!({"type": "number", "description": description})
}

fn texts(description: &str) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "description": description})
}

fn duration(description: &str) -> Value {
    json!({"type": "string", "pattern": DURATION, "description": description, "examples": ["30m", "6h", "7d"]})
}

fn condition(description: &str) -> Value {
    json!({"type": ["string", "boolean"], "description": description})
}

fn conditions(description: &str) -> Value {
    json!({
        "description": description,
        "oneOf": [{"type": ["string", "boolean"]}, {"type": "array", "items": {"type": ["string", "boolean"]}}],
    })
}

fn words(description: &str, words: &[&str]) -> Value {
    json!({"enum": words, "description": description})
}

fn objective(metrics: &[&str]) -> Value {
    object(
        parse::OBJECTIVE,
        &[
            ("problem", text("The problem in a sentence.")),
            ("metric", words("The metric that decides.", metrics)),
            ("target", number("The value of the metric that is aimed at.")),
            ("slices", texts("Columns whose values must each come off well.")),
            ("owners", texts("Who answers for it.")),
            ("label", text("The column that holds the truth; monitor.performance.label when left out.")),
        ],
    )
}

fn scalar() -> Value {
    json!({"type": ["number", "string", "boolean"]})
}

fn param() -> Value {
    let whole = object(
        parse::PARAM,
        &[
            ("default", scalar()),
            ("min", number("The smallest number allowed.")),
            ("max", number("The largest number allowed.")),
            (
                "choices",
                json!({"type": "array", "items": scalar(), "description": "The only values allowed."}),
            ),
            ("help", text("What it does.")),
        ],
    );
    json!({"oneOf": [scalar(), with(whole, "required", json!(["default"]))]})
}

fn source() -> Value {
    let source = object(
        parse::SOURCE,
        &[
            ("path", file("A file or a pattern of files, from the folder of volano.yaml.")),
            ("kind", words("One table in one or several files, or files as they are.", &["table", "files"])),
            ("key", texts("Columns that tell rows apart.")),
            ("time", text("The column of the row's time.")),
            ("contract", file("The contract that a version must keep to be published.")),
        ],
    );
    with(source, "required", json!(["path"]))
}

fn step(metrics: &[&str]) -> Value {
    let output = object(
        &["kind", "contract"],
        &[
            ("kind", words("What it is.", &["table", "model", "file", "metrics"])),
            ("contract", file("The contract that a table must keep.")),
        ],
    );
    let reference = json!({
        "type": "string", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_.-]+(@(all|train|holdout))?$",
        "description": "`data.SOURCE` or `STEP.OUTPUT`, with `@train` or `@holdout` for a part of it.",
    });
    let values = json!({"type": "array", "minItems": 1, "items": scalar()});
    let step = object(
        parse_step::STEP,
        &[
            ("sql", file("A query of the built-in engine; its inputs are tables of their names.")),
            ("run", text("A command line, with ${in.X}, ${out.X} and ${params.X}.")),
            ("notebook", file("A notebook to execute; the executed copy is kept.")),
            ("use", words("The built-in comparison of challenger and champion.", &["evaluate"])),
            ("in", map("What it reads.", reference)),
            ("out", map("What it makes.", with(output, "required", json!(["kind"])))),
            (
                "by",
                json!({
                    "type": "string", "pattern": "^\\s*(hour|day|month|year|value)\\s*\\(.+\\)\\s*$",
                    "description": "One cached unit per value of this; sql steps.", "examples": ["month(time_hour)"],
                }),
            ),
            ("check", conditions("What its outputs must meet before they are committed.")),
            ("env", env()),
            ("each", map("Fan-out: parameter and the values it takes; several make a grid.", values)),
            (
                "keep",
                json!({
                    "type": "string", "pattern": "^\\s*(best|highest|lowest)\\(.+\\)\\s*$",
                    "description": "Which unit of `each` goes on.", "examples": metrics.iter().take(3).map(|m| format!("best({m})")).collect::<Vec<_>>(),
                }),
            ),
            ("retry", retry()),
            ("timeout", duration("How long one attempt may take.")),
            (
                "need",
                object(
                    &["cpu", "memory"],
                    &[
                        ("cpu", number("Processor cores.")),
                        ("memory", json!({"type": "string", "description": "Memory, as 2GiB."})),
                    ],
                ),
            ),
            (
                "test",
                object(
                    &["fixture", "expect"],
                    &[
                        ("fixture", file("A small input.")),
                        ("expect", conditions("What must hold after a run on it.")),
                    ],
                ),
            ),
        ],
    );
    let one = |key: &str| json!({"required": [key]});
    with(step, "oneOf", json!([one("sql"), one("run"), one("notebook"), one("use")]))
}

fn env() -> Value {
    let env = object(
        &["requirements", "python"],
        &[
            ("requirements", file("A pip requirements file; pin the versions.")),
            (
                "python",
                json!({"type": "string", "pattern": "^3\\.[0-9]+(\\.[0-9]+)?$", "description": "The Python version, in quotes."}),
            ),
        ],
    );
    with(env, "required", json!(["requirements"]))
}

fn retry() -> Value {
    object(
        &["max", "if", "exit_codes"],
        &[
            ("max", json!({"type": "integer", "minimum": 0, "description": "Attempts after the first."})),
            (
                "if",
                json!({
                    "type": "array", "items": {"enum": ["lost", "oom", "timeout", "exit"]},
                    "description": "Causes that are worth another attempt; failed checks never are.",
                }),
            ),
            (
                "exit_codes",
                json!({
                    "type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 255},
                    "description": "Exit codes that are worth another attempt, with `exit`.",
                }),
            ),
        ],
    )
}

fn gate() -> Value {
    let gate = object(
        parse::GATE,
        &[
            ("require", conditions("Conditions on the evaluation; all must hold.")),
            ("approve", texts("Roles that must approve besides.")),
        ],
    );
    with(gate, "required", json!(["require"]))
}

fn deploy() -> Value {
    let known: Vec<&str> = parse::DEPLOY.iter().copied().filter(|key| *key != "shadow").collect();
    let deploy = object(
        &known,
        &[
            ("to", name("The deployment.")),
            (
                "canary",
                json!({
                    "type": "array", "items": {"type": "string", "pattern": "^\\s*[0-9.]+\\s*%\\s*$"},
                    "description": "Shares of the traffic that a new version gets one after the other, rising to 100%.",
                }),
            ),
            ("every", duration("How long each share lasts.")),
            ("rollback", conditions("What ends a rollout and returns the previous version.")),
        ],
    );
    with(deploy, "required", json!(["to"]))
}

fn monitor(metrics: &[&str]) -> Value {
    let performance = object(
        &["label", "after", "metric"],
        &[
            ("label", text("The column that holds the truth.")),
            ("after", duration("How long labels take to arrive.")),
            ("metric", words("The metric that is followed.", metrics)),
        ],
    );
    object(
        parse::MONITOR,
        &[
            (
                "drift",
                object(
                    &["false_alarms"],
                    &[(
                        "false_alarms",
                        json!({
                            "type": "string", "pattern": "^[0-9.]+ per (hour|day|week|month|year)$",
                            "description": "How many false alarms are bearable.", "examples": ["1 per month"],
                        }),
                    )],
                ),
            ),
            ("performance", with(performance, "required", json!(["label"]))),
            ("freshness", duration("The longest time between two arrivals of data.")),
        ],
    )
}

fn trigger() -> Value {
    let known: Vec<&str> = parse_trigger::KINDS.iter().copied().filter(|kind| *kind != "push").collect();
    let all: Vec<&str> = known.iter().copied().chain(["when", "settle", "name"]).collect();
    let trigger = object(
        &all,
        &[
            ("data", name("The source whose new versions count.")),
            (
                "schedule",
                json!({
                    "type": "string", "description": "Minute, hour, day, month, weekday and a time zone (UTC when left out).",
                    "examples": ["0 3 * * 1 Europe/Rome"],
                }),
            ),
            ("drift", name("The deployment whose drift reports count.")),
            ("performance", name("The deployment whose labelled windows count.")),
            ("when", condition("The condition.")),
            ("settle", duration("No arrival for so long; data triggers.")),
            ("name", name("What it is called in decisions.")),
        ],
    );
    let one: Vec<Value> = known.iter().map(|kind| json!({"required": [kind]})).collect();
    with(trigger, "oneOf", json!(one))
}

fn limits() -> Value {
    object(
        parse::LIMITS,
        &[
            ("cooldown", duration("The shortest time between two firings of a trigger.")),
            (
                "per_day",
                json!({"type": "integer", "minimum": 1, "description": "The most firings of a trigger in 24 hours."}),
            ),
            ("overlap", words("What happens when a run is still going.", &["queue", "latest", "skip"])),
            (
                "budget",
                json!({
                    "type": "string", "description": "The most time of steps per day, week or month.", "examples": ["20 h/week"],
                }),
            ),
            (
                "pause_after",
                json!({
                    "type": ["string", "integer"], "description": "A trigger pauses after so many runs in a row without an accepted model.",
                    "examples": ["3 rejected"],
                }),
            ),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_schema_is_described() {
        let schema = schema();
        for (key, value) in schema["properties"].as_object().unwrap() {
            assert_ne!(*value, json!({}), "{key}");
            for (inner, value) in value["properties"].as_object().into_iter().flatten() {
                assert_ne!(*value, json!({}), "{key}.{inner}");
            }
        }
        for (key, value) in
            schema["properties"]["steps"]["additionalProperties"]["properties"].as_object().unwrap()
        {
            assert_ne!(*value, json!({}), "steps.{key}");
        }
    }
}
