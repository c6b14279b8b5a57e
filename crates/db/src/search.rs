//! Compiles a parsed search into SQL, every value bound.
//!
//! For runs the form of the statement follows what the database holds: the wrong form is a thousand times slower.

mod evaluation;
mod registry;
mod runs;
mod traces;
mod tracking;

use domain::search::{Expression, Operand, Operator, Order};
use domain::tracking::experiment::{ExperimentId, View};

pub use evaluation::evaluation_datasets;
pub use registry::{model_versions, models};
pub use runs::{Group, Spread, count_runs, group_runs, runs};
pub use traces::{correlate_traces, traces};
pub use tracking::{DatasetChoice, ModelOrder, experiments, logged_models};

use crate::dialect::Engine;
use crate::{Conn, Error, Result, Value};

/// What to search for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Only in these experiments; runs, logged models and evaluation data sets.
    pub experiments: Vec<ExperimentId>,
    /// Only in these lifecycle stages.
    pub view: View,
    /// What must hold.
    pub filter: Option<Expression>,
    /// In which order.
    pub order: Vec<Order>,
    /// Only what was there when the newest thing had this number; experiments and runs.
    pub newest: Option<i64>,
    /// Items to leave out at the start.
    pub offset: i64,
    /// Items to return at the most.
    pub limit: i64,
}

/// A statement under construction: its text is joined by the caller, its values are bound here.
pub(crate) struct Statement {
    engine: Engine,
    pub(crate) args: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(conn: &Conn<'_>) -> Self {
        Self { engine: conn.engine(), args: Vec::new() }
    }

    /// Binds a value; its placeholder.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// `$1, $2`: the placeholders of several values.
    fn bind_all<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> String {
        let bound: Vec<String> = values.into_iter().map(|value| self.bind(value)).collect();
        bound.join(", ")
    }

    /// A comparison of a text column.
    fn text(&mut self, column: &str, operator: Operator, operand: &Operand) -> Result<String> {
        Ok(match (operator, operand) {
            (Operator::Equal, Operand::Text(text)) => format!("{column} = {}", self.bind(text)),
            (Operator::NotEqual, Operand::Text(text)) => format!("{column} <> {}", self.bind(text)),
            (Operator::Like, Operand::Text(text)) => {
                let pattern = self.pattern(text);
                self.engine.like(column, &pattern)
            }
            (Operator::ILike, Operand::Text(text)) => {
                let pattern = self.pattern(text);
                self.engine.ilike(column, &pattern)
            }
            (Operator::RLike, Operand::Text(text)) => {
                let pattern = self.bind(text);
                self.engine.rlike(column, &pattern)
            }
            (Operator::In, Operand::List(texts)) => format!("{column} IN ({})", self.bind_all(texts)),
            (Operator::NotIn, Operand::List(texts)) => format!("{column} NOT IN ({})", self.bind_all(texts)),
            (operator, operand) => return Err(unfit(operator, operand)),
        })
    }

    /// A pattern in which a backslash means itself: PostgreSQL would take it as an escape.
    fn pattern(&mut self, text: &str) -> String {
        match self.engine {
            Engine::Sqlite => self.bind(text),
            Engine::Postgres => self.bind(text.replace('\\', "\\\\")),
        }
    }

    /// A comparison of a number column.
    fn number(&mut self, column: &str, operator: Operator, operand: &Operand) -> Result<String> {
        let Operand::Number(number) = operand else {
            return Err(unfit(operator, operand));
        };
        let sign = match operator {
            Operator::Equal => "=",
            Operator::NotEqual => "<>",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            other => return Err(unfit(other, operand)),
        };
        Ok(format!("{column} {sign} {}", self.bind(*number)))
    }

    /// A comparison of a metric's value beside its kind: what is not a number only differs.
    fn metric(&mut self, table: &str, operator: Operator, operand: &Operand) -> Result<String> {
        let compared = self.number(&format!("{table}.value"), operator, operand)?;
        Ok(match operator {
            Operator::NotEqual => format!("({table}.kind = 1 OR {compared})"),
            _ => format!("({table}.kind <> 1 AND {compared})"),
        })
    }

    /// The condition on what was there. The sign keeps the engines from walking along the numbers.
    fn known(&mut self, column: &str, newest: Option<i64>) -> String {
        newest.map_or_else(|| "TRUE".to_owned(), |newest| format!("+{column} <= {}", self.bind(newest)))
    }

    /// The condition on the lifecycle.
    fn view(&self, column: &str, view: View) -> String {
        match view {
            View::Active => format!("{column} = FALSE"),
            View::Deleted => format!("{column} = TRUE"),
            View::All => "TRUE".to_owned(),
        }
    }

    /// The end of the statement.
    fn page(&mut self, search: &Search) -> String {
        let limit = self.bind(search.limit);
        let offset = self.bind(search.offset);
        format!("LIMIT {limit} OFFSET {offset}")
    }

    /// `column ASC` with absent values last and texts in byte order on both engines.
    fn order_text(&self, column: &str, ascending: bool) -> String {
        let collated = match self.engine {
            Engine::Sqlite => column.to_owned(),
            Engine::Postgres => format!("{column} COLLATE \"C\""),
        };
        format!("({column} IS NULL), {collated} {}", direction(ascending))
    }
}

fn order_number(column: &str, ascending: bool) -> String {
    format!("({column} IS NULL), {column} {}", direction(ascending))
}

fn direction(ascending: bool) -> &'static str {
    if ascending { "ASC" } else { "DESC" }
}

/// A comparison that the parser should not have let through.
fn unfit(operator: Operator, operand: &Operand) -> Error {
    Error::Corrupt {
        column: "filter".to_owned(),
        reason: format!("{} does not take {operand:?}", operator.as_str()),
    }
}

/// Joins the compiled parts of an expression; `leaf` compiles one comparison.
fn compile(
    expression: &Expression,
    leaf: &mut dyn FnMut(&domain::search::Comparison) -> Result<String>,
) -> Result<String> {
    let mut all = |parts: &[Expression], sign: &str| -> Result<String> {
        let compiled: Vec<String> = parts.iter().map(|part| compile(part, leaf)).collect::<Result<_>>()?;
        Ok(format!("({})", compiled.join(sign)))
    };
    match expression {
        Expression::All(parts) => all(parts, " AND "),
        Expression::Any(parts) => all(parts, " OR "),
        Expression::Not(inner) => Ok(format!("NOT COALESCE({}, FALSE)", compile(inner, leaf)?)),
        Expression::Is(comparison) => leaf(comparison),
    }
}
