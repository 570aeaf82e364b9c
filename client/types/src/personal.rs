//! Which fields that may be personal data are taken over.

use stackone_link_schemas::AccountSnapshot;

/// Which of the fields of an account that may be personal data are kept. What is not kept is left
/// out of every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonalFields {
    /// `origin_username`: who linked the account.
    pub origin_username: bool,
    /// `setup_information`: free-form data of the provider.
    pub setup_information: bool,
}

impl PersonalFields {
    /// Leaves out of `account` what is not kept. Whether there was any of it.
    pub fn redact(self, account: &mut AccountSnapshot) -> bool {
        let before = (
            account.origin_username.is_some(),
            account.setup_information.is_some(),
        );
        account.origin_username.take_if(|_| !self.origin_username);
        account
            .setup_information
            .take_if(|_| !self.setup_information);
        let after = (
            account.origin_username.is_some(),
            account.setup_information.is_some(),
        );
        before != after
    }
}
