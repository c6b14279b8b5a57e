//! The expression language of gates, checks, triggers and rollback rules: `roc_auc >= champion.roc_auc - 0.002`.
//!
//! ```text
//! expr    = and { "or" and } ;            and  = not { "and" not } ;        not = [ "not" ] held ;
//! held    = compare [ "for" duration ] ;  compare = sum [ ("<"|"<="|">"|">="|"=="|"!=") sum ] ;
//! sum     = product { ("+"|"-") product } ;         product = unary { ("*"|"/") unary } ;
//! unary   = [ "-" ] atom ;                atom = number [ unit ] | true | false | name | call | "(" expr ")" ;
//! call    = name "(" name ")" | "worst" "(" expr ")" ;     name = word { "." word } ;
//! ```
//! Units: `ms s m h d w` are milliseconds, `%` is a hundredth, `KB MB GB KiB MiB GiB` are bytes. Logic has
//! three values: what is missing stays missing unless the other side decides (`false and missing` is false).

mod evaluate;
mod lexer;
mod parser;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use evaluate::{Evaluation, Lookup, NamedValue, Value};
pub(crate) use lexer::{bytes, duration_ms};

/// The longest expression, in bytes.
pub const MAX_BYTES: usize = 2000;
/// The deepest nesting.
pub const MAX_DEPTH: usize = 50;

/// A condition as it was written, with what it means.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
    expr: Expr,
}

/// Why a text is no condition, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// Offset in characters from the start of the text.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

/// The parts of a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A number; units are already applied.
    Number(Quantity),
    /// `true` or `false`.
    Bool(bool),
    /// A dotted name and its offset in the text.
    Name(String, usize),
    /// `function(argument)` and its offset.
    Call(String, String, usize),
    /// `worst(expr)`: the slice that comes off worst.
    Worst(Box<Expr>),
    /// `-x`.
    Negate(Box<Expr>),
    /// `+ - * /`.
    Arithmetic(Box<Expr>, Operator, Box<Expr>),
    /// `< <= > >= == !=`.
    Compare(Box<Expr>, Comparison, Box<Expr>),
    /// `not x`.
    Not(Box<Expr>),
    /// `x and y`.
    And(Box<Expr>, Box<Expr>),
    /// `x or y`.
    Or(Box<Expr>, Box<Expr>),
    /// `x for 6h`: true only after it has been true that long.
    Held {
        /// What must hold.
        inner: Box<Expr>,
        /// For how long.
        duration_ms: i64,
        /// The inner text, by which a lookup knows it.
        text: String,
    },
}

/// A number and what it measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// In milliseconds, bytes, or plain.
    pub value: f64,
    /// What was written behind it.
    pub dimension: Dimension,
}

/// What a number measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// A plain number or a percentage.
    Plain,
    /// Milliseconds.
    Time,
    /// Bytes.
    Bytes,
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Condition {
    /// Reads a condition; the value of the whole must be true or false.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let expr = parser::parse(text)?;
        if !expr.is_condition() {
            return Err(SyntaxError {
                at: 0,
                message: format!("{:?} is a number, not a condition", text.trim()),
                help: Some("compare it with something, as in `rows > 1000`".to_owned()),
            });
        }
        Ok(Self { text: text.trim().to_owned(), expr })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Computes the verdict over what `lookup` knows.
    pub fn evaluate(&self, lookup: &dyn Lookup) -> Evaluation {
        evaluate::evaluate(&self.expr, lookup)
    }

    /// Every dotted name that is used.
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.expr.visit(&mut |expr| {
            if let Expr::Name(name, _) = expr {
                names.insert(name.as_str());
            }
        });
        names
    }

    /// Every call that is used, as (function, argument).
    pub fn calls(&self) -> BTreeSet<(&str, &str)> {
        let mut calls = BTreeSet::new();
        self.expr.visit(&mut |expr| {
            if let Expr::Call(function, argument, _) = expr {
                calls.insert((function.as_str(), argument.as_str()));
            }
        });
        calls
    }

    /// Whether a name starts with the word `root`, as `champion.roc_auc` with `champion`.
    pub fn mentions(&self, root: &str) -> bool {
        self.names().iter().any(|name| name.split('.').next() == Some(root))
    }
}

impl Expr {
    /// Shows every part to `see`, outer before inner.
    pub fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Expr)) {
        see(self);
        match self {
            Self::Number(_) | Self::Bool(_) | Self::Name(..) | Self::Call(..) => {}
            Self::Worst(inner) | Self::Negate(inner) | Self::Not(inner) | Self::Held { inner, .. } => {
                inner.visit(see);
            }
            Self::Arithmetic(left, _, right)
            | Self::Compare(left, _, right)
            | Self::And(left, right)
            | Self::Or(left, right) => {
                left.visit(see);
                right.visit(see);
            }
        }
    }

    fn is_condition(&self) -> bool {
        match self {
            Self::Number(_) | Self::Negate(_) | Self::Arithmetic(..) | Self::Worst(_) => false,
            // Names and calls may be yes-or-no facts: `no_skew`, `no_nulls(late)`.
            _ => true,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for Condition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
