//! Tokens and costs: of one span, and of a trace by its tree of spans.

use std::collections::{HashMap, HashSet};
use std::ops::Add;

use serde_json::{Map, Value};

use super::json_text::{float, spaced};

/// Kinds of tokens, in the order in which they are kept.
pub const TOKENS: [&str; 6] = [
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
];
/// Kinds of costs in US dollars, in the order in which they are kept.
pub const COSTS: [&str; 3] = ["input_cost", "output_cost", "total_cost"];
/// The kinds of tokens that every sum has.
const ALWAYS: usize = 3;

/// Tokens by kind; absent where nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage(pub [Option<i64>; 6]);

/// Costs by kind; absent where nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost(pub [Option<f64>; 3]);

impl Usage {
    /// Reads a JSON object; what is no whole number is left out.
    pub fn read(value: &Value) -> Self {
        Self(TOKENS.map(|key| whole(&value[key])))
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// These tokens, and those of `newer` where it has some.
    #[must_use]
    pub fn or_newer(self, newer: Self) -> Self {
        Self(overlaid(self.0, newer.0))
    }

    /// The JSON text of what is known.
    pub fn text(&self) -> Option<String> {
        text(TOKENS.iter().zip(self.0.iter().map(|n| n.map(Value::from))))
    }

    /// The sum over a tree: what a span has stands for everything below it, because some libraries put sums on parents.
    pub fn sum(nodes: &[Node<Self>]) -> Option<Self> {
        let mut sum = Self([Some(0), Some(0), Some(0), None, None, None]);
        let mut found = false;
        for own in tops(nodes) {
            found = true;
            for (index, (total, tokens)) in sum.0.iter_mut().zip(own.0).enumerate() {
                *total = added(*total, tokens, i64::saturating_add).or((index < ALWAYS).then_some(0));
            }
        }
        found.then_some(sum)
    }
}

impl Cost {
    /// Reads a JSON object; what is no finite number is left out.
    pub fn read(value: &Value) -> Self {
        Self(COSTS.map(|key| finite(&value[key])))
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// These costs, and those of `newer` where it has some.
    #[must_use]
    pub fn or_newer(self, newer: Self) -> Self {
        Self(overlaid(self.0, newer.0))
    }

    /// The JSON text of what is known.
    pub fn text(&self) -> Option<String> {
        let known = COSTS.iter().zip(self.0).filter_map(|(key, n)| Some(format!("\"{key}\": {}", float(n?))));
        let known: Vec<String> = known.collect();
        (!known.is_empty()).then(|| format!("{{{}}}", known.join(", ")))
    }

    /// The sum over a tree, as of tokens.
    pub fn sum(nodes: &[Node<Self>]) -> Option<Self> {
        let mut sum = Self([Some(0.0); 3]);
        let mut found = false;
        for own in tops(nodes) {
            found = true;
            for (total, cost) in sum.0.iter_mut().zip(own.0) {
                *total = added(*total, cost, f64::add);
            }
        }
        found.then_some(sum)
    }
}

/// A span as the sums see it.
#[derive(Clone, Debug)]
pub struct Node<T> {
    /// Its id.
    pub id: String,
    /// Its parent's id.
    pub parent: Option<String>,
    /// What it has itself, if it says so.
    pub own: Option<T>,
}

/// What the topmost spans have that have something: walks down from the roots and stops at each.
fn tops<T: Copy>(nodes: &[Node<T>]) -> Vec<T> {
    let known: HashSet<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
    let mut children: HashMap<&str, Vec<&Node<T>>> = HashMap::new();
    let mut waiting = Vec::new();
    for node in nodes {
        match node.parent.as_deref().filter(|parent| known.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(node),
            None => waiting.push(node),
        }
    }
    let mut found = Vec::new();
    while let Some(node) = waiting.pop() {
        match node.own {
            Some(own) => found.push(own),
            None => waiting.extend(children.remove(node.id.as_str()).unwrap_or_default()),
        }
    }
    found
}

fn overlaid<T: Copy, const N: usize>(older: [Option<T>; N], newer: [Option<T>; N]) -> [Option<T>; N] {
    std::array::from_fn(|index| newer[index].or(older[index]))
}

fn added<T: Copy>(a: Option<T>, b: Option<T>, add: fn(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(add(a, b)),
        (one, None) | (None, one) => one,
    }
}

fn text<'a>(pairs: impl Iterator<Item = (&'a &'static str, Option<Value>)>) -> Option<String> {
    let known: Map<String, Value> =
        pairs.filter_map(|(key, value)| Some(((*key).to_owned(), value?))).collect();
    (!known.is_empty()).then(|| spaced(&Value::Object(known)))
}

/// A whole number, also one that is written as a text or with a point.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| from_float(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| from_float(text.parse().ok()?))
        }
        _ => None,
    }
}

fn from_float(float: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within 2^53")]
    (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
}

fn finite(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(id: &str, parent: Option<&str>, own: Option<Value>) -> Node<Usage> {
        let own = own.map(|value| Usage::read(&value));
        Node { id: id.to_owned(), parent: parent.map(ToOwned::to_owned), own }
    }

    #[test]
    fn what_a_parent_sums_up_is_not_counted_again() {
        let tree = [
            node(
                "leaf",
                Some("sum"),
                Some(json!({"input_tokens": 5, "output_tokens": 1, "total_tokens": 6})),
            ),
            node("root", None, None),
            node("sum", Some("root"), Some(json!({"input_tokens": 7, "total_tokens": 9}))),
            node("other", Some("root"), Some(json!({"input_tokens": "2", "cache_read_input_tokens": 1.0}))),
            node("elsewhere", Some("not here"), Some(json!({"output_tokens": 4}))),
        ];
        assert_eq!(Usage::sum(&tree).unwrap().0, [Some(9), Some(4), Some(9), Some(1), None, None]);
        assert_eq!(Usage::sum(&[node("a", None, None)]), None);
    }

    #[test]
    fn spans_that_are_one_anothers_parents_end_no_walk() {
        let own = Some(json!({"input_tokens": 1}));
        let circle = [node("a", Some("b"), own.clone()), node("b", Some("a"), own)];
        assert_eq!(Usage::sum(&circle), None);
    }

    #[test]
    fn what_is_known_is_written_as_python_writes_it() {
        let usage =
            Usage::read(&json!({"output_tokens": 3, "input_tokens": 2, "x": 1, "total_tokens": null}));
        assert_eq!(usage.text().unwrap(), r#"{"input_tokens": 2, "output_tokens": 3}"#);
        let cost = Cost::read(&json!({"input_cost": 0.00001, "total_cost": 2}));
        assert_eq!(cost.text().unwrap(), r#"{"input_cost": 1e-05, "total_cost": 2.0}"#);
        assert_eq!(Usage::default().text(), None);
    }
}
