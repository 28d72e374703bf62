//! `topic:partition:from-to`

use std::ops::RangeInclusive;
use std::str::FromStr;

/// A range of offsets of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetRange {
    /// Topic.
    pub topic: String,
    /// Partition's number.
    pub partition: i32,
    /// First and last offset, both included.
    pub offsets: RangeInclusive<i64>,
}

impl FromStr for OffsetRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (rest, offsets) = text.rsplit_once(':')?;
            let (topic, partition) = rest.rsplit_once(':')?;
            let (from, to) = offsets.split_once('-')?;
            let (from, to): (i64, i64) = (from.parse().ok()?, to.parse().ok()?);
            let partition = partition.parse().ok().filter(|p: &i32| *p >= 0)?;
            (!topic.is_empty() && from <= to).then(|| Self {
                topic: topic.to_owned(),
                partition,
                offsets: from..=to,
            })
        };
        parse()
            .ok_or_else(|| "write topic:partition:from-to, as in shop.feedback:3:1200-1850".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_or_told_how_to_write() {
        let range: OffsetRange = "shop.feedback:3:1200-1850".parse().unwrap();
        assert_eq!(range.topic, "shop.feedback");
        assert_eq!((range.partition, range.offsets), (3, 1200..=1850));
        for wrong in [
            "", "a:1", "a:1:5", "a:1:7-5", "a:-1:1-2", ":0:1-2", "a:x:1-2", "a:1:-5-7",
        ] {
            assert!(wrong.parse::<OffsetRange>().is_err(), "{wrong}");
        }
    }
}
