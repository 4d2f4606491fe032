//! seccomp filters from the library's lists of ioctls and system calls.

use idreg_runtime::kvm::Ioctl;
use idreg_runtime::linux::SystemCall;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::error::Error;

/// The system calls of this process rather than of the library: memory, output, and the end of the
/// process, which closes its VM.
const OF_THE_PROCESS: [i64; 9] = [
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_madvise,
    libc::SYS_write,
    libc::SYS_close,
    libc::SYS_sigaltstack,
    libc::SYS_exit_group,
];

/// The calls that a filter permits beside the system calls of the process.
#[derive(Clone, Debug, Default)]
pub(super) struct Permitted {
    ioctls: Vec<Ioctl>,
    system_calls: Vec<SystemCall>,
}

impl Permitted {
    pub(super) fn ioctls(mut self, ioctls: &[Ioctl]) -> Self {
        self.ioctls.extend(ioctls);
        self
    }

    pub(super) fn system_calls(mut self, system_calls: &[SystemCall]) -> Self {
        self.system_calls.extend(system_calls);
        self
    }

    /// Leaves out the ioctl or system call of this name.
    ///
    /// # Errors
    ///
    /// A message if there is none.
    pub(super) fn without(mut self, name: &str) -> Result<Self, Box<dyn Error>> {
        let before = self.ioctls.len() + self.system_calls.len();
        self.ioctls.retain(|ioctl| ioctl.name != name);
        self.system_calls.retain(|call| call.name != name);
        if self.ioctls.len() + self.system_calls.len() == before {
            return Err(format!("the filter has no `{name}` to leave out").into());
        }
        Ok(self)
    }

    /// Puts this thread, the only one of the process, under the filter for the rest of its life.
    pub(super) fn enter(&self, otherwise: SeccompAction) -> Result<(), Box<dyn Error>> {
        Ok(seccompiler::apply_filter(&self.program(otherwise)?)?)
    }

    fn program(&self, otherwise: SeccompAction) -> Result<BpfProgram, seccompiler::BackendError> {
        let plain = self.system_calls.iter().map(|call| call.number);
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = plain
            .chain(OF_THE_PROCESS)
            .map(|number| (number, Vec::new()))
            .collect();
        let ioctls: Result<Vec<_>, _> = self.ioctls.iter().map(rule).collect();
        rules.insert(libc::SYS_ioctl, ioctls?);
        SeccompFilter::new(rules, otherwise, SeccompAction::Allow, TargetArch::aarch64)?.try_into()
    }
}

/// The rule for the number of an ioctl, its argument 1.
fn rule(ioctl: &Ioctl) -> Result<SeccompRule, seccompiler::BackendError> {
    let number = SeccompCondition::new(
        1,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Eq,
        ioctl.number.into(),
    )?;
    SeccompRule::new(vec![number])
}
