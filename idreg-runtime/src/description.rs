//! Registers and fields as data, emitted by `include_sysreg!` beside the types.

pub mod feature;
mod field;
mod index;
mod packed;
mod registers;
pub mod rule;
mod value_names;

use feature::{Consistency, FeatureDescription, Features};

pub use field::{FieldDescription, FieldKind, ShownValue};
#[doc(hidden)]
pub use field::{FieldRow, FieldTable};
#[doc(hidden)]
pub use index::PropertyIndex;
#[doc(hidden)]
pub use packed::FactTable;
pub use packed::{PackedIter, PackedList};
#[doc(hidden)]
pub use registers::LayoutList;
pub use registers::{LayoutDescription, PROPERTY_PREFIX, RegisterDescription, RegisterField};
pub use value_names::{ValueDescription, ValueNames, ValueNamesIter};

/// Every register of a description, in file order, with the features and rules of its fields.
#[derive(Debug)]
pub struct Description {
    /// The registers; the one at position `i` has the index `i`.
    pub registers: &'static [&'static RegisterDescription],
    /// The features of the architecture that the registers describe, by name.
    pub features: Features,
    /// The rules between features and fields that hold on every CPU.
    pub consistency: PackedList<Consistency>,
    /// The index of fields by property.
    #[doc(hidden)]
    pub properties: PropertyIndex,
}

impl Description {
    /// The register of this name, spelt as in the description.
    #[must_use]
    pub fn register(&self, name: &str) -> Option<&'static RegisterDescription> {
        self.registers
            .iter()
            .find(|register| register.name == name)
            .copied()
    }

    /// The field of a property such as `SYSREG_ID_AA64ISAR0_EL1_DP`.
    #[must_use]
    pub fn property(&self, property: &str) -> Option<RegisterField> {
        let name = property.strip_prefix(PROPERTY_PREFIX)?;
        self.properties.find(self.registers, name)
    }

    /// The feature of this name, such as `FEAT_DotProd`.
    #[must_use]
    pub fn feature(&self, name: &str) -> Option<FeatureDescription> {
        self.features.find(name)
    }

    /// Every field of every register.
    pub fn fields(&self) -> impl Iterator<Item = RegisterField> + use<> {
        self.registers.iter().flat_map(|register| register.fields())
    }
}
