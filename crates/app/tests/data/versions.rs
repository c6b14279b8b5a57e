use app::data::publish::Ingested;
use app::{Actor, Error};
use domain::Name;
use domain::governance::role::Role;

use crate::support::{Fixture, published};

const JANUARY: &[u8] = b"day,delay\n1,5\n2,7\n";
const FEBRUARY: &[u8] = b"day,delay\n1,6\n";

#[tokio::test]
async fn versions_are_numbered_and_named_in_every_way() {
    let fixture = Fixture::new().await;
    let first = published(fixture.add(&[("01.csv", JANUARY)], false).await.unwrap());
    let second = published(fixture.add(&[("02.csv", FEBRUARY)], true).await.unwrap());
    assert_eq!((first.number(), second.number()), (Some(1), Some(2)));
    assert_eq!(second.parent, Some(first.commit));
    assert_eq!(fixture.paths(&second).await, ["01.csv", "02.csv"]);
    let datasets = fixture.app.datasets();
    let commit = first.commit.to_string();
    for (reference, number) in [
        ("flights", 2),
        ("flights@latest", 2),
        ("flights@v1", 1),
        (&format!("flights@{}", &commit[..8]), 1),
        ("flights@2023-11-14", 2),
    ] {
        let version = datasets.version(&fixture.ctx, reference).await.unwrap();
        assert_eq!(version.number(), Some(number), "{reference}");
    }
    for missing in ["flights@v3", "flights@2023-11-13", "weather@v1"] {
        let error = datasets.version(&fixture.ctx, missing).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{missing}: {error}");
    }
    let versions = datasets.versions(&fixture.ctx, &first.dataset, 10, 0).await.unwrap();
    assert_eq!(versions, [second, first]);
}

#[tokio::test]
async fn a_source_makes_a_version_only_when_its_files_change() {
    let fixture = Fixture::new().await;
    let pattern = "data/flights/*.csv";
    assert_eq!(fixture.ingest(pattern, None).await.unwrap(), Ingested::NoFiles);
    fixture.write("data/flights/01.csv", JANUARY);
    fixture.write("data/flights/notes.txt", "not data");
    let first = published(fixture.ingest(pattern, None).await.unwrap());
    assert_eq!(fixture.paths(&first).await, ["01.csv"]);
    let again = fixture.ingest(pattern, None).await.unwrap();
    assert_eq!(again, Ingested::Unchanged(first.clone()));
    fixture.write("data/flights/02.csv", FEBRUARY);
    let second = published(fixture.ingest(pattern, None).await.unwrap());
    assert_eq!(second.number(), Some(2));
    std::fs::remove_file(fixture.project().join("data/flights/02.csv")).unwrap();
    let third = published(fixture.ingest(pattern, None).await.unwrap());
    assert_eq!(third.tree, first.tree, "equal files have an equal tree");
    assert_ne!(third.commit, first.commit);
}

#[tokio::test]
async fn a_change_that_keeps_size_and_time_is_seen() {
    let fixture = Fixture::new().await;
    fixture.write("data/01.csv", "day\n1\n");
    let path = fixture.project().join("data/01.csv");
    crate::support::age(&path);
    let first = published(fixture.ingest("data/*.csv", None).await.unwrap());
    fixture.write("data/01.csv", "day\n2\n");
    crate::support::age(&path);
    let second = published(fixture.ingest("data/*.csv", None).await.unwrap());
    assert_ne!(first.tree, second.tree);
}

#[tokio::test]
async fn a_link_out_of_the_project_is_not_followed() {
    let fixture = Fixture::new().await;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.csv"), "a\n1\n").unwrap();
    fixture.write("data/01.csv", JANUARY);
    std::os::unix::fs::symlink(outside.path().join("secret.csv"), fixture.project().join("data/02.csv"))
        .unwrap();
    let version = published(fixture.ingest("data/*.csv", None).await.unwrap());
    assert_eq!(fixture.paths(&version).await, ["01.csv"]);
    let error = fixture.ingest("../*.csv", None).await.unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
}

#[tokio::test]
async fn of_many_racing_writers_numbers_have_no_holes_and_losers_get_a_conflict() {
    let fixture = Fixture::new().await;
    fixture.add(&[("0.csv", JANUARY)], false).await.unwrap();
    let contents: Vec<String> = (0..24).map(|n| format!("day\n{n}\n")).collect();
    let writers = contents.iter().map(|content| {
        let add = fixture.adding(&[("x.csv", content.as_bytes())], false);
        async { fixture.app.datasets().add(&fixture.ctx, add).await }
    });
    let results = futures::future::join_all(writers).await;
    let mut numbers: Vec<i64> = Vec::new();
    for result in results {
        match result {
            Ok(ingested) => numbers.extend(published(ingested).number()),
            Err(error) => assert!(matches!(error, Error::Conflict { .. }), "{error}"),
        }
    }
    numbers.sort_unstable();
    let expected: Vec<i64> = (2..2 + i64::try_from(numbers.len()).unwrap()).collect();
    assert_eq!(numbers, expected);
    assert!(!numbers.is_empty());
}

#[tokio::test]
async fn only_who_may_write_data_adds_a_version() {
    let fixture = Fixture::new().await;
    let viewer = Actor { name: "eve".to_owned(), role: Role::Viewer };
    let ctx = fixture.app.context(viewer, "test");
    let add = fixture.adding(&[("01.csv", JANUARY)], false);
    let error = fixture.app.datasets().add(&ctx, add).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }));
    let name = Name::parse("flights").unwrap();
    let missing = fixture.app.datasets().get(&fixture.ctx, &name).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }));
}
