//! Modified UTF-8, in which the zero character has two bytes (QEMU 10.0, `util/unicode.c`).

/// Decodes the first code point of bytes. Returns the number of its bytes, and `None` if they are
/// no character: ill-formed, a surrogate, or one of Unicode's noncharacters.
pub(super) fn decode(bytes: &[u8]) -> (usize, Option<char>) {
    let Some((first, rest)) = bytes.split_first() else {
        return (0, None);
    };
    // Number of continuation bytes, bits of the first byte, smallest code point of the length.
    let (continuations, bits, minimum) = match first {
        0..0x80 => return (1, character(u32::from(*first))),
        0xc0..0xe0 => (1, 0x1f, 0x80),
        0xe0..0xf0 => (2, 0x0f, 0x800),
        0xf0..0xf8 => (3, 0x07, 0x1_0000),
        // UTF-8 once had sequences of five and six bytes, beyond the range of Unicode.
        0xf8..0xfc => (4, 0x03, 0x20_0000),
        0xfc..0xfe => (5, 0x01, 0x400_0000),
        0x80..0xc0 | 0xfe.. => return (1, None),
    };
    let found = rest.iter().take(continuations);
    let found = found.take_while(|byte| *byte & 0xc0 == 0x80);
    let mut code_point = u32::from(first & bits);
    let mut length = 1;
    for byte in found {
        code_point = code_point << 6 | u32::from(byte & 0x3f);
        length += 1;
    }
    let is_shortest = code_point >= minimum || (code_point, length) == (0, 2);
    let is_complete = length == 1 + continuations;
    let decoded = (is_shortest && is_complete).then_some(code_point);
    (length, decoded.and_then(character))
}

/// Decodes bytes up to the first zero byte; U+FFFD replaces each sequence that is no character.
pub(super) fn lossy(bytes: &[u8]) -> String {
    let mut rest = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut text = String::new();
    while !rest.is_empty() {
        let (length, decoded) = decode(rest);
        text.push(decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = rest.get(length..).unwrap_or_default();
    }
    text
}

/// The character of a code point; `None` for surrogates and noncharacters (Unicode 16.0, 23.7).
pub(super) fn character(code_point: u32) -> Option<char> {
    let is_noncharacter =
        matches!(code_point, 0xfdd0..=0xfdef) || matches!(code_point & 0xffff, 0xfffe | 0xffff);
    char::from_u32(code_point).filter(|_| !is_noncharacter)
}
