//! Help of every command, and the page of the book that is written from it.

use std::path::Path;

use crate::sandbox::Sandbox;

fn page() -> String {
    Sandbox::new().ok(&["reference"])
}

/// Every command, from the headings of the reference.
fn commands(page: &str) -> Vec<Vec<String>> {
    let commands = page.split("\n## Topics").next().unwrap();
    commands
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(" volano "))
        .map(|words| words.split(' ').map(ToOwned::to_owned).collect())
        .collect()
}

#[test]
fn the_overview_groups_the_commands() {
    insta::assert_snapshot!(Sandbox::new().ok(&["-h"]));
}

#[test]
fn every_command_has_short_help_with_examples_first() {
    let sandbox = Sandbox::new();
    for words in commands(&page()) {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.push("-h");
        let text = sandbox.ok(&arguments);
        let examples = text.find("Examples:").unwrap_or(usize::MAX);
        assert!(examples < text.find("Usage:").unwrap(), "{words:?}");
        assert!(text.trim_end().lines().any(|line| line.starts_with("Next: ")), "{words:?}");
        insta::assert_snapshot!(words.join("_"), text);
    }
}

#[test]
fn the_reference_in_the_book_is_what_the_binary_says() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/book/cli.md");
    let written = std::fs::read_to_string(book).unwrap();
    assert!(written == page(), "write it anew: cargo run -p volano -- reference > docs/book/cli.md");
}

#[test]
fn topics_and_codes_are_explained() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.ok(&["help", "exit-codes"]));
    insta::assert_snapshot!(sandbox.ok(&["explain", "e0212"]));
    let codes = sandbox.ok(&["explain"]);
    assert!(codes.lines().all(|line| line.starts_with('E') && line.split('\t').count() == 3), "{codes}");
}

#[test]
fn every_shell_has_a_completion_script_that_asks_for_names() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sandbox.ok(&["completions", shell]);
        assert!(script.contains("pipeline"), "{shell}");
        if !["elvish", "powershell"].contains(&shell) {
            assert!(script.contains("volano candidates"), "{shell}");
        }
    }
    let script = sandbox.write("volano.bash", sandbox.ok(&["completions", "bash"]));
    let checked = std::process::Command::new("bash").arg("-n").arg(script).status().unwrap();
    assert!(checked.success());
}
