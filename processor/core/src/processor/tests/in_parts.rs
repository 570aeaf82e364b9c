//! Tests that lookups go on while a transaction of many accounts is staged and applied.

use super::*;

/// The lookups at once: four parts of a transaction.
const AT_ONCE: usize = 100;

/// What a turn asks for.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    lookups: usize,
    states: usize,
}

/// A run whose actions are not carried out.
struct Turns {
    run: Run,
    /// The lookups that are not answered.
    open: VecDeque<(AccountKey, u64)>,
}

impl Turns {
    /// Begins with webhooks of four times as many accounts as are asked for at once.
    fn new() -> Self {
        let limits = Limits {
            lookups: AT_ONCE,
            pending: 1_000,
            open: Open {
                records: 1_000,
                bytes: 1_000_000,
            },
        };
        let settings = DecisionSettings {
            limits,
            marker_interval: Duration::from_secs(60),
            batch: BatchSettings {
                threshold: 10_000,
                max_ids: 50,
            },
            ..(*settings()).clone()
        };
        let run = Run::idle(Arc::new(settings), Duration::ZERO).begin(StateStore::default(), 0);
        let open = VecDeque::new();
        let mut turns = Self { run, open };
        for (account, offset) in (0..4 * AT_ONCE).zip(0..) {
            let event = r#"{"event":"account.created","account_id":"a"#;
            let record = Consumed {
                value: format!(r#"{event}{account}","event_date":"{START}"}}"#).into_bytes(),
                ..webhook(offset)
            };
            turns.give(Input::Consumed(Box::new(record)));
        }
        // The budget is empty at the start.
        turns.run.now = Duration::from_secs(1);
        turns
    }

    fn give(&mut self, input: Input) -> Asked {
        let (run, mut asked) = (&mut self.run, Asked::default());
        run.core.handle(at(run.now), input, &mut run.seen);
        while let Some(action) = run.core.next_action() {
            if let Action::LookUp { key, epoch, .. } = action {
                asked.lookups += 1;
                self.open.push_back((key, epoch));
            } else if let Action::Transact { batch, .. } = action {
                let state = Topics::default().name(Topic::State).to_owned();
                let records = batch.records.iter();
                asked.states += records.filter(|record| record.topic == state).count();
            }
        }
        asked
    }

    fn answer(&mut self, lookups: usize) {
        for (key, epoch) in self.open.drain(..lookups).collect::<Vec<_>>() {
            let asked = self.give(Input::LookedUp(LookedUp {
                key,
                lane: 0,
                epoch,
                sent: at(self.run.now).monotonic,
                result: found("active"),
            }));
            assert_eq!(asked, Asked::default());
        }
    }

    /// Sees that the next part is due, and nothing may be polled before it.
    fn goes_on(&self) {
        let now = at(self.run.now);
        assert_eq!(self.run.core.next_wake(now), Some(now.monotonic));
        assert!(!self.run.core.may_poll());
    }

    /// Has one more lookup answered, and takes a turn.
    fn turn(&mut self) -> (usize, usize) {
        self.answer(1);
        let Asked { lookups, states } = self.give(Input::Tick);
        (lookups, states)
    }
}

#[test]
fn lookups_are_sent_between_the_parts_of_a_transaction() {
    let mut turns = Turns::new();
    assert_eq!(turns.give(Input::Tick).lookups, AT_ONCE);
    turns.answer(AT_ONCE - 1);
    assert_eq!(turns.turn(), (AT_ONCE, 0), "the first part is staged");
    turns.goes_on();
    assert_eq!(turns.turn(), (1, 0));
    assert_eq!(turns.turn(), (1, 0));
    assert_eq!(turns.turn(), (1, AT_ONCE), "the last part is staged");

    let committed = turns.give(Input::Transacted(Transacted::Committed));
    assert_eq!(committed, Asked::default(), "the first part is applied");
    turns.goes_on();
    assert_eq!(turns.turn(), (1, 0));
    assert_eq!(turns.turn(), (1, 0));
    assert!(!turns.run.core.may_poll());
    assert_eq!(turns.turn(), (1, 0), "the last part is applied");
    assert!(turns.run.core.may_poll());
    assert_eq!(turns.turn(), (1, 7), "what was answered meanwhile");
}
