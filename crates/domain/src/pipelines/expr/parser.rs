//! From tokens to [`Expr`], by recursive descent.

use super::lexer::{Spanned, Token, error, tokens};
use super::{Dimension, Expr, MAX_DEPTH, Operator, SyntaxError};

pub(super) fn parse(text: &str) -> Result<Expr, SyntaxError> {
    let tokens = tokens(text)?;
    let end = text.chars().count();
    let mut parser = Parser { text: text.chars().collect(), tokens, next: 0, end, depth: 0 };
    if parser.tokens.is_empty() {
        return Err(error(0, "an empty expression says nothing".to_owned(), None));
    }
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(extra) => {
            let (at, shown) = (extra.at, parser.shown(extra));
            let help = "join conditions with `and` or `or`".to_owned();
            Err(error(at, format!("{shown:?} is not expected here"), Some(help)))
        }
    }
}

struct Parser {
    text: Vec<char>,
    tokens: Vec<Spanned>,
    next: usize,
    end: usize,
    depth: usize,
}

impl Parser {
    fn or(&mut self) -> Result<Expr, SyntaxError> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, SyntaxError> {
        let mut left = self.not()?;
        while self.word("and") {
            left = Expr::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, SyntaxError> {
        self.deeper()?;
        let expr = if self.word("not") { Expr::Not(Box::new(self.not()?)) } else { self.held()? };
        self.depth -= 1;
        Ok(expr)
    }

    fn held(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.at();
        let inner = self.compare()?;
        let end = self.tokens[self.next - 1].end;
        if !self.word("for") {
            return Ok(inner);
        }
        let at = self.at();
        match self.take() {
            Some(Token::Number(quantity)) if quantity.dimension == Dimension::Time => Ok(Expr::Held {
                inner: Box::new(inner),
                duration_ms: quantity.value as i64,
                text: self.text[start..end].iter().collect(),
            }),
            _ => Err(error(at, "`for` wants a duration".to_owned(), Some("as in `for 6h`".to_owned()))),
        }
    }

    fn compare(&mut self) -> Result<Expr, SyntaxError> {
        let left = self.sum()?;
        let Some(Token::Compare(comparison)) = self.peek().map(|t| t.token.clone()) else {
            return Ok(left);
        };
        self.next += 1;
        let right = self.sum()?;
        if let Some(Token::Compare(_)) = self.peek().map(|t| &t.token) {
            let help = "write `a < b and b < c`".to_owned();
            return Err(error(self.at(), "comparisons do not chain".to_owned(), Some(help)));
        }
        Ok(Expr::Compare(Box::new(left), comparison, Box::new(right)))
    }

    fn sum(&mut self) -> Result<Expr, SyntaxError> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek().map(|t| &t.token) {
                Some(Token::Plus) => Operator::Add,
                Some(Token::Minus) => Operator::Subtract,
                _ => return Ok(left),
            };
            self.next += 1;
            left = Expr::Arithmetic(Box::new(left), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, SyntaxError> {
        let mut left = self.unary()?;
        loop {
            let operator = match self.peek().map(|t| &t.token) {
                Some(Token::Star) => Operator::Multiply,
                Some(Token::Slash) => Operator::Divide,
                _ => return Ok(left),
            };
            self.next += 1;
            left = Expr::Arithmetic(Box::new(left), operator, Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Result<Expr, SyntaxError> {
        self.deeper()?;
        let expr = if self.peek().map(|t| &t.token) == Some(&Token::Minus) {
            self.next += 1;
            Expr::Negate(Box::new(self.unary()?))
        } else {
            self.atom()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn atom(&mut self) -> Result<Expr, SyntaxError> {
        let at = self.at();
        match self.take() {
            Some(Token::Number(quantity)) => Ok(Expr::Number(quantity)),
            Some(Token::Open) => {
                let inner = self.or()?;
                self.close(at)?;
                Ok(inner)
            }
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Ok(Expr::Bool(true)),
                "false" => Ok(Expr::Bool(false)),
                "and" | "or" | "not" | "for" => {
                    Err(error(at, format!("a value is missing before `{word}`"), None))
                }
                _ if self.peek().map(|t| &t.token) == Some(&Token::Open) => self.call(word, at),
                _ => Ok(Expr::Name(word, at)),
            },
            Some(_) => {
                let shown = self.shown(&self.tokens[self.next - 1]);
                Err(error(at, format!("{shown:?} is not expected here"), None))
            }
            None => Err(error(at, "the expression breaks off".to_owned(), None)),
        }
    }

    fn call(&mut self, function: String, at: usize) -> Result<Expr, SyntaxError> {
        let open = self.at();
        self.next += 1;
        if function == "worst" {
            let inner = self.sum()?;
            self.close(open)?;
            return Ok(Expr::Worst(Box::new(inner)));
        }
        let argument_at = self.at();
        match self.take() {
            Some(Token::Word(argument)) => {
                self.close(open)?;
                Ok(Expr::Call(function, argument, at))
            }
            _ => Err(error(
                argument_at,
                format!("`{function}(…)` wants one name"),
                Some(format!("as in `{function}(column)`")),
            )),
        }
    }

    fn close(&mut self, open: usize) -> Result<(), SyntaxError> {
        let at = self.at();
        match self.take() {
            Some(Token::Close) => Ok(()),
            Some(Token::Comma) => Err(error(at, "only one argument is taken".to_owned(), None)),
            _ => Err(error(open, "this parenthesis is not closed".to_owned(), None)),
        }
    }

    fn deeper(&mut self) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(error(self.at(), "the expression is nested too deeply".to_owned(), None));
        }
        Ok(())
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Spanned { token: Token::Word(found), .. }) if found == word);
        self.next += usize::from(found);
        found
    }

    fn peek(&self) -> Option<&Spanned> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).map(|t| t.token.clone());
        self.next += usize::from(token.is_some());
        token
    }

    fn at(&self) -> usize {
        self.peek().map_or(self.end, |t| t.at)
    }

    fn shown(&self, token: &Spanned) -> String {
        self.text[token.at..token.end].iter().collect()
    }
}
