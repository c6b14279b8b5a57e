//! `volano init`: a complete project, written around a person's own data.

mod choose;
mod sample;
mod survey;
mod texts;

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::args::{Globals, InitArgs, Template};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::{Cell, Output, Page, Table, count};
use crate::place::PROJECT_FILE;

use choose::Choice;
use survey::Survey;

/// What is to be written where.
struct Plan {
    root: PathBuf,
    project: String,
    files: Vec<(PathBuf, Vec<u8>)>,
    choice: Option<Choice>,
}

/// Does it.
pub async fn run(args: InitArgs, _globals: &Globals, out: &Output) -> Result<Exit> {
    let root = args.dir.clone();
    refuse_existing(&root)?;
    let project = project_name(&args)?;
    let template = args.template.unwrap_or(Template::Tabular);
    if template == Template::Empty && args.data.is_some() {
        return Err(
            Failure::new(&codes::USAGE, "--template empty takes no --data").help("leave one of the two out")
        );
    }
    let plan = match template {
        Template::Empty => Plan { files: texts::empty(&project), root, project, choice: None },
        _ => around_data(&args, root, project, template, out).await?,
    };
    if !args.dry_run {
        write(&plan)?;
    }
    report(&plan, args.dry_run, out);
    Ok(Exit::Done)
}

fn refuse_existing(root: &Path) -> Result<()> {
    if root.join(PROJECT_FILE).exists() {
        let message = format!("there is a project in {} already", root.display());
        return Err(Failure::new(&codes::EXISTS, message)
            .help("volano pipeline check looks at it")
            .help("name another folder: volano init DIR"));
    }
    if root.exists() && !root.is_dir() {
        let message = format!("{} is not a folder", root.display());
        return Err(Failure::new(&codes::NO_FILE, message).help("name another one: volano init DIR"));
    }
    Ok(())
}

/// The flag, else the folder's name with what a name may not hold taken out.
fn project_name(args: &InitArgs) -> Result<String> {
    if let Some(name) = &args.name {
        domain::Name::parse(name)
            .map_err(|error| Failure::new(&codes::VALUE, format!("--name {name:?}: {error}")))?;
        return Ok(name.clone());
    }
    let whole = std::path::absolute(&args.dir).map_err(|error| Failure::file(&args.dir, "find", &error))?;
    let folder = whole.components().next_back().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let name = plain(&folder.unwrap_or_default(), '-');
    Ok(if name.is_empty() { "project".to_owned() } else { name })
}

/// Lower-case letters and digits; everything else becomes `between`, once.
fn plain(text: &str, between: char) -> String {
    let mut name = String::new();
    for sign in text.chars() {
        if sign.is_ascii_alphanumeric() {
            name.push(sign.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with(between) {
            name.push(between);
        }
    }
    name.trim_end_matches(between).to_owned()
}

async fn around_data(
    args: &InitArgs,
    root: PathBuf,
    project: String,
    template: Template,
    out: &Output,
) -> Result<Plan> {
    let sampled = tempfile::tempdir()
        .map_err(|error| Failure::file(&std::env::temp_dir(), "make a folder in", &error))?;
    let file = match &args.data {
        Some(file) => file.clone(),
        None => sample::write(sampled.path(), template)?,
    };
    let dataset = dataset_name(&file, &project);
    let survey = Survey::of(&file, &dataset, out).await?;
    let choice = Choice::make(&survey, args.label.as_deref(), template)?;
    let (path, copied) = place_data(&root, &file, &dataset)?;
    let mut files = texts::project(&project, &path, &survey, &choice)?;
    if let Some(target) = copied {
        let bytes = std::fs::read(&file).map_err(|error| Failure::file(&file, "read", &error))?;
        files.push((target, bytes));
    }
    Ok(Plan { root, project, files, choice: Some(choice) })
}

/// The file's name as SQL and YAML take it without quotes.
fn dataset_name(file: &Path, project: &str) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = plain(name.split('.').next().unwrap_or_default(), '_');
    let usable = stem.starts_with(|sign: char| sign.is_ascii_alphabetic());
    if usable { stem } else { format!("data_{}", plain(project, '_')) }
}

/// Where the project finds its data: the file itself when it lies inside, else a copy under `data/NAME/`.
fn place_data(root: &Path, file: &Path, dataset: &str) -> Result<(String, Option<PathBuf>)> {
    let absolute =
        |path: &Path| std::path::absolute(path).map_err(|error| Failure::file(path, "find", &error));
    let (inside, whole) = (absolute(root)?, absolute(file)?);
    if let Ok(below) = whole.strip_prefix(&inside) {
        return Ok((below.display().to_string(), None));
    }
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let end = name.split_once('.').map_or("*".to_owned(), |(_, end)| format!("*.{end}"));
    let target = Path::new("data").join(dataset).join(&name);
    Ok((format!("data/{dataset}/{end}"), Some(target)))
}

/// Writes everything, or takes back what was written.
fn write(plan: &Plan) -> Result<()> {
    let taken: Vec<String> = plan
        .files
        .iter()
        .filter(|(path, _)| plan.root.join(path).exists())
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !taken.is_empty() {
        let message = format!("{} in {} would be overwritten", taken.join(", "), plan.root.display());
        return Err(Failure::new(&codes::EXISTS, message)
            .help("move it away, or name another folder: volano init DIR"));
    }
    let mut written = Vec::new();
    for (path, bytes) in &plan.files {
        let whole = plan.root.join(path);
        let folder = whole.parent().unwrap_or(&plan.root);
        let done = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&whole, bytes));
        if let Err(error) = done {
            for path in written {
                // Best effort: the first error is the one to tell.
                let _left = std::fs::remove_file(path);
            }
            return Err(Failure::file(&whole, "write", &error));
        }
        written.push(whole);
    }
    Ok(())
}

fn report(plan: &Plan, dry_run: bool, out: &Output) {
    let root = plan.root.display().to_string();
    let names: Vec<String> = plan.files.iter().map(|(path, _)| path.display().to_string()).collect();
    let choice = plan.choice.as_ref();
    let document = json!({
        "project": plan.project, "root": root, "files": names, "dry_run": dry_run,
        "choice": choice.map(Choice::document),
    });
    let mut table = Table::new(["file", "bytes"]);
    for (path, bytes) in &plan.files {
        table
            .push(vec![Cell::text(path.display().to_string()), Cell::bytes(i64::try_from(bytes.len()).ok())]);
    }
    let verb = if dry_run { "would write" } else { "wrote" };
    let mark = if dry_run { String::new() } else { format!("{} ", out.paint().good("✓")) };
    let mut page =
        Page::new().text(format!("{mark}{verb} the project {} in {root}", plan.project)).table(table);
    if let Some(choice) = choice {
        page = page.text("").fields(choice.fields());
        page = page.text(format!(
            "{} rows; what was chosen is in volano.yaml and sql/features.sql: change it there",
            count(choice.rows)
        ));
    }
    out.show(&document, std::slice::from_ref(&root), &page);
    if !dry_run {
        let go = if plan.root == Path::new(".") { String::new() } else { format!("cd {root} && ") };
        let next = if choice.is_some() {
            "volano pipeline run"
        } else {
            "edit volano.yaml, then volano pipeline check"
        };
        out.next(format_args!("{go}{next}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_plain() {
        assert_eq!(plain("My Churn (v2)", '-'), "my-churn-v2");
        assert_eq!(dataset_name(Path::new("/x/Telco Customers.csv.gz"), "p"), "telco_customers");
        assert_eq!(dataset_name(Path::new("2024.csv"), "my-p"), "data_my_p");
    }

    #[test]
    fn data_inside_the_project_stays_where_it_is() {
        let root = Path::new("/p");
        assert_eq!(place_data(root, Path::new("/p/in/a.csv"), "a").unwrap(), ("in/a.csv".to_owned(), None));
        let (path, copy) = place_data(root, Path::new("/q/a.csv.gz"), "a").unwrap();
        assert_eq!((path.as_str(), copy), ("data/a/*.csv.gz", Some(PathBuf::from("data/a/a.csv.gz"))));
    }
}
