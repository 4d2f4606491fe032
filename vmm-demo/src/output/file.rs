//! Output files: whole or not at all.

use super::failure::Failure;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

/// A file that a command writes at its end.
///
/// An ordinary file is written beside its place and moved there when it is on the disk, so that
/// an older file stays until the new one is complete, also if the disk is full or the machine
/// fails. A symbolic link is replaced and not followed. Devices, FIFOs and what `/proc` and
/// `/dev/stdout` stand for are written through.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A new file beside the place, with an older file's metadata.
    Beside(NamedTempFile),
    /// The destination that the path stands for.
    Through(File),
}

impl OutputFile {
    /// Opens a file, so that an unusable path is reported before the work for its content.
    ///
    /// The older file is left as it is, and no new one appears, until [`write`](Self::write). A
    /// FIFO is waited for until it has a reader, or until `stop` is true.
    ///
    /// # Errors
    ///
    /// [`Failure::WriteFile`]; with [`ErrorKind::Interrupted`] after `stop`.
    pub fn open(path: &Path, stop: impl FnMut() -> bool) -> Result<Self, Failure> {
        let place = place(path, stop).map_err(|source| failed(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            place,
        })
    }

    /// Opens a file if there is a path; see [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// [`Failure::WriteFile`].
    pub fn open_if(path: Option<&Path>) -> Result<Option<Self>, Failure> {
        path.map(|path| Self::open(path, || false)).transpose()
    }

    /// Writes the content and moves the file to its place.
    ///
    /// # Errors
    ///
    /// [`Failure::WriteFile`]; an older file is then unchanged.
    pub fn write(self, content: &[u8]) -> Result<(), Failure> {
        self.write_with(|file| file.write_all(content))
    }

    /// Writes content that is made in parts, and moves the file to its place.
    ///
    /// # Errors
    ///
    /// [`Failure::WriteFile`] with an error of the system or of `write`; an older file is then
    /// unchanged.
    pub fn write_with(
        self,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let Self { path, place } = self;
        let written = match place {
            Place::Beside(file) => replace(&path, file, write),
            Place::Through(mut file) => write(&mut file),
        };
        written.map_err(|source| failed(&path, source))
    }
}

/// Writes a file at once.
///
/// # Errors
///
/// [`Failure::WriteFile`]; an older file is then unchanged.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    OutputFile::open(path, || false)?.write(content)
}

fn failed(path: &Path, source: io::Error) -> Failure {
    Failure::WriteFile {
        path: path.to_owned(),
        source,
    }
}

fn place(path: &Path, stop: impl FnMut() -> bool) -> io::Result<Place> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() || stands_for_another(path) => {
            return open_through(path, &metadata, stop).map(Place::Through);
        }
        _ => {}
    }
    let older = fs::symlink_metadata(path).ok();
    let older = older.filter(Metadata::is_file);
    if older.is_some() {
        // A file that may not be written may not be replaced either.
        OpenOptions::new().write(true).open(path)?;
    }
    beside(path, older.as_ref()).map(Place::Beside)
}

/// True for a path whose entry is not a place for files: in `/proc` and directly in `/dev` are
/// links to what a process has open.
fn stands_for_another(path: &Path) -> bool {
    let directory = fs::canonicalize(directory(path));
    directory
        .is_ok_and(|directory| directory == Path::new("/dev") || directory.starts_with("/proc"))
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn beside(path: &Path, older: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // The ordinary permissions of a new file, and errors without the temporary name.
    let create = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    let file = builder.prefix(".new-").make_in(directory(path), create)?;
    if let Some(older) = older {
        keep_metadata(file.as_file(), older)?;
    }
    Ok(file)
}

/// Gives a new file the owner and the permissions of the older one.
fn keep_metadata(file: &File, older: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        // Only root can give files away, and a member of the group has no need to.
        let _given = fchown(file, Some(older.uid()), Some(older.gid()));
    }
    file.set_permissions(older.permissions())
}

fn replace(
    path: &Path,
    mut file: NamedTempFile,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    write(file.as_file_mut())?;
    // Before the move: else after a failure of the machine the name could have an empty file.
    file.as_file().sync_all()?;
    TempPath::persist(file.into_temp_path(), path)?;
    sync_directory(directory(path))
}

/// Makes a move in a directory permanent, where the file system can.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

#[cfg(not(target_os = "linux"))]
fn open_through(path: &Path, _: &Metadata, _: impl FnMut() -> bool) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

/// Opens a device, or a FIFO as soon as it has a reader.
///
/// Opening a FIFO the ordinary way waits without end and is begun again after a signal that has a
/// handler.
#[cfg(target_os = "linux")]
fn open_through(
    path: &Path,
    metadata: &Metadata,
    mut stop: impl FnMut() -> bool,
) -> io::Result<File> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
    use std::time::Duration;
    const PAUSE: Duration = Duration::from_millis(20);

    // What is open elsewhere may be an ordinary file with other output.
    let mut options = OpenOptions::new();
    options.append(true);
    if !metadata.file_type().is_fifo() {
        return options.open(path);
    }
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    loop {
        match options.open(path) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                if stop() {
                    return Err(ErrorKind::Interrupted.into());
                }
                std::thread::sleep(PAUSE);
            }
            Ok(file) => {
                fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
                return Ok(file);
            }
            error => return error,
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use tempfile::TempDir;

    fn directory_with(content: &str) -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("host.json");
        fs::write(&path, content).unwrap();
        (directory, path)
    }

    fn names(directory: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn older_file_stays_until_the_new_one_is_whole() {
        let (directory, path) = directory_with("older");
        let file = OutputFile::open(&path, || false).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"older");
        file.write(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(&directory), ["host.json"]);
    }

    #[test]
    fn name_may_have_the_greatest_length() {
        let directory = tempfile::tempdir().unwrap();
        let name = "x".repeat(255);
        write(&directory.path().join(&name), b"new").unwrap();
        assert_eq!(names(&directory), [name]);
    }

    #[test]
    fn file_that_is_never_written_leaves_no_trace() {
        let (directory, path) = directory_with("older");
        drop(OutputFile::open(&path, || false).unwrap());
        drop(OutputFile::open(&directory.path().join("other"), || false).unwrap());
        assert_eq!(names(&directory), ["host.json"]);
        assert_eq!(fs::read(&path).unwrap(), b"older");
    }

    #[test]
    fn permissions_are_the_older_files_or_those_of_any_new_file() {
        let (directory, path) = directory_with("older");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(mode(&path), 0o640);
        let (ours, theirs) = (directory.path().join("a"), directory.path().join("b"));
        write(&ours, b"new").unwrap();
        fs::write(&theirs, b"new").unwrap();
        assert_eq!(mode(&ours), mode(&theirs));
    }

    #[test]
    fn link_is_replaced_and_its_target_unchanged() {
        let (directory, target) = directory_with("older");
        for points_to in [&target, &directory.path().join("nowhere")] {
            let link = directory.path().join("link");
            symlink(points_to, &link).unwrap();
            write(&link, b"new").unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_file());
            assert_eq!(fs::read(&link).unwrap(), b"new");
            fs::remove_file(&link).unwrap();
        }
        assert_eq!(fs::read(&target).unwrap(), b"older");
        assert_eq!(names(&directory), ["host.json"]);
    }

    #[test]
    fn devices_are_written_through() {
        write(Path::new("/dev/null"), b"new").unwrap();
        let error = write(Path::new("/dev/full"), b"new").unwrap_err();
        assert_eq!(
            error.message(),
            "cannot write `/dev/full`: No space left on device (os error 28)"
        );
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    /// `/dev/stdout` and its like: a link to a file that a process has open.
    #[test]
    fn open_file_of_a_process_is_appended_to() {
        use std::os::fd::AsRawFd as _;
        let (_directory, path) = directory_with("older, ");
        let file = OpenOptions::new().append(true).open(&path).unwrap();
        let link = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        write(&link, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"older, new");
    }

    #[test]
    fn unusable_paths_are_errors_at_once() {
        let (directory, path) = directory_with("older");
        let missing = directory.path().join("missing/host.json");
        for (path, part) in [
            (
                missing.as_path(),
                "missing/host.json`: No such file or directory (os error 2)",
            ),
            (directory.path(), "`: is a directory"),
            (
                &path.join("below"),
                "host.json/below`: Not a directory (os error 20)",
            ),
        ] {
            let error = OutputFile::open(path, || false).unwrap_err().message();
            assert!(error.ends_with(part), "{part} is not the end of: {error}");
        }
    }

    fn fifo() -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fifo");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).unwrap();
        (directory, path)
    }

    #[test]
    fn fifo_without_a_reader_is_waited_for_until_it_is_to_stop() {
        let (_directory, path) = fifo();
        let mut asked = 0;
        let stop = || {
            asked += 1;
            asked == 3
        };
        let Err(Failure::WriteFile { source, .. }) = OutputFile::open(&path, stop) else {
            panic!("no reader")
        };
        assert_eq!((source.kind(), asked), (ErrorKind::Interrupted, 3));
    }

    #[test]
    fn fifo_with_a_reader_gets_more_than_it_holds() {
        let (_directory, path) = fifo();
        let content = vec![b'x'; 1 << 20];
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs::read(&path).unwrap());
            write(&path, &content).unwrap();
            assert_eq!(reader.join().unwrap(), content);
        });
    }
}
