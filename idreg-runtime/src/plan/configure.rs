//! Checks a model's options against a host and configures the host with them.

use super::rejection::{OverrideAt, Reason, Rejection};
use crate::config::VcpuConfig;
use crate::config::options::{CpuOption, OptionSetting, SVE_QUADWORD_BITS, sve_lengths};
use crate::host::{Host, NotDerivable};
use crate::model::{CpuModel, NamedModel, Override, Setting};
use std::borrow::Cow;

/// The options of a model, in its order.
pub(super) struct Options<'m> {
    given: Vec<GivenOption<'m>>,
}

/// An option as the model sets it.
#[derive(Clone, Copy)]
struct GivenOption<'m> {
    of: OverrideAt<'m>,
    setting: OptionSetting,
}

impl<'m> Options<'m> {
    /// The options that are on or off, those of the base first; another kind of value is rejected.
    pub(super) fn of(
        model: &'m CpuModel,
        of_base: &'m [Override],
        rejections: &mut Vec<Rejection>,
    ) -> Self {
        let mut given = Vec::new();
        for (position, asked) in of_base.iter().enumerate() {
            let base = model.base().named();
            let of = OverrideAt {
                base: base.map(NamedModel::full_name),
                ..OverrideAt::new(position, asked)
            };
            if let Some(setting) = asked.option() {
                given.push(GivenOption { of, setting });
            }
        }
        for (position, asked) in model.overrides().iter().enumerate() {
            let Ok(option) = asked.property.parse() else {
                continue;
            };
            let of = OverrideAt::new(position, asked);
            match asked.switch() {
                Ok(on) => given.push(GivenOption {
                    of,
                    setting: OptionSetting { option, on },
                }),
                Err(error) => of.reject_into(rejections, None, Reason::InvalidValue(error)),
            }
        }
        Self { given }
    }

    /// The host with the options; options that are not possible there are rejected.
    pub(super) fn configure<'h>(
        &self,
        host: &'h Host,
        model: &CpuModel,
        rejections: &mut Vec<Rejection>,
    ) -> Cow<'h, Host> {
        for (index, given) in self.given.iter().enumerate() {
            let earlier = self.given.get(..index).unwrap_or(&[]);
            if let Some(reason) = impossible(host, earlier, given.setting) {
                given.of.reject_into(rejections, None, reason);
            }
        }
        let config = config(host, model);
        if config == host.info().vcpu {
            return Cow::Borrowed(host);
        }
        if let Some((given, with)) = self.excluded(config) {
            let rejection = given.of.reject(None, Reason::Conflict { with });
            let place = rejection.place();
            if !rejections.iter().any(|known| known.place() == place) {
                rejections.push(rejection);
            }
            return Cow::Borrowed(host);
        }
        match host.reconfigured(config) {
            Ok(host) => Cow::Owned(host),
            Err(NotDerivable { read_with }) => {
                let mut latest = self.given.iter().rev();
                let cause = latest.find(|given| given.setting.option == read_with.option);
                if let Some(given) = cause {
                    given
                        .of
                        .reject_into(rejections, None, Reason::NotRead { read_with });
                }
                Cow::Borrowed(host)
            }
        }
    }

    /// The last option of the model that excludes an option that the host was read with, and the
    /// latter.
    fn excluded(&self, config: VcpuConfig) -> Option<(GivenOption<'m>, Override)> {
        for given in self.given.iter().rev() {
            for option in CpuOption::SWITCHES {
                let other = OptionSetting::of(option, config);
                if excludes(given.setting, other) {
                    let with = Override {
                        property: option.to_string(),
                        value: Ok(Setting::Switch(other.on)),
                    };
                    return Some((*given, with));
                }
            }
        }
        None
    }
}

/// The options that the base of a model sets, as overrides.
pub(super) fn options_of_base(model: &CpuModel) -> Vec<Override> {
    let mut options = Vec::new();
    for OptionSetting { option, on } in model.base_options() {
        options.push(Override {
            property: option.to_string(),
            value: Ok(Setting::Switch(on)),
        });
    }
    options
}

/// The configuration of the guest's vCPUs. A limit of the vector lengths or a number of counters
/// that changes nothing is left out.
fn config(host: &Host, model: &CpuModel) -> VcpuConfig {
    let info = host.info();
    let config = model.requested_config(info.vcpu, info.capabilities);
    let longest = info.sve_vector_lengths.last();
    let limits = |limit: &u32| config.sve && longest.is_none_or(|longest| limit < longest);
    VcpuConfig {
        sve_limit: config.sve_limit.filter(limits),
        pmu_counters: config
            .pmu_counters
            .filter(|counters| info.pmu_counters != Some(*counters)),
        ..config
    }
}

/// The reason why a setting is not possible on a host after earlier ones, or `None` if it is.
fn impossible(host: &Host, earlier: &[GivenOption<'_>], setting: OptionSetting) -> Option<Reason> {
    let OptionSetting { option, on } = setting;
    let capabilities = &host.info().capabilities;
    let no_capability = || match option.capability(on, capabilities) {
        Some((capability, false)) => Some(Reason::NoCapability { capability }),
        _ => None,
    };
    // First, so that only the few lengths that can exist are compared with each other.
    if let CpuOption::SveLength(bits) = option
        && !exists(bits)
    {
        return no_capability().or_else(|| impossible_length(host, bits, on));
    }
    let mut given = earlier.iter();
    if let Some(first) = given.find(|given| given.setting.option == option) {
        let first = first.of.as_asked();
        return Some(Reason::Duplicate { first });
    }
    if let Some(reason) = no_capability() {
        return Some(reason);
    }
    let mut given = earlier.iter();
    if let Some(opposite) = given.find(|given| excludes(given.setting, setting)) {
        let with = opposite.of.as_asked();
        return Some(Reason::Conflict { with });
    }
    match option {
        CpuOption::SveLength(bits) => impossible_length(host, bits, on),
        _ => None,
    }
}

/// The reason why a vector length cannot be on or off on a host, or `None` if it can.
fn impossible_length(host: &Host, bits: u32, on: bool) -> Option<Reason> {
    if bits == SVE_QUADWORD_BITS && !on {
        return Some(Reason::ShortestVectorLength);
    }
    if !host.info().vcpu.sve {
        return Some(Reason::NotRead {
            read_with: OptionSetting::of(CpuOption::Sve, host.info().vcpu),
        });
    }
    let lengths = &host.info().sve_vector_lengths;
    // A length that the host lacks can be off, as long as such a length can exist.
    if lengths.contains(&bits) || !on && exists(bits) {
        return None;
    }
    Some(Reason::NoVectorLength {
        lengths: lengths.clone(),
    })
}

/// True for a vector length of the architecture.
fn exists(bits: u32) -> bool {
    sve_lengths().any(|length| length == bits)
}

/// True if no VM can have both settings
/// (Linux 7.2, `arch/arm64/kvm/arm.c`, `kvm_vcpu_init_check_features`; `arch/arm64/kvm/guest.c`,
/// `set_sve_vls`).
fn excludes(first: OptionSetting, second: OptionSetting) -> bool {
    use CpuOption::{Aarch64, El2, Mte, Sve, SveLength};
    let off_excludes_on = |off: OptionSetting, on: OptionSetting| {
        !off.on
            && on.on
            && match (off.option, on.option) {
                (Sve, SveLength(_)) | (Aarch64, Mte | El2) => true,
                // A guest has every length of the host up to a maximum.
                (SveLength(off), SveLength(on)) => off < on,
                _ => false,
            }
    };
    off_excludes_on(first, second) || off_excludes_on(second, first)
}
