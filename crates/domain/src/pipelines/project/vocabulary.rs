//! The names that conditions may use, by where the condition stands.

use crate::pipelines::expr::{Condition, Dimension, Expr};
use crate::suggest::nearest;

/// Metrics of evaluations and performance records, with whether more is better.
pub const METRICS: &[(&str, bool)] = &[
    ("accuracy", true),
    ("balanced_accuracy", true),
    ("bias", false),
    ("brier", false),
    ("ece", false),
    ("expected_cost", false),
    ("f05", true),
    ("f1", true),
    ("f1_macro", true),
    ("f1_micro", true),
    ("f1_weighted", true),
    ("f2", true),
    ("false_negative_rate", false),
    ("false_positive_rate", false),
    ("kappa", true),
    ("ks", true),
    ("lift_10", true),
    ("log_loss", false),
    ("mae", false),
    ("mape", false),
    ("mcc", true),
    ("median_absolute_error", false),
    ("mse", false),
    ("pr_auc", true),
    ("precision", true),
    ("precision_macro", true),
    ("precision_weighted", true),
    ("r2", true),
    ("recall", true),
    ("recall_macro", true),
    ("recall_weighted", true),
    ("rmse", false),
    ("rmsle", false),
    ("roc_auc", true),
    ("roc_auc_macro", true),
    ("roc_auc_weighted", true),
    ("smape", false),
    ("specificity", true),
    ("wape", false),
];

/// Whether more is better; unknown metrics that read like an error or a loss are better when lower.
pub fn higher_is_better(metric: &str) -> bool {
    METRICS.iter().find(|(name, _)| *name == metric).map_or_else(
        || !["loss", "error", "mae", "mse", "rmse"].iter().any(|word| metric.contains(word)),
        |(_, higher)| *higher,
    )
}

/// Where a condition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `gate.require`
    Gate,
    /// `steps.X.check`
    Check,
    /// `steps.X.test.expect`
    Expect,
    /// `when` of a data trigger.
    Data,
    /// `when` of a drift trigger.
    Drift,
    /// `when` of a performance trigger.
    Performance,
    /// `deploy.rollback`
    Rollback,
}

const LATENCIES: &[&str] = &["latency_p50", "latency_p99"];

impl Scope {
    /// Plain names with what they measure.
    pub fn names(self) -> &'static [(&'static str, Dimension)] {
        use Dimension::{Bytes, Plain, Time};
        match self {
            Self::Gate => &[
                ("latency_p50", Time),
                ("latency_p99", Time),
                ("starts_in_server", Plain),
                ("no_skew", Plain),
                ("rows", Plain),
            ],
            Self::Check | Self::Expect => &[("rows", Plain), ("columns", Plain), ("bytes", Bytes)],
            Self::Data => &[
                ("new_rows", Plain),
                ("new_files", Plain),
                ("new_bytes", Bytes),
                ("rows", Plain),
                ("files", Plain),
                ("bytes", Bytes),
                ("age", Time),
            ],
            Self::Drift => &[("rows", Plain), ("alarm", Plain)],
            Self::Performance => &[("labels", Plain), ("age", Time)],
            Self::Rollback => {
                &[("error_rate", Plain), ("requests", Plain), ("latency_p50", Time), ("latency_p99", Time)]
            }
        }
    }

    /// Calls: function and what it tells.
    pub fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Check | Self::Expect => {
                &["no_nulls", "unique", "nulls", "null_share", "distinct", "min", "max", "mean"]
            }
            Self::Drift | Self::Rollback => &["psi", "moved"],
            Self::Gate | Self::Data | Self::Performance => &[],
        }
    }

    fn has_metrics(self) -> bool {
        matches!(self, Self::Gate | Self::Check | Self::Expect | Self::Performance)
    }

    fn knows(self, name: &str, in_worst: bool) -> bool {
        let metric = |name: &str| METRICS.iter().any(|(known, _)| *known == name);
        if self.names().iter().any(|(known, _)| *known == name) || (self.has_metrics() && metric(name)) {
            return true;
        }
        let parts: Vec<&str> = name.split('.').collect();
        match (self, parts.as_slice()) {
            (Self::Gate, ["champion", name]) => metric(name) || LATENCIES.contains(name),
            (Self::Gate, ["slice", name] | ["champion", "slice", name]) => in_worst && metric(name),
            (Self::Check | Self::Expect, ["metrics", _]) => true,
            (Self::Performance, ["champion", name]) => name.strip_suffix("_at_release").is_some_and(metric),
            _ => false,
        }
    }

    fn suggestions(self) -> Vec<String> {
        let mut names: Vec<String> = self.names().iter().map(|(name, _)| (*name).to_owned()).collect();
        if self.has_metrics() {
            names.extend(METRICS.iter().map(|(name, _)| (*name).to_owned()));
        }
        match self {
            Self::Gate => names.extend(METRICS.iter().flat_map(|(name, _)| {
                [format!("champion.{name}"), format!("slice.{name}"), format!("champion.slice.{name}")]
            })),
            Self::Performance => {
                names.extend(METRICS.iter().map(|(name, _)| format!("champion.{name}_at_release")));
            }
            _ => {}
        }
        names
    }

    fn dimension(self, name: &str) -> Dimension {
        let last = name.rsplit('.').next().unwrap_or(name);
        self.names()
            .iter()
            .find(|(known, _)| *known == last)
            .map_or(Dimension::Plain, |(_, dimension)| *dimension)
    }
}

/// Something wrong in a condition that reads well.
pub(super) struct Slip {
    pub at: usize,
    pub message: String,
    pub help: Option<String>,
}

/// Names that `scope` does not know, slices outside `worst(…)`, comparisons of unlike things.
pub(super) fn slips(condition: &Condition, scope: Scope) -> Vec<Slip> {
    let mut slips = Vec::new();
    walk(condition.expr(), scope, false, &mut slips);
    slips
}

fn walk(expr: &Expr, scope: Scope, in_worst: bool, slips: &mut Vec<Slip>) {
    match expr {
        Expr::Number(_) | Expr::Bool(_) => {}
        Expr::Name(name, at) => slips.extend(unknown_name(name, *at, scope, in_worst)),
        Expr::Call(function, _, at) => {
            if !scope.calls().contains(&function.as_str()) {
                slips.push(unknown(function, *at, "function", scope.calls().iter().map(|f| (*f).to_owned())));
            }
        }
        Expr::Worst(inner) => {
            if scope != Scope::Gate {
                slips.push(Slip {
                    at: 0,
                    message:
                        "`worst(…)` goes over the slices of an evaluation: it stands in gate.require only"
                            .to_owned(),
                    help: None,
                });
            }
            walk(inner, scope, true, slips);
        }
        Expr::Negate(inner) | Expr::Not(inner) => walk(inner, scope, in_worst, slips),
        Expr::Held { inner, .. } => {
            if !matches!(scope, Scope::Drift | Scope::Performance) {
                slips.push(Slip {
                    at: 0,
                    message:
                        "`for` is for drift and performance triggers, which are evaluated again and again"
                            .to_owned(),
                    help: None,
                });
            }
            walk(inner, scope, in_worst, slips);
        }
        Expr::Compare(left, _, right) => {
            slips.extend(unlike(left, right, scope));
            walk(left, scope, in_worst, slips);
            walk(right, scope, in_worst, slips);
        }
        Expr::Arithmetic(left, _, right) | Expr::And(left, right) | Expr::Or(left, right) => {
            walk(left, scope, in_worst, slips);
            walk(right, scope, in_worst, slips);
        }
    }
}

fn unknown_name(name: &str, at: usize, scope: Scope, in_worst: bool) -> Option<Slip> {
    if scope.knows(name, in_worst) {
        return None;
    }
    if !in_worst && scope.knows(name, true) {
        return Some(Slip {
            at,
            message: format!("`{name}` is one value per slice"),
            help: Some(format!("write `worst({name})`")),
        });
    }
    Some(unknown(name, at, "name", scope.suggestions().into_iter()))
}

fn unknown(word: &str, at: usize, what: &str, known: impl Iterator<Item = String>) -> Slip {
    let known: Vec<String> = known.collect();
    let help = match nearest(word, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "no function can be called here".to_owned(),
        None => format!("there are: {}", known.iter().take(12).cloned().collect::<Vec<_>>().join(", ")),
    };
    Slip { at, message: format!("`{word}` is not a {what} that is known here"), help: Some(help) }
}

fn unlike(left: &Expr, right: &Expr, scope: Scope) -> Option<Slip> {
    let (of_left, of_right) = (measures(left, scope)?, measures(right, scope)?);
    if of_left == of_right {
        return None;
    }
    let (name, at, dimension) =
        [(left, of_left), (right, of_right)].into_iter().find_map(|(side, dimension)| match side {
            Expr::Name(name, at) if dimension != Dimension::Plain => Some((name, *at, dimension)),
            _ => None,
        })?;
    let (what, example) = match dimension {
        Dimension::Time => ("a time", "50ms"),
        _ => ("a size", "10MiB"),
    };
    Some(Slip {
        at,
        message: format!("`{name}` is {what} and is compared with something that is not"),
        help: Some(format!("give the number a unit, as in `{example}`")),
    })
}

/// What a side of a comparison measures; `None` when it cannot be said or does not matter.
fn measures(expr: &Expr, scope: Scope) -> Option<Dimension> {
    match expr {
        Expr::Number(quantity) if quantity.value == 0.0 => None,
        Expr::Number(quantity) => Some(quantity.dimension),
        Expr::Name(name, _) => Some(scope.dimension(name)),
        Expr::Negate(inner) => measures(inner, scope),
        _ => None,
    }
}
