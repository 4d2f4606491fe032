//! The cache levels that KVM accepts in CLIDR_EL1.

use super::Host;
use crate::regs::{ClidrEl1, CtrEl0};

impl Host {
    /// Checks that KVM accepts cache levels on this host.
    ///
    /// No level of coherency, or none of unification, implies CTR_EL0.IDC: the guest concludes that
    /// it need not clean its data cache for instructions. KVM refuses that unless the host has IDC
    /// (Linux 6.12 and 7.2, `arch/arm64/kvm/sys_regs.c`, `set_clidr`; Arm ARM DDI 0487, D24.2.27,
    /// CLIDR_EL1.LoC).
    pub(crate) fn accepts_cache_levels(&self, clidr: ClidrEl1) -> bool {
        let no_unification = clidr.louis().bits() == 0 && clidr.louu().bits() == 0;
        let implies_idc = clidr.loc().bits() == 0 || no_unification;
        let ctr: Option<CtrEl0> = self.values.get_as();
        !implies_idc || ctr.is_some_and(|ctr| ctr.idc().bits() != 0)
    }
}
