//! Records of the serving room.

pub mod deployment;
pub mod rollout;

/// The JSON of a record's part; these have string keys only, so it always has one.
fn to_json<T: serde::Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).expect("serving records have string keys only")
}

fn model_name(row: &crate::Row) -> crate::Result<domain::registry::model::ModelName> {
    let text: String = row.get("model")?;
    domain::registry::model::ModelName::parse(&text)
        .map_err(|refusal| crate::Error::Corrupt { column: "model".to_owned(), reason: refusal.to_string() })
}
