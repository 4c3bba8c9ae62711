//! What makes a batch fail its validation.

use super::form::Form;
use super::object::LineError;
use super::run::{Life, whole_file};
use super::scan::Scan;
use crate::chat::estimate_tokens;
use crate::scenario::{BadLines, BatchFault};

impl Life {
    /// Says why the batch fails its validation, if it does.
    pub(super) fn problems(&self, scan: &Scan) -> Vec<LineError> {
        let scenario = &self.completer.scenario;
        let limits = &scenario.limits;
        let most_lines = match self.task.form {
            // A message batch was checked when it was created.
            Form::Messages => return Vec::new(),
            Form::Batch => limits.file_lines,
            Form::Job { .. } => scenario.mistral.job_requests,
        };
        match self.fault.as_ref().map(|rule| rule.kind) {
            Some(BatchFault::FailsValidation) => {
                return vec![whole_file(
                    "invalid_file",
                    "The file could not be validated (emulated).".to_owned(),
                )];
            }
            Some(BatchFault::TokenLimit) => return vec![token_limit("the model", 0)],
            _ => {}
        }
        if scan.lines == 0 {
            return vec![whole_file(
                "empty_file",
                "The batch input file is empty.".to_owned(),
            )];
        }
        if scan.lines > most_lines {
            let message = format!(
                "The batch input file has {} lines; at most {most_lines} are allowed.",
                scan.lines
            );
            return vec![whole_file("too_many_requests_in_file", message)];
        }
        if scan.bad > 0 && (scan.good == 0 || scenario.server.bad_lines == BadLines::FailBatch) {
            return scan.errors.clone();
        }
        if limits.enqueued_tokens == 0 {
            return Vec::new();
        }
        let Some(inner) = self.server.upgrade() else {
            return Vec::new();
        };
        let state = inner.state();
        let mut problems = Vec::new();
        for model in scan.load.keys() {
            // Only batches created before this one count, so that one of two always gets through.
            let waiting: u64 = state
                .batches
                .values()
                .filter(|batch| batch.number <= self.task.batch_number)
                .filter(|batch| batch.form.dialect() == self.task.form.dialect())
                .filter_map(|batch| batch.load.get(model))
                .map(|load| estimate_tokens(load.body_bytes))
                .sum();
            if waiting > limits.enqueued_tokens {
                problems.push(token_limit(model, limits.enqueued_tokens));
            }
        }
        problems
    }
}

fn token_limit(model: &str, limit: u64) -> LineError {
    let message = format!(
        "Enqueued token limit reached for {model}: the limit is {limit} enqueued tokens (emulated). Please try again once some in_progress batches have been completed."
    );
    whole_file("token_limit_exceeded", message)
}
