use app::ErrorKind;

use crate::support::Fixture;

#[tokio::test]
async fn a_changed_file_is_read_again_and_a_broken_one_keeps_the_last_definition() {
    let fixture = Fixture::new("").await;
    let projects = fixture.app.projects();
    let good = std::fs::read_to_string(fixture.root().join("volano.yaml")).unwrap();
    fixture.write("volano.yaml", &format!("{good}limits: {{cooldown: 6h}}\n"));
    let changed = projects.refresh(&fixture.ctx, "flights").await.unwrap();
    assert_eq!(changed.definition.limits.cooldown_ms, 6 * 3_600_000);
    fixture.write("volano.yaml", &format!("{good}limts: {{cooldown: 1h}}\n"));
    let broken = projects.refresh(&fixture.ctx, "flights").await.unwrap();
    assert_eq!(broken.definition.limits.cooldown_ms, 6 * 3_600_000);
    assert_eq!(broken.problems.len(), 1);
    let problems = projects.check(&fixture.ctx, "flights").await.unwrap();
    assert_eq!(problems, broken.problems);
    let refused = fixture.app.pipelines().start_run(&fixture.ctx, "flights", &Default::default()).await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().starts_with("volano.yaml:"), "{error}");
    assert!(fixture.runs().await.is_empty());
}

#[tokio::test]
async fn two_folders_cannot_be_one_project() {
    let fixture = Fixture::new("").await;
    let other = fixture.home().join("other");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("volano.yaml"), "project: flights\n").unwrap();
    let error = fixture.app.projects().register(&fixture.ctx, &other).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    // A folder that has moved is the same project.
    std::fs::remove_dir_all(fixture.root()).unwrap();
    let moved = fixture.app.projects().register(&fixture.ctx, &other).await.unwrap();
    assert!(moved.root.ends_with("other"));
}

#[tokio::test]
async fn a_folder_without_a_file_says_how_to_get_one() {
    let fixture = Fixture::new("").await;
    let error = fixture.app.projects().register(&fixture.ctx, fixture.home()).await.unwrap_err();
    assert!(error.to_string().contains("volano init"), "{error}");
}
