//! What StackOne says about an account, in little room: a pointer for each text, and what an
//! allocator rounds each up to, are a third of what a million accounts take.

use std::num::NonZeroU32;

use stackone_link_schemas::{AccountView, StatusReason};

use super::Moment;

/// What StackOne says about an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct About {
    /// All texts, one after the other in one allocation.
    texts: Box<str>,
    /// By [`Part`]: one more than where each text ends; nothing where it is absent.
    ends: [Option<NonZeroU32>; 5],
    pub(crate) created_at: Option<Moment>,
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

impl About {
    pub(crate) fn of(account: &AccountView<'_>, reasons: Vec<StatusReason>) -> Self {
        // As the parts are.
        let parts = [
            Some(&*account.provider),
            account.provider_name.as_deref(),
            account.origin_owner_name.as_deref(),
            account.origin_username.as_deref(),
            account.label.as_deref(),
        ];
        let lengths = parts.iter().flatten().map(|text| text.len());
        let mut texts = String::with_capacity(lengths.sum());
        let ends = parts.map(|text| {
            texts.push_str(text?);
            u32::try_from(texts.len() + 1)
                .ok()
                .and_then(NonZeroU32::new)
        });
        Self {
            texts: texts.into_boxed_str(),
            ends,
            created_at: account.created_at.map(Moment::from),
            reasons: reasons.into_boxed_slice(),
        }
    }

    pub(crate) fn provider(&self) -> Option<&str> {
        self.text(Part::Provider)
    }

    pub(crate) fn provider_name(&self) -> Option<&str> {
        self.text(Part::ProviderName)
    }

    pub(crate) fn owner_name(&self) -> Option<&str> {
        self.text(Part::OwnerName)
    }

    pub(crate) fn user_name(&self) -> Option<&str> {
        self.text(Part::UserName)
    }

    pub(crate) fn label(&self) -> Option<&str> {
        self.text(Part::Label)
    }

    fn text(&self, part: Part) -> Option<&str> {
        let place = part as usize;
        let end = |end: &NonZeroU32| usize::try_from(end.get() - 1).ok();
        let to = self.ends[place].as_ref().and_then(end)?;
        let before = self.ends[..place].iter().flatten().next_back();
        self.texts.get(before.and_then(end).unwrap_or(0)..to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_accounts_texts_come_back_as_they_were_though_others_are_absent_or_empty(
            provider in ".{0,6}",
            texts in proptest::array::uniform4(proptest::option::of(".{0,6}"))
        ) {
            let [provider_name, owner_name, user_name, label] = texts.each_ref().map(Option::as_deref);
            let account = AccountView {
                provider: (&*provider).into(),
                provider_name: provider_name.map(Into::into),
                origin_owner_id: "t".into(),
                origin_owner_name: owner_name.map(Into::into),
                origin_username: user_name.map(Into::into),
                label: label.map(Into::into),
                account_type: None,
                created_at: None,
            };
            let about = About::of(&account, Vec::new());
            prop_assert_eq!(about.provider(), Some(&*provider));
            prop_assert_eq!(about.provider_name(), provider_name);
            prop_assert_eq!(about.owner_name(), owner_name);
            prop_assert_eq!(about.user_name(), user_name);
            prop_assert_eq!(about.label(), label);
        }
    }

    #[test]
    fn an_account_takes_no_more_room_than_was_measured() {
        // What a million accounts take in memory follows from these: measure it again where they
        // grow.
        assert!(size_of::<About>() <= 64, "{}", size_of::<About>());
        let account = size_of::<crate::account::Account>();
        // With the counters of its `Arc`, 16 bytes, it is as large as an allocation of jemalloc.
        assert!(account <= 80, "{account}");
    }
}
