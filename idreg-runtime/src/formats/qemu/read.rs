//! QEMU's options as CPU models.

use crate::config::options::CpuOption;
use crate::config::target::TargetCpu;
use crate::description::{PROPERTY_PREFIX, RegisterField};
use crate::formats::arm_names::{self, ArmProperty};
use crate::model::CpuModel;
use crate::model::property::{Property, PropertyType};
use crate::number::{self, InvalidNumber};
use crate::regs::DESCRIPTION;
use crate::text::Printable;

/// A guest of QEMU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QemuGuest {
    /// The CPU model, with the host as its base.
    pub model: CpuModel,
    /// The target CPUs, of the Kunpeng fork.
    pub target_cpus: Vec<TargetCpu>,
    /// The parts that no model has, a sentence each.
    pub missing: Vec<String>,
}

/// The reason why options of QEMU are no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOptions {
    /// There is no `-cpu`.
    #[error("there is no `-cpu VALUE`; give QEMU's command line, or the value alone: `host,...`")]
    NoCpu,
    /// A quote has no end.
    #[error("a quote has no end")]
    OpenQuote,
    /// An option has no value.
    #[error("`{0}` is the last word; its value is missing")]
    NoValue(&'static str),
    /// The CPU is not that of the host.
    #[error(
        "the CPU `{}` has values of QEMU's own; only `host` and `custom` have the host's",
        Printable(.0)
    )]
    OtherCpu(String),
    /// A property has no value.
    #[error("`{}` has no value; the form is NAME=VALUE", Printable(.0))]
    NoPropertyValue(String),
    /// A property of a field is not known.
    #[error(
        "`{}` is no field that this version knows{}",
        Printable(.name),
        nearest.as_ref().map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default()
    )]
    UnknownField {
        /// The property.
        name: String,
        /// The most similar property.
        nearest: Option<String>,
    },
    /// A number is malformed.
    #[error("`{name}`: {source}")]
    Number {
        /// The property.
        name: String,
        /// The error of its value.
        source: InvalidNumber,
    },
    /// A value does not fit its field.
    #[error("`{name}` is {value:#x}, and has {width} bits")]
    TooWide {
        /// The property.
        name: String,
        /// The value.
        value: u64,
        /// The number of the field's bits.
        width: u8,
    },
    /// A switch is malformed.
    #[error("`{}` is neither `on` nor `off`, for {name}", Printable(.value))]
    Switch {
        /// The property.
        name: String,
        /// The value.
        value: String,
    },
    /// Some parts of a field are missing.
    #[error("{field} is several properties of the architecture, and not all are given")]
    PartOfField {
        /// The property of the field.
        field: String,
    },
    /// A target CPU is malformed.
    #[error("`{}` is no target CPU; the form is MIDR:REVIDR", Printable(.0))]
    TargetCpu(String),
}

/// Reads a command line of QEMU, or the value of `-cpu` alone. Of several `-cpu` the last one
/// counts, as in QEMU. `<qemu:arg value='...'/>` of a libvirt domain are read too.
///
/// ```
/// use idreg_runtime::formats::qemu;
///
/// let line = "qemu-system-aarch64 -M virt -cpu host,sve=off,SYSREG_ID_AA64MMFR0_EL1_PARange=2";
/// let model = qemu::read(line)?.model;
/// assert_eq!(model.to_string(), "host,sve=off,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x2");
/// # Ok::<(), qemu::InvalidOptions>(())
/// ```
///
/// # Errors
///
/// [`InvalidOptions`] for the first mistake.
pub fn read(text: &str) -> Result<QemuGuest, InvalidOptions> {
    let words = if text.contains("<qemu:arg ") {
        libvirt_arguments(text)
    } else {
        words(text)?
    };
    let (mut cpu, mut machines) = (None, Vec::new());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-cpu" | "--cpu" => {
                cpu = Some(rest.next().ok_or(InvalidOptions::NoValue("-cpu"))?.as_str());
            }
            "-machine" | "-M" | "--machine" => {
                machines.push(rest.next().ok_or(InvalidOptions::NoValue("-machine"))?);
            }
            _ => {}
        }
    }
    let alone = match words.as_slice() {
        [word] => Some(word.as_str()),
        _ => None,
    };
    let mut reader = Reader::default();
    reader.cpu(cpu.or(alone).ok_or(InvalidOptions::NoCpu)?)?;
    for machine in machines {
        reader.machine(machine)?;
    }
    reader.guest()
}

/// Collects a guest.
#[derive(Default)]
pub(super) struct Reader {
    guest: QemuGuest,
    /// The bits of fields of which the architecture names parts: known ones and their values.
    parts: Vec<(RegisterField, u64, u64)>,
}

impl Reader {
    fn cpu(&mut self, value: &str) -> Result<(), InvalidOptions> {
        let mut properties = value.split(',');
        let base = properties.next().unwrap_or_default();
        Self::base(base)?;
        for property in properties {
            let (name, value) = property
                .split_once('=')
                .ok_or_else(|| InvalidOptions::NoPropertyValue(property.to_owned()))?;
            self.property(name, value)?;
        }
        Ok(())
    }

    pub(super) fn base(name: &str) -> Result<(), InvalidOptions> {
        let is_host = ["host", "custom"].contains(&name);
        is_host
            .then_some(())
            .ok_or_else(|| InvalidOptions::OtherCpu(name.to_owned()))
    }

    fn property(&mut self, name: &str, value: &str) -> Result<(), InvalidOptions> {
        if name.starts_with(PROPERTY_PREFIX) {
            let value = number::parse(value).map_err(|source| InvalidOptions::Number {
                name: name.to_owned(),
                source,
            })?;
            return self.field(name, value);
        }
        match Self::option(name) {
            Some(option) => {
                let on = switch(value).ok_or_else(|| InvalidOptions::Switch {
                    name: name.to_owned(),
                    value: value.to_owned(),
                })?;
                self.switch(option, on);
            }
            None => self.leave_out(name),
        }
        Ok(())
    }

    /// An option of a vCPU that is a property of QEMU's CPU.
    pub(super) fn option(name: &str) -> Option<CpuOption> {
        let option = name.parse().ok();
        option.filter(|option| !matches!(option, CpuOption::Mte | CpuOption::El2))
    }

    pub(super) fn leave_out(&mut self, name: &str) {
        let name = Printable(name);
        self.guest.missing.push(format!(
            "`{name}` is no property of models here and is left out"
        ));
    }

    pub(super) fn switch(&mut self, option: CpuOption, on: bool) {
        self.guest.model.switch(option, on);
    }

    /// Sets a field by its property, in the kernel's spelling or in the architecture's.
    pub(super) fn field(&mut self, name: &str, value: u64) -> Result<(), InvalidOptions> {
        if let Some(field) = DESCRIPTION.property(name) {
            check_width(name, value, field.field.width())?;
            self.guest.model.set_field(field, value);
            return Ok(());
        }
        let found = arm_names::find(&DESCRIPTION, name);
        let Some(ArmProperty { register, bits }) = found else {
            let nearest = Property::nearest(&DESCRIPTION, name);
            let is_number = |name: &String| {
                let property = Property::find(&DESCRIPTION, name);
                property.is_some_and(|property| property.value_type() == PropertyType::Number)
            };
            return Err(InvalidOptions::UnknownField {
                name: name.to_owned(),
                nearest: nearest.filter(is_number),
            });
        };
        check_width(name, value, bits.width())?;
        let has_bits = |field: &RegisterField| {
            field.field.shift() <= bits.lsb && bits.msb <= field.field.msb()
        };
        let Some(field) = register.fields().find(has_bits) else {
            return Ok(());
        };
        let mask = (u64::MAX >> (64 - bits.width())) << bits.lsb;
        let known = self.parts.iter_mut().find(|(other, ..)| *other == field);
        match known {
            Some((_, known, values)) => {
                *known |= mask;
                *values = *values & !mask | value << bits.lsb;
            }
            None => self.parts.push((field, mask, value << bits.lsb)),
        }
        if let Some((_, known, values)) = self.parts.iter().find(|(other, ..)| *other == field)
            && *known == field.field.mask()
        {
            let value = field.field.extract(*values);
            self.guest.model.set_field(field, value);
        }
        Ok(())
    }

    fn machine(&mut self, value: &str) -> Result<(), InvalidOptions> {
        for property in value.split(',') {
            let (name, value) = property.split_once('=').unwrap_or((property, ""));
            let option = match name {
                "mte" => CpuOption::Mte,
                "virtualization" => CpuOption::El2,
                "x-target-impl-cpus" => {
                    self.guest.target_cpus = target_cpus(value)?;
                    continue;
                }
                _ => continue,
            };
            let on = switch(value).ok_or_else(|| InvalidOptions::Switch {
                name: name.to_owned(),
                value: value.to_owned(),
            })?;
            self.switch(option, on);
        }
        Ok(())
    }

    pub(super) fn guest(self) -> Result<QemuGuest, InvalidOptions> {
        for (field, known, _) in &self.parts {
            if *known != field.field.mask() {
                let field = field.to_string();
                return Err(InvalidOptions::PartOfField { field });
            }
        }
        Ok(self.guest)
    }
}

fn check_width(name: &str, value: u64, width: u8) -> Result<(), InvalidOptions> {
    if value <= u64::MAX >> (64 - width) {
        return Ok(());
    }
    let name = name.to_owned();
    Err(InvalidOptions::TooWide { name, value, width })
}

/// A switch, by the words that QEMU takes (`qapi/qapi-util.c`, `qapi_bool_parse`).
fn switch(value: &str) -> Option<bool> {
    match value {
        "on" | "yes" | "true" | "y" => Some(true),
        "off" | "no" | "false" | "n" => Some(false),
        _ => None,
    }
}

/// The CPUs of `MIDR:REVIDR-MIDR:REVIDR`.
fn target_cpus(value: &str) -> Result<Vec<TargetCpu>, InvalidOptions> {
    let cpu = |text: &str| {
        let (midr, revidr) = text.split_once(':')?;
        Some(TargetCpu {
            midr: number::parse(midr).ok()?,
            revidr: number::parse(revidr).ok()?,
            aidr: 0,
        })
    };
    let mut cpus = Vec::new();
    for text in value.split('-') {
        cpus.push(cpu(text).ok_or_else(|| InvalidOptions::TargetCpu(text.to_owned()))?);
    }
    Ok(cpus)
}

/// The words of a command line: quotes and backslashes as in a shell, without expansions.
fn words(text: &str) -> Result<Vec<String>, InvalidOptions> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next().ok_or(InvalidOptions::OpenQuote)? {
                        end if end == character => break,
                        '\\' if character == '"' => word.extend(characters.next()),
                        inner => word.push(inner),
                    }
                }
            }
            '\\' => match characters.next() {
                // A line that goes on.
                Some('\n') | None => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            _ if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The values of `<qemu:arg value='...'/>`.
fn libvirt_arguments(text: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    for part in text.split("<qemu:arg ").skip(1) {
        let value = part.trim_start().strip_prefix("value=");
        let quote = value.and_then(|value| value.chars().next());
        let Some((value, quote)) = value.zip(quote.filter(|quote| ['\'', '"'].contains(quote)))
        else {
            continue;
        };
        arguments.extend(value.split(quote).nth(1).map(str::to_owned));
    }
    arguments
}
