//! `run:` lines: split into arguments without a shell when none is needed, with values that can never become syntax.
//!
//! `${…}` names are replaced after splitting, so a value with blanks or quotes stays one argument. A line that uses
//! shell syntax is given to `sh` unchanged but for the names, which become quoted references to environment
//! variables: the value is data there too.

/// A line ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Variables that the line refers to.
    pub env: Vec<(String, String)>,
}

/// Why a line cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Nothing is in it.
    #[error("the command is empty")]
    Empty,
    /// A quote is not closed.
    #[error("the command has a {0} without its pair")]
    Unclosed(char),
    /// A name that nobody gave a value.
    #[error("${{{0}}} is not an input, output or parameter of this step")]
    Unknown(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
}

enum Piece {
    Char(char, Quote),
    Name(String, Quote),
    /// A quote mark: starts a word even when nothing is between the marks.
    Mark(char),
    Blank(char),
}

/// Characters that mean something to a shell outside quotes.
const SYNTAX: &str = "|&;<>()`*?[]{}~#!\n";

/// Prepares `line`; `value` gives each name (`in.features`, `params.lr`) its text.
pub fn prepare(line: &str, value: impl Fn(&str) -> Option<String>) -> Result<Line, LineError> {
    let line = line.trim();
    let pieces = pieces(line)?;
    let needs_shell = needs_shell(&pieces);
    let lookup = |name: &str| value(name).ok_or_else(|| LineError::Unknown(name.to_owned()));
    if needs_shell {
        return for_shell(&pieces, lookup);
    }
    let argv = split(&pieces, lookup)?;
    if argv.is_empty() {
        return Err(LineError::Empty);
    }
    Ok(Line { argv, env: Vec::new() })
}

/// The names that a line uses, in their order.
pub fn names(line: &str) -> Vec<String> {
    let pieces = pieces(line).unwrap_or_default();
    pieces
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Name(name, _) => Some(name),
            _ => None,
        })
        .collect()
}

fn pieces(line: &str) -> Result<Vec<Piece>, LineError> {
    let mut out = Vec::new();
    let mut quote = Quote::None;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if let Some((name, length)) = name_at(rest) {
            out.push(Piece::Name(name.to_owned(), quote));
            rest = &rest[length..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match (c, quote) {
            ('\'', Quote::None) | ('\'', Quote::Single) => {
                quote = if quote == Quote::None { Quote::Single } else { Quote::None };
                out.push(Piece::Mark(c));
            }
            ('"', Quote::None) | ('"', Quote::Double) => {
                quote = if quote == Quote::None { Quote::Double } else { Quote::None };
                out.push(Piece::Mark(c));
            }
            ('\\', Quote::None | Quote::Double) => {
                let next = rest.chars().next().ok_or(LineError::Unclosed('\\'))?;
                rest = &rest[next.len_utf8()..];
                if quote == Quote::Double && !"\\\"$`".contains(next) {
                    out.push(Piece::Char('\\', Quote::Single));
                }
                // A continued line is one line.
                if next != '\n' {
                    out.push(Piece::Char(next, Quote::Single));
                }
            }
            (' ' | '\t', Quote::None) => out.push(Piece::Blank(c)),
            _ => out.push(Piece::Char(c, quote)),
        }
    }
    match quote {
        Quote::None => Ok(out),
        Quote::Single => Err(LineError::Unclosed('\'')),
        Quote::Double => Err(LineError::Unclosed('"')),
    }
}

/// A `${room.name}` at the start of `text`, and its length; a shell's own `${HOME}` has no dot.
fn name_at(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find('}')?;
    let name = &inner[..end];
    let ours = ["in.", "out.", "params.", "each."].iter().any(|room| name.starts_with(room));
    ours.then_some((name, end + 3))
}

fn needs_shell(pieces: &[Piece]) -> bool {
    let assignment = {
        let first: String = pieces
            .iter()
            .map_while(|piece| match piece {
                Piece::Char(c, Quote::None) => Some(*c),
                _ => None,
            })
            .collect();
        first.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
    };
    assignment
        || pieces.iter().any(|piece| match piece {
            Piece::Char('$', Quote::None | Quote::Double) | Piece::Char('`', Quote::Double) => true,
            Piece::Char(c, Quote::None) => SYNTAX.contains(*c),
            _ => false,
        })
}

fn split(
    pieces: &[Piece],
    value: impl Fn(&str) -> Result<String, LineError>,
) -> Result<Vec<String>, LineError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    for piece in pieces {
        match piece {
            Piece::Blank(_) => words.extend(word.take()),
            Piece::Mark(_) => drop(word.get_or_insert_default()),
            Piece::Char(c, _) => word.get_or_insert_default().push(*c),
            Piece::Name(name, _) => word.get_or_insert_default().push_str(&value(name)?),
        }
    }
    words.extend(word);
    Ok(words)
}

fn for_shell(pieces: &[Piece], value: impl Fn(&str) -> Result<String, LineError>) -> Result<Line, LineError> {
    let mut script = String::new();
    let mut env: Vec<(String, String)> = Vec::new();
    let mut inside = None;
    for piece in pieces {
        match piece {
            Piece::Blank(c) => script.push(*c),
            Piece::Mark(c) => {
                inside = if inside.is_some() { None } else { Some(*c) };
                script.push(*c);
            }
            // Escaped characters were taken apart above: outside quotes they are put back.
            Piece::Char(c, Quote::Single) if inside != Some('\'') => {
                if inside.is_none() || "\\\"$`".contains(*c) {
                    script.push('\\');
                }
                script.push(*c);
            }
            Piece::Char(c, _) => script.push(*c),
            Piece::Name(name, quote) => {
                let variable = format!("VOLANO_VALUE_{}", env.len());
                script.push_str(&match quote {
                    Quote::None => format!("\"${{{variable}}}\""),
                    Quote::Double => format!("${{{variable}}}"),
                    Quote::Single => format!("'\"${{{variable}}}\"'"),
                });
                env.push((variable, value(name)?));
            }
        }
    }
    Ok(Line { argv: vec!["/bin/sh".to_owned(), "-euc".to_owned(), script], env })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<String> {
        match name {
            "in.features" => Some("/work dir/f.parquet".to_owned()),
            "params.evil" => Some("$(touch x); 'y' \"z\" `w`".to_owned()),
            _ => None,
        }
    }

    fn run(line: &str) -> String {
        let line = prepare(line, value).unwrap();
        let out =
            std::process::Command::new(&line.argv[0]).args(&line.argv[1..]).envs(line.env).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap()
    }

    #[test]
    fn a_plain_command_needs_no_shell() {
        let line = prepare("python  train.py --in ${in.features} 'a b' \"c\" '' d\\ e", value).unwrap();
        assert_eq!(line.argv, ["python", "train.py", "--in", "/work dir/f.parquet", "a b", "c", "", "d e"]);
    }

    #[test]
    fn a_value_is_one_argument_and_never_syntax() {
        let evil = value("params.evil").unwrap();
        assert_eq!(run("printf %s ${params.evil}"), evil);
        for line in [
            "printf %s ${params.evil} | cat",
            "printf %s \"${params.evil}\" | cat",
            "printf %s '${params.evil}' && true",
        ] {
            assert_eq!(run(line), evil, "{line}");
        }
    }

    #[test]
    fn shell_syntax_is_kept_for_the_shell() {
        assert_eq!(run("echo \"a  b\" | tr a c"), "c  b\n");
        assert_eq!(
            run("echo a\\|b; echo '\\n' | cat"),
            run("echo 'a|b'").as_str().to_owned() + &run("echo '\\n' | cat")
        );
        assert_eq!(run("X=1 sh -c 'echo $X'"), "1\n");
        assert_eq!(run("echo \"\\$HOME \\\" q\" | cat"), "$HOME \" q\n");
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(prepare("  ", value), Err(LineError::Empty));
        assert_eq!(prepare("echo 'a", value), Err(LineError::Unclosed('\'')));
        let error = prepare("echo ${in.nothing}", value).unwrap_err();
        assert_eq!(error.to_string(), "${in.nothing} is not an input, output or parameter of this step");
        assert_eq!(names("a ${in.x} '${params.y}' ${HOME}"), ["in.x", "params.y"]);
    }
}
