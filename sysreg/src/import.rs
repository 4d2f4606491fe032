//! Import of the kernel's description: the registers that identify a CPU, in normal form.

mod changes;
mod pairs;

use crate::encoding::Encoding;
use crate::model::{Alternative, Body, Item, Model, Register, SharedLayout};
use std::collections::BTreeMap;

pub use changes::{Change, ChangeKind, Changes};

/// Registers that identify a CPU and are not in the kernel's file, up to Linux 7.3 at least.
const NOT_IN_THE_KERNELS_FILE: [&str; 4] = ["MIDR_EL1", "MPIDR_EL1", "REVIDR_EL1", "AIDR_EL1"];

/// Makes a description of the registers that identify a CPU.
///
/// From `kernel`, the model of the kernel's file, it contains the registers in KVM's feature ID
/// range. From `current`, the current description, it keeps MIDR_EL1, MPIDR_EL1, REVIDR_EL1 and
/// AIDR_EL1, which are not in the kernel's file.
///
/// The text is `comment`, usually the [`leading_comment`] of the current description, and the
/// blocks in the order of their encodings, as [`Model`] shows them. It depends on nothing else. An
/// import with the result as `kernel`, as `current` or as both gives the same text again. If a kept
/// register refers to a shared layout, and the kernel's file has a different layout of that name,
/// the register gets a copy of its own.
///
/// Load the text to check it: registers of two descriptions may have the same encoding, and a
/// `Mapping` may lead out of the range.
///
/// ```
/// let model = |text: &str| {
///     sysreg::Source::new("my.sysreg", text).map(|source| sysreg::load(&source).model)
/// };
/// let kernel = model(
///     "Sysreg ID_A_EL1 3 0 0 1 0\nField 63:0 X\nEndSysreg\n\
///      Sysreg TCR_EL1 3 0 2 0 2\nField 63:0 X\nEndSysreg\n",
/// )?;
/// let current = model("Sysreg MIDR_EL1 3 0 0 0 0\nField 63:0 X\nEndSysreg\n")?;
/// assert_eq!(
///     sysreg::import(&kernel, &current, "# ours\n"),
///     "# ours\n\
///      Sysreg\tMIDR_EL1\t3\t0\t0\t0\t0\nField\t63:0\tX\nEndSysreg\n\n\
///      Sysreg\tID_A_EL1\t3\t0\t0\t1\t0\nField\t63:0\tX\nEndSysreg\n",
/// );
/// # Ok::<(), sysreg::SourceError>(())
/// ```
#[must_use]
pub fn import(kernel: &Model, current: &Model, comment: &str) -> String {
    let in_range = kernel
        .registers()
        .filter(|register| is_feature_id(register.encoding()))
        .map(|register| (register.clone(), kernel));
    let kept = NOT_IN_THE_KERNELS_FILE
        .into_iter()
        .filter(|name| kernel.register(name).is_none())
        .filter_map(|name| current.register(name))
        .map(|register| (kept(register, current, kernel), current));
    let mut registers: Vec<(Register, &Model)> = in_range.chain(kept).collect();
    registers.sort_by_key(|(register, _)| register.encoding());
    let shared: BTreeMap<&str, &SharedLayout> = registers
        .iter()
        .filter_map(|(register, model)| shared_layout(register, model))
        .map(|shared| (shared.name(), shared))
        .collect();
    let shared = shared.into_values().cloned().map(Item::SharedLayout);
    let registers = registers
        .into_iter()
        .map(|(register, _)| Item::Register(register));
    format!("{comment}{}", Model::new(shared.chain(registers).collect()))
}

/// The comment lines at the start of a description.
#[must_use]
pub fn leading_comment(text: &str) -> &str {
    let lines = text.split_inclusive('\n');
    let comment = lines.take_while(|line| line.starts_with('#'));
    text.get(..comment.map(str::len).sum()).unwrap_or(text)
}

/// True if an encoding is in KVM's feature ID range.
///
/// The range is that of `KVM_ARM_FEATURE_ID_RANGE_IDX` in the kernel's `uapi/asm/kvm.h`, with the
/// bounds that KVM checks.
fn is_feature_id(encoding: Encoding) -> bool {
    let Encoding {
        op0, op1, crn, crm, ..
    } = encoding;
    op0 == 3 && [0, 1, 3].contains(&op1) && crn == 0 && crm < 8
}

/// Copies a register of the current description, with its layout from there.
fn kept(register: &Register, current: &Model, kernel: &Model) -> Register {
    let mut register = register.clone();
    if let Body::Fields {
        alternatives,
        target,
    } = &register.body
        && let Some(ours) = current.shared_layout(target)
        && let Some(theirs) = kernel.shared_layout(target)
        && ours.to_string() != theirs.to_string()
    {
        let mut layouts = ours.layouts.clone();
        layouts.alternatives.retain(|shared| {
            let own = |own: &Alternative| own.prefix == shared.prefix;
            !alternatives.iter().any(own)
        });
        layouts
            .alternatives
            .splice(..0, alternatives.iter().cloned());
        register.body = Body::Own(layouts);
    }
    register
}

fn shared_layout<'m>(register: &Register, model: &'m Model) -> Option<&'m SharedLayout> {
    match register.body() {
        Body::Fields { target, .. } => model.shared_layout(target),
        Body::Own(_) | Body::Mapping { .. } => None,
    }
}
