//! What most tests say, in a word.

use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, AccountStatus, FaultId, FaultRule, NewAccount, Notify};

use super::{Pipeline, ProcessorInProcess, story_of};
use crate::{ReadRecord, ServiceProcess};

impl Pipeline {
    /// A pipeline with one processor, in this process.
    ///
    /// # Panics
    ///
    /// Where something does not start.
    pub async fn at_work(test: &str) -> (Self, ProcessorInProcess) {
        let pipeline = Self::start(test).await;
        let processor = pipeline.processor("a").expect("a processor starts");
        (pipeline, processor)
    }

    /// Links an account of a tenant, whose webhook is sent.
    ///
    /// # Panics
    ///
    /// Where the simulator refuses it.
    pub fn link(&self, tenant: &str) -> AccountId {
        let account = NewAccount::new("hibob", tenant, "Acme");
        self.simulator.link(&account).expect("an account is linked")
    }

    /// Refreshes the credentials of an account, and a webhook says so.
    ///
    /// # Panics
    ///
    /// Where the account is unknown.
    pub fn refresh(&self, account: &AccountId) {
        let refreshed = self.simulator.refresh_credentials(account, Notify::Send);
        refreshed.expect("the account is known");
    }

    /// Gives an account another status, and a webhook says so.
    ///
    /// # Panics
    ///
    /// Where the account is unknown.
    pub fn becomes(&self, account: &AccountId, status: AccountStatus) {
        let simulator = &self.simulator;
        let changed = simulator.set_status(account, status, Vec::new(), Notify::Send);
        changed.expect("the account is known");
    }

    /// Has the accounts API do this.
    ///
    /// # Panics
    ///
    /// Where the simulator refuses the rule.
    pub fn fault(&self, rule: FaultRule) -> FaultId {
        let set = self.simulator.faults().set(rule);
        set.expect("the rule is accepted")
    }

    /// All that is on a topic now, as [`Self::reader`] reads it.
    pub async fn all(&self, topic: Topic) -> Vec<ReadRecord> {
        self.reader(topic).read_to_end().await
    }
}

impl ProcessorInProcess {
    /// Stops it, and then the pipeline.
    ///
    /// # Panics
    ///
    /// Where one of them does not end well, or something is left behind.
    pub async fn stop_with(self, pipeline: Pipeline) {
        self.stop().await.expect("the processor ends well");
        pipeline.stop().await.expect("the pipeline ends well");
    }
}

impl ServiceProcess {
    /// Stops it, and then the pipeline.
    ///
    /// # Panics
    ///
    /// Where one of them does not end well, or something is left behind.
    pub async fn stop_with(self, pipeline: Pipeline) {
        self.stop().await;
        pipeline.stop().await.expect("the pipeline ends well");
    }
}

/// Holds that an account's transitions are of these types, `account.` left out, and no others.
///
/// # Panics
///
/// Where they are not, or their versions do not rise by one.
#[track_caller]
pub fn assert_story<const N: usize>(records: &[ReadRecord], account: &str, types: [&str; N]) {
    let told = types.map(|name| format!("account.{name}"));
    assert_eq!(story_of(account, records), told);
}
