//! The `steps:` section.

use std::collections::BTreeMap;

use super::fields::{Fields, Reader, scalar, shown};
use super::vocabulary::{Scope, higher_is_better};
use crate::pipelines::step::{
    Action, Each, EnvKind, EnvSpec, Input, InputRef, Keep, Need, Output, OutputKind, Partition,
    PartitionUnit, Retry, RetryCause, Split, StepSpec, StepTest,
};
use crate::yaml::{Entry, Node, Value};

pub(super) const STEP: &[&str] = &[
    "sql", "run", "notebook", "use", "in", "out", "by", "check", "env", "each", "keep", "retry", "timeout",
    "need", "test",
];
const ACTIONS: &[&str] = &["sql", "run", "notebook", "use"];
const ENV: &[&str] = &["requirements", "python", "lock", "conda", "image"];

pub(super) fn steps(reader: &mut Reader<'_>, node: &Node) -> Vec<StepSpec> {
    let Some(fields) = reader.map(node, "steps") else {
        return Vec::new();
    };
    fields.entries().iter().filter_map(|entry| step(reader, entry)).collect()
}

fn step(reader: &mut Reader<'_>, entry: &Entry) -> Option<StepSpec> {
    let what = format!("steps.{}", entry.key);
    let name = reader.name_of(&entry.key, entry.place, &what);
    if entry.key == "data" {
        let help = "`data.X` means a source; name the step otherwise";
        reader.problem_with_help(entry.place, "a step cannot be called `data`", help);
    }
    let fields = reader.fields(&entry.value, &what, STEP)?;
    let action = action(reader, &fields, entry, &what);
    let inputs = fields.get("in").map(|node| inputs(reader, node, &format!("{what}.in")));
    let outputs = fields.get("out").map(|node| outputs(reader, node, &format!("{what}.out")));
    let by = fields.get("by").and_then(|node| partition(reader, node, &format!("{what}.by")));
    let checks =
        fields.get("check").map(|node| reader.conditions(node, &format!("{what}.check"), Scope::Check));
    let each = each(reader, &fields, &what);
    let retry = fields.get("retry").and_then(|node| retry(reader, node, &format!("{what}.retry")));
    let need = fields.get("need").and_then(|node| need(reader, node, &format!("{what}.need")));
    Some(StepSpec {
        name: name?,
        action: action?,
        inputs: inputs.unwrap_or_default(),
        outputs: outputs.unwrap_or_default(),
        by,
        checks: checks.unwrap_or_default(),
        env: fields.get("env").and_then(|node| env(reader, node, &format!("{what}.env"))),
        each,
        retry: retry.unwrap_or_default(),
        timeout_ms: fields.get("timeout").and_then(|node| reader.duration(node, &format!("{what}.timeout"))),
        need: need.unwrap_or_default(),
        test: fields.get("test").and_then(|node| test(reader, node, &format!("{what}.test"))),
    })
}

fn action(reader: &mut Reader<'_>, fields: &Fields<'_>, entry: &Entry, what: &str) -> Option<Action> {
    let present: Vec<&str> = ACTIONS.iter().copied().filter(|key| fields.get(key).is_some()).collect();
    let [key] = present.as_slice() else {
        let message = match present.as_slice() {
            [] => format!("{what} does nothing"),
            several => format!("{what} has {}: a step does one thing", several.join(" and ")),
        };
        reader.problem_with_help(entry.place, message, "give it one of sql, run, notebook, use");
        return None;
    };
    let node = fields.get(key)?;
    let what = format!("{what}.{key}");
    match *key {
        "sql" => reader.file(node, &what).map(Action::Sql),
        "notebook" => reader.file(node, &what).map(Action::Notebook),
        "run" => reader.text(node, &what).map(Action::Run),
        _ => reader.word(node, &what, &[("evaluate", ())]).map(|()| Action::Evaluate),
    }
}

fn inputs(reader: &mut Reader<'_>, node: &Node, what: &str) -> Vec<Input> {
    let Some(fields) = reader.map(node, what) else {
        return Vec::new();
    };
    fields
        .entries()
        .iter()
        .filter_map(|entry| {
            let what = format!("{what}.{}", entry.key);
            let name = reader.name_of(&entry.key, entry.place, &what);
            let text = reader.text(&entry.value, &what)?;
            let input = reference(reader, &text, &entry.value, &what)?;
            Some(Input { name: name?, ..input })
        })
        .collect()
}

fn reference(reader: &mut Reader<'_>, text: &str, node: &Node, what: &str) -> Option<Input> {
    const HELP: &str = "write `data.SOURCE` or `STEP.OUTPUT`, with `@train` or `@holdout` for a part of it";
    let (path, split) = match text.split_once('@') {
        None => (text, Split::All),
        Some((path, "all")) => (path, Split::All),
        Some((path, "train")) => (path, Split::Train),
        Some((path, "holdout")) => (path, Split::Holdout),
        Some((path, word)) => {
            let place = reader.start_of_text(node.place).right_by(path.chars().count() + 1);
            reader.unknown(
                place,
                format!("{what}: there is no part `@{word}`"),
                word,
                &["all", "train", "holdout"],
            );
            return None;
        }
    };
    let Some((first, second)) = path.split_once('.') else {
        reader.problem_with_help(node.place, format!("{what}: {text:?} names no input"), HELP);
        return None;
    };
    let left = reader.name_of(first, node.place, what)?;
    let right = reader.name_of(second, node.place, what)?;
    let from = if first == "data" {
        InputRef::Data { data: right.clone() }
    } else {
        InputRef::Step { step: left, output: right.clone() }
    };
    Some(Input { name: right, from, split })
}

fn outputs(reader: &mut Reader<'_>, node: &Node, what: &str) -> Vec<Output> {
    let kinds = [
        ("table", OutputKind::Table),
        ("model", OutputKind::Model),
        ("file", OutputKind::File),
        ("metrics", OutputKind::Metrics),
    ];
    let Some(fields) = reader.map(node, what) else {
        return Vec::new();
    };
    fields
        .entries()
        .iter()
        .filter_map(|entry| {
            let what = format!("{what}.{}", entry.key);
            let name = reader.name_of(&entry.key, entry.place, &what);
            let fields = reader.fields(&entry.value, &what, &["kind", "contract"])?;
            let Some(kind_node) = fields.get("kind") else {
                let help = "as in `{kind: table}`; kinds are table, model, file, metrics";
                reader.problem_with_help(entry.place, format!("{what} has no kind"), help);
                return None;
            };
            let kind = reader.word(kind_node, &format!("{what}.kind"), &kinds)?;
            let contract =
                fields.get("contract").and_then(|node| reader.file(node, &format!("{what}.contract")));
            if contract.is_some() && kind != OutputKind::Table {
                let message = format!("{what}: only a table has a contract, this is a {}", kind.as_str());
                reader.problem(fields.place_of("contract"), message);
            }
            Some(Output { name: name?, kind, contract })
        })
        .collect()
}

fn partition(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Partition> {
    const HELP: &str = "as in `month(time_hour)`; units are hour, day, month, year, value";
    let text = reader.text(node, what)?;
    let parts = text
        .trim()
        .strip_suffix(')')
        .and_then(|text| text.split_once('('))
        .filter(|(_, column)| !column.trim().is_empty());
    let Some((word, column)) = parts else {
        reader.problem_with_help(node.place, format!("{what}: {text:?} is not a partition"), HELP);
        return None;
    };
    let unit = PartitionUnit::ALL.into_iter().find(|unit| unit.as_str() == word.trim());
    if unit.is_none() {
        let words: Vec<_> = PartitionUnit::ALL.iter().map(|unit| unit.as_str()).collect();
        reader.unknown(
            node.place,
            format!("{what}: there is no unit `{}`", word.trim()),
            word.trim(),
            &words,
        );
    }
    Some(Partition { unit: unit?, column: column.trim().to_owned() })
}

fn each(reader: &mut Reader<'_>, fields: &Fields<'_>, what: &str) -> Option<Each> {
    let keep = fields.get("keep").and_then(|node| keep(reader, node, &format!("{what}.keep")));
    let Some(node) = fields.get("each") else {
        if fields.get("keep").is_some() {
            let help = "add `each: {seed: [1, 2, 3]}`";
            reader.problem_with_help(fields.place_of("keep"), format!("{what}.keep without each"), help);
        }
        return None;
    };
    let what = format!("{what}.each");
    let map = reader.map(node, &what)?;
    let mut values = BTreeMap::new();
    for entry in map.entries() {
        let what = format!("{what}.{}", entry.key);
        let items = reader.list(&entry.value, &what);
        if items.is_empty() {
            reader.problem(entry.value.place, format!("{what} has no values"));
        }
        let mut list = Vec::new();
        for item in items {
            match scalar(item) {
                Some(value) if list.contains(&value) => {
                    reader.problem(item.place, format!("{what} has {value} twice"));
                }
                Some(value) => list.push(value),
                None => reader.problem(item.place, format!("{what}: {} is not a value", item.value.kind())),
            }
        }
        values.insert(entry.key.clone(), list);
    }
    Some(Each { values, keep })
}

fn keep(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Keep> {
    let text = reader.text(node, what)?;
    let call = text.trim().strip_suffix(')').and_then(|text| text.split_once('('));
    let keep = match call {
        Some(("best", metric)) => Some((metric, higher_is_better(metric.trim()))),
        Some(("highest", metric)) => Some((metric, true)),
        Some(("lowest", metric)) => Some((metric, false)),
        _ => None,
    };
    let keep = keep.filter(|(metric, _)| !metric.trim().is_empty());
    if keep.is_none() {
        let help = "write `best(roc_auc)`, or `highest(…)`, `lowest(…)` for a metric of your own";
        reader.problem_with_help(node.place, format!("{what}: {text:?} keeps nothing"), help);
    }
    keep.map(|(metric, higher_is_better)| Keep { metric: metric.trim().to_owned(), higher_is_better })
}

fn env(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<EnvSpec> {
    let fields = reader.fields(node, what, ENV)?;
    for key in ["lock", "conda", "image"] {
        if fields.get(key).is_some() {
            let help = "give `requirements: requirements.txt` with pinned versions";
            reader.problem_with_help(
                fields.place_of(key),
                format!("{what}.{key} is not supported yet"),
                help,
            );
        }
    }
    let python = fields.get("python").and_then(|node| match &node.value {
        Value::Text(text) if is_python_version(text) => Some(text.clone()),
        _ => {
            let message = format!("{what}.python is not a version: {}", shown(node));
            reader.problem_with_help(node.place, message, "write it in quotes: `\"3.12\"`");
            None
        }
    });
    let Some(requirements) = fields.get("requirements") else {
        if !["lock", "conda", "image"].iter().any(|key| fields.get(key).is_some()) {
            let help = "as in `{requirements: requirements.txt}`";
            reader.problem_with_help(node.place, format!("{what} names no packages"), help);
        }
        return None;
    };
    Some(EnvSpec {
        file: reader.file(requirements, &format!("{what}.requirements"))?,
        kind: EnvKind::Requirements,
        python,
    })
}

fn is_python_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    matches!(parts.as_slice(), ["3", rest @ ..] if (1..=2).contains(&rest.len()) && rest.iter().all(|p| p.parse::<u32>().is_ok()))
}

fn retry(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Retry> {
    let fields = reader.fields(node, what, &["max", "if", "exit_codes"])?;
    let causes = [
        ("lost", RetryCause::Lost),
        ("oom", RetryCause::Oom),
        ("timeout", RetryCause::Timeout),
        ("exit", RetryCause::Exit),
    ];
    let mut retry = Retry::default();
    if let Some(max) = fields.get("max").and_then(|node| reader.count(node, &format!("{what}.max"), 0)) {
        retry.max = max;
    }
    if let Some(node) = fields.get("if") {
        let what = format!("{what}.if");
        let items = reader.list(node, &what);
        retry.causes = items.iter().filter_map(|item| reader.word(item, &what, &causes)).collect();
    }
    if let Some(node) = fields.get("exit_codes") {
        let what = format!("{what}.exit_codes");
        for item in reader.list(node, &what) {
            match item.value {
                Value::Int(code) if (1..=255).contains(&code) => retry.exit_codes.extend(i32::try_from(code)),
                _ => reader
                    .problem(item.place, format!("{what}: {} is not an exit code (1 to 255)", shown(item))),
            }
        }
    }
    if retry.causes.contains(&RetryCause::Exit) && retry.exit_codes.is_empty() {
        let help = "add the codes that are worth another attempt: `exit_codes: [75]`";
        reader.problem_with_help(node.place, format!("{what} retries on exit without exit_codes"), help);
    }
    Some(retry)
}

fn need(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Need> {
    let fields = reader.fields(node, what, &["cpu", "memory", "gpu"])?;
    if fields.get("gpu").is_some() {
        reader.problem(fields.place_of("gpu"), format!("{what}.gpu is not supported yet"));
    }
    let cpu = fields.get("cpu").and_then(|node| {
        let cpu = reader.number(node, &format!("{what}.cpu"))?;
        if cpu <= 0.0 {
            reader.problem(node.place, format!("{what}.cpu must be above 0"));
        }
        Some(cpu)
    });
    let memory_bytes = fields.get("memory").and_then(|node| reader.bytes(node, &format!("{what}.memory")));
    Some(Need { cpu, memory_bytes })
}

fn test(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<StepTest> {
    let fields = reader.fields(node, what, &["fixture", "expect"])?;
    Some(StepTest {
        fixture: fields.get("fixture").and_then(|node| reader.file(node, &format!("{what}.fixture"))),
        expect: fields
            .get("expect")
            .map(|node| reader.conditions(node, &format!("{what}.expect"), Scope::Expect))
            .unwrap_or_default(),
    })
}
