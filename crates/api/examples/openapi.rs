//! Prints the OpenAPI document of all routes.

fn main() {
    println!("{}", api::openapi().to_pretty_json().expect("the document is JSON"));
}
