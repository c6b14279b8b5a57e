//! What holds between the sections of a project file: references, cycles, parameters, what fits to what.

use std::collections::BTreeSet;

use super::Project;
use super::fields::{Fields, Reader};
use crate::pipelines::step::{Action, InputRef, OutputKind, Split, StepSpec};
use crate::pipelines::trigger::Rule;
use crate::yaml::{Node, Place, Value};

/// The most units that `each` may make.
const MAX_ITEMS: usize = 1000;

/// Notes what does not fit together and brings the steps into an order that respects their inputs.
pub(super) fn check(reader: &mut Reader<'_>, project: &mut Project, fields: &Fields<'_>) {
    let places = Places(fields.get("steps"));
    for step in &project.steps {
        references(reader, project, step, places);
        shape(reader, project, step, places);
        each(reader, project, step, places);
        placeholders(reader, project, step, places);
    }
    order(reader, project, places);
    sections(reader, project, fields);
    triggers(reader, project, fields);
}

/// Where things stand in the `steps:` section.
#[derive(Clone, Copy)]
struct Places<'n>(Option<&'n Node>);

impl<'n> Places<'n> {
    fn node(self, path: &[&str]) -> Option<&'n Node> {
        path.iter().try_fold(self.0?, |node, key| match &node.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == *key).map(|entry| &entry.value),
            _ => None,
        })
    }

    /// Where the key at the end of `path` stands.
    fn key(self, path: &[&str]) -> Place {
        let found = path.split_last().and_then(|(last, parents)| match &self.node(parents)?.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == *last).map(|entry| entry.place),
            _ => None,
        });
        found.unwrap_or_else(|| self.value(&path[..path.len().saturating_sub(1)]))
    }

    /// Where the value at the end of `path` starts.
    fn value(self, path: &[&str]) -> Place {
        self.node(path).map(|node| node.place).unwrap_or_default()
    }
}

fn references(reader: &mut Reader<'_>, project: &Project, step: &StepSpec, places: Places<'_>) {
    for input in &step.inputs {
        let what = format!("steps.{}.in.{}", step.name, input.name);
        let place = places.value(&[step.name.as_str(), "in", input.name.as_str()]);
        match &input.from {
            InputRef::Data { data } => {
                let known: Vec<_> = project.data.iter().map(|source| source.name.as_str()).collect();
                if !known.contains(&data.as_str()) {
                    reader.unknown(
                        place,
                        format!("{what}: there is no source `{data}`"),
                        data.as_str(),
                        &known,
                    );
                }
            }
            InputRef::Step { step: from, output } => {
                let known: Vec<_> = project.steps.iter().map(|step| step.name.as_str()).collect();
                let Some(from) = project.step(from.as_str()) else {
                    reader.unknown(
                        place,
                        format!("{what}: there is no step `{from}`"),
                        from.as_str(),
                        &known,
                    );
                    continue;
                };
                let outputs: Vec<_> = from.outputs.iter().map(|output| output.name.as_str()).collect();
                let Some(output) = from.output(output.as_str()) else {
                    let message = format!("{what}: the step `{}` has no output `{output}`", from.name);
                    reader.unknown(place, message, output.as_str(), &outputs);
                    continue;
                };
                if input.split != Split::All && output.kind != OutputKind::Table {
                    let message = format!(
                        "{what}: only a table has a part `@{}`, `{}` is a {}",
                        input.split.as_str(),
                        input.from,
                        output.kind.as_str()
                    );
                    reader.problem(place, message);
                }
                let fans_out = from.each.as_ref().is_some_and(|each| each.keep.is_none());
                if fans_out && output.kind != OutputKind::Table {
                    let message = format!("{what}: `{}` makes several {}s", from.name, output.kind.as_str());
                    let help = format!("say which one goes on: `keep: best(METRIC)` in steps.{}", from.name);
                    reader.problem_with_help(place, message, help);
                }
            }
        }
    }
}

fn shape(reader: &mut Reader<'_>, project: &Project, step: &StepSpec, places: Places<'_>) {
    let name = step.name.as_str();
    let what = format!("steps.{name}");
    match &step.action {
        Action::Sql(_) => {
            if !matches!(step.outputs.as_slice(), [only] if only.kind == OutputKind::Table) {
                let place = places.key(&[name, "sql"]);
                let help = "as in `out: {features: {kind: table}}`";
                reader.problem_with_help(place, format!("{what}: a query makes exactly one table"), help);
            }
        }
        Action::Evaluate => evaluate(reader, project, step, places),
        Action::Run(_) | Action::Notebook(_) => {}
    }
    let is_sql = matches!(step.action, Action::Sql(_));
    if step.by.is_some() && !is_sql {
        let message = format!("{what}.by is not supported yet for {} steps", step.action.kind());
        reader.problem_with_help(places.key(&[name, "by"]), message, "sql steps can be cut into partitions");
    }
    if step.env.is_some() && !matches!(step.action, Action::Run(_) | Action::Notebook(_)) {
        let message = format!("{what}.env: only run and notebook steps have an environment");
        reader.problem(places.key(&[name, "env"]), message);
    }
    if step.each.is_some() && !matches!(step.action, Action::Run(_) | Action::Notebook(_)) {
        let message = format!("{what}.each is not supported yet for {} steps", step.action.kind());
        reader.problem(places.key(&[name, "each"]), message);
    }
}

fn evaluate(reader: &mut Reader<'_>, project: &Project, step: &StepSpec, places: Places<'_>) {
    let name = step.name.as_str();
    let what = format!("steps.{name}");
    let place = places.key(&[name, "use"]);
    if !step.outputs.is_empty() {
        let message = format!("{what}.out: an evaluation is a record of its own and has no outputs");
        reader.problem(places.key(&[name, "out"]), message);
    }
    let model = step.input("model").and_then(|input| match &input.from {
        InputRef::Step { step, output } => project.step(step.as_str())?.output(output.as_str()),
        InputRef::Data { .. } => None,
    });
    if model.is_none_or(|output| output.kind != OutputKind::Model) {
        let help = "as in `in: {model: train.model, data: prepare.features@holdout}`";
        reader.problem_with_help(
            place,
            format!("{what}: evaluate wants an input `model` that is a model"),
            help,
        );
    }
    if step.input("data").is_none() {
        let help = "rows that the model has not seen: `data: prepare.features@holdout`";
        reader.problem_with_help(
            place,
            format!("{what}: evaluate wants an input `data` that is a table"),
            help,
        );
    }
    for input in &step.inputs {
        if !matches!(input.name.as_str(), "model" | "data") {
            let place = places.key(&[name, "in", input.name.as_str()]);
            let message = format!("{what}: evaluate has no input `{}`", input.name);
            reader.unknown(place, message, input.name.as_str(), &["model", "data"]);
        }
    }
    if project.label().is_none() {
        let help = "set objective.label to the column that holds the truth";
        reader.problem_with_help(place, format!("{what}: the label is not known"), help);
    }
    let first = project.steps.iter().find(|step| step.action == Action::Evaluate);
    if first.is_some_and(|first| first.name != step.name) {
        reader.problem(place, format!("{what}: a second evaluate step is not supported yet"));
    }
}

fn each(reader: &mut Reader<'_>, project: &Project, step: &StepSpec, places: Places<'_>) {
    let Some(each) = &step.each else { return };
    let name = step.name.as_str();
    let known: Vec<_> = project.params.keys().map(String::as_str).collect();
    for (param, values) in &each.values {
        let what = format!("steps.{name}.each.{param}");
        let Some(spec) = project.params.get(param) else {
            let place = places.key(&[name, "each", param]);
            reader.unknown(place, format!("{what}: there is no parameter `{param}`"), param, &known);
            continue;
        };
        for value in values {
            if let Err(reason) = spec.accepts(value) {
                reader.problem(places.value(&[name, "each", param]), format!("{what}: {reason}"));
            }
        }
    }
    let items: usize = each.values.values().map(Vec::len).product();
    if items > MAX_ITEMS {
        let message = format!("steps.{name}.each makes {items} units, at most {MAX_ITEMS} are allowed");
        reader.problem(places.key(&[name, "each"]), message);
    }
}

/// `${in.X}`, `${out.X}` and `${params.X}` in a command.
fn placeholders(reader: &mut Reader<'_>, project: &Project, step: &StepSpec, places: Places<'_>) {
    let Action::Run(command) = &step.action else { return };
    let name = step.name.as_str();
    let start = reader.start_of_text(places.value(&[name, "run"]));
    let mut from = 0;
    while let Some(open) = command[from..].find("${").map(|at| from + at) {
        let place = start.right_by(command[..open].chars().count());
        let Some(close) = command[open..].find('}').map(|at| open + at) else {
            reader.problem(place, format!("steps.{name}.run: this `${{` is not closed"));
            return;
        };
        let inner = &command[open + 2..close];
        let (known, what): (Vec<&str>, &str) = match inner.split_once('.') {
            Some(("in", _)) => (step.inputs.iter().map(|i| i.name.as_str()).collect(), "input"),
            Some(("out", _)) => (step.outputs.iter().map(|o| o.name.as_str()).collect(), "output"),
            Some(("params", _)) => (project.params.keys().map(String::as_str).collect(), "parameter"),
            _ => {
                let message = format!("steps.{name}.run: `${{{inner}}}` stands for nothing");
                reader.problem_with_help(place, message, "there are ${in.X}, ${out.X} and ${params.X}");
                from = close;
                continue;
            }
        };
        let word = inner.split_once('.').map_or("", |(_, word)| word);
        if !known.contains(&word) {
            reader.unknown(place, format!("steps.{name}.run: there is no {what} `{word}`"), word, &known);
        }
        from = close;
    }
}

fn order(reader: &mut Reader<'_>, project: &mut Project, places: Places<'_>) {
    let mut waiting = std::mem::take(&mut project.steps);
    let all: BTreeSet<_> = waiting.iter().map(|step| step.name.clone()).collect();
    let mut done = BTreeSet::new();
    while !waiting.is_empty() {
        let ready = |step: &StepSpec| step.upstream().all(|name| done.contains(name) || !all.contains(name));
        let Some(at) = waiting.iter().position(ready) else {
            let circle = circle(&waiting);
            let place = places.key(&[circle[0].as_str()]);
            let message = format!("the steps go in a circle: {}", circle.join(" → "));
            reader.problem_with_help(place, message, "a step can only read what comes before it");
            project.steps.append(&mut waiting);
            return;
        };
        let step = waiting.remove(at);
        done.insert(step.name.clone());
        project.steps.push(step);
    }
}

/// One circle among steps that all wait for each other: names in reading order, the first again at the end.
fn circle(waiting: &[StepSpec]) -> Vec<String> {
    let mut path = vec![waiting[0].name.clone()];
    loop {
        let last = path.last().expect("it starts with one");
        let step = waiting.iter().find(|step| step.name == *last).expect("it waits too");
        let next = step
            .upstream()
            .find(|name| waiting.iter().any(|step| step.name == **name))
            .expect("it waits for one that waits");
        if let Some(start) = path.iter().position(|name| name == next) {
            let mut circle: Vec<String> = path[start..].iter().map(ToString::to_string).collect();
            circle.push(circle[0].clone());
            circle.reverse();
            return circle;
        }
        path.push(next.clone());
    }
}

fn sections(reader: &mut Reader<'_>, project: &Project, fields: &Fields<'_>) {
    let evaluates = project.steps.iter().any(|step| step.action == Action::Evaluate);
    if project.gate.is_some() && !evaluates {
        let help = "add a step with `use: evaluate`";
        reader.problem_with_help(fields.place_of("gate"), "the gate has nothing to judge", help);
    }
    if project.deploy.is_some() && project.gate.is_none() {
        let help = "add `gate: {require: [starts_in_server]}` or stricter";
        reader.problem_with_help(
            fields.place_of("deploy"),
            "deploy needs a gate: what must a model meet?",
            help,
        );
    }
}

fn triggers(reader: &mut Reader<'_>, project: &Project, fields: &Fields<'_>) {
    let items: &[Node] = match fields.get("triggers").map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => return,
    };
    let sources: Vec<_> = project.data.iter().map(|source| source.name.as_str()).collect();
    let deployments: Vec<_> = project.deploy.iter().map(|deploy| deploy.to.as_str()).collect();
    let place_of = |kind: &str, name: &str| {
        items.iter().find_map(|item| match &item.value {
            Value::Map(entries) => entries.iter().find_map(|entry| match &entry.value.value {
                Value::Text(text) if entry.key == kind && text == name => Some(entry.value.place),
                _ => None,
            }),
            _ => None,
        })
    };
    for trigger in &project.triggers {
        let kind = trigger.rule.kind();
        match &trigger.rule {
            Rule::Data { data, .. } if !sources.contains(&data.as_str()) => {
                let place = place_of(kind, data.as_str()).unwrap_or(fields.place);
                let message = format!("a data trigger watches `{data}`, which is no source");
                reader.unknown(place, message, data.as_str(), &sources);
            }
            Rule::Drift { deployment, .. } | Rule::Performance { deployment, .. }
                if !deployments.contains(&deployment.as_str()) =>
            {
                let place = place_of(kind, deployment.as_str()).unwrap_or(fields.place);
                let message =
                    format!("a {kind} trigger watches `{deployment}`, which deploy.to does not name");
                reader.unknown(place, message, deployment.as_str(), &deployments);
            }
            Rule::Performance { deployment, .. } if project.monitor.performance.is_none() => {
                let place = place_of(kind, deployment.as_str()).unwrap_or(fields.place);
                let help = "add `monitor: {performance: {label: …, after: 24h}}`";
                reader.problem_with_help(place, "a performance trigger needs monitor.performance", help);
            }
            _ => {}
        }
    }
}
