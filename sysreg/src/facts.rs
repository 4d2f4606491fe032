//! What is known of fields beyond their names, bits and values: how far a host lets a field go, which
//! of the architecture's features it tells of, and what holds between fields.
//!
//! A description says none of this, so it stands beside it in a file of its own, in words as plain as
//! the description's: one statement on a line, words between blanks, comments on lines of their own
//! that begin with `#`.
//!
//! | statement | what it says |
//! |---|---|
//! | `Safety TYPE REGISTER FIELD...` | which values are safe: `Lower`, `SignedLower`, `Higher`, `HigherOrZero`, `Any`; without it `SignedLower` for a `SignedEnum`, and `Lower` for all others |
//! | `Safety Exact VALUE REGISTER FIELD...` | the host's value or this one |
//! | `Refused FIRST[-LAST] REGISTER FIELD...` | values that KVM refuses whatever the host has |
//! | `Owned OWNER REGISTER FIELD...` | what sets the fields: `sve`, `pauth`, `pmu`, `mte`, `el2`, `gic`, `topology` |
//! | `Needs OWNER REGISTER FIELD...` | without it the fields read as zero |
//! | `Mitigation REGISTER FIELD...` | the fields tell of protection against speculation attacks |
//! | `Feature FEAT_NAME REGISTER FIELD VALUE` | a feature is there if the field is at least so much; one line for each of its fields |
//! | `Requires CONDITION CONDITION...` | what has the first has the others |
//! | `Equal REGISTER.FIELD REGISTER.FIELD [with CONDITION]` | both have one value |
//! | `AtMostOne REGISTER.FIELD...` | no more than one of them is anything but zero |
//! | `NotAbove REGISTER.FIELD REGISTER.FIELD` | the first is no more than the second |
//!
//! A condition is `FEAT_NAME` or `REGISTER.FIELD>=VALUE`, a value is decimal or hexadecimal after `0x`,
//! and `*` stands for every field of a register, where none of that name has a statement of its own.
//!
//! ```
//! use sysreg::facts::{self, Safety};
//!
//! let source = sysreg::Source::new("aarch64-id.facts", sysreg::AARCH64_FACTS)?;
//! let known = facts::load(&source).map_err(|mistakes| sysreg::render(&source, &mistakes[0]))?;
//!
//! let description = sysreg::Source::new("aarch64-id.sysreg", sysreg::AARCH64_ID)?;
//! let model = sysreg::load(&description).model;
//! let register = model.register("CTR_EL0").ok_or("no such register")?;
//! let field = model.layout(register).and_then(|layout| layout.field("L1Ip")).ok_or("no such field")?;
//! assert_eq!(known.rule(register.name(), field).safety, Safety::Exact { safe: 2 });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod parse;
mod within;
mod words;

pub use self::parse::load;

use crate::model::{Field, FieldKind};
use std::collections::BTreeMap;
use std::fmt;

/// What stands for every field of a register.
const EVERY_FIELD: &str = "*";

/// The facts of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// By register, then by field.
    stated: BTreeMap<String, BTreeMap<String, FieldStatements>>,
    features: BTreeMap<String, Vec<AtLeast>>,
    consistency: Vec<Consistency>,
}

/// What a file states of a field, or of every field of a register.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct FieldStatements {
    safety: Option<Safety>,
    refused: Vec<ValueRange>,
    owner: Option<Owner>,
    needs: Option<Owner>,
    mitigation: bool,
}

/// What is known of the values that a field may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// Which values are no more than a host can give.
    pub safety: Safety,
    /// Values that KVM refuses whatever the host has, ascending.
    pub refused: Vec<ValueRange>,
    /// What sets the field.
    pub owner: Option<Owner>,
    /// Without it the field reads as zero.
    pub needs: Option<Owner>,
    /// Whether the field tells of a protection against speculation attacks.
    pub mitigation: bool,
}

/// Declares an enum by the words that stand for its variants.
macro_rules! by_word {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word for it in a file.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

by_word! {
    /// What sets a field, or has to be there for it to be anything but zero.
    Owner {
        /// The option `sve`.
        Sve = "sve",
        /// The option `pauth`.
        Pauth = "pauth",
        /// The option `pmu`.
        Pmu = "pmu",
        /// The option `mte`.
        Mte = "mte",
        /// The option `el2`.
        El2 = "el2",
        /// The VM's interrupt controller.
        Gic = "gic",
        /// The vCPU's place among the others.
        Topology = "topology",
    }
}

/// Which values of a field are no more than a host can give: the kernel's feature-safety types
/// (Linux 7.2, `arch/arm64/include/asm/cpufeature.h`, `enum ftr_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Safety {
    /// The host's value or less, as unsigned numbers.
    Lower,
    /// The host's value or less, as signed numbers.
    SignedLower,
    /// The host's value or more.
    Higher,
    /// Zero, or the host's value or more.
    HigherOrZero,
    /// The host's value, or one that is safe everywhere.
    Exact {
        /// That value.
        safe: u64,
    },
    /// Any value.
    Any,
}

/// Values from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueRange {
    /// The least.
    pub first: u64,
    /// The most, not less than `first`.
    pub last: u64,
}

/// The names of a register and of one of its fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The register's name, such as `ID_AA64ISAR0_EL1`.
    pub register: String,
    /// The field's name, such as `DP`.
    pub field: String,
}

/// A field whose value says that something is there if it is at least so much, signed where the field's
/// rule is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtLeast {
    /// The field.
    pub place: Place,
    /// The least value.
    pub value: u64,
}

/// A feature of the architecture by the fields that tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature<'f> {
    /// The architecture's name, such as `FEAT_DotProd`.
    pub name: &'f str,
    /// The least value of each field with the feature, in file order.
    pub values: &'f [AtLeast],
}

/// What a rule speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The feature of this name.
    Feature(String),
    /// A field that is at least so much.
    Field(AtLeast),
}

/// Something that holds for every CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// What has the one has the other.
    Requires {
        /// The one.
        subject: Condition,
        /// The other.
        needs: Condition,
    },
    /// Two fields have one value.
    Equal {
        /// One field.
        left: Place,
        /// The other.
        right: Place,
        /// They need to be equal only with this.
        with: Option<Condition>,
    },
    /// No more than one of the fields is anything but zero.
    AtMostOne(Vec<Place>),
    /// A field is no more than another.
    NotAbove {
        /// The field.
        field: Place,
        /// The other.
        most: Place,
    },
}

impl Facts {
    /// The rule of a register's field: what is stated of it, and for the rest what is stated of every
    /// field of the register.
    #[must_use]
    pub fn rule(&self, register: &str, field: &Field) -> FieldRule {
        let signed = field.kind() == FieldKind::SignedEnum;
        let mut rule = FieldRule {
            safety: if signed {
                Safety::SignedLower
            } else {
                Safety::Lower
            },
            refused: Vec::new(),
            owner: None,
            needs: None,
            mitigation: false,
        };
        let stated = self.stated.get(register);
        for name in [EVERY_FIELD, field.name()] {
            if let Some(stated) = stated.and_then(|fields| fields.get(name)) {
                stated.add_to(&mut rule);
            }
        }
        rule
    }

    /// The features, by name.
    pub fn features(&self) -> impl Iterator<Item = Feature<'_>> {
        let features = self.features.iter();
        features.map(|(name, values)| Feature { name, values })
    }

    /// What holds between fields, in file order; a `Requires` of several is one for each.
    #[must_use]
    pub fn consistency(&self) -> &[Consistency] {
        &self.consistency
    }
}

impl FieldStatements {
    fn add_to(&self, rule: &mut FieldRule) {
        rule.safety = self.safety.unwrap_or(rule.safety);
        rule.owner = self.owner.or(rule.owner);
        rule.needs = self.needs.or(rule.needs);
        rule.mitigation |= self.mitigation;
        rule.refused.extend(&self.refused);
        rule.refused.sort_unstable();
    }
}

/// Shows `REGISTER.FIELD`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.register, self.field)
    }
}
