//! The data folder that holds what may not be committed.

use std::path::PathBuf;

/// Returns a file of the data folder, or says that the test is skipped.
pub(crate) fn shared_file(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TANDEM_DATA_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let file = folder.join(name);
    if file.exists() {
        return Some(file);
    }
    println!("skipped: {} is not there", file.display());
    None
}

/// A table read from a CSV file without quoted commas.
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let header = cells(lines.next().expect("a header"));
        let rows: Vec<Vec<String>> = lines.map(cells).collect();
        assert!(rows.iter().all(|row| row.len() == header.len()));
        Table { header, rows }
    }

    /// Returns a column as text.
    pub(crate) fn text(&self, name: &str) -> Vec<&str> {
        let index = self.header.iter().position(|it| it == name);
        let index = index.unwrap_or_else(|| panic!("no column {name}"));
        self.rows.iter().map(|row| row[index].as_str()).collect()
    }

    /// Returns a column of numbers; an empty cell is `None`.
    pub(crate) fn numbers(&self, name: &str) -> Vec<Option<f64>> {
        let number = |cell: &str| (!cell.is_empty()).then(|| cell.parse().expect("a number"));
        self.text(name).into_iter().map(number).collect()
    }

    /// Returns a column as group codes, in the order of first appearance.
    pub(crate) fn codes(&self, name: &str) -> Vec<u32> {
        let mut seen = std::collections::HashMap::new();
        let mut code = |cell| {
            let next = seen.len() as u32;
            *seen.entry(cell).or_insert(next)
        };
        self.text(name).into_iter().map(&mut code).collect()
    }
}
