//! CPU models: a base and overrides, as requested, independent of any host.
//!
//! # Syntax
//!
//! ```text
//! MODEL    = BASE { "," OVERRIDE }
//! BASE     = "host" | "custom" | NAMED
//! NAMED    = name [ "-v" version ]                     neoverse-n1, neoverse-n1-v1
//! OVERRIDE = FIELD "=" NUMBER | REGISTER "=" NUMBER | FEATURE "=" SWITCH | OPTION "=" SWITCH
//!          | "pmu-counters" "=" NUMBER | "enforce" [ "=" SWITCH ]
//! FIELD    = "SYSREG_" register "_" field      SYSREG_ID_AA64ISAR0_EL1_DP
//! REGISTER = "midr" | "revidr" | "aidr"
//! FEATURE  = "FEAT_" name                      FEAT_DotProd
//! OPTION   = "sve" | "sve" bits | "pauth" | "pmu" | "mte" | "aarch64" | "el2"
//! SWITCH   = "on" | "off"
//! NUMBER   = decimal without leading zeros | "0x" hexadecimal
//! ```
//!
//! `custom` is the same base as `host`. A [named model](named) has values for every field and
//! option; overrides change them. There are no spaces, and case counts. The order of the overrides
//! has no effect.
//!
//! | override | value | effect |
//! |---|---|---|
//! | `SYSREG_<REG>_<FIELD>` | number up to the field's width; a signed field as its bits (`0xf` is -1) | the field has this value |
//! | `midr`, `revidr`, `aidr` | number of 64 bits | MIDR_EL1, REVIDR_EL1 or AIDR_EL1 has this value |
//! | `FEAT_<NAME>` | `off` | the fields that define the feature are lowered just so far that the guest does not have it |
//! | `FEAT_<NAME>` | `on` | the guest has the feature; rejected if the host has not |
//! | `sve`, `pauth`, `pmu` | `on` or `off` | the option; without it as the VMM's configuration says |
//! | `sve<BITS>` | `on` or `off` | the longest vectors, or the length below which they stay: `sve256=on`, `sve512=off` |
//! | `pmu-counters` | number up to 31 | the number of event counters of the PMU (PMCR_EL0.N), up to the host's; needs Linux 6.7 |
//! | `mte`, `el2` | `on` or `off` | memory tagging, guest hypervisors |
//! | `aarch64` | `on` or `off` | the execution state at EL1; `off` is AArch32 |
//! | `enforce` | none, `on` or `off` | inconsistencies between fields are errors, not [warnings](crate::plan::Plan::warnings) |
//!
//! An option decides how vCPUs are made, which [`CpuModel::config`] says, and owns its fields: an
//! override of a field that an option owns is rejected with the option's name. The registers and
//! fields are those of [`regs`](crate::regs), by the names of the kernel's
//! `arch/arm64/tools/sysreg`; [`Property::all`](property::Property::all) lists every property.
//!
//! Only an unknown base is an error of `parse`. Everything else, from unknown names to two
//! overrides of one field, is rejected by [`Plan::new`](crate::plan::Plan::new), all at once:
//!
//! ```
//! # let host: idreg_runtime::Host =
//! #     serde_json::from_str(include_str!("../data/hosts/max-latest.json"))?;
//! use idreg_runtime::{CpuModel, Plan, PlanError};
//!
//! let model: CpuModel = "host,FEAT_DotProd=off,midr=0x410fd0c0,enforce".parse()?;
//! assert!(Plan::new(&host, &model).is_ok());
//!
//! let model: CpuModel = "host,FEAT_Dotprod=off,sve=maybe,midr=010,pmu".parse()?;
//! let Err(PlanError::Rejected(reasons)) = Plan::new(&host, &model) else {
//!     return Err("a plan for an impossible model".into());
//! };
//! assert_eq!(reasons.len(), 4);
//! assert!("neoverse-m1".parse::<CpuModel>().is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod base;
mod configuration;
mod model_name;
#[cfg(feature = "models")]
pub mod named;
#[cfg(not(feature = "models"))]
mod no_named;
pub mod property;
mod setting;
mod text;

pub use self::base::Base;
pub use self::setting::{InvalidValue, Override, Setting};

#[cfg(feature = "models")]
pub(crate) use self::named::NamedModel;
#[cfg(not(feature = "models"))]
pub(crate) use self::no_named::NamedModel;

#[cfg(feature = "models")]
use self::named::Models;
use crate::description::RegisterField;
use crate::register::{FieldValue, RegisterValue};
use crate::text::Printable;
use core::fmt;
use property::{ENFORCE, whole_register};
#[cfg(feature = "models")]
use std::sync::Arc;

/// A CPU model: the host's CPU, or a [named model](named), with some overrides.
///
/// The text form is QEMU's: `host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0,FEAT_SHA512=off,sve=off`. Names
/// are properties of fields, features of the architecture, [options](crate::config::options) of the
/// vCPU, and `midr`, `revidr` and `aidr` for whole registers; `enforce` turns a plan's
/// [warnings](crate::plan::Plan::warnings) of inconsistency into errors. The same model with types:
///
/// ```
/// use idreg_runtime::model::CpuModel;
/// use idreg_runtime::config::options::CpuOption;
/// use idreg_runtime::regs::id_aa64isar0_el1::Dp;
///
/// let mut model = CpuModel::host();
/// model.set(Dp::NI).switch("FEAT_SHA512", false).switch(CpuOption::Sve, false);
/// assert_eq!(model, "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,FEAT_SHA512=off,sve=off".parse()?);
/// assert_eq!(model.to_string(), "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0,FEAT_SHA512=off,sve=off");
/// # Ok::<(), idreg_runtime::model::UnknownModel>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuModel {
    base: Base,
    overrides: Vec<Override>,
    enforce: bool,
}

/// The error of a first word that is not the name of a model.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no CPU model `{}`; write `host` or a named model, alone or with overrides as in \
     `host,PROPERTY=VALUE,...`",
    Printable(.name)
)]
pub struct UnknownModel {
    /// The word.
    pub name: String,
}

/// Shows the message, as `main` prints the errors that it returns.
impl fmt::Debug for UnknownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl CpuModel {
    /// The host's CPU without overrides.
    #[must_use]
    pub fn host() -> Self {
        Self::default()
    }

    /// A named model without overrides.
    #[cfg(feature = "models")]
    #[must_use]
    pub fn named(model: Arc<NamedModel>) -> Self {
        Self {
            base: Base::Named(model),
            ..Self::default()
        }
    }

    /// The CPU that the overrides change.
    #[must_use]
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Overrides a field, and replaces an earlier override of it.
    pub fn set<F: FieldValue>(&mut self, value: F) -> &mut Self {
        self.set_property(F::FIELD.to_string(), value.bits())
    }

    /// Overrides a property by name, and replaces an earlier override of it.
    pub fn set_property(&mut self, property: impl Into<String>, value: u64) -> &mut Self {
        self.replace(property.into(), Setting::Number(value))
    }

    /// Overrides a field, and replaces an earlier override of it. A value that does not fit the
    /// field is rejected by the plan.
    ///
    /// ```
    /// use idreg_runtime::model::CpuModel;
    /// use idreg_runtime::regs::DESCRIPTION;
    ///
    /// let field = DESCRIPTION.property("SYSREG_ID_AA64ISAR0_EL1_DP").ok_or("no such field")?;
    /// let mut model = CpuModel::host();
    /// model.set_field(field, 0);
    /// assert_eq!(model, "host,SYSREG_ID_AA64ISAR0_EL1_DP=0".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_field(&mut self, field: RegisterField, value: u64) -> &mut Self {
        self.set_property(field.to_string(), value)
    }

    /// Overrides a whole register by type, and replaces earlier overrides of it.
    ///
    /// MIDR_EL1, REVIDR_EL1 and AIDR_EL1 are properties themselves. Of any other register it
    /// overrides every field with its value here; a field that has this value on the host needs no
    /// write. Bits that belong to no field keep the host's value.
    ///
    /// ```
    /// use idreg_runtime::model::CpuModel;
    /// use idreg_runtime::regs::{IdAa64afr0El1, MidrEl1};
    ///
    /// let mut model = CpuModel::host();
    /// model.set_register(MidrEl1::from_bits(0x413fd0c1));
    /// assert_eq!(model.to_string(), "host,midr=0x413fd0c1");
    /// model.set_register(IdAa64afr0El1::from_bits(1));
    /// assert_eq!(model.overrides().len(), 9); // one for each field of ID_AA64AFR0_EL1
    /// # Ok::<(), idreg_runtime::model::UnknownModel>(())
    /// ```
    pub fn set_register<R: RegisterValue>(&mut self, value: R) -> &mut Self {
        if let Some(property) = whole_register(R::DESCRIPTION) {
            return self.set_property(property, value.bits());
        }
        for field in R::DESCRIPTION.fields() {
            self.set_field(field, field.field.extract(value.bits()));
        }
        self
    }

    /// Turns an option or a feature on or off, and replaces an earlier override of it.
    pub fn switch(&mut self, name: impl Into<String>, on: bool) -> &mut Self {
        self.replace(name.into(), Setting::Switch(on))
    }

    /// Makes inconsistencies between overrides errors instead of warnings.
    pub fn set_enforce(&mut self, enforce: bool) -> &mut Self {
        self.enforce = enforce;
        self
    }

    /// True if inconsistencies are errors.
    #[must_use]
    pub fn enforce(&self) -> bool {
        self.enforce
    }

    /// The overrides in the order of the model.
    #[must_use]
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// The model with the values of a base that was [unknown](Base::Unknown) when it was read.
    ///
    /// # Errors
    ///
    /// [`UnknownModel`] if these models do not have the base either.
    #[cfg(feature = "models")]
    pub fn resolved(mut self, models: &Models) -> Result<Self, UnknownModel> {
        if let Base::Unknown(name) = &self.base {
            let known = models.get(name).cloned();
            let name = name.clone();
            self.base = Base::Named(known.ok_or(UnknownModel { name })?);
        }
        Ok(self)
    }

    /// The model without some of its overrides.
    pub(crate) fn without(mut self, is_left_out: impl Fn(&Override) -> bool) -> Self {
        self.overrides.retain(|asked| !is_left_out(asked));
        self
    }

    fn replace(&mut self, property: String, setting: Setting) -> &mut Self {
        if let (ENFORCE, Setting::Switch(on)) = (property.as_str(), setting) {
            return self.set_enforce(on);
        }
        self.overrides.retain(|asked| asked.property != property);
        self.overrides.push(Override {
            property,
            value: Ok(setting),
        });
        self
    }
}
