//! A query that a person wrote over data versions: which versions it names, and that it only reads.
//!
//! Versions are written as everywhere, `flights@v3`, without quotes. The engine's own tokenizer tells them from what
//! stands in strings, quoted names and comments; its tokens are joined, not the text changed, so that every error
//! keeps its place.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::common::TableReference;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{
    DescribeAlias, ObjectName, Select, Spanned, Statement, TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Word};

use crate::error::{Error, Result, syntax_fault};

/// Bytes of a query at the most.
const MAX_TEXT: usize = 1 << 20;
/// Operators, joins and the like of a query at the most: each may be a level of the plan, which is walked by recursion.
const MAX_OPERATORS: usize = 1000;
/// Functions that make rows out of nothing.
const MAKE_ROWS: [&str; 2] = ["generate_series", "range"];

/// A data version that a query names, and where it does first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// As it is written: `flights@v3`, `flights`.
    pub reference: String,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl Named {
    /// That there is no such version, at its place.
    pub fn fault(&self, message: impl Into<String>, help: Option<String>) -> Error {
        let (line, column) = (Some(self.line), Some(self.column));
        Error::Query { line, column, message: message.into(), help }
    }
}

/// A statement that only reads.
pub(crate) struct Reading {
    pub parsed: Parsed,
    pub names: Vec<Named>,
}

/// Parses one statement; what is not a query, or reaches for files, is refused.
pub(crate) fn parse(text: &str) -> Result<Reading> {
    if text.len() > MAX_TEXT {
        let message = format!("the query is longer than {} KiB", MAX_TEXT >> 10);
        return Err(fault(None, message, Some("put lists of values into a data set and join it")));
    }
    let tokens = tokens(text)?;
    must_read(&tokens)?;
    let strings = tokens.iter().filter_map(|found| match &found.token {
        Token::SingleQuotedString(text) => Some((text.clone(), found.span.start)),
        _ => None,
    });
    let mut check = Check { places: BTreeMap::new(), strings: strings.collect() };
    let tokens = with_references(text, tokens);
    let parser = Parser::new(&GenericDialect).with_tokens_with_locations(tokens);
    let mut statements = parsed(parser)?;
    let (Some(statement), None) = (statements.pop(), statements.pop()) else {
        return Err(fault(None, "there is more than one statement", Some("ask one query at a time")));
    };
    if let ControlFlow::Break(error) = statement.visit(&mut check) {
        return Err(*error);
    }
    let parsed = Parsed::Statement(Box::new(statement));
    let (tables, _) = resolve_table_references(&parsed, true)
        .map_err(|error| fault(None, error.strip_backtrace(), None))?;
    let named = |table: &TableReference| {
        let place = check.places.get(table.table()).copied();
        if table.schema().is_some() {
            let help = format!("a name with a dot needs quotes: \"{table}\"");
            return Err(fault(place, format!("there is no data set {:?}", table.to_string()), Some(&help)));
        }
        let Location { line, column } = place.unwrap_or(Location { line: 1, column: 1 });
        Ok(Named { reference: table.table().to_owned(), line, column })
    };
    // A function that makes rows stands where a table does.
    let tables = tables.iter().filter(|table| !MAKE_ROWS.contains(&table.table()));
    let names = tables.map(named).collect::<Result<_>>()?;
    Ok(Reading { parsed, names })
}

fn fault(at: Option<Location>, message: impl Into<String>, help: Option<&str>) -> Error {
    // The parser does not know the place of everything: line 0.
    let at = at.filter(|at| at.line > 0);
    Error::Query {
        line: at.map(|at| at.line),
        column: at.map(|at| at.column),
        message: message.into(),
        help: help.map(ToOwned::to_owned),
    }
}

fn tokens(text: &str) -> Result<Vec<TokenWithSpan>> {
    let tokens = Tokenizer::new(&GenericDialect, text)
        .tokenize_with_location()
        .map_err(|error| syntax_fault(&error.to_string()))?;
    if tokens.iter().filter(|found| is_operator(&found.token)).count() > MAX_OPERATORS {
        let message = format!("the query has more than {MAX_OPERATORS} operators");
        return Err(fault(None, message, Some("use IN with a list, or join a data set of the values")));
    }
    Ok(tokens)
}

/// Whether a token may make the plan one level deeper.
fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::IN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::BETWEEN
                | Keyword::CASE
                | Keyword::JOIN
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
        ),
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Comma
        | Token::Period
        | Token::Whitespace(_)
        | Token::LParen
        | Token::RParen
        | Token::SemiColon
        | Token::EOF => false,
        _ => true,
    }
}

/// The first word says what a statement does; what the engine would not even parse is refused by it as well.
fn must_read(tokens: &[TokenWithSpan]) -> Result<()> {
    let mut tokens = tokens.iter().filter(|found| !matches!(found.token, Token::Whitespace(_)));
    let Some(first) = tokens.find(|found| found.token != Token::SemiColon) else {
        return Err(fault(
            None,
            "there is no query",
            Some("for example: SELECT * FROM flights@latest LIMIT 10"),
        ));
    };
    match &first.token {
        Token::LParen => Ok(()),
        Token::Word(Word { keyword, .. })
            if matches!(
                keyword,
                Keyword::SELECT
                    | Keyword::WITH
                    | Keyword::VALUES
                    | Keyword::FROM
                    | Keyword::TABLE
                    | Keyword::EXPLAIN
                    | Keyword::DESCRIBE
                    | Keyword::DESC
            ) =>
        {
            Ok(())
        }
        Token::Word(Word { keyword: Keyword::NoKeyword, .. }) => {
            Err(fault(Some(first.span.start), format!("expected SELECT, found: {}", first.token), None))
        }
        other => Err(only_reads(first.span.start, &other.to_string())),
    }
}

fn only_reads(at: Location, what: &str) -> Error {
    let message =
        format!("{} is not allowed: a query reads data versions and changes nothing", what.to_uppercase());
    fault(Some(at), message, Some("write SELECT, WITH, EXPLAIN or DESCRIBE"))
}

fn no_files(at: Location, what: &str) -> Error {
    let help = "add the file as data, then name it: volano data add FILE --name flights";
    fault(Some(at), format!("{what} cannot be read: a query reads data versions only"), Some(help))
}

fn parsed(mut parser: Parser<'_>) -> Result<Vec<Statement>> {
    parser.parse_statements().map_err(|error| match error {
        ParserError::RecursionLimitExceeded => {
            fault(None, "the query is nested too deeply", Some("name its parts with WITH"))
        }
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => {
            match (syntax_fault(&text), text.contains("found: -")) {
                (Error::Query { line, column, message, .. }, true) => {
                    let help = "a name with - needs quotes, or its version: \"my-data\", my-data@latest";
                    Error::Query { line, column, message, help: Some(help.to_owned()) }
                }
                (other, _) => other,
            }
        }
    })
}

/// A text by characters, with where its lines begin.
struct Characters {
    all: Vec<char>,
    lines: Vec<usize>,
}

impl Characters {
    fn new(text: &str) -> Self {
        let all: Vec<char> = text.chars().collect();
        let after = all.iter().enumerate().filter(|(_, c)| **c == '\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(after).collect();
        Self { all, lines }
    }

    fn offset(&self, at: Location) -> usize {
        let line = usize::try_from(at.line).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(at.column).unwrap_or(1).saturating_sub(1);
        self.lines.get(line).copied().unwrap_or(self.all.len()) + column
    }

    fn text(&self, from: usize, to: usize) -> String {
        self.all.get(from..to).unwrap_or_default().iter().collect()
    }
}

/// Tokens `first..=last` that are one reference.
struct Run {
    first: usize,
    last: usize,
    text: String,
    /// Whether a column follows after a dot.
    qualifies: bool,
    /// A dot that the last token has swallowed: `…-01.origin`.
    dot: bool,
}

/// Joins the tokens of each `name@version` into one quoted name.
fn with_references(text: &str, tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let characters = Characters::new(text);
    let mut runs: Vec<Run> =
        (0..tokens.len()).filter_map(|at| reference_at(&characters, &tokens, at)).collect();
    if runs.is_empty() {
        return tokens;
    }
    // Before a column, `a-b@v1.x` may be a difference: it is a name when a table of that name is there.
    let tables: Vec<String> = runs.iter().filter(|run| !run.qualifies).map(|run| run.text.clone()).collect();
    for run in runs.iter_mut().filter(|run| run.qualifies) {
        shorten(run, &tokens, &tables);
    }
    let mut joined = Vec::with_capacity(tokens.len());
    let mut runs = runs.into_iter().peekable();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let Some(run) = runs.next_if(|run| run.first == at) else {
            joined.push(token.clone());
            at += 1;
            continue;
        };
        let end = tokens.get(run.last).map_or(token.span.end, |last| last.span.end);
        let word = Word { value: run.text, quote_style: Some('"'), keyword: Keyword::NoKeyword };
        joined.push(TokenWithSpan::new(Token::Word(word), Span::new(token.span.start, end)));
        if run.dot {
            joined.push(TokenWithSpan::new(Token::Period, Span::new(end, end)));
        }
        at = run.last + 1;
        while runs.next_if(|run| run.first < at).is_some() {}
    }
    joined
}

/// The reference whose `@` is in the token at `at`.
fn reference_at(characters: &Characters, tokens: &[TokenWithSpan], at: usize) -> Option<Run> {
    let word = plain_word(tokens.get(at)?)?;
    // A name that ends in a number has its `@` in the next token.
    let follows = at > 0 && touches(tokens, at - 1) && joins(&tokens[at - 1]);
    if !word.contains('@') || (word.starts_with('@') && !follows) {
        return None;
    }
    let mut first = at;
    while first > 0 && touches(tokens, first - 1) && joins(&tokens[first - 1]) {
        first -= 1;
    }
    while matches!(tokens[first].token, Token::Minus | Token::Period) {
        first += 1;
    }
    let start = characters.offset(tokens[first].span.start);
    // A day is three tokens: its year with the name, then two numbers.
    let mut last = at;
    let mut dot = false;
    let mut end = characters.offset(tokens[at].span.end);
    if let Some(length) = day(characters, end) {
        end += length;
        while characters.offset(tokens.get(last)?.span.end) < end {
            last += 1;
        }
        dot = characters.offset(tokens[last].span.end) > end;
    }
    let next = tokens.get(last + 1).map(|found| &found.token);
    let qualifies = dot || next == Some(&Token::Period);
    Some(Run { first, last, text: characters.text(start, end), qualifies, dot })
}

/// The length of `-MM-DD` at `end`, when a year stands before it.
fn day(characters: &Characters, end: usize) -> Option<usize> {
    const LENGTH: usize = "-03-01".len();
    let year = characters.text(end.checked_sub(5)?, end);
    let year = year.strip_prefix('@')?;
    let rest = characters.text(end, end + LENGTH);
    let digits = |text: Option<&str>, length: usize| {
        text.is_some_and(|text| text.len() == length && text.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut parts = rest.split('-');
    let fits = digits(Some(year), 4)
        && parts.next() == Some("")
        && digits(parts.next(), 2)
        && digits(parts.next(), 2)
        && parts.next().is_none();
    fits.then_some(LENGTH)
}

fn plain_word(found: &TokenWithSpan) -> Option<&str> {
    match &found.token {
        Token::Word(word) if word.quote_style.is_none() => Some(&word.value),
        _ => None,
    }
}

/// Whether nothing stands between a token and the next.
fn touches(tokens: &[TokenWithSpan], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|next| tokens[at].span.end == next.span.start)
}

/// Whether a token may be a part of a name.
fn joins(found: &TokenWithSpan) -> bool {
    match &found.token {
        Token::Minus | Token::Period | Token::Number(..) => true,
        _ => plain_word(found).is_some_and(|word| !word.contains('@')),
    }
}

/// Takes what stands before the name of a table off a run.
fn shorten(run: &mut Run, tokens: &[TokenWithSpan], tables: &[String]) {
    let mut rest = run.text.as_str();
    for first in run.first..=run.last {
        if tables.iter().any(|table| table == rest)
            || rest.find(['-', '.']).is_none_or(|at| rest[..at].contains('@'))
        {
            let text = rest.to_owned();
            (run.first, run.text) = (first, text);
            return;
        }
        let length = tokens.get(first).map_or(0, |found| found.token.to_string().len());
        rest = rest.get(length..).unwrap_or(rest);
    }
}

/// Looks for what a query must not do.
struct Check {
    /// Where each table stands first.
    places: BTreeMap<String, Location>,
    /// Where each string stands; the parser does not keep it when one is in place of a name.
    strings: BTreeMap<String, Location>,
}

impl Visitor for Check {
    type Break = Box<Error>;

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Self::Break> {
        let refused = match statement {
            Statement::Query(_) => return ControlFlow::Continue(()),
            Statement::ExplainTable {
                describe_alias: DescribeAlias::Describe | DescribeAlias::Desc, ..
            } => {
                return ControlFlow::Continue(());
            }
            Statement::Explain { analyze: false, format: None, options: None, verbose: false, .. } => {
                return ControlFlow::Continue(());
            }
            Statement::Explain { .. } => fault(
                None,
                "EXPLAIN takes no options here",
                Some("write EXPLAIN SELECT …: it shows the plan without running it"),
            ),
            Statement::ExplainTable { .. } => {
                fault(None, "EXPLAIN needs a query", Some("DESCRIBE flights@v3 shows the columns"))
            }
            other => {
                let text = other.to_string();
                let first = text.split_whitespace().next().unwrap_or_default();
                only_reads(other.span().start, first)
            }
        };
        ControlFlow::Break(Box::new(refused))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        match &select.into {
            None => ControlFlow::Continue(()),
            Some(_) => ControlFlow::Break(Box::new(only_reads(select.span().start, "select into"))),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        let name = match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => name,
            TableFactor::TableFunction { expr, .. } => {
                let refused = no_files(expr.span().start, &format!("TABLE({expr})"));
                return ControlFlow::Break(Box::new(refused));
            }
            _ => return ControlFlow::Continue(()),
        };
        if MAKE_ROWS.contains(&name.to_string().to_lowercase().as_str()) {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(Box::new(no_files(name.span().start, &format!("{name}(…)"))))
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Self::Break> {
        let at = relation.span().start;
        let parts: Vec<_> = relation.0.iter().filter_map(|part| part.as_ident()).collect();
        let Some(name) = parts.last() else { return ControlFlow::Continue(()) };
        let is_path = name.value.contains(['/', '\\', ':']) || name.quote_style == Some('\'');
        if is_path {
            let at = self.strings.get(&name.value).copied().filter(|_| at.line == 0).unwrap_or(at);
            return ControlFlow::Break(Box::new(no_files(at, &name.value)));
        }
        let key = if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() };
        self.places.entry(key).or_insert(at);
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        parse(text).unwrap().names.into_iter().map(|named| named.reference).collect()
    }

    fn refused(text: &str) -> String {
        parse(text).err().unwrap_or_else(|| panic!("{text} is refused")).to_string()
    }

    #[test]
    fn versions_need_no_quotes() {
        for (text, wanted) in [
            ("select * from flights@v3", "flights@v3"),
            ("select * from flights@latest;", "flights@latest"),
            ("select * from flights", "flights"),
            ("select * from flights@2026-03-01 where x > 1-1", "flights@2026-03-01"),
            ("select * from flights@1f0c9a2b f", "flights@1f0c9a2b"),
            ("select * from \"flights@v3\"", "flights@v3"),
            ("select * from my-data.2@v1", "my-data.2@v1"),
            ("select * from 2013-data@v1", "2013-data@v1"),
            ("select count(*) from(flights@v3)", "flights@v3"),
            ("describe flights@v3", "flights@v3"),
            ("explain select 1 from flights@v3", "flights@v3"),
            ("with a as (select * from flights@v1) select * from a", "flights@v1"),
            ("with flights as (select * from flights) select * from flights", "flights"),
        ] {
            assert_eq!(names(text), [wanted], "{text}");
        }
        let joined = "select flights@v3.a-flights@2026-03-01.b, a.x-my-data@v4.b\n\
            from flights@v3,flights@2026-03-01 join my-data@v4 on a.x = flights@v3.x";
        assert_eq!(names(joined), ["flights@2026-03-01", "flights@v3", "my-data@v4"]);
        let text = parse(joined).unwrap().parsed.to_string();
        for part in [
            "\"flights@v3\".a - \"flights@2026-03-01\".b",
            "a.x - \"my-data@v4\".b",
            "a.x = \"flights@v3\".x",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn strings_quoted_names_and_comments_are_left_alone() {
        let text =
            "select 'a@b', 'it''s x@v1', \"c@d\", $$e@f$$ -- g@v1\n, /* h@v2 /* i@v3 */ */ x from t@v1";
        let reading = parse(text).unwrap();
        let names: Vec<&str> = reading.names.iter().map(|named| named.reference.as_str()).collect();
        assert_eq!(names, ["t@v1"]);
        assert_eq!((reading.names[0].line, reading.names[0].column), (2, 32));
        let parsed = reading.parsed.to_string();
        for part in ["'a@b'", "'it''s x@v1'", "\"c@d\"", "$$e@f$$"] {
            assert!(parsed.contains(part), "{part} in {parsed}");
        }
    }

    #[test]
    fn only_reading_is_allowed() {
        for text in [
            "drop table flights",
            "create table x as select 1",
            "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
            "insert into flights values (1)",
            "update flights set a = 1",
            "delete from flights",
            "copy flights to '/tmp/x.csv'",
            "set datafusion.execution.batch_size = 1",
            "show tables",
            "truncate table flights",
            "with x as (insert into flights values (1) returning *) select * from x",
            "select * into x from flights",
            "explain delete from flights",
        ] {
            let error = refused(text);
            assert!(error.contains("is not allowed") || error.contains("expected"), "{text}: {error}");
        }
        let error = refused("drop table flights");
        assert_eq!(
            error,
            "line 1, column 1: DROP is not allowed: a query reads data versions and changes nothing: \
             write SELECT, WITH, EXPLAIN or DESCRIBE"
        );
        assert!(refused("select 1; select 2").contains("more than one statement"));
        assert!(refused(" ; ").contains("there is no query"));
        assert!(refused("explain analyze select 1").contains("takes no options"));
        assert!(refused("select * from flights f join x-y on true").contains("needs quotes"));
        assert!(refused("select * from a.b").contains("needs quotes: \"a.b\""));
    }

    #[test]
    fn files_are_out_of_reach() {
        assert!(
            refused("select 1\nfrom '/etc/passwd'")
                .starts_with("line 2, column 6: /etc/passwd cannot be read")
        );
        for text in [
            "select * from read_parquet('/etc/passwd')",
            "select * from '/etc/passwd'",
            "select * from \"/etc/passwd\"",
            "select * from 'https://example.com/x.csv'",
            "select * from table(read_csv('x'))",
            "select (select max(a) from '../x.csv')",
        ] {
            let error = refused(text);
            assert!(error.contains("cannot be read: a query reads data versions only"), "{text}: {error}");
        }
        assert!(names("select * from generate_series(1, 3)").is_empty());
    }

    #[test]
    fn a_query_that_would_be_walked_too_deep_is_refused() {
        let long = format!("select 1{}", "+1".repeat(MAX_OPERATORS + 1));
        assert!(refused(&long).contains("operators"));
        let nested = format!("select {}1{}", "(".repeat(200), ")".repeat(200));
        assert!(refused(&nested).contains("nested too deeply"));
        let list: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
        assert_eq!(names(&format!("select * from t where a in ({})", list.join(","))), ["t"]);
    }

    #[test]
    fn errors_stand_where_they_are_in_the_text() {
        assert!(refused("select a\nfrom flights@v3 wher x").starts_with("line 2, column "));
        assert!(refused("select 'a").contains("line 1, column 8"));
        assert!(refused("selec 1").starts_with("line 1, column 1: expected SELECT, found: selec"));
    }
}
