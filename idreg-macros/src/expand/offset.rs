//! Positions in the texts and bytes of the emitted tables, which have 16 bits.

use proc_macro2::{Literal, Span};

/// A position in a part of the table; an error if the part is too long for 16 bits.
pub(crate) fn offset(position: usize, part: impl Fn() -> String) -> syn::Result<Literal> {
    let offset = u16::try_from(position).map_err(|_| {
        let message = format!(
            "{} take more than the {} bytes that a table has for them",
            part(),
            u16::MAX
        );
        syn::Error::new(Span::call_site(), message)
    })?;
    Ok(Literal::u16_unsuffixed(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_that_does_not_fit_is_an_error() {
        let part = || "the names of R".to_owned();
        assert_eq!(offset(65535, part).unwrap().to_string(), "65535");
        assert_eq!(
            offset(65536, part).unwrap_err().to_string(),
            "the names of R take more than the 65535 bytes that a table has for them"
        );
    }
}
