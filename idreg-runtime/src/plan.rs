//! What must be written to give a guest a model on a host, or why that cannot be.

pub mod apply;
mod configure;
pub mod consistency;
mod file;
pub mod rejection;
mod resolve;
mod constraint;

use crate::config::options::CpuOption;
use crate::config::{Gic, VcpuConfig};
use crate::description::rule::Owner;
use crate::description::{FieldOf, RegisterDescription};
use crate::host::{CoreDifference, Host, Obstacle};
use crate::model::CpuModel;
use crate::regs::{ClidrEl1, CtrEl0};
use crate::values::RegisterValues;
use configure::Options;
use consistency::Violation;
use core::fmt;
use rejection::{Reason, Rejection};
use resolve::{Settled, settle};
use constraint::{target, wanted};

pub use file::SCHEMA;

/// The registers to write so that a guest on a host sees a model.
///
/// A plan promises that KVM takes every write: it goes by KVM's masks, the rule of each field and what the
/// host has. It is made at once for the whole model, with its options; vCPUs are to be created with its
/// [configuration](Plan::config).
///
/// ```
/// # let host: idreg_runtime::host::Host =
/// #     serde_json::from_str(include_str!("../tests/data/max-7.2.json"))?;
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
#[derive(Clone, Debug)]
pub struct Plan {
    model: CpuModel,
    kernel_release: String,
    config: VcpuConfig,
    changes: Vec<Change>,
    writes: Vec<Write>,
    host: RegisterValues,
    expected: RegisterValues,
    warnings: Vec<Warning>,
}

/// A field that will differ from the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field.
    pub field: FieldOf,
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

/// What may be had and is strange.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The overrides break a rule of the architecture.
    Inconsistent(Violation),
    /// A field gets a value that has no name, though others of its values have.
    Unnamed {
        /// The field.
        field: FieldOf,
        /// The value.
        value: u64,
    },
    /// The host's cores are not alike in a register; what a guest sees may depend on where it runs.
    CoresDiffer(CoreDifference),
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The host's kernel is too old for any override.
    #[error(
        "this kernel ({kernel}) does not offer writable ID registers, which needs Linux 6.7 or newer; \
         without overrides of fields, `host` works"
    )]
    NoWritableRegisters {
        /// The kernel's release.
        kernel: String,
    },
    /// Some overrides cannot be had; all of them are listed.
    #[error("{}", list("cannot be had on this host", .0))]
    Rejected(Vec<Rejection>),
    /// The overrides break rules of the architecture, and the model says `enforce`.
    #[error("{}", inconsistent(.0))]
    Inconsistent(Vec<Violation>),
}

impl Plan {
    /// Checks a model against a host, all of it.
    ///
    /// # Errors
    ///
    /// [`PlanError::Rejected`] with every override that cannot be had, in the order given;
    /// [`PlanError::NoWritableRegisters`] if nothing is wrong with them but the host's kernel;
    /// [`PlanError::Inconsistent`] if the model says `enforce` and its overrides break rules.
    pub fn new(host: &Host, model: &CpuModel) -> Result<Self, PlanError> {
        let mut rejections = Vec::new();
        let host = &Options::of(model, &mut rejections).configure(host, model, &mut rejections);
        let mut wishes = Vec::new();
        for (index, asked) in model.overrides().iter().enumerate() {
            let before = model.overrides().get(..index).unwrap_or(&[]);
            let first = before.iter().find(|first| first.property == asked.property);
            match (wanted(host, index, asked), first) {
                // Options that are given twice have been rejected as such.
                (Ok(more), Some(first)) if asked.property.parse::<CpuOption>().is_err() => {
                    let first = first.clone();
                    let mut rejection = configure::rejection(asked, Reason::Duplicate { first });
                    rejection.target = more.first().map(|one| target(host, one.field, None));
                    rejections.push((index, rejection));
                }
                (Ok(more), _) => wishes.extend(more),
                (Err(rejection), _) => rejections.push((index, *rejection)),
            }
        }
        let settled = settle(host, &wishes, &mut rejections);
        let expected = expected(host, &settled);
        rejections.extend(implied_idc(host, &settled, &expected));
        if !rejections.is_empty() {
            return Err(rejected(host, rejections));
        }
        Self::of(host, model, &settled, expected)
    }

    fn of(
        host: &Host,
        model: &CpuModel,
        settled: &[Settled<'_>],
        expected: RegisterValues,
    ) -> Result<Self, PlanError> {
        let broken = consistency::newly_broken(host.values(), &expected);
        if model.enforce() && !broken.is_empty() {
            return Err(PlanError::Inconsistent(broken));
        }
        let changes = settled.iter().filter_map(|one| {
            let field = one.wish.field;
            Some(Change {
                field,
                old: host.values().field(field)?,
                new: one.value,
            })
        });
        let changes: Vec<Change> = changes.collect();
        let warnings = broken.into_iter().map(Warning::Inconsistent);
        let cores = host.core_differences();
        let cores = cores.into_iter().map(Warning::CoresDiffer);
        Ok(Self {
            model: model.clone(),
            kernel_release: host.about().kernel_release.clone(),
            config: host.about().vcpu,
            warnings: warnings.chain(unnamed(&changes)).chain(cores).collect(),
            changes,
            writes: writes(host.values(), &expected),
            host: host.values().clone(),
            expected,
        })
    }

    /// The model that the plan is for.
    #[must_use]
    pub fn model(&self) -> &CpuModel {
        &self.model
    }

    /// The release of the host's kernel.
    #[must_use]
    pub fn kernel_release(&self) -> &str {
        &self.kernel_release
    }

    /// What the vCPUs are to be created with: what the host was read with, and the model's options.
    #[must_use]
    pub fn config(&self) -> VcpuConfig {
        self.config
    }

    /// The fields that will differ from the host's, in the order given.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The registers that will be written, in index order; only those that change.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Every register as a vCPU of [this configuration](Plan::config) shows it before anything is written.
    #[must_use]
    pub fn host(&self) -> &RegisterValues {
        &self.host
    }

    /// Every register as the guest shall see it.
    #[must_use]
    pub fn expected(&self) -> &RegisterValues {
        &self.expected
    }

    /// Every register as it is once the guest has started: [expected](Plan::expected), but that without a GICv3 in
    /// the kernel KVM clears the fields that tell of one at the first run
    /// (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `kvm_finalize_sys_regs`).
    #[must_use]
    pub fn in_guest(&self) -> RegisterValues {
        let mut values = self.expected.clone();
        if self.config.gic == Some(Gic::V3) {
            return values;
        }
        let fields = values.description().fields();
        for of in fields.filter(|of| of.field.rule.owner == Some(Owner::Gic)) {
            if let Some(value) = values.get(of.register) {
                values.set(of.register, of.field.insert(value, 0));
            }
        }
        values
    }

    /// What is strange about the guest's view.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

fn expected(host: &Host, settled: &[Settled<'_>]) -> RegisterValues {
    let mut expected = host.values().clone();
    for one in settled {
        let FieldOf { register, field } = one.wish.field;
        if let Some(value) = expected.get(register) {
            expected.set(register, field.insert(value, one.value));
        }
    }
    expected
}

fn writes(host: &RegisterValues, expected: &RegisterValues) -> Vec<Write> {
    let pairs = host.iter().zip(expected.iter());
    pairs
        .filter(|((_, old), (_, new))| old != new)
        .map(|((register, old), (_, new))| Write { register, old, new })
        .collect()
}

fn unnamed(changes: &[Change]) -> impl Iterator<Item = Warning> {
    let unnamed = changes.iter().filter(|change| {
        let field = change.field.field;
        !field.values.is_empty() && field.value_name(change.new).is_none()
    });
    unnamed.map(|change| Warning::Unnamed {
        field: change.field,
        value: change.new,
    })
}

/// KVM refuses cache levels from which a guest concludes that it need not clean its data cache, where the
/// host needs that (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `set_clidr`; Arm ARM DDI 0487, D24.2.27, CLIDR_EL1.LoC).
fn implied_idc(
    host: &Host,
    settled: &[Settled<'_>],
    expected: &RegisterValues,
) -> Option<(usize, Rejection)> {
    let change = settled
        .iter()
        .rev()
        .find(|one| one.wish.field.register.encoding == ClidrEl1::ENCODING)?;
    let clidr: ClidrEl1 = expected.get_as()?;
    let no_unification = clidr.louis().bits() == 0 && clidr.louu().bits() == 0;
    let implied = clidr.loc().bits() == 0 || no_unification;
    let host_has_idc = host
        .values()
        .get_as()
        .is_some_and(|ctr: CtrEl0| ctr.idc().bits() != 0);
    if !implied || host_has_idc {
        return None;
    }
    let mut rejection = configure::rejection(change.wish.asked, Reason::ImpliesIdc);
    rejection.target = Some(target(host, change.wish.field, Some(change.value)));
    Some((change.wish.index, rejection))
}

/// What to say of overrides that cannot be had, in the order of the model.
fn rejected(host: &Host, mut rejections: Vec<(usize, Rejection)>) -> PlanError {
    rejections.sort_by_key(|(index, _)| *index);
    // An override of several fields is told once why, by the first of them.
    rejections.dedup_by(|(later, one), (earlier, other)| {
        later == earlier && one.reason.name() == other.reason.name()
    });
    let rejections: Vec<Rejection> = rejections.into_iter().map(|(_, one)| one).collect();
    let not_writable = |rejection: &Rejection| {
        let Reason::Host { obstacle, .. } = rejection.reason else {
            return false;
        };
        matches!(obstacle, Obstacle::NotWritable | Obstacle::ImplementationId)
    };
    if !host.about().capabilities.writable_masks && rejections.iter().all(not_writable) {
        return PlanError::NoWritableRegisters {
            kernel: host.about().kernel_release.clone(),
        };
    }
    PlanError::Rejected(rejections)
}

/// Shows the warning in a line.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inconsistent(violation) => violation.fmt(f),
            Self::Unnamed { field, value } => {
                write!(
                    f,
                    "{field}={value:#x}: the value has no name in the description"
                )
            }
            Self::CoresDiffer(difference) => difference.fmt(f),
        }
    }
}

impl Warning {
    /// A stable name for programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Inconsistent(_) => "inconsistent",
            Self::Unnamed { .. } => "unnamed-value",
            Self::CoresDiffer(_) => "cores-differ",
        }
    }
}

fn list(what: &str, rejections: &[Rejection]) -> String {
    let overrides = if rejections.len() == 1 {
        "override"
    } else {
        "overrides"
    };
    let head = format!(
        "{} {overrides} {what}, so nothing is written:",
        rejections.len()
    );
    lines(head, rejections)
}

fn inconsistent(violations: &[Violation]) -> String {
    let head = "the overrides contradict the architecture, and the model says `enforce`; \
                change them, or leave `enforce` out:";
    lines(head.to_owned(), violations)
}

fn lines<T: fmt::Display>(head: String, items: &[T]) -> String {
    let lines = items.iter().map(|item| format!("\n  {item}"));
    std::iter::once(head).chain(lines).collect()
}
