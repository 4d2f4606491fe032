//! The macros that the kernel's own generator makes of a description.

use crate::bits::BitRange;
use crate::encoding::Encoding;
use crate::model::{Alternative, Body, Entry, Field, FieldKind, Item, Layout, Layouts, Model};
use crate::model::{Register, SharedLayout};
use std::fmt;

/// One macro of the kernel's `asm/sysreg-defs.h`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Define {
    /// The name, such as `ID_AA64ISAR0_EL1_DP_SHIFT`.
    pub name: String,
    /// The value as the generator writes it, such as `GENMASK(47, 44)`.
    pub value: String,
}

/// A version of the kernel's generator, `arch/arm64/tools/gen-sysreg.awk`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Generator {
    /// The generator of Linux 7.2.
    Linux7_2,
    /// The generator of Linux 7.3, which also makes the masks of registers with `Fields` or
    /// `Mapping`: `#define ACTLR_EL12_RES0 (ACTLR_EL1_RES0)`.
    #[default]
    Linux7_3,
}

/// Shows name and value with a tab between them.
impl fmt::Display for Define {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}", self.name, self.value)
    }
}

/// Lists the macros that the kernel's generator makes of a description, in its order.
///
/// The generators of Linux 6.1 and 6.2 make those of [`Generator::Linux7_2`] without the macros
/// that end in `_UNKN`.
///
/// ```
/// let source = sysreg::Source::new(
///     "my.sysreg",
///     "Sysreg A 3 0 0 0 0\nRes0 63:1\nField 0 X\nEndSysreg\n",
/// )?;
/// let model = sysreg::load(&source).model;
/// let defines = sysreg::defines(&model, sysreg::Generator::Linux7_3);
/// let shown: Vec<String> = defines.map(|define| define.to_string()).collect();
/// assert_eq!(shown.len(), 14);
/// assert_eq!(shown[0], "REG_A\tS3_0_C0_C0_0");
/// assert_eq!(shown[7], "A_X\tGENMASK(0, 0)");
/// assert_eq!(shown[11], "A_RES0\t(UL(0) | GENMASK_ULL(63, 1))");
/// # Ok::<(), sysreg::SourceError>(())
/// ```
pub fn defines(model: &Model, generator: Generator) -> impl Iterator<Item = Define> {
    model.items().iter().flat_map(move |item| match item {
        Item::Register(register) => of_register(register, generator),
        Item::SharedLayout(shared) => of_shared_layout(shared),
    })
}

fn of_register(register: &Register, generator: Generator) -> Vec<Define> {
    let name = register.name();
    let mut out = DefineList::default();
    out.encoding(name, register.encoding());
    match register.body() {
        Body::Own(layouts) => out.layouts(name, layouts),
        Body::Fields {
            alternatives,
            target,
        }
        | Body::Mapping {
            alternatives,
            target,
        } => {
            out.alternatives(name, alternatives);
            if generator == Generator::Linux7_3 {
                out.masks_of(name, target);
            }
        }
    }
    out.0
}

fn of_shared_layout(shared: &SharedLayout) -> Vec<Define> {
    let mut out = DefineList::default();
    out.layouts(shared.name(), shared.layouts());
    out.0
}

/// The last words of the macros of reserved bits.
const MASKS: [&str; 3] = ["RES0", "RES1", "UNKN"];

/// The macros of one block.
#[derive(Default)]
struct DefineList(Vec<Define>);

impl DefineList {
    fn push(&mut self, name: String, value: impl fmt::Display) {
        self.0.push(Define {
            name,
            value: value.to_string(),
        });
    }

    fn encoding(&mut self, name: &str, encoding: Encoding) {
        let Encoding {
            op0,
            op1,
            crn,
            crm,
            op2,
        } = encoding;
        self.push(format!("REG_{name}"), encoding.symbol());
        let call = format!("sys_reg({op0}, {op1}, {crn}, {crm}, {op2})");
        self.push(format!("SYS_{name}"), call);
        let parts = [
            ("Op0", op0),
            ("Op1", op1),
            ("CRn", crn),
            ("CRm", crm),
            ("Op2", op2),
        ];
        for (part, number) in parts {
            self.push(format!("SYS_{name}_{part}"), number);
        }
    }

    fn layouts(&mut self, name: &str, layouts: &Layouts) {
        self.alternatives(name, layouts.alternatives());
        self.layout(name, layouts.layout());
    }

    fn alternatives(&mut self, name: &str, alternatives: &[Alternative]) {
        for alternative in alternatives {
            let name = format!("{}_{name}", alternative.prefix());
            self.layout(&name, alternative.layout());
        }
    }

    /// The masks of a register whose layout is that of `target`.
    fn masks_of(&mut self, name: &str, target: &str) {
        for word in MASKS {
            self.push(format!("{name}_{word}"), format!("({target}_{word})"));
        }
    }

    fn layout(&mut self, name: &str, layout: &Layout) {
        let (mut res0, mut res1, mut unkn) = (Vec::new(), Vec::new(), Vec::new());
        for entry in layout.entries() {
            match entry {
                Entry::Res0(bits) => res0.push(*bits),
                Entry::Res1(bits) => res1.push(*bits),
                Entry::Unkn(bits) => unkn.push(*bits),
                Entry::Raz(_) => {}
                Entry::Field(field) => self.field(name, field),
            }
        }
        for (word, bits) in MASKS.into_iter().zip([res0, res1, unkn]) {
            self.push(format!("{name}_{word}"), mask(&bits));
        }
    }

    fn field(&mut self, register: &str, field: &Field) {
        let name = format!("{register}_{}", field.name());
        let bits = field.bits();
        let mask = format!("GENMASK({}, {})", bits.msb(), bits.lsb());
        self.push(name.clone(), &mask);
        self.push(format!("{name}_MASK"), &mask);
        self.push(format!("{name}_SHIFT"), bits.lsb());
        self.push(format!("{name}_WIDTH"), bits.width());
        match field.kind() {
            FieldKind::SignedEnum => self.push(format!("{name}_SIGNED"), true),
            FieldKind::UnsignedEnum => self.push(format!("{name}_SIGNED"), false),
            FieldKind::Plain | FieldKind::Enum => {}
        }
        for enumerator in field.enumerators() {
            let digits = format!("{:b}", enumerator.value());
            let zeros = "0".repeat(enumerator.digits.saturating_sub(digits.len()));
            let value = format!("UL(0b{zeros}{digits})");
            self.push(format!("{name}_{}", enumerator.name()), value);
        }
    }
}

fn mask(ranges: &[BitRange]) -> String {
    let ranges = ranges
        .iter()
        .map(|bits| format!(" | GENMASK_ULL({}, {})", bits.msb(), bits.lsb()));
    format!("(UL(0){})", ranges.collect::<String>())
}
