//! The rounds, the library and the ioctls by hand in turn.

use super::raw::{Ioctls, RawError};
use super::report::{Ioctls as Counted, Phases, Report, micros, ratio};
use super::trace::Trace;
use idreg_runtime::host::Host;
use idreg_runtime::kvm::{self, KvmVcpu};
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use kvm_ioctls::Kvm;
use std::hint::black_box;
use std::time::{Duration, Instant};
use vmm_demo::machine::Machine;
use vmm_demo::output::failure::Failure;

/// How long the phases of a round took.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    /// Reading the host, with a VM for it from creation to close.
    probe: Duration,
    plan: Duration,
    /// Making the VM that gets the plan.
    make: Duration,
    apply: Duration,
    /// Reading files of the machine; the library does that in `probe`.
    files: Duration,
    /// All of it. Closing the VM that got the plan is a guest's end, and not in it.
    total: Duration,
}

/// The parts of [`Times`] in order.
const PARTS: [fn(&Times) -> Duration; 6] = [
    |times| times.probe,
    |times| times.plan,
    |times| times.make,
    |times| times.apply,
    |times| times.files,
    |times| times.total,
];

pub(super) fn measure(machine: &Machine, model: &CpuModel, rounds: u32) -> Result<Report, Failure> {
    let plan = Plan::new(machine.host(), model)?;
    let raw = Ioctls::new(machine.kvm(), machine.host(), &plan);
    let rounds = rounds.max(1);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // What runs second finds warmer caches, so that both are second half of the time.
        if round % 2 == 0 {
            with.push(library(machine, model)?);
            without.push(by_hand(&raw).map_err(Failure::other)?);
        } else {
            without.push(by_hand(&raw).map_err(Failure::other)?);
            with.push(library(machine, model)?);
        }
    }
    let (with, without) = (medians(&with), medians(&without));
    Ok(Report {
        cpu: model.to_string(),
        rounds,
        library_us: micros(with.total),
        raw_us: micros(without.total),
        ratio: ratio(with.total, without.total),
        ratio_to_ioctls: ratio(with.total, without.total.saturating_sub(without.files)),
        phases: Phases::new(
            [with.probe, with.plan, with.make, with.apply],
            [without.probe, without.files, without.make, without.apply],
        ),
        ioctls: count(machine, model, &raw)?,
    })
}

/// Reads the host, plans, makes a vCPU and applies.
fn library(machine: &Machine, model: &CpuModel) -> Result<Times, Failure> {
    let config = machine.host().info().vcpu;
    let kvm = machine.kvm();
    let start = Instant::now();
    let host = kvm::read_host(kvm, config).map_err(Failure::other)?;
    let probed = Instant::now();
    let plan = Plan::new(&host, model)?;
    let planned = Instant::now();
    let (make, apply) = apply(kvm, &host, &plan)?;
    let (probe, plan) = (probed - start, planned - probed);
    Ok(Times {
        probe,
        plan,
        make,
        apply,
        files: Duration::ZERO,
        total: probe + plan + make + apply,
    })
}

/// How long making a VM and applying the plan to its vCPU take.
fn apply(kvm: &Kvm, host: &Host, plan: &Plan) -> Result<(Duration, Duration), Failure> {
    let config = plan.config();
    let start = Instant::now();
    let vm = kvm::create_vm_with(kvm, config, &host.info().capabilities).map_err(Failure::other)?;
    let vcpu = kvm::create_vcpu(&vm, 0).map_err(Failure::other)?;
    kvm::init_vcpu(&vm, &vcpu, config, false).map_err(Failure::other)?;
    let gic = config.gic.map(|gic| kvm::create_gic(&vm, gic)).transpose();
    let _gic = gic.map_err(Failure::other)?;
    let made = Instant::now();
    black_box(plan.apply(&KvmVcpu::new(&vcpu))?);
    Ok((made - start, made.elapsed()))
}

fn by_hand(raw: &Ioctls<'_>) -> Result<Times, RawError> {
    let start = Instant::now();
    black_box(raw.probe()?);
    let asked = Instant::now();
    black_box(raw.files()?);
    let probed = Instant::now();
    let vm = raw.make()?;
    let made = Instant::now();
    black_box(raw.apply(&vm)?);
    let applied = Instant::now();
    Ok(Times {
        probe: asked - start,
        files: probed - asked,
        plan: Duration::ZERO,
        make: made - probed,
        apply: applied - made,
        total: applied - start,
    })
}

fn medians(rounds: &[Times]) -> Times {
    let of = |part: fn(&Times) -> Duration| median(rounds.iter().map(part).collect());
    let [probe, plan, make, apply, files, total] = PARTS.map(of);
    Times {
        probe,
        plan,
        make,
        apply,
        files,
        total,
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Counts the ioctls of one more round of each; nothing where the kernel's tracing cannot be used.
fn count(
    machine: &Machine,
    model: &CpuModel,
    raw: &Ioctls<'_>,
) -> Result<Option<Counted>, Failure> {
    let Ok(trace) = Trace::new() else {
        return Ok(None);
    };
    let (result, with) = trace
        .counts(|| library(machine, model))
        .map_err(Failure::other)?;
    result?;
    let (result, without) = trace.counts(|| by_hand(raw)).map_err(Failure::other)?;
    result.map_err(Failure::other)?;
    Ok(Some(Counted::new(&with, &without)))
}
