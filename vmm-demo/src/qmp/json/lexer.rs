//! Splits bytes into the tokens of JSON, one byte at a time (QEMU 10.0, `qobject/json-lexer.c`).

/// State between two bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LexerState {
    /// Between tokens.
    #[default]
    Start,
    /// In a string that this byte quotes.
    String(u8),
    /// After a backslash in a string that this byte quotes.
    Escape(u8),
    Keyword,
    /// After a minus sign.
    Minus,
    /// After a leading zero, which no digit may follow.
    Zero,
    Integer,
    /// After a decimal point, before its first digit.
    Point,
    Fraction,
    /// After `e` or `E`.
    Exponent,
    /// After the sign of an exponent.
    ExponentSign,
    ExponentDigits,
    /// After a stray byte: skips to a byte that begins or separates texts.
    Recovery,
}

/// Effect of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LexerStep {
    /// Belongs to a token that is not complete.
    Part(LexerState),
    /// Is the last byte of a token.
    Last,
    /// Follows a token or a recovery, and must be read again in the state `Start`.
    After,
    /// Belongs to no token.
    Skip(LexerState),
    /// Is an error; the state after it is `Recovery`.
    Stray,
}

impl LexerState {
    /// Returns the effect of the next byte.
    pub(super) const fn step(self, byte: u8) -> LexerStep {
        use LexerStep::{After, Part, Skip, Stray};
        match (self, byte) {
            (Self::Start, _) => Self::start(byte),
            (Self::String(quote) | Self::Escape(quote), _) => self.in_string(quote, byte),
            (Self::Keyword, b'a'..=b'z') => Part(self),
            (Self::Minus, b'0') => Part(Self::Zero),
            (Self::Minus, b'1'..=b'9') | (Self::Integer, b'0'..=b'9') => Part(Self::Integer),
            (Self::Zero | Self::Integer, b'.') => Part(Self::Point),
            (Self::Point | Self::Fraction, b'0'..=b'9') => Part(Self::Fraction),
            // `0e1` are three tokens in QEMU, and no number.
            (Self::Integer | Self::Fraction, b'e' | b'E') => Part(Self::Exponent),
            (Self::Exponent, b'+' | b'-') => Part(Self::ExponentSign),
            (Self::Exponent | Self::ExponentSign | Self::ExponentDigits, b'0'..=b'9') => {
                Part(Self::ExponentDigits)
            }
            (Self::Zero, b'0'..=b'9')
            | (Self::Minus | Self::Point | Self::Exponent | Self::ExponentSign, _) => Stray,
            (
                Self::Keyword | Self::Zero | Self::Integer | Self::Fraction | Self::ExponentDigits,
                _,
            ) => After,
            (Self::Recovery, _) if ends_recovery(byte) => After,
            (Self::Recovery, _) => Skip(self),
        }
    }

    const fn start(byte: u8) -> LexerStep {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => LexerStep::Skip(Self::Start),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => LexerStep::Last,
            b'"' | b'\'' => LexerStep::Part(Self::String(byte)),
            b'a'..=b'z' => LexerStep::Part(Self::Keyword),
            b'-' => LexerStep::Part(Self::Minus),
            b'0' => LexerStep::Part(Self::Zero),
            b'1'..=b'9' => LexerStep::Part(Self::Integer),
            _ => LexerStep::Stray,
        }
    }

    const fn in_string(self, quote: u8, byte: u8) -> LexerStep {
        let escaped = matches!(self, Self::Escape(_));
        match byte {
            // 0xfe and 0xff do not occur in UTF-8: clients send them to end any text.
            0..0x20 | 0xfe | 0xff => LexerStep::Stray,
            b'\\' if !escaped => LexerStep::Part(Self::Escape(quote)),
            _ if byte == quote && !escaped => LexerStep::Last,
            _ => LexerStep::Part(Self::String(quote)),
        }
    }
}

/// True for the bytes that end a recovery: control characters, the bytes that UTF-8 does not have,
/// and the structural characters of JSON.
const fn ends_recovery(byte: u8) -> bool {
    match byte {
        b'\t' => false,
        0..0x20 | 0xfe | 0xff | b'{' | b'}' | b'[' | b']' | b',' | b':' => true,
        _ => false,
    }
}
