//! Hosts derived for other options than they were read with.

use super::Host;
use crate::config::VcpuConfig;
use crate::config::options::{CpuOption, OptionSetting};
use crate::description::rule::Owner;
use crate::description::{RegisterDescription, RegisterField};

/// The error of a host that must be read again: the values with an option that was off are unknown,
/// and so are the values with the other setting of `el2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the host was read with {read_with}; read it again with {}",
    .read_with.opposite()
)]
pub struct NotDerivable {
    /// The option and its setting when the host was read.
    pub read_with: OptionSetting,
}

impl Host {
    /// The host as it would be read with another configuration. The fields of an option that is
    /// turned off are zero; KVM's masks do not depend on options.
    ///
    /// ```
    /// # let host: idreg_runtime::host::Host =
    /// #     serde_json::from_str(include_str!("../../data/hosts/max-latest.json"))?;
    /// use idreg_runtime::regs::{IdAa64pfr0El1, id_aa64pfr0_el1::Sve};
    ///
    /// let mut config = host.info().vcpu;
    /// config.sve = false;
    /// let without = host.reconfigured(config)?;
    /// assert_eq!(without.values().get_as().map(IdAa64pfr0El1::sve), Some(Sve::NI));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotDerivable`] if the host must be read again: an option is on that was off, or `el2`
    /// differs.
    pub fn reconfigured(&self, config: VcpuConfig) -> Result<Self, NotDerivable> {
        let read = self.info.vcpu;
        for option in CpuOption::SWITCHES {
            let read_with = OptionSetting::of(option, read);
            let was_on = read_with.on;
            let can_be_derived = match option {
                // ID registers do not show if AArch32 is used at EL1.
                CpuOption::Aarch64 => true,
                CpuOption::El2 => was_on == option.is_on(config),
                _ => was_on || !option.is_on(config),
            };
            if !can_be_derived {
                return Err(NotDerivable { read_with });
            }
        }
        let mut host = self.clone();
        host.info.vcpu = config;
        let turned_off = |owner: Owner| {
            let option = CpuOption::of(owner);
            option.is_some_and(|option| option.is_on(read) && !option.is_on(config))
        };
        for register in self.description().registers {
            let (mut hidden, mut kept) = (0, 0);
            for RegisterField { field, .. } in register.fields() {
                if field.rule().needs.is_some_and(turned_off) {
                    hidden |= field.mask();
                } else {
                    kept |= field.mask();
                }
            }
            // Bits that the description does not know go with a register whose fields all go.
            let hides_all = hidden != 0 && kept == 0;
            host.hide(register, if hides_all { u64::MAX } else { hidden });
        }
        if !config.sve {
            host.info.sve_vector_lengths.clear();
        }
        if !config.pmu {
            host.info.pmu_counters = None;
        }
        Ok(host)
    }

    /// Makes bits of a register zero on every core type
    /// (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `__kvm_read_sanitised_id_reg` and the registers'
    /// `visibility`).
    fn hide(&mut self, register: &RegisterDescription, bits: u64) {
        let cores = self.cores.iter_mut().map(|core| &mut core.values);
        for values in cores.chain([&mut self.values]) {
            if let Some(old) = values.get(register) {
                values.set(register, old & !bits);
            }
        }
    }
}
