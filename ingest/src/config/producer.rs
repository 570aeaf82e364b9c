//! Settings of the Kafka client that follow from others.

use stackone_link_transport::KafkaConfig;

use super::settings::Settings;

/// The most that librdkafka takes for any of them.
const MOST: usize = 2_147_483_647;

impl Settings {
    /// How to reach Kafka, with properties that fit the limits where they are not set.
    ///
    /// A broker refuses a batch as a whole where it is larger than one record may be, and the
    /// client gives up every record in it. So none may grow larger than the largest record can be.
    /// And the client keeps a copy of each body for as long as it waits for Kafka, also where the
    /// client of that request has gone and its share of the limits was given back.
    pub(crate) fn producer(&self) -> KafkaConfig {
        let mut kafka = self.kafka.clone();
        let limits = &self.limits;
        let batch = self.largest_record();
        set_default(&mut kafka, "batch.size", batch);
        let queued = limits.after_authentication.body_bytes.div_ceil(1024);
        set_default(&mut kafka, "queue.buffering.max.kbytes", queued);
        kafka
    }
}

fn set_default(kafka: &mut KafkaConfig, name: &str, value: usize) {
    let value = || value.min(MOST).to_string();
    kafka
        .properties
        .entry(name.to_owned())
        .or_insert_with(value);
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use crate::config::Config;

    #[test]
    fn batches_and_queue_follow_the_limits_unless_they_are_set() {
        let secret = ("STACKONE_WEBHOOK_SECRET".to_owned(), "s".to_owned());
        let config = Config::load(None, &HashMap::from([secret])).unwrap();
        let mut settings = config.settings;
        settings.limits.max_body_bytes = 48 * 1024;
        settings.limits.after_authentication.body_bytes = 10 * 1024 + 1;
        let producer = settings.producer();
        assert_eq!(producer.properties["batch.size"], "65536");
        assert_eq!(producer.properties["queue.buffering.max.kbytes"], "11");
        let set = [("batch.size", "7"), ("queue.buffering.max.kbytes", "8")];
        let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
        settings.kafka.properties.extend(set);
        assert_eq!(settings.producer(), settings.kafka);
        settings.limits.after_authentication.body_bytes = usize::MAX;
        settings.kafka.properties.clear();
        let most = settings.producer();
        assert_eq!(most.properties["queue.buffering.max.kbytes"], "2147483647");
    }
}
