//! A database without a pull request, and what is made of so little.

use std::sync::Arc;

use detect::Catalogue;
use detect::evaluation::Evaluator;
use insights::Report;
use store::{Coverage, OpenOptions, Store};
use web::documents::CoverageDocument;
use web::{Basis, Labels, Period, Settings, Site, Source, SourceError, Wanted};

/// An empty database.
struct Empty {
    store: Arc<dyn Store>,
    _folder: tempfile::TempDir,
}

impl Source for Empty {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    fn data_version(&self) -> Result<u64, SourceError> {
        Ok(1)
    }

    fn reports(
        &self,
        _: &Period,
        _: Wanted<'_>,
        give: &mut dyn FnMut(Report) -> bool,
    ) -> Result<(), SourceError> {
        give(report_of(&measures::Observations::default()));
        Ok(())
    }

    fn basis(&self) -> Result<Basis, SourceError> {
        Ok(nothing())
    }

    fn coverage_document(&self, _: Option<&str>) -> Result<CoverageDocument, SourceError> {
        Ok(CoverageDocument {
            version: 1,
            coverage: Coverage::default(),
            evidence: Vec::new(),
            prompt_version: String::new(),
            schema_version: String::new(),
        })
    }
}

/// The report of observations, without advice.
pub(crate) fn report_of(observations: &measures::Observations) -> Report {
    let options = insights::ReportOptions {
        reading: insights::effects::Reading {
            now: 1_700_000_000,
            calendar: measures::Calendar::Always,
        },
        scope: insights::Scope::default(),
        metrics: Vec::new(),
        rules: Vec::new(),
        sensitivity: insights::effects::Sensitivity::Skip,
    };
    insights::report(observations, &options)
}

/// What pages rest on where nothing is.
pub(crate) fn nothing() -> Basis {
    Basis {
        coverage: Coverage::default(),
        evidence: Vec::new(),
        labels: Labels {
            corrections: 0,
            evaluation: Evaluator::new(&Catalogue::builtin().expect("a catalogue")).finish(),
        },
    }
}

/// The pages of an empty database.
pub(crate) fn site(settings: Settings) -> Site {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.db");
    let store =
        store::open(&path.display().to_string(), &OpenOptions::write("test")).expect("a database");
    let source = Arc::new(Empty {
        store,
        _folder: folder,
    });
    Site::new(source, settings)
}
