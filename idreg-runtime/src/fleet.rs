//! Fleets: the CPU models that several hosts have in common.
//!
//! A host lets each field be one of a set of values. The model that all hosts of a fleet can give
//! is in the intersection of their sets, field by field. Hosts with the same sets are of one
//! [kind](Kind), and a fleet of any size has few kinds.
//!
//! ```
//! # let host = |file| serde_json::from_str::<idreg_runtime::Host>(file);
//! # let n1 = host(include_str!("../data/hosts/neoverse-n1-latest.json"))?;
//! # let a57 = host(include_str!("../data/hosts/cortex-a57-latest.json"))?;
//! use idreg_runtime::fleet::{Fleet, Policy};
//!
//! let mut fleet = Fleet::new();
//! fleet.add("a", &n1)?;
//! fleet.add("b", &n1)?;
//! assert_eq!(fleet.kinds().len(), 1);
//! let baseline = fleet.baseline(&Policy::default())?;
//! assert!(baseline.fits().iter().all(|fit| fit.model().to_string() == "host"));
//!
//! fleet.add("c", &a57)?;
//! let error = fleet.baseline(&Policy::default()).unwrap_err();
//! assert!(error.to_string().contains("SYSREG_ID_AA64MMFR1_EL1_VH"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod acceptance;
mod baseline;
mod compare;
mod consistent;
mod coverage;
mod draft;
#[cfg(feature = "serde")]
mod file;
mod fit;
mod guests;
mod kinds;
mod lowered;
mod machine;
mod names;
mod no_baseline;
mod options;
mod policy;
mod promise;
mod ranges;
mod remainder;

pub use self::acceptance::{AcceptanceSet, AcceptedValues};
pub use self::baseline::Baseline;
pub use self::compare::{Comparison, Difference, Relation, Verdict, compare};
pub use self::coverage::{Explanation, Step};
#[cfg(feature = "serde")]
pub use self::file::SCHEMA;
pub use self::fit::Fit;
pub use self::guests::{GUEST_LIMITS, Guest, GuestLimit, InvalidGuest, System};
pub use self::kinds::{Fleet, Kind, OtherDescription};
pub use self::lowered::LoweredModel;
pub use self::machine::{MachineDifference, MachineFact, Remedy};
pub use self::no_baseline::{Impossible, NoBaseline};
pub use self::policy::{MidrPolicy, Policy};
pub use self::promise::{ModelComparison, common_model, compare_models};
pub use self::ranges::Ranges;
