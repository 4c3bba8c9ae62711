//! An export from start to end.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use insights::adoption::Adoption;
use jiff::Timestamp;
use measures::Account;
use names::Names;
use store::{Dossier, DossierParts, DossierQuery, Selection, Store, StoreError};

use crate::error::ExportError;
use crate::format::{self, Format, RowWriter};
use crate::manifest::{FILE, Filter, KIND, Manifest, TableWritten, WrittenFile};
pub use crate::staging::Overwrite;
use crate::staging::{Shape, Staging};
use crate::tables::{Subject, Table, monthly_rows};

/// Pull requests of a page.
const PAGE: usize = 1_000;
/// Pull requests of a page with their records, of which one may have megabytes.
const PAGE_WITH_RECORDS: usize = 100;

/// What is exported, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which tables; each once.
    pub tables: Vec<Table>,
    /// In which format.
    pub format: Format,
    /// Which pull requests.
    pub filter: Filter,
    /// Whether names of people are told.
    pub people: bool,
    /// Which version of tandem writes.
    pub tandem_version: String,
    /// When.
    pub made_at: Timestamp,
}

/// Where an export goes.
pub enum Place<'w> {
    /// A folder with a file or a folder for each table, and the manifest.
    Folder(&'w Path, Overwrite),
    /// One table as one file.
    File(&'w Path, Overwrite),
    /// One table as a stream.
    Stream(&'w mut dyn Write),
}

/// The facts of teams and months.
pub struct Monthly {
    /// The numbers, of the same pull requests as the filter of the plan.
    pub adoption: Adoption,
    /// Which moment puts a pull request into a month: `created_at` or `merged_at`.
    pub clock: &'static str,
}

/// What an export is made of.
pub struct Inputs<'i> {
    /// The database.
    pub store: &'i dyn Store,
    /// What [`Store::changes`] was before anything was read.
    pub changes_before: u64,
    /// Gives the facts of teams and months; asked once, where that table is wanted.
    pub monthly: &'i dyn Fn() -> Result<Monthly, StoreError>,
    /// Whether an account is a program's; such keep their names.
    pub is_bot: &'i dyn Fn(Account<'_>) -> bool,
    /// Is told how many pull requests were read.
    pub progress: &'i dyn Fn(u64),
}

/// Writes an export.
///
/// # Errors
/// Where the database cannot be read, or the place not written; then nothing has changed there.
pub fn export(inputs: &Inputs<'_>, plan: &Plan, place: Place<'_>) -> Result<Manifest, ExportError> {
    match place {
        Place::Folder(path, overwrite) => {
            let staging = Staging::begin(path, Shape::Folder, overwrite)?;
            let folder = staging.new_path();
            let mut writers = Vec::new();
            for table in &plan.tables {
                writers.push((*table, format::into_folder(plan.format, *table, &folder)?));
            }
            let manifest = write_tables(inputs, plan, writers)?;
            write_manifest(&manifest, &folder.join(FILE))?;
            staging.commit()?;
            Ok(manifest)
        }
        Place::File(path, overwrite) => {
            let table = only_table(plan)?;
            let staging = Staging::begin(path, Shape::File, overwrite)?;
            let name = path.file_name().unwrap_or_default().display().to_string();
            let new = staging.new_path();
            let writer = format::into_file(plan.format, table.columns(), &new, name)?;
            let manifest = write_tables(inputs, plan, vec![(table, writer)])?;
            staging.commit()?;
            Ok(manifest)
        }
        Place::Stream(stream) => {
            let table = only_table(plan)?;
            let writer = format::into_stream(plan.format, table.columns(), stream)?;
            write_tables(inputs, plan, vec![(table, writer)])
        }
    }
}

fn only_table(plan: &Plan) -> Result<Table, ExportError> {
    match plan.tables.as_slice() {
        [table] => Ok(*table),
        _ => Err(ExportError::NotOneFile {
            what: "several tables",
        }),
    }
}

/// A table with its writer.
type Writers<'w> = Vec<(Table, Box<dyn RowWriter + 'w>)>;

fn write_tables(
    inputs: &Inputs<'_>,
    plan: &Plan,
    mut writers: Writers<'_>,
) -> Result<Manifest, ExportError> {
    write_pull_requests(inputs, plan, &mut writers)?;
    let mut monthly_facts_by = None;
    for (table, writer) in &mut writers {
        if *table == Table::MonthlyFacts {
            let Monthly { adoption, clock } = (inputs.monthly)()?;
            monthly_rows(&adoption, clock, plan.people, |row| writer.row(row))?;
            monthly_facts_by = Some(clock.to_owned());
        }
    }
    let mut tables = Vec::new();
    for (table, writer) in writers {
        let files: Vec<WrittenFile> = writer.finish()?;
        tables.push(TableWritten::new(table.name(), files));
    }
    Ok(Manifest {
        kind: KIND.to_owned(),
        version: Manifest::version(),
        tandem_version: plan.tandem_version.clone(),
        made_at: plan.made_at,
        format: plan.format.name().to_owned(),
        filter: plan.filter.clone(),
        people: plan.people,
        monthly_facts_by,
        database_changed_meanwhile: inputs.store.changes()? != inputs.changes_before,
        tables,
    })
}

/// Reads pull requests page by page, and gives each to every table that has rows of it.
fn write_pull_requests(
    inputs: &Inputs<'_>,
    plan: &Plan,
    writers: &mut Writers<'_>,
) -> Result<(), ExportError> {
    let wants = |wanted: &[Table]| wanted.iter().any(|table| plan.tables.contains(table));
    let of_pull_requests = [
        Table::PullRequests,
        Table::Verdicts,
        Table::Evidence,
        Table::Analyses,
    ];
    if !wants(&of_pull_requests) {
        return Ok(());
    }
    let query = DossierQuery {
        selection: Selection {
            team: plan.filter.team.clone(),
            repo: plan.filter.repo.clone(),
        },
        opened: plan.filter.span(),
        parts: DossierParts {
            verdict: wants(&[Table::Verdicts, Table::Evidence]),
            analysis: wants(&[Table::Analyses]),
            // Who is named in a text is known from the record.
            document: !plan.people,
        },
    };
    let limit = if query.parts.document {
        PAGE_WITH_RECORDS
    } else {
        PAGE
    };
    let mut after = None;
    let mut read = 0;
    loop {
        let page = inputs.store.dossiers(&query, after.as_ref(), limit)?;
        read += page.dossiers.len() as u64;
        for dossier in &page.dossiers {
            let names = names_in(dossier, plan, inputs.is_bot);
            let subject = Subject {
                dossier,
                names: &names,
                tells_names: plan.people,
            };
            for (table, writer) in writers.iter_mut() {
                table.rows(&subject, |row| writer.row(row))?;
            }
        }
        (inputs.progress)(read);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn names_in(dossier: &Dossier, plan: &Plan, is_bot: &dyn Fn(Account<'_>) -> bool) -> Names {
    dossier.document.as_ref().map_or_else(
        || Names::of_nobody(plan.people),
        |document| Names::of(document, is_bot, plan.people),
    )
}

fn write_manifest(manifest: &Manifest, path: &Path) -> Result<(), ExportError> {
    let written = || -> std::io::Result<()> {
        let mut file = File::create_new(path)?;
        serde_json::to_writer_pretty(&mut file, manifest)?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    written().map_err(ExportError::write(path))
}
