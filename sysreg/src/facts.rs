//! Facts about fields beyond their names, bits and values.
//!
//! They describe the values that a host can give to a guest (safety), the values that KVM refuses,
//! the owner that sets a field, the architecture's features that a field defines, and the rules
//! between fields. A description contains none of this, so the facts are in a file of their own,
//! with a grammar like that of a description: one statement on a line, blanks between words, and
//! comments on lines of their own that begin with `#`.
//!
//! | statement | meaning |
//! |---|---|
//! | `Safety TYPE REGISTER FIELD...` | the safe values: `Lower`, `SignedLower`, `Higher`, `HigherOrZero` or `Any`; the default is `SignedLower` for a `SignedEnum` and `Lower` for all other fields |
//! | `Safety Exact VALUE REGISTER FIELD...` | the host's value or `VALUE` is safe |
//! | `Refused FIRST[-LAST] REGISTER FIELD...` | values that KVM refuses on every host |
//! | `Owned OWNER REGISTER FIELD...` | the owner that sets the fields: `sve`, `pauth`, `pmu`, `mte`, `el2`, `gic` or `topology` |
//! | `Needs OWNER REGISTER FIELD...` | the fields read as zero without the owner |
//! | `Mitigation REGISTER FIELD...` | the fields report protection against speculation attacks |
//! | `Audience AUDIENCE REGISTER FIELD...` | the software that can act on the fields: `el0`, `el1`, `el2` or `debugger` |
//! | `Unordered FIRST[-LAST] REGISTER FIELD...` | values at the end of a field's range that no minimum includes, although they are higher |
//! | `Feature FEAT_NAME RANGE... [with CONDITION...]` | the feature is present if all ranges and conditions of the line are met, or those of another line for it; the ranges change with the feature and the conditions do not |
//! | `Mirror FEAT_NAME RANGE...` | fields that describe the feature again and do not decide if it is present |
//! | `Requires CONDITION CONDITION...` | if the first condition is true, the others must be true |
//! | `Equal REGISTER.FIELD REGISTER.FIELD [with CONDITION]` | both fields have the same value |
//! | `AtMostOne REGISTER.FIELD...` | at most one of the fields is not zero |
//! | `AtLeastOne CONDITION CONDITION...` | at least one of the conditions is true |
//! | `NotAbove REGISTER.FIELD REGISTER.FIELD` | the first field is not above the second |
//! | `ZeroWithout REGISTER FEAT_NAME...` | the whole register is zero if none of the features is present |
//!
//! A range is `REGISTER.FIELD>=VALUE` or `REGISTER.FIELD=VALUE[-LAST]`; a condition is a range or
//! `FEAT_NAME`. A value is decimal, or hexadecimal after `0x`. The field `*` is every field of a
//! register; see [`Facts::rule`] for both on one field. A feature after `with` has its own
//! `Feature` statements before.
//!
//! ```
//! use sysreg::facts::{self, Safety};
//!
//! let source = sysreg::Source::new("aarch64-id.facts", sysreg::AARCH64_FACTS)?;
//! let facts = facts::load(&source).map_err(|mistakes| sysreg::render(&source, &mistakes[0]))?;
//!
//! let description = sysreg::Source::new("aarch64-id.sysreg", sysreg::AARCH64_ID)?;
//! let model = sysreg::load(&description).model;
//! let register = model.register("CTR_EL0").ok_or("no such register")?;
//! let layout = model.layout(register).ok_or("opaque")?;
//! let field = layout.field("L1Ip").ok_or("no such field")?;
//! assert_eq!(facts.rule(register.name(), field).safety, Safety::Exact { safe: 2 });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod parse;
mod within;
mod words;

pub use self::parse::load;

use crate::model::{Field, FieldKind};
use std::collections::BTreeMap;
use std::fmt;

/// The name for every field of a register.
const EVERY_FIELD: &str = "*";

/// The facts in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Statements about fields, by register and field.
    stated: BTreeMap<String, BTreeMap<String, FieldStatements>>,
    features: BTreeMap<String, FeatureStatements>,
    consistency: Vec<Consistency>,
}

/// The statements of a file about a field, or about every field of a register.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct FieldStatements {
    safety: Option<Safety>,
    refused: Vec<ValueRange>,
    owner: Option<Owner>,
    needs: Option<Owner>,
    mitigation: bool,
    audience: Option<Audience>,
    unordered: Option<ValueRange>,
}

/// The statements of a file about a feature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct FeatureStatements {
    definitions: Vec<Definition>,
    mirrors: Vec<FieldRange>,
}

/// The rule for the values of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// The type of the field's limit on a host.
    pub safety: Safety,
    /// Values that KVM refuses on every host, ascending.
    pub refused: Vec<ValueRange>,
    /// The owner that sets the field, or `None` if it has no owner.
    pub owner: Option<Owner>,
    /// The owner without which the field reads as zero, or `None` if it needs no owner.
    pub needs: Option<Owner>,
    /// True if the field reports protection against speculation attacks.
    pub mitigation: bool,
    /// The software that can act on the field, or `None` if no statement says it.
    pub audience: Option<Audience>,
}

/// Declares an enum with the word of each variant.
macro_rules! by_word {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All variants.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word in a file of facts.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.word() == word)
            }
        }
    };
}

by_word! {
    /// The owner of a field: an option or a part of the VM that sets the field or that it needs.
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
        /// The vCPU's place in the topology.
        Topology = "topology",
    }
}

by_word! {
    /// The software that can act on a field: the least privileged that uses what the field reports.
    Audience {
        /// Any program: an instruction, a register or a behaviour at EL0.
        El0 = "el0",
        /// The operating system's kernel.
        El1 = "el1",
        /// A hypervisor or firmware at EL2 or EL3; a guest without EL2 cannot act on it.
        El2 = "el2",
        /// A debugger, tracer or profiler.
        Debugger = "debugger",
    }
}

/// The kernel's feature-safety type of a field: it decides which values a host can give to a guest.
///
/// See Linux 7.2, `arch/arm64/include/asm/cpufeature.h`, `enum ftr_type`.
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
    /// The host's value, or the value that is safe on every host.
    Exact {
        /// The value that is safe on every host.
        safe: u64,
    },
    /// Any value.
    Any,
}

/// A range of values, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueRange {
    /// The minimum.
    pub first: u64,
    /// The maximum, not below `first`.
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

/// A field and a range of its values; signed if the field's [`Safety`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRange {
    /// The field.
    pub place: Place,
    /// The values.
    pub values: Values,
}

/// A range of values as stated; [`Facts::value_range`] resolves it for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// This value and all above it, apart from values without an order.
    AtLeast(u64),
    /// These values.
    Within(ValueRange),
}

/// A feature of the architecture, with the fields that define it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature<'f> {
    /// The architecture's name, such as `FEAT_DotProd`.
    pub name: &'f str,
    /// The definitions, in file order; the feature is present if one of them is met.
    pub definitions: &'f [Definition],
    /// Fields that describe the feature again, in file order.
    pub mirrors: &'f [FieldRange],
}

/// Conditions that together define a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The fields that change with the feature.
    pub fields: Vec<FieldRange>,
    /// The conditions without which these fields do not count.
    pub with: Vec<Condition>,
}

/// A condition in a rule between fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The feature of this name is present.
    Feature(String),
    /// A field has a value in a range.
    Field(FieldRange),
}

/// A rule between fields that every CPU obeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// If one condition is true, another must be true.
    Requires {
        /// The first condition.
        subject: Condition,
        /// The condition that must be true with the first.
        needs: Condition,
    },
    /// Two fields have the same value.
    Equal {
        /// The first field.
        left: Place,
        /// The second field.
        right: Place,
        /// The condition under which the rule applies, or `None` if it always applies.
        with: Option<Condition>,
    },
    /// At most one of the fields is not zero.
    AtMostOne(Vec<Place>),
    /// At least one of the conditions is true.
    AtLeastOne(Vec<Condition>),
    /// A field is not above another.
    NotAbove {
        /// The field.
        field: Place,
        /// The field that limits it.
        most: Place,
    },
    /// A whole register is zero if none of some features is present.
    ZeroWithout {
        /// The register's name.
        register: String,
        /// The names of the features.
        features: Vec<String>,
    },
}

impl Facts {
    /// The rule of a register's field.
    ///
    /// `Safety`, `Owned`, `Needs` and `Audience` of the field override those of every field (`*`)
    /// of the register; `Refused` and `Mitigation` of both apply.
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
            audience: None,
        };
        let stated = self.stated.get(register);
        for name in [EVERY_FIELD, field.name()] {
            if let Some(stated) = stated.and_then(|fields| fields.get(name)) {
                stated.add_to(&mut rule);
            }
        }
        rule
    }

    /// Iterates over the features, sorted by name.
    pub fn features(&self) -> impl Iterator<Item = Feature<'_>> {
        let features = self.features.iter();
        features.map(|(name, stated)| Feature {
            name,
            definitions: &stated.definitions,
            mirrors: &stated.mirrors,
        })
    }

    /// The first and last value of a range in the order of its field, or `None` if they do not fit
    /// the field.
    ///
    /// In a signed field the last value of a minimum is the highest positive one.
    #[must_use]
    pub fn value_range(&self, range: &FieldRange, field: &Field) -> Option<ValueRange> {
        let register = &range.place.register;
        let unused = 64 - u32::from(field.bits().width());
        let max = u64::MAX >> unused;
        let signed = self.rule(register, field).safety == Safety::SignedLower;
        let number = |value: u64| {
            if signed {
                i128::from((value << unused).cast_signed() >> unused)
            } else {
                i128::from(value)
            }
        };
        let range = match range.values {
            Values::Within(range) => range,
            Values::AtLeast(first) => {
                let last = match self.unordered(register, field) {
                    Some(unordered) => unordered.first.checked_sub(1)?,
                    None if signed => max / 2,
                    None => max,
                };
                ValueRange { first, last }
            }
        };
        let fits = range.first <= max && range.last <= max;
        (fits && number(range.first) <= number(range.last)).then_some(range)
    }

    /// The values at the end of a field's range that no minimum includes.
    fn unordered(&self, register: &str, field: &Field) -> Option<ValueRange> {
        let stated = self.stated.get(register)?;
        let mut of_field = [field.name(), EVERY_FIELD].into_iter();
        of_field.find_map(|name| stated.get(name)?.unordered)
    }

    /// The rules between fields, in file order.
    ///
    /// A `Requires` with several conditions is several rules, one for each.
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
        rule.audience = self.audience.or(rule.audience);
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
