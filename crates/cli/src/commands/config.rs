//! `volano config`: settings and where their values come from.

use serde_json::{Value, json};

use crate::args::{ConfigCommand, Globals};
use crate::client::{Target, target};
use crate::config::{KEYS, UserFile, known_key};
use crate::exit::Exit;
use crate::failure::Result;
use crate::output::{Cell, Output, Page, Table};
use crate::place::{self, Origin};

/// A setting as it holds here.
struct Setting {
    key: &'static str,
    value: String,
    origin: Origin,
}

/// Does it.
pub fn run(command: ConfigCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    let mut user = UserFile::load()?;
    match command {
        ConfigCommand::Show { origin } => show(&settings(globals, &user), origin, out),
        ConfigCommand::Get { key } => {
            known_key(&key)?;
            let found = settings(globals, &user).into_iter().find(|setting| setting.key == key);
            let value = found.map(|setting| setting.value).unwrap_or_default();
            let page = Page::new().line(value.clone(), vec![value.clone()]);
            out.show(&json!({"key": key, "value": value}), std::slice::from_ref(&value), &page);
        }
        ConfigCommand::Set { key, value } => {
            user.set(&key, &value)?;
            user.save()?;
            out.done(format_args!("{key} is set in {}", user.path.display()));
        }
    }
    Ok(Exit::Done)
}

fn settings(globals: &Globals, user: &UserFile) -> Vec<Setting> {
    let (home, home_origin) = place::home_of(globals, user.settings.home.as_deref(), &user.path);
    let (server, server_origin) = match target(globals, user) {
        Target::Server { url, origin, .. } => (url, origin),
        Target::Home { path, origin } => match app::Home::running_server(&path) {
            Some(running) => (running.url, Origin::Running(path)),
            None => (String::new(), origin),
        },
    };
    let color = match (globals.color, &user.settings.color) {
        (_, Some(color)) => (color.clone(), Origin::User(user.path.clone())),
        (Some(_), None) => ("set".to_owned(), place::flag_or_environment("color", "VOLANO_COLOR")),
        (None, None) => ("auto".to_owned(), Origin::Default),
    };
    let project = place::project_of(globals);
    let project_origin = project.clone().map_or(Origin::Default, Origin::Project);
    vec![
        Setting { key: "server", value: server, origin: server_origin },
        Setting { key: "home", value: home.display().to_string(), origin: home_origin },
        Setting {
            key: "project",
            value: project.map(|path| path.display().to_string()).unwrap_or_default(),
            origin: project_origin,
        },
        Setting { key: "color", value: color.0, origin: color.1 },
    ]
}

fn show(settings: &[Setting], with_origin: bool, out: &Output) {
    let explain = |key: &str| KEYS.iter().find(|(name, _)| *name == key).map_or("", |(_, text)| text);
    let columns: &[&str] = if with_origin { &["key", "value", "from"] } else { &["key", "value"] };
    let mut table = Table::new(columns.iter().copied());
    let mut document = serde_json::Map::new();
    for setting in settings {
        let value =
            if setting.value.is_empty() { Cell::both("(none)", "") } else { Cell::text(&setting.value) };
        let mut row = vec![Cell::text(setting.key), value];
        if with_origin {
            row.push(Cell::text(setting.origin.to_string()));
        }
        table.push(row);
        let entry = json!({
            "value": setting.value, "origin": setting.origin.to_string(), "about": explain(setting.key),
        });
        document.insert(setting.key.to_owned(), entry);
    }
    let ids: Vec<String> = settings.iter().map(|setting| setting.value.clone()).collect();
    out.show(&Value::Object(document), &ids, &Page::new().table(table));
}
