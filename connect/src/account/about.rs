//! What StackOne says about an account, in little room: a pointer for each text, and what an
//! allocator rounds each up to, are a third of what a million accounts take.

use std::num::NonZeroU32;

use jiff::Timestamp;
use stackone_link_schemas::{AccountView, StatusReason};

/// What StackOne says about an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct About {
    texts: Texts,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) reasons: Box<[StatusReason]>,
}

/// A text that there may be of an account.
#[derive(Debug, Clone, Copy)]
enum Part {
    Provider,
    ProviderName,
    OwnerName,
    UserName,
    Label,
}

/// Texts, one after the other in one allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Texts {
    all: Box<str>,
    /// By [`Part`]: one more than where each ends; nothing where it is absent.
    ends: [Option<NonZeroU32>; 5],
}

impl About {
    pub(crate) fn of(account: &AccountView<'_>, reasons: Vec<StatusReason>) -> Self {
        // As the parts are.
        let texts = [
            Some(&*account.provider),
            account.provider_name.as_deref(),
            account.origin_owner_name.as_deref(),
            account.origin_username.as_deref(),
            account.label.as_deref(),
        ];
        Self {
            texts: Texts::of(texts),
            created_at: account.created_at,
            reasons: reasons.into_boxed_slice(),
        }
    }

    pub(crate) fn provider(&self) -> Option<&str> {
        self.texts.get(Part::Provider)
    }

    pub(crate) fn provider_name(&self) -> Option<&str> {
        self.texts.get(Part::ProviderName)
    }

    pub(crate) fn owner_name(&self) -> Option<&str> {
        self.texts.get(Part::OwnerName)
    }

    pub(crate) fn user_name(&self) -> Option<&str> {
        self.texts.get(Part::UserName)
    }

    pub(crate) fn label(&self) -> Option<&str> {
        self.texts.get(Part::Label)
    }
}

impl Texts {
    fn of(texts: [Option<&str>; 5]) -> Self {
        let lengths = texts.iter().flatten().map(|text| text.len());
        let mut all = String::with_capacity(lengths.sum());
        let ends = texts.map(|text| {
            all.push_str(text?);
            u32::try_from(all.len() + 1).ok().and_then(NonZeroU32::new)
        });
        Self {
            all: all.into_boxed_str(),
            ends,
        }
    }

    fn get(&self, part: Part) -> Option<&str> {
        let place = part as usize;
        let end = |end: &NonZeroU32| usize::try_from(end.get() - 1).ok();
        let to = self.ends[place].as_ref().and_then(end)?;
        let before = self.ends[..place].iter().flatten().next_back();
        self.all.get(before.and_then(end).unwrap_or(0)..to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_text_is_what_it_was_also_where_others_are_absent_or_empty(
            texts in proptest::array::uniform5(proptest::option::of(".{0,6}"))
        ) {
            let kept = Texts::of(texts.each_ref().map(Option::as_deref));
            let parts = [
                Part::Provider,
                Part::ProviderName,
                Part::OwnerName,
                Part::UserName,
                Part::Label,
            ];
            prop_assert_eq!(parts.map(|part| kept.get(part)), texts.each_ref().map(Option::as_deref));
        }
    }

    #[test]
    fn an_account_takes_no_more_room_than_was_measured() {
        // What a million accounts take in memory follows from these: measure it again where they
        // grow.
        assert!(size_of::<About>() <= 80, "{}", size_of::<About>());
        let account = size_of::<crate::account::Account>();
        assert!(account <= 120, "{account}");
    }
}
