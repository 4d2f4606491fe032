//! The greatest model that every host of a fleet can give.

use super::acceptance::AcceptanceSet;
use super::draft::Draft;
use super::fit::Fit;
use super::kinds::{Fleet, Kind};
use super::machine::{MachineDifference, common_values, differences};
use super::no_baseline::{Impossible, NoBaseline};
use super::policy::{MidrPolicy, Policy};
use crate::config::VcpuConfig;
use crate::description::RegisterField;
use crate::firmware::FirmwareValues;
use crate::plan::consistency::Violation;
use crate::register::RegisterValue;
use crate::regs::MidrEl1;
use crate::values::RegisterValues;

/// The greatest CPU model that all hosts of a fleet can give, with the form that each host needs.
///
/// It is verified: every kind of host has a plan, and the plans promise their guests equal
/// registers, except in the [tolerated](Self::tolerated) fields.
#[derive(Clone, Debug)]
pub struct Baseline {
    options: VcpuConfig,
    values: RegisterValues,
    fits: Vec<Fit>,
    tolerated: Vec<Impossible>,
    inconsistent: Vec<Violation>,
    machine: Vec<MachineDifference>,
}

impl Baseline {
    /// The options of the vCPUs on every host, without the interrupt controller.
    #[must_use]
    pub fn options(&self) -> VcpuConfig {
        self.options
    }

    /// The registers that guests see, apart from MPIDR_EL1. A tolerated field has the value of the
    /// first host.
    #[must_use]
    pub fn values(&self) -> &RegisterValues {
        &self.values
    }

    /// The models and plans of the kinds, in the order of [`Fleet::kinds`].
    #[must_use]
    pub fn fits(&self) -> &[Fit] {
        &self.fits
    }

    /// The fields that differ between the hosts and are tolerated.
    #[must_use]
    pub fn tolerated(&self) -> &[Impossible] {
        &self.tolerated
    }

    /// The rules of the architecture that hold on a host and not in the model, because no value
    /// that all hosts accept obeys them.
    #[must_use]
    pub fn inconsistent(&self) -> &[Violation] {
        &self.inconsistent
    }

    /// The facts of the machines that differ, each with the instruction that makes guests see the
    /// same.
    #[must_use]
    pub fn machine(&self) -> &[MachineDifference] {
        &self.machine
    }

    /// The firmware registers that differ between the hosts, with values that all take: a VMM
    /// writes them for guests that may run on each host
    /// ([`Plan::set_firmware`](crate::plan::Plan::set_firmware)).
    #[must_use]
    pub fn firmware(&self) -> FirmwareValues {
        common_values(&self.machine)
    }

    /// The fields that describe mitigations and that differ from those of some host: a guest that
    /// may move sees the protection that all hosts have.
    #[must_use]
    pub fn mitigations(&self) -> Vec<(RegisterField, u64)> {
        let fields = self.values.description().fields();
        let mitigations = fields.filter(|field| field.field.rule().mitigation);
        let with_values = mitigations.filter_map(|field| Some((field, self.values.field(field)?)));
        let differs = |(field, value): &(RegisterField, u64)| {
            let of_hosts = self.fits.iter().map(|fit| fit.plan().host().field(*field));
            of_hosts.flatten().any(|host| host != *value)
        };
        with_values.filter(differs).collect()
    }
}

impl Fleet {
    /// The greatest model that all hosts can give, by the safety of each field.
    ///
    /// An option is on if it is on all hosts and none of its fields prevents a model. Fields are
    /// lowered further where the rules between fields require it.
    ///
    /// # Errors
    ///
    /// [`NoBaseline`] with every reason if there is no common model. Without hosts there is none
    /// either, and no reason.
    pub fn baseline(&self, policy: &Policy) -> Result<Baseline, Box<NoBaseline>> {
        let kinds: Vec<&Kind> = self.kinds().iter().collect();
        let draft = Draft::new(&kinds);
        let mut machine = differences(&kinds, &policy.tolerance);
        let reference = self.reference(policy);
        let has_el2 = draft.has_el2();
        let (tolerated, mut impossible): (Vec<_>, Vec<_>) = draft
            .impossible()
            .into_iter()
            .partition(|impossible| policy.tolerance.covers(impossible.field, has_el2));
        let undescribed = draft.common.as_ref().into_iter();
        let undescribed = undescribed.flat_map(AcceptanceSet::undescribed_differences);
        let undescribed: Vec<_> = undescribed
            .map(|(register, bits)| (register.name, bits))
            .collect();
        let mut values = draft.greatest(reference.unwrap_or(0), policy, &mut impossible);
        let inconsistent = draft.consistent(&mut values);
        let (fits, unplanned) = if impossible.is_empty() {
            draft.fits(&values, &tolerated)
        } else {
            Default::default()
        };
        impossible.extend(draft.unlike(&values, &fits, &tolerated));
        let hopeless = machine.iter().any(|difference| difference.remedy.is_none());
        let no_reason = !hopeless && impossible.is_empty() && undescribed.is_empty();
        if no_reason && unplanned.is_empty() && reference.is_some() && !self.kinds().is_empty() {
            return Ok(Baseline {
                options: draft.options,
                values,
                fits,
                tolerated,
                inconsistent,
                machine,
            });
        }
        machine.retain(|difference| difference.remedy.is_none());
        let unknown_host = match &policy.midr {
            MidrPolicy::Host(name) if reference.is_none() => Some(name.clone()),
            _ => None,
        };
        Err(Box::new(NoBaseline {
            machine,
            impossible,
            undescribed,
            unplanned: if no_reason { unplanned } else { Vec::new() },
            unknown_host,
            kinds: self.kinds().iter().map(Kind::to_string).collect(),
        }))
    }

    /// The position of the kind whose CPU guests are told of if the others accept it.
    fn reference(&self, policy: &Policy) -> Option<usize> {
        let mut kinds = self.kinds().iter();
        match &policy.midr {
            MidrPolicy::First => Some(0),
            MidrPolicy::Host(name) => kinds.position(|kind| kind.names().contains(name)),
            MidrPolicy::Value(midr) => {
                let has =
                    |kind: &Kind| kind.host().values().get(MidrEl1::DESCRIPTION) == Some(*midr);
                Some(kinds.position(has).unwrap_or(0))
            }
        }
    }
}
