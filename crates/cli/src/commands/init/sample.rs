//! Data to begin with when there is none yet: made up, the same every time.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::args::Template;
use crate::failure::{Failure, Result};

/// Customers of the made-up telephone company.
const CUSTOMERS: u64 = 3_000;
/// Days of the made-up series.
const DAYS: u64 = 730;

/// Writes sample data into `folder` and returns the file.
pub fn write(folder: &Path, template: Template) -> Result<PathBuf> {
    let (name, text) = match template {
        Template::Forecast => ("demand.csv", demand()),
        _ => ("customers.csv", customers()),
    };
    let file = folder.join(name);
    std::fs::write(&file, text).map_err(|error| Failure::file(&file, "write", &error))?;
    Ok(file)
}

/// Numbers that look random and are the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn day(start: &str, after: u64) -> String {
    let start: chrono::NaiveDate = start.parse().unwrap_or_default();
    (start + chrono::Days::new(after)).to_string()
}

fn customers() -> String {
    const PLANS: [(&str, f64); 3] = [("basic", 20.0), ("plus", 45.0), ("pro", 80.0)];
    const REGIONS: [&str; 4] = ["north", "east", "south", "west"];
    let mut dice = Dice(7);
    let mut text = String::from(
        "customer_id,billed_on,plan,region,tenure_months,monthly_charge,support_calls,churned\n",
    );
    for n in 0..CUSTOMERS {
        let (plan, price) = PLANS[dice.below(3) as usize];
        let region = REGIONS[dice.below(4) as usize];
        let tenure = 1 + dice.below(72);
        let calls = (dice.share() * dice.share() * 8.0) as u64;
        let charge = price + dice.share() * 20.0;
        let pull = charge / 60.0 + calls as f64 * 0.55 - tenure as f64 / 22.0 - 1.1;
        let churned = u8::from(dice.share() < 1.0 / (1.0 + (-pull).exp()));
        let billed = day("2025-01-01", n * 181 / CUSTOMERS);
        // Writing into a text cannot fail.
        let _written =
            writeln!(text, "C{n:05},{billed},{plan},{region},{tenure},{charge:.2},{calls},{churned}");
    }
    text
}

fn demand() -> String {
    let mut dice = Dice(11);
    let mut text = String::from("day,demand\n");
    for n in 0..DAYS {
        let week = [0.0, 2.0, 3.0, 4.0, 9.0, 18.0, 14.0][(n % 7) as usize];
        let year = (n as f64 / 365.25 * std::f64::consts::TAU).sin() * 12.0;
        let demand = 100.0 + n as f64 * 0.05 + week + year + dice.share() * 8.0;
        // Writing into a text cannot fail.
        let _written = writeln!(text, "{},{demand:.1}", day("2024-01-01", n));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_the_same_every_time_and_has_both_answers() {
        let text = customers();
        assert_eq!(text, customers());
        let yes = text.lines().filter(|line| line.ends_with(",1")).count();
        assert!((300..2_000).contains(&yes), "{yes} of {CUSTOMERS}");
        assert_eq!(demand().lines().count(), 731);
    }
}
