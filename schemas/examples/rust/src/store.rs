//! The service's own table of accounts.

use rusqlite::{Connection, params};
use stackone_link_schemas::{AccountId, AccountPhase, AccountSnapshot, AccountStatus};

const TABLE: &str = "
create table if not exists account (
    account_id text primary key, version integer not null, state text not null, status text, provider text, owner_id text
);
";
/// All that protects from duplicates: an older or repeated version changes nothing.
const TAKE: &str = "
insert into account values (?1, ?2, ?3, ?4, ?5, ?6)
on conflict (account_id) do update set
    version = excluded.version, state = excluded.state, status = excluded.status,
    provider = excluded.provider, owner_id = excluded.owner_id
where excluded.version > account.version
";

/// The row of an account.
pub(crate) struct Row {
    account_id: String,
    /// Signed, as SQLite's integers are; no account has that many versions.
    version: i64,
    state: AccountPhase,
    status: Option<String>,
    provider: Option<String>,
    owner_id: Option<String>,
}

impl Row {
    pub(crate) fn new(
        id: &AccountId,
        version: u64,
        state: AccountPhase,
        status: Option<AccountStatus>,
        account: Option<AccountSnapshot>,
    ) -> Self {
        // Of an unlinked account only the version is kept, which a later link must exceed; the
        // event still names its owner.
        let (provider, owner_id) = account
            .filter(|_| state != AccountPhase::Unlinked)
            .map(|account| (account.provider, account.origin_owner_id))
            .unzip();
        Self {
            account_id: id.as_str().to_owned(),
            version: i64::try_from(version).unwrap_or(i64::MAX),
            state,
            status: status.map(|status| status.to_string()),
            provider,
            owner_id,
        }
    }
}

/// The service's own table of accounts.
pub(crate) struct Store(Connection);

impl Store {
    pub(crate) fn open(file: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch(TABLE)?;
        Ok(Self(connection))
    }

    /// Writes an event or a state, and does the work that it stands for, in one transaction; or
    /// nothing, if it is old.
    #[expect(
        clippy::print_stdout,
        reason = "this is what the program is there to show"
    )]
    pub(crate) fn take(&mut self, row: &Row, why: &str) -> anyhow::Result<()> {
        let transaction = self.0.transaction()?;
        let Row {
            account_id,
            version,
            state,
            status,
            provider,
            owner_id,
        } = row;
        let state = serde_json::to_value(state)?;
        let changed = transaction.execute(
            TAKE,
            params![
                account_id,
                version,
                state.as_str(),
                status,
                provider,
                owner_id
            ],
        )?;
        // The work of a real service belongs here, inside the transaction.
        transaction.commit()?;
        if changed == 1 {
            let line =
                serde_json::json!({ "account_id": account_id, "version": version, "why": why });
            println!("{line}");
        }
        Ok(())
    }
}
