//! Two hosts with different CPUs, and the guests that they run with the model in common.

use super::{DemoError, Row, table};
use idreg_runtime::fleet::{Comparison, Fleet, Policy, compare};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::number::Hex;
use idreg_runtime::regs::{DESCRIPTION, MpidrEl1};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

/// The part of the report of `vmm-demo run --json` that has the registers.
#[derive(Clone, Debug, Deserialize)]
pub struct GuestReport {
    /// The registers that the guest read, by name.
    pub guest: BTreeMap<String, Hex>,
}

/// Two hosts with different CPUs, compared.
#[derive(Debug)]
pub struct Pair<'a> {
    names: [&'a str; 2],
    hosts: [&'a Host; 2],
    comparison: Comparison,
    models: [CpuModel; 2],
}

impl<'a> Pair<'a> {
    /// Compares two hosts, given by their names.
    ///
    /// # Errors
    ///
    /// [`DemoError::NoModel`].
    pub fn new(names: [&'a str; 2], hosts: [&'a Host; 2]) -> Result<Self, DemoError> {
        let no_model = |reasons: &dyn Display| DemoError::NoModel {
            names: names.map(str::to_owned),
            reasons: reasons.to_string(),
        };
        let [a, b] = hosts;
        let policy = Policy::default();
        let comparison = compare(a, b, &policy).map_err(|error| no_model(&error))?;
        let mut fleet = Fleet::new();
        for (name, host) in names.into_iter().zip(hosts) {
            fleet.add(name, host).map_err(|error| no_model(&error))?;
        }
        let baseline = fleet.baseline(&policy).map_err(|error| no_model(&error))?;
        let [fit_a, fit_b] = baseline.fits() else {
            return Err(no_model(&"the hosts do not differ"));
        };
        Ok(Self {
            names,
            hosts,
            comparison,
            models: [fit_a, fit_b].map(|fit| fit.model().clone()),
        })
    }

    /// The model in common, in the form of each host.
    #[must_use]
    pub fn models(&self) -> &[CpuModel; 2] {
        &self.models
    }

    /// The reasons why a guest of each host does not fit the other, and the model in common.
    #[must_use]
    pub fn comparison(&self) -> String {
        let [a, b] = self.names;
        let (on_a, on_b) = (
            self.comparison.reasons_on_a(),
            self.comparison.reasons_on_b(),
        );
        let mut text = String::new();
        // Writing to a String cannot fail.
        for (guest, host, reasons) in [(a, b, on_b), (b, a, on_a)] {
            let reasons = reasons.map_or_else(|| "it fits".to_owned(), ToString::to_string);
            let _ = writeln!(text, "a guest of {guest} on {host}: {reasons}");
        }
        text += "\nthe model in common:\n";
        for (name, model) in self.names.iter().zip(&self.models) {
            let _ = writeln!(text, "  on {name}: --cpu {model}");
        }
        text
    }

    /// The registers in which the hosts or the guests differ, and the number of equal ones. True if
    /// the guests are equal.
    #[must_use]
    pub fn guests(&self, reports: [&GuestReport; 2]) -> (String, bool) {
        let [a, b] = self.names;
        let mut rows = vec![
            Row::of(["", "host", "", "guest", ""]),
            Row::of(["", a, b, a, b]),
        ];
        let (mut same, mut total) = (0, 0);
        let of_guests = DESCRIPTION.registers.iter();
        for register in of_guests.filter(|register| register.name != MpidrEl1::NAME) {
            let on_hosts = self.hosts.map(|host| host.values().get(register).map(Hex));
            let in_guests = reports.map(|report| report.guest.get(register.name).copied());
            if in_guests == [None, None] {
                continue;
            }
            total += 1;
            same += u32::from(in_guests[0] == in_guests[1]);
            if on_hosts[0] != on_hosts[1] || in_guests[0] != in_guests[1] {
                let show = |value: Option<Hex>| value.map_or_else(String::new, |it| it.to_string());
                let [a, b] = on_hosts.map(show);
                let [c, d] = in_guests.map(show);
                rows.push(Row::of([register.name, &a, &b, &c, &d]));
            }
        }
        let text = format!(
            "{}\nthe same in both guests: {same} of {total} registers, apart from MPIDR_EL1\n",
            table(&rows)
        );
        (text, same == total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idreg_runtime::plan::Plan;

    const NAMES: [&str; 2] = ["neoverse-n1", "cortex-a76"];

    fn hosts() -> [Host; 2] {
        let files = [
            include_str!("../../data/hosts/neoverse-n1-latest.json"),
            include_str!("../../data/hosts/cortex-a76-latest.json"),
        ];
        files.map(|file| serde_json::from_str(file).unwrap())
    }

    /// The report of a guest that sees what a plan promises.
    fn planned(host: &Host, model: &CpuModel) -> GuestReport {
        let seen = Plan::new(host, model).unwrap().in_guest();
        let guest = seen.iter();
        GuestReport {
            guest: guest
                .map(|(register, value)| (register.name.to_owned(), Hex(value)))
                .collect(),
        }
    }

    #[test]
    fn reasons_and_models_are_shown_for_both_directions() {
        let [a, b] = &hosts();
        let pair = Pair::new(NAMES, [a, b]).unwrap();
        let expected = "\
a guest of neoverse-n1 on cortex-a76: the guest cannot run on this host, for 2 reasons:
  SYSREG_ID_AA64PFR1_EL1_SSBS: the guest has 0x2 (SSBS2) and this host 0x1 (IMP), which allows \
0x0-0x1
  SYSREG_ID_AA64MMFR0_EL1_PARANGE: the guest has 0x5 (48) and this host 0x2 (40), which allows \
0x0-0x2
a guest of cortex-a76 on neoverse-n1: it fits

the model in common:
  on neoverse-n1: --cpu host,SYSREG_ID_AA64PFR1_EL1_SSBS=0x1,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x2
  on cortex-a76: --cpu host,midr=0x414fd0c1
";
        assert_eq!(pair.comparison(), expected);
    }

    #[test]
    fn registers_that_differ_are_shown_beside_those_of_the_guests() {
        let [a, b] = &hosts();
        let pair = Pair::new(NAMES, [a, b]).unwrap();
        let [model_a, model_b] = pair.models();
        let (on_a, mut on_b) = (planned(a, model_a), planned(b, model_b));
        let (text, equal) = pair.guests([&on_a, &on_b]);
        assert!(equal);
        let expected = "\
\x20                 host                                    guest
                  neoverse-n1         cortex-a76          neoverse-n1         cortex-a76
MIDR_EL1          0x00000000414fd0c1  0x00000000414fd0b1  0x00000000414fd0c1  0x00000000414fd0c1
ID_AA64PFR1_EL1   0x0000000000000020  0x0000000000000010  0x0000000000000010  0x0000000000000010
ID_AA64MMFR0_EL1  0x0000000000101125  0x0000000000101122  0x0000000000101122  0x0000000000101122

the same in both guests: 47 of 47 registers, apart from MPIDR_EL1
";
        assert_eq!(text, expected);

        on_b.guest.insert("ID_AA64ISAR0_EL1".to_owned(), Hex(0));
        let (text, equal) = pair.guests([&on_a, &on_b]);
        assert!(!equal);
        assert!(text.contains("\nID_AA64ISAR0_EL1 "), "{text}");
    }

    #[test]
    fn hosts_without_a_model_are_an_error_with_their_names() {
        let [n1, _] = &hosts();
        let v1 = include_str!("../../data/hosts/neoverse-v1-latest.json");
        let v1 = serde_json::from_str(v1).unwrap();
        let error = Pair::new(["neoverse-n1", "neoverse-v1"], [n1, &v1]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("neoverse-n1 and neoverse-v1: these hosts have no CPU"),
            "{text}"
        );
        assert!(text.contains("SYSREG_ID_AA64MMFR2_EL1_FWB"), "{text}");
    }
}
