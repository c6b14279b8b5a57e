//! Secrets in output streams: replaced before they reach a file, also when a read cuts one in two.

use std::io::{self, Write};

const MASK: &[u8] = b"***";
/// Shorter values are no secrets, and would mask every other word.
const SHORTEST: usize = 6;

/// Writes to `out` what it is given, with secrets replaced.
pub(crate) struct Masked<W: Write> {
    out: W,
    secrets: Vec<Vec<u8>>,
    /// The end of what was given, which may be the start of a secret.
    held: Vec<u8>,
}

impl<W: Write> Masked<W> {
    pub(crate) fn new(out: W, secrets: &[String]) -> Self {
        let mut secrets: Vec<Vec<u8>> = secrets
            .iter()
            .filter(|secret| secret.len() >= SHORTEST)
            .map(|secret| secret.clone().into_bytes())
            .collect();
        // The longest first: one secret may be the start of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { out, secrets, held: Vec::new() }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.held.extend_from_slice(bytes);
        self.pass(false)
    }

    /// Writes what was held back; nothing more can complete a secret.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.pass(true)?;
        Ok(self.out)
    }

    fn pass(&mut self, last: bool) -> io::Result<()> {
        let mut clean = Vec::with_capacity(self.held.len());
        let mut at = 0;
        while at < self.held.len() {
            let rest = &self.held[at..];
            let begun = |secret: &Vec<u8>| secret.len() > rest.len() && secret.starts_with(rest);
            if !last && self.secrets.iter().any(begun) {
                break;
            }
            if let Some(secret) = self.secrets.iter().find(|secret| rest.starts_with(secret)) {
                clean.extend_from_slice(MASK);
                at += secret.len();
            } else {
                clean.push(rest[0]);
                at += 1;
            }
        }
        self.held.drain(..at);
        self.out.write_all(&clean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(parts: &[&str]) -> String {
        let secrets = ["secret-token".to_owned(), "secret".to_owned(), "ab".to_owned()];
        let mut masked = Masked::new(Vec::new(), &secrets);
        for part in parts {
            masked.write(part.as_bytes()).unwrap();
        }
        String::from_utf8(masked.finish().unwrap()).unwrap()
    }

    #[test]
    fn a_secret_is_replaced_however_it_is_cut() {
        assert_eq!(masked(&["a secret-token b"]), "a *** b");
        assert_eq!(masked(&["a secr", "et-to", "ken b"]), "a *** b");
        assert_eq!(masked(&["a secret-t", "ape ab"]), "a ***-tape ab");
        assert_eq!(masked(&["ends in sec"]), "ends in sec");
        assert_eq!(masked(&["ends in sec", "ret"]), "ends in ***");
    }
}
