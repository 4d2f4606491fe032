//! Each message of each program, as users paste it.

use super::recognized;

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(recognized(line), *expected, "{line}");
    }
}

#[test]
fn registers_that_qemu_could_not_set() {
    check(&[
        (
            "Could not set register op0:3 op1:0 crn:0 crm:0 op2:0 to c00fac31 (is 413fd0c1)",
            "QEMU: register-refused MIDR_EL1=0xc00fac31 is 0x413fd0c1",
        ),
        (
            "2026-11-02T10:00:00.1Z qemu-system-aarch64: Could not set register system register \
             op0:3 op1:0 crn:0 crm:6 op2:0 to 1221111110212120 (is 1021111110212120)",
            "QEMU: register-refused ID_AA64ISAR0_EL1=0x1221111110212120 is 0x1021111110212120",
        ),
        (
            "Could not set register op0:3 op1:0 crn:0 crm:6 op2:0 to 1110",
            "QEMU: register-refused ID_AA64ISAR0_EL1=0x1110",
        ),
        (
            "Could not set register op0:3 op1:0 crn:0 crm:4 op2:4: unknown to KVM",
            "QEMU: register-unknown ID_AA64ZFR0_EL1",
        ),
        (
            "Could not set register op0:3 op1:0 crn:0 crm:4 op2:4: Device or resource busy",
            "QEMU: register-failed ID_AA64ZFR0_EL1",
        ),
        (
            "Could not set register fw reg 0 to 10003 (is 10001)",
            "QEMU: register-refused KVM_REG_ARM_PSCI_VERSION=0x10003 is 0x10001",
        ),
        (
            "Could not set register fw reg 3 to 2 (is 0)",
            "QEMU: register-refused KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3=0x2 is 0x0",
        ),
        (
            "Could not set register fw reg 77 to 1 (is 0)",
            "QEMU: register-refused KVM_REG_ARM_FW_REG(77)=0x1 is 0x0",
        ),
        (
            "Could not set register fw feat reg 2 to 3 (is 1)",
            "QEMU: register-refused KVM_REG_ARM_VENDOR_HYP_BMAP=0x3 is 0x1",
        ),
        (
            "Could not set register fw feat reg 9: unknown to KVM",
            "QEMU: register-unknown KVM_REG_ARM_FW_FEAT_BMAP_REG(9)",
        ),
        (
            "Could not set register demuxed reg 6020000000110002 to 701fe00a (is 201fe01a)",
            "QEMU: register-refused CCSIDR_EL1=0x701fe00a is 0x201fe01a",
        ),
        (
            "Could not set register core reg 6030000000100042 to 3c5",
            "QEMU: register-refused PSTATE=0x3c5",
        ),
        (
            "Could not set register SVE VLS: Operation not permitted",
            "QEMU: register-failed KVM_REG_ARM64_SVE_VLS",
        ),
        (
            "Could not set register SVE zreg n:31 slice:0: unknown to KVM",
            "QEMU: register-unknown Z31",
        ),
        (
            "Could not set register SVE ???: unknown to KVM",
            "QEMU: register-refused",
        ),
        (
            "Could not set register 603000000013c020 to 1 (is 2)",
            "QEMU: register-refused ID_AA64PFR0_EL1=0x1 is 0x2",
        ),
    ]);
}

#[test]
fn lists_of_registers_that_differ() {
    check(&[
        (
            "qemu-system-aarch64: kvm_arm_cpu_post_load Unexpected register in input stream: 0 \
             0x6030000000160003 fw feat reg 3",
            "QEMU: register-unexpected KVM_REG_ARM_VENDOR_HYP_BMAP_2",
        ),
        (
            "kvm_arm_cpu_post_load Unexpected register in input stream: 1 0x603000000013c512 \
             op0:3 op1:0 crn:10 crm:2 op2:2",
            "QEMU: register-unexpected S3_0_C10_C2_2",
        ),
        (
            "Missing register in input stream: 0 0x6030000000160003 fw feat reg 3",
            "QEMU: register-missing KVM_REG_ARM_VENDOR_HYP_BMAP_2",
        ),
        (
            "kvm_arm_cpu_post_load_missing_reg Missing register in input stream: op0:3 op1:0 \
             crn:0 crm:4 op2:4",
            "QEMU: register-missing ID_AA64ZFR0_EL1",
        ),
        (
            "qemu-kvm: Failed to load cpu:cpreg_vmstate_array_len",
            "QEMU: too-many-registers",
        ),
        (
            "qemu-kvm: Invalid value 233 expecting positive value <= 232",
            "QEMU: too-many-registers",
        ),
    ]);
}

#[test]
fn failures_of_qemu_without_a_register() {
    check(&[
        (
            "qemu-system-aarch64: error while loading state for instance 0x0 of device 'cpu'",
            "QEMU: cpu-state-not-loaded",
        ),
        (
            "qemu-system-aarch64: load of migration failed: Operation not permitted",
            "QEMU: migration-failed",
        ),
        (
            "qemu-system-aarch64: Failed to put registers after init: Invalid argument",
            "QEMU: registers-not-set",
        ),
        (
            "qemu-system-aarch64: kvm_init_vcpu: kvm_arch_init_vcpu failed (0): Invalid argument",
            "QEMU: vcpu-not-created",
        ),
        (
            "CPU model baseline is not supported on this target",
            "QEMU: comparison-unsupported",
        ),
        (
            "kvm_init_vcpu failed: Invalid argument",
            "QEMU: vcpu-not-created",
        ),
        (
            "qemu-system-aarch64: KVM is not supported for this guest CPU type",
            "QEMU: vcpu-not-created",
        ),
    ]);
}

#[test]
fn names_that_qemu_does_not_have() {
    check(&[
        (
            "Property 'host-arm-cpu.SYSREG_ID_AA64ISAR0_EL1_DP' not found",
            "QEMU: property-not-found",
        ),
        ("Property 'sve2048x' not found", "QEMU: property-not-found"),
        (
            r#"{"error": {"desc": "Parameter 'model.props.X' is unexpected"}}"#,
            "QEMU: property-not-found",
        ),
        (
            "The CPU type 'foo' is not a recognized ARM CPU type",
            "QEMU: cpu-type-unknown",
        ),
        (
            "The CPU type 'host' requires KVM",
            "QEMU: cpu-type-not-here",
        ),
        (
            "We cannot guarantee the CPU type 'cortex-a57' works with KVM on this host",
            "QEMU: cpu-type-not-here",
        ),
        (
            "qemu-system-aarch64: unable to find CPU model 'neoverse-n9'",
            "QEMU: cpu-type-unknown",
        ),
        (
            "qemu-system-aarch64: Invalid CPU model: cortex-a9",
            "QEMU: cpu-type-unknown",
        ),
    ]);
}

#[test]
fn options_that_qemu_cannot_give() {
    check(&[
        (
            "can't apply global: 'sve' feature not supported by KVM on this host",
            "QEMU: option-unsupported",
        ),
        (
            "mach-virt: host kernel KVM does not support providing Virtualization extensions to \
             the guest CPU",
            "QEMU: option-unsupported",
        ),
        (
            "mach-virt: KVM does not support providing MTE to the guest CPU",
            "QEMU: option-unsupported",
        ),
        (
            "MTE requested, but not supported by the guest CPU",
            "QEMU: option-unsupported",
        ),
        ("cannot enable sve512", "QEMU: vector-length"),
        ("cannot disable sve128", "QEMU: vector-length"),
    ]);
}

#[test]
fn messages_of_linux_and_kvm() {
    check(&[
        (
            "[  803.014258] kvm [19040]: Unsupported guest sys_reg access at: 8129fa50 [600003c9]",
            "KVM: guest-access",
        ),
        (
            "                  { Op0( 3), Op1( 0), CRn( 0), CRm( 4), Op2( 0), func_read },",
            "KVM: guest-access ID_AA64PFR0_EL1",
        ),
        (
            "kvm [2502822]: Unsupported guest sys_reg access at: ffff80008003e9f0 [000000c5] { \
             Op0( 3), Op1( 0), CRn(10), CRm( 4), Op2( 4), func_write },",
            "KVM: guest-access S3_0_C10_C4_4",
        ),
        (
            "[    0.271177] CPU features: SANITY CHECK: Unexpected variation in \
             SYS_ID_AA64PFR0_EL1. Boot CPU: 0x00000011112222, CPU4: 0x00000011111112",
            "Linux: cpus-differ ID_AA64PFR0_EL1=0x11112222 is 0x11111112",
        ),
        (
            "CPU features: SANITY CHECK: Unexpected variation in SYS_CNTFRQ_EL0. Boot CPU: \
             0x000000018cba80, CPU1: 0x00000000000000",
            "Linux: cpus-differ=0x18cba80 is 0x0",
        ),
        (
            "CPU features: Unsupported CPU feature variation detected.",
            "Linux: cpus-differ-somewhere",
        ),
        (
            "[    0.1] CPU features: detected: LSE atomic instructions",
            "Linux: capability-detected",
        ),
        (
            "CPU features: CPU4: Detected conflict for capability 53 (32-bit EL1 Support), \
             System: 1, CPU: 0",
            "Linux: capability-conflict",
        ),
        (
            "CPU features: CPU3: missing HWCAP: sve",
            "Linux: capability-conflict",
        ),
        (
            "CPU features: SYS_ID_AA64ISAR1_EL1[31:28]: forced to 0",
            "Linux: overridden ID_AA64ISAR1_EL1.GPI=0x0",
        ),
        (
            "CPU features: SYS_ID_AA64PFR1_EL1[11:8]: ignoring override to f",
            "Linux: overridden ID_AA64PFR1_EL1.MTE=0xf",
        ),
        (
            "CPU features: SYS_ID_AA64PFR1_EL1[11:8]: impossible override, ignored",
            "Linux: overridden ID_AA64PFR1_EL1.MTE",
        ),
    ]);
}

#[test]
fn messages_of_firecracker() {
    check(&[
        (
            "Failed to restore vCPUs: Failed to restore the state of the vcpu: Failed to set \
             register 0x603000000013c020 to value 0x1101000011111112: Invalid argument (os error \
             22)",
            "Firecracker: register-refused ID_AA64PFR0_EL1=0x1101000011111112",
        ),
        (
            "Error configuring the vcpu: Error applying template: Failed to set register \
             6931039826524487712: Invalid argument (os error 22)",
            "Firecracker: register-refused ID_AA64PFR0_EL1",
        ),
        (
            "ApplyCpuTemplate(SetOneReg(6931039826524487712, \"0x11\", Error(22)))",
            "Firecracker: register-refused ID_AA64PFR0_EL1=0x11",
        ),
        (
            "Error configuring the vcpu registers: ArmError(SetOneReg(6931039826524241986, \
             Error(9)))",
            "Firecracker: register-failed PSTATE",
        ),
        (
            "Failed to set register 0x603000000013c024 to value 0x1: No such file or directory \
             (os error 2)",
            "Firecracker: register-unknown ID_AA64ZFR0_EL1=0x1",
        ),
        (
            "Failed to get register 6931039826524487712: Exec format error (os error 8)",
            "Firecracker: register-failed ID_AA64PFR0_EL1",
        ),
        (
            "Failed to set register 0x606000000015ffff to value \
             0x00000000000000000000000000000000000000000000000000000000000000010000000000000007: \
             Invalid argument (os error 22)",
            "Firecracker: register-refused KVM_REG_ARM64_SVE_VLS",
        ),
        (
            "Host CPU manufacturer ID differs from the snapshotted one",
            "Firecracker: implementer-differs",
        ),
        (
            "Host CPU manufacturer ID: 65 differs from snapshotted one: 72",
            "Firecracker: implementer-differs",
        ),
        (
            "Error initializing the vcpu: Invalid argument (os error 22)",
            "Firecracker: vcpu-not-created",
        ),
        (
            "Load snapshot error: Failed to restore from snapshot: Failed to build microVM from \
             snapshot: x",
            "Firecracker: snapshot-not-restored",
        ),
    ]);
}

#[test]
fn messages_of_cloud_hypervisor() {
    check(&[
        (
            "Could not set the vCPU state SetSysRegister(Invalid argument (os error 22))",
            "Cloud Hypervisor: vcpu-state-not-set",
        ),
        (
            "Failed to set system register: Invalid argument (os error 22)",
            "Cloud Hypervisor: vcpu-state-not-set",
        ),
        ("SetOneReg", "Cloud Hypervisor: vcpu-state-not-set"),
        ("Failed to init vcpu", "Cloud Hypervisor: vcpu-not-created"),
        (
            "Migration failed: MigrateSocket(Error { kind: UnexpectedEof, message: \"failed to \
             fill whole buffer\" })",
            "Cloud Hypervisor: connection-closed",
        ),
    ]);
}

#[test]
fn messages_of_libvirt() {
    check(&[
        (
            "error: the CPU is incompatible with host CPU: Host CPU does not provide required \
             features: sve, sve2",
            "libvirt: host-cpu-incompatible",
        ),
        (
            "unsupported configuration: guest and host CPU are not compatible: Host CPU does not \
             provide required features: sve",
            "libvirt: host-cpu-incompatible",
        ),
        (
            "error: operation failed: guest CPU doesn't match specification: missing features: sve",
            "libvirt: guest-cpu-differs",
        ),
        (
            "error: unsupported configuration: CPU mode 'host-model' for aarch64 kvm domain on \
             aarch64 host is not supported by hypervisor",
            "libvirt: cpu-mode-unsupported",
        ),
        (
            "unsupported configuration: CPU model cortex-a57 is not supported by hypervisor",
            "libvirt: cpu-type-unknown",
        ),
        (
            "Operation not supported: computing baseline hypervisor CPU is not supported for arch \
             aarch64",
            "libvirt: comparison-unsupported",
        ),
        (
            "error: unsupported configuration: ACPI requires UEFI on this architecture",
            "libvirt: unsupported-configuration",
        ),
    ]);
}

#[test]
fn other_lines_are_not_recognized() {
    for line in [
        "",
        "   ",
        "hello",
        "sve works here",
        "Could not set register",
        "ID_AA64PFR0_EL1 is a register",
        "[    0.0] Booting Linux on physical CPU 0x0000000000 [0x413fd0c1]",
        "Invalid value 7",
        "0x1234",
        "{ func_read }",
    ] {
        assert_eq!(recognized(line), "not recognised", "{line}");
    }
}
