//! That the samples' README says what they do.

use stackone_link_wire::Topics;

use crate::build;

const README: &str = include_str!("../../schemas/examples/README.md");

/// Its quick start has the demo make the topics with this.
const MADE_BY_THE_DEMO: &str = "--topic-prefix stackone";

#[test]
fn without_a_setting_a_sample_reads_the_topics_that_the_quick_start_makes() {
    assert!(README.contains(MADE_BY_THE_DEMO));
    let Topics {
        state, lifecycle, ..
    } = Topics::with_prefix("stackone");
    for (variable, topic) in [("STATE_TOPIC", state), ("LIFECYCLE_TOPIC", lifecycle)] {
        let row = format!("| `{variable}` | `{topic}` |");
        assert!(README.contains(&row), "the README has no {row}");
        for sample in build::ALL {
            let source = sample.source();
            let is_default = source
                .lines()
                .any(|line| line.contains(variable) && line.contains(&topic));
            assert!(is_default, "{} has another {variable}", sample.name);
        }
    }
}
