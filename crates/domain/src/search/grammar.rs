//! From tokens to expressions, by recursive descent.

use std::ops::Range;

use super::lexer::{Token, placed, tokens};
use super::object::{Kind, Object};
use super::traces;
use super::{
    Comparison, Entity, Expression, MAX_COMPARISONS, MAX_DEPTH, MAX_LIST, Operand, Operator, Order, refuse,
};
use crate::tracking::run::RUN_NAME_TAG;
use crate::tracking::validation::Refusal;

struct Parser {
    object: Object,
    tokens: Vec<Token>,
    at: usize,
    comparisons: usize,
    /// Whether more was expected at the end.
    ended: bool,
    /// Whether something follows that no rule takes.
    over: bool,
}

pub(super) fn filter(object: Object, text: &str) -> Result<Expression, Refusal> {
    Parser::new(object, tokens(text)?).whole()
}

/// The bytes of a filter at which [`filter`] stops; an empty range at the end when more was expected.
pub(super) fn fault(object: Object, text: &str) -> Option<Range<usize>> {
    let placed = match placed(text) {
        Ok(placed) => placed,
        Err((_, start)) => return Some(start..text.trim_end().len()),
    };
    let tokens = placed.iter().map(|placed| placed.token.clone()).collect();
    let mut parser = Parser::new(object, tokens);
    parser.whole().err()?;
    let end = text.trim_end().len();
    if parser.ended {
        return Some(end..end);
    }
    // What was taken last is at fault, or what should not follow it.
    let at = if parser.over { parser.at } else { parser.at.saturating_sub(1) };
    Some(placed.get(at).map_or(end..end, |placed| placed.start..placed.end))
}

pub(super) fn order(object: Object, text: &str) -> Result<Order, Refusal> {
    let bad = |why: &str| Refusal::new("order_by", format!("Invalid order_by clause '{text}'. {why}"));
    let tokens = tokens(text).map_err(|_| bad("Could not be parsed."))?;
    let (identifier, direction) = match tokens.as_slice() {
        [Token::Word(identifier) | Token::Text(identifier)] => (identifier, "asc".to_owned()),
        [Token::Word(identifier) | Token::Text(identifier), Token::Word(direction)] => {
            (identifier, direction.to_ascii_lowercase())
        }
        _ => return Err(bad("Could not be parsed.")),
    };
    let ascending = match direction.as_str() {
        "asc" => true,
        "desc" => false,
        _ => {
            let reason = format!("Invalid ordering key in order_by clause '{text}'.");
            return Err(Refusal::new("order_by", reason));
        }
    };
    let (entity, key) =
        object.identify(identifier).map_err(|refusal| Refusal::new("order_by", refusal.reason))?;
    if entity == Entity::Dataset {
        return Err(bad("Datasets have no order."));
    }
    if object == Object::Traces {
        traces::check_order(entity, &key)?;
    }
    if entity == Entity::Tag && matches!(object, Object::Experiments | Object::EvaluationDatasets) {
        return Err(Refusal::new("order_by", "Invalid order_by entity: tag"));
    }
    Ok(Order { entity, key, ascending })
}

fn clause(token: &Token) -> Refusal {
    refuse(format!("Invalid clause(s) in filter string: '{}'", token.shown()))
}

impl Parser {
    fn new(object: Object, tokens: Vec<Token>) -> Self {
        Self { object, tokens, at: 0, comparisons: 0, ended: false, over: false }
    }

    fn whole(&mut self) -> Result<Expression, Refusal> {
        let expression = self.any(0)?;
        let Some(token) = self.peek() else { return Ok(expression) };
        let refusal = clause(token);
        self.over = true;
        Err(refusal)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<Token, Refusal> {
        let Some(token) = self.tokens.get(self.at).cloned() else {
            self.ended = true;
            return Err(refuse("Invalid comparison clause. Expected 3 tokens, the filter ends before."));
        };
        self.at += 1;
        Ok(token)
    }

    fn is_keyword(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn take_keyword(&mut self, word: &str) -> bool {
        let found = self.is_keyword(word);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Result<Expression, Refusal> {
        let mut parts = vec![self.all(depth)?];
        while self.take_keyword("or") {
            parts.push(self.all(depth)?);
        }
        Ok(joined(parts, Expression::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, Refusal> {
        while self.take_keyword("and") {}
        let mut parts = vec![self.one(depth)?];
        // MLflow takes comparisons without an AND between them, and an AND without a comparison: so do we.
        loop {
            let joined_by_and = self.take_keyword("and");
            while self.take_keyword("and") {}
            match self.peek() {
                None | Some(Token::Close) => break,
                Some(_) if self.is_keyword("or") => break,
                Some(Token::Word(_)) => parts.push(self.one(depth)?),
                Some(_) if joined_by_and => parts.push(self.one(depth)?),
                Some(_) => break,
            }
        }
        Ok(joined(parts, Expression::All))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, Refusal> {
        if depth > MAX_DEPTH {
            return Err(refuse(format!("Filter string has more than {MAX_DEPTH} levels of parentheses.")));
        }
        if self.take_keyword("not") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.peek() == Some(&Token::Open) {
            self.at += 1;
            let inner = self.any(depth + 1)?;
            return match self.next()? {
                Token::Close => Ok(inner),
                token => Err(clause(&token)),
            };
        }
        self.comparison().map(Expression::Is)
    }

    fn comparison(&mut self) -> Result<Comparison, Refusal> {
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            return Err(refuse(format!("Filter string has more than {MAX_COMPARISONS} comparisons.")));
        }
        let identifier = match self.next()? {
            Token::Word(identifier) => identifier,
            token => {
                return Err(refuse(format!(
                    "Invalid comparison clause. Expected 'Identifier' found '{}'",
                    token.shown()
                )));
            }
        };
        let (entity, key) = self.object.identify(&identifier)?;
        let operator = self.operator()?;
        self.object.check_operator(entity, &key, operator)?;
        let operand = match operator {
            Operator::IsNull | Operator::IsNotNull => Operand::Nothing,
            Operator::In | Operator::NotIn => Operand::List(self.list()?),
            _ if self.object == Object::Traces => traces::value(entity, &key, operator, &self.next()?)?,
            _ => self.value(entity, &key)?,
        };
        if self.object == Object::Runs && entity == Entity::Attribute && key == "run_name" {
            // A run's name is compared by its tag, which may have been taken away.
            return Ok(Comparison { entity: Entity::Tag, key: RUN_NAME_TAG.to_owned(), operator, operand });
        }
        Ok(Comparison { entity, key, operator, operand })
    }

    fn operator(&mut self) -> Result<Operator, Refusal> {
        let token = self.next()?;
        let operator = match &token {
            Token::Sign("=") => Operator::Equal,
            Token::Sign("!=") => Operator::NotEqual,
            Token::Sign("<") => Operator::Less,
            Token::Sign("<=") => Operator::LessOrEqual,
            Token::Sign(">") => Operator::Greater,
            Token::Sign(">=") => Operator::GreaterOrEqual,
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "like" => Operator::Like,
                "ilike" => Operator::ILike,
                "rlike" => Operator::RLike,
                "in" => Operator::In,
                "not" if self.take_keyword("in") => Operator::NotIn,
                "is" if self.take_keyword("null") => Operator::IsNull,
                "is" if self.take_keyword("not") && self.take_keyword("null") => Operator::IsNotNull,
                _ => return Err(clause(&token)),
            },
            _ => return Err(clause(&token)),
        };
        Ok(operator)
    }

    fn value(&mut self, entity: Entity, key: &str) -> Result<Operand, Refusal> {
        let token = self.next()?;
        match (self.object.kind(entity, key), token) {
            (Kind::Number, Token::Number(number)) => number
                .parse()
                .map(Operand::Number)
                .map_err(|_| refuse(format!("Expected numeric value type for {key}. Found {number}"))),
            (Kind::Number, token) => Err(refuse(match entity {
                Entity::Metric => format!("Expected numeric value type for metric. Found {}", token.shown()),
                _ => format!(
                    "Expected numeric value type for numeric attribute: {key}. Found {}",
                    token.shown()
                ),
            })),
            (_, Token::Text(text)) => Ok(Operand::Text(text)),
            (_, token) => Err(refuse(match entity {
                Entity::Attribute => {
                    format!("Expected a quoted string value for attributes. Got value {}", token.shown())
                }
                Entity::Dataset => {
                    format!(
                        "Expected a quoted string value for dataset attributes. Got value {}",
                        token.shown()
                    )
                }
                _ => format!(
                    "Expected a quoted string value for {} (e.g. 'my-value'). Got value {}",
                    entity.as_str(),
                    token.shown()
                ),
            })),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, Refusal> {
        const EXPECTED: &str =
            "While parsing a list in the query, expected a non-empty list of string values, but got";
        if self.next()? != Token::Open {
            return Err(refuse(format!("{EXPECTED} no opening parenthesis")));
        }
        let mut values = Vec::new();
        loop {
            match self.next()? {
                Token::Text(text) if values.len() < MAX_LIST => values.push(text),
                Token::Text(_) => return Err(refuse(format!("{EXPECTED} more than {MAX_LIST}"))),
                Token::Close if values.is_empty() => return Err(refuse(format!("{EXPECTED} empty list"))),
                token => return Err(refuse(format!("{EXPECTED} {}", token.shown()))),
            }
            match self.next()? {
                Token::Comma if self.peek() == Some(&Token::Close) => {
                    self.at += 1;
                    return Ok(values);
                }
                Token::Comma => {}
                Token::Close => return Ok(values),
                token => return Err(refuse(format!("{EXPECTED} {}", token.shown()))),
            }
        }
    }
}

fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}
