//! Tolerance: the fields and mitigations in which a guest's new host may differ from the one that
//! it started on.

use crate::description::rule::Audience;
use crate::description::{Description, RegisterField};
use crate::firmware::FirmwareRegister;
use crate::text::Printable;
use core::fmt;

/// The fields and mitigations that may differ between the hosts of a guest although no VMM can make
/// them equal.
///
/// KVM keeps some fields at the host's value that only a hypervisor can act on. A guest without EL2
/// can read such a field and see it change, but has nothing that depends on it. No field is
/// tolerated unless it is asked for: all fields of [`Audience::El2`], or a field by its name. A
/// guest with EL2 tolerates no audience.
///
/// KVM compares the level of a [mitigation](FirmwareRegister::is_mitigation) with the host's and
/// does not store it. If a level is tolerated, the guest counts on a call that its new host does
/// not offer, or on a CPU that needs none: it may be open to the attack.
///
/// ```
/// use idreg_runtime::firmware::FirmwareRegister;
/// use idreg_runtime::regs::DESCRIPTION;
/// use idreg_runtime::tolerance::Tolerance;
///
/// let tolerance = Tolerance::parse(&DESCRIPTION, "el2,SYSREG_ID_AA64MMFR2_EL1_IDS")?;
/// let field = |name| DESCRIPTION.property(name).ok_or("no such field");
/// assert!(tolerance.covers(field("SYSREG_ID_AA64MMFR2_EL1_EVT")?, false));
/// assert!(!tolerance.covers(field("SYSREG_ID_AA64MMFR2_EL1_EVT")?, true)); // with EL2
/// assert!(tolerance.covers(field("SYSREG_ID_AA64MMFR2_EL1_IDS")?, false));
/// assert!(!Tolerance::none().covers(field("SYSREG_ID_AA64MMFR2_EL1_EVT")?, false));
///
/// let mitigations = Tolerance::parse(&DESCRIPTION, "mitigations")?;
/// assert!(mitigations.covers_level(FirmwareRegister::Workaround1));
/// assert!(!mitigations.covers_level(FirmwareRegister::PsciVersion)); // a VMM writes it
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    el2: bool,
    fields: Vec<RegisterField>,
    /// Registers of mitigations.
    levels: Vec<FirmwareRegister>,
}

/// The word for the levels of all mitigations.
const MITIGATIONS: &str = "mitigations";

/// The error of a word that names nothing that can be tolerated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` cannot be tolerated; write `el2`, `mitigations`, or the names of fields such as \
     `SYSREG_ID_AA64MMFR2_EL1_IDS` and of mitigations such as \
     `KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1`, separated by commas",
    Printable(.word)
)]
pub struct NotTolerable {
    /// The word.
    pub word: String,
}

impl Tolerance {
    /// A tolerance of nothing, like the default.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            el2: false,
            fields: Vec::new(),
            levels: Vec::new(),
        }
    }

    /// Tolerates every field of [`Audience::El2`] in guests without EL2.
    pub fn allow_el2(&mut self) -> &mut Self {
        self.el2 = true;
        self
    }

    /// Tolerates a field, whatever its audience.
    pub fn allow(&mut self, field: RegisterField) -> &mut Self {
        if !self.fields.contains(&field) {
            self.fields.push(field);
        }
        self
    }

    /// Tolerates a lower level of a mitigation; has no effect for other firmware registers, which a
    /// VMM can write.
    pub fn allow_level(&mut self, register: FirmwareRegister) -> &mut Self {
        if register.is_mitigation() && !self.levels.contains(&register) {
            self.levels.push(register);
        }
        self
    }

    /// Tolerates lower levels of all mitigations.
    pub fn allow_mitigations(&mut self) -> &mut Self {
        for register in FirmwareRegister::ALL {
            self.allow_level(register);
        }
        self
    }

    /// Reads `el2`, `mitigations`, and names of fields and of mitigations' registers, separated by
    /// commas.
    ///
    /// # Errors
    ///
    /// [`NotTolerable`] for the first word that is none of these.
    pub fn parse(description: &Description, text: &str) -> Result<Self, NotTolerable> {
        let mut tolerance = Self::none();
        for word in text.split(',') {
            if word == Audience::El2.name() {
                tolerance.allow_el2();
            } else if word == MITIGATIONS {
                tolerance.allow_mitigations();
            } else if let Some(register) = mitigation(word) {
                tolerance.allow_level(register);
            } else if let Some(field) = description.property(word) {
                tolerance.allow(field);
            } else {
                let word = word.to_owned();
                return Err(NotTolerable { word });
            }
        }
        Ok(tolerance)
    }

    /// True if nothing is tolerated.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// True if a field may differ in a guest with or without EL2.
    #[must_use]
    pub fn covers(&self, field: RegisterField, has_el2: bool) -> bool {
        let by_audience =
            self.el2 && !has_el2 && field.field.rule().audience == Some(Audience::El2);
        by_audience || self.fields.contains(&field)
    }

    /// True if a firmware register is that of a mitigation whose level may be lower.
    #[must_use]
    pub fn covers_level(&self, register: FirmwareRegister) -> bool {
        self.levels.contains(&register)
    }

    /// The tolerated mitigations as [`parse`](Self::parse) reads them.
    fn level_words(&self) -> Vec<String> {
        let mut mitigations = FirmwareRegister::ALL.into_iter();
        if mitigations.all(|register| !register.is_mitigation() || self.covers_level(register)) {
            return vec![MITIGATIONS.to_owned()];
        }
        let levels = self.levels.iter();
        levels.map(|register| register.name().to_owned()).collect()
    }
}

/// The register of a mitigation of this name, or `None`.
fn mitigation(name: &str) -> Option<FirmwareRegister> {
    FirmwareRegister::named(name).filter(|register| register.is_mitigation())
}

/// Shows the form that [`Tolerance::parse`] reads, or `nothing`.
impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let audience = self.el2.then(|| Audience::El2.name().to_owned());
        let fields = self.fields.iter().map(RegisterField::to_string);
        let words = audience.into_iter().chain(self.level_words());
        let words: Vec<String> = words.chain(fields).collect();
        if words.is_empty() {
            f.write_str("nothing")
        } else {
            f.write_str(&words.join(","))
        }
    }
}
