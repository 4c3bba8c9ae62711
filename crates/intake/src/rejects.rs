//! Rejected lines, kept for whoever can mend them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{FileError, LineError};

/// Writes rejected lines as JSON lines: `{file, line, field, kind, reason, excerpt}`.
///
/// The file is made at the first rejected line, in place of an older one of that name.
pub struct RejectsWriter {
    path: PathBuf,
    output: Option<BufWriter<File>>,
    count: u64,
}

impl RejectsWriter {
    /// Will write to `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            output: None,
            count: 0,
        }
    }

    /// Where the lines go.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many were written.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Writes one rejected line.
    pub fn write(&mut self, error: &LineError) -> Result<(), FileError> {
        self.try_write(error).map_err(|source| self.failed(source))
    }

    /// Writes out what is still in the buffer; gives the number of rejected lines. Call it at the
    /// end: dropping the writer cannot tell of a full disk.
    pub fn finish(mut self) -> Result<u64, FileError> {
        let flushed = self.output.as_mut().map_or(Ok(()), BufWriter::flush);
        flushed.map_err(|source| self.failed(source))?;
        Ok(self.count)
    }

    fn try_write(&mut self, error: &LineError) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(error)?;
        line.push(b'\n');
        let output = match &mut self.output {
            Some(output) => output,
            empty => empty.insert(BufWriter::new(File::create(&self.path)?)),
        };
        output.write_all(&line)?;
        self.count += 1;
        Ok(())
    }

    fn failed(&self, source: std::io::Error) -> FileError {
        FileError::Rejects {
            file: self.path.display().to_string(),
            source,
        }
    }
}
