//! Why an override cannot be had, in words.

use crate::description::FieldOf;
use crate::model::{InvalidValue, Override};
use core::fmt;

/// An override that cannot be had on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The override as it was asked for.
    pub asked: Override,
    /// The field that it names and its value on the host, where there is such a field.
    pub target: Option<Target>,
    /// Why not.
    pub reason: Reason,
}

/// What an override is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The field.
    pub field: FieldOf,
    /// Its value on the host; nothing if the host does not have the register.
    pub host: Option<u64>,
}

/// Why an override cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No field has this property.
    UnknownProperty {
        /// The property whose name is nearest, if one is near.
        nearest: Option<FieldOf>,
    },
    /// The value is missing or not a number.
    InvalidValue(InvalidValue),
    /// The value has more bits than the field.
    TooWide,
    /// The property was given before, with this value.
    Duplicate {
        /// The first override of the property.
        first: Override,
    },
    /// The host's KVM does not have the register.
    Absent,
    /// The host's KVM does not let this field be written.
    NotWritable {
        /// The host's kernel release.
        kernel: String,
    },
    /// The register needs `KVM_CAP_ARM_WRITABLE_IMP_ID_REGS`, which the host's KVM does not have.
    ImplementationId,
}

impl Reason {
    /// A stable name for programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnknownProperty { .. } => "unknown-property",
            Self::InvalidValue(_) => "invalid-value",
            Self::TooWide => "too-wide",
            Self::Duplicate { .. } => "duplicate",
            Self::Absent => "absent",
            Self::NotWritable { .. } => "not-writable",
            Self::ImplementationId => "implementation-id",
        }
    }
}

/// Shows property, value, reason and what would work, in a line.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.asked)?;
        if let (Some(target), Ok(value)) = (self.target, &self.asked.value)
            && let Some(name) = target.field.field.value_name(*value)
        {
            write!(f, " ({name})")?;
        }
        f.write_str(": ")?;
        self.reason(f)
    }
}

impl Rejection {
    fn reason(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::UnknownProperty { .. } if self.asked.property.is_empty() => {
                f.write_str("an override without a property; is there a `,` too many?")
            }
            Reason::UnknownProperty {
                nearest: Some(nearest),
            } => {
                write!(f, "no such property; did you mean {nearest}?")
            }
            Reason::UnknownProperty { nearest: None } => {
                f.write_str("no such property; the form is SYSREG_<REGISTER>_<FIELD>=<VALUE>")
            }
            Reason::InvalidValue(error) => {
                write!(f, "{error}")?;
                self.named_values(f)
            }
            Reason::TooWide => self.too_wide(f),
            Reason::Duplicate { first } => {
                write!(f, "given twice, before as {first}; give it once")
            }
            Reason::Absent => f.write_str("this host's KVM does not have the register"),
            Reason::NotWritable { kernel } => {
                write!(f, "kernel {kernel} does not let this field be changed")?;
                self.host_value(f, "; leave it as on the host, ")
            }
            Reason::ImplementationId => {
                f.write_str(
                    "this host's KVM does not let registers that identify the implementation be \
                     changed (no KVM_CAP_ARM_WRITABLE_IMP_ID_REGS)",
                )?;
                self.host_value(f, "; leave it as on the host, ")
            }
        }
    }

    fn too_wide(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Target {
            field: FieldOf { field, .. },
            ..
        }) = self.target
        else {
            return f.write_str("too wide");
        };
        let unit = if field.width == 1 { "bit" } else { "bits" };
        let (width, max) = (field.width, field.max());
        write!(
            f,
            "too wide: the field has {width} {unit}, {max:#x} is the most"
        )?;
        self.host_value(f, "; the host has ")
    }

    /// Whoever gives a name instead of a number is told the numbers.
    fn named_values(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self
            .target
            .map_or(&[][..], |target| target.field.field.values);
        for (index, value) in values.iter().enumerate() {
            let before = if index == 0 {
                "; named values are"
            } else {
                ","
            };
            write!(f, "{before} {:#x} ({})", value.value, value.name)?;
        }
        Ok(())
    }

    fn host_value(&self, f: &mut fmt::Formatter<'_>, before: &str) -> fmt::Result {
        match self.target {
            Some(Target {
                field,
                host: Some(host),
            }) => {
                write!(f, "{before}{}", field.field.show(host))
            }
            _ => Ok(()),
        }
    }
}
