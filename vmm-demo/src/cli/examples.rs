//! The examples and exit codes at the end of `--help`.

pub(super) const IDREG: &str = "\
Examples:
  idreg props '*ISAR0*'                      list fields with their allowed values
  idreg check --cpu host,FEAT_SHA512=off     check a CPU model, without running a guest
  idreg dump -o host.json                    write a file for --host, which works on any machine
  idreg where guest.json hosts/              find the hosts where a guest can go
  idreg export qemu --dialect arm            write the options of a model for QEMU

Exit codes:
  0      done
  1      refused or incompatible
  2      wrong usage, or an unusable file
  3      not possible on this machine: no /dev/kvm, not arm64, kernel too old, no GIC
  4      any other error
  5      `qmp` was stopped by a client's quit
  128+N  `qmp` was stopped by signal N";

pub(super) const VMM_DEMO: &str = "\
Examples:
  vmm-demo run --cpu host,sve=off                 run the built-in guest, without SVE
  vmm-demo run --kernel Image --initrd initrd     run Linux on this terminal; Ctrl-A x ends it
  vmm-demo snapshot vm.snap --qmp unix:vm.sock    save a running guest into a file
  vmm-demo restore vm.snap                        let it go on here

Exit codes:
  0      done; the guest powered off
  1      refused or incompatible; the guest crashed or accessed an unmapped address
  2      wrong usage, or an unusable file
  3      not possible on this machine: no /dev/kvm, not arm64, kernel too old, no GIC
  4      any other error
  5      stopped by QMP's quit, or by Ctrl-A x on the console
  6      the guest reset itself, with --no-reboot or after restore
  128+N  stopped by signal N";

pub(super) const RUN: &str = "\
Examples:
  vmm-demo run --cpu host,SYSREG_ID_AA64ISAR0_EL1_DP=0
      The built-in guest, which reports the fields that it reads.
  vmm-demo run --kernel Image --initrd initrd.cpio.gz --smp 4 --mem 2G --cpu host,sve=off
      Linux without SVE on four vCPUs, with its console on this terminal.
  vmm-demo run --kernel Image --qmp unix:vm.sock
      Linux, with a socket for qmp-shell.
  vmm-demo run --kernel Image --cpu host,midr=0x413fd0c1 \\
      --impl-cpu midr=0x411fd401 --impl-cpu midr=0x410fd4f1
      Linux that sees a Neoverse N1 and applies the workarounds of two other CPUs.
  vmm-demo run --kernel Image --firmware KVM_REG_ARM_PSCI_VERSION=1.1
      Linux that can also move to hosts with Linux 6.12.

On the console Ctrl-A x ends the guest, Ctrl-A a sends Ctrl-A, Ctrl-A h shows these keys.";

pub(super) const SNAPSHOT: &str = "\
Examples:
  vmm-demo snapshot vm.snap --qmp unix:vm.sock            save a guest, which then goes on
  vmm-demo snapshot vm.snap --qmp unix:vm.sock --quit     save it and end its process

The exit code is 1 if the guest refuses, 2 if none answers at the socket, and 4 if the file cannot
be written; the guest goes on then. A signal cancels the work, and the guest goes on.";

pub(super) const RESTORE: &str = "\
Examples:
  vmm-demo restore vm.snap                                    let a saved guest go on
  vmm-demo restore vm.snap --qmp unix:vm.sock --paused        wait for QMP's cont
  vmm-demo restore vm.snap --clock freeze --tolerate el2

The exit code is 1 if the guest does not fit this host, 2 if the file is damaged, and 6 if the guest
resets itself: its boot files are not in the snapshot. Restoring a file twice gives two guests the
same random numbers.";

pub(super) const MIGRATE: &str = "\
Examples:
  vmm-demo migrate --to unix:new.sock --qmp unix:vm.sock      to a new process on this machine
  vmm-demo migrate --to tcp:b.example:4444 --qmp unix:vm.sock --tls-creds certificates
  vmm-demo migrate --to tcp:127.0.0.1:4444 --qmp unix:vm.sock --plain
  vmm-demo migrate --plan guest.json host.json      would this host accept the guest?

The exit code is 1 if the guest was not moved or would be refused, 2 if none answers at the QMP
socket or a file cannot be used, and 4 if nobody knows which side runs it. A signal cancels the
migration. If the link is lost as the guest is handed over, both sides wait for QMP's
migrate-resolve, unless they have a lease.";

pub(super) const PROPS: &str = "\
Examples:
  idreg props                             list properties that can be changed on this host
  idreg props --all '*PFR0*'              list read-only properties too, with the reason
  idreg props --features 'FEAT_S*'        list features of the architecture
  idreg props --host host.json --json     list the properties of another host, as JSON";

pub(super) const CHECK: &str = "\
Examples:
  idreg check --cpu host,FEAT_SHA3=off                   show the writes for a model
  idreg check --try --run --cpu host,sve256=on           try a model on KVM, with a guest
  idreg check --host host.json --cpu host,pauth=off      check a model for another host";

pub(super) const EXPORT: &str = "\
Examples:
  idreg export qemu --cpu host,sve=off              options for QEMU as released
  idreg export qemu --dialect arm --strict          with SYSREG properties, or fail
  idreg export firecracker --cpu neoverse-n1,pmu=off --host host.json -o template.json
  idreg export nfd --expiry 2h -o /etc/kubernetes/node-feature-discovery/features.d/idreg

The exit code is 1 if the model is not possible on the host, or, with --strict, if the format cannot
express a part of it.";

pub(super) const IMPORT: &str = "\
Examples:
  idreg import auto fingerprint.json -o host.json     a dump of Firecracker, as a host
  idreg import qemu - < command-line                  QEMU's options, as a model for --cpu
  idreg import windows registers.reg -o laptop.json   what `reg export` wrote, as a host

A host that is made of a file has no masks of writable bits, so that no plan changes a field of it:
write its file with `idreg dump` on the machine for that.";

pub(super) const COMPARE: &str = "\
Examples:
  idreg compare old.json new.json                     compare two hosts
  idreg compare --tolerate el2 old.json new.json      let fields differ that only EL2 can act on

The exit code is 0 if the hosts have a model in common, and 1 if they have none.";

pub(super) const BASELINE: &str = "\
Examples:
  idreg baseline hosts/                              all host files of a directory
  idreg baseline --midr hosts/a.json hosts/          guests are told that they run on a.json's CPU
  idreg baseline --tolerate el2 --json - < hosts.jsonl
  idreg baseline --add new.json hosts/               what the model would lose with another host
  idreg baseline --explain SYSREG_ID_AA64ISAR0_EL1_SHA3 hosts/
  idreg baseline --coverage hosts/                   the features that fewer hosts would have
  idreg baseline --partial -o rack1.json rack1/      the hosts of a part of a fleet, by kind
  idreg baseline --merge rack1.json rack2.json       the model of all parts
  idreg baseline --merge fleet.json --add new.json   may this host join? exit code 0: yes

The exit code is 0 if the hosts have a model in common, 1 if they have none, and 2 if a file cannot
be used. With --add it is 0 if the model stays as it is, and 1 otherwise.";

pub(super) const MODELS: &str = "\
Examples:
  idreg models --host host.json                     which models a host can give, and why not
  idreg models show neoverse-n1                     every field of the newest neoverse-n1
  idreg check --cpu neoverse-n1-v1,FEAT_LSE=off     check a model with an override
  idreg models make rack-7 --host host.json -o models/rack-7.toml
  idreg check --models models --cpu rack-7 --host other.json
      The values of one host as a model for others.
  idreg models make web --view guest.json           the values that a running guest sees";

pub(super) const DECODE: &str = "\
Examples:
  idreg decode ID_AA64PFR0_EL1=0x1101000010112222     show the fields of a value
  idreg decode 0x603000000013c020                     name a register of KVM
  idreg decode 'Could not set register op0:3 op1:0 crn:0 crm:6 op2:0 to 1110 (is 110)'
  journalctl -u vm | idreg decode --host host.json    explain the lines of a log

The exit code is 0 if a line is recognised, and 1 if none is.";

pub(super) const QMP: &str = "\
Examples:
  idreg qmp --listen unix:models.sock                       serve models of this machine
  idreg qmp --listen unix:models.sock --host host.json      serve models of another host
  qmp-shell models.sock                                     connect; from PyPI's qemu.qmp";

pub(super) const REPORT: &str = "\
Examples:
  idreg report -o fleet.html hosts/                  all host files of a directory
  idreg report -o fleet.html --tolerate el2 --title 'Rack 7' - < hosts.jsonl

The exit code is 0 if the page was written, whether the hosts have a model in common or not, and 2
if a host file cannot be used. Nothing is written then, unless --keep-going is given.";

pub(super) const WHERE: &str = "\
Examples:
  idreg where guest.json hosts/                     judge a guest on the hosts of a directory
  idreg where guest.json - < fleet.jsonl            judge it on hosts in JSON lines
  idreg where --tolerate el2 guest.json hosts/      let fields differ that it cannot act on

The exit code is 0 if the guest fits a host, and 1 if it fits none.";

pub(super) const EVACUATE: &str = "\
Example:
  idreg evacuate hosts/a.json --views guests-of-a/ hosts/      find targets on the hosts but one

The exit code is 0 if every guest has a target, and 1 if one has none.";

pub(super) const DIFF: &str = "\
Examples:
  idreg diff before.json after.json                     list what a new kernel changes
  idreg diff before.json after.json --views guests/     find guests that no longer fit

The exit code is 1 if a guest that fitted no longer does, else 0.";

pub(super) const IDREG_COMPLETIONS: &str = "\
Example:
  idreg completions bash > ~/.local/share/bash-completion/completions/idreg";

pub(super) const IDREG_MAN: &str = "\
Examples:
  idreg man | man -l -                      show the manual page
  idreg man --directory man1                write a page for the program and each command";

pub(super) const VMM_DEMO_COMPLETIONS: &str = "\
Example:
  vmm-demo completions bash > ~/.local/share/bash-completion/completions/vmm-demo";

pub(super) const VMM_DEMO_MAN: &str = "\
Examples:
  vmm-demo man | man -l -                      show the manual page
  vmm-demo man --directory man1                write a page for the program and each command";
