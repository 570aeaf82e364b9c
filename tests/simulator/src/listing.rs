//! `GET /accounts`: what its query asks for, and which accounts that is.

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::account::Account;

/// How StackOne answers a list. Both shapes are documented; the bare array in more places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListShape {
    /// `[…]`
    #[default]
    BareArray,
    /// `{"data":[…]}`
    DataWrapper,
}

/// What is configurable about lists, since StackOne does not document it.
#[derive(Debug, Clone, Copy)]
pub struct ListSettings {
    /// The shape of an answer.
    pub shape: ListShape,
    /// The number of the first page. UNKNOWN at StackOne.
    pub first_page: u32,
    /// A greater `page_size` is refused. UNKNOWN for accounts; the unified API's is 100.
    pub max_page_size: u32,
}

/// Documented.
const DEFAULT_PAGE_SIZE: u32 = 25;

impl Default for ListSettings {
    fn default() -> Self {
        Self {
            shape: ListShape::default(),
            first_page: 1,
            max_page_size: 100,
        }
    }
}

/// A query, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ListQuery {
    page: Option<u32>,
    page_size: Option<u32>,
    owners: Vec<String>,
    providers: Vec<String>,
    pub(crate) account_ids: Vec<String>,
    statuses: Vec<String>,
}

/// A query that the simulator refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    /// StackOne may well ignore it; a stand-in that did would hide the caller's mistake.
    #[error("unknown query parameter {0:?}")]
    Unknown(String),
    #[error("{name} must be a whole number from {min} to {max}")]
    Number {
        name: &'static str,
        min: u32,
        max: u32,
    },
}

impl ListQuery {
    /// Reads a query string. Arrays repeat their key.
    pub(crate) fn parse(query: &str, settings: &ListSettings) -> Result<Self, QueryError> {
        let mut read = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match name.as_ref() {
                "page" => {
                    read.page = Some(number("page", &value, settings.first_page, u32::MAX)?);
                }
                "page_size" => {
                    read.page_size = Some(number("page_size", &value, 1, settings.max_page_size)?);
                }
                "origin_owner_id" | "origin_owner_ids" => read.owners.push(value),
                "provider" | "providers" => read.providers.push(value),
                "account_ids" => read.account_ids.push(value),
                "status" => read.statuses.push(value),
                _ => return Err(QueryError::Unknown(name.into_owned())),
            }
        }
        Ok(read)
    }

    /// The page of `accounts` that was asked for.
    pub(crate) fn select<'a>(
        &self,
        accounts: impl Iterator<Item = &'a Account>,
        settings: &ListSettings,
    ) -> Vec<&'a Account> {
        let page = self.page.unwrap_or(settings.first_page) - settings.first_page;
        let size = self.page_size.unwrap_or(DEFAULT_PAGE_SIZE) as usize;
        accounts
            .filter(|account| self.matches(account))
            .skip((page as usize).saturating_mul(size))
            .take(size)
            .collect()
    }

    fn matches(&self, account: &Account) -> bool {
        allows(&self.owners, &account.origin_owner_id)
            && allows(&self.providers, &account.provider)
            && allows(&self.account_ids, account.id.as_str())
            && allows(&self.statuses, account.status.as_str())
    }
}

fn allows(filter: &[String], value: &str) -> bool {
    filter.is_empty() || filter.iter().any(|wanted| wanted == value)
}

fn number(name: &'static str, value: &str, min: u32, max: u32) -> Result<u32, QueryError> {
    value
        .parse()
        .ok()
        .filter(|number| (min..=max).contains(number))
        .ok_or(QueryError::Number { name, min, max })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::NewAccount;
    use crate::account_store::AccountStore;
    use crate::timestamp;

    fn ids(query: &str, settings: &ListSettings) -> Vec<String> {
        let mut store = AccountStore::new(1);
        for number in 0..60 {
            let new = NewAccount {
                id: Some(format!("a{number}").into()),
                provider: if number % 2 == 0 { "hibob" } else { "bamboohr" }.to_owned(),
                origin_owner_id: format!("t{}", number % 3),
                ..NewAccount::default()
            };
            store.link("p", &new, timestamp::now()).unwrap();
        }
        let query = ListQuery::parse(query, settings).unwrap();
        query
            .select(store.linked(Some("p"), timestamp::now()), settings)
            .iter()
            .map(|account| account.id.to_string())
            .collect()
    }

    #[test]
    fn pages_are_25_long_and_the_last_one_is_short() {
        let settings = ListSettings::default();
        assert_eq!(ids("", &settings).len(), 25);
        assert_eq!(ids("page=1", &settings)[0], "a0");
        assert_eq!(ids("page=2", &settings)[0], "a25");
        assert_eq!(ids("page=3", &settings).len(), 10);
        assert!(ids("page=4", &settings).is_empty());
        assert_eq!(ids("page=2&page_size=50", &settings).len(), 10);
    }

    #[test]
    fn the_first_page_may_be_numbered_zero() {
        let settings = ListSettings {
            first_page: 0,
            ..ListSettings::default()
        };
        assert_eq!(ids("page=0", &settings)[0], "a0");
        assert_eq!(ids("page=1", &settings)[0], "a25");
    }

    #[test]
    fn filters_repeat_their_key_and_combine() {
        let settings = ListSettings::default();
        assert_eq!(
            ids(
                "account_ids=a3&account_ids=a1&account_ids=gone&page_size=3",
                &settings
            ),
            ["a1", "a3"]
        );
        assert_eq!(
            ids(
                "providers=hibob&origin_owner_ids=t0&origin_owner_ids=t1&page_size=3",
                &settings
            ),
            ["a0", "a4", "a6"]
        );
        assert!(ids("status=error", &settings).is_empty());
        assert_eq!(
            ids("status=error&status=active&provider=bamboohr", &settings)[0],
            "a1"
        );
    }

    #[test]
    fn a_parameter_of_a_list_that_is_not_documented_is_refused() {
        let settings = ListSettings::default();
        for query in [
            "page=0",
            "page=x",
            "page_size=0",
            "page_size=101",
            "updated_since=x",
            "account_ids[]=a",
        ] {
            assert!(ListQuery::parse(query, &settings).is_err(), "{query}");
        }
    }
}
