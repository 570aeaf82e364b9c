//! The accounts in a file, so that a simulator that is started again still knows them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::Account;
use crate::simulator::Simulator;

/// How long a change may be known to memory only.
const EVERY: Duration = Duration::from_millis(250);

/// Why accounts could not be read from their file, or written to it.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what this program wrote.
    #[error("{path} is no file of accounts: {source}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// The accounts in the file; none where there is no file yet.
pub(crate) fn read(path: &Path) -> Result<Vec<Account>, StateFileError> {
    let path_of = || path.to_owned();
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| StateFileError::Content {
            path: path_of(),
            source,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(StateFileError::File {
            path: path_of(),
            source,
        }),
    }
}

/// Writes the file anew, whole or not at all.
pub(crate) fn write(path: &Path, accounts: &[Account]) -> Result<(), StateFileError> {
    let failed = |source| StateFileError::File {
        path: path.to_owned(),
        source,
    };
    let bytes = serde_json::to_vec(accounts).map_err(|source| StateFileError::Content {
        path: path.to_owned(),
        source,
    })?;
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}

/// Writes what has changed, until the simulator stops, and then once more.
pub(crate) async fn keep(simulator: Simulator, path: PathBuf) {
    let mut written = simulator.all_accounts();
    loop {
        let stops = simulator.stop_token().clone();
        let is_last = stops
            .run_until_cancelled(tokio::time::sleep(EVERY))
            .await
            .is_none();
        let accounts = simulator.all_accounts();
        if accounts != written {
            match write(&path, &accounts) {
                Ok(()) => written = accounts,
                Err(error) => tracing::error!(%error, "accounts are not kept"),
            }
        }
        if is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::NewAccount;
    use crate::account_store::AccountStore;
    use crate::timestamp;

    #[test]
    fn accounts_that_are_written_are_read_again_and_a_missing_file_holds_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.json");
        assert_eq!(read(&path).unwrap(), []);
        let mut store = AccountStore::new(1);
        store
            .link("p", &NewAccount::default(), timestamp::now())
            .unwrap();
        write(&path, store.all()).unwrap();
        assert_eq!(read(&path).unwrap(), store.all());
        std::fs::write(&path, "[{").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.contains("accounts.json is no file of accounts"),
            "{error}"
        );
    }
}
