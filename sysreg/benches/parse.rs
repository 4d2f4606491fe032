//! Benchmark of loading a description, against the kernel's own generator on the same file.
//!
//! ```sh
//! cargo bench -p sysreg --bench parse                  # `load`, and the generator in awk
//! cargo bench -p sysreg --bench parse --features cli   # and this crate's program
//! ```
//!
//! The generator is `arch/arm64/tools/gen-sysreg.awk` of a kernel's source. `GEN_SYSREG_AWK` is its
//! path; the default is that of a kernel's source below `/usr/src`. A generator that is older than
//! the description rejects it. In Debian the generator is in the archive that `linux-source-7.2`
//! (testing) installs; no package of headers contains it:
//!
//! ```sh
//! tar -C /usr/src -xf /usr/src/linux-source-7.2.tar.xz linux-source-7.2/arch/arm64/tools
//! ```
//!
//! `SYSREG_BENCH_FILE` is the path of the description. The default is the description of Linux 7.2
//! if it is available, or else the file beside the generator, or else this project's own.

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use sysreg::{Source, load};

const GENERATOR: &str = "arch/arm64/tools/gen-sysreg.awk";
const RUNS: usize = 301;
/// The number of runs of a process, which takes longer; a median of fewer runs is as stable.
const PROCESS_RUNS: usize = 51;

fn main() -> Result<(), Box<dyn Error>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/aarch64-id.sysreg");
    let generator = generator();
    let file = description(generator.as_deref()).unwrap_or_else(|| own.clone());

    let ours = bench_load(&file)?;
    match generator {
        Some(generator) => {
            let mut command = Command::new("awk");
            command.arg("-f").arg(generator).arg(&file);
            let name = format!("gen-sysreg.awk by {}, as a process", awk());
            bench_process(&name, &mut command, ours, ", goal: at least 10x");
        }
        None => println!("  skipped: no {GENERATOR} below /usr/src, and GEN_SYSREG_AWK is not set"),
    }
    if cfg!(feature = "cli") {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sysreg"));
        bench_process(
            "sysreg check, as a process",
            command.arg("check").arg(&file),
            ours,
            "",
        );
    }
    if file != own {
        bench_load(&own)?;
    }
    Ok(())
}

fn generator() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("GEN_SYSREG_AWK") {
        return Some(path.into());
    }
    let sources = std::fs::read_dir("/usr/src")
        .into_iter()
        .flatten()
        .flatten();
    let generators = sources.map(|source| source.path().join(GENERATOR));
    generators.filter(|path| path.exists()).max()
}

fn description(generator: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("SYSREG_BENCH_FILE") {
        return Some(path.into());
    }
    let at_hand = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/kernel/sysreg-7.2");
    let beside = generator.map(|generator| generator.with_file_name("sysreg"));
    let files = [Some(at_hand), beside].into_iter().flatten();
    files.into_iter().find(|file| file.exists())
}

/// The name of the program behind `awk` on this machine.
fn awk() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).find_map(|folder| folder.join("awk").canonicalize().ok());
    let name = found.as_deref().and_then(Path::file_name);
    name.map_or_else(|| "awk".to_owned(), |name| name.display().to_string())
}

fn bench_load(file: &Path) -> Result<Duration, Box<dyn Error>> {
    let source = Source::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let loaded = load(&source);
    println!(
        "{}: {} lines, {} registers, {} errors",
        file.file_name().unwrap_or_default().display(),
        source.text().lines().count(),
        loaded.model.registers().count(),
        loaded.diagnostics.iter().filter(|d| d.is_error()).count(),
    );
    let median = median(RUNS, || load(black_box(&source)));
    row("load, in this process", median, "goal: below 2 ms");
    Ok(median)
}

fn bench_process(name: &str, command: &mut Command, ours: Duration, goal: &str) {
    command.stdin(Stdio::null());
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return println!("  skipped: {name}: {error}"),
    };
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let first = errors.lines().next().unwrap_or_default();
        return println!("  skipped: {name}: {}: {first}", output.status);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let median = median(PROCESS_RUNS, || command.status());
    let ratio = median.as_secs_f64() / ours.as_secs_f64();
    row(name, median, &format!("{ratio:.1} x load{goal}"));
}

fn row(name: &str, median: Duration, remark: &str) {
    let milliseconds = median.as_secs_f64() * 1e3;
    println!("  {name:<40} {milliseconds:>9.3} ms  {remark}");
}

/// Measures the median time of some work, after a few runs to warm up.
fn median<T>(runs: usize, mut work: impl FnMut() -> T) -> Duration {
    (0..runs / 10).for_each(|_| drop(black_box(work())));
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            let result = black_box(work());
            let elapsed = start.elapsed();
            drop(result);
            elapsed
        })
        .collect();
    times.sort_unstable();
    times.get(runs / 2).copied().unwrap_or_default()
}
