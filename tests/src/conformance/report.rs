//! The report of `conformance`.

use super::disagreement::{Disagreement, Part};
use super::dual_vm::{Outcome, ReadResult};
use idreg_runtime::host::Host;
use idreg_runtime::number::Hex;
use idreg_runtime::vcpu::Errno;
use serde::Serialize;
use std::fmt;

/// The largest number of disagreements in a report.
const EXAMPLES: usize = 10;

/// Counts of tries as predicted and of those that differ.
#[derive(Debug, Default, Serialize)]
pub struct ConformanceReport {
    /// The number of tries.
    pub tried: u64,
    agree: u64,
    /// The number of tries that differ from the prediction.
    pub disagree: u64,
    /// The first tries that differ.
    examples: Vec<Example>,
}

/// A try that differs from the prediction.
#[derive(Debug, Serialize)]
pub(super) struct Example {
    /// The number of the try, from 1.
    r#try: u64,
    part: Part,
    asked: Vec<String>,
    /// The difference from the plan, or `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// The written registers, and those whose values differ between the sides.
    registers: Vec<RegisterResult>,
}

/// The results of both sides for a register of one vCPU.
#[derive(Debug, Serialize)]
struct RegisterResult {
    vcpu: u16,
    register: &'static str,
    host: Option<Hex>,
    written: Option<Hex>,
    kernel: Answer,
    fake: Answer,
}

/// The result of one side for a register.
#[derive(Debug, PartialEq, Serialize)]
struct Answer {
    /// The error of the write, or `None`.
    refused: Option<String>,
    /// The register's value after the write, or `None` if it cannot be read.
    value: Option<Hex>,
}

impl ConformanceReport {
    /// Counts a try; one without an example is as predicted.
    pub(super) fn count(&mut self, example: Option<Example>) {
        self.tried += 1;
        match example {
            None => self.agree += 1,
            Some(example) => {
                self.disagree += 1;
                if self.examples.len() < EXAMPLES {
                    self.examples.push(example);
                }
            }
        }
    }
}

impl Example {
    pub(super) fn new(number: u64, host: &Host, found: &Disagreement) -> Self {
        let registers = found.observed.shown.iter();
        let registers = registers.filter_map(|shown| register_result(host, found, shown));
        Self {
            r#try: number,
            part: found.part,
            asked: found.case.lines(),
            plan: found.plan.clone(),
            registers: registers.collect(),
        }
    }
}

fn register_result(
    host: &Host,
    found: &Disagreement,
    shown: &ReadResult,
) -> Option<RegisterResult> {
    let mut written = found.observed.written.iter();
    let is_here = |vcpu: u16, index: usize| vcpu == shown.vcpu && index == shown.register.index;
    let written = written.find(|written| is_here(written.vcpu, written.write.register.index));
    if written.is_none() && shown.value.is_same() {
        return None;
    }
    let answered = written.map_or(
        Outcome {
            kernel: Ok(()),
            fake: Ok(()),
        },
        |written| written.answer,
    );
    Some(RegisterResult {
        vcpu: shown.vcpu,
        register: shown.register.name,
        host: host.values().get(shown.register).map(Hex),
        written: written.map(|written| Hex(written.write.value)),
        kernel: Answer::new(answered.kernel, shown.value.kernel),
        fake: Answer::new(answered.fake, shown.value.fake),
    })
}

impl Answer {
    fn new(written: Result<(), Errno>, shown: Result<u64, Errno>) -> Self {
        Self {
            refused: written.err().map(|errno| errno.to_string()),
            value: shown.ok().map(Hex),
        }
    }
}

/// Shows the count, and the examples below it.
impl fmt::Display for ConformanceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tried,
            agree,
            disagree,
            examples,
        } = self;
        write!(
            f,
            "{tried} tries: {agree} as predicted, {disagree} different"
        )?;
        examples
            .iter()
            .try_for_each(|example| write!(f, "\n{example}"))
    }
}

/// Shows the overrides, and one line for each register.
impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            Part::BeforeRun => "before the guest's first run",
            Part::Run => "at the guest's first run",
            Part::AfterRun => "after the guest's first run",
        };
        write!(f, "try {}, {part}: {}", self.r#try, self.asked.join(","))?;
        if let Some(plan) = &self.plan {
            write!(f, "\n  {plan}")?;
        }
        let mut registers = self.registers.iter();
        registers.try_for_each(|register| write!(f, "\n  {register}"))
    }
}

impl fmt::Display for RegisterResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vCPU {} {}", self.vcpu, self.register)?;
        if let Some(written) = self.written {
            write!(f, " = {written}")?;
        }
        if self.kernel == self.fake {
            return write!(f, ": {}", self.kernel);
        }
        write!(f, ": KVM {}, predicted {}", self.kernel, self.fake)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(errno) = &self.refused {
            write!(f, "rejects the write with {errno} and ")?;
        }
        match self.value {
            Some(value) => write!(f, "shows {value}"),
            None => f.write_str("shows no value"),
        }
    }
}
