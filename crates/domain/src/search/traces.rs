//! What of traces can be searched: fields, tags, metadata, steps, and what was said about them.

use regex::Regex;

use super::lexer::Token;
use super::object::{Attribute, Kind};
use super::{Entity, Operand, Operator, refuse};
use crate::tracking::trace::{COST, TOKEN_USAGE};
use crate::tracking::validation::Refusal;

/// The attributes of traces.
pub(super) const ATTRIBUTES: &[Attribute] = &[
    (&["request_id", "trace_id"], Kind::ListedText),
    (&["timestamp_ms", "timestamp"], Kind::Number),
    (&["execution_time_ms", "execution_time"], Kind::Number),
    (&["end_time_ms", "end_time"], Kind::Number),
    (&["status"], Kind::ListedText),
    (&["name"], Kind::ListedText),
    (&["run_id"], Kind::ListedText),
    (&["client_request_id"], Kind::ListedText),
    (&["experiment_id"], Kind::ListedText),
    (&["prompt"], Kind::Text),
    (&["text"], Kind::Text),
];
/// The words before the dot that only traces know.
pub(super) const WORDS: [&str; 5] = ["request_metadata", "span", "feedback", "expectation", "issue"];
/// What of a step has a place of its own.
const SPAN_KEYS: [&str; 4] = ["name", "type", "status", "content"];
/// What precedes the key of a step's attribute.
pub const SPAN_ATTRIBUTE: &str = "attributes.";

pub(super) fn entity(word: &str) -> Option<Entity> {
    Some(match word {
        "attribute" | "attributes" | "attr" | "trace" => Entity::Attribute,
        "tag" | "tags" => Entity::Tag,
        "metadata" | "request_metadata" => Entity::Metadata,
        "span" => Entity::Span,
        "feedback" => Entity::Feedback,
        "expectation" => Entity::Expectation,
        "issue" => Entity::Issue,
        _ => return None,
    })
}

/// Checks the key of a step or an issue.
pub(super) fn check_key(entity: Entity, key: &str) -> Result<(), Refusal> {
    match (entity, key.strip_prefix(SPAN_ATTRIBUTE)) {
        (Entity::Issue, _) if key == "id" => Ok(()),
        (Entity::Issue, _) => {
            Err(refuse(format!("Invalid issue attribute '{key}'. Supported attributes: id")))
        }
        (_, Some("")) => Err(refuse("Span attribute name cannot be empty after 'attributes.'")),
        (_, Some(_)) => Ok(()),
        (_, None) if SPAN_KEYS.contains(&key) => Ok(()),
        (_, None) => Err(refuse(format!(
            "Invalid span attribute '{key}'. Supported attributes: name, status, type, attributes.<attribute_name>."
        ))),
    }
}

/// Checks that something has an order.
pub(super) fn check_order(entity: Entity, key: &str) -> Result<(), Refusal> {
    let ordered = match entity {
        Entity::Attribute => !["prompt", "text"].contains(&key),
        Entity::Tag | Entity::Metadata => true,
        _ => false,
    };
    if ordered {
        return Ok(());
    }
    Err(Refusal::new(
        "order_by",
        format!("Invalid identifier type '{}': '{key}' has no order", entity.as_str()),
    ))
}

/// Checks that a part can be compared so.
pub(super) fn check_operator(
    entity: Entity,
    key: &str,
    kind: Kind,
    operator: Operator,
) -> Result<(), Refusal> {
    use Operator::{Equal, ILike, In, IsNotNull, IsNull, Like, NotEqual, NotIn, RLike};
    let sized =
        !matches!(operator, Equal | NotEqual | Like | ILike | RLike | In | NotIn | IsNull | IsNotNull);
    let assessed = matches!(entity, Entity::Feedback | Entity::Expectation);
    let good = match (entity, key) {
        (Entity::Attribute, "prompt") if operator != Equal => {
            return Err(refuse(format!(
                "Invalid comparator '{}' for prompts filter. Only '=' is supported with format: prompt = \
                 \"name/version\"",
                operator.as_str()
            )));
        }
        (Entity::Metadata, TOKEN_USAGE | COST)
            if !matches!(operator, Equal | NotEqual | IsNull | IsNotNull) =>
        {
            return Err(refuse(format!(
                "Comparator '{}' is not supported for reserved metadata '{key}'. Only '=', '!=', 'IS NULL', and 'IS NOT \
                 NULL' are supported.",
                operator.as_str()
            )));
        }
        (Entity::Issue, _) | (Entity::Attribute, "prompt") => operator == Equal,
        (Entity::Attribute, "text") | (Entity::Span, "content") => matches!(operator, Like | ILike),
        _ => match operator {
            Equal | NotEqual => true,
            IsNull | IsNotNull => assessed || matches!(entity, Entity::Tag | Entity::Metadata),
            Like | ILike | RLike => kind != Kind::Number,
            In | NotIn => kind == Kind::ListedText,
            _ => sized && (assessed || kind == Kind::Number),
        },
    };
    if good {
        return Ok(());
    }
    Err(refuse(format!(
        "Invalid comparator '{}' for {} '{key}' of a trace",
        operator.as_str(),
        entity.as_str()
    )))
}

/// Takes what a part is compared with.
pub(super) fn value(
    entity: Entity,
    key: &str,
    operator: Operator,
    token: &Token,
) -> Result<Operand, Refusal> {
    use Operator::{Greater, GreaterOrEqual, Less, LessOrEqual};
    let kind = ATTRIBUTES.iter().find(|(names, _)| names[0] == key).map(|(_, kind)| *kind);
    let assessed = matches!(entity, Entity::Feedback | Entity::Expectation);
    let numeric = match entity {
        Entity::Attribute => kind == Some(Kind::Number),
        _ => assessed && matches!(operator, Less | LessOrEqual | Greater | GreaterOrEqual),
    };
    match token {
        Token::Number(number) if numeric => number
            .parse()
            .map(Operand::Number)
            .map_err(|_| refuse(format!("Expected numeric value type for {key}. Found {number}"))),
        token if numeric => Err(refuse(format!(
            "Expected a numeric value for {} '{key}' when using comparator '{}'. Got value {}",
            entity.as_str(),
            operator.as_str(),
            token.shown()
        ))),
        Token::Text(text) => {
            if operator == Operator::RLike {
                Regex::new(text).map_err(|_| {
                    refuse(format!("Invalid regular expression '{text}' after RLIKE: it cannot be read"))
                })?;
            }
            if (entity, key) == (Entity::Attribute, "prompt") && text.matches('/').count() != 1 {
                return Err(refuse(format!(
                    "Invalid prompts filter value '{text}'. Expected format: prompt = \"name/version\""
                )));
            }
            Ok(Operand::Text(text.clone()))
        }
        token => Err(refuse(format!(
            "Expected a quoted string value for {} (e.g. 'my-value'). Got value {}",
            entity.as_str(),
            token.shown()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Comparison, Expression, Object, parse_filter, parse_order};
    use super::*;

    fn comparison(text: &str) -> Comparison {
        match parse_filter(Object::Traces, text).unwrap().unwrap() {
            Expression::Is(comparison) => comparison,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn traces_have_parts_of_their_own() {
        let cases = [
            ("status = 'OK'", Entity::Attribute, "status"),
            ("trace.timestamp > 12", Entity::Attribute, "timestamp_ms"),
            ("attributes.execution_time <= 1.5", Entity::Attribute, "execution_time_ms"),
            ("name RLIKE '^a.*z$'", Entity::Attribute, "name"),
            ("metadata.`mlflow.trace.session` = 's'", Entity::Metadata, "mlflow.trace.session"),
            ("request_metadata.k IS NULL", Entity::Metadata, "k"),
            ("span.attributes.model.name ILIKE '%x%'", Entity::Span, "attributes.model.name"),
            ("span.type IN ('LLM', 'TOOL')", Entity::Span, "type"),
            ("feedback.correctness = 'yes'", Entity::Feedback, "correctness"),
            ("expectation.score >= 0.5", Entity::Expectation, "score"),
            ("feedback.\"a b\" IS NOT NULL", Entity::Feedback, "a b"),
            ("issue.id = 'iss-1'", Entity::Issue, "id"),
            ("prompt = 'greeting/2'", Entity::Attribute, "prompt"),
            ("trace.text LIKE '%hi%'", Entity::Attribute, "text"),
        ];
        for (text, entity, key) in cases {
            let found = comparison(text);
            assert_eq!((found.entity, found.key.as_str()), (entity, key), "{text}");
        }
    }

    #[test]
    fn what_traces_do_not_have_says_why() {
        let cases = [
            ("metrics.a > 1", "Invalid entity type 'metrics'"),
            ("span.color = 'x'", "Invalid span attribute 'color'"),
            ("span.attributes. = 'x'", "cannot be empty"),
            ("span.content = 'x'", "Invalid comparator '='"),
            ("issue.name = 'x'", "Invalid issue attribute 'name'"),
            ("prompt LIKE 'x/1'", "for prompts filter"),
            ("prompt = 'x'", "Expected format: prompt"),
            ("status > 'OK'", "Invalid comparator '>'"),
            ("timestamp = 'x'", "Expected a numeric value"),
            ("feedback.a > 'x'", "Expected a numeric value"),
            ("feedback.a = 5", "Expected a quoted string value for feedback"),
            ("name RLIKE '('", "Invalid regular expression"),
            ("status IS NULL", "Invalid comparator 'IS NULL'"),
            ("tags.a IN ('x')", "Invalid comparator 'IN'"),
        ];
        for (text, expected) in cases {
            let found = parse_filter(Object::Traces, text).unwrap_err().reason;
            assert!(found.contains(expected), "{text}: {found}");
        }
        let runs = parse_filter(Object::Runs, "tags.a RLIKE 'x'").unwrap_err().reason;
        assert!(runs.contains("Invalid comparator 'RLIKE'"), "{runs}");
    }

    #[test]
    fn traces_are_ordered_by_fields_tags_and_metadata() {
        let order = |text: &str| parse_order(Object::Traces, &[text.to_owned()]);
        assert_eq!(order("timestamp DESC").unwrap()[0].key, "timestamp_ms");
        assert!(order("metadata.k").is_ok() && order("tags.k ASC").is_ok());
        assert!(order("span.name").is_err() && order("feedback.x").is_err() && order("text").is_err());
    }
}
