//! Shares of traffic and spans of time, as people write them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A share of traffic in ten-thousandths: `5%` is 500. On the wire it is the text `"5%"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u16);

/// Why a text is not a share or a span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidShare {
    /// Not of the form `5%`, or out of 0..=100.
    #[error("{0:?} is not a share of traffic: write a percentage between 0% and 100%, such as 5%")]
    Share(String),
    /// Not of the form `30m`.
    #[error("{0:?} is not a span of time: write a number and ms, s, m, h or d, such as 30m")]
    Duration(String),
}

impl Share {
    /// No traffic.
    pub const NONE: Self = Self(0);
    /// All traffic.
    pub const FULL: Self = Self(10_000);

    /// Reads `5%`, `0.5%` or `100 %`.
    pub fn parse(text: &str) -> Result<Self, InvalidShare> {
        let bad = || InvalidShare::Share(text.to_owned());
        let number = text.trim().strip_suffix('%').ok_or_else(bad)?;
        let percent: f64 = number.trim().parse().map_err(|_| bad())?;
        if !(0.0..=100.0).contains(&percent) {
            return Err(bad());
        }
        let parts = (percent * 100.0).round();
        // In range: percent is between 0 and 100, so the value is between 0 and 10,000.
        Ok(Self(parts as u16))
    }

    /// From ten-thousandths, at most [`Share::FULL`].
    pub fn from_parts(parts: u16) -> Self {
        Self(parts.min(Self::FULL.0))
    }

    /// Ten-thousandths.
    pub fn parts(self) -> u16 {
        self.0
    }

    /// What is left for the others.
    #[must_use]
    pub fn rest(self) -> Self {
        Self(Self::FULL.0 - self.0)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match part {
            0 => write!(f, "{whole}%"),
            _ if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
            _ => write!(f, "{whole}.{part:02}%"),
        }
    }
}

impl Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Reads `500ms`, `90s`, `30m`, `6h` or `2d` as milliseconds.
pub fn parse_duration_ms(text: &str) -> Result<i64, InvalidShare> {
    let bad = || InvalidShare::Duration(text.to_owned());
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
    let number: i64 = trimmed[..digits].parse().map_err(|_| bad())?;
    let unit = match trimmed[digits..].trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(bad()),
    };
    number.checked_mul(unit).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_reads_and_writes_as_a_percentage() {
        for (text, parts) in [("5%", 500), ("0.5%", 50), ("100 %", 10_000), ("12.25%", 1_225)] {
            assert_eq!(Share::parse(text).unwrap().parts(), parts, "{text}");
        }
        assert_eq!(Share::from_parts(1_225).to_string(), "12.25%");
        assert_eq!(Share::from_parts(50).to_string(), "0.5%");
        assert_eq!(Share::FULL.to_string(), "100%");
        for bad in ["5", "101%", "-1%", "x%", "%", "NaN%"] {
            assert!(Share::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_span_has_a_number_and_a_unit() {
        assert_eq!(parse_duration_ms("30m"), Ok(1_800_000));
        assert_eq!(parse_duration_ms("250ms"), Ok(250));
        for bad in ["30", "m", "3 weeks", "-3s", "99999999999999999h"] {
            assert!(parse_duration_ms(bad).is_err(), "{bad}");
        }
    }
}
