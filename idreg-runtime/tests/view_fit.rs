//! Views on hosts: the plan for a guest that comes from elsewhere, and every reason why there is
//! none.

mod hosts;

use hosts::{MAX_6_1, MAX_6_12, MAX_7_2, edited, host};
use idreg_runtime::config::Gic;
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::fake::FakeVm;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::{Plan, Warning};
use idreg_runtime::register::{FieldValue, RegisterValue};
use idreg_runtime::regs::id_aa64isar0_el1::{Aes, Dp};
use idreg_runtime::regs::id_aa64isar1_el1::Api;
use idreg_runtime::regs::id_aa64pfr0_el1;
use idreg_runtime::regs::id_aa64pfr1_el1::{Mte, Ssbs};
use idreg_runtime::regs::{ClidrEl1, CtrEl0, DESCRIPTION, IdAa64isar0El1, MpidrEl1, SmidrEl1};
use idreg_runtime::vcpu::VcpuRegs;
use idreg_runtime::view::{Incompatible, VcpuReading, View, ViewInfo};
use std::error::Error;

const FIRMWARE: &str = r#"{
    "KVM_REG_ARM_PSCI_VERSION": "0x10001",
    "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1": "0x1",
    "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2": "0x0",
    "KVM_REG_ARM_STD_BMAP": "0x1",
    "KVM_REG_ARM_VENDOR_HYP_BMAP_2": "0x0"
}"#;

/// The file of a host that tells everything that a view is compared with.
fn complete() -> String {
    let members = format!("{{\"physical_address_bits\": 40, \"firmware\": {FIRMWARE},");
    MAX_7_2.replacen('{', &members, 1)
}

/// The view of a guest with two vCPUs that has run.
fn view_of(host: &Host, model: &str) -> Result<View, Box<dyn Error>> {
    let plan = Plan::new(host, &model.parse()?)?;
    view_with(host, &plan)
}

fn view_with(host: &Host, plan: &Plan) -> Result<View, Box<dyn Error>> {
    let vm = FakeVm::new(&host.reconfigured(plan.config())?);
    let vcpus = [vm.vcpu(0), vm.vcpu(1)];
    for vcpu in &vcpus {
        plan.apply(vcpu)?;
    }
    vm.run();
    let mut info = ViewInfo::of(plan, host);
    info.physical_address_bits = host.info().physical_address_bits;
    Ok(View::read(info, &vcpus)?)
}

/// The view of a guest on the complete host, changed.
fn changed(change: impl Fn(&mut ViewInfo, &mut Vec<VcpuReading>)) -> View {
    let view = view_of(&host(&complete()), "host").expect("a view");
    let mut info = view.info().clone();
    let mut vcpus: Vec<VcpuReading> = (0..2).filter_map(|number| view.vcpu(number)).collect();
    change(&mut info, &mut vcpus);
    View::new(info, vcpus).expect("a view that a VM can have")
}

fn all_vcpus(vcpus: &mut [VcpuReading], change: impl Fn(&mut VcpuReading)) {
    vcpus.iter_mut().for_each(change);
}

fn refused(host: &Host, view: &View) -> Incompatible {
    Plan::for_view(host, view).expect_err("a guest that cannot run there")
}

/// The names and messages of the reasons why a guest cannot run on the complete host.
fn reasons(view: &View) -> Vec<(&'static str, String)> {
    let error = refused(&host(&complete()), view);
    let reasons = error.reasons.iter();
    reasons
        .map(|reason| (reason.name(), reason.to_string()))
        .collect()
}

fn check(view: &View, expected: &[(&str, &str)]) {
    let reasons = reasons(view);
    let reasons: Vec<(&str, &str)> = reasons
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    assert_eq!(reasons, expected);
}

fn warnings(plan: &Plan) -> Vec<String> {
    plan.warnings().iter().map(Warning::to_string).collect()
}

#[test]
fn plan_expects_the_values_of_the_view() {
    let host = host(&complete());
    let view = view_of(&host, "host,FEAT_DotProd=off,sve256=on,pmu=off").unwrap();
    let plan = Plan::for_view(&host, &view).unwrap();
    assert_eq!(
        plan.expected().get_as(),
        view.common().get_as::<IdAa64isar0El1>()
    );
    assert_eq!(plan.config(), view.info().vcpu);
    assert_eq!(plan.model(), &view.info().model);
    assert_eq!(warnings(&plan), [] as [&str; 0]);
    let field = DESCRIPTION.property(Dp::PROPERTY).unwrap();
    let change = plan
        .changes()
        .iter()
        .find(|change| change.field == field)
        .unwrap();
    assert_eq!((change.old, change.new), (1, 0));
    let vm = FakeVm::new(&host.reconfigured(plan.config()).unwrap());
    plan.apply(&vm.vcpu(3)).unwrap();
    vm.run();
    plan.verify(&vm.vcpu(3)).unwrap();
}

/// A guest fits the host that it comes from, with the writes of its plan.
#[test]
fn view_of_any_plan_fits_the_same_host() {
    let mut random = fastrand::Rng::with_seed(13);
    let mut changed = 0;
    for file in [&complete(), MAX_7_2, MAX_6_12, MAX_6_1] {
        let host = host(file);
        for _ in 0..50 {
            let model = random_model(&host, &mut random);
            // Values can contradict each other, such as cache levels that imply CTR_EL0.IDC.
            let Ok(plan) = Plan::new(&host, &model) else {
                continue;
            };
            let view = view_with(&host, &plan).unwrap();
            let file = serde_json::to_string(&view).unwrap();
            assert_eq!(
                serde_json::from_str::<View>(&file).unwrap(),
                view,
                "{model}"
            );
            let again = match Plan::for_view(&host, &view) {
                Ok(again) => again,
                Err(error) => panic!("{model}\n{error}"),
            };
            assert_eq!(again.config(), plan.config(), "{model}");
            assert_eq!(again.in_guest(), plan.in_guest(), "{model}");
            let writes = |plan: &Plan| -> Vec<(&str, u64)> {
                let writes = plan.writes().iter();
                writes
                    .map(|write| (write.register.name, write.new))
                    .collect()
            };
            assert_eq!(writes(&again), writes(&plan), "{model}");
            changed += plan.changes().len();
        }
    }
    assert!(changed > 1000, "{changed}");
}

/// A model with some allowed values of some fields, and some options off.
fn random_model(host: &Host, random: &mut fastrand::Rng) -> CpuModel {
    let mut model = CpuModel::host();
    for option in ["sve", "pauth", "pmu"] {
        if random.u8(0..4) == 0 {
            model.switch(option, false);
        }
    }
    let fields: Vec<RegisterField> = host.description().fields().collect();
    for field in fields {
        if host.why_fixed(field).is_some() || random.u8(0..5) != 0 {
            continue;
        }
        let allowed = host.allowed(field);
        let Some(ValueRange { first, last }) = random.choice(allowed) else {
            continue;
        };
        model.set_field(field, random.u64(first..=last));
    }
    model
}

#[test]
fn every_reason_is_given_in_order() {
    let view = changed(|info, vcpus| {
        info.timer_frequency += 1;
        info.physical_address_bits = Some(48);
        info.vcpu.mte = true;
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(Aes::new(3).expect("four bits"));
        });
    });
    let error = refused(&host(&complete()), &view);
    assert_eq!(
        error.to_string(),
        "the guest cannot run on this host, for 4 reasons:\n  \
         mte=on: the guest's vCPUs have it, and this host's KVM does not support it (no \
         KVM_CAP_ARM_MTE)\n  \
         SYSREG_ID_AA64ISAR0_EL1_AES: the guest has 0x3 and this host 0x2 (PMULL), which allows \
         0x0-0x2\n  \
         the guest's timer counts at 1000000001 Hz and this host's at 1000000000 Hz, which no VMM \
         can change\n  \
         the guest's physical addresses have 48 bits, and a VM of this host at most 40"
    );
    assert_eq!(error.reasons[1].field(), Some(Aes::FIELD));
    assert_eq!(error.reasons[0].field(), None);
}

#[test]
fn fewer_address_bits_fit() {
    let view = changed(|info, _| info.physical_address_bits = Some(36));
    assert!(Plan::for_view(&host(&complete()), &view).is_ok());
}

#[test]
fn fixed_field_names_the_kernel() {
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(id_aa64pfr0_el1::Fp::IMP);
        });
    });
    check(
        &view,
        &[(
            "not-writable",
            "SYSREG_ID_AA64PFR0_EL1_FP: the guest has 0x0 (IMP) and this host 0x1 (FP16), whose \
             kernel 7.2.12+deb14-cloud-arm64 does not allow changes of ID_AA64PFR0_EL1.FP",
        )],
    );
}

/// Two CPUs with pointer authentication of another level.
#[test]
fn owned_field_can_differ_with_the_same_option() {
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(Api::new(1).expect("four bits"));
        });
    });
    check(
        &view,
        &[(
            "owned",
            "SYSREG_ID_AA64ISAR1_EL1_API: the guest has 0x1 (PAuth) and this host 0x5 \
             (FPACCOMBINE), with the same setting of the option pauth: the CPUs or kernels differ, \
             and kernel 7.2.12+deb14-cloud-arm64 does not allow changes of this field",
        )],
    );
}

#[test]
fn gic_field_follows_the_interrupt_controller() {
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            let gic = id_aa64pfr0_el1::Gic::new(3).expect("four bits");
            vcpu.values.set_field(gic);
        });
    });
    let expected = "SYSREG_ID_AA64PFR0_EL1_GIC: the guest has 0x3 (V4P1) and this host 0x1 (IMP), \
                    whose KVM sets this field from the VM's interrupt controller";
    check(&view, &[("owned", expected)]);
}

/// KVM clears the GIC fields at the first run of a guest without a GICv3, so the host's values
/// before it do not count.
#[test]
fn guest_without_a_gic_fits() {
    let without = MAX_7_2.replace("\"gic\": \"v3\"", "\"gic\": null");
    assert_ne!(without, MAX_7_2);
    let host = host(&without);
    let view = view_of(&host, "host").unwrap();
    let shown = view.common().field(id_aa64pfr0_el1::Gic::FIELD);
    assert_eq!(
        (shown, host.values().field(id_aa64pfr0_el1::Gic::FIELD)),
        (Some(0), Some(1))
    );
    let plan = Plan::for_view(&host, &view).unwrap();
    assert!(plan.writes().is_empty());
}

#[test]
fn other_interrupt_controller_is_one_reason() {
    let view = changed(|info, vcpus| {
        info.vcpu.gic = Some(Gic::V2);
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(id_aa64pfr0_el1::Gic::NI);
        });
    });
    let expected = "the guest has a GICv2, and the host was read with a GICv3; read the host with \
                    the guest's, if its KVM has it";
    check(&view, &[("gic", expected)]);
}

#[test]
fn option_that_the_host_was_read_without() {
    let all = host(&complete());
    let view = view_of(&all, "host").unwrap();
    for option in ["sve", "pauth", "pmu"] {
        let plan = Plan::new(&all, &format!("host,{option}=off").parse().unwrap()).unwrap();
        let error = refused(&all.reconfigured(plan.config()).unwrap(), &view);
        let texts: Vec<String> = error.reasons.iter().map(ToString::to_string).collect();
        let expected = format!(
            "{option}=on: the guest's vCPUs have it, and the host was read with {option}=off, so \
             its registers are unknown; read the host with {option}=on"
        );
        assert_eq!(
            texts,
            [expected],
            "fields of the option are not reported beside it"
        );
        assert_eq!(error.reasons[0].name(), "not-read");
    }
}

#[test]
fn fields_of_an_option_are_not_reported_beside_it() {
    let view = changed(|info, vcpus| {
        info.vcpu.mte = true;
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(Mte::new(2).expect("four bits"));
        });
    });
    let expected = "mte=on: the guest's vCPUs have it, and this host's KVM does not support it (no \
                    KVM_CAP_ARM_MTE)";
    check(&view, &[("no-capability", expected)]);
}

/// Beside an option that the host cannot have, all others are the guest's.
#[test]
fn other_options_follow_the_view_beside_one_that_is_not_possible() {
    let view = view_of(&host(&complete()), "host,pauth=off").expect("a view");
    let mut info = view.info().clone();
    info.vcpu.aarch32 = true;
    let vcpus = (0..2).filter_map(|number| view.vcpu(number)).collect();
    let view = View::new(info, vcpus).expect("a view that a VM can have");
    let file = complete().replace("\"el1_32bit\": true", "\"el1_32bit\": false");
    let error = refused(&host(&file), &view);
    let reasons: Vec<String> = error.reasons.iter().map(ToString::to_string).collect();
    let expected = "aarch64=off: the guest's vCPUs have it, and this host's KVM does not support \
                    it (no KVM_CAP_ARM_EL1_32BIT)";
    assert_eq!(reasons, [expected]);
}

#[test]
fn vector_lengths_are_all_up_to_a_maximum() {
    let host = host(&complete());
    let view = view_of(&host, "host,sve512=on").unwrap();
    let plan = Plan::for_view(&host, &view).unwrap();
    assert_eq!(plan.config().sve_limit, Some(512));
    let all = Plan::for_view(&host, &view_of(&host, "host").unwrap()).unwrap();
    assert_eq!(all.config().sve_limit, None);

    let view = changed(|info, _| info.sve_vector_lengths = vec![128, 256, 512]);
    let reasons = reasons(&view);
    assert_eq!(reasons[0].0, "vector-lengths");
    assert!(
        reasons[0].1.starts_with(
            "the guest has SVE vectors of 128, 256, 512 bits, and the host of 128, 256, 384, 512,"
        ),
        "{}",
        reasons[0].1
    );
}

/// On a host with longer vectors the guest is limited, although it was not on its first host.
#[test]
fn guest_of_a_host_with_short_vectors_is_limited() {
    let view = changed(|info, _| {
        info.sve_vector_lengths = vec![128, 256];
        info.vcpu.sve_limit = None;
    });
    let plan = Plan::for_view(&host(&complete()), &view).unwrap();
    assert_eq!(plan.config().sve_limit, Some(256));
}

#[test]
fn register_of_the_view_alone_must_be_zero() {
    let set = |value| {
        changed(|_, vcpus| {
            all_vcpus(vcpus, |vcpu| vcpu.values.set(SmidrEl1::DESCRIPTION, value));
        })
    };
    assert!(Plan::for_view(&host(&complete()), &set(0)).is_ok());
    let expected = "SMIDR_EL1: the guest has 0x0000000000000001, and this host's KVM does not have \
                    the register";
    check(&set(1), &[("no-register", expected)]);
}

/// An older kernel does not know ID_AA64ISAR0_EL1, so its guest reads zero there.
#[test]
fn register_of_the_host_alone_is_judged_as_zero() {
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            let mut others = idreg_runtime::values::RegisterValues::new(&DESCRIPTION);
            for (register, value) in vcpu.values.iter() {
                if ![IdAa64isar0El1::NAME, "ID_AA64PFR0_EL1"].contains(&register.name) {
                    others.set(register, value);
                }
            }
            vcpu.values = others;
        });
    });
    let error = refused(&host(&complete()), &view);
    let mut registers: Vec<&str> = Vec::new();
    for reason in &error.reasons {
        let field = reason.field().expect("reasons of fields");
        registers.push(field.register.name);
    }
    registers.dedup();
    assert_eq!(
        registers,
        ["ID_AA64PFR0_EL1"],
        "every field of ISAR0 can be zero"
    );
    let values = error.reasons.iter();
    assert!(values.clone().any(|reason| {
        reason
            .to_string()
            .starts_with("SYSREG_ID_AA64PFR0_EL1_EL0: the guest has 0x0 and")
    }));
}

#[test]
fn bits_without_a_field_must_be_equal() {
    let with = edited(&complete(), "ID_AA64MMFR0_EL1", "value", |value| {
        value | 1 << 48
    });
    let view = view_of(&host(&complete()), "host").unwrap();
    let error = refused(&host(&with), &view);
    assert_eq!(error.reasons.len(), 1);
    assert_eq!(error.reasons[0].name(), "other-bits");
    assert_eq!(
        error.reasons[0].to_string(),
        "ID_AA64MMFR0_EL1: the bits that no field has are 0x0000000000000000 in the guest and \
         0x0001000000000000 on this host, and KVM keeps the host's"
    );
}

#[test]
fn cache_levels_of_each_vcpu_are_checked() {
    let without = edited(&complete(), CtrEl0::NAME, "value", |value| {
        value & !(1 << 28)
    });
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            let ctr: CtrEl0 = vcpu.values.get_as().expect("a value");
            let ctr = ctr.bits() & !(1 << 28);
            vcpu.values.set(CtrEl0::DESCRIPTION, ctr);
        });
        vcpus[1].values.set(ClidrEl1::DESCRIPTION, 0);
    });
    let error = refused(&host(&without), &view);
    let texts: Vec<String> = error.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "vCPU 1: CLIDR_EL1 0x0000000000000000 tells the guest that it need not clean its data \
             cache for instructions, but on this host it must (CTR_EL0.IDC is 0)"
        ]
    );
}

/// The plan leaves CLIDR_EL1 to the VMM if each vCPU has another.
#[test]
fn register_that_differs_between_vcpus_is_left() {
    let other = 0x0a20_0123;
    let view = changed(|_, vcpus| vcpus[1].values.set(ClidrEl1::DESCRIPTION, other));
    let host = host(&complete());
    let plan = Plan::for_view(&host, &view).unwrap();
    assert!(plan.writes().is_empty() && plan.changes().is_empty());
    assert_eq!(plan.expected(), plan.host());
    let vm = FakeVm::new(&host);
    let vcpus = [vm.vcpu(0), vm.vcpu(1)];
    vcpus[1].set(ClidrEl1::ENCODING, other).unwrap();
    for vcpu in &vcpus {
        plan.apply(vcpu).unwrap();
        plan.verify(vcpu).unwrap();
    }
    let same = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| vcpu.values.set(ClidrEl1::DESCRIPTION, other));
    });
    let plan = Plan::for_view(&host, &same).unwrap();
    assert_eq!(plan.writes().len(), 1);
}

#[test]
fn any_number_of_a_vcpu_fits() {
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set(MpidrEl1::DESCRIPTION, 0x8100_0001);
        });
    });
    let plan = Plan::for_view(&host(&complete()), &view).unwrap();
    assert!(plan.writes().is_empty());
}

#[test]
fn cache_lines_are_not_shorter_than_the_hosts() {
    // The host's lines have 64 bytes: CCSIDR_EL1.LineSize 2.
    let longer = changed(|_, vcpus| vcpus[0].caches = vec![Some(3), Some(2), None]);
    assert!(Plan::for_view(&host(&complete()), &longer).is_ok());
    let shorter = changed(|_, vcpus| vcpus[1].caches[3] = Some(0x700f_e001));
    let expected = "vCPU 1: CCSIDR_EL1 of CSSELR_EL1 3 has lines of 32 bytes, and this host's are \
                    64 bytes; KVM refuses shorter lines";
    check(&shorter, &[("cache-line", expected)]);
}

/// CSSELR_EL1 with an odd value selects a cache for instructions.
#[test]
fn lines_of_data_and_instructions_are_compared_apart() {
    // Lines of 32 bytes for instructions and of 64 for data.
    let file = edited(&complete(), CtrEl0::NAME, "value", |value| value & !0xf | 3);
    let host = host(&file);
    let view = view_of(&host, "host").unwrap();
    let with = |caches: &[Option<u32>]| {
        let mut vcpu = view.vcpu(0).unwrap();
        vcpu.caches = caches.to_vec();
        View::new(view.info().clone(), vec![vcpu]).unwrap()
    };
    assert!(Plan::for_view(&host, &with(&[Some(2), Some(1)])).is_ok());
    assert_eq!(refused(&host, &with(&[Some(1), Some(1)])).reasons.len(), 1);
}

#[test]
fn firmware_registers_are_judged() {
    use idreg_runtime::firmware::FirmwareRegister::{
        PsciVersion, Std, StdHyp, VendorHyp2, Workaround1, Workaround2,
    };
    let set = |register, value| changed(move |info, _| info.firmware.set(register, value));
    for (register, value) in [
        (PsciVersion, 2),
        (Workaround1, 0),
        (Std, 0),
        (VendorHyp2, 3),
    ] {
        let fits = Plan::for_view(&host(&complete()), &set(register, value));
        assert!(fits.is_ok(), "{register:?} {value:#x}");
    }
    for (register, value, name, text) in [
        (
            PsciVersion,
            0x1_0003,
            "firmware-newer",
            "KVM_REG_ARM_PSCI_VERSION: the guest has 1.3, and this host's KVM at most 1.1",
        ),
        (
            PsciVersion,
            1,
            "firmware-no-version",
            "KVM_REG_ARM_PSCI_VERSION: the guest has 0.1, which no vCPU with PSCI 0.2 or newer has",
        ),
        (
            Workaround1,
            2,
            "firmware-unprotected",
            "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1: the guest has 0x2, and this host 0x1: the guest \
             counts on a protection that this host does not have",
        ),
        (
            Workaround2,
            4,
            "firmware-no-level",
            "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2: the guest has 0x4, which is no level of this \
             workaround",
        ),
        (
            Std,
            5,
            "firmware-services",
            "KVM_REG_ARM_STD_BMAP: the guest has 0x5, of which this host's KVM does not have the \
             services 0x4",
        ),
        (
            StdHyp,
            1,
            "firmware-absent",
            "KVM_REG_ARM_STD_HYP_BMAP: the guest has 0x1, and this host's KVM does not have the \
             register",
        ),
    ] {
        check(&set(register, value), &[(name, text)]);
    }
}

/// KVM derives the level of this workaround from the VM's SSBS, which no new VM shows.
#[test]
fn level_that_depends_on_ssbs_is_not_compared() {
    let view = changed(|info, vcpus| {
        let workaround = idreg_runtime::firmware::FirmwareRegister::Workaround2;
        info.firmware.set(workaround, 3);
        all_vcpus(vcpus, |vcpu| vcpu.values.set_field(Ssbs::NI));
    });
    let plan = Plan::for_view(&host(&complete()), &view).unwrap();
    assert_eq!(
        warnings(&plan),
        ["unknown on one side, so not compared: KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2"]
    );
}

#[test]
fn what_one_side_does_not_know_is_said_once() {
    let host = host(MAX_7_2);
    let mut view = view_of(&host, "host").unwrap();
    let plan = Plan::for_view(&host, &view).unwrap();
    let expected = "unknown on one side, so not compared: the physical address bits, the firmware \
                    registers";
    assert_eq!(warnings(&plan), [expected]);
    assert_eq!(plan.warnings()[0].name(), "not-compared");

    view = changed(|info, _| info.timer_frequency = 0);
    let plan = Plan::for_view(&self::host(&complete()), &view).unwrap();
    assert_eq!(
        warnings(&plan),
        ["unknown on one side, so not compared: the timer's frequency"]
    );
}

#[test]
fn guest_runs_only_on_cpus_that_it_was_told_of() {
    let told = |text: &str| {
        let cpus = vec![
            "midr=0x413fd0c1".parse().expect("a CPU"),
            text.parse().expect("a CPU"),
        ];
        changed(move |info, _| info.target_cpus.clone_from(&cpus))
    };
    let plan = Plan::for_view(&host(&complete()), &told("midr=0xf0510")).unwrap();
    assert_eq!(warnings(&plan), [] as [&str; 0]);
    let expected = "this host has a CPU with \
                    midr=0x00000000000f0510,revidr=0x0000000000000000,aidr=0x0000000000000000, and \
                    the guest was told that it runs on \
                    midr=0x00000000413fd0c1,revidr=0x0000000000000000,aidr=0x0000000000000000, \
                    midr=0x00000000000f0510,revidr=0x0000000000000001,aidr=0x0000000000000000";
    check(&told("midr=0xf0510,revidr=1"), &[("other-cpu", expected)]);
}

#[test]
fn guest_that_was_told_of_no_cpu_gets_a_warning_on_others() {
    let host = host(&complete());
    let view = view_of(&host, "host,midr=0x413fd0c1").unwrap();
    let plan = Plan::for_view(&host, &view).unwrap();
    assert_eq!(
        warnings(&plan),
        [
            "the guest sees MIDR_EL1 0x00000000413fd0c1 and was told of no other CPU, while this \
             host has 0x00000000000f0510: it may lack workarounds for errata; announce the host's \
             CPUs to the guest"
        ]
    );
    assert_eq!(plan.warnings()[0].name(), "not-announced");
}
