//! Events about a register: as text, or refused by KVM.

use super::super::field_advice;
use super::{Advice, FIND_THE_DIFFERENCE, advice};
use idreg_runtime::config::pmu_counters::{PMCR_EL0, pmu_counters};
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::Audience;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::firmware::FirmwareRegister;
use idreg_runtime::formats::diagnostic::{Diagnostic, Event, KvmRegister, Program};
use idreg_runtime::model::property::{PMU_COUNTERS, Property};
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::view::Incompatibility;

pub(super) fn of(diagnostic: &Diagnostic, has_host: bool) -> Option<Advice> {
    Some(match diagnostic.event {
        Event::Register => register(diagnostic),
        Event::Property { property, setting } => {
            self::property(property, setting, diagnostic.wanted)
        }
        Event::RegisterRefused => refused(diagnostic, has_host),
        Event::RegisterUnknown => advice(
            "KVM does not have a register of the guest",
            "the kernels differ, or an option of the vCPU that the register belongs to is off here",
            &[
                "migrate to a host with the same or a newer kernel",
                "create the vCPUs with the same options (sve, pauth, pmu, mte, el2) on both hosts",
            ],
        ),
        Event::RegisterFailed { error } => failed(error),
        Event::RegisterUnexpected => advice(
            "the guest has a register that this host's KVM does not have",
            unexpected_cause(diagnostic.register),
            &["migrate to a host whose kernel is at least as new"],
        ),
        Event::RegisterMissing => advice(
            "this host's KVM has a register that the guest does not have",
            "the kernel here is newer; the guest keeps the register's value of a new VM",
            &[],
        ),
        Event::GuestAccess { is_write } => access(is_write, diagnostic),
        _ => return None,
    })
}

fn register(diagnostic: &Diagnostic) -> Advice {
    let is_described = diagnostic.described(&DESCRIPTION).is_some();
    let summary = match diagnostic.register {
        Some(KvmRegister::System(_)) if is_described => "an ID register",
        Some(KvmRegister::System(encoding)) if is_unallocated(encoding) => {
            "an ID register without a name in Linux 7.2; KVM shows it as zero"
        }
        Some(KvmRegister::System(PMCR_EL0)) => {
            "PMCR_EL0, whose bits 15:11 are the number of event counters of the PMU"
        }
        Some(KvmRegister::System(_)) => "a system register that is no ID register",
        Some(KvmRegister::Firmware(register)) => return firmware(register, diagnostic),
        Some(KvmRegister::OtherFirmware { .. }) => "a firmware register newer than Linux 7.2",
        Some(KvmRegister::CacheSize(_)) => "a cache's size register, in KVM for each cache",
        Some(KvmRegister::Core(_)) => "a core register",
        Some(KvmRegister::SveLengths) => {
            "the vector lengths of SVE: bit N-1 is set for N times 128 bits"
        }
        Some(KvmRegister::Sve(_)) => "a register of SVE",
        _ => "a register of another group",
    };
    advice(summary, "", &[])
}

/// True in the range of ID registers that KVM shows as zero where the architecture has none
/// (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `ID_UNALLOCATED`).
fn is_unallocated(encoding: Encoding) -> bool {
    let is_id = encoding.op0() == 3 && encoding.op1() == 0 && encoding.crn() == 0;
    is_id && (1..=7).contains(&encoding.crm())
}

fn firmware(register: FirmwareRegister, diagnostic: &Diagnostic) -> Advice {
    let is_compared = diagnostic.wanted.is_some() && diagnostic.present.is_some();
    let summary = if register.is_mitigation() {
        "a firmware register: the level of a mitigation, which KVM compares with the host's and \
         does not store"
    } else {
        "a firmware register, which vmm-demo run --firmware writes before a guest first runs"
    };
    Advice {
        summary: summary.to_owned(),
        cause: is_compared.then(|| of_firmware(register, diagnostic)),
        remedies: Vec::new(),
    }
}

fn property(property: Property, setting: &str, wanted: Option<u64>) -> Advice {
    match property {
        Property::Field(field) => {
            let audience = match field.field.rule().audience {
                Some(Audience::El0) => "any program can act on it",
                Some(Audience::El1) => "only kernels act on it",
                Some(Audience::El2) => "only hypervisors and firmware act on it",
                Some(Audience::Debugger) => "only debuggers and profilers act on it",
                _ => "",
            };
            let rule = field_advice::rule(field);
            let summary = ["a field of an ID register", audience, &rule];
            let summary = summary.into_iter().filter(|part| !part.is_empty());
            Advice {
                summary: summary.collect::<Vec<_>>().join("; "),
                cause: too_wide(field, wanted),
                remedies: Vec::new(),
            }
        }
        Property::Feature(feature) => {
            let definition = feature.definition();
            let name = feature.name();
            let setting = match setting {
                "" => String::new(),
                setting => format!("={setting}"),
            };
            Advice {
                summary: format!("{name}{setting}: a feature that a CPU has if {definition}"),
                cause: None,
                remedies: vec![format!(
                    "idreg check --cpu host,{name}=off says if a host lets a VMM hide it"
                )],
            }
        }
        other => advice(
            format!("{other}: an option of the CPU model"),
            "",
            &["idreg props --all lists the fields that it owns"],
        ),
    }
}

fn too_wide(field: RegisterField, value: Option<u64>) -> Option<String> {
    let (width, max) = (field.field.width(), field.field.max());
    let is_too_wide = value.is_some_and(|value| value > max);
    is_too_wide.then(|| format!("too wide: the field has {width} bits; maximum: {max:#x}"))
}

fn refused(diagnostic: &Diagnostic, has_host: bool) -> Advice {
    let summary = match diagnostic.present {
        Some(_) => "KVM refused the guest's value of a register",
        None => "KVM refused a value of a register",
    };
    let (cause, remedies) = match diagnostic.register {
        Some(KvmRegister::System(_)) => (String::new(), of_system(diagnostic, has_host)),
        Some(KvmRegister::Firmware(register)) => (
            of_firmware(register, diagnostic),
            firmware_remedies(register, diagnostic),
        ),
        Some(KvmRegister::OtherFirmware { .. }) => (
            "this firmware register is newer than Linux 7.2".to_owned(),
            vec!["migrate to a host with the same or a newer kernel".to_owned()],
        ),
        Some(KvmRegister::CacheSize(_)) => (
            "KVM refuses reserved bits, and cache lines that are shorter than the host's"
                .to_owned(),
            vec!["on machines with several core types, run QEMU on CPUs of one type".to_owned()],
        ),
        Some(KvmRegister::SveLengths) => (
            "the host must have the same lengths up to the guest's maximum, and the register is \
             fixed once the vCPU is finalised"
                .to_owned(),
            vec![
                "give the guest a maximum up to which both hosts agree: sve128=on, sve256=on"
                    .into(),
            ],
        ),
        Some(KvmRegister::Core(_) | KvmRegister::Sve(_)) => (
            "the vCPU was created with other options, such as sve or aarch64".to_owned(),
            vec!["create the vCPUs with the same options on both hosts".to_owned()],
        ),
        _ => (String::new(), vec![FIND_THE_DIFFERENCE.to_owned()]),
    };
    Advice {
        summary: summary.to_owned(),
        cause: (!cause.is_empty()).then_some(cause),
        remedies,
    }
}

/// Remedies where the fields have the causes, and a cause where no field differs.
fn of_system(diagnostic: &Diagnostic, has_host: bool) -> Vec<String> {
    if let Some(advice) = of_counters(diagnostic) {
        return vec![advice];
    }
    if diagnostic.described(&DESCRIPTION).is_none() {
        return vec![FIND_THE_DIFFERENCE.to_owned()];
    }
    let mut remedies = Vec::new();
    if diagnostic.present.is_none() && !has_host {
        remedies.push("idreg decode --host FILE compares the value with a host's".to_owned());
    }
    if diagnostic.program == Some(Program::Qemu) {
        remedies.push(
            "with QEMU up to 11.1 only the options sve, pauth, pmu and mte; fields need a QEMU \
             with SYSREG properties, or another VMM"
                .to_owned(),
        );
    }
    remedies.push("idreg where VIEW HOST... finds the hosts that a guest fits".to_owned());
    remedies
}

/// The remedy if the guest's PMU has another number of event counters than the host's.
fn of_counters(diagnostic: &Diagnostic) -> Option<String> {
    let is_pmcr = diagnostic.register == Some(KvmRegister::System(PMCR_EL0));
    let (wanted, present) = (diagnostic.wanted?, diagnostic.present?);
    let counters = [wanted, present].map(pmu_counters);
    let least = counters.into_iter().min()?;
    (is_pmcr && counters != [least; 2])
        .then(|| format!("start the guest with {PMU_COUNTERS}={least}, which both hosts can have"))
}

/// Remedies if the host's KVM has a lower version or level, or fewer services.
fn firmware_remedies(register: FirmwareRegister, diagnostic: &Diagnostic) -> Vec<String> {
    let name = register.name();
    let newer = "migrate to a host whose kernel and firmware are at least as new".to_owned();
    // KVM stores no level of a mitigation.
    let other = if register.is_mitigation() {
        format!(
            "idreg where --tolerate {name} shows the hosts that a guest fits without this \
             protection"
        )
    } else {
        let lower = |host| match (register, diagnostic.wanted) {
            (FirmwareRegister::PsciVersion, _) | (_, None) => register.show(host),
            (_, Some(services)) => register.show(services & host),
        };
        let value = diagnostic.present.map_or_else(|| "VALUE".to_owned(), lower);
        format!(
            "let the VMM write the lower value before the guest first runs, as vmm-demo run \
             --firmware {name}={value} does"
        )
    };
    vec![newer, other]
}

fn of_firmware(register: FirmwareRegister, diagnostic: &Diagnostic) -> String {
    let Some(view) = diagnostic.wanted else {
        return "a version, level or service that this host's KVM does not have".to_owned();
    };
    let host = diagnostic.present;
    match register.check(host, view) {
        Ok(()) => format!(
            "{}: KVM of Linux 7.2 takes {} in a VM that has not run",
            register.name(),
            register.show(view)
        ),
        Err(obstacle) => Incompatibility::Firmware {
            register,
            view,
            host,
            obstacle,
        }
        .to_string(),
    }
}

fn failed(error: &str) -> Advice {
    let (cause, remedies): (&str, &[&str]) = if error.contains("busy") || error.contains("16)") {
        (
            "EBUSY: an ID register cannot change after the VM has run",
            &["write ID registers before the first KVM_RUN of any vCPU"],
        )
    } else if error.contains("not permitted") || error.contains("os error 1)") {
        (
            "EPERM: SVE is not finalised yet, or its vector lengths are fixed already",
            &["write KVM_REG_ARM64_SVE_VLS before KVM_ARM_VCPU_FINALIZE, and nothing else of SVE"],
        )
    } else if error.contains("Exec format") || error.contains("os error 8)") {
        (
            "ENOEXEC: the vCPU is not initialised",
            &["KVM_ARM_VCPU_INIT comes before registers"],
        )
    } else {
        ("", &[FIND_THE_DIFFERENCE])
    };
    advice(
        "a register of the vCPU could not be accessed",
        cause,
        remedies,
    )
}

const fn unexpected_cause(register: Option<KvmRegister>) -> &'static str {
    match register {
        Some(KvmRegister::Firmware(FirmwareRegister::VendorHyp2)) => {
            "the guest started on Linux 6.15 or newer, and this host's kernel is older"
        }
        _ => "the guest started on a newer kernel, or with an option that is off here",
    }
}

fn access(is_write: Option<bool>, diagnostic: &Diagnostic) -> Advice {
    let verb = match is_write {
        Some(true) => "wrote",
        Some(false) => "read",
        None => "accessed",
    };
    let cause = match diagnostic.register {
        Some(_) => {
            "the register belongs to a feature that KVM hides, or is newer than the host's kernel; \
             the guest got an undefined instruction"
        }
        None => "the register's encoding is on the next line",
    };
    advice(
        format!("a guest {verb} a register that KVM does not emulate"),
        cause,
        &[
            "check that the guest sees the feature as absent: a VMM or CPU model that shows a \
             field above what KVM emulates makes guests do this",
            "update the host's kernel, or hide the feature that made the guest access the register",
        ],
    )
}
