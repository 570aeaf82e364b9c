//! Walks through a list whose paging is not fully documented. Pure.
//!
//! Not documented are the number of the first page, 0 or 1, and the largest page size. So the first
//! page is requested without a number. Page 1 is then the second page, or the first again, which
//! its ids show.

use stackone_client_types::{ListPage, Listed};
use uuid::Uuid;

use stackone_processor_core::event::listings::SeenIds;

/// What was listed so far.
#[derive(Debug)]
pub(super) struct Pages {
    page_size: usize,
    seen: SeenIds,
    taken: u32,
    nameless: u64,
    /// The number of the page that was requested last.
    number: Option<u32>,
}

/// What follows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextPage {
    /// Request this page; `None` is the first.
    Page(Option<u32>),
    /// The list is complete.
    Complete,
    /// The server repeats itself. It may ignore the number of the page, and the list may be
    /// incomplete.
    Unknown,
}

impl Pages {
    pub(super) fn new(run: Uuid, page_size: u32) -> Self {
        let page_size = usize::try_from(page_size).unwrap_or(usize::MAX);
        Self {
            page_size,
            seen: SeenIds::of(run),
            taken: 0,
            nameless: 0,
            number: None,
        }
    }

    /// Returns how many entries so far have no readable id.
    pub(super) const fn nameless(&self) -> u64 {
        self.nameless
    }

    /// Counts the entries that no earlier page had: the first page may come twice.
    fn count_nameless(&mut self, entries: &[String]) {
        // Marks them apart from ids: an id has no control characters.
        let marked: Vec<String> = entries.iter().map(|entry| format!("\0{entry}")).collect();
        let new = marked.iter().filter(|entry| !self.seen.has(entry)).count();
        self.nameless += u64::try_from(new).unwrap_or(u64::MAX);
        for entry in &marked {
            self.seen.note(entry);
        }
    }

    /// Takes the requested page. Returns the accounts that are new, and what follows.
    pub(super) fn take(&mut self, page: ListPage) -> (Vec<Listed>, NextPage) {
        let length = page.listed.len() + page.nameless.len();
        self.count_nameless(&page.nameless);
        let new: Vec<Listed> = page
            .listed
            .into_iter()
            .filter(|listed| self.seen.note(&listed.id))
            .collect();
        self.taken += 1;
        // The server's largest page may be smaller than the requested one, so the first page shows
        // the size of a full one.
        if self.taken == 1 {
            self.page_size = self.page_size.min(length.max(1));
            let next = if length == 0 {
                NextPage::Complete
            } else {
                self.page(1)
            };
            return (new, next);
        }
        let next = match (length < self.page_size, new.is_empty(), self.number) {
            (_, true, Some(1)) => self.page(2),
            (true, _, _) => NextPage::Complete,
            (false, true, _) => NextPage::Unknown,
            (false, false, number) => self.page(number.unwrap_or(0) + 1),
        };
        (new, next)
    }

    fn page(&mut self, number: u32) -> NextPage {
        self.number = Some(number);
        NextPage::Page(Some(number))
    }
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::AccountStatus;

    use super::*;

    /// Walks through `accounts` accounts of a server that numbers pages from `base` and gives at
    /// most `largest` accounts a page.
    fn walk(accounts: usize, base: u32, largest: usize, ignores_page: bool) -> (usize, NextPage) {
        let (found, nameless, next) = walk_without(accounts, base, largest, ignores_page, "");
        assert_eq!(nameless, 0);
        (found, next)
    }

    /// The same, where the id of the account number `nameless` cannot be read.
    fn walk_without(
        accounts: usize,
        base: u32,
        largest: usize,
        ignores_page: bool,
        nameless: &str,
    ) -> (usize, u64, NextPage) {
        let mut pages = Pages::new(Uuid::nil(), 100);
        let (mut next, mut found) = (NextPage::Page(None), 0);
        for _ in 0..1000 {
            let NextPage::Page(number) = next else {
                return (found, pages.nameless(), next);
            };
            let number = if ignores_page {
                base
            } else {
                number.unwrap_or(base)
            };
            let size = largest.min(100);
            let first = usize::try_from(number.saturating_sub(base)).unwrap() * size;
            let listed = (first..accounts.min(first + size)).map(|id| Listed {
                id: id.to_string(),
                status: Some(AccountStatus::Active),
                updated_at: None,
            });
            let (listed, others): (Vec<_>, Vec<_>) =
                listed.partition(|listed| listed.id != nameless);
            let (new, then) = pages.take(ListPage {
                listed,
                nameless: others.into_iter().map(|other| other.id).collect(),
            });
            found += new.len();
            next = then;
        }
        panic!("no end");
    }

    #[test]
    fn every_account_is_found_whatever_the_first_page_and_the_page_size_are() {
        for accounts in [0, 1, 25, 99, 100, 101, 200, 350] {
            for (base, largest) in [(0, 100), (1, 100), (0, 25), (1, 25), (1, 1000)] {
                let what = format!("{accounts} accounts, first page {base}, at most {largest}");
                assert_eq!(
                    walk(accounts, base, largest, false),
                    (accounts, NextPage::Complete),
                    "{what}"
                );
            }
        }
    }

    #[test]
    fn an_entry_whose_id_cannot_be_read_does_not_make_its_page_the_last_and_is_counted_once() {
        for nameless in ["0", "99", "100", "349"] {
            for base in [0, 1] {
                assert_eq!(
                    walk_without(350, base, 100, false, nameless),
                    (349, 1, NextPage::Complete),
                    "{nameless}, first page {base}"
                );
            }
        }
    }

    #[test]
    fn a_server_that_ignores_the_page_is_noticed() {
        assert_eq!(walk(350, 1, 100, true), (100, NextPage::Unknown));
    }
}
