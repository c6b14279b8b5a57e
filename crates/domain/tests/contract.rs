//! Contracts: how they read and write, and what learning anew does to them.

use domain::data::Violation;
use domain::data::contract::pattern::{MAX_LENGTH, compile};
use domain::data::contract::{Contract, fired};

const TEXT: &str = "columns:\n  origin: {type: text, nullable: false, allowed: [EWR, JFK, LGA]}\n  \
                    distance: {type: integer, min: 17, max: 5482}\nrows: {min: 1}\nunique: [origin, distance]\n";

const WHOLE: &str = "description: Flights of a month\nowner: data@example.org\ntags: [travel]\ncolumns:\n  \
    code: {type: text, pattern: \"[A-Z]{2}\\\\d+\", length: {min: 3, max: 8}, mostly: 0.99, tags: [key]}\n  \
    mail: {type: text, pii: true, description: \"who booked, if known\"}\n  \
    day: {type: date, min: 2013-01-01, max: 2013-12-31}\n  \
    at: {type: timestamp, min: \"2013-01-01T05:00:00Z\", severity: warn}\n  \
    delay: {type: number, distribution: {mean: {min: -5, max: 30}, quantiles: {0.5: {max: 10}}, distinct: {min: 2}}}\n\
    rows: {min: 1, max: 1000}\nfreshness: {column: at, max_age: 2d, severity: warn}\nreferences:\n  \
    - {columns: [carrier], to: airlines, columns_there: [code]}\nassertions:\n  \
    - {name: in order, sql: \"select * from this where a > b\", mostly: 0.9}\n";

#[test]
fn a_contract_reads_back_as_it_was_written() {
    let read = Contract::parse(TEXT, "contracts/flights.yaml").unwrap();
    assert_eq!(read.rules(), 9);
    for text in [TEXT, WHOLE] {
        let read = Contract::parse(text, "contracts/flights.yaml").unwrap();
        let again = Contract::parse(&read.to_yaml(), "again").unwrap();
        assert_eq!(again.to_yaml(), read.to_yaml());
    }
    let read = Contract::parse(WHOLE, "c.yaml").unwrap();
    assert_eq!(read.column("day").unwrap().max, Some(1_388_448_000_000.0));
    assert_eq!(read.freshness.as_ref().unwrap().max_age_ms, 172_800_000);
    assert_eq!(read.rules(), 23);
    assert!(read.in_words().iter().any(|rule| rule.says == "is 2013-01-01 to 2013-12-31"));
}

#[test]
fn every_mistake_is_told_with_its_place_and_the_nearest_key() {
    let text = "columns:\n  distance: {typ: integer, min: far}\nunqiue: [a]\n";
    let problems = Contract::parse(text, "c.yaml").unwrap_err();
    let told: Vec<_> = problems.iter().map(|p| (p.line, p.column, p.help.clone())).collect();
    let date = "a number, like `min: 0`, or a date, like `min: 2024-01-31`";
    assert_eq!(
        told,
        [
            (2, 14, Some("did you mean `type`?".to_owned())),
            (2, 33, Some(date.to_owned())),
            (3, 1, Some("did you mean `unique`?".to_owned())),
        ]
    );
}

#[test]
fn slips_of_every_key_have_their_place() {
    let cases = [
        ("columns:\n  a: {pattern: 'ab(c'}\n", (2, 19), "the pattern is not right"),
        ("columns:\n  a: {pattern: ab(c}\n", (2, 18), "the pattern is not right"),
        ("columns:\n  a: {pattern: '(?=b)a'}\n", (2, 17), "look-around"),
        ("columns:\n  a: {pattern: 3}\n", (2, 16), "`pattern` is a regular expression, not a number"),
        ("columns:\n  a: {type: integer, pattern: '3'}\n", (2, 22), "`pattern` is for text"),
        ("columns:\n  a: {length: 3}\n", (2, 15), "`length` is a map, not a number"),
        ("columns:\n  a: {length: {min: 1.5}}\n", (2, 21), "`min` of `length` is a whole number from 0"),
        ("columns:\n  a: {length: {min: 5, max: 1}}\n", (2, 15), "above `max` 1"),
        ("columns:\n  a: {type: number, length: {min: 5}}\n", (2, 21), "`length` is for text"),
        ("columns:\n  a: {type: date, min: 3}\n", (2, 24), "is a point in time"),
        ("columns:\n  a: {type: integer, min: 2024-01-31}\n", (2, 27), "is no date or timestamp"),
        ("columns:\n  a: {type: date, min: 2024-13-31}\n", (2, 24), "`min` cannot be text"),
        (
            "columns:\n  a: {type: date, min: 2024-02-01, max: 2024-01-01}\n",
            (2, 19),
            "`min` 2024-02-01 is above",
        ),
        ("columns:\n  a: {mostly: 0}\n", (2, 15), "`mostly` is a number above 0"),
        ("columns:\n  a: {pii: maybe}\n", (2, 12), "`pii` is true or false, not text"),
        ("columns:\n  a: {tags: x}\n", (2, 13), "`tags` is a list, not text"),
        ("columns:\n  a: {distribution: {median: {max: 1}}}\n", (2, 22), "unknown key `median`"),
        ("columns:\n  a: {distribution: {quantiles: {0.3: {max: 1}}}}\n", (2, 34), "no quantile 0.3"),
        (
            "columns:\n  a: {type: text, distribution: {mean: {max: 1}}}\n",
            (2, 19),
            "for numbers, and a is text",
        ),
        ("rows: {min: 5, max: 2}\n", (1, 8), "so no file would fit"),
        ("owner: [a]\n", (1, 8), "`owner` is text, not a list"),
        ("freshness: {column: a}\n", (1, 1), "`freshness` has no `max_age`"),
        ("freshness: {column: a, max_age: 2 moons}\n", (1, 33), "a span of time"),
        ("references: [{columns: [a], to: a b}]\n", (1, 33), "names no data set"),
        ("references: [{columns: [a]}]\n", (1, 14), "has no `to`"),
        ("references: [{columns: [a], to: b, columns_there: [c, d]}]\n", (1, 14), "1 columns here, 2 there"),
        ("assertions: [{name: x}]\n", (1, 14), "has no `sql`"),
        ("assertions: [{name: x, sql: ''}]\n", (1, 29), "`sql` is a query"),
        ("assertions: [{name: x, sql: a}, {name: x, sql: b}]\n", (1, 33), "two assertions"),
    ];
    for (text, place, words) in cases {
        let problems = Contract::parse(text, "c.yaml").unwrap_err();
        let first = problems.first().unwrap();
        assert_eq!(((first.line, first.column), problems.len()), (place, 1), "{text}{problems:?}");
        assert!(first.message.contains(words), "{text}{first}");
    }
}

#[test]
fn places_in_a_query_are_places_in_the_contract() {
    let block = "assertions:\n  - name: x\n    sql: |\n      select *\n      from this\n";
    let quoted = "assertions:\n  - {name: x, sql: \"select * from this\"}\n";
    let place = |text: &str, line, column| {
        let contract = Contract::parse(text, "c.yaml").unwrap();
        let place = contract.assertions[0].place_of(Some(line), Some(column));
        (place.line, place.column)
    };
    assert_eq!(place(block, 2, 6), (5, 12));
    assert_eq!(place(quoted, 1, 8), (2, 28));
}

#[test]
fn learning_anew_keeps_comments_and_what_it_knows_nothing_of() {
    let text = "# who asks: ops\ncolumns:\n  # the plans we sell\n  plan: {type: text, allowed: [basic, pro], \
                pattern: '[a-z]+'} # by hand\n  age:\n    type: integer # years\n    min: 0\n    max: 150\n  \
                gone: {type: text}\n# below\nassertions:\n  - {name: x, sql: select 1}\n";
    let known = Contract::parse(text, "c.yaml").unwrap();
    let learned = "columns:\n  plan: {type: text, nullable: false, allowed: [basic, plus, pro]}\n  \
                   age: {type: integer, min: 0, max: 90}\n  city: {type: text}\nrows: {min: 1}\n";
    let learned = Contract::parse(learned, "l.yaml").unwrap();
    let revision = known.revise(text, &learned);
    let told: Vec<(Option<&str>, &str, &str)> = revision
        .changes
        .iter()
        .map(|change| (change.column.as_deref(), change.rule, change.changed.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some("plan"), "max_null_share", "added"),
            (Some("plan"), "allowed", "loosened"),
            (Some("age"), "max", "tightened"),
            (Some("gone"), "column", "removed"),
            (Some("city"), "column", "added"),
            (None, "rows", "added"),
        ]
    );
    assert_eq!(
        revision.text,
        "# who asks: ops\ncolumns:\n  # the plans we sell\n  # by hand\n  plan: {type: text, nullable: false, \
         allowed: [basic, plus, pro], pattern: \"[a-z]+\"}\n  # years\n  age: {type: integer, min: 0, max: 90}\n  \
         city: {type: text}\n# below\nassertions:\n  - {name: x, sql: select 1}\nrows: {min: 1}\n"
    );
    let again = Contract::parse(&revision.text, "c.yaml").unwrap();
    assert_eq!(again.to_yaml(), revision.contract.to_yaml());
    assert_eq!(again.revise(&revision.text, &learned).changes, []);
    assert_eq!(again.revise(&revision.text, &learned).text, revision.text);
}

#[test]
fn a_file_that_cannot_be_changed_by_lines_keeps_its_comments_at_the_top() {
    let text = "columns: {a: {min: 0}, b: {type: text}} # mine\n";
    let learned = Contract::parse("columns: {a: {min: -1}, b: {type: text}}", "l").unwrap();
    let revision = Contract::parse(text, "c").unwrap().revise(text, &learned);
    assert_eq!(revision.text, "# mine\ncolumns:\n  a: {min: -1}\n  b: {type: text}\n");
}

#[test]
fn a_rule_that_several_files_of_a_version_break_fired_once_on_it() {
    let broken = [Violation::new("rows", "few"), Violation::new("rows", "few too")];
    let fired = fired([
        ("d@v3".to_owned(), &broken[..]),
        ("d@v2".to_owned(), &[]),
        ("d@v1".to_owned(), &broken[..1]),
    ]);
    assert_eq!(fired.len(), 1);
    assert_eq!((fired[0].versions, fired[0].first.as_str(), fired[0].last.as_str()), (2, "d@v1", "d@v3"));
}

#[test]
fn whole_values_match() {
    let code = compile("[A-Z]{2}|[A-Z]{2}[0-9]+").unwrap();
    for (value, fits) in [("AB", true), ("AB12", true), ("AB12x", false), ("xAB", false), ("AB\n", false)] {
        assert_eq!(code.is_match(value), fits, "{value:?}");
    }
}

#[test]
fn a_bad_pattern_says_where() {
    assert_eq!(compile("äb(c").unwrap_err().offset, Some(2));
    assert!(compile("(?=a)b").unwrap_err().help.unwrap().contains("assertion"));
    assert!(compile(r"(a)\1").unwrap_err().help.unwrap().contains("assertion"));
    assert!(compile("a)|(b").is_err());
    assert!(compile("(?x) a # note").unwrap_err().message.contains("not whole"));
    assert!(compile(r"((\w{1,100}){1,100}){1,100}").unwrap_err().message.contains("KiB"));
    assert!(compile(&"(".repeat(200)).is_err());
    assert!(compile(&"a".repeat(MAX_LENGTH + 1)).is_err());
}
