//! The JSON object of a decoded line. The README documents its members.

use super::advice::{self, Advice};
use super::field_advice::{self, FieldAdvice};
use crate::output::json;
use crate::output::list::comma_list;
use idreg_runtime::config::options::sve_lengths;
use idreg_runtime::config::pmu_counters::{PMCR_EL0, pmu_counters};
use idreg_runtime::formats::diagnostic::{
    Diagnostic, Event, FieldReading, KvmRegister, Program, Unrecognized,
};
use idreg_runtime::host::{Host, Obstacle};
use idreg_runtime::model::property::Property;
use idreg_runtime::number::Hex;
use idreg_runtime::regs::DESCRIPTION;
use serde::Serialize;

/// The schema of the report; its number grows when a change would mislead existing readers.
const SCHEMA: &str = "idreg-decode/1";

#[derive(Serialize)]
pub(super) struct DecodeReport {
    schema: &'static str,
    pub(super) lines: Vec<DecodedLine>,
    pub(super) recognized: u64,
    pub(super) unrecognized: u64,
}

#[derive(Serialize)]
pub(super) struct DecodedLine {
    pub(super) text: String,
    /// The program that prints the line, or `None` for a register or property as text.
    pub(super) program: Option<&'static str>,
    /// The event, or `None` for a line that is not recognised.
    pub(super) event: Option<&'static str>,
    pub(super) register: Option<DecodedRegister>,
    /// The property of a line that names one, or nothing.
    pub(super) property: Option<String>,
    /// The names of the two values, such as `guest` and `here`.
    pub(super) sides: [String; 2],
    /// The names of the two values of each field.
    pub(super) field_sides: [String; 2],
    pub(super) fields: Vec<DecodedField>,
    /// The differing bits that belong to no field.
    pub(super) undescribed: Option<Hex>,
    pub(super) summary: String,
    pub(super) cause: Option<String>,
    pub(super) remedies: Vec<String>,
    /// The name that is like an unknown one.
    pub(super) nearest: Option<String>,
}

#[derive(Serialize)]
pub(super) struct DecodedRegister {
    pub(super) name: String,
    group: &'static str,
    pub(super) encoding: Option<String>,
    pub(super) values: [Option<Hex>; 2],
    /// A value in readable form, if it is not a number.
    #[serde(skip)]
    pub(super) shown: [Option<String>; 2],
}

#[derive(Serialize)]
pub(super) struct DecodedField {
    pub(super) property: String,
    #[serde(skip)]
    pub(super) name: &'static str,
    pub(super) bits: String,
    /// The two values, as numbers.
    values: [Option<String>; 2],
    /// The names of the values.
    names: [Option<&'static str>; 2],
    #[serde(skip)]
    pub(super) shown: [Option<String>; 2],
    pub(super) differs: bool,
    /// The safety rule: how KVM compares.
    safety: &'static str,
    /// The obstacle to the first value where the second is the limit.
    obstacle: Option<&'static str>,
    pub(super) cause: Option<String>,
    /// The override with which a guest fits both sides.
    pub(super) setting: Option<String>,
    pub(super) remedy: Option<String>,
    /// The host's value and its allowed values, as ranges, if a host was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allowed: Option<Vec<String>>,
}

impl Default for DecodeReport {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            lines: Vec::new(),
            recognized: 0,
            unrecognized: 0,
        }
    }
}

impl DecodeReport {
    /// Decodes a line and counts it.
    pub(super) fn count(&mut self, line: &str, host: Option<&Host>) -> DecodedLine {
        match Diagnostic::of(&DESCRIPTION, line) {
            Ok(diagnostic) => {
                self.recognized += 1;
                DecodedLine::new(line, &diagnostic, host)
            }
            Err(error) => {
                self.unrecognized += 1;
                DecodedLine::unrecognized(line, error)
            }
        }
    }
}

impl DecodedLine {
    fn new(line: &str, diagnostic: &Diagnostic, host: Option<&Host>) -> Self {
        let diagnostic = &of_host(*diagnostic, host);
        let Advice {
            summary,
            cause,
            remedies,
        } = advice::of(diagnostic, host.is_some());
        let undescribed = diagnostic.undescribed(&DESCRIPTION);
        let property = match diagnostic.event {
            Event::Property { property, .. } => Some(property.to_string()),
            Event::PropertyNotFound { name } => {
                Property::find(&DESCRIPTION, name).map(|property| property.to_string())
            }
            _ => None,
        };
        let nearest = match diagnostic.event {
            Event::PropertyNotFound { name } if property.is_none() => {
                Property::nearest(&DESCRIPTION, name)
            }
            _ => None,
        };
        Self {
            text: line.to_owned(),
            program: diagnostic.program.map(Program::name),
            event: Some(diagnostic.event.name()),
            register: diagnostic
                .register
                .map(|register| DecodedRegister::new(register, diagnostic)),
            property,
            sides: sides(diagnostic),
            field_sides: field_sides(diagnostic, host.is_some()),
            fields: compared(diagnostic, host)
                .into_iter()
                .map(|reading| DecodedField::new(reading, is_of_vcpu(diagnostic), host))
                .collect(),
            undescribed: (undescribed != 0).then_some(Hex(undescribed)),
            summary,
            cause,
            remedies,
            nearest,
        }
    }

    fn unrecognized(line: &str, error: Unrecognized) -> Self {
        Self {
            text: line.to_owned(),
            program: None,
            event: None,
            register: None,
            property: None,
            sides: <[String; 2]>::default(),
            field_sides: <[String; 2]>::default(),
            fields: Vec::new(),
            undescribed: None,
            summary: error.to_string(),
            cause: None,
            remedies: Vec::new(),
            nearest: error.nearest,
        }
    }
}

/// The diagnostic with the host's value of a firmware register, if the line has none.
fn of_host<'t>(mut diagnostic: Diagnostic<'t>, host: Option<&Host>) -> Diagnostic<'t> {
    if let Some(host) = host
        && let Some(KvmRegister::Firmware(register)) = diagnostic.register
    {
        let of_host = host.info().firmware.get(register);
        diagnostic.present = diagnostic.present.or(of_host);
    }
    diagnostic
}

/// The fields, compared with the host's values in place of the line's second ones.
fn compared(diagnostic: &Diagnostic, host: Option<&Host>) -> Vec<FieldReading> {
    let mut fields = diagnostic.fields(&DESCRIPTION);
    if let Some(host) = host.filter(|_| is_of_vcpu(diagnostic)) {
        for reading in &mut fields {
            reading.present = host.values().field(reading.field);
        }
        fields.sort_by_key(|reading| !reading.differs());
    }
    fields
}

/// True if the line is about the register of a vCPU: one that KVM compares with its limit. The
/// sizes of caches have a rule of their own, and no VMM writes the registers of a machine's CPUs.
fn is_of_vcpu(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.register, Some(KvmRegister::System(_)))
        && !matches!(
            diagnostic.event,
            Event::CpusDiffer { .. } | Event::Overridden { .. }
        )
}

/// The names of the two values.
fn sides(diagnostic: &Diagnostic) -> [String; 2] {
    let [first, second] = match diagnostic.event {
        Event::CpusDiffer { cpu } => return ["boot CPU".to_owned(), format!("CPU{cpu}")],
        Event::Overridden { .. } => ["value", ""],
        _ if diagnostic.program.is_some() => ["guest", "here"],
        _ if diagnostic.present.is_some() && diagnostic.wanted.is_none() => ["", "host"],
        _ if diagnostic.present.is_some() => ["first", "second"],
        _ => ["value", ""],
    };
    [first.to_owned(), second.to_owned()]
}

/// The names of the two values of each field.
fn field_sides(diagnostic: &Diagnostic, has_host: bool) -> [String; 2] {
    let [first, second] = sides(diagnostic);
    if has_host && is_of_vcpu(diagnostic) {
        [first, "host".to_owned()]
    } else {
        [first, second]
    }
}

impl DecodedRegister {
    fn new(register: KvmRegister, diagnostic: &Diagnostic) -> Self {
        let described = register.described(&DESCRIPTION);
        let name = match (register, described) {
            (KvmRegister::System(_), Some(described)) => described.name.to_owned(),
            _ => register.to_string(),
        };
        let encoding = match register {
            KvmRegister::System(encoding) => Some(encoding.to_string()),
            _ => None,
        };
        let values = match diagnostic.field {
            Some(_) => [None, None],
            None => [diagnostic.wanted, diagnostic.present],
        };
        let show = |value| match register {
            KvmRegister::Firmware(firmware) => firmware.show(value),
            KvmRegister::SveLengths => vector_lengths(value),
            KvmRegister::System(PMCR_EL0) => {
                format!("{} ({} event counters)", Hex(value), pmu_counters(value))
            }
            _ => Hex(value).to_string(),
        };
        let shown = values.map(|value| value.map(show));
        Self {
            name,
            group: register.group(),
            encoding,
            values: values.map(|value| value.map(Hex)),
            shown,
        }
    }
}

/// The vector lengths in `KVM_REG_ARM64_SVE_VLS`: bit N of the first word is N + 1 times 128 bits
/// (Linux 7.2, `Documentation/virt/kvm/api.rst`, 4.68).
fn vector_lengths(value: u64) -> String {
    let lengths = sve_lengths().enumerate();
    let lengths = lengths.filter(|(bit, _)| value >> bit & 1 != 0);
    let lengths = comma_list(lengths.map(|(_, bits)| bits));
    format!("{value:#x} ({lengths} bits)")
}

impl DecodedField {
    /// True if the line or the host has a value for the field.
    pub(super) fn has_values(&self) -> bool {
        self.values.iter().any(Option::is_some)
    }

    fn new(reading: FieldReading, is_judged: bool, host: Option<&Host>) -> Self {
        let field = reading.field.field;
        let values = [reading.wanted, reading.present];
        let judgement = field_advice::judgement(&reading, host).filter(|_| is_judged);
        let advice = judgement.and_then(|_| field_advice::of(&reading, host));
        let (cause, setting, remedy) = match advice {
            Some(FieldAdvice {
                cause,
                setting,
                remedy,
            }) => (Some(cause), setting, remedy),
            None => (None, None, None),
        };
        let on_host = host.and_then(|host| host.values().field(reading.field));
        Self {
            property: reading.field.to_string(),
            name: field.name(),
            bits: field.bits().to_string(),
            values: values.map(|value| value.map(|value| format!("{value:#x}"))),
            names: values.map(|value| value.and_then(|value| field.value_name(value))),
            shown: values.map(|value| value.map(|value| field.show(value).to_string())),
            differs: reading.differs(),
            safety: field.rule().safety.name(),
            obstacle: judgement
                .and_then(|judgement| judgement.obstacle)
                .map(Obstacle::name),
            cause,
            setting,
            remedy,
            host: on_host.map(|value| format!("{value:#x}")),
            allowed: host.map(|host| json::ranges(&host.allowed(reading.field))),
        }
    }
}
