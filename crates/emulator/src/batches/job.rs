//! The work on a batch's requests: read, answer, log, write, a chunk at a time.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::form::Form;
use super::object::Counts;
use super::scan::{Entry, Scan};
use super::{lines, message_lines};
use crate::chat::{Completer, Outcome, Place};
use crate::dialect::Dialect;
use crate::log::{Log, LogRecord};
use crate::scenario::{Fault, Scenario};

/// Bytes read at once while a file is scanned.
const SCAN_BYTES: usize = 256 * 1024;

/// Bytes of result lines that are kept before they are written.
const PAGE_BYTES: usize = 1024 * 1024;

/// Lines that are not written yet.
#[derive(Debug, Default)]
struct Page {
    output: Vec<u8>,
    errors: Vec<u8>,
    records: Vec<LogRecord>,
}

/// What a job needs to know of its batch.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) batch_id: String,
    pub(crate) batch_number: u64,
    pub(crate) form: Form,
    pub(crate) input: PathBuf,
    pub(crate) output: PathBuf,
    pub(crate) errors: PathBuf,
    pub(crate) first_ordinals: std::collections::BTreeMap<String, u64>,
    /// A fault that every request has.
    pub(crate) forced: Option<Fault>,
}

/// The work on one batch. Holds the places of its lines (16 bytes each) and one line.
pub(crate) struct Job {
    task: Task,
    completer: Arc<Completer>,
    log: Arc<Log>,
    input: File,
    output: Sink,
    errors: Sink,
    /// Good lines in the order in which they are answered, which is not the file's.
    order: Vec<Entry>,
    next: usize,
    pub(crate) counts: Counts,
}

/// Why requests that were never reached have lines.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unreached {
    Expired,
    Cancelled,
}

impl Job {
    /// Reads the whole input once; returns what was found, and the job if there is one to do.
    pub(crate) fn open(
        task: Task,
        completer: Arc<Completer>,
        log: Arc<Log>,
    ) -> io::Result<(Scan, Self)> {
        let mut input = File::open(&task.input)?;
        let mut scan = scan_file(
            &mut input,
            Arc::clone(&completer.scenario),
            task.form.clone(),
        )?;
        let mut order = std::mem::take(&mut scan.entries);
        completer
            .draws
            .shuffle("order", task.batch_number, &mut order);
        let output = Sink::new(task.output.clone());
        let errors = Sink::new(task.errors.clone());
        let counts = Counts {
            total: scan.good,
            ..Counts::default()
        };
        Ok((
            scan,
            Self {
                task,
                completer,
                log,
                input,
                output,
                errors,
                order,
                next: 0,
                counts,
            },
        ))
    }

    /// Requests that were answered so far.
    pub(crate) fn done(&self) -> usize {
        self.next
    }

    /// Requests of the whole batch.
    pub(crate) fn total(&self) -> usize {
        self.order.len()
    }

    /// Answers requests up to a number. The log is written before the result files.
    pub(crate) fn work(&mut self, until: usize) -> io::Result<()> {
        let mut page = Page::default();
        while self.next < until {
            let Some(entry) = self.order.get(self.next).copied() else {
                break;
            };
            let (custom_id, body) = self.read(entry)?;
            let model = body
                .get("model")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let first = self.task.first_ordinals.get(model).copied().unwrap_or(0);
            let place = Place {
                dialect: self.task.form.dialect(),
                batch: Some(self.task.batch_number),
                custom_id: Some(&custom_id),
                ordinal: first + u64::from(entry.ordinal),
                forced: self.task.forced,
            };
            let outcome = self.completer.complete(&body, place);
            let ids = &self.completer.ids;
            let written = match self.task.form.dialect() {
                Dialect::Anthropic => message_lines::write(&custom_id, &outcome, ids),
                dialect => lines::write(&custom_id, &outcome, ids, dialect),
            };
            if written.completed {
                self.counts.completed += 1;
            } else {
                self.counts.failed += 1;
            }
            page.output.extend_from_slice(&written.output);
            page.errors.extend_from_slice(&written.errors);
            self.note(&mut page.records, custom_id, outcome, written.twice);
            self.next += 1;
            if page.output.len() + page.errors.len() > PAGE_BYTES {
                self.turn(std::mem::take(&mut page))?;
            }
        }
        self.turn(page)
    }

    /// Writes a page out.
    fn turn(&mut self, page: Page) -> io::Result<()> {
        self.log.append(page.records)?;
        self.output.write(&page.output)?;
        self.errors.write(&page.errors)
    }

    /// Writes a line for each request that was never reached.
    pub(crate) fn write_unreached(&mut self, why: Unreached) -> io::Result<()> {
        while let Some(entry) = self.order.get(self.next).copied() {
            let (custom_id, _) = self.read(entry)?;
            let mut bytes = Vec::new();
            if self.task.form == Form::Messages {
                lines::push(&mut bytes, &message_lines::unreached(&custom_id, why));
                self.output.write(&bytes)?;
            } else {
                let line_id = self.completer.ids.next("batch_req_out_");
                let line = match why {
                    Unreached::Expired => lines::expired_line(&line_id, &custom_id),
                    Unreached::Cancelled => lines::cancelled_line(&line_id, &custom_id),
                };
                lines::push(&mut bytes, &line);
                self.errors.write(&bytes)?;
            }
            self.counts.failed += 1;
            self.counts.unreached += 1;
            self.next += 1;
        }
        Ok(())
    }

    /// Closes the result files; returns the bytes of the output and of the error file, where there
    /// are any.
    pub(crate) fn close(self) -> io::Result<(Option<u64>, Option<u64>)> {
        Ok((self.output.close()?, self.errors.close()?))
    }

    fn read(&mut self, entry: Entry) -> io::Result<(String, Value)> {
        self.input.seek(SeekFrom::Start(entry.offset))?;
        let mut bytes = vec![0; entry.bytes as usize];
        self.input.read_exact(&mut bytes)?;
        Ok(self.task.form.read(&bytes)?)
    }

    fn note(&self, records: &mut Vec<LogRecord>, custom_id: String, outcome: Outcome, twice: bool) {
        let Some(billed) = outcome.billed else { return };
        let record = LogRecord {
            batch_id: Some(self.task.batch_id.clone()),
            custom_id: Some(custom_id),
            model: billed.model,
            outcome: billed.outcome.to_owned(),
            prompt_tokens: billed.prompt_tokens,
            completion_tokens: billed.completion_tokens,
        };
        if twice {
            records.push(record.clone());
            records.push(LogRecord {
                outcome: "duplicate".to_owned(),
                ..record
            });
        } else {
            records.push(record);
        }
    }
}

/// Scans a whole file for the places of its good lines.
fn scan_file(input: &mut File, scenario: Arc<Scenario>, form: Form) -> io::Result<Scan> {
    feed(input, Scan::indexing(scenario, form))
}

/// Scans a whole file for what it asks of each model.
pub(crate) fn count_file(path: &Path, scenario: Arc<Scenario>, form: Form) -> io::Result<Scan> {
    feed(&mut File::open(path)?, Scan::counting(scenario, form))
}

fn feed(input: &mut File, mut scan: Scan) -> io::Result<Scan> {
    let mut buffer = vec![0; SCAN_BYTES];
    loop {
        let read = input.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        scan.feed(buffer.get(..read).unwrap_or_default());
    }
    scan.finish();
    Ok(scan)
}

/// A result file that exists only once something is written to it.
#[derive(Debug)]
struct Sink {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    bytes: u64,
}

impl Sink {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            bytes: 0,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(BufWriter::new(File::create(&self.path)?)),
        };
        file.write_all(bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn close(self) -> io::Result<Option<u64>> {
        let Some(mut file) = self.file else {
            return Ok(None);
        };
        file.flush()?;
        Ok(Some(self.bytes))
    }
}
