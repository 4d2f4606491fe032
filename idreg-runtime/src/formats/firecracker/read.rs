//! Templates as CPU models.

use super::{RegisterModifier, Template};
use crate::config::VcpuConfig;
use crate::config::options::CpuOption;
use crate::description::RegisterDescription;
use crate::model::CpuModel;
use crate::regs::DESCRIPTION;

/// A model that a template describes, and what of the template it does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateModel {
    /// The model, with the host as its base.
    pub model: CpuModel,
    /// The parts of the template that no model can have, a sentence each.
    pub missing: Vec<String>,
}

impl TemplateModel {
    /// The model of a template: an override for each field whose bits are all set, and an option
    /// for each vCPU feature.
    #[must_use]
    pub fn new(template: &Template) -> Self {
        let mut read = Self::default();
        for capability in &template.capabilities {
            read.missing.push(format!(
                "the check of KVM's capability {} is left out",
                crate::text::Printable(capability)
            ));
        }
        read.features(template);
        for modifier in &template.registers {
            let mut registers = DESCRIPTION.registers.iter().copied();
            match registers.find(|register| register.encoding.kvm_id() == modifier.id) {
                Some(register) => read.register(register, *modifier),
                None => read.missing.push(format!(
                    "register {:#x} is no ID register and is left out",
                    modifier.id
                )),
            }
        }
        read
    }

    fn features(&mut self, template: &Template) {
        for modifier in &template.features {
            let mut left = modifier.bits.filter;
            for option in [
                CpuOption::Sve,
                CpuOption::Pauth,
                CpuOption::Pmu,
                CpuOption::El2,
            ] {
                let bits = u128::from(feature_bits(option));
                if modifier.index == 0 && left & bits == bits {
                    let of_option = modifier.bits.value & bits;
                    if of_option == bits || of_option == 0 {
                        self.model.switch(option, of_option == bits);
                        left &= !bits;
                    }
                }
            }
            if left != 0 {
                self.missing.push(format!(
                    "the bits {left:#x} of word {} of the vCPU features are no option of a model \
                     and are left out",
                    modifier.index
                ));
            }
        }
    }

    fn register(&mut self, register: &'static RegisterDescription, modifier: RegisterModifier) {
        let super::Bitmap { filter, value } = modifier.bits;
        let (Ok(filter), Ok(value)) = (low(filter), low(value)) else {
            self.missing.push(format!(
                "bits above bit 63 of {} do not exist and are left out",
                register.name
            ));
            return;
        };
        let mut left = filter;
        for field in register.fields() {
            let mask = field.field.mask();
            if filter & mask == mask {
                self.model.set_field(field, field.field.extract(value));
                left &= !mask;
            } else if filter & mask != 0 {
                self.missing.push(format!(
                    "bits {:#x} of {} are a part of {field}, which changes as a whole only; they \
                     are left out",
                    filter & mask,
                    register.name
                ));
                left &= !mask;
            }
        }
        if left != 0 {
            self.missing.push(format!(
                "bits {left:#x} of {} belong to no field and are left out",
                register.name
            ));
        }
    }
}

/// The low half of a bitmap's word, or an error if a bit above it is set.
fn low(bits: u128) -> Result<u64, core::num::TryFromIntError> {
    u64::try_from(bits)
}

/// The bits of an option among the features of `KVM_ARM_VCPU_INIT`.
fn feature_bits(option: CpuOption) -> u32 {
    let without = VcpuConfig::new();
    let with = match option {
        CpuOption::Sve => without.with_sve(true),
        CpuOption::Pauth => without.with_pauth(true),
        CpuOption::Pmu => without.with_pmu(true),
        CpuOption::El2 => without.with_el2(true),
        CpuOption::SveLength(_) | CpuOption::Mte | CpuOption::Aarch64 => without,
    };
    with.features() & !without.features()
}
