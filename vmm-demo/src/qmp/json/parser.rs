//! Parses the tokens of a text, with QEMU's errors (QEMU 10.0, `qobject/json-parser.c`).

use super::frame::Tokens;
use super::{number, unicode};
use serde_json::{Map, Value};
use std::iter::Peekable;

/// Longest name of a keyword in an error: QEMU cuts its message after 1023 bytes.
const MAX_KEYWORD: usize = 1023 - "invalid keyword '".len();

/// Error in the grammar of a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::qmp) enum ParseError {
    #[error("JSON parse error, expecting value")]
    ExpectingValue,
    #[error("JSON parse error, key is not a string in object")]
    KeyNotString,
    #[error("JSON parse error, missing : in object pair")]
    MissingColon,
    #[error("JSON parse error, expected separator in {0}")]
    ExpectedSeparator(&'static str),
    #[error("JSON parse error, duplicate key")]
    DuplicateKey,
    /// A word other than `true`, `false` and `null`, with its closing quote if there is space.
    #[error("JSON parse error, invalid keyword '{0}")]
    InvalidKeyword(String),
    #[error("JSON parse error, invalid escape sequence in string")]
    InvalidEscape,
    #[error("JSON parse error, {0} is not a valid Unicode character")]
    InvalidCharacter(String),
    #[error("JSON parse error, invalid UTF-8 sequence in string")]
    InvalidUtf8,
    /// QEMU takes such a number as infinity, and then prints it as `inf`, which is no JSON.
    #[error("JSON parse error, number '{0}' is out of range")]
    OutOfRange(String),
}

/// Parses a text.
///
/// # Errors
///
/// [`ParseError`]: the first error of the text.
pub(in crate::qmp) fn parse(tokens: &Tokens) -> Result<Value, ParseError> {
    let tokens = tokens.iter().peekable();
    Parser { tokens }.value()
}

/// Parser of one text. Its recursion is limited by [`MAX_DEPTH`](super::frame::MAX_DEPTH).
struct Parser<'t, T: Iterator<Item = &'t [u8]>> {
    tokens: Peekable<T>,
}

impl<'t, T: Iterator<Item = &'t [u8]>> Parser<'t, T> {
    fn value(&mut self) -> Result<Value, ParseError> {
        let token = self.tokens.next().unwrap_or_default();
        match token.first() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"' | b'\'') => Ok(Value::String(unescape(token)?)),
            Some(b'-' | b'0'..=b'9') => number(token),
            Some(b'a'..=b'z') => keyword(token),
            _ => Err(ParseError::ExpectingValue),
        }
    }

    fn object(&mut self) -> Result<Value, ParseError> {
        let mut members = Map::new();
        if self.tokens.next_if_eq(&&b"}"[..]).is_some() {
            return Ok(Value::Object(members));
        }
        loop {
            let Value::String(name) = self.value()? else {
                return Err(ParseError::KeyNotString);
            };
            let colon = self.tokens.next_if_eq(&&b":"[..]);
            colon.ok_or(ParseError::MissingColon)?;
            let value = self.value()?;
            if members.insert(name, value).is_some() {
                return Err(ParseError::DuplicateKey);
            }
            match self.tokens.next() {
                Some(b"}") => return Ok(Value::Object(members)),
                Some(b",") => {}
                _ => return Err(ParseError::ExpectedSeparator("dict")),
            }
        }
    }

    fn array(&mut self) -> Result<Value, ParseError> {
        let mut items = Vec::new();
        if self.tokens.next_if_eq(&&b"]"[..]).is_some() {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            match self.tokens.next() {
                Some(b"]") => return Ok(Value::Array(items)),
                Some(b",") => {}
                _ => return Err(ParseError::ExpectedSeparator("list")),
            }
        }
    }
}

fn keyword(token: &[u8]) -> Result<Value, ParseError> {
    match token {
        b"true" => Ok(Value::Bool(true)),
        b"false" => Ok(Value::Bool(false)),
        b"null" => Ok(Value::Null),
        _ => {
            let quoted = token.iter().chain(b"'").take(MAX_KEYWORD);
            let quoted = quoted.map(|byte| char::from(*byte));
            Err(ParseError::InvalidKeyword(quoted.collect()))
        }
    }
}

fn number(token: &[u8]) -> Result<Value, ParseError> {
    let text = String::from_utf8_lossy(token);
    let number = number::parse(&text);
    number
        .map(Value::Number)
        .ok_or_else(|| ParseError::OutOfRange(text.into_owned()))
}

/// The characters of a string's token.
fn unescape(token: &[u8]) -> Result<String, ParseError> {
    // The closing quote stays: QEMU's errors show it as a part of a short escape.
    let mut rest = token.get(1..).unwrap_or_default();
    let mut text = String::new();
    while rest.len() > 1 {
        let (length, decoded) = match rest {
            [b'\\', b'u', ..] => unicode_escape(rest)?,
            [b'\\', escaped, ..] => (2, escape(*escaped).ok_or(ParseError::InvalidEscape)?),
            _ => match unicode::decode(rest) {
                (length, Some(decoded)) => (length, decoded),
                (_, None) => return Err(ParseError::InvalidUtf8),
            },
        };
        text.push(decoded);
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(text)
}

/// The character of a backslash and this byte.
const fn escape(byte: u8) -> Option<char> {
    match byte {
        b'"' | b'\'' | b'\\' | b'/' => Some(byte as char),
        b'b' => Some('\x08'),
        b'f' => Some('\x0c'),
        b'n' => Some('\n'),
        b'r' => Some('\r'),
        b't' => Some('\t'),
        _ => None,
    }
}

/// Decodes the escape at the beginning of a string's rest: `\uXXXX`, or two that form a surrogate
/// pair. Returns the number of its bytes, and the character.
fn unicode_escape(rest: &[u8]) -> Result<(usize, char), ParseError> {
    let first = hexadecimal(rest);
    let (length, code_point) = match first {
        Some(leading @ 0xd800..0xdc00) => match rest.get(6..).and_then(hexadecimal) {
            Some(trailing @ 0xdc00..0xe000) => (
                12,
                Some(0x1_0000 + ((leading & 0x3ff) << 10 | trailing & 0x3ff)),
            ),
            _ => (6, None),
        },
        first => (6, first),
    };
    let decoded = code_point.and_then(unicode::character);
    decoded.map(|decoded| (length, decoded)).ok_or_else(|| {
        let escape = rest.get(..length).unwrap_or(rest);
        ParseError::InvalidCharacter(unicode::lossy(escape))
    })
}

/// The number in `\uXXXX` at the beginning of bytes.
fn hexadecimal(bytes: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes.get(..6)? else {
        return None;
    };
    digits.iter().try_fold(0, |number, digit| {
        Some(number << 4 | char::from(*digit).to_digit(16)?)
    })
}
