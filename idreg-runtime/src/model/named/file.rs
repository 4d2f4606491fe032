//! Model files: named models in TOML, strictly read.

mod built_in;
mod mistake;
mod registers;

pub use self::mistake::{InvalidModels, ModelMistake, ModelProblem};

use self::registers::FileRegisters;
use super::{ModelIdentity, Models, NamedModel, SCHEMA};
use crate::config::VcpuConfig;
use crate::config::options::{CpuOption, sve_lengths};
use crate::config::pmu_counters::MOST_PMU_COUNTERS;
use crate::text::is_printable;
use core::ops::Range;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The maximum length of a model file in bytes, several times that of one with every field.
const MOST_BYTES: u64 = 1 << 18;
/// The maximum length of a text in a model file, in bytes.
const MOST_TEXT: usize = 1000;
/// The maximum number of model files in a folder.
const MOST_FILES: usize = 1000;

impl NamedModel {
    /// Reads the text of a model file; `file` names it in messages.
    ///
    /// # Errors
    ///
    /// [`InvalidModels`] with every mistake in the file.
    pub fn parse_file(file: &str, text: &str) -> Result<Self, InvalidModels> {
        let mut reader = FileReader {
            file,
            text,
            mistakes: Vec::new(),
        };
        match reader.model() {
            Some(model) if reader.mistakes.is_empty() => Ok(model),
            _ => Err(InvalidModels(reader.mistakes)),
        }
    }
}

impl Models {
    /// Adds the models of a folder: its files with names that end in `.toml`.
    ///
    /// # Errors
    ///
    /// [`InvalidModels`] with every mistake in all files, with the folder or a file that cannot be
    /// read, and with models whose name and version exist already.
    pub fn with_folder(mut self, folder: impl AsRef<Path>) -> Result<Self, InvalidModels> {
        let folder = folder.as_ref();
        let unreadable = |path: &Path, error: &io::Error| {
            let problem = ModelProblem::Unreadable(error.to_string());
            ModelMistake::of_file(&path.to_string_lossy(), problem)
        };
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = entries.map_err(|error| InvalidModels(vec![unreadable(folder, &error)]))?;
        let paths = entries.into_iter().map(|entry| entry.path());
        let is_model = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "toml");
        let mut paths: Vec<_> = paths.filter(is_model).collect();
        paths.sort();
        let mut mistakes = Vec::new();
        if paths.len() > MOST_FILES {
            let folder = folder.to_string_lossy();
            mistakes.push(ModelMistake::of_file(&folder, ModelProblem::TooManyFiles));
            return Err(InvalidModels(mistakes));
        }
        for path in paths {
            let file = path.to_string_lossy();
            let text = match read(&path) {
                Ok(text) => text,
                Err(error) => {
                    mistakes.push(unreadable(&path, &error));
                    continue;
                }
            };
            match NamedModel::parse_file(&file, &text) {
                Ok(model) => {
                    if let Err(repeated) = self.add(model) {
                        let problem = ModelProblem::Repeated(repeated);
                        mistakes.push(ModelMistake::of_file(&file, problem));
                    }
                }
                Err(InvalidModels(more)) => mistakes.extend(more),
            }
        }
        if mistakes.is_empty() {
            Ok(self)
        } else {
            Err(InvalidModels(mistakes))
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    // A device or a FIFO can be endless.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut text = String::new();
    let length = File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)?;
    if length as u64 > MOST_BYTES {
        let message = format!("longer than {MOST_BYTES} bytes, so not a model file");
        return Err(io::Error::other(message));
    }
    Ok(text)
}

/// The reader of one file, which collects its mistakes.
struct FileReader<'t> {
    file: &'t str,
    text: &'t str,
    mistakes: Vec<ModelMistake>,
}

/// The keys of a file.
const KEYS: [&str; 9] = [
    "schema",
    "name",
    "version",
    "description",
    "sources",
    "deprecated",
    "options",
    "pmu_counters",
    "registers",
];

impl<'t> FileReader<'t> {
    fn model(&mut self) -> Option<NamedModel> {
        let table = match DeTable::parse(self.text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let at = error.span().unwrap_or(0..0);
                let message = error.message().to_owned();
                self.mistake(&at, "", ModelProblem::Syntax(message));
                return None;
            }
        };
        // A newer file is rejected for its number and not for its content.
        let schema = self.required_text(&table, "schema")?;
        if schema != SCHEMA {
            let at = span(&table, "schema");
            self.mistake(&at, "schema", ModelProblem::OtherSchema(schema));
            return None;
        }
        for key in table.keys() {
            if !KEYS.contains(&key.get_ref().as_ref()) {
                self.mistake(&key.span(), key.get_ref(), ModelProblem::UnknownKey(&KEYS));
            }
        }
        let identity = self.identity(&table);
        let config = self.config(&table);
        let registers = self.registers(&table)?;
        let FileRegisters { values, host } = registers;
        let keep = |field: crate::description::RegisterField| {
            host.get(field.register).unwrap_or(0) & field.field.mask() != 0
        };
        match NamedModel::new(identity, config, &values, keep) {
            Ok(model) => Some(model),
            Err(error) => {
                // A name that is missing is reported already.
                if !error.name.is_empty() || table.contains_key("name") {
                    let at = span(&table, "name");
                    self.mistake(&at, "name", ModelProblem::Name(error));
                }
                None
            }
        }
    }

    fn identity(&mut self, table: &DeTable<'t>) -> ModelIdentity {
        let name = self.required_text(table, "name").unwrap_or_default();
        let version = self.version(table).unwrap_or_default();
        let description = self.required_text(table, "description");
        let deprecated = table.get("deprecated").is_some_and(|value| {
            let deprecated = value.get_ref().as_bool();
            if deprecated.is_none() {
                self.wrong_type(value, "deprecated", "`true` or `false`");
            }
            deprecated == Some(true)
        });
        ModelIdentity {
            name,
            version,
            description: description.unwrap_or_default(),
            sources: self.texts(table, "sources"),
            deprecated,
        }
    }

    fn version(&mut self, table: &DeTable<'t>) -> Option<u32> {
        let Some(value) = table.get("version") else {
            self.mistake(&(0..0), "version", ModelProblem::Missing);
            return None;
        };
        let version = number(value).filter(|number| *number > 0);
        if version.is_none() {
            self.wrong_type(value, "version", "a number from 1");
        }
        version
    }

    /// The options, as the configuration of a vCPU.
    fn config(&mut self, table: &DeTable<'t>) -> VcpuConfig {
        let mut config = VcpuConfig::new();
        let mut seen = BTreeSet::new();
        for name in self.texts(table, "options") {
            let at = span(table, "options");
            let known = name.parse::<CpuOption>().ok();
            let exists = |option: &CpuOption| match option {
                CpuOption::SveLength(bits) => sve_lengths().any(|length| length == *bits),
                CpuOption::Aarch64 => false,
                _ => true,
            };
            if !seen.insert(name.clone()) {
                self.mistake(&at, "options", ModelProblem::OptionTwice(name));
                continue;
            }
            match known.filter(exists) {
                Some(CpuOption::Sve) => config.sve = true,
                Some(CpuOption::Pauth) => config.pauth = true,
                Some(CpuOption::Pmu) => config.pmu = true,
                Some(CpuOption::Mte) => config.mte = true,
                Some(CpuOption::El2) => config.el2 = true,
                Some(CpuOption::SveLength(bits)) if config.sve_limit.is_none() => {
                    config.sve_limit = Some(bits);
                }
                Some(CpuOption::SveLength(_)) => {
                    self.mistake(&at, "options", ModelProblem::VectorLength);
                }
                Some(CpuOption::Aarch64) | None => {
                    self.mistake(&at, "options", ModelProblem::UnknownOption(name));
                }
            }
        }
        if config.sve != config.sve_limit.is_some() {
            let at = span(table, "options");
            self.mistake(&at, "options", ModelProblem::VectorLength);
        }
        config.pmu_counters = self.counters(table, config.pmu);
        config
    }

    /// The number of event counters of a model with a PMU.
    fn counters(&mut self, table: &DeTable<'t>, pmu: bool) -> Option<u32> {
        const KEY: &str = "pmu_counters";
        let value = table.get(KEY)?;
        let counters = number(value).filter(|counters| pmu && *counters <= MOST_PMU_COUNTERS);
        if counters.is_none() {
            self.wrong_type(value, KEY, "a number up to 31, with the option pmu");
        }
        counters
    }

    fn required_text(&mut self, table: &DeTable<'t>, key: &str) -> Option<String> {
        match table.get(key) {
            Some(value) => self.one_text(value, key),
            None => {
                self.mistake(&(0..0), key, ModelProblem::Missing);
                None
            }
        }
    }

    fn texts(&mut self, table: &DeTable<'t>, key: &str) -> Vec<String> {
        let Some(value) = table.get(key) else {
            self.mistake(&(0..0), key, ModelProblem::Missing);
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(value, key, "a list of texts");
            return Vec::new();
        };
        let texts = items.iter().filter_map(|item| self.one_text(item, key));
        texts.collect()
    }

    fn one_text(&mut self, value: &Spanned<DeValue<'t>>, key: &str) -> Option<String> {
        let is_line = |text: &&str| text.len() <= MOST_TEXT && text.chars().all(is_printable);
        let text = value.get_ref().as_str().filter(is_line);
        if text.is_none() {
            self.wrong_type(value, key, "a text of one line and at most 1000 bytes");
        }
        text.map(str::to_owned)
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue<'t>>, key: &str, expected: &'static str) {
        let found = value.get_ref().type_str();
        let problem = ModelProblem::WrongType { expected, found };
        self.mistake(&value.span(), key, problem);
    }

    fn mistake(&mut self, at: &Range<usize>, key: &str, problem: ModelProblem) {
        // Bytes, since a mistake can be inside a character.
        let before = self.text.as_bytes().get(..at.start).unwrap_or(&[]);
        let line = before.split(|byte| *byte == b'\n').count();
        self.mistakes.push(ModelMistake {
            file: self.file.to_owned(),
            line: (at.end > 0).then_some(line),
            key: key.to_owned(),
            problem,
        });
    }
}

fn number(value: &Spanned<DeValue<'_>>) -> Option<u32> {
    let number = value.get_ref().as_integer()?;
    u32::from_str_radix(number.as_str(), number.radix()).ok()
}

/// The place of a key's value, or nothing.
fn span(table: &DeTable<'_>, key: &str) -> Range<usize> {
    table.get(key).map_or(0..0, Spanned::span)
}
