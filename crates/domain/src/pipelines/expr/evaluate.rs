//! Computing a condition over what is known, with the value of every name for the record.

use serde::{Deserialize, Serialize};

use super::{Comparison, Expr, Operator};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A yes-or-no fact.
    Bool(bool),
    /// A number: milliseconds for times, bytes for sizes, 0..1 for shares.
    Number(f64),
    /// Not known, and why.
    Missing {
        /// "no champion yet", "only 40 labels".
        missing: String,
    },
}

impl Value {
    /// A value that is not known, with the reason.
    pub fn missing(reason: impl Into<String>) -> Self {
        Self::Missing { missing: reason.into() }
    }
}

/// Where a condition finds its values.
pub trait Lookup {
    /// The value of a dotted name: `roc_auc`, `champion.roc_auc`, `new_rows`.
    fn name(&self, name: &str) -> Value;

    /// The value of `function(argument)`: `psi(any_feature)`, `no_nulls(late)`.
    fn call(&self, function: &str, argument: &str) -> Value {
        Value::missing(format!("{function}({argument}) is not known here"))
    }

    /// The slices that `worst(…)` goes over.
    fn slices(&self) -> Vec<String> {
        Vec::new()
    }

    /// The value in one slice; `name` is without the word `slice`: `slice.roc_auc` asks for `roc_auc`, and
    /// `champion.slice.roc_auc` for `champion.roc_auc`.
    fn slice(&self, slice: &str, name: &str) -> Value {
        Value::missing(format!("{name} of {slice} is not known here"))
    }

    /// For how many milliseconds the condition `text` of `text for 6h` has been true without a break, up to now.
    fn held_ms(&self, text: &str) -> Option<i64> {
        let _ = text;
        None
    }
}

/// One name and its value, for the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedValue {
    /// As written: `champion.roc_auc`, `psi(any_feature)`.
    pub name: String,
    /// The slice, inside `worst(…)`: the one that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<String>,
    /// What it was.
    pub value: Value,
}

/// A verdict with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// True, false, or not known and why.
    pub verdict: Value,
    /// Every name that was looked at, in the order of the text.
    pub values: Vec<NamedValue>,
}

impl Evaluation {
    /// Whether the condition is known to hold.
    pub fn holds(&self) -> bool {
        self.verdict == Value::Bool(true)
    }

    /// Why the verdict is not known, when it is not.
    pub fn missing(&self) -> Option<&str> {
        match &self.verdict {
            Value::Missing { missing } => Some(missing),
            _ => None,
        }
    }
}

pub(super) fn evaluate(expr: &Expr, lookup: &dyn Lookup) -> Evaluation {
    let mut run = Run { lookup, slice: None, values: Vec::new() };
    let verdict = match run.value(expr, Worst::Lowest) {
        Value::Number(number) => Value::missing(format!("{number} is a number, not true or false")),
        other => other,
    };
    Evaluation { verdict, values: run.values }
}

/// Which end of the slices is the worst one: what the comparison around it would refuse first.
#[derive(Clone, Copy)]
enum Worst {
    Lowest,
    Highest,
}

struct Run<'a> {
    lookup: &'a dyn Lookup,
    slice: Option<String>,
    values: Vec<NamedValue>,
}

impl Run<'_> {
    fn value(&mut self, expr: &Expr, worst: Worst) -> Value {
        match expr {
            Expr::Number(quantity) => Value::Number(quantity.value),
            Expr::Bool(value) => Value::Bool(*value),
            Expr::Name(name, _) => self.named(name),
            Expr::Call(function, argument, _) => {
                let value = self.lookup.call(function, argument);
                self.note(format!("{function}({argument})"), value)
            }
            Expr::Worst(inner) => self.worst(inner, worst),
            Expr::Negate(inner) => number(self.value(inner, worst), |x| Value::Number(-x)),
            Expr::Arithmetic(left, operator, right) => {
                let (left, right) = (self.value(left, worst), self.value(right, worst));
                numbers(left, right, |a, b| arithmetic(a, *operator, b))
            }
            Expr::Compare(left, comparison, right) => self.compare(left, *comparison, right),
            Expr::Not(inner) => match self.value(inner, worst) {
                Value::Bool(value) => Value::Bool(!value),
                other => truth(other),
            },
            Expr::And(left, right) => self.join(left, right, false),
            Expr::Or(left, right) => self.join(left, right, true),
            Expr::Held { inner, duration_ms, text } => self.held(inner, *duration_ms, text),
        }
    }

    fn named(&mut self, name: &str) -> Value {
        let value = match &self.slice {
            Some(slice) if name.split('.').any(|part| part == "slice") => {
                let parts: Vec<_> = name.split('.').filter(|part| *part != "slice").collect();
                self.lookup.slice(slice, &parts.join("."))
            }
            _ => self.lookup.name(name),
        };
        self.note(name.to_owned(), value)
    }

    fn note(&mut self, name: String, value: Value) -> Value {
        let seen = NamedValue { name, slice: self.slice.clone(), value: value.clone() };
        if !self.values.contains(&seen) {
            self.values.push(seen);
        }
        value
    }

    fn worst(&mut self, inner: &Expr, worst: Worst) -> Value {
        let mut found: Option<(f64, Vec<NamedValue>)> = None;
        let mut missing = None;
        let before = self.values.len();
        for slice in self.lookup.slices() {
            self.slice = Some(slice);
            match self.value(inner, worst) {
                Value::Number(value) => {
                    let worse = found.as_ref().is_none_or(|(best, _)| match worst {
                        Worst::Lowest => value < *best,
                        Worst::Highest => value > *best,
                    });
                    let seen = self.values.split_off(before);
                    if worse {
                        found = Some((value, seen));
                    }
                }
                other => {
                    self.values.truncate(before);
                    missing = Some(truth(other));
                }
            }
        }
        self.slice = None;
        match found {
            Some((value, seen)) => {
                self.values.extend(seen);
                Value::Number(value)
            }
            None => missing
                .unwrap_or_else(|| Value::missing("there are no slices: list columns in objective.slices")),
        }
    }

    fn compare(&mut self, left: &Expr, comparison: Comparison, right: &Expr) -> Value {
        // `worst(x) >= y` is refused by the lowest x, `y >= worst(x)` by the highest.
        let (on_left, on_right) = match comparison {
            Comparison::Less | Comparison::LessOrEqual => (Worst::Highest, Worst::Lowest),
            _ => (Worst::Lowest, Worst::Highest),
        };
        let (left, right) = (self.value(left, on_left), self.value(right, on_right));
        if let (Value::Bool(a), Value::Bool(b)) = (&left, &right) {
            return match comparison {
                Comparison::Equal => Value::Bool(a == b),
                Comparison::NotEqual => Value::Bool(a != b),
                _ => Value::missing("true and false have no order"),
            };
        }
        numbers(left, right, |a, b| {
            Value::Bool(match comparison {
                Comparison::Less => a < b,
                Comparison::LessOrEqual => a <= b,
                Comparison::Greater => a > b,
                Comparison::GreaterOrEqual => a >= b,
                Comparison::Equal => a == b,
                Comparison::NotEqual => a != b,
            })
        })
    }

    /// `and` (decided by false) and `or` (decided by true); both sides are always looked at, for the evidence.
    fn join(&mut self, left: &Expr, right: &Expr, decides: bool) -> Value {
        let left = truth(self.value(left, Worst::Lowest));
        let right = truth(self.value(right, Worst::Lowest));
        if left == Value::Bool(decides) || right == Value::Bool(decides) {
            return Value::Bool(decides);
        }
        match (left, right) {
            (Value::Bool(_), Value::Bool(_)) => Value::Bool(!decides),
            (missing @ Value::Missing { .. }, _) | (_, missing) => missing,
        }
    }

    fn held(&mut self, inner: &Expr, duration_ms: i64, text: &str) -> Value {
        let now = truth(self.value(inner, Worst::Lowest));
        if now != Value::Bool(true) {
            return now;
        }
        let held_ms = self.lookup.held_ms(text).unwrap_or(0);
        self.note(format!("({text}) for"), Value::Number(held_ms as f64));
        Value::Bool(held_ms >= duration_ms)
    }
}

fn truth(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::missing(format!("{number} is a number, not true or false")),
        other => other,
    }
}

fn number(value: Value, then: impl Fn(f64) -> Value) -> Value {
    match value {
        Value::Number(x) if x.is_nan() => Value::missing("the value is not a number (NaN)"),
        Value::Number(x) => then(x),
        Value::Bool(_) => Value::missing("true or false is not a number"),
        missing => missing,
    }
}

fn numbers(left: Value, right: Value, then: impl Fn(f64, f64) -> Value) -> Value {
    number(left, |a| number(right.clone(), |b| then(a, b)))
}

fn arithmetic(a: f64, operator: Operator, b: f64) -> Value {
    match operator {
        Operator::Add => Value::Number(a + b),
        Operator::Subtract => Value::Number(a - b),
        Operator::Multiply => Value::Number(a * b),
        Operator::Divide if b == 0.0 => Value::missing("division by zero"),
        Operator::Divide => Value::Number(a / b),
    }
}
