//! Splits a client's bytes into JSON texts as QEMU does: a text ends when its braces close; line
//! ends have no meaning.

/// Maximum length of a text in bytes; a model with every property set needs a third of it.
pub(super) const MAX_LENGTH: usize = 64 << 10;
/// Maximum nesting depth; requests have four levels, and an `id` may have its own.
pub(super) const MAX_DEPTH: usize = 100;

/// Parser state between the bytes so far and the next text.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The text so far in one line: every white space outside of strings is a space.
    text: Vec<u8>,
    depth: usize,
    state: FrameState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum FrameState {
    /// After a text.
    #[default]
    Between,
    /// In braces or brackets.
    Inside,
    /// In a number or a name that stands alone.
    Word,
    InString,
    /// After a backslash in a string.
    Escaped,
    /// After a stray byte: skips to the end of the line, or to the closing brace.
    Recovering,
}

/// Error in the framing of JSON texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("JSON parse error, stray '{}'", .0.escape_ascii())]
    Stray(u8),
    #[error("JSON token size limit exceeded: the limit of a request is {MAX_LENGTH} bytes")]
    TooLong,
    #[error("JSON nesting depth limit exceeded: the limit of a request is {MAX_DEPTH} levels")]
    TooDeep,
}

impl FrameError {
    /// True if later bytes cannot be parsed either.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::TooLong | Self::TooDeep)
    }
}

/// A complete text, or a framing error.
pub(super) type Frame = Result<Vec<u8>, FrameError>;

/// Effect of a byte.
enum Step {
    /// Belongs to the text, or is skipped.
    More,
    /// Ends the text, as its last byte.
    End,
    /// Ends the text, and is not part of it.
    After,
    /// Is an error.
    Error(FrameError),
}

impl Frames {
    /// Reads up to the end of the next text. Returns the number of bytes used, and the text if it
    /// is complete.
    pub(super) fn next(&mut self, bytes: &[u8]) -> (usize, Option<Frame>) {
        for (index, byte) in bytes.iter().enumerate() {
            match self.step(*byte) {
                Step::More => {}
                Step::End => return (index + 1, Some(Ok(self.end()))),
                Step::After => return (index, Some(Ok(self.end()))),
                Step::Error(error) => return (index + 1, Some(Err(self.fail(error)))),
            }
        }
        (bytes.len(), None)
    }

    fn step(&mut self, byte: u8) -> Step {
        let step = match self.state {
            FrameState::Between => self.between(byte),
            FrameState::Inside => self.inside(byte),
            FrameState::Word if is_word(byte) => self.take(byte),
            FrameState::Word => Step::After,
            FrameState::InString | FrameState::Escaped => self.in_string(byte),
            FrameState::Recovering => return self.recover(byte),
        };
        match step {
            Step::More | Step::End if self.text.len() > MAX_LENGTH => {
                Step::Error(FrameError::TooLong)
            }
            step => step,
        }
    }

    fn between(&mut self, byte: u8) -> Step {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => Step::More,
            byte if is_word(byte) => {
                self.state = FrameState::Word;
                self.take(byte)
            }
            byte => self.inside(byte),
        }
    }

    fn inside(&mut self, byte: u8) -> Step {
        match byte {
            b'{' | b'[' if self.depth == MAX_DEPTH => return Step::Error(FrameError::TooDeep),
            b'{' | b'[' => {
                self.depth += 1;
                self.state = FrameState::Inside;
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b'"' => {
                self.state = FrameState::InString;
                return self.take(byte);
            }
            b' ' | b'\t' | b'\r' | b'\n' => return self.take(b' '),
            b',' | b':' => {}
            byte if is_word(byte) => {}
            byte => return Step::Error(FrameError::Stray(byte)),
        }
        self.take(byte);
        // A lone closing brace, comma or colon is a text, which the JSON parser rejects.
        if self.depth == 0 {
            Step::End
        } else {
            Step::More
        }
    }

    fn in_string(&mut self, byte: u8) -> Step {
        let escaped = self.state == FrameState::Escaped;
        match byte {
            // 0xfe and 0xff do not occur in UTF-8: clients send them to end any text.
            0..0x20 | 0xfe | 0xff => return Step::Error(FrameError::Stray(byte)),
            b'"' if !escaped => {
                self.take(byte);
                if self.depth == 0 {
                    return Step::End;
                }
                self.state = FrameState::Inside;
                return Step::More;
            }
            b'\\' if !escaped => self.state = FrameState::Escaped,
            _ => self.state = FrameState::InString,
        }
        self.take(byte)
    }

    fn recover(&mut self, byte: u8) -> Step {
        match byte {
            b'{' | b'[' if self.depth == 0 => {
                self.state = FrameState::Between;
                return self.step(byte);
            }
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            byte if ends_recovery(byte) => self.depth = 0,
            _ => return Step::More,
        }
        if self.depth == 0 {
            self.state = FrameState::Between;
        }
        Step::More
    }

    fn take(&mut self, byte: u8) -> Step {
        self.text.push(byte);
        Step::More
    }

    fn end(&mut self) -> Vec<u8> {
        self.depth = 0;
        self.state = FrameState::Between;
        std::mem::take(&mut self.text)
    }

    fn fail(&mut self, error: FrameError) -> FrameError {
        self.text = Vec::new();
        self.state = match error {
            FrameError::Stray(byte) if ends_recovery(byte) => {
                self.depth = 0;
                FrameState::Between
            }
            _ => FrameState::Recovering,
        };
        error
    }
}

/// True for the bytes of a number, `true`, `false`, `null`, or a misspelling of these.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_')
}

/// True if a byte ends recovery: later bytes belong to a new text.
fn ends_recovery(byte: u8) -> bool {
    byte != b'\t' && byte < 0x20 || byte >= 0xfe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All frames of bytes that arrive in pieces.
    fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Frame> {
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        for mut piece in pieces {
            while !piece.is_empty() {
                let (used, frame) = frames.next(piece);
                found.extend(frame);
                piece = &piece[used..];
            }
        }
        found
    }

    /// Checks texts and errors, each as one line.
    fn check(bytes: &[u8], expected: &[&str]) {
        let shown: Vec<String> = frames([bytes])
            .into_iter()
            .map(|frame| match frame {
                Ok(text) => String::from_utf8_lossy(&text).into_owned(),
                Err(error) => error.to_string(),
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_text_ends_when_its_braces_close() {
        check(
            br#"{"a":1}{"b":[2,{}]}"#,
            &[r#"{"a":1}"#, r#"{"b":[2,{}]}"#],
        );
        check(b"{\"a\":\r\n1}\r\n", &[r#"{"a":  1}"#]);
        check(br#"{"a":1"#, &[]);
    }

    #[test]
    fn braces_in_strings_are_none() {
        check(br#"{"}":"\"}\\"}"#, &[r#"{"}":"\"}\\"}"#]);
    }

    #[test]
    fn scalars_end_where_words_do() {
        check(b"1 true\n\"x\"", &["1", "true", "\"x\""]);
        check(b"12{}", &["12", "{}"]);
    }

    #[test]
    fn lone_punctuation_is_a_text_for_the_parser_to_reject() {
        check(b"}{}", &["}", "{}"]);
        check(b",{}", &[",", "{}"]);
    }

    #[test]
    fn stray_bytes_are_reported_once_and_the_next_text_is_read() {
        check(b"#?!\n{}", &["JSON parse error, stray '#'", "{}"]);
        check(b"# {}", &["JSON parse error, stray '#'", "{}"]);
        check(
            b"{'a': {'b': 1}} {}",
            &[r"JSON parse error, stray '\''", "{}"],
        );
        check(b"{\"a\n{}", &[r"JSON parse error, stray '\n'", "{}"]);
        check(b"{\"a\xff{}", &[r"JSON parse error, stray '\xff'", "{}"]);
    }

    #[test]
    fn length_and_depth_are_bounded() {
        let string = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        assert_eq!(frames([string(MAX_LENGTH).as_bytes()]).len(), 1);
        let long = string(MAX_LENGTH + 1);
        assert_eq!(frames([long.as_bytes()]), [Err(FrameError::TooLong)]);
        let deep = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        assert_eq!(frames([deep.as_bytes()]), [Ok(deep.clone().into_bytes())]);
        let deeper = "[".repeat(MAX_DEPTH + 1);
        assert_eq!(frames([deeper.as_bytes()]), [Err(FrameError::TooDeep)]);
    }

    /// Generates bytes that often form a text.
    fn json_like_bytes() -> impl Strategy<Value = Vec<u8>> {
        let json = prop::sample::select(b"{}[]\",:\\ \n\r\t1a'#\xff".to_vec());
        prop::collection::vec(prop_oneof![4 => json, 1 => any::<u8>()], 0..200)
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(bytes in json_like_bytes(), size in 1_usize..20) {
            prop_assert_eq!(frames(bytes.chunks(size)), frames([&bytes[..]]));
        }

        #[test]
        fn json_texts_are_unchanged(keys in prop::collection::vec(".*", 0..5)) {
            let texts: Vec<String> = keys
                .iter()
                .map(|key| serde_json::json!({ key.as_str(): [key, 1] }).to_string())
                .collect();
            let expected = texts.iter().map(|text| Ok(text.clone().into_bytes()));
            let expected: Vec<Frame> = expected.collect();
            prop_assert_eq!(frames([texts.concat().as_bytes()]), expected);
        }
    }
}
