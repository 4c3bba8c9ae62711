//! Cuts `{"requests":[...]}` into lines, one request each, while it arrives.

/// Longest name of a key that is told; a body has only one.
const LONGEST_KEY: usize = 64;

/// Where in the document the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    /// Before a key; the flag of a list says whether it may end here.
    Key,
    InKey,
    Colon,
    List,
    Element {
        may_end: bool,
    },
    InElement,
    AfterElement,
    AfterValue,
    End,
}

/// Cuts a body into its requests and holds nothing of it. A request becomes a line as it was
/// written, without the white space between its tokens; whether it is JSON is not asked here.
#[derive(Debug)]
pub(crate) struct Splitter {
    at: At,
    key: Vec<u8>,
    seen: bool,
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Splitter {
    pub(crate) fn new() -> Self {
        Self {
            at: At::Start,
            key: Vec::new(),
            seen: false,
            depth: 0,
            in_string: false,
            escaped: false,
        }
    }

    /// Takes the next bytes of the body and appends what they complete or begin to `lines`.
    pub(crate) fn feed(&mut self, bytes: &[u8], lines: &mut Vec<u8>) -> Result<(), String> {
        for byte in bytes {
            self.step(*byte, lines)?;
        }
        Ok(())
    }

    /// Takes the end of the body.
    pub(crate) fn finish(&self) -> Result<(), String> {
        match (self.at, self.seen) {
            (At::End, true) => Ok(()),
            (At::End, false) => Err("requests: Field required".to_owned()),
            _ => Err("request body is not valid JSON: it ends too early".to_owned()),
        }
    }

    fn step(&mut self, byte: u8, lines: &mut Vec<u8>) -> Result<(), String> {
        match self.at {
            At::InElement => return self.in_element(byte, lines),
            At::InKey => return self.in_key(byte),
            _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => return Ok(()),
            _ => {}
        }
        self.at = match (self.at, byte) {
            (At::Start, b'{') | (At::AfterValue, b',') => At::Key,
            (At::Key, b'"') => At::InKey,
            (At::Key, b'}') if !self.seen => At::End,
            (At::Colon, b':') => At::List,
            (At::List, b'[') => At::Element { may_end: true },
            (At::List, _) => return Err("requests: Input should be a valid list".to_owned()),
            (At::Element { may_end: true } | At::AfterElement, b']') => At::AfterValue,
            (At::Element { .. }, b'{') => {
                lines.push(byte);
                self.depth = 1;
                At::InElement
            }
            (At::Element { .. }, _) => {
                return Err("requests: every item should be an object".to_owned());
            }
            (At::AfterElement, b',') => At::Element { may_end: false },
            (At::AfterValue, b'}') => At::End,
            (_, byte) => {
                let sign = char::from(byte);
                return Err(format!(
                    "request body is not valid JSON: unexpected {sign:?}"
                ));
            }
        };
        Ok(())
    }

    fn in_key(&mut self, byte: u8) -> Result<(), String> {
        if byte != b'"' {
            if self.key.len() < LONGEST_KEY {
                self.key.push(byte);
            }
            return Ok(());
        }
        let key = std::mem::take(&mut self.key);
        if key != b"requests" {
            let key = String::from_utf8_lossy(&key).into_owned();
            return Err(format!("{key}: Extra inputs are not permitted"));
        }
        if std::mem::replace(&mut self.seen, true) {
            return Err("requests: given twice".to_owned());
        }
        self.at = At::Colon;
        Ok(())
    }

    fn in_element(&mut self, byte: u8, lines: &mut Vec<u8>) -> Result<(), String> {
        if self.in_string {
            if byte < 0x20 {
                return Err(
                    "request body is not valid JSON: a control character in a string".to_owned(),
                );
            }
            lines.push(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                // Tokens that white space kept apart must not grow together.
                lines.push(b' ');
                return Ok(());
            }
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        lines.push(byte);
        if self.depth == 0 {
            lines.push(b'\n');
            self.at = At::AfterElement;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(body: &str, piece: usize) -> Result<String, String> {
        let mut splitter = Splitter::new();
        let mut lines = Vec::new();
        for bytes in body.as_bytes().chunks(piece) {
            splitter.feed(bytes, &mut lines)?;
        }
        splitter.finish()?;
        Ok(String::from_utf8(lines).expect("UTF-8"))
    }

    #[test]
    fn requests_become_lines_whatever_the_pieces() {
        let body =
            "{ \"requests\" :\n [ {\"a\": {\"b\":[1,\n2]}} , {\"c\":\"}],\\\"{ü\\\\\"} ] }\n";
        let expect = "{\"a\": {\"b\":[1, 2]}}\n{\"c\":\"}],\\\"{ü\\\\\"}\n";
        for piece in [1, 2, 3, 7, 1000] {
            assert_eq!(
                split(body, piece).as_deref(),
                Ok(expect),
                "pieces of {piece}"
            );
        }
        assert_eq!(split(r#"{"requests":[]}"#, 4).as_deref(), Ok(""));
    }

    #[test]
    fn other_bodies_are_refused() {
        for (body, part) in [
            ("", "ends too early"),
            ("[]", "unexpected '['"),
            ("{}", "requests: Field required"),
            (r#"{"requests":{}}"#, "valid list"),
            (r#"{"requests":[1]}"#, "should be an object"),
            (r#"{"requests":[{},]}"#, "should be an object"),
            (r#"{"requests":[{} {}]}"#, "unexpected '{'"),
            (r#"{"requests":[{}]"#, "ends too early"),
            (r#"{"requests":[{"#, "ends too early"),
            (r#"{"requests":[]} x"#, "unexpected 'x'"),
            (r#"{"requests":[],"requests":[]}"#, "given twice"),
            (r#"{"requests":[],}"#, "unexpected '}'"),
            (r#"{"model":"m"}"#, "model: Extra inputs are not permitted"),
            ("{\"requests\":[{\"a\":\"\n\"}]}", "control character"),
        ] {
            let error = split(body, 5).expect_err(body);
            assert!(error.contains(part), "{body}: {error}");
        }
    }
}
