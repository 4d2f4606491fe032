//! Functions in pairs: one with the types of `include_sysreg!`, one with shifts and masks.
#![no_std]

idreg_runtime::include_sysreg!("shapes.sysreg");

use shapes_el1::{Dp, Flag, Level, Low, Top};

/// Exports each pair as `typed_NAME` and `hand_NAME`.
macro_rules! pairs {
    ($($name:ident |$($argument:ident),+| { typed: $typed:expr, hand: $hand:expr $(,)? })+) => {
        pub mod typed {
            use super::*;
            $(
                #[unsafe(export_name = concat!("typed_", stringify!($name)))]
                pub extern "C" fn $name($($argument: u64),+) -> u64 {
                    $typed
                }
            )+
        }

        pub mod hand {
            $(
                #[unsafe(export_name = concat!("hand_", stringify!($name)))]
                pub extern "C" fn $name($($argument: u64),+) -> u64 {
                    $hand
                }
            )+
        }
    };
}

pairs! {
    get_low |bits| {
        typed: ShapesEl1::from_bits(bits).low().bits(),
        hand: bits & 0xf,
    }
    get_middle |bits| {
        typed: ShapesEl1::from_bits(bits).dp().bits(),
        hand: bits >> 44 & 0xf,
    }
    get_top |bits| {
        typed: ShapesEl1::from_bits(bits).top().bits(),
        hand: bits >> 60,
    }
    get_bit |bits| {
        typed: ShapesEl1::from_bits(bits).flag().bits(),
        hand: bits >> 32 & 1,
    }
    get_whole |bits| {
        typed: WholeEl1::from_bits(bits).all().bits(),
        hand: bits,
    }
    get_shared |bits| {
        typed: AliasEl1::from_bits(bits).byte().bits(),
        hand: bits >> 16 & 0xff,
    }
    signed_middle |bits| {
        typed: ShapesEl1::from_bits(bits).scale().signed().cast_unsigned(),
        hand: ((bits << 40).cast_signed() >> 60).cast_unsigned(),
    }
    signed_top |bits| {
        typed: ShapesEl1::from_bits(bits).top().signed().cast_unsigned(),
        hand: (bits.cast_signed() >> 60).cast_unsigned(),
    }
    is_named |bits| {
        typed: u64::from(ShapesEl1::from_bits(bits).dp() == Dp::IMP),
        hand: u64::from(bits >> 44 & 0xf == 1),
    }
    match_named |bits| {
        typed: match ShapesEl1::from_bits(bits).level() {
            Level::NI => 0,
            Level::IMP | Level::V2 => bits.rotate_left(7),
            Level::V5 => bits.swap_bytes(),
            other => other.bits(),
        },
        hand: match bits >> 16 & 0xf {
            0 => 0,
            1 | 2 => bits.rotate_left(7),
            5 => bits.swap_bytes(),
            other => other,
        },
    }
    with_named |bits| {
        typed: ShapesEl1::from_bits(bits).with_dp(Dp::IMP).bits(),
        hand: bits & !(0xf << 44) | 1 << 44,
    }
    with_low |bits, value| {
        typed: match Low::new(value) {
            Some(low) => ShapesEl1::from_bits(bits).with_low(low).bits(),
            None => bits,
        },
        hand: if value <= 0xf { bits & !0xf | value } else { bits },
    }
    with_middle |bits, value| {
        typed: match Dp::new(value) {
            Some(dp) => ShapesEl1::from_bits(bits).with_dp(dp).bits(),
            None => bits,
        },
        hand: if value <= 0xf { bits & !(0xf << 44) | value << 44 } else { bits },
    }
    with_top |bits, value| {
        typed: match Top::new(value) {
            Some(top) => ShapesEl1::from_bits(bits).with_top(top).bits(),
            None => bits,
        },
        hand: if value <= 0xf { bits & !(0xf << 60) | value << 60 } else { bits },
    }
    with_bit |bits, value| {
        typed: match Flag::new(value) {
            Some(flag) => ShapesEl1::from_bits(bits).with_flag(flag).bits(),
            None => bits,
        },
        hand: if value <= 1 { bits & !(1 << 32) | value << 32 } else { bits },
    }
    with_whole |bits, value| {
        typed: match whole_el1::All::new(value) {
            Some(all) => WholeEl1::from_bits(bits).with_all(all).bits(),
            None => bits,
        },
        hand: bits & !u64::MAX | value,
    }
    with_shared |bits, value| {
        typed: match shared::Byte::new(value) {
            Some(byte) => AliasEl1::from_bits(bits).with_byte(byte).bits(),
            None => bits,
        },
        hand: if value <= 0xff { bits & !(0xff << 16) | value << 16 } else { bits },
    }
    copy_middle |bits, other| {
        typed: ShapesEl1::from_bits(bits).with_dp(ShapesEl1::from_bits(other).dp()).bits(),
        hand: {
            let dp = other >> 44 & 0xf;
            bits & !(0xf << 44) | dp << 44
        },
    }
    chained |bits| {
        typed: ShapesEl1::from_bits(bits)
            .with_dp(Dp::NI)
            .with_top(Top::NI)
            .with_level(Level::V2)
            .bits(),
        hand: bits & !(0xf << 44 | 0xf << 60 | 0xf << 16) | 0xf << 60 | 2 << 16,
    }
}
