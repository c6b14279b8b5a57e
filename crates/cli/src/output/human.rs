//! Figures as people read them.

use chrono::{DateTime, Local, Utc};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A whole number with thousands separated: `7,043`.
pub fn count(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// A size in decimal units: `0.9 MB`.
pub fn bytes(value: i64) -> String {
    let mut size = value as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 1000.0 {
            return if unit == "B" { format!("{value} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

/// A duration: `0.2 s`, `14 s`, `3 min 20 s`, `5 h 2 min`, `3 d 4 h`.
pub fn duration_ms(value: i64) -> String {
    let value = value.max(0);
    if value < 100 {
        return format!("{value} ms");
    }
    if value < 10_000 {
        return format!("{:.1} s", value as f64 / 1000.0);
    }
    if value < MINUTE_MS {
        return format!("{} s", value / 1000);
    }
    if value < HOUR_MS {
        return format!("{} min {} s", value / MINUTE_MS, value % MINUTE_MS / 1000);
    }
    if value < DAY_MS {
        return format!("{} h {} min", value / HOUR_MS, value % HOUR_MS / MINUTE_MS);
    }
    format!("{} d {} h", value / DAY_MS, value % DAY_MS / HOUR_MS)
}

/// A time on the reader's clock: `2026-03-01 14:05`.
pub fn moment(time_ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(time_ms)
        .map(|time| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

/// A time for machines: `2026-03-01T13:05:00.000Z`.
pub fn time_iso(time_ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(time_ms)
        .map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
        .unwrap_or_default()
}

/// A figure with four significant digits at least, and no more than are needed: `0.8412`, `1234`, `2.1e-9`.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "NaN".to_owned() } else { format!("{value}") };
    }
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e15 {
        return format!("{value:.0}");
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{value:.3e}");
    }
    let decimals = if size >= 1000.0 {
        1
    } else if size >= 1.0 {
        3
    } else {
        4
    };
    format!("{value:.decimals$}")
}

/// A share as percent: `38 %`, `0.4 %`.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value != 0.0 && value.abs() < 10.0 && value.fract().abs() > 1e-9 {
        format!("{value:.1} %")
    } else {
        format!("{value:.0} %")
    }
}

/// A text with its end cut off when it is longer than `width` characters.
pub fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// The last eight digits of an id, which are random, hence what tells two ids of one day apart; the first twelve of a
/// content hash.
pub fn short_id(id: &str) -> &str {
    match id.len() {
        32 if is_hex(id) => &id[24..],
        64 if is_hex(id) => &id[..12],
        _ => id,
    }
}

fn is_hex(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(count(336_776), "336,776");
        assert_eq!(count(-1_000), "-1,000");
        assert_eq!(bytes(912), "912 B");
        assert_eq!(bytes(905_000), "905.0 kB");
        assert_eq!(duration_ms(42), "42 ms");
        assert_eq!(duration_ms(9_900), "9.9 s");
        assert_eq!(duration_ms(200_000), "3 min 20 s");
        assert_eq!(number(0.841_234), "0.8412");
        assert_eq!(number(20.0), "20");
        assert_eq!(number(2.1e-9), "2.100e-9");
        assert_eq!(percent(0.384), "38 %");
        assert_eq!(percent(0.004), "0.4 %");
    }
}
