//! What `--help` shows at its end.

pub(super) const IDREG: &str = "\
Examples:
  idreg props '*ISAR0*'                        what this host lets a guest's fields be
  idreg check --cpu host,FEAT_SHA512=off       whether it can be had, nothing run
  idreg dump -o host.json                      this host as a file, for --host on any machine

Exit codes:
  0      done
  1      refused or incompatible
  2      wrong usage, or a file that cannot be used
  3      this machine cannot: no /dev/kvm, not arm64, a kernel too old, no GICv3
  4      anything else
  5      `qmp` was stopped by a client's quit
  128+N  `qmp` was stopped by signal N";

pub(super) const VMM_DEMO: &str = "\
Examples:
  vmm-demo run --cpu host,sve=off                 a built-in guest that reads every ID register
  vmm-demo run --kernel Image --initrd initrd     a Linux guest on this terminal; Ctrl-A x ends it

Exit codes:
  0      done; the guest has switched itself off
  1      refused, incompatible, or the guest did what it cannot go on after
  2      wrong usage, or a file that cannot be used
  3      this machine cannot: no /dev/kvm, not arm64, a kernel too old, no GICv3
  4      anything else
  5      stopped by QMP's quit, or by Ctrl-A x on the console
  6      the guest has reset itself, with --no-reboot
  128+N  stopped by signal N";

pub(super) const RUN: &str = "\
Examples:
  vmm-demo run --cpu host,SYSREG_ID_AA64ISAR0_EL1_DP=0
      The built-in guest tells what it sees, field by field.
  vmm-demo run --kernel Image --initrd initrd.cpio.gz --append 'console=ttyS0' --smp 4 --mem 2G --cpu host,sve=off
      Linux without SVE, its console on this terminal.
  vmm-demo run --kernel Image --qmp unix:vm.sock
      The same with a socket for qmp-shell.
  vmm-demo run --kernel Image --cpu host,midr=0x413fd0c1 --impl-cpu midr=0x411fd401 --impl-cpu midr=0x410fd4f1
      A guest that sees a Neoverse N1, and applies the workarounds of the two that it may come to run on.

On the console Ctrl-A x ends the guest, Ctrl-A a sends Ctrl-A, Ctrl-A h helps.";

pub(super) const PROPS: &str = "\
Examples:
  idreg props                             what may be changed on this host, and to what
  idreg props --all '*PFR0*'              also what may not, and why
  idreg props --features 'FEAT_S*'        features of the architecture
  idreg props --host host.json --json     another host, for programs";

pub(super) const CHECK: &str = "\
Examples:
  idreg check --cpu host,FEAT_SHA3=off                      what would be written
  idreg check --try --run --cpu host,sve256=on              ask KVM, and a guest
  idreg check --host host.json --cpu host,pauth=off         for a host in a file, on any machine";

pub(super) const QMP: &str = "\
Examples:
  idreg qmp --listen unix:models.sock                       this machine's CPU models
  idreg qmp --listen unix:models.sock --host host.json      those of a host in a file, on any machine
  qmp-shell models.sock                                     from PyPI's package qemu.qmp";

pub(super) const IDREG_COMPLETIONS: &str = "\
Example:
  idreg completions bash > ~/.local/share/bash-completion/completions/idreg";

pub(super) const IDREG_MAN: &str = "\
Examples:
  idreg man | man -l -                      read it
  idreg man --directory man1                a page for each command";

pub(super) const VMM_DEMO_COMPLETIONS: &str = "\
Example:
  vmm-demo completions bash > ~/.local/share/bash-completion/completions/vmm-demo";

pub(super) const VMM_DEMO_MAN: &str = "\
Examples:
  vmm-demo man | man -l -                      read it
  vmm-demo man --directory man1                a page for each command";
