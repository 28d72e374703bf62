//! A dead letter back from the topic: the record as it was, and where it lay.

use rdkafka::message::{Headers, Message};

use crate::batch::{Partition, RawBatch};
use crate::feedback::Millis;

/// A record of the dead-letter topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Partition in which the record lay.
    pub partition: Partition,
    /// Its offset there.
    pub offset: i64,
    /// Its Kafka timestamp in ms.
    pub time: Millis,
    /// Code of why it was rejected.
    pub reason: String,
    /// When it was rejected, in ms.
    pub rejected_at: Millis,
    key: Vec<u8>,
    payload: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
}

/// The last of Sada's own headers: what follows are the record's.
const LAST: &str = "sada-key";

impl DeadLetter {
    /// Reads a record of the dead-letter topic; `None` if it is nothing that Sada wrote.
    pub fn parse(message: &impl Message) -> Option<Self> {
        let headers: Vec<_> = message.headers()?.iter().collect();
        let own = headers.iter().position(|h| h.key == LAST)?;
        let text = |name: &str| {
            let found = headers[..own].iter().find(|h| h.key == name)?;
            std::str::from_utf8(found.value?).ok()
        };
        let original = headers[own + 1..]
            .iter()
            .map(|h| (h.key.to_owned(), h.value.unwrap_or_default().to_vec()));
        Some(Self {
            partition: Partition {
                topic: text("sada-topic")?.into(),
                stream: text("sada-stream")?.into(),
                number: text("sada-partition")?.parse().ok()?,
            },
            offset: text("sada-offset")?.parse().ok().filter(|o| *o >= 0)?,
            time: text("sada-time")?.parse().ok()?,
            reason: text("sada-reason")?.to_owned(),
            rejected_at: message.timestamp().to_millis().unwrap_or(0),
            key: headers[own].value.unwrap_or_default().to_vec(),
            payload: message.payload().unwrap_or_default().to_vec(),
            headers: original.collect(),
        })
    }

    /// Bytes that it holds.
    pub fn size(&self) -> usize {
        let headers = self.headers.iter().map(|(n, v)| n.len() + v.len());
        self.key.len() + self.payload.len() + headers.sum::<usize>()
    }

    /// Puts the record as it was into a batch of its partition.
    pub fn push_into(&self, batch: &mut RawBatch) {
        let headers = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_slice()));
        let (key, payload) = (Some(&*self.key), Some(&*self.payload));
        batch.push(self.offset, self.time, key, payload, headers);
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp;
    use rdkafka::message::{OwnedHeaders, OwnedMessage};

    use super::*;
    use crate::batch::{DecodeError, Outcome, OutcomeKind, Reason, Rejected};

    #[test]
    fn a_record_comes_back_as_it_was() {
        let partition = Partition {
            topic: "t".into(),
            stream: "5f".into(),
            number: 3,
        };
        let mut batch = RawBatch::new(partition.clone(), 1);
        // A header of the record may have the name of one of Sada's.
        let headers: [(&str, &[u8]); 2] = [("ce_id", b"\xff"), ("sada-topic", b"other")];
        batch.push(7, 42, Some(b"k\0"), Some(b"{\xff"), headers);
        let error = DecodeError {
            reason: Reason::InvalidUtf8,
            field: String::new(),
            message: String::new(),
        };
        let rejected = Rejected::new(&batch.record(0), error.clone());
        let outcome = Outcome {
            offset: 7,
            time: 42,
            kind: OutcomeKind::DeadLetter(Box::new(rejected.clone())),
        };
        let sent = super::super::dead_letters::headers(&partition, &outcome, &rejected);
        let message = |headers| {
            OwnedMessage::new(
                Some(b"{\xff".to_vec()),
                None,
                "d".into(),
                Timestamp::CreateTime(99),
                0,
                0,
                Some(headers),
            )
        };
        let letter = DeadLetter::parse(&message(sent)).unwrap();
        assert_eq!((letter.offset, letter.rejected_at), (7, 99));
        assert_eq!(letter.reason, "invalid_utf8");
        assert_eq!(letter.partition, partition);
        let mut again = RawBatch::new(letter.partition.clone(), 0);
        letter.push_into(&mut again);
        assert_eq!(Rejected::new(&again.record(0), error), rejected);
        assert_eq!((again.record(0).offset, again.record(0).time), (7, 42));
        assert_eq!(letter.size(), batch.bytes());

        assert_eq!(DeadLetter::parse(&message(OwnedHeaders::new())), None);
    }
}
