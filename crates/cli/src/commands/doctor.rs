//! `volano doctor`: machine, project, home and server; each line says how to mend it.

use std::path::Path;
use std::process::Command;

use nix::sys::statvfs::statvfs;
use serde_json::json;

use crate::args::Globals;
use crate::client::{Client, Target, target};
use crate::config::UserFile;
use crate::exit::Exit;
use crate::failure::Result;
use crate::json::Fields;
use crate::output::{Cell, Output, Page, Table, Tone, bytes};
use crate::place;

/// Less room than this is worth a word.
const LITTLE_ROOM: i64 = 2_000_000_000;
/// The oldest Python that steps may use.
const OLDEST_PYTHON: (u32, u32) = (3, 9);

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Look,
    Wrong,
}

/// One line of the report.
struct Finding {
    what: &'static str,
    state: State,
    found: String,
    mend: String,
}

impl Finding {
    fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, state: State::Good, found: found.into(), mend: String::new() }
    }

    fn look(what: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what, state: State::Look, found: found.into(), mend: mend.into() }
    }

    fn wrong(what: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what, state: State::Wrong, found: found.into(), mend: mend.into() }
    }
}

/// Looks at everything; leaves with 1 when something is wrong.
pub async fn run(globals: &Globals, out: &Output) -> Result<Exit> {
    let user = UserFile::load()?;
    let (home, _) = place::home_of(globals, user.settings.home.as_deref(), &user.path);
    let mut findings = vec![Finding::good("volano", format!("{} for {}", server::VERSION, machine()))];
    findings.extend(python());
    findings.push(room(&home));
    findings.push(writable(&home));
    findings.push(project(globals));
    findings.push(server_of(globals, &user).await);
    show(&findings, out);
    let wrong = findings.iter().any(|finding| finding.state == State::Wrong);
    Ok(if wrong { Exit::Failed } else { Exit::Done })
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} {}, {cores} cores", std::env::consts::OS, std::env::consts::ARCH)
}

fn python() -> Vec<Finding> {
    let Some(version) = output_of("python3", &["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"])
    else {
        let mend = "install Python 3.9 or newer; Debian, Ubuntu: apt install python3 python3-venv";
        return vec![Finding::wrong("python", "no python3 on the PATH", mend)];
    };
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let mut findings = vec![if found < OLDEST_PYTHON {
        Finding::wrong("python", version, "steps and models need Python 3.9 or newer")
    } else {
        Finding::good("python", version)
    }];
    let venv = output_of("python3", &["-c", "import venv, ensurepip; print('there')"]);
    findings.push(match (output_of("uv", &["--version"]), venv) {
        (Some(uv), _) => Finding::good("environments", uv),
        (None, Some(_)) => Finding::look("environments", "venv and pip", "faster with uv: pip install uv"),
        (None, None) => Finding::wrong(
            "environments",
            "python3 has no venv module",
            "Debian, Ubuntu: apt install python3-venv; or: pip install uv",
        ),
    });
    let client = output_of("python3", &["-c", "import importlib.metadata as m; print(m.version('mlflow'))"]);
    let client = client.or_else(|| {
        output_of("python3", &["-c", "import importlib.metadata as m; print(m.version('mlflow-skinny'))"])
    });
    findings.push(match client {
        Some(version) => Finding::good("mlflow client", version),
        None => Finding::look(
            "mlflow client",
            "not in this Python",
            "for scripts outside of steps: pip install mlflow-skinny",
        ),
    });
    findings
}

/// The first line that a program prints, when it is there and content.
fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

/// The nearest folder that is there.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."))
}

fn room(home: &Path) -> Finding {
    let Ok(stat) = statvfs(existing(home)) else {
        return Finding::look("disk", "unknown", "the file system does not say how much room is left");
    };
    let free =
        i64::try_from(stat.blocks_available().saturating_mul(stat.fragment_size())).unwrap_or(i64::MAX);
    let found = format!("{} free at {}", bytes(free), home.display());
    if free < LITTLE_ROOM {
        Finding::look("disk", found, "make room, or put the home elsewhere: --home DIR")
    } else {
        Finding::good("disk", found)
    }
}

fn writable(home: &Path) -> Finding {
    let folder = existing(home);
    let may = nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).is_ok();
    match (may, home.is_dir()) {
        (false, _) => Finding::wrong(
            "home",
            format!("{} is not writable for this user", folder.display()),
            "change its owner, or name another folder: --home DIR",
        ),
        (true, true) => Finding::good("home", home.display().to_string()),
        (true, false) => Finding::good("home", format!("{} (made when first used)", home.display())),
    }
}

fn project(globals: &Globals) -> Finding {
    place::project_of(globals).map_or_else(
        || Finding::look("project", "no volano.yaml here or above", "volano init writes one from your data"),
        |root| Finding::good("project", root.join(place::PROJECT_FILE).display().to_string()),
    )
}

async fn server_of(globals: &Globals, user: &UserFile) -> Finding {
    let asked = match target(globals, user) {
        Target::Server { url, token, origin } => (url, token, origin.to_string()),
        Target::Home { path, .. } => match app::Home::running_server(&path) {
            Some(running) => (running.url, None, "it has the home open".to_owned()),
            None => return Finding::good("server", "none: commands work on the home itself"),
        },
    };
    let (url, token, origin) = asked;
    let answer = match Client::http(&url, token) {
        Ok(client) => client.get("/server").await,
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(answer) => Finding::good("server", format!("{url} (volano {}; {origin})", answer.text("version"))),
        Err(failure) => Finding::wrong(
            "server",
            failure.message(),
            format!("start it: volano server; or change the address ({origin})"),
        ),
    }
}

fn show(findings: &[Finding], out: &Output) {
    let mut table = Table::new(["", "what", "found", "how to mend it"]);
    let mut documents = Vec::new();
    for finding in findings {
        let (mark, word, tone) = match finding.state {
            State::Good => ("✓", "good", Tone::Good),
            State::Look => ("!", "look", Tone::Warn),
            State::Wrong => ("✗", "wrong", Tone::Bad),
        };
        table.push(vec![
            Cell::both(mark, word).tone(tone),
            Cell::text(finding.what),
            Cell::text(&finding.found),
            Cell::text(&finding.mend),
        ]);
        documents.push(json!({
            "what": finding.what, "state": word, "found": finding.found, "mend": finding.mend,
        }));
    }
    let document = json!({"findings": documents});
    let ids: Vec<String> = findings
        .iter()
        .filter(|finding| finding.state == State::Wrong)
        .map(|finding| finding.what.to_owned())
        .collect();
    out.show(&document, &ids, &Page::new().table(table));
}
