//! Judges if a guest with a view can run on a host, and plans its registers there.

mod machine;

use super::options::Configured;
use super::{Incompatibility, Incompatible, VcpuReading, View};
use crate::config::{Gic, GicIdentity};
use crate::description::rule::Owner;
use crate::description::{RegisterDescription, RegisterField};
use crate::firmware::FirmwareValues;
use crate::host::{Host, Obstacle};
use crate::plan::{Change, Plan, Tolerated, ToleratedMitigation, Warning, Warnings};
use crate::regs::MpidrEl1;
use crate::tolerance::Tolerance;
use crate::values::RegisterValues;

impl Plan {
    /// Plans the registers of a guest that has run elsewhere, or gives every reason why it cannot
    /// run on this host.
    ///
    /// The plan's expected values are those of the view. Its model is the view's, as it was asked
    /// for on the first host. A VMM rebuilds the VM from the plan in this order:
    ///
    /// 1. the VM and its vCPUs with the [configuration](Plan::config), which limits the vector
    ///    lengths to the guest's;
    /// 2. the GIC, with the [identity](Plan::gic_identity) of the guest's before it is initialised;
    /// 3. the ID registers, by [`apply`](Plan::apply) on each vCPU;
    /// 4. the [firmware registers](Plan::firmware), on one vCPU;
    /// 5. the other registers.
    ///
    /// Of these the VMM restores from the view what differs between vCPUs or is no ID register:
    /// MPIDR_EL1, CLIDR_EL1 if it is not the same on all vCPUs, cache sizes, target CPUs.
    ///
    /// A register that only the host has must read as zero, so it is judged as if the view had it
    /// with the value 0. What only one side knows is not compared, and a [warning](Warning) names
    /// it.
    ///
    /// ```
    /// # let host = |file| serde_json::from_str::<idreg_runtime::Host>(file);
    /// # let n1 = host(include_str!("../../data/hosts/neoverse-n1-latest.json"))?;
    /// # let a57 = host(include_str!("../../data/hosts/cortex-a57-latest.json"))?;
    /// use idreg_runtime::fake::FakeVm;
    /// use idreg_runtime::plan::Plan;
    /// use idreg_runtime::view::{View, ViewInfo};
    ///
    /// let plan = Plan::new(&n1, &"host,FEAT_DotProd=off".parse()?)?;
    /// let vcpu = FakeVm::new(&n1).vcpu(0);
    /// plan.apply(&vcpu)?;
    /// let view = View::read(ViewInfo::of(&plan, &n1), [&vcpu])?;
    ///
    /// let same = Plan::for_view(&n1, &view)?;
    /// assert_eq!(same.expected(), plan.expected());
    ///
    /// let error = Plan::for_view(&a57, &view).unwrap_err();
    /// assert!(error.reasons.iter().any(|reason| reason.to_string().starts_with(
    ///     "SYSREG_ID_AA64ISAR0_EL1_ATOMIC: the guest has 0x2 (IMP) and this host 0x0 (NI), which \
    ///      allows 0x0"
    /// )));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Incompatible`] with every reason.
    pub fn for_view(host: &Host, view: &View) -> Result<Self, Incompatible> {
        Self::for_view_with(host, view, &Tolerance::none())
    }

    /// Plans like [`for_view`](Plan::for_view), but a field or a mitigation that is tolerated keeps
    /// the host's value where the host does not allow the guest's.
    ///
    /// The plan expects the host's values of these fields, and [`Warning::Tolerated`] names them.
    /// It does not write the levels of these mitigations, and a [`Warning::ToleratedMitigation`]
    /// names each.
    ///
    /// # Errors
    ///
    /// [`Incompatible`] with every reason that is not tolerated.
    pub fn for_view_with(
        host: &Host,
        view: &View,
        tolerance: &Tolerance,
    ) -> Result<Self, Incompatible> {
        let mut reasons = Vec::new();
        let configured = Configured::new(host, view, &mut reasons);
        let mut judge = Judge {
            changes: Vec::new(),
            expected: configured.host.values().clone(),
            elsewhere: Vec::new(),
            not_compared: Vec::new(),
            tolerated: Vec::new(),
            mitigations: Vec::new(),
            firmware: FirmwareValues::default(),
            gic_identity: GicIdentity::default(),
            host: &configured.host,
            configured: &configured,
            view,
            tolerance,
            reasons,
        };
        judge.registers();
        let announced = judge.beside_registers();
        let Judge {
            changes,
            expected,
            elsewhere,
            not_compared,
            tolerated,
            mitigations,
            firmware,
            gic_identity,
            host,
            reasons,
            ..
        } = judge;
        if !reasons.is_empty() {
            let has_el2 = view.info().vcpu.el2;
            return Err(Incompatible { reasons, has_el2 });
        }
        // The guest sees these values on every core.
        let honoured = host.description().fields().filter(|field| {
            let value = expected.field(*field);
            value.is_some_and(|value| host.honours(*field, value))
        });
        let honoured = honoured.collect();
        let mut warnings = Vec::from_iter(announced);
        if !tolerated.is_empty() {
            warnings.push(Warning::Tolerated(tolerated));
        }
        for mitigation in mitigations {
            warnings.push(Warning::ToleratedMitigation(mitigation));
        }
        if !not_compared.is_empty() {
            warnings.push(Warning::NotCompared(not_compared));
        }
        let warnings = Warnings::on_host(warnings, host, honoured);
        let mut plan = Self::with(host, &view.info().model, changes, expected, warnings);
        for register in elsewhere {
            plan.leave(register, None);
        }
        plan.write_beside(firmware, gic_identity);
        Ok(plan)
    }
}

/// The comparison of a view with a host.
struct Judge<'a> {
    configured: &'a Configured,
    /// The host with the guest's options.
    host: &'a Host,
    view: &'a View,
    tolerance: &'a Tolerance,
    reasons: Vec<Incompatibility>,
    tolerated: Vec<Tolerated>,
    mitigations: Vec<ToleratedMitigation>,
    not_compared: Vec<&'static str>,
    changes: Vec<Change>,
    expected: RegisterValues,
    /// The registers that are not the same on all vCPUs.
    elsewhere: Vec<&'static RegisterDescription>,
    /// The firmware registers in which the guest differs from a new VM of the host.
    firmware: FirmwareValues,
    /// The registers of the GIC in which the guest differs from a new VM of the host.
    gic_identity: GicIdentity,
}

impl Judge<'_> {
    fn vcpus(&self) -> Vec<VcpuReading> {
        let numbers = 0..self.view.vcpu_count();
        numbers
            .filter_map(|number| self.view.vcpu(number))
            .collect()
    }

    /// Compares every register that the view or the host has.
    fn registers(&mut self) {
        let vcpus = self.vcpus();
        for register in self.host.description().registers.iter().copied() {
            // Every vCPU has its own, and KVM takes any.
            if register.encoding == MpidrEl1::ENCODING {
                continue;
            }
            let mut values: Vec<u64> = Vec::new();
            for vcpu in &vcpus {
                let value = vcpu.values.get(register).unwrap_or(0);
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            match (self.host.values().get(register), values.as_slice()) {
                (None, values) => {
                    let unlike_zero = values.iter().filter(|value| **value != 0);
                    let register = register.name;
                    self.reasons
                        .extend(unlike_zero.map(|view| Incompatibility::NoRegister {
                            register,
                            view: *view,
                        }));
                }
                (Some(_), [value]) => self.register(register, *value, true),
                (Some(_), values) => {
                    for value in values {
                        self.register(register, *value, false);
                    }
                    self.elsewhere.push(register);
                }
            }
        }
    }

    /// Compares one value of a register that the host has, and plans it if it is the only one.
    fn register(&mut self, register: &'static RegisterDescription, view: u64, plan: bool) {
        let old = self.host.values().get(register).unwrap_or(0);
        let mut new = old;
        let mut known = 0;
        for field in register.fields() {
            known |= field.field.mask();
            let (value, host) = (field.field.extract(view), field.field.extract(old));
            match self.field(field, value, host) {
                Ok(value) => new = field.field.insert(new, value),
                Err(_) if self.tolerance.covers(field, self.view.info().vcpu.el2) => {
                    self.tolerated.push(Tolerated {
                        field,
                        view: value,
                        host,
                    });
                }
                Err(reason) => self.reasons.push(reason),
            }
        }
        if (view ^ old) & !known != 0 {
            self.reasons.push(Incompatibility::OtherBits {
                register: register.name,
                view: view & !known,
                host: old & !known,
            });
        }
        if plan && new != old {
            self.expected.set(register, new);
            let changed = register.fields().filter_map(|field| {
                let (old, new) = (field.field.extract(old), field.field.extract(new));
                (old != new).then_some(Change { field, old, new })
            });
            self.changes.extend(changed);
        }
    }

    /// The value that a field gets, or the reason why it cannot have the guest's.
    fn field(&self, field: RegisterField, view: u64, host: u64) -> Result<u64, Incompatibility> {
        let rule = field.field.rule();
        let refuse = |obstacle, allowed| Incompatibility::Field {
            field,
            view,
            host,
            allowed,
            obstacle,
            kernel: self.host.info().kernel_release.clone(),
        };
        if rule.owner == Some(Owner::Gic) {
            let (of_view, of_host) = (self.view.info().vcpu.gic, self.host.info().vcpu.gic);
            let is_same = in_guest(view, of_view) == in_guest(host, of_host);
            return if is_same || of_view != of_host {
                Ok(host)
            } else {
                Err(refuse(Obstacle::Owned(Owner::Gic), Vec::new()))
            };
        }
        let other_option = [rule.owner, rule.needs]
            .into_iter()
            .any(|owner| self.configured.follows_from_other_option(owner));
        if other_option {
            return Ok(host);
        }
        match self.host.check(field, view) {
            Ok(()) => Ok(view),
            Err(obstacle) => Err(refuse(obstacle, self.host.allowed(field))),
        }
    }
}

/// A GIC field as a guest sees it: KVM clears it without a GICv3 (see
/// [`in_guest`](Plan::in_guest)).
fn in_guest(value: u64, gic: Option<Gic>) -> u64 {
    if gic == Some(Gic::V3) { value } else { 0 }
}
