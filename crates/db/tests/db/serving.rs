//! Deployments and rollouts on both engines.

use db::serving::{deployment, rollout};
use db::{Db, Error};
use domain::registry::model::ModelName;
use domain::serving::{Deployment, DeploymentSpec, Rollout, RolloutPlan, RolloutState, Share};
use domain::{Id, Name, Timestamp};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn model(text: &str) -> ModelName {
    ModelName::parse(text).unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

async fn put_deployment(db: &Db, record: Deployment) {
    db.write::<_, Error, _>(move |conn| Box::pin(async move { deployment::put(conn, &record).await }))
        .await
        .unwrap();
}

async fn put_rollout(db: &Db, record: Rollout) {
    db.write::<_, Error, _>(move |conn| Box::pin(async move { rollout::put(conn, &record).await }))
        .await
        .unwrap();
}

fn sample(id: u8) -> Rollout {
    Rollout {
        id: Id::new(at(i64::from(id)), [id; 10]),
        deployment: name("late"),
        model: model("flights"),
        version: i64::from(id),
        from_version: (id > 1).then(|| i64::from(id) - 1),
        plan: RolloutPlan {
            canary: vec![Share::parse("5%").unwrap(), Share::FULL],
            every_ms: 1_000,
            rollback: vec!["error_rate > 1%".to_owned()],
        },
        state: RolloutState::Loading,
        promotes: true,
        started_ms: at(i64::from(id)),
    }
}

#[tokio::test]
async fn a_deployment_reads_back_as_written_and_changes_in_place() {
    for test in testkit::databases().await {
        let new = Deployment::new(name("late"), DeploymentSpec::following("flights@champion"), at(5));
        put_deployment(&test.db, new.clone()).await;
        let serving = new.serving(model("flights"), 1, at(6)).serving(model("flights"), 2, at(7));
        put_deployment(&test.db, serving.clone()).await;
        let mut reader = test.db.read().await.unwrap();
        let found = deployment::get(&mut reader.conn(), &name("late")).await.unwrap();
        assert_eq!(found, Some(serving.clone()));
        assert_eq!(deployment::list(&mut reader.conn()).await.unwrap(), vec![serving]);
        let missing = deployment::get(&mut reader.conn(), &name("other")).await.unwrap();
        assert_eq!(missing, None);
    }
}

#[tokio::test]
async fn rollouts_list_newest_first_and_keep_their_state() {
    for test in testkit::databases().await {
        put_rollout(&test.db, sample(1)).await;
        put_rollout(&test.db, sample(2)).await;
        let canary = sample(2).loaded(at(9)).unwrap();
        put_rollout(&test.db, canary.clone()).await;
        let mut reader = test.db.read().await.unwrap();
        let listed = rollout::list(&mut reader.conn(), &name("late"), 10).await.unwrap();
        assert_eq!(listed, vec![canary.clone(), sample(1)]);
        let found = rollout::get(&mut reader.conn(), &canary.id).await.unwrap();
        assert_eq!(found, Some(canary));
    }
}
