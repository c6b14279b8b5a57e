//! Regular expressions of contracts.
//!
//! They are those of the `regex` crate, which take time linear in the text: there is no way back and no looking
//! around. A value matches when the whole of it does, as Python's `re.fullmatch` has it.

use regex::{Regex, RegexBuilder};

/// Characters of a pattern at the most.
pub const MAX_LENGTH: usize = 1000;
/// Bytes of a compiled pattern at the most.
const MAX_COMPILED: usize = 1 << 20;
/// Nested groups and repetitions at the most.
const MAX_NESTING: u32 = 50;

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Characters before the place that is wrong, when one is.
    pub offset: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// The way out, when that can be said.
    pub help: Option<&'static str>,
}

/// Compiles a pattern for whole values.
pub fn compile(pattern: &str) -> Result<Regex, Fault> {
    let fault = |message: String, help| Fault { offset: None, message, help };
    if pattern.chars().count() > MAX_LENGTH {
        let message = format!("the pattern has more than {MAX_LENGTH} characters");
        return Err(fault(message, Some("for a list of words use `allowed`")));
    }
    let parsed = regex_syntax::ParserBuilder::new().nest_limit(MAX_NESTING).build().parse(pattern);
    if let Err(error) = parsed {
        return Err(explain(pattern, &error));
    }
    let too_large = |error: regex::Error| match error {
        regex::Error::CompiledTooBig(limit) => fault(
            format!("the pattern takes more than {} KiB when compiled", limit >> 10),
            Some("repeat fewer times: {1,100} inside of {1,100} is ten thousand"),
        ),
        // A comment at the end of a pattern in verbose mode hides what closes the group.
        _ => fault("the pattern is not whole".to_owned(), Some("end comments of (?x) with a new line")),
    };
    RegexBuilder::new(&format!(r"\A(?:{pattern})\z")).size_limit(MAX_COMPILED).build().map_err(too_large)
}

fn explain(pattern: &str, error: &regex_syntax::Error) -> Fault {
    let (message, start) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset),
        other => return Fault { offset: None, message: other.to_string(), help: None },
    };
    let offset = pattern.get(..start).map(|before| before.chars().count());
    let help = if message.contains("look-around") {
        Some("say with `allowed`, `length` or an assertion what a pattern cannot look around for")
    } else if message.contains("backreference") {
        Some("write the part again; what must be equal is a matter for an assertion")
    } else {
        None
    };
    Fault { offset, message: format!("the pattern is not right: {message}"), help }
}
