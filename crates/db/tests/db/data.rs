use db::data::data_ref::{self, DataRefRow};
use db::data::data_version::{self, NewVersion};
use db::data::dataset;
use db::data::file::{self, Stat};
use db::{Conn, Db, Error};
use domain::data::dataset::ContractFile;
use domain::data::{
    At, CommitId, DataKind, DataVersion, Dataset, FileId, RefKind, RefName, TreeId, VersionState,
};
use domain::{Id, Name, Timestamp};
use futures::future::BoxFuture;

async fn write<T: Send + 'static>(
    db: &Db,
    work: impl for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    db.write::<_, Error, _>(work).await
}

fn flights() -> Dataset {
    Dataset {
        id: Id::new(Timestamp::from_millis(1), [1; 10]),
        name: Name::parse("flights").unwrap(),
        kind: DataKind::Table,
        key: vec!["flight".to_owned()],
        time_column: None,
        contract: None,
        created_ms: Timestamp::from_millis(1),
    }
}

fn version(seed: &str, parent: Option<&DataVersion>, time: i64) -> DataVersion {
    DataVersion {
        commit: CommitId::of(seed.as_bytes()),
        dataset: flights().name,
        state: VersionState::Rejected,
        tree: TreeId::of(seed.as_bytes()),
        parent: parent.map(|parent| parent.commit),
        merged: None,
        branch: None,
        author: "ada".to_owned(),
        time_ms: Timestamp::from_millis(time),
        message: "über".to_owned(),
        origin: "test".to_owned(),
        files: 1,
        size: 10,
        rows: Some(3),
        violations: Vec::new(),
    }
}

async fn insert(db: &Db, version: DataVersion, passes: bool) -> Result<DataVersion, Error> {
    write(db, move |conn| {
        Box::pin(async move {
            let new = NewVersion { version, contract: Some(FileId::of(b"contract")), passes };
            data_version::insert(conn, &flights().id, new).await
        })
    })
    .await
}

async fn get(db: &Db, at: &str) -> Option<DataVersion> {
    let at = At::parse(at).unwrap();
    data_version::get(&mut db.read().await.unwrap().conn(), &flights().id, &at).await.unwrap()
}

#[tokio::test]
async fn a_dataset_reads_back_as_it_was_declared() {
    for test in testkit::databases().await {
        let mut expected = flights();
        let new = expected.clone();
        write(&test.db, |conn| Box::pin(async move { dataset::insert(conn, &new).await })).await.unwrap();
        let again = flights();
        let twice =
            write(&test.db, |conn| Box::pin(async move { dataset::insert(conn, &again).await })).await;
        assert!(matches!(twice, Err(Error::Duplicate)));
        expected.key = vec!["flight".to_owned(), "time_hour".to_owned()];
        expected.time_column = Some("time_hour".to_owned());
        expected.contract = Some(ContractFile {
            file_id: FileId::of(b"contract"),
            path: "contracts/flights.yaml".to_owned(),
        });
        let changed = expected.clone();
        write(&test.db, move |conn| {
            Box::pin(async move {
                let time = changed.time_column.as_deref();
                dataset::declare(conn, &changed.id, changed.kind, &changed.key, time).await?;
                dataset::set_contract(conn, &changed.id, changed.contract.as_ref()).await
            })
        })
        .await
        .unwrap();
        let mut reader = test.db.read().await.unwrap();
        let found = dataset::get(&mut reader.conn(), &expected.name).await.unwrap();
        assert_eq!(found, Some(expected.clone()));
        assert_eq!(dataset::list(&mut reader.conn()).await.unwrap(), [expected]);
    }
}

#[tokio::test]
async fn only_published_versions_have_numbers_and_main_follows_them() {
    for test in testkit::databases().await {
        let db = &test.db;
        write(db, |conn| Box::pin(async move { dataset::insert(conn, &flights()).await })).await.unwrap();
        let first = insert(db, version("1", None, 10), true).await.unwrap();
        let rejected = insert(db, version("bad", Some(&first), 20), false).await.unwrap();
        let mut reader = db.read().await.unwrap();
        let standing = data_version::standing_rejection(&mut reader.conn(), &flights().id).await.unwrap();
        assert_eq!(standing, Some((rejected.clone(), Some(FileId::of(b"contract")))));
        drop(reader);
        let second = insert(db, version("2", Some(&first), 30), true).await.unwrap();
        assert_eq!((first.number(), rejected.number(), second.number()), (Some(1), None, Some(2)));
        let late = insert(db, version("3", Some(&first), 40), true).await;
        assert!(matches!(late, Err(Error::Duplicate)), "main has moved on");
        let other_root = insert(db, version("4", None, 50), true).await;
        assert!(matches!(other_root, Err(Error::Duplicate)));
        assert_eq!(get(db, "latest").await.as_ref(), Some(&second));
        assert_eq!(get(db, "v1").await.as_ref(), Some(&first));
        assert_eq!(get(db, &rejected.commit.short()).await.as_ref(), Some(&rejected));
        assert_eq!(get(db, "1970-01-01").await.as_ref(), Some(&second));
        assert_eq!(get(db, "v3").await, None);
        let mut reader = db.read().await.unwrap();
        let mut conn = reader.conn();
        let standing = data_version::standing_rejection(&mut conn, &flights().id).await.unwrap();
        assert_eq!(standing, None, "a newer version was published");
        let listed = data_version::list(&mut conn, &flights().id, 2, 0).await.unwrap();
        assert_eq!(listed, [second.clone(), rejected.clone()]);
        let checked = data_version::checked(&mut conn, &flights().id, 2, 1).await.unwrap();
        let contract = Some(FileId::of(b"contract"));
        assert_eq!(checked, [(rejected, contract), (first, contract)]);
        let by_commit = data_version::by_commit(&mut conn, &second.commit).await.unwrap();
        assert_eq!(by_commit, [second]);
    }
}

#[tokio::test]
async fn a_branch_moves_with_its_commits_and_main_stays() {
    for test in testkit::databases().await {
        let db = &test.db;
        write(db, |conn| Box::pin(async move { dataset::insert(conn, &flights()).await })).await.unwrap();
        let first = insert(db, version("1", None, 10), true).await.unwrap();
        let review = RefName::parse("review").unwrap();
        let on_branch = |seed: &str, parent: &DataVersion, time| DataVersion {
            branch: Some(review.clone()),
            ..version(seed, Some(parent), time)
        };
        let early = insert(db, on_branch("a", &first, 20), true).await;
        assert!(matches!(early, Err(Error::Duplicate)), "there is no such branch yet");
        let row = DataRefRow {
            name: review.to_string(),
            kind: RefKind::Branch,
            commit: first.commit,
            author: "ada".to_owned(),
            updated_ms: Timestamp::from_millis(15),
        };
        write(db, move |conn| Box::pin(async move { data_ref::insert(conn, &flights().id, &row).await }))
            .await
            .unwrap();
        let draft = insert(db, on_branch("a", &first, 20), true).await.unwrap();
        assert_eq!(draft.state, VersionState::Draft);
        let lost = insert(db, on_branch("b", &first, 25), true).await;
        assert!(matches!(lost, Err(Error::Duplicate)), "the branch has moved on");
        assert_eq!(get(db, "review").await.as_ref(), Some(&draft));
        assert_eq!(get(db, "latest").await.as_ref(), Some(&first));
        let mut reader = db.read().await.unwrap();
        let mut conn = reader.conn();
        let standing = data_version::standing_rejection(&mut conn, &flights().id).await.unwrap();
        assert_eq!(standing, None);
        let refs = data_ref::list(&mut conn, &flights().id).await.unwrap();
        let at: Vec<_> = refs.iter().map(|one| (one.name.as_str(), one.commit)).collect();
        assert_eq!(at, [("main", first.commit), ("review", draft.commit)]);
    }
}

#[tokio::test]
async fn what_is_known_of_files_is_found_by_folder() {
    for test in testkit::databases().await {
        let stat = Stat { size: 1, mtime_ns: 1_700_000_000_000_000_000, ctime_ns: 3, inode: 4, device: 5 };
        write(&test.db, move |conn| {
            Box::pin(async move {
                for (path, size) in [("/p/ü/1.csv", 1), ("/p/ü/2.csv", 2), ("/p/ü/1.csv", 3), ("/q/1.csv", 1)]
                {
                    let stat = Stat { size, ..stat };
                    file::remember(conn, path, stat, &FileId::of(path.as_bytes())).await?;
                }
                file::set_profile(conn, &FileId::of(b"a"), "1", &FileId::of(b"sketch")).await?;
                file::set_profile(conn, &FileId::of(b"a"), "1", &FileId::of(b"better")).await
            })
        })
        .await
        .unwrap();
        let mut reader = test.db.read().await.unwrap();
        let mut conn = reader.conn();
        let known = file::stats(&mut conn, "/p/ü/").await.unwrap();
        assert_eq!(known.len(), 2);
        assert_eq!(known["/p/ü/1.csv"].0, Stat { size: 3, ..stat });
        let sketch = file::profile(&mut conn, &FileId::of(b"a"), "1").await.unwrap();
        assert_eq!(sketch, Some(FileId::of(b"better")));
        assert_eq!(file::profile(&mut conn, &FileId::of(b"a"), "2").await.unwrap(), None);
    }
}
