//! What a result looks like: lines, fields and tables, drawn for people or written for pipes.

use comfy_table::{Cell as Drawn, CellAlignment, Color, ColumnConstraint, ContentArrangement};

use super::Paint;
use super::human;

/// How a cell is meant; colour never says it alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Needs a look.
    Warn,
    /// Wrong.
    Bad,
    /// Beside the point.
    Dim,
}

/// One value: as people read it and as machines do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    raw: String,
    tone: Tone,
    right: bool,
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { raw: text.clone(), text, ..Self::default() }
    }

    /// Nothing.
    pub fn none() -> Self {
        Self { text: "–".to_owned(), tone: Tone::Dim, ..Self::default() }
    }

    /// A text for people and another for machines.
    pub fn both(text: impl Into<String>, raw: impl Into<String>) -> Self {
        Self { text: text.into(), raw: raw.into(), ..Self::default() }
    }

    /// A whole number.
    pub fn count(value: Option<i64>) -> Self {
        value.map_or_else(Self::none, |value| Self::both(human::count(value), value.to_string())).right()
    }

    /// A figure.
    pub fn number(value: Option<f64>) -> Self {
        value.map_or_else(Self::none, |value| Self::both(human::number(value), value.to_string())).right()
    }

    /// A share, as percent.
    pub fn percent(value: Option<f64>) -> Self {
        value.map_or_else(Self::none, |value| Self::both(human::percent(value), value.to_string())).right()
    }

    /// A size.
    pub fn bytes(value: Option<i64>) -> Self {
        value.map_or_else(Self::none, |value| Self::both(human::bytes(value), value.to_string())).right()
    }

    /// A duration in milliseconds.
    pub fn duration(value: Option<i64>) -> Self {
        value
            .map_or_else(Self::none, |value| Self::both(human::duration_ms(value), value.to_string()))
            .right()
    }

    /// A time in milliseconds.
    pub fn time(value: Option<i64>) -> Self {
        value.map_or_else(Self::none, |value| Self::both(human::moment(value), human::time_iso(value)))
    }

    /// A number exactly as it is written, such as a value of data.
    pub fn figure(text: impl Into<String>) -> Self {
        Self::text(text).right()
    }

    /// An id, shortened for people.
    pub fn id(id: &str) -> Self {
        Self::both(human::short_id(id), id)
    }

    /// The cell with a tone.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    fn right(mut self) -> Self {
        self.right = true;
        self
    }

    fn painted(&self, paint: Paint) -> String {
        match self.tone {
            Tone::Plain => self.text.clone(),
            Tone::Good => paint.good(&self.text),
            Tone::Warn => paint.warn(&self.text),
            Tone::Bad => paint.bad(&self.text),
            Tone::Dim => paint.dim(&self.text),
        }
    }

    /// The text in one line.
    fn line(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn drawn(&self, paint: Paint) -> Drawn {
        let drawn = Drawn::new(self.line());
        let drawn = if self.right { drawn.set_alignment(CellAlignment::Right) } else { drawn };
        let color = match self.tone {
            _ if !paint.is_on() => return drawn,
            Tone::Plain => return drawn,
            Tone::Good => Color::Green,
            Tone::Warn => Color::Yellow,
            Tone::Bad => Color::Red,
            Tone::Dim => Color::DarkGrey,
        };
        drawn.fg(color)
    }
}

/// Space between two columns.
const GAP: u16 = 2;
/// A column of texts is never made narrower than this for others to fit.
const WRAPPED: usize = 30;

/// The value of a field takes this many lines at the most.
const LINES: usize = 2;

/// How a table fits a width.
struct Fit {
    columns: usize,
    wraps: Option<usize>,
}

/// Rows under named columns.
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns.
    pub fn new<I: Into<String>>(columns: impl IntoIterator<Item = I>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// Adds a row.
    #[must_use]
    #[cfg(test)]
    pub fn row(mut self, row: Vec<Cell>) -> Self {
        self.push(row);
        self
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn render(&self, paint: Paint, width: usize) -> String {
        let fit = self.fit(width);
        let mut drawn = comfy_table::Table::new();
        drawn
            .load_style(comfy_table::presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX));
        if paint.is_on() {
            drawn.enforce_styling();
        } else {
            drawn.force_no_tty();
        }
        if self.columns.iter().any(|name| !name.is_empty()) {
            drawn.set_header(self.header(paint).into_iter().take(fit.columns));
        }
        for row in &self.rows {
            drawn.add_row(row.iter().take(fit.columns).map(|cell| cell.drawn(paint)).collect::<Vec<_>>());
        }
        for (n, column) in drawn.column_iter_mut().enumerate() {
            column.set_padding((0, GAP));
            if fit.wraps != Some(n) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        let mut text: String =
            drawn.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect();
        if let hidden @ 1.. = self.columns.len() - fit.columns {
            let names = self.columns[fit.columns..].join(", ");
            let note = format!("{hidden} more columns (--json has them): {names}");
            text.push_str(&format!("{}\n", paint.dim(&human::shortened(&note, width))));
        }
        text
    }

    /// The columns that fit into `width`, and the one among them whose texts are wrapped for it.
    fn fit(&self, width: usize) -> Fit {
        let natural: Vec<usize> = (0..self.columns.len()).map(|n| self.natural_width(n)).collect();
        let mut columns = natural.len();
        loop {
            let total: usize = natural[..columns].iter().map(|width| width + usize::from(GAP)).sum();
            if total <= width {
                return Fit { columns, wraps: None };
            }
            let texts = (0..columns)
                .filter(|n| !self.rows.iter().any(|row| row.get(*n).is_some_and(|cell| cell.right)));
            let widest = texts.max_by_key(|n| natural[*n]).filter(|n| natural[*n] > WRAPPED);
            if let Some(widest) = widest
                && total - natural[widest] + WRAPPED <= width
            {
                return Fit { columns, wraps: Some(widest) };
            }
            if columns <= 2 {
                return Fit { columns, wraps: Some(columns.saturating_sub(1)) };
            }
            columns -= 1;
        }
    }

    fn natural_width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.line().chars().count()).max().unwrap_or(0);
        widest.max(self.columns[column].chars().count())
    }

    fn header(&self, paint: Paint) -> Vec<Drawn> {
        let right = |n: usize| self.rows.first().and_then(|row| row.get(n)).is_some_and(|cell| cell.right);
        let names = self.columns.iter().enumerate();
        names
            .map(|(n, name)| {
                let cell = Cell::text(name.to_uppercase()).tone(Tone::Dim);
                if right(n) { cell.right() } else { cell }.drawn(paint)
            })
            .collect()
    }
}

#[derive(Clone, Debug)]
enum Part {
    Line(String, Vec<String>),
    Text(String),
    Fields(Vec<(String, Cell)>),
    Table(Table),
    Heading(String),
}

/// A result: parts from top to bottom.
#[derive(Clone, Debug, Default)]
pub struct Page {
    parts: Vec<Part>,
}

impl Page {
    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line for people that is `raw`, tab-separated, in pipes.
    #[must_use]
    pub fn line(mut self, text: impl Into<String>, raw: Vec<String>) -> Self {
        self.parts.push(Part::Line(text.into(), raw));
        self
    }

    /// Adds text for people; pipes do not get it.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Text(text.into()));
        self
    }

    /// Adds names with values; those without a value are left out.
    #[must_use]
    pub fn fields<N: Into<String>>(mut self, fields: impl IntoIterator<Item = (N, Cell)>) -> Self {
        let fields = fields.into_iter().map(|(name, cell)| (name.into(), cell));
        let fields: Vec<_> = fields.filter(|(_, cell)| !cell.raw.is_empty()).collect();
        self.parts.push(Part::Fields(fields));
        self
    }

    /// Adds a table; an empty one is left out.
    #[must_use]
    pub fn table(mut self, table: Table) -> Self {
        if !table.is_empty() {
            self.parts.push(Part::Table(table));
        }
        self
    }

    /// Adds a heading for people, with an empty line before it.
    #[must_use]
    pub fn heading(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Heading(text.into()));
        self
    }

    /// Adds a headed table; an empty one is left out together with its heading.
    #[must_use]
    pub fn section(self, heading: &str, table: Table) -> Self {
        if table.is_empty() { self } else { self.heading(heading).table(table) }
    }

    /// The page for people.
    pub fn render(&self, paint: Paint, width: usize) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Line(line, _) | Part::Text(line) => text.push_str(&format!("{line}\n")),
                Part::Fields(fields) => text.push_str(&render_fields(fields, paint, width)),
                Part::Table(table) => text.push_str(&table.render(paint, width)),
                Part::Heading(heading) if text.is_empty() => {
                    text.push_str(&format!("{}\n", paint.bold(heading)))
                }
                Part::Heading(heading) => text.push_str(&format!("\n{}\n", paint.bold(heading))),
            }
        }
        text
    }

    /// The page for pipes: tab-separated lines.
    pub fn render_lines(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(_) | Part::Heading(_) => {}
                Part::Line(_, raw) => push_line(&mut text, raw.iter().map(String::as_str)),
                Part::Fields(fields) => {
                    for (name, cell) in fields {
                        push_line(&mut text, [name.as_str(), cell.raw.as_str()].into_iter());
                    }
                }
                Part::Table(table) => {
                    for row in &table.rows {
                        push_line(&mut text, row.iter().map(|cell| cell.raw.as_str()));
                    }
                }
            }
        }
        text
    }
}

fn render_fields(fields: &[(String, Cell)], paint: Paint, width: usize) -> String {
    let names = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let room = (width * LINES).saturating_sub(names + usize::from(GAP)).max(WRAPPED);
    let lines = fields.iter().map(|(name, cell)| {
        let name = paint.dim(&format!("{name:names$}"));
        let value = Cell { text: human::shortened(&cell.line(), room), ..cell.clone() };
        format!("{name}  {}\n", value.painted(paint))
    });
    lines.collect()
}

/// Tabs and line feeds inside a value would break the line: they become spaces.
fn push_line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    let cells: Vec<String> = cells.map(|cell| cell.replace(['\t', '\n', '\r'], " ")).collect();
    text.push_str(&cells.join("\t"));
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let table = Table::new(["version", "rows", "state"])
            .row(vec![
                Cell::text("churn@v1"),
                Cell::count(Some(7_043)),
                Cell::text("✓ published").tone(Tone::Good),
            ])
            .row(vec![Cell::text("churn@v2"), Cell::count(None), Cell::text("✗ rejected").tone(Tone::Bad)]);
        Page::new()
            .fields([
                ("name", Cell::text("churn")),
                ("size", Cell::bytes(Some(905_000))),
                ("note", Cell::text("")),
            ])
            .section("Versions", table)
            .section("Nothing", Table::new(["a"]))
    }

    #[test]
    fn people_get_aligned_tables() {
        insta::assert_snapshot!(page().render(Paint::off(), 80));
    }

    #[test]
    fn what_does_not_fit_is_wrapped_at_words_or_named() {
        let sentence = "real but tiny: at least 1.0 % of the rows moved from one value to another";
        let sentences = Table::new(["column", "psi", "what"]).row(vec![
            Cell::text("dest"),
            Cell::number(Some(9.591)),
            Cell::text(sentence),
        ]);
        let many = Table::new((0..20).map(|n| format!("feature_{n}")))
            .row((0..20).map(|n| Cell::figure(format!("{}", 1000 * n))).collect());
        let long = [("model", Cell::text(format!("Pipeline(\n   steps={})", "step, ".repeat(40))))];
        let page = Page::new().table(sentences).table(many).fields(long);
        insta::assert_snapshot!(page.render(Paint::off(), 60));
    }

    #[test]
    fn pipes_get_tab_separated_lines_with_exact_values() {
        insta::assert_snapshot!(page().render_lines());
    }
}
