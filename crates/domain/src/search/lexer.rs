//! Words, texts, numbers and signs of a filter.

use super::refuse;
use crate::tracking::validation::Refusal;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A bare word with its dotted parts joined, quotes of a part taken off: `metrics."a b"` is `metrics.a b`.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// A number as written.
    Number(String),
    /// An operator sign.
    Sign(&'static str),
    Open,
    Close,
    Comma,
}

impl Token {
    /// The token as a message shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(word) | Self::Number(word) => word.clone(),
            Self::Text(text) => format!("'{text}'"),
            Self::Sign(sign) => (*sign).to_owned(),
            Self::Open => "(".to_owned(),
            Self::Close => ")".to_owned(),
            Self::Comma => ",".to_owned(),
        }
    }
}

/// A token and the bytes where it stands.
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let placed = placed(text).map_err(|(refusal, _)| refusal)?;
    Ok(placed.into_iter().map(|placed| placed.token).collect())
}

/// The tokens with their places; a refusal comes with the byte where it starts.
pub(super) fn placed(text: &str) -> Result<Vec<Placed>, (Refusal, usize)> {
    let mut rest = text.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let start = text.len() - rest.len();
        let (token, length) = token(rest, first).map_err(|refusal| (refusal, start))?;
        tokens.push(Placed { token, start, end: start + length });
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn token(rest: &str, first: char) -> Result<(Token, usize), Refusal> {
    Ok(match first {
        '(' => (Token::Open, 1),
        ')' => (Token::Close, 1),
        ',' => (Token::Comma, 1),
        '\'' | '"' => {
            let (text, length) = quoted(rest, first)?;
            (Token::Text(text), length)
        }
        '=' | '!' | '<' | '>' => sign(rest)?,
        '-' | '+' | '.' | '0'..='9' => number(rest)?,
        c if c == '`' || c == '_' || c.is_alphabetic() => word(rest)?,
        c => return Err(refuse(format!("Invalid clause(s) in filter string: '{c}'"))),
    })
}

fn quoted(rest: &str, quote: char) -> Result<(String, usize), Refusal> {
    let inner = &rest[quote.len_utf8()..];
    let end = inner.find(quote).ok_or_else(|| {
        refuse(format!("Invalid clause(s) in filter string: {rest:?}: a quote is not closed"))
    })?;
    Ok((inner[..end].to_owned(), end + 2 * quote.len_utf8()))
}

fn sign(rest: &str) -> Result<(Token, usize), Refusal> {
    const SIGNS: [(&str, &str); 7] =
        [("!=", "!="), ("<=", "<="), (">=", ">="), ("<>", "!="), ("=", "="), ("<", "<"), (">", ">")];
    SIGNS
        .iter()
        .find(|(written, _)| rest.starts_with(written))
        .map(|(written, sign)| (Token::Sign(sign), written.len()))
        .ok_or_else(|| refuse(format!("Invalid clause(s) in filter string: {rest:?}")))
}

fn number(rest: &str) -> Result<(Token, usize), Refusal> {
    let length = rest
        .char_indices()
        .find(|(at, c)| {
            let after_exponent = *at > 0 && matches!(rest.as_bytes()[at - 1], b'e' | b'E');
            !(c.is_ascii_digit()
                || *c == '.'
                || matches!(c, 'e' | 'E')
                || (matches!(c, '-' | '+') && (*at == 0 || after_exponent)))
        })
        .map_or(rest.len(), |(at, _)| at);
    let written = &rest[..length];
    match written.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((Token::Number(written.to_owned()), length)),
        _ => Err(refuse(format!("Invalid clause(s) in filter string: {written:?} is not a number"))),
    }
}

fn word(rest: &str) -> Result<(Token, usize), Refusal> {
    let mut joined = String::new();
    let mut at = 0;
    loop {
        let part = &rest[at..];
        match part.chars().next() {
            Some(quote @ ('`' | '"')) => {
                let (text, length) = quoted(part, quote)?;
                joined.push_str(&text);
                at += length;
            }
            _ => {
                let length =
                    part.find(|c: char| !(c.is_alphanumeric() || "_-/:".contains(c))).unwrap_or(part.len());
                joined.push_str(&part[..length]);
                at += length;
            }
        }
        if !rest[at..].starts_with('.') {
            break;
        }
        joined.push('.');
        at += 1;
    }
    Ok((Token::Word(joined), at))
}
