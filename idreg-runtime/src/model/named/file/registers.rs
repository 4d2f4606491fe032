//! The registers of a model file.

use super::{FileReader, ModelProblem};
use crate::description::{Description, RegisterDescription, RegisterField};
use crate::model::named::{is_hosts_own, is_of_vm};
use crate::register::FieldValue;
use crate::regs::ctr_el0::{Cwg, Erg, L1Ip};
use crate::regs::id_aa64pfr0_el1::El0;
use crate::regs::id_dfr0_el1::CopDbg;
use crate::regs::{DESCRIPTION, MidrEl1};
use crate::values::RegisterValues;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The word for a field that keeps the host's value.
const HOST: &str = "host";

/// The fields of cache geometry that KVM fixes: CWG and ERG in every kernel, L1Ip before Linux 6.13
/// (`arch/arm64/kvm/sys_regs.c`, the entry of CTR_EL0).
const FIXED_GEOMETRY: [RegisterField; 3] = [Cwg::FIELD, Erg::FIELD, L1Ip::FIELD];

/// A field of a register that is UNKNOWN without AArch32 (Arm ARM DDI 0487, D24.2). KVM fixes it
/// to 0 on a host without AArch32, and refuses values below 6 on any other
/// (`arch/arm64/kvm/sys_regs.c`, `set_id_dfr0_el1`).
const FIXED_WITHOUT_AARCH32: RegisterField = CopDbg::FIELD;

/// The registers as a file has them.
pub(super) struct FileRegisters {
    pub(super) values: RegisterValues,
    /// The bits that keep the host's value.
    pub(super) host: RegisterValues,
}

impl FileRegisters {
    fn new(description: &'static Description) -> Self {
        Self {
            values: RegisterValues::new(description),
            host: RegisterValues::new(description),
        }
    }

    fn set(&mut self, field: RegisterField, value: Option<u64>) {
        let RegisterField { register, field } = field;
        let target = match value {
            Some(_) => &mut self.values,
            None => &mut self.host,
        };
        let old = target.get(register).unwrap_or(0);
        let value = value.unwrap_or(field.max());
        target.set(register, field.insert(old, value));
    }
}

impl<'t> FileReader<'t> {
    pub(super) fn registers(&mut self, table: &DeTable<'t>) -> Option<FileRegisters> {
        let Some(value) = table.get("registers") else {
            self.mistake(&(0..0), "registers", ModelProblem::Missing);
            return None;
        };
        let Some(registers) = value.get_ref().as_table() else {
            self.wrong_type(value, "registers", "a table of registers");
            return None;
        };
        let mut read = FileRegisters::new(&DESCRIPTION);
        for (name, value) in registers {
            let key = format!("registers.{}", name.get_ref());
            match DESCRIPTION.register(name.get_ref()) {
                Some(register) => self.register(register, &key, value, &mut read),
                None => {
                    self.mistake(&name.span(), &key, ModelProblem::UnknownRegister);
                }
            }
        }
        let fixed = FIXED_WITHOUT_AARCH32;
        let is_hosts = read.host.field(fixed).is_some_and(|bits| bits != 0);
        if is_hosts && read.values.field(El0::FIELD) == Some(El0::AARCH32.bits()) {
            let key = format!("registers.{}.{}", fixed.register.name, fixed.field.name());
            self.mistake(
                &value.span(),
                &key,
                ModelProblem::NotOfHost { field: fixed },
            );
        }
        if !registers.contains_key(MidrEl1::NAME) {
            let key = format!("registers.{}", MidrEl1::NAME);
            self.mistake(&(0..0), &key, ModelProblem::NoMidr);
        }
        Some(read)
    }

    fn register(
        &mut self,
        register: &'static RegisterDescription,
        key: &str,
        value: &Spanned<DeValue<'t>>,
        read: &mut FileRegisters,
    ) {
        if value.get_ref().as_str() == Some(HOST) {
            for field in register.fields() {
                self.field(field, key, value, read);
            }
            return;
        }
        let Some(fields) = value.get_ref().as_table() else {
            self.wrong_type(value, key, "a table of fields, or \"host\"");
            return;
        };
        for (name, value) in fields {
            let key = format!("{key}.{}", name.get_ref());
            match register.field(name.get_ref()) {
                Some(field) => {
                    let field = RegisterField { register, field };
                    self.field(field, &key, value, read);
                }
                None => {
                    let register = register.name;
                    let problem = ModelProblem::UnknownField { register };
                    self.mistake(&name.span(), &key, problem);
                }
            }
        }
    }

    fn field(
        &mut self,
        field: RegisterField,
        key: &str,
        value: &Spanned<DeValue<'t>>,
        read: &mut FileRegisters,
    ) {
        if is_of_vm(field) {
            self.mistake(&value.span(), key, ModelProblem::OfVm { field });
            return;
        }
        if value.get_ref().as_str() == Some(HOST) {
            if may_keep_hosts(field) {
                read.set(field, None);
            } else {
                self.mistake(&value.span(), key, ModelProblem::NotOfHost { field });
            }
            return;
        }
        let Some(number) = value.get_ref().as_integer() else {
            self.wrong_type(value, key, "a number or \"host\"");
            return;
        };
        let max = field.field.max();
        match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if number <= max => read.set(field, Some(number)),
            _ => {
                let text = number.to_string();
                self.mistake(&value.span(), key, ModelProblem::DoesNotFit { text, max });
            }
        }
    }
}

/// True if a model may leave the field to the host, one of AArch32 only in a model without AArch32.
fn may_keep_hosts(field: RegisterField) -> bool {
    is_hosts_own(field) || FIXED_GEOMETRY.contains(&field) || field == FIXED_WITHOUT_AARCH32
}
