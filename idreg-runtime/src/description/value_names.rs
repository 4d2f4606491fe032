//! The named values of a field, as text.

use core::fmt;

/// The named values of a field in file order; a value may have several names.
///
/// A table of pointers to names would be the largest part of a description in a program, so the
/// names of a field are one text: `NI IMP` counts from 0, and `NI=15 IMP=0` has a number wherever
/// the value is not the one after the value before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ValueNames(&'static str);

/// A named value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueDescription {
    /// The value's name, such as `IMP`.
    pub name: &'static str,
    /// The value, not shifted to the field's position.
    pub value: u64,
}

impl ValueNames {
    /// A field without named values.
    pub const NONE: Self = Self("");

    /// The values of a text; for the emitted tables.
    #[doc(hidden)]
    #[must_use]
    pub const fn of(text: &'static str) -> Self {
        Self(text)
    }

    /// True if no value has a name.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The named values, in file order.
    #[must_use]
    pub const fn iter(self) -> ValueNamesIter {
        ValueNamesIter {
            rest: self.0,
            next: 0,
        }
    }

    /// The first name of a value, or `None` if it has no name.
    #[must_use]
    pub const fn name_of(self, value: u64) -> Option<&'static str> {
        let mut values = self.iter();
        while let Some(known) = values.next_value() {
            if known.value == value {
                return Some(known.name);
            }
        }
        None
    }
}

/// The iterator over [`ValueNames`].
#[derive(Clone, Debug)]
pub struct ValueNamesIter {
    rest: &'static str,
    /// The next value, unless the text has a number.
    next: u64,
}

impl ValueNamesIter {
    /// `Iterator::next` for constants.
    const fn next_value(&mut self) -> Option<ValueDescription> {
        if self.rest.is_empty() {
            return None;
        }
        let (entry, rest) = split(self.rest, b' ');
        self.rest = rest;
        let (name, number) = split(entry, b'=');
        let value = if number.is_empty() {
            self.next
        } else {
            decimal(number)
        };
        self.next = value.wrapping_add(1);
        Some(ValueDescription { name, value })
    }
}

impl Iterator for ValueNamesIter {
    type Item = ValueDescription;

    fn next(&mut self) -> Option<ValueDescription> {
        self.next_value()
    }
}

impl IntoIterator for ValueNames {
    type Item = ValueDescription;
    type IntoIter = ValueNamesIter;

    fn into_iter(self) -> ValueNamesIter {
        self.iter()
    }
}

/// Shows the values with their names.
impl fmt::Debug for ValueNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.iter().map(|known| (known.value, known.name));
        f.debug_map().entries(values).finish()
    }
}

/// The text before and after the first separator; all of it and an empty text without one.
const fn split(text: &'static str, separator: u8) -> (&'static str, &'static str) {
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        if *first == separator {
            let (before, _) = text.split_at(text.len() - bytes.len());
            let (_, after) = text.split_at(text.len() - rest.len());
            return (before, after);
        }
        bytes = rest;
    }
    (text, "")
}

/// The number that decimal digits state.
const fn decimal(digits: &str) -> u64 {
    let mut number: u64 = 0;
    let mut bytes = digits.as_bytes();
    while let [digit, rest @ ..] = bytes {
        number = number
            .wrapping_mul(10)
            .wrapping_add(digit.wrapping_sub(b'0') as u64);
        bytes = rest;
    }
    number
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    fn pairs(text: &'static str) -> Vec<(&'static str, u64)> {
        let values = ValueNames::of(text).iter();
        values.map(|known| (known.name, known.value)).collect()
    }

    #[test]
    fn values_count_from_zero() {
        assert_eq!(pairs("NI"), [("NI", 0)]);
        assert_eq!(pairs("NI IMP PAN2"), [("NI", 0), ("IMP", 1), ("PAN2", 2)]);
    }

    #[test]
    fn a_number_is_stated_where_the_count_breaks() {
        let values = pairs("NI=15 IMP=0 FP16 LAST=18446744073709551615 FIRST=0");
        let expected = [
            ("NI", 15),
            ("IMP", 0),
            ("FP16", 1),
            ("LAST", u64::MAX),
            ("FIRST", 0),
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn the_first_name_of_a_value_counts() {
        let values = ValueNames::of("IMP OTHER=0");
        assert_eq!(values.name_of(0), Some("IMP"));
        assert_eq!(values.name_of(1), None);
    }

    #[test]
    fn an_empty_text_has_no_values() {
        assert!(ValueNames::NONE.is_empty());
        assert_eq!(ValueNames::NONE.iter().next(), None);
    }
}
