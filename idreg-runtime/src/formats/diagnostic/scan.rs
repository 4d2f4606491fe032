//! Steps through a line of text.

/// The beginning of a text, at most `length` bytes of whole characters.
pub(super) fn bounded(text: &str, length: usize) -> &str {
    let end = (0..=length.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// The texts before and after the first occurrence of a pattern.
///
/// A search for the pattern's first character is several times faster than `str::split_once`, and
/// every line is searched for some sixty patterns.
pub(super) fn split<'t>(text: &'t str, pattern: &str) -> Option<(&'t str, &'t str)> {
    let first = pattern.chars().next()?;
    let mut rest = text;
    loop {
        rest = rest.get(rest.find(first)?..)?;
        if let Some(after) = rest.strip_prefix(pattern) {
            let before = text.get(..text.len() - rest.len())?;
            return Some((before, after));
        }
        rest = rest.get(first.len_utf8()..)?;
    }
}

/// The text after the first occurrence of a pattern.
pub(super) fn after<'t>(text: &'t str, pattern: &str) -> Option<&'t str> {
    split(text, pattern).map(|(_, rest)| rest)
}

/// True if a text has a pattern.
pub(super) fn has(text: &str, pattern: &str) -> bool {
    split(text, pattern).is_some()
}

/// The text up to a quotation mark.
pub(super) fn quoted(text: &str) -> Option<&str> {
    text.split_once('\'').map(|(name, _)| name)
}

/// The text without a prefix in whatever case.
pub(super) fn strip_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// A word of letters, digits and `_`, and the text after it.
pub(super) fn word(text: &str) -> (&str, &str) {
    split_while(text, |byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A decimal number, and the text after it.
pub(super) fn decimal(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = split_while(text, |byte| byte.is_ascii_digit());
    Some((digits.parse().ok()?, rest))
}

/// A hexadecimal number with or without `0x`, and the text after it.
pub(super) fn hexadecimal(text: &str) -> Option<(u64, &str)> {
    let digits = strip_ignoring_case(text, "0x").unwrap_or(text);
    let (digits, rest) = split_while(digits, |byte| byte.is_ascii_hexdigit());
    Some((u64::from_str_radix(digits, 16).ok()?, rest))
}

/// A decimal number, or a hexadecimal number after `0x`, and the text after it.
pub(super) fn number(text: &str) -> Option<(u64, &str)> {
    match strip_ignoring_case(text, "0x") {
        Some(digits) => hexadecimal(digits),
        None => decimal(text),
    }
}

fn split_while(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !belongs(byte));
    let parts = end.and_then(|end| text.split_at_checked(end));
    parts.unwrap_or((text, ""))
}
