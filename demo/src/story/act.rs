//! What can be done in a scene.

use std::time::Duration;

use crate::cast::Customer;

/// Something that StackOne, a customer or a stranger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// The customer links an account.
    Link(Customer, Linking),
    /// The customer links an account in the page of the host product, through connect.
    LinkInPage(Customer),
    /// The customer is mailed a link, which a scanner opens before.
    LinkByMail(Customer),
    /// The customer signs in again to the account, in the page of the host product.
    RepairInPage(Customer),
    /// The customer's credentials are refreshed.
    Refresh(Customer),
    /// The account stops working.
    Break(Customer),
    /// It works again.
    Repair(Customer),
    /// The customer unlinks the account.
    Unlink(Customer),
    /// StackOne delivers the newest webhook about the account once more.
    DeliverAgain(Customer),
    /// The accounts API answers the next question about the account with 429.
    RefuseNextLookup(Customer),
    /// StackOne suspends the account, and says so by an event name that is in no document.
    Suspend(Customer),
    /// A connector reports something that is not about the account itself.
    ConnectorEvent(Customer),
    /// A stranger claims that the account was deleted.
    Forge(Customer),
    /// StackOne signs something that is not JSON.
    SendText,
    /// The pipeline lists the accounts, as it does every hour.
    Resync,
}

impl Act {
    /// Whose account it concerns.
    pub(crate) const fn customer(self) -> Option<Customer> {
        match self {
            Self::Link(customer, _)
            | Self::LinkInPage(customer)
            | Self::LinkByMail(customer)
            | Self::RepairInPage(customer)
            | Self::Refresh(customer)
            | Self::Break(customer)
            | Self::Repair(customer)
            | Self::Unlink(customer)
            | Self::DeliverAgain(customer)
            | Self::RefuseNextLookup(customer)
            | Self::Suspend(customer)
            | Self::ConnectorEvent(customer)
            | Self::Forge(customer) => Some(customer),
            Self::SendText | Self::Resync => None,
        }
    }
}

/// How an account is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linking {
    /// It is active at once.
    Active,
    /// The accounts API shows it as active only after this time.
    ActiveAfter(Duration),
    /// Its credentials do not work.
    Broken,
    /// It is active at once, and the webhook that says so never arrives.
    Unheard,
}
