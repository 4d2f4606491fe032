//! Values that old guests cannot bear.

use super::acceptance::{AcceptanceSet, AcceptedValues};
use crate::description::{Description, RegisterField};
use crate::text::{Printable, comma_list};
use crate::values::RegisterValues;
use core::fmt;
use core::str::FromStr;

/// A release of a guest's system: `linux-5.10` or `edk2-202511`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Guest {
    system: System,
    version: Version,
}

/// The software in a guest that reads ID registers first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum System {
    /// The Linux kernel.
    Linux,
    /// The firmware EDK II (`ArmVirtQemu`), by its stable releases.
    Edk2,
}

/// Major and minor number of a release; of EDK II the year and the month.
type Version = (u32, u32);

/// Fields above whose limit a guest fails.
///
/// A release of a distribution may have the repair and an older number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestLimit {
    /// The system that fails.
    pub system: System,
    /// The first release that fails.
    pub since: Version,
    /// The first release with the repair.
    pub before: Version,
    /// The properties of the fields.
    pub fields: &'static [&'static str],
    /// The greatest value that the guest bears, as the field compares values.
    pub most: u64,
    /// The property of a field that lifts the limit with a value above zero.
    pub unless: Option<&'static str>,
    /// The failure.
    pub failure: &'static str,
    /// The reports that show it.
    pub source: &'static str,
}

/// The error of text that names no release of a guest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not the release of a guest; write `linux-MAJOR.MINOR` or `edk2-YYYYMM`, such as \
     `linux-5.10` or `edk2-202511`",
    Printable(.text)
)]
pub struct InvalidGuest {
    /// The text.
    pub text: String,
}

const TGRAN4: &str = "SYSREG_ID_AA64MMFR0_EL1_TGRAN4";

/// Every known limit.
pub const GUEST_LIMITS: [GuestLimit; 5] = [
    GuestLimit {
        system: System::Linux,
        since: (0, 0),
        before: (4, 19),
        fields: &["SYSREG_ID_AA64MMFR0_EL1_PARANGE"],
        most: 5,
        unless: None,
        failure: "it does not boot with physical addresses of 52 bits",
        source: "gitlab.com/qemu-project/qemu/-/issues/964, ClangBuiltLinux/boot-utils#61",
    },
    GuestLimit {
        system: System::Linux,
        since: (0, 0),
        before: (5, 12),
        fields: &[TGRAN4],
        most: 0,
        unless: None,
        failure: "it stops before its first message if LPA2 is visible",
        source: "danobi/vmtest#116",
    },
    GuestLimit {
        system: System::Linux,
        since: (0, 0),
        before: (5, 12),
        fields: &["SYSREG_ID_AA64MMFR0_EL1_TGRAN16"],
        most: 1,
        unless: None,
        failure: "it stops before its first message if LPA2 is visible",
        source: "danobi/vmtest#116",
    },
    GuestLimit {
        system: System::Linux,
        since: (0, 0),
        before: (6, 14),
        fields: &[
            "SYSREG_ID_AA64ZFR0_EL1_F64MM",
            "SYSREG_ID_AA64ZFR0_EL1_F32MM",
            "SYSREG_ID_AA64ZFR0_EL1_I8MM",
            "SYSREG_ID_AA64ZFR0_EL1_SM4",
            "SYSREG_ID_AA64ZFR0_EL1_SHA3",
            "SYSREG_ID_AA64ZFR0_EL1_B16B16",
            "SYSREG_ID_AA64ZFR0_EL1_BF16",
            "SYSREG_ID_AA64ZFR0_EL1_BitPerm",
            "SYSREG_ID_AA64ZFR0_EL1_AES",
            "SYSREG_ID_AA64ZFR0_EL1_SVEver",
        ],
        most: 0,
        unless: Some("SYSREG_ID_AA64PFR0_EL1_SVE"),
        failure: "its programs see SVE2 on a CPU without SVE",
        source: "VectorCamp/vectorscan#363, \
                 lore.kernel.org/r/20250107-arm64-2024-dpisa-v5-1-7578da51fc3d@kernel.org",
    },
    GuestLimit {
        system: System::Edk2,
        since: (2025, 11),
        before: (2026, 5),
        fields: &[TGRAN4],
        most: 0,
        unless: None,
        failure: "it hangs if LPA2 is visible",
        source: "tianocore/edk2#11962, tianocore/edk2#12545",
    },
];

impl Guest {
    /// The limits of this release.
    pub fn limits(self) -> impl Iterator<Item = &'static GuestLimit> {
        GUEST_LIMITS.iter().filter(move |limit| {
            let fails = limit.since <= self.version && self.version < limit.before;
            limit.system == self.system && fails
        })
    }

    /// The limits of this release that a guest with these registers exceeds.
    ///
    /// ```
    /// # let file = include_str!("../../data/hosts/max-latest.json");
    /// # let host: idreg_runtime::Host = serde_json::from_str(file)?;
    /// use idreg_runtime::fleet::Guest;
    ///
    /// let old: Guest = "linux-5.10".parse()?;
    /// let exceeded = old.exceeded(host.values());
    /// assert_eq!(exceeded[0].fields, ["SYSREG_ID_AA64MMFR0_EL1_TGRAN4"]);
    /// let new: Guest = "linux-6.18".parse()?;
    /// assert!(new.exceeded(host.values()).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn exceeded(self, values: &RegisterValues) -> Vec<&'static GuestLimit> {
        self.limits()
            .filter(|limit| limit.above(values).next().is_some())
            .collect()
    }

    /// Lowers fields to the limits of this release, as far as accepted values are that low.
    pub(super) fn lower(self, accepted: &AcceptanceSet, values: &mut RegisterValues) {
        for limit in self.limits() {
            let above: Vec<RegisterField> = limit.above(values).collect();
            for field in above {
                let compare = |value: u64| field.field.comparable(value);
                let ranges = accepted
                    .get(field)
                    .map_or(Vec::new(), AcceptedValues::ranges);
                let candidates = ranges.iter().flat_map(|range| {
                    let within = Some(limit.most).filter(|most| range.contains(*most));
                    [range.first, range.last].into_iter().chain(within)
                });
                let low = candidates.filter(|value| compare(*value) <= compare(limit.most));
                if let Some(value) = low.max_by_key(|value| compare(*value)) {
                    let old = values.get(field.register).unwrap_or(0);
                    values.set(field.register, field.field.insert(old, value));
                }
            }
        }
    }
}

impl GuestLimit {
    /// The fields whose values are above the limit.
    pub fn above(&self, values: &RegisterValues) -> impl Iterator<Item = RegisterField> {
        let description = values.description();
        let is_lifted = self.unless.is_some_and(|property| {
            let value = value(description, property, values);
            value.is_some_and(|(_, value)| value != 0)
        });
        let fields = self.fields.iter().filter(move |_| !is_lifted);
        fields.filter_map(move |property| {
            let (field, value) = value(description, property, values)?;
            let compare = |value: u64| field.field.comparable(value);
            (compare(value) > compare(self.most)).then_some(field)
        })
    }
}

fn value(
    description: &'static Description,
    property: &str,
    values: &RegisterValues,
) -> Option<(RegisterField, u64)> {
    let field = description.property(property)?;
    Some((field, values.field(field)?))
}

impl FromStr for Guest {
    type Err = InvalidGuest;

    fn from_str(text: &str) -> Result<Self, InvalidGuest> {
        let numbers = |major: &str, minor: &str| {
            let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
            let both = is_number(major) && is_number(minor);
            both.then(|| Some((major.parse().ok()?, minor.parse().ok()?)))?
        };
        let guest = match text.split_once('-') {
            Some(("linux", version)) => {
                let version = version.split_once('.');
                let version = version.and_then(|(major, minor)| numbers(major, minor));
                version.map(|version| (System::Linux, version))
            }
            Some(("edk2", version)) if version.len() == 6 => {
                let version = version.split_at_checked(4);
                let version = version.and_then(|(year, month)| numbers(year, month));
                version.map(|version| (System::Edk2, version))
            }
            _ => None,
        };
        let (system, version) = guest.ok_or_else(|| InvalidGuest {
            text: text.to_owned(),
        })?;
        Ok(Self { system, version })
    }
}

/// Shows the form that [`Guest::from_str`] reads.
impl fmt::Display for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version;
        match self.system {
            System::Linux => write!(f, "linux-{major}.{minor}"),
            System::Edk2 => write!(f, "edk2-{major:04}{minor:02}"),
        }
    }
}

/// Shows the fields with their limit, the failure and its source.
impl fmt::Display for GuestLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fields,
            most,
            failure,
            source,
            ..
        } = self;
        write!(
            f,
            "{} above {most:#x}: {failure} ({source})",
            comma_list(fields)
        )
    }
}
