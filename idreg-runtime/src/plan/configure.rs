//! A model's options, checked against a host.

use super::rejection::{Reason, Rejection};
use crate::config::VcpuConfig;
use crate::config::options::{CpuOption, SVE_QUADWORD_BITS};
use crate::host::{Host, NotDerivable};
use crate::model::{CpuModel, Override, Setting};
use std::borrow::Cow;

/// The options of a model, by position among its overrides.
pub(super) struct Options<'m> {
    set: Vec<(usize, &'m Override, CpuOption, bool)>,
}

impl<'m> Options<'m> {
    /// The options with a setting; one with another kind of value is rejected.
    pub(super) fn of(model: &'m CpuModel, rejections: &mut Vec<(usize, Rejection)>) -> Self {
        let mut set = Vec::new();
        for (index, asked) in model.overrides().iter().enumerate() {
            let Ok(option) = asked.property.parse() else {
                continue;
            };
            match asked.switch() {
                Ok(on) => set.push((index, asked, option, on)),
                Err(error) => {
                    rejections.push((index, rejection(asked, Reason::InvalidValue(error))));
                }
            }
        }
        Self { set }
    }

    /// The host as it is with the options, and what of them cannot be had there.
    pub(super) fn configure<'h>(
        &self,
        host: &'h Host,
        model: &CpuModel,
        rejections: &mut Vec<(usize, Rejection)>,
    ) -> Cow<'h, Host> {
        let before = rejections.len();
        for (position, (index, asked, option, on)) in self.set.iter().enumerate() {
            let earlier = self.set.get(..position).unwrap_or(&[]);
            if let Some(reason) = impossible(host, earlier, (*option, *on)) {
                rejections.push((*index, rejection(asked, reason)));
            }
        }
        let config = config(host, model);
        if rejections.len() > before || config == host.about().vcpu {
            return Cow::Borrowed(host);
        }
        if let Some((index, asked, with)) = self.excluded(config) {
            let reason = Reason::Conflict { with };
            rejections.push((index, rejection(asked, reason)));
            return Cow::Borrowed(host);
        }
        match host.reconfigured(config) {
            Ok(host) => Cow::Owned(host),
            Err(NotDerivable { option, read_with }) => {
                let reason = Reason::NotRead { option, read_with };
                let cause = self.set.iter().rev().find(|(_, _, set, _)| *set == option);
                if let Some((index, asked, _, _)) = cause {
                    rejections.push((*index, rejection(asked, reason)));
                }
                Cow::Borrowed(host)
            }
        }
    }

    /// The last option of the model that no VM can have together with what the host was read with.
    fn excluded(&self, config: VcpuConfig) -> Option<(usize, &'m Override, Override)> {
        let set = self.set.iter().rev();
        let pairs = set.flat_map(|one| CpuOption::WORDS.map(|other| (one, other)));
        let mut excluding = pairs.filter(|((_, _, option, on), other)| {
            excludes((*option, *on), (*other, other.is_on(config)))
        });
        let ((index, asked, _, _), other) = excluding.next()?;
        let with = Override {
            property: other.to_string(),
            value: Ok(Setting::Switch(other.is_on(config))),
        };
        Some((*index, asked, with))
    }
}

/// What the guest's vCPUs are made with. A limit of the vector length that changes nothing is none.
fn config(host: &Host, model: &CpuModel) -> VcpuConfig {
    let about = host.about();
    let config = model.wanted_config(about.vcpu, about.capabilities);
    let longest = about.sve_vector_lengths.last();
    let limits = |limit: &u32| config.sve && longest.is_none_or(|longest| limit < longest);
    VcpuConfig {
        sve_limit: config.sve_limit.filter(limits),
        ..config
    }
}

/// Why a host cannot have a setting of an option after others; nothing if it can.
fn impossible(
    host: &Host,
    earlier: &[(usize, &Override, CpuOption, bool)],
    (option, on): (CpuOption, bool),
) -> Option<Reason> {
    if let Some((_, first, _, _)) = earlier.iter().find(|(_, _, known, _)| *known == option) {
        return Some(Reason::Duplicate {
            first: Override::clone(first),
        });
    }
    let capabilities = &host.about().capabilities;
    if let Some((capability, false)) = option.capability(on, capabilities) {
        return Some(Reason::NoCapability { capability });
    }
    let opposite = |(_, _, known, is_on): &&(usize, &Override, CpuOption, bool)| {
        excludes((*known, *is_on), (option, on))
    };
    if let Some((_, with, _, _)) = earlier.iter().find(opposite) {
        return Some(Reason::Conflict {
            with: Override::clone(with),
        });
    }
    let CpuOption::SveLength(bits) = option else {
        return None;
    };
    if bits == SVE_QUADWORD_BITS && !on {
        return Some(Reason::ShortestVectorLength);
    }
    if !host.about().vcpu.sve {
        return Some(Reason::NotRead {
            option: CpuOption::Sve,
            read_with: false,
        });
    }
    let lengths = &host.about().sve_vector_lengths;
    // To be without what the host lacks is no wish at all, as long as such a length can exist.
    let exists = bits > 0 && bits.is_multiple_of(SVE_QUADWORD_BITS);
    if lengths.contains(&bits) || !on && exists {
        return None;
    }
    Some(Reason::NoVectorLength {
        lengths: lengths.clone(),
    })
}

/// Whether no VM can have both settings
/// (Linux 7.2, `arch/arm64/kvm/arm.c`, `kvm_vcpu_init_check_features`; `arch/arm64/kvm/guest.c`, `set_sve_vls`).
fn excludes(one: (CpuOption, bool), other: (CpuOption, bool)) -> bool {
    use CpuOption::{Aarch64, El2, Mte, Sve, SveLength};
    let either = |left: (CpuOption, bool), right: (CpuOption, bool)| match (left, right) {
        ((Sve, false), (SveLength(_), true)) | ((Aarch64, false), (Mte | El2, true)) => true,
        // A guest has every length of the host up to the longest.
        ((SveLength(off), false), (SveLength(on), true)) => off < on,
        _ => false,
    };
    either(one, other) || either(other, one)
}

pub(super) fn rejection(asked: &Override, reason: Reason) -> Rejection {
    Rejection {
        asked: asked.clone(),
        target: None,
        reason,
    }
}
