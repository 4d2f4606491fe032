//! Registers, fields and values as text: names, encodings and ids.

use super::register::KvmRegister;
use super::scan::{decimal, number, strip_ignoring_case, word};
use super::{Diagnostic, Event, Unrecognized};
use crate::description::feature::FEATURE_PREFIX;
use crate::description::{Description, PROPERTY_PREFIX, RegisterDescription, RegisterField};
use crate::encoding::Encoding;
use crate::model::property::{Property, PropertyType};

/// The prefix of a register's name in the kernel's code.
const KERNEL_PREFIX: &str = "SYS_";
/// The exception levels that a register's name can end in, if it is written without one.
const LEVELS: [&str; 2] = ["_EL1", "_EL0"];

/// Recognises a line that is a register or a property and nothing else.
pub(super) fn recognize<'t>(
    description: &'static Description,
    line: &'t str,
) -> Result<Diagnostic<'t>, Unrecognized> {
    let text = line.trim().trim_start_matches(['"', '\'', '`']);
    if let Some((register, rest)) = register_notation(text)
        && let Some([wanted, present]) = values(rest)
    {
        return Ok(plain(Event::Register)
            .about(register)
            .with_values(wanted, present));
    }
    let (name, rest) = word(text);
    if let Some(register) = KvmRegister::named(name)
        && let Some([wanted, present]) = values(rest)
    {
        return Ok(plain(Event::Register)
            .about(register)
            .with_values(wanted, present));
    }
    named(description, name, rest).ok_or_else(|| Unrecognized {
        nearest: nearest(description, name, rest),
    })
}

const fn plain(event: Event<'_>) -> Diagnostic<'_> {
    Diagnostic {
        program: None,
        event,
        register: None,
        field: None,
        wanted: None,
        present: None,
    }
}

/// A register as an encoding or an id, and the text after it.
fn register_notation(text: &str) -> Option<(KvmRegister, &str)> {
    if strip_ignoring_case(text.trim_start_matches(['{', ' ']), "op0").is_some() {
        let (encoding, rest) = named_encoding(text)?;
        return Some((KvmRegister::System(encoding), rest));
    }
    let encoding = generic_name(text).or_else(|| kernel_macro(text));
    if let Some((encoding, rest)) = encoding {
        return Some((KvmRegister::System(encoding), rest));
    }
    let (id, rest) = number(text)?;
    Some((KvmRegister::from_id(id)?, rest))
}

/// A line that begins with the name of a register or a property.
fn named<'t>(
    description: &'static Description,
    name: &str,
    rest: &'t str,
) -> Option<Diagnostic<'t>> {
    if let Some(register) = register_name(description, name) {
        let [wanted, present] = values(rest)?;
        let register = KvmRegister::System(register.encoding);
        let diagnostic = plain(Event::Register).about(register);
        return Some(diagnostic.with_values(wanted, present));
    }
    let property = property(description, name)?;
    let is_switch = property.value_type() == PropertyType::Switch;
    let (setting, [wanted, present]) = if is_switch {
        (switch(rest)?, [None, None])
    } else {
        ("", values(rest)?)
    };
    let event = Event::Property { property, setting };
    let mut diagnostic = plain(event).with_values(wanted, present);
    if let Property::Field(field) = property {
        diagnostic.field = Some(field);
        diagnostic.register = Some(KvmRegister::System(field.register.encoding));
    }
    Some(diagnostic)
}

/// The register of a name: in whatever case, with the kernel's prefix or without the level.
pub(super) fn register_name(
    description: &Description,
    name: &str,
) -> Option<&'static RegisterDescription> {
    let name = strip_ignoring_case(name, KERNEL_PREFIX).unwrap_or(name);
    let is_same = |known: &str| {
        known.eq_ignore_ascii_case(name)
            || LEVELS.iter().any(|level| {
                known
                    .strip_suffix(level)
                    .is_some_and(|short| short.eq_ignore_ascii_case(name))
            })
    };
    // `midr` alone is a property, which is the same register.
    let mut registers = description.registers.iter().copied();
    registers.find(|register| is_same(register.name))
}

/// The property of a name in whatever case.
fn property(description: &'static Description, name: &str) -> Option<Property> {
    if let Some(property) = Property::find(description, name) {
        return Some(property);
    }
    if let Some(name) = strip_ignoring_case(name, PROPERTY_PREFIX) {
        let is_same = |field: &RegisterField| {
            let rest = strip_ignoring_case(name, field.register.name);
            let rest = rest.and_then(|rest| rest.strip_prefix('_'));
            rest.is_some_and(|rest| rest.eq_ignore_ascii_case(field.field.name()))
        };
        return description.fields().find(is_same).map(Property::Field);
    }
    if strip_ignoring_case(name, FEATURE_PREFIX).is_some() {
        let mut features = description.features.iter();
        let feature = features.find(|feature| name.eq_ignore_ascii_case(feature.name()));
        return feature.map(Property::Feature);
    }
    Property::find(description, &name.to_ascii_lowercase())
}

/// The name that is like one that does not exist, if the line has the form of a name and a value.
fn nearest(description: &Description, name: &str, rest: &str) -> Option<String> {
    let has_form = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && (values(rest).is_some() || switch(rest).is_some());
    if !has_form {
        return None;
    }
    let is_property = [PROPERTY_PREFIX, FEATURE_PREFIX]
        .into_iter()
        .any(|prefix| strip_ignoring_case(name, prefix).is_some());
    let register = strip_ignoring_case(name, KERNEL_PREFIX).unwrap_or(name);
    let of_registers = || Property::nearest_register(description, register);
    let of_properties = || Property::nearest(description, name);
    if is_property {
        of_properties()
    } else {
        of_registers().or_else(of_properties)
    }
}

/// Up to two values and nothing else: `=0x1`, `: 1`, ` 0x1 -> 0x2`, `=0x1 (is 0x2)`.
fn values(text: &str) -> Option<[Option<u64>; 2]> {
    let text = text.trim_end_matches([' ', '\t', ',', ';', '}', ')', '"', '\'', '`']);
    if text.is_empty() {
        return Some([None, None]);
    }
    let separated = text.trim_start_matches([' ', '\t', '=', ':']);
    if separated.len() == text.len() {
        return None;
    }
    let (first, rest) = number(separated)?;
    if rest.is_empty() {
        return Some([Some(first), None]);
    }
    let second = rest.trim_start_matches([' ', '\t', ',', '/']);
    let words = ["->", "(is ", "is ", "vs ", "vs. ", "expected "];
    let word = words.into_iter().find_map(|word| second.strip_prefix(word));
    let (second, end) = number(word.unwrap_or(second).trim_start())?;
    end.is_empty().then_some([Some(first), Some(second)])
}

/// The setting of a switch: `=on`, or empty.
fn switch(text: &str) -> Option<&str> {
    let text = text.trim();
    if text.is_empty() {
        return Some(text);
    }
    let setting = text.strip_prefix(['=', ':'])?.trim_start();
    let settings = ["on", "off", "true", "false"];
    settings.contains(&setting).then_some(setting)
}

/// `op0:3 op1:0 crn:0 crm:4 op2:0`, in whatever case and with `=` or parentheses too, and the text
/// after it.
pub(super) fn named_encoding(text: &str) -> Option<(Encoding, &str)> {
    let mut numbers = [0; 5];
    let mut rest = text;
    for (name, slot) in ["op0", "op1", "crn", "crm", "op2"]
        .into_iter()
        .zip(&mut numbers)
    {
        let start = rest.trim_start_matches([' ', '\t', ',', '{', '(', ')', ';']);
        let value = strip_ignoring_case(start, name)?;
        let value = value.trim_start_matches([' ', ':', '=', '(']);
        (*slot, rest) = decimal(value)?;
    }
    let rest = rest.strip_prefix(')').unwrap_or(rest);
    Some((Encoding::checked(numbers)?, rest))
}

/// `S3_0_C0_C4_0`, the assembler's generic name in whatever case, and the text after it.
fn generic_name(text: &str) -> Option<(Encoding, &str)> {
    let mut numbers = [0; 5];
    let mut rest = text;
    for (before, slot) in ["S", "_", "_C", "_C", "_"].into_iter().zip(&mut numbers) {
        (*slot, rest) = decimal(strip_ignoring_case(rest, before)?)?;
    }
    let encoding = Encoding::checked(numbers)?;
    (!rest.starts_with('_')).then_some((encoding, rest))
}

/// `sys_reg(3, 0, 0, 4, 0)`, the kernel's macro, and the text after it.
fn kernel_macro(text: &str) -> Option<(Encoding, &str)> {
    let mut numbers = [0; 5];
    let mut rest = strip_ignoring_case(text, "sys_reg")?
        .trim_start()
        .strip_prefix('(')?;
    for slot in &mut numbers {
        let start = rest.trim_start_matches([' ', '\t', ',']);
        (*slot, rest) = decimal(start)?;
    }
    let rest = rest.trim_start().strip_prefix(')')?;
    Some((Encoding::checked(numbers)?, rest))
}
