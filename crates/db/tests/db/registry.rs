//! Models, aliases and their history on both engines.

use db::registry::{alias, model};
use db::{Conn, Error};
use domain::Timestamp;
use domain::registry::alias::AliasChange;
use domain::registry::model::ModelName;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn step(change: AliasChange, version: Option<i64>, millis: i64, reason: &str) -> alias::Move<'_> {
    alias::Move { alias: "champion", change, version, now: at(millis), actor: "ada", reason }
}

async fn version(conn: &mut Conn<'_>, num: i64, name: &ModelName) -> Result<(), Error> {
    use domain::registry::model_version::{ModelVersion, Provenance, Stage};
    let number = model::next_version(conn, num).await?;
    let version = ModelVersion {
        name: name.clone(),
        version: number,
        description: String::new(),
        stage: Stage::None,
        source: "dummy-source".to_owned(),
        location: "dummy-source".to_owned(),
        run: None,
        logged_model: None,
        run_link: String::new(),
        user: "ada".to_owned(),
        created: at(number),
        updated: at(number),
        tags: Vec::new(),
        aliases: Vec::new(),
        provenance: Provenance::default(),
    };
    db::registry::model_version::insert(conn, num, &version, &[]).await
}

#[tokio::test]
async fn each_move_of_an_alias_says_from_where_to_where_by_whom_and_why() {
    for test in testkit::databases().await {
        let name = ModelName::parse("flights").unwrap();
        let num = test
            .db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let num = model::insert(conn, &name, "", at(1)).await?;
                    version(conn, num, &name).await?;
                    version(conn, num, &name).await?;
                    alias::apply(conn, num, step(AliasChange::Set, Some(1), 10, "")).await?;
                    alias::apply(conn, num, step(AliasChange::Set, Some(2), 20, "fewer false alarms"))
                        .await?;
                    alias::apply(conn, num, step(AliasChange::Removed, None, 30, "retired")).await?;
                    Ok(num)
                })
            })
            .await
            .unwrap();
        let mut reader = test.db.read().await.unwrap();
        let moves = alias::moves(&mut reader.conn(), num, "champion", 10).await.unwrap();
        let seen: Vec<_> = moves
            .iter()
            .map(|event| (event.previous, event.version, event.time.millis(), event.reason.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                (Some(2), None, 30, "retired"),
                (Some(1), Some(2), 20, "fewer false alarms"),
                (None, Some(1), 10, "")
            ]
        );
        assert!(moves.iter().all(|event| event.actor == "ada"));
        assert_eq!(alias::moves(&mut reader.conn(), num, "", 2).await.unwrap().len(), 2);
        assert!(alias::moves(&mut reader.conn(), num, "challenger", 10).await.unwrap().is_empty());
    }
}
