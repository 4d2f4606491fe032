//! What must be written to give a guest a model on a host, or why that cannot be.

use crate::description::{Description, FieldOf, PROPERTY_PREFIX, RegisterDescription};
use crate::host::Host;
use crate::model::{CpuModel, InvalidValue, Override};
use crate::rejection::{Reason, Rejection, Target};
use crate::values::RegisterValues;

/// The registers to write so that a guest on a host sees a model.
///
/// ```
/// # let host: idreg_runtime::host::Host =
/// #     serde_json::from_str(include_str!("../tests/data/max-7.2.json"))?;
/// use idreg_runtime::plan::Plan;
/// use idreg_runtime::regs::IdAa64isar0El1;
///
/// let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0".parse()?;
/// let plan = Plan::new(&host, &model)?;
/// assert_eq!(plan.writes().len(), 1);
/// assert_eq!(plan.expected().get_as::<IdAa64isar0El1>().unwrap().dp().name(), Some("NI"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    changes: Vec<Change>,
    writes: Vec<Write>,
    expected: RegisterValues,
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

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The host's kernel is too old for any override.
    #[error(
        "this kernel ({kernel}) does not offer writable ID registers, which needs Linux 6.7 or newer; \
         without overrides, `host` works"
    )]
    NoWritableRegisters {
        /// The kernel's release.
        kernel: String,
    },
    /// Some overrides cannot be had; all of them are listed.
    #[error("{}", list(.0))]
    Rejected(Vec<Rejection>),
}

impl Plan {
    /// Checks a model against a host, all of it.
    ///
    /// # Errors
    ///
    /// [`PlanError::Rejected`] with every override that cannot be had, in the order given, or
    /// [`PlanError::NoWritableRegisters`] if nothing is wrong with them but the host's kernel.
    pub fn new(host: &Host, model: &CpuModel) -> Result<Self, PlanError> {
        let mut changes = Vec::new();
        let mut rejections = Vec::new();
        for (index, asked) in model.overrides().iter().enumerate() {
            let before = model.overrides().get(..index).unwrap_or(&[]);
            match check(host, before, asked) {
                Ok(Some(change)) => changes.push(change),
                Ok(None) => {}
                Err(rejection) => rejections.push(*rejection),
            }
        }
        if rejections.is_empty() {
            return Ok(Self::of(host, changes));
        }
        let kernel = &host.about().kernel_release;
        let not_writable = |rejection: &Rejection| {
            matches!(
                rejection.reason,
                Reason::NotWritable { .. } | Reason::ImplementationId
            )
        };
        if !host.about().capabilities.writable_masks && rejections.iter().all(not_writable) {
            return Err(PlanError::NoWritableRegisters {
                kernel: kernel.clone(),
            });
        }
        Err(PlanError::Rejected(rejections))
    }

    fn of(host: &Host, changes: Vec<Change>) -> Self {
        let mut expected = host.values().clone();
        for Change {
            field: FieldOf { register, field },
            new,
            ..
        } in &changes
        {
            if let Some(value) = expected.get(register) {
                expected.set(register, field.insert(value, *new));
            }
        }
        let pairs = host.values().iter().zip(expected.iter());
        let writes = pairs
            .filter(|((_, old), (_, new))| old != new)
            .map(|((register, old), (_, new))| Write { register, old, new })
            .collect();
        Self {
            changes,
            writes,
            expected,
        }
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

    /// Every register as the guest shall see it.
    #[must_use]
    pub fn expected(&self) -> &RegisterValues {
        &self.expected
    }
}

/// Checks one override: nothing to do, a change, or a reason why not.
fn check(
    host: &Host,
    before: &[Override],
    asked: &Override,
) -> Result<Option<Change>, Box<Rejection>> {
    let rejected = |target, reason| {
        Box::new(Rejection {
            asked: asked.clone(),
            target,
            reason,
        })
    };
    let Some(field) = host.description().property(&asked.property) else {
        let nearest = nearest(host.description(), &asked.property);
        return Err(rejected(None, Reason::UnknownProperty { nearest }));
    };
    let target = Some(Target {
        field,
        host: host.values().field(field),
    });
    let reject = |reason| Err(rejected(target, reason));
    if let Some(first) = before.iter().find(|first| first.property == asked.property) {
        return reject(Reason::Duplicate {
            first: first.clone(),
        });
    }
    let new = match &asked.value {
        Ok(new) => *new,
        Err(error) => return reject(Reason::InvalidValue(InvalidValue::clone(error))),
    };
    if new > field.field.max() {
        return reject(Reason::TooWide);
    }
    let Some(old) = host.values().field(field) else {
        return reject(Reason::Absent);
    };
    if new == old {
        return Ok(None);
    }
    if host.lacks_capability(field) {
        return reject(Reason::ImplementationId);
    }
    if !host.is_writable(field) {
        let kernel = host.about().kernel_release.clone();
        return reject(Reason::NotWritable { kernel });
    }
    Ok(Some(Change { field, old, new }))
}

/// The property whose name is nearest to one that does not exist; wrong case or a missing
/// `SYSREG_` is very near.
fn nearest(description: &Description, property: &str) -> Option<FieldOf> {
    const NEAR: f64 = 0.8;
    let upper = property.to_ascii_uppercase();
    let wanted = match upper.strip_prefix(PROPERTY_PREFIX) {
        Some(name) => name,
        None => &upper,
    };
    let similarity = |FieldOf { register, field }| {
        let name = format!("{}_{}", register.name, field.name).to_ascii_uppercase();
        strsim::normalized_damerau_levenshtein(wanted, &name)
    };
    let near = description.fields().map(|of| (similarity(of), of));
    let (similarity, field) = near.max_by(|(left, _), (right, _)| left.total_cmp(right))?;
    (similarity >= NEAR).then_some(field)
}

fn list(rejections: &[Rejection]) -> String {
    let overrides = if rejections.len() == 1 {
        "override"
    } else {
        "overrides"
    };
    let head = format!(
        "{} {overrides} cannot be had on this host, so nothing is written:",
        rejections.len()
    );
    let lines = rejections
        .iter()
        .map(|rejection| format!("\n  {rejection}"));
    std::iter::once(head).chain(lines).collect()
}
