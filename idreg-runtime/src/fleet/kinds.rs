//! Kinds: the hosts of a fleet, grouped by everything that decides a model.

use crate::description::Description;
use crate::host::{Host, Implementation};
use core::fmt;
use core::hash::{Hash, Hasher};
use std::collections::HashMap;
use std::hash::DefaultHasher;

/// The maximum number of names that a fleet keeps of its hosts.
const KEPT_NAMES: usize = 1 << 14;

/// The hosts for which a model is sought, by [kind](Kind).
///
/// Its memory grows with the number of kinds, and not with the number of hosts: of these it keeps
/// the first 16,384 names and counts the rest.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    kinds: Vec<Kind>,
    /// The positions of the kinds, by a hash of their registers.
    positions: HashMap<u64, Vec<usize>>,
    names: usize,
}

/// Hosts that a model cannot tell apart: the same registers, masks, options and facts.
#[derive(Clone, Debug)]
pub struct Kind {
    host: Host,
    names: Vec<String>,
    count: u64,
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
    pub fn add(&mut self, name: impl Into<String>, host: &Host) -> Result<usize, OtherDescription> {
        let position = self.place(host)?;
        self.count(position, Some(name.into()), 1);
        Ok(position)
    }

    /// Adds another host of a kind at this position, which [`add`](Self::add) has returned.
    ///
    /// It does not look at registers, for hosts that are known to be equal by other means, such as
    /// the bytes of their files. A position without a kind is ignored.
    pub fn add_equal(&mut self, name: impl Into<String>, position: usize) {
        self.count(position, Some(name.into()), 1);
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
            let position = self.place(&kind.host)?;
            let unnamed = kind.count - kind.names.len() as u64;
            for name in kind.names {
                self.count(position, Some(name), 1);
            }
            self.count(position, None, unnamed);
        }
        Ok(())
    }

    /// The kinds, in the order in which their first hosts were added.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The number of hosts.
    #[must_use]
    pub fn host_count(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.count).sum()
    }

    /// The fleet without some of its kinds, given by their positions.
    #[must_use]
    pub fn without(&self, positions: &[usize]) -> Self {
        let mut rest = Self::new();
        for (position, kind) in self.kinds.iter().enumerate() {
            if !positions.contains(&position) {
                rest.positions
                    .entry(key(&kind.host))
                    .or_default()
                    .push(rest.kinds.len());
                rest.names += kind.names.len();
                rest.kinds.push(kind.clone());
            }
        }
        rest
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
            return Ok(*position);
        }
        known.push(self.kinds.len());
        self.kinds.push(Kind {
            host: host
                .clone()
                .with_implementations(distinct(host).into_iter().cloned().collect()),
            names: Vec::new(),
            count: 0,
        });
        Ok(self.kinds.len() - 1)
    }

    fn count(&mut self, position: usize, name: Option<String>, hosts: u64) {
        let Some(kind) = self.kinds.get_mut(position) else {
            return;
        };
        kind.count += hosts;
        if let Some(name) = name.filter(|_| self.names < KEPT_NAMES) {
            kind.names.push(name);
            self.names += 1;
        }
    }
}

impl Kind {
    /// A host of the kind. Of CPUs with equal implementations it has only the first.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The names of its hosts, as far as the fleet keeps them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of its hosts.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
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
