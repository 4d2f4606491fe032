//! A selection of registers by name.

use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, LitStr, Token, bracketed};

/// The list `["ID_*", "CTR_EL0"]`; `*` matches any number of characters, including 0.
pub(crate) struct Only {
    patterns: Vec<Pattern>,
}

struct Pattern {
    text: String,
    span: Span,
}

impl Parse for Only {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let list;
        let bracket = bracketed!(list in input);
        let patterns = Punctuated::<Pattern, Token![,]>::parse_terminated(&list)?;
        if patterns.is_empty() {
            let message = "the list is empty: without `only`, every register is emitted";
            return Err(Error::new(bracket.span.join(), message));
        }
        Ok(Self {
            patterns: patterns.into_iter().collect(),
        })
    }
}

impl Parse for Pattern {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let expected = "expected a register name as a string literal, such as \"ID_*\"";
        let literal: LitStr = input.parse().map_err(|_| input.error(expected))?;
        let (text, span) = (literal.value(), literal.span());
        if text.is_empty() {
            let message = "the pattern is empty and matches no register: `*` matches every one";
            return Err(Error::new(span, message));
        }
        Ok(Self { text, span })
    }
}

impl Only {
    /// True if a pattern matches the register.
    pub(crate) fn matches(&self, register_name: &str) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| edits(&pattern.text, register_name) == 0)
    }

    /// A compile error for each pattern that matches none of the description's registers.
    pub(crate) fn unmatched(&self, register_names: &[&str]) -> TokenStream {
        let patterns = self.patterns.iter();
        let unmatched = patterns.filter(|pattern| {
            let mut names = register_names.iter();
            names.all(|name| edits(&pattern.text, name) != 0)
        });
        let errors = unmatched.map(|Pattern { text, span }| {
            let guess = match nearest(text, register_names).as_slice() {
                [] => String::new(),
                [name] => format!(": did you mean `{name}`?"),
                [names @ .., last] => {
                    format!(": did you mean `{}` or `{last}`?", names.join("`, `"))
                }
            };
            Error::new(*span, format!("no register matches `{text}`{guess}"))
        });
        errors.map(Error::into_compile_error).collect()
    }
}

/// The first of the names with the least distance to a pattern, if it is small; case is ignored.
fn nearest<'m>(pattern: &str, names: &[&'m str]) -> Vec<&'m str> {
    const SHOWN: usize = 3;
    const NEAR: usize = 4;
    let pattern = pattern.to_ascii_uppercase();
    let distance = |name: &str| edits(&pattern, &name.to_ascii_uppercase());
    let mut near: Vec<(usize, &str)> = names.iter().map(|name| (distance(name), *name)).collect();
    near.retain(|(distance, _)| distance * NEAR <= pattern.len());
    let least = near.iter().map(|(distance, _)| *distance).min();
    near.retain(|(distance, _)| Some(*distance) == least);
    near.into_iter().map(|(_, name)| name).take(SHOWN).collect()
}

/// The number of insertions, deletions and replacements after which a pattern matches a name:
/// Levenshtein's distance, in which `*` matches any characters at no cost.
fn edits(pattern: &str, name: &str) -> usize {
    // The edits between the pattern so far and each prefix of the name.
    let mut costs: Vec<usize> = (0..=name.chars().count()).collect();
    for expected in pattern.chars() {
        let any = expected == '*';
        let mut left = costs.first().map_or(0, |cost| cost + usize::from(!any));
        let mut next = vec![left];
        let columns = costs.iter().zip(costs.iter().skip(1)).zip(name.chars());
        for ((diagonal, above), found) in columns {
            left = if any {
                left.min(*above)
            } else {
                let replaced = diagonal + usize::from(expected != found);
                replaced.min(above + 1).min(left + 1)
            };
            next.push(left);
        }
        costs = next;
    }
    costs.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run_of_characters() {
        for (pattern, name, matches) in [
            ("CTR_EL0", "CTR_EL0", true),
            ("CTR_EL0", "CTR_EL01", false),
            ("CTR_EL0", "ctr_el0", false),
            ("*", "CTR_EL0", true),
            ("ID_*", "ID_", true),
            ("ID_*", "MIDR_EL1", false),
            ("*_EL1", "ID_AA64PFR0_EL1", true),
            ("*_EL1", "SCTLR_EL12", false),
            ("ID_*PFR*_EL1", "ID_AA64PFR0_EL1", true),
            ("ID_*PFR*_EL1", "ID_AA64ISAR0_EL1", false),
            ("**A**", "ABA", true),
            ("*AB*AB*", "ABxB", false),
        ] {
            assert_eq!(edits(pattern, name) == 0, matches, "{pattern} {name}");
        }
    }

    #[test]
    fn edits_are_counted() {
        for (pattern, name, expected) in [
            ("CTR_EL1", "CTR_EL0", 1),
            ("CTREL0", "CTR_EL0", 1),
            ("CTRR_EL0", "CTR_EL0", 1),
            ("ID_AA46*", "ID_AA64PFR0_EL1", 1),
            ("*PFR9_*", "ID_AA64PFR0_EL1", 1),
        ] {
            assert_eq!(edits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
