//! Headless Chromium, driven from Node.js.
//!
//! ```no_run
//! use idreg_tests::browser::Browser;
//!
//! # fn main() -> std::io::Result<()> {
//! let Some(browser) = Browser::find_or_skip("search") else {
//!     return Ok(());
//! };
//! let status = browser.script("tests/report/checks.mjs").args(["search", "page.html"]).status()?;
//! assert!(status.success());
//! # Ok(())
//! # }
//! ```

use crate::artifacts::apt::{AptError, DebianArchive, Purpose, Root};
use crate::artifacts::cache::{Cache, CacheError};
use crate::command::{CommandError, run, skipped};
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The names of the browser in distributions.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Debian's package of the browser.
const DEBIAN_PACKAGE: &str = "chromium";

/// The client of the browser's protocol and the rules of accessibility, in the versions for which
/// the tests were written. Neither depends on other packages.
const PACKAGES: [&str; 2] = ["playwright-core@1.65.1", "axe-core@4.14.1"];

/// Their directory in the cache.
const PLACE: &str = "node/playwright-core-1.65.1-axe-core-4.14.1";

/// Files that exist if they are cached.
const MODULES: [&str; 2] = ["playwright-core/index.mjs", "axe-core/axe.min.js"];

/// Time limit for fetching them, in seconds.
const LIMIT: &str = "120";

/// A browser and the packages that drive it.
#[derive(Clone, Debug)]
pub struct Browser {
    chromium: PathBuf,
    packages: PathBuf,
}

/// Errors of finding a browser.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// There is no interpreter for the scripts.
    #[error("there is no `node`")]
    NoNode(#[source] CommandError),
    /// There is no browser, and only the administrator can install one.
    #[error("there is no Chromium; `apt-get install {DEBIAN_PACKAGE}` as root installs it")]
    NoChromium,
    /// The browser cannot be installed.
    #[error("`{DEBIAN_PACKAGE}` cannot be installed")]
    Install(#[source] AptError),
    /// The packages cannot be fetched.
    #[error("{} cannot be fetched", PACKAGES.join(" and "))]
    Fetch(#[source] CommandError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Browser {
    /// Chromium of this machine, which root installs if there is none, with the packages, which are
    /// fetched once and then taken from the cache.
    ///
    /// # Errors
    ///
    /// Every variant of [`BrowserError`].
    pub fn find() -> Result<Self, BrowserError> {
        run(Command::new("node").arg("--version")).map_err(BrowserError::NoNode)?;
        let cache = Cache::of_user()?;
        let packages = cache.path().join(PLACE);
        if let (Some(chromium), true) = (chromium(), is_cached(&packages)) {
            return Ok(Self { chromium, packages });
        }
        let _lock = cache.lock(|| eprintln!("testbed: waiting for another process to set up"))?;
        if chromium().is_none() {
            install(&cache)?;
        }
        let chromium = chromium().ok_or(BrowserError::NoChromium)?;
        if !is_cached(&packages) {
            fetch(&cache, &packages)?;
        }
        Ok(Self { chromium, packages })
    }

    /// The browser, or `None` after the line `skipped: TEST: CAUSE`.
    #[must_use]
    pub fn find_or_skip(test: &str) -> Option<Self> {
        let browser = Self::find();
        browser
            .map_err(|error| eprintln!("{}", skipped(test, &error)))
            .ok()
    }

    /// Runs a script. Its environment has the browser as `CHROMIUM` and the directory of the
    /// packages as `NODE_PACKAGES`.
    pub fn script(&self, file: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("node");
        command.arg(file);
        command
            .env("CHROMIUM", &self.chromium)
            .env("NODE_PACKAGES", &self.packages);
        command
    }
}

fn is_cached(packages: &Path) -> bool {
    let mut modules = MODULES.iter();
    modules.all(|module| packages.join("node_modules").join(module).is_file())
}

fn fetch(cache: &Cache, packages: &Path) -> Result<(), BrowserError> {
    let scratch = cache.scratch()?;
    let new = scratch.path().join("new");
    let mut npm = Command::new("timeout");
    npm.args([LIMIT, "npm", "install", "--silent", "--no-save"]);
    npm.args(["--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
    npm.arg(&new).args(PACKAGES);
    run(&mut npm).map_err(BrowserError::Fetch)?;
    Ok(cache.replace(&new, packages, &scratch)?)
}

fn chromium() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let directories: Vec<PathBuf> = env::split_paths(&path).collect();
    let files = PROGRAMS.iter().flat_map(|program| {
        let directories = directories.iter();
        directories.map(move |directory| directory.join(program))
    });
    files.into_iter().find(|file| file.is_file())
}

/// Installs Debian's browser as root.
fn install(cache: &Cache) -> Result<(), BrowserError> {
    if !rustix::process::geteuid().is_root() {
        return Err(BrowserError::NoChromium);
    }
    let scratch = cache.scratch()?;
    let installed = DebianArchive::find(None).and_then(|archive| {
        let root = Root::first(scratch.path(), Purpose::Install, &archive.own()?)?;
        root.install(&[DEBIAN_PACKAGE], None)
    });
    installed.map_err(BrowserError::Install)
}
