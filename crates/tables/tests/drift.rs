//! What the drift rule says, and what it must not fall for.

use domain::monitoring::drift_report::{DriftSettings, DriftVerdict, QualityCheck};
use tables::drift::{Sample, column};

/// Numbers spread evenly from `shift` to 1: that share of the rows has moved, none out of range.
fn spread(rows: usize, shift: f64) -> Sample {
    Sample::numeric((0..rows).map(|row| Some(shift + row as f64 / rows as f64 * (1.0 - shift))))
}

fn judge(reference: &Sample, window: &Sample) -> domain::monitoring::drift_report::ColumnDrift {
    column("x", reference, window, 20, &DriftSettings::default())
}

#[test]
fn evidence_and_size_are_both_needed_and_the_sentence_says_which_failed() {
    let reference = spread(200_000, 0.0);
    let tiny = judge(&reference, &spread(200_000, 0.015));
    assert_eq!(tiny.verdict, DriftVerdict::Steady);
    assert!(tiny.sentence.contains("real but tiny"), "{}", tiny.sentence);
    let few = judge(&reference, &spread(40, 0.2));
    assert_eq!(few.verdict, DriftVerdict::NotEnoughRows);
    assert!(few.sentence.contains("large (") && few.sentence.contains("only 40 rows"), "{}", few.sentence);
    let quiet = judge(&reference, &spread(40, 0.0));
    assert!(quiet.sentence.contains("not enough rows (40)"), "{}", quiet.sentence);
    let warned = judge(&reference, &spread(20_000, 0.08));
    assert_eq!(warned.verdict, DriftVerdict::Warn);
    let moved = judge(&reference, &spread(2_000, 0.2));
    assert_eq!(moved.verdict, DriftVerdict::Alarm);
    assert!((0.13..0.16).contains(&moved.moved_share), "{moved:?}");
}

#[test]
fn a_verdict_does_not_flip_with_the_number_of_rows() {
    let reference = spread(100_000, 0.0);
    for rows in [2_000, 20_000, 200_000] {
        assert_eq!(judge(&reference, &spread(rows, 0.015)).verdict, DriftVerdict::Steady, "{rows}");
        assert_eq!(judge(&reference, &spread(rows, 0.3)).verdict, DriftVerdict::Alarm, "{rows}");
    }
}

#[test]
fn one_outlier_neither_alarms_nor_changes_the_bins() {
    let reference = spread(10_000, 0.0);
    let with_outlier =
        Sample::numeric((0..5_000).map(|row| Some(if row == 0 { 1e300 } else { row as f64 / 5_000.0 })));
    let found = judge(&reference, &with_outlier);
    assert_eq!(found.verdict, DriftVerdict::Steady, "{}", found.sentence);
    assert_eq!(found.bins.len(), 10);
    assert!(found.psi < 0.01);
}

#[test]
fn a_column_that_goes_missing_is_an_alarm() {
    let reference = spread(10_000, 0.0);
    let holes = Sample::numeric((0..1_000).map(|row| (row % 10 == 0).then_some(row as f64 / 1_000.0)));
    let found = judge(&reference, &holes);
    assert_eq!(found.verdict, DriftVerdict::Alarm);
    assert_eq!(found.findings[0].check, QualityCheck::Missing);
    assert!(found.sentence.contains("missing values in 90.0 % of the rows"), "{}", found.sentence);
    let nan = Sample::numeric(
        (0..1_000).map(|row| Some(if row % 2 == 0 { f64::NAN } else { row as f64 / 1_000.0 })),
    );
    assert_eq!(judge(&reference, &nan).findings[0].check, QualityCheck::Missing);
    let absent = judge(&reference, &Sample::numeric((0..30).map(|_| None)));
    assert_eq!(absent.findings[0].check, QualityCheck::Absent);
    assert_eq!(absent.verdict, DriftVerdict::Alarm);
}

#[test]
fn units_that_changed_are_out_of_range() {
    let miles = Sample::numeric((0..5_000).map(|row| Some(f64::from(row % 2_500))));
    let kilometres = Sample::numeric((0..1_000).map(|row| Some(f64::from(row * 5 % 2_500) * 1.609)));
    let found = judge(&miles, &kilometres);
    assert_eq!(found.verdict, DriftVerdict::Alarm);
    assert!(found.findings.iter().any(|finding| finding.check == QualityCheck::OutOfRange), "{found:?}");
}

#[test]
fn new_lost_and_moved_categories_are_told_by_name() {
    let airports = |pattern: &'static [&'static str], rows: usize| {
        Sample::categorical((0..rows).map(|row| Some(pattern[row % pattern.len()])))
    };
    let reference = airports(&["EWR", "JFK", "LGA"], 9_000);
    let steady = judge(&reference, &airports(&["LGA", "EWR", "JFK"], 3_000));
    assert_eq!(steady.verdict, DriftVerdict::Steady);
    assert!(steady.findings.is_empty());
    let found = judge(&reference, &airports(&["EWR", "JFK", "HPN", "EWR"], 1_000));
    assert_eq!(found.verdict, DriftVerdict::Alarm);
    let checks: Vec<QualityCheck> = found.findings.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, [QualityCheck::NewCategory, QualityCheck::LostCategory]);
    assert!(found.sentence.contains("HPN: 250"), "{}", found.sentence);
    assert!(found.sentence.contains("LGA: 3000"), "{}", found.sentence);
}

#[test]
fn text_where_numbers_were_is_a_type_change() {
    let reference = spread(1_000, 0.0);
    let json: Vec<serde_json::Value> =
        (0..200).map(|row| if row % 2 == 0 { "n/a".into() } else { (0.5).into() }).collect();
    let window = Sample::from_json(reference.kind(), json.iter().map(Some));
    let found = judge(&reference, &window);
    let finding = found.findings.iter().find(|finding| finding.check == QualityCheck::TypeChange).unwrap();
    assert_eq!(finding.verdict, DriftVerdict::Alarm);
    assert!(finding.sentence.contains("no number (such as \"n/a\")"), "{}", finding.sentence);
}

#[test]
fn a_constant_column_warns_and_an_identifier_is_no_news() {
    let reference = Sample::categorical((0..1_000).map(|row| Some(["a", "b"][row % 2])));
    let constant = judge(&reference, &Sample::categorical((0..100).map(|_| Some("a"))));
    assert!(constant.findings.iter().any(|finding| finding.check == QualityCheck::Constant));
    let tails = Sample::categorical((0..5_000).map(|row| Some(format!("id{row}"))));
    let more = Sample::categorical((0..500).map(|row| Some(format!("new{row}"))));
    assert!(judge(&tails, &more).findings.is_empty(), "{:?}", judge(&tails, &more).findings);
}

#[test]
fn an_empty_window_says_so() {
    let found = judge(&spread(100, 0.0), &Sample::numeric([]));
    assert_eq!(found.verdict, DriftVerdict::NotEnoughRows);
    assert_eq!(found.sentence, "no values to compare");
}
