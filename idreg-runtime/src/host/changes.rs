//! The changes between two readings of one host, such as before and after an update.

use super::{Host, Obstacle};
use crate::config::capabilities::Capabilities;
use crate::description::RegisterField;
use crate::description::rule::ValueRange;
use crate::firmware::FirmwareRegister;
use crate::number::Hex;
use crate::text::{comma_list, cpu_list};
use std::collections::BTreeMap;

/// The changes of a host: what a newer reading shows otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostChanges {
    /// The facts apart from fields.
    pub facts: Vec<FactChange>,
    /// The fields in index order.
    pub fields: Vec<FieldChange>,
}

/// A fact about a host that has changed, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactChange {
    /// The name of the fact.
    pub name: String,
    /// The older text.
    pub old: String,
    /// The newer text.
    pub new: String,
}

/// A field whose value or whose allowed values have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The field.
    pub field: RegisterField,
    /// The older state, or `None` if the host did not have the register.
    pub old: Option<FieldState>,
    /// The newer state, or `None` if the host no longer has the register.
    pub new: Option<FieldState>,
}

/// The value of a field on a host, and the values that a guest can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldState {
    /// The value.
    pub value: u64,
    /// The allowed values, ascending.
    pub allowed: Vec<ValueRange>,
    /// The obstacle to any other value, or `None` if others are allowed.
    pub obstacle: Option<Obstacle>,
}

impl Host {
    /// The changes from this reading of a host to a newer one. Fields are those of this host's
    /// description.
    ///
    /// ```
    /// # let host = |file| serde_json::from_str::<idreg_runtime::Host>(file);
    /// # let old = host(include_str!("../../data/hosts/max-latest.json"))?;
    /// # let new = host(&include_str!("../../data/hosts/max-latest.json").replace(
    /// #     "\"value\": \"0x1221111110212120\"", "\"value\": \"0x1221011110212120\""))?;
    /// let changes = old.changes(&new);
    /// assert_eq!(changes.fields.len(), 1);
    /// assert_eq!(changes.fields[0].field.to_string(), "SYSREG_ID_AA64ISAR0_EL1_DP");
    /// assert!(old.changes(&old).fields.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn changes(&self, newer: &Self) -> HostChanges {
        let fields = self.description().fields().filter_map(|field| {
            let (old, new) = (self.state(field), newer.state(field));
            // Another obstacle to the same values makes no difference to a guest.
            let seen = |state: &Option<FieldState>| {
                let state = state.as_ref()?;
                Some((state.value, state.allowed.clone()))
            };
            (seen(&old) != seen(&new)).then_some(FieldChange { field, old, new })
        });
        HostChanges {
            fields: fields.collect(),
            facts: facts(self, newer),
        }
    }

    fn state(&self, field: RegisterField) -> Option<FieldState> {
        Some(FieldState {
            value: self.values.field(field)?,
            allowed: self.allowed(field),
            obstacle: self.why_fixed(field),
        })
    }

    /// The facts by name, in words.
    fn facts(&self) -> Vec<(String, String)> {
        let info = &self.info;
        let named = |name: &str, value: String| (name.to_owned(), value);
        let mut facts = vec![
            named("kernel", info.kernel_release.clone()),
            named("vCPU options", info.vcpu.to_string()),
            named("CPUs", self.cpus()),
            named("timer frequency in Hz", known(info.timer_frequency)),
            named(
                "SVE vector lengths in bits",
                comma_list(&info.sve_vector_lengths),
            ),
            named(
                "PMU event counters",
                info.pmu_counters
                    .map_or("unknown".to_owned(), |counters| counters.to_string()),
            ),
            named(
                "physical address bits",
                known(info.physical_address_bits.unwrap_or(0).into()),
            ),
            named("GICD_IIDR", word(info.gic.iidr)),
            named("GICD_TYPER2", word(info.gic.typer2)),
            named("types of cores", self.cores.len().max(1).to_string()),
        ];
        let capabilities = capabilities(info.capabilities);
        facts.extend(capabilities.map(|(name, has)| {
            let has = if has { "yes" } else { "no" };
            named(name, has.to_owned())
        }));
        facts.extend(FirmwareRegister::ALL.map(|register| {
            let value = info.firmware.get(register);
            let value = value.map_or("unknown".to_owned(), |value| register.show(value));
            named(register.name(), value)
        }));
        facts.extend(self.other_bits());
        facts
    }

    /// The CPUs by implementation: `0x410fd0c1: 0-3`.
    fn cpus(&self) -> String {
        let mut by_midr: BTreeMap<Option<u64>, Vec<u32>> = BTreeMap::new();
        for cpu in &self.info.implementations {
            by_midr.entry(cpu.midr).or_default().push(cpu.cpu);
        }
        let shown = by_midr.iter().map(|(midr, cpus)| {
            let midr = midr.map_or("unknown".to_owned(), |midr| format!("{midr:#x}"));
            format!("{midr}: {}", cpu_list(cpus))
        });
        comma_list(&shown.collect::<Vec<_>>())
    }

    /// The bits of registers that no field has.
    fn other_bits(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.values.iter().map(|(register, value)| {
            let fields = register.fields();
            let known = fields.fold(0, |bits, field| bits | field.field.mask());
            let name = format!("{}, bits without a field", register.name);
            (name, Hex(value & !known).to_string())
        })
    }
}

/// The facts that differ; one that only one side has is empty on the other.
fn facts(older: &Host, newer: &Host) -> Vec<FactChange> {
    let mut new: BTreeMap<String, String> = newer.facts().into_iter().collect();
    let mut changes = Vec::new();
    for (name, old) in older.facts() {
        // A register that is gone shows in its fields.
        let Some(new) = new.remove(&name).filter(|new| *new != old) else {
            continue;
        };
        changes.push(FactChange { name, old, new });
    }
    changes
}

/// The capabilities by their names in host files.
fn capabilities(of: Capabilities) -> [(&'static str, bool); 8] {
    [
        ("writable_masks", of.writable_masks),
        (
            "writable_implementation_ids",
            of.writable_implementation_ids,
        ),
        ("sve", of.sve),
        ("pauth", of.pauth),
        ("pmu", of.pmu),
        ("mte", of.mte),
        ("el1_32bit", of.el1_32bit),
        ("el2", of.el2),
    ]
}

fn word(value: Option<u32>) -> String {
    value.map_or("unknown".to_owned(), |value| format!("{value:#010x}"))
}

fn known(number: u64) -> String {
    if number == 0 {
        "unknown".to_owned()
    } else {
        number.to_string()
    }
}
