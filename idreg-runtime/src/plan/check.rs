//! Checks a model without a host.

use super::rejection::{OverrideAt, Reason, Rejection, Target, in_order};
use super::{Plan, PlanError};
use crate::config::options::sve_lengths;
use crate::config::pmu_counters::MOST_PMU_COUNTERS;
use crate::host::{Host, HostInfo};
use crate::model::{CpuModel, Override, Setting};
use crate::regs;

/// Returns the overrides that are not possible on any host, in the order of the model: unknown
/// names, wrong types, values too wide, contradictions, and values without a name that the model's
/// base does not have either.
///
/// ```
/// use idreg_runtime::plan::check::rejected_everywhere;
///
/// let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=2,sve=off,sve256=on".parse()?;
/// let rejections = rejected_everywhere(&model);
/// let messages: Vec<String> = rejections.iter().map(ToString::to_string).collect();
/// assert_eq!(
///     messages,
///     [
///         "SYSREG_ID_AA64ISAR0_EL1_DP=0x2: the value has no name; \
///          named values are 0x0 (NI), 0x1 (IMP)",
///         "sve256=on: contradicts sve=off; leave one of them out",
///     ]
/// );
/// # Ok::<(), idreg_runtime::model::UnknownModel>(())
/// ```
#[must_use]
pub fn rejected_everywhere(model: &CpuModel) -> Vec<Rejection> {
    let mut rejections = match Plan::new(&without_registers(), model) {
        Err(PlanError::Rejected(rejections)) => rejections,
        _ => Vec::new(),
    };
    rejections.retain(|rejection| is_of_the_model(&rejection.reason));
    let overrides = model.overrides().iter().enumerate();
    rejections.extend(overrides.filter_map(|(position, asked)| {
        let target = unnamed_value(asked).filter(|target| !is_of_base(model, target))?;
        Some(OverrideAt::new(position, asked).reject(Some(target), Reason::UnnamedValue))
    }));
    in_order(rejections)
}

/// A host that supports every option and has no registers: it rejects only overrides that the model
/// or the lack of registers makes impossible.
fn without_registers() -> Host {
    let mut info = HostInfo::default();
    let capabilities = &mut info.capabilities;
    (
        capabilities.sve,
        capabilities.pauth,
        capabilities.pmu,
        capabilities.mte,
    ) = (true, true, true, true);
    (
        capabilities.el1_32bit,
        capabilities.el2,
        capabilities.writable_masks,
    ) = (true, true, true);
    (info.vcpu.sve, info.vcpu.pmu) = (true, true);
    info.pmu_counters = Some(MOST_PMU_COUNTERS);
    info.sve_vector_lengths = sve_lengths().collect();
    Host::without_registers(info)
}

/// True if a rejection follows from the model alone.
fn is_of_the_model(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::UnknownProperty { .. }
            | Reason::InvalidValue(_)
            | Reason::TooWide { .. }
            | Reason::Duplicate { .. }
            | Reason::Conflict { .. }
            | Reason::NoVectorLength { .. }
            | Reason::ShortestVectorLength
    )
}

/// True if a named model has the value already.
fn is_of_base(model: &CpuModel, target: &Target) -> bool {
    let named = model.base().named();
    named.is_some_and(|named| named.value(target.field) == target.requested)
}

/// The field and the value of an override whose value has no name, although other values of the
/// field have names; else `None`.
fn unnamed_value(asked: &Override) -> Option<Target> {
    let field = regs::DESCRIPTION.property(&asked.property)?;
    let Ok(Setting::Number(value)) = asked.value else {
        return None;
    };
    let known = field.field;
    let fits = value <= known.max();
    let has_no_name = !known.values().is_empty() && known.value_name(value).is_none();
    (fits && has_no_name).then_some(Target {
        field,
        requested: Some(value),
        host: None,
        allowed: Vec::new(),
        cores: Vec::new(),
    })
}
