//! Lines of bounded length.

use std::io::{BufRead, ErrorKind, Read, Result};

/// How much of a line that is too long is kept.
const HEAD_BYTES: usize = 1024;
/// A buffer that grew beyond this for one line is let go after it.
const BUFFER_KEPT_BYTES: usize = 1 << 20;

/// Cuts a stream into lines without ever holding more than one line of the longest length allowed.
pub(crate) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    line_bytes_max: usize,
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A line, without its end.
    Whole(&'a [u8]),
    /// A line that is too long: its beginning and its length.
    TooLong { head: &'a [u8], length_bytes: u64 },
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R, line_bytes_max: usize) -> Self {
        Self {
            input,
            line: Vec::new(),
            line_bytes_max,
        }
    }

    /// The next line; `None` at the end. After an error nothing of the unfinished line is given.
    pub(crate) fn next_line(&mut self) -> Result<Option<Line<'_>>> {
        self.line.clear();
        if self.line.capacity() > BUFFER_KEPT_BYTES {
            self.line.shrink_to(BUFFER_KEPT_BYTES);
        }
        // Room for the line feed, which does not count.
        let room = self.line_bytes_max as u64 + 1;
        let read_bytes = Read::take(&mut self.input, room).read_until(b'\n', &mut self.line)?;
        if read_bytes == 0 {
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() > self.line_bytes_max {
            let length_bytes = self.line.len() as u64 + self.skip_rest()?;
            self.line.truncate(HEAD_BYTES);
            self.line.shrink_to(BUFFER_KEPT_BYTES);
            return Ok(Some(Line::TooLong {
                head: &self.line,
                length_bytes,
            }));
        }
        Ok(Some(Line::Whole(&self.line)))
    }

    /// Skips to the end of the line; gives the bytes before it.
    fn skip_rest(&mut self) -> Result<u64> {
        let mut skipped_bytes = 0;
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = available.iter().position(|byte| *byte == b'\n');
            let bytes = end.unwrap_or(available.len());
            let is_over = end.is_some() || available.is_empty();
            self.input.consume(bytes + usize::from(end.is_some()));
            skipped_bytes += bytes as u64;
            if is_over {
                return Ok(skipped_bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    /// Reads with a small buffer, and gives lines as text and too long ones as their length.
    fn check(input: &[u8], line_bytes_max: usize, expect: &[Result<&str, u64>]) {
        for buffer_bytes in [1, 2, 3, 7, 4096] {
            let input = BufReader::with_capacity(buffer_bytes, Cursor::new(input));
            let mut lines = Lines::new(input, line_bytes_max);
            let mut found = Vec::new();
            while let Some(line) = lines.next_line().expect("reads") {
                found.push(match line {
                    Line::Whole(line) => Ok(String::from_utf8_lossy(line).into_owned()),
                    Line::TooLong { head, length_bytes } => {
                        assert!(head.len() <= HEAD_BYTES);
                        Err(length_bytes)
                    }
                });
            }
            let found: Vec<Result<&str, u64>> = found
                .iter()
                .map(|line| line.as_deref().map_err(|length| *length))
                .collect();
            assert_eq!(found, expect, "with a buffer of {buffer_bytes}");
        }
    }

    type Result<T, E> = std::result::Result<T, E>;

    #[test]
    fn lines_with_and_without_an_end() {
        check(b"", 9, &[]);
        check(b"\n", 9, &[Ok("")]);
        check(b"a", 9, &[Ok("a")]);
        check(b"a\nb\n", 9, &[Ok("a"), Ok("b")]);
        check(b"a\n\nb", 9, &[Ok("a"), Ok(""), Ok("b")]);
    }

    #[test]
    fn the_longest_line_allowed_passes_and_one_byte_more_does_not() {
        check(b"1234\n12345\n1\n", 4, &[Ok("1234"), Err(5), Ok("1")]);
        check(b"1234", 4, &[Ok("1234")]);
        check(b"12345", 4, &[Err(5)]);
        check(b"123456789012345\n\n", 4, &[Err(15), Ok("")]);
    }

    #[test]
    fn a_line_beyond_all_measure_takes_no_memory() {
        let length_bytes: u64 = 200 << 20;
        let input = std::io::Read::take(std::io::repeat(b'x'), length_bytes);
        let mut lines = Lines::new(BufReader::new(input), 64 << 10);
        match lines.next_line().expect("reads") {
            Some(Line::TooLong {
                head,
                length_bytes: found,
            }) => {
                assert_eq!(found, length_bytes);
                assert!(head.len() <= HEAD_BYTES);
            }
            other => panic!("{other:?}"),
        }
        assert!(lines.line.capacity() <= BUFFER_KEPT_BYTES);
    }
}
