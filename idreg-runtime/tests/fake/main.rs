//! The fake VM answers as KVM does (Linux 6.12 and 7.2, `arch/arm64/kvm/sys_regs.c`): one rule per
//! case.

mod fields;
mod first_run;
#[path = "../hosts/mod.rs"]
mod hosts;
mod registers;
mod vm;

use hosts::{MAX_7_2, host};
use idreg_runtime::description::RegisterField;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::fake::FakeVcpu;
use idreg_runtime::host::Host;
use idreg_runtime::number::Hex;
use idreg_runtime::regs;
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use serde_json::{Value, json};

/// A write of one field over its register's present value. `Ok` has the field's value afterwards.
struct Case {
    rule: &'static str,
    host: Host,
    field: &'static str,
    value: u64,
    result: Result<u64, Errno>,
}

const REFUSED: Result<u64, Errno> = Err(Errno::EINVAL);
const BUSY: Result<u64, Errno> = Err(Errno::EBUSY);

fn case(
    rule: &'static str,
    host: Host,
    field: &'static str,
    value: u64,
    result: Result<u64, Errno>,
) -> Case {
    Case {
        rule,
        host,
        field,
        value,
        result,
    }
}

impl Case {
    /// Checks that the field has the expected value, and the rest of its register its old one.
    fn check(&self, vcpu: &FakeVcpu) {
        let RegisterField { register, field } = field(self.field);
        let before = shown(vcpu, register.encoding);
        let result = vcpu.set(register.encoding, field.insert(before, self.value));
        assert_eq!(result, self.result.map(|_| ()), "{}", self.rule);
        let stored = self.result.map(|stored| field.insert(before, stored));
        let after = shown(vcpu, register.encoding);
        assert_eq!(after, stored.unwrap_or(before), "{}", self.rule);
    }
}

/// The emulated CPU `max` on Linux 7.2.
fn max() -> Host {
    host(MAX_7_2)
}

/// `max` with some members of its file replaced, each named by its path.
fn max_but(edits: &[(&str, Value)]) -> Host {
    let mut file: Value = serde_json::from_str(MAX_7_2).expect("JSON");
    for (path, value) in edits {
        *path.split('/').fold(&mut file, |at, name| &mut at[name]) = value.clone();
    }
    host(&file.to_string())
}

/// `max` with the values of some registers replaced.
fn max_with(registers: &[(&str, u64)]) -> Host {
    let path = |register| format!("registers/{register}/value");
    let edits = registers.iter();
    let edits = edits.map(|(register, value)| (path(register), json!(Hex(*value).to_string())));
    let edits: Vec<(String, Value)> = edits.collect();
    let edits = edits
        .iter()
        .map(|(path, value)| (path.as_str(), value.clone()));
    max_but(&edits.collect::<Vec<_>>())
}

/// `max` with a vCPU that starts at EL2.
fn max_el2() -> Host {
    max_but(&[("capabilities/el2", json!(true)), ("vcpu/el2", json!(true))])
}

/// Members of a host file that Linux 6.12 reports differently from 7.2.
fn linux_6_12() -> Vec<(&'static str, Value)> {
    vec![
        ("capabilities/writable_implementation_ids", json!(false)),
        ("registers/MIDR_EL1/writable", json!("0x0")),
        ("registers/REVIDR_EL1/writable", json!("0x0")),
        ("registers/AIDR_EL1/writable", json!("0x0")),
        ("registers/CTR_EL0/writable", json!("0x300f000f")),
    ]
}

fn max_6_12() -> Host {
    max_but(&linux_6_12())
}

fn field(name: &str) -> RegisterField {
    let field = regs::DESCRIPTION.property(&format!("SYSREG_{name}"));
    field.expect(name)
}

fn encoding(register: &str) -> Encoding {
    regs::DESCRIPTION
        .register(register)
        .expect(register)
        .encoding
}

fn shown(vcpu: &FakeVcpu, register: Encoding) -> u64 {
    vcpu.get(register).expect("a register that the host has")
}

fn read(vcpu: &FakeVcpu, name: &str) -> u64 {
    let RegisterField { register, field } = field(name);
    field.extract(shown(vcpu, register.encoding))
}

fn write(vcpu: &FakeVcpu, name: &str, value: u64) -> Result<(), Errno> {
    let RegisterField { register, field } = field(name);
    let old = shown(vcpu, register.encoding);
    vcpu.set(register.encoding, field.insert(old, value))
}
