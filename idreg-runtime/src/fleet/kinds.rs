//! Kinds: the hosts of a fleet, grouped by everything that decides a model.

use super::names::{self, LaterNames};
use crate::description::Description;
use crate::host::{Host, Implementation};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use std::collections::HashMap;
use std::hash::DefaultHasher;

/// The hosts for which a model is sought, by [kind](Kind).
///
/// Its memory grows with the number of kinds, and not with the number of hosts: of these it keeps
/// the first name of each kind and the first 16,384 of the others, in the order of names, and
/// counts the rest. A number after a last colon, that of a line, is ordered by its value.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    kinds: Vec<Kind>,
    /// The positions of the kinds, by a hash of their registers.
    positions: HashMap<u64, Vec<usize>>,
    names: LaterNames,
}

/// Hosts that a model cannot tell apart: the same registers, masks, options and facts.
#[derive(Clone, Debug)]
pub struct Kind {
    host: Host,
    /// In their order.
    names: Vec<String>,
    count: u64,
    weight: u64,
}

/// The error of a host whose registers come from another description than those of the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the host was read with another description of registers than the fleet's; read all hosts with \
     one description"
)]
pub struct OtherDescription;

impl Fleet {
    /// A fleet without hosts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a host with its name, and returns the position of its kind.
    ///
    /// # Errors
    ///
    /// [`OtherDescription`] if its registers cannot be compared with those of the others.
    pub fn add(
        &mut self,
        name: impl Into<String> + AsRef<str>,
        host: &Host,
    ) -> Result<usize, OtherDescription> {
        self.add_weighted(name, host, 1)
    }

    /// Adds a host like [`add`](Self::add), with a weight other than 1, such as the number of its
    /// guests.
    ///
    /// # Errors
    ///
    /// The error of [`add`](Self::add).
    pub fn add_weighted(
        &mut self,
        name: impl Into<String> + AsRef<str>,
        host: &Host,
        weight: u64,
    ) -> Result<usize, OtherDescription> {
        let position = self.place(host)?;
        self.count(position, 1, weight);
        self.keep(position, name);
        Ok(position)
    }

    /// Adds another host of a kind at this position, which [`add`](Self::add) has returned, with
    /// its weight.
    ///
    /// It does not look at registers, for hosts that are known to be equal by other means, such as
    /// the bytes of their files. A position without a kind is ignored.
    pub fn add_equal(
        &mut self,
        name: impl Into<String> + AsRef<str>,
        position: usize,
        weight: u64,
    ) {
        self.count(position, 1, weight);
        self.keep(position, name);
    }

    /// Adds all hosts of another fleet.
    ///
    /// # Errors
    ///
    /// [`OtherDescription`] if their registers cannot be compared with those here; the fleet is
    /// then as before.
    pub fn merge(&mut self, other: Self) -> Result<(), OtherDescription> {
        let description = self.description().or(other.description());
        if description.map(std::ptr::from_ref) != other.description().map(std::ptr::from_ref)
            && !other.kinds.is_empty()
        {
            return Err(OtherDescription);
        }
        for kind in other.kinds {
            self.add_kind(&kind.host, kind.names, kind.count, kind.weight)?;
        }
        Ok(())
    }

    /// Adds hosts of one kind.
    pub(super) fn add_kind(
        &mut self,
        host: &Host,
        names: Vec<String>,
        count: u64,
        weight: u64,
    ) -> Result<(), OtherDescription> {
        let position = self.place(host)?;
        self.count(position, count, weight);
        for name in names {
            self.keep(position, name);
        }
        Ok(())
    }

    /// The same fleet with its kinds in the order of their first names, and not in that in which
    /// hosts were added.
    #[must_use]
    pub fn in_order_of_names(&self) -> Self {
        Self::of_kinds(self.kinds_in_order_of_names())
    }

    pub(super) fn kinds_in_order_of_names(&self) -> Vec<&Kind> {
        let mut kinds: Vec<&Kind> = self.kinds.iter().collect();
        kinds.sort_by(|one, other| one.compare_names(other));
        kinds
    }

    /// The kinds, in the order in which their first hosts were added.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The number of hosts.
    #[must_use]
    pub fn host_count(&self) -> u64 {
        let counts = self.kinds.iter().map(|kind| kind.count);
        counts.fold(0, u64::saturating_add)
    }

    /// The sum of all hosts' weights.
    #[must_use]
    pub fn weight(&self) -> u64 {
        let weights = self.kinds.iter().map(|kind| kind.weight);
        weights.fold(0, u64::saturating_add)
    }

    /// The fleet without some of its kinds, given by their positions.
    #[must_use]
    pub fn without(&self, positions: &[usize]) -> Self {
        let kinds = self.kinds.iter().enumerate();
        let kinds = kinds.filter(|(position, _)| !positions.contains(position));
        Self::of_kinds(kinds.map(|(_, kind)| kind))
    }

    /// A fleet of kinds that differ.
    fn of_kinds<'k>(kinds: impl IntoIterator<Item = &'k Kind>) -> Self {
        let mut fleet = Self::new();
        for kind in kinds {
            let (key, position) = (key(&kind.host), fleet.kinds.len());
            fleet.positions.entry(key).or_default().push(position);
            for name in kind.names.iter().skip(1) {
                // They are no more than before.
                let _last = fleet.names.add(name.clone(), key, position);
            }
            fleet.kinds.push(kind.clone());
        }
        fleet
    }

    /// The description of the hosts' registers, or `None` without hosts.
    pub(super) fn description(&self) -> Option<&'static Description> {
        self.kinds.first().map(|kind| kind.host.description())
    }

    fn place(&mut self, host: &Host) -> Result<usize, OtherDescription> {
        let description = host.description();
        if self
            .description()
            .is_some_and(|own| !std::ptr::eq(own, description))
        {
            return Err(OtherDescription);
        }
        let key = key(host);
        let known = self.positions.entry(key).or_default();
        let is_equal = |position: &&usize| {
            let kind = self.kinds.get(**position);
            kind.is_some_and(|kind| is_same_kind(&kind.host, host))
        };
        if let Some(position) = known.iter().find(is_equal) {
            let position = *position;
            self.represent(position, host);
            return Ok(position);
        }
        known.push(self.kinds.len());
        self.kinds.push(Kind {
            host: with_distinct_implementations(host),
            names: Vec::new(),
            count: 0,
            weight: 0,
        });
        Ok(self.kinds.len() - 1)
    }

    /// Replaces the host of a kind if another one is first in an order of its own, so that the
    /// order in which hosts are added does not decide.
    fn represent(&mut self, position: usize, host: &Host) {
        let kind = self.kinds.get_mut(position);
        if let Some(kind) = kind.filter(|kind| compare_rest(host, &kind.host).is_lt()) {
            kind.host = with_distinct_implementations(host);
        }
    }

    fn count(&mut self, position: usize, hosts: u64, weight: u64) {
        if let Some(kind) = self.kinds.get_mut(position) {
            kind.count = kind.count.saturating_add(hosts);
            kind.weight = kind.weight.saturating_add(weight);
        }
    }

    /// Keeps the name of a host of a kind, if it is the kind's first or one of the first others.
    fn keep(&mut self, position: usize, name: impl Into<String> + AsRef<str>) {
        let Some(kind) = self.kinds.get_mut(position) else {
            return;
        };
        let is_before = |other: &String| names::compare(name.as_ref(), other).is_lt();
        let is_first = kind.names.first().is_none_or(is_before);
        if !is_first && !self.names.have_room_for(name.as_ref()) {
            return;
        }
        let place = kind.names.partition_point(|other| !is_before(other));
        kind.names.insert(place, name.into());
        // The first name is not among the later ones.
        let later = kind.names.get(place.max(1)).cloned();
        let key = key(&kind.host);
        let without = later.and_then(|later| self.names.add(later, key, position));
        if let Some(kind) = without.and_then(|position| self.kinds.get_mut(position)) {
            kind.names.pop();
        }
    }
}

impl Kind {
    /// A host of the kind. Of CPUs with equal implementations it has only the first.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The names of its hosts in their order, as far as the fleet keeps them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of its hosts.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of its hosts' weights: their number, unless they were added with weights.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    fn compare_names(&self, other: &Self) -> Ordering {
        let [one, two] = [self, other].map(|kind| kind.names.first().map_or("", String::as_str));
        // Kinds of one name differ in what the debug text has.
        names::compare(one, two)
            .then_with(|| format!("{:?}", self.host).cmp(&format!("{:?}", other.host)))
    }
}

/// Shows the name of the only host, or that of the first and the number of the others.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.names.first().map_or("a host", String::as_str);
        match self.count.saturating_sub(1) {
            0 => f.write_str(first),
            more => write!(f, "{first} and {more} more"),
        }
    }
}

/// A hash of what differs most between kinds.
fn key(host: &Host) -> u64 {
    let mut hasher = DefaultHasher::new();
    (host.values().words(), host.masks().words()).hash(&mut hasher);
    hasher.finish()
}

/// Compares everything but the names of kernels and the numbers of CPUs.
fn is_same_kind(kind: &Host, host: &Host) -> bool {
    let (one, other) = (kind.info(), host.info());
    kind.values() == host.values()
        && kind.masks() == host.masks()
        && one.capabilities == other.capabilities
        && one.vcpu == other.vcpu
        && one.timer_frequency == other.timer_frequency
        && one.sve_vector_lengths == other.sve_vector_lengths
        && one.pmu_counters == other.pmu_counters
        && one.physical_address_bits == other.physical_address_bits
        && one.firmware == other.firmware
        && kind.cores() == host.cores()
        && distinct(host).into_iter().eq(&one.implementations)
}

/// The first CPU of each implementation.
fn distinct(host: &Host) -> Vec<&Implementation> {
    let mut distinct: Vec<&Implementation> = Vec::new();
    for cpu in &host.info().implementations {
        let is_same = |other: &&Implementation| {
            (other.midr, other.revidr, other.aidr) == (cpu.midr, cpu.revidr, cpu.aidr)
        };
        if !distinct.iter().any(is_same) {
            distinct.push(cpu);
        }
    }
    distinct
}

fn with_distinct_implementations(host: &Host) -> Host {
    let implementations = distinct(host).into_iter().cloned().collect();
    host.clone().with_implementations(implementations)
}

/// Compares facts that may differ between the hosts of a kind.
fn compare_rest(one: &Host, other: &Host) -> Ordering {
    let facts = |host: &Host| {
        let gic = host.info().gic;
        (gic.iidr, gic.typer2)
    };
    let releases = [one, other].map(|host| host.info().kernel_release.as_str());
    let [release, other_release] = releases;
    release
        .cmp(other_release)
        .then_with(|| facts(one).cmp(&facts(other)))
}
