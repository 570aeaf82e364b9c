//! What a sample keeps in its database.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// A row of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) account_id: String,
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) status: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) owner_id: Option<String>,
}

/// The whole table, in order of the accounts.
pub(crate) fn rows(database: &Path) -> rusqlite::Result<Vec<Row>> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = connection.prepare("select * from account order by account_id")?;
    let rows = statement.query_map([], |row| {
        Ok(Row {
            account_id: row.get("account_id")?,
            version: row.get("version")?,
            state: row.get("state")?,
            status: row.get("status")?,
            provider: row.get("provider")?,
            owner_id: row.get("owner_id")?,
        })
    })?;
    rows.collect()
}
