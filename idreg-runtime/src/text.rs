//! Text forms that messages and models share: switches, lists, and text from outside.

use core::fmt::{self, Write};
use std::collections::BinaryHeap;

/// The number of characters of a text from outside that a message shows.
const SHOWN_CHARACTERS: usize = 100;

/// Text from outside, such as a name in a file, shown in a message.
///
/// Characters that control a terminal or that are not visible are escaped, the end of a line and
/// changes of the writing direction included. Of a long text only the beginning is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printable<'t>(pub(crate) &'t str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(SHOWN_CHARACTERS) {
            if is_printable(character) {
                f.write_char(character)?;
            } else {
                character
                    .escape_debug()
                    .try_for_each(|part| f.write_char(part))?;
            }
        }
        match characters.count() {
            0 => Ok(()),
            more => write!(f, "... ({more} more characters)"),
        }
    }
}

/// True if a character is visible text, as far as the standard library knows: false for characters
/// that control a terminal, end a line or change the writing direction.
#[must_use]
pub fn is_printable(character: char) -> bool {
    // `escape_debug` also escapes these, which are visible.
    matches!(character, '\'' | '"' | '\\') || character.escape_debug().len() == 1
}

/// The positions of keys in ascending order, those of equal keys in the order of the keys.
///
/// VMMs link one sort for all that messages sort, and of a heap, which takes a tenth of the code of
/// a sort of slices.
pub(crate) fn ascending(keys: &[u128]) -> Vec<usize> {
    let mut positions = Vec::new();
    for (position, key) in keys.iter().enumerate() {
        positions.push((*key, position));
    }
    let sorted = BinaryHeap::from(positions).into_sorted_vec();
    sorted.into_iter().map(|(_, position)| position).collect()
}

/// Numbers in ascending order.
pub(crate) fn ascending_numbers(numbers: &[u32]) -> Vec<u32> {
    let keys: Vec<u128> = numbers.iter().copied().map(u128::from).collect();
    let order = ascending(&keys).into_iter();
    order.filter_map(|at| numbers.get(at).copied()).collect()
}

/// The numbers of CPUs that follow each other.
struct CpuRange {
    first: u32,
    last: u32,
}

/// Shows `0-3`, or `6` for a single CPU.
impl fmt::Display for CpuRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = self;
        if first == last {
            write!(f, "{first}")
        } else {
            write!(f, "{first}-{last}")
        }
    }
}

/// Lists the numbers of CPUs as ranges, as Linux does: `0-3,6`.
pub(crate) fn cpu_list(cpus: &[u32]) -> String {
    let mut ranges: Vec<CpuRange> = Vec::new();
    for cpu in ascending_numbers(cpus) {
        match ranges.last_mut() {
            Some(CpuRange { last, .. }) if cpu - *last <= 1 => *last = cpu,
            _ => ranges.push(CpuRange {
                first: cpu,
                last: cpu,
            }),
        }
    }
    joined(&ranges, ",")
}

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
    list(items.len(), &|index| shown(items, index), ", ", " or ")
}

/// Lists items on a line each.
pub(crate) fn lines<T: fmt::Display>(items: &[T]) -> String {
    joined(items, "\n")
}

/// A heading, and below it an indented line for each item.
pub(crate) fn under_heading<T: fmt::Display>(heading: &str, items: &[T]) -> String {
    format!("{heading}\n  {}", joined(items, "\n  "))
}

/// Shows the message of an error, and with `{:#}` its causes: `cannot create a VM: ENOMEM (12)`.
/// The source shows its own causes with `{:#}` in the same way.
///
/// For `#[error(fmt = caused)]` on a variant of a message and its source.
pub(crate) fn caused(
    message: &dyn fmt::Display,
    source: &dyn fmt::Display,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    if f.alternate() {
        write!(f, "{message}: {source:#}")
    } else {
        message.fmt(f)
    }
}

/// Lists items with a separator between them.
pub(crate) fn joined<T: fmt::Display>(items: &[T], separator: &str) -> String {
    let item = |index| shown(items, index);
    list(items.len(), &item, separator, separator)
}

fn shown<T: fmt::Display>(items: &[T], index: usize) -> Option<&dyn fmt::Display> {
    items.get(index).map(|item| item as &dyn fmt::Display)
}

/// Lists items with a separator between them, and another one before the last.
// A VMM links this once, not for each type of items.
#[inline(never)]
fn list<'i>(
    count: usize,
    item: &dyn Fn(usize) -> Option<&'i dyn fmt::Display>,
    separator: &str,
    last: &str,
) -> String {
    let mut text = String::new();
    for index in 0..count {
        if index > 0 {
            text += if index + 1 == count { last } else { separator };
        }
        text.extend(item(index).map(ToString::to_string));
    }
    text
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
    fn text_from_outside_stays_on_its_line() {
        let shown = |text| Printable(text).to_string();
        assert_eq!(shown("a'\"\\\u{e9}"), "a'\"\\\u{e9}");
        assert_eq!(
            shown("a\nb\r\t\x1b[m\u{9b}\u{202e}\u{2028}\u{feff}"),
            r"a\nb\r\t\u{1b}[m\u{9b}\u{202e}\u{2028}\u{feff}"
        );
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_shown() {
        let text = "x".repeat(SHOWN_CHARACTERS);
        assert_eq!(Printable(&text).to_string(), text);
        let longer = Printable(&format!("{text}yz")).to_string();
        assert_eq!(longer, format!("{text}... (2 more characters)"));
    }

    #[test]
    fn cpus_are_listed_as_ranges() {
        assert_eq!(cpu_list(&[]), "");
        assert_eq!(cpu_list(&[6, 0, 1, 3, 2]), "0-3,6");
        assert_eq!(cpu_list(&[0, 2, 4, 5, u32::MAX]), "0,2,4-5,4294967295");
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
