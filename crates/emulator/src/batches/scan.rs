//! Reading batch files line by line, with one line in memory at a time.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::form::Form;
use super::object::LineError;
use crate::scenario::Scenario;

/// Bad lines that are told; further ones are only counted.
const TOLD_ERRORS: usize = 1000;

/// What a file asks of one model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ModelLoad {
    pub(crate) requests: u64,
    pub(crate) body_bytes: u64,
}

/// Where a good line stands in its file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) offset: u64,
    pub(crate) bytes: u32,
    /// Place among the file's requests to the same model.
    pub(crate) ordinal: u32,
}

/// A scan over the bytes of a file, in pieces of any size.
#[derive(Debug)]
pub(crate) struct Scan {
    scenario: Arc<Scenario>,
    form: Form,
    keep_entries: bool,
    partial: Vec<u8>,
    /// True while a line longer than allowed goes by.
    skipping: bool,
    line_start: u64,
    offset: u64,
    /// Lines that are not blank.
    pub(crate) lines: u64,
    line_number: u64,
    /// What the good lines ask of each model that can be called.
    pub(crate) load: BTreeMap<String, ModelLoad>,
    seen_ids: HashSet<u64>,
    /// Good lines.
    pub(crate) good: u64,
    pub(crate) errors: Vec<LineError>,
    /// Bad lines, told or not.
    pub(crate) bad: u64,
    pub(crate) entries: Vec<Entry>,
}

impl Scan {
    /// Starts a scan that counts.
    pub(crate) fn counting(scenario: Arc<Scenario>, form: Form) -> Self {
        Self {
            scenario,
            form,
            keep_entries: false,
            partial: Vec::new(),
            skipping: false,
            line_start: 0,
            offset: 0,
            lines: 0,
            line_number: 0,
            load: BTreeMap::new(),
            seen_ids: HashSet::new(),
            good: 0,
            errors: Vec::new(),
            bad: 0,
            entries: Vec::new(),
        }
    }

    /// Starts a scan that also notes where each good line stands.
    pub(crate) fn indexing(scenario: Arc<Scenario>, form: Form) -> Self {
        Self {
            keep_entries: true,
            ..Self::counting(scenario, form)
        }
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(at);
            self.end_line(line);
            self.offset += at as u64 + 1;
            self.line_start = self.offset;
            rest = after.get(1..).unwrap_or_default();
        }
        self.offset += rest.len() as u64;
        self.keep(rest);
    }

    /// Takes the end of the file.
    pub(crate) fn finish(&mut self) {
        if !self.partial.is_empty() || self.skipping {
            self.end_line(&[]);
        }
    }

    fn keep(&mut self, rest: &[u8]) {
        if self.skipping {
            return;
        }
        if self.partial.len() + rest.len() > self.scenario.limits.line_bytes {
            self.skipping = true;
            self.partial = Vec::new();
            return;
        }
        self.partial.extend_from_slice(rest);
    }

    fn end_line(&mut self, tail: &[u8]) {
        self.line_number += 1;
        self.keep(tail);
        if std::mem::take(&mut self.skipping) {
            self.lines += 1;
            let most = self.scenario.limits.line_bytes;
            self.bad_line(
                "line_too_long",
                format!("Line is longer than {most} bytes."),
                None,
            );
            return;
        }
        let line = std::mem::take(&mut self.partial);
        if !line.iter().all(u8::is_ascii_whitespace) {
            self.lines += 1;
            self.line(&line);
        }
        // The buffer is given back, so that a file costs few allocations.
        self.partial = line;
        self.partial.clear();
    }

    fn line(&mut self, bytes: &[u8]) {
        let (model, body_bytes) = match self.form.check(bytes) {
            Ok(request) => {
                let mut hasher = DefaultHasher::new();
                request.custom_id.hash(&mut hasher);
                if !self.seen_ids.insert(hasher.finish()) {
                    let message = "The custom_id of this line was used before.".to_owned();
                    self.bad_line("duplicate_custom_id", message, Some("custom_id"));
                    return;
                }
                (request.model, request.body_bytes)
            }
            Err((code, message, param)) => {
                self.bad_line(code, message, param);
                return;
            }
        };
        self.good += 1;
        let mut ordinal = 0;
        if self.scenario.model(&model).is_some() {
            let load = self.load.entry(model).or_default();
            ordinal = load.requests;
            load.requests += 1;
            load.body_bytes += body_bytes;
        }
        if self.keep_entries {
            // Line lengths and counts are bounded far below 4 billion by the limits.
            self.entries.push(Entry {
                offset: self.line_start,
                bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
                ordinal: u32::try_from(ordinal).unwrap_or(u32::MAX),
            });
        }
    }

    fn bad_line(&mut self, code: &'static str, message: String, param: Option<&'static str>) {
        self.bad += 1;
        if self.errors.len() < TOLD_ERRORS {
            self.errors.push(LineError {
                code,
                message,
                param,
                line: Some(self.line_number),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str, piece: usize, scenario: Scenario) -> Scan {
        let mut scan = Scan::indexing(Arc::new(scenario), Form::Batch);
        for bytes in text.as_bytes().chunks(piece) {
            scan.feed(bytes);
        }
        scan.finish();
        scan
    }

    #[test]
    fn good_and_bad_lines_are_found_whatever_the_pieces() {
        let good = |id: &str, model: &str| {
            format!(
                r#"{{"custom_id":"{id}","method":"POST","url":"/v1/chat/completions","body":{{"model":"{model}"}}}}"#
            )
        };
        let text = [
            good("a", "openai/gpt-oss-20b"),
            String::new(),
            good("b", "openai/gpt-oss-120b"),
            "nonsense".to_owned(),
            good("c", "openai/gpt-oss-20b").replace("POST", "GET"),
            good("d", "openai/gpt-oss-20b").replace("chat/completions", "x"),
            good("a", "openai/gpt-oss-20b"),
            good("", "m"),
            good("e", "m").replace(r#"{"model":"m"}"#, "[]"),
            format!("{}{}", good("f", "m"), " ".repeat(300)),
            good("g", "unknown"),
            good("h", "openai/gpt-oss-20b"),
        ]
        .join("\n");
        for piece in [1, 2, 7, 64, 100_000] {
            let mut scenario = Scenario::default();
            scenario.limits.line_bytes = 200;
            let scan = scan(&text, piece, scenario);
            let told: Vec<(u64, &str)> = scan
                .errors
                .iter()
                .map(|error| (error.line.unwrap_or(0), error.code))
                .collect();
            assert_eq!(
                told,
                [
                    (4, "invalid_json_line"),
                    (5, "invalid_method"),
                    (6, "invalid_url"),
                    (7, "duplicate_custom_id"),
                    (8, "invalid_custom_id"),
                    (9, "invalid_body"),
                    (10, "line_too_long"),
                ],
                "pieces of {piece}"
            );
            assert_eq!((scan.lines, scan.good, scan.bad), (11, 4, 7));
            assert_eq!(scan.load["openai/gpt-oss-20b"].requests, 2);
            assert_eq!(scan.load.len(), 2);
            let places: Vec<&str> = scan
                .entries
                .iter()
                .map(|entry| {
                    &text[entry.offset as usize..entry.offset as usize + entry.bytes as usize]
                })
                .collect();
            assert_eq!(
                places.first().copied(),
                Some(good("a", "openai/gpt-oss-20b").as_str())
            );
            assert_eq!(
                places.last().copied(),
                Some(good("h", "openai/gpt-oss-20b").as_str())
            );
            assert_eq!(scan.entries.last().map(|entry| entry.ordinal), Some(1));
        }
    }

    #[test]
    fn the_documented_error_is_reproduced() {
        let line =
            r#"{"custom_id":"x","method":"GET","url":"/v1/chat/completions","body":{"model":"m"}}"#;
        let scan = scan(line, 10, Scenario::default());
        assert_eq!(
            serde_json::to_value(&scan.errors).expect("JSON"),
            serde_json::json!([{"code": "invalid_method", "message": "Invalid value: 'GET'. Supported values are: 'POST'", "param": "method", "line": 1}])
        );
    }
}
