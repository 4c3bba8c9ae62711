//! JSON values cut out of a stream, wherever lines end.

use std::io::{BufRead, ErrorKind, Result};

/// How much of a value that is too long is kept.
const HEAD_BYTES: usize = 1024;
/// A buffer that grew beyond this for one value is let go after it.
const BUFFER_KEPT_BYTES: usize = 1 << 20;

/// What a top-level array is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrays {
    /// A list of values, each given alone. Several arrays one after the other are one list, as some
    /// tools write the pages of one.
    AreLists,
    /// A value as others are.
    AreValues,
}

/// Cuts a stream into JSON values by their brackets, without holding more than one of the longest
/// length allowed. Values that are not JSON are cut somehow and are for the parser to refuse.
pub(crate) struct Values<R> {
    input: R,
    arrays: Arrays,
    value: Vec<u8>,
    value_bytes_max: usize,
    line: u64,
    is_in_list: bool,
}

/// What was read, and the line on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A value.
    Whole { line: u64, bytes: &'a [u8] },
    /// A value that is too long: its beginning and its length.
    TooLong {
        line: u64,
        head: &'a [u8],
        length_bytes: u64,
    },
}

/// Where in a value the cutter is.
#[derive(Debug, Default)]
struct Inside {
    depth: u64,
    is_in_string: bool,
    is_escaped: bool,
}

impl Inside {
    /// Takes a byte of a bracketed value; true when it is the last.
    fn is_over_after(&mut self, byte: u8) -> bool {
        if self.is_in_string {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.is_in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.is_in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.depth == 0
    }
}

impl<R: BufRead> Values<R> {
    pub(crate) fn new(input: R, arrays: Arrays, value_bytes_max: usize) -> Self {
        Self {
            input,
            arrays,
            value: Vec::new(),
            value_bytes_max,
            line: 1,
            is_in_list: false,
        }
    }

    /// Lines read to their end so far.
    pub(crate) fn lines(&self) -> u64 {
        self.line - 1
    }

    /// The next value; `None` at the end.
    pub(crate) fn next_value(&mut self) -> Result<Option<Value<'_>>> {
        self.value.clear();
        if self.value.capacity() > BUFFER_KEPT_BYTES {
            self.value.shrink_to(BUFFER_KEPT_BYTES);
        }
        let Some(first) = self.skip_to_value()? else {
            return Ok(None);
        };
        let line = self.line;
        let length_bytes = if matches!(first, b'{' | b'[') {
            self.take_bracketed()?
        } else {
            self.take_bare()?
        };
        if length_bytes > self.value_bytes_max as u64 {
            self.value.truncate(HEAD_BYTES);
            return Ok(Some(Value::TooLong {
                line,
                head: &self.value,
                length_bytes,
            }));
        }
        Ok(Some(Value::Whole {
            line,
            bytes: &self.value,
        }))
    }

    /// Skips what stands between values; gives the first byte of the next one, which is not taken.
    fn skip_to_value(&mut self) -> Result<Option<u8>> {
        loop {
            let Some(byte) = self.peek()? else {
                return Ok(None);
            };
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                b',' if self.is_in_list => {}
                b']' if self.is_in_list => self.is_in_list = false,
                b'[' if !self.is_in_list && self.arrays == Arrays::AreLists => {
                    self.is_in_list = true;
                }
                other => return Ok(Some(other)),
            }
            self.input.consume(1);
        }
    }

    /// Takes a value that begins with a bracket; gives its length.
    fn take_bracketed(&mut self) -> Result<u64> {
        let mut inside = Inside::default();
        let mut length_bytes: u64 = 0;
        loop {
            let Some(chunk) = fill(&mut self.input)? else {
                return Ok(length_bytes);
            };
            let mut taken = 0;
            let mut is_over = false;
            for byte in chunk {
                taken += 1;
                self.line += u64::from(*byte == b'\n');
                if inside.is_over_after(*byte) {
                    is_over = true;
                    break;
                }
            }
            length_bytes += taken as u64;
            keep(&mut self.value, self.value_bytes_max, chunk.get(..taken));
            self.input.consume(taken);
            if is_over {
                return Ok(length_bytes);
            }
        }
    }

    /// Takes anything else, up to what may stand between values; gives its length.
    fn take_bare(&mut self) -> Result<u64> {
        let is_in_list = self.is_in_list;
        let is_end = |byte: u8| match byte {
            b'\n' | b'{' | b'[' => true,
            b',' | b']' => is_in_list,
            _ => false,
        };
        let mut length_bytes: u64 = 0;
        loop {
            let Some(chunk) = fill(&mut self.input)? else {
                return Ok(length_bytes);
            };
            let end = chunk.iter().position(|byte| is_end(*byte));
            let taken = end.unwrap_or(chunk.len());
            length_bytes += taken as u64;
            keep(&mut self.value, self.value_bytes_max, chunk.get(..taken));
            self.input.consume(taken);
            if end.is_some() {
                return Ok(length_bytes);
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        Ok(fill(&mut self.input)?.and_then(|chunk| chunk.first().copied()))
    }
}

/// The bytes at hand; `None` at the end.
fn fill(input: &mut impl BufRead) -> Result<Option<&[u8]>> {
    // Asked again below: the borrow of a first answer could not be given on from a loop.
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let chunk = input.fill_buf()?;
    Ok((!chunk.is_empty()).then_some(chunk))
}

/// Keeps bytes, but not many more than allowed: whether a value is too long is known by its length.
fn keep(value: &mut Vec<u8>, most: usize, bytes: Option<&[u8]>) {
    let room = most.max(HEAD_BYTES).saturating_sub(value.len());
    let bytes = bytes.unwrap_or_default();
    value.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    fn cut(text: &str, arrays: Arrays, most: usize) -> Vec<(u64, String)> {
        let mut all: Option<Vec<(u64, String)>> = None;
        for buffer_bytes in [1, 2, 3, 7, 4096] {
            let input = BufReader::with_capacity(buffer_bytes, Cursor::new(text.as_bytes()));
            let mut values = Values::new(input, arrays, most);
            let mut found = Vec::new();
            while let Some(value) = values.next_value().expect("reads") {
                found.push(match value {
                    Value::Whole { line, bytes } => {
                        (line, String::from_utf8_lossy(bytes).into_owned())
                    }
                    Value::TooLong {
                        line, length_bytes, ..
                    } => (line, format!("too long: {length_bytes}")),
                });
            }
            assert!(all.as_ref().is_none_or(|all| *all == found), "{text}");
            all = Some(found);
        }
        all.unwrap_or_default()
    }

    fn check(text: &str, expect: &[(u64, &str)]) {
        let found = cut(text, Arrays::AreLists, 99);
        let found: Vec<(u64, &str)> = found
            .iter()
            .map(|(line, text)| (*line, text.as_str()))
            .collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn lists_objects_and_pages_are_cut() {
        check("", &[]);
        check("[]", &[]);
        check("[1,2]", &[(1, "1"), (1, "2")]);
        check(
            "[\n {\"a\": 1},\n {\"a\": [2, {}]}\n]",
            &[(2, "{\"a\": 1}"), (3, "{\"a\": [2, {}]}")],
        );
        check("[{}][{\"b\":1}]\n[]", &[(1, "{}"), (1, "{\"b\":1}")]);
        check("{\n\"a\":\n1}\n{}", &[(1, "{\n\"a\":\n1}"), (4, "{}")]);
        check(
            r#"[{"a":"]}\\\"["},{}]"#,
            &[(1, r#"{"a":"]}\\\"["}"#), (1, "{}")],
        );
        assert_eq!(
            cut("[1]\n[{}]", Arrays::AreValues, 99),
            [(1, "[1]".to_owned()), (2, "[{}]".to_owned())]
        );
    }

    #[test]
    fn what_is_no_json_is_cut_somehow() {
        check("[{]}, {}]", &[(1, "{]"), (1, "}"), (1, "{}")]);
        check("nonsense\n{}", &[(1, "nonsense"), (2, "{}")]);
        check("[{\"a\": ", &[(1, "{\"a\": ")]);
        check("}}", &[(1, "}}")]);
        check("[{\"a", &[(1, "{\"a")]);
    }

    #[test]
    fn a_value_beyond_measure_is_passed_over() {
        let text = format!("[{{\"a\":\"{}\"}},{{}}]", "x".repeat(5_000));
        assert_eq!(
            cut(&text, Arrays::AreLists, 40),
            [(1, "too long: 5008".to_owned()), (1, "{}".to_owned())]
        );
    }
}
