//! Guests of a few instructions, as kernel images.

use std::path::PathBuf;

/// Address of the console's data register (`vmm-demo/src/vmm/layout.rs`).
pub(crate) const SERIAL: u32 = 0x4000_0000;

/// PSCI functions (Arm DEN0022, 5.1).
pub(crate) const SYSTEM_OFF: u32 = 0x8400_0008;
pub(crate) const SYSTEM_RESET: u32 = 0x8400_0009;

/// `hvc #0`
pub(crate) const HVC: u32 = 0xd400_0002;
/// `wfi`, `b .-4`: an idle guest.
pub(crate) const IDLE: [u32; 2] = [0xd503_207f, 0x17ff_ffff];

/// `mov wN, #low`, `movk wN, #high, lsl #16`
pub(crate) const fn load(register: u32, value: u32) -> [u32; 2] {
    let (low, high) = (value & 0xffff, value >> 16);
    [
        0x5280_0000 | low << 5 | register,
        0x72a0_0000 | high << 5 | register,
    ]
}

/// `ldr x1, [x0]`
pub(crate) const LDR: u32 = 0xf940_0001;
/// `str w1, [x0]`
pub(crate) const STR_WORD: u32 = 0xb900_0001;
/// `ldp x1, x2, [x0]`; the CPU reports only its address to a hypervisor.
pub(crate) const LDP: u32 = 0xa940_0801;
/// `strb w1, [x0]`
const STRB: u32 = 0x3900_0001;
/// `ldrb w1, [x0]`
const LDRB: u32 = 0x3940_0001;

/// `ldrb w1, [x0, #5]`: the console's line status, whose bit 0 is set if there is input.
pub(crate) const LDRB_LINE_STATUS: u32 = 0x3940_1401;

/// Calls PSCI.
pub(crate) fn psci(function: u32) -> Vec<u32> {
    [&load(0, function)[..], &[HVC]].concat()
}

/// Writes text to the console.
pub(crate) fn say(text: &str) -> Vec<u32> {
    let bytes = text.bytes().flat_map(|byte| {
        let [mov, _] = load(1, byte.into());
        [mov, STRB]
    });
    load(0, SERIAL).into_iter().chain(bytes).collect()
}

/// Writes to the console, for ever.
pub(crate) fn talk() -> Vec<u32> {
    let mut code = say("................................................................\n");
    // b: back to the start.
    let back = i32::try_from(code.len()).expect("few");
    code.push(0x1400_0000 | (-back).cast_unsigned() & 0x03ff_ffff);
    code
}

/// Echoes the console's input, for ever.
pub(crate) fn echo() -> Vec<u32> {
    let wait = [
        LDRB_LINE_STATUS,
        // tbz w1, #0, .-4
        0x3607_ffe1,
    ];
    let answer = [LDRB, STRB, 0x17ff_fffc];
    [&load(0, SERIAL)[..], &wait, &answer].concat()
}

/// Waits for a key, and echoes it.
pub(crate) fn echo_once() -> Vec<u32> {
    let mut code = echo();
    // Without the branch back.
    code.pop();
    code
}

/// The bytes of a kernel image of these instructions
/// (Linux 7.2, `Documentation/arch/arm64/booting.rst`, 4).
pub(crate) fn image(code: &[u32]) -> Vec<u8> {
    let mut image = vec![0; 64];
    // b .+64
    image.splice(0..4, 0x1400_0010_u32.to_le_bytes());
    image.splice(16..24, 0x1_0000_u64.to_le_bytes());
    image.splice(24..32, 0xa_u64.to_le_bytes());
    image.splice(56..60, *b"ARM\x64");
    image.extend(code.iter().flat_map(|word| word.to_le_bytes()));
    image
}

/// Writes a guest of these instructions to a file of this name.
pub(crate) fn guest(name: &str, code: &[u32]) -> PathBuf {
    let path = PathBuf::from(format!("bare-{name}"));
    std::fs::write(&path, image(code)).expect("a file");
    path
}
