use super::*;

fn filter(text: &str) -> Expression {
    parse_filter(Object::Runs, text).unwrap().unwrap()
}

fn reason(object: Object, text: &str) -> String {
    parse_filter(object, text).unwrap_err().reason
}

fn comparison(text: &str) -> Comparison {
    match filter(text) {
        Expression::Is(comparison) => comparison,
        other => panic!("{other:?}"),
    }
}

#[test]
fn identifiers_may_be_quoted_aliased_and_bare() {
    let cases = [
        ("metrics.acc > 0.5", Entity::Metric, "acc"),
        ("metric.`a b/c` <= -1e-3", Entity::Metric, "a b/c"),
        ("params.\"learning rate\" = '0.1'", Entity::Param, "learning rate"),
        ("tags.mlflow.source.name LIKE '%.py'", Entity::Tag, "mlflow.source.name"),
        ("attributes.status = 'FINISHED'", Entity::Attribute, "status"),
        ("attr.Created > 12", Entity::Attribute, "start_time"),
        ("attributes.`Run name` ILIKE 'x%'", Entity::Tag, "mlflow.runName"),
        ("run_id IN ('a', 'b')", Entity::Attribute, "run_id"),
        ("dataset.digest NOT IN ('a')", Entity::Dataset, "digest"),
        ("tags.\"x\" IS NOT NULL", Entity::Tag, "x"),
    ];
    for (text, entity, key) in cases {
        let found = comparison(text);
        assert_eq!((found.entity, found.key.as_str()), (entity, key), "{text}");
    }
}

#[test]
fn values_keep_their_type() {
    assert_eq!(comparison("metrics.m = 3").operand, Operand::Number(3.0));
    assert_eq!(comparison("params.p = \"it's\"").operand, Operand::Text("it's".to_owned()));
    assert_eq!(
        comparison("run_id in ('a','b',)").operand,
        Operand::List(vec!["a".to_owned(), "b".to_owned()])
    );
}

#[test]
fn keywords_come_in_any_case_and_and_binds_tighter_than_or() {
    let Expression::Any(parts) = filter("metrics.a > 1 and params.b = 'x' Or not (tags.c = 'd')") else {
        panic!("not a disjunction");
    };
    assert!(matches!(&parts[0], Expression::All(both) if both.len() == 2));
    assert!(matches!(&parts[1], Expression::Not(_)));
}

#[test]
fn an_and_may_be_missing_or_too_many() {
    let both = filter("metrics.a > 1 AND params.b = 'x'");
    for text in ["metrics.a > 1 params.b = 'x'", "AND metrics.a > 1 and AND params.b = 'x' AND"] {
        assert_eq!(filter(text), both, "{text}");
    }
}

#[test]
fn what_is_no_filter_says_why() {
    let cases = [
        ("metrics.a", "Expected 3 tokens"),
        ("metrics.a > 'x'", "Expected numeric value type for metric. Found 'x'"),
        ("params.a = 1", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"),
        ("params.a > 'x'", "Invalid comparator '>' not one of"),
        ("metrics.a LIKE 'x'", "Invalid comparator 'LIKE'"),
        ("nothing.a = 'x'", "Invalid entity type 'nothing'"),
        ("attribute.color = 'x'", "Invalid attribute key 'color' specified"),
        ("metrics.a > 1 'x'", "Invalid clause(s) in filter string: ''x''"),
        ("metrics.a > 1 AND params.b", "Expected 3 tokens"),
        ("status IN ('a')", "support comparison with a list"),
        ("run_id IN ()", "empty list"),
        ("run_id IN ('a' 'b')", "expected a non-empty list"),
        ("metrics.a IS NULL", "IS NULL / IS NOT NULL is only supported for tags and params"),
        ("params.a = 'x", "a quote is not closed"),
        ("params.a = 'x'; DROP TABLE run", "Invalid clause(s)"),
        ("(metrics.a > 1", "the filter ends before"),
        ("metrics.a > 1e", "is not a number"),
    ];
    for (text, expected) in cases {
        let found = reason(Object::Runs, text);
        assert!(found.contains(expected), "{text}: {found}");
    }
    assert!(reason(Object::Experiments, "metrics.a > 1").contains("Invalid entity type 'metrics'"));
}

#[test]
fn a_fault_has_its_place_in_characters() {
    let cases = [
        ("metrics.a > 'x'", "'x'"),
        ("metrics.a > 1 and param.`Größe` >= 'x' and metrics.b > 2", ">="),
        ("metrics.a > 1 OR nothing.b = 'x'", "nothing.b"),
        ("metrics.a > 1 'x'", "'x'"),
        ("metrics.a > 1 )", ")"),
        ("params.a = 'x", "'x"),
        ("NOT (metrics.a >", ""),
        ("metrics.a > 1 and params.b", ""),
        ("run_id IN ('a' 'b')", "'b'"),
    ];
    for (text, at) in cases {
        let span = fault(Object::Runs, text).unwrap();
        let shown: String = text.chars().skip(span.start).take(span.len()).collect();
        assert_eq!(shown, at, "{text}: {span:?}");
        assert!(!at.is_empty() || span.start == text.chars().count(), "{text}: {span:?}");
    }
    for right in ["", "metrics.a > 1", "NOT (metrics.a > 1 OR params.b = 'x') AND tags.c IS NULL"] {
        assert_eq!(fault(Object::Runs, right), None, "{right}");
    }
}

#[test]
fn size_and_depth_are_limited() {
    let many = vec!["metrics.a > 1"; MAX_COMPARISONS + 1].join(" AND ");
    assert!(reason(Object::Runs, &many).contains("comparisons"));
    let deep = format!("{}metrics.a > 1{}", "(".repeat(1000), ")".repeat(1000));
    assert!(reason(Object::Runs, &deep).contains("levels of parentheses"));
    assert!(reason(Object::Runs, &"x".repeat(MAX_FILTER_LEN + 1)).contains("maximum length"));
}

#[test]
fn an_order_names_a_column_once() {
    let columns = |list: &[&str]| list.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
    let orders =
        parse_order(Object::Runs, &columns(&["metrics.`a b` DESC", "attribute.start_time", "params.x asc"]))
            .unwrap();
    assert_eq!(orders[0], Order { entity: Entity::Metric, key: "a b".to_owned(), ascending: false });
    assert!(orders[1].ascending);
    assert!(parse_order(Object::Runs, &columns(&["metrics.a", "metric.a DESC"])).is_err());
    for bad in ["metrics.a SIDEWAYS", "", "metrics.a DESC DESC", "color"] {
        assert!(parse_order(Object::Runs, &columns(&[bad])).is_err(), "{bad:?}");
    }
}

#[test]
fn a_page_token_says_where_a_page_starts() {
    let place = page::Place { offset: 50, newest: Some(7) };
    assert_eq!(page::place(Some(&page::token(place))).unwrap(), place);
    assert_eq!(page::offset(Some("eyJvZmZzZXQiOiA1MH0=")).unwrap(), 50);
    assert_eq!(page::offset(Some("")).unwrap(), 0);
    for bad in ["!", "e30=", "bm8="] {
        assert!(page::offset(Some(bad)).is_err(), "{bad}");
    }
}
