//! Judges if a guest with a view can run on a host, and plans its registers there.

use super::options::Configured;
use super::{Incompatibility, Incompatible, VcpuReading, View};
use crate::config::Gic;
use crate::config::target::TargetCpu;
use crate::description::rule::Owner;
use crate::description::{RegisterDescription, RegisterField};
use crate::firmware::FirmwareRegister;
use crate::host::{Host, Implementation, Obstacle};
use crate::plan::{Change, Plan, Warning};
use crate::register::{FieldValue, RegisterValue};
use crate::regs::id_aa64pfr1_el1::Ssbs;
use crate::regs::{ClidrEl1, CtrEl0, MidrEl1, MpidrEl1};
use crate::values::RegisterValues;

impl Plan {
    /// Plans the registers of a guest that has run elsewhere, or gives every reason why it cannot
    /// run on this host.
    ///
    /// The plan's expected values are those of the view. Its model is the view's, as it was asked
    /// for on the first host, and its [configuration](Plan::config) limits the vector lengths to
    /// the guest's. The VMM still restores what differs between vCPUs or is no ID register:
    /// MPIDR_EL1, CLIDR_EL1 if it is not the same on all vCPUs, cache sizes, firmware registers,
    /// target CPUs.
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
        let mut reasons = Vec::new();
        let configured = Configured::new(host, view, &mut reasons);
        let mut judge = Judge {
            changes: Vec::new(),
            expected: configured.host.values().clone(),
            elsewhere: Vec::new(),
            not_compared: Vec::new(),
            host: &configured.host,
            configured: &configured,
            view,
            reasons,
        };
        judge.registers();
        judge.caches();
        judge.machine();
        judge.firmware();
        let announced = judge.target_cpus();
        let Judge {
            changes,
            expected,
            elsewhere,
            not_compared,
            host,
            reasons,
            ..
        } = judge;
        if !reasons.is_empty() {
            return Err(Incompatible { reasons });
        }
        // The guest sees these values on every core.
        let honoured = host.description().fields().filter(|field| {
            let value = expected.field(*field);
            value.is_some_and(|value| host.honours(*field, value))
        });
        let mut warnings = Warning::of_host_beside(host, &honoured.collect::<Vec<_>>());
        warnings.extend(announced);
        if !not_compared.is_empty() {
            warnings.push(Warning::NotCompared(not_compared));
        }
        let mut plan = Self::with(host, &view.info().model, changes, expected, warnings);
        for register in elsewhere {
            plan.leave(register, None);
        }
        Ok(plan)
    }
}

/// The comparison of a view with a host.
struct Judge<'a> {
    configured: &'a Configured,
    /// The host with the guest's options.
    host: &'a Host,
    view: &'a View,
    reasons: Vec<Incompatibility>,
    not_compared: Vec<&'static str>,
    changes: Vec<Change>,
    expected: RegisterValues,
    /// The registers that are not the same on all vCPUs.
    elsewhere: Vec<&'static RegisterDescription>,
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
            let value = field.field.extract(view);
            match self.field(field, value, field.field.extract(old)) {
                Ok(value) => new = field.field.insert(new, value),
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

    /// Compares cache levels and the lengths of cache lines with those of the host.
    fn caches(&mut self) {
        let ctr: Option<CtrEl0> = self.host.values().get_as();
        let line = |log2_words: u64| 4_u64 << log2_words;
        let lines = ctr.map(|ctr| [line(ctr.dminline().bits()), line(ctr.iminline().bits())]);
        for (vcpu, reading) in self.vcpus().iter().enumerate() {
            let clidr: Option<ClidrEl1> = reading.values.get_as();
            if let Some(clidr) = clidr
                && self.host.values().get(ClidrEl1::DESCRIPTION) != Some(clidr.bits())
                && !self.host.accepts_cache_levels(clidr)
            {
                self.reasons.push(Incompatibility::ImpliesIdc {
                    vcpu,
                    clidr: clidr.bits(),
                });
            }
            let Some([data, instructions]) = lines else {
                continue;
            };
            for (selection, size) in reading.caches.iter().enumerate() {
                // CSSELR_EL1.InD is bit 0, and CCSIDR_EL1.LineSize log2 of the bytes less 4 (Arm
                // ARM DDI 0487, D24.2.24 and D24.2.37). KVM compares with the shortest line
                // (Linux 7.2, arch/arm64/kvm/sys_regs.c, set_ccsidr).
                let host = if selection & 1 == 0 {
                    data
                } else {
                    instructions
                };
                let view = size.map(|size| 16_u64 << (size & 7));
                if let Some(view) = view.filter(|view| *view < host) {
                    self.reasons.push(Incompatibility::CacheLine {
                        vcpu,
                        selection,
                        view,
                        host,
                    });
                }
            }
        }
    }

    /// Compares the timer and the address size.
    fn machine(&mut self) {
        let (view, host) = (self.view.info(), self.host.info());
        match (view.timer_frequency, host.timer_frequency) {
            (0, _) | (_, 0) => self.not_compared.push("the timer's frequency"),
            (view, host) if view != host => {
                self.reasons
                    .push(Incompatibility::TimerFrequency { view, host });
            }
            _ => {}
        }
        match (view.physical_address_bits, host.physical_address_bits) {
            (Some(view), Some(host)) if view > host => {
                self.reasons
                    .push(Incompatibility::PhysicalAddressBits { view, host });
            }
            (Some(_), Some(_)) => {}
            _ => self.not_compared.push("the physical address bits"),
        }
    }

    /// Compares the firmware registers.
    fn firmware(&mut self) {
        let (view, host) = (self.view.info().firmware, self.host.info().firmware);
        if view.is_empty() || host.is_empty() {
            self.not_compared.push("the firmware registers");
            return;
        }
        for (register, value) in view.iter() {
            if register == FirmwareRegister::Workaround2 && self.hides_ssbs() {
                self.not_compared.push(register.name());
                continue;
            }
            let host = host.get(register);
            if let Err(obstacle) = register.check(host, value) {
                self.reasons.push(Incompatibility::Firmware {
                    register,
                    view: value,
                    host,
                    obstacle,
                });
            }
        }
    }

    /// True if the guest lacks SSBS that the host has. KVM then offers it a level of
    /// `SMCCC_ARCH_WORKAROUND_2` that no new VM shows (Linux 7.2, `arch/arm64/kvm/hypercalls.c`,
    /// `get_kernel_wa_level`).
    fn hides_ssbs(&self) -> bool {
        let has = |values: &RegisterValues| values.field(Ssbs::FIELD).is_some_and(|ssbs| ssbs != 0);
        has(self.host.values()) && !has(self.view.common())
    }

    /// Compares the CPUs that the guest knows with the host's, and warns if it knows only its own.
    fn target_cpus(&mut self) -> Option<Warning> {
        let told = &self.view.info().target_cpus;
        let cpus = self.host.info().implementations.iter();
        let cpus = cpus.filter_map(|cpu| Some((cpu, cpu.midr?)));
        if cpus.clone().next().is_none() {
            self.not_compared.push("the CPUs");
            return None;
        }
        if told.is_empty() {
            let midr = self.view.common().get(MidrEl1::DESCRIPTION)?;
            let mut host: Vec<u64> = cpus.map(|(_, midr)| midr).collect();
            host.retain(|other| *other != midr);
            host.sort_unstable();
            host.dedup();
            return (!host.is_empty()).then_some(Warning::NotAnnounced { midr, host });
        }
        let mut others: Vec<TargetCpu> = Vec::new();
        for (cpu, midr) in cpus {
            let other = TargetCpu {
                midr,
                revidr: cpu.revidr.unwrap_or(0),
                aidr: cpu.aidr.unwrap_or(0),
            };
            if !told.iter().any(|told| is_told(*told, cpu)) && !others.contains(&other) {
                others.push(other);
            }
        }
        let others = others.into_iter();
        self.reasons
            .extend(others.map(|host| Incompatibility::OtherCpu {
                host,
                told: told.clone(),
            }));
        None
    }
}

/// A GIC field as a guest sees it: KVM clears it without a GICv3 (see
/// [`in_guest`](Plan::in_guest)).
fn in_guest(value: u64, gic: Option<Gic>) -> u64 {
    if gic == Some(Gic::V3) { value } else { 0 }
}

/// True if a CPU that the guest was told of has every register of a host's CPU that is known.
fn is_told(told: TargetCpu, cpu: &Implementation) -> bool {
    let is = |known: Option<u64>, told: u64| known.is_none_or(|known| known == told);
    is(cpu.midr, told.midr) && is(cpu.revidr, told.revidr) && is(cpu.aidr, told.aidr)
}
