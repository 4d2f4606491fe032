//! Events that name no register.

use super::{Advice, FIND_THE_DIFFERENCE, advice};
use idreg_runtime::formats::diagnostic::Event;

/// The cause of messages after which a migration or a restore ends.
const REFUSED: &str = "KVM refused the value of a register: the CPUs, kernels or options differ";

pub(super) fn of(event: &Event) -> Advice {
    match *event {
        Event::TooManyRegisters { guest, destination } => too_many(guest, destination),
        Event::CpuStateNotLoaded => advice(
            "the state of a vCPU was not taken, and the migration ends",
            REFUSED,
            &[
                "decode the lines before this one, which name the registers",
                FIND_THE_DIFFERENCE,
            ],
        ),
        Event::MigrationFailed => advice(
            "the migration failed; without post-copy the guest goes on at its source",
            "",
            &["decode the lines before this one, which have the cause"],
        ),
        Event::RegistersNotSet => advice(
            "KVM refused registers that QEMU had read before",
            "on machines with several core types, QEMU read them on another type; else the vCPU's \
             options changed, or this is the destination of a migration",
            &[
                "run QEMU on CPUs of one type: taskset, or libvirt's cpuset and vcpupin",
                FIND_THE_DIFFERENCE,
            ],
        ),
        Event::VcpuNotCreated => advice(
            "KVM did not create a vCPU",
            "an option that the host does not support, a CPU model other than the host's, or vCPUs \
             on several core types",
            &[
                "use the model host, and no option that idreg dump shows as unsupported",
                "run the VMM on CPUs of one type",
            ],
        ),
        Event::ImplementerDiffers => advice(
            "the snapshot's CPU has another implementer than the host's",
            "Firecracker only warns; registers that KVM refuses fail later",
            &[FIND_THE_DIFFERENCE],
        ),
        Event::SnapshotNotRestored => advice(
            "a snapshot was not restored",
            "the rest of the line or the next one has the cause",
            &[
                "decode the line that names the register",
                FIND_THE_DIFFERENCE,
            ],
        ),
        Event::VcpuStateNotSet => advice(
            "KVM refused the state of a vCPU; the message does not name the register",
            REFUSED,
            &[FIND_THE_DIFFERENCE],
        ),
        Event::ConnectionClosed => advice(
            "the other side of the migration closed the connection",
            "it failed on its own, often because the CPUs differ; its log has the reason",
            &["read the log of the other side", FIND_THE_DIFFERENCE],
        ),
        _ => advice(event.name(), "", &[]),
    }
}

fn too_many(guest: Option<u64>, destination: Option<u64>) -> Advice {
    let summary = match (guest, destination) {
        (Some(guest), Some(destination)) => {
            format!("the guest has {guest} registers, and this host's KVM {destination}")
        }
        _ => "the guest has more registers than this host's KVM".to_owned(),
    };
    advice(
        summary,
        "the guest started on a newer kernel, which added registers, or with options that are off \
         here",
        &[
            "migrate to a host whose kernel is at least as new",
            "create the vCPUs with the same options (sve, pauth, pmu, mte) on both hosts",
        ],
    )
}
