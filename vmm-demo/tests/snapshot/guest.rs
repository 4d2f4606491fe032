//! A small guest to be saved.

use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::values::RegisterValues;
use idreg_runtime::view::{VcpuReading, View, ViewInfo};
use serde_json::json;
use std::io::Cursor;
use std::ops::ControlFlow;
use vmm_demo::snapshot::contents::{OpenSnapshot, Snapshot, SnapshotInfo};
use vmm_demo::snapshot::error::ReadError;
use vmm_demo::snapshot::memory::buffers::RamBuffers;
use vmm_demo::snapshot::memory::{GuestRam, MemoryEncoding, PAGE};
use vmm_demo::vmm::console_state::ConsoleState;
use vmm_demo::vmm::ram_range::RamRange;
use vmm_demo::vmm::state::MachineState;

pub(super) const START: u64 = 0x4000_0000;
pub(super) const SIZE: u64 = 64 << 10;

/// The bytes of the RAM that are not zeros: their offset, and what they are.
fn contents() -> [(u64, Vec<u8>); 3] {
    let page = PAGE as u64;
    let random =
        (0..PAGE as u64 / 2).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()[7]);
    [
        (0, b"the first page".to_vec()),
        (3 * page, random.collect()),
        (SIZE - 1, vec![0xff]),
    ]
}

fn view() -> View {
    let mut values = RegisterValues::new(&DESCRIPTION);
    let midr = DESCRIPTION.register("MIDR_EL1").expect("a register");
    values.set(midr, 0x410f_d4c1);
    let vcpu = VcpuReading {
        values,
        caches: Vec::new(),
    };
    View::new(ViewInfo::default(), vec![vcpu.clone(), vcpu]).expect("a view")
}

fn machine() -> MachineState {
    let events = json!({
        "serror_pending": false,
        "serror_syndrome": null,
        "data_abort_pending": false,
    });
    let vcpu = |x0: &str, is_on: bool| {
        json!({
            "is_on": is_on,
            "events": events,
            "registers": [["0x6030000000100000", x0]],
        })
    };
    let cpu = |affinity: &str| {
        json!({
            "affinity": affinity,
            "redistributor": [["0x00000014", "0x00000000"]],
            "levels": "0x00000000",
            "interface": [["0x0000c230", "0x00000000000000f0"]],
        })
    };
    let machine = json!({
        "clock": {"count": 77, "frequency": 62_500_000, "stopped_at_ns": 5},
        "vcpus": [vcpu("0x0000000000000001", true), vcpu("0x0000000000000002", false)],
        "gic": {
            "interrupts": 64,
            "distributor": [["0x00000000", "0x00000012"]],
            "levels": ["0x00000000"],
            "cpus": [cpu("0x00000000"), cpu("0x00000001")],
        },
    });
    serde_json::from_value(machine).expect("a state")
}

pub(super) fn snapshot() -> Snapshot {
    Snapshot {
        info: SnapshotInfo {
            program: "0.1.0".to_owned(),
            saved_at: 1_764_273_600,
            vcpus: 2,
            memory: SIZE,
            kernel_release: "7.2.0".to_owned(),
        },
        view: view(),
        machine: machine(),
        console: ConsoleState {
            unwritten: vec![1, 2],
            input: b"half a line".to_vec(),
            ..ConsoleState::default()
        },
    }
}

pub(super) fn zeros() -> RamBuffers {
    let range = RamRange {
        start: START,
        size: SIZE,
    };
    RamBuffers::new(&[range]).expect("enough memory")
}

pub(super) fn ram() -> RamBuffers {
    let ram = zeros();
    for (offset, bytes) in contents() {
        ram.write(START + offset, &bytes).expect("RAM");
    }
    ram
}

pub(super) fn bytes(ram: &RamBuffers) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(SIZE).expect("a small size")];
    ram.read(START, &mut bytes).expect("RAM");
    bytes
}

pub(super) fn saved(encoding: MemoryEncoding) -> Vec<u8> {
    let sink = Cursor::new(Vec::new());
    let mut progress = |_, _| ControlFlow::Continue(());
    let sink = snapshot().write(sink, &ram(), encoding, &mut progress);
    sink.expect("a buffer").into_inner()
}

pub(super) fn restored(file: &[u8]) -> Result<(Snapshot, Vec<u8>), ReadError> {
    let ram = zeros();
    let mut progress = |_, _| ControlFlow::Continue(());
    let snapshot = OpenSnapshot::new(file)?.restore_memory(&ram, &mut progress)?;
    Ok((snapshot, bytes(&ram)))
}
