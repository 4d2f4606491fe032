//! Sets of numbers as ranges, for fields of more than four bits.

use crate::description::rule::ValueRange;

/// A set of numbers: ascending ranges that neither overlap nor touch.
///
/// Almost every such set is one range, which has its own place, so that intersections of many sets
/// follow no pointers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ranges {
    /// The first range; empty with `first` above `last`.
    first: u64,
    last: u64,
    more: Option<Box<[ValueRange]>>,
}

impl Ranges {
    /// The set without numbers.
    pub const EMPTY: Self = Self {
        first: u64::MAX,
        last: 0,
        more: None,
    };

    /// A set of one number.
    #[must_use]
    pub const fn of(number: u64) -> Self {
        Self {
            first: number,
            last: number,
            more: None,
        }
    }

    /// A set of ascending ranges that neither overlap nor touch.
    pub(super) fn from_ascending(ranges: &[ValueRange]) -> Self {
        match ranges {
            [] => Self::EMPTY,
            [only] => Self {
                first: only.first,
                last: only.last,
                more: None,
            },
            [first, more @ ..] => Self {
                first: first.first,
                last: first.last,
                more: Some(more.into()),
            },
        }
    }

    /// The ranges, ascending.
    pub fn iter(&self) -> impl Iterator<Item = ValueRange> + '_ {
        let first = ValueRange {
            first: self.first,
            last: self.last,
        };
        let more = self.more.iter().flatten().copied();
        let first = (first.first <= first.last).then_some(first);
        first.into_iter().chain(more)
    }

    /// True if the set has no number.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.first > self.last
    }

    /// True if a number is in the set.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        self.iter().any(|range| range.contains(number))
    }

    /// Removes the numbers that are not in another set.
    pub fn intersect(&mut self, other: &Self) {
        if self.more.is_none() && other.more.is_none() {
            self.first = self.first.max(other.first);
            self.last = self.last.min(other.last);
            if self.is_empty() {
                *self = Self::EMPTY;
            }
            return;
        }
        let mut common = Vec::new();
        for own in self.iter() {
            for their in other.iter() {
                let (first, last) = (own.first.max(their.first), own.last.min(their.last));
                if first <= last {
                    common.push(ValueRange { first, last });
                }
            }
        }
        *self = Self::from_ascending(&common);
    }
}
