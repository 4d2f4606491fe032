//! Texts with the registers of machines: Windows, ArmCpuInfo and boot logs.

use idreg_runtime::formats::machine_text::{InvalidMachineText, MachineHost};
use idreg_runtime::formats::{arm_cpu_info, boot_log, windows};
use idreg_runtime::host::Host;
use idreg_runtime::number::Hex;
use idreg_runtime::regs::DESCRIPTION;
use std::fmt::Write as _;

/// The registers by name, and the file of the host, which must read back.
fn registers(read: &MachineHost) -> Vec<(&'static str, u64)> {
    let file = serde_json::to_string(&read.host).expect("JSON");
    let again: Host = serde_json::from_str(&file).expect("a host file");
    assert_eq!(again, read.host);
    assert!(!again.info().capabilities.writable_masks);
    assert!(read.missing.iter().any(|line| line.contains("masks")));
    let values = read.host.values().iter();
    values
        .map(|(register, value)| (register.name, value))
        .collect()
}

fn message(read: Result<MachineHost, InvalidMachineText>) -> String {
    read.expect_err("no host").to_string()
}

#[test]
fn the_registry_names_registers_by_encoding() {
    let query = "\n\
        HKEY_LOCAL_MACHINE\\HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0\n    \
        Identifier    REG_SZ    ARMv8 (64-bit) Family 8\n    \
        CP 4000    REG_QWORD    0x410fd4f1\n    CP 4030    REG_QWORD    0x1021111110212120\n    \
        CP 5801    REG_QWORD    0x9444c004\n    CP 4FFF    REG_QWORD    0x1\n";
    let read = windows::read(query).expect("a host");
    assert_eq!(
        registers(&read),
        [
            ("MIDR_EL1", 0x410f_d4f1),
            ("ID_AA64ISAR0_EL1", 0x1021_1111_1021_2120),
            ("CTR_EL0", 0x9444_c004)
        ]
    );
    assert_eq!(
        read.host.info().kernel_release,
        "unknown (Windows registry)"
    );
    let unknown = "CP 4FFF is no register of this version and is left out";
    assert!(
        read.missing.iter().any(|line| line == unknown),
        "{:?}",
        read.missing
    );
    let export = "Windows Registry Editor Version 5.00\n\n\
        [HKEY_LOCAL_MACHINE\\HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0]\n\
        \"CP 4000\"=hex(b):f1,d4,0f,41,00,00,00,00\n\
        [HKEY_LOCAL_MACHINE\\HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\1]\n\
        \"CP 4000\"=hex(b):f0,d4,0f,41,00,00,00,00\n";
    let read = windows::read(export).expect("a host");
    assert_eq!(registers(&read), [("MIDR_EL1", 0x410f_d4f1)]);
    let midrs: Vec<_> = read
        .host
        .info()
        .implementations
        .iter()
        .map(|cpu| cpu.midr)
        .collect();
    assert_eq!(midrs, [Some(0x410f_d4f1), Some(0x410f_d4f0)]);
    assert_eq!(read.host.cores().len(), 2);
}

#[test]
fn mistakes_in_the_registry_are_named() {
    assert_eq!(
        message(windows::read("")),
        "there is no ID register of a CPU in the text; expected lines such as `CP 4000  REG_QWORD  \
         0x410fd0c1`"
    );
    for value in [
        "REG_QWORD",
        "REG_DWORD 5",
        "=hex(b):01",
        "=hex(b):1,2,3,4,5,6,7,8,9",
        "0xg",
    ] {
        assert_eq!(
            message(windows::read(&format!("\nCP 4000 {value}"))),
            "line 2: MIDR_EL1 has no value of 64 bits; expected `REG_QWORD 0x...` or `=hex(b):` \
             and eight bytes",
            "{value}"
        );
    }
    assert_eq!(
        message(windows::read(
            "CP 4000 REG_QWORD 0x1\nCP 4000 REG_QWORD 0x2"
        )),
        "line 2: MIDR_EL1 of CPU 0 is 0x0000000000000002 here, and 0x0000000000000001 in a line \
         before; keep the text of one machine"
    );
    let mut many = String::new();
    for cpu in 0..70 {
        let _ = write!(
            many,
            "[HKLM\\CentralProcessor\\{cpu}]\nCP 4000 REG_QWORD {cpu:#x}\n"
        );
    }
    assert!(message(windows::read(&many)).starts_with("the CPUs have more than 64 different sets"));
}

/// The lines of ArmCpuInfo for the fields of a register that are not in `without`.
fn fields(register: &str, name: &str, value: u64, without: &[&str]) -> String {
    let mut lines = String::new();
    for field in DESCRIPTION.register(register).expect(register).fields() {
        let field = field.field;
        if !without.contains(&field.name()) {
            let (msb, lsb, value) = (field.msb(), field.shift(), field.extract(value));
            let _ = writeln!(
                lines,
                " {name:<16} | {msb:>2}:{lsb:<2} |  {value:04b} | text | more"
            );
        }
    }
    lines
}

#[test]
fn arm_cpu_info_gives_whole_registers() {
    let mut text =
        "ArmCpuInfo\n\n Register | Bits  | Value | Feature\n-----|-----|----|---\n".to_owned();
    text += &fields("ID_AA64PFR0_EL1", "PFR0", 0x1101_0000_1111_1112, &[]);
    text += &fields(
        "ID_AA64ISAR0_EL1",
        "ID_AA64ISAR0_EL1",
        0x1021_1110_1021_2120,
        &[],
    );
    text += &fields("ID_AA64PFR1_EL1", "PFR1", 0x21, &["PFAR", "DF2"]);
    let read = arm_cpu_info::read(&text).expect("a host");
    assert_eq!(
        registers(&read),
        [
            ("ID_AA64PFR0_EL1", 0x1101_0000_1111_1112),
            ("ID_AA64ISAR0_EL1", 0x0021_1110_1021_2120 | 1 << 60)
        ]
    );
    let left_out = "ID_AA64PFR1_EL1 is left out: the text does not have PFAR, DF2";
    assert_eq!(read.missing.last().map(String::as_str), Some(left_out));
}

#[test]
fn mistakes_in_arm_cpu_info_are_named() {
    let partial = fields("ID_AA64PFR1_EL1", "PFR1", 0, &["DF2"]);
    for text in [
        "",
        &partial,
        "PFR0 | 4:7 | 0000 |",
        "PFR0 | 70:67 | 0000 |",
        "PFR0 | 3:0 | 2 |",
    ] {
        let message = message(arm_cpu_info::read(text));
        assert!(
            message.starts_with("there is no ID register"),
            "{text}: {message}"
        );
    }
    let twice = "PFR0 | 3:0 | 0001 | a\nPFR0 | 3:0 | 0010 | b\n";
    let message = message(arm_cpu_info::read(twice));
    assert!(
        message.starts_with("line 2: ID_AA64PFR0_EL1 of CPU 0 is "),
        "{message}"
    );
}

#[test]
fn boot_logs_have_registers_in_many_forms() {
    let log = "\
        [    0.000000] Booting Linux on physical CPU 0x0000000000 [0x51df805e]\n\
        [    0.000000] Linux version 5.4.0 (gcc version 8.3.0)\n\
        [    0.271177] CPU features: SANITY CHECK: Unexpected variation in SYS_ID_AA64PFR0_EL1. \
        Boot CPU: 0x00000011112222, CPU4: 0x00000011111112\n\
        [    0.271200] CPU features: SANITY CHECK: Unexpected variation in SYS_CNTFRQ_EL0. Boot \
        CPU: 0x0000000124f800, CPU4: 0x00000000000000\n\
        [    0.271201] CPU4: Booted secondary processor 0x0000000400 [0x51df804e]\n";
    let read = boot_log::read(log).expect("a host");
    assert_eq!(
        registers(&read),
        [("MIDR_EL1", 0x51df_805e), ("ID_AA64PFR0_EL1", 0x1111_2222)]
    );
    assert_eq!(read.host.info().timer_frequency, 19_200_000);
    let cores = read.host.cores();
    assert_eq!((cores.len(), &cores[1].cpus[..]), (2, &[4][..]));
    for (line, register, value) in [
        ("MIDR_EL1 = 0x410FD083", "MIDR_EL1", 0x410f_d083),
        (
            "NOTICE:  BL31: MIDR: 0x410fd083 rest",
            "MIDR_EL1",
            0x410f_d083,
        ),
        ("midr=0x410fd083,mpidr=0x80000000", "MPIDR_EL1", 0x8000_0000),
        ("id_aa64isar0 : 0x11120UL", "ID_AA64ISAR0_EL1", 0x1_1120),
        ("CTR=0x84448004", "CTR_EL0", 0x8444_8004),
    ] {
        let read = boot_log::read(line).expect(line);
        assert!(registers(&read).contains(&(register, value)), "{line}");
    }
    let read =
        boot_log::read("CPU0: MIDR=0x1\nCPU1: MIDR=0x2\nID_AA64NEW0_EL1=0x1").expect("a host");
    assert_eq!(read.host.info().implementations.len(), 2);
    assert!(
        read.missing
            .iter()
            .any(|line| line.starts_with("ID_AA64NEW0_EL1 is no register"))
    );
}

#[test]
fn mistakes_in_boot_logs_are_named() {
    for text in [
        "",
        "Booting Linux on physical CPU 0x0",
        "CPU1: Booted secondary processor 0x1 [0xzz]",
        "CPU9999: MIDR=",
        "MIDR 0x1",
        "MIDR=410fd083",
        "SANITY CHECK: Unexpected variation in SYS_ID_AA64PFR0_EL1",
        "midr = 0x10000000000000000",
        "\u{130}=0x1 \u{e9}:",
    ] {
        let message = message(boot_log::read(text));
        assert!(
            message.starts_with("there is no ID register"),
            "{text}: {message}"
        );
    }
    assert_eq!(
        message(boot_log::read("MIDR=0x1\n\nMIDR_EL1: 0x2")),
        format!(
            "line 3: MIDR_EL1 of CPU 0 is {} here, and {} in a line before; keep the text of one \
             machine",
            Hex(2),
            Hex(1)
        )
    );
}
