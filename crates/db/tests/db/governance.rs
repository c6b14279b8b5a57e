use db::governance::audit_event::{AuditFilter, NewAuditEvent, Verdict, append, list, verify};
use db::{Db, Error, args};
use domain::Timestamp;
use domain::governance::audit_event::Outcome;

async fn add(db: &Db, id: &str) {
    let event = NewAuditEvent {
        time: Timestamp::from_millis(7),
        actor: "local".to_owned(),
        action: "data.version.add".to_owned(),
        noun: "data_version".to_owned(),
        id: id.to_owned(),
        outcome: Outcome::Done,
        detail: serde_json::json!({"rows": 3, "note": "über"}),
    };
    db.write::<_, Error, _>(move |conn| Box::pin(async move { append(conn, event).await })).await.unwrap();
}

async fn change(db: &Db, sql: &'static str) {
    db.write::<_, Error, _>(move |conn| Box::pin(async move { conn.execute(sql, args![]).await }))
        .await
        .unwrap();
}

async fn verdict(db: &Db) -> Verdict {
    verify(&mut db.read().await.unwrap().conn()).await.unwrap()
}

#[tokio::test]
async fn an_untouched_chain_verifies_and_lists_newest_first() {
    for test in testkit::databases().await {
        for id in ["a@v1", "a@v2", "b@v1"] {
            add(&test.db, id).await;
        }
        assert!(matches!(verdict(&test.db).await, Verdict::Intact { events: 3, .. }));
        let filter = AuditFilter { noun: Some("data_version".to_owned()), ..AuditFilter::default() };
        let events = list(&mut test.db.read().await.unwrap().conn(), &filter, 2).await.unwrap();
        assert_eq!(events.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["b@v1", "a@v2"]);
    }
}

#[tokio::test]
async fn every_alteration_of_the_chain_is_found() {
    let tampering = [
        ("UPDATE audit_event SET actor = 'someone' WHERE seq = 2", 2),
        ("UPDATE audit_event SET detail = '{\"rows\":4}' WHERE seq = 3", 3),
        ("DELETE FROM audit_event WHERE seq = 2", 2),
        ("DELETE FROM audit_event WHERE seq = 4", 4),
        ("UPDATE audit_event SET seq = CASE seq WHEN 2 THEN 30 ELSE seq END", 2),
    ];
    for (sql, at) in tampering {
        for test in testkit::databases().await {
            for id in ["1", "2", "3", "4"] {
                add(&test.db, id).await;
            }
            change(&test.db, sql).await;
            assert!(matches!(verdict(&test.db).await, Verdict::Broken { seq, .. } if seq == at), "{sql}");
        }
    }
}
