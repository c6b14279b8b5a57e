//! The `triggers:` section.

use super::fields::{Fields, Reader};
use super::vocabulary::Scope;
use crate::Name;
use crate::pipelines::expr::Condition;
use crate::pipelines::trigger::{Rule, Schedule, TriggerSpec};
use crate::yaml::Node;

pub(super) const KINDS: &[&str] = &["data", "schedule", "drift", "performance", "push"];

pub(super) fn triggers(reader: &mut Reader<'_>, node: &Node) -> Vec<TriggerSpec> {
    let mut triggers: Vec<TriggerSpec> = Vec::new();
    for item in reader.list(node, "triggers") {
        let Some((given, rule)) = trigger(reader, item) else {
            continue;
        };
        let name = match given {
            Some(name) if triggers.iter().any(|trigger| trigger.name == name) => {
                reader.problem(item.place, format!("two triggers are called `{name}`"));
                continue;
            }
            Some(name) => name,
            None => unused_name(&rule, &triggers),
        };
        triggers.push(TriggerSpec { name, rule });
    }
    triggers
}

/// `data-flights`, and `data-flights-2` for the second one.
fn unused_name(rule: &Rule, taken: &[TriggerSpec]) -> Name {
    let base = match rule {
        Rule::Data { data, .. } => format!("data-{data}"),
        Rule::Schedule(_) => "schedule".to_owned(),
        Rule::Drift { deployment, .. } => format!("drift-{deployment}"),
        Rule::Performance { deployment, .. } => format!("performance-{deployment}"),
    };
    (1..)
        .map(|n| if n == 1 { base.clone() } else { format!("{base}-{n}") })
        .filter_map(|text| Name::parse(&text[..text.len().min(crate::name::MAX_NAME_LEN)]).ok())
        .find(|name| taken.iter().all(|trigger| trigger.name != *name))
        .expect("numbers do not run out")
}

fn trigger(reader: &mut Reader<'_>, node: &Node) -> Option<(Option<Name>, Rule)> {
    let fields = reader.map(node, "a trigger")?;
    let present: Vec<&str> = KINDS.iter().copied().filter(|key| fields.get(key).is_some()).collect();
    let [kind] = present.as_slice() else {
        let message = match present.as_slice() {
            [] => "this trigger watches nothing".to_owned(),
            several => {
                format!("this trigger watches {}: one trigger watches one thing", several.join(" and "))
            }
        };
        reader.problem_with_help(node.place, message, "give it one of data, schedule, drift, performance");
        return None;
    };
    let known: &[&str] = match *kind {
        "data" => &["data", "when", "settle", "name"],
        "drift" | "performance" => &[kind, "when", "name"],
        _ => &[kind, "name"],
    };
    let what = format!("a {kind} trigger");
    reader.fields(node, &what, known);
    let name = fields.get("name").and_then(|node| reader.name(node, &format!("{what}: name")));
    let rule = rule(reader, &fields, kind, &what)?;
    Some((name, rule))
}

fn rule(reader: &mut Reader<'_>, fields: &Fields<'_>, kind: &str, what: &str) -> Option<Rule> {
    let node = fields.get(kind)?;
    match kind {
        "data" => Some(Rule::Data {
            data: reader.name(node, what)?,
            when: when(reader, fields, what, Scope::Data),
            settle_ms: fields
                .get("settle")
                .and_then(|node| reader.duration(node, &format!("{what}: settle")))
                .unwrap_or(0),
        }),
        "schedule" => {
            let text = reader.text(node, what)?;
            match Schedule::parse(&text) {
                Ok(schedule) => Some(Rule::Schedule(schedule)),
                Err(reason) => {
                    let help = "as in `\"0 3 * * 1 Europe/Rome\"`: Mondays at 3";
                    reader.problem_with_help(node.place, format!("{what}: {reason}"), help);
                    None
                }
            }
        }
        "drift" => Some(Rule::Drift {
            deployment: reader.name(node, what)?,
            when: when(reader, fields, what, Scope::Drift),
        }),
        "performance" => {
            let deployment = reader.name(node, what);
            if fields.get("when").is_none() {
                let help = "as in `when: roc_auc < champion.roc_auc_at_release - 0.03 and labels >= 500`";
                reader.problem_with_help(fields.place, format!("{what} has no `when`"), help);
            }
            let when = when(reader, fields, what, Scope::Performance);
            Some(Rule::Performance { deployment: deployment?, when: when? })
        }
        _ => {
            let help = "call `volano pipeline run` from the hook or the CI job";
            reader.problem_with_help(fields.place_of("push"), "push triggers are not supported yet", help);
            None
        }
    }
}

fn when(reader: &mut Reader<'_>, fields: &Fields<'_>, what: &str, scope: Scope) -> Option<Condition> {
    let node = fields.get("when")?;
    reader.condition(node, &format!("{what}: when"), scope)
}
