use db::{Error, args};
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
