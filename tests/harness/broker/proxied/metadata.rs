//! As much of Kafka's protocol as it takes to leave the brokers out of an answer to Metadata
//! (<https://kafka.apache.org/protocol>).

/// `Metadata`.
const API_KEY: i16 = 3;
/// The first version whose arrays and strings are compact, with tagged fields.
const FLEXIBLE: i16 = 9;

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

/// An answer to Metadata of this version, without its brokers.
pub(super) fn without_brokers(frame: &[u8], version: i16) -> Option<Vec<u8>> {
    let mut reader = Reader(frame);
    let is_flexible = version >= FLEXIBLE;
    reader.i32()?;
    if is_flexible {
        reader.tagged_fields()?;
    }
    if version >= 3 {
        // The throttle time.
        reader.i32()?;
    }
    let before = frame.len() - reader.0.len();
    let brokers = if is_flexible {
        reader.uvarint()?.checked_sub(1)?
    } else {
        u32::try_from(reader.i32()?).ok()?
    };
    for _ in 0..brokers {
        reader.broker(version)?;
    }
    let none: &[u8] = if is_flexible { &[1] } else { &[0; 4] };
    Some([&frame[..before], none, reader.0].concat())
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

    /// A string, which may be null.
    fn string(&mut self, is_flexible: bool) -> Option<()> {
        let length = if is_flexible {
            self.uvarint()?.saturating_sub(1)
        } else {
            u32::try_from(self.i16()?).unwrap_or(0)
        };
        self.take(usize::try_from(length).ok()?).map(drop)
    }

    /// Its id, host, port and rack.
    fn broker(&mut self, version: i16) -> Option<()> {
        let is_flexible = version >= FLEXIBLE;
        self.i32()?;
        self.string(is_flexible)?;
        self.i32()?;
        if version >= 1 {
            self.string(is_flexible)?;
        }
        if is_flexible {
            self.tagged_fields()?;
        }
        Some(())
    }
}
