//! How often the drift rule alarms when nothing moved, and how often it finds what moved: seeded, so the table
//! in the monitoring guide can be made again with `cargo test -p volano-tables --test simulation -- --nocapture`.

use std::collections::BTreeMap;

use domain::monitoring::drift_report::{DriftSettings, DriftVerdict};
use tables::drift::{Sample, Values, column};

/// Rows of the reference.
const REFERENCE: usize = 20_000;
/// Columns judged together.
const COLUMNS: usize = 20;
/// Windows per case.
const ROUNDS: usize = 60;
/// Sizes of the windows.
const SIZES: [usize; 4] = [50, 300, 1_000, 5_000];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Shares of categories: even and few, even and many, one rare, a long tail, nearly constant.
fn shapes() -> Vec<(&'static str, Vec<f64>)> {
    let tail = |categories: u32, power: f64| -> Vec<f64> {
        let weights: Vec<f64> = (1..=categories).map(|rank| f64::from(rank).powf(-power)).collect();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / total).collect()
    };
    vec![
        ("3 even", tail(3, 0.0)),
        ("16 carriers", tail(16, 1.0)),
        ("100 airports", tail(100, 1.2)),
        ("2, one rare", vec![0.97, 0.03]),
        ("nearly constant", vec![0.999, 0.001]),
        ("500 even", tail(500, 0.0)),
    ]
}

fn draw(random: &mut Random, shares: &[f64], rows: usize) -> Sample {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut ends = Vec::with_capacity(shares.len());
    let mut total = 0.0;
    for share in shares {
        total += share;
        ends.push(total);
    }
    for _ in 0..rows {
        let at = random.next() * total;
        let category = ends.partition_point(|end| *end <= at).min(shares.len() - 1);
        *counts.entry(format!("{category:03}")).or_default() += 1;
    }
    let mut sample = Sample::categorical::<&str>([]);
    sample.values = Values::Categorical(counts);
    sample
}

/// Moves `share` of the rows from the most frequent category to the second one.
fn moved(shares: &[f64], share: f64) -> Vec<f64> {
    let mut shares = shares.to_vec();
    let taken = share.min(shares[0]);
    shares[0] -= taken;
    shares[1] += taken;
    shares
}

/// How many of the rounds warn or alarm by the distribution alone, and by anything.
fn verdicts(
    random: &mut Random,
    before: &[f64],
    after: &[f64],
    rows: usize,
    settings: &DriftSettings,
) -> (usize, usize, usize) {
    let (mut warned, mut alarmed, mut quality) = (0, 0, 0);
    let reference = draw(random, before, REFERENCE);
    for _ in 0..ROUNDS {
        let found = column("x", &reference, &draw(random, after, rows), COLUMNS, settings);
        warned += usize::from(found.moved_share >= settings.warn_share);
        alarmed += usize::from(found.moved_share >= settings.alarm_share);
        quality += usize::from(found.findings.iter().any(|finding| finding.verdict == DriftVerdict::Alarm));
    }
    (warned, alarmed, quality)
}

#[test]
fn categories_do_not_alarm_when_nothing_moved() {
    let settings = DriftSettings::default();
    let mut random = Random(2013);
    for (name, shares) in shapes() {
        for rows in SIZES {
            let (warned, alarmed, quality) = verdicts(&mut random, &shares, &shares, rows, &settings);
            println!("still  {name:16} {rows:6} rows: {warned} warned, {alarmed} alarmed of {ROUNDS}");
            assert_eq!((warned, alarmed, quality), (0, 0, 0), "{name}, {rows} rows");
        }
    }
}

#[test]
fn categories_that_moved_by_a_quarter_of_the_rows_are_found() {
    let settings = DriftSettings::default();
    let mut random = Random(2014);
    for (name, shares) in shapes() {
        let after = moved(&shares, 0.25);
        let real = (shares[0] - after[0]).max(0.0);
        for rows in SIZES {
            let (warned, alarmed, _) = verdicts(&mut random, &shares, &after, rows, &settings);
            println!(
                "moved {real:.2} {name:16} {rows:6} rows: {warned} warned, {alarmed} alarmed of {ROUNDS}"
            );
            if real > 0.24 && rows >= 1_000 {
                assert_eq!(alarmed, ROUNDS, "{name}, {rows} rows");
            }
        }
    }
}

#[test]
fn numbers_do_not_alarm_when_nothing_moved_and_half_a_deviation_is_found() {
    let settings = DriftSettings::default();
    let mut random = Random(2015);
    let normal = |random: &mut Random, rows: usize, shift: f64| {
        Sample::numeric((0..rows).map(|_| {
            let (u, v) = (random.next().max(1e-300), random.next());
            Some((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos() + shift)
        }))
    };
    let reference = normal(&mut random, REFERENCE, 0.0);
    for rows in SIZES {
        let (mut still, mut found) = (0, 0);
        for _ in 0..ROUNDS {
            let judged = |window: &Sample| {
                column("x", &reference, window, COLUMNS, &settings).moved_share >= settings.alarm_share
            };
            still += usize::from(judged(&normal(&mut random, rows, 0.0)));
            found += usize::from(judged(&normal(&mut random, rows, 0.5)));
        }
        println!(
            "normal {rows:6} rows: {still} false alarms, {found} of {ROUNDS} shifts of half a deviation alarmed"
        );
        assert_eq!(still, 0, "{rows} rows");
        if rows >= 5_000 {
            assert_eq!(found, ROUNDS, "{rows} rows");
        }
    }
}

#[test]
fn two_of_three_windows_take_the_last_false_alarms_away() {
    use domain::monitoring::monitor::{MonitorState, Persistence};
    let mut random = Random(2016);
    let (mut pages, mut alarms, windows) = (0, 0, 2_000);
    let mut newest_first = Vec::new();
    let mut state = MonitorState::Waiting;
    for _ in 0..windows {
        let alarm = random.next() < 0.01;
        alarms += usize::from(alarm);
        newest_first.insert(0, if alarm { DriftVerdict::Alarm } else { DriftVerdict::Steady });
        newest_first.truncate(3);
        let next = state.after(&newest_first, Persistence::default());
        pages += usize::from(next == MonitorState::Alarmed && state != MonitorState::Alarmed);
        state = next;
    }
    println!("{alarms} of {windows} windows alarmed by chance at 1 %, {pages} pages");
    assert!(pages <= 3, "{pages}");
}
