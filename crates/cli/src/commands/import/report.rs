//! What an import says in the end.

use std::collections::BTreeMap;

use app::tracking::import::foreign::{Counts, Left};
use serde_json::{Value, json};

use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::{Cell, Output, Page, Table, Tone, bytes, count};

/// Lines of one kind that are printed; the JSON document has all of them.
const LINES: usize = 20;

/// Files and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Amount {
    /// Adds some.
    pub fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// How the things of one kind stand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// In the other store.
    pub there: u64,
    /// Here, with the same content.
    pub same: u64,
    /// Taken over by this import.
    pub made: u64,
    /// Not here.
    pub absent: u64,
}

/// Kinds in the order of the report.
pub const KINDS: [&str; 13] = [
    "experiments",
    "runs",
    "points",
    "logged models",
    "models",
    "model versions",
    "traces",
    "spans",
    "assessments",
    "evaluation data sets",
    "evaluation records",
    "scorers",
    "artifacts",
];

/// What is known so far.
pub struct Report {
    source: String,
    foreseeing: bool,
    /// What the other store holds.
    pub counts: Counts,
    /// Its files.
    pub artifacts: Amount,
    tallies: BTreeMap<&'static str, Tally>,
    experiments: Vec<(i64, i64, String)>,
    notes: Vec<String>,
    differences: Vec<String>,
}

impl Report {
    /// A report on `source`; with `foreseeing`, before anything is done.
    pub fn new(source: &str, counts: Counts, foreseeing: bool) -> Self {
        Self {
            foreseeing,
            source: source.to_owned(),
            counts,
            artifacts: Amount::default(),
            tallies: KINDS.into_iter().map(|kind| (kind, Tally::default())).collect(),
            experiments: Vec::new(),
            notes: Vec::new(),
            differences: Vec::new(),
        }
    }

    /// Whether nothing is done yet.
    pub fn is_foreseeing(&self) -> bool {
        self.foreseeing
    }

    /// The tally of a kind.
    pub fn tally(&mut self, kind: &'static str) -> &mut Tally {
        self.tallies.entry(kind).or_default()
    }

    /// Something to know that is no difference.
    pub fn note(&mut self, line: impl Into<String>) {
        self.notes.push(line.into());
    }

    /// What stays where it is.
    pub fn note_left(&mut self, left: Vec<Left>) {
        for Left { what, why } in left {
            self.note(format!("{what}: {why}"));
        }
    }

    /// Something that is not here as it is there.
    pub fn differs(&mut self, line: impl Into<String>) {
        self.differences.push(line.into());
    }

    /// That an experiment has another number here.
    pub fn renumbered(&mut self, there: i64, here: i64, name: &str) {
        if there != here {
            self.experiments.push((there, here, name.to_owned()));
        }
    }

    fn document(&self, equal: Option<bool>) -> Value {
        let kinds: Vec<Value> = KINDS
            .iter()
            .map(|kind| {
                let tally = self.tallies[kind];
                json!({"kind": kind, "there": tally.there, "same": tally.same, "made": tally.made,
                    "absent": tally.absent})
            })
            .collect();
        let experiments: Vec<Value> = self
            .experiments
            .iter()
            .map(|(there, here, name)| json!({"there": there, "here": here, "name": name}))
            .collect();
        json!({
            "source": self.source, "kinds": kinds, "bytes": self.artifacts.bytes, "experiments": experiments,
            "notes": self.notes, "differences": self.differences, "equal": equal,
        })
    }

    fn lines(&self, out: &Output) {
        for (there, here, name) in self.experiments.iter().take(LINES) {
            out.note(format_args!("  experiment {there} is {here} here   {name}"));
        }
        more(out, self.experiments.len(), "experiments have other numbers here");
        for note in self.notes.iter().take(LINES) {
            out.warn(note);
        }
        more(out, self.notes.len(), "notes");
        for line in self.differences.iter().take(LINES) {
            out.note(format_args!("{} {line}", out.paint_stderr().bad("✗")));
        }
        more(out, self.differences.len(), "differences");
    }

    /// Says what would come.
    pub fn foreseen(&self, out: &Output) -> Exit {
        let mut table = Table::new(["kind", "there", "here already", "would come"]);
        for kind in KINDS {
            let tally = self.tallies[kind];
            table.push(vec![
                Cell::text(kind),
                Cell::count(whole(tally.there)),
                Cell::count(whole(tally.same)),
                Cell::count(whole(tally.absent)),
            ]);
        }
        let page = Page::new().table(table);
        out.show(&self.document(None), std::slice::from_ref(&self.source), &page);
        let size = bytes(whole(self.artifacts.bytes).unwrap_or_default());
        out.note(format_args!("  {} files, {size}", count(whole(self.artifacts.files).unwrap_or_default())));
        self.lines(out);
        out.next("the same without --dry-run");
        Exit::Done
    }

    /// Says what came and whether both sides agree; leaves with 3 when they do not.
    pub fn close(&self, out: &Output) -> Result<Exit> {
        let equal = self.differences.is_empty();
        let mut table = Table::new(["kind", "there", "same here", "came now"]);
        for kind in KINDS {
            let tally = self.tallies[kind];
            let tone = if tally.same == tally.there { Tone::Good } else { Tone::Bad };
            table.push(vec![
                Cell::text(kind),
                Cell::count(whole(tally.there)),
                Cell::count(whole(tally.same)).tone(tone),
                Cell::count(whole(tally.made)),
            ]);
        }
        let page = Page::new().table(table);
        out.show(&self.document(Some(equal)), std::slice::from_ref(&self.source), &page);
        self.lines(out);
        if equal {
            out.done("both sides are equal");
            out.next("volano exp ls");
            return Ok(Exit::Done);
        }
        let count = count(whole(self.differences.len() as u64).unwrap_or_default());
        Err(Failure::new(
            &codes::IMPORT,
            format!("{count} things are not here as they are in {}", self.source),
        )
        .help("what was here before is never overwritten")
        .help("all of them   volano import mlflow … --json"))
    }
}

fn more(out: &Output, count: usize, what: &str) {
    if count > LINES {
        out.note(format_args!("  … {} {what} in all; --json lists them", count));
    }
}

fn whole(value: u64) -> Option<i64> {
    i64::try_from(value).ok()
}
