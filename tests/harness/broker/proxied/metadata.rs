//! As much of Kafka's protocol as it takes to leave the brokers out of an answer to Metadata
//! (<https://kafka.apache.org/protocol>).

/// `Metadata`.
const API_KEY: i16 = 3;
/// The first version whose arrays and strings are compact, with tagged fields. Older ones are not
/// understood here.
const FLEXIBLE: i16 = 9;
/// The first version in which a topic has an id.
const TOPIC_IDS: i16 = 10;
/// `LEADER_NOT_AVAILABLE`, and the leader that is named with it.
const LEADERLESS: [&[u8]; 2] = [&5_i16.to_be_bytes(), &(-1_i32).to_be_bytes()];

/// A request for metadata.
pub(super) struct Request {
    /// Version of the request, and of its answer.
    pub version: i16,
    /// Who asks.
    pub client: String,
}

impl Request {
    /// Reads a request's header; none where it does not ask for metadata. With its correlation id.
    pub(super) fn of_metadata(frame: &[u8]) -> Option<(i32, Self)> {
        let mut reader = Reader(frame);
        let (key, version) = (reader.i16()?, reader.i16()?);
        let correlation = reader.i32()?;
        let length = usize::try_from(reader.i16()?).ok()?;
        let client = String::from_utf8(reader.take(length)?.to_vec()).ok()?;
        (key == API_KEY).then_some((correlation, Self { version, client }))
    }
}

/// The correlation id of an answer.
pub(super) fn correlation(frame: &[u8]) -> Option<i32> {
    Reader(frame).i32()
}

/// An answer to Metadata of this version as a broker gives it that knows of no broker yet: its
/// partitions have no leader, either.
pub(super) fn without_brokers(frame: &[u8], version: i16) -> Option<Vec<u8>> {
    if version < FLEXIBLE {
        return None;
    }
    let mut frame = frame.to_vec();
    for (place, bytes) in places_of_leaders(&frame, version)? {
        frame
            .get_mut(place..place + bytes.len())?
            .copy_from_slice(bytes);
    }
    let mut reader = Reader(&frame);
    reader.head()?;
    let before = frame.len() - reader.0.len();
    reader.brokers()?;
    Some([&frame[..before], &[1], reader.0].concat())
}

/// Where each partition's error and leader stand, and what belongs there.
fn places_of_leaders(frame: &[u8], version: i16) -> Option<Vec<(usize, &'static [u8])>> {
    let mut places = Vec::new();
    let mut reader = Reader(frame);
    reader.head()?;
    reader.brokers()?;
    // The cluster's id and its controller.
    reader.string()?;
    reader.i32()?;
    for _ in 0..reader.length()? {
        reader.i16()?;
        reader.string()?;
        // Its id, and whether it is internal.
        reader.take(if version >= TOPIC_IDS { 17 } else { 1 })?;
        for _ in 0..reader.length()? {
            let [error, leader] = LEADERLESS;
            let at = frame.len() - reader.0.len();
            // Between them stands its number.
            places.extend([(at, error), (at + 6, leader)]);
            // Behind them, the leader's epoch.
            reader.take(14)?;
            // Replicas: all, in sync, offline.
            for _ in 0..3 {
                let replicas = reader.length()?;
                reader.take(usize::try_from(replicas).ok()?.checked_mul(4)?)?;
            }
            reader.tagged_fields()?;
        }
        // What may be done to it.
        reader.i32()?;
        reader.tagged_fields()?;
    }
    Some(places)
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn uvarint(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in (0..32).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn tagged_fields(&mut self) -> Option<()> {
        for _ in 0..self.uvarint()? {
            self.uvarint()?;
            let length = self.uvarint()?;
            self.take(usize::try_from(length).ok()?)?;
        }
        Some(())
    }

    /// The length of an array or a string; of what is null, 0.
    fn length(&mut self) -> Option<u32> {
        Some(self.uvarint()?.saturating_sub(1))
    }

    fn string(&mut self) -> Option<()> {
        let length = self.length()?;
        self.take(usize::try_from(length).ok()?).map(drop)
    }

    /// Correlation id, tagged fields, throttle time.
    fn head(&mut self) -> Option<()> {
        self.i32()?;
        self.tagged_fields()?;
        self.i32().map(drop)
    }

    fn brokers(&mut self) -> Option<()> {
        for _ in 0..self.length()? {
            // Id, host, port, rack.
            self.i32()?;
            self.string()?;
            self.i32()?;
            self.string()?;
            self.tagged_fields()?;
        }
        Some(())
    }
}
