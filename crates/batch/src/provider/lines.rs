//! Cuts a byte stream into lines with bounded memory.

use std::mem;

/// The longest line of a result file that is read. An answer of 131,072 tokens stays far below.
pub(super) const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;

/// A line, or the place of one that was too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A line without its line break.
    Line(Vec<u8>),
    /// A line that was skipped because it was longer than the limit.
    TooLong,
}

/// Cuts chunks into lines. A last line without a line break counts.
#[derive(Debug)]
pub(super) struct LineCutter {
    limit_bytes: usize,
    partial: Vec<u8>,
    skipping: bool,
}

impl LineCutter {
    pub(super) fn new(limit_bytes: usize) -> LineCutter {
        LineCutter {
            limit_bytes,
            partial: Vec::new(),
            skipping: false,
        }
    }

    /// The lines that end in this chunk.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Vec<Cut> {
        let mut cuts = Vec::new();
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            self.extend(line);
            cuts.push(self.take());
            rest = after.get(1..).unwrap_or_default();
        }
        self.extend(rest);
        cuts
    }

    /// The last line, where it had no line break.
    pub(super) fn finish(&mut self) -> Option<Cut> {
        (self.skipping || !self.partial.is_empty()).then(|| self.take())
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.skipping || self.partial.len() + bytes.len() > self.limit_bytes {
            self.skipping = true;
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }

    fn take(&mut self) -> Cut {
        if mem::take(&mut self.skipping) {
            Cut::TooLong
        } else {
            Cut::Line(mem::take(&mut self.partial))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut_all(chunks: &[&[u8]], limit_bytes: usize) -> Vec<Cut> {
        let mut cutter = LineCutter::new(limit_bytes);
        let mut cuts: Vec<Cut> = chunks.iter().flat_map(|chunk| cutter.push(chunk)).collect();
        cuts.extend(cutter.finish());
        cuts
    }

    #[test]
    fn long_lines_are_skipped_alone() {
        let cuts = cut_all(&[b"ab", b"cdefg", b"h\nok\n", b"toolong"], 4);
        assert_eq!(
            cuts,
            [Cut::TooLong, Cut::Line(b"ok".to_vec()), Cut::TooLong]
        );
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in "[ab\n]{0,60}", at in 0_usize..60) {
            let bytes = text.as_bytes();
            let (left, right) = bytes.split_at(at.min(bytes.len()));
            prop_assert_eq!(cut_all(&[left, right], 1000), cut_all(&[bytes], 1000));
            let lines: Vec<Cut> = text.lines().map(|line| Cut::Line(line.as_bytes().to_vec())).collect();
            prop_assert_eq!(cut_all(&[bytes], 1000), lines);
        }
    }
}
