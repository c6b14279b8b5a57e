//! Aliases.

use app::App;
use axum::extract::State;

use super::{model_version, name, version};
use crate::caller::Caller;
use crate::failure::Answer;
use crate::params::Params;
use crate::wire::Object;

pub(crate) async fn set(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let (name, version) = (name(&params)?, version(&params)?);
    app.models().set_alias(&ctx, &name, params.required("alias")?, version, "").await?;
    Ok(Object::new())
}

pub(crate) async fn remove(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    app.models().remove_alias(&ctx, &name(&params)?, params.required("alias")?, "").await?;
    Ok(Object::new())
}

pub(crate) async fn get(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let found = app.models().by_alias(&ctx, &name(&params)?, params.required("alias")?).await?;
    Ok(model_version::answer(&found))
}
