//! Tables read for comparison and for models.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use serde_json::json;
use tables::TableFile;
use tables::drift::{REFERENCE_ROWS, Sample, Values, reference};
use tables::rows;

fn csv(folder: &Path, name: &str, text: &str) -> TableFile {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    TableFile { name: name.to_owned(), path }
}

#[test]
fn a_large_reference_is_thinned_evenly_over_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let part = |from: u64| {
        let lines: String = (from..from + REFERENCE_ROWS).map(|row| format!("{row},a\n")).collect();
        format!("number,letter\n{lines}")
    };
    let files = [
        csv(folder.path(), "1.csv", &part(0)),
        csv(folder.path(), "2.csv", &part(REFERENCE_ROWS)),
        csv(folder.path(), "3.csv", "number,letter,extra\n100000,b,1\n"),
    ];
    let (rows, samples) = reference(&files).unwrap();
    assert_eq!(rows, 2 * REFERENCE_ROWS + 1);
    assert_eq!(samples.keys().collect::<Vec<_>>(), ["letter", "number"]);
    let Sample { values: Values::Numeric(numbers), .. } = &samples["number"] else { panic!("numbers") };
    assert_eq!(numbers.len(), 33_334);
    assert!(numbers.windows(2).all(|pair| pair[1] - pair[0] == 3.0));
}

#[test]
fn rows_are_records_with_nulls_and_too_many_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let files = [csv(folder.path(), "a.csv", "hour,origin\n1,EWR\n,JFK\n")];
    let records = rows::read(&files, 2).unwrap();
    assert_eq!(json!(records), json!([{"hour": 1, "origin": "EWR"}, {"hour": null, "origin": "JFK"}]));
    let error = rows::read(&files, 1).unwrap_err();
    assert_eq!(error.to_string(), "a.csv: more than 1 rows: take a part of them");
}
