//! What `conformance` prints.

use super::disagreement::{Disagreement, Part};
use super::dual_vm::{Both, Shown};
use idreg_runtime::host::Host;
use idreg_runtime::number::Hex;
use idreg_runtime::vcpu::Errno;
use serde::Serialize;
use std::fmt;

/// How many disagreements are told of.
const EXAMPLES: usize = 10;

/// How many tries came out as foreseen.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The number of tries.
    pub tried: u64,
    agree: u64,
    /// The number of tries that came out otherwise than foreseen.
    pub disagree: u64,
    /// The first that did not.
    examples: Vec<Example>,
}

/// A try that came out otherwise than foreseen.
#[derive(Debug, Serialize)]
pub(super) struct Example {
    /// The number of the try, from 1.
    r#try: u64,
    part: Part,
    asked: Vec<String>,
    /// What KVM does otherwise than the plan says.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// The registers that were written, and those that the sides show differently.
    registers: Vec<Outcome>,
}

/// What both sides made of a register of one vCPU.
#[derive(Debug, Serialize)]
struct Outcome {
    vcpu: u16,
    register: &'static str,
    host: Option<Hex>,
    written: Option<Hex>,
    kernel: Answer,
    fake: Answer,
}

/// What one side made of it.
#[derive(Debug, PartialEq, Serialize)]
struct Answer {
    /// The refusal of the write.
    refused: Option<String>,
    /// What the register shows then.
    value: Option<Hex>,
}

impl Report {
    /// Counts a try, which came out as foreseen if there is no example.
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
        let registers = found.seen.shown.iter();
        let registers = registers.filter_map(|shown| outcome(host, found, shown));
        Self {
            r#try: number,
            part: found.part,
            asked: found.asked.lines(),
            plan: found.plan.clone(),
            registers: registers.collect(),
        }
    }
}

fn outcome(host: &Host, found: &Disagreement, shown: &Shown) -> Option<Outcome> {
    let mut written = found.seen.written.iter();
    let is_here = |vcpu: u16, index: usize| vcpu == shown.vcpu && index == shown.register.index;
    let written = written.find(|written| is_here(written.vcpu, written.write.register.index));
    if written.is_none() && shown.value.is_same() {
        return None;
    }
    let answered = written.map_or(
        Both {
            kernel: Ok(()),
            fake: Ok(()),
        },
        |written| written.answer,
    );
    Some(Outcome {
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
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tried,
            agree,
            disagree,
            examples,
        } = self;
        write!(
            f,
            "{tried} tries: {agree} as foreseen, {disagree} otherwise"
        )?;
        examples
            .iter()
            .try_for_each(|example| write!(f, "\n{example}"))
    }
}

/// Shows what was asked, and what came of it line by line.
impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            Part::BeforeRun => "before the guest ran",
            Part::Run => "when the guest ran",
            Part::AfterRun => "after the guest ran",
        };
        write!(f, "try {}, {part}: {}", self.r#try, self.asked.join(","))?;
        if let Some(plan) = &self.plan {
            write!(f, "\n  {plan}")?;
        }
        let mut registers = self.registers.iter();
        registers.try_for_each(|register| write!(f, "\n  {register}"))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vCPU {} {}", self.vcpu, self.register)?;
        if let Some(written) = self.written {
            write!(f, " = {written}")?;
        }
        if self.kernel == self.fake {
            return write!(f, ": {}", self.kernel);
        }
        write!(f, ": KVM {}, foreseen {}", self.kernel, self.fake)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(errno) = &self.refused {
            write!(f, "refuses with {errno} and ")?;
        }
        match self.value {
            Some(value) => write!(f, "shows {value}"),
            None => f.write_str("shows nothing"),
        }
    }
}
