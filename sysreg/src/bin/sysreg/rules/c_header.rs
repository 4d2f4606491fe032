//! Rules as a header in C11, complete in itself.

use super::{FieldRules, RuledField, safety_name};
use std::fmt::Write;
use sysreg::facts::{Audience, FieldRange, Owner, Safety, ValueRange};

const TOP: &str = r#"/*
 * The rules of the Arm ID registers' fields under KVM, printed by `sysreg rules --c-header`.
 *
 * Example: may a guest see another value of a field than this host's KVM reports?
 *
 *     const struct idreg_field *dp = idreg_field_of("SYSREG_ID_AA64ISAR0_EL1_DP");
 *     if (dp && idreg_accepts(dp, limit, 0))
 *         reg = idreg_insert(dp, reg, 0);
 *
 * `limit` is the field's value in a VM of the same configuration before anything is written. Values
 * are not shifted. KVM's mask of writable bits (KVM_ARM_GET_REG_WRITABLE_MASKS) decides too.
 */
#ifndef IDREG_RULES_H
#define IDREG_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The direction in which a value may differ from the limit. */
enum idreg_safety {
"#;

const TYPES: &str = r"
struct idreg_range {
	uint64_t first;
	uint64_t last;
};

struct idreg_field {
	const char *property; /* SYSREG_<REGISTER>_<FIELD> */
	uint16_t encoding; /* op0:2 op1:3 CRn:4 CRm:4 op2:3, as in KVM's register ids */
	uint8_t msb;
	uint8_t lsb;
	bool is_signed;
	bool is_mitigation;
	enum idreg_safety safety;
	uint64_t safe; /* the value that is safe on every host; for IDREG_EXACT */
	enum idreg_owner owner; /* sets the field in place of a write */
	enum idreg_owner needs; /* without it the field reads as zero */
	enum idreg_audience audience;
	struct idreg_range refused[2]; /* by KVM on every host; first > last: none */
};

/*
 * A feature is present if, for one definition, all fields are in their ranges. A conditional
 * definition depends on more, which `sysreg rules --json` has. A mirror describes it again.
 */
struct idreg_feature_range {
	const char *feature;
	unsigned definition;
	unsigned field; /* index of idreg_fields */
	uint64_t first;
	uint64_t last;
	bool is_conditional;
	bool is_mirror;
};
";

const FUNCTIONS: &str = r"
static inline const struct idreg_field *idreg_field_of(const char *property)
{
	for (size_t i = 0; i < sizeof(idreg_fields) / sizeof(idreg_fields[0]); i++)
		if (!strcmp(idreg_fields[i].property, property))
			return &idreg_fields[i];
	return NULL;
}

static inline uint64_t idreg_mask(const struct idreg_field *field)
{
	return UINT64_MAX >> (63 - (field->msb - field->lsb)) << field->lsb;
}

static inline uint64_t idreg_extract(const struct idreg_field *field, uint64_t reg)
{
	return (reg & idreg_mask(field)) >> field->lsb;
}

static inline uint64_t idreg_insert(const struct idreg_field *field, uint64_t reg, uint64_t value)
{
	return (reg & ~idreg_mask(field)) | (value << field->lsb & idreg_mask(field));
}

/* True if KVM's comparison with the limit accepts the value. */
static inline bool idreg_accepts(const struct idreg_field *field, uint64_t limit, uint64_t value)
{
	uint64_t sign = UINT64_C(1) << (field->msb - field->lsb);

	for (size_t i = 0; i < 2; i++)
		if (field->refused[i].first <= value && value <= field->refused[i].last)
			return false;
	if (value == limit)
		return true;
	switch (field->safety) {
	case IDREG_LOWER:
		return value < limit;
	case IDREG_SIGNED_LOWER: /* the order of signed numbers is that of unsigned ones moved */
		return (value ^ sign) < (limit ^ sign);
	case IDREG_HIGHER:
		return value > limit;
	case IDREG_HIGHER_OR_ZERO:
		return value == 0 || (limit != 0 && value > limit);
	case IDREG_EXACT:
		return value == field->safe;
	case IDREG_ANY:
		return true;
	}
	return false;
}

#endif
";

/// The number of ranges in a row of the table.
const REFUSED: usize = 2;

/// The header.
pub(super) fn text(rules: &FieldRules<'_>) -> String {
    let mut out = TOP.to_owned();
    let safeties = [
        Safety::Lower,
        Safety::SignedLower,
        Safety::Higher,
        Safety::HigherOrZero,
        Safety::Exact { safe: 0 },
        Safety::Any,
    ];
    for safety in safeties {
        line(
            &mut out,
            format_args!("\t{},", constant(safety_name(safety))),
        );
    }
    out.push_str("};\n\n/* The part of a VM that sets a field. */\nenum idreg_owner {\n");
    out.push_str("\tIDREG_NO_OWNER,\n");
    for owner in Owner::ALL {
        line(
            &mut out,
            format_args!("\t{},", owner_constant(Some(*owner))),
        );
    }
    out.push_str("};\n\n/* The least privileged software that can act on a field. */\n");
    out.push_str("enum idreg_audience {\n\tIDREG_AUDIENCE_UNKNOWN,\n");
    for audience in Audience::ALL {
        line(
            &mut out,
            format_args!("\t{},", audience_constant(Some(*audience))),
        );
    }
    out.push_str("};\n");
    out.push_str(TYPES);
    out.push_str("\nstatic const struct idreg_field idreg_fields[] = {\n");
    for field in &rules.fields {
        row(&mut out, field);
    }
    out.push_str("};\n");
    feature_ranges(&mut out, rules);
    out.push_str(FUNCTIONS);
    out
}

fn row(out: &mut String, entry: &RuledField<'_>) {
    let RuledField {
        register,
        field,
        rule,
    } = entry;
    let encoding = register.encoding();
    let packed = u16::from(encoding.op0) << 14
        | u16::from(encoding.op1) << 11
        | u16::from(encoding.crn) << 7
        | u16::from(encoding.crm) << 3
        | u16::from(encoding.op2);
    let safe = match rule.safety {
        Safety::Exact { safe } => safe,
        _ => 0,
    };
    let none = ValueRange { first: 1, last: 0 };
    let refused = rule.refused.iter().copied();
    let refused = refused.chain([none; REFUSED]).take(REFUSED);
    let refused: Vec<String> = refused
        .map(|range| format!("{{ {:#x}, {:#x} }}", range.first, range.last))
        .collect();
    line(
        out,
        format_args!(
            "\t{{ \"{}\", {packed:#x}, {}, {}, {}, {},\n\
             \t  {}, {safe:#x}, {}, {}, {},\n\
             \t  {{ {} }} }},",
            register.property(field),
            field.bits().msb(),
            field.bits().lsb(),
            entry.is_signed(),
            rule.mitigation,
            constant(safety_name(rule.safety)),
            owner_constant(rule.owner),
            owner_constant(rule.needs),
            audience_constant(rule.audience),
            refused.join(", "),
        ),
    );
}

fn feature_ranges(out: &mut String, rules: &FieldRules<'_>) {
    out.push_str("\nstatic const struct idreg_feature_range idreg_feature_ranges[] = {\n");
    let mut rows = Vec::new();
    for feature in rules.facts.features() {
        let mut range = |range: &FieldRange, definition: usize, flags: [bool; 2]| {
            let Some((index, entry)) = rules.position(&range.place) else {
                return;
            };
            let Some(values) = rules.facts.value_range(range, entry.field) else {
                return;
            };
            let [is_conditional, is_mirror] = flags;
            rows.push(format!(
                "\t{{ \"{}\", {definition}, {index}, {:#x}, {:#x}, {is_conditional}, \
                 {is_mirror} }},\n",
                feature.name, values.first, values.last
            ));
        };
        for (number, definition) in feature.definitions.iter().enumerate() {
            let flags = [!definition.with.is_empty(), false];
            for field in &definition.fields {
                range(field, number, flags);
            }
        }
        for mirror in feature.mirrors {
            range(mirror, 0, [false, true]);
        }
    }
    // An array without elements is not C.
    if rows.is_empty() {
        rows.push("\t{ \"\", 0, 0, 1, 0, false, false },\n".to_owned());
    }
    out.push_str(&rows.concat());
    out.push_str("};\n");
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}

fn constant(name: &str) -> String {
    format!("IDREG_{}", name.replace('-', "_").to_uppercase())
}

fn owner_constant(owner: Option<Owner>) -> String {
    let name = owner.map_or("NO_OWNER".to_owned(), |one| format!("OWNER_{}", one.word()));
    constant(&name)
}

fn audience_constant(audience: Option<Audience>) -> String {
    let word = audience.map_or("unknown", Audience::word);
    constant(&format!("AUDIENCE_{word}"))
}
