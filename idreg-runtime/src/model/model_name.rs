//! The names that named models can have.

/// The maximum length of a model's name in bytes.
pub(super) const LONGEST_NAME: usize = 63;

/// True if a model may have this text as its name without the version.
pub(super) fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    let is_part = |byte: u8| is_letter(byte) || byte.is_ascii_digit() || b".-".contains(&byte);
    let is_word = text.bytes().next().is_some_and(is_letter) && text.bytes().all(is_part);
    let is_base = ["host", "custom"].contains(&text);
    is_word && !is_base && text.len() <= LONGEST_NAME
}

/// True if a model may have this text as its name with the version.
pub(super) fn is_full_name(text: &str) -> bool {
    let Some((name, version)) = text.rsplit_once("-v") else {
        return false;
    };
    let is_number = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.starts_with('0');
    is_number && version.parse::<u32>().is_ok() && is_name(name)
}
