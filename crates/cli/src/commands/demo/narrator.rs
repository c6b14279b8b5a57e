//! Tells what the demo does: one line a step with its time and the link of its page; one JSON object a step for machines.

use std::time::Instant;

use serde_json::{Value, json};

use crate::commands::trace;
use crate::output::{Form, Output, Progress, duration_ms};

/// The teller.
pub struct Narrator<'a> {
    out: &'a Output,
    base: String,
    started: Instant,
    chapter_started: Instant,
}

impl<'a> Narrator<'a> {
    /// A teller whose links begin with `base`.
    pub fn new(out: &'a Output, base: &str) -> Self {
        let now = Instant::now();
        Self { out, base: base.to_owned(), started: now, chapter_started: now }
    }

    /// Begins a chapter.
    pub fn chapter(&mut self, number: u32, title: &str) {
        self.chapter_started = Instant::now();
        if self.out.form() == Form::Json {
            self.out
                .json(&json!({"event": "chapter", "number": number, "title": title, "at_ms": self.at_ms()}));
        } else {
            let title = self.out.paint().bold(&format!("{number}. {title}"));
            self.out.line(format!("\n{title}"));
        }
    }

    /// A step is done: what came of it, and the page that shows it.
    pub fn step(&self, text: &str, page: &str, details: Value) {
        let elapsed_ms = i64::try_from(self.chapter_started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let link = format!("{}{page}", self.base);
        if self.out.form() == Form::Json {
            let document = json!({
                "event": "step", "text": text, "link": link, "chapter_ms": elapsed_ms,
                "at_ms": self.at_ms(), "details": details,
            });
            self.out.json(&document);
            return;
        }
        let paint = self.out.paint();
        let time = paint.dim(&format!("{:>8}", duration_ms(elapsed_ms)));
        self.out.line(format!("{time}  {} {text}", paint.good("✓")));
        if !page.is_empty() {
            self.out.line(format!("            {}", paint.accent(&link)));
        }
    }

    /// Lines that belong to the step before.
    pub fn lines(&self, lines: impl IntoIterator<Item = String>) {
        if self.out.form() != Form::Json {
            for line in lines {
                self.out.line(format!("            {line}"));
            }
        }
    }

    /// What `volano trace` prints about a prediction.
    pub fn trace(&self, document: &Value) {
        let page = trace::page(document, self.out);
        self.lines(page.render(self.out.paint(), self.out.width()).lines().map(ToOwned::to_owned));
    }

    /// Progress of what the server does by itself meanwhile.
    pub fn waiting(&self, what: &str) -> Progress {
        Progress::waiting(self.out, what)
    }

    /// The whole time so far, in milliseconds.
    pub fn at_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
