//! Bars on terminals, one line every ten seconds elsewhere, nothing at all for what is quick.

use std::future::Future;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Output, human};

/// What is quicker than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(300);
/// Without a terminal, one line each.
const LINE_EVERY: Duration = Duration::from_secs(10);
const REFRESH: Duration = Duration::from_millis(100);

/// Progress of something long.
pub struct Progress {
    bar: ProgressBar,
    label: String,
    live: bool,
    quiet: bool,
    started: Instant,
    last_line: Mutex<Instant>,
}

impl Progress {
    /// Progress over `total` bytes, with rate and time left.
    pub fn bytes(out: &Output, label: &str, total: u64) -> Self {
        let style = "{spinner} {prefix}  {bar:24} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
        Self::new(out, label, Some(total), style)
    }

    /// Progress over `total` things.
    pub fn items(out: &Output, label: &str, total: u64) -> Self {
        Self::new(out, label, Some(total), "{spinner} {prefix}  {bar:24} {pos}/{len}  {eta} left  {msg}")
    }

    /// Progress of which only the time is known.
    pub fn waiting(out: &Output, label: &str) -> Self {
        Self::new(out, label, None, "{spinner} {prefix}  {elapsed}  {msg}")
    }

    fn new(out: &Output, label: &str, total: Option<u64>, style: &str) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(style).expect("the template is a constant that is right");
        bar.set_style(style.progress_chars("━╸ ").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        bar.set_prefix(label.to_owned());
        Self {
            bar,
            label: label.to_owned(),
            live: out.is_live(),
            quiet: out.form() == super::Form::Ids,
            started: Instant::now(),
            last_line: Mutex::new(Instant::now()),
        }
    }

    /// Goes on by `n`.
    pub fn advance(&self, n: u64) {
        self.bar.inc(n);
        self.show();
    }

    /// Says what goes on now.
    pub fn say(&self, text: &str) {
        self.bar.set_message(text.to_owned());
        self.show();
    }

    /// Draws, when it is time to.
    pub fn show(&self) {
        if self.live {
            if self.bar.is_hidden() && self.started.elapsed() >= PATIENCE {
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            self.bar.tick();
            return;
        }
        let mut last = self.last_line.lock().expect("no thread stops while it holds this");
        if !self.quiet && last.elapsed() >= LINE_EVERY {
            *last = Instant::now();
            let passed =
                human::duration_ms(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX));
            eprintln!("{}  {passed}  {}", self.label, self.bar.message());
        }
    }

    /// Prints a line above the bar.
    pub fn note(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Waits for `work`, with a spinner when it takes long.
pub async fn spin<T>(out: &Output, label: &str, work: impl Future<Output = T>) -> T {
    let progress = Progress::waiting(out, label);
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(REFRESH) => progress.show(),
        }
    }
}
