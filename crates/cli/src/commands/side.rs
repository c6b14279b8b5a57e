//! Things side by side: a row for each of their fields, of which only those that differ are shown.

use crate::output::{Cell, Page, Table};

/// Things of one kind beside one another.
pub struct Sides {
    table: Table,
    all: bool,
    differ: bool,
}

impl Sides {
    /// Nothing yet of the things with these titles; with `all` also what is equal is shown.
    pub fn new(titles: impl Iterator<Item = String>, all: bool) -> Self {
        let columns = std::iter::once(String::new()).chain(titles);
        Self { table: Table::new(columns), all, differ: false }
    }

    /// Adds a field with its value for each of the things.
    pub fn push(&mut self, name: &str, cells: Vec<Cell>) {
        let differs = cells.windows(2).any(|pair| pair[0] != pair[1]);
        self.differ |= differs;
        if self.all || differs {
            self.table.push([vec![Cell::text(name)], cells].concat());
        }
    }

    /// Whether any field differs.
    pub fn differ(&self) -> bool {
        self.differ
    }

    /// The page; `same` is said when there is nothing to show.
    pub fn page(self, same: &str) -> Page {
        if self.table.is_empty() { Page::new().text(same) } else { Page::new().table(self.table) }
    }
}
