//! The reason why KVM refuses a value of a field, as far as it is known without the host.

use super::known_kernel::KnownKernel;
use crate::description::RegisterField;
use crate::description::rule::Owner;
use crate::host::{Host, Obstacle};
use crate::regs::{AidrEl1, MidrEl1, RevidrEl1};

/// KVM's judgement of a value that was to be written to a field that has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The obstacle on the host or in the newest known kernel, or `None` if KVM takes the value in
    /// a VM that has not run.
    pub obstacle: Option<Obstacle>,
    /// The newest known kernel that does not allow changes of the field although a newer one does,
    /// or `None`.
    pub fixed_until: Option<KnownKernel>,
}

impl Judgement {
    /// Judges a value that was to be written to a field that has the value `present` in a VM that
    /// has not run.
    #[must_use]
    pub fn of(field: RegisterField, wanted: u64, present: u64) -> Self {
        let can_write = KnownKernel::Linux7_2.can_write(field);
        let older = KnownKernel::Linux6_12;
        Self {
            obstacle: obstacle(field, can_write, wanted, present),
            fixed_until: (can_write && !older.can_write(field)).then_some(older),
        }
    }

    /// Judges a value that was to be written to a field of a host's vCPU.
    #[must_use]
    pub fn on_host(host: &Host, field: RegisterField, wanted: u64) -> Self {
        Self {
            obstacle: host.check(field, wanted).err(),
            fixed_until: None,
        }
    }
}

fn obstacle(field: RegisterField, can_write: bool, wanted: u64, present: u64) -> Option<Obstacle> {
    let rule = field.field.rule();
    if wanted == present {
        return None;
    }
    if let Some(owner @ (Owner::Gic | Owner::Topology)) = rule.owner {
        return Some(Obstacle::Owned(owner));
    }
    if let Some(owner) = rule.owner.filter(|_| !can_write || wanted == 0) {
        return Some(Obstacle::Owned(owner));
    }
    if !can_write {
        return Some(Obstacle::NotWritable);
    }
    if let Some(owner) = rule.needs.filter(|_| present == 0) {
        return Some(Obstacle::Without(owner));
    }
    let implementation = [MidrEl1::ENCODING, RevidrEl1::ENCODING, AidrEl1::ENCODING];
    if implementation.contains(&field.register.encoding) {
        return Some(Obstacle::ImplementationId);
    }
    if rule.refused.iter().any(|range| range.contains(wanted)) {
        return Some(Obstacle::Refused);
    }
    let is_safe = rule.safety.accepts(field.field.width(), present, wanted);
    (!is_safe).then(|| Obstacle::beyond(rule.safety, Some(present)))
}
