//! Branches, tags and merges: what is tried on the side is not published before it fits.

use app::Error;
use app::data::dataset::AddVersion;
use app::data::publish::Ingested;
use domain::Name;
use domain::data::merge::ConflictKind;
use domain::data::{At, DataVersion, RefKind, RefName, VersionState};

use crate::support::{Fixture, published};

const JANUARY: &[u8] = b"day,delay\n1,5\n2,7\n";
const FEBRUARY: &[u8] = b"day,delay\n1,6\n";
const MENDED: &[u8] = b"day,delay\n1,5\n2,8\n";
const OTHER: &[u8] = b"day,delay\n1,5\n2,9\n";

fn flights() -> Name {
    Name::parse("flights").unwrap()
}

fn review() -> RefName {
    RefName::parse("review/january").unwrap()
}

async fn add(fixture: &Fixture, files: &[(&str, &[u8])], branch: Option<RefName>) -> Ingested {
    fixture.app.clock().advance(1000);
    let adding = AddVersion { branch, ..fixture.adding(files, true) };
    fixture.app.datasets().add(&fixture.ctx, adding).await.unwrap()
}

fn committed(ingested: Ingested) -> DataVersion {
    match ingested {
        Ingested::Committed(version) => version,
        other => panic!("{other:?}"),
    }
}

async fn merge(fixture: &Fixture) -> app::Result<Ingested> {
    fixture.app.clock().advance(1000);
    fixture.app.datasets().merge(&fixture.ctx, &flights(), &review(), "").await
}

#[tokio::test]
async fn a_branch_is_published_as_a_version_that_has_both_sides() {
    let fixture = Fixture::new().await;
    let first = published(add(&fixture, &[("01.csv", JANUARY)], None).await);
    let draft = committed(add(&fixture, &[("01.csv", MENDED)], Some(review())).await);
    assert_eq!((draft.state.clone(), draft.parent), (VersionState::Draft, Some(first.commit)));
    let datasets = fixture.app.datasets();
    let found = datasets.version(&fixture.ctx, "flights@review/january").await.unwrap();
    assert_eq!(found, draft);
    assert_eq!(datasets.version(&fixture.ctx, "flights@latest").await.unwrap(), first);
    // What is published meanwhile stays.
    let second = published(add(&fixture, &[("02.csv", FEBRUARY)], None).await);
    let preview = datasets.preview_merge(&fixture.ctx, &flights(), &review()).await.unwrap();
    assert_eq!(preview.base, Some(first.commit));
    assert_eq!(preview.conflicts, []);
    let changed: Vec<_> = preview.files.iter().map(|file| (file.path.as_str(), file.change)).collect();
    assert_eq!(changed, [("01.csv", "changed")]);
    let merged = published(merge(&fixture).await.unwrap());
    assert_eq!(merged.number(), Some(3));
    assert_eq!((merged.parent, merged.merged), (Some(second.commit), Some(draft.commit)));
    assert_eq!(fixture.paths(&merged).await, ["01.csv", "02.csv"]);
    let commit = fixture.app.objects().commit(&merged.commit).unwrap();
    assert_eq!(commit.parents, [second.commit, draft.commit]);
    assert_eq!(merge(&fixture).await.unwrap(), Ingested::Unchanged(merged.clone()));
    // The branch goes on from where it was, and only what is new comes.
    committed(add(&fixture, &[("03.csv", FEBRUARY)], Some(review())).await);
    let again = published(merge(&fixture).await.unwrap());
    assert_eq!(fixture.paths(&again).await, ["01.csv", "02.csv", "03.csv"]);
}

#[tokio::test]
async fn files_that_both_sides_changed_are_named_and_nothing_is_published() {
    let fixture = Fixture::new().await;
    published(add(&fixture, &[("01.csv", JANUARY)], None).await);
    committed(add(&fixture, &[("01.csv", MENDED)], Some(review())).await);
    let second = published(add(&fixture, &[("01.csv", OTHER)], None).await);
    let preview = fixture.app.datasets().preview_merge(&fixture.ctx, &flights(), &review()).await.unwrap();
    let conflicts: Vec<_> = preview.conflicts.iter().map(|one| (one.path.as_str(), one.kind)).collect();
    assert_eq!(conflicts, [("01.csv", ConflictKind::BothChanged)]);
    let error = merge(&fixture).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert!(error.to_string().contains("01.csv changed on main and on review/january"), "{error}");
    let latest = fixture.app.datasets().version(&fixture.ctx, "flights").await.unwrap();
    assert_eq!(latest, second);
}

#[tokio::test]
async fn what_breaks_the_contract_is_on_the_branch_and_is_not_merged() {
    let fixture = Fixture::new().await;
    fixture.write("contract.yaml", "columns:\n  delay: {type: integer, max: 10}\n");
    fixture.write("data/01.csv", JANUARY);
    published(fixture.ingest("data/*.csv", Some("contract.yaml")).await.unwrap());
    let bad = add(&fixture, &[("02.csv", b"day,delay\n1,99\n")], Some(review())).await;
    let Ingested::Rejected(bad) = bad else { panic!("{bad:?}") };
    let found = fixture.app.datasets().version(&fixture.ctx, "flights@review/january").await.unwrap();
    assert_eq!((&found, found.is_rejected()), (&bad, true));
    let error = merge(&fixture).await.unwrap_err();
    assert!(matches!(&error, Error::CheckFailed { check: "contract", .. }), "{error}");
    let summary = fixture.app.datasets().get(&fixture.ctx, &flights()).await.unwrap();
    assert_eq!(summary.rejected, None, "what is refused on a branch is no news of the data set");
    committed(add(&fixture, &[("02.csv", FEBRUARY)], Some(review())).await);
    assert_eq!(published(merge(&fixture).await.unwrap()).number(), Some(2));
}

#[tokio::test]
async fn names_are_unique_and_a_tag_stays_where_it_is() {
    let fixture = Fixture::new().await;
    let first = published(add(&fixture, &[("01.csv", JANUARY)], None).await);
    let datasets = fixture.app.datasets();
    let frozen = RefName::parse("frozen").unwrap();
    let make = |name: RefName, kind| {
        let fixture = &fixture;
        async move {
            fixture.app.datasets().create_ref(&fixture.ctx, &flights(), &name, kind, &At::Number(1)).await
        }
    };
    make(frozen.clone(), RefKind::Tag).await.unwrap();
    let twice = make(frozen.clone(), RefKind::Branch).await.unwrap_err();
    assert!(matches!(twice, Error::AlreadyExists { noun: "tag", .. }), "{twice}");
    published(add(&fixture, &[("02.csv", FEBRUARY)], None).await);
    assert_eq!(datasets.version(&fixture.ctx, "flights@frozen").await.unwrap(), first);
    let on_tag = AddVersion { branch: Some(frozen.clone()), ..fixture.adding(&[("03.csv", JANUARY)], true) };
    let error = datasets.add(&fixture.ctx, on_tag).await.unwrap_err();
    assert!(error.to_string().contains("it is a tag"), "{error}");
    make(review(), RefKind::Branch).await.unwrap();
    let names: Vec<_> =
        datasets.refs(&fixture.ctx, &flights()).await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["frozen", "main", "review/january"]);
    datasets.remove_ref(&fixture.ctx, &flights(), &frozen).await.unwrap();
    let gone = datasets.version(&fixture.ctx, "flights@frozen").await.unwrap_err();
    assert!(matches!(gone, Error::NotFound { .. }), "{gone}");
    let missing = datasets.remove_ref(&fixture.ctx, &flights(), &frozen).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
}
