//! The tables of the README are the tables in code, read alike.

use batch::classify::{ERROR_ROWS, Generated};
use batch::policy::POLICY;

const README: &str = include_str!("../README.md");

/// The cells of the rows of the table with this header.
fn rows(header: &str) -> Vec<Vec<&'static str>> {
    let mut lines = README.lines().skip_while(|line| *line != header);
    assert_eq!(lines.next(), Some(header), "there is no such table");
    let rule = lines.next().expect("a rule below the header");
    assert!(rule.starts_with("|---"), "{rule}");
    lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(str::trim).collect()
        })
        .collect()
}

fn quoted(words: &[&str], quote: char) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("{quote}{word}{quote}"))
        .collect();
    quoted.join(", ")
}

#[test]
fn failures_and_what_follows() {
    let told = rows("| kind | means | first remedy | billed |");
    let meant: Vec<Vec<String>> = POLICY
        .iter()
        .map(|row| {
            vec![
                format!("`{}`", row.kind),
                row.first.as_str().to_owned(),
                row.billed.as_str().to_owned(),
            ]
        })
        .collect();
    let told_without_meaning: Vec<Vec<&str>> = told
        .iter()
        .map(|row| vec![row[0], row[2], row[3]])
        .collect();
    assert_eq!(told_without_meaning, meant);
    assert!(told.iter().all(|row| !row[1].is_empty()));
}

#[test]
fn what_error_lines_mean() {
    let told = rows("| kind | codes | phrases | statuses | generated |");
    let meant: Vec<Vec<String>> = ERROR_ROWS
        .iter()
        .map(|row| {
            let statuses: Vec<String> = row
                .statuses
                .iter()
                .map(|(first, last)| {
                    if first == last {
                        first.to_string()
                    } else {
                        format!("{first}-{last}")
                    }
                })
                .collect();
            let generated = match row.generated {
                Generated::Any => "",
                Generated::Text => "text",
            };
            vec![
                format!("`{}`", row.kind),
                quoted(row.codes, '`'),
                quoted(row.phrases, '"'),
                statuses.join(", "),
                generated.to_owned(),
            ]
        })
        .collect();
    assert_eq!(told, meant);
}
