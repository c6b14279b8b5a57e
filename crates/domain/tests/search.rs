//! Laws of the filter language, tried on random expressions.

use domain::search::{
    Comparison, Entity, Expression, Object, Operand, Operator, page, parse_filter, parse_order,
};
use proptest::prelude::*;

/// A text in quotes that it does not hold.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

fn print(expression: &Expression) -> String {
    let inner = |part: &Expression| match part {
        Expression::Is(comparison) => shown(comparison),
        other => format!("({})", print(other)),
    };
    match expression {
        Expression::All(parts) => parts.iter().map(inner).collect::<Vec<_>>().join(" AND "),
        Expression::Any(parts) => parts.iter().map(inner).collect::<Vec<_>>().join(" or "),
        Expression::Not(part) => format!("NOT {}", inner(part)),
        Expression::Is(comparison) => shown(comparison),
    }
}

fn shown(comparison: &Comparison) -> String {
    let operand = match &comparison.operand {
        Operand::Nothing => String::new(),
        Operand::Number(number) => format!(" {number:?}"),
        Operand::Text(text) => format!(" {}", quoted(text)),
        Operand::List(texts) => {
            format!(" ({})", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
        }
    };
    format!("{}.`{}` {}{operand}", comparison.entity.as_str(), comparison.key, comparison.operator.as_str())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[^\"\0]{0,12}", "[^'\0]{0,12}", "(OR|AND|NOT|\\(|\\)|%|_|\\\\| |=|,|;|--|metrics\\.a){0,5}"]
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Operator::{
        Equal, Greater, GreaterOrEqual, ILike, In, IsNotNull, IsNull, Less, LessOrEqual, Like, NotEqual,
        NotIn,
    };
    let key = || "[^`\0]{1,12}";
    let sizes = || prop::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]);
    let texts = || prop::sample::select(vec![Equal, NotEqual, Like, ILike]);
    let number = || any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Operand::Number);
    let list = || prop::collection::vec(text(), 1..4).prop_map(Operand::List);
    let made = |entity: Entity| {
        move |(key, operator, operand): (String, Operator, Operand)| Comparison {
            entity,
            key,
            operator,
            operand,
        }
    };
    let word = |words: &'static [&'static str]| prop::sample::select(words).prop_map(ToOwned::to_owned);
    let keyed = || prop::sample::select(vec![Entity::Param, Entity::Tag]);
    prop_oneof![
        (key(), sizes(), number()).prop_map(made(Entity::Metric)),
        (keyed(), key(), texts(), text().prop_map(Operand::Text))
            .prop_map(move |(e, k, o, v)| made(e)((k, o, v))),
        (keyed(), key(), prop::sample::select(vec![IsNull, IsNotNull])).prop_map(move |(e, k, o)| made(e)((
            k,
            o,
            Operand::Nothing
        ))),
        (word(&["start_time", "end_time"]), sizes(), number()).prop_map(made(Entity::Attribute)),
        (word(&["status", "user_id", "artifact_uri"]), texts(), text().prop_map(Operand::Text))
            .prop_map(made(Entity::Attribute)),
        (word(&["run_id"]), prop::sample::select(vec![In, NotIn]), list()).prop_map(made(Entity::Attribute)),
        (word(&["name", "digest", "context"]), prop::sample::select(vec![In, NotIn]), list())
            .prop_map(made(Entity::Dataset)),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    comparison().prop_map(Expression::Is).prop_recursive(4, 24, 4, |inner| {
        let several = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several().prop_map(Expression::All),
            several().prop_map(Expression::Any),
            inner.clone().prop_map(|part| Expression::Not(Box::new(part))),
        ]
    })
}

const OBJECTS: [Object; 6] = [
    Object::Runs,
    Object::Experiments,
    Object::Models,
    Object::ModelVersions,
    Object::LoggedModels,
    Object::EvaluationDatasets,
];

proptest! {
    #[test]
    fn what_is_printed_and_parsed_is_the_same_tree(tree in expression()) {
        let printed = print(&tree);
        let parsed = parse_filter(Object::Runs, &printed);
        prop_assert_eq!(parsed.as_ref().map_err(|refusal| &refusal.reason), Ok(&Some(tree)), "{}", printed);
    }

    #[test]
    fn parentheses_around_the_whole_and_two_nots_before_it_change_nothing_but_the_nots(tree in expression()) {
        let printed = print(&tree);
        let parsed = |text: &str| parse_filter(Object::Runs, text).unwrap().unwrap();
        prop_assert_eq!(&parsed(&format!("(({printed}))")), &tree);
        let twice = Expression::Not(Box::new(Expression::Not(Box::new(tree))));
        prop_assert_eq!(parsed(&format!("not NOT ({printed})")), twice);
    }

    #[test]
    fn any_text_is_parsed_or_refused_with_a_sentence(text in any::<String>(), words in "(metrics|params|tags|dataset|status|\\.|`|'|\"|=|!=|<|>| |\\(|\\)|,|AND|OR|NOT|IN|IS|NULL|LIKE|1|-|e|é|\u{0})*") {
        for object in OBJECTS {
            for text in [&text, &words] {
                if let Err(refusal) = parse_filter(object, text) {
                    prop_assert!(!refusal.reason.is_empty() && refusal.field == "filter");
                }
                if let Err(refusal) = parse_order(object, std::slice::from_ref(text)) {
                    prop_assert!(!refusal.reason.is_empty() && refusal.field == "order_by");
                }
                let _place = page::place(Some(text));
            }
        }
    }
}
