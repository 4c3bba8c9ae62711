//! What the strong tier says of sampled pull requests: the labels of a calibration.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use analysis::parse_answer;
use batch::{Answer, AnswerCheck, AnswerSink, Candidate, Oversized, Shrunk, SinkError};
use detect::Detector;
use serde::{Deserialize, Serialize};
use store::Store;

use crate::error::{CliError, ErrorKind};
use crate::wiring::answers::shrink;

/// The task under which the oracle is asked; apart from that of analyses, so that neither takes the
/// other's answers.
pub(crate) const ORACLE_TASK: &str = "calibration_label";

/// The name under which the store keeps the labels. There are at most as many as a calibration asks for,
/// a few hundred to a few thousand.
const LABELS: &str = "calibration_labels";

/// All labels, by pull request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Labels {
    /// The version of this document; 1.
    version: u32,
    by_subject: BTreeMap<String, OracleLabel>,
}

/// What the oracle said of one pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OracleLabel {
    /// The oracle, `provider:model`.
    pub(crate) oracle: String,
    /// The hash of the content it saw.
    pub(crate) content_hash: String,
    /// The prompt's version.
    pub(crate) prompt_version: String,
    /// The schema's version.
    pub(crate) schema_version: String,
    /// Whether AI wrote the change or helped.
    pub(crate) is_assisted: bool,
}

impl Labels {
    /// Reads all labels.
    pub(crate) fn load(store: &dyn Store) -> Result<Labels, CliError> {
        let Some(text) = store.meta(LABELS)? else {
            return Ok(Labels {
                version: 1,
                by_subject: BTreeMap::new(),
            });
        };
        serde_json::from_str(&text).map_err(|error| {
            CliError::new(ErrorKind::Internal, error)
                .context("the stored labels of calibrations cannot be read")
        })
    }

    /// The label of a pull request, if there is one for this content by this oracle with these versions.
    pub(crate) fn of(&self, subject: &str, wanted: &OracleLabel) -> Option<bool> {
        let label = self.by_subject.get(subject)?;
        let fits = OracleLabel {
            is_assisted: label.is_assisted,
            ..wanted.clone()
        };
        (*label == fits).then_some(label.is_assisted)
    }
}

/// Keeps the oracle's answers as labels, never as analyses.
pub(crate) struct OracleAnswers {
    store: Arc<dyn Store>,
    detector: Arc<Detector>,
    /// One page of answers is written at a time.
    writing: Mutex<()>,
}

impl OracleAnswers {
    pub(crate) fn new(store: Arc<dyn Store>, detector: Arc<Detector>) -> Self {
        OracleAnswers {
            store,
            detector,
            writing: Mutex::new(()),
        }
    }
}

impl AnswerSink for OracleAnswers {
    fn store(&self, answers: &[Answer]) -> Result<(), SinkError> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut labels = match self.store.meta(LABELS)? {
            Some(text) => serde_json::from_str(&text)?,
            None => Labels::default(),
        };
        labels.version = 1;
        for answer in answers {
            let checked = parse_answer(&answer.json, &answer.payload.text())?;
            let label = OracleLabel {
                oracle: answer.model.to_string(),
                content_hash: answer.content_hash.clone(),
                prompt_version: answer.prompt_version.clone(),
                schema_version: answer.schema_version.clone(),
                is_assisted: checked.analysis.ai.is_assisted,
            };
            labels.by_subject.insert(answer.subject.clone(), label);
        }
        self.store
            .set_meta(LABELS, &serde_json::to_string(&labels)?)?;
        Ok(())
    }
}

impl AnswerCheck for OracleAnswers {
    fn check(&self, candidate: Candidate<'_>) -> Result<(), String> {
        parse_answer(candidate.json, &candidate.payload.text())
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    fn shrink(&self, oversized: Oversized<'_>) -> Option<Shrunk> {
        shrink(&self.store, &self.detector, oversized)
    }
}
