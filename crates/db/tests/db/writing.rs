use db::{Error, Gathered, args};
use domain::Timestamp;
use domain::governance::audit_event::Outcome;

use db::governance::audit_event::{NewAuditEvent, append};

fn event(id: &str) -> NewAuditEvent {
    NewAuditEvent {
        time: Timestamp::from_millis(1),
        actor: "local".to_owned(),
        action: "test.thing.add".to_owned(),
        noun: "thing".to_owned(),
        id: id.to_owned(),
        outcome: Outcome::Done,
        detail: serde_json::json!({}),
    }
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_and_spoils_no_neighbour() {
    for test in testkit::databases().await {
        let writes = (0..40).map(|n| {
            let db = test.db.clone();
            async move {
                db.write::<_, Error, _>(move |conn| {
                    Box::pin(async move {
                        append(conn, event(&n.to_string())).await?;
                        if n % 4 == 0 { Err(Error::Abandoned("on purpose")) } else { Ok(n) }
                    })
                })
                .await
            }
        });
        let results = futures::future::join_all(writes).await;
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 30);
        let mut reader = test.db.read().await.unwrap();
        let row = reader.conn().fetch_one("SELECT COUNT(*) AS n FROM audit_event", args![]).await.unwrap();
        assert_eq!(row.get::<i64>("n").unwrap(), 30);
    }
}

#[tokio::test]
async fn a_panicking_write_is_undone_and_the_writer_lives_on() {
    let test = testkit::sqlite().await;
    let panicked = test
        .db
        .write::<(), Error, _>(|conn| {
            Box::pin(async move {
                append(conn, event("lost")).await?;
                panic!("on purpose")
            })
        })
        .await;
    assert!(matches!(panicked, Err(Error::Abandoned(_))));
    let kept = test
        .db
        .write::<_, Error, _>(|conn| Box::pin(async move { append(conn, event("kept")).await }))
        .await
        .unwrap();
    assert_eq!(kept.seq, 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("volano.db");
    std::fs::write(&path, vec![b'x'; 4096]).unwrap();
    let error = db::Db::open(&format!("sqlite:{}", path.display())).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("volano.db"));
}

#[tokio::test]
async fn gathered_items_share_transactions_and_each_has_its_own_outcome() {
    for test in testkit::databases().await {
        let gathered = Gathered::<i64, (i64, usize)>::new(|conn, items| {
            Box::pin(async move {
                for item in items {
                    append(conn, event(&item.to_string())).await?;
                }
                Ok((items.iter().map(|item| (*item, items.len())).collect(), 0))
            })
        });
        let outcomes = futures::future::join_all((0..300).map(|n| gathered.submit(&test.db, n))).await;
        let outcomes: Vec<(i64, usize)> = outcomes.into_iter().map(Result::unwrap).collect();
        assert!(outcomes.iter().enumerate().all(|(n, (item, _))| i64::try_from(n).unwrap() == *item));
        assert!(outcomes.iter().any(|(_, group)| *group > 1), "nobody shared a transaction");
        let mut reader = test.db.read().await.unwrap();
        let row = reader.conn().fetch_one("SELECT COUNT(*) AS n FROM audit_event", args![]).await.unwrap();
        assert_eq!(row.get::<i64>("n").unwrap(), 300);
    }
}

#[tokio::test]
async fn a_group_that_fails_leaves_nothing_and_the_next_is_written() {
    for test in testkit::databases().await {
        let gathered = Gathered::<bool, ()>::new(|conn, items| {
            Box::pin(async move {
                append(conn, event("one of a group")).await?;
                if items.contains(&false) {
                    Err(Error::Abandoned("on purpose"))
                } else {
                    Ok((vec![(); items.len()], 0))
                }
            })
        });
        assert!(matches!(gathered.submit(&test.db, false).await, Err(Error::Abandoned(_))));
        gathered.submit(&test.db, true).await.unwrap();
        let mut reader = test.db.read().await.unwrap();
        let row = reader.conn().fetch_one("SELECT COUNT(*) AS n FROM audit_event", args![]).await.unwrap();
        assert_eq!(row.get::<i64>("n").unwrap(), 1);
    }
}
