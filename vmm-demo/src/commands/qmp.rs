//! `qmp`: a server without a guest, for queries about this machine or a host in a file.

use crate::cli::ModelsArgument;
use crate::cli::idreg::QmpArguments;
use crate::endpoint::Endpoint;
use crate::guest::ending::Ending;
use crate::guest::signals::install_undisturbed;
use crate::migration::inquiry::DoubtDecision;
use crate::output::failure::Failure;
use crate::qmp::expansion::{ModelHost, Models};
use crate::qmp::guest::{ControlError, GuestControl, MigrationControl, Status, VcpuInfo};
use crate::qmp::job::{JobInfo, SnapshotSave};
use crate::qmp::migration::{MigrationInfo, MigrationSettings};
use crate::qmp::server;
use crate::unix_socket::Socket;
use crate::{machine, output};
use idreg_runtime::model::CpuModel;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// Serves until a client sends `quit` or a signal arrives.
///
/// # Errors
///
/// [`Failure`]: the host or a model file cannot be read, or the socket cannot be created.
pub fn qmp(arguments: &QmpArguments, folder: &ModelsArgument) -> Result<Ending, Failure> {
    let host = match &arguments.host.file {
        Some(file) => {
            let host = machine::host(Some(file), &CpuModel::host())?;
            ModelHost::Recorded(Box::new(host))
        }
        None => ModelHost::ThisMachine,
    };
    let named = folder.models()?;
    let models = Models { host, named };
    let signals = install_undisturbed(|| Signals::new([SIGINT, SIGTERM, SIGHUP]));
    let mut signals = signals.map_err(Failure::other)?;
    let socket = Socket::bind(&arguments.listen)?;
    let guest = Box::new(NoGuest {
        end: signals.handle(),
    });
    let server = server::start(socket, guest, models).map_err(Failure::other)?;
    output::note(&format!("QMP server listens at {}", arguments.listen));
    let signal = signals.forever().next();
    drop(server);
    Ok(signal.map_or(Ending::Quit, Ending::of_signal))
}

/// The QMP server's guest of `idreg qmp`: none, so that every command but `quit` is an error.
#[derive(Debug)]
struct NoGuest {
    end: Handle,
}

impl NoGuest {
    fn none<T>() -> Result<T, ControlError> {
        let text = "there is no guest: this server answers queries about CPU models only; \
                    `vmm-demo run --kernel FILE --qmp unix:PATH` runs a guest";
        Err(ControlError(text.to_owned()))
    }
}

impl GuestControl for NoGuest {
    fn status(&self) -> Result<Status, ControlError> {
        Ok(Status::Prelaunch)
    }

    fn cpus(&self) -> Result<Vec<VcpuInfo>, ControlError> {
        Ok(Vec::new())
    }

    fn stop(&self) -> Result<(), ControlError> {
        Self::none()
    }

    fn cont(&self) -> Result<(), ControlError> {
        Self::none()
    }

    fn system_reset(&self) -> Result<(), ControlError> {
        Self::none()
    }

    fn system_powerdown(&self) -> Result<(), ControlError> {
        Self::none()
    }

    fn quit(&self) -> Result<(), ControlError> {
        self.end.close();
        Ok(())
    }

    fn snapshot_save(&self, _: SnapshotSave) -> Result<(), ControlError> {
        Self::none()
    }

    fn jobs(&self) -> Result<Vec<JobInfo>, ControlError> {
        Ok(Vec::new())
    }

    fn cancel_job(&self, _: &str) -> Result<(), ControlError> {
        Self::none()
    }

    fn dismiss_job(&self, _: &str) -> Result<(), ControlError> {
        Self::none()
    }
}

impl MigrationControl for NoGuest {
    fn migrate(&self, _: Endpoint) -> Result<(), ControlError> {
        Self::none()
    }

    fn migration(&self) -> Result<MigrationInfo, ControlError> {
        Ok(MigrationInfo::default())
    }

    fn cancel_migration(&self) -> Result<(), ControlError> {
        Self::none()
    }

    fn resolve_migration(&self, _: DoubtDecision) -> Result<(), ControlError> {
        Self::none()
    }

    fn migration_settings(&self) -> Result<MigrationSettings, ControlError> {
        Self::none()
    }

    fn set_migration_settings(&self, _: MigrationSettings) -> Result<(), ControlError> {
        Self::none()
    }
}
