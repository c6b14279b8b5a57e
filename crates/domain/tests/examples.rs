//! The example projects are valid as they are shipped.

use std::path::Path;

use domain::pipelines::project::Project;

#[test]
fn the_flights_project_is_valid_and_names_only_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/flights");
    let text = std::fs::read_to_string(root.join("volano.yaml")).unwrap();
    let project = Project::parse_with_files(&text, "volano.yaml", &|path| root.join(path).exists());
    if let Err(problems) = project {
        panic!("{problems:#?}");
    }
}
