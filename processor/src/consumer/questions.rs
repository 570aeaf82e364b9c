//! Requests that other threads may make over the consumer's connections while one thread polls.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use stackone_link_transport::Live;

use super::rebalances::Rebalances;
use crate::reader::Reader;

/// Makes requests over the consumer's own connections, from any thread.
#[derive(Clone)]
pub struct GroupQuestions {
    pub(super) consumer: Arc<Live<BaseConsumer<Rebalances>>>,
    pub(super) topic: String,
}

impl GroupQuestions {
    /// Returns the committed offset of a partition; `None` for a group that has committed none.
    /// Blocks. An offset in an open transaction is an error until that has ended.
    ///
    /// # Errors
    ///
    /// Fails where the coordinator does not answer in time, or the offset is not stable.
    pub fn committed(&self, partition: i32, timeout: Duration) -> Result<Option<i64>, KafkaError> {
        let asked = self
            .consumer
            .committed_offsets(self.list(&[partition]), timeout);
        self.offset_in(&asked?, partition)
    }

    /// The committed offset of a partition as it was before transactions that are open, which a
    /// `read_uncommitted` reader of the same group is told. Blocks.
    ///
    /// # Errors
    ///
    /// Fails where the coordinator does not answer in time.
    pub fn committed_before(
        &self,
        reader: &Reader,
        partition: i32,
        timeout: Duration,
    ) -> Result<Option<i64>, KafkaError> {
        let asked = reader.committed_offsets(self.list(&[partition]), timeout);
        self.offset_in(&asked?, partition)
    }

    fn offset_in(
        &self,
        list: &TopicPartitionList,
        partition: i32,
    ) -> Result<Option<i64>, KafkaError> {
        let Some(element) = list.find_partition(&self.topic, partition) else {
            return Ok(None);
        };
        element.error()?;
        Ok(element.offset().to_raw().filter(|offset| *offset >= 0))
    }

    /// Returns the low and the high watermark of a partition. Blocks.
    ///
    /// # Errors
    ///
    /// Fails where the broker does not answer in time.
    pub fn watermarks(&self, partition: i32, timeout: Duration) -> Result<(i64, i64), KafkaError> {
        self.consumer
            .fetch_watermarks(&self.topic, partition, timeout)
    }

    /// Returns the number of partitions of the events topic. Blocks.
    ///
    /// # Errors
    ///
    /// Fails where no broker answers in time.
    pub fn partition_count(&self, timeout: Duration) -> Result<usize, KafkaError> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), timeout)?;
        Ok(metadata
            .topics()
            .first()
            .map_or(0, |topic| topic.partitions().len()))
    }

    pub(super) fn list(&self, partitions: &[i32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition(&self.topic, *partition);
        }
        list
    }
}
