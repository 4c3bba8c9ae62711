//! A shard's input file, rendered from the ledger a page at a time, the same bytes each time.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::ledger::{Ledger, Shard, ShardId};
use crate::provider::{InputSource, LineFrame};

/// Requests rendered at a time.
const PAGE: usize = 100;

/// The input file of a shard.
pub(super) struct ShardInput {
    ledger: Arc<dyn Ledger>,
    shard: ShardId,
    length_bytes: u64,
    frame: Arc<LineFrame>,
    hash: Arc<Mutex<String>>,
}

impl ShardInput {
    pub(super) fn new(ledger: Arc<dyn Ledger>, shard: &Shard, frame: LineFrame) -> ShardInput {
        ShardInput {
            ledger,
            shard: shard.id,
            length_bytes: shard.input_bytes,
            frame: Arc::new(frame),
            hash: Arc::new(Mutex::new(String::new())),
        }
    }

    /// BLAKE3 of the bytes, after a stream was read to its end.
    pub(super) fn hash(&self) -> String {
        self.hash
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

struct Reading {
    ledger: Arc<dyn Ledger>,
    shard: ShardId,
    frame: Arc<LineFrame>,
    after: Option<u64>,
    hasher: blake3::Hasher,
    hash: Arc<Mutex<String>>,
}

impl Reading {
    fn next_page(&mut self) -> io::Result<Option<Bytes>> {
        let requests = self
            .ledger
            .shard_requests(self.shard, self.after, PAGE)
            .map_err(io::Error::other)?;
        let Some(last) = requests.last() else {
            *self.hash.lock().unwrap_or_else(PoisonError::into_inner) =
                self.hasher.finalize().to_hex().to_string();
            return Ok(None);
        };
        self.after = Some(last.seq);
        let mut page = Vec::new();
        for request in &requests {
            self.frame
                .render(&request.custom_id, &request.payload, &mut page);
        }
        self.hasher.update(&page);
        Ok(Some(Bytes::from(page)))
    }
}

impl InputSource for ShardInput {
    fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    fn open(&self) -> BoxStream<'static, io::Result<Bytes>> {
        let reading = Reading {
            ledger: Arc::clone(&self.ledger),
            shard: self.shard,
            frame: Arc::clone(&self.frame),
            after: None,
            hasher: blake3::Hasher::new(),
            hash: Arc::clone(&self.hash),
        };
        stream::unfold(Some(reading), |reading| async {
            let mut reading = reading?;
            match reading.next_page() {
                Ok(Some(page)) => Some((Ok(page), Some(reading))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }
}
