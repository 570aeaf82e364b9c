//! Tests what the guard against unlinks knows after a restart.

use std::collections::BTreeMap;

use stackone_link_schemas::{AccountId, AccountPhase, CloudEvent, UNLINKS_RELEASED_TYPE};
use stackone_link_wire::RecordHeaders;
use uuid::Uuid;

use super::*;

/// Two more accounts than a project may lose within an hour.
const MANY: usize = 12;
const MINUTE: u64 = 60;

/// Runs of a processor, one after the other, whose accounts are active but for those that are gone.
struct Runs {
    run: Run,
    /// The newest state of each account.
    known: BTreeMap<AccountId, AccountState>,
    next: i64,
}

impl Runs {
    /// Begins with all accounts linked.
    fn new() -> Self {
        let mut runs = Self {
            run: idle(Duration::ZERO).begin(StateStore::default(), 0),
            known: BTreeMap::new(),
            next: 0,
        };
        runs.webhooks(0..MANY);
        runs.play(MINUTE);
        assert_eq!(runs.count(AccountPhase::Active), MANY);
        runs
    }

    /// Takes in a webhook of each of the accounts.
    fn webhooks(&mut self, accounts: Range<usize>) {
        for account in accounts {
            let date = START + self.run.now;
            let value = format!(
                r#"{{"event":"account.updated","account_id":"a{account}","event_date":"{date}"}}"#
            );
            self.consume(value, None);
        }
    }

    fn consume(&mut self, value: String, headers: Option<RecordHeaders>) {
        let record = Consumed {
            timestamp_ms: (START + self.run.now).as_millisecond(),
            value: value.into_bytes(),
            headers,
            ..webhook(self.next)
        };
        self.next += 1;
        self.run.handle(Input::Consumed(Box::new(record)));
    }

    /// Takes in that an operator lets held unlinks go.
    fn release(&mut self) {
        let released_at = START + self.run.now;
        let value = format!(r#"{{"released_at":"{released_at}"}}"#);
        let headers = RecordHeaders::of(CloudEvent {
            id: Uuid::from_u128(1),
            event_type: UNLINKS_RELEASED_TYPE.to_owned(),
            source: "/stackone".to_owned(),
            subject: None,
            time: None,
            dataschema: None,
        });
        self.consume(value, Some(headers));
    }

    /// Plays for so many seconds.
    fn play(&mut self, seconds: u64) {
        let end = self.run.now.as_secs() + seconds;
        self.run.play_until(end);
        // Also where there was nothing left to do.
        self.run.now = Duration::from_secs(end);
        let states = std::mem::take(&mut self.run.states).into_iter().flatten();
        self.known
            .extend(states.map(|state| (state.account_id.clone(), state)));
    }

    /// Starts another processor with what was written.
    fn restart(&mut self) {
        let mut states = StateStore::default();
        for (id, state) in &self.known {
            states.put(id, Some(&serde_json::to_vec(state).unwrap()));
        }
        let mut run = idle(self.run.now);
        run.gone = self.run.gone.take();
        self.run = run.begin(states, self.next);
    }

    fn count(&self, phase: AccountPhase) -> usize {
        let states = self.known.values();
        states.filter(|state| state.state == phase).count()
    }
}

fn idle(now: Duration) -> Run {
    let mut settings = Arc::into_inner(settings()).unwrap();
    settings.limits.lookups = MANY;
    settings.limits.pending = MANY;
    settings.limits.open.records = 2 * MANY;
    settings.batch.threshold = 2 * MANY;
    let mut run = Run::idle(Arc::new(settings), now);
    run.gone = Some(0..0);
    run
}

#[test]
fn what_was_unlinked_before_a_restart_counts_for_the_rest_of_the_hour() {
    let mut runs = Runs::new();
    runs.run.gone = Some(0..MANY - 3);
    runs.webhooks(0..MANY - 3);
    runs.play(20 * MINUTE);
    assert_eq!(runs.count(AccountPhase::Unlinked), MANY - 3);
    runs.restart();
    runs.run.gone = Some(0..MANY);
    runs.webhooks(MANY - 3..MANY);
    runs.play(38 * MINUTE);
    assert_eq!(runs.count(AccountPhase::Unlinked), MANY - 3);
    runs.play(10 * MINUTE);
    assert_eq!(runs.count(AccountPhase::Unlinked), MANY);
}

#[test]
fn a_release_outlives_the_processor_that_took_it_in() {
    let mut runs = Runs::new();
    runs.run.gone = Some(0..MANY);
    runs.webhooks(0..MANY);
    runs.play(20 * MINUTE);
    assert_eq!(runs.count(AccountPhase::Unlinked), 0);
    // Nothing is answered any more, so nothing is unlinked before the restart.
    runs.run.is_silent = true;
    runs.release();
    runs.play(1);
    runs.restart();
    runs.play(10 * MINUTE);
    assert_eq!(runs.count(AccountPhase::Unlinked), MANY);
}
