//! Shards on this machine's disk: input, results as they come, and how it ended.
//!
//! One folder for each shard, named after its token: `input.jsonl` as a host with a Batch API would get
//! it; `batch.json`, written when the batch is created; `results.jsonl`, only ever appended to, each
//! page of lines on the disk before it counts; `end.json`, written last. A line of results is
//! `{"custom_id","latency_ms","response":{"status_code","body"}}`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ledger::BatchError;

/// The version of the files in a folder.
const VERSION: u32 = 1;

/// The folders of one provider's shards.
#[derive(Debug, Clone)]
pub(super) struct Spool {
    root: PathBuf,
}

/// The folder of one shard.
#[derive(Debug, Clone)]
pub(super) struct ShardFolder {
    path: PathBuf,
}

/// `batch.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BatchFile {
    version: u32,
    pub(super) token: String,
    pub(super) requests: u64,
    pub(super) created_at: Timestamp,
}

/// `end.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EndFile {
    version: u32,
    pub(super) status: EndStatus,
    pub(super) errors: Vec<BatchError>,
    pub(super) completed: u64,
    pub(super) failed: u64,
}

/// How a shard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum EndStatus {
    /// Every request has a line.
    Completed,
    /// The host refuses key, model or address; what had been asked before has its lines.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl BatchFile {
    pub(super) fn new(token: &str, requests: u64, created_at: Timestamp) -> BatchFile {
        BatchFile {
            version: VERSION,
            token: token.to_owned(),
            requests,
            created_at,
        }
    }
}

impl EndFile {
    pub(super) fn new(
        status: EndStatus,
        errors: Vec<BatchError>,
        completed: u64,
        failed: u64,
    ) -> EndFile {
        EndFile {
            version: VERSION,
            status,
            errors,
            completed,
            failed,
        }
    }
}

impl Spool {
    pub(super) fn new(root: PathBuf) -> Spool {
        Spool { root }
    }

    /// The folder of a shard; `None` for a name that is none of ours and could lead elsewhere.
    pub(super) fn folder(&self, token: &str) -> Option<ShardFolder> {
        let is_plain = !token.is_empty()
            && token.len() <= 128
            && token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        is_plain.then(|| ShardFolder {
            path: self.root.join(token),
        })
    }

    /// The folders there are.
    pub(super) fn folders(&self) -> io::Result<Vec<ShardFolder>> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut folders = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            if let Some(folder) = name.to_str().and_then(|name| self.folder(name)) {
                folders.push(folder);
            }
        }
        Ok(folders)
    }
}

impl ShardFolder {
    /// Makes the folder, for its owner's eyes only.
    pub(super) fn make(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path)
    }

    pub(super) fn input(&self) -> PathBuf {
        self.path.join("input.jsonl")
    }

    pub(super) fn results(&self) -> PathBuf {
        self.path.join("results.jsonl")
    }

    /// Where the input is written before it is whole.
    pub(super) fn unfinished_input(&self) -> PathBuf {
        self.path.join("input.jsonl.part")
    }

    /// Gives the whole input its name.
    pub(super) fn finish_input(&self) -> io::Result<()> {
        fs::rename(self.unfinished_input(), self.input())?;
        self.sync()
    }

    pub(super) fn input_bytes(&self) -> Option<u64> {
        fs::metadata(self.input()).ok().map(|meta| meta.len())
    }

    pub(super) fn batch(&self) -> io::Result<Option<BatchFile>> {
        let batch: Option<BatchFile> = read_json(&self.path.join("batch.json"))?;
        batch
            .map(|batch| versioned(batch.version, batch))
            .transpose()
    }

    pub(super) fn write_batch(&self, batch: &BatchFile) -> io::Result<()> {
        self.write_json("batch.json", batch)
    }

    pub(super) fn end(&self) -> io::Result<Option<EndFile>> {
        let end: Option<EndFile> = read_json(&self.path.join("end.json"))?;
        end.map(|end| versioned(end.version, end)).transpose()
    }

    pub(super) fn write_end(&self, end: &EndFile) -> io::Result<()> {
        self.write_json("end.json", end)
    }

    /// Removes the folder; one that is gone counts as removed.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Opens the results for appending. `None` while another process holds them.
    pub(super) fn open_results(&self) -> io::Result<Option<ResultFile>> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(self.results())?;
        match file.try_lock() {
            Ok(()) => Ok(Some(ResultFile { file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Writes a file that is there whole or not at all.
    fn write_json(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let part = self.path.join(format!("{name}.part"));
        let mut file = File::create(&part)?;
        serde_json::to_writer(&mut file, value)?;
        file.sync_all()?;
        fs::rename(part, self.path.join(name))?;
        self.sync()
    }

    /// Brings the names in the folder to the disk, where the system can.
    fn sync(&self) -> io::Result<()> {
        if cfg!(unix) {
            File::open(&self.path)?.sync_all()?;
        }
        Ok(())
    }
}

/// Refuses files of a later version.
fn versioned<T>(version: u32, value: T) -> io::Result<T> {
    if version == VERSION {
        return Ok(value);
    }
    Err(io::Error::other(format!(
        "the spool was written by another version: {version} instead of {VERSION}"
    )))
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// `results.jsonl`, held by one process at a time.
#[derive(Debug)]
pub(super) struct ResultFile {
    file: File,
}

impl ResultFile {
    /// Reads the whole lines, and cuts off what a killed process left of one.
    pub(super) fn take_up(&mut self, mut visit: impl FnMut(&[u8])) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut whole_bytes = 0;
        let mut line = Vec::new();
        let mut reader = BufReader::new(&self.file);
        loop {
            line.clear();
            let read = reader.by_ref().read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                break;
            }
            whole_bytes += read as u64;
            visit(&line);
        }
        self.file.set_len(whole_bytes)?;
        self.file.seek(SeekFrom::Start(whole_bytes))?;
        Ok(())
    }

    /// Appends lines; they are on the disk when this returns.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.write_all(lines)?;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, ShardFolder) {
        let root = tempfile::tempdir().unwrap();
        let folder = Spool::new(root.path().to_owned()).folder("run1-a").unwrap();
        folder.make().unwrap();
        (root, folder)
    }

    #[test]
    fn names_lead_nowhere_else() {
        let spool = Spool::new(PathBuf::from("root"));
        for wrong in ["", "..", "a/b", "a.b", "a\\b", &"x".repeat(200)] {
            assert!(spool.folder(wrong).is_none(), "{wrong}");
        }
        assert!(spool.folder("run12-0af").is_some());
        assert!(spool.folders().unwrap().is_empty());
    }

    #[test]
    fn half_a_line_is_cut_off_and_written_anew() {
        let (_root, folder) = folder();
        fs::write(folder.results(), "one\ntwo\nthr").unwrap();
        let mut results = folder.open_results().unwrap().unwrap();
        assert!(folder.open_results().unwrap().is_none(), "held");
        let mut lines = Vec::new();
        results
            .take_up(|line| lines.push(String::from_utf8(line.to_vec()).unwrap()))
            .unwrap();
        assert_eq!(lines, ["one\n", "two\n"]);
        results.append(b"three\n").unwrap();
        assert_eq!(
            fs::read_to_string(folder.results()).unwrap(),
            "one\ntwo\nthree\n"
        );
        drop(results);
        assert!(folder.open_results().unwrap().is_some(), "let go");
    }

    /// Files of this version as they were first written; later versions must read them.
    #[test]
    fn files_of_version_1_are_read() {
        let (_root, folder) = folder();
        assert_eq!(folder.batch().unwrap(), None);
        let batch =
            r#"{"version":1,"token":"run1-a","requests":7,"created_at":"2026-11-24T10:00:00Z"}"#;
        fs::write(folder.path.join("batch.json"), batch).unwrap();
        let end = r#"{"version":1,"status":"failed","errors":[{"code":"invalid_api_key","message":"no","line":null}],"completed":3,"failed":1}"#;
        fs::write(folder.path.join("end.json"), end).unwrap();
        let read = folder.batch().unwrap().unwrap();
        assert_eq!((read.token.as_str(), read.requests), ("run1-a", 7));
        let ended = folder.end().unwrap().unwrap();
        assert_eq!((ended.status, ended.completed), (EndStatus::Failed, 3));
        // What is written is what is read.
        folder.write_batch(&read).unwrap();
        folder.write_end(&ended).unwrap();
        assert_eq!(
            fs::read_to_string(folder.path.join("batch.json")).unwrap(),
            batch
        );
        assert_eq!(
            fs::read_to_string(folder.path.join("end.json")).unwrap(),
            end
        );
        fs::write(
            folder.path.join("end.json"),
            end.replace(":1,\"s", ":2,\"s"),
        )
        .unwrap();
        assert!(folder.end().is_err());
        folder.remove().unwrap();
        folder.remove().unwrap();
    }
}
