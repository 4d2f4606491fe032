//! Named models: complete, versioned tables of the ID registers that never change.
//!
//! A named model has a value for every field of the ID registers and a setting for every option of
//! the vCPU. Fields that its author did not know are 0. Three kinds of fields have no value in it:
//!
//! - Fields that [the VM sets](FieldSetting::Vm): those of the interrupt controller
//!   (ID_AA64PFR0_EL1.GIC, ID_AA64PFR2_EL1.GCIE, ID_PFR1_EL1.GIC) and of the vCPU's number
//!   (MPIDR_EL1).
//! - Fields that a model [leaves to the host](FieldSetting::Host), because some kernel or every
//!   kernel fixes them. These can be fields of [audience](Audience) `el2`; MIDR_EL1, REVIDR_EL1 and
//!   AIDR_EL1, which no kernel before 6.15 changes; CTR_EL0.CWG, ERG and L1Ip; and, in a model
//!   without AArch32, ID_DFR0_EL1.CopDbg. A [plan](crate::plan::Plan) with such a model names them
//!   in a warning.
//! - Fields of an option that an override of the model changes: they are as the host has them with
//!   the option so.
//!
//! A released model never changes; a change is a new version. `neoverse-n1` is the newest version
//! of `neoverse-n1-v1`, `neoverse-n1-v2` and so on, and a model's text form has the version.

mod collection;
mod file;
mod text;

pub use self::collection::{Models, RepeatedModel};
pub use self::file::{InvalidModels, ModelMistake, ModelProblem};

use super::model_name::{LONGEST_NAME, is_name};
use crate::config::VcpuConfig;
use crate::config::options::{CpuOption, OptionSetting};
use crate::description::rule::{Audience, Owner};
use crate::description::{Description, RegisterField};
use crate::regs::{self, AidrEl1, MidrEl1, RevidrEl1};
use crate::values::RegisterValues;

/// A named, versioned CPU model.
///
/// ```
/// use idreg_runtime::model::named::{FieldSetting, Models};
/// use idreg_runtime::regs::DESCRIPTION;
///
/// let models = Models::built_in();
/// let model = models.get("neoverse-n1").ok_or("no such model")?; // the newest version
/// assert_eq!((model.name(), model.version()), ("neoverse-n1", 1));
///
/// let field = |name| DESCRIPTION.property(name).ok_or("no such field");
/// let dp = model.field(field("SYSREG_ID_AA64ISAR0_EL1_DP")?);
/// assert_eq!(dp, FieldSetting::Value(1));
/// let evt = model.field(field("SYSREG_ID_AA64MMFR2_EL1_EVT")?);
/// assert_eq!(evt, FieldSetting::Host);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedModel {
    identity: ModelIdentity,
    /// The name with the version.
    full_name: String,
    config: VcpuConfig,
    /// A value for every register of the description.
    values: RegisterValues,
    /// The bits of the fields that keep the host's value.
    host: RegisterValues,
}

/// The name of a model and what its author says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelIdentity {
    /// The name without the version: lower-case letters, digits, `.` and `-`.
    pub name: String,
    /// The version, from 1.
    pub version: u32,
    /// One line about the model.
    pub description: String,
    /// The evidence of its values: machines, files and manuals.
    pub sources: Vec<String>,
    /// True if new guests should have another model.
    pub deprecated: bool,
}

/// The setting of a field in a named model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldSetting {
    /// The field has this value.
    Value(u64),
    /// The field keeps the host's value.
    Host,
    /// The VM sets the field, by its interrupt controller or the vCPU's number.
    Vm,
}

/// The error of a name that no model can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` cannot name a model: use up to {LONGEST_NAME} lower-case letters, digits, `.` and `-`, a \
     letter first, and neither `host` nor `custom`",
    crate::text::Printable(.name)
)]
pub struct InvalidModelName {
    /// The name.
    pub name: String,
}

/// The schema of a model file: a name and a number, which increases if older readers would misread
/// the file.
///
/// A model file is TOML. Keys: `schema`; `name` and `version`; `description`, one line; `sources`,
/// a list of texts; `deprecated`, `true` or not there; `options`, the list of the options that are
/// on, `aarch64` apart, with the longest vector length if `sve` is on: `["sve", "sve256", "pmu"]`;
/// `pmu_counters`, the number of event counters of the PMU, the host's if it is not there;
/// `registers`, a table of tables by the names of registers and fields, each field a number or
/// `"host"`. A whole register can be `"host"` too. Whatever else is not in the file is 0 or off.
pub const SCHEMA: &str = "idreg-model/1";

impl NamedModel {
    /// Makes a model of the registers' values, with the fields that keep the host's value.
    pub(crate) fn new(
        identity: ModelIdentity,
        config: VcpuConfig,
        values: &RegisterValues,
        keep: impl Fn(RegisterField) -> bool,
    ) -> Result<Self, InvalidModelName> {
        if !is_name(&identity.name) {
            let name = identity.name;
            return Err(InvalidModelName { name });
        }
        let description = &regs::DESCRIPTION;
        let (mut complete, mut host) = (
            RegisterValues::new(description),
            RegisterValues::new(description),
        );
        for register in description.registers {
            let (mut value, mut kept) = (0, 0);
            for field in register.fields() {
                if is_of_vm(field) {
                    continue;
                }
                if keep(field) {
                    kept |= field.field.mask();
                } else {
                    let of_field = values.field(field).unwrap_or(0);
                    value = field.field.insert(value, of_field);
                }
            }
            complete.set(register, value);
            host.set(register, kept);
        }
        let config = VcpuConfig {
            gic: None,
            aarch32: false,
            pmu_counters: config.pmu_counters.filter(|_| config.pmu),
            ..config
        };
        Ok(Self {
            full_name: format!("{}-v{}", identity.name, identity.version),
            identity,
            config,
            values: complete,
            host,
        })
    }

    /// The name with the version, such as `neoverse-n1-v1`.
    #[must_use]
    pub fn full_name(&self) -> &str {
        &self.full_name
    }

    /// The name without the version.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// The version, from 1.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.identity.version
    }

    /// The name and what the model's author says about it.
    #[must_use]
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// The options of the vCPUs, without an interrupt controller, which is the VM's.
    #[must_use]
    pub fn config(&self) -> VcpuConfig {
        self.config
    }

    /// The setting of every option, the longest vector length with SVE included.
    pub fn options(&self) -> impl Iterator<Item = OptionSetting> + use<> {
        let config = self.config;
        let length = config.sve_limit.filter(|_| config.sve);
        let length = length.map(CpuOption::SveLength);
        let [sve, others @ ..] = CpuOption::SWITCHES;
        let options = [sve].into_iter().chain(length).chain(others);
        options.map(move |option| OptionSetting::of(option, config))
    }

    /// The setting of a field; of one that this version does not know, 0.
    #[must_use]
    pub fn field(&self, field: RegisterField) -> FieldSetting {
        if is_of_vm(field) {
            return FieldSetting::Vm;
        }
        let kept = self.host.get(field.register).unwrap_or(0);
        if kept & field.field.mask() != 0 {
            FieldSetting::Host
        } else {
            FieldSetting::Value(self.values.field(field).unwrap_or(0))
        }
    }

    /// The value of a field, or `None` for one that the model leaves to the host or the VM sets.
    pub(crate) fn value(&self, field: RegisterField) -> Option<u64> {
        match self.field(field) {
            FieldSetting::Value(value) => Some(value),
            FieldSetting::Host | FieldSetting::Vm => None,
        }
    }

    /// True for a field that the model leaves to the host.
    pub(crate) fn leaves_to_host(&self, field: RegisterField) -> bool {
        self.field(field) == FieldSetting::Host
    }

    /// The fields of the model's description with their settings, in index order from bit 63 down.
    pub fn fields(&self) -> impl Iterator<Item = (RegisterField, FieldSetting)> + '_ {
        let fields = self.description().fields();
        fields.map(|field| (field, self.field(field)))
    }

    /// The fields that keep the host's value.
    pub fn host_fields(&self) -> impl Iterator<Item = RegisterField> + '_ {
        let fields = self.description().fields();
        fields.filter(|field| self.leaves_to_host(*field))
    }

    /// The description of the model's registers.
    #[must_use]
    pub fn description(&self) -> &'static Description {
        self.values.description()
    }

    /// True if a guest of another model finds everything here that it was given, by the
    /// [safety](crate::description::rule::Safety) of every field and by the options.
    ///
    /// It is a statement about the models. If a host can give both depends on its kernel too.
    #[must_use]
    pub fn is_superset_of(&self, other: &Self) -> bool {
        // Without a number it is the host's, which can be any.
        let has_fewer = other.config.pmu
            && match (self.config.pmu_counters, other.config.pmu_counters) {
                (Some(own), Some(others)) => own < others,
                (own, others) => own != others,
            };
        let lacks = |setting: OptionSetting| {
            let has = matches!(setting.option, CpuOption::Aarch64) || !setting.on;
            !has && !setting.option.is_on(self.config)
        };
        let accepts = |(field, own): (RegisterField, FieldSetting)| match (own, other.field(field))
        {
            (FieldSetting::Value(own), FieldSetting::Value(value)) => {
                let rule = field.field.rule();
                rule.safety.accepts(field.field.width(), own, value)
            }
            (FieldSetting::Host, FieldSetting::Value(_)) => false,
            _ => true,
        };
        !has_fewer && !other.options().any(lacks) && self.fields().all(accepts)
    }
}

/// True if the VM sets the field in place of a model.
fn is_of_vm(field: RegisterField) -> bool {
    matches!(field.field.rule().owner, Some(Owner::Gic | Owner::Topology))
}

/// True if the field is of audience `el2`, or identifies the implementation of the host's CPU.
pub(crate) fn is_hosts_own(field: RegisterField) -> bool {
    let registers = [MidrEl1::ENCODING, RevidrEl1::ENCODING, AidrEl1::ENCODING];
    registers.contains(&field.register.encoding)
        || field.field.rule().audience == Some(Audience::El2)
}
