//! Tables: the same numbers as the chart above them.

use maud::{Markup, Render, html};

use crate::words::name;

/// A cell of a table.
pub(crate) struct Cell {
    markup: Markup,
    is_number: bool,
    is_weak: bool,
}

impl Cell {
    /// Text.
    pub(crate) fn text(text: impl Render) -> Self {
        Cell {
            markup: html! { (text) },
            is_number: false,
            is_weak: false,
        }
    }

    /// A number, set to the right.
    pub(crate) fn number(text: impl Render) -> Self {
        Cell {
            is_number: true,
            ..Cell::text(text)
        }
    }

    /// Text that leads somewhere, where there is somewhere to lead to.
    pub(crate) fn link(text: impl Render, address: Option<String>) -> Self {
        Cell::text(
            html! { @if let Some(address) = address { a href=(address) { (text) } } @else { (text) } },
        )
    }

    /// A name that others gave, which leads somewhere where there is somewhere to lead to.
    pub(crate) fn name(text: &str, address: Option<String>) -> Self {
        Cell::link(name(text), address)
    }

    /// A number that leads to its pull requests.
    pub(crate) fn number_link(text: impl Render, address: Option<String>) -> Self {
        Cell {
            is_number: true,
            ..Cell::link(text, address)
        }
    }

    /// The same, greyed: too few to lean on.
    pub(crate) fn weak_if(mut self, is_weak: bool) -> Self {
        self.is_weak = is_weak;
        self
    }

    fn class(&self) -> Option<&'static str> {
        match (self.is_number, self.is_weak) {
            (true, true) => Some("number weak"),
            (true, false) => Some("number"),
            (false, true) => Some("weak"),
            (false, false) => None,
        }
    }
}

/// A number or words that lead somewhere, where there is somewhere to lead to.
pub(crate) fn linked(address: Option<String>, markup: &Markup) -> Markup {
    html! { @if let Some(address) = address { a href=(address) { (markup) } } @else { (markup) } }
}

/// A table. Columns whose name begins with `>` hold numbers.
#[derive(Default)]
pub(crate) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(columns: &[&str]) -> Self {
        Table {
            columns: columns.iter().map(ToString::to_string).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Render for Table {
    fn render(&self) -> Markup {
        html! {
            div.table-wrap tabindex="0" role="group" aria-label="Table" {
                table {
                    thead { tr {
                        @for column in &self.columns {
                            th scope="col" class=[column.starts_with('>').then_some("number")] { (column.trim_start_matches('>')) }
                        }
                    } }
                    tbody {
                        @for row in &self.rows {
                            tr { @for (index, cell) in row.iter().enumerate() {
                                @if index == 0 { th scope="row" { (cell.markup) } }
                                @else { td class=[cell.class()] { (cell.markup) } }
                            } }
                        }
                    }
                }
            }
        }
    }
}
