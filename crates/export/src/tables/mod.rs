//! The tables, and of what a row is read.

mod analyses;
mod evidence;
mod monthly_facts;
mod pull_requests;
mod verdicts;

use std::fmt;
use std::str::FromStr;

use insights::months::{month_index, month_name};
use jiff::Timestamp;
use names::Names;
use store::Dossier;

use crate::column::ColumnInfo;
use crate::value::Value;

pub(crate) use monthly_facts::rows as monthly_rows;

/// By what Parquet files are apart; in CSV and JSON lines a column like the others, the first.
pub(crate) const PARTITION: &str = "month";

const MONTH_OF_OPENING: &str = "The month in which the pull request was opened, `2026-05`, in UTC; null where that is not known.";

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// A row for each pull request.
    PullRequests,
    /// A row for each pull request with a verdict.
    Verdicts,
    /// A row for each hit of a signature.
    Evidence,
    /// A row for each pull request with an analysis, current or not.
    Analyses,
    /// A row for each team and month.
    MonthlyFacts,
}

/// A name that is none of a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no table is called '{0}'")]
pub struct NoSuchTable(pub String);

impl Table {
    /// All, in the order of documents.
    pub const ALL: [Table; 5] = [
        Table::PullRequests,
        Table::Verdicts,
        Table::Evidence,
        Table::Analyses,
        Table::MonthlyFacts,
    ];

    /// Its name, for files and options.
    pub fn name(self) -> &'static str {
        match self {
            Table::PullRequests => "pull_requests",
            Table::Verdicts => "verdicts",
            Table::Evidence => "evidence",
            Table::Analyses => "analyses",
            Table::MonthlyFacts => "monthly_facts",
        }
    }

    /// What a row is.
    pub fn meaning(self) -> &'static str {
        match self {
            Table::PullRequests => "A row for each pull request.",
            Table::Verdicts => {
                "A row for each pull request with a verdict: what `tandem verdicts` says, without the evidence."
            }
            Table::Evidence => "A row for each hit of a signature, behind the verdicts.",
            Table::Analyses => {
                "A row for each pull request that a model or the rules have analysed, current or not."
            }
            Table::MonthlyFacts => {
                "A row for each team and month: `by_team_month` of `tandem adoption`. AI is found at least \
                 so often: what leaves no trace is not seen. Pull requests without a date are in no month."
            }
        }
    }

    /// Its columns, in order; the first is the month.
    pub fn columns(self) -> Vec<ColumnInfo> {
        match self {
            Table::PullRequests => infos(pull_requests::COLUMNS, |column| column.info),
            Table::Verdicts => infos(verdicts::COLUMNS, |column| column.info),
            Table::Evidence => infos(evidence::COLUMNS, |column| column.info),
            Table::Analyses => infos(analyses::COLUMNS, |column| column.info),
            Table::MonthlyFacts => infos(monthly_facts::COLUMNS, |column| column.info),
        }
    }

    /// The rows of a pull request, each given away as it is read. None for the facts of months.
    pub(crate) fn rows<E>(
        self,
        subject: &Subject<'_>,
        mut give: impl FnMut(Vec<Value>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Table::PullRequests => give(
                (pull_requests::COLUMNS.iter())
                    .map(|column| (column.read)(subject))
                    .collect(),
            ),
            Table::Verdicts => {
                let Some(record) = &subject.dossier.verdict else {
                    return Ok(());
                };
                give(
                    (verdicts::COLUMNS.iter())
                        .map(|column| (column.read)(subject, record))
                        .collect(),
                )
            }
            Table::Evidence => {
                let hits = (subject.dossier.verdict.iter())
                    .flat_map(|record| record.verdict.evidence.iter());
                for (place, hit) in (0_u64..).zip(hits) {
                    give(
                        (evidence::COLUMNS.iter())
                            .map(|column| (column.read)(subject, place, hit))
                            .collect(),
                    )?;
                }
                Ok(())
            }
            Table::Analyses => {
                let Some(record) = &subject.dossier.analysis else {
                    return Ok(());
                };
                give(
                    (analyses::COLUMNS.iter())
                        .map(|column| (column.read)(subject, record))
                        .collect(),
                )
            }
            Table::MonthlyFacts => Ok(()),
        }
    }
}

fn infos<C>(columns: &[C], info: impl Fn(&C) -> ColumnInfo) -> Vec<ColumnInfo> {
    columns.iter().map(info).collect()
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Table {
    type Err = NoSuchTable;

    fn from_str(name: &str) -> Result<Self, NoSuchTable> {
        Table::ALL
            .into_iter()
            .find(|table| table.name() == name)
            .ok_or_else(|| NoSuchTable(name.to_owned()))
    }
}

/// A pull request of which rows are made.
pub(crate) struct Subject<'d> {
    pub(crate) dossier: &'d Dossier,
    /// What people in it are called.
    pub(crate) names: &'d Names,
    /// Whether names of people are told.
    pub(crate) tells_names: bool,
}

impl Subject<'_> {
    /// A value that names people.
    fn naming(&self, value: Value) -> Value {
        if self.tells_names { value } else { Value::Null }
    }

    /// A text in which people may stand.
    fn prose(&self, text: &str) -> Value {
        Value::Text(self.names.without_people(text))
    }

    fn known_prose(&self, text: Option<&str>) -> Value {
        text.map_or(Value::Null, |text| self.prose(text))
    }

    fn proses(&self, texts: &[String]) -> Value {
        Value::Texts(
            texts
                .iter()
                .map(|text| self.names.without_people(text))
                .collect(),
        )
    }
}

fn month(it: &Subject<'_>) -> Value {
    Value::text(it.dossier.row.opened_at.map(month_of))
}

fn repo(it: &Subject<'_>) -> Value {
    Value::Text(it.dossier.row.key.repo.clone())
}

fn number(it: &Subject<'_>) -> Value {
    Value::count(it.dossier.row.key.number)
}

fn team(it: &Subject<'_>) -> Value {
    Value::Text(it.dossier.row.team.clone())
}

/// The month of a moment in UTC, `2026-05`.
fn month_of(moment: Timestamp) -> String {
    month_name(month_index(moment.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Kind;

    #[test]
    fn every_table_begins_with_the_month_and_names_no_column_twice() {
        for table in Table::ALL {
            let columns = table.columns();
            assert_eq!(columns[0].name, PARTITION, "{table}");
            assert_eq!(columns[0].kind, Kind::Text);
            let mut names: Vec<&str> = columns.iter().map(|column| column.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), columns.len(), "{table}");
            for column in &columns {
                assert!(column.meaning.ends_with('.'), "{table}.{}", column.name);
                assert!(!column.meaning.contains('|'), "{table}.{}", column.name);
            }
            assert_eq!(table.name().parse(), Ok(table));
        }
        assert!("pulls".parse::<Table>().is_err());
    }

    #[test]
    fn months_are_those_of_utc() {
        let moment = |text: &str| text.parse::<Timestamp>().expect("a moment");
        assert_eq!(month_of(moment("2026-01-31T23:30:00-01:00")), "2026-02");
        assert_eq!(month_of(moment("2025-12-31T23:59:59Z")), "2025-12");
    }
}
