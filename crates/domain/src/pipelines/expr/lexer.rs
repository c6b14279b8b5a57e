//! From text to tokens, each with its offset in characters.

use super::{Comparison, Dimension, MAX_BYTES, Quantity, SyntaxError};

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(Quantity),
    Word(String),
    Compare(Comparison),
    Plus,
    Minus,
    Star,
    Slash,
    Open,
    Close,
    Comma,
}

/// A token and where it starts and ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spanned {
    pub token: Token,
    pub at: usize,
    pub end: usize,
}

const UNITS: &[(&str, f64, Dimension)] = &[
    ("ms", 1.0, Dimension::Time),
    ("s", 1e3, Dimension::Time),
    ("m", 6e4, Dimension::Time),
    ("h", 3.6e6, Dimension::Time),
    ("d", 8.64e7, Dimension::Time),
    ("w", 6.048e8, Dimension::Time),
    ("%", 0.01, Dimension::Plain),
    ("B", 1.0, Dimension::Bytes),
    ("KB", 1e3, Dimension::Bytes),
    ("MB", 1e6, Dimension::Bytes),
    ("GB", 1e9, Dimension::Bytes),
    ("KiB", 1024.0, Dimension::Bytes),
    ("MiB", 1_048_576.0, Dimension::Bytes),
    ("GiB", 1_073_741_824.0, Dimension::Bytes),
];

pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, SyntaxError> {
    if text.len() > MAX_BYTES {
        return Err(error(0, format!("an expression has at most {MAX_BYTES} bytes"), None));
    }
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let (token, end) = token(&chars, at)?;
        tokens.push(Spanned { token, at, end });
        at = end;
    }
    Ok(tokens)
}

fn token(chars: &[char], at: usize) -> Result<(Token, usize), SyntaxError> {
    let next = chars.get(at + 1).copied();
    Ok(match chars[at] {
        c if c.is_ascii_digit() || (c == '.' && next.is_some_and(|n| n.is_ascii_digit())) => {
            number(chars, at)?
        }
        c if is_word(c) && c != '.' => {
            let end = end_of(chars, at, is_word);
            let word: String = chars[at..end].iter().collect();
            if word.ends_with('.') {
                return Err(error(end - 1, format!("{word:?} ends in a dot"), None));
            }
            (Token::Word(word), end)
        }
        '<' if next == Some('=') => (Token::Compare(Comparison::LessOrEqual), at + 2),
        '<' => (Token::Compare(Comparison::Less), at + 1),
        '>' if next == Some('=') => (Token::Compare(Comparison::GreaterOrEqual), at + 2),
        '>' => (Token::Compare(Comparison::Greater), at + 1),
        '=' if next == Some('=') => (Token::Compare(Comparison::Equal), at + 2),
        '!' if next == Some('=') => (Token::Compare(Comparison::NotEqual), at + 2),
        '=' => {
            let help = Some("write == to compare".to_owned());
            return Err(error(at, "a single = compares nothing".to_owned(), help));
        }
        '&' | '|' | '!' => {
            let help = Some("write `and`, `or`, `not`".to_owned());
            return Err(error(at, format!("{:?} is not an operator here", chars[at]), help));
        }
        '+' => (Token::Plus, at + 1),
        '-' => (Token::Minus, at + 1),
        '*' => (Token::Star, at + 1),
        '/' => (Token::Slash, at + 1),
        '(' => (Token::Open, at + 1),
        ')' => (Token::Close, at + 1),
        ',' => (Token::Comma, at + 1),
        other => return Err(error(at, format!("{other:?} has no meaning in an expression"), None)),
    })
}

fn number(chars: &[char], at: usize) -> Result<(Token, usize), SyntaxError> {
    let mut end = end_of(chars, at, |c| c.is_ascii_digit() || c == '.' || c == '_');
    let exponent = chars.get(end).is_some_and(|c| matches!(c, 'e' | 'E'));
    let signed = chars.get(end + 1).is_some_and(|c| matches!(c, '+' | '-'));
    let digits = end + 1 + usize::from(signed);
    if exponent && chars.get(digits).is_some_and(char::is_ascii_digit) {
        end = end_of(chars, digits, |c| c.is_ascii_digit());
    }
    let text: String = chars[at..end].iter().filter(|c| **c != '_').collect();
    let value: f64 = text.parse().map_err(|_| error(at, format!("{text:?} is not a number"), None))?;
    // One blank may stand before a unit that is a word of its own: `50 ms`, not `6 for`.
    let attached = chars.get(end).is_some_and(|c| c.is_alphabetic() || *c == '%');
    let start = if attached { end } else { end + 1 };
    let stop = match chars.get(start) {
        Some('%') => start + 1,
        _ => end_of(chars, start, char::is_alphanumeric),
    };
    let unit: String = chars.get(start..stop).unwrap_or_default().iter().collect();
    let known = UNITS.iter().find(|(name, ..)| *name == unit);
    match known {
        Some((_, factor, dimension)) => {
            let quantity = Quantity { value: value * factor, dimension: *dimension };
            Ok((Token::Number(quantity), stop))
        }
        None if attached => {
            let help = Some("units are ms, s, m, h, d, w, %, KB, MB, GB, KiB, MiB, GiB".to_owned());
            Err(error(start, format!("{unit:?} is not a unit"), help))
        }
        None => {
            let quantity = Quantity { value, dimension: Dimension::Plain };
            Ok((Token::Number(quantity), end))
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

fn end_of(chars: &[char], from: usize, belongs: impl Fn(char) -> bool) -> usize {
    let mut end = from;
    while chars.get(end).is_some_and(|c| belongs(*c)) {
        end += 1;
    }
    end
}

pub(super) fn error(at: usize, message: String, help: Option<String>) -> SyntaxError {
    SyntaxError { at, message, help }
}

/// A duration such as `30m`, in milliseconds; whole or with a fraction, never negative.
pub(crate) fn duration_ms(text: &str) -> Option<i64> {
    match tokens(text.trim()).ok()?.as_slice() {
        [Spanned { token: Token::Number(quantity), .. }] if quantity.dimension == Dimension::Time => {
            Some(quantity.value as i64)
        }
        _ => None,
    }
}

/// A size such as `2GiB`, in bytes.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    match tokens(text.trim()).ok()?.as_slice() {
        [Spanned { token: Token::Number(quantity), .. }] if quantity.dimension == Dimension::Bytes => {
            Some(quantity.value as i64)
        }
        _ => None,
    }
}
