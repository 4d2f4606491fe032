//! The name of a property as a constant, joined at compile time.

use crate::description::{PROPERTY_PREFIX, RegisterField};

/// The maximum length of a property in bytes; the longest in Linux 7.2 has 38.
const CAPACITY: usize = 256;

/// The text `SYSREG_<REGISTER>_<FIELD>`, for constants of the emitted types.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct PropertyName {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl PropertyName {
    /// Joins the name of a register and the name of a field.
    ///
    /// # Panics
    ///
    /// Panics if the property is longer than 256 bytes; in a constant that is a compile error where
    /// the constant is used.
    #[must_use]
    pub const fn of(field: RegisterField) -> Self {
        let empty = Self {
            bytes: [0; CAPACITY],
            len: 0,
        };
        empty
            .with(PROPERTY_PREFIX)
            .with(field.register.name)
            .with("_")
            .with(field.field.name())
    }

    const fn with(mut self, text: &str) -> Self {
        let (_, free) = self.bytes.split_at_mut(self.len);
        let (next, _) = free.split_at_mut(text.len());
        next.copy_from_slice(text.as_bytes());
        self.len += text.len();
        self
    }

    /// The name.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        let (used, _) = self.bytes.split_at(self.len);
        match core::str::from_utf8(used) {
            Ok(text) => text,
            // Unreachable: the bytes are joined from whole strings.
            Err(_) => "",
        }
    }
}
