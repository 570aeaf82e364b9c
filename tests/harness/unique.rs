//! Names that no other test uses, also not an earlier run's on the same broker.

use stackone_link_wire::Topics;

/// Names of the pipeline's topics, of this test alone. `test` makes them recognizable in the
/// broker's log.
#[must_use]
pub fn unique_topics(test: &str) -> Topics {
    Topics::with_prefix(&unique(test))
}

/// A consumer group of this test alone.
#[must_use]
pub fn unique_group(test: &str) -> String {
    unique(test)
}

/// `name` with 64 random bits.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}-{:016x}", fastrand::u64(..))
}
