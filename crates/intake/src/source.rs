//! Where the bytes come from, and what is unpacked on the way.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::FileError;

/// The size of the buffers before and after the decompressor.
const BUFFER_BYTES: usize = 256 << 10;

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

impl Source {
    /// What the command line says: a path, or `-` for standard input.
    pub fn from_argument(argument: &str) -> Self {
        if argument == "-" {
            Self::Stdin
        } else {
            Self::Path(PathBuf::from(argument))
        }
    }

    /// The name for messages.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Stdin => "stdin".to_owned(),
        }
    }
}

/// How far a reader is. Clones look at the same reader, from any thread.
#[derive(Debug, Clone)]
pub struct Progress {
    bytes_read: Arc<AtomicU64>,
    total_bytes: Option<u64>,
}

impl Progress {
    /// Bytes taken from the file so far, before they are unpacked.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// The size of the file; `None` for pipes.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }
}

/// How the bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Unpacked bytes.
pub(crate) struct Stream {
    pub(crate) input: Box<dyn BufRead + Send>,
    pub(crate) packing: Packing,
    pub(crate) progress: Progress,
}

/// Opens a source.
pub(crate) fn open(source: &Source) -> Result<Stream, FileError> {
    let name = source.name();
    match source {
        Source::Stdin => unpack(&name, Box::new(io::stdin()), None),
        Source::Path(path) => {
            let open = |source| FileError::Open {
                file: name.clone(),
                source,
            };
            let file = File::open(path).map_err(open)?;
            let metadata = file.metadata().map_err(open)?;
            let total_bytes = metadata.is_file().then_some(metadata.len());
            unpack(&name, Box::new(file), total_bytes)
        }
    }
}

/// Looks at the first bytes, whatever the file is called, and unpacks accordingly.
pub(crate) fn unpack(
    name: &str,
    input: Box<dyn Read + Send>,
    total_bytes: Option<u64>,
) -> Result<Stream, FileError> {
    let progress = Progress {
        bytes_read: Arc::default(),
        total_bytes,
    };
    let mut counted = Counted {
        input,
        bytes_read: Arc::clone(&progress.bytes_read),
    };
    let failed = |source| FileError::Read {
        file: name.to_owned(),
        lines: 0,
        source,
    };
    let mut magic = Vec::new();
    Read::by_ref(&mut counted)
        .take(MAGIC_BYTES)
        .read_to_end(&mut magic)
        .map_err(failed)?;
    if let Some((_, looks_like)) = FOREIGN
        .iter()
        .find(|(foreign, _)| magic.starts_with(foreign))
    {
        return Err(FileError::UnknownFormat {
            file: name.to_owned(),
            looks_like,
        });
    }
    let packing = if magic.starts_with(&[0x1f, 0x8b]) {
        Packing::Gzip
    } else if is_zstd(&magic) {
        Packing::Zstd
    } else {
        Packing::Plain
    };
    let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(magic).chain(counted));
    let input: Box<dyn BufRead + Send> = match packing {
        Packing::Plain => Box::new(whole),
        Packing::Gzip => Box::new(BufReader::with_capacity(
            BUFFER_BYTES,
            flate2::bufread::MultiGzDecoder::new(whole),
        )),
        Packing::Zstd => Box::new(BufReader::with_capacity(
            BUFFER_BYTES,
            zstd::stream::read::Decoder::with_buffer(whole).map_err(failed)?,
        )),
    };
    Ok(Stream {
        input,
        packing,
        progress,
    })
}

/// How many bytes tell what a file is.
const MAGIC_BYTES: u64 = 4;

/// Beginnings of files that are not JSON lines, and what to call them.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a zip archive"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zX", "xz data"),
    (b"PAR1", "a Parquet file"),
    (b"SQLi", "an SQLite database"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
];

/// A zstd frame, or a frame to be skipped, with which some tools begin.
fn is_zstd(magic: &[u8]) -> bool {
    match magic {
        [0x28, 0xb5, 0x2f, 0xfd] => true,
        [first, 0x2a, 0x4d, 0x18] => first & 0xf0 == 0x50,
        _ => false,
    }
}

/// Counts what is taken from a file.
struct Counted {
    input: Box<dyn Read + Send>,
    bytes_read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.bytes_read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
