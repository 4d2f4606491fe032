//! Linux guests: building, supervision and end.

pub mod ending;
#[cfg(target_os = "linux")]
pub mod jobs;
pub mod keys;
#[cfg(target_os = "linux")]
pub mod main_thread;
#[cfg(target_os = "linux")]
pub mod remote;
#[cfg(target_os = "linux")]
pub mod save_thread;
#[cfg(target_os = "linux")]
pub mod signals;

cfg_if::cfg_if! {
    if #[cfg(all(target_os = "linux", target_arch = "aarch64"))] {
        pub(crate) mod console;
        pub(crate) mod initrd_check;
        pub(crate) mod lifecycle;
        pub(crate) mod snapshot;
        pub(crate) mod stdin_watch;
        pub(crate) mod supervisor;
    }
}
