use super::*;

const WHOLE: &str = include_str!("../../../tests/project/whole.yaml");

#[test]
fn a_whole_project_file_is_read() {
    let project = Project::parse(WHOLE, "volano.yaml").unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let order: Vec<_> = project.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(order, ["prepare", "train", "evaluate", "explore"]);
    assert_eq!(project.label(), Some("late"));
    let triggers: Vec<_> = project.triggers.iter().map(|trigger| trigger.name.as_str()).collect();
    assert_eq!(triggers, ["data-flights", "schedule", "drift-flights-late", "performance-flights-late"]);
    let json = serde_json::to_string(&project).unwrap();
    assert_eq!(serde_json::from_str::<Project>(&json).unwrap(), project);
}

#[test]
fn parameters_are_resolved_and_checked() {
    let project = Project::parse(WHOLE, "volano.yaml").unwrap();
    let given = |name: &str, value: serde_json::Value| BTreeMap::from([(name.to_owned(), value)]);
    let values = project.resolve_params(&given("lr", 0.5.into())).unwrap();
    assert_eq!((&values["lr"], &values["horizon"]), (&0.5.into(), &3.into()));
    assert!(project.resolve_params(&given("lr", 5.into())).unwrap_err().contains("above the maximum 1"));
    assert!(project.resolve_params(&given("lr", "x".into())).unwrap_err().contains("is not a number"));
    assert!(project.resolve_params(&given("horizon", 2.5.into())).unwrap_err().contains("a whole number"));
    assert!(project.resolve_params(&given("hoirzon", 1.into())).unwrap_err().contains("\"horizon\"?"));
}
