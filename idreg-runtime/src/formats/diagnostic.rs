//! Lines about CPUs that QEMU, KVM, Linux, Firecracker, Cloud Hypervisor and libvirt print, and
//! registers as text.
//!
//! A line is recognised by itself. What other programs write before the message, such as a time or
//! a program's name, does not matter.

mod cloud_hypervisor;
mod event;
mod firecracker;
mod judgement;
mod known_kernel;
mod libvirt;
mod linux;
mod notation;
mod qemu;
mod reading;
mod register;
mod scan;

pub use self::event::{Event, Program};
pub use self::judgement::Judgement;
pub use self::known_kernel::KnownKernel;
pub use self::reading::FieldReading;
pub use self::register::KvmRegister;

use crate::description::{Description, RegisterDescription, RegisterField};

/// The maximum length in bytes of a line; the rest of a longer one is ignored.
///
/// The longest message is a list of the features that libvirt misses, of a few kilobytes.
pub const LONGEST_LINE: usize = 16 * 1024;

/// A recognised line: the event that it reports, with the register and values that it names.
///
/// ```
/// use idreg_runtime::formats::diagnostic::{Diagnostic, Event};
/// use idreg_runtime::regs::DESCRIPTION;
///
/// let line = "Could not set register op0:3 op1:0 crn:0 crm:6 op2:0 to 1110 (is 110)";
/// let diagnostic = Diagnostic::of(&DESCRIPTION, line)?;
/// assert_eq!(diagnostic.event.name(), "register-refused");
/// let register = diagnostic.described(&DESCRIPTION).ok_or("not described")?;
/// assert_eq!(register.name, "ID_AA64ISAR0_EL1");
/// let differing = diagnostic.fields(&DESCRIPTION).into_iter().filter(|field| field.differs());
/// assert!(differing.map(|field| field.field.to_string()).eq(["SYSREG_ID_AA64ISAR0_EL1_SHA2"]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Diagnostic<'t> {
    /// The program that prints the line, or `None` for a register or a property as text.
    pub program: Option<Program>,
    /// The event that the line reports.
    pub event: Event<'t>,
    /// The register, or `None` if the line names none.
    pub register: Option<KvmRegister>,
    /// The field, if the line names one; the values are then those of the field.
    pub field: Option<RegisterField>,
    /// The value that was to be written, or the first of two, or `None`.
    pub wanted: Option<u64>,
    /// The value that the register has, or the second of two, or `None`.
    pub present: Option<u64>,
}

/// The error of a line that no program is known to print and that is no register or property.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not recognised{}", suggestion(.nearest.as_deref()))]
pub struct Unrecognized {
    /// The name of a register or property that is like the line's, or `None`.
    pub nearest: Option<String>,
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

impl<'t> Diagnostic<'t> {
    /// Recognises a line.
    ///
    /// # Errors
    ///
    /// [`Unrecognized`].
    pub fn of(description: &'static Description, line: &'t str) -> Result<Self, Unrecognized> {
        let line = scan::bounded(line, LONGEST_LINE);
        let of_program = qemu::recognize(line)
            .or_else(|| linux::recognize(description, line))
            .or_else(|| firecracker::recognize(line))
            .or_else(|| cloud_hypervisor::recognize(line))
            .or_else(|| libvirt::recognize(line));
        match of_program {
            Some(diagnostic) => Ok(diagnostic),
            None => notation::recognize(description, line),
        }
    }

    /// A diagnostic of a program's event without register and values.
    const fn new(program: Program, event: Event<'t>) -> Self {
        Self {
            program: Some(program),
            event,
            register: None,
            field: None,
            wanted: None,
            present: None,
        }
    }

    /// The diagnostic with a register.
    const fn about(mut self, register: KvmRegister) -> Self {
        self.register = Some(register);
        self
    }

    /// The diagnostic with the two values.
    const fn with_values(mut self, wanted: Option<u64>, present: Option<u64>) -> Self {
        self.wanted = wanted;
        self.present = present;
        self
    }

    /// The system register with its fields, or `None` if it is another register or the description
    /// does not have it.
    #[must_use]
    pub fn described(&self, description: &Description) -> Option<&'static RegisterDescription> {
        self.register?.described(description)
    }

    /// The named field, or every field of the register: those that differ first, then from bit 63
    /// down.
    #[must_use]
    pub fn fields(&self, description: &Description) -> Vec<FieldReading> {
        if let Some(field) = self.field {
            return vec![FieldReading {
                field,
                wanted: self.wanted,
                present: self.present,
            }];
        }
        let Some(register) = self.described(description) else {
            return Vec::new();
        };
        let readings = register.fields().map(|field| FieldReading {
            field,
            wanted: self.wanted.map(|value| field.field.extract(value)),
            present: self.present.map(|value| field.field.extract(value)),
        });
        let (mut fields, same): (Vec<_>, Vec<_>) = readings.partition(FieldReading::differs);
        fields.extend(same);
        fields
    }

    /// The differing bits that belong to no field of the description.
    #[must_use]
    pub fn undescribed(&self, description: &Description) -> u64 {
        let register = self.described(description).filter(|_| self.field.is_none());
        match (register, self.wanted, self.present) {
            (Some(register), Some(wanted), Some(present)) => {
                let fields = register.layout.fields();
                let described = fields.fold(0, |bits, field| bits | field.mask());
                (wanted ^ present) & !described
            }
            _ => 0,
        }
    }
}
