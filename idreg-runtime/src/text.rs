//! Text forms that messages and models share: switches and lists.

use core::fmt;

/// The setting of a switch as models write it.
pub(crate) const fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Reads the setting of a switch.
pub(crate) fn parse_on_off(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|on| on_off(*on) == text)
}

/// Lists items as `a, b, c`.
pub(crate) fn comma_list<T: fmt::Display>(items: &[T]) -> String {
    joined(items, ", ")
}

/// Lists alternatives as `a`, `a or b`, `a, b or c`.
pub(crate) fn alternatives<T: fmt::Display>(items: &[T]) -> String {
    match items {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", comma_list(first)),
        items => comma_list(items),
    }
}

/// Lists items on a line each.
pub(crate) fn lines<T: fmt::Display>(items: &[T]) -> String {
    joined(items, "\n")
}

/// A heading, and below it an indented line for each item.
pub(crate) fn under_heading<T: fmt::Display>(heading: &str, items: &[T]) -> String {
    format!("{heading}\n  {}", joined(items, "\n  "))
}

fn joined<T: fmt::Display>(items: &[T], separator: &str) -> String {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    items.join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_end_in_or() {
        assert_eq!(alternatives::<u8>(&[]), "");
        assert_eq!(alternatives(&[1]), "1");
        assert_eq!(alternatives(&[1, 2]), "1 or 2");
        assert_eq!(alternatives(&[1, 2, 3]), "1, 2 or 3");
    }

    #[test]
    fn switches_read_back() {
        assert_eq!(
            [true, false].map(|on| parse_on_off(on_off(on))),
            [Some(true), Some(false)]
        );
        assert_eq!(parse_on_off("On"), None);
    }
}
