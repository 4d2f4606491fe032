//! Plans the register writes for a CPU model on a host, or explains every rejection.

pub mod apply;
mod bound;
pub mod check;
mod configure;
pub mod consistency;
mod constraint;
mod counters;
mod elsewhere;
mod error;
mod feature;
#[cfg(feature = "serde")]
mod file;
mod machine;
mod refused;
pub mod rejection;
mod resolve;
mod shortest;
mod start;
mod warning;
mod warnings;

use crate::config::{Gic, GicIdentity, VcpuConfig};
use crate::description::rule::Owner;
use crate::description::{RegisterDescription, RegisterField};
use crate::firmware::FirmwareValues;
use crate::host::Host;
use crate::model::{Base, CpuModel};
use crate::regs::ClidrEl1;
use crate::values::RegisterValues;
use bound::target;
use configure::{Options, options_of_base};
use constraint::{Constraint, all_constraints};
use elsewhere::Elsewhere;
use rejection::{Reason, Rejection};
use resolve::{Resolved, resolve};
use start::Start;

pub use elsewhere::ExpectError;
pub use error::PlanError;
#[cfg(feature = "serde")]
pub use file::SCHEMA;
pub(crate) use shortest::set_options;
pub use warning::{Tolerated, ToleratedMitigation, Warning};
pub(crate) use warnings::Warnings;

/// The register writes after which a guest on a host sees a model.
///
/// KVM accepts every write of a plan: a plan checks KVM's masks, the rule of each field and the
/// host's values. It covers the whole model with its options. The vCPUs must be created with its
/// [configuration](Plan::config).
///
/// ```
/// # let host: idreg_runtime::host::Host =
/// #     serde_json::from_str(include_str!("../data/hosts/max-latest.json"))?;
/// use idreg_runtime::plan::Plan;
/// use idreg_runtime::regs::{IdAa64isar0El1, IdAa64pfr0El1};
///
/// let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0,FEAT_SHA512=off,sve=off".parse()?;
/// let plan = Plan::new(&host, &model)?;
/// assert_eq!(plan.writes().len(), 1); // both fields are in one register
/// let isar0: IdAa64isar0El1 = plan.expected().get_as().ok_or("no such register")?;
/// assert_eq!((isar0.dp().name(), isar0.sha2().name()), (Some("NI"), Some("SHA256")));
///
/// assert!(!plan.config().sve);
/// let pfr0: IdAa64pfr0El1 = plan.expected().get_as().ok_or("no such register")?;
/// assert_eq!(pfr0.sve().name(), Some("NI"));
///
/// // SHA3 is never without SHA512; a plan warns, and refuses with `enforce`.
/// let warnings: Vec<String> = plan.warnings().iter().map(ToString::to_string).collect();
/// assert!(warnings.iter().any(|warning| warning.contains("SHA3 needs SHA512")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    model: CpuModel,
    kernel_release: String,
    config: VcpuConfig,
    changes: Vec<Change>,
    writes: Vec<Write>,
    host: RegisterValues,
    expected: RegisterValues,
    /// The registers that the plan does not write although they may change.
    elsewhere: Vec<Elsewhere>,
    firmware: FirmwareValues,
    gic_identity: GicIdentity,
    warnings: Warnings,
}

/// A field that will differ from the host's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field.
    pub field: RegisterField,
    /// Its value on the host.
    pub old: u64,
    /// Its value for the guest.
    pub new: u64,
}

/// A register that will be written.
#[derive(Clone, Copy, Debug)]
pub struct Write {
    /// The register.
    pub register: &'static RegisterDescription,
    /// Its value on the host.
    pub old: u64,
    /// Its value for the guest.
    pub new: u64,
}

impl PartialEq for Write {
    fn eq(&self, other: &Self) -> bool {
        self.register.encoding == other.register.encoding
            && (self.old, self.new) == (other.old, other.new)
    }
}

impl Eq for Write {}

impl Plan {
    /// Checks the whole model against a host and plans its writes.
    ///
    /// # Errors
    ///
    /// [`PlanError::Rejected`] with every override that is not possible, in the order of the model;
    /// [`PlanError::NoWritableRegisters`] if only the host's kernel prevents them;
    /// [`PlanError::Inconsistent`] if the model has `enforce` and its overrides break rules.
    pub fn new(host: &Host, model: &CpuModel) -> Result<Self, PlanError> {
        if let Base::Unknown(name) = model.base() {
            let name = name.clone();
            return Err(PlanError::UnknownBase { name });
        }
        let mut rejections = Vec::new();
        let of_base = options_of_base(model);
        let options = Options::of(model, &of_base, &mut rejections);
        let host = &options.configure(host, model, &mut rejections);
        counters::check(host, model, &mut rejections);
        let start = Start::new(host, model);
        let all = all_constraints(host, &start, model, &mut rejections);
        let resolved = resolve(host, &start, &all, &mut rejections);
        let expected = expected(&start, &resolved);
        let is_constrained =
            |field: RegisterField| all.iter().any(|constraint| constraint.field == field);
        start.check(host, model, &is_constrained, &expected, &mut rejections);
        rejections.extend(implied_idc(host, &resolved, &expected));
        if rejections.is_empty() {
            rejections = feature::still_present(host, model, &expected);
        }
        if !rejections.is_empty() {
            return Err(PlanError::rejected(host, rejections));
        }
        // An override of a value that the host has already needs no change.
        let mut set = Vec::new();
        let add: &mut dyn FnMut(RegisterField) = &mut |field| {
            let value = expected.field(field);
            if value.is_some_and(|value| host.honours(field, value)) {
                set.push(field);
            }
        };
        for constraint in all.iter().filter(|constraint| constraint.is_exact()) {
            add(constraint.field);
        }
        for resolved in &resolved {
            add(resolved.constraint.field);
        }
        for (field, _) in &start.set {
            add(*field);
        }
        Self::of(host, model, &start, &resolved, expected, set)
    }

    fn of(
        host: &Host,
        model: &CpuModel,
        start: &Start<'_>,
        resolved: &[Resolved<'_>],
        expected: RegisterValues,
        set: Vec<RegisterField>,
    ) -> Result<Self, PlanError> {
        let broken = consistency::newly_broken(&start.values, &expected);
        if model.enforce() && !broken.is_empty() {
            return Err(PlanError::Inconsistent(broken));
        }
        let mut changes = Vec::new();
        for field in changed(start, resolved) {
            if let (Some(old), Some(new)) = (host.values().field(field), expected.field(field))
                && old != new
            {
                changes.push(Change { field, old, new });
            }
        }
        let mut warnings = Vec::new();
        for violation in broken {
            warnings.push(Warning::Inconsistent(violation));
        }
        for change in &changes {
            warnings.extend(unnamed(change));
        }
        warnings.extend(start.warning(model, &expected));
        let warnings = Warnings::on_host(warnings, host, set);
        Ok(Self::with(host, model, changes, expected, warnings))
    }

    /// A plan for these values of a host's registers, which the host allows.
    pub(crate) fn with(
        host: &Host,
        model: &CpuModel,
        changes: Vec<Change>,
        expected: RegisterValues,
        warnings: Warnings,
    ) -> Self {
        Self {
            model: model.clone(),
            kernel_release: host.info().kernel_release.clone(),
            config: host.info().vcpu,
            warnings,
            changes,
            writes: writes(host.values(), &expected),
            host: host.values().clone(),
            expected,
            elsewhere: Vec::new(),
            firmware: FirmwareValues::default(),
            gic_identity: GicIdentity::default(),
        }
    }

    /// The model of the plan.
    #[must_use]
    pub fn model(&self) -> &CpuModel {
        &self.model
    }

    /// The release of the host's kernel.
    #[must_use]
    pub fn kernel_release(&self) -> &str {
        &self.kernel_release
    }

    /// The configuration to create the vCPUs with: that of the host, with the model's options.
    #[must_use]
    pub fn config(&self) -> VcpuConfig {
        self.config
    }

    /// The fields that will differ from the host's values: those of the model's base in index
    /// order, and those of its overrides in their order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The registers that change, in index order.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The values of every register in a vCPU of [this configuration](Plan::config) before the
    /// writes.
    #[must_use]
    pub fn host(&self) -> &RegisterValues {
        &self.host
    }

    /// The values of every register after the writes, as the guest sees them, those of
    /// [other writers](Plan::expect) included.
    #[must_use]
    pub fn expected(&self) -> &RegisterValues {
        &self.expected
    }

    /// The values of every register after the guest has started.
    ///
    /// They are the [expected](Plan::expected) values, except that without an in-kernel GICv3 KVM
    /// clears the GIC fields at the first run (Linux 7.2, `arch/arm64/kvm/sys_regs.c`,
    /// `kvm_finalize_sys_regs`).
    #[must_use]
    pub fn in_guest(&self) -> RegisterValues {
        let mut values = self.expected.clone();
        if self.config.gic == Some(Gic::V3) {
            return values;
        }
        let fields = values.description().fields();
        for field in fields.filter(|field| field.field.rule().owner == Some(Owner::Gic)) {
            if let Some(value) = values.get(field.register) {
                values.set(field.register, field.field.insert(value, 0));
            }
        }
        values
    }

    /// The warnings about the guest's view: those of the plan, then those of the host.
    ///
    /// Those of the host are found at the first call.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        self.warnings.all()
    }
}

/// The fields of a model's base that no override changes, then those that overrides change.
fn changed(start: &Start<'_>, resolved: &[Resolved<'_>]) -> Vec<RegisterField> {
    let mut fields = Vec::new();
    for (field, _) in &start.set {
        if !resolved.iter().any(|of| of.constraint.field == *field) {
            fields.push(*field);
        }
    }
    for resolved in resolved {
        fields.push(resolved.constraint.field);
    }
    fields
}

fn expected(start: &Start<'_>, resolved: &[Resolved<'_>]) -> RegisterValues {
    let mut expected = start.values.clone().into_owned();
    for Resolved {
        constraint,
        value: new,
    } in resolved
    {
        let RegisterField { register, field } = constraint.field;
        if let Some(value) = expected.get(register) {
            expected.set(register, field.insert(value, *new));
        }
    }
    expected
}

fn writes(host: &RegisterValues, expected: &RegisterValues) -> Vec<Write> {
    let mut writes = Vec::new();
    for ((register, old), (_, new)) in host.iter().zip(expected.iter()) {
        if old != new {
            writes.push(Write { register, old, new });
        }
    }
    writes
}

fn unnamed(change: &Change) -> Option<Warning> {
    let Change { field, new, .. } = *change;
    let description = field.field;
    let is_unnamed = !description.values().is_empty() && description.value_name(new).is_none();
    is_unnamed.then_some(Warning::Unnamed { field, value: new })
}

/// Rejects cache levels that imply CTR_EL0.IDC on a host without it.
fn implied_idc(
    host: &Host,
    resolved: &[Resolved<'_>],
    expected: &RegisterValues,
) -> Option<Rejection> {
    let mut latest = resolved.iter().rev();
    let change = latest
        .find(|resolved| resolved.constraint.field.register.encoding == ClidrEl1::ENCODING)?;
    if host.accepts_cache_levels(expected.get_as()?) {
        return None;
    }
    let Constraint { of, field, .. } = change.constraint;
    let target = target(host, field, Some(change.value));
    Some(of.reject(Some(target), Reason::ImpliesIdc))
}
