//! Changes that KVM refused.

use super::Change;
use crate::vcpu::Errno;
use core::fmt;

/// A change that KVM refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The change. KVM refused it alone too, or refused only several changes of the register
    /// together.
    pub change: Change,
    /// The kernel's error.
    pub errno: Errno,
}

/// Shows the property, the value, the error, the host's value and a remedy.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            change: Change { field, old, new },
            errno,
        } = self;
        let (old, new) = (field.field.show(*old), field.field.show(*new));
        write!(f, "KVM refused {field}={new} with {errno}: ")?;
        match *errno {
            Errno::EBUSY => {
                f.write_str("the guest has run already, which freezes its ID registers")
            }
            Errno::EINVAL => write!(f, "the host's value {old} works"),
            _ => write!(f, "the host's value is {old}"),
        }
    }
}
