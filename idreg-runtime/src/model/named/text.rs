//! The file form of named models.

use super::{FieldSetting, NamedModel, SCHEMA};
use crate::config::options::{CpuOption, OptionSetting};
use crate::description::FieldDescription;
use core::fmt;

/// Shows the model as a TOML file that reads back as the same model: every field that is not 0.
impl fmt::Display for NamedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = self.identity();
        writeln!(f, "schema = \"{SCHEMA}\"")?;
        writeln!(f, "name = {}", Quoted(&identity.name))?;
        writeln!(f, "version = {}", identity.version)?;
        writeln!(f, "description = {}", Quoted(&identity.description))?;
        writeln!(f, "sources = [")?;
        for source in &identity.sources {
            writeln!(f, "    {},", Quoted(source))?;
        }
        writeln!(f, "]")?;
        if identity.deprecated {
            writeln!(f, "deprecated = true")?;
        }
        let options = self.options();
        let on = |setting: &OptionSetting| setting.on && setting.option != CpuOption::Aarch64;
        let options: Vec<String> = options
            .filter(on)
            .map(|setting| Quoted(&setting.option.to_string()).to_string())
            .collect();
        writeln!(f, "options = [{}]", options.join(", "))?;
        if let Some(counters) = self.config().pmu_counters {
            writeln!(f, "pmu_counters = {counters}")?;
        }
        self.registers(f)
    }
}

impl NamedModel {
    fn registers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let registers = self.description().registers.iter().copied();
        let is_host = |field| self.field(field) == FieldSetting::Host;
        let (whole, others): (Vec<_>, Vec<_>) = registers.partition(|register| {
            register.fields().next().is_some() && register.fields().all(is_host)
        });
        writeln!(f, "\n[registers]")?;
        for register in whole {
            writeln!(f, "{} = \"host\"", register.name)?;
        }
        for register in others {
            let settings = register.fields().map(|field| (field, self.field(field)));
            let is_shown = |(_, setting): &(_, FieldSetting)| {
                !matches!(setting, FieldSetting::Value(0) | FieldSetting::Vm)
            };
            let mut settings = settings.filter(is_shown).peekable();
            if settings.peek().is_some() {
                writeln!(f, "\n[registers.{}]", register.name)?;
            }
            settings.try_for_each(|(field, setting)| field_line(field.field, setting, f))?;
        }
        Ok(())
    }
}

fn field_line(
    field: FieldDescription,
    setting: FieldSetting,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let name = field.name();
    match setting {
        FieldSetting::Value(value) => {
            write!(f, "{name} = {value:#x}")?;
            match field.value_name(value) {
                Some(value_name) => writeln!(f, " # {value_name}"),
                None => writeln!(f),
            }
        }
        FieldSetting::Host => writeln!(f, "{name} = \"host\""),
        FieldSetting::Vm => Ok(()),
    }
}

/// A string of TOML: the escapes of JSON are those of TOML's basic strings.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                _ if character.is_control() => write!(f, "\\u{:04x}", u32::from(character))?,
                _ => fmt::Write::write_char(f, character)?,
            }
        }
        f.write_str("\"")
    }
}
