//! OpenStack: traits of a compute node for Placement.
//!
//! Traits of os-traits (`hw/cpu/aarch64.py`) are named after the kernel's hwcaps; others are
//! `CUSTOM_` and up to 255 characters of `[A-Z0-9_]` in all. Two of them are no matter of ID
//! registers and are not written: `EVTSTRM` depends on the guest's kernel, and `CPUID` on its
//! emulation of ID registers.
//!
//! `CUSTOM_IDREG_MODEL_...` is a model that the node can give to a new guest, and
//! `CUSTOM_IDREG_VIEW_...` the hash of a view: a guest can move between nodes that have its own.

use super::identity::{model_views, view_hash};
use super::{Exported, ExportedGuest, Unsaid};
use crate::model::named::Models;
use std::collections::BTreeSet;

/// The traits of os-traits without their prefix, each with the feature that it stands for (Linux
/// 7.2, `Documentation/arch/arm64/elf_hwcaps.rst`).
const STANDARD: [(&str, &str); 21] = [
    ("FP", "FEAT_FP"),
    ("ASIMD", "FEAT_AdvSIMD"),
    ("AES", "FEAT_AES"),
    ("PMULL", "FEAT_PMULL"),
    ("SHA1", "FEAT_SHA1"),
    ("SHA2", "FEAT_SHA256"),
    ("CRC32", "FEAT_CRC32"),
    ("FPHP", "FEAT_FP16"),
    ("ASIMDHP", "FEAT_FP16"),
    ("ASIMDRDM", "FEAT_RDM"),
    ("ATOMICS", "FEAT_LSE"),
    ("JSCVT", "FEAT_JSCVT"),
    ("FCMA", "FEAT_FCMA"),
    ("LRCPC", "FEAT_LRCPC"),
    ("DCPOP", "FEAT_DPB"),
    ("SHA3", "FEAT_SHA3"),
    ("SM3", "FEAT_SM3"),
    ("SM4", "FEAT_SM4"),
    ("ASIMDDP", "FEAT_DotProd"),
    ("SHA512", "FEAT_SHA512"),
    ("SVE", "FEAT_SVE"),
];

/// The maximum length of a trait.
const MOST_CHARACTERS: usize = 255;

/// Writes the traits of a guest and of the models that its host can give, one on each line.
///
/// ```
/// # let host: idreg_runtime::Host =
/// #     serde_json::from_str(include_str!("../../data/hosts/neoverse-n1-latest.json"))?;
/// use idreg_runtime::formats::{ExportedGuest, traits};
/// use idreg_runtime::model::named::Models;
/// use idreg_runtime::plan::Plan;
///
/// let plan = Plan::new(&host, &"host".parse()?)?;
/// let guest = ExportedGuest { host: &host, plan: &plan };
/// let traits = traits::list(guest, &Models::built_in()).text;
/// for name in ["HW_CPU_AARCH64_ATOMICS", "CUSTOM_IDREG_MODEL_NEOVERSE_N1_V1"] {
///     assert!(traits.lines().any(|line| line == name));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn list(guest: ExportedGuest<'_>, models: &Models) -> Exported {
    let values = guest.plan.in_guest();
    let mut list = List::default();
    list.add("HW_ARCH_AARCH64".to_owned());
    for feature in values.description().features.iter() {
        if !values.has(feature) {
            continue;
        }
        let standard = STANDARD.iter().filter(|(_, of)| *of == feature.name());
        let mut is_custom = true;
        for (name, _) in standard {
            list.add(format!("HW_CPU_AARCH64_{name}"));
            is_custom = false;
        }
        if is_custom {
            list.custom(feature.name());
        }
    }
    let mut views = BTreeSet::from([view_hash(guest).to_string()]);
    for (model, view) in model_views(guest.host, models) {
        list.custom(&format!("MODEL_{model}"));
        views.insert(view.to_string());
    }
    for view in views {
        list.custom(&format!("VIEW_{view}"));
    }
    let List { names, unsaid } = list;
    let mut text = names.into_iter().collect::<Vec<_>>().join("\n");
    text.push('\n');
    Exported { text, unsaid }
}

#[derive(Default)]
struct List {
    names: BTreeSet<String>,
    unsaid: Vec<Unsaid>,
}

impl List {
    fn add(&mut self, name: String) {
        self.names.insert(name);
    }

    fn custom(&mut self, name: &str) {
        let letter = |character: char| match character {
            'a'..='z' => character.to_ascii_uppercase(),
            'A'..='Z' | '0'..='9' => character,
            _ => '_',
        };
        let custom: String = "CUSTOM_IDREG_"
            .chars()
            .chain(name.chars().map(letter))
            .collect();
        if custom.len() > MOST_CHARACTERS {
            let reason = "a trait has 255 characters at most";
            self.unsaid.push(Unsaid::new(name, reason));
        } else if self.names.contains(&custom) {
            let reason = "another trait has the same letters in upper case";
            self.unsaid.push(Unsaid::new(name, reason));
        } else {
            self.add(custom);
        }
    }
}
