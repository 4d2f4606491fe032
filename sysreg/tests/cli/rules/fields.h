/*
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
	IDREG_LOWER,
	IDREG_SIGNED_LOWER,
	IDREG_HIGHER,
	IDREG_HIGHER_OR_ZERO,
	IDREG_EXACT,
	IDREG_ANY,
};

/* The part of a VM that sets a field. */
enum idreg_owner {
	IDREG_NO_OWNER,
	IDREG_OWNER_SVE,
	IDREG_OWNER_PAUTH,
	IDREG_OWNER_PMU,
	IDREG_OWNER_MTE,
	IDREG_OWNER_EL2,
	IDREG_OWNER_GIC,
	IDREG_OWNER_TOPOLOGY,
};

/* The least privileged software that can act on a field. */
enum idreg_audience {
	IDREG_AUDIENCE_UNKNOWN,
	IDREG_AUDIENCE_EL0,
	IDREG_AUDIENCE_EL1,
	IDREG_AUDIENCE_EL2,
	IDREG_AUDIENCE_DEBUGGER,
};

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

static const struct idreg_field idreg_fields[] = {
	{ "SYSREG_ID_AA64DFR0_EL1_PMUVer", 0xc028, 11, 8, false, false,
	  IDREG_LOWER, 0x0, IDREG_OWNER_PMU, IDREG_OWNER_PMU, IDREG_AUDIENCE_EL0,
	  { { 0x1, 0x0 }, { 0x1, 0x0 } } },
	{ "SYSREG_ID_AA64DFR0_EL1_DebugVer", 0xc028, 3, 0, false, false,
	  IDREG_LOWER, 0x0, IDREG_NO_OWNER, IDREG_NO_OWNER, IDREG_AUDIENCE_DEBUGGER,
	  { { 0x0, 0x5 }, { 0x1, 0x0 } } },
	{ "SYSREG_ID_AA64ISAR0_EL1_DP", 0xc030, 47, 44, false, false,
	  IDREG_LOWER, 0x0, IDREG_NO_OWNER, IDREG_NO_OWNER, IDREG_AUDIENCE_EL0,
	  { { 0x1, 0x0 }, { 0x1, 0x0 } } },
	{ "SYSREG_CTR_EL0_L1Ip", 0xd801, 15, 14, false, false,
	  IDREG_EXACT, 0x2, IDREG_NO_OWNER, IDREG_NO_OWNER, IDREG_AUDIENCE_EL0,
	  { { 0x0, 0x1 }, { 0x1, 0x0 } } },
};

static const struct idreg_feature_range idreg_feature_ranges[] = {
	{ "FEAT_Debugv8p1", 0, 1, 0x7, 0xf, false, false },
	{ "FEAT_Debugv8p2", 0, 1, 0x8, 0xf, false, false },
	{ "FEAT_Debugv8p4", 0, 1, 0x9, 0xf, false, false },
	{ "FEAT_Debugv8p8", 0, 1, 0xa, 0xf, false, false },
	{ "FEAT_Debugv8p9", 0, 1, 0xb, 0xf, false, false },
	{ "FEAT_DotProd", 0, 2, 0x1, 0xf, false, false },
	{ "FEAT_PMUv3", 0, 0, 0x1, 0xe, false, false },
	{ "FEAT_PMUv3p1", 0, 0, 0x4, 0xe, false, false },
	{ "FEAT_PMUv3p4", 0, 0, 0x5, 0xe, false, false },
	{ "FEAT_PMUv3p5", 0, 0, 0x6, 0xe, false, false },
	{ "FEAT_PMUv3p7", 0, 0, 0x7, 0xe, false, false },
	{ "FEAT_PMUv3p8", 0, 0, 0x8, 0xe, false, false },
	{ "FEAT_PMUv3p9", 0, 0, 0x9, 0xe, false, false },
	{ "FEAT_VPIPT", 0, 3, 0x0, 0x0, false, false },
};

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
