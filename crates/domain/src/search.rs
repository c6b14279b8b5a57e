//! The search language: the MLflow filter grammar, parsed once here.
//!
//! A filter is `IDENTIFIER OPERATOR VALUE`, joined by `AND`; `OR`, `NOT` and parentheses are an extension that
//! changes the meaning of no MLflow filter. An identifier is `entity.key` (the key may be quoted with `"` or a
//! backtick) or an attribute's bare name. Text values are in single or double quotes, numbers are bare.

mod grammar;
mod lexer;
mod object;
pub mod page;
pub mod trace_correlation;
pub mod trace_metrics;
mod traces;

pub use object::Object;
pub use traces::SPAN_ATTRIBUTE;

use crate::tracking::validation::Refusal;

/// Most bytes of a filter.
pub const MAX_FILTER_LEN: usize = 256 * 1024;
/// Most comparisons of a filter.
pub const MAX_COMPARISONS: usize = 100;
/// Most parentheses and `NOT`s inside one another.
pub const MAX_DEPTH: usize = 20;
/// Most values of an `IN` list.
pub const MAX_LIST: usize = 5_000;
/// Most columns to order by.
pub const MAX_ORDER: usize = 20;

/// The part of a thing that a comparison looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A field of its own.
    Attribute,
    /// The newest point of a metric.
    Metric,
    /// A param.
    Param,
    /// A tag.
    Tag,
    /// A data set that a run read.
    Dataset,
    /// Metadata of a trace.
    Metadata,
    /// A step of a trace; all that is asked of steps together is asked of the same one.
    Span,
    /// Feedback on a trace.
    Feedback,
    /// An expectation of a trace.
    Expectation,
    /// An issue that a trace shows.
    Issue,
}

impl Entity {
    /// The word in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Metric => "metric",
            Self::Param => "parameter",
            Self::Tag => "tag",
            Self::Dataset => "dataset",
            Self::Metadata => "request_metadata",
            Self::Span => "span",
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
            Self::Issue => "issue",
        }
    }
}

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `LIKE`: `%` any text, `_` any character; case matters.
    Like,
    /// `ILIKE`: as `LIKE`, case ignored.
    ILike,
    /// `RLIKE`: a regular expression matches somewhere.
    RLike,
    /// `IN (…)`
    In,
    /// `NOT IN (…)`
    NotIn,
    /// `IS NULL`: the key is absent.
    IsNull,
    /// `IS NOT NULL`: the key is present.
    IsNotNull,
}

impl Operator {
    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "LIKE",
            Self::ILike => "ILIKE",
            Self::RLike => "RLIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
        }
    }
}

/// What to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Nothing: `IS NULL`.
    Nothing,
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Texts, for `IN`.
    List(Vec<String>),
}

/// One comparison, checked against what its object has.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The part that is looked at.
    pub entity: Entity,
    /// Its key; for an attribute the canonical name.
    pub key: String,
    /// How.
    pub operator: Operator,
    /// With what.
    pub operand: Operand,
}

/// A parsed filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// All of these hold.
    All(Vec<Expression>),
    /// At least one of these holds.
    Any(Vec<Expression>),
    /// This does not hold.
    Not(Box<Expression>),
    /// This comparison holds.
    Is(Comparison),
}

impl Expression {
    /// Every comparison in it.
    pub fn comparisons(&self) -> Vec<&Comparison> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::comparisons).collect(),
            Self::Not(inner) => inner.comparisons(),
            Self::Is(comparison) => vec![comparison],
        }
    }
}

/// One column to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The part.
    pub entity: Entity,
    /// Its key; for an attribute the canonical name.
    pub key: String,
    /// Least first.
    pub ascending: bool,
}

/// Parses a filter over `object`; an empty one is `None`.
pub fn parse_filter(object: Object, text: &str) -> Result<Option<Expression>, Refusal> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.len() > MAX_FILTER_LEN {
        return Err(refuse(format!("Filter string exceeds the maximum length of {MAX_FILTER_LEN} bytes.")));
    }
    grammar::filter(object, text).map(Some)
}

/// The characters of a filter at which parsing stops, for those who show it; `None` for a filter that is right.
pub fn fault(object: Object, text: &str) -> Option<std::ops::Range<usize>> {
    if text.trim().is_empty() || text.len() > MAX_FILTER_LEN {
        return None;
    }
    let bytes = grammar::fault(object, text)?;
    let characters = |byte: usize| text.get(..byte).map_or(0, |before| before.chars().count());
    Some(characters(bytes.start)..characters(bytes.end))
}

/// Parses the columns to order by; each column once at the most.
pub fn parse_order(object: Object, columns: &[String]) -> Result<Vec<Order>, Refusal> {
    if columns.len() > MAX_ORDER {
        return Err(Refusal::new("order_by", format!("at most {MAX_ORDER} `order_by` columns are taken")));
    }
    let mut orders: Vec<Order> = Vec::new();
    for column in columns {
        let order = grammar::order(object, column)?;
        if orders.iter().any(|other| other.entity == order.entity && other.key == order.key) {
            let reason = format!("`order_by` contains duplicate fields: {columns:?}");
            return Err(Refusal::new("order_by", reason));
        }
        orders.push(order);
    }
    Ok(orders)
}

fn refuse(reason: impl Into<String>) -> Refusal {
    Refusal::new("filter", reason)
}

#[cfg(test)]
mod tests;
