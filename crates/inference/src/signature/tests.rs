use serde_json::json;

use super::*;
use crate::table::Data;

fn signature(inputs: &Value) -> Signature {
    Signature::parse(&json!({"inputs": inputs.to_string()})).unwrap()
}

fn flights() -> Signature {
    signature(&json!([
        {"type": "long", "name": "hour", "required": true},
        {"type": "double", "name": "distance", "required": true},
        {"type": "string", "name": "carrier", "required": true},
        {"type": "boolean", "name": "weekend", "required": false},
    ]))
}

fn table(signature: &Signature, records: Value) -> Result<Table, InvalidInput> {
    let records: Vec<Map<String, Value>> = serde_json::from_value(records).unwrap();
    RawRows::from_records(records).into_table(Some(signature))
}

fn refusal(signature: &Signature, records: Value) -> String {
    table(signature, records).unwrap_err().to_string()
}

#[test]
fn rows_become_typed_columns_in_the_order_of_the_signature() {
    let rows = json!([{"carrier": "UA", "distance": 200, "hour": 8.0}]);
    let table = table(&flights(), rows).unwrap();
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["hour", "distance", "carrier"]);
    assert_eq!(table.columns[0].data, Data::I64(vec![8]));
    assert_eq!(table.columns[1].data, Data::F64(vec![200.0]));
}

#[test]
fn what_would_be_changed_silently_is_refused_with_column_and_row() {
    let row = |hour: Value, weekend: Value| {
        let good = json!({"hour": 1, "distance": 1.0, "carrier": "UA", "weekend": true});
        json!([good, {"hour": hour, "distance": 1.0, "carrier": "UA", "weekend": weekend}])
    };
    let said = |hour: Value, weekend: Value| refusal(&flights(), row(hour, weekend));
    assert_eq!(said(json!(1.5), json!(true)), "column \"hour\", row 1: 1.5 is not a long");
    assert_eq!(
        said(json!(9_223_372_036_854_775_808_u64), json!(true)),
        "column \"hour\", row 1: 9223372036854775808 is not a long"
    );
    assert_eq!(said(json!(true), json!(true)), "column \"hour\", row 1: true is not a long");
    assert_eq!(said(json!(null), json!(true)), "column \"hour\", row 1: a missing value is not a long");
    assert_eq!(said(json!(1), json!("false")), "column \"weekend\", row 1: \"false\" is not a boolean");
}

#[test]
fn ranges_of_narrow_types_are_kept() {
    let narrow = signature(&json!([{"type": "integer", "name": "a"}, {"type": "float", "name": "b"}]));
    assert_eq!(
        refusal(&narrow, json!([{"a": 2_147_483_648_i64, "b": 0}])),
        "column \"a\", row 0: 2147483648 is outside the range of an integer (32 bits)"
    );
    assert!(refusal(&narrow, json!([{"a": 1, "b": 1e300}])).contains("outside the range of a float"));
}

#[test]
fn columns_that_are_missing_or_unknown_are_named() {
    assert_eq!(
        refusal(&flights(), json!([{"hour": 1, "carrier": "UA"}])),
        "column \"distance\": it is missing"
    );
    assert_eq!(
        refusal(&flights(), json!([{"hour": 1, "distanc": 1, "carrier": "UA"}])),
        "column \"distanc\": the model has no such column; did you mean \"distance\"?"
    );
}

#[test]
fn a_missing_double_is_nan_and_a_missing_text_is_none() {
    let table = table(&flights(), json!([{"hour": 1, "distance": null, "carrier": null}])).unwrap();
    assert!(matches!(&table.columns[1].data, Data::F64(values) if values[0].is_nan()));
    assert_eq!(table.columns[2].data, Data::Text(vec![None]));
}

#[test]
fn ragged_rows_and_bare_rows_of_the_wrong_width_are_refused() {
    let error = RawRows::from_split(
        Some(vec!["a".into(), "b".into()]),
        vec![vec![json!(1), json!(2)], vec![json!(1)]],
    );
    assert_eq!(error.unwrap_err().to_string(), "row 1: it has 1 values where 2 are expected");
    let bare = RawRows::from_split(None, vec![vec![json!(1)]]).unwrap();
    let error = bare.into_table(Some(&flights())).unwrap_err().to_string();
    assert!(error.contains("the model's 4 columns, these have 1"), "{error}");
}

#[test]
fn csv_texts_become_the_types_of_the_signature() {
    let rows = RawRows {
        columns: Some(vec!["hour".into(), "distance".into(), "carrier".into(), "weekend".into()]),
        cells: vec![vec![json!("7"), json!(""), json!("12"), json!("False")]],
        textual: Textual::Yes,
    };
    let table = rows.into_table(Some(&flights())).unwrap();
    assert_eq!(table.columns[0].data, Data::I64(vec![7]));
    assert_eq!(table.columns[2].data, Data::Text(vec![Some("12".into())]));
    assert_eq!(table.columns[3].data, Data::Bool(vec![false]));
}

#[test]
fn times_are_read_with_and_without_an_offset() {
    let times = signature(&json!([{"type": "datetime", "name": "t"}]));
    let rows = json!([{"t": "2013-01-01T00:00:00"}, {"t": "2013-01-01T01:00:00+01:00"}, {"t": "2013-01-01"}]);
    let table = table(&times, rows).unwrap();
    let midnight = 1_356_998_400_000_000_000;
    assert_eq!(table.columns[0].data, Data::Time(vec![Some(midnight); 3]));
    assert!(refusal(&times, json!([{"t": "January"}])).contains("2013-01-31T08:00:00"));
}

#[test]
fn types_are_inferred_without_a_signature() {
    let records = json!([{"i": 1, "f": 1, "b": true, "s": "x", "m": 1}, {"i": 2, "f": null, "b": false, "s": null, "m": [1]}]);
    let records: Vec<Map<String, Value>> = serde_json::from_value(records).unwrap();
    let table = RawRows::from_records(records).into_table(None).unwrap();
    assert!(matches!(table.columns[0].data, Data::I64(_)));
    assert!(matches!(table.columns[1].data, Data::F64(_)));
    assert!(matches!(table.columns[2].data, Data::Bool(_)));
    assert!(matches!(table.columns[3].data, Data::Text(_)));
    assert!(matches!(table.columns[4].data, Data::Json(_)));
}

#[test]
fn arrays_have_one_shape_and_fit_their_type() {
    let tensor = tensor_from_json(&json!([[1, 2.5], [3, null]]), None).unwrap();
    assert_eq!((tensor.dtype, tensor.shape.clone()), (Dtype::F64, vec![2, 2]));
    assert_eq!(tensor.to_json(), json!([[1.0, 2.5], [3.0, null]]));
    assert!(tensor_from_json(&json!([[1, 2], [3]]), None).is_err());
    assert!(tensor_from_json(&json!([[1], 3]), None).is_err());
    assert!(tensor_from_json(&json!([300]), Some(Dtype::U8)).is_err());
    let spec = Spec::Tensor { name: None, dtype: "float32".into(), shape: vec![-1, 3] };
    let error = enforce_tensor(&spec, &json!([[1, 2]])).unwrap_err().to_string();
    assert!(error.contains("[-1, 3]") && error.contains("[1, 2]"), "{error}");
}

#[test]
fn unknown_parameters_are_refused() {
    let params = Map::from_iter([("temperature".to_owned(), json!(1))]);
    let error = flights().check_params(&params).unwrap_err().to_string();
    assert_eq!(error, "the model takes no parameters, \"temperature\" was given");
}
