//! Which topics exist, with how many partitions and replicas, and what of that is wrong.

use std::collections::HashMap;

use rdkafka::metadata::MetadataTopic;
use stackone_link_wire::{Topic, TopicLayout, Topics};

use super::TopicFinding;

/// The number of partitions of a topic, and the smallest number of replicas among them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) partitions: usize,
    pub(super) replicas: usize,
}

impl Shape {
    pub(super) fn of(topic: &MetadataTopic) -> Self {
        let replicas = topic.partitions().iter();
        let replicas = replicas.map(|partition| partition.replicas().len()).min();
        Self {
            partitions: topic.partitions().len(),
            replicas: replicas.unwrap_or(0),
        }
    }
}

/// The existing topics, by name.
pub(super) type Shapes = HashMap<String, Shape>;

pub(super) fn partitions(shapes: &Shapes, name: &str) -> usize {
    shapes.get(name).map_or(0, |shape| shape.partitions)
}

/// Returns the number of partitions that a new topic gets: of events and states, as many as the
/// other has.
pub(super) fn partitions_of_new(
    topic: Topic,
    shapes: &Shapes,
    topics: &Topics,
    layout: TopicLayout,
) -> i32 {
    let partner = match topic {
        Topic::AccountEvents => Some(Topic::State),
        Topic::State => Some(Topic::AccountEvents),
        Topic::RecordEvents
        | Topic::Unrecognized
        | Topic::Lifecycle
        | Topic::Linked
        | Topic::LinkSessions
        | Topic::DeadLetter => None,
    };
    let of_partner = partner.map_or(0, |partner| partitions(shapes, topics.name(partner)));
    match i32::try_from(of_partner) {
        Ok(0) | Err(_) => layout.partitions,
        Ok(partitions) => partitions,
    }
}

pub(super) fn missing(shapes: &Shapes, topics: &Topics, of: &[Topic]) -> Vec<TopicFinding> {
    let names = of.iter().map(|topic| topics.name(*topic));
    let absent = names.filter(|name| partitions(shapes, name) == 0);
    absent
        .map(|name| TopicFinding::Missing {
            name: name.to_owned(),
        })
        .collect()
}

/// Compares the events topic with the state topic, where both exist; a missing one is another
/// finding.
pub(super) fn partitions_differ(shapes: &Shapes, topics: &Topics) -> Option<TopicFinding> {
    let count = |topic| {
        let name = topics.name(topic);
        (name.to_owned(), partitions(shapes, name))
    };
    let (events, state) = (count(Topic::AccountEvents), count(Topic::State));
    let are_there = events.1 > 0 && state.1 > 0;
    (are_there && events.1 != state.1).then_some(TopicFinding::PartitionsDiffer { events, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(topics: &Topics, of: &[(Topic, usize)]) -> Shapes {
        let shape = |(topic, partitions): &(Topic, usize)| {
            let (partitions, replicas) = (*partitions, 1);
            let shape = Shape {
                partitions,
                replicas,
            };
            (topics.name(*topic).to_owned(), shape)
        };
        of.iter().map(shape).collect()
    }

    #[test]
    fn unequal_counts_are_told_with_the_procedure_that_copies_the_states() {
        let topics = Topics::default();
        let unequal = shapes(&topics, &[(Topic::AccountEvents, 6), (Topic::State, 12)]);
        let told = partitions_differ(&unequal, &topics).unwrap().to_string();
        for words in [
            "has 6 partitions",
            "has 12",
            "\"Changing partition counts\"",
            "copies the states first",
        ] {
            assert!(told.contains(words), "{told}");
        }
        for fine in [
            vec![(Topic::AccountEvents, 6), (Topic::State, 6)],
            vec![(Topic::AccountEvents, 6)],
            vec![],
        ] {
            assert_eq!(partitions_differ(&shapes(&topics, &fine), &topics), None);
        }
    }

    #[test]
    fn a_missing_partner_is_made_as_wide_as_the_one_that_is_there() {
        let (topics, layout) = (Topics::default(), TopicLayout::default());
        let there = shapes(&topics, &[(Topic::AccountEvents, 6), (Topic::Linked, 3)]);
        let of_new = |topic| partitions_of_new(topic, &there, &topics, layout);
        assert_eq!(of_new(Topic::State), 6);
        assert_eq!(of_new(Topic::Lifecycle), layout.partitions);
        let none = HashMap::new();
        assert_eq!(
            partitions_of_new(Topic::State, &none, &topics, layout),
            layout.partitions
        );
    }
}
