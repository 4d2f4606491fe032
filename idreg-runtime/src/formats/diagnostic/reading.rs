//! A field with the values that a line has for it.

use super::judgement::Judgement;
use crate::description::RegisterField;

/// A field and the values that a line has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldReading {
    /// The field.
    pub field: RegisterField,
    /// The value that was to be written, or the first of two, or `None`.
    pub wanted: Option<u64>,
    /// The value that the field has, or the second of two, or `None`.
    pub present: Option<u64>,
}

impl FieldReading {
    /// True if the line has two values and they differ.
    #[must_use]
    pub fn differs(&self) -> bool {
        let values = self.wanted.zip(self.present);
        values.is_some_and(|(wanted, present)| wanted != present)
    }

    /// KVM's rule for the difference, or `None` without one.
    #[must_use]
    pub fn judgement(&self) -> Option<Judgement> {
        let (wanted, present) = self.wanted.zip(self.present)?;
        self.differs()
            .then(|| Judgement::of(self.field, wanted, present))
    }
}
