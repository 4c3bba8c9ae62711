//! What is asked for, from what was typed.

use std::path::{Path, PathBuf};

use ::export::{Format, Table};

use super::{format_of, tables_of};
use crate::cli::ExportArguments;
use crate::error::CliError;

/// What to do where several tables, or Parquet, are to go into one file.
pub(super) const NAME_A_FOLDER: &str = "name a folder, for instance -o tandem-data, or one table with --table and --format csv or jsonl";

/// Tables, format and target.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) tables: Vec<Table>,
    pub(super) format: Format,
    pub(super) target: Target,
}

/// Where the tables go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// All into a folder.
    Folder(PathBuf),
    /// One into a file.
    File(PathBuf),
    /// One to stdout.
    Stdout,
}

impl Asked {
    /// # Errors
    /// Exit code 2 where it does not go together, or something is left unsaid.
    pub(super) fn of(arguments: &ExportArguments, wants_json: bool) -> Result<Self, CliError> {
        let tables = tables_of(&arguments.table);
        let format = format(arguments, wants_json)?;
        let is_one_file = tables.len() == 1 && format != Format::Parquet;
        let target = match arguments.output.as_deref() {
            None if is_one_file => Target::Stdout,
            None => {
                return Err(
                    CliError::input("it is not said where the tables go").hint(NAME_A_FOLDER)
                );
            }
            Some(path) if path == Path::new("-") => {
                if !is_one_file {
                    return Err(CliError::input(
                        "only one table, and no Parquet, can go to stdout",
                    )
                    .hint(NAME_A_FOLDER));
                }
                Target::Stdout
            }
            Some(path) => place(path, is_one_file)?,
        };
        if target == Target::Stdout && wants_json && format != Format::Jsonl {
            return Err(
                CliError::input("stdout cannot have a table as CSV and JSON")
                    .hint("name a file with -o, or take --format jsonl"),
            );
        }
        Ok(Asked {
            tables,
            format,
            target,
        })
    }
}

/// The format that is said, or that the name's ending says.
fn format(arguments: &ExportArguments, wants_json: bool) -> Result<Format, CliError> {
    if let Some(choice) = arguments.format {
        return Ok(format_of(choice));
    }
    let output = arguments.output.as_deref();
    if let Some(format) = output.and_then(format_of_ending) {
        return Ok(format);
    }
    if wants_json && output.is_none_or(|path| path == Path::new("-")) {
        return Ok(Format::Jsonl);
    }
    Err(
        CliError::input("it is not said in which format the tables are to be")
            .hint("--format csv, jsonl or parquet"),
    )
}

fn format_of_ending(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()? {
        "csv" => Some(Format::Csv),
        "jsonl" | "ndjson" => Some(Format::Jsonl),
        "parquet" => Some(Format::Parquet),
        _ => None,
    }
}

/// A file, if it can be one and is called like one; otherwise a folder.
fn place(path: &Path, is_one_file: bool) -> Result<Target, CliError> {
    let is_named_as_file = path.extension().is_some();
    if is_one_file {
        return Ok(if is_named_as_file && !path.is_dir() {
            Target::File(path.to_owned())
        } else {
            Target::Folder(path.to_owned())
        });
    }
    match format_of_ending(path) {
        Some(Format::Csv | Format::Jsonl) => Err(CliError::input(format!(
            "{} is called like one file, which cannot hold this",
            path.display()
        ))
        .hint(NAME_A_FOLDER)),
        _ => Ok(Target::Folder(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn asked(words: &str) -> Result<Asked, String> {
        let words = ["tandem", "export"].into_iter().chain(words.split(' '));
        let cli = Cli::parse_from(words);
        let Command::Export(arguments) = cli.command else {
            panic!("another verb");
        };
        Asked::of(&arguments, cli.global.json).map_err(|error| error.text())
    }

    fn check(words: &str, format: Format, tables: usize, target: Target) {
        let asked = asked(words).expect(words);
        assert_eq!(
            (asked.format, asked.tables.len(), asked.target),
            (format, tables, target),
            "{words}"
        );
    }

    #[test]
    fn what_is_typed_says_format_and_place() {
        let folder = |name: &str| Target::Folder(name.into());
        let file = |name: &str| Target::File(name.into());
        check("--format parquet -o out", Format::Parquet, 5, folder("out"));
        check("-o out.parquet", Format::Parquet, 5, folder("out.parquet"));
        check("--format csv -o out", Format::Csv, 5, folder("out"));
        check(
            "--table evidence --format csv -o out",
            Format::Csv,
            1,
            folder("out"),
        );
        check(
            "--table evidence -o out.csv",
            Format::Csv,
            1,
            file("out.csv"),
        );
        check(
            "--table evidence -o out.ndjson",
            Format::Jsonl,
            1,
            file("out.ndjson"),
        );
        check(
            "--table evidence --format csv -o a.txt",
            Format::Csv,
            1,
            file("a.txt"),
        );
        check(
            "--table evidence --format csv",
            Format::Csv,
            1,
            Target::Stdout,
        );
        check("--table evidence --json", Format::Jsonl, 1, Target::Stdout);
        check(
            "--table evidence --format jsonl -o - --json",
            Format::Jsonl,
            1,
            Target::Stdout,
        );
        check(
            "--table evidence --table evidence --table verdicts --format csv -o out",
            Format::Csv,
            2,
            folder("out"),
        );
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (words, told) in [
            ("-o out", "in which format"),
            ("--format csv", "where the tables go"),
            ("--format csv -o -", "to stdout"),
            ("--format parquet --table evidence", "where the tables go"),
            ("--format parquet --table evidence -o -", "to stdout"),
            ("-o out.csv", "one file"),
            ("--format parquet -o out.csv", "one file"),
            ("--table evidence --format csv --json", "CSV and JSON"),
        ] {
            let error = asked(words).expect_err(words);
            assert!(error.contains(told), "{words}: {error}");
        }
    }
}
