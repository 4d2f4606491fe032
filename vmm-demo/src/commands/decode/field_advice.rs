//! The cause of a difference in a field, and what would work.

use idreg_runtime::config::options::CpuOption;
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::{Audience, Owner, Safety};
use idreg_runtime::formats::diagnostic::{FieldReading, Judgement, KnownKernel};
use idreg_runtime::host::{Host, Obstacle};

/// The cause of a difference and what would work.
pub(super) struct FieldAdvice {
    pub(super) cause: String,
    /// The override with which a guest fits both sides, if there is one.
    pub(super) setting: Option<String>,
    /// Another way, if there is no override or it is not enough.
    pub(super) remedy: Option<String>,
}

impl FieldAdvice {
    fn setting(cause: impl Into<String>, setting: String) -> Self {
        Self {
            cause: cause.into(),
            setting: Some(setting),
            remedy: None,
        }
    }

    fn remedy(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            setting: None,
            remedy: Some(remedy.into()),
        }
    }
}

/// Explains why the wanted value does not replace the present one, on a host or in the newest known
/// kernel.
pub(super) fn of(reading: &FieldReading, host: Option<&Host>) -> Option<FieldAdvice> {
    let judgement = judgement(reading, host)?;
    let kernel = match host {
        Some(host) => format!("Linux {}", host.info().kernel_release),
        None => KnownKernel::Linux7_2.name().to_owned(),
    };
    let mut advice = match judgement.obstacle {
        Some(Obstacle::Owned(owner)) => owned(reading, owner, host),
        Some(Obstacle::Without(owner)) => without(owner, host),
        Some(obstacle) => of_obstacle(reading, obstacle, &kernel),
        None => FieldAdvice {
            cause: format!("KVM of {kernel} takes this value in a VM that has not run"),
            setting: None,
            remedy: None,
        },
    };
    let depends_on_kernel = !matches!(
        judgement.obstacle,
        Some(Obstacle::Owned(_) | Obstacle::Without(_) | Obstacle::ImplementationId)
    );
    if let Some(older) = judgement.fixed_until.filter(|_| depends_on_kernel) {
        let older = older.name();
        advice.cause = format!("{}; {older} does not let it be changed", advice.cause);
    }
    Some(advice)
}

/// KVM's rule for a field, in the newest known kernel.
pub(super) fn rule(field: RegisterField) -> String {
    let rule = field.field.rule();
    let newest = KnownKernel::Linux7_2;
    let kernel = newest.name();
    let accepted = match (rule.owner, rule.safety) {
        (Some(owner), _) => {
            return match (owner, owner.option()) {
                (_, Some(option)) => format!("the option {option} sets it"),
                (Owner::Topology, None) => "it is part of the vCPU's number".to_owned(),
                _ => "KVM sets it from the VM's interrupt controller".to_owned(),
            };
        }
        _ if !newest.can_write(field) => {
            return format!("KVM of {kernel} does not let it be changed");
        }
        (None, Safety::Lower | Safety::SignedLower) => "the host's value or a lower one",
        (None, Safety::Higher) => "the host's value or a higher one",
        (None, Safety::HigherOrZero) => "the host's value, a higher one or zero",
        (None, Safety::Exact { safe }) => {
            let shown = field.field.show(safe);
            return with_older(format!("KVM accepts the host's value or {shown}"), field);
        }
        (None, Safety::Any)
            if Judgement::of(field, 1, 0).obstacle == Some(Obstacle::ImplementationId) =>
        {
            "any value if the VMM enables KVM_CAP_ARM_WRITABLE_IMP_ID_REGS"
        }
        (None, Safety::Any) => "any value",
    };
    with_older(format!("KVM accepts {accepted}"), field)
}

/// Adds that the older known kernel does not let a field be changed.
fn with_older(rule: String, field: RegisterField) -> String {
    let older = KnownKernel::Linux6_12;
    if older.can_write(field) {
        return rule;
    }
    format!("{rule}; {} does not let it be changed", older.name())
}

/// KVM's judgement of a difference: that of a host, if there is one.
pub(super) fn judgement(reading: &FieldReading, host: Option<&Host>) -> Option<Judgement> {
    let without_host = reading.judgement()?;
    Some(match host.zip(reading.wanted) {
        Some((host, wanted)) => Judgement::on_host(host, reading.field, wanted),
        None => without_host,
    })
}

fn of_obstacle(reading: &FieldReading, obstacle: Obstacle, kernel: &str) -> FieldAdvice {
    let field = reading.field;
    let with = |value: u64| format!("{field}={value:#x}");
    let present = reading.present.unwrap_or_default();
    match obstacle {
        Obstacle::Above => FieldAdvice::setting(
            "above the present value, and KVM accepts lower values only",
            with(present),
        ),
        Obstacle::Below => FieldAdvice::setting(
            "below the present value, and KVM accepts higher values only",
            with(present),
        ),
        Obstacle::Inexact => {
            let safe = match field.field.rule().safety {
                Safety::Exact { safe } => safe,
                _ => present,
            };
            let shown = field.field.show(safe);
            FieldAdvice::setting(
                format!("KVM accepts the present value, or {shown}, which is safe on every host"),
                with(safe),
            )
        }
        Obstacle::Refused => {
            FieldAdvice::setting("KVM refuses this value on every host", with(present))
        }
        Obstacle::ImplementationId => FieldAdvice::remedy(
            "KVM changes the registers that identify the implementation only for a VMM that \
             enables KVM_CAP_ARM_WRITABLE_IMP_ID_REGS (Linux 6.15 and newer)",
            "use such a VMM, and set the register as a whole: midr=, revidr= or aidr=",
        ),
        Obstacle::Absent => FieldAdvice::remedy(
            "KVM of this host does not have the register",
            "move the guest to a host that has it: idreg where finds one",
        ),
        _ => fixed(reading, kernel),
    }
}

fn fixed(reading: &FieldReading, kernel: &str) -> FieldAdvice {
    let is_el2 = reading.field.field.rule().audience == Some(Audience::El2);
    FieldAdvice::remedy(
        format!("KVM of {kernel} does not let the field be changed"),
        if is_el2 {
            "a guest without EL2 has no use for it: idreg where --tolerate el2 lets it differ"
        } else {
            "move the guest to a host with the same value: idreg where finds one"
        },
    )
}

fn owned(reading: &FieldReading, owner: Owner, host: Option<&Host>) -> FieldAdvice {
    let Some(option) = owner.option() else {
        return match owner {
            Owner::Topology => FieldAdvice::remedy(
                "the field is part of the vCPU's number, which the VMM sets",
                "number the vCPUs alike on both hosts",
            ),
            _ => FieldAdvice::remedy(
                "KVM sets the field from the VM's interrupt controller",
                "give the VM the same version of the GIC on both hosts",
            ),
        };
    };
    let cause = format!("the option {option} sets the field");
    match (reading.wanted, reading.present) {
        (Some(0), _) => FieldAdvice::remedy(cause, format!("use {option}=off here")),
        (_, Some(0)) => switched_on(cause, owner, host),
        _ => FieldAdvice::setting(cause, format!("{option}=off")),
    }
}

fn without(owner: Owner, host: Option<&Host>) -> FieldAdvice {
    let option = owner.name();
    let cause = format!("the field reads as zero while the option {option} is off");
    switched_on(cause, owner, host)
}

/// The advice for a field that is zero here: the option is off, or the host does not have it.
fn switched_on(cause: String, owner: Owner, host: Option<&Host>) -> FieldAdvice {
    let option = owner.name();
    let capability = CpuOption::of(owner)
        .zip(host)
        .and_then(|(option, host)| option.capability(true, &host.info().capabilities));
    match capability {
        Some((name, false)) => FieldAdvice::setting(
            format!("{cause}, which this host's KVM does not support (no {name})"),
            format!("{option}=off"),
        ),
        _ => FieldAdvice::remedy(
            cause,
            format!("use {option}=on here, or start the guest with {option}=off"),
        ),
    }
}
