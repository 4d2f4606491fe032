//! Splits a client's bytes into JSON texts as QEMU does: a text ends when its braces and brackets
//! close; line ends have no meaning (QEMU 10.0, `qobject/json-streamer.c`).

use super::lexer::{LexerState, LexerStep};
use super::unicode;

/// Maximum length of a text in bytes, white space between tokens not counted; a model with every
/// property set needs a third of it.
pub(in crate::qmp) const MAX_LENGTH: usize = 64 << 10;
/// Maximum nesting depth; requests have four levels, and an `id` may have its own.
pub(in crate::qmp) const MAX_DEPTH: i32 = 100;

/// Parser state between the bytes so far and the next text.
#[derive(Debug, Default)]
pub(in crate::qmp) struct Frames {
    state: LexerState,
    tokens: Tokens,
    /// Braces that are open; negative after a closing brace too many.
    braces: i32,
    /// Brackets that are open; negative after a closing bracket too many.
    brackets: i32,
}

/// The tokens of a text; two texts of the same tokens are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::qmp) struct Tokens {
    bytes: Vec<u8>,
    /// The index after each complete token.
    ends: Vec<u32>,
}

/// Error in the framing of JSON texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::qmp) enum FrameError {
    /// A byte that no token has here, with the part of the token before it.
    #[error("JSON parse error, stray '{0}'")]
    Stray(String),
    #[error("JSON token size limit exceeded: the limit of a request is {MAX_LENGTH} bytes")]
    TooLong,
    #[error("JSON nesting depth limit exceeded: the limit of a request is {MAX_DEPTH} levels")]
    TooDeep,
}

impl FrameError {
    /// True if later bytes cannot be parsed either.
    pub(in crate::qmp) fn is_final(&self) -> bool {
        matches!(self, Self::TooLong | Self::TooDeep)
    }
}

/// A complete text, or a framing error.
pub(in crate::qmp) type Frame = Result<Tokens, FrameError>;

impl Frames {
    /// Reads up to the end of the next text. Returns the number of bytes used, and the text if it
    /// is complete.
    pub(in crate::qmp) fn next(&mut self, bytes: &[u8]) -> (usize, Option<Frame>) {
        let mut used = 0;
        while let Some(byte) = bytes.get(used) {
            let step = self.state.step(*byte);
            if step != LexerStep::After {
                used += 1;
            }
            if let Some(frame) = self.advance(*byte, step) {
                return (used, Some(frame));
            }
        }
        (used, None)
    }

    fn advance(&mut self, byte: u8, step: LexerStep) -> Option<Frame> {
        match step {
            LexerStep::Skip(state) => {
                self.state = state;
                None
            }
            LexerStep::Part(state) => {
                self.state = state;
                self.tokens.bytes.push(byte);
                self.limit()
            }
            LexerStep::Last => {
                self.tokens.bytes.push(byte);
                self.limit().or_else(|| self.end_token())
            }
            LexerStep::After => self.end_token(),
            LexerStep::Stray => {
                self.tokens.bytes.push(byte);
                let stray = unicode::lossy(self.tokens.incomplete());
                self.state = LexerState::Recovery;
                self.end_text();
                Some(Err(FrameError::Stray(stray)))
            }
        }
    }

    /// Returns an error if the text is too long.
    fn limit(&self) -> Option<Frame> {
        (self.tokens.bytes.len() > MAX_LENGTH).then_some(Err(FrameError::TooLong))
    }

    /// Ends the token so far, and with it the text if all braces and brackets are closed.
    fn end_token(&mut self) -> Option<Frame> {
        self.state = LexerState::Start;
        // There is none after a recovery.
        let first = *self.tokens.incomplete().first()?;
        self.tokens.end();
        match first {
            b'{' => self.braces += 1,
            b'}' => self.braces -= 1,
            b'[' => self.brackets += 1,
            b']' => self.brackets -= 1,
            _ => {}
        }
        if self.braces + self.brackets > MAX_DEPTH {
            return Some(Err(FrameError::TooDeep));
        }
        let open = (self.braces, self.brackets);
        // A closing brace without an opening one ends the text too; the parser rejects it.
        let goes_on = open.0 >= 0 && open.1 >= 0 && open != (0, 0);
        (!goes_on).then(|| Ok(self.end_text()))
    }

    fn end_text(&mut self) -> Tokens {
        (self.braces, self.brackets) = (0, 0);
        std::mem::take(&mut self.tokens)
    }
}

impl Tokens {
    /// The complete tokens.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = *end as usize;
            let token = self.bytes.get(start..end).unwrap_or_default();
            start = end;
            token
        })
    }

    /// The bytes after the last complete token.
    fn incomplete(&self) -> &[u8] {
        let start = self.ends.last().map_or(0, |end| *end as usize);
        self.bytes.get(start..).unwrap_or_default()
    }

    /// Completes a token.
    fn end(&mut self) {
        // Cannot be longer: `MAX_LENGTH` is checked before.
        let end = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.ends.push(end);
    }
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

    fn tokens(frame: &Frame) -> Vec<&str> {
        let tokens = frame.as_ref().expect("a text").iter();
        tokens
            .map(|token| std::str::from_utf8(token).expect("UTF-8"))
            .collect()
    }

    #[test]
    fn a_text_has_its_tokens_without_white_space() {
        let found = frames([&b" {'a' :\r\n[1.5, true ]} 12{}"[..]]);
        let found: Vec<_> = found.iter().map(tokens).collect();
        let first = &["{", "'a'", ":", "[", "1.5", ",", "true", "]", "}"][..];
        assert_eq!(found, [first, &["12"], &["{", "}"]]);
    }

    #[test]
    fn length_is_bounded_without_white_space() {
        let string = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        assert_eq!(frames([string(MAX_LENGTH).as_bytes()]).len(), 1);
        let long = string(MAX_LENGTH + 1);
        assert_eq!(frames([long.as_bytes()])[0], Err(FrameError::TooLong));
        let spaced = format!("[{}]", "1, ".repeat(MAX_LENGTH / 2 - 1));
        assert!(frames([spaced.as_bytes()])[0].is_ok());
        let word = "x".repeat(MAX_LENGTH + 1);
        assert_eq!(frames([word.as_bytes()])[0], Err(FrameError::TooLong));
    }

    #[test]
    fn depth_is_bounded() {
        for (open, close) in [("[", "]"), ("{", "}"), ("[{", "}]")] {
            let depth = 100 / open.len();
            let deep = open.repeat(depth) + &close.repeat(depth);
            let found = frames([deep.as_bytes()]);
            assert_eq!(found.len(), 1, "{open}");
            assert!(found[0].is_ok(), "{open}");
            let deeper = open.repeat(depth) + &open[..1];
            assert_eq!(frames([deeper.as_bytes()]), [Err(FrameError::TooDeep)]);
        }
    }

    /// Generates bytes that often form a text.
    fn json_like_bytes() -> impl Strategy<Value = Vec<u8>> {
        let json = prop::sample::select(b"{}[]\",:\\ \n\r\t1a'#\xff-.e".to_vec());
        prop::collection::vec(prop_oneof![4 => json, 1 => any::<u8>()], 0..200)
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(bytes in json_like_bytes(), size in 1_usize..20) {
            prop_assert_eq!(frames(bytes.chunks(size)), frames([&bytes[..]]));
        }

        #[test]
        fn json_of_serde_is_read_as_it_is(keys in prop::collection::vec("\\PC*", 0..5)) {
            let values: Vec<_> = keys
                .iter()
                .map(|key| serde_json::json!({ key.as_str(): [key, 1, -2.5, null] }))
                .collect();
            let texts: String = values.iter().map(serde_json::Value::to_string).collect();
            let parsed: Vec<_> = frames([texts.as_bytes()])
                .iter()
                .map(|frame| super::super::parser::parse(frame.as_ref().expect("a text")))
                .collect();
            let expected: Vec<_> = values.into_iter().map(Ok).collect();
            prop_assert_eq!(parsed, expected);
        }
    }
}
