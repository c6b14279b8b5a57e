//! The JSON body of MLflow's `/invocations`, in all its forms, read into what the signature asks for.

use serde_json::{Map, Value};

use crate::error::InvalidInput;
use crate::signature::{self, RawRows, Signature, Spec, Textual};
use crate::value::Input;

/// The keys of which a body has exactly one.
const FORMS: [&str; 4] = ["dataframe_split", "dataframe_records", "instances", "inputs"];
/// Keys of the unified form for language models, which go to the model as they are.
const UNIFIED: [&str; 3] = ["messages", "prompt", "input"];

/// What a body asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// Rows or arrays.
    pub input: Input,
    /// Inference parameters.
    pub params: Map<String, Value>,
    /// Whether the answer goes out bare, not under `predictions`.
    pub unified: bool,
}

/// Reads a body; the reason when it is of no known form or does not fit the signature.
pub fn parse(body: &Value, signature: Option<&Signature>) -> Result<Invocation, InvalidInput> {
    let Value::Object(fields) = body else {
        return Err(InvalidInput::whole(format!(
            "the body is a JSON object with exactly one of the fields {}",
            FORMS.join(", ")
        )));
    };
    let given: Vec<&str> = FORMS.into_iter().filter(|form| fields.contains_key(*form)).collect();
    if given.is_empty() && UNIFIED.iter().any(|key| fields.contains_key(*key)) {
        return Ok(Invocation { input: Input::Json(body.clone()), params: Map::new(), unified: true });
    }
    let [form] = given.as_slice() else {
        return Err(InvalidInput::whole(format!(
            "the body has exactly one of the fields {}; it has {}",
            FORMS.join(", "),
            if given.is_empty() { "none of them".to_owned() } else { given.join(" and ") },
        )));
    };
    let params = match fields.get("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params.clone(),
        Some(_) => return Err(InvalidInput::whole("params is an object")),
    };
    if let Some(signature) = signature {
        signature.check_params(&params)?;
    }
    let value = &fields[*form];
    let input = match *form {
        "dataframe_split" => Input::Table(split(value)?.into_table(signature)?),
        "dataframe_records" => Input::Table(records(value, form)?.into_table(signature)?),
        "instances" => instances(value, signature)?,
        _ => inputs(value, signature)?,
    };
    Ok(Invocation { input, params, unified: false })
}

/// Reads a CSV text with a header line into a table.
pub fn parse_csv(text: &str, signature: Option<&Signature>) -> Result<Input, InvalidInput> {
    let mut lines = csv_records(text)?.into_iter();
    let columns = lines
        .next()
        .ok_or_else(|| InvalidInput::whole("the CSV text is empty: its first line names the columns"))?;
    let cells = lines.map(|line| line.into_iter().map(Value::String).collect()).collect();
    let mut rows = RawRows::from_split(Some(columns), cells)?;
    rows.textual = Textual::Yes;
    Ok(Input::Table(rows.into_table(signature)?))
}

fn split(value: &Value) -> Result<RawRows, InvalidInput> {
    let bad = || {
        InvalidInput::whole("dataframe_split is an object with the lists columns and data (a list of rows)")
    };
    let data = value.get("data").and_then(Value::as_array).ok_or_else(bad)?;
    let cells: Vec<Vec<Value>> =
        data.iter().map(|row| row.as_array().cloned().ok_or_else(bad)).collect::<Result<_, _>>()?;
    let columns = match value.get("columns") {
        None | Some(Value::Null) => None,
        Some(Value::Array(names)) => Some(names.iter().map(name_of).collect()),
        Some(_) => return Err(bad()),
    };
    RawRows::from_split(columns, cells)
}

/// pandas allows numbers as column names.
fn name_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn records(value: &Value, form: &str) -> Result<RawRows, InvalidInput> {
    let bad = || InvalidInput::whole(format!("{form} is a list of objects, one per row"));
    let rows = value.as_array().ok_or_else(bad)?;
    let records: Vec<Map<String, Value>> =
        rows.iter().map(|row| row.as_object().cloned().ok_or_else(bad)).collect::<Result<_, _>>()?;
    Ok(RawRows::from_records(records))
}

/// `instances`: records are taken column by column, anything else is one array.
fn instances(value: &Value, signature: Option<&Signature>) -> Result<Input, InvalidInput> {
    let is_records =
        value.as_array().is_some_and(|rows| !rows.is_empty() && rows.iter().all(Value::is_object));
    if is_records {
        let rows = records(value, "instances")?;
        if signature.is_none_or(Signature::is_table) {
            return Ok(Input::Table(rows.into_table(signature)?));
        }
        let columns = rows.columns.unwrap_or_default();
        let by_name = columns.into_iter().enumerate().map(|(position, name)| {
            let values = rows.cells.iter().map(|row| row[position].clone()).collect();
            (name, Value::Array(values))
        });
        return inputs(&Value::Object(by_name.collect()), signature);
    }
    inputs(value, signature)
}

/// `inputs`: an array, or arrays by name; for a table signature the rows or columns of the table.
fn inputs(value: &Value, signature: Option<&Signature>) -> Result<Input, InvalidInput> {
    match (value, signature) {
        (Value::Object(fields), Some(signature)) if signature.is_table() => {
            Ok(Input::Table(columns_of(fields)?.into_table(Some(signature))?))
        }
        (Value::Object(fields), _) => named(fields, signature),
        (Value::Array(rows), Some(signature)) if signature.is_table() => {
            Ok(Input::Table(rows_of(rows)?.into_table(Some(signature))?))
        }
        (_, Some(signature)) => match signature.inputs.as_slice() {
            [spec] => signature::enforce_tensor(spec, value).map(Input::Tensor),
            [] => plain(value),
            specs => Err(InvalidInput::whole(format!(
                "the model takes {} arrays by name: send an object with {}",
                specs.len(),
                specs.iter().filter_map(Spec::name).collect::<Vec<_>>().join(", ")
            ))),
        },
        (_, None) => plain(value),
    }
}

/// Without a signature: numbers become an array, anything else stays JSON.
fn plain(value: &Value) -> Result<Input, InvalidInput> {
    Ok(signature::tensor_from_json(value, None).map_or_else(|_| Input::Json(value.clone()), Input::Tensor))
}

fn named(fields: &Map<String, Value>, signature: Option<&Signature>) -> Result<Input, InvalidInput> {
    let Some(signature) = signature else {
        let tensors = fields
            .iter()
            .map(|(name, value)| Ok((name.clone(), signature::tensor_from_json(value, None)?)))
            .collect::<Result<_, InvalidInput>>();
        // What is not numbers cannot be an array.
        return Ok(tensors.map_or_else(|_| Input::Json(Value::Object(fields.clone())), Input::Named));
    };
    let tensors = signature.inputs.iter().filter_map(|spec| {
        let name = spec.name()?;
        let value = match fields.get(name) {
            Some(value) => signature::enforce_tensor(spec, value)
                .map_err(|error| InvalidInput::column(name, error.reason)),
            None => Err(InvalidInput::column(name, "it is missing")),
        };
        Some(value.map(|tensor| (name.to_owned(), tensor)))
    });
    Ok(Input::Named(tensors.collect::<Result<_, _>>()?))
}

fn columns_of(fields: &Map<String, Value>) -> Result<RawRows, InvalidInput> {
    let columns = fields
        .iter()
        .map(|(name, value)| {
            let values = match value {
                Value::Array(values) => values.iter().map(unwrap_single).collect(),
                single => vec![single.clone()],
            };
            (name.clone(), values)
        })
        .collect();
    RawRows::from_columns(columns)
}

/// A column of shape [n, 1] counts as one of shape [n].
fn unwrap_single(value: &Value) -> Value {
    match value.as_array().map(Vec::as_slice) {
        Some([one]) => one.clone(),
        _ => value.clone(),
    }
}

fn rows_of(rows: &[Value]) -> Result<RawRows, InvalidInput> {
    if rows.iter().all(Value::is_object) {
        return records(&Value::Array(rows.to_vec()), "inputs");
    }
    let cells = rows
        .iter()
        .map(|row| match row {
            Value::Array(cells) => cells.clone(),
            single => vec![single.clone()],
        })
        .collect();
    RawRows::from_split(None, cells)
}

/// The records of a CSV text (RFC 4180): quotes, doubled quotes, line ends of both kinds.
fn csv_records(text: &str) -> Result<Vec<Vec<String>>, InvalidInput> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut characters = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => end_record(&mut records, &mut record, &mut field),
            other => field.push(other),
        }
    }
    if quoted {
        return Err(InvalidInput::whole("the CSV text ends inside a quoted field"));
    }
    end_record(&mut records, &mut record, &mut field);
    Ok(records)
}

fn end_record(records: &mut Vec<Vec<String>>, record: &mut Vec<String>, field: &mut String) {
    if record.is_empty() && field.is_empty() {
        return; // An empty line.
    }
    record.push(std::mem::take(field));
    records.push(std::mem::take(record));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn columns() -> Signature {
        let inputs = json!([{"type": "double", "name": "a"}, {"type": "string", "name": "b"}]);
        Signature::parse(&json!({"inputs": inputs.to_string()})).unwrap()
    }

    fn matrix() -> Signature {
        let inputs = json!([{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]);
        Signature::parse(&json!({"inputs": inputs.to_string()})).unwrap()
    }

    #[test]
    fn every_form_of_a_table_reads_the_same() {
        let forms = [
            json!({"dataframe_split": {"columns": ["b", "a"], "data": [["x", 1], ["y", 2]]}}),
            json!({"dataframe_records": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}),
            json!({"instances": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}),
            json!({"inputs": {"a": [1, 2], "b": ["x", "y"]}}),
            json!({"inputs": [[1, "x"], [2, "y"]]}),
        ];
        let csv = parse_csv("a,b\r\n1,\"x\"\n2,y\n", Some(&columns())).unwrap();
        for form in forms {
            let read = parse(&form, Some(&columns())).unwrap();
            assert_eq!(read.input, csv, "{form}");
        }
    }

    #[test]
    fn arrays_come_bare_or_by_name() {
        for form in [json!({"inputs": [[1, 2]]}), json!({"instances": [[1, 2]]})] {
            let read = parse(&form, Some(&matrix())).unwrap();
            assert!(matches!(&read.input, Input::Tensor(tensor) if tensor.shape == [1, 2]));
        }
        let read = parse(&json!({"inputs": {"x": [1, 2]}}), None).unwrap();
        assert!(matches!(read.input, Input::Named(_)));
        let read = parse(&json!({"inputs": ["a", "b"]}), None).unwrap();
        assert_eq!(read.input, Input::Json(json!(["a", "b"])));
    }

    #[test]
    fn a_body_of_no_form_or_of_two_is_refused_with_the_forms() {
        for body in [json!([1]), json!({"rows": []}), json!({"inputs": [1], "instances": [1]})] {
            let error = parse(&body, None).unwrap_err().to_string();
            assert!(error.contains("dataframe_split, dataframe_records, instances, inputs"), "{error}");
        }
    }

    #[test]
    fn a_chat_body_goes_to_the_model_as_it_is() {
        let body = json!({"messages": [{"role": "user", "content": "hi"}]});
        let read = parse(&body, None).unwrap();
        assert!(read.unified);
        assert_eq!(read.input, Input::Json(body));
    }

    #[test]
    fn csv_keeps_quotes_commas_and_line_ends_inside_quotes() {
        let records = csv_records("a,b\n\"x, \"\"y\"\"\nz\",2\n\n").unwrap();
        assert_eq!(records, [vec!["a", "b"], vec!["x, \"y\"\nz", "2"]]);
        assert!(csv_records("a\n\"x").is_err());
    }
}
