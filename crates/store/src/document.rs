//! Text at rest: zstd-compressed JSON with a format number beside it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, get_frame_content_size};

use crate::error::BoxError;

/// The format written here. 1: one zstd frame with a checksum, holding JSON.
pub(crate) const FORMAT: i64 = 1;
/// The level of compression: a level more costs a third of the speed for 2 % of the size.
const LEVEL: i32 = 3;
/// The largest document that is read back: a damaged header must not ask for all memory.
const DOCUMENT_BYTES_MAX: u64 = 1 << 30;

/// Packs documents. Keeps its buffers between calls.
pub(crate) struct Packer {
    compressor: Compressor<'static>,
}

impl Packer {
    pub(crate) fn new() -> std::io::Result<Self> {
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        Ok(Self { compressor })
    }

    /// Compresses JSON.
    pub(crate) fn pack(&mut self, json: &[u8]) -> std::io::Result<Vec<u8>> {
        self.compressor.compress(json)
    }
}

/// Unpacks documents. Keeps its buffers between calls.
pub(crate) struct Unpacker {
    decompressor: Decompressor<'static>,
    json: Vec<u8>,
}

impl Unpacker {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            decompressor: Decompressor::new()?,
            json: Vec::new(),
        })
    }

    /// Reads a document of any format known here.
    pub(crate) fn unpack<T: DeserializeOwned>(
        &mut self,
        format: i64,
        data: &[u8],
    ) -> Result<T, BoxError> {
        if format != FORMAT {
            return Err(format!("a document has format {format}, known is {FORMAT}").into());
        }
        let size_bytes = get_frame_content_size(data)
            .map_err(|_| "a document is not a zstd frame")?
            .ok_or("a document does not say how long it is")?;
        if size_bytes > DOCUMENT_BYTES_MAX {
            return Err(format!("a document claims to be {size_bytes} bytes long").into());
        }
        self.json.clear();
        self.json.reserve(size_bytes as usize);
        self.decompressor
            .decompress_to_buffer(data, &mut self.json)?;
        Ok(serde_json::from_slice(&self.json)?)
    }
}

/// The JSON of a value as it is stored.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, BoxError> {
    Ok(serde_json::to_vec(value)?)
}

/// The hash by which a document is known to be the same.
pub(crate) fn document_hash(json: &[u8]) -> [u8; 16] {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(json).as_bytes()[..16]);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        let json = to_json(&vec!["text"; 500]).expect("serialises");
        let packed = Packer::new()
            .and_then(|mut packer| packer.pack(&json))
            .expect("packs");
        assert!(packed.len() < json.len() / 10);
        let mut unpacker = Unpacker::new().expect("an unpacker");
        let back: Vec<String> = unpacker.unpack(FORMAT, &packed).expect("unpacks");
        assert_eq!(back, vec!["text"; 500]);
    }

    #[test]
    fn damage_is_an_error() {
        const TEXT: &str = "a text that is long enough to have a middle";
        let json = to_json(&TEXT).expect("serialises");
        let packed = Packer::new()
            .and_then(|mut packer| packer.pack(&json))
            .expect("packs");
        let mut unpacker = Unpacker::new().expect("an unpacker");
        // One bit of the header has no meaning: its damage may pass, a wrong text may not.
        let mut passed = 0;
        for position in 0..packed.len() {
            let mut damaged = packed.clone();
            damaged[position] ^= 0x10;
            if let Ok(text) = unpacker.unpack::<String>(FORMAT, &damaged) {
                assert_eq!(text, TEXT, "byte {position}");
                passed += 1;
            }
        }
        assert!(passed <= 1, "{passed} damaged documents passed");
        assert!(unpacker.unpack::<String>(FORMAT, &packed[..9]).is_err());
        assert!(unpacker.unpack::<String>(FORMAT, b"").is_err());
        assert!(unpacker.unpack::<String>(FORMAT + 1, &packed).is_err());
    }
}
