//! Carrying the acts out.

use anyhow::Context as _;
use stackone_link_wire::Topic;
use stackone_simulator::{
    AccountId, AccountStatus, CustomWebhook, Fault, FaultRule, NewAccount, Notify, StatusReason,
    Tamper,
};

use super::Performance;
use crate::cast::Customer;
use crate::settings::PROJECT;
use crate::story::{Act, Linking};

/// A short text that StackOne would never sign.
const NOT_JSON: &str = "<html>this is not JSON</html>";

impl Performance {
    pub(super) async fn carry_out(&mut self, act: Act) -> anyhow::Result<()> {
        let simulator = &self.simulator.clone();
        match act {
            Act::Link(customer, linking) => self.link(customer, linking)?,
            Act::LinkInPage(customer) => self.link_in_page(customer).await?,
            Act::LinkByMail(customer) => self.link_by_mail(customer).await?,
            Act::RepairInPage(customer) => self.repair_in_page(customer).await?,
            Act::Refresh(customer) => {
                simulator.refresh_credentials(self.account(customer)?, Notify::Send)?
            }
            Act::Break(customer) => {
                let reason =
                    StatusReason::new("401", "the provider refused the stored credentials");
                simulator.set_status(
                    self.account(customer)?,
                    AccountStatus::Error,
                    vec![reason],
                    Notify::Send,
                )?;
            }
            Act::Repair(customer) => {
                simulator.set_status(
                    self.account(customer)?,
                    AccountStatus::Active,
                    Vec::new(),
                    Notify::Send,
                )?;
            }
            Act::Unlink(customer) => simulator.unlink(self.account(customer)?, Notify::Send)?,
            Act::DeliverAgain(customer) => self.deliver_again(self.account(customer)?)?,
            Act::RefuseNextLookup(customer) => {
                let once = FaultRule::next(1, Fault::too_many_requests(1));
                simulator
                    .faults()
                    .set(once.for_account(self.account(customer)?))?;
            }
            Act::Suspend(customer) => self.suspend(&self.account(customer)?.clone())?,
            Act::ConnectorEvent(customer) => {
                let event = CustomWebhook::new("slack_message.posted", self.account(customer)?);
                simulator.send_webhook(event)?;
            }
            Act::Forge(customer) => {
                let event = CustomWebhook::new("account.deleted", self.account(customer)?);
                simulator.send_webhook(event.tampered(Tamper::Signature))?;
                self.expected.forged += 1;
            }
            Act::SendText => {
                simulator.send_webhook(CustomWebhook::raw(NOT_JSON))?;
                self.expected
                    .bytes
                    .push((Topic::Unrecognized, NOT_JSON.into()));
            }
            Act::Resync => self.resync().await?,
        }
        Ok(())
    }

    fn link(&mut self, customer: Customer, linking: Linking) -> anyhow::Result<()> {
        let account = match linking {
            Linking::Active => customer.account(),
            Linking::ActiveAfter(wait) => NewAccount {
                activates_after: Some(wait),
                ..customer.account()
            },
            Linking::Broken => NewAccount {
                status: AccountStatus::Error,
                ..customer.account()
            },
            Linking::Unheard => {
                self.expected.unheard += 1;
                NewAccount {
                    notify: Notify::Lose,
                    ..customer.account()
                }
            }
        };
        let id = self.simulator.link(&account)?;
        self.cast.enters(customer, id);
        Ok(())
    }

    fn deliver_again(&self, account: &AccountId) -> anyhow::Result<()> {
        let deliveries = self.simulator.newest_deliveries(usize::MAX);
        let newest = deliveries
            .iter()
            .rev()
            .find(|delivery| delivery.account_id.as_ref() == Some(account));
        let webhook = newest
            .context("nothing was delivered about the account")?
            .webhook;
        anyhow::ensure!(
            self.simulator.redeliver(webhook),
            "the webhook is forgotten"
        );
        Ok(())
    }

    /// The odd white space is part of what is signed, and has to be on Kafka as it is.
    fn suspend(&mut self, account: &AccountId) -> anyhow::Result<()> {
        self.simulator.set_status(
            account,
            AccountStatus::Suspended,
            Vec::new(),
            Notify::Silent,
        )?;
        let now = jiff::Timestamp::now();
        let body = format!(
            "{{ \"project_id\": \"{PROJECT}\",  \"event\":\"account.suspended\",\n\t\"account_id\": \"{account}\" , \
             \"event_date\": \"{now:.3}\" }}\n"
        );
        self.simulator.send_webhook(CustomWebhook {
            event: "account.suspended".to_owned(),
            account_id: Some(account.clone()),
            ..CustomWebhook::raw(&body)
        })?;
        self.expected
            .bytes
            .push((Topic::AccountEvents, body.into_bytes()));
        Ok(())
    }
}
