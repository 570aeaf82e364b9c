//! As much of Kafka's protocol as a transactional producer takes that does what no client library
//! lets it do (<https://kafka.apache.org/protocol>). It uses the versions before KIP-890's second
//! part, as librdkafka does.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use harness::{Broker, WITHIN, eventually, unique_group};

use super::offsets::transactional;

/// Keys of requests, each with its version: the last whose strings are not compact.
const PRODUCE: (i16, i16) = (0, 8);
const INIT_PRODUCER_ID: (i16, i16) = (22, 1);
const ADD_PARTITIONS: (i16, i16) = (24, 1);
const END: (i16, i16) = (26, 1);
const LIST_OFFSETS: (i16, i16) = (2, 2);
/// The first that tells features; its strings are compact.
const API_VERSIONS: (i16, i16) = (18, 3);

/// What the broker answers.
pub(crate) const NONE: i16 = 0;
pub(crate) const INVALID_PRODUCER_EPOCH: i16 = 47;
pub(crate) const INVALID_TXN_STATE: i16 = 48;
pub(crate) const CONCURRENT_TRANSACTIONS: i16 = 51;
pub(crate) const PRODUCER_FENCED: i16 = 90;

/// A producer whose every request is told.
pub(crate) struct RawProducer {
    connection: TcpStream,
    id: String,
    pub(crate) producer: i64,
    pub(crate) epoch: i16,
}

/// A request or a record, as it is put together.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn put(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn string(self, text: &str) -> Self {
        let length = i16::try_from(text.len()).unwrap();
        self.put(&length.to_be_bytes()).put(text.as_bytes())
    }

    /// An array of one topic, whose array of partitions has these, each with the same behind it.
    fn partitions(self, topic: &str, count: i32, each: &[u8]) -> Self {
        let topic = self.put(&1_i32.to_be_bytes()).string(topic);
        (0..count).fold(topic.put(&count.to_be_bytes()), |bytes, number| {
            bytes.put(&number.to_be_bytes()).put(each)
        })
    }

    /// An array of one topic, whose array of partitions has one.
    fn one_partition(self, topic: &str, partition: i32) -> Self {
        let one = 1_i32.to_be_bytes();
        let topic = self.put(&one).string(topic);
        topic.put(&one).put(&partition.to_be_bytes())
    }
}

impl RawProducer {
    /// Registers an id of its own.
    pub(crate) async fn new(broker: &Broker) -> Self {
        // Who asks where the coordinator is makes it, where nobody did before.
        drop(transactional(broker));
        let mut producer = Self::with_id(broker, &unique_group("raw"));
        producer.registers().await;
        producer
    }

    /// Waits until its id is registered.
    pub(crate) async fn registers(&mut self) {
        let registered = eventually("the id is registered", WITHIN, async || match self.init() {
            NONE => Ok(()),
            error => Err(error),
        });
        registered.await.unwrap();
    }

    /// Another producer of this one's id, which is not registered yet.
    pub(crate) fn successor(&self, broker: &Broker) -> Self {
        Self::with_id(broker, &self.id)
    }

    fn with_id(broker: &Broker, id: &str) -> Self {
        let connection = TcpStream::connect(broker.bootstrap_servers()).unwrap();
        connection.set_read_timeout(Some(WITHIN)).unwrap();
        Self {
            connection,
            id: id.to_owned(),
            producer: -1,
            epoch: -1,
        }
    }

    /// Asks, and gives the answer behind its correlation id.
    fn ask(&mut self, (key, version): (i16, i16), body: Bytes) -> Vec<u8> {
        let header = Bytes::default().put(&key.to_be_bytes());
        let header = header.put(&version.to_be_bytes()).put(&[0; 4]);
        let request = header.string("raw").put(&body.0).0;
        let length = i32::try_from(request.len()).unwrap();
        let framed = [&length.to_be_bytes(), &request[..]].concat();
        self.connection.write_all(&framed).unwrap();
        let mut length = [0; 4];
        self.connection.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        self.connection.read_exact(&mut answer).unwrap();
        answer.split_off(4)
    }

    fn id(&self) -> Bytes {
        let id = Bytes::default().string(&self.id);
        id.put(&self.producer.to_be_bytes())
            .put(&self.epoch.to_be_bytes())
    }

    /// `InitProducerId`.
    pub(crate) fn init(&mut self) -> i16 {
        let body = Bytes::default().string(&self.id);
        let answer = self.ask(INIT_PRODUCER_ID, body.put(&60_000_i32.to_be_bytes()));
        let error = i16_at(&answer, 4);
        if error == NONE {
            self.producer = i64::from_be_bytes(answer[6..14].try_into().unwrap());
            self.epoch = i16_at(&answer, 14);
        }
        error
    }

    /// `ApiVersions`: the level of a feature that is switched on; 0 where it is not.
    pub(crate) fn level(&mut self, feature: &str) -> i16 {
        let tags = [0];
        // Name and version of the client, each behind its length and 1.
        let body = Bytes::default().put(&tags).put(b"\x04raw\x021").put(&tags);
        let answer = self.ask(API_VERSIONS, body);
        // What is switched on comes after what is supported, its level behind the name.
        let is_end = |end: &usize| answer[..*end].ends_with(feature.as_bytes());
        let end = (0..answer.len()).rfind(is_end);
        end.map_or(0, |end| i16_at(&answer, end))
    }

    /// `AddPartitionsToTxn`.
    pub(crate) fn add(&mut self, topic: &str, partition: i32) -> i16 {
        let body = self.id().one_partition(topic, partition);
        // Throttle time, one topic, its name, one partition, its number.
        i16_at(&self.ask(ADD_PARTITIONS, body), 18 + topic.len())
    }

    /// The same of all partitions of a topic.
    pub(crate) fn add_all(&mut self, topic: &str, partitions: i32) -> i16 {
        let body = self.id().partitions(topic, partitions, &[]);
        // As one partition's answer; they are added together.
        i16_at(&self.ask(ADD_PARTITIONS, body), 18 + topic.len())
    }

    /// `ListOffsets`: where each partition ends.
    pub(crate) fn ends(&mut self, topic: &str, partitions: i32) -> Vec<i64> {
        let latest = (-1_i64).to_be_bytes();
        // No replica; what is not committed, too.
        let body = Bytes::default().put(&(-1_i32).to_be_bytes()).put(&[0]);
        let body = body.partitions(topic, partitions, &latest);
        let answer = self.ask(LIST_OFFSETS, body);
        // Throttle time, one topic, its name, the count. Each: number, error, time, offset.
        let mut ends: Vec<_> = answer[14 + topic.len()..]
            .chunks_exact(22)
            .map(|each| {
                let number = i32::from_be_bytes(each[..4].try_into().unwrap());
                (number, i64::from_be_bytes(each[14..].try_into().unwrap()))
            })
            .collect();
        ends.sort_unstable();
        ends.into_iter().map(|(_, end)| end).collect()
    }

    /// `Produce`, of one record with this value.
    pub(crate) fn produce(&mut self, topic: &str, partition: i32, sequence: i32) -> i16 {
        let batch = batch(self.producer, self.epoch, sequence);
        let body = Bytes::default().string(&self.id);
        // All replicas acknowledge it; how long that may take.
        let body = body
            .put(&(-1_i16).to_be_bytes())
            .put(&5000_i32.to_be_bytes());
        let body = body.one_partition(topic, partition);
        let length = i32::try_from(batch.len()).unwrap();
        let body = body.put(&length.to_be_bytes()).put(&batch);
        // One topic, its name, one partition, its number.
        i16_at(&self.ask(PRODUCE, body), 14 + topic.len())
    }

    /// `EndTxn`.
    pub(crate) fn end(&mut self, is_commit: bool) -> i16 {
        let body = self.id().put(&[u8::from(is_commit)]);
        i16_at(&self.ask(END, body), 4)
    }
}

fn i16_at(answer: &[u8], place: usize) -> i16 {
    i16::from_be_bytes(answer[place..place + 2].try_into().unwrap())
}

/// A batch of one transactional record with key `a` and value `x`.
fn batch(producer: i64, epoch: i16, sequence: i32) -> Vec<u8> {
    let now = jiff::Timestamp::now().as_millisecond().to_be_bytes();
    // Length, attributes, and differences of time and offset; key; value; no header.
    let record = [16, 0, 0, 0, 2, b'a', 2, b'x', 0];
    let transactional = 0x10_i16.to_be_bytes();
    let checked = Bytes::default().put(&transactional).put(&[0; 4]);
    let checked = checked.put(&now).put(&now).put(&producer.to_be_bytes());
    let checked = checked
        .put(&epoch.to_be_bytes())
        .put(&sequence.to_be_bytes());
    let checked = checked.put(&1_i32.to_be_bytes()).put(&record).0;
    let length = i32::try_from(checked.len() + 9).unwrap();
    let batch = Bytes::default().put(&[0; 8]).put(&length.to_be_bytes());
    let batch = batch.put(&(-1_i32).to_be_bytes()).put(&[2]);
    batch.put(&crc32c(&checked).to_be_bytes()).put(&checked).0
}

/// CRC-32C, the Castagnoli polynomial.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _bit| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
