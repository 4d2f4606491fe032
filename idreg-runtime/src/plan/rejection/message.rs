//! The messages of rejections.

use super::{Reason, Rejection, Target};
use crate::config::options::OptionSetting;
use crate::config::pmu_counters::{CounterObstacle, MOST_PMU_COUNTERS};
use crate::description::PROPERTY_PREFIX;
use crate::description::feature::FEATURE_PREFIX;
use crate::description::rule::{Owner, ValueRange};
use crate::host::Obstacle;
use crate::model::InvalidValue;
use crate::model::property::PMU_COUNTERS;
use crate::text::{Printable, alternatives, comma_list, cpu_list};
use core::fmt;

/// The end of a message about a field that keeps the host's value.
const ONLY_THE_HOSTS: &str = "; no other value is allowed";

/// Shows the property, the value, the reason and the remedy in one line.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(base) = &self.base {
            write!(f, "{base} has ")?;
        }
        write!(f, "{}", Printable(&self.asked.to_string()))?;
        self.which_is(f)?;
        f.write_str(": ")?;
        self.reason(f)
    }
}

impl Rejection {
    /// Writes the requested value of a field that the override does not name, or its name.
    fn which_is(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(target) = &self.target
            && let Some(requested) = target.requested
        {
            let field = target.field.field;
            if !self.asked.property.starts_with(PROPERTY_PREFIX) {
                write!(f, ", which is {}={}", target.field, field.show(requested))?;
            } else if let Some(name) = field.value_name(requested) {
                write!(f, " ({name})")?;
            }
        }
        Ok(())
    }

    fn reason(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::UnknownProperty { nearest } => self.unknown(nearest.as_deref(), f),
            Reason::InvalidValue(error) => self.invalid_value(error, f),
            Reason::TooWide { max } => self.too_wide(*max, f),
            Reason::UnnamedValue => {
                f.write_str("the value has no name")?;
                self.named_values(f)
            }
            Reason::Duplicate { first } => {
                let first = first.to_string();
                write!(
                    f,
                    "given twice, first as {}; give it once",
                    Printable(&first)
                )
            }
            Reason::Conflict { with } => {
                write!(f, "contradicts {with}; leave one of them out")
            }
            Reason::Host {
                obstacle,
                kernel,
                remedy,
            } => self.obstacle(*obstacle, kernel, *remedy, f),
            Reason::NoDefinition { obstacles } => no_definition(obstacles, f),
            Reason::OfFeatures { features } => match features.as_slice() {
                [one] => write!(f, "the feature is {one} by another name; turn that off"),
                all => write!(
                    f,
                    "the feature consists of {}; turn one of them off",
                    comma_list(all)
                ),
            },
            Reason::StillPresent { by } => {
                write!(f, "the feature is still there, by {by}; change that too")
            }
            Reason::ImpliesIdc => f.write_str(
                "these cache levels tell the guest that it need not clean its data cache for \
                 instructions, \
                 but on this host it must (CTR_EL0.IDC is 0); keep LoC, and LoUIS or LoUU, above 0",
            ),
            Reason::NoCapability { capability } => write!(
                f,
                "not supported by this host's KVM (no {capability}); leave it out"
            ),
            Reason::NotRead { read_with } => write!(
                f,
                "the host was read with {read_with}, so its registers with {opposite} are unknown; \
                 read the host with {opposite}",
                opposite = read_with.opposite()
            ),
            Reason::NoVectorLength { lengths } => write!(
                f,
                "the host does not have this vector length; it has {} bits",
                alternatives(lengths)
            ),
            Reason::ShortestVectorLength => f.write_str(
                "every SVE guest has the shortest vector length; sve=off switches all lengths \
                     off",
            ),
            Reason::PmuCounters {
                obstacle,
                host,
                kernel,
            } => counters(*obstacle, host.unwrap_or(0), kernel, f),
        }
    }

    fn unknown(&self, nearest: Option<&str>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match nearest {
            _ if self.asked.property.is_empty() => {
                f.write_str("an override without a property; remove the extra `,`")
            }
            Some(nearest) => write!(f, "no such property; did you mean {nearest}?"),
            None => write!(
                f,
                "no such property; the form is {PROPERTY_PREFIX}<REGISTER>_<FIELD>=<VALUE>, \
                 {FEATURE_PREFIX}<NAME>=on|off or <OPTION>=on|off"
            ),
        }
    }

    fn invalid_value(&self, error: &InvalidValue, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.target.is_some() {
            write!(f, "{error}")?;
            return self.named_values(f);
        }
        let property = &self.asked.property;
        let is_switch = property != PMU_COUNTERS;
        match error {
            InvalidValue::Missing if !is_switch => {
                write!(f, "no value given: the form is `{property}=NUMBER`")
            }
            InvalidValue::NotANumber(error) if !is_switch => {
                let text = Printable(&error.text);
                write!(f, "`{text}` is not a number from 0 to {MOST_PMU_COUNTERS}")
            }
            InvalidValue::Missing => {
                write!(f, "no value given: the form is `{property}=on` or `=off`")
            }
            InvalidValue::NotANumber(error) => {
                let text = Printable(&error.text);
                write!(f, "`{text}` is neither `on` nor `off`")
            }
        }
    }

    /// Writes the named values of the field with their numbers, if it has any.
    fn named_values(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(target) = &self.target else {
            return Ok(());
        };
        let field = target.field.field;
        let named = field.values().iter().map(|named| field.show(named.value));
        match named.collect::<Vec<_>>().as_slice() {
            [] => Ok(()),
            named => write!(f, "; named values are {}", comma_list(named)),
        }
    }

    fn too_wide(&self, max: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.asked.property == PMU_COUNTERS {
            return write!(
                f,
                "too wide: PMCR_EL0.N has 5 bits; maximum: {MOST_PMU_COUNTERS}"
            );
        }
        let Some(target) = &self.target else {
            return write!(
                f,
                "too wide: the register's other bits are reserved; maximum: {max:#x}"
            );
        };
        let field = target.field.field;
        let unit = if field.width() == 1 { "bit" } else { "bits" };
        let width = field.width();
        write!(
            f,
            "too wide: the field has {width} {unit}; maximum: {max:#x}"
        )?;
        if let Some(host) = target.host {
            write!(f, "; the host's value is {}", field.show(host))?;
        }
        Ok(())
    }

    fn obstacle(
        &self,
        obstacle: Obstacle,
        kernel: &str,
        remedy: Option<OptionSetting>,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        match obstacle {
            Obstacle::Absent => f.write_str("this host's KVM does not have the register"),
            Obstacle::NotWritable => {
                write!(f, "kernel {kernel} does not allow changes of this field")?;
                self.keep(f)
            }
            Obstacle::ImplementationId => {
                f.write_str(
                    "this host's KVM does not allow changes of the registers that identify the \
                     implementation (no KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, or a VM that has not \
                     enabled it)",
                )?;
                self.keep(f)
            }
            Obstacle::Owned(owner) => self.owned(owner, remedy, f),
            Obstacle::Without(owner) => {
                let option = owner.name();
                write!(
                    f,
                    "the field reads as zero while the option {option} is off"
                )?;
                match remedy {
                    Some(remedy) => write!(f, "; leave it out, or use {remedy}"),
                    None => f.write_str(", and this host's KVM does not support it"),
                }
            }
            Obstacle::Above => {
                self.host_value("above the host's value", f)?;
                self.allowed(ONLY_THE_HOSTS, f)
            }
            Obstacle::Below => {
                self.host_value("below the host's value", f)?;
                f.write_str(", and a lower value is not safe here")?;
                self.allowed(ONLY_THE_HOSTS, f)
            }
            Obstacle::Inexact => {
                self.host_value("neither the host's value", f)?;
                f.write_str(" nor the value that is safe everywhere")?;
                self.allowed(ONLY_THE_HOSTS, f)
            }
            Obstacle::Refused => {
                f.write_str("KVM refuses this value; ")?;
                self.host_value("the host's value is", f)?;
                self.allowed(ONLY_THE_HOSTS, f)
            }
        }
    }

    fn owned(
        &self,
        owner: Owner,
        remedy: Option<OptionSetting>,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        match (owner, owner.option()) {
            (_, Some(option)) => {
                let Some(_) = self.target else {
                    write!(f, "the option {option} sets the feature's fields")?;
                    return match remedy {
                        Some(remedy) => write!(f, "; use {remedy}"),
                        None => f.write_str(", which do not show it on this host"),
                    };
                };
                write!(f, "the option {option} sets this field")?;
                match remedy {
                    Some(remedy) => write!(f, "; use {remedy}")?,
                    None => self.host_value(", on this host to", f)?,
                }
                self.allowed("", f)
            }
            (Owner::Topology, None) => {
                f.write_str("the field is part of the vCPU's number, which the VMM sets")
            }
            (_, None) => f.write_str(
                "KVM sets this field from the VM's interrupt controller when the guest starts",
            ),
        }
    }

    fn keep(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host_value("; keep the host's value", f)
    }

    /// Writes words and the host's value, if it is known.
    fn host_value(&self, words: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(words)?;
        match self
            .target
            .as_ref()
            .and_then(|target| Some((target, target.host?)))
        {
            Some((target, host)) => {
                write!(f, " {}", target.field.field.show(host))?;
                target.on_cores(f)
            }
            None => Ok(()),
        }
    }

    /// Writes the allowed values, or `none` if the host's value, written before, is the only one.
    fn allowed(&self, none: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(target) = &self.target else {
            return Ok(());
        };
        let is_host =
            |range: &ValueRange| range.first == range.last && Some(range.first) == target.host;
        if target.allowed.iter().all(is_host) {
            return f.write_str(none);
        }
        write!(f, "; allowed: {}", alternatives(&target.allowed))
    }
}

fn counters(
    obstacle: CounterObstacle,
    host: u32,
    kernel: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match obstacle {
        CounterObstacle::Unknown => {
            return f.write_str(
                "the number of PMU event counters of this host is unknown; read the host again",
            );
        }
        CounterObstacle::More => {
            return write!(
                f,
                "above the host's PMU, which has {host}; allowed: 0-{host}"
            );
        }
        CounterObstacle::Fixed => write!(
            f,
            "kernel {kernel} does not keep another number of PMU event counters (Linux 6.7 does)"
        )?,
        CounterObstacle::El2 => {
            f.write_str("KVM does not lower the number of PMU event counters of a guest with EL2")?;
        }
    }
    write!(f, "; keep the host's {host}, or use pmu=off")
}

fn no_definition(obstacles: &[Rejection], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("none of its definitions is possible here")?;
    for rejection in obstacles {
        if let Some(target) = &rejection.target
            && let Some(requested) = target.requested
        {
            write!(
                f,
                "; {}={}: ",
                target.field,
                target.field.field.show(requested)
            )?;
            rejection.reason(f)?;
        }
    }
    Ok(())
}

impl Target {
    /// Writes the value on each core type, if they differ.
    fn on_cores(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (cpus, value)) in self.cores.iter().enumerate() {
            let before = if index == 0 { " (" } else { ", " };
            match value {
                Some(value) => write!(f, "{before}{}", self.field.field.show(*value))?,
                None => write!(f, "{before}absent")?,
            }
            write!(f, " on CPU {}", cpu_list(cpus))?;
        }
        f.write_str(if self.cores.is_empty() { "" } else { ")" })
    }
}
