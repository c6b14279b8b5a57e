//! From the text of a project file to a [`Project`], or to everything that is wrong with it.

use std::collections::BTreeMap;

use super::fields::{Fields, Reader, scalar, shown};
use super::vocabulary::Scope;
use super::{
    Budget, Deploy, DriftMonitor, Gate, Limits, Monitor, Objective, Overlap, Param, PerformanceMonitor,
    Project, Rate, SourceKind, SourceSpec, check, parse_step, parse_trigger,
};
use crate::pipelines::expr::duration_ms;
use crate::yaml::{Node, Problem, Value};

/// How long a share of the traffic lasts when `every` is left out: 30 minutes.
const DEFAULT_EVERY_MS: i64 = 30 * 60 * 1000;

pub(super) const TOP: &[&str] =
    &["project", "objective", "params", "data", "steps", "gate", "deploy", "monitor", "triggers", "limits"];
pub(super) const OBJECTIVE: &[&str] = &["problem", "metric", "target", "slices", "owners", "label"];
pub(super) const PARAM: &[&str] = &["default", "min", "max", "choices", "help"];
pub(super) const SOURCE: &[&str] = &["path", "kind", "key", "time", "contract"];
pub(super) const GATE: &[&str] = &["require", "approve"];
pub(super) const DEPLOY: &[&str] = &["to", "shadow", "canary", "every", "rollback"];
pub(super) const MONITOR: &[&str] = &["drift", "performance", "freshness"];
pub(super) const LIMITS: &[&str] = &["cooldown", "per_day", "overlap", "budget", "pause_after"];

pub(super) fn parse(
    text: &str,
    file: &str,
    exists: Option<&dyn Fn(&str) -> bool>,
) -> Result<Project, Vec<Problem>> {
    let node = Node::parse(text, file).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(text, file, exists);
    let project = reader.fields(&node, "", TOP).and_then(|fields| project(&mut reader, &fields));
    match project {
        Some(project) if reader.is_clean() => Ok(project),
        _ => Err(reader.into_problems()),
    }
}

fn project(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Project> {
    let name = match fields.get("project") {
        Some(node) => reader.name(node, "project"),
        None => {
            reader.problem_with_help(
                fields.place,
                "the key `project` is missing",
                "name it: `project: flights`",
            );
            None
        }
    };
    let objective = fields.get("objective").and_then(|node| objective(reader, node));
    let params = fields.get("params").map(|node| params(reader, node));
    let data = fields.get("data").map(|node| sources(reader, node));
    let steps = fields.get("steps").map(|node| parse_step::steps(reader, node));
    let gate = fields.get("gate").and_then(|node| gate(reader, node));
    let deploy = fields.get("deploy").and_then(|node| deploy(reader, node));
    let monitor = fields.get("monitor").map(|node| monitor(reader, node));
    let triggers = fields.get("triggers").map(|node| parse_trigger::triggers(reader, node));
    let limits = fields.get("limits").map(|node| limits(reader, node));
    let mut project = Project {
        // A stand-in keeps the checks going; without a name the whole is refused anyway.
        name: name.or_else(|| crate::Name::parse("unnamed").ok())?,
        objective: objective.unwrap_or_default(),
        params: params.unwrap_or_default(),
        data: data.unwrap_or_default(),
        steps: steps.unwrap_or_default(),
        gate,
        deploy,
        monitor: monitor.unwrap_or_default(),
        triggers: triggers.unwrap_or_default(),
        limits: limits.unwrap_or_default(),
    };
    check::check(reader, &mut project, fields);
    Some(project)
}

fn objective(reader: &mut Reader<'_>, node: &Node) -> Option<Objective> {
    let fields = reader.fields(node, "objective", OBJECTIVE)?;
    let metric = fields.get("metric").and_then(|node| metric(reader, node, "objective.metric"));
    Some(Objective {
        problem: fields.get("problem").and_then(|node| reader.text(node, "objective.problem")),
        metric,
        target: fields.get("target").and_then(|node| reader.number(node, "objective.target")),
        slices: fields.get("slices").map(|node| reader.texts(node, "objective.slices")).unwrap_or_default(),
        owners: fields.get("owners").map(|node| reader.texts(node, "objective.owners")).unwrap_or_default(),
        label: fields.get("label").and_then(|node| reader.text(node, "objective.label")),
    })
}

/// A metric that evaluations compute.
fn metric(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<String> {
    let text = reader.text(node, what)?;
    let known: Vec<_> = super::vocabulary::METRICS.iter().map(|(name, _)| *name).collect();
    if !known.contains(&text.as_str()) {
        reader.unknown(node.place, format!("{what}: there is no metric `{text}`"), &text, &known);
    }
    Some(text)
}

fn params(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<String, Param> {
    let mut params = BTreeMap::new();
    let Some(fields) = reader.map(node, "params") else {
        return params;
    };
    for entry in fields.entries() {
        let what = format!("params.{}", entry.key);
        reader.name_of(&entry.key, entry.place, &what);
        if let Some(param) = param(reader, &entry.value, &what) {
            params.insert(entry.key.clone(), param);
        }
    }
    params
}

fn param(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Param> {
    if let Some(default) = scalar(node) {
        return Some(Param { default, min: None, max: None, choices: Vec::new(), help: None });
    }
    let fields = reader.fields(node, what, PARAM)?;
    let Some(default_node) = fields.get("default") else {
        reader.problem_with_help(
            node.place,
            format!("{what} has no default"),
            "a parameter is a value, or a map with `default`",
        );
        return None;
    };
    let Some(default) = scalar(default_node) else {
        let message = format!("{what}.default must be a number, text, true or false");
        reader.problem(default_node.place, message);
        return None;
    };
    let choices = fields
        .get("choices")
        .map(|node| reader.list(node, &format!("{what}.choices")).iter().filter_map(scalar).collect())
        .unwrap_or_default();
    let param = Param {
        default,
        min: fields.get("min").and_then(|node| reader.number(node, &format!("{what}.min"))),
        max: fields.get("max").and_then(|node| reader.number(node, &format!("{what}.max"))),
        choices,
        help: fields.get("help").and_then(|node| reader.text(node, &format!("{what}.help"))),
    };
    if let Err(reason) = param.accepts(&param.default) {
        reader.problem(default_node.place, format!("{what}.default: {reason}"));
    }
    Some(param)
}

fn sources(reader: &mut Reader<'_>, node: &Node) -> Vec<SourceSpec> {
    let Some(fields) = reader.map(node, "data") else {
        return Vec::new();
    };
    fields
        .entries()
        .iter()
        .filter_map(|entry| {
            let what = format!("data.{}", entry.key);
            let name = reader.name_of(&entry.key, entry.place, &what);
            let fields = reader.fields(&entry.value, &what, SOURCE)?;
            let Some(path_node) = fields.get("path") else {
                let help = "a file or a pattern, as in `path: data/*.parquet`";
                reader.problem_with_help(entry.place, format!("{what} has no path"), help);
                return None;
            };
            let path = reader.path(path_node, &format!("{what}.path"))?;
            if let Err(error) = globset::Glob::new(&path) {
                let message = format!("{what}.path: not a pattern: {}", error.kind());
                reader.problem(path_node.place, message);
            }
            let kinds = [("table", SourceKind::Table), ("files", SourceKind::Files)];
            let kind = match fields.get("kind") {
                Some(node) => reader.word(node, &format!("{what}.kind"), &kinds)?,
                None => SourceKind::Table,
            };
            Some(SourceSpec {
                name: name?,
                path,
                kind,
                key: fields
                    .get("key")
                    .map(|node| reader.texts(node, &format!("{what}.key")))
                    .unwrap_or_default(),
                time: fields.get("time").and_then(|node| reader.text(node, &format!("{what}.time"))),
                contract: fields
                    .get("contract")
                    .and_then(|node| reader.file(node, &format!("{what}.contract"))),
            })
        })
        .collect()
}

fn gate(reader: &mut Reader<'_>, node: &Node) -> Option<Gate> {
    let fields = reader.fields(node, "gate", GATE)?;
    let require = match fields.get("require") {
        Some(node) => reader.conditions(node, "gate.require", Scope::Gate),
        None => {
            let help = "as in `require: [roc_auc >= champion.roc_auc]`";
            reader.problem_with_help(fields.place, "gate has no require", help);
            Vec::new()
        }
    };
    let approve = fields.get("approve").map(|node| reader.texts(node, "gate.approve")).unwrap_or_default();
    Some(Gate { require, approve })
}

fn deploy(reader: &mut Reader<'_>, node: &Node) -> Option<Deploy> {
    let fields = reader.fields(node, "deploy", DEPLOY)?;
    if let Some(shadow) = fields.get("shadow") {
        reader.duration(shadow, "deploy.shadow");
        let help = "leave it out; `canary` with small first shares is there";
        reader.problem_with_help(fields.place_of("shadow"), "deploy.shadow is not supported yet", help);
    }
    let to = match fields.get("to") {
        Some(node) => reader.name(node, "deploy.to"),
        None => {
            reader.problem_with_help(
                fields.place,
                "deploy has no `to`",
                "name the deployment: `to: flights-late`",
            );
            None
        }
    };
    let canary = fields.get("canary").map(|node| canary(reader, node));
    let every_ms = fields.get("every").and_then(|node| reader.duration(node, "deploy.every"));
    let rollback = fields
        .get("rollback")
        .map(|node| reader.conditions(node, "deploy.rollback", Scope::Rollback))
        .unwrap_or_default();
    Some(Deploy {
        to: to?,
        canary: canary.unwrap_or_else(|| vec![1.0]),
        every_ms: every_ms.unwrap_or(DEFAULT_EVERY_MS),
        rollback,
    })
}

fn canary(reader: &mut Reader<'_>, node: &Node) -> Vec<f64> {
    let items = reader.list(node, "deploy.canary");
    let shares: Vec<f64> = items.iter().filter_map(|item| reader.percent(item, "deploy.canary")).collect();
    let whole = shares.len() == items.len() && !items.is_empty();
    let rising = shares.windows(2).all(|pair| pair[0] < pair[1]);
    if whole && (!rising || shares.last() != Some(&1.0)) {
        let help = "as in `[5%, 25%, 100%]`";
        reader.problem_with_help(node.place, "deploy.canary must rise and end at 100%", help);
    }
    shares
}

fn monitor(reader: &mut Reader<'_>, node: &Node) -> Monitor {
    let Some(fields) = reader.fields(node, "monitor", MONITOR) else {
        return Monitor::default();
    };
    let drift = fields.get("drift").and_then(|node| {
        let fields = reader.fields(node, "monitor.drift", &["false_alarms"])?;
        let false_alarms = rate(reader, fields.get("false_alarms")?)?;
        Some(DriftMonitor { false_alarms })
    });
    let performance = fields.get("performance").and_then(|node| {
        let fields = reader.fields(node, "monitor.performance", &["label", "after", "metric"])?;
        let label = match fields.get("label") {
            Some(node) => reader.text(node, "monitor.performance.label"),
            None => {
                let help = "name the column that holds the truth";
                reader.problem_with_help(fields.place, "monitor.performance has no label", help);
                None
            }
        };
        let after = fields.get("after");
        let metric = fields.get("metric").and_then(|node| metric(reader, node, "monitor.performance.metric"));
        Some(PerformanceMonitor {
            label: label?,
            after_ms: after.and_then(|node| reader.duration(node, "monitor.performance.after")).unwrap_or(0),
            metric,
        })
    });
    Monitor {
        drift,
        performance,
        freshness_ms: fields.get("freshness").and_then(|node| reader.duration(node, "monitor.freshness")),
    }
}

fn rate(reader: &mut Reader<'_>, node: &Node) -> Option<Rate> {
    const DAY: i64 = 86_400_000;
    let units =
        [("hour", DAY / 24), ("day", DAY), ("week", 7 * DAY), ("month", 30 * DAY), ("year", 365 * DAY)];
    let parsed = match &node.value {
        Value::Text(text) => text.split_once(" per ").and_then(|(count, unit)| {
            let count: f64 = count.trim().parse().ok().filter(|count| *count > 0.0)?;
            let (_, per_ms) = units.iter().find(|(name, _)| *name == unit.trim())?;
            Some(Rate { count, per_ms: *per_ms })
        }),
        _ => None,
    };
    if parsed.is_none() {
        let message = format!("monitor.drift.false_alarms is not a rate: {}", shown(node));
        reader.problem_with_help(
            node.place,
            message,
            "write how many per hour, day, week, month or year: `1 per month`",
        );
    }
    parsed
}

fn limits(reader: &mut Reader<'_>, node: &Node) -> Limits {
    let mut limits = Limits::default();
    let Some(fields) = reader.fields(node, "limits", LIMITS) else {
        return limits;
    };
    if let Some(node) = fields.get("cooldown") {
        limits.cooldown_ms = reader.duration(node, "limits.cooldown").unwrap_or(0);
    }
    limits.per_day = fields.get("per_day").and_then(|node| reader.count(node, "limits.per_day", 1));
    let words = [("queue", Overlap::Queue), ("latest", Overlap::Latest), ("skip", Overlap::Skip)];
    if let Some(overlap) = fields.get("overlap").and_then(|node| reader.word(node, "limits.overlap", &words))
    {
        limits.overlap = overlap;
    }
    limits.budget = fields.get("budget").and_then(|node| budget(reader, node));
    limits.pause_after = fields.get("pause_after").and_then(|node| pause_after(reader, node));
    limits
}

fn budget(reader: &mut Reader<'_>, node: &Node) -> Option<Budget> {
    const DAY: i64 = 86_400_000;
    let parsed = match &node.value {
        Value::Text(text) => text.split_once('/').and_then(|(spend, window)| {
            let window_ms = match window.trim() {
                "day" => DAY,
                "week" => 7 * DAY,
                "month" => 30 * DAY,
                _ => return None,
            };
            let spend_ms = duration_ms(spend.trim()).filter(|ms| *ms > 0)?;
            Some(Budget { spend_ms, window_ms })
        }),
        _ => None,
    };
    if parsed.is_none() {
        let message = format!("limits.budget is not a budget: {}", shown(node));
        reader.problem_with_help(
            node.place,
            message,
            "write time of steps per day, week or month: `20 h/week`",
        );
    }
    parsed
}

fn pause_after(reader: &mut Reader<'_>, node: &Node) -> Option<u32> {
    let parsed = match &node.value {
        Value::Text(text) => text
            .trim()
            .strip_suffix("rejected")
            .and_then(|count| count.trim().parse::<u32>().ok())
            .filter(|count| *count > 0),
        Value::Int(count) => u32::try_from(*count).ok().filter(|count| *count > 0),
        _ => None,
    };
    if parsed.is_none() {
        let message = format!("limits.pause_after is not a count: {}", shown(node));
        reader.problem_with_help(node.place, message, "write `3 rejected`");
    }
    parsed
}
