//! The columns as a document.

use crate::column::People;
use crate::tables::Table;

/// The tables and their columns in Markdown, as `docs/export.md` has them.
pub fn columns_as_markdown() -> String {
    let mut text = String::new();
    for table in Table::ALL {
        text.push_str(&format!("### `{table}`\n\n{}\n\n", table.meaning()));
        text.push_str("| column | kind | null | people | meaning |\n|---|---|---|---|---|\n");
        for column in table.columns() {
            let people = match column.people {
                People::None => "",
                People::Named => "named",
                People::InText => "in the text",
            };
            text.push_str(&format!(
                "| `{}` | {} | {} | {people} | {} |\n",
                column.name,
                column.kind.as_str(),
                if column.is_nullable { "yes" } else { "" },
                column.meaning
            ));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}
