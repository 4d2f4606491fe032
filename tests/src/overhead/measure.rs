//! Rounds that alternate between the library and the bare ioctls.

use super::raw::{RawError, RawIoctls};
use super::report::{IoctlCounts, OverheadReport, Phases, micros, ratio};
use super::trace::Trace;
use idreg_runtime::host::Host;
use idreg_runtime::kvm::{self, OneReg};
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use kvm_ioctls::Kvm;
use std::hint::black_box;
use std::time::{Duration, Instant};
use vmm_demo::machine::Machine;
use vmm_demo::output::failure::Failure;

/// Durations of the phases of a round.
#[derive(Clone, Copy, Debug, Default)]
struct PhaseTimes {
    /// Reading the host, including a VM for it from creation to close.
    probe: Duration,
    plan: Duration,
    /// Creating the VM to which the plan is applied.
    create: Duration,
    apply: Duration,
    /// Reading files about the machine; the library does that in `probe`.
    files: Duration,
    /// All phases. Closing the VM with the plan belongs to a guest's end and is not included.
    total: Duration,
}

/// The parts of [`PhaseTimes`] in order.
const PARTS: [fn(&PhaseTimes) -> Duration; 6] = [
    |times| times.probe,
    |times| times.plan,
    |times| times.create,
    |times| times.apply,
    |times| times.files,
    |times| times.total,
];

pub(super) fn measure(
    machine: &Machine,
    model: &CpuModel,
    rounds: u32,
) -> Result<OverheadReport, Failure> {
    let plan = Plan::new(machine.host(), model)?;
    let raw = RawIoctls::new(machine.kvm(), machine.host(), &plan);
    let rounds = rounds.max(1);
    let (mut library_rounds, mut raw_rounds) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // The second one finds warmer caches, so each is second in half of the rounds.
        if round % 2 == 0 {
            library_rounds.push(library(machine, model)?);
            raw_rounds.push(bare(&raw).map_err(Failure::other)?);
        } else {
            raw_rounds.push(bare(&raw).map_err(Failure::other)?);
            library_rounds.push(library(machine, model)?);
        }
    }
    let (with, without) = (medians(&library_rounds), medians(&raw_rounds));
    Ok(OverheadReport {
        cpu: model.to_string(),
        rounds,
        library_us: micros(with.total),
        raw_us: micros(without.total),
        ratio: ratio(with.total, without.total),
        ratio_to_ioctls: ratio(with.total, without.total.saturating_sub(without.files)),
        phases: Phases::new(
            [with.probe, with.plan, with.create, with.apply],
            [without.probe, without.files, without.create, without.apply],
        ),
        ioctls: count(machine, model, &raw)?,
    })
}

/// Reads the host, plans, creates a vCPU and applies the plan.
fn library(machine: &Machine, model: &CpuModel) -> Result<PhaseTimes, Failure> {
    let config = machine.host().info().vcpu;
    let kvm = machine.kvm();
    let start = Instant::now();
    let host = kvm::read_host(kvm, config).map_err(Failure::other)?;
    let probed = Instant::now();
    let plan = Plan::new(&host, model)?;
    let planned = Instant::now();
    let (create, apply) = apply(kvm, &host, &plan)?;
    let (probe, plan) = (probed - start, planned - probed);
    Ok(PhaseTimes {
        probe,
        plan,
        create,
        apply,
        files: Duration::ZERO,
        total: probe + plan + create + apply,
    })
}

/// Durations of creating a VM and of applying the plan to its vCPU.
fn apply(kvm: &Kvm, host: &Host, plan: &Plan) -> Result<(Duration, Duration), Failure> {
    let config = plan.config();
    let start = Instant::now();
    let address_bits = kvm::physical_address_bits(kvm);
    let vm = kvm::create_vm_with(kvm, config, &host.info().capabilities, address_bits)
        .map_err(Failure::other)?;
    let vcpu = kvm::create_vcpu(&vm, 0).map_err(Failure::other)?;
    kvm::init_vcpu(&vm, &vcpu, config, false).map_err(Failure::other)?;
    let gic = config.gic.map(|gic| kvm::create_gic(&vm, gic)).transpose();
    let _gic = gic.map_err(Failure::other)?;
    let created = Instant::now();
    black_box(plan.apply(&OneReg::new(&vcpu))?);
    Ok((created - start, created.elapsed()))
}

fn bare(raw: &RawIoctls<'_>) -> Result<PhaseTimes, RawError> {
    let start = Instant::now();
    black_box(raw.probe()?);
    let ioctls_done = Instant::now();
    black_box(raw.files()?);
    let probed = Instant::now();
    let vm = raw.create()?;
    let created = Instant::now();
    black_box(raw.apply(&vm)?);
    let applied = Instant::now();
    Ok(PhaseTimes {
        probe: ioctls_done - start,
        files: probed - ioctls_done,
        plan: Duration::ZERO,
        create: created - probed,
        apply: applied - created,
        total: applied - start,
    })
}

fn medians(rounds: &[PhaseTimes]) -> PhaseTimes {
    let of = |part: fn(&PhaseTimes) -> Duration| median(rounds.iter().map(part).collect());
    let [probe, plan, create, apply, files, total] = PARTS.map(of);
    PhaseTimes {
        probe,
        plan,
        create,
        apply,
        files,
        total,
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Counts the ioctls of one further round of each; `None` if the kernel's tracing is not available.
fn count(
    machine: &Machine,
    model: &CpuModel,
    raw: &RawIoctls<'_>,
) -> Result<Option<IoctlCounts>, Failure> {
    let Ok(trace) = Trace::new() else {
        return Ok(None);
    };
    let (result, with) = trace
        .counts(|| library(machine, model))
        .map_err(Failure::other)?;
    result?;
    let (result, without) = trace.counts(|| bare(raw)).map_err(Failure::other)?;
    result.map_err(Failure::other)?;
    Ok(Some(IoctlCounts::new(&with, &without)))
}
